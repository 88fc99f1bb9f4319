"""attend, evaluate and report on texts show the original words, with the same numbers as on ids."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from command_line import Result, made_once
from forked import pairlens

COLOURS = ["red", "green", "blue", "grey"]
PAIRS = [(f"The  {a.upper()}, please", f"the {b}?", a == b) for a in COLOURS for b in COLOURS]
CONFIG = """\
task: {task}
data: {{train: mine/train, dev: mine/train, test: mine/train, vocab: mine/vocab.txt, tokenizer: mine/tokenizer.json,
  classes: mine/classes.json}}
model: {{embedding: {{input_dim: 11, output_dim: 5}}, conv: {{filters: 3, kernel_size: 2}}, dnn: {{units: [3]}},
  attention: {{direction: both}}}}
training: {{epochs: 2, batch_size: 8}}
"""


@pytest.fixture
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`train.jsonl` and its lines in `q.txt`, `v.txt` and `l.txt`; runs `binary` and `ranking` of it."""

    def make(folder: Path) -> None:
        folder.mkdir()
        rows = [
            {"id": i // 4, "text1": q, "text2": v, "label": str(same).lower()} for i, (q, v, same) in enumerate(PAIRS)
        ]
        (folder / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        for name, key in (("q.txt", "text1"), ("v.txt", "text2"), ("l.txt", "label"), ("g.txt", "id")):
            (folder / name).write_text("".join(f"{row[key]}\n" for row in rows))
        done(folder, "encode", "train.jsonl", "--group-column", "id", "--output", "mine", "--min-count", "1")
        for task in ("binary", "ranking"):
            (folder / f"{task}.yaml").write_text(CONFIG.format(task=task))
            done(folder, "train", f"{task}.yaml", "--output", task)

    return made_once(tmp_path_factory, "text_views", make)


def read_blocks(page: Path) -> dict[str, Any]:
    """The data of a page, by block name."""
    found = re.findall(r'<script type="application/json" id="([^"]+)">(.*?)</script>', page.read_text(), re.DOTALL)
    return {name: json.loads(text) for name, text in found}


def done(folder: Path, *arguments: str | Path, **environment: str) -> Result:
    result = pairlens(folder, *arguments, **environment)
    assert result.code == 0, result.stderr
    return result


WAYS = [
    ["--input", "train.jsonl"],
    ["--text", "--query", "q.txt", "--value", "v.txt", "--label", "l.txt"],
]


@pytest.mark.parametrize("way", WAYS, ids=["table", "lines"])
@pytest.mark.parametrize("task", ["binary", "ranking"])
def test_texts_measure_what_their_ids_measure(project: Path, task: str, way: list[str]) -> None:
    """Groups from a column, from a file and from equal queries are the same here."""
    group = [] if task == "binary" else ["--group-column", "id"] if way[0] == "--input" else ["--group", "g.txt"]
    of_ids = json.loads(done(project, "evaluate", task, "--split", "test").stdout)
    for more in ([], group):
        of_texts = json.loads(done(project, "evaluate", task, *way, *more, "--errors", "2").stdout)
        assert (of_texts["metrics"], of_texts["pairs"]) == (of_ids["metrics"], 16)
        assert of_texts["intervals"] == of_ids["intervals"]
        shown = {(error["query"], error["value"]) for error in of_texts["errors"]}
        assert shown <= {(query, value) for query, value, _ in PAIRS}  # as they were written


@pytest.mark.parametrize("way", WAYS, ids=["table", "lines"])
def test_a_report_shows_texts(project: Path, tmp_path: Path, way: list[str]) -> None:
    done(project, "report", "binary", *way, "--errors", "1", "--output", tmp_path / "report.html")
    blocks = read_blocks(tmp_path / "report.html")
    (words,) = [block["query"] for name, block in blocks.items() if name.startswith("map-")]
    assert words[:1] == ["The"]
    assert words[1].isupper()


def test_two_texts_are_shown_in_the_terminal(project: Path) -> None:
    shown = done(project, "attend", "binary", "--query-text", "The RED one", "--value-text", "blue?", COLUMNS="80")
    header, *rows = re.findall(r"^ *(?:The|RED|one\*|blue +\?).*$", shown.stdout, re.MULTILINE)
    assert header.split() == ["blue", "?"]
    assert [row.split()[0] for row in rows[:3]] == ["The", "RED", "one*"]
    assert "* marks words that are not in the vocabulary" in shown.stderr


def test_a_page_has_the_texts_and_their_words_in_place(project: Path, tmp_path: Path) -> None:
    done(project, "attend", "binary", "--input", "train.jsonl", "--pairs", "1", "--output", tmp_path / "maps.html")
    pair = read_blocks(tmp_path / "maps.html")["pair-0"]
    assert pair["texts"] == ["The  RED, please", "the green?"]
    assert pair["query"] == ["The", "RED", ",", "please"]
    assert pair["gaps"] == [["", "  ", "", " "], ["", " ", ""]]
    assert pair["unknown"] is False


def test_matrices_are_those_of_the_ids_with_the_words_of_the_texts(project: Path, tmp_path: Path) -> None:
    ids = ["mine/train.query.txt", "mine/train.value.txt"]
    for name, source in (("ids.tsv", ids), ("texts.tsv", ["--text", "q.txt", "v.txt"])):
        done(project, "attend", "binary", *source, "--output", tmp_path / name)
    of_ids, of_texts = ((tmp_path / name).read_text().splitlines() for name in ("ids.tsv", "texts.tsv"))
    assert [line.lower() for line in of_texts[1:]] == of_ids[1:]
    assert "\tRED\t" in of_texts[4 + 3]


WRONG = [
    (
        ["evaluate", "binary", "--input", "train.jsonl", "--split", "dev"],
        "--input replaces --split, --text and the files",
    ),
    (["evaluate", "binary", "--text"], "--text needs --query, --value and --label"),
    (["evaluate", "binary", "--query-column", "x"], "the options for tables are for --input; add --input FILE"),
    (["evaluate", "binary", "--input", "train.jsonl", "--label-column", "none"], "add --label-column"),
    (["evaluate", "binary", "--input", "train.jsonl", "--group-column", "id"], "--group-column is for task ranking"),
    (
        ["evaluate", "binary", "--input", "train.jsonl", "--label-column", "text2"],
        "--label-column text2 is one of the text columns",
    ),
    (["attend", "binary"], "QUERY and VALUE are missing"),
    (["attend", "binary", "--query-text", "x"], "--query-text and --value-text go together"),
    (["attend", "binary", "q.txt", "v.txt", "--input", "train.jsonl"], "give only one of"),
    (
        ["attend", "binary", "--text", "-", "--sample", "1"],
        "--sample reads the texts twice, which a stream does not allow; give files",
    ),
    (["attend", "binary", "--query-text", "", "--value-text", "x"], "--query-text:1:1: a text without tokens"),
]


@pytest.mark.parametrize(("arguments", "message"), WRONG, ids=[message for _, message in WRONG])
def test_what_is_not_clear_is_refused(project: Path, arguments: list[str], message: str) -> None:
    result = pairlens(project, *arguments)
    assert (result.code, result.stdout) == (2, "")
    assert message in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_run_of_ids_takes_no_texts(project: Path, tmp_path: Path) -> None:
    for name in ("config.yaml", "weights.npz"):
        (tmp_path / name).write_bytes((project / "binary" / name).read_bytes())
    result = pairlens(tmp_path, "attend", ".", "--query-text", "a", "--value-text", "b")
    assert result.code == 2
    assert (
        "tokenizer.json: missing, so the run takes only ids; to score texts, train with data.tokenizer" in result.stderr
    )
