"""Parsed ids equal those of Python's `int` and `split`, wherever blocks are cut, and every fault is located."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pairlens.errors import DataError
from pairlens.texts.token_faults import BadLine, TextRules
from pairlens.texts.tokens import parse_blocks

ANY = TextRules(input_dim=None, allow_empty=True)


def cut(data: bytes, size: int) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


def parse(
    data: bytes, rules: TextRules = ANY, size: int = 1 << 20, fields: int = 1, bad: list[BadLine] | None = None
) -> list[list[int]]:
    """The texts as lists, joined from the parts of blocks of `size` bytes."""
    texts: list[list[int]] = [[]]
    for ids, ends in parse_blocks(cut(data, size), "q.txt", rules, fields, bad):
        start = 0
        for end in ends.tolist():
            texts[-1] += ids[start:end].tolist()
            texts.append([])
            start = end
        texts[-1] += ids[start:].tolist()
    assert texts.pop() == []  # every line has ended
    return texts


def fault(data: bytes, rules: TextRules = ANY, size: int = 1 << 20, fields: int = 1) -> str:
    with pytest.raises(DataError) as error:
        parse(data, rules, size, fields)
    return str(error.value)


# Oracles: slow and obvious.


def lines_of(data: bytes) -> list[bytes]:
    lines = data.split(b"\n")
    if lines[-1] == b"":
        lines.pop()
    return [line.removesuffix(b"\r") for line in lines]


def first_fault(data: bytes, rules: TextRules) -> str | None:
    for number, line in enumerate(lines_of(data), start=1):
        tokens = list(re.finditer(rb"[^ \t]+", line))
        for before, token in enumerate(tokens):
            good = token.group().isdigit() and int(token.group()) < (rules.input_dim or 2**31)
            too_long = rules.max_length is not None and before >= rules.max_length and not rules.truncate
            if not good or too_long:
                return f"q.txt:{number}:{token.start() + 1}:"
        kept = tokens[: rules.max_length] if rules.truncate else tokens
        words = [token for token in kept if not (rules.mask_zero and not token.group().strip(b"0"))]
        if not words and not rules.allow_empty:
            return f"q.txt:{number}:{len(line) + 1}:"
    return None


tokens = st.one_of(
    st.integers(0, 2**31 - 1).map(lambda n: b"%d" % n),
    st.integers(0, 999).map(lambda n: b"%013d" % n),
)
blanks = st.sampled_from([b" ", b"  ", b"\t", b" \t "])
lines = st.builds(
    lambda words, start, end: start + b" ".join(words) + end,
    st.lists(st.one_of(tokens, tokens, tokens, blanks), max_size=6),
    st.sampled_from([b"", b"", b" ", b"\t"]),
    st.sampled_from([b"\n", b"\n", b"\r\n", b" \n", b"\t\r\n"]),
)
files = st.lists(lines, max_size=6).map(b"".join)
sizes = st.integers(1, 17)


@given(files, sizes, st.booleans())
def test_python_reads_the_same(data: bytes, size: int, last_newline: bool) -> None:
    data = data if last_newline else data.removesuffix(b"\n")
    assert parse(data, size=size) == [[int(token) for token in line.split()] for line in lines_of(data)]


@given(files, sizes, st.integers(1, 3))
def test_truncation_keeps_the_first_tokens(data: bytes, size: int, length: int) -> None:
    rules = TextRules(None, max_length=length, truncate=True, allow_empty=True)
    assert parse(data, rules, size) == [[int(token) for token in line.split()][:length] for line in lines_of(data)]


mess = st.lists(
    st.sampled_from([b"0", b"1", b"42", b"999", b"1000", b"2147483648", b" ", b" ", b" ", b"\t", b"\n", b"\n", b"\r\n"])
    | st.sampled_from([b"\r", b"-1", b"+1", b"x", b"\x00", b"\xff", b"\xc3\xa9", b"\x0b", b"\x1f", b"/", b":"]),
    max_size=25,
).map(b"".join)
rules_of_any_kind = st.builds(
    TextRules,
    st.sampled_from([None, 1000, 43]),
    st.sampled_from([None, 1, 2, 3]),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)


@given(mess, sizes, rules_of_any_kind)
@example(b"1\r", 1, ANY)
@example(b"1\r2\n", 2, ANY)
@example(b"1\r\r\n", 3, ANY)
def test_the_first_fault_of_a_mess_is_found(data: bytes, size: int, rules: TextRules) -> None:
    expected = first_fault(data, rules)
    if expected is None:
        kept = rules.max_length if rules.truncate else None
        assert parse(data, rules, size) == [[int(token) for token in line.split()][:kept] for line in lines_of(data)]
    else:
        assert fault(data, rules, size).startswith(expected)


@given(mess, sizes, rules_of_any_kind)
@example(b"1 x 3 4 5 6\n7\n", 3, ANY)  # the bad line continues after its block
@example(b"0\r\r\n", 1, ANY)  # only the last CR belongs to the line end
def test_only_bad_lines_are_replaced(data: bytes, size: int, rules: TextRules) -> None:
    """A line is good or bad on its own. Among others, a good one is unchanged and a bad one has its fault in `bad`."""
    bad: list[BadLine] = []
    texts = parse(data, rules, size, bad=bad)
    lines = lines_of(data)
    assert len(texts) == len(lines)
    faults = {number: first_fault(line + b"\r\n", rules) for number, line in enumerate(lines, start=1)}
    assert [f"q.txt:{b.line}:{b.column}:" for b in bad] == [
        fault.replace("q.txt:1:", f"q.txt:{number}:") for number, fault in faults.items() if fault
    ]
    kept = rules.max_length if rules.truncate else None
    for number, (text, line) in enumerate(zip(texts, lines, strict=True), start=1):
        if not faults[number]:
            assert text == [int(token) for token in line.split()][:kept]
        else:  # the ids before the fault, or id 0: both are allowed
            assert len(text) >= 1
            assert max(text) < (rules.input_dim or 2**31)
            assert len(text) <= (rules.max_length or len(text))


@given(mess, sizes)
def test_both_texts_of_a_bad_line_in_two_columns(data: bytes, size: int) -> None:
    bad: list[BadLine] = []
    texts = parse(data, TextRules(1000), size, fields=2, bad=bad)
    lines = lines_of(data)
    assert len(texts) == 2 * len(lines)
    good = re.compile(rb" *[0-9]{1,3}( +[0-9]{1,3})* *\t *[0-9]{1,3}( +[0-9]{1,3})* *")
    assert {b.line for b in bad} == {n for n, line in enumerate(lines, 1) if not good.fullmatch(line)}
    assert [text for n, text in enumerate(texts) if n // 2 + 1 not in {b.line for b in bad}] == [
        [int(token) for token in text.split()] for line in lines if good.fullmatch(line) for text in line.split(b"\t")
    ]


def test_every_fault_of_a_bad_line() -> None:
    """The first fault of each text; everything after a third tab is one fault."""
    bad: list[BadLine] = []
    parse(b"x y\t1 -2 z\n1\t2\n1\t2\t\tx\nx\n", TextRules(10), fields=2, bad=bad)
    assert [(b.line, b.column, b.message.split(";")[0].split(":")[0]) for b in bad] == [
        (1, 1, "not an integer"),
        (1, 7, "negative"),
        (3, 4, "a third column"),
        (4, 1, "not an integer"),
    ]


def test_a_block_with_faults_among_many_lines() -> None:
    """A block of more lines than are checked at a time."""
    data = b"".join(b"x\n" if n % 97 == 0 else b"%d\n" % n for n in range(1000))
    bad: list[BadLine] = []
    texts = parse(data, bad=bad)
    assert [b.line - 1 for b in bad] == list(range(0, 1000, 97))
    assert texts == [[0] if n % 97 == 0 else [n] for n in range(1000)]


@given(files, st.integers(1, 100))
def test_all_lines_before_a_fault_are_given(data: bytes, size: int) -> None:
    given_ids: list[int] = []
    with pytest.raises(DataError):
        given_ids.extend(
            id_ for ids, _ in parse_blocks(cut(data + b"1 22 333 x 5\n", size), "q.txt", ANY) for id_ in ids
        )
    before = [int(token) for token in data.split()]
    assert given_ids[: len(before)] == before
    # The part of the line before the fault may be yielded too: it is not a whole line.
    rest = given_ids[len(before) :]
    assert rest == [1, 22, 333][: len(rest)]


NOT_AN_INTEGER = "not an integer: {}; a text is base-10 ids separated by blanks; for words use --text or encode"


@pytest.mark.parametrize(
    ("token", "shown"),
    [
        (b"abc", "'abc'"),
        (b"+5", "'+5'"),
        (b"1_000", "'1_000'"),
        (b"1e3", "'1e3'"),
        (b"1.0", "'1.0'"),
        (b"0x1f", "'0x1f'"),
        (b"--1", "'--1'"),
        (b"5,6", "'5,6'"),
        ("٣".encode(), "'٣'"),
        ("\ufeff7".encode(), r"'\ufeff7'"),  # a byte order mark, but not at the start
        ("7\u00a08".encode(), r"'7\xa08'"),  # a no-break space is not a blank
        (b"7\x008", r"'7\x008'"),
        (b"7\x1b[2J", r"'7\x1b[2J'"),  # no control character reaches the terminal
        (b"7\r8", r"'7\r8'"),
        (b"\xff\xfe7", r"'\xff\xfe7' (not UTF-8)"),
        (b"x" * 41, f"'{'x' * 40}…'"),
        (b"x" * 40, f"'{'x' * 40}'"),
    ],
)
def test_not_an_integer(token: bytes, shown: str) -> None:
    # Two lines before, and "12 " before it in its line.
    data = b"1 2\n3\n12 " + token + b" 4\n"
    for size in (1, 5, 100):
        assert fault(data, size=size) == "q.txt:3:4: " + NOT_AN_INTEGER.format(shown)


def test_ids_out_of_range() -> None:
    ten = TextRules(input_dim=10)
    assert fault(b"9 10\n", ten) == ("q.txt:1:3: too large: '10'; ids go from 0 to 9; model.embedding.input_dim is 10")
    assert fault(b"9 -3\n", ten) == "q.txt:1:3: negative: '-3'; ids go from 0 to 9; model.embedding.input_dim is 10"
    assert parse(b"2147483647\n") == [[2**31 - 1]]
    assert fault(b"2147483648\n") == "q.txt:1:1: too large: '2147483648'; ids go from 0 to 2147483647"
    # 2**32 + 1 and 2**64 + 1, which wrap round to 1
    assert "too large" in fault(b"4294967297\n")
    assert "too large" in fault(b"18446744073709551617\n")


def test_leading_zeros_are_harmless_at_any_length() -> None:
    # 5000 digits are more than `int` takes from a string.
    assert parse(b"0000000000012 " + b"0" * 5000 + b"7 000\n") == [[12, 7, 0]]
    assert "too large" in fault(b"1" * 5000)


def test_empty_text() -> None:
    message = "an empty text; give it at least one id or set data.empty: score"
    assert fault(b"1\n\n2\n", TextRules(10)) == f"q.txt:2:1: {message}"
    assert fault(b"1\n \t\r\n", TextRules(10)) == f"q.txt:2:3: {message}"
    assert fault(b"1\n ", TextRules(10)) == f"q.txt:2:2: {message}"
    assert parse(b"1\n\n \n2\n", TextRules(10, allow_empty=True)) == [[1], [], [], [2]]


def test_a_text_of_padding_alone_is_empty() -> None:
    message = "no id but 0, which is padding with model.embedding.mask_zero; give another id or set data.empty: score"
    masked = TextRules(10, mask_zero=True)
    for size in (1, 2, 100):
        assert parse(b"0 0 1\n2 0\n", masked, size) == [[0, 0, 1], [2, 0]]
        assert fault(b"1\n0 00\n", masked, size) == f"q.txt:2:5: {message}"
        # Only the tokens that truncation keeps count.
        cut = TextRules(10, 2, truncate=True, mask_zero=True)
        assert fault(b"0 1 2\n0 0 3\n", cut, size) == f"q.txt:2:6: {message}"
    assert parse(b"0 0\n", TextRules(10, allow_empty=True, mask_zero=True)) == [[0, 0]]


def test_no_lines_are_no_fault() -> None:
    assert parse(b"", TextRules(10)) == []


def test_too_long() -> None:
    two = TextRules(input_dim=10, max_length=2)
    assert parse(b"1 2\n", two) == [[1, 2]]
    # The third token of the second line is the first one too many.
    for size in (1, 4, 100):
        assert fault(b"1 2\n1 2 3 4\n", two, size) == (
            "q.txt:2:5: a text of more than 2 tokens; raise data.max_length or set data.too_long: truncate"
        )
    # What is cut off is still checked.
    assert fault(b"1 2 3 x\n", TextRules(10, 2, truncate=True)).startswith("q.txt:1:7: not an integer: 'x'")


def test_two_columns() -> None:
    data = b"1 2\t3\r\n\t \n  4  \t5 6"
    for size in (1, 3, 100):
        assert parse(data, size=size, fields=2) == [[1, 2], [3], [], [], [4], [5, 6]]


@pytest.mark.parametrize(
    ("data", "place", "message"),
    [
        (b"1\t2\n3 4\n", "2:4", "no tab in the line; a line is a query, a tab and a value"),
        (b"1\t2\n3", "2:2", "no tab in the line; a line is a query, a tab and a value"),
        (b"1\t2\n\n", "2:1", "no tab in the line; a line is a query, a tab and a value"),
        (b"1\t2\t3\n", "1:4", "a third column; a line is a query, a tab and a value"),
        (b"1\t2\n\t3\n", "2:1", "an empty text; give it at least one id or set data.empty: score"),
        (b"1\t\n", "1:3", "an empty text; give it at least one id or set data.empty: score"),
        (b"1\t2\n3\tx\n", "2:3", NOT_AN_INTEGER.format("'x'")),
    ],
)
def test_faults_of_two_columns(data: bytes, place: str, message: str) -> None:
    for size in (1, 2, 3, 100):
        assert fault(data, TextRules(10), size, fields=2) == f"q.txt:{place}: {message}"


def test_a_text_and_a_token_longer_than_any_block() -> None:
    assert parse(b"1234567 " * 5_000, size=8) == [[1234567] * 5_000]
    assert parse(b"00000000" * 5_000 + b"1", size=8) == [[1]]
    # Column 40,001 is after 5,000 blocks of 8 bytes.
    assert fault(b"1234567 " * 5_000 + b"x", size=8).startswith("q.txt:1:40001: not an integer")


@given(files, sizes)
def test_a_byte_order_mark_at_the_start_is_skipped(data: bytes, size: int) -> None:
    """Programs on Windows begin UTF-8 files with it. The columns of the first line count from after it."""
    assert parse(b"\xef\xbb\xbf" + data, size=size) == parse(data, size=size)
    if data.startswith(b"\n"):
        assert fault(b"\xef\xbb\xbf" + data, TextRules(10), size).startswith("q.txt:1:1: an empty text")


@pytest.mark.parametrize("digit", [b"0", b"7", b"x", b"\x00"])
def test_a_token_without_end_is_not_held(digit: bytes) -> None:
    """Stands for a file of 1 GB without a blank: reading stops after 64 KiB and never asks for the rest, at any block
    size. In a block of its own the token is the same fault."""
    asked = 0

    def endless() -> Iterator[bytes]:
        nonlocal asked
        yield b"1 2\n3 "
        while True:
            asked += 1
            yield digit * 1000

    for blocks in (endless(), [b"1 2\n3 " + digit * 70_000 + b"\n"]):
        with pytest.raises(DataError) as error:
            list(parse_blocks(blocks, "q.txt", ANY))
        assert str(error.value).startswith(f"q.txt:2:3: a token of more than 65536 bytes: {chr(39)}")
    assert asked < 70
    bad: list[BadLine] = []
    assert parse(b"1 2\n3 " + digit * 300_000 + b" 9\n5\n", size=1000, bad=bad)[0::2] == [[1, 2], [5]]
    assert [(b.line, b.column) for b in bad] == [(2, 3)]


def test_a_text_without_end_is_not_held() -> None:
    """With a maximum length, reading stops at the first token beyond it."""
    asked = 0

    def endless() -> Iterator[bytes]:
        nonlocal asked
        while True:
            asked += 1
            yield b"1 2 3 "

    with pytest.raises(DataError, match=r"q\.txt:1:201: a text of more than 100 tokens"):
        list(parse_blocks(endless(), "q.txt", TextRules(10, max_length=100)))
    assert asked == 34
