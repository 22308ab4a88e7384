"""Brightness along the latent, measured."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from llflow_photo.engine.gain_path import synthetic_view
from llflow_photo.errors import EmptyFolderError
from llflow_photo.evaluation.brightness import main, measure_brightness, spearman


def test_spearman_is_one_for_any_rising_curve_and_minus_one_for_any_falling() -> None:
    x = np.linspace(-2, 3, 9)
    assert spearman(x, np.exp(x)) == pytest.approx(1)
    assert spearman(x, -(x**3)) == pytest.approx(-1)
    assert np.isnan(spearman(x, np.ones(9)))


def test_spearman_with_ties_is_that_of_mean_ranks() -> None:
    # Ranks 1, 2.5, 2.5, 4 against 1, 2, 3, 4: covariance 1.125, variances 1.125 and 1.25.
    assert spearman([1, 2, 2, 5], [1, 2, 3, 4]) == pytest.approx(1.125 / np.sqrt(1.125 * 1.25))


def test_brightness_rises_with_its_setting_on_an_unseen_view() -> None:
    from llflow_photo.api import load_enhancer

    row = measure_brightness(load_enhancer(device="cpu").encode(synthetic_view(21, 64, 64)), "view")
    assert row.spearman >= 0.95 and not row.failed
    assert row.darkest_ev < -0.5 and row.brightest_ev > 0.4


def test_the_command_writes_a_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    view = (synthetic_view(3, 40, 48) * 255).astype(np.uint8)
    Image.fromarray(view).save(tmp_path / "dark.png")
    main([str(tmp_path), "--device", "cpu", "--csv", str(tmp_path / "rows.csv")])
    assert "1 of 1" in capsys.readouterr().out
    head, row = (tmp_path / "rows.csv").read_text().splitlines()
    assert head.startswith("photo,spearman,") and row.startswith("dark.png,")


def test_an_empty_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(EmptyFolderError, match="neither photos nor pairs"):
        main([str(tmp_path)])
