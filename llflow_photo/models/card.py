"""Model cards: a model's size, training data, scores and licence."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from ..errors import CheckpointError

__all__ = ["Card", "checksum"]


@dataclass(frozen=True)
class Card:
    """Description of a weights file, stored as ``NAME.json`` beside ``NAME.safetensors``.

    Attributes:
        name: the model's name, the stem of the weights file.
        size: the network's hyperparameters, `llflow_photo.flow.Size` as a dictionary.
        data: the training data.
        recipe: the settings of the training.
        iterations: number of training steps.
        validation: means over held-out photos: ``psnr`` and ``psnr_aligned`` (dB, as is and
            brightness-aligned, see `evaluation.metrics.align_brightness`), ``ssim_gray``,
            ``ssim_gray_aligned``, ``nll`` (bits per pixel).
        inputs: ranges of the training inputs, ``{"exposure_ev": [low, high], "channel_ratio": [low, high]}``:
            1st and 99th percentile, see `training.input_ranges.input_ranges`; those that are not known are
            missing.
        licence: licence of the weights.
        reproduce: the command that reproduces the validation scores.
        sha256: checksum of the weights file; empty if not known.
        notes: other information for users, such as strengths and limits.
        path: the weights file (not part of the JSON).
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

    @property
    def lowest_channel_ratio(self) -> float | None:
        """The low end of ``inputs["channel_ratio"]``; None if it is not known or not between 0 and 1."""
        lowest = min(self.inputs.get("channel_ratio", ()), default=0.0)
        return float(lowest) if 0.0 < lowest < 1.0 else None

    def write(self) -> Path:
        """Write the card beside its weights, atomically, and return its path.

        Raises:
            WriteError: the folder is not writable, or full.
        """
        from ..files.atomic import atomic_file

        values = {item.name: getattr(self, item.name) for item in fields(self) if item.name != "path"}
        target = self.path.with_suffix(".json")
        with atomic_file(target) as file:
            file.write((json.dumps(values, indent=2, ensure_ascii=False) + "\n").encode("utf-8"))
        return target

    @classmethod
    def read(cls, path: Path) -> Card:
        """Read the card ``path`` (``NAME.json``) of the weights ``NAME.safetensors`` beside it.

        Entries that are null count as missing.

        Raises:
            CheckpointError: the file is not a valid card.
        """
        known = [item.name for item in fields(cls) if item.name not in ("name", "path")]
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
            if not isinstance(values, dict):
                raise TypeError(f"it is a JSON {type(values).__name__}, not an object")
            picked = {name: values[name] for name in known if values.get(name) is not None}
            for name, value in picked.items():
                _check_entry(name, value)
            return cls(name=path.stem, path=path.with_suffix(".safetensors"), **picked)
        except (OSError, ValueError, TypeError) as error:
            raise CheckpointError(
                f"{path} is not a readable model card: {error}; correct it, or remove it"
            ) from error


def _check_entry(name: str, value: Any) -> None:
    """Raise `TypeError` if the value of an entry is not of the type that `Card` documents."""
    wanted, valid = {
        "size": ("an object", isinstance(value, dict)),
        "recipe": ("an object", isinstance(value, dict)),
        "iterations": ("an integer", isinstance(value, int)),
        "validation": ("an object of numbers", isinstance(value, dict) and _numbers(value.values())),
        "inputs": (
            "an object of ranges",
            isinstance(value, dict)
            and all(isinstance(item, list) and _numbers(item) for item in value.values()),
        ),
    }.get(name, ("a text", isinstance(value, str)))
    if not valid:
        raise TypeError(f"{name} is {json.dumps(value)}, not {wanted}")


def _numbers(values: Iterable[Any]) -> bool:
    return all(isinstance(value, (int, float)) for value in values)


def checksum(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
