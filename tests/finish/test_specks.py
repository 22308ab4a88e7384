"""Hot pixels go, stars stay."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from llflow_photo import Photo
from llflow_photo.color.spaces import LINEAR_SRGB, REC2020_LINEAR, SRGB, ColorSpace, convert
from llflow_photo.files import RawOptions, read
from llflow_photo.files.dng import write_cfa_dng
from llflow_photo.finish import without_specks
from llflow_photo.finish.specks import repaired

_SIDE = 256


def _sky(random: np.random.Generator, noise: float = 0.012) -> np.ndarray:
    sky = 0.06 + 0.03 * np.linspace(0, 1, _SIDE)[:, None, None] + np.zeros((_SIDE, _SIDE, 3))
    return np.asarray(sky + random.normal(0, noise, sky.shape))


def _places(random: np.random.Generator, count: int = 40) -> np.ndarray:
    """Far from each other and from borders."""
    grid = np.array([(y, x) for y in range(16, _SIDE - 16, 24) for x in range(16, _SIDE - 16, 24)])
    return np.asarray(grid[random.permutation(len(grid))[:count]] + random.integers(-4, 5, (count, 2)))


def _as_jpeg(pixels: np.ndarray, quality: int = 92) -> np.ndarray:
    file = io.BytesIO()
    Image.fromarray((np.clip(pixels, 0, 1) * 255).round().astype(np.uint8)).save(
        file, "JPEG", quality=quality
    )
    return np.asarray(Image.open(file), np.float32) / 255


def _with_hot_pixels(pixels: np.ndarray, places: np.ndarray, random: np.random.Generator) -> np.ndarray:
    out = pixels.copy()
    for (y, x), channel in zip(places, random.integers(0, 4, len(places)), strict=True):
        channels = slice(None) if channel == 3 else slice(channel, channel + 1)
        out[y, x, channels] += random.uniform(0.3, 0.8)
    return out


def _developed_hot_pixels(path: Path, places: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """A dim, developed RAW file with hot pixels, which demosaicing spread over 3 x 3 pixels and more."""
    light = 0.012 * (1 + np.linspace(0, 1.5, _SIDE))[:, None]
    mosaic = light + random.normal(0, np.sqrt(0.0008 * light + 8e-4**2), (_SIDE, _SIDE))
    mosaic[places[:, 0], places[:, 1]] = random.uniform(0.08, 1.0, len(places))
    raw_values = np.rint(512 + 15871 * mosaic).clip(0, 16383).astype(np.uint16)
    write_cfa_dng(path, raw_values, black_level=512, white_level=16383, as_shot_neutral=(0.5, 1, 0.6))
    photo = read(path, RawOptions(hot_pixels=False))
    return convert(photo.pixels, photo.color_space, SRGB)


def _standing_out(pixels: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Greatest difference from the surround in 5 x 5 pixels around each place."""
    differences = []
    for y, x in places:
        around = np.median(pixels[y - 7 : y + 8, x - 7 : x + 8].reshape(-1, 3), axis=0)
        differences.append(np.abs(pixels[y - 2 : y + 3, x - 2 : x + 3] - around).max())
    return np.array(differences)


def test_corners_and_crosses_of_hot_pixels_go_and_blurred_ones_stay(random: np.random.Generator) -> None:
    """Interpolation along an edge spreads a hot pixel over direct neighbors, optics over all."""
    places = _places(random, 40)
    hot, blurred = _sky(random), _sky(random)
    for y, x in places:
        size = random.uniform(0.4, 0.8)
        hot[y, x] += size
        for dy, dx in [(-1, 0), (0, 1), (1, 0), (0, -1)][: random.integers(2, 5)]:
            hot[y + dy, x + dx] += size * random.uniform(0.4, 0.8)
        column, row = (np.exp(-((np.arange(-2, 3) - random.uniform(-0.5, 0.5)) ** 2) / 0.72) for _ in "yx")
        blurred[y - 2 : y + 3, x - 2 : x + 3] += size * (column[:, None] * row)[..., None]
    left = _standing_out(repaired(_as_jpeg(hot, 97))[0], places)
    assert (left < 0.12).mean() > 0.9
    given = _as_jpeg(blurred, 97)
    np.testing.assert_array_equal(repaired(given)[0], given)


def test_hot_pixels_of_a_camera_go_from_jpegs_of_halved_color(
    tmp_path: Path, random: np.random.Generator
) -> None:
    places = _places(random, 60)
    given = _as_jpeg(_developed_hot_pixels(tmp_path / "hot.dng", places, random))
    seen = _standing_out(given, places) > 0.12
    result = without_specks(Photo(given)).pixels
    assert np.mean(seen) > 0.8
    assert np.mean(_standing_out(result, places)[seen] < 0.12) > 0.65


def test_a_hot_pixel_that_compression_made_purple_goes() -> None:
    """A red one in the sky: blue rises by 0.43 of red, green by 0.16."""
    photo = read(Path(__file__).parents[2] / "sample_images" / "rocket-launch.jpg")
    place = np.s_[107:110, 165:168]
    assert photo.pixels[place].max() > 0.7
    assert without_specks(photo).pixels[place].max() < 0.15


def test_no_dark_ring_is_left_around_a_hot_pixel(random: np.random.Generator) -> None:
    """Demosaicing darkens the neighbors of a hot pixel."""
    places = _places(random)
    given = _sky(random, 0.004).astype(np.float32)
    y, x = places.T
    for dy, dx in ((-1, 0), (1, 0), (0, -1), (0, 1)):
        given[y + dy, x + dx] = 0.0
    given[y, x] = 0.7
    result, count = repaired(given)
    assert count == len(places)
    assert _standing_out(result, places).max() < 0.05


@pytest.mark.parametrize("transfer", ["srgb", "linear"])
def test_pixels_are_repaired_in_place_if_they_may_be_changed(
    random: np.random.Generator, transfer: str
) -> None:
    """The sky is higher than a block of rows, and hot pixels are near the borders of blocks."""
    given = np.tile(_sky(random, 0.004), (3, 1, 1)).astype(np.float32)
    given[np.arange(20, len(given) - 20, 17), 100] = 0.7
    before = given.copy()
    result, count = repaired(given, transfer=transfer)
    assert count > 10
    np.testing.assert_array_equal(given, before)
    given.flags.writeable = False
    assert repaired(given, transfer=transfer, in_place=True)[0] is not given
    given.flags.writeable = True
    own, same_count = repaired(given, transfer=transfer, in_place=True)
    assert own is given and same_count == count
    np.testing.assert_array_equal(own, result)


@pytest.mark.parametrize("kind", ["png", "jpeg"])
def test_distant_colored_lamps_stay(random: np.random.Generator, kind: str) -> None:
    pixels = _sky(random)
    y, x = np.mgrid[:_SIDE, :_SIDE]
    places = _places(random) + random.uniform(-0.5, 0.5, (40, 2))
    colors = np.array([(1, 0.1, 0.1), (0.2, 1, 0.4), (0.2, 0.3, 1), (1, 0.6, 0.2)])
    for index, (row, column) in enumerate(places):
        spread = np.exp(-((y - row) ** 2 + (x - column) ** 2) / (2 * 1.0**2))
        pixels += 0.6 * spread[..., None] * colors[index % 4]
    given = _as_jpeg(pixels) if kind == "jpeg" else np.clip(pixels, 0, 1).astype(np.float32)
    assert repaired(given)[1] <= 1


@pytest.mark.parametrize("kind", ["png", "jpeg"])
def test_hot_pixels_go(random: np.random.Generator, kind: str) -> None:
    clean = _sky(random)
    places = _places(random)
    hot = np.clip(_with_hot_pixels(clean, places, random), 0, 1).astype(np.float32)
    given = _as_jpeg(hot) if kind == "jpeg" else hot
    result = without_specks(Photo(given)).pixels
    before = given[places[:, 0], places[:, 1]].max(axis=-1)
    after = result[places[:, 0], places[:, 1]].max(axis=-1)
    seen = before > 0.17  # JPEG itself hides some colored ones
    assert np.mean(seen) > 0.8
    assert np.mean(after[seen] < 0.15) > (0.85 if kind == "jpeg" else 0.95)


@pytest.mark.parametrize("sigma", [0.7, 1.0, 1.6])
@pytest.mark.parametrize("kind", ["png", "jpeg"])
def test_stars_stay(random: np.random.Generator, sigma: float, kind: str) -> None:
    pixels = _sky(random)
    y, x = np.mgrid[:_SIDE, :_SIDE]
    places = _places(random) + random.uniform(-0.5, 0.5, (40, 2))
    for row, column in places:
        spread = np.exp(-((y - row) ** 2 + (x - column) ** 2) / (2 * sigma**2))
        pixels += spread[..., None] * random.uniform(0.3, 0.9)
    given = _as_jpeg(pixels) if kind == "jpeg" else np.clip(pixels, 0, 1).astype(np.float32)
    result, count = repaired(given)
    assert count <= 1
    near = np.round(places).astype(int)
    kept = result[near[:, 0], near[:, 1]] / given[near[:, 0], near[:, 1]]
    assert np.median(kept) == 1.0


@pytest.mark.parametrize("space", [LINEAR_SRGB, REC2020_LINEAR], ids=lambda space: space.name)
def test_specks_of_linear_photos_are_those_of_encoded_ones(
    random: np.random.Generator, space: ColorSpace
) -> None:
    places = _places(random)
    hot = _with_hot_pixels(_sky(random), places, random).astype(np.float32).clip(0, 1)
    encoded = without_specks(Photo(hot))
    linear = Photo(convert(hot, SRGB, space), space)
    before = linear.pixels.copy()
    found = convert(without_specks(linear).pixels, space, SRGB)
    np.testing.assert_array_equal(linear.pixels, before)
    assert np.abs(found - encoded.pixels).mean() < 0.1 / 255
    assert (_standing_out(found, places) < 0.08).mean() > 0.9


@pytest.mark.parametrize("distance", [2, 3, 4])
def test_hot_pixels_near_borders_go(random: np.random.Generator, distance: int) -> None:
    sky = _sky(random).astype(np.float32)
    for y, x in ((distance, 90), (-1 - distance, 90), (90, distance), (90, -1 - distance)):
        sky[y, x] += 0.6
    assert repaired(sky)[1] == 4


def test_a_photo_without_specks_is_the_same_object(random: np.random.Generator) -> None:
    photo = Photo(_sky(random).astype(np.float32))
    assert without_specks(photo) is photo


def test_fine_texture_stays(random: np.random.Generator) -> None:
    texture = random.uniform(0.1, 0.9, (_SIDE, _SIDE, 1)).repeat(3, axis=2).astype(np.float32)
    assert repaired(texture)[1] == 0


def test_parts_are_repaired_like_the_whole(random: np.random.Generator) -> None:
    clean = _sky(random)
    hot = _with_hot_pixels(clean, _places(random), random).astype(np.float32)
    whole, part = repaired(hot)[0], repaired(hot[40:200, 30:220])[0]
    np.testing.assert_array_equal(part[8:-8, 8:-8], whole[48:192, 38:212])


def test_lights_of_a_city_stay(random: np.random.Generator) -> None:
    city = _sky(random).astype(np.float32)
    y, x = random.integers(10, _SIDE - 10, (2, 900))
    city[y, x] += random.uniform(0.2, 0.9, (900, 1)).astype(np.float32)
    assert repaired(city)[1] < 20
