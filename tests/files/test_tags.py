"""Numbers of TIFF, EXIF and DNG fields have their names in one place, and the right ones."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import ExifTags

import llflow_photo
from llflow_photo.files.tiff.directory import LONG, Entry, exif_block
from llflow_photo.files.tiff.parse import numbers_of, parse_tiff
from llflow_photo.files.tiff.tags import GPSTag, Tag

_READERS = {"first_number", "numbers_of", "one_number", "packet_of", "text_of"}
_PACKAGE = Path(llflow_photo.__file__).parent
# Exif has a field of this name, too, of another number; this one is that of TIFF/EP and DNG.
_OF_TIFF_EP = {"CFAPattern"}


@pytest.mark.parametrize("tags", [Tag, GPSTag])
def test_numbers_are_those_that_pillow_knows(tags: type[Tag] | type[GPSTag]) -> None:
    known = {tag.name: int(tag) for tag in (ExifTags.Base if tags is Tag else ExifTags.GPS)}
    shared = [tag for tag in tags if tag.name in known and tag.name not in _OF_TIFF_EP]
    assert len(shared) > 0.8 * len(tags)
    assert {tag.name: int(tag) for tag in shared} == {tag.name: known[tag.name] for tag in shared}


def test_fields_without_a_name_are_kept() -> None:
    unknown = 60001
    assert unknown not in set(Tag)
    directory = parse_tiff(
        exif_block({Tag.ImageWidth: Entry.numbers(LONG, 3), unknown: Entry.numbers(LONG, 7)})
    )[0]
    assert numbers_of(directory, unknown) == (7,)
    assert numbers_of(directory, Tag.ImageWidth) == (3,)


@pytest.mark.parametrize("folder", ["files", "camera"])
def test_no_field_is_named_by_a_bare_number(folder: str) -> None:
    bare = [
        f"{path.relative_to(_PACKAGE)}:{line}"
        for path in sorted((_PACKAGE / folder).rglob("*.py"))
        if path.name != "tags.py"
        for line in _bare_fields(ast.parse(path.read_text("utf-8")))
    ]
    assert bare == []


def _bare_fields(tree: ast.AST) -> Iterator[int]:
    """Lines that read, write or look up a field of a directory by a number."""
    for node in ast.walk(tree):
        places: list[ast.expr | None] = []
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _READERS:
            places = list(node.args[1:2])
        elif isinstance(node, ast.Dict):
            places = [key for key, value in zip(node.keys, node.values, strict=True) if _is_entry(value)]
        elif isinstance(node, ast.Assign) and _is_entry(node.value):
            places = [target.slice for target in node.targets if isinstance(target, ast.Subscript)]
        elif isinstance(node, ast.Constant) and type(node.value) is int and node.value > 30000:
            places = [node] if node.value in set(Tag) else []
        yield from (place.lineno for place in places if isinstance(place, ast.Constant))


def _is_entry(node: ast.expr) -> bool:
    """Whether an expression makes an `Entry`."""
    function = node.func if isinstance(node, ast.Call) else None
    return "Entry" in (
        getattr(function, "id", ""),
        getattr(getattr(function, "value", None), "id", ""),
    )
