"""Export the PyTorch network of a run as RUN.onnx, with all axes dynamic except the features.

python tests/benchmarks/export_onnx.py RUN
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

import torch
from padded import read_model, read_weights
from peer_torch import Network


class Probability(torch.nn.Module):
    """A network's logits [B] as scores [B]."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, query: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
        return torch.sigmoid(self.network(query, value))


def export(run: Path) -> None:
    network = Probability(Network(read_model(run), read_weights(run))).eval()
    query, value = torch.zeros(2, 5, dtype=torch.int32), torch.zeros(2, 7, dtype=torch.int32)
    axes = {"query": {0: "B", 1: "Tq"}, "value": {0: "B", 1: "Tv"}, "score": {0: "B"}}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of this exporter, which needs no further packages
        torch.onnx.export(
            network,
            (query, value),
            f"{run}.onnx",
            input_names=["query", "value"],
            output_names=["score"],
            dynamic_axes=axes,
            dynamo=False,
        )


if __name__ == "__main__":
    export(Path(sys.argv[1]))
