"""Data-parallel training by several processes with the same weights.

They are started by torch's launcher, ``torchrun --nproc-per-node=N -m llflow_photo train ...``, which sets
each process's rank in its environment. Each process computes a part of every batch; gradients are averaged.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch import distributed as dist

from ..errors import OptionError

__all__ = ["ALONE", "Workers", "join_workers"]


@dataclass(frozen=True)
class Workers:
    """The processes of a run.

    Attributes:
        rank: rank of this process; process 0 validates, logs and writes checkpoints.
        count: number of processes.
    """

    rank: int = 0
    count: int = 1

    @property
    def is_first(self) -> bool:
        """Whether this process validates, logs and writes checkpoints."""
        return self.rank == 0

    def share_of(self, batch: int) -> int:
        """The size of this process's part of a batch.

        Raises:
            OptionError: the batch size is not a multiple of the number of processes.
        """
        if batch % self.count:
            raise OptionError(f"a batch of {batch} cannot be divided evenly among {self.count} processes")
        return batch // self.count

    def average_gradients(self, parameters: Iterable[nn.Parameter], stop: bool) -> bool:
        """Average gradients over all processes in place; return whether ``stop`` is true in any process.

        If a gradient is not finite in one process, it is not finite in any, so that all skip the step.
        """
        if self.count == 1:
            return stop
        gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
        flag = gradients[0].new_full((1,), float(stop))
        together = torch.cat([*(gradient.flatten() for gradient in gradients), flag])
        dist.all_reduce(together)
        parts = torch.split(together[:-1] / self.count, [gradient.numel() for gradient in gradients])
        for gradient, part in zip(gradients, parts, strict=True):
            gradient.copy_(part.view_as(gradient))
        return bool(together[-1] > 0)

    def adopt_first(self, tensors: Iterable[Tensor]) -> None:
        """Copy the values of process 0 to all processes."""
        if self.count > 1:
            for tensor in tensors:
                dist.broadcast(tensor, 0)


ALONE = Workers()


def join_workers(device: torch.device) -> Workers:
    """Join the processes started by torch's launcher; return `ALONE` without the launcher."""
    count = int(os.environ.get("WORLD_SIZE", "1"))
    if count == 1:
        return ALONE
    if not dist.is_initialized():
        dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
    return Workers(dist.get_rank(), count)
