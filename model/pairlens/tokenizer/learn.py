"""A tokenizer's vocabulary, learned from texts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import groupby, islice
from typing import TYPE_CHECKING

from pairlens.errors import DataError, UsageError
from pairlens.tokenizer import recipe
from pairlens.tokenizer.plain_text import SEPARATOR, plain_tokens, script_of
from pairlens.tokenizer.recipe import Kind, Normalize
from pairlens.tokenizer.rust_library import build, faults_of_library
from pairlens.tokenizer.tokenizer import Tokenizer

if TYPE_CHECKING:
    from tokenizers import Tokenizer as Library

VOCABULARY_SIZES: dict[Kind, int] = {"word": 50_000, "char": 50_000, "bpe": 8_000, "unigram": 8_000}
_FEWEST_PIECES = 100
_DISTINCT = 2**20  # texts that are known to have been seen
_TOGETHER = 4096  # texts that are cut together
_COUNTED = 2**21  # tokens; then those that came up once so far are forgotten


def learn_tokenizer(
    texts: Iterable[str],
    kind: Kind = "word",
    vocab_size: int | None = None,
    min_count: int = 2,
    lowercase: bool = True,
    normalize: Normalize = "NFKC",
) -> Tokenizer:
    """A tokenizer with the most frequent tokens of some texts, each distinct text counted once (of the first million).

    A `word` is a run of letters, marks, numbers and underscores, or a Han, Hiragana, Katakana or Thai character, or
    any other character that is no blank; a `char` is a character that is no blank. The vocabulary of both is the same
    bytes for the same texts: the most frequent first, and of equally frequent ones that of the lower code points. `bpe`
    (Sennrich et al. 2016, https://arxiv.org/abs/1508.07909) and `unigram` (Kudo 2018,
    https://arxiv.org/abs/1804.10959) are trained by the library, which does not promise that.

    Args:
        vocab_size: at most so many tokens, with [PAD] and [UNK]; default: 50,000 words or characters, 8,000 others.
        min_count: a token must come up so often.

    Raises:
        UsageError: the size leaves no room. DataError: the texts have no token that is frequent enough.
    """
    size = vocab_size or VOCABULARY_SIZES[kind]
    if kind in ("bpe", "unigram") and size < _FEWEST_PIECES:  # with fewer the library may never end
        raise UsageError(f"--vocab-size {size}: must be at least {_FEWEST_PIECES} with --tokenizer {kind}")
    if size <= len(recipe.SPECIAL):
        raise UsageError(f"--vocab-size {size}: must be more than the {len(recipe.SPECIAL)} special tokens")
    form, cut = recipe.text_form(normalize, lowercase), recipe.cut(kind)
    library = build(recipe.whole(form, cut, recipe.word_level(recipe.SPECIAL)), "the tokenizer")
    if kind in ("bpe", "unigram"):
        return _trained(library, _distinct(texts), kind, size, min_count)
    counts: Counter[str] = Counter()
    distinct = _distinct(texts)
    while some := list(islice(distinct, _TOGETHER)):
        for script, group in groupby(sorted(some, key=script_of), script_of):
            if script < 2:
                counts.update(plain_tokens(list(group), script, normalize, lowercase, kind == "char"))
            else:
                counts.update(_library_tokens(library, group))
        if len(counts) > _COUNTED:
            counts = Counter({token: count for token, count in counts.items() if count > 1})
    counts.pop(SEPARATOR, None)
    words = _most_frequent(counts, size, min_count)
    return Tokenizer(recipe.as_json(recipe.whole(form, cut, recipe.word_level(words))))


def _most_frequent(counts: Counter[str], size: int, min_count: int) -> list[str]:
    for special in recipe.SPECIAL:
        counts.pop(special, None)
    words = sorted((token for token, count in counts.items() if count >= min_count), key=lambda w: (-counts[w], w))
    if not words:
        raise DataError(
            f"no token occurs {min_count} times in the texts that the vocabulary is learned from; give more texts, "
            "or --min-count 1"
        )
    return [*recipe.SPECIAL, *words[: size - len(recipe.SPECIAL)]]


def _distinct(texts: Iterable[str]) -> Iterator[str]:
    """Each text once, and without halves of characters; what comes after a million different ones is not looked up."""
    seen: set[int] = set()
    for text in texts:
        key = hash(text)
        if key not in seen:
            if len(seen) < _DISTINCT:
                seen.add(key)
            yield text if text.isascii() else text.encode("utf-8", "replace").decode()


def _library_tokens(library: Library, texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        normal = library.normalizer.normalize_str(text) if library.normalizer else text
        for token, _ in library.pre_tokenizer.pre_tokenize_str(normal):
            yield token


def _trained(library: Library, texts: Iterable[str], kind: Kind, size: int, min_count: int) -> Tokenizer:
    from tokenizers import models, trainers

    trainer: trainers.Trainer
    if kind == "bpe":
        library.model = models.BPE(unk_token=recipe.UNKNOWN, continuing_subword_prefix="##")
        trainer = trainers.BpeTrainer(
            vocab_size=size,
            min_frequency=min_count,
            show_progress=False,
            special_tokens=recipe.SPECIAL,
            continuing_subword_prefix="##",
        )
    else:
        library.model = models.Unigram()
        trainer = trainers.UnigramTrainer(
            vocab_size=size, show_progress=False, special_tokens=recipe.SPECIAL, unk_token=recipe.UNKNOWN
        )
    with faults_of_library("the tokenizer"):
        library.train_from_iterator(texts, trainer)
    return Tokenizer(library.to_str(pretty=True) + "\n")
