"""The gain path through a model's latent, and the option that uses it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from llflow_photo import models
from llflow_photo.engine import Enhancer, Latent
from llflow_photo.engine.gain_path import GainPath, measure_gain_path, synthetic_view
from llflow_photo.engine.latent_window import LatentWindow
from llflow_photo.flow import LLFlow
from llflow_photo.options import DEFAULT_MODEL

_LUMINANCE = np.array((0.2126, 0.7152, 0.0722), np.float32)


@pytest.fixture(scope="module")
def flow() -> LLFlow:
    return models.load("lol-compact").flow


@pytest.fixture(scope="module")
def path(flow: LLFlow) -> GainPath:
    return measure_gain_path(flow)


def test_no_gain_is_no_shift(path: GainPath) -> None:
    gains = np.zeros((2, 3, 4), np.float32)
    assert np.abs(path.shift(gains, LatentWindow(slice(5, 8), slice(0, 4), (12, 9)))).max() < 1e-3


def test_nodes_ascend_and_cover_the_range(path: GainPath) -> None:
    assert (np.diff(path.exposure) > 0).all() and (np.diff(path.warmth) > 0).all()
    assert path.exposure[0] <= -2 and path.exposure[-1] >= 1
    assert path.warmth[0] <= -1 and path.warmth[-1] >= 1


def test_shifts_are_interpolated_and_constant_beyond_the_last_nodes(path: GainPath) -> None:
    middle = (path.exposure[2] + path.exposure[3]) / 2
    gains = np.array([[[middle, 99.0]], [[0.0, 0.0]]], np.float32)
    shift = path.shift(gains, LatentWindow(slice(10, 11), slice(20, 22), (30, 40)))
    zero = int(np.flatnonzero(path.warmth == 0)[0])
    inner = path.shifts[:, zero, 2, 2]
    np.testing.assert_allclose(shift[:, 0, 0], (inner[2] + inner[3]) / 2, atol=1e-3)
    np.testing.assert_allclose(shift[:, 0, 1], inner[-1], atol=1e-3)


def test_positions_at_the_edges_have_separate_shifts(path: GainPath) -> None:
    gains = np.stack([np.full((30, 40), path.exposure[0]), np.zeros((30, 40))]).astype(np.float32)
    whole = path.shift(gains, LatentWindow.whole(30, 40))
    dark = path.shifts[0, int(np.flatnonzero(path.warmth == 0)[0])]
    for at, zone in (((0, 0), (0, 0)), ((1, 39), (1, 4)), ((15, 38), (2, 3)), ((29, 5), (4, 2))):
        np.testing.assert_allclose(whole[:, at[0], at[1]], dark[zone], atol=1e-3)
    part = path.shift(gains[:, 25:, 30:], LatentWindow(slice(25, 30), slice(30, 40), (30, 40)))
    np.testing.assert_array_equal(part, whole[:, 25:, 30:])


def test_darkening_reaches_the_edges(flow: LLFlow) -> None:
    encoded = Enhancer(flow, device="cpu").encode(synthetic_view(7, 96, 128))
    ratio = (encoded.decode(Latent(brightness=-0.6)) + 0.02) / (encoded.decode(Latent()) + 0.02)
    inner = ratio[24:-24, 24:-24].mean()
    assert inner < 0.92
    for edge in (ratio[:8], ratio[-8:], ratio[:, :8], ratio[:, -8:]):
        assert edge.mean() == pytest.approx(inner, abs=0.12)


def test_measuring_is_deterministic(flow: LLFlow, path: GainPath) -> None:
    np.testing.assert_array_equal(measure_gain_path(flow).shifts, path.shifts)


def test_brightness_increases_the_mean_of_an_unseen_view(flow: LLFlow) -> None:
    encoded = Enhancer(flow, device="cpu").encode(synthetic_view(9, 64, 80))
    means = [float(encoded.decode(Latent(brightness=ev)).mean()) for ev in (-1.5, -1, -0.5, 0, 0.5, 1)]
    assert np.diff(means).min() > 0
    assert means[4] / means[3] == pytest.approx(2 ** (0.5 / 2.2), rel=0.15)


@pytest.mark.parametrize("name", ["coffee", "astronaut", "chelsea", "rocket"])
def test_brightness_rises_with_the_shift_on_photos(name: str) -> None:
    data = pytest.importorskip("skimage.data", reason="scikit-image's photos are not installed")
    photo = Image.fromarray(getattr(data, name)()).convert("RGB").resize((112, 80))
    linear = (np.asarray(photo, np.float32) / 255) ** 2.2 / 12
    dark = linear + np.random.default_rng(0).normal(0, 0.002, linear.shape)
    view = (np.clip(dark, 0, 1) ** (1 / 2.2)).astype(np.float32)
    encoded = Enhancer(models.load(DEFAULT_MODEL).flow, device="cpu").encode(view)
    shifts = np.linspace(-2, 1, 9)
    means = [float((encoded.decode(Latent(brightness=float(ev))) @ _LUMINANCE).mean()) for ev in shifts]
    ranks = np.argsort(np.argsort(means))
    assert np.corrcoef(ranks, np.arange(len(shifts)))[0, 1] >= 0.95  # Spearman's coefficient


def test_an_untrained_network_has_finite_shifts() -> None:
    torch.manual_seed(0)
    assert np.isfinite(measure_gain_path(LLFlow().eval()).shifts).all()
