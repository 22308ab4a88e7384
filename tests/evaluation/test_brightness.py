"""Brightness along the latent, measured."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from llflow_photo.engine.gain_path import synthetic_view
from llflow_photo.errors import EmptyFolderError
from llflow_photo.evaluation.brightness import PATH, PLAIN, main, measure_brightness, spearman


def test_spearman_is_one_for_any_rising_curve_and_minus_one_for_any_falling() -> None:
    x = np.linspace(-2, 3, 9)
    assert spearman(x, np.exp(x)) == pytest.approx(1)
    assert spearman(x, -(x**3)) == pytest.approx(-1)
    assert np.isnan(spearman(x, np.ones(9)))


def test_spearman_with_ties_is_that_of_mean_ranks() -> None:
    # Ranks 1, 2.5, 2.5, 4 against 1, 2, 3, 4: covariance 1.125, variances 1.125 and 1.25.
    assert spearman([1, 2, 2, 5], [1, 2, 3, 4]) == pytest.approx(1.125 / np.sqrt(1.125 * 1.25))


def test_the_gain_path_rises_on_an_unseen_view() -> None:
    from llflow_photo.api import load_enhancer

    rows = measure_brightness(load_enhancer(device="cpu").encode(synthetic_view(21, 64, 64)), "view")
    assert [row.method for row in rows] == [PATH, PLAIN]
    assert rows[0].spearman >= 0.95 and not rows[0].failed
    assert rows[0].darkest_ev < -0.5 and rows[0].brightest_ev > 0.4


def test_the_command_writes_a_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    view = (synthetic_view(3, 40, 48) * 255).astype(np.uint8)
    Image.fromarray(view).save(tmp_path / "dark.png")
    main([str(tmp_path), "--device", "cpu", "--csv", str(tmp_path / "rows.csv")])
    assert "gain path" in capsys.readouterr().out
    assert len((tmp_path / "rows.csv").read_text().splitlines()) == 3


def test_an_empty_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(EmptyFolderError, match="neither photos nor pairs"):
        main([str(tmp_path)])
