"""Write the attention scores of a stream of pairs to one file, in bounded memory.

All formats have the same content: metadata (`dump_metadata`), and for each pair, in order, its number N in the file,
from 0; the model's score (for a multiclass model, the probability of each class: float32 [pairs, classes]); the token
ids of query [Tq] and value [Tv]; `scores` [Tq, Tv], whose row i is what query token i attends to; and with
`direction: both` `value_scores` [Tv, Tq]. Attention scores are float32, or float16 on request.

`.npz`, for `numpy.load(path, allow_pickle=False)`, which needs about 2 KB of memory per pair:

    metadata                  JSON, a 0-d string: json.loads(file["metadata"].item())
    pair, score               int64 [pairs], float32 [pairs]
    N/query, N/value          int32 [Tq], [Tv]
    N/scores, N/value_scores  [Tq, Tv], [Tv, Tq]

`.h5`, for many pairs: h5py.File(path) has the attribute `metadata` (JSON) and flat datasets

    pair, score               int64 [pairs], float32 [pairs]
    query_ids, query_offsets  pair i has the ids query_ids[query_offsets[i] : query_offsets[i + 1]]
    value_ids, value_offsets  likewise
    scores, value_scores      pair i has scores[offsets[i] : offsets[i + 1]].reshape(Tq, Tv), and .reshape(Tv, Tq)
    offsets                   int64 [pairs + 1]

`.jsonl`: the metadata on the first line, then a line for each pair with the keys pair, score, query, value, scores and
value_scores.

`.tsv`: a long table, a line for each cell. The first line is `# ` and the metadata, the second names the columns: pair,
score (score_0, score_1, … of a multiclass model), direction (query_to_value or value_to_query), query_position,
value_position (from 0), query, value (words as in texts/words.py, or ids without a vocabulary) and weight. To
read it:

    pandas.read_csv(path, sep="\\t", skiprows=1, quoting=csv.QUOTE_NONE, keep_default_na=False)
    awk -F'\\t' 'NR > 2 && $8 > 0.5 { print $6, $7 }' maps.tsv

`.jsonl.gz` and `.tsv.gz` are the same, compressed. In text, a number is the shortest decimal that reads back as the
same float32 or float16.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from pairlens.attention.dumps.hdf5 import write_hdf5
from pairlens.attention.dumps.npz import write_npz
from pairlens.attention.dumps.text import write_jsonl, write_tsv
from pairlens.attention.stream import ScoredMaps
from pairlens.config.model import ModelConfig
from pairlens.config.schema import Config
from pairlens.errors import UsageError
from pairlens.files import whole_file
from pairlens.locations.location import Location
from pairlens.streams import is_stream

DUMP_SUFFIXES = (".npz", ".h5", ".jsonl", ".jsonl.gz", ".tsv", ".tsv.gz")
FORMAT_VERSION = 2
_TEXT = {".jsonl": write_jsonl, ".tsv": write_tsv}


def write_dump(
    path: Location,
    chunks: Iterable[ScoredMaps],
    metadata: Mapping[str, Any],
    vocabulary: Sequence[str] | None = None,
    dtype: Literal["float32", "float16"] = "float32",
    replace: bool = True,
) -> int:
    """Write each pair of the chunks in order, and return the number of pairs.

    The suffix selects the format. The same pairs give the same bytes. The file appears only when it is complete.

    Raises:
        UsageError: the suffix is unknown.
    """
    suffix = dump_format(path)
    text = json.dumps({**metadata, "dtype": dtype})
    chunks = (dataclasses.replace(chunk, maps=chunk.maps.astype(dtype)) for chunk in chunks)
    with whole_file(path, "w+b", replace) as file:
        if suffix == ".npz":
            folder = path.parent if isinstance(path, Path) and not is_stream(path) else None
            return write_npz(file, chunks, text, folder)
        if suffix == ".h5":
            return write_hdf5(file, chunks, text, dtype)
        write = _TEXT[suffix.removesuffix(".gz")]
        return write(file, chunks, text, vocabulary)


def dump_format(path: Location) -> str:
    """The suffix of `path` that selects its format; `.html` is not among them (see `pairlens.pages.attention`).

    Raises:
        UsageError: the suffix is unknown.
    """
    for suffix in DUMP_SUFFIXES:
        if path.name.endswith(suffix):
            return suffix
    raise UsageError(f"{path}: unknown format; give a name that ends in one of {', '.join(DUMP_SUFFIXES)}")


def dump_metadata(config: Config, fingerprint: str) -> dict[str, Any]:
    """Metadata for readers of the matrices of a run with this config; for the fingerprint see runs/weights.py."""
    left, right = receptive_field(config.model)
    return {
        "format": "pairlens attention scores",
        "format_version": FORMAT_VERSION,
        "model_fingerprint": f"sha256:{fingerprint}",
        "task": config.task,
        "score": _SCORES[config.task],
        "masking": config.model.masking,
        "mask_zero": config.model.embedding.mask_zero,
        "attention": config.model.attention.model_dump(),
        "receptive_field": {"left": left, "right": right},
        "about": f"Row i of scores stands for the query's tokens i-{left} to i+{right}, "
        f"column j for the value's tokens j-{left} to j+{right}: what the convolutions see at that position.",
    }


_SCORES = {
    "binary": "the probability of label 1",
    "ranking": "the probability of label 1",
    "regression": "the predicted label",
    "multiclass": "the probability of each class, from class 0",
}


def receptive_field(model: ModelConfig) -> tuple[int, int]:
    """The numbers of tokens to the left and to the right of a position that its encoding depends on."""
    return sum(conv.reach[0] for conv in model.conv), sum(conv.reach[1] for conv in model.conv)
