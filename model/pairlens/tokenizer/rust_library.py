"""The library `tokenizers`, at arm's length: what goes wrong in it is a DataError."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pairlens.errors import DataError
from pairlens.tokenizer.recipe import Json

if TYPE_CHECKING:
    from tokenizers import Tokenizer as Library


def build(tree: Json, name: str) -> Library:
    """The library's tokenizer of a checked tokenizer.json, in which a text that looks like a special token is text.

    Raises:
        DataError: the library does not take it; `name` stands for the file.
    """
    # It would warn in a process that forks later; whoever has set it, knows.
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")
    from tokenizers import Tokenizer as Library

    with faults_of_library(name):
        library = Library.from_str(json.dumps(tree))
        library.encode_special_tokens = True
    return library


@contextmanager
def faults_of_library(name: str) -> Iterator[None]:
    """Raises DataError for what the library raises; a panic of Rust is a BaseException that is no Exception."""
    try:
        yield
    except Exception as error:
        raise DataError(f"{name}: the tokenizers library rejects it ({_one_line(error)})") from None
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise DataError(f"{name}: makes the tokenizers library fail ({_one_line(error)})") from None


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:200]
