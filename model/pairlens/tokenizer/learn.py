"""Learning the vocabulary of a tokenizer from texts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
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
_DISTINCT = 2**20  # texts that are remembered as seen
_TOGETHER = 4096  # texts that are tokenized at a time
_COUNTED = 2**21  # distinct tokens, beyond which those counted once so far are forgotten


def learn_tokenizer(
    texts: Iterable[str],
    kind: Kind = "word",
    vocab_size: int | None = None,
    min_count: int = 2,
    lowercase: bool = True,
    normalize: Normalize = "NFKC",
    more_words: Sequence[str] = (),
) -> Tokenizer:
    """Learn a tokenizer with the most frequent tokens of some texts; repeated texts count once (of the first million).

    A `word` is a run of letters, marks, numbers and underscores, or a Han, Hiragana, Katakana or Thai character, or
    any other character except blanks; a `char` is any character except blanks. Both give the same vocabulary, to the
    byte, for the same texts: by falling frequency, then by code points. `bpe` (Sennrich et al. 2016,
    https://arxiv.org/abs/1508.07909) and `unigram` (Kudo 2018, https://arxiv.org/abs/1804.10959) are trained by the
    library, which does not promise that.

    Args:
        vocab_size: the largest number of tokens, with [PAD] and [UNK]; default: 50,000 words or characters, else 8,000.
        min_count: how often a token must occur.
        more_words: words that follow the learned ones in a vocabulary of words or characters, beyond its size; a word
            that the tokenizer would cut or change is left out.

    Raises:
        UsageError: the size is too small. DataError: no token of the texts is frequent enough.
    """
    size = vocab_size or VOCABULARY_SIZES[kind]
    if kind in ("bpe", "unigram") and size < _FEWEST_PIECES:  # with fewer the library may not finish
        raise UsageError(f"--vocab-size {size}: must be at least {_FEWEST_PIECES} with --tokenizer {kind}")
    if size <= len(recipe.SPECIAL):
        raise UsageError(f"--vocab-size {size}: must be more than the {len(recipe.SPECIAL)} special tokens")
    form, cut = recipe.text_form(normalize, lowercase), recipe.cut(kind)
    library = build(recipe.whole(form, cut, recipe.word_level(recipe.SPECIAL)), "the tokenizer")
    if kind in ("bpe", "unigram"):
        return _trained(library, _distinct(texts), kind, size, min_count)

    def tokens(texts: Sequence[str], script: int) -> Iterable[str]:
        if script < 2:
            return plain_tokens(texts, script, normalize, lowercase, kind == "char")
        return _library_tokens(library, texts)

    words = _most_frequent(_count(texts, tokens), size, min_count)
    added = [word for word in more_words if word != SEPARATOR and list(tokens([word], script_of(word))) == [word]]
    vocabulary = list(dict.fromkeys([*words, *added]))
    return Tokenizer(recipe.as_json(recipe.whole(form, cut, recipe.word_level(vocabulary))))


def _count(texts: Iterable[str], tokens: Callable[[Sequence[str], int], Iterable[str]]) -> Counter[str]:
    """Count the tokens of distinct texts; `tokens` gives those of some texts of one script."""
    counts: Counter[str] = Counter()
    distinct = _distinct(texts)
    while some := list(islice(distinct, _TOGETHER)):
        for script, group in groupby(sorted(some, key=script_of), script_of):
            counts.update(tokens(list(group), script))
        if len(counts) > _COUNTED:
            counts = Counter({token: count for token, count in counts.items() if count > 1})
    counts.pop(SEPARATOR, None)
    return counts


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
    """Yield each text once, without lone surrogates; after a million different texts, new ones are not remembered."""
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
