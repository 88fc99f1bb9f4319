"""Attention scores of a stream of pairs in one file, pair by pair: only one pair's matrices are ever held.

`.npz`, to be read with `numpy.load(path, allow_pickle=False)`, N being a pair's index:

    metadata                  JSON, a 0-d string: json.loads(file["metadata"].item())
    pair, score               int64 [pairs], float32 [pairs]: the indices in the file's order, the model's scores
    N/query, N/value          int32 [Tq], [Tv]: token ids
    N/scores                  float32 [Tq, Tv]: row i is what query token i attends to
    N/value_scores            float32 [Tv, Tq], with `direction: both`

While it is written, zip's table of contents takes about 1.2 KB of memory a pair; the other formats take none.

`.jsonl` and `.jsonl.gz`: the metadata on the first line, then a line for each pair with the same names as keys. Numbers
have nine significant digits, from which every float32 is read back exactly.
"""

from __future__ import annotations

import gzip
import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from pairlens.config import Config, ModelConfig
from pairlens.errors import UsageError
from pairlens.files import whole_file
from pairlens.scorer import PairAttention

Attentions = Iterable[tuple[int, PairAttention, float]]


def write_dump(path: Path, attentions: Attentions, metadata: Mapping[str, Any]) -> int:
    """Writes (pair's index, attention, score) of each pair in order, and returns how many there were.

    The file's suffix says its format. The same pairs give the same bytes. The file appears only when it is whole.

    Raises:
        UsageError: the suffix is none of `dump_format`'s.
    """
    write = _WRITERS[dump_format(path)]
    with whole_file(path, "wb") as file:
        return write(file, attentions, json.dumps(metadata))


def dump_format(path: Path) -> str:
    """The suffix of `path` that says its format; `.html` is the page that `pairlens.pages.attention` writes.

    Raises:
        UsageError: there is no such format.
    """
    suffixes = (*_WRITERS, ".html")
    for suffix in suffixes:
        if path.name.endswith(suffix):
            return suffix
    raise UsageError(f"{path}: unknown format; attention scores are written to files in {', '.join(suffixes)}")


def dump_metadata(config: Config) -> dict[str, Any]:
    """What a reader needs to know about the matrices of a run with this config."""
    left, right = receptive_field(config.model)
    return {
        "format": "pairlens attention scores",
        "format_version": 1,
        "masking": config.model.masking,
        "mask_zero": config.model.embedding.mask_zero,
        "attention": config.model.attention.model_dump(),
        "receptive_field": {"left": left, "right": right},
        "about": f"Row i of scores stands for the query's tokens i-{left} to i+{right}, "
        f"column j for the value's tokens j-{left} to j+{right}: what the convolutions see at that position.",
    }


def receptive_field(model: ModelConfig) -> tuple[int, int]:
    """How many tokens to the left and to the right of a position its encoding depends on."""
    return sum(conv.reach[0] for conv in model.conv), sum(conv.reach[1] for conv in model.conv)


# ---- npz -------------------------------------------------------------------------------------------------------------


def _write_npz(file: IO[bytes], attentions: Attentions, metadata: str) -> int:
    pairs: list[int] = []
    scores: list[float] = []
    with zipfile.ZipFile(file, "w") as archive:  # stored: deflate takes three times as long to save a seventh
        _write_array(archive, "metadata", np.array(metadata))
        for pair, attention, score in attentions:
            for name, array in _arrays(attention):
                _write_array(archive, f"{pair}/{name}", array)
            pairs.append(pair)
            scores.append(score)
        _write_array(archive, "pair", np.array(pairs, np.int64))
        _write_array(archive, "score", np.array(scores, np.float32))
    return len(pairs)


def _write_array(archive: zipfile.ZipFile, name: str, array: NDArray[Any]) -> None:
    entry = zipfile.ZipInfo(f"{name}.npy")  # dated 1980, whenever it is written
    with archive.open(entry, "w", force_zip64=True) as file:
        np.lib.format.write_array(file, array, allow_pickle=False)


# ---- jsonl -----------------------------------------------------------------------------------------------------------


def _write_jsonl(file: IO[bytes] | gzip.GzipFile, attentions: Attentions, metadata: str) -> int:
    count = 0
    file.write(f"{metadata}\n".encode())
    for pair, attention, score in attentions:
        arrays = "".join(f', "{name}": {_json_list(array)}' for name, array in _arrays(attention))
        file.write(f'{{"pair": {pair}, "score": {score:.9g}{arrays}}}\n'.encode())
        count += 1
    return count


def _write_jsonl_gz(file: IO[bytes], attentions: Attentions, metadata: str) -> int:
    with gzip.GzipFile("", "wb", compresslevel=1, fileobj=file, mtime=0) as compressed:
        return _write_jsonl(compressed, attentions, metadata)


def _json_list(array: NDArray[Any]) -> str:
    """JSON of an array [n] or [n, m]; one formatting operation a row is four times as fast as the json module."""
    if array.ndim > 1:
        return f"[{','.join(map(_json_list, array))}]"
    number = "%.9g" if array.dtype == np.float32 else "%d"
    return f"[{','.join([number] * len(array))}]" % tuple(array.tolist())


def _arrays(attention: PairAttention) -> Iterator[tuple[str, NDArray[Any]]]:
    yield "query", attention.query
    yield "value", attention.value
    yield "scores", attention.scores
    if attention.value_scores is not None:
        yield "value_scores", attention.value_scores


_WRITERS = {".npz": _write_npz, ".jsonl": _write_jsonl, ".jsonl.gz": _write_jsonl_gz}
