"""What the findings compute and how their tables are kept."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from skimage import data

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks" / "findings"))

import artifacts
import trainings
from finding_parts import kinds, measures, report
from finding_parts.homes import Example, evenly

from llflow_photo.flow import DenseSize, LLFlow, Size


def test_auc_is_the_chance_of_standing_above() -> None:
    assert measures.auc(np.array([3, 4]), np.array([1, 2])) == 1
    assert measures.auc(np.array([1, 2]), np.array([3, 4])) == 0
    assert measures.auc(np.array([1, 3]), np.array([2, 3])) == pytest.approx((0 + 0 + 1 + 0.5) / 4)
    random = np.random.default_rng(0)
    assert measures.auc(random.normal(1, 1, 4000), random.normal(0, 1, 4000)) == pytest.approx(
        0.760, abs=0.02
    )
    with pytest.raises(ValueError, match="both sides"):
        measures.auc(np.array([]), np.array([1.0]))


def test_best_and_mean_are_of_photos_renderings() -> None:
    assert measures.best_and_mean(np.array([[1.0, 3.0], [5.0, 7.0]])) == (5.0, 4.0)


def test_deciles_follow_the_predictor_and_blocks_drop_the_rest() -> None:
    values = np.arange(100.0)
    assert measures.decile_means(-values.reshape(10, 10), values.reshape(10, 10))[0] == 94.5
    blocks = measures.block_mean(np.add.outer(np.arange(17) // 8, np.zeros(9)))
    assert blocks.shape == (2, 1) and blocks.ravel().tolist() == [0.0, 1.0]


def test_photos_are_taken_evenly() -> None:
    assert evenly(range(24), 6) == [0, 4, 8, 12, 16, 20]
    assert evenly("abc", 9) == ["a", "b", "c"]


def test_patches_are_changed_and_nothing_else() -> None:
    picture = data.astronaut()[:400].astype(np.float32) / 255
    spoilt, where, outside = artifacts.planted(picture, np.random.default_rng(3))
    assert list(where) == list(artifacts.ARTIFACTS)
    assert np.array_equal(spoilt[outside], picture[outside])
    touched = np.zeros(outside.shape, int)
    for patch in where.values():
        assert np.abs(spoilt - picture)[patch].mean() > 0.002
        assert not outside[patch].any()
        touched[patch] += 1
    assert touched.max() == 1 and touched.sum() == len(where) * artifacts.SIDE**2
    with pytest.raises(ValueError, match="no room"):
        artifacts.places(200, 200, 6, np.random.default_rng(0))


def test_changes_of_equal_distance() -> None:
    reference = data.astronaut()[:96, :128].astype(np.float32) / 255
    changed = artifacts.equally_far(Example("", reference, reference), np.random.default_rng(0))
    for picture in changed.values():
        assert np.abs(picture - reference).mean() == pytest.approx(artifacts.L1, rel=1e-4)


@pytest.mark.parametrize("wanted", [-7.0, -4.0])
def test_pictures_made_dark_are_as_dark_as_wanted(wanted: float) -> None:
    random = np.random.default_rng(0)
    for picture in (kinds.screenshot(random, 96, 128), kinds.noise_picture(random, 96, 128)):
        assert picture.shape == (96, 128, 3) and picture.dtype == np.float32
        assert kinds.exposure_ev(kinds.as_dark_as(picture, wanted)) == pytest.approx(wanted, abs=0.3)


def test_rows_of_other_models_are_kept(tmp_path: Path) -> None:
    report.keep("one", [{"model": "a", "value": 1.0}, {"model": "b", "value": 2.0}], folder=tmp_path)
    rows = report.keep("one", [{"model": "a", "value": 3.0}], folder=tmp_path)
    assert rows == [{"model": "a", "value": "3.0000"}, {"model": "b", "value": "2.0000"}]


def test_a_table_replaces_the_one_before(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- x -->\n\nold\n\n<!-- end of x -->\nafter\n")
    report.put_table("x", report.markdown(["a"], [["\\1"]]), page)
    assert page.read_text() == "before\n<!-- x -->\n\n| a |\n|---|\n| \\1 |\n\n<!-- end of x -->\nafter\n"
    with pytest.raises(ValueError, match="lacks the marks"):
        report.put_table("y", "", page)


def test_without_the_color_map_the_latent_mean_is_zero() -> None:
    torch.manual_seed(0)
    model = LLFlow(Size(DenseSize(8, 4, 1, (0,)), steps=1, hidden=8)).eval()
    photo = torch.rand(1, 3, 16, 24)
    before = model.encode(photo)
    after = trainings.with_zero_mean(model).encode(photo)
    assert before.mean.abs().max() > 0 and after.mean.abs().max() == 0
    for one, other in zip(before.levels, after.levels, strict=True):
        assert torch.equal(one, other)


def test_trainings_differ_in_one_thing_each() -> None:
    names = [variant.name for variant in trainings.VARIANTS]
    assert len(set(names)) == len(names)
    assert {variant.weights.selector for variant in trainings.VARIANTS if "0.01" not in variant.name} == {
        0.0, 0.2, 0.5, 0.8,
    }  # fmt: skip
    assert [variant.name for variant in trainings.VARIANTS if not variant.color_map] == [
        "likelihood, latent mean 0"
    ]
