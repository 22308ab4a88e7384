"""`enhance_dir`: enhance a folder of dark photos into another folder."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ..callbacks import Cancel
from ..errors import EmptyFolderError, OptionError
from ..options import Options, given_or_default
from .job import Job
from .output import choose_output
from .recording.identity import settings_hash
from .recording.manifest import holds_outputs, outputs_in
from .recording.progress import EventCallback
from .recording.report import Report
from .run import Batch, run_batch
from .selecting.naming import DEFAULT_FORMAT, suffix_of
from .selecting.selection import Pairs, Selection, parse_newer_than
from .selecting.series import DEFAULT_GAP_S, DEFAULT_MODE, Mode, SeriesRules
from .workers.photo_renderer import PhotoRenderer

if TYPE_CHECKING:
    from ..files import Encoding, RawOptions

__all__ = ["enhance_dir"]

AnyPath = str | os.PathLike[str]


def enhance_dir(
    path: AnyPath | Sequence[AnyPath],
    temperature: float | None = None,
    output: AnyPath | None = None,
    *,
    options: Options | None = None,
    encoding: Encoding | None = None,
    raw: RawOptions | None = None,
    jobs: int | None = None,
    backend: str = "local",
    address: str | None = None,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    recursive: bool = True,
    newer_than: str | float | datetime | timedelta | None = None,
    if_darker_than: float | None = None,
    well_exposed: Literal["leave", "copy"] = "leave",
    pairs: Pairs = "raw",
    series: Mode = DEFAULT_MODE,
    series_gap: float = DEFAULT_GAP_S,
    force: bool = False,
    retry_failed: bool = False,
    dry_run: bool = False,
    progress: EventCallback | None = None,
    cancel: Cancel | None = None,
    **option_changes: Any,
) -> Report:
    """Enhance the photos of a folder. Subfolders are mirrored, and files that are not photos are skipped.

    The batch can be stopped or killed at any time: the same call resumes it, using the manifest in the output
    folder, and produces the same files, byte for byte. Originals are never modified. A photo that fails does
    not stop the others. ``report.html`` in the output folder shows the results.

    Args:
        path: a folder or a photo, or several of them. A photo that several contain is rendered once, with
            its place in the outermost folder.
        temperature: how much renderings vary; by default that of ``options``, which is 0, the model's best
            guess.
        output: the folder to write to; by default ``NAME-enhanced`` next to the folder NAME. Folders that a
            batch wrote to are recognized by their manifest and are never used as input, wherever they are.
        options: rendering options. The latent of whole frames, such as overall brightness and warmth, depends
            on ``seed`` and is the same for all photos. The latent of regions, and grain, depend on ``seed``
            and the content of the photo.
        encoding: output format; by default, or without a format, JPEG.
        raw: development of RAW files.
        jobs: number of worker processes; by default one per GPU, or on the CPU as many as cores and memory
            allow.
        backend: ``local``, or ``dask``, ``ray``, ``loky`` or another backend of joblib whose workers are
            processes that can be replaced; not ``threading`` or ``multiprocessing``.
        address: of the cluster; by default the cluster this process is connected to, or a new one on this
            machine.
        include: glob patterns of photos to take: ``*.nef``, ``2024/**``; the name of a folder takes
            all photos in it.
        exclude: glob patterns of photos to leave out.
        recursive: whether to enter subfolders.
        newer_than: only photos modified after this time in the past: ``2024-11-03``, ``36h``, ``7d``, a
            datetime, a timedelta, or seconds since 1970.
        if_darker_than: only photos whose mean exposure is below this, in EV relative to 18 % gray, where the
            mean is that of the logarithm: daylight is about -1, a night street -4 to -7.
        well_exposed: whether to ``leave`` the other photos alone or ``copy`` them to the output folder.
        pairs: which file to take of a RAW and a JPEG with the same name: ``raw``, ``jpeg``, ``both``.
        series: which photos are frames of a series, which share exposure and look: ``auto`` detects series
            from EXIF (three or more photos of one folder and camera with the same exposure settings, each
            within ``series_gap`` of the previous one, that show one scene), ``all`` takes all photos of one
            folder and camera, ``off`` renders each photo by itself.
        series_gap: maximum time in seconds from the end of one exposure to the beginning of the next, for
            ``auto``.
        force: render photos again that are done; existing files that no batch wrote are overwritten, except
            next to originals.
        retry_failed: try photos again that failed earlier because of the photo, such as a broken file; photos
            that failed for other reasons, such as a full disk, are always tried again.
        dry_run: do nothing, and return what would be done.
        progress: called with an `Event` whenever something happens, in this thread.
        cancel: called several times a second; True stops within seconds.
        **option_changes: any field of `Options`, such as ``seed=3``.

    Returns:
        the report; ``report.ok`` tells whether every photo succeeded.

    Raises:
        EmptyFolderError: there are no photos.
        OptionError: an argument has an invalid value.
        BatchError: the output folder is or contains an input, or another batch is writing to it.
        ReadError: a path does not exist.
        ModelNotFoundError: the model does not exist.
        WriteError: the output format needs a plugin that is not installed.
        WorkerError: the worker processes or the cluster cannot be started.
        BatchInterrupted: Ctrl-C, a `KeyboardInterrupt` with the report of what was done.
    """
    from .. import __version__, files

    if temperature is not None:
        option_changes["temperature"] = temperature
    options = given_or_default("options", options, Options)
    encoding = given_or_default("encoding", encoding, files.Encoding)
    raw = given_or_default("raw", raw, files.RawOptions)
    options = options.with_changes(**option_changes)
    _check("well_exposed", well_exposed, ("leave", "copy"))
    _check("pairs", pairs, ("raw", "jpeg", "both"))
    if_darker_than = _exposure(if_darker_than)
    inputs = _inputs(path)
    if output is not None:
        _check_path("output", output)
    encoding = replace(encoding, format=encoding.format or DEFAULT_FORMAT)
    files.check_format(Path("photo"), encoding)
    settings = {**options.of_the_picture(), "encoding": asdict(encoding), "raw": asdict(raw)}
    job = replace(
        _job(options, encoding, raw, settings),
        root=str(choose_output(inputs, None if output is None else files.expanded(output))),
        if_darker_than=if_darker_than,
        copy_well_exposed=well_exposed == "copy",
    )
    selection = Selection(
        include=_patterns("include", include),
        exclude=_patterns("exclude", exclude),
        recursive=recursive,
        newer_than=parse_newer_than(newer_than, datetime.now().astimezone()),
        pairs=pairs,
        is_photo=files.is_photo,
        is_raw=files.is_raw,
        is_output=holds_outputs,
        outputs_in=outputs_in,
    )
    rules = SeriesRules(
        files.capture_of, files.is_raw, series, series_gap, settings_hash({"raw": asdict(raw)})
    )
    recorded = {"if_darker_than": if_darker_than, "well_exposed": well_exposed, "series": series}
    batch = Batch(
        inputs,
        selection,
        job,
        suffix_of(encoding.format),
        series=rules,
        settings={**settings, **recorded, "series_gap": series_gap},
        version=__version__,
        jobs=jobs,
        backend=backend,
        address=address,
        force=force,
        retry_failed=retry_failed,
        dry_run=dry_run,
        progress=progress,
        cancel=cancel,
    )
    return run_batch(batch)


def _job(options: Options, encoding: Encoding, raw: RawOptions, settings: Mapping[str, Any]) -> Job:
    """The job of the batch, without the output folder.

    The weights are identified by their content, not by path or name. The threshold for well-exposed photos is
    not part of the hash of the settings, because it does not change renderings.
    """
    from .. import models
    from ..models.card import checksum

    card = models.find(options.model)
    training_range = card.inputs.get("exposure_ev")
    return Job(
        renderer=f"{PhotoRenderer.__module__}:{PhotoRenderer.__qualname__}",
        options=options,
        encoding=encoding,
        raw=raw,
        settings=settings_hash({name: value for name, value in settings.items() if name != "model"}),
        model=checksum(card.path),
        root="",
        training_ev=(training_range[0], training_range[1]) if training_range else None,
    )


def _check(name: str, value: str, known: Sequence[str]) -> None:
    if value not in known:
        raise OptionError(f"{name} is {value!r}; it must be one of {', '.join(known)}")


def _inputs(path: AnyPath | Sequence[AnyPath]) -> tuple[Path, ...]:
    from .. import files

    if isinstance(path, (str, bytes, os.PathLike)) or not isinstance(path, Iterable):
        given: tuple[Any, ...] = (path,)
    else:
        given = tuple(path)
    if not given:
        raise EmptyFolderError("no folder and no photo is given; give at least one")
    for one in given:
        _check_path("path", one)
    return tuple(files.expanded(one) for one in given)


def _check_path(name: str, given: object) -> None:
    if not isinstance(given, (str, os.PathLike)) or "\0" in os.fsdecode(given):
        raise OptionError(f"{name} is {given!r}; give the path of a folder or a photo as text or a Path")


def _exposure(given: float | None) -> float | None:
    if given is None:
        return None
    if isinstance(given, bool) or not isinstance(given, Real) or not math.isfinite(given):
        raise OptionError(f"if_darker_than is {given!r}; give an exposure in EV, such as -2")
    return float(given)


def _patterns(name: str, given: Sequence[str]) -> tuple[str, ...]:
    if isinstance(given, str):
        return (given,)
    if not isinstance(given, Iterable) or not all(isinstance(one, str) for one in given):
        raise OptionError(f"{name} is {given!r}; give glob patterns such as '*.nef'")
    return tuple(given)
