"""Running the inference form of a network on a device, on batches of tiles."""

from __future__ import annotations

import copy
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from functools import cached_property
from typing import Any, NamedTuple

import torch
from torch import Tensor

from ..errors import DeviceError
from ..flow import LLFlow, PhotoStatistics
from .color_balance import ColorBalance
from .gain_path import GainPath, measure_gain_path
from .graphs import Graphs
from .guard import latent_bounds
from .inference import FoldedFlow, TileConditioning
from .offsets import LatentOffsets
from .precision import chosen_precision

__all__ = ["Pending", "Runner", "resolve_device", "using_threads"]


def resolve_device(name: str) -> torch.device:
    """Convert ``auto``, ``cpu``, ``cuda``, ``cuda:1`` or ``mps`` to an available device.

    Raises:
        DeviceError: the device is unknown or not available.
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
        raise DeviceError(f"device {name!r} is not available; give 'cpu' or 'auto'")
    return device


class _ThreadSetting:
    """Torch's number of processor threads, changed temporarily, possibly by several Python threads at once.

    Torch keeps one number for each Python thread, and the latest one set for those started later. While one
    of them uses its own number, another may thus inherit it, so the number to restore is the one from before
    the first of the uses that overlap.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._uses = 0
        self._before = 0
        self._outer = threading.local()

    @contextmanager
    def changed_to(self, threads: int) -> Iterator[None]:
        """Set the number; uses within uses restore that of the outer one."""
        outer: int | None = getattr(self._outer, "threads", None)
        with self._lock:
            before = self._before if self._uses else torch.get_num_threads()
            torch.set_num_threads(threads)
            self._before = before
            self._uses += 1
        self._outer.threads = threads
        try:
            yield
        finally:
            self._outer.threads = outer
            with self._lock:
                self._uses -= 1
                torch.set_num_threads(self._before if outer is None else outer)


_THREAD_SETTING = _ThreadSetting()


def using_threads(threads: int | None) -> AbstractContextManager[None]:
    """Temporarily set the number of torch's processor threads; None keeps the setting."""
    return nullcontext() if threads is None else _THREAD_SETTING.changed_to(threads)


class _FrameData(NamedTuple):
    """Data of a whole photo, for its parts.

    Attributes:
        network: what the network needs, on the device.
        colors: balance of frames in light of one color; None for all others.
    """

    network: Any
    colors: ColorBalance | None


class Runner:
    """Runs tiles through the inference form of a network.

    Frames with colors outside those of the training inputs are balanced, see `color_balance`.

    Args:
        flow: the network; it is not modified.
        device: the device to run on.
        backend: one of `precision.BACKENDS`.

    Attributes:
        device: the device.
        precision: data types of the network's parts.
        batch: number of tiles per call.
    """

    def __init__(self, flow: LLFlow, device: torch.device, backend: str = "auto") -> None:
        self.device = device
        self.batch = 4 if device.type == "cuda" else 1
        bounds = latent_bounds(flow)
        self.precision = chosen_precision(flow, device, backend, bounds)
        self._net = FoldedFlow(flow, device, self.precision, bounds)
        self._flow = flow
        self._graphs = Graphs(self._whole) if device.type == "cuda" else None
        self._lock = threading.Lock()
        self._latest: tuple[PhotoStatistics, Any] | None = None

    @cached_property
    def offsets(self) -> LatentOffsets:
        """Converts latents to offsets from the mean."""
        prior = None if self._flow.prior is None else copy.deepcopy(self._flow.prior).float().cpu()
        return LatentOffsets(prior, lambda: self.gain_path)

    @cached_property
    def gain_path(self) -> GainPath:
        """The model's shifts to brighter and warmer renderings, measured on first use."""
        return measure_gain_path(self._flow)

    @torch.inference_mode()
    def photo(self, statistics: PhotoStatistics) -> Any:
        """Prepare a whole photo's data on the device; the latest photo's are kept for its other parts."""
        latest = self._latest
        if latest is None or latest[0] is not statistics:
            seen, colors = self._balanced(statistics)
            latest = self._latest = statistics, _FrameData(self._net.photo(seen), colors)
        return latest[1]

    @staticmethod
    def plain_night(photo: Any) -> float:
        """How certain it is that a photo, prepared by `photo`, is a plain night, 0 to 1."""
        return float(getattr(photo.network, "plain_night", 0.0))

    def _balanced(self, statistics: PhotoStatistics) -> tuple[PhotoStatistics, ColorBalance | None]:
        """The statistics that the network sees of a photo, and the balance of its colors."""
        light = statistics.thumbnail
        colors = ColorBalance.of(light, self._flow.lowest_channel_ratio, self.device)
        if light is None or colors is None:
            return statistics, None
        return replace(statistics, thumbnail=colors.thumbnail(light)), colors

    @torch.inference_mode()
    def condition(self, images: Tensor, photo: Any, windows: Tensor) -> TileConditioning:
        """Compute the conditioning of N tiles, N x 3 x H x W; it stays on the device.

        Args:
            photo: output of `photo` for the whole photo.
            windows: N x 4, positions of the tiles in the photo.
        """
        sent = self._sent(images)
        conditioning = self._net.condition(_seen(sent, photo.colors), photo.network, self._sent(windows))
        if photo.colors is None:
            return conditioning
        return conditioning._replace(colors=photo.colors, images=sent)

    @torch.inference_mode()
    def render(self, conditioning: TileConditioning, offsets: Tensor | None, far: bool = False) -> Pending:
        """Decode N tiles, or N latents of one tile, with known conditioning."""
        rendered = self._net.render(conditioning, self._on_device(offsets), far=far)
        return Pending(_shown(rendered, conditioning.colors, conditioning.images))

    @torch.inference_mode()
    def forward(
        self, images: Tensor, photo: Any, windows: Tensor, offsets: Tensor | None, far: bool = False
    ) -> Pending:
        """`condition` and `render` without keeping the conditioning."""
        sent, colors = self._sent(images), photo.colors
        inputs = _seen(sent, colors), photo.network, self._sent(windows), self._on_device(offsets), far
        if self._graphs is None:
            return Pending(_shown(self._whole(*inputs), colors, sent))
        with self._lock:  # a graph's input and output are overwritten by its next run
            return Pending(_shown(self._graphs(*inputs), colors, sent))

    @torch.inference_mode()
    def residual(
        self, images: Tensor, statistics: PhotoStatistics, windows: Tensor, pictures: Tensor
    ) -> Tensor:
        """Latents of images of N tiles minus their means, N x 192 x H/8 x W/8, float32, on the CPU.

        Clipped pixels are replaced by the model's rendering if it exceeds the range, too.
        """
        statistics, colors = self._balanced(statistics)
        table, context = None, None
        if statistics.equalization is not None:
            table = torch.from_numpy(statistics.equalization)[None].to(self.device)
        if statistics.thumbnail is not None:
            context = self._trained.context(torch.from_numpy(statistics.thumbnail)[None].to(self.device))
        images = images.to(self.device)
        conditioning = self._trained.encode(
            _seen(images, colors),
            table,
            context=context,
            window=windows.to(self.device),
        )
        rendering, pictures = self._trained.decode(conditioning), pictures.to(self.device)
        shown = _shown(rendering, colors, images)
        beyond = ((pictures >= 1) & (shown > 1)) | ((pictures <= 0) & (shown < 0))
        known = torch.where(beyond, shown, pictures)
        if colors is not None:
            known = colors.balanced_picture(known, rendering, images)
        latent, _ = self._trained.latent_of(known, conditioning)
        return (latent - conditioning.mean).cpu()

    @cached_property
    def _trained(self) -> LLFlow:
        """The trained form; only it maps images to latents."""
        return copy.deepcopy(self._flow).float().to(self.device).eval()

    def release(self) -> None:
        """Release cached memory and process one tile at a time, after memory ran out."""
        self.batch = 1
        if self._graphs is not None:
            with self._lock:
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


def _seen(images: Tensor, colors: ColorBalance | None) -> Tensor:
    """The images as the network sees them."""
    return images if colors is None else colors.balanced(images)


def _shown(rendered: Tensor, colors: ColorBalance | None, images: Tensor | None) -> Tensor:
    """What the network rendered of images, in their colors."""
    return rendered if colors is None or images is None else colors.restored(rendered, images)


class Pending:
    """A batch being rendered; its copy from a GPU overlaps with the computation of the next one."""

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
