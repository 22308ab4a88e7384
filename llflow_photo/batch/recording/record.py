"""What is known about one photo of a batch."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal, Self

__all__ = ["PhotoRecord", "PhotoStats", "Status"]

Status = Literal["planned", "done", "skipped", "left", "copied", "failed", "cancelled"]
"""``left``: well exposed, left alone; ``copied``: well exposed, copied; ``skipped``: nothing was to do."""


@dataclass(frozen=True)
class PhotoStats:
    """How a photo looks, small.

    Attributes:
        exposure_ev: mean log2 of luminance relative to 18 % gray; 0 is well exposed, -5 a night.
        clipped: share of pixels with a channel at white or above.
        histogram: counts of sRGB-encoded luminance in 64 equal bins over [0, 1], scaled to a sum of 1.
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
    """One photo's line in the report and the manifest.

    Attributes:
        source: path relative to the input, with slashes.
        status: see `Status`.
        reason: why it was skipped or failed, a sentence.
        error: class of the error; empty without one.
        lasting: the failure lies in the photo itself, so that trying again the same way is of no use.
        stops: the failure ends the batch (the disk is full or gone).
        outputs: paths relative to the output folder.
        size: of the source, bytes.
        mtime_ns: modification time of the source, nanoseconds.
        content: SHA-256 of the source.
        sidecars: names, sizes and times of its sidecars.
        sidecar_content: SHA-256 of their bytes; empty without any.
        settings: hash of the settings it was rendered with.
        model: SHA-256 of the weights it was rendered with.
        series: key of the series it was rendered as a frame of, as of `SeriesReference`; empty of others.
        seed: of the rendering, derived from content and the user's seed.
        megapixels: of the photo.
        seconds: spent in ``read``, ``network`` and ``write``.
        output_bytes: sizes of the outputs.
        warnings: what a person should look at.
        notes: what reading and writing had to say.
        before: the photo as it came in.
        after: the renderings.
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

    def to_json(self, looks: bool = True) -> dict[str, Any]:
        """Plain values; without ``looks`` small enough for a log."""
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        values["before"] = self.before.to_json() if self.before and looks else None
        values["after"] = [look.to_json() for look in self.after] if looks else []
        return values

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        known = {item.name for item in fields(cls)}
        given = {name: value for name, value in values.items() if name in known}
        for name in ("outputs", "output_bytes", "warnings", "notes"):
            given[name] = tuple(given.get(name) or ())
        given["before"] = PhotoStats.from_json(given["before"]) if given.get("before") else None
        given["after"] = tuple(PhotoStats.from_json(look) for look in given.get("after") or ())
        return cls(**given)
