"""Scoring from Python, without the command: its lines, its reports, and how it resumes."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from command_line import lines
from models import make_config, random_texts, random_weights

from pairlens.errors import DataError, UsageError
from pairlens.jobs.score_job import Listener, ScoreJob
from pairlens.jobs.score_lines import LineWriter
from pairlens.scoring import windows
from pairlens.scoring.scorer import Scorer
from pairlens.texts.lines import LabelKind
from pairlens.texts.soft_labels import is_soft, read_train_labels
from pairlens.texts.sources import IdFiles, IdStream
from pairlens.texts.texts import Texts

PAIRS, CHUNK = 50, 16


class Record(Listener):
    """All reports of a scoring, in order."""

    def __init__(self) -> None:
        self.events: list[str | int] = []

    def continues(self, pairs: int) -> None:
        self.events.append(f"continues from {pairs}")

    @contextmanager
    def scoring(self, pairs: int) -> Iterator[Callable[[int], object]]:
        self.events.append(pairs)
        yield self.events.append

    def interrupted(self) -> None:
        self.events.append("interrupted")


@pytest.fixture
def scorer(monkeypatch: pytest.MonkeyPatch) -> Scorer:
    monkeypatch.setattr(windows, "_CHUNK_PAIRS", CHUNK)
    config = make_config()
    return Scorer(config, random_weights(config), threads=2)


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    for seed, name in enumerate(["q.txt", "v.txt"]):
        (tmp_path / name).write_text(lines([text.tolist() for text in random_texts(PAIRS, 6, 23, seed)]))
    return tmp_path / "q.txt", tmp_path / "v.txt"


def damage(path: Path, *numbers: int) -> None:
    """Replace these lines, counted from 1, by bad ones."""
    rows = path.read_text().splitlines()
    for number in numbers:
        rows[number - 1] = "x"
    path.write_text("".join(f"{row}\n" for row in rows))


@pytest.mark.parametrize("task", ["binary", "ranking", "multiclass"])
def test_scores_are_labels_to_train_another_model_with(
    task: LabelKind, files: tuple[Path, Path], tmp_path: Path
) -> None:
    config = make_config(task, **({"classes": 3} if task == "multiclass" else {}))
    scorer = Scorer(config, random_weights(config))
    with (tmp_path / "t.label.txt").open("w") as out:
        ScoreJob(scorer, IdFiles(*files), LineWriter("text")).run({"output": out}, Listener())
    scores = scorer.score(*(Texts.from_lists(random_texts(PAIRS, 6, 23, seed)) for seed in (0, 1)))
    label = read_train_labels(tmp_path / "t.label.txt", task)
    assert is_soft(label)
    np.testing.assert_allclose(label, scores, rtol=1e-6)


def test_a_scoring_and_what_it_tells(scorer: Scorer, files: tuple[Path, Path]) -> None:
    out, record = io.StringIO(), Record()
    job = ScoreJob(scorer, IdFiles(*files), LineWriter("jsonl"))
    job.run({"output": out}, record)
    assert record.events == [0, 16, 32, 48, 50]
    assert (job.done, job.bad.faults) == (PAIRS, 0)
    rows = [json.loads(row) for row in out.getvalue().splitlines()]
    queries, values = (random_texts(PAIRS, 6, 23, seed) for seed in (0, 1))
    assert [row["query"] for row in rows] == [text.tolist() for text in queries]
    np.testing.assert_allclose([row["score"] for row in rows], scorer.score(queries, values), rtol=1e-6)


def test_a_stream(scorer: Scorer, files: tuple[Path, Path]) -> None:
    both = zip(*(path.read_text().splitlines() for path in files), strict=True)
    stream = io.BytesIO("".join(f"{query}\t{value}\n" for query, value in both).encode())
    of_files, of_stream = io.StringIO(), io.StringIO()
    ScoreJob(scorer, IdFiles(*files), LineWriter("text")).run({"output": of_files}, Listener())
    ScoreJob(scorer, IdStream(stream), LineWriter("text")).run({"output": of_stream}, Listener())
    assert of_stream.getvalue() == of_files.getvalue()


def test_bad_lines_are_those_of_their_chunk(scorer: Scorer, files: tuple[Path, Path]) -> None:
    damage(files[0], 2, 40)
    damage(files[1], 2, 17)
    out, bad = io.StringIO(), io.StringIO()
    job = ScoreJob(scorer, IdFiles(*files), LineWriter("text"), skip_bad=True)
    job.run({"output": out, "bad lines": bad}, Listener())
    assert [i for i, row in enumerate(out.getvalue().splitlines()) if row == "nan"] == [1, 16, 39]
    assert [(row["pair"], Path(row["file"]).name) for row in map(json.loads, bad.getvalue().splitlines())] == [
        (1, "q.txt"),
        (1, "v.txt"),
        (16, "v.txt"),
        (39, "q.txt"),
    ]
    assert (job.bad.pairs, job.bad.faults) == (3, 4)
    assert [message.split(": ")[0] for message in job.bad.first] == [
        f"{files[0]}:2:1",
        f"{files[1]}:2:1",
        f"{files[1]}:17:1",
        f"{files[0]}:40:1",
    ]


def test_a_scoring_that_failed_is_gone_on_with(scorer: Scorer, files: tuple[Path, Path], tmp_path: Path) -> None:
    """The output has the same bytes as without the failure; the faults of both parts are counted."""
    whole = io.StringIO()
    damage(files[0], 2)
    good = files[0].read_text()
    ScoreJob(scorer, IdFiles(*files), LineWriter("text"), skip_bad=True).run({"output": whole}, Listener())

    files[0].write_text("".join(f"{row}\n" for row in good.splitlines()[:-3]))
    paths, record = {"output": tmp_path / "out.txt"}, Record()
    with pytest.raises(DataError, match="47 lines, but"):
        ScoreJob(scorer, IdFiles(*files), LineWriter("text"), skip_bad=True).resume(paths, {}, record)
    assert record.events == [0, 16, "interrupted"]  # the bad line was read while the second chunk was being scored
    assert not paths["output"].exists()

    files[0].write_text(good)
    record, job = Record(), ScoreJob(scorer, IdFiles(*files), LineWriter("text"), skip_bad=True)
    job.resume(paths, {}, record)
    assert record.events == ["continues from 16", 16, 32, 48, 50]
    assert paths["output"].read_text() == whole.getvalue()
    assert (job.done, job.bad.pairs) == (PAIRS, 1)


@pytest.mark.parametrize(
    "state",
    [
        {"x": 1},
        {"position": 5, "bad": [0, 0, []]},
        {"position": [1, "x", 2], "bad": [0, 0, []]},
        {"position": [-1, 0, 0], "bad": [0, 0, []]},
        {"position": [1, 2, 3], "bad": None},
        {"position": [1, 2, 3], "bad": [0, 0, []], "read": [7]},
    ],
)
def test_a_state_that_no_scoring_saved(
    scorer: Scorer, files: tuple[Path, Path], tmp_path: Path, state: dict[str, object]
) -> None:
    (tmp_path / "scores.txt.partial").write_text("")
    saved = {"whole": False, "identity": {}, "bytes": {"output": 0}, "state": state}
    (tmp_path / "scores.txt.progress").write_text(json.dumps(saved))
    job = ScoreJob(scorer, IdFiles(*files), LineWriter("text"))
    with pytest.raises(UsageError, match="the saved progress is damaged"):
        job.resume({"output": tmp_path / "scores.txt"}, {}, Record())


@pytest.mark.parametrize("size", ["1e999", "-1", "4.5", "true", '"4"', "null"])
def test_sizes_that_no_file_has(scorer: Scorer, files: tuple[Path, Path], tmp_path: Path, size: str) -> None:
    (tmp_path / "scores.txt.partial").write_text("")
    progress = f'{{"whole": false, "identity": {{}}, "bytes": {{"output": {size}}}, "state": {{}}}}'
    (tmp_path / "scores.txt.progress").write_text(progress)
    job = ScoreJob(scorer, IdFiles(*files), LineWriter("text"))
    with pytest.raises(UsageError, match=r"scores\.txt\.progress: damaged"):
        job.resume({"output": tmp_path / "scores.txt"}, {}, Record())


@pytest.mark.parametrize("lost", ["cut off", "missing"])
def test_whole_files_that_are_lost(scorer: Scorer, files: tuple[Path, Path], tmp_path: Path, lost: str) -> None:
    """Killed after writing and before renaming: a file that was truncated or removed since is refused."""
    partial = tmp_path / "scores.txt.partial"
    if lost == "cut off":
        partial.write_text("0.5\n")
    saved = {"whole": True, "identity": {}, "bytes": {"output": 5}, "state": {"position": [2, 0, 0], "bad": [0, 0, []]}}
    (tmp_path / "scores.txt.progress").write_text(json.dumps(saved))
    job = ScoreJob(scorer, IdFiles(*files), LineWriter("text"))
    with pytest.raises(
        UsageError, match=r"scores\.txt\.partial: is (damaged, shorter than 5 bytes|missing)\. To start"
    ):
        job.resume({"output": tmp_path / "scores.txt"}, {}, Record())
    assert not (tmp_path / "scores.txt").exists()
