"""Free memory, and the tile that fits into it."""

from __future__ import annotations

import torch

from ..machine import memory

__all__ = ["free_bytes", "is_out_of_memory", "largest_tile"]


def free_bytes(device: torch.device) -> int:
    """Memory that can be allocated on a device without swapping, bytes."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    if device.type == "mps":
        return int(torch.mps.recommended_max_memory() - torch.mps.driver_allocated_memory())
    return memory().available


def largest_tile(free: int, bytes_per_pixel: float, choices: tuple[int, ...]) -> int:
    """The largest side of ``choices``, in pixels, whose tile fits into ``free`` bytes, or the smallest."""
    fitting = [side for side in choices if side * side * bytes_per_pixel <= free]
    return max(fitting, default=min(choices))


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an exception means that memory ran out, on any device."""
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return True
    text = str(error).lower()
    return isinstance(error, RuntimeError) and ("out of memory" in text or "can't allocate memory" in text)
