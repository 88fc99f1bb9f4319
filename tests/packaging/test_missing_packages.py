"""A package that is not installed is named in one line with what installs it, before anything is read or made."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from clean_environments import built_wheel, make_environment, pins, run
from command_line import made_once, pairlens, trained_project
from small_runs import make_config, make_weights

from pairlens.errors import UsageError
from pairlens.packages import PACKAGES, missing_package, need
from pairlens.runs.carried import RECORD, hashes, read_carried
from pairlens.runs.run import Run

IDS = ["data/test.query.txt", "data/test.value.txt"]
TEXTS = ["--query-text", "a", "--value-text", "b"]
TRAIN = ["train", "lost.yaml", "--output", "new"]  # its data are lost, which nobody comes to see
MISSING = [  # a package, a command that needs it, and what the command says needs it
    ("tensorflow", TRAIN, "training "),
    ("tf-keras", TRAIN, "training "),
    ("matplotlib", TRAIN, "training "),
    ("tensorflow", ["export", "run", "--format", "savedmodel", "--output", "new"], "exporting savedmodel "),
    ("tensorflow", ["selftest"], "training "),
    ("tf-keras", ["selftest"], "training "),
    ("matplotlib", ["attend", "run", *IDS, "--output", "new.png"], "new.png: drawing pictures "),
    ("matplotlib", ["attend", "run", *IDS, "--output", "new.svg"], "new.svg: drawing pictures "),
    ("matplotlib", ["attend", "run", *IDS, "--grid", "--output", "new.pdf"], "new.pdf: drawing pictures "),
    ("h5py", ["attend", "run", *IDS, "--output", "new.h5"], "new.h5: writing HDF5 "),
    ("pyarrow", ["encode", "train.parquet", "--output", "new"], "train.parquet: reading Parquet "),
    ("pyarrow", ["score", "of-texts", "--input", "train.parquet"], "train.parquet: reading Parquet "),
    ("pyarrow", ["evaluate", "of-texts", "--input", "train.parquet"], "train.parquet: reading Parquet "),
    ("tokenizers", ["encode", "train.csv", "--output", "new"], "encoding "),
    ("tokenizers", ["encode", "train.csv", "--like", "of-texts", "--output", "new"], "of-texts/tokenizer.json "),
    ("tokenizers", ["score", "of-texts", *TEXTS], "of-texts/tokenizer.json "),
    ("tokenizers", ["attend", "of-texts", *TEXTS], "of-texts/tokenizer.json "),
    ("tokenizers", ["report", "of-texts", "--input", "train.csv", "--output", "new.html"], "of-texts/tokenizer.json "),
    ("numba", ["score", "run", *IDS], ""),
    ("llvmlite", ["evaluate", "run"], ""),
    ("pairlens", ["--version"], ""),
]


def make_project(folder: Path, trained: Path) -> None:
    """Beside the files of a trained project, tables of texts and a run that takes texts, with random weights."""
    folder.mkdir()
    for path in trained.iterdir():
        (folder / path.name).symlink_to(path)
    (folder / "lost.yaml").write_text("data: {train: nowhere}\nmodel: {embedding: {input_dim: 9}}\n")
    (folder / "train.csv").write_text("query,value,label\na b,b a,1\nb,a,0\n")
    pq.write_table(pa.table({"query": ["a b", "b"], "value": ["b a", "a"], "label": [1, 0]}), folder / "train.parquet")
    encoded = folder / "encoded"
    assert pairlens(folder, "encode", "train.csv", "--output", encoded, "--min-count", "1").code == 0
    config = make_config(data={"train": encoded / "train", "tokenizer": encoded / "tokenizer.json"})
    carried = read_carried(config)
    run = Run.create(folder / "of-texts", config, {RECORD: hashes(carried)}, carried=carried)
    run.write_weights(make_weights(config))


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    trained = trained_project(tmp_path_factory)
    return made_once(tmp_path_factory, "missing", lambda folder: make_project(folder, trained))


@pytest.fixture(scope="module")
def without(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The interpreter of an environment that has all of requirements.lock but one package."""
    wheel = built_wheel(tmp_path_factory)

    def make(package: str, folder: Path) -> None:
        others = [name for name in pins("requirements.lock") if name.replace("_", "-") != package]
        site = make_environment(folder, others)
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(site)
        if package == "pairlens":  # sources that were never installed
            (metadata,) = site.glob("pairlens-*.dist-info")
            shutil.rmtree(metadata)

    def find(package: str) -> Path:
        return made_once(tmp_path_factory, f"without-{package}", partial(make, package)) / "bin" / "python"

    return find


@pytest.mark.parametrize(
    ("package", "command", "what"), MISSING, ids=[f"{package} {command[0]}" for package, command, _ in MISSING]
)
def test_one_line_names_it(
    without: Callable[[str], Path], project: Path, package: str, command: list[str], what: str
) -> None:
    before = set(project.iterdir())
    result = run(without(package), project, "-m", "pairlens", *command)
    assert result.stderr == f"error: {what}needs {package}, which is not installed: pip install {package}\n"
    assert result.code == 2
    assert set(project.iterdir()) == before


def test_every_package_that_may_be_missing_is_hidden() -> None:
    assert {package for package, *_ in MISSING} == set(PACKAGES)


def test_all_that_are_missing_are_named_at_once() -> None:
    assert need("this", "numpy", "h5py") is None
    with pytest.raises(UsageError, match=r"^this needs no-such and h5-py, which are not installed: pip"):
        need("this", "no-such", "numpy", "h5-py")


def test_other_modules_are_none_of_its_business() -> None:
    """A module of a package that is installed, but not of the version that has it, is not helped by installing it."""
    assert missing_package(ModuleNotFoundError(name="matplotlib.no_such")) is None
    assert missing_package(ModuleNotFoundError(name="_lzma")) is None
    assert missing_package(ModuleNotFoundError()) is None
