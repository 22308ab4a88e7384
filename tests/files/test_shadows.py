"""Shadows raised by noise that the development clips at black."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from dng_helpers import write_mosaic_of

from llflow_photo import Options, Photo, enhance, files
from llflow_photo.color.shadow_curve import ShadowCurve
from llflow_photo.color.spaces import SRGB, convert
from llflow_photo.color.working import from_network, to_network
from llflow_photo.files.dng import write_cfa_dng
from llflow_photo.files.raw import read as raw

_BLACK, _WHITE = 1024, 16383
_X_TRANS = ["GGRGGB", "GGBGGR", "BRGRBG", "GGBGGR", "GGRGGB", "RBGBRG"]
_READ_NOISE = 0.0032
"""Of a shot noise of 0.003."""


def _gray(path: Path, light: float, pattern: list[str], side: int = 192) -> Path:
    """A frame of gray light and the noise of high ISO; white is 1."""
    neutral = (0.714, 1.0, 0.385)
    height, width = (-(-side // size) * size for size in (len(pattern), len(pattern[0])))
    flat = np.full((height, width, 3), light)
    return write_mosaic_of(path, flat, pattern, neutral, (_BLACK, _WHITE), _READ_NOISE, seed=2)


def _denoised(photo: Photo) -> np.ndarray:
    """Mean of the photo, denoised by a rendering without structure, of 255 sRGB-encoded."""
    view, residual = to_network(photo)
    result = from_network(np.full_like(view, 0.3), residual, denoise_only=True, protect_highlights=False)
    encoded = np.clip(convert(result.pixels, photo.color_space, SRGB), 0, 1)
    return np.asarray(255 * encoded[8:-8, 8:-8].mean(axis=(0, 1)))


@pytest.mark.parametrize("half_size", [False, True])
@pytest.mark.parametrize("way", ["ours", "libraw"])
@pytest.mark.parametrize(("light", "expected"), [(0.0, 0.0), (0.0016, 5.3), (0.006, 17.8)])
def test_denoised_shadows_have_the_light_of_the_scene(
    light: float,
    expected: float,
    way: str,
    half_size: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = _gray(tmp_path / "gray.dng", light, ["RG", "GB"])
    if way == "libraw":
        monkeypatch.setattr(raw, "open_dng", lambda *_: None)
    mean = _denoised(files.read(path, half_size=half_size))
    np.testing.assert_allclose(mean, expected, atol=1.6)


@pytest.mark.parametrize("way", ["ours", "libraw"])
def test_a_denoised_black_frame_is_black(way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if way == "libraw":
        monkeypatch.setattr(raw, "open_dng", lambda *_: None)
    path = _gray(tmp_path / "black.dng", 0.0, ["RG", "GB"])
    np.testing.assert_allclose(_denoised(files.read(path)), 0.0, atol=1.2)
    result = enhance(path, options=Options(denoise_only=True, device="cpu"))
    # What is left of the noise is clipped at black; the rendering, which is the guide, has some texture.
    np.testing.assert_allclose(255 * result.mean(axis=(0, 1)), 0.0, atol=4.0)


def test_black_of_an_x_trans_sensor_is_black(tmp_path: Path) -> None:
    photo = files.read(_gray(tmp_path / "black.dng", 0.0, _X_TRANS, 600))
    np.testing.assert_allclose(_denoised(photo), 0.0, atol=1.2)


def test_a_photo_without_noise_has_no_curve(tmp_path: Path) -> None:
    mosaic = np.tile(np.linspace(_BLACK, _WHITE, 128).astype(np.uint16), (128, 1))
    mosaic[:64] = _BLACK
    write_cfa_dng(tmp_path / "clean.dng", mosaic, black_level=_BLACK, white_level=_WHITE)
    facts = files.read(tmp_path / "clean.dng").metadata.raw
    assert facts is not None and facts["shadow_curve"] is None


def test_offsets_undo_the_means_and_end_above_them() -> None:
    light = np.linspace(0, 0.2, 9)
    shares = (0.4, 0.0, 0.3)
    means = np.stack([light + (0.2 - light) * share for share in shares], axis=-1)
    curve = ShadowCurve(light, means, black=0.0)
    ramp = np.linspace(0, 1, 301)
    for channel in range(3):
        of_channel = curve.means[:, channel]
        np.testing.assert_allclose(of_channel + curve.offset(of_channel, channel), light, atol=1e-6)
        result = ramp + curve.offset(ramp, channel)
        assert (np.diff(result) > 0).all()
        np.testing.assert_array_equal(result[ramp > 0.41], ramp[ramp > 0.41])


def test_renderings_do_not_depend_on_the_curve(tmp_path: Path) -> None:
    """The network has learned to undo the effect of clipping."""
    photo = files.read(_gray(tmp_path / "gray.dng", 0.002, ["RG", "GB"]))
    facts = dict(photo.metadata.raw or {})
    assert facts.pop("shadow_curve") is not None
    plain = replace(photo, metadata=replace(photo.metadata, raw=facts))
    results = []
    for given in (photo, plain):
        view, residual = to_network(given)
        results.append(from_network(np.sqrt(view), residual).pixels)
    np.testing.assert_array_equal(*results)
