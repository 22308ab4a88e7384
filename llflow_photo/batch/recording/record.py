"""The record of one photo of a batch."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal, Self

__all__ = ["PhotoRecord", "PhotoStats", "Status"]

Status = Literal["planned", "done", "skipped", "left", "copied", "failed", "cancelled"]
"""``left``: well exposed, not copied; ``copied``: well exposed, copied; ``skipped``: no task was needed."""


@dataclass(frozen=True)
class PhotoStats:
    """Statistics of a photo, and a thumbnail.

    Attributes:
        exposure_ev: mean log2 of luminance relative to 18 % gray; 0 is well exposed, -5 is typical at night.
        clipped: fraction of pixels with a channel at white or above.
        histogram: of sRGB-encoded luminance in 64 equal bins over [0, 1], normalized to a sum of 1.
        thumbnail: a small sRGB JPEG.
    """

    exposure_ev: float
    clipped: float
    histogram: tuple[float, ...]
    thumbnail: bytes = b""

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "thumbnail": base64.b64encode(self.thumbnail).decode()}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        thumbnail = base64.b64decode(values["thumbnail"])
        return cls(values["exposure_ev"], values["clipped"], tuple(values["histogram"]), thumbnail)


@dataclass(frozen=True)
class PhotoRecord:
    """The entry of one photo in the report and the manifest.

    Attributes:
        source: path relative to the input, with slashes.
        status: see `Status`.
        reason: why it was skipped or failed, a sentence.
        error: class of the error; empty if there is none.
        lasting: whether the photo itself caused the failure, so that trying again does not help.
        stops: whether the failure ends the batch (the disk is full or was removed).
        outputs: paths relative to the output folder.
        size: of the source in bytes.
        mtime_ns: modification time of the source in nanoseconds.
        content: SHA-256 of the source.
        sidecars: names, sizes and modification times of its sidecars.
        sidecar_content: SHA-256 of the sidecars; empty if there are none.
        settings: hash of the settings with which it was rendered.
        model: SHA-256 of the weights with which it was rendered.
        series: key of the `SeriesReference` with which it was rendered; empty without a series.
        seed: of the rendering, computed from the content and the seed of the user.
        megapixels: of the photo.
        seconds: spent in ``read``, ``network`` and ``write``.
        output_bytes: sizes of the outputs.
        warnings: for the user, one sentence each.
        notes: of reading and writing, one sentence each.
        before: statistics of the photo.
        after: statistics of the renderings.
    """

    source: str
    status: Status
    reason: str = ""
    error: str = ""
    lasting: bool = False
    stops: bool = False
    outputs: tuple[str, ...] = ()
    size: int = 0
    mtime_ns: int = 0
    content: str = ""
    sidecars: str = ""
    sidecar_content: str = ""
    settings: str = ""
    model: str = ""
    series: str = ""
    seed: int | None = None
    megapixels: float = 0.0
    seconds: Mapping[str, float] = field(default_factory=dict)
    output_bytes: tuple[int, ...] = ()
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    before: PhotoStats | None = None
    after: tuple[PhotoStats, ...] = ()

    def to_json(self, stats: bool = True) -> dict[str, Any]:
        """Plain values; without ``stats``, small enough for a log."""
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        values["before"] = self.before.to_json() if self.before and stats else None
        values["after"] = [each.to_json() for each in self.after] if stats else []
        return values

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        known = {item.name for item in fields(cls)}
        given = {name: value for name, value in values.items() if name in known}
        for name in ("outputs", "output_bytes", "warnings", "notes"):
            given[name] = tuple(given.get(name) or ())
        given["before"] = PhotoStats.from_json(given["before"]) if given.get("before") else None
        given["after"] = tuple(PhotoStats.from_json(each) for each in given.get("after") or ())
        return cls(**given)
