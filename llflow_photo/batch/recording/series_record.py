"""The decision about one series, as the manifest keeps it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from ...series import SeriesReference

__all__ = ["SeriesRecord", "rejection_key"]


@dataclass(frozen=True)
class SeriesRecord:
    """A decision about some photos, kept so that a resumed or extended series keeps its look.

    Attributes:
        key: of the reference; of a rejected series `rejection_key`.
        mode: how it was found, as of `series.SeriesRules`.
        development: identifies how its photos were developed.
        members: identity of each of its photos by source, as of `series.Frame`.
        reference: what they share; None where they looked like a series and show different scenes.
    """

    key: str
    mode: str
    development: str
    members: Mapping[str, str]
    reference: SeriesReference | None

    def to_row(self) -> tuple[str, str, str, str, str]:
        """Values of a row of the manifest's table."""
        reference = None if self.reference is None else self.reference.to_json()
        members = json.dumps(dict(self.members))
        return self.key, self.mode, self.development, members, json.dumps(reference)

    @classmethod
    def from_row(cls, key: str, mode: str, development: str, members: str, reference: str) -> Self:
        """From what `to_row` gave."""
        stored = json.loads(reference)
        shared = None if stored is None else SeriesReference.from_json(stored)
        return cls(key, mode, development, json.loads(members), shared)


def rejection_key(members: Mapping[str, str]) -> str:
    """A key for photos that share nothing."""
    text = json.dumps(sorted(members.items()))
    return "none-" + hashlib.sha256(text.encode()).hexdigest()[:16]
