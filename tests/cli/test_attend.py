"""pairlens attend: matrices in files, heat maps in the terminal, pictures and the summary."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from command_line import PAIRLENS, Result, plain_environment, trained_project
from forked import pairlens
from made_runs import make_run
from running import interrupt, open_pipe, running, wait_for

from pairlens.texts.blocks import BLOCK_BYTES

NOT_AN_ID = "a text is base-10 ids separated by blanks; for words use --text or encode"

FILES = ["data/test.query.txt", "data/test.value.txt"]


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained_project(tmp_path_factory)


def text(project: Path, side: str, pair: int) -> list[int]:
    return [int(token) for token in (project / f"data/test.{side}.txt").read_text().splitlines()[pair].split()]


def test_npz(project: Path, tmp_path: Path) -> None:
    maps = tmp_path / "maps.npz"
    result = pairlens(project, "attend", "run", *FILES, "--pairs", "0,2-3", "--output", maps)
    assert (result.code, result.stdout) == (0, "")
    assert result.stderr == f"Wrote {maps}: the attention of 3 pairs\n"
    with np.load(maps, allow_pickle=False) as file:
        assert file["pair"].tolist() == [0, 2, 3]
        for pair in (0, 2, 3):
            query, value = text(project, "query", pair), text(project, "value", pair)
            assert file[f"{pair}/query"].tolist() == query
            assert file[f"{pair}/value"].tolist() == value
            scores = file[f"{pair}/scores"]
            assert scores.shape == (len(query), len(value))
            np.testing.assert_allclose(scores.sum(axis=1), 1, atol=1e-5)  # a softmax over the value


def test_jsonl_of_all_pairs(project: Path, tmp_path: Path) -> None:
    maps = tmp_path / "maps.jsonl"
    assert pairlens(project, "attend", "run", *FILES, "--output", maps, "--quiet") == (0, "", "")
    _, *rows = maps.read_text().splitlines()  # first the metadata
    found: list[dict[str, Any]] = [json.loads(row) for row in rows]
    assert [row["pair"] for row in found] == list(range(80))
    scored = pairlens(project, "score", "run", *FILES).stdout.split()
    np.testing.assert_allclose([row["score"] for row in found], np.array(scored, float), atol=1e-6)


def test_the_terminal(project: Path) -> None:
    first = pairlens(project, "attend", "run", *FILES)
    assert first.code == 0
    assert first.stdout.startswith("pair 0  score 0.")
    assert first.stdout.count("pair ") == 1
    assert "\x1b" not in first.stdout  # stdout is no terminal
    assert first.stderr == "This is the first pair; --pairs 1,5-9 shows others, --output maps.npz writes all.\n"
    for word in text(project, "query", 0):
        assert f"word{word}" in first.stdout

    chosen = pairlens(project, "attend", "run", *FILES, "--pairs", "5,1-2")
    assert (chosen.code, chosen.stderr) == (0, "")
    shown = [line.split()[1] for line in chosen.stdout.splitlines() if line.startswith("pair ")]
    assert shown == ["1", "2", "5"]  # in file order


@pytest.mark.parametrize("pairs", ["x", "3-1", "1,,2", ""])
def test_pairs_that_are_none(project: Path, pairs: str) -> None:
    result = pairlens(project, "attend", "run", *FILES, f"--pairs={pairs}")
    message = f"--pairs {pairs}: must be numbers and ranges from 0, such as 0,5-9"
    assert result == (2, "", f"error: {message}\n")


def test_pairs_beyond_the_end(project: Path, tmp_path: Path) -> None:
    result = pairlens(project, "attend", "run", *FILES, "--pairs", "79-81", "--output", tmp_path / "maps.npz")
    assert result == (2, "", "error: --pairs: there is no pair 80; data/test.query.txt has 80, numbered from 0\n")
    assert list(tmp_path.iterdir()) == []


def test_a_format_that_is_none(project: Path, tmp_path: Path) -> None:
    result = pairlens(project, "attend", "run", *FILES, "--output", tmp_path / "maps.csv")
    assert (result.code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"error: {tmp_path}/maps.csv: unknown format")
    assert result.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_selections_and_formats(project: Path, tmp_path: Path) -> None:
    """attention/test_stream.py and attention/dumps/test_dumps.py test both in detail."""
    scores = np.array(pairlens(project, "score", "run", *FILES).stdout.split(), float)
    high = np.flatnonzero(scores >= 0.6).tolist()
    assert 3 < len(high) < 70

    def dumped(name: str, *arguments: str) -> Path:
        result = pairlens(project, "attend", "run", *FILES, *arguments, "--output", tmp_path / name)
        assert result.code == 0, result.stderr
        return tmp_path / name

    _, heading, *rows = dumped("maps.tsv", "--min-score", "0.6", "--limit", "3").read_text().splitlines()
    assert heading.split("\t")[0] == "pair"
    assert list(dict.fromkeys(int(row.split("\t")[0]) for row in rows)) == high[:3]
    assert all(cell.startswith("word") for cell in rows[0].split("\t")[5:7])
    with h5py.File(dumped("maps.h5", "--max-score", "0.6", "--dtype", "float16")) as file:
        assert file["pair"][:].tolist() == np.flatnonzero(scores < 0.6).tolist()
        assert file["scores"].dtype == np.float16
        assert re.fullmatch("sha256:[0-9a-f]{64}", json.loads(file.attrs["metadata"])["model_fingerprint"])
    samples = [
        dumped(f"{name}.jsonl", "--sample", "7", "--seed", seed).read_bytes() for name, seed in ("a3", "b3", "c4")
    ]
    assert samples[0] == samples[1] != samples[2]
    assert all(sample.count(b"\n") == 1 + 7 for sample in samples)


def test_pictures(project: Path, tmp_path: Path) -> None:
    def draw(*arguments: str) -> Result:
        return pairlens(project, "attend", "run", *FILES, "--output", tmp_path / "maps.svg", *arguments)

    def made() -> set[str]:
        return {path.name for path in tmp_path.iterdir()}

    first = "This is the first pair; --pairs 1,5-9 shows others, --output maps.npz writes all.\n"
    assert draw() == (0, "", f"Wrote {tmp_path}/maps.svg\n{first}")
    assert "pair 0  score" in (tmp_path / "maps.svg").read_text()
    assert draw("--pairs", "4").code == 2  # the file exists
    assert draw("--pairs", "4", "--force").code == 0
    assert "pair 4  score" in (tmp_path / "maps.svg").read_text()
    assert made() == {"maps.svg"}

    result = draw("--pairs", "2,5")
    assert result == (0, "", f"Wrote 2 pictures, the last of them {tmp_path}/maps-5.svg\n")
    assert made() == {"maps.svg", "maps-2.svg", "maps-5.svg"}
    again = draw("--pairs", "1,5")
    message = "exists already; choose another name, or replace it with --force"
    assert again == (2, "", f"error: {tmp_path}/maps-2.svg: {message}\n")
    assert made() == {"maps.svg", "maps-2.svg", "maps-5.svg"}

    nowhere = pairlens(project, "attend", "run", *FILES, "--limit", "2", "--output", tmp_path / "none" / "maps.svg")
    assert nowhere.stderr.endswith(f"there is no directory {tmp_path}/none; make it first\n")
    assert nowhere.code == 2

    assert draw("--pairs", "2,5", "--grid", "--force").code == 0
    grid = (tmp_path / "maps.svg").read_text()
    assert "pair 2  score" in grid
    assert "pair 5  score" in grid
    too_many = draw("--grid", "--force")
    message = "--grid takes at most 36 pairs; add --pairs, --limit or --sample"
    assert too_many == (2, "", f"error: {message}\n")
    assert (tmp_path / "maps.svg").read_text() == grid


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (["--grid"], "--grid is for pictures, not for heat maps in the terminal; add --output maps.png"),
        (
            ["--grid", "--output", "maps.npz"],
            "--grid is for pictures, not for a file of matrices; add --output maps.png",
        ),
        (["--dtype", "float16"], "--dtype is for files of matrices, not for heat maps in the terminal"),
        (["--dtype", "float16", "--summary"], "--dtype is for files of matrices, not for --summary"),
        (["--limit", "1", "--sample", "1"], "--limit selects the first pairs, --sample random ones; give one of them"),
    ],
)
def test_options_that_do_not_fit(project: Path, arguments: list[str], fault: str) -> None:
    assert pairlens(project, "attend", "run", *FILES, *arguments) == (2, "", f"error: {fault}\n")


def test_no_pair_is_selected(project: Path) -> None:
    result = pairlens(project, "attend", "run", *FILES, "--min-score", "2")
    assert result == (0, "", "warning: no pair was selected\n")


def test_summary(project: Path, tmp_path: Path) -> None:
    result = pairlens(project, "attend", "run", *FILES, "--summary")
    assert result.code == 0
    summary = json.loads(result.stdout)
    assert summary["pairs"] == 80
    direction = summary["directions"]["query_to_value"]
    assert direction["rows"] == sum(len(text(project, "query", pair)) for pair in range(80))
    printed = " ".join(result.stderr.split())
    assert direction["verdict"] in printed
    assert f"entropy of a row │ {direction['entropy']['mean']:.3f} │" in printed
    assert f"{direction['word_pairs']['by_strongest'][0]['word']} → " in printed

    written = pairlens(project, "attend", "run", *FILES, "--summary", "--quiet", "--output", tmp_path / "summary.json")
    assert written == (0, "", "")
    assert json.loads((tmp_path / "summary.json").read_text()) == summary


def test_a_terminal_that_is_no_utf_8_gets_ascii(project: Path) -> None:
    result = pairlens(project, "attend", "run", *FILES, PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert result.code == 0
    assert "query (down) attends to value (right)" in result.stdout
    assert result.stdout.isascii()


# ---- interrupted -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "number", "code"),
    [
        ("maps.npz", signal.SIGINT, 130),
        ("maps.tsv", signal.SIGINT, 130),
        ("maps.h5", signal.SIGTERM, 128 + signal.SIGTERM),
        ("maps.tsv", signal.SIGHUP, 128 + signal.SIGHUP),
        ("maps.npz", signal.SIGKILL, -signal.SIGKILL),
        ("maps.h5", signal.SIGKILL, -signal.SIGKILL),
        ("maps.jsonl.gz", signal.SIGKILL, -signal.SIGKILL),
    ],
)
def test_an_interrupted_dump_leaves_no_file(
    project: Path, tmp_path: Path, name: str, number: signal.Signals, code: int
) -> None:
    """The queries come from a pipe: enough for the dump to begin, after which it waits for more."""
    os.mkfifo(tmp_path / "query")
    half = (BLOCK_BYTES + 2**15) // len("4 5 6\n")
    (tmp_path / "value").write_text("1 2 3\n" * 2 * half)
    folder = tmp_path / "maps"
    folder.mkdir()
    command = [PAIRLENS, "attend", "run", tmp_path / "query", tmp_path / "value", "--output", folder / name]
    with (
        running(command, cwd=project, stderr=subprocess.DEVNULL, env=plain_environment()) as process,
        open_pipe(tmp_path / "query", process) as query,
    ):
        query.write("4 5 6\n" * half)
        query.flush()
        wait_for(lambda: any(path.stat().st_size > 100_000 for path in folder.iterdir()), process)
        interrupt(process, number)
    assert process.returncode == code
    remaining = [path.name for path in folder.iterdir()]
    if number == signal.SIGKILL:  # no cleanup is possible, but no file looks like a finished dump
        assert remaining
        assert all(path.startswith(f".{name}.") and path.endswith(".partial") for path in remaining)
    else:
        assert remaining == []


def test_a_fault_in_a_line_that_was_not_asked_for(project: Path, tmp_path: Path) -> None:
    (tmp_path / "q.txt").write_text("1 2\nx\n3\n4\n")
    (tmp_path / "v.txt").write_text("5\n6\n7 8\n9\n")
    files = (tmp_path / "q.txt", tmp_path / "v.txt", "--output", tmp_path / "maps.jsonl", "--force")
    for pairs in ("0", "2", "0,2-3"):
        assert pairlens(project, "attend", "run", *files, "--pairs", pairs).code == 0
    error = f"error: {tmp_path}/q.txt:2:1: not an integer: 'x'; {NOT_AN_ID}\n"
    assert pairlens(project, "attend", "run", *files, "--pairs", "0-1") == (2, "", error)
    assert pairlens(project, "attend", "run", *files) == (2, "", error)


def test_a_pair_whose_map_cannot_be_held_is_named(project: Path, tmp_path: Path) -> None:
    """10 million tokens on each side make a map of 10^14 numbers, 400 TB. It is refused before it is allocated."""
    (tmp_path / "q.txt").write_text("1 2\n" + "3 " * 10_000_000 + "\n")
    config = (project / "run" / "config.yaml").read_text()
    run = Path(shutil.copytree(project / "run", tmp_path / "run"))
    (run / "config.yaml").write_text(re.sub("max_length: .*", "max_length: 10000000", config))
    result = pairlens(tmp_path, "attend", "run", "q.txt", "q.txt", "--output", "maps.npz")
    assert result.code == 2
    fault = re.compile(
        r"q\.txt:2:1: the attention of its pair needs [\d,]{9}\.\d GB of memory, but [\d,.]+ GB are available; "
        "shorten the text"
    )
    assert fault.fullmatch(result.stderr.strip().removeprefix("error: ")), result.stderr
    assert not (tmp_path / "maps.npz").exists()
    passed = pairlens(tmp_path, "attend", "run", "q.txt", "q.txt", "--output", "maps.npz", "--on-bad-line", "skip")
    assert passed.code == 0, passed.stderr
    _, left_out, named = passed.stderr.splitlines()
    assert left_out == "warning: 1 pair has a fault and is left out"
    assert fault.fullmatch(named.removeprefix("warning: "))
    with np.load(tmp_path / "maps.npz") as dump:
        assert dump["pair"].tolist() == [0]


@pytest.mark.parametrize("masking", ["exact", "none"])
def test_pairs_with_faults_are_left_out_and_counted(project: Path, tmp_path: Path, masking: str) -> None:
    """The other pairs are processed as if the bad lines were absent, and keep their numbers in the file."""
    run = make_run(project, tmp_path / "run", masking=masking)
    config = (run / "config.yaml").read_text()
    (run / "config.yaml").write_text(re.sub("batch_size: .*", "batch_size: 1", config))
    (tmp_path / "q.txt").write_text("1 2\nx\n3\n\n4 5 6\n7\n")
    (tmp_path / "v.txt").write_text("5\n6\n7 8\n9\n10\n-1\n")
    (tmp_path / "l.txt").write_text("1\n" * 6)
    attend = ("attend", run, "q.txt", "v.txt", "--on-bad-line", "skip", "--force")
    expected = [
        "warning: 3 pairs have a fault and are left out",
        f"warning: q.txt:2:1: not an integer: 'x'; {NOT_AN_ID}",
        "warning: q.txt:4:1: an empty text; give it at least one id or set data.empty: score",
        "warning: v.txt:6:1: negative: '-1'; ids go from 0 to 28; model.embedding.input_dim is 29",
    ]
    for options in (
        ["-o", "maps.jsonl"],
        ["-o", "m.html", "--label", "l.txt"],
        ["--summary", "-o", "s.json"],
        ["-o", "p.svg", "--grid"],
    ):
        result = pairlens(tmp_path, *attend, *options)
        assert warnings_of(result) == expected
    _, *rows = map(json.loads, (tmp_path / "maps.jsonl").read_text().splitlines())
    assert [(row["pair"], row["query"]) for row in rows] == [(0, [1, 2]), (2, [3]), (4, [4, 5, 6])]
    sampled = pairlens(tmp_path, *attend, "--sample", "3", "-o", "maps.jsonl")
    assert warnings_of(sampled) == expected
    _, *rows = map(json.loads, (tmp_path / "maps.jsonl").read_text().splitlines())
    assert [row["pair"] for row in rows] == [0, 2, 4]
    limited = pairlens(tmp_path, *attend, "--limit", "2", "-o", "maps.jsonl")
    assert "Wrote maps.jsonl: the attention of 2 pairs" in limited.stderr
    asked = pairlens(tmp_path, *attend, "--pairs", "0-1", "-o", "maps.jsonl")
    assert warnings_of(asked) == ["warning: 1 pair has a fault and is left out", expected[1]]


def warnings_of(result: Result) -> list[str]:
    assert result.code == 0, result.stderr
    return [line for line in result.stderr.splitlines() if line.startswith("warning: ")]
