"""What a tokenizer.json may hold: a stranger's must neither run for ever, nor take all memory, nor depend on chance.

Only components whose time grows with the text are allowed, and of regular expressions only those that are known.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pairlens.errors import DataError
from pairlens.tokenizer.recipe import ANY, SINGLE, Json

LARGEST = 2**26  # bytes of a file
_LONGEST_LITERAL = 64
_LONGEST_WORD = 1000  # characters; WordPiece takes the square of it

_CONTRACTIONS = "'s|'t|'re|'ve|'m|'ll|'d"
_PATTERNS = {
    SINGLE,
    ANY,
    " {2,}",
    _CONTRACTIONS + r"| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",  # GPT-2
    *(
        rf"(?i:{_CONTRACTIONS})|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|{numbers}| ?[^\s\p{{L}}\p{{N}}]+[\r\n]*|\s*[\r\n]+|"
        r"\s+(?!\S)|\s+"
        for numbers in (r"\p{N}", r"\p{N}{1,3}")  # Qwen, Llama 3
    ),
}
_NORMALIZERS = {
    "Sequence", "BertNormalizer", "NFC", "NFD", "NFKC", "NFKD", "Lowercase", "StripAccents", "Strip", "Replace",
    "Prepend", "Nmt", "Precompiled", "ByteLevel",
}  # fmt: skip
_PRE_TOKENIZERS = {
    "Sequence", "Whitespace", "WhitespaceSplit", "BertPreTokenizer", "ByteLevel", "Metaspace", "Punctuation", "Digits",
    "CharDelimiterSplit", "UnicodeScripts", "Split",
}  # fmt: skip


def used_parts(tree: Any, name: str) -> Json:
    """The parts of a tokenizer.json that decide the ids of a text, checked; the others, such as padding, are dropped.

    Raises:
        DataError: something is not allowed or not as it must be; `name` stands for the file.
    """
    if not isinstance(tree, dict) or not isinstance(tree.get("model"), dict):
        raise DataError(f"{name}: not a tokenizer.json: must be an object with a model")
    for part, allowed in (("normalizer", _NORMALIZERS), ("pre_tokenizer", _PRE_TOKENIZERS)):
        for component in _components(tree.get(part), name, part):
            _check_component(component, allowed, name, part)
    _check_model(tree["model"], name)
    unused = dict.fromkeys(("truncation", "padding", "post_processor", "decoder"))
    return {**tree, "added_tokens": _added(tree, name), **unused}


def vocabulary_of(tree: Json, name: str) -> list[str]:
    """The token of each id, from 0. Raises DataError: ids are missing or doubled."""
    vocabulary = tree["model"].get("vocab")
    if isinstance(vocabulary, list):
        tokens = {_piece(entry): i for i, entry in enumerate(vocabulary)}
        if len(tokens) < len(vocabulary):
            raise DataError(f"{name}: the vocabulary has a token twice, or an entry that is no [token, score]")
    elif isinstance(vocabulary, dict):
        tokens = dict(vocabulary)
    else:
        raise DataError(f"{name}: model.vocab is missing; must be an object or a list")
    tokens |= {added["content"]: added["id"] for added in tree["added_tokens"]}
    if any(type(i) is not int for i in tokens.values()) or sorted(tokens.values()) != list(range(len(tokens))):
        raise DataError(f"{name}: the ids of the vocabulary must be 0, 1, 2 and so on, each once")
    return sorted(tokens, key=tokens.__getitem__)


def unknown_id(tree: Json, vocabulary: list[str], name: str) -> int | None:
    """The id of what the vocabulary has no token for; None if the tokenizer has none.

    Raises:
        DataError: it names one that the vocabulary lacks.
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


def _components(component: Any, name: str, part: str) -> Iterator[Json]:
    """A component and all in it."""
    if component is None:
        return
    if not isinstance(component, dict) or not isinstance(component.get("type"), str):
        raise DataError(f"{name}: {part} must be a component, an object with a type")
    yield component
    for inner in component.get("normalizers", component.get("pretokenizers", ())) or ():
        yield from _components(inner, name, part)


def _check_component(component: Json, allowed: set[str], name: str, part: str) -> None:
    kind = component["type"]
    if kind not in allowed:
        raise DataError(f"{name}: {part} {kind} is not supported; there are {', '.join(sorted(allowed))}")
    if "pattern" in component:
        pattern = component["pattern"]
        literal = pattern.get("String") if isinstance(pattern, dict) and len(pattern) == 1 else None
        known = isinstance(pattern, dict) and len(pattern) == 1 and pattern.get("Regex") in _PATTERNS
        if not known and not (isinstance(literal, str) and 0 < len(literal) <= _LONGEST_LITERAL):
            raise DataError(
                f"{name}: {part} {kind} has a pattern that is neither a string nor a known regular expression, which "
                "might take for ever"
            )
    for key in ("content", "prepend"):
        text = component.get(key, "")
        if isinstance(text, str) and len(text) > _LONGEST_LITERAL:
            raise DataError(f"{name}: {part} {kind}: {key} has more than {_LONGEST_LITERAL} characters")


def _check_model(model: Json, name: str) -> None:
    kind = model.get("type")
    if kind not in ("WordLevel", "WordPiece", "BPE", "Unigram"):
        raise DataError(f"{name}: model {kind!r} is not supported; there are WordLevel, WordPiece, BPE and Unigram")
    if model.get("dropout"):
        raise DataError(f"{name}: model.dropout makes the ids of a text depend on chance; set it to null")
    longest = model.get("max_input_chars_per_word", 100)
    if type(longest) is not int or not 0 < longest <= _LONGEST_WORD:
        raise DataError(f"{name}: model.max_input_chars_per_word is {longest!r}; must be from 1 to {_LONGEST_WORD}")


def _added(tree: Json, name: str) -> list[Json]:
    added = tree.get("added_tokens") or []
    for token in added if isinstance(added, list) else [None]:
        if not isinstance(token, dict) or not isinstance(token.get("content"), str) or type(token.get("id")) is not int:
            raise DataError(f"{name}: added_tokens must be a list of objects with a content and an id")
    return list(added)


def _piece(entry: Any) -> str:
    return entry[0] if isinstance(entry, list) and entry and isinstance(entry[0], str) else ""
