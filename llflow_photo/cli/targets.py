"""Output paths of photos enhanced one by one: a file or a folder, and unused names."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from ..errors import OptionError
from ..paths import expanded

__all__ = ["DEFAULT_FOLDER", "choose_targets", "input_path", "is_one_file", "output_text"]

DEFAULT_FOLDER = Path("enhanced")


def input_path(text: str) -> Path:
    """An argparse type: a path that is not empty, see `expanded`."""
    try:
        return expanded(text)
    except OptionError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def output_text(text: str) -> str:
    """An argparse type: as `input_path`, but text, because a slash at the end matters; see `is_one_file`."""
    input_path(text)
    return os.path.expanduser(text)


def is_one_file(output: str) -> bool:
    """Whether ``--output`` is a file name, not a folder.

    A folder ends with a slash, exists, or has no suffix. A suffix of digits only is part of a date.
    """
    path = Path(output)
    ends_like_folder = os.path.basename(output) in ("", ".", "..")
    return bool(path.suffix) and not (ends_like_folder or path.suffix[1:].isdigit() or os.path.isdir(output))


def choose_targets(
    sources: Sequence[Path], output: str | None, format_name: str | None, samples: int, force: bool
) -> list[Path]:
    """The output file of each photo, by the naming rules of batches: names in use are extended.

    Args:
        output: as given; None for `DEFAULT_FOLDER`.
        force: replace existing files, except the given photos.

    Raises:
        OptionError: a file name is given for several photos, a file is given as a folder, or the output is a
            photo given.
    """
    from ..batch.selecting.naming import assign_stems, output_names, suffix_of

    originals = {os.path.realpath(source) for source in sources}
    if output is not None and is_one_file(output):
        if len(sources) > 1:
            raise OptionError(f"--output {output} is a file name for {len(sources)} photos; give a folder")
        if os.path.exists(output) and os.path.realpath(output) in originals:
            raise OptionError(f"--output {output} is the photo itself, never overwritten; give another")
        return [Path(output)]
    folder = DEFAULT_FOLDER if output is None else Path(output)
    if os.path.exists(folder) and not os.path.isdir(folder):
        raise OptionError(f"the output folder {output or folder} is a file; give a folder with --output")
    suffix = suffix_of(format_name)
    keys = _distinct(sources)
    by_key = dict(zip(keys, sources, strict=True))

    def is_free(key: PurePosixPath, stem: PurePosixPath) -> bool:
        names = output_names(stem, samples, suffix)
        return all(_may_have(folder / name, by_key[key], originals, force) for name in names)

    stems = assign_stems(keys, samples, is_free=is_free)
    return [folder / f"{stems[key].name}{suffix}" for key in keys]


def _may_have(target: Path, source: Path, originals: set[str], force: bool) -> bool:
    """Whether the result of a photo may be written to a path without losing another file."""
    from ..files.provenance import content_hash, made_from

    if not os.path.lexists(target):
        return True
    if os.path.realpath(target) in originals or os.path.isdir(target):
        return False
    try:
        return force or (source.is_file() and made_from(target, content_hash(source)))
    except OSError:  # reading the photo reports the error
        return False


def _distinct(sources: Sequence[Path]) -> list[PurePosixPath]:
    """Names of the photos; equal names of different photos are numbered."""
    keys: dict[PurePosixPath, str] = {}
    result = []
    for source in sources:
        identity, number = os.path.realpath(source), 2
        key = PurePosixPath(source.name or "photo")
        while keys.get(key, identity) != identity:
            key = PurePosixPath(f"{source.stem}-{number}{source.suffix}")
            number += 1
        keys[key] = identity
        result.append(key)
    return result
