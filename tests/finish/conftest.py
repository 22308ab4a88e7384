"""Fixtures of the finish."""

from __future__ import annotations

import numpy as np
import pytest


@pytest.fixture
def random() -> np.random.Generator:
    """Seeded."""
    return np.random.default_rng(23)
