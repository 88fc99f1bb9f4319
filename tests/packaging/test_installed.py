"""The wheel and the sdist: complete, and at work where nothing is installed but what scoring needs."""

from __future__ import annotations

import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from clean_environments import ROOT, build, built_wheel, make_environment, pins, run
from command_line import made_once, trained_project
from packaging.utils import canonicalize_name
from running import run_to_end

FILES = ["data/test.query.txt", "data/test.value.txt"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built_wheel(tmp_path_factory)


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Path:
    """Those of an environment that has requirements-score.lock and, installed by pip, the wheel."""

    def make(folder: Path) -> None:
        make_environment(folder, pins("requirements-score.lock"))
        pip = [sys.executable, "-m", "pip", "--python", folder, "install", "--quiet", "--no-deps", "--no-index", wheel]
        run_to_end([*pip, "--disable-pip-version-check"], check=True)

    return made_once(tmp_path_factory, "score-only", make) / "bin"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained_project(tmp_path_factory)


def test_nothing_else_is_there(programs: Path, tmp_path: Path) -> None:
    ask = "import importlib.metadata as m; print(*(d.metadata['Name'] for d in m.distributions()))"
    found = run(programs / "python", tmp_path, "-c", ask).stdout.split()
    expected = ["pairlens", *pins("requirements-score.lock")]
    assert set(map(canonicalize_name, found)) == set(map(canonicalize_name, expected))


WORKS = [
    ["score", "RUN", *FILES, "--output", "scores.txt"],
    ["evaluate", "RUN", "--output", "evaluation.json"],
    ["attend", "RUN", *FILES, "--output", "maps.html"],
    ["attend", "RUN", *FILES, "--output", "maps.npz"],
    ["attend", "RUN", *FILES],
    ["attend", "RUN", *FILES, "--summary"],
    ["report", "RUN", "--output", "report.html"],
    ["check", "config.yaml"],
    ["config", "config.yaml"],
    ["schema"],
    ["encode", "train.csv", "--min-count", "1", "--output", "encoded"],
    ["init", "encoded", "--output", "mine.yaml"],
    ["--version"],
]


def test_every_command_that_does_not_train(programs: Path, project: Path, tmp_path: Path) -> None:
    for name in ("config.yaml", "data"):
        (tmp_path / name).symlink_to(project / name)
    (tmp_path / "train.csv").write_text("query,value,label\na b,b a,1\nb,a,0\n")
    for command in WORKS:
        words = [str(project / "run") if word == "RUN" else word for word in command]
        result = run(programs / "pairlens", tmp_path, *words)
        assert result.code == 0, (command, result.stderr)
        assert "rror" not in result.stderr
        if "--output" in command:
            assert (tmp_path / command[-1]).exists()
    assert len((tmp_path / "scores.txt").read_text().splitlines()) == 80


def test_kernels_are_compiled_and_modules_imported(programs: Path, tmp_path: Path) -> None:
    """One kernel, where none is kept; and every module but those that train or write a format of exports."""
    code = """
import pkgutil, pairlens, pairlens_cli
from pairlens.kernels import signatures
from pairlens.kernels.loader import prepare
prepare([signatures.SUM_PADDED])
for package in (pairlens, pairlens_cli):
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if module.name.split(".")[1] not in ("training", "network", "export"):
            __import__(module.name)
"""
    result = run(programs / "python", tmp_path, "-c", code, XDG_CACHE_HOME=str(tmp_path))
    assert (result.code, result.stderr) == (0, "")
    assert len(list((tmp_path / "pairlens").iterdir())) == 1


def test_python_m_is_the_command(programs: Path, tmp_path: Path) -> None:
    """With the same words, the name of the program among them, and the same exit codes."""
    for arguments in ([], ["--help"], ["score"], ["score", "nowhere", "a", "b"], ["scroe"], ["--version"]):
        result = run(programs / "python", tmp_path, "-m", "pairlens", *arguments)
        assert result == run(programs / "pairlens", tmp_path, *arguments)
        assert "__main__" not in result.stdout + result.stderr
    assert result.code == 0
    assert "Usage: pairlens [OPTIONS] COMMAND" in run(programs / "python", tmp_path, "-m", "pairlens", "--help").stdout


def contents(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_wheel_has_every_file_of_the_sources(wheel: Path) -> None:
    folders = {"pairlens": ROOT / "model", "pairlens_cli": ROOT / "cli"}
    expected = {
        str(path.relative_to(parent)): path.read_bytes()
        for package, parent in folders.items()
        for path in (parent / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    found = contents(wheel)
    assert {name: content for name, content in found.items() if ".dist-info/" not in name} == expected
    (entry_points,) = [content for name, content in found.items() if name.endswith("/entry_points.txt")]
    assert entry_points.decode().split() == ["[console_scripts]", "pairlens", "=", "pairlens_cli.app:main"]


def test_the_sdist_makes_the_same_wheel_and_has_all_that_the_tests_read(wheel: Path, tmp_path: Path) -> None:
    sdist = build(ROOT, tmp_path / "made", "sdist")
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    source = tmp_path / sdist.name.removesuffix(".tar.gz")
    assert contents(build(source, tmp_path / "again", "wheel")) == contents(wheel)
    found = {str(path.relative_to(source)) for path in source.rglob("*") if path.is_file()}
    if not (ROOT / ".git").exists():  # these are the files of an sdist themselves
        pytest.skip("no repository to compare the sdist with")
    command = ["git", "-c", "safe.directory=*", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = run_to_end(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    assert found - {"PKG-INFO"} == {file for file in listed.splitlines() if not file.startswith(".ci/")}
