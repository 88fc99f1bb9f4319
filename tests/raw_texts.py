"""Made-up pairs of texts in typical file formats, and the commands that train a model on each."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

# Phrases that can be said in two ways; the label is 1 if the value says the same as the query.
ENGLISH = [
    [("How, exactly, does one", "In what way do you"), ("Why does one", "For what reason do you")],
    [("learn", "study"), ('"master"', "get good at"), ("find", "come across"), ("sell", "get rid of")],
    [("French?", "the French language?"), ("a house in\nParis?", "some Paris home?"), ("3.5 apples?", "fruit?")],
]
CHINESE = [
    [("谁有", "哪里有"), ("怎么找", "如何找到")],
    [("红色", "紅色"), ("最好看", "最漂亮"), ("便宜", "不贵")],
    [("的图片？", "的照片？"), ("的英雄", "的好汉"), ("NBA球队", "篮球队")],
]
KOREAN = [
    [("프랑스어를", "불어를"), ("집을", "주택을"), ("사과를", "과일을")],
    [("싸게", "저렴하게"), ("빨리", "금방"), ("혼자", "홀로")],
    [("배울까요?", "공부할까?"), ("살까요?", "구매할까?"), ("팔까요?", "처분할까?")],
]


class Pair(NamedTuple):
    query: str
    value: str
    same: bool


def pairs_of(phrases: Sequence[Sequence[tuple[str, str]]], count: int, seed: int, between: str = " ") -> list[Pair]:
    draw = random.Random(seed)
    pairs = []
    for _ in range(count):
        said, other = ([draw.choice(slot) for slot in phrases] for _ in range(2))
        same = draw.random() < 0.5 or said == other
        meant = said if same else other
        query, value = between.join(one for one, _ in said), between.join(two for _, two in meant)
        pairs.append(Pair(query, value, same))
    return pairs


class Shape(NamedTuple):
    """Files of one format.

    Attributes:
        write: writes the files.
        encode: the arguments of `pairlens encode` for them.
        dev: the file with the pairs of data/mine/dev, unless they are split off another file.
        columns: the options that select its columns.
        classes: the names of the labels, if they are words.
    """

    name: str
    task: str
    write: Callable[[Path], None]
    encode: Sequence[str]
    dev: str | None
    columns: Sequence[str] = ()
    classes: Sequence[str] | None = None


def write_csv(
    path: Path, rows: Sequence[Sequence[object]], encoding: str = "utf-8", delimiter: str = ",", end: str = "\r\n"
) -> None:
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file, delimiter=delimiter, lineterminator=end).writerows(rows)


def numbered(pairs: Sequence[Pair]) -> list[Sequence[object]]:
    header = ["", "question1", "question2", "is_duplicate"]
    return [header, *([i, query, value, float(same)] for i, (query, value, same) in enumerate(pairs))]


def _quoted_csv(folder: Path) -> None:
    write_csv(folder / "train.csv", numbered(pairs_of(ENGLISH, 80, 1)))
    write_csv(folder / "dev.csv", numbered(pairs_of(ENGLISH, 24, 2)))


def _tsv_with_classes(folder: Path) -> None:
    for seed, (split, count) in enumerate([("train", 90), ("dev", 24), ("test", 20)]):
        lines = ["pair_ID\tsentence_A\tsentence_B\trelatedness_score\tentailment_judgment"]
        for i, (query, value, same) in enumerate(pairs_of(ENGLISH, count, seed)):
            said = ("ENTAILMENT", "4.9") if same else ("NEUTRAL", "3.1") if i % 2 else ("CONTRADICTION", "2.5")
            lines.append("\t".join([str(i), *(text.replace("\n", " ") for text in (query, value)), said[1], said[0]]))
        end = "\r\n" if split == "test" else "\n"
        (folder / f"SICK_{split}.txt").write_text("".join(line + end for line in lines), newline="")


def _jsonl_with_groups(folder: Path) -> None:
    for split, seed, groups in (("train", 1, 20), ("dev", 2, 8)):
        with (folder / f"{split}.jsonl").open("w", encoding="utf-8") as file:
            for group, (query, value, _) in enumerate(pairs_of(ENGLISH, groups, seed)):
                answers = [(value, True), *((other.value, False) for other in pairs_of(ENGLISH, 3, 10 + group))]
                for answer, right in answers:
                    row = {"question_id": f"Q{group}", "question": query, "answer": answer, "is_answer": right}
                    file.write(json.dumps(row, ensure_ascii=False) + "\n")


def _tsv_without_header(folder: Path) -> None:
    for split, seed, count in (("train", 1, 80), ("dev", 2, 24)):
        rows = [f"{query}\t{value}\t{int(same)}\n" for query, value, same in pairs_of(CHINESE, count, seed, "")]
        (folder / f"{split}.txt").write_text("".join(rows), encoding="utf-8")


def _csv_with_a_mark(folder: Path) -> None:
    header = ["id", "question1", "question2", "is_duplicate"]
    rows = [(f"ko-{i}", q, v, int(same)) for i, (q, v, same) in enumerate(pairs_of(KOREAN, 150, 1))]
    write_csv(folder / "pairs.csv", [header, *rows], "utf-8-sig")


NUMBERS = ("--query-column", "1", "--value-column", "2")
SHAPES = [
    Shape("quoted-csv", "binary", _quoted_csv, ["train.csv", "dev.csv"], "dev.csv"),
    Shape(
        "tsv-with-classes",
        "multiclass",
        _tsv_with_classes,
        ["SICK_train.txt", "SICK_dev.txt", "SICK_test.txt", "--label-column", "entailment_judgment"],
        "SICK_dev.txt",
        classes=["CONTRADICTION", "ENTAILMENT", "NEUTRAL"],
    ),
    Shape(
        "jsonl-with-groups",
        "ranking",
        _jsonl_with_groups,
        ["train.jsonl", "dev.jsonl"],
        "dev.jsonl",
        classes=["false", "true"],
    ),
    Shape(
        "tsv-without-header",
        "binary",
        _tsv_without_header,
        ["train.txt", "dev.txt", *NUMBERS, "--label-column", "3"],
        "dev.txt",
        NUMBERS,
    ),
    Shape(
        "csv-with-a-mark",
        "binary",
        _csv_with_a_mark,
        ["pairs.csv", "--split", "60,20,20", "--id-column", "id", "--tokenizer", "char"],
        None,
    ),
]
