"""What workers are given: the job, which all photos of a batch share, and one task per photo."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..options import Options
from ..series import SeriesReference
from .recording.record import PhotoRecord, PhotoStats

__all__ = ["Job", "Stage", "Task"]

Stage = Callable[[str, str], None]
"""Called with the source and the stage of a photo whenever it reaches another stage."""


@dataclass(frozen=True)
class Job:
    """Settings shared by all photos of a batch.

    Attributes:
        renderer: ``module:callable``, see `Renderer`.
        options: rendering options; ``seed`` is the seed given by the user.
        encoding: output format, for the renderer.
        raw: development of RAW files, for the renderer.
        settings: hash of all settings that determine the output bytes, besides photo and model.
        model: SHA-256 of the weights.
        root: the output folder.
        root_device: file system number of the output folder, to detect that its disk was removed; None if it
            is meaningless (on other machines).
        threads: CPU threads of the network.
        if_darker_than: photos whose exposure in EV is at least this are not rendered; None renders all.
        copy_well_exposed: whether to copy those photos to the output folder.
        training_ev: range of exposures in the training data, for a warning; None if unknown.
    """

    renderer: str
    options: Options
    encoding: Any
    raw: Any
    settings: str
    model: str
    root: str
    root_device: int | None = None
    threads: int = 1
    if_darker_than: float | None = None
    copy_well_exposed: bool = False
    training_ev: tuple[float, float] | None = None

    def is_well_exposed(self, stats: PhotoStats | None, series: SeriesReference | None = None) -> bool:
        """Whether a photo with these statistics is well exposed, so that it is not rendered.

        The exposure of a series decides for all its frames.
        """
        threshold = self.if_darker_than
        if threshold is None or stats is None:
            return False
        return (stats.exposure_ev if series is None else series.exposure_ev) >= threshold


@dataclass(frozen=True)
class Task:
    """One photo to render.

    Attributes:
        source: path relative to the input.
        path: absolute path.
        size: in bytes.
        mtime_ns: modification time in nanoseconds.
        outputs: paths relative to the output folder, one per sample.
        copy: path of the copy of a well-exposed photo, relative to the output folder; empty if such photos
            are not copied.
        sidecars: paths of its sidecars, each with the path of its copy relative to the output folder.
        sidecar_state: as in `Source`.
        notes: about the names of the outputs.
        series: what the frames of its series share; None for photos without a series.
        replaces: names of output files that may be replaced, each with its `state_of` when planned. A
            file that appears or changes before the photo is rendered is not overwritten.
        force: whether any existing file may be replaced, whenever it appears.
        known: record of an earlier run with intact outputs, which are valid if the photo has not changed.
    """

    source: str
    path: str
    size: int
    mtime_ns: int
    outputs: tuple[str, ...]
    copy: str
    known: PhotoRecord | None = None
    sidecars: tuple[tuple[str, str], ...] = ()
    sidecar_state: str = ""
    notes: tuple[str, ...] = ()
    series: SeriesReference | None = None
    replaces: tuple[tuple[str, str], ...] = ()
    force: bool = False

    @property
    def copies(self) -> tuple[str, ...]:
        """Files written if the photo is well exposed and copied."""
        return (self.copy, *(name for _, name in self.sidecars)) if self.copy else ()

    @property
    def claims(self) -> tuple[str, ...]:
        """All files that the task may write."""
        return (*self.outputs, *self.copies)
