"""What a batch did, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .record import PhotoRecord

__all__ = ["BatchInterrupted", "Report"]


@dataclass(frozen=True)
class Report:
    """What was done, skipped and failed, and why.

    Attributes:
        rows: one a photo or file seen, by source.
        output: the output folder.
        seconds: the batch took, from looking for photos to the last output.
        working_seconds: from the first photo taken in hand to the last output.
        processes: that worked at a time; 0 where a cluster did.
        settings: options and encoding, as plain values.
        stopped: why it ended before all photos had their turn; empty where it did not.
        page: the HTML report; None where none was written.
        dry_run: nothing was done; rows of status ``planned`` are what would be.
    """

    rows: tuple[PhotoRecord, ...]
    output: Path
    seconds: float = 0.0
    working_seconds: float = 0.0
    processes: int = 0
    settings: Mapping[str, Any] = field(default_factory=dict)
    stopped: str = ""
    page: Path | None = None
    dry_run: bool = False

    @property
    def done(self) -> tuple[PhotoRecord, ...]:
        """Photos rendered in this run."""
        return self._with("done")

    @property
    def skipped(self) -> tuple[PhotoRecord, ...]:
        """What needed nothing: done before, well exposed, no photos; ``reason`` says why."""
        return self._with("skipped", "left", "copied")

    @property
    def failed(self) -> tuple[PhotoRecord, ...]:
        """What failed, in this run or in an earlier one whose failure still stands."""
        return self._with("failed")

    @property
    def planned(self) -> tuple[PhotoRecord, ...]:
        """What is still to do: all of it in a dry run, the rest after a stop."""
        return self._with("planned", "cancelled")

    @property
    def series(self) -> Mapping[str, tuple[str, ...]]:
        """The series among the photos that were rendered, now or before: their photos by the series' key."""
        found: dict[str, list[str]] = {}
        for row in self.rows:
            if row.series and row.status in ("done", "skipped"):
                found.setdefault(row.series, []).append(row.source)
        return {key: tuple(sources) for key, sources in found.items()}

    @property
    def ok(self) -> bool:
        """Whether nothing failed and nothing is left to do; a dry run is fine where nothing failed before."""
        return not self.failed and not self.stopped and (self.dry_run or not self.planned)

    @property
    def throughput(self) -> float:
        """Photos rendered a second, over `working_seconds`."""
        return len(self.done) / self.working_seconds if self.working_seconds else 0.0

    @property
    def network_share(self) -> float:
        """Share of `working_seconds` in which a process had a photo in the network, mean over processes."""
        available = self.working_seconds * self.processes
        spent = sum(row.seconds.get("network", 0.0) for row in self.done)
        return spent / available if available else 0.0

    def summary(self) -> str:
        """A few lines for people: counts, time, failures with their causes."""
        if self.dry_run:
            counts = f"{len(self.planned)} to render, {len(self.skipped)} to skip"
            return f"dry run: {counts}, {len(self.failed)} failed before; output would be {self.output}"
        lines = [
            f"{len(self.done)} rendered, {len(self.skipped)} skipped, {len(self.failed)} failed"
            + (f", {len(self.planned)} left to do" if self.planned else "")
            + f" in {self.seconds:.0f} s"
        ]
        if self.series:
            frames = sum(map(len, self.series.values()))
            lines.append(f"{frames} photos in {len(self.series)} series share exposure and look")
        if self.stopped:
            lines.append(f"stopped: {self.stopped} (the same call goes on from here)")
        lines += [f"failed: {row.source}: {row.reason}" for row in self.failed]
        lines.append(f"report: {self.page}" if self.page else f"output: {self.output}")
        return "\n".join(lines)

    def to_json(self) -> dict[str, Any]:
        """Plain values without thumbnails and histograms."""
        return {
            "ok": self.ok,
            "done": len(self.done),
            "skipped": len(self.skipped),
            "failed": len(self.failed),
            "planned": len(self.planned),
            "seconds": round(self.seconds, 3),
            "throughput": round(self.throughput, 4),
            "network_share": round(self.network_share, 4),
            "stopped": self.stopped,
            "series": {key: list(sources) for key, sources in self.series.items()},
            "output": str(self.output),
            "page": str(self.page) if self.page else None,
            "rows": [row.to_json(looks=False) for row in self.rows],
        }

    def _with(self, *status: str) -> tuple[PhotoRecord, ...]:
        return tuple(row for row in self.rows if row.status in status)


class BatchInterrupted(KeyboardInterrupt):
    """Ctrl-C during a batch. The state is resumable: the same call goes on from there.

    Attributes:
        report: what was done until then.
    """

    def __init__(self, report: Report) -> None:
        super().__init__(report.summary())
        self.report = report
