"""What the frames of a series share."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from llflow_photo import enhance, series_reference
from llflow_photo.errors import OptionError
from llflow_photo.photo import Photo
from llflow_photo.pictures import photo_of_array
from llflow_photo.series import FrameSummary, SeriesReference, same_scene


def frame(seed: int, lamp: bool = False, height: int = 48, width: int = 64) -> np.ndarray:
    """A dark ramp with fresh noise, and a lamp in one corner: H x W x 3, float32, sRGB-encoded."""
    generator = np.random.default_rng(seed)
    values = np.linspace(0.05, 0.3, width, dtype=np.float32)[None, :, None].repeat(height, 0).repeat(3, 2)
    values = values + generator.normal(0, 0.02, values.shape).astype(np.float32)
    if lamp:
        values[: height // 4, : width // 4] = 1.0
    return np.clip(values, 0, 1)


def summary(pixels: np.ndarray) -> FrameSummary:
    return FrameSummary.of(photo_of_array(pixels))


def test_a_lamp_in_fewer_than_half_of_the_frames_does_not_count() -> None:
    unlit = SeriesReference.of([summary(frame(seed)) for seed in range(5)])
    some = SeriesReference.of([summary(frame(seed, lamp=seed < 2)) for seed in range(5)])
    assert float(np.abs(unlit.view - some.view).mean()) < 0.01
    assert float(np.abs(unlit.view - some.view).max()) < 0.15
    assert some.view[:30, :30].mean() < 0.2 < summary(frame(0, lamp=True)).light[:30, :30].mean()
    assert some.highlight > 0.9 > unlit.highlight == 0  # of any of them, so that the lamp stays one
    assert some.exposure_ev == pytest.approx(unlit.exposure_ev, abs=0.1)


def test_light_is_averaged_linearly_and_levels_keep_the_noise() -> None:
    checks = np.zeros((128, 256, 3), np.float32)
    checks[:, ::2] = 1.0
    given = summary(checks)
    np.testing.assert_allclose(given.light, 0.5, atol=1e-6)
    assert (given.levels == 0).mean() == (given.levels == 1).mean() == 0.5
    reference = SeriesReference.of([given])
    np.testing.assert_allclose(reference.view, 0.735357, atol=1e-5)  # half of white, sRGB-encoded
    assert set(np.unique(reference.levels)) == {0.0, 1.0}


def test_pixels_fewer_than_cells_are_shared_by_them() -> None:
    pixels = np.array([[[0.0, 0.0, 0.0], [1.0, 1.0, 1.0]]], np.float32)
    light = FrameSummary.of(Photo(pixels)).light
    assert light[:, :64].max() == 0
    assert light[:, 64:].min() == pytest.approx(1)


def test_it_is_plain_data() -> None:
    reference = SeriesReference.of([summary(frame(seed)) for seed in range(3)])
    again = SeriesReference.from_json(json.loads(json.dumps(reference.to_json())))
    assert again == reference == pickle.loads(pickle.dumps(reference))
    assert again.key == reference.key != SeriesReference.of([summary(frame(3))]).key
    assert reference.detail_seed(1) == again.detail_seed(1) != reference.detail_seed(2)
    with pytest.raises(OptionError, match="at least one frame"):
        series_reference([])


def test_one_scene_is_told_from_several() -> None:
    lit = [summary(frame(seed, lamp=seed % 2 == 0)) for seed in range(4)]
    assert same_scene(lit)
    assert not same_scene([*lit[:3], summary(frame(9)[:, ::-1].copy())])
    assert not same_scene([*lit[:3], summary(frame(9) * np.float32(0.5))])
    with pytest.raises(OptionError, match="at least one frame"):
        same_scene([])


@pytest.mark.parametrize("kind", ["dense", "unet"])
def test_frames_of_one_series_are_rendered_alike(
    tiny_flow: Callable[..., Any], tmp_path: Path, kind: str
) -> None:
    from llflow_photo import models

    unet = {"widths": (8, 12, 16), "down": (1, 1, 1), "up": (1, 1), "vector": 16}
    flow = tiny_flow() if kind == "dense" else tiny_flow(encoder={"unet": unet})
    path = tmp_path / "model.safetensors"
    models.save(flow.state_dict(), flow.size, path)
    lit = frame(0, lamp=True)
    reference = series_reference([frame(seed) for seed in range(3)])
    dark_half = np.s_[24:, 32:]  # far from the lamp
    # The frames are smaller than the surroundings in which rings of a lamp are corrected.
    unprotected: dict[str, Any] = {"protect_highlights": False}
    for more in (unprotected, unprotected | {"temperature": 0.8}):
        alone = [enhance(each, model=path, tile=64, **more) for each in (frame(0), lit)]
        together = [enhance(each, model=path, tile=64, series=reference, **more) for each in (frame(0), lit)]
        apart = float(np.abs(alone[0][dark_half] - alone[1][dark_half]).mean())
        assert float(np.abs(together[0][dark_half] - together[1][dark_half]).mean()) < 0.1 * apart


def test_the_look_is_the_series_and_the_grain_the_frames(tiny_model: Path) -> None:
    reference = series_reference([frame(seed) for seed in range(3)])
    given: dict[str, Any] = {"model": tiny_model, "temperature": 0.8, "series": reference}
    first, second = (enhance(frame(0), detail_seed=seed, **given) for seed in (1, 2))
    np.testing.assert_array_equal(first, second)  # a model without a prior: its noise is the look
