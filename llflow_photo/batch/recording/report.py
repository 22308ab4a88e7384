"""The report of a batch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .record import PhotoRecord

__all__ = ["BatchInterrupted", "Report"]


@dataclass(frozen=True)
class Report:
    """Which photos were rendered, skipped and failed, and why.

    Attributes:
        rows: one record per photo or other file, sorted by source.
        output: the output folder.
        seconds: duration of the batch, from the search for photos to the last output.
        working_seconds: duration from the beginning of the first photo to the last output.
        processes: number of worker processes; 0 if a cluster was used.
        settings: options and encoding, as plain values.
        stopped: why the batch ended early; empty if it did not.
        page: path of the HTML report; None if none was written.
        dry_run: whether nothing was done; records of status ``planned`` are what would be done.
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
        """Photos and files that were not rendered: done before, well exposed, not photos; see ``reason``."""
        return self._with("skipped", "left", "copied")

    @property
    def failed(self) -> tuple[PhotoRecord, ...]:
        """Photos that failed in this run, or in an earlier run and were not tried again."""
        return self._with("failed")

    @property
    def planned(self) -> tuple[PhotoRecord, ...]:
        """Photos still to do: all in a dry run, the remaining ones after a stop."""
        return self._with("planned", "cancelled")

    @property
    def series(self) -> Mapping[str, tuple[str, ...]]:
        """Sources of the frames of each series, by its key; of photos rendered in this run or before."""
        found: dict[str, list[str]] = {}
        for record in self.rows:
            if record.series and record.status in ("done", "skipped"):
                found.setdefault(record.series, []).append(record.source)
        return {key: tuple(sources) for key, sources in found.items()}

    @property
    def ok(self) -> bool:
        """Whether nothing failed and nothing is left to do; for a dry run, whether nothing failed before."""
        return not self.failed and not self.stopped and (self.dry_run or not self.planned)

    @property
    def throughput(self) -> float:
        """Photos rendered per second of `working_seconds`."""
        return len(self.done) / self.working_seconds if self.working_seconds else 0.0

    @property
    def network_share(self) -> float:
        """Fraction of `working_seconds` in which the network ran, mean over processes."""
        available = self.working_seconds * self.processes
        spent = sum(record.seconds.get("network", 0.0) for record in self.done)
        return spent / available if available else 0.0

    def summary(self) -> str:
        """A summary for users: counts, time, failures with their causes."""
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
            lines.append(f"stopped: {self.stopped} (the same call continues from here)")
        lines += [f"failed: {record.source}: {record.reason}" for record in self.failed]
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
            "rows": [record.to_json(stats=False) for record in self.rows],
        }

    def _with(self, *status: str) -> tuple[PhotoRecord, ...]:
        return tuple(record for record in self.rows if record.status in status)


class BatchInterrupted(KeyboardInterrupt):
    """Ctrl-C during a batch, which the same call resumes.

    Attributes:
        report: of the photos done so far.
    """

    def __init__(self, report: Report) -> None:
        super().__init__(report.summary())
        self.report = report
