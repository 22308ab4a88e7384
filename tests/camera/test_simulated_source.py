"""Training pairs made on the fly."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from skimage import data

from llflow_photo.camera import develop, simulate_night_raw
from llflow_photo.camera.night import night, random_night
from llflow_photo.errors import TrainingDataError
from llflow_photo.flow.inputs import equalization_table
from llflow_photo.flow.sizes import COMPACT, size_of_settings
from llflow_photo.flow.thumbnail import thumbnail
from llflow_photo.training.crops import MORE_FRAMES
from llflow_photo.training.frames import random_frame, whole_frame
from llflow_photo.training.photos import find_photos, load_photos, split_photos
from llflow_photo.training.prefetch import PrefetchSource
from llflow_photo.training.recipe import Recipe, parse_stages
from llflow_photo.training.session import RunSettings, build_trainer
from llflow_photo.training.simulated import SimulatedSource, validation_pairs


@pytest.fixture(scope="module")
def photos() -> list[np.ndarray]:
    pictures = (data.astronaut(), data.coffee(), np.ascontiguousarray(data.coffee().transpose(1, 0, 2)))
    return [np.asarray(picture) for picture in pictures]


def test_a_batch_depends_on_seed_and_step_alone(photos: list[np.ndarray]) -> None:
    first = SimulatedSource(photos, seed=3)
    first.batch(0, 48, 2)
    batch, again = first.batch(7, 48, 3), SimulatedSource(photos, seed=3).batch(7, 48, 3)
    for name in ("low", "reference", "equalization"):
        np.testing.assert_array_equal(getattr(batch, name), getattr(again, name))
    for other in (first.batch(8, 48, 3), SimulatedSource(photos, seed=4).batch(7, 48, 3)):
        assert not np.array_equal(batch.low, other.low)


def test_batches_are_dark_photos_and_their_references(photos: list[np.ndarray]) -> None:
    source = SimulatedSource(photos)
    batches = [source.batch(step, 64, 8) for step in range(6)]
    for batch in batches:
        assert batch.low.shape == batch.reference.shape == (8, 3, 64, 64)
        assert batch.equalization.shape == (8, 3, 256)
        for values in (batch.low, batch.reference, batch.equalization):
            assert values.isfinite().all() and values.min() >= 0 and values.max() <= 1
        assert (batch.equalization.diff(dim=2) >= 0).all()
    low, bright = (np.concatenate([getattr(b, name) for b in batches]) for name in ("low", "reference"))
    dark = low.mean((1, 2, 3)) / bright.mean((1, 2, 3))
    assert (dark > 0.8).sum() >= 2, "some pairs are well exposed"
    assert np.median(dark) < 0.5


def test_crops_and_references_show_the_same_place(photos: list[np.ndarray]) -> None:
    batch = SimulatedSource(photos).batch(0, 96, 16)
    matched = 0
    for low, bright in zip(batch.low.numpy(), batch.reference.numpy(), strict=True):
        if low.mean() > 0.1:
            pair = [_blocks(image.mean(0)) for image in (low, bright)]
            matched += np.corrcoef(*pair)[0, 1] > 0.85
    assert matched >= 4


def _blocks(image: np.ndarray) -> np.ndarray:
    return image.reshape(12, 8, 12, 8).mean((1, 3)).ravel()


@pytest.mark.parametrize("seed", range(4))
def test_the_sampled_histogram_stands_for_the_whole_photos(photos: list[np.ndarray], seed: int) -> None:
    photo = photos[seed % 3]
    random = np.random.default_rng(seed)
    longer = max(photo.shape[:2])
    settings = random_night(random, photo.shape[1] / longer, photo.shape[0] / longer)
    whole = develop(simulate_night_raw(photo, settings, random))
    expected = equalization_table(whole)
    table = equalization_table(develop(SimulatedSource(photos).sampled(seed % 3, settings, random)))
    pixel_values = np.rint(whole * 255).astype(int)
    for channel in range(3):
        difference = (table - expected)[channel][pixel_values[..., channel]]
        assert np.abs(difference).mean() < 0.04


@pytest.mark.parametrize("seed", range(4))
def test_the_simulated_thumbnail_is_that_of_the_developed_photo(photos: list[np.ndarray], seed: int) -> None:
    photo = photos[seed % 3]
    random = np.random.default_rng(seed)
    settings = night(-2.0 - seed, "tungsten", shot=0.002)
    expected = thumbnail(develop(simulate_night_raw(photo, settings, random)))
    dark, bright = SimulatedSource(photos).thumbnails(seed % 3, settings, random)
    found = dark.transpose(2, 0, 1)
    stops = np.log2(_cells(found) + 1e-3) - np.log2(_cells(expected) + 1e-3)
    assert np.median(np.abs(stops)) < 0.1
    assert abs(stops.mean()) < 0.1
    assert np.abs(bright.transpose(2, 0, 1) - thumbnail(photo)).mean() < 0.02


def _cells(thumbnails: np.ndarray) -> np.ndarray:
    return thumbnails.reshape(3, 16, 4, 16, 4).mean((2, 4))


def test_crops_come_with_their_frames(photos: list[np.ndarray]) -> None:
    """The part of the reference's thumbnail at a crop's window is the crop scaled down."""
    batch = SimulatedSource(photos, frames=True).batch(2, 96, 12)
    assert batch.equalization is None and batch.frames is not None
    frames = batch.frames
    assert frames.thumbnails.shape == frames.references.shape == (12, 3, 64, 64)
    more = (12 * MORE_FRAMES, 3, 64, 64)
    assert frames.more_thumbnails.shape == frames.more_references.shape == more
    darker = frames.more_thumbnails.mean((1, 2, 3)) <= 1.05 * frames.more_references.mean((1, 2, 3))
    assert darker.float().mean() > 0.9
    assert float(frames.windows.min()) >= 0
    assert float((frames.windows[:, :2] + frames.windows[:, 2:]).max()) <= 1 + 1e-6
    differences = []
    for crop, whole, window in zip(batch.reference, frames.references, frames.windows, strict=True):
        top, left, height, width = (float(value) for value in window)
        rows, columns = (np.arange(64) + 0.5) / 64, (np.arange(64) + 0.5) / 64
        inside = np.ix_((rows > top) & (rows < top + height), (columns > left) & (columns < left + width))
        light = thumbnail(crop.permute(1, 2, 0).numpy()).mean((1, 2))
        differences.append(np.abs(whole.numpy()[:, inside[0], inside[1]].mean((1, 2)) - light).max())
    assert np.median(differences) < 0.02 and max(differences) < 0.1


def test_the_thumbnails_of_a_frame_are_those_of_the_photo_cut_to_it(photos: list[np.ndarray]) -> None:
    random = np.random.default_rng(3)
    whole = whole_frame(photos[0].shape)
    frame = next(
        drawn for drawn in iter(lambda: random_frame(random, photos[0].shape), None) if drawn != whole
    )
    edges = (round(edge) for edge in (frame.top, frame.bottom, frame.left, frame.right))
    top, bottom, left, right = edges
    settings = night(-3.0, "tungsten")
    of_frame = SimulatedSource(photos).thumbnails(0, settings, np.random.default_rng(1), frame)
    cut = SimulatedSource([photos[0][top:bottom, left:right]])
    for found, expected in zip(of_frame, cut.thumbnails(0, settings, np.random.default_rng(1)), strict=True):
        assert found.shape == expected.shape
        cells = [_cells(image.transpose(2, 0, 1)) for image in (found, expected)]  # the averages are blurred
        assert np.abs(cells[0] - cells[1]).mean() < 0.02 * expected.mean()


def test_frames_with_lamps_or_uneven_light_have_a_lower_weight(photos: list[np.ndarray]) -> None:
    source = SimulatedSource(photos, frames=True)
    drawn = [source.batch(step, 64, 8).frames for step in range(8)]
    weights = torch.cat([torch.cat([frames.weights, frames.more_weights]) for frames in drawn if frames])
    assert weights.unique().tolist() == pytest.approx([0.3, 1.0])
    random = np.random.default_rng(0)
    plain = np.mean([random_night(random).plain for _ in range(500)])
    assert abs(float((weights == 1.0).float().mean()) - plain) < 0.12


def test_validation_pairs_are_dark_and_repeatable(photos: list[np.ndarray]) -> None:
    pairs, again = validation_pairs(photos, longest=128), validation_pairs(photos, longest=128)
    assert [max(pair.low.shape) for pair in pairs] == [128] * 3
    for pair, same in zip(pairs, again, strict=True):
        np.testing.assert_array_equal(pair.low, same.low)
        assert pair.low.shape == pair.high.shape and pair.low.dtype == np.uint8
        assert pair.low.mean() < 0.5 * pair.high.mean()


def test_photos_are_held_out_by_name(tmp_path: Path) -> None:
    for index in range(12):
        Image.new("RGB", (8, 8), (index, 0, 0)).save(tmp_path / f"{index}.png")
    (tmp_path / "notes.txt").write_text("no photo")
    paths = find_photos(tmp_path)
    training, held_out = split_photos(paths, 4)
    assert len(held_out) == 4 and sorted(training + held_out) == paths
    assert set(held_out) <= {*split_photos(list(reversed(paths)), 4)[1]}
    assert split_photos(paths, 4, seed=1)[1] != held_out
    assert [photo.shape for photo in load_photos(held_out)] == [(8, 8, 3)] * 4


def test_what_cannot_be_trained_on_is_named(tmp_path: Path, photos: list[np.ndarray]) -> None:
    with pytest.raises(TrainingDataError, match="not a folder"):
        find_photos(tmp_path / "absent")
    with pytest.raises(TrainingDataError, match="no photos"):
        find_photos(tmp_path)
    (tmp_path / "broken.jpg").write_bytes(b"no jpeg")
    with pytest.raises(TrainingDataError, match=r"broken\.jpg"):
        load_photos(find_photos(tmp_path))
    with pytest.raises(TrainingDataError, match="no photos"):
        SimulatedSource([])
    with pytest.raises(TrainingDataError, match="too small for crops of 1000"):
        SimulatedSource(photos).batch(0, 1000, 1)


def test_cores_that_threads_leave_free_compute_batches(
    tmp_path: Path, photos: list[np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, photo in enumerate(photos):
        Image.fromarray(photo).save(tmp_path / f"{number}.png")
    size = size_of_settings({"widths": (8, 8, 8), "down": (0, 0, 0), "up": (0, 0), "vector": (8,)})
    recipe = Recipe(stages=parse_stages("32x1:1"))
    settings = RunSettings(None, (str(tmp_path),), size, recipe, validation_scenes=0, device="cpu")
    monkeypatch.setattr(os, "cpu_count", lambda: torch.get_num_threads() + 1)
    with contextlib.closing(build_trainer(tmp_path / "free", settings)) as trainer:
        assert isinstance(trainer.source, PrefetchSource)
        trainer.train()
    assert trainer.step == 1
    monkeypatch.setattr(os, "cpu_count", torch.get_num_threads)
    assert isinstance(build_trainer(tmp_path / "busy", settings).source, SimulatedSource)


def test_prefetched_batches_are_the_same(photos: list[np.ndarray]) -> None:
    source = SimulatedSource(photos, seed=1)
    with PrefetchSource(source, workers=1, ahead=2) as ahead:
        for step, crop in ((5, 48), (6, 48), (7, 64), (2, 64)):
            batch, expected = ahead.batch(step, crop, 2), source.batch(step, crop, 2)
            for name in ("low", "reference", "equalization"):
                np.testing.assert_array_equal(getattr(batch, name), getattr(expected, name))
        with pytest.raises(TrainingDataError, match="too small"):
            ahead.batch(0, 1000, 1)


def test_photos_too_small_for_a_later_stage_are_named_at_the_start(tmp_path: Path) -> None:
    Image.new("RGB", (300, 100)).save(tmp_path / "wide.png")
    recipe = Recipe(stages=parse_stages("64x1:5,192x1:5"))
    settings = RunSettings(None, (str(tmp_path),), COMPACT, recipe, validation_scenes=0, device="cpu")
    with pytest.raises(TrainingDataError, match="300x100 is too small for crops of 192"):
        build_trainer(tmp_path / "run", settings)
