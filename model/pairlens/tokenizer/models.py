"""The model of a tokenizer.json: its vocabulary, and checks against models that would harm the library."""

from __future__ import annotations

from typing import Any

from pairlens.errors import DataError
from pairlens.tokenizer.recipe import Json

_LONGEST_WORD = 200  # characters; WordPiece takes quadratic time in a word's length
_LONGEST_PIECE = 256  # characters; Unigram tries every length at each position of a text


def check_model(model: Json, name: str) -> None:
    """Raise DataError if the library lacks the model, or it would take too long or give random ids."""
    kind = model.get("type")
    if kind not in ("WordLevel", "WordPiece", "BPE", "Unigram"):
        raise DataError(f"{name}: model {kind!r} is not supported; supported are WordLevel, WordPiece, BPE and Unigram")
    if model.get("dropout"):
        raise DataError(f"{name}: model.dropout makes the ids of a text random; set it to null")
    longest = model.get("max_input_chars_per_word", 100)
    if type(longest) is not int or not 0 < longest <= _LONGEST_WORD:
        raise DataError(f"{name}: model.max_input_chars_per_word is {longest!r}; must be from 1 to {_LONGEST_WORD}")


def vocabulary_of(tree: Json, name: str) -> list[str]:
    """The token of each id, from 0.

    Raises:
        DataError: ids are missing or repeated, a token is not valid Unicode, or a merge does not give a token.
    """
    tokens = _model_tokens(tree["model"], name)
    for added in tree["added_tokens"]:
        if tokens.setdefault(added["content"], added["id"]) != added["id"]:
            raise DataError(f"{name}: the token {added['content']!r} has two ids")
    if not_text := next((token for token in tokens if not _is_text(token)), None):
        raise DataError(f"{name}: the token {not_text!r} contains half of a surrogate pair")
    if any(type(i) is not int for i in tokens.values()) or sorted(tokens.values()) != list(range(len(tokens))):
        raise DataError(f"{name}: the ids of the vocabulary must be 0, 1, 2 and so on, each once")
    if tree["model"]["type"] == "BPE" and not _can_merge(tree["model"]):
        raise DataError(
            f"{name}: model.merges must be a list of token pairs that join to a token of model.vocab; the second token "
            "must begin with continuing_subword_prefix, if any, which must be ASCII"
        )
    return sorted(tokens, key=tokens.__getitem__)


def unknown_id(tree: Json, vocabulary: list[str], name: str) -> int | None:
    """The id of text that the vocabulary has no token for; None if the tokenizer has no such id.

    Raises:
        DataError: the unknown token is not in the vocabulary.
    """
    model = tree["model"]
    if model["type"] == "Unigram":
        found = model.get("unk_id")
        if found is not None and not (type(found) is int and 0 <= found < len(vocabulary)):
            raise DataError(f"{name}: model.unk_id is {found!r}; must be an id of the vocabulary")
        return found
    token = model.get("unk_token")
    if token is None and model["type"] == "BPE":
        return None
    if token not in vocabulary:
        raise DataError(f"{name}: model.unk_token {token!r} is not in the vocabulary")
    return vocabulary.index(token)


def _model_tokens(model: Json, name: str) -> dict[str, Any]:
    vocabulary, kind = model.get("vocab"), model["type"]
    if not isinstance(vocabulary, list if kind == "Unigram" else dict):
        raise DataError(
            f"{name}: model.vocab must be {'a list of [token, score]' if kind == 'Unigram' else 'an object'}"
        )
    if isinstance(vocabulary, dict):
        return dict(vocabulary)
    tokens = {_piece(entry): i for i, entry in enumerate(vocabulary)}
    if len(tokens) < len(vocabulary):
        raise DataError(f"{name}: the vocabulary has a token twice, or an entry that is not [token, score]")
    if any(len(token) > _LONGEST_PIECE for token in tokens):
        raise DataError(f"{name}: the vocabulary has a piece of more than {_LONGEST_PIECE} characters")
    return tokens


def _can_merge(model: Json) -> bool:
    """Whether all merges are safe for the library, which cuts the prefix off the second token without a check."""
    merges, prefix, vocabulary = model.get("merges"), model.get("continuing_subword_prefix") or "", model.get("vocab")
    if not isinstance(merges, list) or not isinstance(prefix, str) or not prefix.isascii():
        return False
    pairs = [merge.split(" ") if isinstance(merge, str) else merge for merge in merges]  # older files have strings
    return isinstance(vocabulary, dict) and all(
        isinstance(pair, list)
        and list(map(type, pair)) == [str, str]
        and pair[1].startswith(prefix)
        and pair[0] + pair[1].removeprefix(prefix) in vocabulary
        for pair in pairs
    )


def _piece(entry: Any) -> str:
    return entry[0] if isinstance(entry, list) and entry and isinstance(entry[0], str) else ""


def _is_text(token: str) -> bool:
    try:
        token.encode()
    except UnicodeEncodeError:
        return False
    return True
