"""Scores of renderings against references, photo by photo, as is and brightness-aligned."""

from __future__ import annotations

import csv
import math
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import CancelledError, TrainingDataError
from ..models.writing import writing
from ..paths import expanded
from .metrics import align_brightness, gray, psnr, ssim
from .perceptual import load_lpips, load_ssimulacra2

__all__ = ["Score", "ScoreTable", "metrics_at_hand", "names_of", "score_pairs"]

Metric = Callable[[np.ndarray, np.ndarray], float]


@dataclass(frozen=True)
class Score:
    """One metric of one photo: of the rendering as is, and brightness-aligned."""

    as_is: float
    aligned: float


@dataclass(frozen=True)
class ScoreTable:
    """Scores by photo, then by metric, in the order of computation.

    Attributes:
        rows: the scores.
        lumas: mean luma of each photo's rendering and of its reference, 0 to 1.
    """

    rows: Mapping[str, Mapping[str, Score]]
    lumas: Mapping[str, tuple[float, float]]

    @property
    def metrics(self) -> list[str]:
        return list(next(iter(self.rows.values()), {}))

    def mean(self, metric: str) -> Score:
        """Mean over the photos; infinite if any score is infinite."""
        scores = [row[metric] for row in self.rows.values()]
        as_is, aligned = ([getattr(s, kind) for s in scores] for kind in ("as_is", "aligned"))
        return Score(float(np.mean(as_is)), float(np.mean(aligned)))

    @property
    def luma_correlation(self) -> float:
        """Correlation (Pearson) of the mean lumas of renderings and references; NaN if either is constant."""
        rendered, wanted = np.array(list(self.lumas.values())).T
        if min(np.ptp(rendered), np.ptp(wanted)) == 0.0:
            return math.nan
        return float(np.corrcoef(rendered, wanted)[0, 1])

    @property
    def luma_error(self) -> float:
        """Root mean square difference of the mean lumas of renderings and references, 0 to 1."""
        rendered, wanted = np.array(list(self.lumas.values())).T
        return float(np.sqrt(np.mean((rendered - wanted) ** 2)))

    def write_csv(self, path: Path) -> None:
        """Write one row per photo and a last row ``mean``.

        The columns are two for each metric (``psnr``, ``psnr_aligned``) and the mean lumas of rendering and
        reference (``luma``, ``luma_reference``).

        Raises:
            WriteError: the file cannot be written.
        """
        columns = [f"{metric}{kind}" for metric in self.metrics for kind in ("", "_aligned")]
        columns += ["luma", "luma_reference"]
        lines = [(name, row, self.lumas[name]) for name, row in self.rows.items()]
        mean_lumas = tuple(np.mean(list(self.lumas.values()), axis=0))
        lines.append(("mean", {metric: self.mean(metric) for metric in self.metrics}, mean_lumas))
        path = expanded(path)
        with writing(path), path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["photo", *columns])
            for name, row, lumas in lines:
                values = [value for score in row.values() for value in (score.as_is, score.aligned)]
                writer.writerow([name, *(f"{value:.6g}" for value in (*values, *lumas))])


def metrics_at_hand() -> tuple[dict[str, Metric], list[str]]:
    """Metrics that are available, and a message for each that is not."""
    metrics: dict[str, Metric] = {"psnr": psnr, "ssim": ssim, "ssim_gray": _ssim_gray}
    missing = []
    for name, loader in (("ssimulacra2", load_ssimulacra2), ("lpips", load_lpips)):
        metric, reason = loader()
        if metric is None:
            missing.append(reason)
        else:
            metrics[name] = metric
    return metrics, missing


def _ssim_gray(image: np.ndarray, reference: np.ndarray) -> float:
    return ssim(gray(image), gray(reference))


def names_of(paths: Sequence[Path]) -> list[str]:
    """Names for photos: those of their files or, if these are not unique, the paths below a common folder."""
    names = [path.name for path in paths]
    if len(set(names)) == len({*paths}):
        return names
    whole = [os.path.abspath(path) for path in paths]
    try:
        folder = os.path.commonpath([os.path.dirname(path) for path in whole])
    except ValueError:  # on several drives of Windows
        return [Path(path).as_posix() for path in whole]
    return [Path(os.path.relpath(path, folder)).as_posix() for path in whole]


def _numbered(name: str, seen: dict[str, int]) -> str:
    """A name that is not in ``seen``: the given one, or with a number behind it; it is added."""
    seen[name] = seen.get(name, 0) + 1
    return name if seen[name] == 1 else _numbered(f"{name} ({seen[name]})", seen)


def score_pairs(
    pairs: Iterable[tuple[str, np.ndarray, np.ndarray]],
    metrics: Mapping[str, Metric],
    progress: Callable[[str], None] | None = None,
    cancel: Callable[[], bool] = lambda: False,
) -> ScoreTable:
    """Score every pair.

    Args:
        pairs: name, rendering and reference; both H x W x 3, float, sRGB-encoded, in [0, 1]. A name that
            occurs again gets a number: ``a (2)``.
        metrics: metrics by name, see `metrics_at_hand`.
        progress: called with each photo's name when it is done.
        cancel: called after each photo; if it returns true, `CancelledError` is raised.

    Raises:
        TrainingDataError: a rendering and its reference differ in size, or there are no pairs.
    """
    rows: dict[str, dict[str, Score]] = {}
    lumas: dict[str, tuple[float, float]] = {}
    seen: dict[str, int] = {}
    for given, image, reference in pairs:
        name = _numbered(given, seen)
        if image.shape != reference.shape:
            sizes = [f"{x.shape[1]}x{x.shape[0]}" for x in (image, reference)]
            raise TrainingDataError(f"{name} is {sizes[0]}, its reference {sizes[1]}; give pairs of one size")
        aligned = align_brightness(image, reference)
        rows[name] = {
            metric: Score(function(image, reference), function(aligned, reference))
            for metric, function in metrics.items()
        }
        lumas[name] = (float(gray(image).mean()), float(gray(reference).mean()))
        if progress:
            progress(name)
        if cancel():
            raise CancelledError(f"cancelled after {len(rows)} photos")
    if not rows:
        raise TrainingDataError("there are no pairs to evaluate")
    return ScoreTable(rows, lumas)
