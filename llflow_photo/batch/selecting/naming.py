"""Where each photo's output goes: folders mirrored, names that would collide told apart.

The rule. ``night/A.NEF`` becomes ``night/A.jpg``. Photos of one folder whose names differ only in their
extension (or in upper and lower case, which many file systems do not tell apart) all get the extension into
their name: ``A.NEF`` and ``A.TIF`` become ``A_NEF.jpg`` and ``A_TIF.jpg``. What still collides is counted in
the order of the paths: ``A_TIF-2.jpg``. Several samples of a photo are ``A_s1.jpg``, ``A_s2.jpg`` and so on.
Names too long for a file system are cut and end in ``~`` and eight digits of the whole name's hash.

A photo whose result is in the output folder keeps that name. A name under which there is another file, or
another photo's result, is passed over for the next one of the rule: ``A_TIF.jpg``, ``A_TIF-2.jpg`` and so on.
Otherwise the names depend on the photos selected alone.
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
"""Of outputs whose names do not say it."""

MAX_STEM_BYTES = 200
"""File systems allow 255 for a name; what is written first has a longer, temporary one."""


def assign_stems(
    relatives: Iterable[PurePosixPath],
    samples: int = 1,
    kept: Mapping[PurePosixPath, PurePosixPath] | None = None,
    is_free: Callable[[PurePosixPath, PurePosixPath], bool] = lambda path, stem: True,
) -> dict[PurePosixPath, PurePosixPath]:
    """Folder and stem of each photo's outputs, no two the same even where case does not matter.

    Args:
        relatives: the photos' paths, relative to the input.
        samples: renderings of each.
        kept: stems of photos that have results already.
        is_free: whether a photo may have a stem, given what the output folder holds.
    """
    ordered = sorted(set(relatives))
    kept = kept or {}
    crowd = Counter(_folded(path.with_suffix("")) for path in ordered)
    # Photos that keep their plain name come first, so that a neighbor's longer name has to give way.
    ordered.sort(key=lambda path: (path not in kept, crowd[_folded(path.with_suffix(""))] > 1))
    taken: set[str] = set()
    stems = {}
    for path in ordered:
        crowded = crowd[_folded(path.with_suffix(""))] > 1
        for candidate in itertools.chain([kept[path]] if path in kept else [], _candidates(path, crowded)):
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
    """The stem that `output_names` made outputs from; None where there are none."""
    if not outputs:
        return None
    first = PurePosixPath(outputs[0])
    plain = first.with_name(first.stem)
    return plain.with_name(plain.name.removesuffix("_s1")) if len(outputs) > 1 else plain


def suffix_of(format_name: str | None) -> str:
    """The suffix of outputs in a format of `files.Encoding`, with its dot; None is `DEFAULT_FORMAT`."""
    wanted = format_name or DEFAULT_FORMAT
    return next(suffix for suffix, name in SUFFIXES.items() if name == wanted)


def _sampled(stem: PurePosixPath, samples: int) -> tuple[PurePosixPath, ...]:
    if samples == 1:
        return (stem,)
    return tuple(stem.with_name(f"{stem.name}_s{number}") for number in range(1, samples + 1))


def _candidates(path: PurePosixPath, crowded: bool) -> Iterator[PurePosixPath]:
    if not crowded:
        yield path.with_name(_shortened(path.stem))
    told_apart = f"{path.stem}_{path.suffix.lstrip('.')}"
    yield path.with_name(_shortened(told_apart))
    number = 2
    while True:
        yield path.with_name(_shortened(f"{told_apart}-{number}"))
        number += 1


def _shortened(stem: str) -> str:
    if len(stem.encode("utf-8", "surrogateescape")) <= MAX_STEM_BYTES:
        return stem
    encoded = stem.encode("utf-8", "surrogateescape")
    tail = "~" + hashlib.sha256(encoded).hexdigest()[:8]
    return encoded[: MAX_STEM_BYTES - len(tail)].decode("utf-8", "ignore") + tail


def folded(name: str) -> str:
    """A path as file systems see it that tell neither case nor composition of characters apart."""
    text = unicodedata.normalize("NFC", name).casefold()
    return text.encode("utf-8", "backslashreplace").decode()  # names that are no valid UTF-8 can be stored


def _folded(path: PurePosixPath) -> str:
    return folded(path.as_posix())
