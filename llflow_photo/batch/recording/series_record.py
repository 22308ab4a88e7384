"""The decision about one series, as stored in the manifest."""

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
    """The decision about one series, stored so that a resumed or extended series keeps its look.

    Attributes:
        key: of the reference, or the `rejection_key` of a rejected series.
        mode: how the series was found, as in `series.SeriesRules`.
        basis: what the decision depends on, as `series.SeriesRules.basis`; in the manifest, the column
            ``development``.
        members: identity of each of its photos by source, as in `series.Frame`.
        reference: what its frames share; None for a rejected series, whose photos show different scenes.
    """

    key: str
    mode: str
    basis: str
    members: Mapping[str, str]
    reference: SeriesReference | None

    def to_row(self) -> tuple[str, str, str, str, str]:
        """Values of a row of the manifest table."""
        reference = None if self.reference is None else self.reference.to_json()
        members = json.dumps(dict(self.members))
        return self.key, self.mode, self.basis, members, json.dumps(reference)

    @classmethod
    def from_row(cls, key: str, mode: str, basis: str, members: str, reference: str) -> Self:
        """The inverse of `to_row`."""
        stored = json.loads(reference)
        shared = None if stored is None else SeriesReference.from_json(stored)
        return cls(key, mode, basis, json.loads(members), shared)


def rejection_key(members: Mapping[str, str]) -> str:
    """The key of a rejected series."""
    text = json.dumps(sorted(members.items()))
    return "none-" + hashlib.sha256(text.encode()).hexdigest()[:16]
