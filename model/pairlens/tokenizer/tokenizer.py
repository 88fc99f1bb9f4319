"""A tokenizer: converts texts to ids as a tokenizer.json defines."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from functools import cached_property, partial
from itertools import chain, pairwise, product
from os import PathLike
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pairlens.errors import DataError
from pairlens.locations.location import Location, location
from pairlens.packages import need
from pairlens.texts.regular import read_regular
from pairlens.texts.texts import Texts, offsets_of
from pairlens.texts.words import TokenizedText
from pairlens.tokenizer import recipe
from pairlens.tokenizer.components import LARGEST, used_parts
from pairlens.tokenizer.models import unknown_id, vocabulary_of
from pairlens.tokenizer.plain_text import SEPARATOR, plain_tokens, script_of
from pairlens.tokenizer.rust_library import build, faults_of_library

if TYPE_CHECKING:
    from tokenizers import Tokenizer as Library

_BETWEEN = -1  # marks the boundary between two texts among the ids


class Tokenizer:
    """Converts texts to ids, always the same for the same text and tokenizer.json.

    Attributes:
        vocabulary: the token of each id, from 0.
        unknown_id: the id of text that the vocabulary has no token for; None if there is none, as with byte tokens.
        checksum: SHA-256 of the tokenizer.json, as hexadecimal digits.

    Args:
        text: the content of a tokenizer.json, as the library `tokenizers` writes it. Padding, truncation and added
            special tokens are ignored.
        name: the name of the file, for messages.

    Raises:
        DataError: the text is not a tokenizer.json, or has a part that is not allowed; see components.py.
        UsageError: the library is not installed.
    """

    def __init__(self, text: str, name: str = "tokenizer.json") -> None:
        need(name, "tokenizers")  # also where it is used only for some texts
        try:
            tree = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise DataError(f"{name}: not JSON ({error})") from None
        self._text, self._name = text, name
        self._tree = used_parts(tree, name)
        self.vocabulary = vocabulary_of(self._tree, name)
        self.unknown_id = unknown_id(self._tree, self.vocabulary, name)
        self._cut = _plain_tokenizer(self._tree)
        if self._cut is None:
            _ = self._library  # builds it, which checks the file
        self._ids = _Ids(self.vocabulary, self.unknown_id)

    @classmethod
    def read(cls, path: str | PathLike[str] | Location) -> Tokenizer:
        """Read the tokenizer in a file. Raises DataError if it cannot be read, and as the class does."""
        try:
            text = read_regular(location(path), LARGEST).decode()
        except OSError as error:
            raise DataError(f"{path}: {error.strerror or error}") from None
        except UnicodeDecodeError:
            raise DataError(f"{path}: not UTF-8; a tokenizer.json must be") from None
        return cls(text, str(path))

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self._text.encode()).hexdigest()

    def to_json(self) -> str:
        """The tokenizer.json, exactly as it was given."""
        return self._text

    def vocabulary_lines(self) -> list[str]:
        """The lines of a vocabulary file, one token each; a token with a line end has Python escapes."""
        return [token if token.splitlines() in ([token], []) else repr(token)[1:-1] for token in self.vocabulary]

    def encode(self, texts: Sequence[str]) -> Texts:
        """The ids of each text; a text of blanks has none.

        Raises:
            DataError: the library fails.
        """
        scripts = np.array([script_of(text) if self._cut else 2 for text in texts], np.int64)
        parts, indices = [Texts.concatenate([])], [np.empty(0, np.int64)]
        for script in np.unique(scripts).tolist():
            chosen = np.flatnonzero(scripts == script)
            some = [texts[i] for i in chosen.tolist()]
            parts.append(self._encode_any(some) if script == 2 else self._encode_plain(some, script))
            indices.append(chosen)
        return parts[-1] if len(parts) == 2 else Texts.concatenate(parts).take(np.argsort(np.concatenate(indices)))

    def encode_with_offsets(self, texts: Sequence[str]) -> tuple[Texts, NDArray[np.int64]]:
        """The ids of each text, and the characters of each token in its text: [tokens, 2], first and end.

        Offsets refer to the text before normalization: each of the three tokens of `½` spans that character.
        """
        with faults_of_library(self._name):
            encodings = self._library.encode_batch(
                [_without_surrogates(text) for text in texts], add_special_tokens=False
            )
        ids = np.fromiter(chain.from_iterable(encoding.ids for encoding in encodings), np.int32)
        spans = np.array([span for encoding in encodings for span in encoding.offsets], np.int64).reshape(-1, 2)
        return Texts(ids, offsets_of([len(encoding.ids) for encoding in encodings])), spans

    def tokenized(self, texts: Sequence[str]) -> list[TokenizedText]:
        """Each text with where its tokens are in it."""
        found, spans = self.encode_with_offsets(texts)
        parts = [slice(a, b) for a, b in pairwise(found.offsets.tolist())]
        return [
            self._with_spans(text, found.ids[part].tolist(), spans[part])
            for text, part in zip(texts, parts, strict=True)
        ]

    def _with_spans(self, text: str, ids: Sequence[int], spans: NDArray[np.int64]) -> TokenizedText:
        """A text with tokens at the given spans; blanks at the edges of a token are not part of its word."""
        pieces = [text[first:end] for first, end in spans.tolist()]
        first = spans[:, 0] + [len(piece) - len(piece.lstrip()) for piece in pieces]
        last = np.concatenate([[0], spans[:-1, 1]]) if len(spans) else spans[:, 1]
        return TokenizedText(
            text,
            [piece.strip() or self.vocabulary[i] for piece, i in zip(pieces, ids, strict=True)],
            [i == self.unknown_id for i in ids],
            [text[a:b] for a, b in zip(last.tolist(), first.tolist(), strict=True)],
        )

    @cached_property
    def _library(self) -> Library:
        return build(self._tree, self._name)

    def _encode_plain(self, texts: Sequence[str], script: int) -> Texts:
        assert self._cut is not None
        tokens = self._cut(texts, script)
        ids = np.fromiter(map(self._ids.__getitem__, tokens), np.int32, len(tokens))
        ends = np.append(np.flatnonzero(ids == _BETWEEN), len(ids))
        offsets = np.append(0, ends - np.arange(len(texts)))  # minus the separators before each text
        return Texts(ids[ids != _BETWEEN], offsets)

    def _encode_any(self, texts: Sequence[str]) -> Texts:
        distinct = {text: i for i, text in enumerate(dict.fromkeys(texts))}
        with faults_of_library(self._name):
            encodings = self._library.encode_batch_fast(
                [_without_surrogates(text) for text in distinct], add_special_tokens=False
            )
        found = [encoding.ids for encoding in encodings]
        ids = np.fromiter(chain.from_iterable(found), np.int32)
        return Texts(ids, offsets_of([len(one) for one in found])).take(
            np.array([distinct[text] for text in texts], np.int64)
        )


class _Ids(dict[str, int]):
    """The id of each token; the unknown id for a token that is not in the vocabulary."""

    def __init__(self, vocabulary: Sequence[str], unknown: int | None) -> None:
        super().__init__((token, i) for i, token in enumerate(vocabulary))
        self[SEPARATOR], self._unknown = _BETWEEN, unknown

    def __missing__(self, token: str) -> int:
        assert self._unknown is not None
        return self._unknown


def _plain_tokenizer(tree: recipe.Json) -> Callable[[Sequence[str], int], list[str]] | None:
    """The function that cuts plain texts of a script, if the tokenizer is one that `recipe` makes; else None."""
    if tree["model"]["type"] != "WordLevel" or tree["added_tokens"]:
        return None
    forms: tuple[recipe.Normalize, ...] = ("NFKC", "NFC", "none")
    for normalize, lowercase, chars in product(forms, (True, False), (True, False)):
        same_form = tree.get("normalizer") == recipe.text_form(normalize, lowercase)
        if same_form and tree.get("pre_tokenizer") == recipe.cut("char" if chars else "word"):
            return partial(plain_tokens, normalize=normalize, lowercase=lowercase, chars=chars)
    return None


def _without_surrogates(text: str) -> str:
    """The text without lone surrogates, which the library refuses."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
