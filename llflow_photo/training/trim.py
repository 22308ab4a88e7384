"""How much brighter than wanted a trained network makes photos, so that its exposure rule allows for it.

Training sees frames from well exposed to seven stops under. A network that cannot tell apart a frame that is
right and one that lacks half a stop makes both a little brighter, and so with every guess of brightness:
towards the middle. A guess of brightness that scatters errs more cheaply on the dark side, too, and on photos
that a rule was fitted to it scatters less than on others. What is best taken off is measured at several
exposures, with the network's rule, which knows the photos, and with rules fitted without them, which know
fewer photos. The middle of both, as a line, is the trim.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image

from ..camera import develop, night, simulate_night_raw
from ..evaluation.metrics import psnr
from ..flow import LLFlow
from ..flow.exposure import with_trim
from ..flow.statistics import as_seen

__all__ = ["best_trims", "fit_trim"]

_NIGHTS = ((0.0, "daylight"), (-2.0, "led"), (-3.0, "daylight"), (-4.0, "tungsten"), (-5.0, "tungsten"))
_TRIED_EV = (0.0, 0.1, 0.2, 0.3, 0.4)
_LONGEST = 384


def fit_trim(
    flow: LLFlow, photos: Sequence[np.ndarray], rules: Sequence[Sequence[float]]
) -> tuple[float, ...]:
    """The exposure rule of a trained network with its trim.

    Args:
        flow: has an exposure rule.
        photos: clean photos it was trained on, H x W x 3, uint8, sRGB-encoded; a few dozen do.
        rules: for each photo, one fitted without it (`exposure.fit_without_each`).
    """
    lacking = np.array([-exposure_ev for exposure_ev, _ in _NIGHTS])
    known = best_trims(flow, photos, [flow.size.exposure] * len(photos))
    unknown = best_trims(flow, photos, rules)
    best = (np.array(known) + np.array(unknown)) / 2
    slope, at_zero = np.polyfit(lacking, best, 1)
    return with_trim(flow.size.exposure, max(0.0, float(at_zero)), max(0.0, float(-slope)))


def best_trims(flow: LLFlow, photos: Sequence[np.ndarray], rules: Sequence[Sequence[float]]) -> list[float]:
    """Stops to take off at each exposure for the highest mean PSNR, by a parabola through those tried.

    Every photo is rendered with a rule of its own.
    """
    found = []
    for exposure_ev, light in _NIGHTS:
        scores = np.zeros(len(_TRIED_EV))
        for number, (photo, rule) in enumerate(zip(photos, rules, strict=True)):
            clean = _small(photo)
            dark = clean.astype(np.float32) / 255
            if exposure_ev < 0:
                settings = night(exposure_ev, light)
                dark = develop(simulate_night_raw(clean, settings, np.random.default_rng([0, number])))
            reference = clean.astype(np.float32) / 255
            scores += [psnr(_rendered(flow, dark, rule, trim), reference) for trim in _TRIED_EV]
        curve, slope, _ = np.polyfit(_TRIED_EV, scores / len(photos), 2)
        top = _TRIED_EV[int(scores.argmax())] if curve >= 0 else -slope / (2 * curve)
        found.append(float(np.clip(top, _TRIED_EV[0], _TRIED_EV[-1])))
    return found


def _small(photo: np.ndarray) -> np.ndarray:
    image = Image.fromarray(photo)
    image.thumbnail((_LONGEST, _LONGEST), Image.Resampling.BICUBIC)
    return np.asarray(image)


@torch.inference_mode()
def _rendered(flow: LLFlow, dark: np.ndarray, rule: Sequence[float], trim: float) -> np.ndarray:
    """The decoded mean with a rule and a constant trim, H x W x 3, float32 in [0, 1]."""
    seen, statistics = as_seen(dark, with_trim(rule, trim, 0.0))
    image = torch.from_numpy(np.ascontiguousarray(seen)).permute(2, 0, 1)[None]
    table = torch.from_numpy(statistics.equalization)[None]
    rendering = flow.decode(flow.encode(image, table))[0].clamp(0, 1)
    return rendering.permute(1, 2, 0).contiguous().numpy()
