"""Untrusted arrays: read as written or refused, without pickle and without allocating what the file lacks."""

from __future__ import annotations

import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_runs import make_config, make_weights

from pairlens.errors import RunError
from pairlens.runs.run import Run


def test_a_pickle_is_not_loaded(run: Run) -> None:
    path = run.path / "weights.npz"
    np.savez(path, allow_pickle=True, **{**make_weights(make_config()), "head/bias": np.array([print], object)})
    with pytest.raises(RunError, match="Object arrays cannot be loaded"):
        run.weights(make_config())


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(st.data())
def test_whatever_happens_to_a_file_the_error_says_so(run: Run, data: st.DataObject) -> None:
    """With changed bytes or a truncated end, compressed or not: the arrays as written, or RunError."""
    config = make_config()
    weights = make_weights(config)
    path = run.path / "weights.npz"
    (np.savez_compressed if data.draw(st.booleans()) else np.savez)(path, allow_pickle=False, **weights)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(0, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.integers(0, len(content)) | st.just(len(content)))])
    try:
        read = run.weights(config)
    except RunError as error:
        assert str(error).startswith(f"{path}: ")  # noqa: PT017  (no error is right, too)
    else:
        for name, array in weights.items():
            np.testing.assert_array_equal(read[name], array)


def test_an_array_that_is_named_like_an_archive(run: Run) -> None:
    with (run.path / "weights.npz").open("wb") as file:
        np.save(file, np.zeros(3, np.float32))
    with pytest.raises(RunError, match=r"weights\.npz: damaged or not an npz file"):
        run.weights(make_config())


def test_an_array_that_promises_more_than_there_is(run: Run) -> None:
    """NumPy would allocate 4 TB before it notices that the numbers are missing."""
    header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000,), }"
    entry = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header
    with zipfile.ZipFile(run.path / "weights.npz", "w") as archive:
        archive.writestr("head/bias.npy", entry)
    with pytest.raises(RunError, match=r"head/bias\.npy: \[1000000000000\] is more than the file contains"):
        run.weights(make_config())


def test_a_small_file_of_many_zeros(run: Run) -> None:
    """A zip bomb: 40 MB in 40 KB."""
    np.savez_compressed(run.path / "weights.npz", allow_pickle=False, **{"head/bias": np.zeros(10**7, np.float32)})
    assert (run.path / "weights.npz").stat().st_size < 50_000
    with pytest.raises(RunError, match="it expands to more than 100 times its size"):
        run.weights(make_config())


def test_weights_saved_column_by_column(run: Run) -> None:
    """As some programs do. NumPy reads them with strides that the kernels do not support."""
    weights = make_weights(make_config())
    np.savez(run.path / "weights.npz", allow_pickle=False, **{n: np.asfortranarray(w) for n, w in weights.items()})
    for name, array in run.weights(make_config()).items():
        assert array.flags.c_contiguous
        np.testing.assert_array_equal(array, weights[name])


def test_shapes_that_no_array_has(run: Run) -> None:
    """Empty, negative, not integers, beyond 64 bits, or nested too deeply: an error, whatever NumPy would do."""
    shapes = ["(0, 1000000000000000000000000000)", "(True,)", "(-1,)", "(0, 1000000000, 10000000000)", "(1.0,)"]
    for shape in [*shapes, "(" * 3000, "None"]:
        header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}".encode()
        entry = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + b"\0" * 8
        with zipfile.ZipFile(run.path / "weights.npz", "w") as archive:
            archive.writestr("head/bias.npy", entry)
        with pytest.raises(RunError, match=r"weights\.npz: damaged or not an npz file"):
            run.weights(make_config())


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("names", [("head/bias.npy", "head/bias.npy"), ("head/bias.npy", "head/bias")])
def test_an_array_that_is_in_it_twice(run: Run, names: tuple[str, str]) -> None:
    with zipfile.ZipFile(run.path / "weights.npz", "w") as archive:
        for name in names:
            with archive.open(name, "w") as file:
                np.lib.format.write_array(file, np.zeros(1, np.float32))
    with pytest.raises(RunError, match="it has an array twice"):
        run.weights(make_config())


def test_no_more_is_read_than_the_config_describes(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    weights = make_weights(make_config()) | {"head/bias": np.zeros(1000, np.float32)}
    np.savez(run.path / "weights.npz", allow_pickle=False, **weights)
    monkeypatch.setattr("pairlens.runs.weights.read_arrays", lambda _: pytest.fail("it was read"))
    with pytest.raises(RunError, match=r"head/bias is float32 \[1000\], but config\.yaml needs float32 \[1\]"):
        run.weights(make_config())
