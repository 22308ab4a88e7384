"""Renderings of plain nights are held to the light of the RAW file, with the shipped model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from llflow_photo import Options, Photo, files
from llflow_photo.api import load_enhancer
from llflow_photo.camera import night, simulate_night_raw, write_frame_dng
from llflow_photo.camera.night import NightSettings
from llflow_photo.camera.random_lights import Area, random_lamp_light
from llflow_photo.color.light_samples import KnownLight
from llflow_photo.color.spaces import SRGB, convert, decode, encode
from llflow_photo.color.working import to_network
from llflow_photo.engine import Latent
from llflow_photo.engine.known_light import ToneCorrection
from llflow_photo.evaluation.metrics import psnr
from llflow_photo.explore import WholePhoto, encode_region
from llflow_photo.explore.fullsize import render_full_size
from llflow_photo.explore.region import visible_region
from llflow_photo.finish.planes import block_mean

LUMA = np.array([0.299, 0.587, 0.114])


def _clean() -> np.ndarray:
    """A scene of colored surfaces in soft light, H x W x 3, uint8."""
    random = np.random.default_rng(8)
    y, x = np.mgrid[0:416, 0:720].astype(np.float32)
    scene = np.full((416, 720, 3), 0.5, np.float32)
    for _ in range(60):
        top, left = random.integers(-40, 400), random.integers(-60, 700)
        height, width = random.integers(30, 160, 2)
        rows, columns = slice(max(0, top), top + height), slice(max(0, left), left + width)
        scene[rows, columns] = 0.05 + 0.85 * random.random(3) * random.random()
    light = 0.6 + 0.5 * np.sin(x / 190 + 1) * np.cos(y / 150)
    scene = scene * light[..., None] + random.normal(0, 0.01, (416, 720, 1))
    return np.rint(np.clip(scene, 0, 1) * 255).astype(np.uint8)


def _raw(path: Path, settings: NightSettings) -> Path:
    frame = simulate_night_raw(_clean(), settings, np.random.default_rng(1))
    write_frame_dng(path, frame, camera_model="test")
    return path


@pytest.fixture(scope="module")
def dark(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A noisy plain night."""
    return _raw(tmp_path_factory.mktemp("dark") / "dark.dng", night(-6.0, "tungsten", shot=0.002))


def _without_samples(photo: Photo) -> Photo:
    raw = dict(photo.metadata.raw or {})
    del raw["light_samples"]
    return replace(photo, metadata=replace(photo.metadata, raw=raw))


def _rendered(photo: Photo, latent: Latent | None = None) -> np.ndarray:
    options = Options(look="neutral")
    result = render_full_size(photo, [latent or Latent()], options, load_enhancer("night-compact"))
    return np.clip(convert(result.pixels, result.color_space, SRGB), 0, 1)


def test_a_plain_night_comes_nearer_to_its_reference(dark: Path) -> None:
    photo, clean = files.read(dark), _clean() / 255.0
    with_samples, without = _rendered(photo), _rendered(_without_samples(photo))
    assert psnr(with_samples, clean) > psnr(without, clean) + 0.3


@pytest.mark.parametrize("latent", [Latent(3, 0.8), Latent(3, 0.8, 0.5)], ids=["look", "grain"])
def test_all_renderings_are_corrected(latent: Latent, dark: Path) -> None:
    photo = files.read(dark)
    changes = [_rendered(photo, one) - _rendered(_without_samples(photo), one) for one in (Latent(), latent)]
    assert np.abs(changes[0]).mean() > 3 / 255
    assert np.abs(changes[1] - changes[0]).mean() < 0.4 * np.abs(changes[0]).mean()


def test_lamp_lit_and_bright_frames_are_not_changed(tmp_path: Path) -> None:
    random = np.random.default_rng(4)
    lamplight, sources = random_lamp_light(random, -1.0, Area(1.0, 0.56, None))
    lit = replace(night(-1.0, "led"), lamplight=lamplight, lamps=sources.lamps, panels=sources.panels)
    for number, settings in enumerate((lit, night(0.0))):
        photo = files.read(_raw(tmp_path / f"{number}.dng", settings))
        np.testing.assert_array_equal(_rendered(photo), _rendered(_without_samples(photo)))


def test_regions_and_previews_have_the_light_of_the_whole(dark: Path) -> None:
    photo, options = files.read(dark), Options(look="neutral")
    enhancer = load_enhancer("night-compact")
    full = _rendered(photo)
    assert np.abs(full - _rendered(_without_samples(photo))).max() > 4 / 255
    whole = WholePhoto.of(photo, enhancer)
    region = visible_region((416, 720), ((100.0, 200.0), (300.0, 500.0)), context=96)
    part = encode_region(enhancer, photo, region, whole).render(Latent(), options)
    top, left = 100 - region.rows[0], 200 - region.cols[0]
    difference = np.abs(part[top : top + 200, left : left + 300] - full[100:300, 200:500])
    assert difference.max() < 1.5 / 255
    small = visible_region((416, 720), ((0.0, 0.0), (416.0, 720.0)), 0.5)
    preview, without = (
        encode_region(enhancer, photo, small, one).render(Latent(), options)
        for one in (whole, replace(whole, known=None))
    )
    change = block_mean(full - _rendered(_without_samples(photo)), 2)
    assert np.abs(preview - without - change).mean() < 0.5 * np.abs(change).mean()


def test_the_exposure_of_a_rendering_is_kept(dark: Path) -> None:
    photo = files.read(dark)
    means = [(_rendered(one) @ LUMA).mean() for one in (photo, _without_samples(photo))]
    assert means[0] == pytest.approx(means[1], abs=2 / 255)


def test_edited_pixels_keep_their_exposure(dark: Path) -> None:
    photo = files.read(dark)
    brighter = photo.with_pixels(photo.pixels * 1.5)
    with_samples, without = _rendered(brighter), _rendered(_without_samples(brighter))
    assert (with_samples @ LUMA).mean() == pytest.approx((without @ LUMA).mean(), abs=2 / 255)


def test_samples_of_other_pixels_are_not_used(dark: Path) -> None:
    photo = files.read(dark)
    part = photo.with_pixels(np.ascontiguousarray(photo.pixels[:300]))
    np.testing.assert_array_equal(_rendered(part), _rendered(_without_samples(part)))


def test_the_latent_of_a_corrected_rendering_is_that_of_the_guess(dark: Path) -> None:
    """The artifact map compares a picture with the guess; what was corrected is no artifact."""
    photo = files.read(dark)
    enhancer, (view, _) = load_enhancer("night-compact"), to_network(photo)
    known = KnownLight.of(photo)
    assert known is not None
    plain, corrected = enhancer.encode(view), enhancer.encode(view, known=known)
    expected = plain.residual(plain.decode(Latent()))
    picture = corrected.decode(Latent())
    found = corrected.residual(picture)
    uncorrected = plain.residual(corrected.decode(Latent()))
    distances = [float(np.abs(one - expected).mean()) for one in (found, uncorrected)]
    assert distances[0] < 0.3 * distances[1]
    of_bytes = corrected.residual(np.rint(picture * 255).astype(np.uint8))
    assert np.abs(of_bytes - found).mean() < np.abs(uncorrected - found).mean()


def _samples(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Guess of 60 samples, and light, from which it differs by a tone curve and a bias; both linear."""
    light = np.random.default_rng(seed).uniform(0.02, 0.5, (60, 3))
    return light**1.15 + [0.0, 0.003, 0.01], light


def test_samples_get_the_light_of_the_photo_but_keep_their_exposure() -> None:
    guess, light = _samples(2)
    correction = ToneCorrection.between(guess, light / 16)
    corrected = encode(guess, "srgb").astype(np.float32)[None]
    correction.apply(corrected)
    result = decode(corrected[0], "srgb")
    ratios = [values / light / (values / light).mean() for values in (guess, result)]
    assert ratios[0].std() > 0.07
    assert ratios[1].std() < 0.65 * ratios[0].std()
    means = [(encode(values, "srgb") @ LUMA).mean() for values in (guess, result)]
    assert means[1] == pytest.approx(means[0], abs=0.01)


def test_bright_neutral_things_are_not_tinted() -> None:
    """The blue of orange surfaces has a bias, that of a white one has none."""
    random = np.random.default_rng(7)
    light = random.uniform(0.05, 0.3, (60, 1)) * [1.0, 0.5, 0.15]
    light[:3] = [0.6], [0.65], [0.7]
    guess = light.copy()
    guess[3:, 2] *= 1.4
    picture = np.linspace(0.05, 0.9, 18, dtype=np.float32)[None, :, None].repeat(3, 2)
    corrected = picture.copy()
    ToneCorrection.between(guess, light).apply(corrected)
    assert corrected[0, 3, 2] < corrected[0, 3, 0] - 4 / 255
    assert np.ptp(corrected[0, -3:], axis=1).max() < 4 / 255


def test_light_that_is_not_finite_changes_nothing() -> None:
    guess, light = _samples(5)
    light[7, 1] = np.nan
    picture = np.full((4, 4, 3), 0.4, np.float32)
    ToneCorrection.between(guess, light).apply(picture)
    np.testing.assert_array_equal(picture, np.full((4, 4, 3), np.float32(0.4)))


def test_no_share_changes_nothing() -> None:
    guess, light = _samples(3)
    picture = np.random.default_rng(4).uniform(-0.1, 1.2, (20, 30, 3)).astype(np.float32)
    corrected = picture.copy()
    ToneCorrection.between(guess, light, 0.0).apply(corrected)
    np.testing.assert_array_equal(corrected, picture)


@pytest.mark.parametrize("seed", range(20))
def test_curves_are_monotonic_and_can_be_undone(seed: int) -> None:
    """Also those of guesses that have little to do with the light; white stays white."""
    random = np.random.default_rng(seed)
    guess, light = random.uniform(0.0, 1.0, (12, 3)) ** 3, random.uniform(0.0, 1.0, (12, 3)) ** 3
    correction = ToneCorrection.between(guess, light)
    ramp = np.repeat(np.linspace(0.0, 1.2, 600, dtype=np.float32)[None, :, None], 3, 2)
    curve = ramp.copy()
    correction.apply(curve)
    assert (np.diff(curve[0], axis=0) >= -1e-6).all()
    np.testing.assert_array_equal(curve[ramp >= 1], ramp[ramp >= 1])
    correction.undo(curve)
    np.testing.assert_allclose(curve, ramp, atol=0.01)


def test_black_frames(tmp_path: Path) -> None:
    frame = simulate_night_raw(
        np.zeros((130, 200, 3), np.uint8), night(-5.0, shot=0.003), np.random.default_rng(1)
    )
    write_frame_dng(tmp_path / "black.dng", frame, camera_model="test")
    photo = files.read(tmp_path / "black.dng")
    assert abs(_rendered(photo).mean() - _rendered(_without_samples(photo)).mean()) < 1 / 255
