"""The live preview: the visible region, rendered shortly after each change of the controls or the view.

Every photo has its own preview directly above it: the preview follows its photo in the list of layers, is
hidden with it and removed with it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QTimer

from llflow_photo.explore.region import Region, resample, subsample
from llflow_photo.options import Options

from .display_layers import add_above, remove_if_present, to_screen
from .histogram import Histogram, histogram_of
from .layers import PLACED_BY, placement
from .newest import Newest, Planned
from .pending import PREVIEWS
from .photo_choice import ROLE, made_from
from .render_cache import RenderCache, Subject, reduced
from .view import PREVIEW_PIXELS, QUICK_PIXELS
from .work import Job, Work

if TYPE_CHECKING:
    from napari import Viewer
    from napari.layers import Image

    from llflow_photo.engine.latent import AnyLatent

__all__ = ["LivePreview", "Rendering"]

_CHANGED_MS = 40
_STEPS = (QUICK_PIXELS, 1_000_000)
"""Pixels of coarser previews; each is rendered first if the region has at least three times as many."""
_SPECKS_VANISH = 3.0
"""Photo pixels per pixel of a coarser preview from which on specks are not searched in the photo for it."""
_AT_ONCE = 1_200_000
"""Known regions of at most this many pixels are rendered fast enough without a coarser preview first."""


@dataclass(frozen=True)
class Rendering:
    """A rendered region.

    Attributes:
        region: the region of the photo.
        image: h x w x 3, float32, sRGB-encoded, [0, 1].
        screen: the image in uint8.
        latent: the decoded latent.
        options: the options of the rendering.
        histograms: of the photo's region and of the rendering.
    """

    region: Region
    image: np.ndarray
    screen: np.ndarray
    latent: AnyLatent
    options: Options
    histograms: tuple[Histogram, Histogram]


@dataclass
class _Shown:
    """A photo's preview."""

    layer: Image
    rendering: Rendering


class LivePreview:
    """Keeps a preview layer above each photo, and the one of the current photo up to date.

    Args:
        viewer: napari's viewer.
        work: runs the background jobs.
        cache: models and encoded regions.
        ask: returns the current photo's layer, its subject, the options and the latent; None if there is
            nothing to render.
        region_of: returns the visible region of a layer, with at most the given number of pixels; None if
            nothing of it is visible.
    """

    def __init__(
        self,
        viewer: Viewer,
        work: Work,
        cache: RenderCache,
        ask: Callable[[], tuple[Image, Subject, Options, AnyLatent] | None],
        region_of: Callable[[Image, int], Region | None],
    ) -> None:
        self._viewer = viewer
        self._cache = cache
        self._ask = ask
        self._region_of = region_of
        self._shown: dict[Any, _Shown] = {}
        self._wanted: Any = None
        self.newest = Newest(work, "Preview", _CHANGED_MS)
        self.enabled = False
        self.on_removed: Callable[[], None] = lambda: None
        self.on_shown: Callable[[Rendering], None] = lambda rendering: None
        self._connections = [
            (viewer.layers.events.reordered, self._reordered),
            (viewer.layers.events.inserted, self._reordered),
        ]
        for emitter, slot in self._connections:
            emitter.connect(slot)
        PREVIEWS.add(self)

    @property
    def layer(self) -> Image | None:
        """The preview layer of the current photo."""
        shown = self._present()
        return None if shown is None else shown.layer

    @property
    def rendering(self) -> Rendering | None:
        """The rendering in the preview of the current photo."""
        shown = self._present()
        return None if shown is None else shown.rendering

    def _present(self) -> _Shown | None:
        asked = self._ask()
        return None if asked is None else self._shown.get(asked[0])

    def switch(self, on: bool) -> None:
        """Turn the preview on or off; turning it off removes its layers."""
        self.enabled = on
        if on:
            self.request()
            return
        self.drop()
        self.clear()

    def drop(self) -> None:
        """Cancel what is being rendered."""
        self._wanted = None
        self.newest.drop()

    def clear(self) -> None:
        """Remove all preview layers."""
        for source in list(self._shown):
            self.forget(source)

    def forget(self, source: Any) -> None:
        """Remove the preview of one photo."""
        shown = self._shown.pop(source, None)
        self._wanted = None
        if shown is not None:
            source.events.visible.disconnect(self._visibility)
            for name in PLACED_BY:
                getattr(source.events, name).disconnect(self._placed)
            remove_if_present(self._viewer, shown.layer)

    def request(self, delay_ms: int = _CHANGED_MS) -> None:
        """Render the visible region after a delay, unless it is already shown or being rendered."""
        if self.enabled:
            self.newest.plan(self._decide, delay_ms)

    def _decide(self) -> Planned | None:
        asked = self._ask() if self.enabled else None
        if asked is None:
            return None
        layer, subject, options, latent = asked
        region = self._region_of(layer, PREVIEW_PIXELS)
        if region is None:
            return None
        wanted = (subject.number, region, options, latent)
        if wanted == self._wanted:
            return None
        self._wanted = wanted
        quick = self._region_of(layer, QUICK_PIXELS) or region
        coarser = [self._region_of(layer, pixels) for pixels in _STEPS]
        steps = [step for step in coarser if step is not None and 3 * _pixels(step) <= _pixels(region)]

        def render(job: Job) -> Rendering:
            first = self._render_small(subject, quick, options, latent, job)
            if first is not None:
                job.show(first)
                del steps[:1]  # it would look almost the same
            subject.snapshot.wait(job.cancelled)
            known = self._cache.kept(subject, region, options)
            if known is not None and known.photo.is_quick(latent):
                del steps[0 if _pixels(region) <= _AT_ONCE else 1 :]
            for step in steps:
                job.show(self._render(subject, step, region, quick, options, latent, job))
            made = self._render(subject, region, region, quick, options, latent, job)
            job.show(made)
            if not job.cancelled():
                self._cache.prepare_changes(subject, region, options)
            return made

        return render, lambda made: self._show(layer, made)

    def _render_small(
        self, subject: Subject, quick: Region, options: Options, latent: AnyLatent, job: Job
    ) -> Rendering | None:
        """The coarsest preview of a photo that is still being read; None if there is nothing to render."""
        small = subject.snapshot.small(job.cancelled)
        small = None if small is None else reduced(small, quick)
        if small is None:
            return None
        with subject.snapshot.rendering_small():
            encoded = self._cache.encoded_small(small, quick, options, job.cancelled)
            image = encoded.render(latent, options, job.cancelled)
            before = histogram_of(resample(small.pixels, encoded.region))
            return _rendering(quick, image, latent, options, before)

    def _render(
        self,
        subject: Subject,
        region: Region,
        wanted: Region,
        quick: Region,
        options: Options,
        latent: AnyLatent,
        job: Job,
    ) -> Rendering:
        """Render a region, which may be coarser than the one that is wanted in the end."""
        coarse = region != wanted and min(region.step) >= _SPECKS_VANISH
        encoded = self._cache.encoded(subject, region, options, job.cancelled, coarse=coarse)
        image = encoded.render(latent, options, job.cancelled)
        return _rendering(region, image, latent, options, self._cache.before(subject, quick))

    def _show(self, source: Image, made: Rendering) -> None:
        if not self.enabled or source not in self._viewer.layers:
            return
        arguments = {
            "affine": placement(source, made.region.offset, made.region.step),
            "metadata": {ROLE: "preview", "region": made.region, **made_from(source)},
        }
        shown = self._shown.get(source)
        if shown is not None and shown.rendering is made:
            return
        if shown is None or shown.layer not in self._viewer.layers:
            layer = add_above(
                self._viewer, source, made.screen, f"{source.name} preview",
                visible=source.visible, **arguments,
            )  # fmt: skip
            self._shown[source] = _Shown(layer, made)
            self._watch(source)
        else:
            shown.rendering = made
            shown.layer.data = made.screen
            for name, value in arguments.items():
                setattr(shown.layer, name, value)
        self.on_shown(made)

    def _watch(self, source: Image) -> None:
        source.events.visible.connect(self._visibility)
        for name in PLACED_BY:
            getattr(source.events, name).connect(self._placed)

    def _visibility(self, event: Any) -> None:
        shown = self._shown.get(event.source)
        if shown is not None:
            shown.layer.visible = event.source.visible

    def _placed(self, event: Any) -> None:
        """Update the preview's transform after the photo was moved, scaled or rotated."""
        shown = self._shown.get(event.source)
        if shown is not None:
            region = shown.rendering.region
            shown.layer.affine = placement(event.source, region.offset, region.step)

    def _reordered(self, _event: Any = None) -> None:
        QTimer.singleShot(0, self._move_above)  # the list must not change during its own event

    def _move_above(self) -> None:
        """Move each preview directly above its photo; only previews of other panels may be in between."""
        layers = self._viewer.layers
        for source, shown in self._shown.items():
            if source in layers and shown.layer in layers:
                here, wanted = layers.index(shown.layer), layers.index(source) + 1
                own = made_from(source).items()
                between = [layers[place].metadata for place in range(wanted, here)]
                if here < wanted or any(
                    one.get(ROLE) != "preview" or not own <= one.items() for one in between
                ):
                    layers.move(here, wanted)

    def layer_removed(self, layer: Any) -> None:
        """Handle the removal of a layer; removing only the preview turns the live preview off."""
        if layer in self._shown:
            # Changing the list during its event would make napari draw a deleted layer.
            QTimer.singleShot(0, lambda: self.forget(layer))
            return
        for source, shown in list(self._shown.items()):
            if shown.layer == layer:
                present = self._present() is shown
                self.forget(source)
                if present:
                    self.drop()
                    QTimer.singleShot(0, lambda source=source: self._without(source))

    def _without(self, source: Any) -> None:
        """Turn the preview off if only the current photo's preview was removed, not the photo as well."""
        if source in self._viewer.layers and source not in self._shown:
            self.enabled = False
            self.on_removed()

    def close(self) -> None:
        """Disconnect from the viewer; the layers are kept."""
        self.drop()
        self.newest.close()
        PREVIEWS.discard(self)
        for emitter, slot in self._connections:
            emitter.disconnect(slot)


def _rendering(
    region: Region, image: np.ndarray, latent: AnyLatent, options: Options, before: Histogram
) -> Rendering:
    histograms = before, histogram_of(subsample(image, QUICK_PIXELS))
    return Rendering(region, image, to_screen(image), latent, options, histograms)


def _pixels(region: Region) -> int:
    return region.shape[0] * region.shape[1]
