"""What a trained network adds to photos' exposure by itself."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from llflow_photo.flow import LLFlow, Size
from llflow_photo.flow.exposure import FEATURES, with_trim, without_trim
from llflow_photo.training import trim
from llflow_photo.training.simulated import SimulatedSource


def _rule() -> tuple[float, ...]:
    first = np.zeros(FEATURES)
    first[12] = -1e-4
    return (*np.zeros(FEATURES), *np.ones(FEATURES), *first, 0.0, 1e4, -3.0)


def _photos() -> list[np.ndarray]:
    random = np.random.default_rng(0)
    small = random.integers(40, 200, (2, 6, 9, 3), np.uint8)
    return [np.asarray(Image.fromarray(one).resize((96, 64), Image.Resampling.BICUBIC)) for one in small]


def _flow() -> LLFlow:
    torch.manual_seed(0)
    size = Size(features=8, growth=4, blocks=1, stacked=(), steps=1, hidden=4, exposure=_rule())
    return LLFlow(size).eval()


def test_what_is_best_taken_off_becomes_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    flow = _flow()
    lacking = np.array([-exposure_ev for exposure_ev, _ in trim._NIGHTS])
    monkeypatch.setattr(trim, "best_trims", lambda *_: list(0.3 - 0.05 * lacking))
    rule = trim.fit_trim(flow, _photos(), [_rule()] * 2)
    assert without_trim(rule) == pytest.approx(_rule())
    assert rule[-2:] == pytest.approx((0.3, 0.05))
    assert replace(flow.size, exposure=rule).exposure == rule


def test_the_trim_is_the_middle_of_rules_that_know_the_photos_and_of_such_that_do_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    flow, photos = _flow(), _photos()
    other = (*_rule()[:-1], -2.0)
    best = {flow.size.exposure: [0.1] * len(trim._NIGHTS), other: [0.3] * len(trim._NIGHTS)}
    monkeypatch.setattr(trim, "best_trims", lambda flow, photos, rules: best[rules[0]])
    assert trim.fit_trim(flow, photos, [_rule()] * len(photos))[-2:] == pytest.approx((0.1, 0.0))
    assert trim.fit_trim(flow, photos, [other] * len(photos))[-2:] == pytest.approx((0.2, 0.0))


def test_a_network_that_brightens_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rendering as if the network added 0.25 EV to everything: that is what should be taken off."""
    photos = _photos()
    reference: dict[int, np.ndarray] = {}

    def rendered(flow: LLFlow, dark: np.ndarray, rule: tuple[float, ...], off: float) -> np.ndarray:
        clean = reference[0]
        return np.clip(clean * 2 ** ((0.25 - off) / 2.2), 0, 1).astype(np.float32)

    def small(photo: np.ndarray) -> np.ndarray:
        reference[0] = photo.astype(np.float32) / 255
        return photo

    monkeypatch.setattr(trim, "_rendered", rendered)
    monkeypatch.setattr(trim, "_small", small)
    found = trim.best_trims(_flow(), photos, [_rule()] * len(photos))
    assert found == pytest.approx([0.25] * len(trim._NIGHTS), abs=0.05)


def test_a_real_network_gets_trims_within_what_is_tried() -> None:
    found = trim.best_trims(_flow(), _photos()[:1], [_rule()])
    assert len(found) == len(trim._NIGHTS)
    assert all(trim._TRIED_EV[0] <= value <= trim._TRIED_EV[-1] for value in found)


def test_photos_are_rendered_with_the_rule_that_does_not_know_them(monkeypatch: pytest.MonkeyPatch) -> None:
    photos, seen = _photos(), []
    rules = [(*_rule()[:-1], -2.0), (*_rule()[:-1], -1.0)]

    def rendered(flow: LLFlow, dark: np.ndarray, rule: tuple[float, ...], off: float) -> np.ndarray:
        seen.append(rule)
        return dark

    monkeypatch.setattr(trim, "_rendered", rendered)
    trim.best_trims(_flow(), photos, rules)
    per_photo = len(trim._TRIED_EV)
    assert seen == [rule for _ in trim._NIGHTS for rule in rules for _ in range(per_photo)]


def test_training_sees_photos_without_the_trim() -> None:
    trimmed = SimulatedSource(_photos(), 0, with_trim(_rule(), 0.5, 0.0)).batch(0, 32, 2)
    plain = SimulatedSource(_photos(), 0, _rule()).batch(0, 32, 2)
    assert torch.equal(trimmed.low, plain.low)
