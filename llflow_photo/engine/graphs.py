"""CUDA graphs: the kernels of one tile shape recorded once and launched together."""

from __future__ import annotations

import logging
from collections.abc import Callable

import torch
from torch import Tensor

__all__ = ["Graphs"]

_Network = Callable[[Tensor, Tensor, Tensor | None, bool], Tensor]
_Key = tuple[tuple[int, ...], bool, bool]
_log = logging.getLogger(__name__)


class Graphs:
    """Runs a network on a CUDA device, by graph from a shape's second time on.

    Args:
        network: from images N x 3 x H x W, table 3 x 256, offsets N x 192 x H/8 x W/8 or None, all on the
            device, and a flag, to N x 3 x H x W.
    """

    def __init__(self, network: _Network) -> None:
        self._network = network
        self._seen: set[_Key] = set()
        self._recorded: dict[_Key, _Recorded] = {}
        self._usable = True

    def __call__(self, images: Tensor, table: Tensor, offsets: Tensor | None, far: bool) -> Tensor:
        """The network's output; it is overwritten by the next call."""
        key = (tuple(images.shape), offsets is not None, far)
        if key not in self._recorded and key in self._seen and self._usable:
            self._record(key, images, table, offsets, far)
        self._seen.add(key)
        if key not in self._recorded:
            return self._network(images, table, offsets, far)
        return self._recorded[key](images, table, offsets)

    def clear(self) -> None:
        """Forget all graphs and give their memory back."""
        self._recorded.clear()
        self._seen.clear()

    def _record(self, key: _Key, images: Tensor, table: Tensor, offsets: Tensor | None, far: bool) -> None:
        try:
            self._recorded[key] = _Recorded(self._network, images, table, offsets, far)
        except torch.OutOfMemoryError:
            raise
        except RuntimeError as error:
            self._usable = False
            _log.warning("CUDA graphs are not used, recording one failed: %s", error)


class _Recorded:
    """One graph with the buffers it reads and writes."""

    def __init__(
        self, network: _Network, images: Tensor, table: Tensor, offsets: Tensor | None, far: bool
    ) -> None:
        self._inputs = [tensor.clone() for tensor in (images, table, offsets) if tensor is not None]

        def run() -> Tensor:
            noise = self._inputs[2] if offsets is not None else None
            return network(self._inputs[0], self._inputs[1], noise, far)

        side = torch.cuda.Stream(images.device)  # type: ignore[no-untyped-call]
        side.wait_stream(torch.cuda.current_stream(images.device))
        with torch.cuda.stream(side):
            run()
        torch.cuda.current_stream(images.device).wait_stream(side)
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._graph):
            self._output = run()

    def __call__(self, *tensors: Tensor | None) -> Tensor:
        given = [tensor for tensor in tensors if tensor is not None]
        for mine, theirs in zip(self._inputs, given, strict=True):
            mine.copy_(theirs, non_blocking=True)
        self._graph.replay()
        return self._output
