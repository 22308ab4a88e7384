"""One folded network on one device: batches of tiles in, rendered tiles out."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from ..errors import DeviceError
from ..flow import LLFlow, PhotoStatistics
from .gain_path import GainPath, measure_gain_path
from .graphs import Graphs
from .guard import trust_region
from .inference import FoldedFlow, TileConditioning
from .offsets import LatentOffsets
from .precision import chosen_precision

__all__ = ["Pending", "Runner", "resolve_device", "using_threads"]


def resolve_device(name: str) -> torch.device:
    """``auto``, ``cpu``, ``cuda``, ``cuda:1``, ``mps`` to a device that is there.

    Raises:
        DeviceError: the device is unknown or absent.
    """
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise DeviceError(f"device is {name!r}; give 'auto', 'cpu', 'cuda', 'cuda:N' or 'mps'") from error
    present = {
        "cpu": True,
        "cuda": torch.cuda.is_available() and (device.index or 0) < torch.cuda.device_count(),
        "mps": torch.backends.mps.is_available(),
    }
    if not present.get(device.type, False):
        raise DeviceError(f"there is no device {name!r} here; give 'cpu' or 'auto'")
    return device


@contextmanager
def using_threads(threads: int | None) -> Iterator[None]:
    """Let torch use ``threads`` processor threads for a while; None leaves its setting alone."""
    before = torch.get_num_threads()
    if threads is not None:
        torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class Runner:
    """Runs tiles through the inference form of a network.

    Args:
        flow: the network, left untouched.
        device: where to run.
        backend: one of `precision.BACKENDS`.

    Attributes:
        device: where it runs.
        precision: the types its parts run in.
        batch: tiles to hand over at once.
    """

    def __init__(self, flow: LLFlow, device: torch.device, backend: str = "auto") -> None:
        self.device = device
        self.batch = 4 if device.type == "cuda" else 1
        bounds = trust_region(flow)
        self.precision = chosen_precision(flow, device, backend, bounds)
        self._net = FoldedFlow(flow, device, self.precision, bounds)
        self._flow = flow
        self._graphs = Graphs(self._whole) if device.type == "cuda" else None

    @cached_property
    def offsets(self) -> LatentOffsets:
        """Turns latents into offsets from the mean."""
        prior = None if self._flow.prior is None else copy.deepcopy(self._flow.prior).float().cpu()
        return LatentOffsets(prior, lambda: self.gain_path)

    @cached_property
    def gain_path(self) -> GainPath:
        """The model's way to brighter and warmer renderings, measured when first asked for."""
        return measure_gain_path(self._flow)

    @torch.inference_mode()
    def photo(self, statistics: PhotoStatistics) -> Any:
        """What the network needs of a whole photo, on the device."""
        return self._net.photo(statistics)

    @torch.inference_mode()
    def condition(self, images: Tensor, photo: Any, windows: Tensor) -> TileConditioning:
        """What decoding needs of N tiles, N x 3 x H x W, kept on the device.

        Args:
            photo: of the whole photo, as `photo` gave it.
            windows: N x 4, where in the photo the tiles lie.
        """
        return self._net.condition(self._sent(images), photo, self._sent(windows))

    @torch.inference_mode()
    def render(self, given: TileConditioning, offsets: Tensor | None, far: bool = False) -> Pending:
        """Decode N tiles (or N latents of one tile) of which the condition is known."""
        return Pending(self._net.render(given, self._on_device(offsets), far=far))

    @torch.inference_mode()
    def forward(
        self, images: Tensor, photo: Any, windows: Tensor, offsets: Tensor | None, far: bool = False
    ) -> Pending:
        """`condition` and `render` without keeping anything between them."""
        network = self._graphs or self._whole
        return Pending(network(self._sent(images), photo, self._sent(windows), self._on_device(offsets), far))

    @torch.inference_mode()
    def residual(
        self, images: Tensor, statistics: PhotoStatistics, windows: Tensor, pictures: Tensor
    ) -> Tensor:
        """Latents of pictures of N tiles less their means, N x 192 x H/8 x W/8, float32, on the CPU.

        Where a picture is clipped and the model's rendering goes beyond, the rendering's value is taken.
        """
        table, context = None, None
        if statistics.equalization is not None:
            table = torch.from_numpy(statistics.equalization)[None].to(self.device)
        if statistics.thumbnail is not None:
            context = self._trained.context(torch.from_numpy(statistics.thumbnail)[None].to(self.device))
        given = self._trained.encode(
            images.to(self.device),
            table,
            gain_ev=statistics.gain_ev,
            context=context,
            window=windows.to(self.device),
        )
        rendering, pictures = self._trained.decode(given), pictures.to(self.device)
        beyond = ((pictures >= 1) & (rendering > 1)) | ((pictures <= 0) & (rendering < 0))
        latent, _ = self._trained.latent_of(torch.where(beyond, rendering, pictures), given)
        return (latent - given.mean).cpu()

    @cached_property
    def _trained(self) -> LLFlow:
        """The trained form, which alone goes from image to latent."""
        return copy.deepcopy(self._flow).float().to(self.device).eval()

    def release(self) -> None:
        """After memory ran out: give back what is cached but not used, and take one tile at a time."""
        self.batch = 1
        if self._graphs is not None:
            self._graphs.clear()
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
        elif self.device.type == "mps":
            torch.mps.empty_cache()

    def _whole(
        self, images: Tensor, photo: Any, windows: Tensor, offsets: Tensor | None, far: bool
    ) -> Tensor:
        return self._net(images, photo, windows, offsets, far=far)

    def _on_device(self, offsets: Tensor | None) -> Tensor | None:
        return None if offsets is None else self._sent(offsets)

    def _sent(self, values: Tensor) -> Tensor:
        if self.device.type != "cuda":
            return values.to(self.device)
        return values.pin_memory().to(self.device, non_blocking=True)


class Pending:
    """A tile being rendered; on a GPU its copy to the host runs beside the next tile's work."""

    def __init__(self, rendered: Tensor) -> None:
        self._event: torch.cuda.Event | None = None
        if rendered.device.type == "cuda":
            host = torch.empty(rendered.shape, dtype=rendered.dtype, pin_memory=True)
            self._values = host.copy_(rendered, non_blocking=True)
            self._event = torch.cuda.Event()  # type: ignore[no-untyped-call]
            self._event.record(torch.cuda.current_stream(rendered.device))
        else:
            self._values = rendered

    def result(self) -> Tensor:
        """N x 3 x H x W, float32, on the CPU."""
        if self._event is not None:
            self._event.synchronize()
        return self._values.cpu()
