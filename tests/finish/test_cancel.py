"""Cancelling the parts of a run before and after the network."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from llflow_photo.callbacks import Cancel
from llflow_photo.color.guided import box_mean
from llflow_photo.color.shadow_curve import ShadowCurve
from llflow_photo.color.spaces import SRGB
from llflow_photo.color.working import to_network
from llflow_photo.errors import CancelledError
from llflow_photo.finish import areas_without_light, finished, without_specks
from llflow_photo.options import Options
from llflow_photo.photo import Metadata, Photo


def _photo() -> Photo:
    pixels = np.random.default_rng(0).random((1800, 1200, 3), np.float32) * 0.2
    pixels[900:910, 600:610] = 1.0  # a lamp
    return Photo(pixels, SRGB)


def _asked(run: Callable[[Cancel], object]) -> int:
    """How often a run that is not cancelled asks; check that it ends when it is told to at the last time."""
    times = 0

    def never() -> bool:
        nonlocal times
        times += 1
        return False

    run(never)
    left = times

    def last() -> bool:
        nonlocal left
        left -= 1
        return left == 0

    with pytest.raises(CancelledError):
        run(last)
    return times


def test_steps_before_the_network_ask_often() -> None:
    photo = _photo()
    assert _asked(lambda cancel: without_specks(photo, cancel)) > 3
    assert _asked(lambda cancel: to_network(photo, cancel)) > 1


@pytest.mark.parametrize(
    "options",
    [
        Options(),
        Options(denoise_only=True),
        Options(texture=0.0, local_exposure=0.0, color_smoothing=0.0, protect_highlights=False),
    ],
)
def test_the_finish_asks_often(options: Options) -> None:
    photo = _photo()
    rendering, residual = to_network(photo)
    assert _asked(lambda cancel: finished(rendering, residual, options, cancel=cancel)) > 1


@pytest.mark.parametrize("lamp", [False, True])
def test_finishing_reports_progress_in_small_steps(lamp: bool) -> None:
    photo = _photo()
    if not lamp:
        photo = photo.with_pixels(photo.pixels * 0.5)
    view, residual = to_network(photo)
    seen: list[float] = []
    finished(view, residual, Options(), progress=lambda done, total: seen.append(done / total))
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    assert max(after - before for before, after in itertools.pairwise([0.0, *seen])) <= 0.3
    assert sum(0 < share < 0.25 for share in seen) > 20  # while the corrections are computed


def test_areas_without_light_are_searched_in_small_steps() -> None:
    curve = ShadowCurve(np.zeros(1), np.zeros((1, 3)), black=0.01)
    _, residual = to_network(replace(_photo(), metadata=Metadata(raw={"shadow_curve": curve})))
    seen: list[float] = []

    def search(cancel: Cancel) -> object:
        report = lambda done, total: seen.append(done / total)  # noqa: E731
        return areas_without_light(residual, Options(), cancel, report)

    assert _asked(search) > 20
    first = seen[: seen.index(max(seen)) + 1]
    assert first == sorted(first) and len(first) > 20


def test_no_step_of_the_finish_takes_more_than_a_few_times_its_share(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two reports, at most one plane of quarter size, or of cells, is smoothed."""
    photo = _photo()
    view, residual = to_network(photo)
    smoothed, most = 0, 0

    def counting(values: np.ndarray, radius: int) -> np.ndarray:
        nonlocal smoothed
        smoothed += values.size
        return box_mean(values, radius)

    def report(_done: int, _total: int) -> None:
        nonlocal smoothed, most
        smoothed, most = 0, max(most, smoothed)

    for module in ("planes", "local_exposure", "color_noise"):
        monkeypatch.setattr(f"llflow_photo.finish.{module}.box_mean", counting)
    finished(view, residual, Options(), progress=report)
    quarter = photo.pixels.shape[0] * photo.pixels.shape[1] // 16
    assert 0 < most <= 7 * quarter
