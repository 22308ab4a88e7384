"""Light of samples of RAW files, without the effect of noise that development clips at black."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from dng_helpers import write_mosaic_of

from llflow_photo import Photo, files
from llflow_photo.color.light_samples import LightSamples, sample_bounds
from llflow_photo.files.dng import write
from llflow_photo.files.raw import read as raw
from llflow_photo.files.tiff.directory import BYTE, LONG, Entry
from llflow_photo.files.tiff.tags import Tag

_BLACK, _WHITE = 600, 16383
_NEUTRAL = (0.5, 1.0, 0.6)
_X_TRANS = ["GGRGGB", "GGBGGR", "BRGRBG", "GGBGGR", "GGRGGB", "RBGBRG"]


def _file(
    path: Path,
    light: np.ndarray,
    noise: float,
    pattern: list[str] | None = None,
    orientation: int = 1,
) -> Path:
    """A frame of white-balanced camera RGB, H x W x 3."""
    pattern = pattern or ["RG", "GB"]
    return write_mosaic_of(
        path, light, pattern, _NEUTRAL, (_BLACK, _WHITE), noise, seed=3, orientation=orientation
    )


def _developed(photo: Photo) -> np.ndarray:
    """Means of the developed pixels of the samples."""
    bounds = sample_bounds(photo.height), sample_bounds(photo.width)
    return np.array([[photo.pixels[a:b, c:d].mean((0, 1)) for c, d in bounds[1]] for a, b in bounds[0]])


def _samples(photo: Photo) -> LightSamples:
    assert photo.metadata.raw is not None
    samples = photo.metadata.raw["light_samples"]
    assert isinstance(samples, LightSamples)
    return samples


def _scene(height: int, width: int) -> np.ndarray:
    """Soft gradients of color."""
    y, x = np.mgrid[0:height, 0:width]
    ramp = 0.05 + 0.4 * x / width
    return np.stack([ramp, 0.1 + 0.3 * y / height, 0.3 - 0.4 * (ramp - 0.25)], -1)


@pytest.mark.parametrize("half_size", [False, True])
@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("way", ["ours", "libraw"])
def test_samples_are_means_of_the_photo(
    way: str, orientation: int, half_size: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if way == "libraw":
        monkeypatch.setattr(raw, "open_dng", lambda *_: None)
    path = _file(tmp_path / "a.dng", _scene(200, 420), 0.0, orientation=orientation)
    photo = files.read(path, half_size=half_size)
    samples = _samples(photo)
    assert samples.shape == (photo.height, photo.width)
    np.testing.assert_allclose(samples.light, _developed(photo), atol=0.003)


def test_samples_of_an_x_trans_sensor(tmp_path: Path) -> None:
    photo = files.read(_file(tmp_path / "a.dng", _scene(600, 660), 0.0, _X_TRANS))
    np.testing.assert_allclose(_samples(photo).light, _developed(photo), atol=0.004)


@pytest.mark.parametrize("pattern", [["RG", "GB"], _X_TRANS], ids=["bayer", "x-trans"])
@pytest.mark.parametrize("way", ["ours", "libraw"])
def test_samples_of_an_active_area_inside_the_mosaic(
    way: str, pattern: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pattern of the file begins at the active area, that of LibRaw elsewhere."""
    colors = np.array([["RGB".index(letter) for letter in row] for row in pattern])
    fields = {
        Tag.ActiveArea: Entry.numbers(LONG, 3, 5, 603, 661),
        Tag.CFAPattern: Entry(BYTE, np.roll(colors, (-3, -5), (0, 1)).astype(np.uint8).tobytes()),
    }
    layout = write._layout_tags
    with monkeypatch.context() as patch:
        patch.setattr(write, "_layout_tags", lambda *given: layout(*given) | fields)
        path = _file(tmp_path / "a.dng", _scene(603, 661), 0.0, pattern)
    if way == "libraw":
        monkeypatch.setattr(raw, "open_dng", lambda *_: None)
    photo = files.read(path)
    assert photo.pixels.shape[:2] in ((600, 656), (599, 655))  # LibRaw may leave out a row and a column
    np.testing.assert_allclose(_samples(photo).light, _developed(photo), atol=0.005)


def test_greens_of_different_white_balance_have_no_samples(tmp_path: Path) -> None:
    path = _file(tmp_path / "a.dng", _scene(200, 420), 0.0)
    photo = files.read(path, files.RawOptions(white_balance=(2.0, 1.0, 1.6, 1.5)))
    assert photo.metadata.raw is not None
    assert "light_samples" not in photo.metadata.raw


@pytest.mark.parametrize("way", ["ours", "libraw"])
def test_noise_at_black_does_not_raise_samples(
    way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if way == "libraw":
        monkeypatch.setattr(raw, "open_dng", lambda *_: None)
    photo = files.read(_file(tmp_path / "a.dng", np.zeros((300, 300, 3)), 0.004))
    light = _samples(photo).light.mean((0, 1))
    assert (_developed(photo).mean((0, 1)) > 0.001).any()
    np.testing.assert_allclose(light, 0.0, atol=0.0002)


@pytest.mark.parametrize("way", ["ours", "libraw"])
def test_light_below_black_raises_all_samples(
    way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The declared black level is too high by 0.002 of white."""
    if way == "libraw":
        monkeypatch.setattr(raw, "open_dng", lambda *_: None)
    scene = 0.05 * np.clip(_scene(300, 420) - 0.1, 0.0, 1.0) ** 2
    scene[:, :150] = 0.0
    right, lowered = (
        _samples(files.read(_file(tmp_path / f"{index}.dng", light, 0.002))).light
        for index, light in enumerate((scene, scene - 0.002 * np.array(_NEUTRAL) ** -1))
    )
    np.testing.assert_allclose(lowered, right, atol=0.0006)


def test_rows_of_zeros_do_not_raise_samples(tmp_path: Path) -> None:
    """An incomplete file: some squares are zero completely, others in part."""
    scene = _scene(640, 640)
    right = _samples(files.read(_file(tmp_path / "a.dng", scene, 0.002))).light
    scene[526:] = -0.1
    damaged = _samples(files.read(_file(tmp_path / "b.dng", scene, 0.002))).light
    np.testing.assert_allclose(damaged[:6], right[:6], atol=1e-6)


def test_samples_are_clipped_at_white_like_the_photo(tmp_path: Path) -> None:
    light = np.full((200, 200, 3), 5.0)
    light[:4] = 0.1  # a file of one value counts as damaged
    photo = files.read(_file(tmp_path / "a.dng", light, 0.0))
    np.testing.assert_allclose(_samples(photo).light, 1.0, atol=0.001)


def test_small_files_have_no_samples(tmp_path: Path) -> None:
    photo = files.read(_file(tmp_path / "a.dng", _scene(60, 200), 0.0))
    assert photo.metadata.raw is not None
    assert photo.metadata.raw.get("light_samples") is None
