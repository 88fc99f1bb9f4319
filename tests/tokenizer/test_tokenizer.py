"""Texts get the same ids in every way, and a harmful tokenizer.json is refused."""

from __future__ import annotations

import base64
import json
import struct
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from running import run_to_end

from pairlens.errors import DataError, UsageError
from pairlens.tokenizer import recipe
from pairlens.tokenizer.learn import learn_tokenizer
from pairlens.tokenizer.plain_text import SEPARATOR, plain_tokens, script_of
from pairlens.tokenizer.recipe import Kind, Normalize
from pairlens.tokenizer.tokenizer import Tokenizer

WORDS = [
    ("Hello, world's END", ["hello", ",", "world", "'", "s", "end"]),
    ("3.14 and 1,000 of x_1", ["3", ".", "14", "and", "1", ",", "000", "of", "x_1"]),
    ("what...?! co-op", ["what", ".", ".", ".", "?", "!", "co", "-", "op"]),
    ("ﬁne ½ ＡＢＣ e\u0301", ["fine", "1", "⁄", "2", "abc", "é"]),  # NFKC
    ("我爱 New York日本", ["我", "爱", "new", "york", "日", "本"]),
    ("テーブル は", ["テ", "ー", "ブ", "ル", "は"]),
    ("한국어 문장", ["한국어", "문장"]),
    ("ภาษา", ["ภ", "า", "ษ", "า"]),
    ("हिन्दी", ["हिन्दी"]),  # marks belong to their letters
    ("[PAD] [UNK]", ["[", "pad", "]", "[", "unk", "]"]),
    ("👩‍👧 a\u200bb", ["👩", "\u200d", "👧", "a", "\u200b", "b"]),
    (" \t\n ", []),
]


def tokens(tokenizer: Tokenizer, text: str) -> list[str]:
    return [tokenizer.vocabulary[i] for i in tokenizer.encode([text]).ids]


@pytest.mark.parametrize(("text", "expected"), WORDS)
def test_words(text: str, expected: list[str]) -> None:
    tokenizer = learn_tokenizer([text, "x"], min_count=1)
    assert tokens(tokenizer, text) == expected


def test_chars_are_all_but_blanks() -> None:
    tokenizer = learn_tokenizer(["Ab 日本"], "char", min_count=1)
    assert tokens(tokenizer, "b A日") == ["b", "a", "日"]


def test_upper_case_and_forms_are_kept_if_asked() -> None:
    tokenizer = learn_tokenizer(["The THE ﬁ"], min_count=1, lowercase=False, normalize="none")
    assert tokens(tokenizer, "THE The ﬁ") == ["THE", "The", "ﬁ"]


def test_a_vocabulary_is_sorted_by_count_then_code_point_and_counts_each_text_once() -> None:
    tokenizer = learn_tokenizer(["b b a", "b c", "b c", "b c", "a d"], min_count=1)
    # b: 2 in the first text and 1 in the second, which is counted once; a: 2; c and d: 1
    assert tokenizer.vocabulary == ["[PAD]", "[UNK]", "b", "a", "c", "d"]
    assert learn_tokenizer(["b b a", "b c", "a d"], min_count=2).vocabulary == ["[PAD]", "[UNK]", "b", "a"]
    assert learn_tokenizer(["b b a", "b c", "a d"], vocab_size=3, min_count=1).vocabulary == ["[PAD]", "[UNK]", "b"]
    assert tokenizer.unknown_id == 1
    assert tokenizer.encode(["b zebra"]).ids.tolist() == [2, 1]


def test_more_words_follow_those_of_the_texts_if_they_are_tokens() -> None:
    more = ["of", "low", "Paris", "don't", "new york", "café", "日本", "日", "[UNK]", "\x1f", "", "of", "हिन्दी"]
    tokenizer = learn_tokenizer(["low low", "of x"], vocab_size=3, more_words=more)
    # "of" occurs once in the texts, which is too seldom; "Paris" would become "paris", and the others be cut.
    assert tokenizer.vocabulary == ["[PAD]", "[UNK]", "low", "of", "café", "日", "हिन्दी"]
    assert tokenizer.encode(["low OF Café"]).ids.tolist() == [2, 3, 4]
    cased = learn_tokenizer(["low low"], lowercase=False, more_words=["Paris", "paris"])
    assert cased.vocabulary[2:] == ["low", "Paris", "paris"]


def test_a_vocabulary_is_the_same_bytes_in_every_process() -> None:
    program = (
        "from pairlens.tokenizer.learn import learn_tokenizer\n"
        "t = learn_tokenizer([f'w{i % 7} w{i % 5} 日{i % 3}' for i in range(99)], min_count=1)\n"
        "print(t.checksum)"
    )
    made = {
        run_to_end(
            [sys.executable, "-c", program],
            env={**__import__("os").environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(made) == 1


def test_nothing_to_learn_from_is_an_error() -> None:
    with pytest.raises(DataError, match="no token occurs 2 times"):
        learn_tokenizer(["a b c"])
    with pytest.raises(UsageError, match="--vocab-size 2: must be more than the 2 special tokens"):
        learn_tokenizer(["a a"], vocab_size=2)
    with pytest.raises(UsageError, match="--vocab-size 3: must be at least 100 with --tokenizer unigram"):
        learn_tokenizer(["a b", "b a"], "unigram", vocab_size=3)


@pytest.mark.parametrize("kind", ["bpe", "unigram"])
def test_subwords_are_trained_by_the_library(kind: Kind) -> None:
    texts = [f"low lower lowest new newer newest wide {i}" for i in range(200)]
    tokenizer = learn_tokenizer(texts, kind, vocab_size=120)
    assert tokenizer.vocabulary[:2] == ["[PAD]", "[UNK]"]
    assert tokenizer.unknown_id == 1
    assert 20 < len(tokenizer.vocabulary) <= 120
    assert 1 not in tokenizer.encode(["newest lowest"]).ids
    assert Tokenizer(tokenizer.to_json()).encode(texts[:3]).ids.tolist() == tokenizer.encode(texts[:3]).ids.tolist()


# ---- with and without the library ------------------------------------------------------------------------------------


def by_library(tokenizer: Tokenizer, text: str) -> list[str]:
    library = tokenizer._library
    normal = library.normalizer.normalize_str(text) if library.normalizer else text
    return [token for token, _ in library.pre_tokenizer.pre_tokenize_str(normal)]


FORMS: list[tuple[Normalize, bool]] = [("NFKC", True), ("NFC", False), ("none", False)]


@pytest.mark.parametrize("kind", ["word", "char"])
@pytest.mark.parametrize(("normalize", "lowercase"), FORMS)
def test_every_plain_character_is_cut_as_the_library_does(kind: Kind, normalize: Normalize, lowercase: bool) -> None:
    tokenizer = learn_tokenizer(["a b"], kind, min_count=1, lowercase=lowercase, normalize=normalize)
    plain = [chr(code) for code in range(0x10000) if not 0xD800 <= code < 0xE000 and script_of(chr(code)) < 2]
    assert len(plain) > 30_000
    for character in plain:
        for text in (character, f"a{character}b"):
            found = plain_tokens([text], script_of(text), normalize, lowercase, kind == "char")
            assert found == by_library(tokenizer, text), (text, found)


TEXT = st.text(
    st.one_of(st.characters(codec="utf-8"), st.sampled_from(" \t\nab'_.-½ﬁéßİΣσ日本テー한ภ\u0301\u200d👩" + SEPARATOR)),
    max_size=20,
)


@settings(deadline=None, max_examples=300)
@given(st.lists(TEXT, max_size=6), st.sampled_from(["word", "char"]))
def test_a_batch_gets_the_ids_of_the_library(texts: list[str], kind: Kind) -> None:
    tokenizer = learn_tokenizer([*texts, "a b 日"], kind, min_count=1)
    found, expected = tokenizer.encode(texts), tokenizer._encode_any(texts)
    assert found.ids.tolist() == expected.ids.tolist()
    assert found.offsets.tolist() == expected.offsets.tolist()
    with_offsets, spans = tokenizer.encode_with_offsets(texts)
    assert with_offsets.ids.tolist() == found.ids.tolist()
    assert spans.shape == (len(found.ids), 2)


def test_offsets_are_characters_of_the_text_as_it_was_given() -> None:
    tokenizer = learn_tokenizer(["the ﬁne ½ of 日本"], min_count=1)
    text = "The ﬁne  ½ of 日本!"
    _, spans = tokenizer.encode_with_offsets([text])
    assert [text[first:end] for first, end in spans] == ["The", "ﬁne", "½", "½", "½", "of", "日", "本", "!"]


def test_halves_of_characters_are_unknown_and_do_no_harm() -> None:
    tokenizer = learn_tokenizer(["a a"])
    assert tokenizer.encode(["a \ud800 a"]).ids.tolist() == [2, 1, 2]


def test_no_texts_are_no_texts() -> None:
    tokenizer = learn_tokenizer(["a a"])
    assert tokenizer.encode([]).offsets.tolist() == [0]
    assert tokenizer.encode(["", " "]).offsets.tolist() == [0, 0, 0]
    assert tokenizer.encode_with_offsets([])[1].shape == (0, 2)


# ---- a tokenizer.json from elsewhere --------------------------------------------------------------------------------


def tree(**changes: Any) -> dict[str, Any]:
    return {**recipe.whole(None, recipe.cut("word"), recipe.word_level(["[PAD]", "[UNK]", "a"])), **changes}


def split(pattern: Any) -> dict[str, Any]:
    return {"type": "Split", "pattern": pattern, "behavior": "Isolated", "invert": False}


PIECES = {"type": "WordPiece", "vocab": {"a": 0}, "unk_token": "a", "continuing_subword_prefix": "##"}
BPE = {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": [["a", "b"]]}
LONGER = {"type": "Replace", "pattern": {"String": "a"}, "content": "a" * 9}
NESTED: dict[str, Any] = {"type": "Sequence", "normalizers": []}
LEAF = 2**31
CHARSMAPS = [  # units of a double array, and the texts after them
    ([], b"", "is cut off"),
    ([0] * 255, b"a\0", "points outside itself"),
    ([1 << 20, *[0] * 255], b"a\0", "points outside itself"),
    ([0, LEAF + 1, *[0] * 254], b"ab\0", "points into the middle of a text"),
    ([0, LEAF, *[0] * 254], b"\xff\0", "contains text that is not UTF-8"),
    ([0, LEAF, *[0] * 254], b"a" * 65 + b"\0", "replaces a character by more than 64 bytes"),
]


def precompiled(units: list[int], texts: bytes) -> dict[str, Any]:
    table = struct.pack(f"<I{len(units)}I", 4 * len(units), *units) + texts
    return {"type": "Precompiled", "precompiled_charsmap": base64.b64encode(table).decode()}


HOSTILE = [
    (tree(pre_tokenizer=split({"Regex": "(a+)+$"})), "neither a string nor a known regular expression"),
    (tree(pre_tokenizer=split({"String": "x" * 1000})), "neither a string nor"),
    (tree(pre_tokenizer={"type": "Sequence", "pretokenizers": [split({"Regex": "x*"})]}), "neither a string nor"),
    (tree(normalizer={"type": "Replace", "pattern": {"Regex": "(.*)*"}, "content": ""}), "neither a string nor"),
    (
        tree(normalizer={"type": "Replace", "pattern": {"String": "a"}, "content": "a" * 10**6}),
        "content has more than 64",
    ),
    (tree(normalizer={"type": "Sequence", "normalizers": [LONGER, LONGER]}), "more than 64 times as long"),
    (
        tree(normalizer={"type": "Sequence", "normalizers": [{"type": "NFC"}] * 65}),
        "normalizer has more than 64 compon",
    ),
    (tree(normalizer={"type": "Sequence", "normalizers": [NESTED]}), "none of them a Sequence"),
    (tree(normalizer={"type": "Sequence", "normalizers": 3}), "must have a list of components"),
    (
        tree(pre_tokenizer={"type": "Sequence", "normalizers": [], "pretokenizers": [split({"Regex": "(a+)+$"})]}),
        "neither a string nor",
    ),
    (tree(pre_tokenizer=split({"Regex": {"Regex": "x"}})), "neither a string nor"),
    *((tree(normalizer=precompiled(units, texts)), message) for units, texts, message in CHARSMAPS),
    (tree(normalizer={"type": "Precompiled"}), "precompiled_charsmap is not a table in base64"),
    (tree(normalizer={"type": "Python"}), "normalizer Python is not supported; supported are BertNormalizer"),
    (tree(pre_tokenizer=["Whitespace"]), "pre_tokenizer must be a component"),
    (tree(model={"type": "Pickle"}), "model 'Pickle' is not supported"),
    (tree(model={**BPE, "dropout": 0.1}), "model.dropout makes the ids of a text random"),
    (tree(model={**BPE, "merges": [["a", "x"]]}), "model.merges must be a list of token pairs"),
    (tree(model={**BPE, "vocab": {"a": 0, "b": 2}}), "the ids of the vocabulary must be 0, 1, 2"),
    (tree(model={**BPE, "vocab": {"a": 0, "b": 0}}), "the ids of the vocabulary must be 0, 1, 2"),
    (tree(model={**BPE, "vocab": {"a": 0, "b": 10**30}}), "the ids of the vocabulary must be 0, 1, 2"),
    (tree(model={"type": "WordLevel", "vocab": {"a": 0}, "unk_token": "[UNK]"}), r"unk_token '\[UNK\]' is not in the"),
    (
        tree(model={"type": "WordPiece", "vocab": {"a": 0}, "unk_token": "a", "max_input_chars_per_word": 10**9}),
        "from 1 to 200",
    ),
    (tree(model={"type": "Unigram", "vocab": [["a", 0.0]], "unk_id": 7}), "model.unk_id is 7"),
    (tree(model={"type": "Unigram", "vocab": [["a", 0.0], ["a", 1.0]], "unk_id": 0}), "a token twice"),
    (tree(model={"type": "Unigram", "vocab": [3], "unk_id": 0}), "the tokenizers library rejects it"),
    (tree(added_tokens=[{"id": "3", "content": "x"}]), "added_tokens must be a list of objects"),
    (tree(added_tokens=[{"id": 9, "content": "x"}]), "the ids of the vocabulary must be 0, 1, 2"),
    (tree(added_tokens=[{"id": 1, "content": "[PAD]"}]), r"the token '\[PAD\]' has two ids"),
    (tree(model=recipe.word_level(["[PAD]", "[UNK]", "\ud800"])), "contains half of a surrogate pair"),
    (tree(model={**recipe.word_level([]), "vocab": [["[UNK]", 0]]}), "model.vocab must be an object"),
    (tree(model={"type": "Unigram", "vocab": [["a" * 300, 0.0]], "unk_id": 0}), "piece of more than 256 characters"),
    (tree(model={**BPE, "merges": 1.5}), "model.merges must be a list of token pairs"),
    (tree(model={**BPE, "merges": [["a", "b"], ["a", "ab"]]}), "model.merges must be a list of token pairs"),
    (tree(model={**BPE, "continuing_subword_prefix": "##"}), "model.merges must be a list of token pairs"),
    (tree(model={**BPE, "continuing_subword_prefix": "é", "merges": []}), "model.merges must be a list of token pairs"),
    ({"model": None}, "not a tokenizer.json"),
    ([1], "not a tokenizer.json"),
]


@pytest.mark.parametrize(("made", "message"), HOSTILE, ids=[message[:30] for _, message in HOSTILE])
def test_a_strange_tokenizer_is_refused_in_one_line(made: Any, message: str) -> None:
    with pytest.raises(DataError, match=message) as error:
        Tokenizer(json.dumps(made), "strange.json")
    assert str(error.value).startswith("strange.json: ")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, '{"model": NaN}', "9" * 10_000])
def test_a_text_that_is_not_a_json_object_is_refused(text: str) -> None:
    with pytest.raises(DataError, match=r"tokenizer.json: not "):
        Tokenizer(text)


def test_a_file_is_bounded_regular_and_utf_8(tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    with pytest.raises(DataError, match=r"tokenizer.json: No such file"):
        Tokenizer.read(path)
    path.write_bytes(b"\xff{}")
    with pytest.raises(DataError, match=r"tokenizer.json: not UTF-8"):
        Tokenizer.read(path)
    path.unlink()
    path.symlink_to("/dev/zero")
    with pytest.raises(DataError, match=r"tokenizer.json: "):
        Tokenizer.read(path)


def test_what_pads_truncates_or_adds_tokens_is_ignored() -> None:
    library_made = tree(
        truncation={"direction": "Right", "max_length": 1, "strategy": "LongestFirst", "stride": 0},
        padding={"strategy": {"Fixed": 10**9}, "direction": "Right", "pad_to_multiple_of": None, "pad_id": 0,
                 "pad_type_id": 0, "pad_token": "[PAD]"},
        post_processor={"type": "BertProcessing", "sep": ["[UNK]", 1], "cls": ["[PAD]", 0]},
    )  # fmt: skip
    tokenizer = Tokenizer(json.dumps(library_made))
    assert tokenizer.encode_with_offsets(["a a b"])[0].ids.tolist() == [2, 2, 1]
    assert tokenizer.to_json() == json.dumps(library_made)  # unchanged


def test_bytes_of_gpt_2_have_no_unknown() -> None:
    letters = {chr(0x100 + i) if i < 33 else chr(i): i for i in range(127)}
    made = tree(
        pre_tokenizer={"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True},
        model={"type": "BPE", "vocab": letters, "merges": []},
    )
    tokenizer = Tokenizer(json.dumps(made))
    assert tokenizer.unknown_id is None
    assert np.array_equal(tokenizer.encode(["Ab"]).ids, [ord("A"), ord("b")])
