"""Throughput of a batch beside that of the network alone, on the same photos, processes and threads.

    python benchmarks/batch.py FOLDER [--jobs N] [--repeat K] [--rounds R]

Each round first measures the network alone (photos decoded beforehand, nothing written, all processes at
once), then `enhance_dir` from the first photo to the last output, in processes with the same environment.
Both begin with the model loaded and nothing rendered yet; use enough photos that the first photo of each
process does not matter. Two ratios are printed for each round, and their medians:

- by wall clock: photos per second of the batch, divided by those of the network alone. It is invalid if
  another program is busy in only one half of a round;
- by processor time (on the CPU, on Linux): seconds per photo of the network alone, divided by those of the
  batch, which include reading, color conversion and writing. It is valid on a busy machine, too, and equals
  the ratio by wall clock if all cores are busy.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from llflow_photo import enhance_dir
from llflow_photo.batch import Event
from llflow_photo.batch.job import Job
from llflow_photo.batch.workers.placement import Placement, place
from llflow_photo.batch.workers.pool import environment
from llflow_photo.files import is_photo
from llflow_photo.options import DEFAULT_MODEL, Options

TEMPERATURE = 0.8
START_TIMEOUT = 600
"""Time in seconds for all processes to load the model."""


@dataclass(frozen=True)
class Speed:
    """Photos per second, and processor seconds per photo (NaN if unknown)."""

    photos: float
    processor_seconds: float


def network_alone(photos: Sequence[Path], placements: Sequence[Placement], model: str) -> Speed:
    """Run only the network, in all processes at once, each on its share of the photos."""
    context = get_context("spawn")
    start, results = context.Barrier(len(placements)), context.Queue()
    shares = [photos[number :: len(placements)] for number in range(len(placements))]
    processes = [
        context.Process(target=_render, args=(share, placement, model, start, results), daemon=True)
        for share, placement in zip(shares, placements, strict=True)
    ]
    for process in processes:
        process.start()
    spent = [results.get(timeout=START_TIMEOUT + 3600) for _ in processes]
    for process in processes:
        process.join()
    # The sum of rates, not the total time, because shares may differ by one photo.
    rate = sum(count / seconds for count, seconds, _ in spent)
    return Speed(rate, sum(processor for _, _, processor in spent) / len(photos))


def _render(share: Sequence[Path], placement: Placement, model: str, start: Any, results: Any) -> None:
    from llflow_photo import files
    from llflow_photo.batch.workers.photo_renderer import PhotoRenderer
    from llflow_photo.color.working import to_network
    from llflow_photo.engine import Latent

    options = Options(model=model, temperature=TEMPERATURE, device=placement.device)
    enhancer = PhotoRenderer(Job("", options, None, None, "", "", "", threads=placement.threads)).enhancer
    views = [to_network(files.read(path))[0] for path in share]
    start.wait(START_TIMEOUT)
    wall, processor = time.monotonic(), time.process_time()
    for view in views:
        enhancer.encode(view).decode(Latent(0, TEMPERATURE))
    results.put((len(views), time.monotonic() - wall, time.process_time() - processor))


def batch(photos: Sequence[Path], jobs: int | None, model: str, device: str) -> tuple[Speed, float]:
    """Run `enhance_dir` on copies of the photos; returns its speed and fraction of time in the network."""
    meter = _Meter()
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "in")
        source.mkdir()
        for number, path in enumerate(photos):
            shutil.copy(path, source / f"{number:04}{path.suffix}")
        report = enhance_dir(source, TEMPERATURE, model=model, device=device, jobs=jobs, progress=meter)
    if not report.ok:
        raise SystemExit(report.summary())
    return Speed(report.throughput, meter.processor_seconds / len(photos)), report.network_share


class _Meter:
    """Processor seconds of the child processes, from the beginning of the first photo to the last result."""

    def __init__(self) -> None:
        self._begun: float | None = None
        self.processor_seconds = float("nan")

    def __call__(self, event: Event) -> None:
        if self._begun is None and event.kind == "stage":
            self._begun = _processor_seconds_of_children()
        if self._begun is not None and event.kind == "photo":
            self.processor_seconds = _processor_seconds_of_children() - self._begun


def _processor_seconds_of_children() -> float:
    try:
        ticks = 0
        for task in Path("/proc/self/task").iterdir():
            for child in (task / "children").read_text().split():
                fields = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()
                ticks += int(fields[11]) + int(fields[12])  # user and system time
        return ticks / os.sysconf("SC_CLK_TCK")
    except OSError:
        return float("nan")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--jobs", type=int)
    parser.add_argument("--model", default=DEFAULT_MODEL)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--repeat", type=int, default=1, help="render every photo this many times")
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    photos = [path for path in sorted(args.folder.iterdir()) if path.is_file() and is_photo(path)]
    photos *= args.repeat
    if not photos:
        parser.error(f"{args.folder} contains no photos")
    placements = place(args.device, args.jobs, len(photos))
    _say(f"{len(photos)} photos, {len(placements)} processes of {placements[0].threads} threads")
    os.environ.update(environment(placements[0].threads))  # the same environment as in a batch
    on_cpu = not placements[0].device.startswith(("cuda", "mps"))
    walls, processors = [], []
    for number in range(args.rounds):
        alone = network_alone(photos, placements, args.model)
        whole, share = batch(photos, args.jobs, args.model, args.device)
        walls.append(whole.photos / alone.photos)
        processors.append(alone.processor_seconds / whole.processor_seconds if on_cpu else float("nan"))
        _say(
            f"round {number + 1}: network alone {alone.photos * 60:.2f} photos per minute, "
            f"{alone.processor_seconds:.2f} processor seconds each; batch {whole.photos * 60:.2f}, "
            f"{whole.processor_seconds:.2f}; in the network {share:.0%} of the time"
        )
    _say(f"ratio by wall clock      {statistics.median(walls):.3f}  ({_listed(walls)})")
    if on_cpu:
        _say(f"ratio by processor time  {statistics.median(processors):.3f}  ({_listed(processors)})")


def _listed(ratios: Sequence[float]) -> str:
    return ", ".join(f"{ratio:.3f}" for ratio in ratios)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
