"""Frames in light of one color are balanced before the network, and their color is restored after it."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from llflow_photo import models
from llflow_photo.color.channel_levels import channel_levels, channel_ratio
from llflow_photo.color.spaces import decode, encode
from llflow_photo.engine import Enhancer, Latent
from llflow_photo.engine.color_balance import ColorBalance
from llflow_photo.engine.view import FramePart
from llflow_photo.flow.thumbnail import thumbnail

LIGHTS = {
    "magenta": (1.0, 0.05, 0.9),
    "blue": (0.02, 0.05, 1.0),
    "red": (1.0, 0.02, 0.02),
    "only blue": (0.0, 0.0, 1.0),
}
LOWEST = 0.164


def scene(height: int = 192, width: int = 256) -> np.ndarray:
    """Colored surfaces with fine texture in soft light, H x W x 3, linear light."""
    random = np.random.default_rng(3)
    light = np.full((height, width, 3), 0.3)
    for _ in range(40):
        top, left = random.integers(-20, height), random.integers(-20, width)
        rows, columns = slice(max(0, top), top + 60), slice(max(0, left), left + 60)
        light[rows, columns] = (0.05 + 0.7 * random.random()) * (0.6 + 0.4 * random.random(3))
    return light * random.uniform(0.8, 1.2, (height, width, 1))


def dark(light: tuple[float, ...], exposure_ev: float = -3.0) -> np.ndarray:
    """The scene in this light, underexposed, with noise: H x W x 3, uint8, sRGB-encoded."""
    exposed = scene() * np.array(light) * 2.0**exposure_ev
    random = np.random.default_rng(4)
    noisy = exposed + random.normal(size=exposed.shape) * np.sqrt(3e-4 * exposed + 1e-6)
    return np.rint(encode(np.clip(noisy, 0.0, 1.0), "srgb") * 255).astype(np.uint8)


def view_of(photo: np.ndarray) -> np.ndarray:
    return photo.astype(np.float32) / np.float32(255)


@pytest.fixture(scope="module")
def enhancer() -> Enhancer:
    return Enhancer(models.load("lol-compact").flow, device="cpu", tile=192, backend="float32")


def test_levels_of_channels_do_not_depend_on_a_lamp_or_on_noise_in_black() -> None:
    light = np.full((3, 64, 64), 0.01)
    light[1] *= 0.5
    np.testing.assert_allclose(channel_levels(light), [1.0, 0.48, 1.0], atol=0.02)
    light[0, :4, :4] = 1.0  # a red lamp
    np.testing.assert_allclose(channel_levels(light), [1.0, 0.48, 1.0], atol=0.02)
    blue = np.full((3, 64, 64), 4e-4)
    blue[2, :, 8:] = 0.01
    assert channel_ratio(blue) < 0.01
    assert channel_ratio(np.zeros((3, 64, 64))) == 1.0


@pytest.mark.parametrize("light", LIGHTS)
def test_a_balanced_frame_is_gray_and_its_colors_are_restored(light: str) -> None:
    image = view_of(dark(LIGHTS[light]))
    small = thumbnail(image)
    colors = ColorBalance.of(small, LOWEST)
    assert colors is not None
    assert channel_ratio(colors.thumbnail(small)) > 0.75
    images = torch.from_numpy(image).permute(2, 0, 1)[None]
    torch.testing.assert_close(colors.restored(colors.balanced(images), images), images, atol=1e-3, rtol=0)
    beyond = torch.tensor([-0.2, 0.5, 1.3]).view(1, 3, 1, 1)
    identity = ColorBalance(torch.eye(3), torch.eye(3))
    torch.testing.assert_close(identity.restored(beyond, images[..., :1, :1]), beyond)


def test_frames_within_the_range_of_the_training_are_not_changed() -> None:
    warm = thumbnail(dark((1.0, 0.6, 0.3)))
    assert ColorBalance.of(warm, LOWEST) is None
    magenta = thumbnail(dark(LIGHTS["magenta"]))
    assert ColorBalance.of(magenta, None) is None
    assert ColorBalance.of(None, LOWEST) is None
    assert ColorBalance.of(thumbnail(dark((1.0, 0.001, 0.001))), 0.03) is None  # such models know one color
    orange = thumbnail(dark((1.0, 0.4, 0.15)))
    almost = ColorBalance.of(orange, channel_ratio(orange) / 0.699)
    assert almost is not None
    torch.testing.assert_close(almost.matrix, torch.eye(3), atol=1e-3, rtol=0)


@pytest.mark.parametrize("light", LIGHTS)
@pytest.mark.parametrize("temperature", [0.0, 0.8])
def test_colored_light_keeps_its_hue_and_the_scene_its_detail(
    enhancer: Enhancer, light: str, temperature: float
) -> None:
    rendered = enhancer.encode(view_of(dark(LIGHTS[light]))).decode(Latent(1, temperature, 0.0))
    expected = scene() * np.array(LIGHTS[light])
    main = int(np.argmax(LIGHTS[light]))
    ours, theirs = (_blocks(values[..., main]) for values in (decode(rendered, "srgb"), expected))
    assert np.corrcoef(encode(ours, "srgb").ravel(), encode(theirs, "srgb").ravel())[0, 1] > 0.985
    levels, wanted = (_levels(values) for values in (decode(rendered, "srgb"), expected))
    empty = wanted < 0.1
    assert (levels[empty] < (0.08 if temperature == 0 else 0.2)).all()
    if temperature == 0:  # other looks are warmer or cooler
        np.testing.assert_allclose(levels, wanted, atol=0.05)
    assert 0.25 < ours.mean() / theirs.mean() < 1.5
    assert (rendered[..., main] > 0.995).mean() < 0.01


def test_tiles_and_parts_of_a_colored_frame_agree(enhancer: Enhancer) -> None:
    view = view_of(dark(LIGHTS["magenta"]))
    whole = Enhancer(models.load("lol-compact").flow, device="cpu", tile=1024, backend="float32")
    expected = whole.encode(view).decode(Latent())
    encoded = enhancer.encode(view)
    assert encoded.tiles > 1
    assert np.abs(encoded.decode(Latent()) - expected).max() < 4 / 255
    part = FramePart((192, 256), 64, 64)
    statistics = enhancer.photo_statistics(view)
    region = enhancer.encode(view[64:160, 64:192], statistics=statistics, part=part).decode(Latent())
    assert np.abs(region[24:-24, 24:-24] - expected[88:136, 88:168]).max() < 4 / 255


def test_the_latent_of_a_rendering_of_a_colored_frame_is_its_own(enhancer: Enhancer) -> None:
    encoded = enhancer.encode(view_of(dark(LIGHTS["magenta"])))
    residual = encoded.residual(encoded.decode(Latent()))
    assert np.sqrt(np.square(residual).mean()) < 0.1


def test_the_latent_is_exact_where_a_balanced_rendering_exceeds_the_range() -> None:
    """A channel of such a frame has hardly any light, so that its part of the rendering was clipped."""
    red = view_of(dark((1.0, 0.001, 0.001)))
    red[10:20, 10:40] = (1.0, 0.02, 0.02)
    red[60:64, 60:64] = 1.0
    flow = models.load("night-compact").flow
    flow.lowest_channel_ratio = LOWEST
    encoded = Enhancer(flow, device="cpu", tile=192, backend="float32").encode(red)
    assert np.abs(encoded.residual(encoded.decode(Latent()))).max() < 0.01


@pytest.mark.parametrize("light", ["magenta", "red", "blue"])
def test_surfaces_in_white_light_are_not_darker_than_in_the_photo(enhancer: Enhancer, light: str) -> None:
    photo = view_of(dark(LIGHTS[light], -4.0))
    for number, level in enumerate((0.4, 0.7, 0.9)):
        photo[40:52, 40 + 60 * number : 52 + 60 * number] = level
    assert ColorBalance.of(thumbnail(photo), LOWEST) is not None
    rendered = enhancer.encode(photo).decode(Latent())
    for number, level in enumerate((0.4, 0.7, 0.9)):
        surface = rendered[44:48, 44 + 60 * number : 48 + 60 * number].mean((0, 1))
        assert (surface > level - 0.02).all()


def _blocks(values: np.ndarray) -> np.ndarray:
    """Means of 8 x 8 pixels."""
    height, width = values.shape
    return values.reshape(height // 8, 8, width // 8, 8).mean((1, 3))


def _levels(light: np.ndarray) -> np.ndarray:
    means = light.mean((0, 1))
    return np.asarray(means / means.max())
