"""Glob patterns for paths relative to a folder, with the same rules on every system."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from pathlib import PurePosixPath

__all__ = ["matches_any"]


def matches_any(relative: PurePosixPath, patterns: Iterable[str]) -> bool:
    """Whether a photo, or a folder that contains it, matches one of the patterns; case-insensitive.

    ``*`` and ``?`` match within one name, ``**`` matches across folders, ``[a-c]`` and ``[!a-c]`` are sets.
    Sets are those of `fnmatch`: a range in the wrong order is empty, a bracket that is not closed is itself,
    and ``[[]`` matches a bracket. A pattern without a slash is compared with each part of the path, a pattern
    with a slash with the path from the top: ``*.nef``, ``rejected`` (a folder anywhere), ``2024/**/night*``,
    ``2024/`` (only at the top).
    """
    here = _plain(relative.as_posix())
    parts = here.split("/")
    for pattern in map(_plain, patterns):
        if "/" not in pattern:
            if any(_compiled(pattern).fullmatch(part) for part in parts):
                return True
            continue
        expression = _compiled(pattern.strip("/").removeprefix("./"))
        if any(expression.fullmatch("/".join(parts[:end])) for end in range(1, len(parts) + 1)):
            return True
    return False


def _plain(text: str) -> str:
    """The same string for names that look the same."""
    return unicodedata.normalize("NFC", text.replace("\\", "/")).casefold()


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    expression, rest = "", pattern
    while rest:
        token = re.match(r"\*\*/|\*\*|\*|\?|\[!?+[^/][^\]/]*\]|.", rest, re.DOTALL)
        if token is None:  # cannot happen: the last alternative matches any character
            break
        expression += _translated(token.group())
        rest = rest[token.end() :]
    return re.compile(expression, re.DOTALL)


def _translated(token: str) -> str:
    fixed = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    if token in fixed:
        return fixed[token]
    return _translated_set(token[1:-1]) if len(token) > 1 else re.escape(token)


def _translated_set(inside: str) -> str:
    # A range such as .-0 contains the slash, which no set matches.
    negated, members = inside.startswith("!"), ""
    for first, last, single in re.findall(r"(.)-(.)|(.)", inside.removeprefix("!"), re.DOTALL):
        if single:
            members += re.escape(single)
        elif first <= last:
            members += f"{re.escape(first)}-{re.escape(last)}"
    if negated:
        return f"[^/{members}]"
    return f"(?!/)[{members}]" if members else "(?!)"
