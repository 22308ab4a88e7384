"""Writer: an image layer as TIFF, JPEG, PNG or DNG, with the metadata of its photo."""

from __future__ import annotations

from pathlib import Path
from typing import Any

__all__ = ["write_image"]


def write_image(path: str, data: Any, attributes: dict[str, Any]) -> list[str]:
    """Write one image layer; the path's extension determines the format.

    Args:
        path: ends in ``.tif``, ``.tiff``, ``.jpg``, ``.jpeg``, ``.png`` or ``.dng``.
        data: the layer's pixels.
        attributes: the layer's attributes, including ``metadata``.

    Raises:
        WriteError: the file cannot be written.
        ImageInputError: the layer cannot be used as a photo.
    """
    from napari.utils.notifications import show_warning

    from .saving import save_data

    metadata = attributes.get("metadata") or {}
    if attributes.get("multiscale"):
        data = data[0]
    written, notes = save_data(Path(path), data, metadata)
    if notes:
        show_warning(f"{written.name}: {' '.join(notes)}")
    return [str(written)]
