"""The network computes what the reference tensors say, to 1e-4 of each tensor's largest value.

There are two sets: a small one in this repository, see ``scripts/parity_fixture.py``, and one that was
computed independently, where the shared test data is at hand.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from llflow_photo.flow import Conditioning, LLFlow
from llflow_photo.flow.inputs import (
    color_map,
    equalization_table,
    equalize,
    noise_map,
    reference_color_map,
)
from llflow_photo.flow.released import from_released
from llflow_photo.flow.steps import squeeze


def _image(pixels: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(pixels).permute(2, 0, 1)[None].float() / 255


@pytest.fixture(params=["kept", "independent"])
def folder(request: pytest.FixtureRequest) -> Path:
    if request.param == "kept":
        return Path(__file__).parent / "parity"
    return Path(request.getfixturevalue("shared")) / "fixtures"


@pytest.fixture
def expected(folder: Path) -> dict[str, np.ndarray]:
    with np.load(folder / "parity_tensors.npz") as stored:
        return dict(stored.items())


@pytest.fixture
def model(folder: Path) -> LLFlow:
    weights = load_file(folder / "parity_weights.safetensors")
    return from_released({name: tensor.float() for name, tensor in weights.items()})


@pytest.fixture
def low(expected: dict[str, np.ndarray]) -> torch.Tensor:
    return _image(expected["low"])


@pytest.fixture
def conditioning(model: LLFlow, low: torch.Tensor) -> Conditioning:
    with torch.no_grad():
        return model.encode(low)


def _agree(given: torch.Tensor, expected: np.ndarray) -> None:
    assert given.shape == expected.shape
    assert np.abs(given.detach().numpy() - expected).max() <= 1e-4 * np.abs(expected).max()


def test_inputs(low: torch.Tensor, expected: dict[str, np.ndarray]) -> None:
    table = torch.from_numpy(equalization_table(expected["low"]))
    equalized = (equalize(low, table)[0].permute(1, 2, 0) * 255).round()
    np.testing.assert_array_equal(equalized.numpy().astype(np.uint8), expected["histogram_equalized"])
    _agree(color_map(low), expected["color_map_input"])
    _agree(noise_map(color_map(low)), expected["noise_map_input"])


def test_encoder(conditioning: Conditioning, expected: dict[str, np.ndarray]) -> None:
    _agree(conditioning.color_map, expected["mean_color_map"])
    for level, condition in enumerate(conditioning.levels, 1):
        _agree(condition, expected[f"cond_level{level}"])


@torch.no_grad()
def test_decoding(model: LLFlow, conditioning: Conditioning, expected: dict[str, np.ndarray]) -> None:
    image, log_determinant = model.decode_with_log_determinant(conditioning)
    _agree(image, expected["output_mean"])
    _agree(log_determinant, expected["logdet_reverse"])
    latent = conditioning.mean + 0.8 * torch.from_numpy(expected["eps"])
    _agree(model.decode(conditioning, latent), expected["output_temperature_0.8"])


@torch.no_grad()
def test_likelihood(model: LLFlow, conditioning: Conditioning, expected: dict[str, np.ndarray]) -> None:
    reference = _image(expected["reference"])
    latent, log_determinant = model.latent_of(reference, conditioning)
    _agree(latent, expected["latent_of_gt"])
    _agree(log_determinant, expected["logdet_forward"])
    pixels = reference.shape[2] * reference.shape[3]

    def bits(log_density: torch.Tensor) -> torch.Tensor:
        return -(log_density - math.log(32) * pixels) / (math.log(2) * pixels)

    _agree(bits(model.log_prob(reference, conditioning)), expected["nll_bits_encoder_mean"])
    of_reference = squeeze(reference_color_map(reference))
    given = bits(model.log_prob(reference, conditioning, of_reference))
    _agree(given, expected["nll_bits_reference_mean"])
