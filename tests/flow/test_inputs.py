"""The network's inputs against their definitions."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from llflow_photo.flow.inputs import (
    color_map,
    equalization_table,
    equalize,
    log_image,
    network_input,
    noise_map,
)


def _random_photo(seed: int = 0) -> np.ndarray:
    return (np.random.default_rng(seed).random((20, 30, 3)) ** 3 * 255).astype(np.uint8)


def test_equalization_follows_the_8_bit_rule() -> None:
    photo = _random_photo()
    table = equalization_table(photo)
    for channel in range(3):
        values = photo[..., channel].ravel()
        first = int((values == values.min()).sum())
        for value in np.unique(values):
            below = int((values <= value).sum())
            expected = round((below - first) / (values.size - first) * 255)
            assert abs(table[channel, value] * 255 - expected) < 1.001  # halves may round either way
    assert table.min() == 0.0
    assert table.max() == 1.0


def test_a_constant_channel_is_not_equalized() -> None:
    assert not equalization_table(np.full((4, 4, 3), 7, np.uint8)).any()


def test_deeper_photos_are_binned_to_the_nearest_level_and_stay_smooth() -> None:
    photo = _random_photo()
    as_float = photo.astype(np.float32) / 255
    np.testing.assert_array_equal(equalization_table(photo), equalization_table(as_float))
    table = torch.linspace(0, 1, 256).expand(1, 3, 256) ** 0.5
    ramp = torch.linspace(0, 1, 1000).view(1, 1, 1, 1000).expand(1, 3, 1, 1000)
    equalized = equalize(ramp, table)
    assert (equalized.diff(dim=3) > 0).all()
    at_level = equalize(torch.full((1, 3, 1, 1), 64 / 255), table)
    torch.testing.assert_close(at_level[0, :, 0, 0], table[0, :, 64])


def test_maps_of_a_known_photo() -> None:
    photo = torch.zeros(1, 3, 3, 3)
    photo[0, 0] = 0.5
    color = color_map(photo)
    assert color[0, 0, 1, 1] == pytest.approx(0.501 / (0.503 + 1e-4), rel=1e-6)
    noise = noise_map(color)
    assert noise[0, 0, 1, 1] == 0.0
    assert noise[0, 0, 0, 1] == pytest.approx(float(color[0, 0, 1, 1]) / 2)  # zeros beyond the border
    assert log_image(photo)[0, 1, 0, 0] == pytest.approx(np.log(1e-3), rel=1e-6)
    assert network_input(photo, photo).shape == (1, 12, 3, 3)


def test_the_color_map_does_not_depend_on_exposure() -> None:
    bright = torch.rand(1, 3, 8, 8, generator=torch.Generator().manual_seed(0)) * 0.5 + 0.5
    torch.testing.assert_close(color_map(bright * 0.5), color_map(bright), rtol=5e-3, atol=0)
