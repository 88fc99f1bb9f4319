"""A tokenizer: a tokenizer.json, and how it makes ids of texts."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pairlens.errors import DataError
from pairlens.texts.regular import read_regular
from pairlens.texts.texts import Texts, offsets_of
from pairlens.tokenizer import recipe
from pairlens.tokenizer.components import LARGEST, unknown_id, used_parts, vocabulary_of
from pairlens.tokenizer.library import build, faults_of_library
from pairlens.tokenizer.plain_text import is_plain, plain_tokens

if TYPE_CHECKING:
    from tokenizers import Tokenizer as Library

_REMEMBERED = 2**17  # texts; people ask the same questions


class Tokenizer:
    """Makes ids of texts, always the same for the same text and tokenizer.json.

    Attributes:
        vocabulary: the token of each id, from 0.
        unknown_id: the id of whatever the vocabulary has no token for; None if there is none, as of bytes.
        checksum: SHA-256 of the tokenizer.json, as hexadecimal digits.

    Args:
        text: of a tokenizer.json, as the library `tokenizers` writes it. What pads, truncates or adds special tokens is
            ignored: a text's ids are its own.
        name: of the file, for messages.

    Raises:
        DataError: it is no tokenizer.json, or has a part that is not allowed; see components.py.
    """

    def __init__(self, text: str, name: str = "tokenizer.json") -> None:
        try:
            tree = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise DataError(f"{name}: not JSON ({error})") from None
        self._text, self._name = text, name
        self._tree = used_parts(tree, name)
        self.vocabulary = vocabulary_of(self._tree, name)
        self.unknown_id = unknown_id(self._tree, self.vocabulary, name)
        self._tokens = _plain_way(self._tree)
        if self._tokens is None:
            _ = self._library  # which looks at it
        self._ids = {token: i for i, token in enumerate(self.vocabulary)}
        self._remembered: dict[str, list[int]] = {}

    @classmethod
    def read(cls, path: Path) -> Tokenizer:
        """The tokenizer of a file. Raises DataError if it cannot be read, and as the class does."""
        try:
            text = read_regular(path, LARGEST).decode()
        except OSError as error:
            raise DataError(f"{path}: {error.strerror or error}") from None
        except UnicodeDecodeError:
            raise DataError(f"{path}: not UTF-8; a tokenizer.json is") from None
        return cls(text, str(path))

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self._text.encode()).hexdigest()

    def to_json(self) -> str:
        """The tokenizer.json, character by character as it was given."""
        return self._text

    def encode(self, texts: Sequence[str]) -> Texts:
        """The ids of each text; none of one that has only blanks.

        Raises:
            DataError: the library fails.
        """
        found = [self._known(text) for text in texts]
        rest = [i for i, ids in enumerate(found) if ids is None]
        if rest:
            with faults_of_library(self._name):
                encodings = self._library.encode_batch_fast([_sound(texts[i]) for i in rest], add_special_tokens=False)
            for i, encoding in zip(rest, encodings, strict=True):
                found[i] = encoding.ids
        ids = np.fromiter(chain.from_iterable(ids or () for ids in found), np.int32)
        return Texts(ids, offsets_of([len(ids or ()) for ids in found]))

    def encode_with_offsets(self, texts: Sequence[str]) -> tuple[Texts, NDArray[np.int64]]:
        """The same, and which characters of its text each token stands for: [tokens, 2], first and end.

        What is normalised keeps its place: of the three tokens of `½` each stands for all of it.
        """
        with faults_of_library(self._name):
            encodings = self._library.encode_batch([_sound(text) for text in texts], add_special_tokens=False)
        ids = np.fromiter(chain.from_iterable(encoding.ids for encoding in encodings), np.int32)
        spans = np.array([span for encoding in encodings for span in encoding.offsets], np.int64).reshape(-1, 2)
        return Texts(ids, offsets_of([len(encoding.ids) for encoding in encodings])), spans

    @cached_property
    def _library(self) -> Library:
        return build(self._tree, self._name)

    def _known(self, text: str) -> list[int] | None:
        """The ids of a text that was seen lately, or is quickly made ids of."""
        ids = self._remembered.get(text)
        if ids is None and self._tokens is not None and is_plain(text):
            get, unknown = self._ids.get, self.unknown_id
            ids = [get(token, unknown) for token in self._tokens(text)]  # type: ignore[misc]  # these have an unknown
            if len(self._remembered) >= _REMEMBERED:
                self._remembered.clear()
            self._remembered[text] = ids
        return ids


def _plain_way(tree: recipe.Json) -> Callable[[str], list[str]] | None:
    """How to cut a plain text, if the tokenizer is one that `recipe` makes."""
    if tree["model"]["type"] != "WordLevel" or tree["added_tokens"]:
        return None
    normalizers: tuple[recipe.Normalize, ...] = ("NFKC", "NFC", "none")
    for normalize in normalizers:
        for lowercase in (True, False):
            if tree.get("normalizer") != recipe.text_form(normalize, lowercase):
                continue
            if tree.get("pre_tokenizer") == recipe.cut("word"):
                return lambda text: plain_tokens(text, normalize, lowercase, False)
            if tree.get("pre_tokenizer") == recipe.cut("char"):
                return lambda text: plain_tokens(text, normalize, lowercase, True)
    return None


def _sound(text: str) -> str:
    """Without halves of characters, which the library refuses."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
