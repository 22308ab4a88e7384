"""Names of outputs: folders are mirrored, and names that would collide are made distinct.

``night/A.NEF`` becomes ``night/A.jpg``. If photos of one folder differ only in their extension (or in upper
and lower case, which many file systems do not distinguish), the extension becomes part of their output names:
``A.NEF`` and ``A.TIF`` become ``A_NEF.jpg`` and ``A_TIF.jpg``. Names that still collide are numbered in the
order of the paths: ``A_TIF-2.jpg``. Several samples of a photo are ``A_s1.jpg``, ``A_s2.jpg`` and so on.
Names that are too long for a file system are truncated, and end in ``~`` and eight digits of their hash.

A photo with an existing result in the output folder keeps its name. A name that belongs to another file, to
the result of another photo or to a folder of outputs is skipped for the next candidate: ``A_TIF.jpg``,
``A_TIF-2.jpg`` and so on. Otherwise the names depend only on the selected photos.
"""

from __future__ import annotations

import hashlib
import itertools
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from ...files.encoding import SUFFIXES

__all__ = ["DEFAULT_FORMAT", "assign_stems", "folded", "output_names", "stem_of", "suffix_of"]

DEFAULT_FORMAT = "jpeg"
"""Format of outputs if neither the user nor a file name specifies one."""

MAX_STEM_BYTES = 200
"""File systems allow 255 bytes for a name; the temporary name during writing is longer."""


def assign_stems(
    relatives: Iterable[PurePosixPath],
    samples: int = 1,
    kept: Mapping[PurePosixPath, PurePosixPath] | None = None,
    is_free: Callable[[PurePosixPath, PurePosixPath], bool] = lambda path, stem: True,
) -> dict[PurePosixPath, PurePosixPath]:
    """Folder and stem of each photo's outputs, distinct even on case-insensitive file systems.

    Args:
        relatives: paths of the photos, relative to the input.
        samples: number of renderings of each photo.
        kept: stems of photos that already have results.
        is_free: whether a photo may have a stem, given the files in the output folder.
    """
    ordered = sorted(set(relatives))
    kept = kept or {}
    counts = Counter(_folded(path.with_suffix("")) for path in ordered)
    # Photos that keep their plain name come first, so that extended names of others avoid it.
    ordered.sort(key=lambda path: (path not in kept, counts[_folded(path.with_suffix(""))] > 1))
    taken: set[str] = set()
    stems = {}
    for path in ordered:
        collides = counts[_folded(path.with_suffix(""))] > 1
        for candidate in itertools.chain([kept[path]] if path in kept else [], _candidates(path, collides)):
            names = {_folded(name) for name in (candidate, *_sampled(candidate, samples))}
            if not names & taken and is_free(path, candidate):
                taken |= names
                stems[path] = candidate
                break
    return stems


def output_names(stem: PurePosixPath, samples: int, suffix: str) -> tuple[PurePosixPath, ...]:
    """Paths of a photo's outputs relative to the output folder; ``suffix`` begins with a dot."""
    return tuple(path.with_name(path.name + suffix) for path in _sampled(stem, samples))


def stem_of(outputs: Sequence[str]) -> PurePosixPath | None:
    """The stem from which `output_names` made the outputs; None if there are none."""
    if not outputs:
        return None
    first = PurePosixPath(outputs[0])
    plain = first.with_name(first.stem)
    return plain.with_name(plain.name.removesuffix("_s1")) if len(outputs) > 1 else plain


def suffix_of(format_name: str | None) -> str:
    """The suffix of outputs in a format of `files.Encoding`, with the dot; None means `DEFAULT_FORMAT`."""
    wanted = format_name or DEFAULT_FORMAT
    return next(suffix for suffix, name in SUFFIXES.items() if name == wanted)


def _sampled(stem: PurePosixPath, samples: int) -> tuple[PurePosixPath, ...]:
    if samples == 1:
        return (stem,)
    return tuple(stem.with_name(f"{stem.name}_s{number}") for number in range(1, samples + 1))


def _candidates(path: PurePosixPath, collides: bool) -> Iterator[PurePosixPath]:
    if not collides:
        yield path.with_name(_shortened(path.stem))
    extended = f"{path.stem}_{path.suffix.lstrip('.')}"
    yield path.with_name(_shortened(extended))
    number = 2
    while True:
        yield path.with_name(_shortened(f"{extended}-{number}"))
        number += 1


def _shortened(stem: str) -> str:
    if len(stem.encode("utf-8", "surrogateescape")) <= MAX_STEM_BYTES:
        return stem
    encoded = stem.encode("utf-8", "surrogateescape")
    tail = "~" + hashlib.sha256(encoded).hexdigest()[:8]
    return encoded[: MAX_STEM_BYTES - len(tail)].decode("utf-8", "ignore") + tail


def folded(name: str) -> str:
    """A path normalized as by file systems that ignore case and the composition of characters."""
    text = unicodedata.normalize("NFC", name).casefold()
    return text.encode("utf-8", "backslashreplace").decode()  # names that are not valid UTF-8 can be stored


def _folded(path: PurePosixPath) -> str:
    return folded(path.as_posix())
