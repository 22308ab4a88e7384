"""Display of a training run."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
from rich.progress import Progress as Bar

from .console import stderr_console

if TYPE_CHECKING:
    from ..training.loop import Progress, Trainer

__all__ = ["TrainingDisplay"]


class TrainingDisplay:
    """A progress bar with rate, remaining time and scores; plain lines if not on a terminal."""

    LINES_EVERY = 100

    def __init__(self, trainer: Trainer) -> None:
        self._console = stderr_console()
        columns = (TextColumn("step"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[text]}"))
        self._bar = Bar(*columns, console=self._console, disable=not self._console.is_terminal)
        self._task = self._bar.add_task("", total=trainer.recipe.steps, completed=trainer.step, text="")
        self._seen: list[tuple[float, int]] = []

    def __enter__(self) -> TrainingDisplay:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def follow(self, progress: Progress) -> None:
        """Show one step."""
        text = self._text(progress)
        self._bar.update(self._task, completed=progress.step, text=text)
        if progress.validation is not None:
            result = progress.validation
            self._console.print(
                f"step {progress.step}: held-out PSNR {result.psnr:.2f} dB, "
                f"aligned {result.psnr_aligned:.2f} dB, SSIM {result.ssim_gray:.4f}, "
                f"aligned {result.ssim_gray_aligned:.4f}, likelihood {result.nll:.3f} bits",
                soft_wrap=True,
            )
        elif self._bar.disable and progress.step % self.LINES_EVERY == 0:
            self._console.print(f"step {progress.step}/{progress.steps} {text}", soft_wrap=True)

    def _text(self, progress: Progress) -> str:
        self._seen = [*self._seen[-50:], (time.monotonic(), progress.step)]
        (first, step), (last, newest) = self._seen[0], self._seen[-1]
        rate = (newest - step) / (last - first) if last > first else 0.0
        minutes, seconds = divmod(int(progress.seconds_left), 60)
        hours, minutes = divmod(minutes, 60)
        skipped = f", {progress.skipped} skipped" if progress.skipped else ""
        return (
            f"{rate:.2f}/s, {hours}:{minutes:02}:{seconds:02} left, loss {progress.loss:.4f}, "
            f"likelihood {progress.nll:.3f} bits{skipped}"
        )
