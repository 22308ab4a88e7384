"""From a photo to its renderings: the one path that `api` and `explore` share.

The photo is converted for the network, encoded and analyzed (`prepare`, `prepare_region`); then every latent
is rendered and finished (`PreparedPhoto.render`).
"""

from __future__ import annotations

import math
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from .callbacks import Cancel, Gate, Progress
from .color.working import Residual, to_network
from .engine.latent import Latent
from .errors import NonFiniteOutputError
from .finish import PhotoAnalysis, completed, of_stage, refined, refining, without_specks
from .finish.analysis import Window
from .options import Options
from .photo import Photo

if TYPE_CHECKING:
    from .engine import EncodedPhoto, Enhancer
    from .engine.latent import AnyLatent
    from .engine.view import FramePart
    from .flow import PhotoStatistics
    from .series import SeriesReference

__all__ = ["PreparedPhoto", "WholePhoto", "prepare", "prepare_region", "subsample"]


@dataclass(frozen=True)
class WholePhoto:
    """What is decided once for a whole photo, or for a series of them.

    Attributes:
        statistics: what the model decides.
        highlight: see `color.working.Residual`.
        analysis: what the finish decides.
    """

    statistics: PhotoStatistics
    highlight: float
    analysis: PhotoAnalysis

    @classmethod
    def of(cls, photo: Photo, enhancer: Enhancer) -> WholePhoto:
        """Decide from at most about a million of the photo's pixels."""
        analysis = PhotoAnalysis.of(photo)
        view, residual = to_network(photo.with_pixels(np.ascontiguousarray(subsample(photo.pixels))))
        return cls(enhancer.photo_statistics(view), residual.highlight, analysis)

    @classmethod
    def of_series(cls, photo: Photo, series: SeriesReference, enhancer: Enhancer) -> WholePhoto:
        """Decide for a frame of a series, from what all its frames share."""
        statistics = enhancer.photo_statistics(series.view, series.levels)
        return cls(statistics, series.highlight, PhotoAnalysis.of(photo, series.levels))


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
    _kept: dict[tuple[object, ...], np.ndarray] = field(default_factory=dict, init=False, repr=False)

    def render(
        self,
        latent: AnyLatent,
        options: Options,
        progress: Progress | None = None,
        cancel: Cancel | None = None,
        gate: Gate = nullcontext,
    ) -> Photo:
        """Render a latent and finish the rendering; the network runs inside ``gate``.

        A latent without noise changes only light and color. The best guess is refined, once for several
        latents, and then changed.
        """
        decoding, finishing = of_stage(progress, 0, 2), of_stage(progress, 1, 2)
        if self.encoded.has_noise(latent):
            with gate():
                rendering = self.encoded.decode(latent, progress=decoding, cancel=cancel)
            return self.finish(rendering, options, cancel, finishing)
        picture = self._refined_guess(options, decoding, cancel, gate)
        out = np.empty_like(picture) if self.encoded.keeps_guess else picture
        with gate():
            self.encoded.change(picture, latent, out)
        return self._completed(out, options, cancel, finishing)

    def _refined_guess(
        self, options: Options, progress: Progress | None, cancel: Cancel | None, gate: Gate
    ) -> np.ndarray:
        """The refined best guess: H x W x 3, float32, a new array unless the guess is kept."""
        key = refining(options)
        known = self._kept.get(key)
        if known is not None:
            return known
        with gate():
            guess = self.encoded.decode(Latent(), progress=of_stage(progress, 0, 2), cancel=cancel)
        picture = refined(
            guess, self.residual, options, self._analysis, self.window, cancel, of_stage(progress, 1, 2)
        )
        if self.encoded.keeps_guess:
            self._kept.clear()
            self._kept[key] = picture
        return picture

    def finish(
        self,
        rendering: np.ndarray,
        options: Options,
        cancel: Cancel | None = None,
        progress: Progress | None = None,
    ) -> Photo:
        """Apply the finish to a rendering and convert it to the photo's color space.

        Args:
            rendering: H x W x 3, float32, sRGB-encoded, in [0, 1].
            options: of the finish.
            cancel: called before each block of pixels.
            progress: called with the number of steps done and of all.

        Raises:
            CancelledError: ``cancel`` returned true.
            NonFiniteOutputError: the result contains values that are not finite.
        """
        first, second = of_stage(progress, 0, 2), of_stage(progress, 1, 2)
        picture = refined(rendering, self.residual, options, self._analysis, self.window, cancel, first)
        return self._completed(picture, options, cancel, second)

    def _completed(
        self, picture: np.ndarray, options: Options, cancel: Cancel | None, progress: Progress | None
    ) -> Photo:
        result = completed(picture, self.residual, options, self._analysis, cancel, progress)
        if not np.isfinite(result.pixels).all():
            raise NonFiniteOutputError(
                "the rendering contains values that are not finite; try a lower temperature"
            )
        return result

    @cached_property
    def _analysis(self) -> PhotoAnalysis:
        return self.analysis or PhotoAnalysis.of(self.residual.photo, noise=self.residual.noise)


def prepare(
    photo: Photo,
    enhancer: Enhancer,
    options: Options,
    series: SeriesReference | None = None,
    cancel: Cancel | None = None,
    gate: Gate = nullcontext,
    *,
    renderings: int = 1,
) -> PreparedPhoto:
    """Prepare a whole photo.

    Args:
        options: only ``remove_specks`` is used here.
        series: what the frames of a series share, if the photo is one of them.
        cancel: called before each block of pixels; the run ends if it returns true.
        gate: entered while the network runs.
        renderings: number of renderings; what several share is kept if memory allows it.
    """
    if options.remove_specks:
        photo = without_specks(photo, cancel)
    view, residual = to_network(photo, cancel)
    keep = None if renderings > 1 else False
    if series is None:
        with gate():
            encoded = enhancer.encode(view, keep=keep)
        return PreparedPhoto(encoded, residual, PhotoAnalysis.of(photo, noise=residual.noise))
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
    view, residual = to_network(region, cancel)
    encoded = enhancer.encode(view, statistics=whole.statistics, part=part)
    return PreparedPhoto(encoded, replace(residual, highlight=whole.highlight), whole.analysis, window)


def subsample(pixels: np.ndarray, most_pixels: int = 1_000_000) -> np.ndarray:
    """Every n-th row and column of a photo, for statistics of the whole; averaging would change the noise.

    Args:
        pixels: H x W x 3.

    Returns:
        A view of ``pixels``, of at most about ``most_pixels`` pixels.
    """
    step = max(1, math.ceil(math.sqrt(pixels.shape[0] * pixels.shape[1] / most_pixels)))
    return pixels[step // 2 :: step, step // 2 :: step]
