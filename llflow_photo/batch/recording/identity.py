"""What identifies a result: content of the photo, settings, model; and the seed of a photo."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

__all__ = ["photo_seed", "settings_hash"]


def photo_seed(content: str, seed: int) -> int:
    """The seed of a photo, from 0 to 2^32 - 1, computed from its content hash and the seed of the user.

    It does not depend on names or order, so that a photo always renders the same.
    """
    return int.from_bytes(hashlib.sha256(f"{content}:{seed}".encode()).digest()[:4], "big")


def settings_hash(settings: Mapping[str, Any]) -> str:
    """SHA-256 of settings as a hexadecimal string; does not depend on the order of the keys."""
    text = json.dumps(settings, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()
