"""Options of invalid types are refused when they are made."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from llflow_photo import Options
from llflow_photo.errors import OptionError


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("protect_highlights", "no"),
        ("denoise_only", "off"),
        ("remove_specks", 1),
        ("device", 3),
        ("model", None),
        ("temperature", "0.8"),
        ("texture", True),
        ("samples", 1.5),
        ("look", "vivid"),
    ],
)
def test_a_value_of_another_type_is_refused(name: str, value: Any) -> None:
    with pytest.raises(OptionError, match=name):
        Options(**{name: value})


def test_values_of_numpy_are_converted() -> None:
    options = Options(remove_specks=np.bool_(False), samples=np.int64(2), texture=np.float32(0.5))
    assert options.remove_specks is False and options.samples == 2 and options.texture == 0.5
