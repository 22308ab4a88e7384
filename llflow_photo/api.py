"""The main functions of the library; modules that take long to import are imported on first use."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .callbacks import Cancel, Gate, Progress
from .errors import WriteError
from .loading import load_enhancer, load_model
from .options import Options, given_or_default

if TYPE_CHECKING:
    from PIL import Image

    from .color.working import Residual
    from .engine import EncodedPhoto, Enhancer, Latent
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

    Settings that are not given are taken from ``options``, by default `Options()`: temperature 0, one sample,
    seed 0, strength 1, device and tile ``auto``.

    Args:
        image: a path, a PIL image, or an array of H x W x 3 (H x W is taken as gray): uint8, uint16, or float
            in [0, 1]; sRGB-encoded. The orientation and color profile of files and PIL images are applied.
        temperature: 0 gives the model's best guess; higher values vary the rendering (0.8 is typical).
        samples: number of renderings; their seeds are ``seed``, ``seed + 1``, ...
        seed: seed of the variation; the same seed gives the same rendering.
        model: name of a model, path of a ``.safetensors`` file, or result of `load_model`.
        strength: blend from the photo (0) to the rendering (1).
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:1``, ``mps``.
        tile: ``auto`` or the side of a square tile in pixels; tiles are rectangles of at most its area.
        raw: options for developing RAW files.
        series: what the frames of a series share, see `series_reference`; pass it with each frame of a
            time-lapse or burst, so that exposure and look do not change from frame to frame.
        options: default values of the settings.
        progress: called with the number of steps done and of all.
        cancel: called from time to time; if it returns true, `CancelledError` is raised.
        **more: any other field of `Options`, such as ``exposure_ev``.

    Returns:
        H x W x 3, float32, sRGB-encoded, in [0, 1]; with ``samples`` above 1, samples x H x W x 3.

    Raises:
        ImageInputError: the array or image cannot be a photo (shape, type, NaN, values outside [0, 1]).
        ReadError: the file cannot be read; `FormatError` if it is not a photo.
        OptionError: a setting has an invalid value.
        ModelNotFoundError: there is no such model; `CheckpointError` if its file is damaged.
        DeviceError: the device is not available, or has too little memory.
    """
    settings: dict[str, Any] = {"temperature": temperature, "samples": samples, "seed": seed}
    settings |= {"strength": strength, "device": device, "tile": tile, **more}
    if isinstance(model, (str, os.PathLike)):
        settings["model"] = model
    changes = {name: value for name, value in settings.items() if value is not None}
    options = given_or_default("options", options, Options).with_changes(**changes)
    photo = _as_photo(image, raw)
    chosen = options.model if model is None or isinstance(model, (str, os.PathLike)) else model
    enhancer = load_enhancer(chosen, device=options.device, tile=options.tile)
    rendered = renderings(photo, options, enhancer, progress, cancel, series, in_place=True)
    results = [_as_srgb(result) for result in rendered]
    return results[0] if options.samples == 1 else np.stack(results)


def renderings(
    photo: Photo,
    options: Options,
    enhancer: Enhancer,
    progress: Progress | None = None,
    cancel: Cancel | None = None,
    series: SeriesReference | None = None,
    gate: Gate = nullcontext,
    *,
    in_place: bool = False,
) -> Iterator[Photo]:
    """Render a photo ``options.samples`` times, as a frame of ``series`` if it is given.

    Args:
        gate: returns a context manager that is entered whenever the network runs, and left for color work.
        in_place: whether specks may be removed from the photo's own array, which avoids a copy.

    Yields:
        renderings in the color space of ``photo``, with the seeds ``seed``, ``seed + 1``, ...

    Raises:
        NonFiniteOutputError: a rendering contains values that are not finite.
    """
    from .finish import of_stage
    from .prepared import prepare

    count = options.samples
    prepared = prepare(photo, enhancer, options, series, cancel, gate, renderings=count, in_place=in_place)
    for number in range(count):
        latent = _latent(options, options.seed + number, series)
        last = number == count - 1
        yield prepared.render(latent, options, of_stage(progress, number, count), cancel, gate, last=last)


def rendering_of(
    encoded: EncodedPhoto,
    residual: Residual,
    options: Options,
    seed: int,
    progress: Progress | None = None,
    cancel: Cancel | None = None,
    series: SeriesReference | None = None,
    analysis: PhotoAnalysis | None = None,
) -> Photo:
    """Render an encoded photo once, in the color space of the photo.

    In a series, the look of the regions depends on the series, and only the grain on the detail seed.
    """
    from .prepared import PreparedPhoto

    prepared = PreparedPhoto(encoded, residual, analysis)
    return prepared.render(_latent(options, seed, series), options, progress, cancel)


def _latent(options: Options, seed: int, series: SeriesReference | None) -> Latent:
    """The latent of one rendering; in a series, the look of the regions depends on the series."""
    from .engine import Latent

    detail_seed = options.detail_seed
    if detail_seed is not None:
        detail_seed += seed - options.seed
    grain_seed = detail_seed
    if series is not None:
        detail_seed = series.detail_seed(seed)
    return Latent(seed, options.temperature, options.grain, options.brightness, detail_seed, grain_seed)


@dataclass(frozen=True)
class FileResult:
    """The result of enhancing one file.

    Attributes:
        source: the photo.
        outputs: the files written, one per sample.
        seeds: seeds of the samples.
        width: width of the photo, pixels.
        height: height of the photo, pixels.
        seconds: duration, without loading the model.
        notes: messages about anything that could not be read or kept.
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
    """Read a photo, render it, and write the renderings, each atomically.

    Args:
        path: the photo.
        output: the file to write; with several samples, ``NAME_s1``, ``NAME_s2``, ... beside it.
        options: how to render; by default `Options()`.
        encoding: how to write; by default it depends on the output's suffix.
        raw: options for developing RAW files.
        enhancer: the enhancer to use; by default that of `load_enhancer`.
        progress: called with the number of steps done and of all.
        cancel: called from time to time; if it returns true, `CancelledError` is raised.
        force: replace any existing file except the photo itself. Without it, only an earlier result of the
            same photo is replaced.

    Raises:
        OutputExistsError: the output exists and is not a result of the same photo.
        WriteError: the output is the photo itself, or cannot be written.
        and the exceptions of `enhance`.
    """
    from . import files

    settings = given_or_default("options", options, Options)
    source, target = files.expanded(path), files.expanded(output)
    targets = _targets(target, settings.samples)
    for one in targets:
        if _is_same_file(one, source):
            raise WriteError(f"{one} is the photo itself, which is never overwritten; give another output")
        files.check_folder(one)
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
    for number, result in enumerate(renderings(photo, settings, enhancer, progress, cancel, in_place=True)):
        recorded = with_settings_recorded(result, settings, settings.seed + number, content)
        # Checked again: the file may have been created in the meantime.
        overwrite = force or files.made_from(targets[number], content)
        notes += files.write(recorded, targets[number], encoding, overwrite=overwrite)
    return FileResult(
        source,
        targets,
        tuple(settings.seed + number for number in range(settings.samples)),
        photo.width,
        photo.height,
        reading + time.monotonic() - started,
        tuple(dict.fromkeys(notes)),
    )


def _is_same_file(one: Path, other: Path) -> bool:
    """Whether both paths are those of the same existing file; false if one may not be looked up."""
    try:
        return os.path.samefile(one, other)
    except (OSError, ValueError):  # reported by the checks that follow
        return False


def with_settings_recorded(
    photo: Photo, options: Options, seed: int, content: str, series: SeriesReference | None = None
) -> Photo:
    """A copy of a rendering with its settings in the metadata, so that it can be reproduced.

    Args:
        content: SHA-256 of the photo's file, by which its results are recognized.
        series: the series it was rendered with, whose key is recorded.
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
    """Compute what the frames of a time-lapse or burst share: their median.

    A few frames are enough (`enhance_dir` uses nine, evenly spaced); an odd number is best.

    Args:
        frames: at least one image, in any form that `enhance` accepts.
        raw: options for developing RAW files.

    Raises:
        OptionError: no frames are given.
        and the exceptions of `enhance` for images.
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
    """Read a photo without enhancing it: H x W x 3, float32, sRGB-encoded, in [0, 1]."""
    from . import files

    return _as_srgb(files.read(path, raw))


def _as_srgb(photo: Photo) -> np.ndarray:
    from .color.spaces import SRGB, convert

    pixels = convert(photo.pixels, photo.color_space, SRGB)
    return np.clip(pixels, 0.0, 1.0, out=pixels)
