"""Frames of clean photos, and crops of frames."""

from __future__ import annotations

import numpy as np
import pytest

from llflow_photo.training.frames import random_frame, random_region, whole_frame


def test_frames_are_large_parts_of_their_photo_and_contain_the_crop() -> None:
    random = np.random.default_rng(0)
    frames = [random_frame(random, (300, 400), 320 / 1.8) for _ in range(400)]
    assert 0.2 < np.mean([frame == whole_frame((300, 400)) for frame in frames]) < 0.4
    for frame in frames:
        assert 0 <= frame.left < frame.right <= 400 and 0 <= frame.top < frame.bottom <= 300
        assert frame.width >= 200 and frame.height >= 320 / 1.8
        region = random_region(random, frame, 320)
        assert frame.left <= region.left and region.right <= frame.right
        assert frame.top <= region.top and region.bottom <= frame.bottom
        x, y = region.positions(frame, 320)
        assert len(x) == len(y) == 320 and x[0] > 0 and y[0] > 0 and max(x[-1], y[-1]) < 1.02
    assert len({round(frame.width / frame.height, 2) for frame in frames}) > 50


def test_crops_larger_than_their_frame_are_scaled_up() -> None:
    frame = whole_frame((50, 90))
    region = random_region(np.random.default_rng(0), frame, 64)
    assert region.side == region.right - region.left == region.bottom - region.top == 50
    assert 0 <= region.left <= 40 and region.top == 0
    assert np.diff(region.positions(frame, 64)[0]) == pytest.approx(50 / 64 / 90)


def test_some_crops_are_softer_than_their_photo() -> None:
    """As photos are at full size; the noise of the simulation is added afterwards."""
    random = np.random.default_rng(0)
    sides = np.array([random_region(random, whole_frame((200, 300)), 64).side for _ in range(400)])
    assert sides.min() >= 64 / 1.8 - 1e-6 and sides.max() <= 200 + 1e-6
    assert 0.15 < np.mean(sides < 63.9) < 0.28


def test_a_region_has_its_window_in_the_frame() -> None:
    frame = whole_frame((300, 400))
    for seed in range(10):
        region = random_region(np.random.default_rng(seed), frame, 64)
        top, left, height, width = region.window(frame)
        assert (top * 300, left * 400) == pytest.approx((region.top, region.left))
        assert (height * 300, width * 400) == pytest.approx((region.side, region.side), abs=1e-6)
