"""Networks without weights, whose tensors have only shapes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from .llflow import LLFlow
from .sizes import Size

__all__ = ["empty_network"]


def empty_network(size: Size) -> LLFlow:
    """A network on torch's meta device: its tensors have shapes, but neither values nor memory."""
    with torch.device("meta"), _NoValues():
        return LLFlow(size)


class _NoValues(TorchFunctionMode):
    """Skips what computes initial values.

    There are none on the meta device, but for random ones torch imports its compiler: 900 modules, which take
    seconds, and as many objects again for every garbage collection.
    """

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        if func in (Tensor.normal_, Tensor.uniform_):
            return args[0]
        if getattr(func, "__module__", None) == "torch.nn.init":
            return args[0] if args else kwargs["tensor"]
        if func in (torch.eye, torch.randn):
            return torch.empty(*args)
        if func is torch.linalg.qr:
            return args[0], args[0]
        return func(*args, **(kwargs or {}))
