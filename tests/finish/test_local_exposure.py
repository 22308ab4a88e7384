"""Dark surroundings of lamps lifted without halos."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from llflow_photo import Options, Photo
from llflow_photo.color.spaces import decode, encode
from llflow_photo.color.working import to_network
from llflow_photo.finish import PhotoAnalysis, finished
from llflow_photo.finish.local_exposure import MOST_EV
from llflow_photo.series import FrameSummary, SeriesReference

_PLAIN = Options(texture=0, color_smoothing=0, protect_highlights=False, local_exposure=1.0)


def _street(random: np.random.Generator, sky_level: float = 0.004) -> Photo:
    """Three lamps, lit brick below, an even sky above; linear light encoded."""
    height, width = 240, 320
    light = np.full((height, width), sky_level, np.float32)
    y, x = np.mgrid[:height, :width]
    brick = 0.012 * (1 + 0.5 * (((x // 6) + (y // 4)) % 2))
    light[90:] = brick[90:]
    for column in (60, 160, 260):
        light[np.hypot(y - 120, x - column) < 6] = 1.0
    light += random.normal(0, 0.0003, light.shape)
    return Photo(encode(np.clip(light, 0, 1), "srgb").astype(np.float32)[..., None].repeat(3, axis=2))


def test_lamp_lit_ground_rises_by_one_to_two_stops_and_the_sky_stays(random: np.random.Generator) -> None:
    photo = _street(random)
    view, residual = to_network(photo)
    before = decode(view, "srgb")
    default = _PLAIN.with_changes(local_exposure=Options().local_exposure)
    after = decode(finished(view, residual, default).pixels, "srgb")
    ground, sky = np.s_[150:230, 20:40], np.s_[10:60, 20:300]
    assert 1.0 < np.log2(after[ground].mean() / before[ground].mean()) < 2.0
    assert np.log2(after[sky].mean() / before[sky].mean()) < 0.5


def test_noise_without_signal_stays_down(random: np.random.Generator) -> None:
    photo = _street(random)
    noisy = np.clip(decode(photo.pixels, "srgb"), 0, 1)
    noisy[90:, :150] = np.abs(random.normal(0, 0.002, noisy[90:, :150].shape))
    noisy[np.hypot(*(np.mgrid[:240, :320] - np.array([120, 60])[:, None, None])) < 6] = 1.0
    analysis = PhotoAnalysis.of(Photo(encode(noisy, "srgb").astype(np.float32)))
    height, width = analysis.lift.shape
    empty = analysis.lift[int(0.7 * height) : int(0.95 * height), int(0.05 * width) : int(0.35 * width)]
    lit = analysis.lift[int(0.7 * height) : int(0.95 * height), int(0.6 * width) : int(0.9 * width)]
    assert empty.mean() < 0.3 * lit.mean()


def test_no_halo_at_a_step_of_six_stops() -> None:
    light = np.full((128, 256), 0.4, np.float32)
    light[:, 131:] = 0.4 / 64
    rendering = encode(light, "srgb").astype(np.float32)[..., None].repeat(3, axis=2)
    photo = Photo(rendering)
    _, residual = to_network(photo)
    analysis = replace(PhotoAnalysis.of(photo), lift=np.full((4, 4), MOST_EV, np.float32))
    row = 255 * finished(rendering, residual, _PLAIN, analysis).pixels[64, :, 1]
    assert row[250] > 255 * rendering[64, 250, 1] + 20  # it is lifted
    assert np.abs(row[:131] - row[5]).max() < 2
    assert np.abs(row[131:] - row[250]).max() < 2


def test_frames_without_lamps_and_well_lit_ones_stay(random: np.random.Generator) -> None:
    street = decode(_street(random).pixels, "srgb")
    for light in (np.minimum(street, 0.1), np.clip(street * 16, 0, 1)):
        photo = Photo(encode(light, "srgb").astype(np.float32))
        assert PhotoAnalysis.of(photo).lift.max() < 0.05


@pytest.mark.parametrize(("size", "lifted"), [(2, False), (40, True)])
def test_a_photo_and_a_series_of_it_have_lamps_or_not(size: int, lifted: bool) -> None:
    """Lights that are small in the frame do not light it, whether it is one of a series or not."""
    light = np.full((800, 1200, 3), 0.008, np.float32)
    light[400:] *= 1 + 0.8 * (((np.arange(1200) // 9) + (np.arange(400) // 7)[:, None]) % 2)[..., None]
    for y, x in np.random.default_rng(2).integers(50, 740, (60 if size == 2 else 8, 2)):
        light[y : y + size, x : x + size] = 1.0
    photo = Photo(encode(light, "srgb").astype(np.float32))
    series = SeriesReference.of([FrameSummary.of(photo)])
    alone, in_series = PhotoAnalysis.of(photo), PhotoAnalysis.of(photo, series.view)
    assert (alone.lift.max() > 1.0) == (in_series.lift.max() > 1.0) == lifted
    assert alone.darkness == pytest.approx(in_series.darkness, abs=0.05)


def test_a_photo_of_one_row_is_analyzed_without_much_memory() -> None:
    photo = Photo(np.full((1, 200_000, 3), 0.1, np.float32))
    tracemalloc.start()
    analysis = PhotoAnalysis.of(photo)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert analysis.extent[1] <= 192 and peak < 40 * photo.pixels.nbytes


def test_dark_areas_of_half_lit_frames_rise(random: np.random.Generator) -> None:
    """Rooms with a window, or dusk: half of the frame is brighter than at night."""
    street = decode(_street(random).pixels, "srgb")
    street[:90] = 0.05 * (1 + 0.02 * random.standard_normal((90, 320, 1)))
    street[90:130] = np.maximum(street[90:130], 0.03)
    photo = Photo(encode(np.clip(street, 0, 1), "srgb").astype(np.float32))
    view, residual = to_network(photo)
    options = _PLAIN.with_changes(local_exposure=Options().local_exposure)
    after = decode(finished(view, residual, options).pixels, "srgb")
    before, ground = decode(view, "srgb"), np.s_[160:230, 20:300]
    assert -5.1 < np.log2(np.median(before.max(axis=2))) < -4.5
    assert 1.0 < np.log2(after[ground].mean() / before[ground].mean()) < 2.0


def test_faint_structure_in_noise_is_ground_and_not_sky(random: np.random.Generator) -> None:
    """Foliage far from lamps, as dark as the sky above it, stands out from the noise only when averaged."""
    light = decode(_street(random).pixels, "srgb")[..., 0]
    leaves = np.kron(random.normal(0, 0.3, (60, 80)), np.ones((4, 4)))
    light = np.where(light > 0.9, 1.0, 0.004 * np.exp(leaves))
    light[:90] = 0.004
    light += random.normal(0, 0.0006, light.shape)
    photo = Photo(encode(np.clip(light, 0, 1), "srgb").astype(np.float32)[..., None].repeat(3, axis=2))
    lift = PhotoAnalysis.of(photo).lift
    assert lift[int(0.65 * lift.shape[0]) : int(0.95 * lift.shape[0])].mean() > 1.5
    assert lift[: int(0.2 * lift.shape[0])].mean() < 0.4


def test_lit_structure_does_not_keep_the_dark_ground_beside_it_down(random: np.random.Generator) -> None:
    """A lit facade has more structure than the ground, but brightness is not what distinguishes a sky."""
    y, x = np.mgrid[:240, :320]
    brick = ((x // 6) + (y // 4)) % 2
    light = 0.008 * (1 + 0.18 * brick) + random.normal(0, 0.0001, (240, 320))
    light[:150, 100:220] = (0.25 * (1 + 2.0 * brick))[:150, 100:220]
    photo = Photo(encode(np.clip(light, 0, 1), "srgb").astype(np.float32)[..., None].repeat(3, axis=2))
    lift = PhotoAnalysis.of(photo).lift
    rows = slice(int(0.66 * lift.shape[0]), int(0.72 * lift.shape[0]))
    beside, aside = lift[rows, int(0.4 * lift.shape[1]) : int(0.6 * lift.shape[1])], lift[-10:, :20]
    assert aside.mean() > 0.8
    assert beside.mean() > 0.8 * aside.mean()


def test_areas_that_the_network_leaves_dark_rise_less() -> None:
    """A picture that is meant to be dark, and one that was too dark, with the same rendering."""
    rendering = np.full((128, 128, 3), encode(np.float32(0.008), "srgb"), np.float32)
    gains = []
    for ev in (0.0, -2.0):
        photo = Photo(encode(decode(rendering, "srgb") * 2.0**ev, "srgb"))
        analysis = replace(PhotoAnalysis.of(photo), lift=np.full((4, 4), 2.0, np.float32))
        result = finished(rendering, to_network(photo)[1], _PLAIN, analysis).pixels
        gains.append(float(np.log2(decode(result, "srgb") / decode(rendering, "srgb")).mean()))
    assert gains == [pytest.approx(1.3, abs=0.05), pytest.approx(2.0, abs=0.05)]
