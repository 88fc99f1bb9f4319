"""The files of encoded texts that all splits share: what their ids and labels mean, and word vectors.

`vocab.txt` and `tokenizer.json` are always written, `classes.json` if labels are words. With word vectors,
`vocab.vectors.npy` has a row for each word of `vocab.vectors.words`, so that training needs no other file of vectors.
"""

from __future__ import annotations

import json
from contextlib import ExitStack

import numpy as np

from pairlens.files import whole_file
from pairlens.jobs.encode_way import Given, vector_files
from pairlens.locations.location import Location
from pairlens.runs import names
from pairlens.vectors.array_file import open_npy


def vocabulary_files(directory: Location) -> list[Location]:
    """Every file that may be written."""
    common = [directory / name for name in (names.VOCAB, names.TOKENIZER, names.CLASSES)]
    return [*common, *vector_files(directory)]


def write_vocabulary(stack: ExitStack, directory: Location, given: Given, replace: bool) -> None:
    """Write the files; they get their names when the stack closes."""
    for path, content in _contents(directory, given).items():
        stack.enter_context(whole_file(path, mode="wb", replace=replace)).write(content)
    if given.vectors:
        matrix = stack.enter_context(whole_file(vector_files(directory)[0], mode="wb", replace=replace))
        np.save(matrix, given.vectors.matrix[given.vectors.found])


def remove_outdated(directory: Location, given: Given) -> None:
    """Remove what an earlier encoding left and this one did not write."""
    outdated = [] if given.classes is not None else [directory / names.CLASSES]
    for path in [*outdated, *([] if given.vectors else vector_files(directory))]:
        path.unlink(missing_ok=True)


def width_of_vectors(directory: Location) -> int:
    """The count of numbers per word; 0 without vectors. Raises DataError if the matrix is damaged."""
    path = vector_files(directory)[0]
    matrix = open_npy(path) if path.exists() else None
    return int(matrix.shape[1]) if matrix is not None and matrix.ndim == 2 else 0


def _contents(directory: Location, given: Given) -> dict[Location, bytes]:
    """The content of each file of text."""
    words = given.tokenizer.vocabulary_lines()
    texts = {directory / names.VOCAB: _lines(words), directory / names.TOKENIZER: given.tokenizer.to_json()}
    if given.classes is not None:
        texts[directory / names.CLASSES] = json.dumps(list(given.classes), ensure_ascii=False) + "\n"
    if given.vectors:
        found = [word for word, known in zip(words, given.vectors.found, strict=True) if known]
        texts[vector_files(directory)[1]] = _lines(found)
    return {path: text.encode() for path, text in texts.items()}


def _lines(words: list[str]) -> str:
    return "".join(f"{word}\n" for word in words)
