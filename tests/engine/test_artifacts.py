"""The gradient activation map finds artifacts."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from engine_helpers import dark_photo, random_flow
from PIL import Image, ImageFilter

from llflow_photo import models
from llflow_photo.engine import EncodedPhoto, Enhancer, Latent
from llflow_photo.engine.artifacts import activation_map
from llflow_photo.engine.costs import default_halo
from llflow_photo.errors import CancelledError, ImageInputError
from llflow_photo.flow import LARGE
from llflow_photo.options import DEFAULT_MODEL

PATCH = slice(96, 144), slice(120, 168)


@pytest.fixture(scope="module")
def encoded() -> EncodedPhoto:
    return Enhancer(models.load(DEFAULT_MODEL).flow, backend="float32").encode(dark_photo(200, 264))


def noisy(picture: np.ndarray) -> np.ndarray:
    return np.clip(picture + np.random.default_rng(1).normal(0, 0.1, picture.shape), 0, 1)


def tinted(picture: np.ndarray) -> np.ndarray:
    return 0.5 * picture + 0.5 * np.array([0.9, 0.1, 0.1])


def blurred(picture: np.ndarray) -> np.ndarray:
    image = Image.fromarray((picture * 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(3))
    return np.asarray(image, np.float32) / 255


@pytest.mark.parametrize(
    ("artifact", "temperature"), [(noisy, 0.0), (noisy, 0.8), (tinted, 0.0), (tinted, 0.8), (blurred, 0.0)]
)
def test_added_artifacts_stand_out(encoded: EncodedPhoto, artifact: object, temperature: float) -> None:
    picture = encoded.decode(Latent(1, temperature))
    picture[PATCH] = artifact(picture)[PATCH]  # type: ignore[operator]
    heat = activation_map(encoded, picture)
    assert heat.shape == picture.shape[:2]
    outside = np.ones(heat.shape, bool)
    outside[80:160, 104:184] = False
    assert heat[PATCH].mean() > 3 * heat[outside].mean()


@pytest.mark.parametrize("temperature", [0.0, 0.8])
def test_padding_causes_no_bright_edge(temperature: float) -> None:
    encoded = Enhancer(models.load(DEFAULT_MODEL).flow, backend="float32").encode(dark_photo(163, 221))
    heat = activation_map(encoded, encoded.decode(Latent(2, temperature)))
    assert heat.shape == (163, 221) and heat.max() < 10
    edge = np.ones(heat.shape, bool)
    edge[:-24, :-24] = False
    assert heat[edge].mean() < 2 * heat[~edge].mean() + 0.5


def test_the_residual_is_the_noise_that_was_added() -> None:
    flow = random_flow()
    encoded = Enhancer(flow, tile=168, backend="float32").encode(dark_photo(195, 270))
    with torch.inference_mode():
        image = torch.from_numpy(dark_photo(195, 270)).permute(2, 0, 1)[None]
        conditioning = flow.encode(image)
        picture = flow.decode(conditioning, conditioning.mean + 0.5)[0].permute(1, 2, 0).numpy()
    residual = encoded.residual(0.2 + 0.6 * np.clip(picture, 0, 1))
    assert residual.shape == (192, 25, 34)
    whole = Enhancer(flow, tile=4096, backend="float32").encode(dark_photo(195, 270))
    expected = whole.residual(0.2 + 0.6 * np.clip(picture, 0, 1))
    assert np.abs(residual - expected).max() < 0.01 * np.abs(expected).max()


def test_the_residual_of_a_network_with_a_wide_halo_is_that_of_the_whole() -> None:
    flow, photo, picture = random_flow(), dark_photo(1400, 24), np.clip(2 * dark_photo(1400, 24, 1), 0, 1)
    encoded = Enhancer(flow, tile=1088, halo=default_halo(LARGE), backend="float32").encode(photo)
    done: list[tuple[int, int]] = []
    residual = encoded.residual(picture, progress=lambda *numbers: done.append(numbers))
    assert done == [(1, 2), (2, 2)]
    expected = Enhancer(flow, tile=4096, backend="float32").encode(photo).residual(picture)
    assert np.abs(residual - expected).max() < 0.01 * np.abs(expected).max()


def test_images_of_other_sizes_are_rejected_and_cancel_works(encoded: EncodedPhoto) -> None:
    with pytest.raises(ImageInputError, match="agree"):
        activation_map(encoded, np.zeros((10, 10, 3), np.float32))
    with pytest.raises(CancelledError):
        activation_map(encoded, np.zeros((200, 264, 3), np.float32), cancel=lambda: True)
