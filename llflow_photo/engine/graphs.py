"""CUDA graphs: the kernels for one tile shape are recorded once and launched together."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

__all__ = ["Graphs"]

_Network = Callable[[Tensor, Any, Tensor, Tensor | None, bool], Tensor]
_Key = tuple[tuple[int, ...], bool, bool]
_log = logging.getLogger(__name__)


class Graphs:
    """Runs a network on a CUDA device, with a graph from the second call for a shape on.

    Graphs contain data of the whole photo, so they are recorded anew for each photo.

    Args:
        network: maps images N x 3 x H x W, data of the whole photo, windows N x 4, offsets
            N x 192 x H/8 x W/8 or None, all on the device, and a flag to N x 3 x H x W.
    """

    def __init__(self, network: _Network) -> None:
        self._network = network
        self._photo: Any = None
        self._seen: set[_Key] = set()
        self._recorded: dict[_Key, _Recorded] = {}
        self._usable = True

    def __call__(
        self, images: Tensor, photo: Any, windows: Tensor, offsets: Tensor | None, far: bool
    ) -> Tensor:
        """Run the network; its output is overwritten by the next call."""
        if photo is not self._photo:
            self.clear()
            self._photo = photo
        key = (tuple(images.shape), offsets is not None, far)
        if key not in self._recorded and key in self._seen and self._usable:
            self._record(key, images, windows, offsets, far)
        self._seen.add(key)
        if key not in self._recorded:
            return self._network(images, photo, windows, offsets, far)
        return self._recorded[key](images, windows, offsets)

    def clear(self) -> None:
        """Delete all graphs and release their memory."""
        self._photo = None
        self._recorded.clear()
        self._seen.clear()

    def _record(self, key: _Key, images: Tensor, windows: Tensor, offsets: Tensor | None, far: bool) -> None:
        photo = self._photo

        def network(images: Tensor, windows: Tensor, offsets: Tensor | None) -> Tensor:
            return self._network(images, photo, windows, offsets, far)

        try:
            self._recorded[key] = _Recorded(network, images, windows, offsets)
        except torch.OutOfMemoryError:
            raise
        except RuntimeError as error:
            self._usable = False
            _log.warning("CUDA graphs are disabled because recording one failed: %s", error)


class _Recorded:
    """A graph with the buffers that it reads and writes."""

    def __init__(
        self,
        network: Callable[[Tensor, Tensor, Tensor | None], Tensor],
        images: Tensor,
        windows: Tensor,
        offsets: Tensor | None,
    ) -> None:
        self._inputs = [tensor.clone() for tensor in (images, windows, offsets) if tensor is not None]

        def run() -> Tensor:
            noise = self._inputs[2] if offsets is not None else None
            return network(self._inputs[0], self._inputs[1], noise)

        side = torch.cuda.Stream(images.device)  # type: ignore[no-untyped-call]
        side.wait_stream(torch.cuda.current_stream(images.device))
        with torch.cuda.stream(side):
            run()
        torch.cuda.current_stream(images.device).wait_stream(side)
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._graph):
            self._output = run()

    def __call__(self, *tensors: Tensor | None) -> Tensor:
        values = [tensor for tensor in tensors if tensor is not None]
        for buffer, value in zip(self._inputs, values, strict=True):
            buffer.copy_(value, non_blocking=True)
        self._graph.replay()
        return self._output
