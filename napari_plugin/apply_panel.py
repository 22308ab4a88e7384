"""Rendering the whole photo at full size, and saving the result."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari.utils.notifications import show_error, show_info
from qtpy.QtWidgets import QFileDialog, QHBoxLayout, QProgressBar, QVBoxLayout, QWidget

from llflow_photo.engine.latent import AnyLatent, Latent
from llflow_photo.options import Options

from .controls import Choice, button
from .display_layers import remove_if_present
from .explore_panel import Host
from .gallery import describe
from .layers import full_data, layer_parts, placement
from .photo_choice import is_result, made_from, photo_of
from .saving import SAVE_FILTERS, proposed_path, save_data, source_of, with_suffix_of
from .work import Job

if TYPE_CHECKING:
    from napari.layers import Image

__all__ = ["ApplyPanel"]

CURRENT, MEAN = "Current rendering", "Average of the variations"


class ApplyPanel(QWidget):
    """The controls to render at full size, to cancel, and to save."""

    def __init__(self, host: Any) -> None:
        super().__init__()
        self._host: Host = host
        self._grid = host.explore.gallery
        self._job: Job | None = None
        self.what = Choice((CURRENT, MEAN), "What to render at full size")
        self.apply_button = button(
            "Apply at full size",
            "Render the whole photo with the settings of the preview, as a new layer",
            self.apply,
        )
        self.cancel_button = button("Cancel", "Stop the full-size rendering", self.cancel)
        self.cancel_button.setEnabled(False)
        self.save_button = button(
            "Save…", "Save the selected result with the photo's EXIF data and the settings", self.save
        )
        self.bar = QProgressBar()
        self.bar.setRange(0, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        lines: tuple[tuple[QWidget, ...], ...] = (
            (self.what, self.apply_button),
            (self.bar, self.cancel_button, self.save_button),
        )
        for line in lines:
            row = QHBoxLayout()
            for widget in line:
                row.addWidget(widget)
            layout.addLayout(row)

    def apply(self) -> None:
        """Render the whole photo in a background thread."""
        asked = self._host.subject()
        if asked is None or self._job is not None:
            return
        if self.what.value == MEAN and len(self._grid.entries) < 2:
            show_info("Draw some variations first.")
            return
        layer, subject = asked
        options, cache = self._host.options(), self._host.cache
        latents = [self._host.latent()]
        if self.what.value == MEAN:
            latents = [entry.latent for entry in self._grid.entries]
        affine = placement(layer, (0.0, 0.0), (1.0, 1.0))
        name = layer.name

        def work(job: Job) -> tuple[Any, ...]:
            from llflow_photo.explore.fullsize import render_full_size

            photo = subject.photo
            made = render_full_size(
                photo, latents, options, cache.enhancer(options), job.progress, job.cancelled
            )
            return layer_parts(
                made,
                f"{name} enhanced",
                settings=settings_of(options, latents),
                role="result",
                **made_from(layer),
            )

        def done(parts: tuple[Any, ...]) -> None:
            data, arguments, _ = parts
            self._add(layer, self._host.viewer.add_image(data, **{**arguments, "affine": affine}))

        self.bar.setRange(0, 100)
        self.apply_button.setEnabled(False)
        self.cancel_button.setEnabled(True)
        job = self._host.work.start(
            "Full size", work, done, progressed=self._progressed, ended=lambda: self._ended(job), large=True
        )
        self._job = job

    def _add(self, photo: Any, result: Any) -> None:
        """Record the new result as a step of the photo's history, so that it can be undone and redone."""
        viewer = self._host.viewer

        def bring_back() -> None:
            if result not in viewer.layers:
                viewer.layers.append(result)
                self._host.keep_comparison()

        self._host.keep_comparison()
        if photo in viewer.layers:
            self._host.note_step(photo, lambda: remove_if_present(viewer, result), bring_back)

    def uncover(self, photo: Any) -> None:
        """Hide the results of a photo, which would cover its preview, because the controls have changed."""
        for layer in self._host.viewer.layers:
            if is_result(layer) and layer.visible and photo_of(layer, self._host.viewer) == photo:
                layer.visible = False

    def cancel(self) -> None:
        """Stop the rendering; another one can be started immediately."""
        if self._job is not None:
            self._job.cancel()
            self._ended(self._job)

    def _progressed(self, done: int, total: int) -> None:
        self.bar.setRange(0, max(1, total))
        self.bar.setValue(done)

    def _ended(self, job: Job) -> None:
        if job is not self._job:  # it was cancelled, and another may be running
            return
        self._job = None
        self.bar.setRange(0, 1)
        self.bar.reset()
        self.apply_button.setEnabled(True)
        self.cancel_button.setEnabled(False)

    def save(self, path: Path | None = None) -> None:
        """Save the selected result, or the newest; show a file dialog unless ``path`` is given."""
        layer = self._result()
        if layer is None:
            show_info("There is no result to save: click Apply at full size first.")
            return
        if path is None:
            start = str(proposed_path(layer.metadata, layer.name))
            chosen, kind = QFileDialog.getSaveFileName(self, "Save the photo", start, SAVE_FILTERS)
            if not chosen:
                return
            path = with_suffix_of(Path(chosen), kind)
            if path != Path(chosen) and path.exists():  # the dialog asked for the name without suffix only
                show_error(f"{path.name} exists: choose another name, or this one with its suffix.")
                return
        data, metadata, target = full_data(layer), dict(layer.metadata), path
        source = source_of(metadata)

        def saved(result: tuple[Path, tuple[str, ...]]) -> None:
            _report_saved(result)
            if source is not None:
                self._host.result_saved(source, result[0])

        self._host.work.start(
            "Save", lambda _job: save_data(target, data, metadata), saved, bar=True, large=True
        )

    def _result(self) -> Image | None:
        layers = self._host.viewer.layers
        results = [layer for layer in layers if is_result(layer)]
        active: Any = layers.selection.active
        if active in results:
            return active
        return results[-1] if results else None


def settings_of(options: Options, latents: list[AnyLatent]) -> dict[str, Any]:
    """The settings that reproduce a result, as plain values: the options, and the latent if it is a blend."""
    from llflow_photo import __version__

    settings = asdict(options)
    for unrelated in ("samples", "device", "tile"):
        del settings[unrelated]
    settings |= {"model": Path(options.model).name, "version": __version__}
    if len(latents) == 1 and isinstance(latents[0], Latent):
        chosen = latents[0]
        return settings | {"seed": chosen.seed, "temperature": chosen.temperature, "grain": chosen.grain}
    latent = describe(latents[0]) if len(latents) == 1 else f"mean of {'; '.join(map(describe, latents))}"
    return settings | {"latent": latent}


def _report_saved(result: tuple[Path, tuple[str, ...]]) -> None:
    path, notes = result
    show_info(" ".join([f"Saved {path}.", *notes]))
