"""An ONNX file with the inputs and the output of `ScoreGraph.padded`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pairlens.config.schema import Config
from pairlens.export.graph import ScoreGraph
from pairlens.export.usage import OPSET

_AXES = {
    "query_ids": ("B", "Tq"),
    "query_length": ("B",),
    "value_ids": ("B", "Tv"),
    "value_length": ("B",),
    "score": ("B",),
}


def write_onnx(folder: Path, config: Config, weights: Mapping[str, NDArray[np.float32]]) -> None:
    import onnx
    import tf2onnx

    function = ScoreGraph(config, weights).padded
    model, _ = tf2onnx.convert.from_function(function, input_signature=function.input_signature, opset=OPSET)
    for tensor in (*model.graph.input, *model.graph.output):
        for axis, name in zip(tensor.type.tensor_type.shape.dim, _AXES[tensor.name], strict=False):  # not `classes`
            axis.dim_param = name
    onnx.checker.check_model(model, full_check=True)  # tf2onnx only logs an operation that it cannot convert
    onnx.save(model, folder / "model.onnx")
