"""Texts with keywords in PNG and JPEG, and their equivalents in EXIF."""

from __future__ import annotations

from collections.abc import Sequence

from ..tiff.directory import Directory, Entry, exif_block
from ..tiff.tags import Tag
from .exif import describes_layout, split_block

__all__ = ["Texts", "unplaced_texts", "with_texts"]

Texts = Sequence[tuple[str, str]]

COMMENT = "Comment"
# Keywords of the PNG standard with corresponding EXIF fields.
_FIELDS = {"Description": Tag.ImageDescription, "Author": Tag.Artist, "Copyright": Tag.Copyright}


def with_texts(block: bytes | None, texts: Texts) -> bytes | None:
    """An EXIF block with the texts, in fields that it does not have yet."""
    named = {_FIELDS[keyword]: text for keyword, text in texts if keyword in _FIELDS and text.strip()}
    directory: Directory = dict(split_block(block)) if block else {}
    added = {
        code: Entry.text(text)
        for code, text in named.items()
        if code not in directory and not describes_layout(text)
    }
    return exif_block(directory | added) if added else block


def unplaced_texts(texts: Texts, format_name: str) -> list[str]:
    """Notes on texts that a format other than PNG cannot store."""
    if format_name == "png":
        return []
    known = {*_FIELDS, *([COMMENT] if format_name == "jpeg" else [])}
    lost = sorted({keyword for keyword, _ in texts if keyword not in known})
    if not lost:
        return []
    which = ", ".join(repr(keyword) for keyword in lost)
    return [f"{format_name} cannot store texts named {which}; they were not kept"]
