"""Compiled forms of the network's parts, for faster training steps."""

from __future__ import annotations

from typing import Any

import torch

from ..errors import OptionError
from ..flow import LLFlow

__all__ = ["compile_parts"]


def compile_parts(model: LLFlow, backend: str = "inductor") -> None:
    """Compile a model's encoder and flow with `torch.compile`, in place; the weights stay where they are.

    The compilation takes minutes and is done at the first step of every stage. Call it after the ActNorms are
    initialized. Copies of the model (with `LLFlow` and a state dictionary) are not compiled.

    Args:
        backend: of `torch.compile`.

    Raises:
        OptionError: this system cannot compile, as when it has no C++ compiler.
    """
    try:  # a small function first: the parts are only compiled when they are called
        torch.compile(torch.add, backend=backend)(torch.zeros(2), torch.zeros(2))
    except Exception as error:  # many kinds, of torch's and of the compilers it calls
        first_line = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise OptionError(f"torch.compile does not work here: {first_line}") from error
    flow: Any = model.flow
    encoder: Any = model.encoder
    encoder.forward = torch.compile(encoder.forward, dynamic=False, backend=backend)
    for name in ("condition", "forward", "inverse"):
        setattr(flow, name, torch.compile(getattr(flow, name), dynamic=False, backend=backend))
