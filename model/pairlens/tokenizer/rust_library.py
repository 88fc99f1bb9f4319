"""Access to the library `tokenizers`, whose failures become DataError."""

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
    """The library's tokenizer for a checked tokenizer.json; it treats special tokens in a text as ordinary text.

    Raises:
        DataError: the library rejects it; `name` is the name of the file.
    """
    # Without it the library warns in a process that forks later. A value set by the user is kept.
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")
    from tokenizers import Tokenizer as Library

    with faults_of_library(name):
        library = Library.from_str(json.dumps(tree))
        library.encode_special_tokens = True
    return library


@contextmanager
def faults_of_library(name: str) -> Iterator[None]:
    """Raise DataError for what the library raises; a Rust panic is a BaseException but not an Exception."""
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
