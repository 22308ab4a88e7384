"""A model's card: what it is, what it was trained on, how good it is, and whose it may be used for."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from ..errors import CheckpointError

__all__ = ["Card", "checksum"]


@dataclass(frozen=True)
class Card:
    """What is known about a file of weights; kept as ``NAME.json`` beside ``NAME.safetensors``.

    Attributes:
        name: what users ask for: the stem of the weights' file.
        size: the network's hyperparameters, `llflow_photo.flow.Size` as a dictionary.
        data: what it was trained on.
        recipe: how it was trained, as plain settings.
        iterations: training steps behind these weights.
        validation: means over held-out photos: ``psnr`` and ``psnr_aligned`` (dB, as is and with the output's
            mean brightness aligned to the reference's), ``ssim_gray``, ``ssim_gray_aligned``, ``nll``
            (bits per pixel).
        inputs: what the training inputs were like, ``{"exposure_ev": [low, high]}``: 1st and 99th percentile,
            see `training.input_ranges.input_ranges`; empty where it is not known.
        licence: what the weights may be used for.
        reproduce: the command that gives the validation numbers.
        sha256: of the weights' file; empty where it is not known.
        notes: what else a user should know: strengths, limits.
        path: the weights' file (not part of the JSON).
    """

    name: str
    size: Mapping[str, Any]
    data: str = ""
    recipe: Mapping[str, Any] = field(default_factory=dict)
    iterations: int = 0
    validation: Mapping[str, float] = field(default_factory=dict)
    inputs: Mapping[str, Sequence[float]] = field(default_factory=dict)
    licence: str = ""
    reproduce: str = ""
    sha256: str = ""
    notes: str = ""
    path: Path = Path()

    def write(self) -> Path:
        """Write the card beside its weights; returns its path."""
        values = {item.name: getattr(self, item.name) for item in fields(self) if item.name != "path"}
        target = self.path.with_suffix(".json")
        target.write_text(json.dumps(values, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        return target

    @classmethod
    def read(cls, path: Path) -> Card:
        """Read the card ``path`` (``NAME.json``) of the weights ``NAME.safetensors`` beside it.

        Raises:
            CheckpointError: it is no JSON of a card.
        """
        known = [item.name for item in fields(cls) if item.name != "path"]
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
            picked = {name: values[name] for name in known if name in values}
            return cls(**{**picked, "name": path.stem}, path=path.with_suffix(".safetensors"))
        except (OSError, ValueError, TypeError) as error:
            raise CheckpointError(f"{path} is no readable model card: {error}") from error


def checksum(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
