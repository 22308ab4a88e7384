"""What identifies a result: the photo's content, the settings, the model; and the seed that follows."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

__all__ = ["photo_seed", "settings_hash"]


def photo_seed(content: str, seed: int) -> int:
    """The seed of one photo, 0 to 2^32 - 1, from its content hash and the user's seed.

    It does not depend on names or order, so a photo renders the same wherever and whenever its turn comes.
    """
    return int.from_bytes(hashlib.sha256(f"{content}:{seed}".encode()).digest()[:4], "big")


def settings_hash(settings: Mapping[str, Any]) -> str:
    """SHA-256 of settings, whatever the order of their keys, hexadecimal."""
    text = json.dumps(settings, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()
