"""Places of the samples of a photo's light, and the samples as the network sees them."""

from __future__ import annotations

import numpy as np
import pytest

from llflow_photo.color.light_samples import SIDE, KnownLight, LightSamples, sample_bounds
from llflow_photo.color.spaces import REC2020_LINEAR, SRGB, convert
from llflow_photo.photo import Metadata, Photo


@pytest.mark.parametrize(
    ("length", "count"), [(0, 0), (63, 0), (64, 1), (200, 3), (511, 7), (512, 8), (9000, 8)]
)
def test_samples_are_in_the_photo_and_cover_at_most_half_of_it(length: int, count: int) -> None:
    bounds = sample_bounds(length)
    assert bounds.shape == (count, 2)
    if count:
        assert (bounds[:, 1] - bounds[:, 0] == SIDE).all()
        assert bounds[0, 0] >= 0
        assert bounds[-1, 1] <= length
        assert (np.diff(bounds[:, 0]) >= 2 * SIDE - 1).all()


@pytest.mark.parametrize("length", [512, 513, 639, 1000, 4001])
def test_a_mirrored_photo_has_the_same_samples(length: int) -> None:
    bounds = sample_bounds(length)
    mirrored = length - bounds[::-1, ::-1]
    middle = len(bounds) // 2 if len(bounds) % 2 else None
    different = np.flatnonzero((bounds != mirrored).any(1)).tolist()
    assert different in ([], [middle])


def _photo(height: int, width: int, shape: tuple[int, int] | None = None) -> Photo:
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    pixels = np.stack([x / width, y / height, 0.5 + 0 * x], -1)
    rows, columns = sample_bounds(height), sample_bounds(width)
    light = np.array([[pixels[a:b, c:d].mean((0, 1)) for c, d in columns] for a, b in rows], np.float32)
    metadata = Metadata(raw={"light_samples": LightSamples(shape or (height, width), light)})
    return Photo(pixels, REC2020_LINEAR, 16, metadata)


@pytest.mark.parametrize("shape", [(64, 70), (300, 1000)])
def test_views_show_the_samples(shape: tuple[int, int]) -> None:
    photo = _photo(*shape)
    known = KnownLight.of(photo)
    assert known is not None
    rows, columns = known.light.shape[:2]
    assert known.views.shape[0] == known.windows.shape[0] == rows * columns
    encoded = np.clip(convert(photo.pixels, REC2020_LINEAR, SRGB), 0, 1)
    for number, view in enumerate(known.views):
        top, left, height, width = known.windows[number] * (shape * 2)
        first, second = round(float(top)), round(float(left))
        np.testing.assert_allclose([height, width], view.shape[:2], rtol=1e-5)
        np.testing.assert_allclose(
            view, encoded[first : first + view.shape[0], second : second + view.shape[1]], atol=1e-6
        )
        place = sample_bounds(shape[0])[number // columns, 0], sample_bounds(shape[1])[number % columns, 0]
        assert place == (first + known.cores[number, 0], second + known.cores[number, 1])


@pytest.mark.parametrize("photo", [Photo(np.zeros((80, 80, 3), np.float32)), _photo(80, 90, (160, 180))])
def test_photos_without_samples_or_with_those_of_other_pixels(photo: Photo) -> None:
    assert KnownLight.of(photo) is None
