"""The live preview: what is on screen, rendered as the controls say, a moment after they were moved."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from llflow_photo.explore.region import Region
from llflow_photo.options import Options

from .layers import SHOW_AS_IS, placement
from .studio import Studio, Subject
from .view import PREVIEW_PIXELS, QUICK_PIXELS, region_on_screen
from .work import Job, Newest, Work

if TYPE_CHECKING:
    from napari import Viewer
    from napari.layers import Image

    from llflow_photo.engine.latent import AnyLatent

__all__ = ["ROLE", "LivePreview", "Rendering", "remove_quietly"]

ROLE = "llflow_photo_role"
"""Metadata entry of layers that only show something: they are no photos to work on."""
_NAME = "Preview"
_MOVED_MS = 250
_CHANGED_MS = 40


@dataclass(frozen=True)
class Rendering:
    """A rendered region.

    Attributes:
        region: of the photo.
        image: h x w x 3, float32, sRGB-encoded, [0, 1].
        latent: that was decoded.
        options: it was finished with.
    """

    region: Region
    image: np.ndarray
    latent: AnyLatent
    options: Options


class LivePreview:
    """Keeps one layer over the photo up to date.

    Args:
        viewer: napari's viewer.
        work: to run in.
        studio: models and encoded regions.
        ask: gives, at any time, the layer to work on, its subject, the options and the latent; None if there
            is nothing to render.
    """

    def __init__(
        self,
        viewer: Viewer,
        work: Work,
        studio: Studio,
        ask: Callable[[], tuple[Image, Subject, Options, AnyLatent] | None],
    ) -> None:
        self._viewer = viewer
        self._studio = studio
        self._ask = ask
        self._newest = Newest(work, "Preview", _CHANGED_MS)
        self._enabled = False
        self.layer: Image | None = None
        self.rendering: Rendering | None = None
        self.on_removed: Callable[[], None] = lambda: None
        self.on_shown: Callable[[Rendering], None] = lambda rendering: None

    @property
    def newest(self) -> Newest:
        return self._newest

    @property
    def enabled(self) -> bool:
        return self._enabled

    def switch(self, on: bool) -> None:
        """Turn the preview on or off; off takes its layer away."""
        self._enabled = on
        if on:
            self.request()
            return
        self._newest.drop()
        self.clear()

    def clear(self) -> None:
        """Take the layer away."""
        self.rendering = None
        layer, self.layer = self.layer, None
        remove_quietly(self._viewer, layer)

    def request(self, moved: bool = False) -> None:
        """Render anew, soon.

        Args:
            moved: the view moved, so wait a little longer for it to come to rest.
        """
        asked = self._ask() if self._enabled else None
        if asked is None:
            return
        layer, subject, options, latent = asked
        region = region_on_screen(self._viewer, layer, PREVIEW_PIXELS)
        if moved and self.rendering is not None and self.rendering.region == region:
            return
        quick = region_on_screen(self._viewer, layer, QUICK_PIXELS)

        def render(job: Job) -> Rendering:
            if self._studio.kept(subject, region, options) is None and quick != region:
                coarse = self._studio.encoded(subject, quick, options, job.cancelled)
                job.show(Rendering(quick, coarse.render(latent, options, job.cancelled), latent, options))
            fine = self._studio.encoded(subject, region, options, job.cancelled)
            return Rendering(region, fine.render(latent, options, job.cancelled), latent, options)

        self._newest.request(
            render, lambda made: self._show(layer, made), _MOVED_MS if moved else _CHANGED_MS
        )

    def _show(self, source: Image, made: Rendering) -> None:
        if not self._enabled or source not in self._viewer.layers:
            return
        self.rendering = made
        affine = placement(source, made.region.offset, made.region.step)
        metadata = {ROLE: "preview", "region": made.region}
        if self.layer is None or self.layer not in self._viewer.layers:
            self.layer = add_beside(
                self._viewer, source, made.image, name=_NAME, affine=affine, **SHOW_AS_IS, metadata=metadata
            )
        else:
            self.layer.data = made.image
            self.layer.affine = affine
            self.layer.metadata = metadata
        self.on_shown(made)

    def layer_removed(self, layer: Any) -> None:
        """Tell the preview that the user removed a layer: without its own it is off."""
        if self.layer is not None and layer == self.layer:
            self.layer = None
            self._enabled = False
            self._newest.drop()
            self.rendering = None
            self.on_removed()


def add_beside(viewer: Viewer, source: Image, data: np.ndarray, **arguments: Any) -> Image:
    """Add an image above all others, and leave the user's selection as it was."""
    selection = set(viewer.layers.selection)
    active = viewer.layers.selection.active
    made: Any = viewer.add_image(data, **arguments)
    viewer.layers.selection.clear()
    viewer.layers.selection.update(layer for layer in selection if layer in viewer.layers)
    if active is not None and active in viewer.layers:
        viewer.layers.selection.active = active
    return made  # type: ignore[no-any-return]


def remove_quietly(viewer: Viewer, layer: Any) -> None:
    """Remove a layer if it is still there."""
    if layer is not None and layer in viewer.layers:
        viewer.layers.remove(layer)
