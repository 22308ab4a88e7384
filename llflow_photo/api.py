"""The front door: one function per use. Everything heavy is imported when it is first needed."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .callbacks import Cancel, Progress
from .errors import NonFiniteOutputError, WriteError
from .loading import load_enhancer, load_model
from .options import Options

if TYPE_CHECKING:
    from PIL import Image

    from .color.working import Residual
    from .engine import EncodedPhoto, Enhancer
    from .files import Encoding, RawOptions
    from .finish import PhotoAnalysis
    from .models import LoadedModel
    from .photo import Photo
    from .series import SeriesReference

    Picture = str | os.PathLike[str] | np.ndarray | Image.Image

__all__ = [
    "FileResult",
    "enhance",
    "enhance_file",
    "load_enhancer",
    "load_model",
    "read_srgb",
    "renderings",
    "series_reference",
]


def enhance(
    image: Picture,
    *,
    temperature: float | None = None,
    samples: int | None = None,
    seed: int | None = None,
    model: str | os.PathLike[str] | LoadedModel | None = None,
    strength: float | None = None,
    device: str | None = None,
    tile: int | str | None = None,
    raw: RawOptions | None = None,
    series: SeriesReference | None = None,
    options: Options | None = None,
    progress: Progress | None = None,
    cancel: Cancel | None = None,
    **more: Any,
) -> np.ndarray:
    """Make a dark photo visible.

    What is not given is taken from ``options``, whose defaults are those of `Options`: temperature 0,
    one sample, seed 0, strength 1, device and tile ``auto``.

    Args:
        image: a path, a PIL image, or an array of H x W x 3 (H x W is taken as gray): uint8, uint16, or float
            in [0, 1]; sRGB-encoded. Of a path or a PIL image, orientation and color profile are honoured.
        temperature: 0 gives the model's best guess; more varies the rendering (0.8 is usual).
        samples: number of renderings; their seeds are ``seed``, ``seed + 1``, ...
        seed: the same seed gives the same rendering.
        model: name of a model, path of a ``.safetensors`` file, or what `load_model` returned.
        strength: blend from the photo (0) to the rendering (1).
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:1``, ``mps``.
        tile: ``auto`` or the side of a tile in pixels.
        raw: how RAW files are developed.
        series: what the frames of a series share, by `series_reference`; give it with each frame of a
            time-lapse or burst, so that exposure and look do not change from frame to frame.
        options: settings to start from.
        progress: called with steps done and steps in all.
        cancel: asked now and then; true ends with `CancelledError`.
        **more: any other field of `Options`, such as ``exposure_ev``.

    Returns:
        H x W x 3, float32, sRGB-encoded, in [0, 1]; with ``samples`` above 1, samples x H x W x 3.

    Raises:
        ImageInputError: the array or image cannot be a photo (shape, type, NaN, values outside [0, 1]).
        ReadError: the file cannot be read; `FormatError` where it is no photo.
        OptionError: a setting has a value it cannot have.
        ModelNotFoundError: there is no such model; `CheckpointError` where its file is damaged.
        DeviceError: the device is not there, or has too little memory.
    """
    given: dict[str, Any] = {"temperature": temperature, "samples": samples, "seed": seed}
    given |= {"strength": strength, "device": device, "tile": tile, **more}
    if isinstance(model, (str, os.PathLike)):
        given["model"] = model
    changes = {name: value for name, value in given.items() if value is not None}
    settings = (options or Options()).with_changes(**changes)
    photo = _as_photo(image, raw)
    chosen = settings.model if model is None or isinstance(model, (str, os.PathLike)) else model
    enhancer = load_enhancer(chosen, device=settings.device, tile=settings.tile)
    rendered = renderings(photo, settings, enhancer, progress, cancel, series)
    results = [_as_srgb(result) for result in rendered]
    return results[0] if settings.samples == 1 else np.stack(results)


def renderings(
    photo: Photo,
    options: Options,
    enhancer: Enhancer,
    progress: Progress | None = None,
    cancel: Cancel | None = None,
    series: SeriesReference | None = None,
    gate: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> Iterator[Photo]:
    """Render a photo ``options.samples`` times, encoding it once; as a frame of ``series`` where given.

    Args:
        gate: returns a context manager that is entered whenever the network runs, and left for color work.

    Yields:
        photos in the color space of the one given, with the seeds ``seed``, ``seed + 1``, ...

    Raises:
        NonFiniteOutputError: a rendering holds values that are not finite.
    """
    from .color.working import to_network
    from .finish import PhotoAnalysis, of_stage, without_specks

    if options.remove_specks:
        photo = without_specks(photo)
    view, residual = to_network(photo)
    statistics, levels = None, None
    if series is not None:
        residual = replace(residual, highlight=series.highlight)
        statistics = enhancer.photo_statistics(series.view, series.levels)
        levels = series.levels
    analysis = PhotoAnalysis.of(photo, levels)
    stages = 1 + options.samples
    tell = of_stage(progress, 0, stages)
    with gate():
        encoded = enhancer.encode(view, statistics=statistics, progress=tell, cancel=cancel)
    for number in range(options.samples):
        tell = of_stage(progress, 1 + number, stages)
        yield rendering_of(
            encoded, residual, options, options.seed + number, tell, cancel, series, analysis, gate
        )


def rendering_of(
    encoded: EncodedPhoto,
    residual: Residual,
    options: Options,
    seed: int,
    progress: Progress | None = None,
    cancel: Cancel | None = None,
    series: SeriesReference | None = None,
    analysis: PhotoAnalysis | None = None,
    gate: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> Photo:
    """One rendering of an encoded photo, brought back into the photo's own color space.

    In a series the look of the regions follows from the series, only the grain from the detail seed.
    """
    from .engine import Latent
    from .finish import finished

    detail_seed = options.detail_seed
    if detail_seed is not None:
        detail_seed += seed - options.seed
    grain_seed = detail_seed
    if series is not None:
        detail_seed = series.detail_seed(seed)
    latent = Latent(seed, options.temperature, options.grain, options.brightness, detail_seed, grain_seed)
    with gate():
        rendering = encoded.decode(latent, progress=progress, cancel=cancel)
    result = finished(rendering, residual, options, analysis)
    if not np.isfinite(result.pixels).all():
        raise NonFiniteOutputError("the rendering holds values that are not finite; try a lower temperature")
    return result


@dataclass(frozen=True)
class FileResult:
    """What came of one file.

    Attributes:
        source: the photo.
        outputs: the files written, one per sample.
        seeds: of the samples.
        width: of the photo, pixels.
        height: of the photo, pixels.
        seconds: it took, model loading not counted.
        notes: what could not be read or kept, one plain sentence each.
    """

    source: Path
    outputs: tuple[Path, ...]
    seeds: tuple[int, ...]
    width: int
    height: int
    seconds: float
    notes: tuple[str, ...]


def enhance_file(
    path: str | os.PathLike[str],
    output: str | os.PathLike[str],
    options: Options | None = None,
    encoding: Encoding | None = None,
    raw: RawOptions | None = None,
    enhancer: Enhancer | None = None,
    progress: Progress | None = None,
    cancel: Cancel | None = None,
    force: bool = False,
) -> FileResult:
    """Read a photo, render it, write the renderings, each whole or not at all.

    Args:
        path: the photo.
        output: the file to write; with several samples, ``NAME_s1``, ``NAME_s2``, ... beside it.
        options: how to render; by default `Options`.
        encoding: how to write; by default what the output's suffix says.
        raw: how RAW files are developed.
        enhancer: one to use again; by default `load_enhancer` gives it.
        force: replace whatever is in the output's place, except the photo itself. Without it only an earlier
            result of the same photo is replaced.

    Raises:
        OutputExistsError: another file is in the output's place.
        WriteError: the output would be the photo itself, or cannot be written.
        and what `enhance` raises.
    """
    from . import files

    settings = options or Options()
    source, target = files.expanded(path), files.expanded(output)
    targets = _targets(target, settings.samples)
    for one in targets:
        if one.exists() and source.exists() and one.samefile(source):
            raise WriteError(f"{one} is the photo itself, and originals are never written over; name another")
    files.check_folder(target)
    files.check_format(target, encoding)
    with files.as_regular_file(source) as regular:
        content = files.content_of(regular)
        if not force:
            for one in targets:
                files.check_replaceable(one, content, source)
        started = time.monotonic()
        photo = files.read(regular, raw)
    files.check_dimensions(target, encoding, photo.width, photo.height)
    reading = time.monotonic() - started
    enhancer = enhancer or load_enhancer(settings.model, device=settings.device, tile=settings.tile)
    started = time.monotonic()
    notes = list(photo.notes)
    for number, result in enumerate(renderings(photo, settings, enhancer, progress, cancel)):
        told = with_settings_told(result, settings, settings.seed + number, content)
        # Asked again: another file may have taken the place since.
        overwrite = force or files.made_from(targets[number], content)
        notes += files.write(told, targets[number], encoding, overwrite=overwrite)
    return FileResult(
        source,
        targets,
        tuple(settings.seed + number for number in range(settings.samples)),
        photo.width,
        photo.height,
        reading + time.monotonic() - started,
        tuple(dict.fromkeys(notes)),
    )


def with_settings_told(
    photo: Photo, options: Options, seed: int, content: str, series: SeriesReference | None = None
) -> Photo:
    """The photo with the settings that made it in its metadata, so that it can be made again.

    Args:
        content: SHA-256 of the photo's file, by which its results are known.
        series: what it was rendered with as a frame of a series; its key is recorded.
    """
    from . import __version__
    from .files import with_settings
    from .files.provenance import SOURCE_SETTING

    recorded = options.of_the_picture()
    del recorded["samples"]  # of which this photo is one
    recorded |= {"model": Path(options.model).name, "seed": seed, "version": __version__}
    if options.detail_seed is None:
        del recorded["detail_seed"]
    else:
        recorded["detail_seed"] = options.detail_seed + seed - options.seed
    if series is not None:
        recorded["series"] = series.key
    recorded[SOURCE_SETTING] = content
    return replace(photo, metadata=with_settings(photo.metadata, recorded))


def _targets(target: Path, samples: int) -> tuple[Path, ...]:
    if samples == 1:
        return (target,)
    return tuple(target.with_stem(f"{target.stem}_s{number}") for number in range(1, samples + 1))


def series_reference(frames: Sequence[Picture], *, raw: RawOptions | None = None) -> SeriesReference:
    """What the frames of a time-lapse or burst share: the median of those given.

    A few are enough (`enhance_dir` takes nine, evenly spread); an odd number is best.

    Args:
        frames: as `enhance` takes them; at least one.
        raw: how RAW files are developed.

    Raises:
        OptionError: no frames are given.
        and what `enhance` raises of pictures.
    """
    from .series import FrameSummary, SeriesReference

    return SeriesReference.of([FrameSummary.of(_as_photo(frame, raw)) for frame in frames])


def _as_photo(image: Picture, raw: RawOptions | None) -> Photo:
    from .pictures import photo_of_array, photo_of_image

    if isinstance(image, (str, os.PathLike)):
        from . import files

        return files.read(image, raw)
    from PIL import Image

    return photo_of_image(image) if isinstance(image, Image.Image) else photo_of_array(image)


def read_srgb(path: str | os.PathLike[str], raw: RawOptions | None = None) -> np.ndarray:
    """A photo as it is: H x W x 3, float32, sRGB-encoded, in [0, 1]; what `enhance` starts from."""
    from . import files

    return _as_srgb(files.read(path, raw))


def _as_srgb(photo: Photo) -> np.ndarray:
    from .color.spaces import SRGB, convert

    pixels = convert(photo.pixels, photo.color_space, SRGB)
    return np.clip(pixels, 0.0, 1.0, out=pixels)
