"""The log of a run: one CSV row per step, and a plot."""

from __future__ import annotations

import csv
import dataclasses
import math
from pathlib import Path

from ..models.writing import writing
from .loss import LossTerms
from .validate import Validation

__all__ = ["TrainingLog"]

_VALIDATION = [field.name for field in dataclasses.fields(Validation)]
_COLUMNS = ["step", "learning_rate", "loss", "nll", "absolute", "structural"]
_COLUMNS += ["held_out_nll" if name == "nll" else name for name in _VALIDATION]


class TrainingLog:
    """``log.csv`` and ``log.png`` in a run's folder; rows are buffered until `flush`."""

    def __init__(self, run: Path) -> None:
        self.path = run / "log.csv"
        self.picture = run / "log.png"
        self._rows: list[list[str]] = []

    def add(self, step: int, rate: float, terms: LossTerms | None, result: Validation | None) -> None:
        """Add the row of a step; ``terms`` is None if the step was skipped."""
        numbers = [rate]
        if terms is None:
            numbers += [math.nan] * 4
        else:
            numbers += [float(terms.total.detach()), terms.nll, terms.absolute, terms.structural]
        row = [str(step), *(f"{number:.6g}" for number in numbers)]
        row += [f"{getattr(result, name):.4f}" if result else "" for name in _VALIDATION]
        self._rows.append(row)

    def flush(self) -> None:
        """Write the rows added since the last call.

        Raises:
            WriteError: the folder is not writable, or full.
        """
        new = not self.path.exists()
        with writing(self.path), self.path.open("a", newline="") as file:
            writer = csv.writer(file)
            if new:
                writer.writerow(_COLUMNS)
            writer.writerows(self._rows)
        self._rows.clear()

    def cut_after(self, step: int) -> None:
        """Delete the rows of steps after ``step``, which will be run again."""
        if not self.path.exists():
            return
        with self.path.open(newline="") as file:
            rows = list(csv.reader(file))
        # A disk that became full can have cut off the last row.
        kept = [row for row in rows[1:] if len(row) == len(rows[0]) and int(row[0]) <= step]
        temporary = self.path.with_name(self.path.name + ".part")
        with writing(self.path):
            with temporary.open("w", newline="") as file:
                csv.writer(file).writerows([_COLUMNS, *kept])
            temporary.replace(self.path)

    def plot(self) -> bool:
        """Draw ``log.png``; return False if matplotlib is not installed or there is nothing to draw."""
        try:
            from matplotlib.figure import Figure
        except ImportError:
            return False
        if not self.path.exists():
            return False
        with self.path.open(newline="") as file:
            rows = list(csv.DictReader(file))
        figure = Figure(figsize=(11, 4), layout="tight")
        left, right = figure.subplots(1, 2)
        left.plot([int(row["step"]) for row in rows], [float(row["loss"]) for row in rows], lw=0.5)
        left.set(xlabel="step", ylabel="loss", title="training loss")
        checked = [row for row in rows if row["psnr"]]
        steps = [int(row["step"]) for row in checked]
        for name, label in (("psnr", "as is"), ("psnr_aligned", "brightness-aligned")):
            right.plot(steps, [float(row[name]) for row in checked], marker="o", label=label)
        right.set(xlabel="step", ylabel="PSNR / dB", title="held-out scenes")
        right.legend()
        with writing(self.picture):
            figure.savefig(self.picture, dpi=100)
        return True
