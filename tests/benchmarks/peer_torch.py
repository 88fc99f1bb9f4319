"""The network in PyTorch.

python tests/benchmarks/peer_torch.py RUN QUERY VALUE OUTPUT
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from itertools import chain
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
    trains_lazily,
    write_scores,
)
from processes import THREADS
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

TOKENS = 2048  # per batch: the fastest of 1024 to 16384


class Network(nn.Module):
    """Logits of pairs padded with the id `vocabulary`, whose embedding is zero."""

    def __init__(self, model: dict[str, Any], weights: dict[str, Floats], sparse: bool = False) -> None:
        super().__init__()
        self.model = model
        self.padding = model["embedding"]["input_dim"]
        table = torch.from_numpy(weights["embedding/embeddings"])
        self.embedding = nn.Embedding.from_pretrained(table, freeze=False, padding_idx=self.padding, sparse=sparse)
        self.embedding_dropout = nn.Dropout(model["embedding"]["dropout"])
        if model["embedding"]["match_channels"]:
            self.register_buffer("idf", torch.from_numpy(weights["tokens/idf"]))
        kernel = weights["conv/0/kernel"]  # [kernel size, inputs, filters]
        reach = (len(kernel) - 1) // 2, len(kernel) // 2  # of padding "same", as in Keras
        conv = nn.Conv1d(kernel.shape[1], kernel.shape[2], len(kernel))
        _set(conv, kernel.transpose(2, 1, 0), weights["conv/0/bias"])
        self.conv = nn.Sequential(nn.ConstantPad1d(reach, 0.0), conv, _ACTIVATIONS[model["conv"][0]["activation"]])
        self.compare = nn.Sequential(_linear(weights, "compare"), nn.ReLU()) if model["compare"] else None
        dropout = nn.Dropout(model["dnn"]["dropout"])
        hidden = [[_linear(weights, f"dnn/{i}"), nn.ReLU(), dropout] for i in range(len(model["dnn"]["units"]))]
        self.dnn = nn.Sequential(dropout, *chain.from_iterable(hidden), _linear(weights, "head"))

    def forward(self, query: Tensor, value: Tensor) -> Tensor:
        query_mask, value_mask = query != self.padding, value != self.padding  # [B, Tq], [B, Tv]
        query_matched, value_matched = None, None
        if self.model["embedding"]["match_channels"]:
            same = (query[:, :, None] == value[:, None]) & query_mask[:, :, None]  # [B, Tq, Tv]
            query_matched, value_matched = same.any(dim=2), same.any(dim=1)
        query_encoding = self.encode(query, query_mask, query_matched)  # [B, Tq, F]
        value_encoding = self.encode(value, value_mask, value_matched)  # [B, Tv, F]
        scores = query_encoding @ value_encoding.transpose(1, 2) / self.model["attention"]["temperature"]  # [B, Tq, Tv]
        features = self.attend_and_pool(scores, query_encoding, query_mask, value_encoding, value_mask)
        if self.model["attention"]["direction"] == "both":
            scores = scores.transpose(1, 2)  # [B, Tv, Tq]
            features += self.attend_and_pool(scores, value_encoding, value_mask, query_encoding, query_mask)
        return self.dnn(torch.cat(features, dim=-1))[:, 0]  # [B]

    def encode(self, ids: Tensor, mask: Tensor, matched: Tensor | None) -> Tensor:
        embedded = self.embedding_dropout(self.embedding(ids))  # [B, T, dim]
        if matched is not None:
            one_or_minus_one = torch.where(matched, 1.0, -1.0) * mask
            embedded = torch.cat([embedded, torch.stack([one_or_minus_one, matched * self.idf[ids]], dim=-1)], dim=-1)
        views = [embedded] if "embedding" in self.model["views"] else []
        views.append(self.conv(embedded.transpose(1, 2)).transpose(1, 2))  # [B, T, filters]
        return torch.cat(views, dim=-1)  # [B, T, F]

    def attend_and_pool(
        self, scores: Tensor, query: Tensor, query_mask: Tensor, value: Tensor, value_mask: Tensor
    ) -> list[Tensor]:
        """The pooled features [B, F] of one direction."""
        weights = scores.masked_fill(~value_mask[:, None], -torch.inf).softmax(dim=-1)  # [B, Tq, Tv]
        attended = weights @ value  # [B, Tq, F]
        make = {
            "encoding": lambda: query,
            "attention": lambda: attended,
            "absolute_difference": lambda: torch.abs(query - attended),
            "product": lambda: query * attended,
        }
        features = [make[feature]() for feature in self.model["features"]]
        if self.compare:
            features = [self.compare(torch.cat(features, dim=-1))]  # [B, Tq, units]
        mean = (query_mask / query_mask.sum(dim=1, keepdim=True))[:, None]  # [B, 1, Tq]
        pools = {
            "average": lambda x: (mean @ x)[:, 0],
            "max": lambda x: x.masked_fill(~query_mask[:, :, None], -torch.inf).amax(dim=1),
        }
        return [pools[pooling](feature) for feature in features for pooling in self.model["pooling"]]


_ACTIVATIONS = {"linear": nn.Identity(), "relu": nn.ReLU()}


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
    """Return a function that scores a padded batch on one thread, and the padding id."""
    torch.set_num_threads(1)
    network = Network(read_model(run), read_weights(run)).eval()

    @torch.inference_mode()
    def score(query: np.ndarray, value: np.ndarray) -> Floats:
        return torch.sigmoid(network(torch.from_numpy(query), torch.from_numpy(value))).numpy()

    return score, network.padding


def score_files(run: Path, query: Path, value: Path, output: Path) -> None:
    score, padding = load(run)
    write_scores(output, score_texts(score, read_texts(query), read_texts(value), padding, TOKENS))


def train(run: Path, query: Texts, value: Texts, label: Floats, batch: int, epochs: int) -> Iterator[float]:
    """Yield the pairs per second of each epoch."""
    torch.set_num_threads(THREADS)
    lazy = trains_lazily(run)
    network = Network(read_model(run), read_weights(run), sparse=lazy).train()
    optimizers: list[torch.optim.Optimizer] = []
    dense = list(network.parameters())
    if lazy:
        optimizers.append(torch.optim.SparseAdam([network.embedding.weight], lr=1e-3))
        dense = [parameter for parameter in dense if parameter is not network.embedding.weight]
    optimizers.append(torch.optim.Adam(dense, lr=1e-3, fused=True))
    random, targets = np.random.default_rng(1), torch.from_numpy(label)
    for _ in range(epochs):
        began = time.perf_counter()
        for rows in shuffled_batches(query, value, batch, random):
            padded = (torch.from_numpy(pad(texts, rows, network.padding)) for texts in (query, value))
            loss = binary_cross_entropy_with_logits(network(*padded), targets[rows])
            network.zero_grad()
            loss.backward()
            for optimizer in optimizers:
                optimizer.step()
        yield len(label) / (time.perf_counter() - began)


if __name__ == "__main__":
    score_files(*map(Path, sys.argv[1:]))
