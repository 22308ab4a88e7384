"""From a photo to its renderings: the one path that `api` and `explore` share.

The photo is converted for the network, encoded and analyzed (`prepare`, `prepare_region`); then every latent
is rendered and finished (`PreparedPhoto.render`).
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from .callbacks import Cancel, Gate, Progress
from .color.checks import check_shape
from .color.highlight_weight import HighlightWeight
from .color.light_samples import KnownLight
from .color.noise_level import NoiseLevel
from .color.view_rows import view_rows
from .color.working import Residual, to_network
from .engine.latent import Latent
from .errors import NonFiniteOutputError
from .finish import (
    PhotoAnalysis,
    areas_without_light,
    completed,
    of_stage,
    refined,
    refining,
    without_specks,
)
from .finish.analysis import Window
from .options import Options
from .photo import Photo

if TYPE_CHECKING:
    from .engine import EncodedPhoto, Enhancer
    from .engine.latent import AnyLatent
    from .engine.view import FramePart
    from .flow import PhotoStatistics
    from .series import SeriesReference

__all__ = ["PreparedPhoto", "WholePhoto", "prepare", "prepare_region"]


@dataclass(frozen=True)
class WholePhoto:
    """What is decided once for a whole photo, or for a series of them.

    Attributes:
        statistics: what the model decides.
        highlight: see `color.working.Residual`.
        analysis: what the finish decides.
        noise: of the photo at full size, see `color.working.Residual`; None in a series.
        known: light that renderings are held to; None in a series.
    """

    statistics: PhotoStatistics
    highlight: float
    analysis: PhotoAnalysis
    noise: NoiseLevel | None = None
    known: KnownLight | None = None

    @classmethod
    def of(
        cls,
        photo: Photo,
        enhancer: Enhancer,
        options: Options | None = None,
        cancel: Cancel | None = None,
    ) -> WholePhoto:
        """Decide as `prepare` does: from all pixels of the photo, a few rows at a time.

        Args:
            options: only ``remove_specks`` is used here; by default `Options()`.
            cancel: called before each block of pixels; if it returns true, `CancelledError` is raised.

        Raises:
            ImageInputError: the pixels are not H x W x 3 or not finite.
        """
        check_shape(photo.pixels)
        if (options or Options()).remove_specks:
            photo = without_specks(photo, cancel)
        statistics, highlight = enhancer.statistics_of_rows((photo.height, photo.width)), HighlightWeight()
        for _, encoded, linear in view_rows(photo, cancel):
            statistics.add(encoded, linear)
            highlight.add(encoded)
        noise, known = NoiseLevel.of_photo(photo), KnownLight.of(photo)
        return cls(statistics.result(), highlight.value(), PhotoAnalysis.of(photo), noise, known)

    @classmethod
    def of_series(cls, photo: Photo, series: SeriesReference, enhancer: Enhancer) -> WholePhoto:
        """Decide for a frame of a series, from what all its frames share."""
        statistics = enhancer.photo_statistics(series.view, series.levels)
        return cls(statistics, series.highlight, PhotoAnalysis.of(photo, series.view))


class _Shared:
    """What the renderings of a photo share.

    Attributes:
        refined: the refined best guess, and the options that it depends on.
    """

    def __init__(self) -> None:
        self.refined: tuple[tuple[object, ...], np.ndarray] | None = None
        self._empty: tuple[tuple[float, bool], np.ndarray | None] | None = None

    def of(self, options: tuple[object, ...]) -> np.ndarray | None:
        """The refined best guess for these options, or None."""
        known = self.refined  # of this thread, if others render, too
        return known[1] if known is not None and known[0] == options else None

    def empty(
        self, residual: Residual, options: Options, cancel: Cancel | None, progress: Progress | None
    ) -> np.ndarray | None:
        """`areas_without_light`."""
        key = options.color_smoothing, options.strength == 0.0
        known = self._empty
        if known is None or known[0] != key:
            known = self._empty = key, areas_without_light(residual, options, cancel, progress)
        return known[1]


@dataclass(frozen=True)
class PreparedPhoto:
    """A photo, or a region of one, with everything that a rendering needs except the latent.

    Attributes:
        encoded: the photo, encoded by the network.
        residual: what the network does not see of it.
        analysis: what the finish decided for the whole photo; by default it is computed from ``residual``.
        window: the part of the whole photo; by default all of it.
    """

    encoded: EncodedPhoto
    residual: Residual
    analysis: PhotoAnalysis | None = None
    window: Window | None = None
    _shared: _Shared = field(default_factory=_Shared, init=False, repr=False)

    def render(
        self,
        latent: AnyLatent,
        options: Options,
        progress: Progress | None = None,
        cancel: Cancel | None = None,
        gate: Gate = nullcontext,
        *,
        last: bool = False,
    ) -> Photo:
        """Render a latent and finish the rendering; the network runs inside ``gate``.

        Args:
            last: whether this is the last rendering, so that memory is released early.

        Raises:
            CancelledError: ``cancel`` returned true.
            NonFiniteOutputError: the result contains values that are not finite.
        """
        first, second = of_stage(progress, 0, 2), of_stage(progress, 1, 2)
        picture = self.picture(latent, options, first, cancel, gate, last=last)
        return self.complete(picture, options, cancel, second)

    def picture(
        self,
        latent: AnyLatent,
        options: Options,
        progress: Progress | None = None,
        cancel: Cancel | None = None,
        gate: Gate = nullcontext,
        *,
        last: bool = False,
    ) -> np.ndarray:
        """Render a latent and refine the rendering: H x W x 3, float32, sRGB-encoded, in [0, 1]; a new array.

        The arguments are those of `render`. A latent without noise changes only light and color: the best
        guess is refined, once for several latents, and then changed.
        """
        encoded = self.encoded
        is_guess = latent.look() is None and not latent.brightness
        first, second, third = (of_stage(progress, stage, 3) for stage in range(3))
        if is_guess or encoded.has_noise(latent):
            first, second = of_stage(progress, 0, 2), of_stage(progress, 1, 2)
        if encoded.has_noise(latent):
            with gate():
                rendering = encoded.decode(latent, progress=first, cancel=cancel)
            if last:
                encoded.forget_photo()
            return self._refined(rendering, options, cancel, second)
        known = self._shared.of(refining(options))
        guess = change = None
        with nullcontext() if known is not None and is_guess else gate():
            if known is None:
                guess = encoded.decode(Latent(), progress=first, cancel=cancel)
            if not is_guess:
                change = encoded.change_of(latent)
        if last:
            encoded.forget_photo()
        if guess is not None:
            known = self._refined(guess, options, cancel, second)
            if encoded.keeps_guess:
                self._shared.refined = refining(options), known
                if self.window is None:  # of a whole photo, whose controls do not change any more
                    encoded.forget_guess()
        assert known is not None
        out = np.empty_like(known) if encoded.keeps_guess else known
        if change is None:
            np.copyto(out, known)
        else:
            encoded.apply(change, known, out, cancel, third)
        return out

    def _refined(
        self, rendering: np.ndarray, options: Options, cancel: Cancel | None, progress: Progress | None
    ) -> np.ndarray:
        return refined(rendering, self.residual, options, self._analysis, self.window, cancel, progress)

    def complete(
        self,
        picture: np.ndarray,
        options: Options,
        cancel: Cancel | None = None,
        progress: Progress | None = None,
    ) -> Photo:
        """Finish a `picture`, or a mean of several, and convert it to the photo's color space.

        Args:
            picture: H x W x 3, float32, sRGB-encoded, in [0, 1].
            options: of the finish.
            cancel: called before each block of pixels.
            progress: called with the number of steps done and of all.

        Raises:
            CancelledError: ``cancel`` returned true.
            NonFiniteOutputError: the result contains values that are not finite.
        """
        first, second = of_stage(progress, 0, 2), of_stage(progress, 1, 2)
        empty = self._shared.empty(self.residual, options, cancel, first)
        result = completed(picture, self.residual, options, self._analysis, empty, cancel, second)
        if not np.isfinite(result.pixels).all():
            raise NonFiniteOutputError(
                "the rendering contains values that are not finite; try a lower temperature"
            )
        return result

    @cached_property
    def _analysis(self) -> PhotoAnalysis:
        return self.analysis or PhotoAnalysis.of(self.residual.photo)


def prepare(
    photo: Photo,
    enhancer: Enhancer,
    options: Options,
    series: SeriesReference | None = None,
    cancel: Cancel | None = None,
    gate: Gate = nullcontext,
    *,
    renderings: int = 1,
    in_place: bool = False,
) -> PreparedPhoto:
    """Prepare a whole photo.

    Args:
        options: only ``remove_specks`` is used here.
        series: what the frames of a series share, if the photo is one of them.
        cancel: called before each block of pixels; the run ends if it returns true.
        gate: entered while the network runs.
        renderings: number of renderings; what several share is kept if memory allows it.
        in_place: whether the array of the photo's pixels may be changed.

    Raises:
        ImageInputError: the pixels are not H x W x 3 or not finite.
    """
    if options.remove_specks:
        photo = without_specks(photo, cancel, in_place=in_place)
    view, residual = to_network(photo, cancel)
    keep = None if renderings > 1 else False
    if series is None:
        with gate():
            encoded = enhancer.encode(view, keep=keep, known=KnownLight.of(photo))
        return PreparedPhoto(encoded, residual, PhotoAnalysis.of(photo))
    whole = WholePhoto.of_series(photo, series, enhancer)
    with gate():
        encoded = enhancer.encode(view, keep=keep, statistics=whole.statistics)
    return PreparedPhoto(encoded, replace(residual, highlight=whole.highlight), whole.analysis)


def prepare_region(
    region: Photo,
    enhancer: Enhancer,
    whole: WholePhoto,
    part: FramePart,
    window: Window,
    cancel: Cancel | None = None,
) -> PreparedPhoto:
    """Encode a region of a photo, whose pixels ``region`` holds at the scale of its rendering.

    Args:
        whole: what was decided for the whole photo.
        part: the region's place in the scaled photo.
        window: the region's place in the photo, as the finish needs it.
        cancel: called before each block of pixels; the run ends if it returns true.
    """
    # Noise of scaled pixels is weaker; it is estimated from them.
    view, residual = to_network(region, cancel, whole.noise if window.step == 1.0 else None)
    encoded = enhancer.encode(view, statistics=whole.statistics, part=part, known=whole.known)
    return PreparedPhoto(encoded, replace(residual, highlight=whole.highlight), whole.analysis, window)
