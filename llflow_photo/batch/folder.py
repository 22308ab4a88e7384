"""`enhance_dir`: a folder of dark photos goes in, a folder of enhanced ones comes out."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ..errors import EmptyFolderError, OptionError
from ..options import Options
from .output import choose_output
from .recording.identity import settings_hash
from .recording.manifest import holds_outputs, outputs_in
from .recording.progress import Progress
from .recording.report import Report
from .run import Batch, run_batch
from .selecting.naming import DEFAULT_FORMAT, suffix_of
from .selecting.selection import Pairs, Selection, parse_newer_than
from .selecting.series import DEFAULT_GAP_S, DEFAULT_MODE, Mode, SeriesRules
from .workers.photo_renderer import PhotoRenderer
from .workers.work import Job

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
    progress: Progress | None = None,
    cancel: Callable[[], bool] | None = None,
    **option_changes: Any,
) -> Report:
    """Enhance the photos of a folder; subfolders are mirrored, what is no photo is passed over.

    It can be stopped and killed at any moment: the same call goes on where it ended, guided by the manifest
    in the output folder, and ends with the same files, byte for byte. Originals are only ever read. A photo
    that fails does not keep the others from being done. ``report.html`` in the output folder shows what was
    done.

    Args:
        path: a folder; or a photo, or several of both.
        temperature: how far renderings vary; by default as ``options`` has it, 0: the model's best guess.
        output: the folder to write to; by default ``NAME-enhanced`` beside the folder NAME. Folders that a
            batch wrote to are known by their manifest and are never taken as input, wherever they are.
        options: how to render. All photos have the look of ``seed``; ``seed`` and a photo's content give the
            photo's own seed, of its regions and grain.
        encoding: how to write; by default, and without a format, JPEG.
        raw: how to develop RAW files.
        jobs: worker processes; by default one per GPU, or on the CPU as many as cores and memory allow.
        backend: ``local``, or to do the work on a cluster ``dask``, ``ray`` or any other backend of joblib.
        address: of the cluster; by default the one this process is connected to, or one started here.
        include: glob patterns of what to take: ``*.nef``, ``2024/**``; a folder's name takes all in it.
        exclude: glob patterns of what to leave out.
        recursive: whether to enter subfolders.
        newer_than: only photos modified after this: ``2024-11-03``, ``36h``, ``7d``, a datetime, a timedelta,
            or seconds since 1970.
        if_darker_than: only photos whose mean exposure is below this many EV relative to 18 % gray, the mean
            taken of the logarithm: daylight is about -1, a night street -4 to -7.
        well_exposed: whether to ``leave`` the others alone or ``copy`` them to the output folder.
        pairs: what to take of a RAW and a JPEG of the same name: ``raw``, ``jpeg``, ``both``.
        series: which photos are frames of a series, so that they share exposure and look: ``auto`` finds them
            by their EXIF (three or more of one folder and camera with the same exposure settings, each within
            ``series_gap`` of the one before, that show one scene), ``all`` takes all photos of one folder and
            camera, ``off`` renders each by itself.
        series_gap: seconds from the end of one exposure to the beginning of the next, for ``auto``.
        force: render again what was done; files in the way that no batch wrote are written over, except
            beside originals.
        retry_failed: try again photos that failed earlier for reasons of their own, such as a broken file;
            those that failed for others, such as a full disk, are always tried again.
        dry_run: do nothing, and return what would be done.
        progress: called with an `Event` whenever something happens, in this thread.
        cancel: asked several times a second; true stops within seconds.
        **option_changes: any field of `Options`, such as ``seed=3``.

    Returns:
        the report; ``report.ok`` says whether every photo succeeded.

    Raises:
        EmptyFolderError: there are no photos.
        OptionError: an argument has a value it cannot have.
        BatchError: input and output do not fit together, or another batch is writing there.
        ReadError: a path does not exist.
        ModelNotFoundError: there is no such model.
        WriteError: the format of the outputs needs a plugin that is not installed.
        WorkerError: worker processes or the cluster cannot be started.
        BatchInterrupted: Ctrl-C, a `KeyboardInterrupt` with the report of what was done.
    """
    from .. import __version__, files

    if temperature is not None:
        option_changes["temperature"] = temperature
    options = (options or Options()).with_changes(**option_changes)
    _check("well_exposed", well_exposed, ("leave", "copy"))
    _check("pairs", pairs, ("raw", "jpeg", "both"))
    inputs = _inputs(path)
    encoding = encoding or files.Encoding()
    encoding = replace(encoding, format=encoding.format or DEFAULT_FORMAT)
    files.check_format(Path("photo"), encoding)
    raw = raw or files.RawOptions()
    settings = {**options.of_the_picture(), "encoding": asdict(encoding), "raw": asdict(raw)}
    job = replace(
        _job(options, encoding, raw, settings),
        root=str(choose_output(inputs, None if output is None else files.expanded(output))),
        if_darker_than=if_darker_than,
        copy_well_exposed=well_exposed == "copy",
    )
    selection = Selection(
        include=_patterns(include),
        exclude=_patterns(exclude),
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
    told = {"if_darker_than": if_darker_than, "well_exposed": well_exposed, "series": series}
    batch = Batch(
        inputs,
        selection,
        job,
        suffix_of(encoding.format),
        series=rules,
        settings={**settings, **told, "series_gap": series_gap},
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
    """What the photos have in common, with what identifies their renderings; the output folder is still open.

    The weights are known by their content, wherever they lie and whatever they are called. Which photos are
    well exposed is no part of it: another threshold does not make renderings others.
    """
    from .. import models
    from ..models.card import checksum

    card = models.find(options.model)
    familiar = card.inputs.get("exposure_ev")
    return Job(
        renderer=f"{PhotoRenderer.__module__}:{PhotoRenderer.__qualname__}",
        options=options,
        encoding=encoding,
        raw=raw,
        settings=settings_hash({name: value for name, value in settings.items() if name != "model"}),
        model=checksum(card.path),
        root="",
        familiar_ev=(familiar[0], familiar[1]) if familiar else None,
    )


def _check(name: str, value: str, known: Sequence[str]) -> None:
    if value not in known:
        raise OptionError(f"{name} is {value!r}; give one of {', '.join(known)}")


def _inputs(path: AnyPath | Sequence[AnyPath]) -> tuple[Path, ...]:
    from .. import files

    given = (path,) if isinstance(path, (str, os.PathLike)) else tuple(path)
    if not given:
        raise EmptyFolderError("no folder and no photo is given; name one")
    return tuple(files.expanded(one) for one in given)


def _patterns(given: Sequence[str]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given)
