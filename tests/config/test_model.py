"""The model section: its derived properties and its rules."""

from __future__ import annotations

from pathlib import Path

import pytest
from written_configs import MINIMAL, Write, faults_of

from pairlens.config.file import load_config
from pairlens.config.model import ConvConfig


@pytest.mark.parametrize(("padding", "reach"), [("same", (4, 5)), ("causal", (9, 0))])
def test_the_reach_of_a_dilated_convolution(padding: str, reach: tuple[int, int]) -> None:
    """4 tokens, 3 apart, span 10: one is the position itself."""
    conv = ConvConfig.model_validate({"kernel_size": 4, "dilation_rate": 3, "padding": padding})
    assert conv.reach == reach


@pytest.mark.parametrize("strides", [0, 2])
def test_a_convolution_skips_no_token(write: Write, strides: int) -> None:
    (found,) = faults_of(write(MINIMAL), f"model.conv.0.strides={strides}")
    assert f"model.conv[0].strides: found {strides}; must be 1: an attention score belongs to one token" in found


def test_the_columns_of_each_view(write: Write) -> None:
    path = write(MINIMAL)
    sizes = ["model.embedding.output_dim=5", "model.conv=[{filters: 7}, {filters: 3}]"]

    def widths(*overrides: str) -> dict[str, int]:
        return dict(load_config(path, [*sizes, *overrides]).model.view_widths)

    assert widths() == {"convolution": 3}
    assert widths("model.views=[embedding, convolution]") == {"embedding": 5, "convolution": 3}
    assert widths("model.views=[embedding, convolution]", "model.embedding.match_channels=true")["embedding"] == 7
    assert widths("model.conv=[]") == {"embedding": 5}  # the only view, whatever `views` says


def test_a_pretrained_matrix_goes_with_the_written_out_default(write: Write, tmp_path: Path) -> None:
    written_out = "model.embedding.embeddings_initializer={name: uniform, scale: 0.05}"
    config = load_config(write(MINIMAL), [f"model.embedding.pretrained={tmp_path}/e.npy", written_out])
    assert config.model.embedding.pretrained == tmp_path / "e.npy"
