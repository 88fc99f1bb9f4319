"""pairlens report in real processes: for every task, its numbers equal evaluate's, and its errors are clear."""

from __future__ import annotations

import json
import re
import shutil
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import trained_project
from forked import pairlens
from made_runs import make_run, write_split

from pairlens.runs.run import Run


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained_project(tmp_path_factory)


def report(project: Path, path: Path, *arguments: str | Path) -> str:
    """Return the page that it wrote."""
    result = pairlens(project, "report", *arguments, "--output", path)
    assert (result.code, result.stdout, result.stderr) == (0, "", f"Wrote {path}\n")
    page = path.read_text(encoding="utf-8")
    HTMLParser().feed(page)
    return page


def block(page: str, name: str) -> Any:
    (found,) = re.findall(rf'<script type="application/json" id="{name}">(.*?)</script>', page)
    return json.loads(found)


def words(page: str) -> str:
    """The visible text of a page, with a blank for each tag."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", page.split("<main")[1].split("</main>", maxsplit=1)[0])).split())


def evaluated(project: Path, run: str | Path, *options: str | Path) -> dict[str, Any]:
    result = pairlens(project, "evaluate", run, *options)
    assert result.code == 0, result.stderr
    return json.loads(result.stdout)  # type: ignore[no-any-return]


def assert_shows(page: str, expected: dict[str, Any]) -> None:
    """Check that the page shows every metric with its interval, to four digits."""
    shown = words(page)
    for name, value in expected["metrics"].items():
        low, high = expected["intervals"][name]
        assert f"{name} {value:.4f} {low:.4f} to {high:.4f}" in shown


def test_a_binary_run(project: Path, tmp_path: Path) -> None:
    page = report(project, tmp_path / "report.html", "run", "--errors", "3")
    expected = evaluated(project, "run", "--errors", "3")
    errors = expected.pop("errors")
    assert block(page, "results") == [expected | {"difference": None}]
    assert_shows(page, expected)
    shown = words(page)
    assert f"on test: {expected['pairs']} pairs; positive from score {expected['threshold']:.3f}" in shown
    (tn, fp), (fn, tp) = expected["confusion"]
    assert f"predicted 0 1 label 0 {tn} {fp} label 1 {fn} {tp}" in shown
    for number, error in enumerate(errors):
        assert (
            f"pair {error['pair']} label {error['label']:g} score {error['score']:.4f} loss {error['loss']:.4f}"
            in shown
        )
        map_ = block(page, f"map-0-{number}")
        assert (" ".join(map_["query"]), " ".join(map_["value"])) == (error["query"], error["value"])
    assert "map-0-3" not in page
    for line in map(json.loads, (project / "run" / "metrics.jsonl").read_text().splitlines()):
        assert f"epoch {line['epoch']}: {line['loss']:.4f}" in page or f"epoch {line['epoch']}, kept: " in page


def test_a_run_minus_another(project: Path, tmp_path: Path) -> None:
    other = make_run(project, tmp_path / "other", data={"max_length": 2, "too_long": "truncate"})
    page = report(project, tmp_path / "report.html", "run", other)
    ours, theirs = block(page, "results")
    compared = evaluated(project, "run", "--compare", other)["compare"]
    assert ours["difference"] is None
    assert theirs["metrics"] == compared["metrics"]
    assert theirs["difference"] == compared["differences"]
    assert_shows(page, evaluated(project, "run"))
    d = compared["differences"]["accuracy"]
    shown = words(page)
    assert f"{d['difference']:+.4f} {d['low']:+.4f} to {d['high']:+.4f}, p {d['p_value']:.3f}" in shown
    # Only the differences, by dotted name; the seed is 7 in both, as one config is a copy of the other.
    settings = shown.split("setting A B ")[1].split(" A config.yaml")[0]
    assert settings == "data.max_length null 2 data.too_long error truncate"
    assert "Trained on" not in shown  # the data of the other run are unknown


def test_which_data_the_runs_were_trained_on(project: Path, tmp_path: Path) -> None:
    page = report(project, tmp_path / "same.html", "run", "run")
    assert "The runs were trained on the same data." in words(page)
    assert "Config All settings are the same." in words(page)
    other = tmp_path / "other"
    shutil.copytree(project / "run", other)
    environment = json.loads((other / "environment.json").read_text())
    environment["data"][str(project / "data" / "dev.label.txt")] = "0" * 64
    (other / "environment.json").write_text(json.dumps(environment))
    assert "The runs were trained on different data: dev.label.txt." in words(
        report(project, tmp_path / "o.html", "run", other)
    )


def test_regression(project: Path, tmp_path: Path) -> None:
    run = make_run(project, tmp_path / "run", task="regression", data={"vocab": None})
    page = report(project, tmp_path / "report.html", run, "--errors", "1")
    assert_shows(page, evaluated(project, run))
    # The cells of the joint histogram and the bars of the residuals count all pairs.
    for table in re.findall(r"<table>.*?</table>", page):
        if "score − label" in table or "Score by label" in table:
            counts = re.findall(r'<td class="number">([\d,]+)</td></tr>', table)
            assert sum(int(count.replace(",", "")) for count in counts) == 80
    first = (
        (project / "data" / "test.query.txt")
        .read_text()
        .splitlines()[evaluated(project, run, "--errors", "1")["errors"][0]["pair"]]
    )
    assert block(page, "map-0-0")["query"] == first.split()  # without a vocabulary, ids


def test_multiclass(project: Path, tmp_path: Path) -> None:
    labels = np.random.default_rng(1).integers(0, 3, 40).tolist()
    prefix = write_split(tmp_path / "test", query=["1 2"] * 40, value=[*range(1, 21)] * 2, label=labels)
    run = make_run(project, tmp_path / "run", task="multiclass", data={"test": prefix}, classes=3)
    page = report(project, tmp_path / "report.html", run)
    expected = evaluated(project, run)
    assert_shows(page, expected)
    matrix = np.array(expected["confusion"])
    for c in range(3):
        recall = matrix[c, c] / matrix[c].sum()
        assert f'data-tip="class {c}: {recall:.4f}"' in page


def test_ranking(project: Path, tmp_path: Path) -> None:
    query, label = [1, 1, 1, 2, 2, 2, 3, 3, 3], [1, 0, 0, 0, 1, 1, 0, 0, 0]
    prefix = write_split(tmp_path / "test", query=query, value=[*range(1, 10)], label=label)
    run = make_run(project, tmp_path / "run", task="ranking", data={"test": prefix})
    page = report(project, tmp_path / "report.html", run)
    expected = evaluated(project, run)
    assert_shows(page, expected)
    assert "on test: 9 pairs; 2 groups; 1 more, without a positive, left out" in words(page)
    assert f"rank 1 in {expected['metrics']['precision_at_1']:.1%} of the groups" in words(page)


def test_runs_of_two_tasks_stand_side_by_side(project: Path, tmp_path: Path) -> None:
    run = make_run(project, tmp_path / "other", task="regression")
    page = report(project, tmp_path / "report.html", "run", run)
    assert "B: not compared with A, as the task or the files differ." in words(page)
    assert "A accuracy by length" in words(page)
    assert "B pearson by length" in words(page)
    assert [result["difference"] for result in block(page, "results")] == [None, None]


def test_runs_and_their_teacher(project: Path, tmp_path: Path) -> None:
    """The teacher is another run, whose metrics are those of evaluate with the first run's threshold."""
    teacher, student = make_run(project, tmp_path / "teacher"), make_run(project, tmp_path / "student", seed=2)
    ids = [project / "data" / f"test.{side}.txt" for side in ("query", "value")]
    scores, path = tmp_path / "scores.txt.gz", tmp_path / "report.html"
    assert pairlens(project, "score", teacher, *ids, "--output", scores).code == 0
    result = pairlens(project, "report", "run", student, "--teacher", scores, "--output", path)
    assert (result.code, result.stdout) == (0, ""), result.stderr
    page = path.read_text(encoding="utf-8")
    first, second = (found["teacher"] for found in block(page, "results"))
    threshold = evaluated(project, "run")["threshold"]
    expected = evaluated(project, teacher, "--threshold", str(threshold))
    for found in (first, second):
        assert found["scores"] == str(scores)
        assert found["metrics"] == pytest.approx(expected["metrics"], abs=1e-6)
    assert first["same_decisions"] != second["same_decisions"]
    shown = words(page)
    assert f"Compared with the teacher, {scores} The runs and their teacher teacher 95 % interval A B" in shown
    for name, label in (("same_decisions", "same decisions as the teacher"), ("spearman", "Spearman of both scores")):
        assert f"{label} {first[name]:.4f} {second[name]:.4f}" in shown
        assert f"{first[name]:.4f}" in result.stderr
    assert f"microseconds per pair {first['microseconds_per_pair']:.1f} {second['microseconds_per_pair']:.1f}" in shown
    assert 0 < first["microseconds_per_pair"] < 1e6
    head = result.stderr[result.stderr.index("┃ teacher ┃") :].split("┡")[0]
    run, other = (name.strip() for name in head.splitlines()[0].split("┃")[-3:-1])
    assert run == "run"
    assert str(student).startswith(other.removesuffix("…"))  # the path, as the other tables have it
    alone = evaluated(project, teacher, "--split", "test")
    path.unlink()
    report_of_itself = pairlens(project, "report", teacher, "--teacher", scores, "--output", path, "--quiet")
    assert report_of_itself == (0, "", "")
    (itself,) = block(path.read_text(encoding="utf-8"), "results")
    assert itself["teacher"]["same_decisions"] == 1
    assert itself["teacher"]["spearman"] == pytest.approx(1)
    assert itself["metrics"] == alone["metrics"]


def test_a_teacher_of_other_pairs_is_refused(project: Path, tmp_path: Path) -> None:
    scores, page = tmp_path / "scores.txt", ("--output", tmp_path / "page.html")
    scores.write_text("0.5\n")
    other = make_run(project, tmp_path / "other", task="regression")
    for arguments, message in {
        ("run", "--teacher", scores): f"{scores}: 1 lines, but there are 80 pairs; line N belongs to pair N",
        ("run", other, "--teacher", scores): f"--teacher: {other} has another task or other pairs than run; ",
        ("run", "--teacher", tmp_path / "no.txt"): f"{tmp_path}/no.txt: No such file or directory",
        ("run", "--teacher", page[1]): f"{page[1]}: is the same file as {page[1]}, which is read",
    }.items():
        result = pairlens(project, "report", *arguments, *page)
        assert (result.code, result.stdout) == (2, "")
        assert result.stderr.startswith(f"error: {message}"), result.stderr
    assert not page[1].exists()


def test_a_split_or_files(project: Path, tmp_path: Path) -> None:
    page = report(project, tmp_path / "dev.html", "run", "--split", "dev")
    assert block(page, "results")[0]["metrics"] == evaluated(project, "run", "--split", "dev")["metrics"]
    files = [part for side in ("query", "value", "label") for part in (f"--{side}", f"data/dev.{side}.txt")]
    page = report(project, tmp_path / "files.html", "run", *files, "--errors", "0")
    assert block(page, "results")[0]["metrics"] == evaluated(project, "run", "--split", "dev")["metrics"]
    assert "on data/dev.query.txt: 100 pairs" in words(page)
    assert "Worst pairs" not in words(page)


def test_one_class_and_one_pair(project: Path, tmp_path: Path) -> None:
    prefix = write_split(tmp_path / "one", query=["1 2"], value=["3"], label=[1])
    run = make_run(project, tmp_path / "run", data={"test": prefix})
    config = run / "config.yaml"
    config.write_text(config.read_text().replace("early_stopping: null", "early_stopping: {metric: roc_auc}"))
    page = report(project, tmp_path / "report.html", run)
    assert "undefined roc_auc" in words(page)  # the headline
    assert "roc_auc undefined" in words(page)
    assert "nan" not in page.split("<main")[1].lower().replace("nano", "")


def test_hostile_names_are_text(project: Path, tmp_path: Path) -> None:
    name = "<script>alert(1)</script>\"'&\u202e".replace("/", "-")
    hostile = tmp_path / name
    shutil.copytree(project / "run", hostile)
    vocabulary = tmp_path / "vocab.txt"
    vocabulary.write_text("".join(f"</script><img src=x onerror=alert({i})>\n" for i in range(29)))
    text = (hostile / "config.yaml").read_text().replace(str(project / "data" / "vocab.txt"), str(vocabulary))
    (hostile / "config.yaml").write_text(text)
    page = report(project, tmp_path / "report.html", hostile)
    assert "<img" not in page
    assert page.count("<script") == page.count("</script>") == 1 + 1 + 20  # the page's own, the results, 20 maps
    assert "\u202e" not in page.split("<main")[1].split("</main>")[0]
    assert block(page, "results")[0]["run"] == str(hostile)


def test_faults(project: Path, tmp_path: Path) -> None:
    moved = make_run(project, tmp_path / "moved", data={"test": tmp_path / "gone" / "test"})
    there = tmp_path / "there.html"
    there.write_text("mine")
    broken = tmp_path / "broken"
    shutil.copytree(project / "run", broken)
    (broken / "metrics.jsonl").write_text('{"epoch": 1}\n')
    page = ("--output", tmp_path / "page.html")
    for arguments, message in {
        (moved, *page): f"{tmp_path}/gone/test.query.txt: no such file, nor one with .gz, .bz2 or .xz; "
        "if it has moved, add --set data.test=PREFIX; or choose another --split, or give files with --query",
        ("run", "--output", there): f"{there}: exists already; ",
        ("run", tmp_path / "no", *page): f"{tmp_path}/no: no such run directory; ",
        ("run", "--query", "data/dev.query.txt", *page): "--query, --value and --label go together",
        ("run", "--split", "best", *page): "--split best: must be one of train, dev, test",
        (broken, *page): f"{broken}/metrics.jsonl: damaged ('dev'); train again",
    }.items():
        result = pairlens(project, "report", *arguments)
        assert (result.code, result.stdout) == (2, "")
        assert result.stderr.startswith(f"error: {message}"), result.stderr
    assert not (tmp_path / "page.html").exists()
    assert there.read_text() == "mine"
    assert pairlens(project, "report", "run", "--output", there, "--force").code == 0


def test_without_dev_nothing_is_said_of_it(project: Path, tmp_path: Path) -> None:
    run = make_run(project, tmp_path / "run", data={"dev": None})
    Run.open(run).write_metrics([{"epoch": 1, "loss": 0.5, "pairs_per_second": 1.0, "dev": {}, "best": True}])
    page = report(project, tmp_path / "report.html", run)
    assert "epoch 1, kept: 0.5000" in page
    assert "dev accuracy" not in page
