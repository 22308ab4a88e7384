"""The look of a result."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from llflow_photo import Metadata, Options, Photo, files
from llflow_photo.color.spaces import decode, encode
from llflow_photo.color.working import to_network
from llflow_photo.errors import OptionError
from llflow_photo.finish import finished
from llflow_photo.finish.base_curve import apply_base_curve, look_of


def test_an_s_curve_from_black_to_white_and_beyond() -> None:
    encoded = np.linspace(0, 1, 257)
    curved = encode(apply_base_curve(decode(encoded, "srgb")[:, None].repeat(3, axis=1)), "srgb")[:, 0]
    assert curved[0] == pytest.approx(0, abs=1e-4) and curved[-1] == pytest.approx(1)
    assert (np.diff(curved) > 0).all()
    assert (curved[:90] <= encoded[:90] + 1e-4).all() and (curved[115:] >= encoded[115:] - 1e-4).all()
    above = np.full((1, 3), 2.5, np.float32)
    np.testing.assert_array_equal(apply_base_curve(above), above)


def test_hue_stays() -> None:
    color = np.array([[0.3, 0.1, 0.02], [0.02, 0.04, 0.2]], np.float32)
    result = apply_base_curve(color)
    ratio = result / result.max(axis=1, keepdims=True)
    np.testing.assert_allclose(ratio, color / color.max(axis=1, keepdims=True), rtol=1e-5)


def test_standard_for_raws_neutral_for_others_and_for_own_results(
    tmp_path: Path, random: np.random.Generator
) -> None:
    picture = Photo(random.uniform(0, 1, (32, 48, 3)).astype(np.float32))
    assert look_of("auto", picture) == "neutral"
    raw = replace(picture, metadata=Metadata(raw={"make": "x"}))
    assert look_of("auto", raw) == "standard"
    files.write(picture, tmp_path / "own.dng")
    assert look_of("auto", files.read(tmp_path / "own.dng")) == "neutral"
    assert look_of("standard", picture) == "standard" and look_of("neutral", raw) == "neutral"


def test_auto_is_standard_for_a_raw(random: np.random.Generator) -> None:
    pixels = random.uniform(0.1, 0.6, (32, 48, 3)).astype(np.float32)
    raw = Photo(pixels, metadata=Metadata(raw={"make": "x"}))
    _, residual = to_network(raw)
    auto, standard, neutral = (
        finished(pixels, residual, Options(look=look)).pixels for look in ("auto", "standard", "neutral")
    )
    np.testing.assert_array_equal(auto, standard)
    assert np.abs(auto - neutral).max() > 0.02


def test_another_look_is_refused() -> None:
    with pytest.raises(OptionError, match="look"):
        Options(look="film")
