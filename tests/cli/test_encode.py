"""pairlens encode: from users' tables to files for training."""

from __future__ import annotations

import csv
import gzip
import json
import os
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from command_line import PAIRLENS, files_below, plain_environment
from forked import pairlens
from running import on_a_terminal, run_to_end

from pairlens.config.file import load_config
from pairlens.runs.carried import read_carried
from pairlens.runs.run import Run

ROWS = [  # query, value, label
    ("How do I learn French?", "What is the best way to learn French?", 1),
    ('He said "no", twice', "He said\nno", 0),
    ("How do I learn French?", "Where is Paris?", 0),
]


def write_csv(path: Path, rows: list[tuple[str, str, int]] = ROWS) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["", "question1", "question2", "is_duplicate"])
        writer.writerows([i, q, v, float(label)] for i, (q, v, label) in enumerate(rows))
    return path


def words(directory: Path, name: str) -> list[str]:
    """The lines of an encoded file as words."""
    vocabulary = (directory / "vocab.txt").read_text().splitlines()
    return [" ".join(vocabulary[int(i)] for i in line.split()) for line in (directory / name).read_text().splitlines()]


def test_a_csv_becomes_files_of_ids(tmp_path: Path) -> None:
    write_csv(tmp_path / "quora-train.csv")
    write_csv(tmp_path / "dev.csv", [("Learn Korean!", "Paris?", 1)])
    result = pairlens(tmp_path, "encode", "quora-train.csv", "dev.csv", "--output", "mine", "--min-count", "1")
    assert (result.code, result.stdout) == (0, "")
    assert "Columns: query is 'question1', value is 'question2', label is 'is_duplicate'" in result.stderr
    assert "The vocabulary is learned from train" in result.stderr
    assert "dev: 40% of the tokens are unknown; try --min-count 1, or --tokenizer bpe or char\n" in result.stderr
    assert "train: " not in result.stderr
    assert "Wrote mine\nNext: pairlens init mine --output mine.yaml && pairlens train mine.yaml" in result.stderr
    mine = tmp_path / "mine"
    sides = [f"{split}.{side}.txt" for split in ("dev", "train") for side in ("label", "query", "value")]
    assert sorted(files_below(mine)) == sorted([*sides, "vocab.txt", "tokenizer.json"])
    assert words(mine, "train.query.txt") == [
        "how do i learn french ?",
        'he said " no " , twice',
        "how do i learn french ?",
    ]
    assert words(mine, "train.value.txt")[1] == "he said no"
    assert (mine / "train.label.txt").read_text() == "1\n0\n0\n"
    assert words(mine, "dev.query.txt") == ["learn [UNK] [UNK]"]  # no word of dev enters the vocabulary


def test_the_next_command_works_for_what_was_encoded(tmp_path: Path) -> None:
    write_csv(tmp_path / "train.csv")
    write_csv(tmp_path / "pairs.csv")
    alone = pairlens(tmp_path, "encode", "pairs.csv", "--output", "alone")
    assert alone.stderr.endswith(
        "Wrote alone\nThere is no train split; add --split 80,10,10, or name the files: train=FILE dev=FILE\n"
    )
    train = pairlens(tmp_path, "encode", "train.csv", "--output", "other name")
    assert train.stderr.endswith(
        "Next: pairlens init 'other name' --output 'other name.yaml' && pairlens train 'other name.yaml'\n"
    )
    given = pairlens(tmp_path, "encode", "more=pairs.csv", "--like", "other name", "--output", "more")
    assert given.stderr.endswith("Wrote more\n")  # more pairs for a model that there is
    unlabelled = pairlens(tmp_path, "encode", "train.csv", "--label-column", "none", "--output", "unlabelled")
    assert unlabelled.stderr.endswith("Wrote unlabelled\n")


def test_init_says_which_of_two_names_is_the_positive(tmp_path: Path) -> None:
    rows = "".join(f"text {i},other {i},{label}\n" for i, label in enumerate(["match", "no match"] * 2))
    (tmp_path / "train.csv").write_text(f"query,value,label\n{rows}")
    assert pairlens(tmp_path, "encode", "train.csv", "--output", "mine").code == 0
    result = pairlens(tmp_path, "init", "mine", "--output", "mine.yaml")
    assert "task binary: label 1, the positive, is 'no match'; 0 is 'match'\n" in result.stderr


def test_every_kind_of_table_becomes_the_same_files(tmp_path: Path) -> None:
    write_csv(tmp_path / "train.csv")
    text = (tmp_path / "train.csv").read_text()
    columns = {
        "question1": [q for q, _, _ in ROWS],
        "question2": [v for _, v, _ in ROWS],
        "label": [n for *_, n in ROWS],
    }
    (tmp_path / "utf16").mkdir()
    (tmp_path / "utf16" / "train.csv").write_bytes(text.encode("utf-16"))
    (tmp_path / "tabs").mkdir()
    with (tmp_path / "tabs" / "train.csv").open("w", newline="") as file:
        csv.writer(file, delimiter="\t").writerows([columns, *zip(*columns.values(), strict=True)])
    with gzip.open(tmp_path / "train.jsonl.gz", "wt") as zipped:
        zipped.writelines(
            json.dumps(dict(zip(columns, row, strict=True))) + "\n" for row in zip(*columns.values(), strict=True)
        )
    pq.write_table(pa.table(columns), tmp_path / "train.parquet")
    (tmp_path / "q.txt").write_text("".join(q + "\n" for q, _, _ in ROWS))
    (tmp_path / "v.txt").write_text("".join(v.replace("\n", " ") + "\n" for _, v, _ in ROWS))
    (tmp_path / "l.txt").write_text("".join(f"{label}\n" for *_, label in ROWS))
    sources = [
        ["train.csv"],
        ["utf16/train.csv"],
        ["tabs/train.csv"],
        ["train.jsonl.gz"],
        ["train.parquet"],
        ["--query-file", "q.txt", "--value-file", "v.txt", "--label-file", "l.txt"],
    ]
    made = []
    for number, source in enumerate(sources):
        result = pairlens(tmp_path, "encode", *source, "--output", f"out{number}", "--min-count", "1")
        assert result.code == 0, result.stderr
        files = files_below(tmp_path / f"out{number}")
        made.append({name.replace("q.", "train.", 1): data for name, data in files.items()})
    assert all(files == made[0] for files in made)


def test_columns_without_a_header_are_numbers_and_stdin_is_a_table(tmp_path: Path) -> None:
    table = "谁有狂三\t这张高清图\t0\n英雄联盟\t最好英雄\t1\n英雄\t谁有\t1\n"
    columns = ["--query-column", "1", "--value-column", "2", "--label-column", "3"]
    result = pairlens(tmp_path, "encode", "train=-", *columns, "--output", "zh", stdin=table)
    assert result.code == 0, result.stderr
    assert words(tmp_path / "zh", "train.query.txt")[2] == "英 雄"
    result = pairlens(tmp_path, "encode", "train=-", "--output", "zh2", stdin=table)
    assert (result.code, (tmp_path / "zh2").exists()) == (2, False)
    assert "numbers from 1 if the file has no header" in result.stderr


def test_labels_that_are_words_become_classes(tmp_path: Path) -> None:
    rows = [("a", "b", "NEUTRAL"), ("b", "a", "ENTAILMENT"), ("a", "a", "CONTRADICTION")]
    table = "premise\thypothesis\tgold_label\n" + "".join("\t".join(row) + "\n" for row in rows)
    (tmp_path / "train.tsv").write_text(table)
    assert pairlens(tmp_path, "encode", "train.tsv", "--output", "a", "--min-count", "1").code == 0
    assert json.loads((tmp_path / "a" / "classes.json").read_text()) == ["CONTRADICTION", "ENTAILMENT", "NEUTRAL"]
    assert (tmp_path / "a" / "train.label.txt").read_text() == "2\n1\n0\n"
    order = "ENTAILMENT, NEUTRAL, CONTRADICTION"
    assert pairlens(tmp_path, "encode", "train.tsv", "--output", "b", "--classes", order, "--min-count", "1").code == 0
    assert (tmp_path / "b" / "train.label.txt").read_text() == "1\n0\n2\n"
    (tmp_path / "test.tsv").write_text(table.replace("CONTRADICTION", "contradiction"))
    result = pairlens(tmp_path, "encode", "test.tsv", "--like", "b", "--output", "c")
    assert result.code == 2
    assert "test.tsv:4: 'contradiction' is not a class" in result.stderr
    (tmp_path / "test.tsv").write_text("premise\thypothesis\nb\ta\n")
    assert pairlens(tmp_path, "encode", "test.tsv", "--like", "b", "--output", "c").code == 0  # labels may be missing
    assert (tmp_path / "c" / "tokenizer.json").read_bytes() == (tmp_path / "b" / "tokenizer.json").read_bytes()
    assert "test.label.txt" not in files_below(tmp_path / "c")


def test_groups_weights_and_ids_are_carried_along(tmp_path: Path) -> None:
    (tmp_path / "train.jsonl").write_text(
        '{"question_id": "Q1", "question": "a b", "answer": "b", "is_answer": true, "w": 2, "name": "first one"}\n'
        '{"question_id": "Q1", "question": "a b", "answer": "a", "is_answer": false, "w": 0.5, "name": "second"}\n'
    )
    columns = ["--weight-column", "w", "--id-column", "name"]
    result = pairlens(tmp_path, "encode", "train.jsonl", *columns, "--output", "mine")
    assert result.code == 0, result.stderr
    texts = {name: data.decode() for name, data in files_below(tmp_path / "mine").items()}
    assert texts["train.group.txt"] == "Q1\nQ1\n"
    assert texts["train.weight.txt"] == "2\n0.5\n"
    assert texts["train.id.txt"] == "first one\nsecond\n"
    assert texts["train.label.txt"] == "1\n0\n"
    assert json.loads(texts["classes.json"]) == ["false", "true"]


def test_a_split_is_added_to_those_that_are_there(tmp_path: Path) -> None:
    write_csv(tmp_path / "train.csv")
    write_csv(tmp_path / "test.csv", [("French?", "Learn French?", 1)])
    assert pairlens(tmp_path, "encode", "train.csv", "--output", "mine", "--min-count", "1").code == 0
    before = files_below(tmp_path / "mine")
    result = pairlens(tmp_path, "encode", "test.csv", "--like", "mine", "--output", "mine")
    assert result.code == 0, result.stderr
    assert files_below(tmp_path / "mine").items() >= before.items()
    assert words(tmp_path / "mine", "test.query.txt") == ["french ?"]


VECTORS = "4 2\nfrench 1 2\nkorean 3 4\nParis 5 6\nberlin 7 8\n"


def test_words_of_vectors_are_added_with_their_vectors(tmp_path: Path) -> None:
    write_csv(tmp_path / "train.csv")
    write_csv(tmp_path / "dev.csv", [("Learn Korean!", "Berlin?", 1)])
    (tmp_path / "v.vec").write_text(VECTORS)
    options = ["--vectors", "v.vec", "--vector-words", "3"]
    result = pairlens(tmp_path, "encode", "train.csv", "dev.csv", "--output", "mine", *options)
    assert result.code == 0, result.stderr
    # No text has "korean", and "Paris" would become "paris", which has no vector.
    mine = tmp_path / "mine"
    vocabulary = (mine / "vocab.txt").read_text().splitlines()
    assert vocabulary[-1] == "korean"
    assert f"Vocabulary: {len(vocabulary)} tokens, of which 2 have a vector of 2 numbers\n" in result.stderr
    assert words(mine, "dev.query.txt") == ["learn korean [UNK]"]
    assert words(mine, "dev.value.txt") == ["[UNK] ?"]
    assert (mine / "vocab.vectors.words").read_text() == "french\nkorean\n"
    np.testing.assert_array_equal(np.load(mine / "vocab.vectors.npy"), np.array([[1, 2], [3, 4]], np.float32))

    like = pairlens(tmp_path, "encode", "train.csv", "--like", "mine", "--output", "like")
    assert like.code == 0, like.stderr
    kept = ("vocab.vectors.npy", "vocab.vectors.words", "vocab.txt")
    assert all((tmp_path / "like" / name).read_bytes() == (mine / name).read_bytes() for name in kept)

    assert pairlens(tmp_path, "encode", "train.csv", "--output", "mine", "--force").code == 2  # dev has other ids
    (mine / "dev.query.txt").unlink()
    assert pairlens(tmp_path, "encode", "train.csv", "--output", "mine", "--force").code == 0
    assert not list(mine.glob("*vectors*"))  # those of the earlier vocabulary


def test_vectors_of_a_run_are_kept_while_their_file_is_there(tmp_path: Path) -> None:
    write_csv(tmp_path / "train.csv")
    (tmp_path / "v.vec").write_text(VECTORS)
    assert pairlens(tmp_path, "encode", "train.csv", "--output", "mine", "--vectors", "v.vec").code == 0
    (tmp_path / "mine.yaml").write_text(
        "data: {train: mine/train, vocab: mine/vocab.txt, tokenizer: mine/tokenizer.json}\n"
        "model: {embedding: {input_dim: 99, output_dim: 3, "
        "embeddings_initializer: {name: ppmi_svd, vectors: mine/vocab.vectors.npy}}}\n"
    )
    config = load_config(tmp_path / "mine.yaml", [])
    Run.create(tmp_path / "run", config, {}, carried=read_carried(config))
    like = ("encode", "train.csv", "--like", "run", "--output")
    assert pairlens(tmp_path, *like, "a").code == 0
    matrix = (tmp_path / "mine" / "vocab.vectors.npy").read_bytes()
    assert (tmp_path / "a" / "vocab.vectors.npy").read_bytes() == matrix
    (tmp_path / "mine" / "vocab.vectors.npy").unlink()
    result = pairlens(tmp_path, *like, "b")
    assert result.code == 0
    assert f"warning: {tmp_path}/mine/vocab.vectors.npy: missing, so the words have no vectors here" in result.stderr
    assert "copy output_dim and vectors of model.embedding from run/config.yaml" in result.stderr
    assert not list((tmp_path / "b").glob("*vectors*"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "v.vec: No such file or directory"),
        (VECTORS.replace("4 2", "3 2"), "v.vec:1: the first line says 3 vectors, but 4 follow"),
        ("zebra 1 2\n", "v.vec: none of the 3 words of the vocabulary has a vector here"),
    ],
)
def test_vectors_that_cannot_be_used_leave_no_files(tmp_path: Path, content: str | None, message: str) -> None:
    write_csv(tmp_path / "train.csv", [("a a", "a", 1)])
    if content:
        (tmp_path / "v.vec").write_text(content)
    options = ["--min-count", "1", "--vectors", "v.vec", "--vector-words", "0"]
    result = pairlens(tmp_path, "encode", "train.csv", "--output", "mine", *options)
    assert (result.code, (tmp_path / "mine").exists()) == (2, False)
    assert f"error: {message}" in result.stderr


@pytest.mark.parametrize("weight", ["-1", "nan", "inf", "1e400", "x", "", "1 2"])
def test_a_weight_is_a_number_from_0(tmp_path: Path, weight: str) -> None:
    (tmp_path / "train.tsv").write_text(f"s1\ts2\tw\na a\ta\t{weight}\n")
    result = pairlens(tmp_path, "encode", "train.tsv", "--weight-column", "w", "--output", "mine")
    assert (result.code, (tmp_path / "mine").exists()) == (2, False)
    assert "train.tsv:2: " in result.stderr


def test_a_class_of_dev_alone_is_a_class_of_a_cut_file(tmp_path: Path) -> None:
    rows = "".join(f"question {i}\tanswer {i}\tlabel{i}\n" for i in range(40))
    (tmp_path / "all.tsv").write_text("s1\ts2\tlabel\n" + rows)
    assert pairlens(tmp_path, "encode", "all.tsv", "--split", "50,50", "--output", "mine").code == 0
    assert len(json.loads((tmp_path / "mine" / "classes.json").read_text())) == 40


def test_a_file_is_cut_so_that_no_query_stands_in_two_splits(tmp_path: Path) -> None:
    rows = [(f"question {i % 50}" + " ?" * (i % 2), f"answer {i}", i % 2) for i in range(400)]
    rows = [(q.upper() if i % 3 else f" {q}", v, label) for i, (q, v, label) in enumerate(rows)]
    write_csv(tmp_path / "all.csv", rows)
    chars = ["--tokenizer", "char", "--min-count", "1"]
    for seed, folder in (("1", "a"), ("1", "again"), ("2", "b")):
        result = pairlens(
            tmp_path, "encode", "all.csv", "--split", "60,20,20", "--seed", seed, "--output", folder, *chars
        )
        assert result.code == 0, result.stderr
    queries = {split: set(words(tmp_path / "a", f"{split}.query.txt")) for split in ("train", "dev", "test")}
    lines = {split: len((tmp_path / "a" / f"{split}.query.txt").read_text().splitlines()) for split in queries}
    assert sum(lines.values()) == 400
    assert all(lines.values())
    assert not queries["train"] & queries["dev"] | queries["train"] & queries["test"] | queries["dev"] & queries["test"]
    assert files_below(tmp_path / "a") == files_below(tmp_path / "again")
    assert files_below(tmp_path / "a") != files_below(tmp_path / "b")


def test_a_text_without_a_token_stops_is_left_out_or_kept(tmp_path: Path) -> None:
    write_csv(tmp_path / "train.csv", [("a b", "b a", 1), ("a", " ", 0), ("a", "b", 1)])
    result = pairlens(tmp_path, "encode", "train.csv", "--output", "mine")
    assert (result.code, (tmp_path / "mine" / "vocab.txt").exists()) == (2, False)
    assert "train.csv:3: the value ' ' has no tokens; correct it, or drop such rows with --empty drop" in result.stderr
    assert pairlens(tmp_path, "encode", "train.csv", "--output", "drop", "--empty", "drop").code == 0
    assert (tmp_path / "drop" / "train.label.txt").read_text() == "1\n1\n"
    assert pairlens(tmp_path, "encode", "train.csv", "--output", "keep", "--empty", "keep").code == 0
    assert words(tmp_path / "keep", "train.value.txt") == ["b a", "", "b"]


WRONG = [
    (["-o", "x"], "FILE is missing"),
    (["train.csv"], "--output is missing; add --output DIR"),
    (["train.csv", "dev.csv", "--split", "80,20", "-o", "x"], "--split cuts one file"),
    (["train.csv", "--split-by", "row", "-o", "x"], "--split-by and --seed are for splitting one file; add --split"),
    (["train.csv", "--split", "a,b", "-o", "x"], "--split must be two or three positive numbers"),
    (["train.csv", "--split", "80,20", "--split-by", "group", "-o", "x"], "--split-by group needs groups"),
    (["train.csv", "--like", "nothing", "-o", "x"], "nothing/tokenizer.json: no such file"),
    (["train.csv", "--tokenizer", "no.json", "-o", "x"], "no.json: No such file or directory"),
    (
        ["train.csv", "--tokenizer", "no.json", "--min-count", "3", "-o", "x"],
        "--min-count is for learning a vocabulary",
    ),
    (["train.csv", "--vectors", "v.vec", "--tokenizer", "bpe", "-o", "x"], "--vectors has vectors of words; leave it"),
    (["train.csv", "--vectors", "v.vec", "--like", "dir", "-o", "x"], "--vectors is for learning a vocabulary"),
    (["train.csv", "--vectors", "v", "--vector-words", "9" * 20, "-o", "x"], "Invalid value for '--vector-words'"),
    (["train.csv", "--vector-words", "9", "-o", "x"], "--vector-words is for --vectors; add --vectors FILE"),
    (["train.csv", "--query-file", "q", "-o", "x"], "--query-file and its like are read instead of tables"),
    (["--query-file", "q", "-o", "x"], "give both --query-file and --value-file"),
    (["missing.csv", "-o", "x"], "missing.csv: No such file or directory"),
    (["train.csv", "-o", "train.csv"], "train.csv: is a file; --output needs a directory"),
]


@pytest.mark.parametrize(("arguments", "message"), WRONG, ids=[message for _, message in WRONG])
def test_wrong_usage_is_told_and_nothing_is_made(tmp_path: Path, arguments: list[str], message: str) -> None:
    for name in ("train.csv", "dev.csv"):
        write_csv(tmp_path / name)
    before = files_below(tmp_path)
    result = pairlens(tmp_path, "encode", *arguments)
    assert (result.code, result.stdout) == (2, "")
    assert message in result.stderr
    assert result.stderr.count("\n") == 1
    assert files_below(tmp_path) == before


def test_nothing_is_overwritten_without_force(tmp_path: Path) -> None:
    write_csv(tmp_path / "train.csv")
    assert pairlens(tmp_path, "encode", "train.csv", "--output", "mine").code == 0
    before = files_below(tmp_path)
    result = pairlens(tmp_path, "encode", "train.csv", "--output", "mine", "--cased")
    assert (result.code, "exists already" in result.stderr) == (2, True)
    assert files_below(tmp_path) == before
    assert pairlens(tmp_path, "encode", "train.csv", "--output", "mine", "--cased", "--force").code == 0
    assert files_below(tmp_path) != before


def test_an_encoding_imports_nothing_heavy(tmp_path: Path) -> None:
    write_csv(tmp_path / "train.csv")
    assert pairlens(tmp_path, "encode", "train.csv", "--output", "mine").code == 0
    program = (
        "import sys; from pairlens_cli.app import app; "
        f"app(['encode', 'train.csv', '--like', 'mine', '--output', 'out{os.getpid()}'], standalone_mode=False); "
        "print([m for m in ('tensorflow', 'matplotlib', 'numba', 'h5py', 'pyarrow', 'tokenizers') if m in sys.modules])"
    )
    done = run_to_end([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"  # plain texts need no library


def test_progress_is_shown_on_a_terminal(tmp_path: Path) -> None:
    write_csv(tmp_path / "train.csv", ROWS * 10_000)
    command = [PAIRLENS, "encode", "train.csv", "--output", "mine"]
    code, shown = on_a_terminal(command, "stderr", cwd=tmp_path, env=plain_environment())
    assert code == 0, shown
    assert b"rows read for the vocabulary" in shown
    assert b" rows/s" in shown
