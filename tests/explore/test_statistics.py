"""Mean and spread of renderings, compared with numpy."""

from __future__ import annotations

import numpy as np
import pytest

from llflow_photo.explore.statistics import Spread, spread_of


def test_mean_and_disagreement_are_those_of_the_stack() -> None:
    stack = np.random.default_rng(0).random((7, 9, 11, 3)).astype(np.float32)
    spread = spread_of(stack)
    assert spread.count == 7
    np.testing.assert_allclose(spread.mean, stack.mean(0), atol=1e-6)
    expected = np.sqrt(stack.var(0, ddof=1).mean(-1))
    np.testing.assert_allclose(spread.disagreement, expected, atol=1e-6)


def test_renderings_that_agree_have_no_disagreement() -> None:
    picture = np.random.default_rng(1).random((5, 6, 3)).astype(np.float32)
    assert spread_of([picture] * 3).disagreement.max() == 0


def test_disagreement_is_where_the_renderings_differ() -> None:
    first = np.zeros((8, 8, 3), np.float32)
    second = first.copy()
    second[2:4, 2:4] = 1
    where = spread_of([first, second]).disagreement
    assert (where[2:4, 2:4] > 0.7).all()
    assert where.sum() == pytest.approx(where[2:4, 2:4].sum())


def test_one_rendering_alone_is_the_mean() -> None:
    picture = np.ones((2, 2, 3), np.float32)
    spread = spread_of([picture])
    np.testing.assert_array_equal(spread.mean, picture)
    assert spread.disagreement.max() == 0


def test_a_rendering_of_another_size_is_refused_and_not_counted() -> None:
    spread = spread_of([np.ones((2, 2, 3), np.float32)])
    with pytest.raises(ValueError, match="the others"):
        spread.add(np.ones((1, 2, 3), np.float32))
    assert spread.count == 1


def test_a_spread_without_renderings_has_no_mean() -> None:
    with pytest.raises(ValueError, match="no rendering"):
        _ = Spread().mean
