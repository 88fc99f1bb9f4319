"""Commands that kill -9 ends before any change of a file: the same command ends the work, to the same bytes."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import files_below, lines, pairlens, random_texts, trained_project
from kills import killed

INPUTS = ("q.txt", "v.txt")


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained_project(tmp_path_factory)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for seed, name in enumerate(INPUTS):
        (tmp_path / name).write_text(lines(random_texts(20, seed)))
    with (tmp_path / "v.txt").open("a") as values, (tmp_path / "q.txt").open("a") as queries:
        queries.write("1\n")
        values.write("bad\n")
    return tmp_path


def results(folder: Path) -> dict[str, bytes]:
    return {name: content for name, content in files_below(folder).items() if name not in INPUTS}


@pytest.mark.parametrize("renameat2", [True, False], ids=["renameat2", "a file system without it"])
@pytest.mark.parametrize("output", ["scores.txt", "scores.txt.gz"])
def test_a_scoring_is_gone_on_with_from_any_moment(project: Path, folder: Path, output: str, renameat2: bool) -> None:
    bad = f"scores.bad{Path(output).suffix}"
    command = ["score", project / "run", *INPUTS, "--on-bad-line", "nan", "--output", output, "--bad-lines", bad]
    assert pairlens(folder, *command).code == 0
    expected = results(folder)
    for step in range(100):
        for name in results(folder):
            (folder / name).unlink()
        dies = killed(folder, step, "scores", *command, "--resume", renameat2=renameat2)
        assert dies or results(folder) == expected
        if not dies:
            break
        result = pairlens(folder, *command, "--resume")
        assert (result.code, step, results(folder)) == (0, step, expected), result.stderr
    assert step > 10
