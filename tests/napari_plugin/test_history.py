"""Undo and redo of settings and results."""

from __future__ import annotations

from napari_plugin.history import History, State


def test_steps_are_undone_and_redone() -> None:
    shown: list[State] = []
    states = [State({"strength": value}) for value in (1.0, 0.5, 0.25)]
    history = History(states[0])
    assert not history.can_undo and not history.can_redo
    assert history.settle(states[1], shown.append) and history.settle(states[2], shown.append)
    assert not history.settle(states[2], shown.append)  # nothing changed: no step
    history.undo()
    history.undo()
    history.undo()  # nothing left to undo
    assert shown == [states[1], states[0]] and not history.can_undo
    history.redo()
    assert shown[-1] == states[1] == history.settled and history.can_redo
    other = State({"strength": 0.7})
    history.settle(other, shown.append)
    assert not history.can_redo  # undone steps are discarded
    history.undo()
    assert shown[-1] == states[1]


def test_actions_are_steps_among_the_settings() -> None:
    made = ["result"]
    history = History(State({"strength": 1.0}))
    history.settle(State({"strength": 0.5}), lambda state: None)
    history.note(made.clear, lambda: made.append("result"))
    history.undo()
    assert made == [] and history.can_undo
    history.redo()
    assert made == ["result"]
    history.undo()
    history.undo()
    assert history.settled == State({"strength": 1.0})
