"""A scored table: the same rows, with more columns."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from models import make_config, random_weights

from pairlens.config.schema import Config
from pairlens.config.tasks import Task
from pairlens.errors import UsageError
from pairlens.jobs.score_table import TableWriter, decisions, output_layout
from pairlens.runs.run import Run
from pairlens.scoring.logits import Logits
from pairlens.tables.formats import Layout
from pairlens.tables.pairs import TableOptions, TablePairs
from pairlens.texts.pairs import Chunk, Pairs
from pairlens.texts.texts import Texts

CSV, TSV, TABS, JSONL = Layout("csv", ","), Layout("tsv", "\t"), Layout("csv", "\t"), Layout("jsonl")
HALF = 0.0  # the logit of probability .5


def scored(
    table: str,
    *logits: Any,
    layout: Layout | None = None,
    task: Task = "binary",
    faults: dict[int, str] | None = None,
    **options: Any,
) -> str:
    """Return the output for a table whose rows have these logits."""
    pairs = TablePairs([io.BytesIO(table.encode())], TableOptions(), labelled=False)
    writer = TableWriter(layout or pairs.layout, pairs.columns, **options)
    text, done = writer.head(), 0
    for rows in pairs.rows(2, pass_over=bool(faults)):
        some = Logits(task, (np.array(logits[done : done + len(rows.rows)], np.float32),))
        nothing = Pairs(Texts.concatenate([]), Texts.concatenate([]))
        text += writer.lines(done, Chunk(nothing, [], None, rows), some, faults or {})
        done += len(rows.rows)
    return text


def test_rows_are_as_they_were_with_a_column_more() -> None:
    table = 's1,s2,note\n"a, ""b""",c,\n"a\nb",c,5 %\nd,e,f\n'
    assert scored(table, HALF, HALF, HALF) == (
        's1,s2,note,score\n"a, ""b""",c,,0.5\n"a\nb",c,5 %,0.5\nd,e,f,0.5\n'  # one header for all chunks
    )


def test_quotes_of_a_tsv_are_text() -> None:
    assert scored('s1\ts2\n"a" b\t"c\n', HALF) == 's1\ts2\tscore\n"a" b\t"c\t0.5\n'


def test_json_keeps_its_values_and_keys_that_come_up_later() -> None:
    table = '{"s1": "a", "s2": "b", "n": 1.50, "on": true}\n{"s2": "d", "s1": "c", "tags": ["x", null]}\n'
    assert [json.loads(line) for line in scored(table, HALF, HALF).splitlines()] == [
        {"s1": "a", "s2": "b", "n": 1.5, "on": True, "score": 0.5},
        {"s1": "c", "s2": "d", "tags": ["x", None], "score": 0.5},
    ]


def test_json_as_csv_has_values_as_json_writes_them_and_nothing_for_null() -> None:
    table = '{"s1": "a", "s2": "b", "on": true, "n": null, "l": ["é"]}\n{"s1": "c", "s2": "d"}\n'
    assert scored(table, HALF, HALF, layout=CSV) == 's1,s2,on,n,l,score\na,b,true,,"[""é""]",0.5\nc,d,,,,0.5\n'


def test_what_has_no_name_stands_behind_the_score() -> None:
    """Cells without a column name follow the score, so that it is always in its column and no cell is lost."""
    assert scored("s1,s2\na,b\nc,d,e,f\n", HALF, HALF) == "s1,s2,score\na,b,0.5\nc,d,0.5,e,f\n"
    assert json.loads(scored("s1,s2\na,b,e\n", HALF, layout=JSONL)) == {"s1": "a", "s2": "b", "3": "e", "score": 0.5}


def test_a_table_without_rows_keeps_its_header() -> None:
    assert scored("s1,s2\n") == "s1,s2,score\n"


@pytest.mark.parametrize(
    ("columns", "options", "header"),
    [
        ("s1,s2", {"as_logits": True}, "s1,s2,logits"),
        ("s1,s2,score", {}, "s1,s2,score,pairlens_score"),
        ("s1,s2,predicted,score", {"decide": list}, "s1,s2,predicted,score,pairlens_score,pairlens_predicted"),
        ("s1,s2,score,pairlens_score", {}, "s1,s2,score,pairlens_score,pairlens_pairlens_score"),
        ("s1,s2", {"classes": ["no", "yes", "maybe"]}, "s1,s2,score_no,score_yes,score_maybe"),
        ("s1,s2", {"classes": ["0", "1"], "as_logits": True}, "s1,s2,logits_0,logits_1"),
    ],
)
def test_new_columns_are_not_called_as_one_that_is_there(columns: str, options: dict[str, Any], header: str) -> None:
    assert scored(f"{columns}\n", **options) == f"{header}\n"


def test_a_row_with_a_fault_scores_nan_and_keeps_its_place() -> None:
    table, faults = "s1,s2,z\na,b,1\nc\n", {1: "the fault"}
    decide = {"decide": lambda logits: ["yes"] * len(logits.scores())}
    assert scored(table, HALF, HALF, faults=faults, **decide) == "s1,s2,z,score,predicted\na,b,1,0.5,yes\nc,,,nan,\n"
    classes = {"task": "multiclass", "classes": ["x", "y"]}
    assert scored(table, [0, 0], [0, 0], faults=faults, **classes).endswith("\nc,,,nan,nan\n")
    last = json.loads(scored(table, HALF, HALF, layout=JSONL, faults=faults, **decide).splitlines()[1])
    assert last == {"s1": "c", "score": None, "predicted": None, "error": "the fault"}


def test_a_score_for_each_class() -> None:
    options = {"task": "multiclass", "classes": ["no", "yes"]}
    assert scored("s1,s2\na,b\n", [0, 0], **options) == "s1,s2,score_no,score_yes\na,b,0.5,0.5\n"
    assert json.loads(scored("s1,s2\na,b\n", [0, 0], layout=JSONL, **options))["score"] == [0.5, 0.5]


CELLS = st.text(st.characters(exclude_characters="\r\0", exclude_categories=["Cs"]), max_size=4)


@given(st.lists(st.lists(CELLS, min_size=2, max_size=5).filter(any), min_size=1, max_size=5))
def test_every_cell_of_a_csv_comes_out_as_it_went_in(rows: list[list[str]]) -> None:
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerows([["s1", "s2", "x"], *rows])
    pairs = TablePairs([io.BytesIO(file.getvalue().encode())], TableOptions(input_format="csv"), labelled=False)
    writer = TableWriter(CSV, pairs.columns)
    (chunk,) = pairs.rows()
    logits = Logits("binary", (np.zeros(len(rows), np.float32),))
    nothing = Pairs(Texts.concatenate([]), Texts.concatenate([]))
    again = list(csv.reader(io.StringIO(writer.lines(0, Chunk(nothing, [], None, chunk), logits, {}), newline="")))
    whole = [row + [""] * (3 - len(row)) for row in rows]
    assert again == [[*row[:3], "0.5", *row[3:]] for row in whole]


@pytest.mark.parametrize(
    ("layout", "name", "written"),
    [
        (CSV, None, CSV),
        (TSV, None, TSV),
        (Layout("parquet"), None, CSV),
        (Layout("csv", ";"), "out.csv", Layout("csv", ";")),
        (TSV, "out.csv", CSV),
        (TSV, "out.csv.gz", CSV),
        (TSV, "out.tsv", TSV),
        (CSV, "out.tsv", TABS),
        (Layout("parquet"), "out.jsonl.xz", JSONL),
        (JSONL, "out.tsv", TABS),
        (JSONL, "out.txt", JSONL),
    ],
)
def test_the_name_of_the_output_says_how_rows_are_written(layout: Layout, name: str | None, written: Layout) -> None:
    assert output_layout(layout, Path(name) if name else None) == written


def test_parquet_is_not_written() -> None:
    with pytest.raises(UsageError, match=r"out\.parquet: Parquet cannot be written"):
        output_layout(Layout("parquet"), Path("out.parquet"))


# ---- decisions -------------------------------------------------------------------------------------------------------


def run_of(folder: Path, names: list[str] | None = None, **config: Any) -> tuple[Run, Config]:
    """A run with random weights and these class names."""
    made = make_config(**config)
    carried = {"classes.json": json.dumps(names).encode()} if names else {}
    run = Run.create(folder / "run", made, {}, carried=carried)
    run.write_weights(random_weights(made))
    return run, made


def test_a_decision_is_that_of_the_threshold_fitted_on_dev(tmp_path: Path) -> None:
    run, config = run_of(tmp_path)
    logits = Logits("binary", (np.array([-1, 0, 1], np.float32),))  # scores .27, .5 and .73
    assert decisions(run, config)(logits) == ["0", "1", "1"]
    (run.path / "evaluation.json").write_text('{"threshold": 0.7}')
    assert decisions(run, config)(logits) == ["0", "0", "1"]


def test_a_decision_tells_scores_apart_that_are_equal_in_float32(tmp_path: Path) -> None:
    run, config = run_of(tmp_path, ["no", "yes"])
    (run.path / "evaluation.json").write_text('{"threshold": 1.0, "logit_threshold": 25.0}')
    logits = Logits("binary", (np.array([20, 30], np.float32),))
    assert logits.scores().tolist() == [1.0, 1.0]
    assert decisions(run, config)(logits) == ["no", "yes"]


def test_of_more_classes_the_most_probable_one_is_chosen(tmp_path: Path) -> None:
    logits = Logits("multiclass", (np.array([[0, 2, 1], [5, 1, 1]], np.float32),))
    run, config = run_of(tmp_path / "a", ["red", "green", "blue"], task="multiclass", classes=3)
    assert decisions(run, config)(logits) == ["green", "red"]
    run, config = run_of(tmp_path / "b", task="multiclass", classes=3)
    assert decisions(run, config)(logits) == ["1", "0"]


@pytest.mark.parametrize("task", ["regression", "ranking"])
def test_other_tasks_decide_nothing(tmp_path: Path, task: str) -> None:
    with pytest.raises(UsageError, match=f"--labels: a model for {task} predicts no labels, only scores"):
        decisions(*run_of(tmp_path, task=task))
