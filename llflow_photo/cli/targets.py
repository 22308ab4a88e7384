"""Where photos given one by one go: a file or a folder, and names that nothing else has."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from ..errors import OptionError

__all__ = ["DEFAULT_FOLDER", "choose_targets", "is_one_file"]

DEFAULT_FOLDER = Path("enhanced")


def is_one_file(output: str) -> bool:
    """Whether ``--output`` names a file and not a folder.

    A folder ends in a slash, exists as one, or has no suffix; a suffix of digits alone is part of a date.
    """
    path = Path(output)
    ends_like_folder = os.path.basename(output) in ("", ".", "..")
    return bool(path.suffix) and not (ends_like_folder or path.suffix[1:].isdigit() or path.is_dir())


def choose_targets(
    sources: Sequence[Path], output: str | None, format_name: str | None, samples: int, force: bool
) -> list[Path]:
    """A file for each photo, by the rule of batches: names that are taken give way to longer ones.

    Args:
        output: as given; None for `DEFAULT_FOLDER`.
        force: take names that other files have, unless those are photos given.

    Raises:
        OptionError: one file is given for several photos.
    """
    from ..batch.selecting.naming import assign_stems, output_names, suffix_of

    if output is not None and is_one_file(output):
        if len(sources) > 1:
            raise OptionError(f"--output {output} is one file for {len(sources)} photos; give a folder")
        return [Path(output)]
    folder = DEFAULT_FOLDER if output is None else Path(output)
    suffix = suffix_of(format_name)
    keys = _distinct(sources)
    by_key = dict(zip(keys, sources, strict=True))
    originals = {os.path.realpath(source) for source in sources}

    def is_free(key: PurePosixPath, stem: PurePosixPath) -> bool:
        names = output_names(stem, samples, suffix)
        return all(_may_have(folder / name, by_key[key], originals, force) for name in names)

    stems = assign_stems(keys, samples, is_free=is_free)
    return [folder / f"{stems[key].name}{suffix}" for key in keys]


def _may_have(target: Path, source: Path, originals: set[str], force: bool) -> bool:
    """Whether a photo's result may be written to a path: nothing is lost by it."""
    from ..files.provenance import content_hash, made_from

    if not os.path.lexists(target):
        return True
    if os.path.realpath(target) in originals or os.path.isdir(target):
        return False
    try:
        return force or (source.is_file() and made_from(target, content_hash(source)))
    except OSError:  # reading the photo says why
        return False


def _distinct(sources: Sequence[Path]) -> list[PurePosixPath]:
    """The photos' names; those that several photos have are numbered, and one given twice is one."""
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
