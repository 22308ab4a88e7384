"""The kernel regression is fitted to the photos of a run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from skimage import data
from torch.nn import functional

from llflow_photo.camera.night import NightSettings, night, random_night
from llflow_photo.flow import LLFlow
from llflow_photo.flow.plain_nights import PlainNights, exposure_between
from llflow_photo.flow.sizes import size_of_settings
from llflow_photo.flow.whole_photo import GRID, Tones
from llflow_photo.models.store import load, save
from llflow_photo.training import plain_nights_fit
from llflow_photo.training.plain_nights_fit import fit_plain_nights
from llflow_photo.training.recipe import Recipe, parse_stages
from llflow_photo.training.session import RunSettings, build_trainer
from llflow_photo.training.simulated import SimulatedSource

QUANTILES, POINTS = 16, 64


@pytest.fixture(scope="module")
def photos() -> list[np.ndarray]:
    pictures = [data.astronaut(), data.coffee(), data.chelsea(), data.rocket()]
    return [np.asarray(picture) for picture in pictures] + [np.ascontiguousarray(data.coffee()[:, ::-1])]


@pytest.fixture(scope="module")
def tones() -> Tones:
    return Tones(QUANTILES, 8)


@pytest.fixture(scope="module")
def regression(photos: list[np.ndarray], tones: Tones) -> PlainNights:
    regression = PlainNights(POINTS, Tones.CURVES * QUANTILES)
    fit_plain_nights(regression, tones, SimulatedSource(photos))
    return regression


def predicted(
    regression: PlainNights, tones: Tones, photos: list[np.ndarray], nights: list[NightSettings]
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Gains predicted for the photos in these nights, gains of their references, and the plainness."""
    source = SimulatedSource(photos)
    random = np.random.default_rng(9)
    pairs = [source.thumbnails(i, one, random) for i in range(len(photos)) for one in nights]
    dark, bright = (
        torch.from_numpy(np.stack([pair[side] for pair in pairs])).permute(0, 3, 1, 2) for side in (0, 1)
    )
    cells = [functional.adaptive_avg_pool2d(frames, GRID) for frames in (dark, bright)]
    gain_ev, plainness = regression(tones.quantiles_of(dark), dark)
    return gain_ev, exposure_between(*cells), plainness


@torch.no_grad()
def test_it_predicts_how_bright_known_photos_are(
    regression: PlainNights, tones: Tones, photos: list[np.ndarray]
) -> None:
    nights = [night(-2.2, "daylight"), night(-3.7, "tungsten"), night(-4.9, "led")]
    gain_ev, wanted, plainness = predicted(regression, tones, photos, nights)
    assert float(wanted.max() - wanted.min()) > 2.0
    errors = gain_ev - wanted
    assert float(errors.abs().median()) < 0.35
    assert float(errors.abs().max()) < 1.2
    assert float(plainness.median()) > 0.7


@torch.no_grad()
def test_it_recognizes_frames_that_are_not_plain_nights(
    regression: PlainNights, tones: Tones, photos: list[np.ndarray]
) -> None:
    random = np.random.default_rng(4)
    lamp_lit = [one for one in (random_night(random) for _ in range(60)) if one.lamplight][:6]
    assert len(lamp_lit) == 6
    for others in (lamp_lit, [night(0.0), night(-0.3)]):
        plainness = predicted(regression, tones, photos, others)[2]
        assert float(plainness.median()) < 0.5
        assert float(regression.certainty(plainness).median()) == 0.0


def test_the_fit_is_reproducible(regression: PlainNights, tones: Tones, photos: list[np.ndarray]) -> None:
    again = PlainNights(POINTS, Tones.CURVES * QUANTILES)
    fit_plain_nights(again, tones, SimulatedSource(photos, seed=5))
    for name, tensor in regression.named_buffers():
        torch.testing.assert_close(dict(again.named_buffers())[name], tensor)


def test_black_frames_are_left_out(regression: PlainNights, tones: Tones, photos: list[np.ndarray]) -> None:
    again = PlainNights(POINTS, Tones.CURVES * QUANTILES)
    fit_plain_nights(again, tones, SimulatedSource([*photos, np.zeros_like(photos[0])]))
    assert float(regression.offset[0]) > 1.0
    torch.testing.assert_close(again.offset, regression.offset)  # mean gain of the plain nights


def test_the_nights_include_camera_jpegs_with_an_s_curve(photos: list[np.ndarray]) -> None:
    source, random = SimulatedSource(photos), np.random.default_rng(2)
    nights = [one for _ in range(40) for one in source.random_nights(0, 5, random)]
    assert 0.2 < np.mean([one.eight_bit for one in nights]) < 0.5
    with_curve = [one for one in nights if one.contrast]
    assert len(with_curve) >= 5
    assert all(one.eight_bit for one in with_curve)


def test_a_stored_regression_predicts_the_same(
    regression: PlainNights, tones: Tones, photos: list[np.ndarray], tmp_path: Path
) -> None:
    points = 1200  # more coefficients than small tensors have
    size = size_of_settings({"quantiles": (QUANTILES,), "points": (points,)})
    large = PlainNights(points, Tones.CURVES * QUANTILES)
    fit_plain_nights(large, tones, SimulatedSource(photos))
    state = LLFlow(size).state_dict()
    state |= {f"branch.plain_nights.{name}": tensor for name, tensor in large.named_buffers()}
    save(state, size, tmp_path / "large.safetensors")
    branch = load(tmp_path / "large.safetensors").flow.branch
    assert branch is not None and branch.plain_nights is not None
    nights = [night(-2.2, "daylight"), night(-4.9, "led")]
    expected = predicted(large, tones, photos, nights)
    found = predicted(branch.plain_nights, tones, photos, nights)
    torch.testing.assert_close(found[0], expected[0], atol=0.003, rtol=0)
    torch.testing.assert_close(found[2], expected[2], atol=0.003, rtol=0)


def test_a_run_of_clean_photos_begins_with_its_own(
    photos: list[np.ndarray], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plain_nights_fit, "FEWEST_PHOTOS", len(photos))
    folder = tmp_path / "photos"
    folder.mkdir()
    for number, photo in enumerate(photos):
        Image.fromarray(photo).save(folder / f"{number}.png")
    size = size_of_settings(
        {"widths": (8, 12, 16), "down": (1, 1, 1), "up": (1, 1), "branch": (0,), "points": (20,)}
    )
    settings = RunSettings(None, (str(folder),), size, Recipe(parse_stages("32x1:1")), validation_scenes=0)
    trainer = build_trainer(tmp_path / "run", settings)
    name = "branch.plain_nights.coefficients"
    fitted = trainer.model.state_dict()[name]
    assert float(fitted.abs().max()) > 0
    assert torch.equal(trainer.average.average[name], fitted)
    trainer.train()
    trainer.close()
    resumed = build_trainer(tmp_path / "run", settings, resume=True)
    resumed.close()
    assert torch.equal(resumed.model.state_dict()[name], fitted)


@pytest.mark.parametrize(
    ("data", "enough", "after"),
    [
        ("photos", True, "fitted"),
        ("photos", False, "kept"),
        ("pairs", True, "removed"),  # they teach a brightness of their own
        ("pairs", False, "removed"),
    ],
)
def test_what_becomes_of_the_regression_of_the_initial_weights(
    regression: PlainNights,
    photos: list[np.ndarray],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    data: str,
    enough: bool,
    after: str,
) -> None:
    if enough:
        monkeypatch.setattr(plain_nights_fit, "FEWEST_PHOTOS", 1)
    size = size_of_settings({"quantiles": (QUANTILES,), "points": (POINTS,)})
    before = LLFlow(size).state_dict()
    name = "branch.plain_nights.coefficients"
    before |= {f"branch.plain_nights.{buffer}": tensor for buffer, tensor in regression.named_buffers()}
    save(before, size, tmp_path / "fitted.safetensors")
    for folder in ("low", "high"):
        (tmp_path / folder).mkdir()
        Image.fromarray(photos[1] // (8 if folder == "low" else 1)).save(tmp_path / folder / "1.png")
    start = str(tmp_path / "fitted.safetensors")
    of_pairs, of_photos = (str(tmp_path), ()) if data == "pairs" else (None, (str(tmp_path / "high"),))
    recipe = Recipe(parse_stages("32x1:1"))
    settings = RunSettings(of_pairs, of_photos, size, recipe, validation_scenes=0, start=start)
    trainer = build_trainer(tmp_path / "run", settings)
    trainer.close()
    state = trainer.model.state_dict()
    torch.testing.assert_close(state["encoder.enter.weight"], before["encoder.enter.weight"].half().float())
    if after == "kept":
        assert torch.equal(state[name], before[name])
    elif after == "removed":
        assert not state[name].any()
    else:
        assert state[name].any() and not torch.equal(state[name], before[name])


def test_few_photos_are_not_fitted(photos: list[np.ndarray], tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    Image.fromarray(photos[0]).save(tmp_path / "photos" / "1.png")
    size = size_of_settings({"quantiles": (QUANTILES,), "points": (POINTS,)})
    recipe = Recipe(parse_stages("32x1:1"))
    settings = RunSettings(None, (str(tmp_path / "photos"),), size, recipe, validation_scenes=0)
    trainer = build_trainer(tmp_path / "run", settings)
    trainer.close()
    assert not trainer.model.state_dict()["branch.plain_nights.coefficients"].any()
