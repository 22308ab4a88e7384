"""Options of invalid types are refused when they are made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from llflow_photo import Options, enhance, enhance_dir, enhance_file, files, series_reference
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


@pytest.mark.parametrize("value", ["x", {}, {"seed": 1}, Options], ids=repr)
@pytest.mark.parametrize("name", ["options", "raw", "encoding"])
def test_settings_of_another_type_are_refused(name: str, value: Any, tmp_path: Path) -> None:
    photo, out = tmp_path / "night.png", tmp_path / "out.jpg"
    Image.new("RGB", (8, 8), (9, 9, 9)).save(photo)
    given: dict[str, Any] = {name: value}
    kind = {"options": "Options", "raw": "RawOptions", "encoding": "Encoding"}[name]
    with pytest.raises(OptionError, match=f"^{name} is .*; give an instance of {kind}, such as {kind}"):
        enhance_file(photo, out, **given)
    with pytest.raises(OptionError, match=f"{name} is"):
        enhance_dir(photo, output=tmp_path / "folder", **given)
    if name != "encoding":
        with pytest.raises(OptionError, match=f"{name} is"):
            enhance(photo, **given)
    else:
        with pytest.raises(OptionError, match="encoding is"):
            files.write(files.read(photo), out, value)
    if name == "raw":
        with pytest.raises(OptionError, match="raw is"):
            series_reference([photo], raw=value)
    assert list(tmp_path.iterdir()) == [photo]


def test_options_are_refused_for_arrays_too() -> None:
    options: Any = "x"
    with pytest.raises(OptionError, match="options is 'x'"):
        enhance(np.full((8, 8, 3), 0.1), options=options)
