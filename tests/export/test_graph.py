"""Exported graphs, saved and loaded again, score as Scorer does, whatever the network and the padding."""

from __future__ import annotations

import errno
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import tensorflow as tf
from exported import padded
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from models import Case, Floats, Texts, cases, make_config, random_texts, random_weights
from onnxruntime.capi.onnxruntime_pybind11_state import InvalidArgument

from pairlens.export.graph import ScoreGraph
from pairlens.export.onnx_model import write_onnx
from pairlens.export.saved_model import write_saved_model
from pairlens.scoring.scorer import Scorer
from pairlens.texts.texts import Texts as Ragged


@pytest.fixture(scope="module", autouse=True)
def unoptimized() -> Iterator[None]:
    """Without TensorFlow's rewriting of graphs, which run only once here, and tf2onnx's copies of them."""
    before = tf.config.optimizer.get_experimental_options().get("disable_meta_optimizer", False)
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TF2ONNX_CATCH_ERRORS", "FALSE")
        yield
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": before})


# A network takes half a second, so that a failure is reported as it was drawn.
drawn = settings(phases=[Phase.explicit, Phase.generate])


def saved(case: Case) -> Any:
    """The model that is loaded from a SavedModel of the case."""
    with tempfile.TemporaryDirectory() as folder:
        write_saved_model(Path(folder), case.config, case.weights)
        return tf.saved_model.load(folder)


def run_padded(
    model: Any, queries: Texts, values: Texts, extra: tuple[int, int] = (0, 0), signature: str = "serving_default"
) -> Floats:
    inputs = {name: tf.constant(x) for name, x in padded(queries, values, extra).items()}
    return model.signatures[signature](**inputs)["score"].numpy()


def run_ragged(model: Any, queries: Texts, values: Texts) -> Floats:
    inputs = {}
    for side, texts in (("query", queries), ("value", values)):
        ragged = Ragged.from_lists(texts)
        inputs |= {f"{side}_ids": tf.constant(ragged.ids), f"{side}_row_splits": tf.constant(ragged.offsets)}
    return model.signatures["ragged"](**inputs)["score"].numpy()


def onnx_session(case: Case) -> onnxruntime.InferenceSession:
    with tempfile.TemporaryDirectory() as folder:
        write_onnx(Path(folder), case.config, case.weights)
        return onnxruntime.InferenceSession(Path(folder, "model.onnx"))


@settings(drawn, max_examples=5)
@given(st.lists(cases(), min_size=8, max_size=8))
def test_saved_graphs_score_as_the_scorer(some: list[Case]) -> None:
    """With padding of any ids and width. One file of eight networks takes less time than eight files."""
    module = tf.Module()
    module.graphs = [ScoreGraph(case.config, case.weights) for case in some]
    with tempfile.TemporaryDirectory() as folder:
        tf.saved_model.save(module, folder, {f"graph_{i}": graph.padded for i, graph in enumerate(module.graphs)})
        model = tf.saved_model.load(folder)
    for i, case in enumerate(some):
        score = run_padded(model, case.queries, case.values, extra=(3, 1), signature=f"graph_{i}")
        expected = Scorer(case.config, case.weights, threads=1).score(case.queries, case.values)
        np.testing.assert_allclose(score, expected, rtol=0, atol=1e-5)


@settings(drawn, max_examples=10)
@given(cases())
def test_onnx_scores_as_the_scorer(case: Case) -> None:
    expected = Scorer(case.config, case.weights, threads=1).score(case.queries, case.values)
    [score] = onnx_session(case).run(["score"], padded(case.queries, case.values, extra=(2, 0)))
    np.testing.assert_allclose(score, expected, rtol=0, atol=1e-5)


def whole_case() -> Case:
    """Every stage at once, with the activation that ONNX lacks, and empty texts."""
    config = make_config(
        empty="score",
        embedding={"match_channels": True},
        conv=[{"filters": 7, "kernel_size": 3, "activation": "gelu"}],
        attention={"direction": "both", "score_mode": "concat", "temperature": 2.0},
        features=["encoding", "attention", "absolute_difference", "product"],
        compare={"units": 5, "activation": "gelu"},
        pooling=["average", "max"],
        overlap=True,
        wide=True,
    )
    none = np.zeros(0, np.int32)
    queries, values = random_texts(7, 11, 23, seed=1), random_texts(7, 11, 23, seed=2)
    return Case(config, random_weights(config), [*queries, none, queries[0], none], [*values, values[0], none, none])


def test_every_stage_at_once_with_empty_texts_and_wrong_ids_and_lengths() -> None:
    """An id outside of the vocabulary, or an impossible length, is an error. A batch of empty texts has no columns."""
    case = whole_case()
    expected = Scorer(case.config, case.weights).score(case.queries, case.values)
    model, session = saved(case), onnx_session(case)
    shapes = {tensor.name: tensor.shape for tensor in (*session.get_inputs(), *session.get_outputs())}
    of_sides = {f"{side}_ids": ["B", f"T{side[0]}"] for side in ("query", "value")}
    assert shapes == {**of_sides, "query_length": ["B"], "value_length": ["B"], "score": ["B"]}
    for some in (slice(None), slice(-1, None)):
        queries, values = case.queries[some], case.values[some]
        [of_onnx] = session.run(["score"], padded(queries, values))
        for score in (run_padded(model, queries, values), run_ragged(model, queries, values), of_onnx):
            np.testing.assert_allclose(score, expected[some], rtol=0, atol=1e-5)
    for wrong in (-1, -23, 23):
        texts = [np.array([1, wrong], np.int32)], [np.array([1], np.int32)]
        with pytest.raises(tf.errors.InvalidArgumentError, match="23 is not in"):
            run_padded(model, *texts)
        with pytest.raises(InvalidArgument, match="idx=23"):
            session.run(["score"], padded(*texts))
    for length in (-1, 3):  # of two ids
        for side in ("query", "value"):
            inputs = {**padded(*[[np.array([1, 2], np.int32)]] * 2), f"{side}_length": np.array([length], np.int32)}
            with pytest.raises(tf.errors.InvalidArgumentError, match="23 is not in"):
                model.signatures["serving_default"](**{name: tf.constant(x) for name, x in inputs.items()})
            with pytest.raises(InvalidArgument, match="idx=23"):
                session.run(["score"], inputs)
    for splits in ([0, 3], [2, 0]):
        inputs = {f"{side}_ids": tf.constant([1, 2]) for side in ("query", "value")}
        inputs |= {"query_row_splits": tf.constant([0, 2], tf.int64), "value_row_splits": tf.constant(splits, tf.int64)}
        with pytest.raises(tf.errors.InvalidArgumentError, match="23 is not in"):
            model.signatures["ragged"](**inputs)


def test_without_masks_the_width_of_a_batch_counts_and_the_ids_of_its_padding_do_not() -> None:
    config = make_config(masking="none", batch_size=5)
    weights = random_weights(config)
    queries, values = random_texts(5, 11, 23, seed=1), random_texts(5, 11, 23, seed=2)
    expected, model = Scorer(config, weights).score(queries, values), saved(Case(config, weights, queries, values))
    for score in (run_padded(model, queries, values), run_ragged(model, queries, values)):
        np.testing.assert_allclose(score, expected, rtol=0, atol=1e-5)
    assert np.abs(run_padded(model, queries, values, extra=(9, 9)) - expected).max() > 1e-3


def test_a_full_disk_is_an_error_of_the_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(message: str) -> None:
        def save(*_: object, **__: object) -> None:
            raise tf.errors.ResourceExhaustedError(None, None, message)

        monkeypatch.setattr(tf.saved_model, "save", save)
        write_saved_model(tmp_path, config := make_config(), random_weights(config))

    with pytest.raises(OSError, match="No space left on device") as error:
        fail("variables/part-00000; No space left on device")
    assert error.value.errno == errno.ENOSPC
    with pytest.raises(tf.errors.ResourceExhaustedError):
        fail("OOM when allocating tensor")


def operations(graph: Any) -> set[str]:
    """The operations of a graph and of the functions that it calls, as its text names them."""
    return set(re.findall(r'\bop: "(\w+)"', str(graph)))


def test_a_graph_calls_no_python() -> None:
    """Also where training folds the convolution, by a Python function."""
    for case in (whole_case(), Case(config := make_config(), random_weights(config), [], [])):
        graph = ScoreGraph(case.config, case.weights).padded.get_concrete_function().graph.as_graph_def()
        used = operations(graph)
        assert "GatherV2" in used or "ResourceGather" in used
        assert not {name for name in used if "Py" in name or "While" in name}
