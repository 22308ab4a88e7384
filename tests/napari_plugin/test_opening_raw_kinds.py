"""RAW files of every extension, opened through napari and from the filmstrip."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from llflow_photo.files.dng.write import write_cfa_dng
from llflow_photo.files.sniff import RAW_SUFFIXES

Until = Callable[..., None]
SUFFIXES = sorted(RAW_SUFFIXES)
REASONS = {"noise": "does not support", "empty": "is empty", "cut": "is damaged"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """For each extension a readable RAW file, random bytes, an empty file, and one that is cut off."""
    made = tmp_path / "photos"
    made.mkdir()
    random = np.random.default_rng(0)
    mosaic = random.integers(600, 3000, (64, 96), np.uint16)
    write_cfa_dng(
        tmp_path / "whole.dng", mosaic, black_level=512, white_level=16383, as_shot_neutral=(0.5, 1.0, 0.6)
    )
    whole = (tmp_path / "whole.dng").read_bytes()
    contents = {"whole": whole, "noise": random.bytes(3000), "empty": b"", "cut": whole[:2000]}
    for suffix in SUFFIXES:
        for name, content in contents.items():
            (made / f"{name}{suffix}").write_bytes(content)
    return made


@pytest.fixture
def panel(make_napari_viewer: Any, small_network: None, until: Until) -> Iterator[Any]:
    _, made = make_napari_viewer().window.add_plugin_dock_widget("llflow-photo", "Enhance a night photo")
    made.live.value = False
    yield made
    made.shut_down()
    until(lambda: not made.work.running)


def test_every_raw_extension_opens_or_is_refused_with_one_reason(
    panel: Any, until: Until, folder: Path, messages: list[str]
) -> None:
    view, viewer = panel.folder_view, panel.viewer
    view.show_folder(folder, None, panel)
    until(lambda: len(view.states) == 4 * len(SUFFIXES))
    until(lambda: all(map(view.strip.has_picture, view.strip.sources)))

    def open_in_napari(source: str) -> None:
        with contextlib.suppress(Exception):
            viewer.open(str(folder / source), plugin="llflow-photo")

    for source in view.states:
        if source.startswith("whole"):
            view.open(source)
            (layer,) = viewer.layers
            assert layer.data.shape == (64, 96, 3) and panel.photo.value == layer and not messages
            viewer.layers.clear()
            continue
        for way in (view.open, open_in_napari):
            messages.clear()
            way(source)
            (message,) = messages
            assert message.count(source) == 1 and REASONS[Path(source).stem] in message
            assert not viewer.layers
        messages.clear()
