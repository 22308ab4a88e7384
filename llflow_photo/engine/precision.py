"""Whether half precision can be used: if it is fast on the device and close to float32."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ..errors import OptionError
from ..flow import LLFlow, PhotoStatistics
from .calibration import calibration_image
from .guard import Bounds
from .inference import FoldedFlow, Precision
from .processor import has_fast_bfloat16

__all__ = ["BACKENDS", "TOLERANCE", "chosen_precision", "largest_difference"]

BACKENDS = ("auto", "float32", "mixed", "half")
"""``mixed`` runs the inner part of the encoder in half precision, ``half`` all networks except the flow."""
TOLERANCE = 0.7 / 255
"""Largest difference on the calibration image for which reduced precision is accepted."""
_TEMPERATURES = (0.0, 0.8)


def chosen_precision(
    flow: LLFlow, device: torch.device, backend: str, bounds: list[list[Bounds]] | None = None
) -> Precision:
    """Select the data types to run a network in.

    ``auto`` selects the fastest precision whose rendering of the calibration image is within `TOLERANCE` of
    float32. Candidates are float16 on a GPU and bfloat16 on a processor with fast bfloat16 multiplication;
    otherwise float32 is used.

    Args:
        flow: the network.
        device: the device to run on.
        backend: one of `BACKENDS`.
        bounds: see `FoldedFlow`.
    """
    if backend not in BACKENDS:
        raise OptionError(f"backend is {backend!r}; give one of {', '.join(BACKENDS)}")
    on_cpu = device.type == "cpu"
    half = torch.bfloat16 if on_cpu else torch.float16
    known = {
        "float32": Precision(),
        "mixed": Precision(blocks=half),
        "half": Precision(blocks=half, networks=half),
    }
    if backend != "auto":
        return known[backend]
    if on_cpu and not has_fast_bfloat16():
        return known["float32"]
    measured = _Calibration(flow, device, bounds)
    for name in ("half", "mixed"):
        if measured.largest_difference(known[name]) <= TOLERANCE:
            return known[name]
    return known["float32"]


def largest_difference(
    flow: LLFlow, device: torch.device, precision: Precision, bounds: list[list[Bounds]] | None = None
) -> float:
    """Largest difference of the calibration image's renderings to float32, at temperatures 0 and 0.8.

    The noise is that of the flow's prior; white noise is stronger than any rendering's.
    """
    return _Calibration(flow, device, bounds).largest_difference(precision)


class _Calibration:
    """Renderings of the calibration image in float32, with which others are compared."""

    def __init__(self, flow: LLFlow, device: torch.device, bounds: list[list[Bounds]] | None) -> None:
        self._flow, self._device, self._bounds = flow, device, bounds
        image, offset = calibration_image()
        if flow.prior is not None:
            offset = flow.prior.scaled_noise(offset.flatten(2).to(flow.prior.detail)).view(offset.shape)
        self._image, self._offset = image.to(device), offset.to(image).to(device)
        self._statistics = PhotoStatistics.of(image[0].permute(1, 2, 0).cpu().numpy(), flow.size)
        self._full = self._renderings(Precision())

    def largest_difference(self, precision: Precision) -> float:
        """Largest difference to float32; infinite if a value is not finite."""
        pairs = zip(self._full, self._renderings(precision), strict=True)
        differences = [float((full - reduced).abs().max()) for full, reduced in pairs]
        return max(differences) if all(map(math.isfinite, differences)) else math.inf

    @torch.inference_mode()
    def _renderings(self, precision: Precision) -> list[Tensor]:
        network = FoldedFlow(self._flow, self._device, precision, self._bounds)
        photo = network.photo(self._statistics)
        whole = self._image.new_tensor([[0.0, 0.0, 1.0, 1.0]])
        offsets = (temperature * self._offset for temperature in _TEMPERATURES)
        return [network(self._image, photo, whole, offset).clamp(0, 1) for offset in offsets]
