"""pairlens attend --output maps.html: the pairs with their words and labels, as a page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from pairlens.errors import DataError
from pairlens_cli import output

if TYPE_CHECKING:
    from pairlens.config import Config
    from pairlens.pages.attention import Labelled
    from pairlens.scorer import PairAttention

_LARGE = 200  # megabytes
Attentions = Iterable[tuple[int, "PairAttention", float]]


def write_page(
    path: Path, attentions: Attentions, config: Config, query: Path, label: Path | None, all_pairs: bool
) -> int:
    """Write the page of the pairs and return how many there were. `query` is the file that the pairs are from."""
    from pairlens.attention.dumps import dump_metadata
    from pairlens.pages.attention import write_attention_page
    from pairlens.pairs import read_labels, read_vocabulary

    vocabulary = read_vocabulary(config.data.vocab) if config.data.vocab else None
    labels = read_labels(label, config.task, config.model.classes).tolist() if label else None
    labelled = _labelled(attentions, labels, f"{label}", query, all_pairs)
    metadata = dump_metadata(config) | {"task": config.task}
    count = write_attention_page(path, labelled, metadata, vocabulary)
    megabytes = path.stat().st_size // 1_000_000
    if megabytes > _LARGE:
        output.warn(f"{path}: {megabytes:,} MB, which a browser takes long to open; choose fewer pairs with --pairs")
    return count


def _labelled(
    attentions: Attentions, labels: list[float] | None, name: str, query: Path, all_pairs: bool
) -> Iterator[Labelled]:
    count = 0
    for number, attention, score in attentions:
        count = number + 1
        if labels is not None and count > len(labels):
            raise DataError(f"{name}: {len(labels)} lines, but {query} has more; line N of each belongs to pair N")
        yield number, attention, score, labels[number] if labels is not None else None
    if all_pairs and labels is not None and count < len(labels):
        raise DataError(f"{name}: {len(labels)} lines, but {query}: {count} lines; line N of each belongs to pair N")
