"""Exponential moving average of a model's weights."""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["WeightAverage"]


class WeightAverage:
    """``average = decay * average + (1 - decay) * weights``, with a smaller decay in the first steps."""

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.decay = decay
        self.updates = 0
        self.average = {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}

    @torch.no_grad()
    def update(self, model: nn.Module) -> None:
        self.updates += 1
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
        current = model.state_dict()
        torch._foreach_lerp_(
            list(self.average.values()), [current[name] for name in self.average], 1.0 - decay
        )

    def state_dict(self) -> dict[str, Tensor | int]:
        return {**self.average, "updates": self.updates}

    def load_state_dict(self, state: dict[str, Tensor | int]) -> None:
        self.updates = int(state["updates"])
        for name, tensor in self.average.items():
            saved = state[name]
            assert isinstance(saved, Tensor)
            tensor.copy_(saved)
