"""Blends of renderings in a folder: what copies, batches and newly opened photos do with them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from llflow_photo.batch import Report
from llflow_photo.engine.latent import Latent, interpolate
from llflow_photo.options import Options
from napari_plugin.batch_panel import OWN, SHOWN

Until = Callable[..., None]


def test_a_photo_with_a_blend_of_renderings_stays_open(
    window: Any, folder_view: Any, until: Until, messages: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    blend = interpolate(Latent(1, 0.8), Latent(2, 0.8), 0.5)
    folder_view.open("a.jpg")
    window.choose(blend)
    folder_view.strip.select(["b.png"])
    folder_view.strip.copy_button.click()
    assert any("cannot be copied" in message for message in messages)
    for source in ("b.png", "c[1].jpg", "d.jpg", "e.jpg"):
        folder_view.open(source)
    until(lambda: not {"b", "b preview"} & {layer.name for layer in window.viewer.layers})
    assert "a" in window.viewer.layers
    folder_view.open("a.jpg")
    assert window.latent() == blend
    monkeypatch.setattr("llflow_photo.batch.enhance_dir", lambda path, **_given: Report((), path))
    folder_view.strip.select(["b.png"])  # it has its own settings, the copied ones
    folder_view.strip.enhance_button.click()
    until(window.batch.run_button.isEnabled)
    assert not any("no blend" in message for message in messages)
    window.batch.run_button.click()
    until(window.batch.run_button.isEnabled)
    assert any("a.jpg: a batch uses the settings" in message for message in messages)


def test_copying_settings_to_all_photos_keeps_the_blend_of_the_current_one(
    window: Any, folder_view: Any, messages: list[str]
) -> None:
    blend = interpolate(Latent(1, 0.8), Latent(2, 0.8), 0.5)
    folder_view.open("b.png")
    folder_view.open("a.jpg")
    window.choose(blend)
    folder_view.strip.select(["a.jpg", "b.png"])
    folder_view.strip.copy_button.click()
    assert window.latent() == blend
    assert any("to 2 photos. The blend of renderings" in message for message in messages)


@pytest.mark.parametrize("current", ["a.jpg", "night"])
def test_a_batch_with_the_settings_of_a_photo_with_a_blend_says_that_it_leaves_the_blend_out(
    window: Any,
    folder_view: Any,
    until: Until,
    messages: list[str],
    monkeypatch: pytest.MonkeyPatch,
    current: str,
) -> None:
    monkeypatch.setattr("llflow_photo.batch.enhance_dir", lambda path, **_given: Report((), path))
    if current != "night":
        folder_view.open(current)
    window.choose(interpolate(Latent(1, 0.8), Latent(2, 0.8), 0.5))
    folder_view._put("b.png", Options(strength=0.5))
    cases = ((["b.png"], True, False), (["b.png", "e.jpg"], True, True), (["b.png"], False, True))
    for selected, own, is_named in cases:
        messages.clear()
        window.batch.settings.value = OWN if own else SHOWN
        folder_view.strip.select(selected)
        folder_view.strip.enhance_button.click()
        until(window.batch.run_button.isEnabled)
        assert any(f"{current}: a batch uses" in message for message in messages) == is_named


def test_photos_opened_after_one_with_a_blend_have_none_and_are_closed(
    window: Any, folder_view: Any, until: Until
) -> None:
    folder_view.open("a.jpg")
    window.choose(interpolate(Latent(1, 0.8), Latent(2, 0.8), 0.5))
    for source in ("b.png", "c[1].jpg", "d.jpg", "e.jpg"):
        folder_view.open(source)
        assert not window.is_blended(window.photo.value) and not window.view_panel.status.startswith(
            "Showing"
        )
    until(lambda: "b" not in window.viewer.layers, 10)
    assert "a" in window.viewer.layers
