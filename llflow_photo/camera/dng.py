"""Writing simulated frames as mosaic DNG files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..files.dng.write import write_cfa_dng
from .raw import RawFrame

__all__ = ["write_frame_dng"]


def write_frame_dng(path: str | Path, frame: RawFrame, **fields: Any) -> None:
    """Write a frame as a RAW file that LibRaw and RAW editors open.

    Args:
        path: path of the file; it is written atomically.
        frame: mosaic, levels and color of the camera.
        **fields: further arguments of `write_cfa_dng`: ``exif``, ``orientation``, ``camera_model``,
            ``compression``, ``baseline_exposure``.

    Raises:
        OptionError: an unknown compression or EXIF field.
        WriteError: the file cannot be written.
    """
    write_cfa_dng(
        path,
        frame.mosaic,
        frame.pattern,
        black_level=frame.black_level,
        white_level=frame.white_level,
        color_matrix=frame.color_matrix,
        as_shot_neutral=frame.neutral,
        **fields,
    )
