"""The network in PyTorch.

python tests/benchmarks/peer_torch.py RUN QUERY VALUE OUTPUT
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from padded import (
    Floats,
    ScoreBatch,
    Texts,
    pad,
    read_model,
    read_texts,
    read_weights,
    score_texts,
    shuffled_batches,
    write_scores,
)
from processes import THREADS
from torch import Tensor, nn
from torch.nn import functional

BATCH = 64  # of 64 to 1024 the fastest


class Network(nn.Module):
    """Logits of pairs padded with the id `vocabulary`, whose embedding is zero."""

    def __init__(self, model: dict[str, Any], weights: dict[str, Floats]) -> None:
        super().__init__()
        self.both = model["attention"]["direction"] == "both"
        self.features, self.poolings = model["features"], model["pooling"]
        table = torch.from_numpy(weights["embedding/embeddings"])
        self.padding = len(table) - 1
        self.embedding = nn.Embedding.from_pretrained(table, freeze=False, padding_idx=self.padding)
        self.embedding_dropout = nn.Dropout(model["embedding"]["dropout"])
        kernel = weights["conv/0/kernel"]  # [kernel size, dim, filters]
        self.reach = (len(kernel) - 1) // 2, len(kernel) // 2  # of padding "same", as in Keras
        self.conv = nn.Conv1d(kernel.shape[1], kernel.shape[2], len(kernel))
        _set(self.conv, kernel.transpose(2, 1, 0), weights["conv/0/bias"])
        layers: list[nn.Module] = [nn.Dropout(model["dnn"]["dropout"])]
        for i in range(len(model["dnn"]["units"])):
            layers += [_linear(weights, f"dnn/{i}"), nn.ReLU(), nn.Dropout(model["dnn"]["dropout"])]
        self.dnn = nn.Sequential(*layers, _linear(weights, "head"))

    def forward(self, query: Tensor, value: Tensor) -> Tensor:
        query_mask, value_mask = query != self.padding, value != self.padding  # [B, Tq], [B, Tv]
        query_encoding, value_encoding = self.encode(query), self.encode(value)  # [B, Tq, F], [B, Tv, F]
        scores = query_encoding @ value_encoding.transpose(1, 2)  # [B, Tq, Tv]
        features = self.attend_and_pool(scores, query_encoding, query_mask, value_encoding, value_mask)
        if self.both:
            scores = scores.transpose(1, 2)  # [B, Tv, Tq]
            features += self.attend_and_pool(scores, value_encoding, value_mask, query_encoding, query_mask)
        return self.dnn(torch.cat(features, dim=-1))[:, 0]  # [B]

    def encode(self, ids: Tensor) -> Tensor:
        reached = functional.pad(ids, self.reach, value=self.padding)  # [B, T + kernel size - 1]
        embedded = self.embedding_dropout(self.embedding(reached))  # [B, T + kernel size - 1, dim]
        return self.conv(embedded.transpose(1, 2)).transpose(1, 2)  # [B, T, F]

    def attend_and_pool(
        self, scores: Tensor, query: Tensor, query_mask: Tensor, value: Tensor, value_mask: Tensor
    ) -> list[Tensor]:
        """The pooled features [B, F] of one direction."""
        weights = scores.masked_fill(~value_mask[:, None], -torch.inf).softmax(dim=-1)  # [B, Tq, Tv]
        attended = weights @ value  # [B, Tq, F]
        sequences = {"encoding": query, "attention": attended}
        if "absolute_difference" in self.features:
            sequences["absolute_difference"] = (query - attended).abs()
        if "product" in self.features:
            sequences["product"] = query * attended
        mean = (query_mask / query_mask.sum(dim=1, keepdim=True))[:, None]  # [B, 1, Tq]
        pools = {
            "average": lambda x: (mean @ x)[:, 0],
            "max": lambda x: x.masked_fill(~query_mask[:, :, None], -torch.inf).amax(dim=1),
        }
        return [pools[pooling](sequences[feature]) for feature in self.features for pooling in self.poolings]


def _linear(weights: dict[str, Floats], name: str) -> nn.Linear:
    kernel = weights[f"{name}/kernel"]  # [in, out]
    layer = nn.Linear(*kernel.shape)
    _set(layer, kernel.T, weights[f"{name}/bias"])
    return layer


@torch.no_grad()
def _set(layer: nn.Linear | nn.Conv1d, weight: Floats, bias: Floats) -> None:
    layer.weight.copy_(torch.from_numpy(weight))
    layer.bias.copy_(torch.from_numpy(bias))


def load(run: Path) -> tuple[ScoreBatch, int]:
    """A function that scores a padded batch by one thread, and the padding id."""
    torch.set_num_threads(1)
    network = Network(read_model(run), read_weights(run)).eval()

    @torch.inference_mode()
    def score(query: np.ndarray, value: np.ndarray) -> Floats:
        return torch.sigmoid(network(torch.from_numpy(query), torch.from_numpy(value))).numpy()

    return score, network.padding


def score_files(run: Path, query: Path, value: Path, output: Path) -> None:
    score, padding = load(run)
    write_scores(output, score_texts(score, read_texts(query), read_texts(value), padding, BATCH))


def train(run: Path, query: Texts, value: Texts, label: Floats, batch: int, epochs: int) -> Iterator[float]:
    """Yields the pairs per second of each epoch."""
    torch.set_num_threads(THREADS)
    network = Network(read_model(run), read_weights(run)).train()
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3, fused=True)
    random, targets = np.random.default_rng(1), torch.from_numpy(label)
    for _ in range(epochs):
        began = time.perf_counter()
        for rows in shuffled_batches(query, value, batch, random):
            padded = (torch.from_numpy(pad(texts, rows, network.padding)) for texts in (query, value))
            loss = functional.binary_cross_entropy_with_logits(network(*padded), targets[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        yield len(label) / (time.perf_counter() - began)


if __name__ == "__main__":
    score_files(*map(Path, sys.argv[1:]))
