"""From users' text files to a model that is encoded, trained and evaluated, and that scores texts."""

from __future__ import annotations

import csv
import io
import json
import select
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from command_line import PAIRLENS, WITHOUT_PRIVILEGES, files_below, made_once, plain_environment
from forked import pairlens
from raw_texts import ENGLISH, SHAPES, Shape, numbered, pairs_of, write_csv
from running import after, run_to_end, running

QUOTED, CLASSES, _, _, CUT = SHAPES
IDS = ["data/mine/dev.query.txt", "data/mine/dev.value.txt"]
CLASS_NAMES = list(CLASSES.classes or ())


def five_lines(shape: Shape) -> str:
    """Return the shell commands that turn the files into a model and a page of its attention."""
    small = "--set training.epochs=2 --set model.embedding.output_dim=10 --set model.dnn.units=16"
    return f"""\
        pairlens encode {shlex.join(shape.encode)} --output data/mine
        pairlens init data/mine --output mine.yaml
        pairlens train mine.yaml --output run {small}
        pairlens evaluate run --output evaluation.json
        pairlens attend run {" ".join(IDS)} --limit 5 --output maps.html
    """


def made(tmp_path_factory: pytest.TempPathFactory, shape: Shape) -> Path:
    """A folder with files of this shape and the results of the five lines."""

    def make(folder: Path) -> None:
        folder.mkdir()
        shape.write(folder)
        said, code = "", 0
        for line in five_lines(shape).strip().splitlines():
            result = pairlens(folder, *shlex.split(line)[1:])
            said, code = said + result.stderr, code or result.code
        (folder / "stderr").write_text(f"{said}\nexit {code}")

    return made_once(tmp_path_factory, shape.name, make)


@pytest.fixture(params=SHAPES, ids=lambda shape: shape.name)
def shape(request: pytest.FixtureRequest) -> Shape:
    return request.param  # type: ignore[no-any-return]


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory, shape: Shape) -> Path:
    return made(tmp_path_factory, shape)


@pytest.fixture
def quoted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory, QUOTED)


@pytest.fixture
def classes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory, CLASSES)


@pytest.fixture
def cut(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory, CUT)


def stdout(folder: Path, *arguments: str | Path, stdin: str = "") -> str:
    result = pairlens(folder, *arguments, stdin=stdin)
    assert (result.code, result.stderr) == (0, "")
    return result.stdout


# ---- the five lines --------------------------------------------------------------------------------------------------


def test_five_lines_make_a_model_of_files_as_people_have_them(folder: Path, shape: Shape) -> None:
    stderr = (folder / "stderr").read_text()
    assert stderr.endswith("\nexit 0"), stderr
    evaluation = json.loads((folder / "evaluation.json").read_text())
    measured = folder / "data" / "mine" / f"{evaluation['split']}.query.txt"
    assert evaluation["pairs"] == len(measured.read_text().splitlines())
    assert f"task: {shape.task}\n" in (folder / "run" / "config.yaml").read_text()
    assert evaluation.get("classes") == shape.classes
    assert "<html" in (folder / "maps.html").read_text()
    for name in ("vocab.txt", "tokenizer.json"):
        assert (folder / "run" / name).read_bytes() == (folder / "data" / "mine" / name).read_bytes()


# ---- the same scores in every way ------------------------------------------------------------------------------------


def rows_of_dev(folder: Path, shape: Shape) -> list[tuple[str, str]]:
    """The texts of data/mine/dev, in its order."""
    if shape.dev is None:
        with (folder / "pairs.csv").open(encoding="utf-8-sig", newline="") as file:
            by_id = {row["id"]: (row["question1"], row["question2"]) for row in csv.DictReader(file)}
        return [by_id[line] for line in (folder / "data/mine/dev.id.txt").read_text().splitlines()]
    text = (folder / shape.dev).read_text(encoding="utf-8")
    if shape.dev.endswith(".jsonl"):
        return [(row["question"], row["answer"]) for row in map(json.loads, text.splitlines())]
    if shape.dev.endswith(".csv"):
        return [(row[1], row[2]) for row in csv.reader(io.StringIO(text, newline=""))][1:]
    rows = [line.split("\t") for line in text.splitlines()]
    return [(row[0], row[1]) for row in rows] if shape.columns else [(row[1], row[2]) for row in rows[1:]]


def test_files_a_table_stdin_two_texts_and_ids_score_the_same(folder: Path, shape: Shape, tmp_path: Path) -> None:
    scores = stdout(folder, "score", "run", *IDS)
    pairs = [(query.replace("\n", " "), value.replace("\n", " ")) for query, value in rows_of_dev(folder, shape)]
    assert len(pairs) == len(scores.splitlines()) > 10
    for i, name in enumerate(("q.txt", "v.txt")):
        (tmp_path / name).write_text("".join(f"{pair[i]}\n" for pair in pairs), encoding="utf-8")
    assert stdout(folder, "score", "run", "--text", tmp_path / "q.txt", tmp_path / "v.txt") == scores
    both = "".join(f"{query}\t{value}\n" for query, value in pairs)
    assert stdout(folder, "score", "run", "--text", "-", stdin=both) == scores
    if shape.dev:
        table = ["--input", shape.dev, *shape.columns]
        assert stdout(folder, "score", "run", *table, "--format", "text") == scores
    ones = [stdout(folder, "score", "run", "--query-text", q, "--value-text", v) for q, v in pairs[:2]]
    assert ones == scores.splitlines(keepends=True)[:2]


def other_files(folder: Path) -> list[str]:
    """Write the pairs of train.csv and dev.csv in other formats, one folder each; return the names of the dev files."""
    columns = ["question1", "question2", "is_duplicate"]
    for seed, (split, count) in enumerate([("train", 80), ("dev", 24)], start=1):
        pairs = pairs_of(ENGLISH, count, seed)
        for name in ("utf-16", "tabs", "other", "parquet"):
            (folder / name).mkdir(exist_ok=True)
        write_csv(folder / "utf-16" / f"{split}.csv", numbered(pairs), "utf-16")
        write_csv(folder / "tabs" / f"{split}.csv", numbered(pairs), delimiter="\t")
        write_csv(folder / "other" / f"{split}.csv", numbered(pairs), delimiter=";", end="\n")
        table = pa.table(dict(zip(columns, map(list, zip(*pairs, strict=True)), strict=True)))
        pq.write_table(table, folder / "parquet" / f"{split}.parquet")
    return ["utf-16/dev.csv", "tabs/dev.csv", "other/dev.csv", "parquet/dev.parquet"]


def test_the_kind_of_the_file_makes_no_difference(quoted: Path, tmp_path: Path) -> None:
    """CSV in UTF-16, with tabs or with semicolons, and Parquet are encoded to the same files and score the same."""
    expected = files_below(quoted / "data" / "mine")
    scores = stdout(quoted, "score", "run", *IDS)
    for name in other_files(tmp_path):
        train = name.replace("dev", "train")
        out = tmp_path / Path(name).parent / "mine"
        assert pairlens(tmp_path, "encode", train, name, "--output", out).code == 0
        made_of_it = files_below(out)
        if "parquet" in name:  # its labels are not numbers
            assert json.loads(made_of_it.pop("classes.json")) == ["false", "true"]
        assert made_of_it == expected, name
        assert stdout(tmp_path, "score", quoted / "run", "--input", name, "--format", "text") == scores, name


def test_a_label_that_could_be_either_is_asked_for(classes: Path, tmp_path: Path) -> None:
    result = pairlens(classes, "encode", "SICK_train.txt", "--output", tmp_path / "mine")
    assert (result.code, (tmp_path / "mine").exists()) == (2, False)
    assert result.stderr == (
        "error: SICK_train.txt: the label could be relatedness_score or entailment_judgment; "
        "give --label-column, or --label-column none\n"
    )


# ---- a table again, with scores --------------------------------------------------------------------------------------


def read_table(path: Path) -> list[list[str]]:
    """Return the rows of a table as texts, the header first."""
    if path.suffix == ".jsonl":
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        return [list(rows[0]), *([str(value) for value in row.values()] for row in rows)]
    delimiter = "\t" if path.suffix in (".tsv", ".txt") else ","
    quoting = csv.QUOTE_NONE if path.suffix == ".txt" else csv.QUOTE_MINIMAL
    with path.open(newline="") as file:
        return list(csv.reader(file, delimiter=delimiter, quoting=quoting))


@pytest.mark.parametrize("name", ["out.csv", "out.tsv", "out.jsonl"])
def test_a_table_comes_back_with_a_column_more(quoted: Path, tmp_path: Path, name: str) -> None:
    scores = stdout(quoted, "score", "run", *IDS).splitlines()
    assert stdout(quoted, "score", "run", "--input", "dev.csv", "--output", tmp_path / name) == ""
    before, after = read_table(quoted / "dev.csv"), read_table(tmp_path / name)
    assert [row[:-1] for row in after] == before
    assert [row[-1] for row in after] == ["score", *scores]


def test_parquet_comes_back_as_csv(quoted: Path, tmp_path: Path) -> None:
    other_files(tmp_path)
    table = stdout(tmp_path, "score", quoted / "run", "--input", "parquet/dev.parquet")
    header, *rows = csv.reader(io.StringIO(table, newline=""))
    assert header == ["question1", "question2", "is_duplicate", "score"]
    expected = [[query, value, str(same).lower()] for query, value, same in pairs_of(ENGLISH, 24, 2)]
    assert [row[:3] for row in rows] == expected
    result = pairlens(tmp_path, "score", quoted / "run", "--input", "parquet/dev.parquet", "--output", "out.parquet")
    assert (result.code, (tmp_path / "out.parquet").exists()) == (2, False)
    assert "out.parquet: Parquet cannot be written; choose a name with .csv, .tsv or .jsonl" in result.stderr


def test_classes_have_a_column_each_and_the_decision_is_a_word(classes: Path, tmp_path: Path) -> None:
    probabilities = [line.split() for line in stdout(classes, "score", "run", *IDS).splitlines()]
    out = tmp_path / "out.txt"
    assert stdout(classes, "score", "run", "--input", "SICK_dev.txt", "--labels", "--output", out) == ""
    before, after = read_table(classes / "SICK_dev.txt"), read_table(out)
    assert after[0] == [*before[0], *(f"score_{name}" for name in CLASS_NAMES), "predicted"]
    assert [row[:5] for row in after] == before
    assert [row[5:8] for row in after[1:]] == probabilities
    chosen = [max(range(3), key=lambda i, row=row: float(row[i])) for row in probabilities]  # type: ignore[misc]
    assert [row[8] for row in after[1:]] == [CLASS_NAMES[i] for i in chosen]
    assert stdout(classes, "score", "run", "--input", "SICK_dev.txt", "--output", tmp_path / "out.jsonl") == ""
    row = json.loads((tmp_path / "out.jsonl").read_text().splitlines()[0])
    assert row["score"] == list(map(float, probabilities[0]))


def test_a_decision_counts_as_evaluate_counts(quoted: Path, tmp_path: Path) -> None:
    evaluation = json.loads((quoted / "evaluation.json").read_text())
    table = stdout(quoted, "score", "run", "--input", "dev.csv", "--labels")
    rows = list(csv.DictReader(io.StringIO(table, newline="")))
    right = sum(float(row["predicted"]) == float(row["is_duplicate"]) for row in rows)
    assert right / len(rows) == pytest.approx(evaluation["metrics"]["accuracy"], abs=1e-6)


def test_a_ranking_decides_nothing(tmp_path_factory: pytest.TempPathFactory) -> None:
    result = pairlens(made(tmp_path_factory, SHAPES[2]), "score", "run", "--input", "dev.jsonl", "--labels")
    assert (result.code, result.stdout, result.stderr.count("\n")) == (2, "", 1)
    assert "--labels: a model for ranking predicts no labels, only scores" in result.stderr


def test_what_names_a_pair_is_carried_through(cut: Path) -> None:
    names = [f"ko-{i}" for i in range(150)]
    table = ["score", "run", "--input", "pairs.csv", "--id-column", "id"]
    rows = [line.split("\t") for line in stdout(cut, *table, "--format", "tsv").splitlines()]
    assert [row[0] for row in rows] == names
    objects = [json.loads(line) for line in stdout(cut, *table, "--format", "jsonl").splitlines()]
    assert [(row["id"], row["pair"]) for row in objects] == list(zip(names, range(150), strict=True))
    assert [[row["query"], row["value"]] for row in objects] == [row[1:3] for row in rows]
    assert [row["score"] for row in objects] == [float(row[3]) for row in rows]


# ---- faults ----------------------------------------------------------------------------------------------------------

FAULTY = 'question1,question2,n\nlearn French,study French,1\nlearn\n,study,3\n"find\napples","find fruit",4\n'


def test_rows_with_a_fault_are_told_and_score_nan(quoted: Path, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text(FAULTY)
    arguments = ["score", quoted / "run", "--input", "in.csv"]
    result = pairlens(tmp_path, *arguments)
    assert (result.code, result.stderr.count("\n")) == (2, 1)
    assert "error: in.csv:3: 1 column, but the value is column 2; correct the row" in result.stderr
    result = pairlens(tmp_path, *arguments, "--on-bad-line", "nan", "--bad-lines", "bad.jsonl", "--labels")
    assert result.code == 0
    header, *rows = csv.reader(io.StringIO(result.stdout, newline=""))
    assert header == ["question1", "question2", "n", "score", "predicted"]
    assert [row[:3] for row in rows] == [
        ["learn French", "study French", "1"],
        ["learn", "", ""],
        ["", "study", "3"],
        ["find\napples", "find fruit", "4"],
    ]
    assert [row[3:] for row in rows[1:3]] == [["nan", ""]] * 2
    assert all(0 < float(row[3]) < 1 and row[4] in ("0", "1") for row in (rows[0], rows[3]))
    bad = [json.loads(line) for line in (tmp_path / "bad.jsonl").read_text().splitlines()]
    assert [(fault["pair"], fault["line"]) for fault in bad] == [(1, 3), (2, 4)]
    assert "a text without tokens" in bad[1]["message"]


def test_a_table_without_rows_is_its_header(quoted: Path) -> None:
    table = ["score", "run", "--input", "-"]
    assert stdout(quoted, *table, stdin="question1,question2\n") == "question1,question2,score\n"
    result = pairlens(quoted, *table)
    assert (result.code, result.stdout, result.stderr.count("\n")) == (2, "", 1)


def test_a_reader_that_leaves_ends_it_in_quiet(quoted: Path, tmp_path: Path) -> None:
    with (tmp_path / "many.csv").open("w") as file:
        file.write("question1,question2\n" + "learn French,study French\n" * 50_000)
    command = [PAIRLENS, "score", str(quoted / "run"), "--input", "many.csv"]
    with running(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"question1,question2,score\n"
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(60) == 0


# ---- a filter, and another machine -----------------------------------------------------------------------------------


def test_each_line_is_answered_before_the_next_is_sent(quoted: Path) -> None:
    pairs = [("learn French", "study French"), ("find fruit", "sell apples"), ("learn", "study")]
    expected = stdout(quoted, "score", "run", "--text", "-", stdin="".join(f"{q}\t{v}\n" for q, v in pairs))
    command = [PAIRLENS, "score", "run", "--text", "-", "--line-buffered"]
    with running(command, cwd=quoted, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        answers = []
        for query, value in pairs:
            process.stdin.write(f"{query}\t{value}\n".encode())
            process.stdin.flush()
            ready, _, _ = select.select([process.stdout], [], [], 60)
            assert ready, "no answer"
            answers.append(process.stdout.readline().decode())
        process.stdin.close()
        assert process.stdout.read() == b""
        assert process.wait(60) == 0
    assert "".join(answers) == expected


def test_a_run_alone_scores_texts_on_another_machine(quoted: Path, tmp_path: Path) -> None:
    """It needs neither its data nor a home directory, and works in a read-only folder."""
    scores = stdout(quoted, "score", "run", *IDS)
    run = Path(shutil.copytree(quoted / "run", tmp_path / "elsewhere" / "model"))
    shutil.copy(quoted / "dev.csv", tmp_path / "elsewhere" / "in.csv")
    config = run / "config.yaml"
    config.write_text(config.read_text().replace(str(quoted), "/nowhere"))
    for path in [*run.rglob("*"), run, run.parent]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    command = ["env", "-u", "HOME", PAIRLENS, "score", "model", "--input", "in.csv", "--format", "text"]
    command = after(WITHOUT_PRIVILEGES, command)
    done = run_to_end(command, cwd=run.parent, env=plain_environment(), capture_output=True, text=True)
    for path in (run.parent, run, run / "checkpoint"):
        path.chmod(0o755)
    assert (done.returncode, done.stdout) == (0, scores), done.stderr


USAGE: list[tuple[Sequence[str], str]] = [
    ([], "QUERY and VALUE are missing: two files, or - for stdin, --input, or --query-text"),
    (["q.txt", "v.txt", "--input", "dev.csv"], "give only one of: QUERY and VALUE; --input"),
    (["--query-text", "a"], "--query-text and --value-text go together"),
    (["--input", "dev.csv", "--text"], "--text is for QUERY and VALUE; leave it out, as --input"),
    (["--input", "dev.csv", "--words", "--format", "tsv"], "--words shows words instead of ids"),
    (["--input", "dev.csv", "--labels", "--format", "tsv"], "--labels adds a column to the rows of --input"),
    (["--text", "q.txt", "v.txt", "--labels"], "--labels adds a column to the rows of --input"),
    (["--text", "q.txt", "v.txt", "--query-column", "1"], "the options for tables are for --input"),
    (["--input", "dev.csv", "--id-column", "1"], "--id-column is for formats that leave out the row"),
    (
        ["--input", "-", "--line-buffered"],
        "--line-buffered is for lines, not for tables; give - for QUERY, with --text",
    ),
    (["--text", "q.txt", "v.txt", "--line-buffered"], "--line-buffered is for stdin"),
    (
        ["--text", "q.txt", "v.txt", "--resume", "-o", "o"],
        "--resume needs files of ids; make them with pairlens encode",
    ),
    (["--input", "dev.csv", "--query-column", "1"], "give both --query-column and --value-column"),
    (["--input", "dev.csv", "--delimiter", "ab"], "--delimiter 'ab': must be one character"),
    (["--input", "none.csv"], "none.csv: No such file or directory"),
]


@pytest.mark.parametrize(("arguments", "message"), USAGE, ids=[" ".join(arguments) for arguments, _ in USAGE])
def test_wrong_usage_is_one_line(quoted: Path, arguments: Sequence[str], message: str) -> None:
    result = pairlens(quoted, "score", "run", *arguments)
    assert (result.code, result.stdout, result.stderr.count("\n")) == (2, "", 1)
    assert message in result.stderr
