"""Throughput of a batch beside that of the network alone, on the same photos, processes and threads.

    python benchmarks/batch.py FOLDER [--jobs N] [--repeat K] [--rounds R]

Each round measures first the network alone (photos decoded beforehand, nothing written, all processes at
once), then `enhance_dir` from the first photo in hand to the last output, in processes of like environment.
Both begin with the model loaded and nothing rendered yet; give so many photos that the first of each process
does not tell. Two ratios are written for each round, and their medians:

- by wall clock: photos a second of the batch, divided by those of the network alone. Another program that is
  busy in one half of a round and not in the other spoils it;
- by processor time (on the CPU, under Linux): seconds of the network alone for a photo, divided by those of
  the batch with all its reading, color work and writing. It holds on a busy machine too, and is what the wall
  clock gives where all cores are kept busy.
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
from llflow_photo.batch.workers.placement import Placement, place
from llflow_photo.batch.workers.pool import environment
from llflow_photo.batch.workers.work import Job
from llflow_photo.files import is_photo
from llflow_photo.options import DEFAULT_MODEL, Options

TEMPERATURE = 0.8
LONGEST_START = 600
"""Seconds in which all processes must have loaded the model."""


@dataclass(frozen=True)
class Speed:
    """Photos a second, and processor seconds a photo (NaN where they cannot be known)."""

    photos: float
    processor_seconds: float


def network_alone(photos: Sequence[Path], placements: Sequence[Placement], model: str) -> Speed:
    """The network of each process on its share of the photos, all processes at once."""
    context = get_context("spawn")
    start, told = context.Barrier(len(placements)), context.Queue()
    shares = [photos[number :: len(placements)] for number in range(len(placements))]
    processes = [
        context.Process(target=_render, args=(share, placement, model, start, told), daemon=True)
        for share, placement in zip(shares, placements, strict=True)
    ]
    for process in processes:
        process.start()
    spent = [told.get(timeout=LONGEST_START + 3600) for _ in processes]
    for process in processes:
        process.join()
    # Rates are added rather than times compared: a share may be smaller by a photo than another.
    rate = sum(count / seconds for count, seconds, _ in spent)
    return Speed(rate, sum(processor for _, _, processor in spent) / len(photos))


def _render(share: Sequence[Path], placement: Placement, model: str, start: Any, told: Any) -> None:
    from llflow_photo import files
    from llflow_photo.batch.workers.photo_renderer import PhotoRenderer
    from llflow_photo.color.working import to_network
    from llflow_photo.engine import Latent

    options = Options(model=model, temperature=TEMPERATURE, device=placement.device)
    enhancer = PhotoRenderer(Job("", options, None, None, "", "", "", threads=placement.threads)).enhancer
    views = [to_network(files.read(path))[0] for path in share]
    start.wait(LONGEST_START)
    wall, processor = time.monotonic(), time.process_time()
    for view in views:
        enhancer.encode(view).decode(Latent(0, TEMPERATURE))
    told.put((len(views), time.monotonic() - wall, time.process_time() - processor))


def batch(photos: Sequence[Path], jobs: int | None, model: str, device: str) -> tuple[Speed, float]:
    """`enhance_dir` on copies of the photos; its speed, and its share of time in the network."""
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
    """Processor seconds of this process's children from the first photo in hand to the last that is done."""

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
    parser.add_argument("--repeat", type=int, default=1, help="render every photo so many times")
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    photos = [path for path in sorted(args.folder.iterdir()) if path.is_file() and is_photo(path)]
    photos *= args.repeat
    if not photos:
        parser.error(f"{args.folder} holds no photos")
    placements = place(args.device, args.jobs, len(photos))
    _say(f"{len(photos)} photos, {len(placements)} processes of {placements[0].threads} threads")
    os.environ.update(environment(placements[0].threads))  # the network alone is as well off as a batch's
    on_cpu = not placements[0].device.startswith(("cuda", "mps"))
    walls, processors = [], []
    for number in range(args.rounds):
        alone = network_alone(photos, placements, args.model)
        whole, share = batch(photos, args.jobs, args.model, args.device)
        walls.append(whole.photos / alone.photos)
        processors.append(alone.processor_seconds / whole.processor_seconds if on_cpu else float("nan"))
        _say(
            f"round {number + 1}: network alone {alone.photos * 60:.2f} photos a minute, "
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
