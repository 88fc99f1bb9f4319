"""Start-up is part of the product: only training imports TensorFlow, and nothing heavy loads before it is used."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from models import make_config, random_weights
from running import run_to_end

from pairlens.runs.run import Run
from pairlens.scoring.warm_up import warm_up
from pairlens_cli.app import app, app_of
from pairlens_cli.commands.score import score

ONLY_TRAINING = ("numba", "tensorflow", "tf_keras", "keras", "matplotlib", "optuna")
ONLY_ADDRESSES = ("fsspec", "aiohttp", "asyncio", "ssl")


def loaded(code: str, *modules: str) -> set[str]:
    """The modules among `modules` that a new interpreter has loaded after running the code."""
    ask = f"{code}\nimport sys\nprint(*sys.modules)"
    output = run_to_end([sys.executable, "-c", ask], check=True, stdout=subprocess.PIPE, text=True).stdout
    return set(modules) & set(output.splitlines()[-1].split())


def test_importing_pairlens_is_free() -> None:
    assert not loaded("import pairlens", "numpy", "pydantic", "yaml", "numba", "tensorflow", "tf_keras", "keras")


def test_all_public_names_need_neither_tensorflow_nor_extras() -> None:
    """Not even what a callback gets, nor the callback for TensorBoard before it is used."""
    heavy = (*ONLY_TRAINING, "tensorboardX", "tokenizers", "pyarrow", "IPython")
    assert not loaded("from pairlens import *; import pairlens; dir(Step), TensorBoard(), Scorer, Run", *heavy)


def test_the_command_line_starts_without_heavy_libraries() -> None:
    heavy = ("tensorflow", "tf_keras", "keras", "numba", "matplotlib", "h5py", "scipy", "sklearn", "fsspec", "aiohttp")
    assert not loaded("import pairlens_cli.app", *heavy, "numpy", "pydantic", "yaml", "rich", "asyncio")


def test_what_exports_loads_no_library_before_a_format_is_written() -> None:
    modules = "import pairlens.jobs.export_job, pairlens_cli.commands.export"
    assert not loaded(modules, *ONLY_TRAINING, "tf2onnx", "onnx", "safetensors")


def test_only_the_command_that_is_named_is_built() -> None:
    assert [command.name for command in app_of(["score", "run", "--help"]).registered_commands] == [None]
    assert app_of(["score"]).registered_commands[0].callback is score
    assert all(app_of(words) is app for words in ([], ["--help"], ["scor"], ["--version", "score"]))


def test_scoring_needs_neither_tensorflow_nor_numba(tmp_path: Path) -> None:
    config = make_config()
    warm_up(config, maps=True)  # compiles the kernels, if no test has
    Run.create(tmp_path / "run", config, {}).write_weights(random_weights(config))
    code = f"import pairlens; scorer = pairlens.load({str(tmp_path / 'run')!r}, threads=2)\n"
    code += "scorer.score([[4, 8, 15], [16]], [[4, 8], [2]]); scorer.attend([[4, 8]], [[15]])"
    assert loaded(code, *ONLY_TRAINING, *ONLY_ADDRESSES) == set()


def test_scoring_files_of_ids_loads_no_more_than_that(tmp_path: Path) -> None:
    Run.create(tmp_path / "run", config := make_config(), {}).write_weights(random_weights(config))
    ids = tmp_path / "ids.txt"
    ids.write_text("4 8 15\n")
    words = ["pairlens", "score", str(tmp_path / "run"), str(ids), str(ids)]
    code = f"import sys; sys.argv = {words}\nfrom pairlens_cli.app import main\n"
    code += "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code"
    assert loaded(code, *ONLY_TRAINING, *ONLY_ADDRESSES, "rich", "tokenizers", "pyarrow", "multiprocessing") == set()
