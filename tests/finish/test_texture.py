"""The photo's own texture, given back above the noise."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from llflow_photo import Options, Photo
from llflow_photo.color.guided import box_mean
from llflow_photo.color.spaces import encode
from llflow_photo.color.working import to_network
from llflow_photo.finish import finished
from llflow_photo.finish.noise_estimate import DetailNoise
from llflow_photo.finish.planes import luma
from llflow_photo.finish.texture import Texture

_SIDE = 192
_PLAIN = Options(local_exposure=0, color_smoothing=0, protect_highlights=False)


def _wall(random: np.random.Generator, noise: float, texture: float = 0.25) -> np.ndarray:
    """Dark plaster on the left, flat paint on the right: H x W, linear light."""
    grain = random.normal(0, texture, (_SIDE, _SIDE))
    grain[:, _SIDE // 2 :] = 0
    light = 0.01 * np.exp(grain)
    return np.asarray(np.clip(light + random.normal(0, noise, light.shape), 0, 1))


def _photo(light: np.ndarray) -> Photo:
    return Photo(encode(light, "srgb").astype(np.float32)[..., None].repeat(3, axis=2))


def _smooth(photo: Photo) -> np.ndarray:
    """A rendering that is twice as bright (encoded), and has lost all fine detail."""
    plane = box_mean(photo.pixels[..., 0].astype(np.float64), 3)
    return np.clip(2 * plane, 0, 1).astype(np.float32)[..., None].repeat(3, axis=2)


def _detail(picture: np.ndarray) -> np.ndarray:
    plane = luma(picture).astype(np.float64)
    return np.asarray(plane / box_mean(plane, 2) - 1)


def test_texture_is_restored_but_not_noise(random: np.random.Generator) -> None:
    photo = _photo(_wall(random, noise=0.0006))
    _, residual = to_network(photo)
    rendering = _smooth(photo)
    result = finished(rendering, residual, _PLAIN).pixels
    plaster, paint = np.s_[8:-8, 8:88], np.s_[8:-8, 104:-8]
    own, lost, back = (_detail(x) for x in (photo.pixels, rendering, result))
    assert lost[plaster].std() < 0.2 * own[plaster].std()
    assert back[plaster].std() > 0.3 * own[plaster].std()
    assert np.corrcoef(back[plaster].ravel(), own[plaster].ravel())[0, 1] > 0.9
    assert back[paint].std() < 0.4 * own[paint].std()


def test_at_1_a_clean_dark_photo_keeps_its_grain(random: np.random.Generator) -> None:
    photo = _photo(_wall(random, noise=0.0, texture=0.1))
    _, residual = to_network(photo)
    result = finished(_smooth(photo), residual, _PLAIN.with_changes(texture=1.0)).pixels
    plaster = np.s_[8:-8, 8:88]
    assert _detail(result)[plaster].std() > 0.7 * _detail(photo.pixels)[plaster].std()


def test_colored_noise_brings_no_colored_speckle(random: np.random.Generator) -> None:
    light = 0.01 + random.normal(0, 0.003, (_SIDE, _SIDE, 3))
    photo = Photo(encode(np.clip(light, 0, 1), "srgb").astype(np.float32))
    _, residual = to_network(photo)
    color = np.array([0.30, 0.25, 0.18], np.float32)
    rendering = np.broadcast_to(color, photo.pixels.shape).copy()
    result = finished(rendering, residual, _PLAIN.with_changes(texture=1.0)).pixels
    ratio = result / result[..., 1:2]
    np.testing.assert_allclose(ratio, np.broadcast_to(color / color[1], ratio.shape), rtol=1e-3)


@pytest.mark.parametrize("sigma", [0.004, 0.012, 0.03])
def test_noise_of_a_photo_is_estimated(random: np.random.Generator, sigma: float) -> None:
    ramp = np.linspace(0.2, 0.7, 512)[None, :, None].repeat(256, axis=0).repeat(3, axis=2)
    noise = random.normal(0, sigma, (256, 512, 1))  # the same in all channels: sigma is that of luma
    estimated = DetailNoise.of_photo(Photo((ramp + noise).astype(np.float32)))
    # Less the mean of 25 pixels, a standard deviation is sqrt(24 / 25) as large.
    wanted = sigma * np.sqrt(24 / 25)
    np.testing.assert_allclose(estimated.at(np.array([0.3, 0.45, 0.6])), wanted, rtol=0.2)


def test_noisy_shadows_leave_no_dark_pinpoints(random: np.random.Generator) -> None:
    """Their encoded noise is skewed: its outliers are far darker than the mean, not far brighter."""
    light = np.full((_SIDE, _SIDE), 0.006) + random.normal(0, 0.0025, (_SIDE, _SIDE))
    photo = _photo(np.clip(light, 0, 1))
    _, residual = to_network(photo)
    rendering = np.full((_SIDE, _SIDE, 3), 0.3, np.float32)
    result = luma(finished(rendering, residual, _PLAIN).pixels)
    assert np.mean(result < 0.9 * 0.3) < 1e-3
    assert np.mean(np.abs(result - 0.3) > 0.1 * 0.3) < 0.01


def test_noise_leaves_no_bright_pinpoints(random: np.random.Generator) -> None:
    """In a red surface green is at black, and its clipped noise skewed: its outliers are bright.

    Its noise is greater than that of gray of the same luma, from which it is estimated.
    """
    light = np.full((_SIDE, _SIDE, 3), 0.012) + random.normal(0, 0.0012, (_SIDE, _SIDE, 3))
    light[:, 96:] = np.array([0.06, 0, 0]) + random.normal(0, 0.0016, (_SIDE, 96, 3))
    photo = Photo(encode(np.clip(light, 0, 1), "srgb").astype(np.float32))
    _, residual = to_network(photo)
    result = luma(finished(np.full((_SIDE, _SIDE, 3), 0.3, np.float32), residual, _PLAIN).pixels)
    assert np.mean(result[:, 104:-8] > 1.07 * 0.3) < 2e-3


def test_dark_lines_above_the_noise_are_restored(random: np.random.Generator) -> None:
    light = np.full((_SIDE, _SIDE), 0.01)
    light[::12] = 0.007
    photo = _photo(np.clip(light + random.normal(0, 0.0004, light.shape), 0, 1))
    _, residual = to_network(photo)
    result = luma(finished(np.full((_SIDE, _SIDE, 3), 0.3, np.float32), residual, _PLAIN).pixels)
    assert result[12:-12:12].mean() < 0.97 * result[6:-12:12].mean()


def test_compressed_noise_is_not_taken_for_texture(random: np.random.Generator) -> None:
    light = np.clip(0.006 + random.normal(0, 0.003, (_SIDE, _SIDE, 3)), 0, 1)
    buffer = io.BytesIO()
    picture = Image.fromarray(np.rint(encode(light, "srgb") * 255).astype(np.uint8))
    picture.save(buffer, "JPEG", quality=85, subsampling=2)
    photo = Photo(np.asarray(Image.open(buffer)).astype(np.float32) / 255, bit_depth=8)
    noise, flat = DetailNoise.of_photo(photo), np.full((_SIDE, _SIDE), 0.3, np.float32)
    textures = [Texture.of(noise, 0.6, developed) for developed in (True, False)]
    left = [texture.gain(luma(photo.pixels), flat).std() for texture in textures if texture is not None]
    assert left[1] < 0.6 * left[0]
    assert left[1] < 0.01
