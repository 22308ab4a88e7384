"""Throughput of a batch beside that of the network alone, on the same photos, processes and threads.

    python benchmarks/batch.py FOLDER [--jobs N] [--repeat K]

Writes photos a minute of the network alone (decoded beforehand, nothing written), of `enhance_dir` from the
first photo in hand to the last output, their ratio, and the share of the time in which the processes had a
photo in the network.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from llflow_photo import enhance_dir
from llflow_photo.batch.placement import Placement, place
from llflow_photo.batch.work import Job
from llflow_photo.files import is_photo
from llflow_photo.options import DEFAULT_MODEL, Options


def network_alone(paths: list[Path], placement: Placement, model: str, barrier_seconds: float) -> float:
    """Seconds that one process needs for its photos, model loaded and warmed up beforehand."""
    from llflow_photo import files
    from llflow_photo.batch.photo_renderer import PhotoRenderer
    from llflow_photo.color.working import to_network
    from llflow_photo.engine import Latent

    options = Options(model=model, temperature=0.8, device=placement.device)
    enhancer = PhotoRenderer(Job("", options, None, None, "", "", "", threads=placement.threads)).enhancer
    views = [to_network(files.read(path))[0] for path in paths]
    enhancer.encode(views[0][:256, :256]).decode(Latent(0, 0.8))
    time.sleep(max(0.0, barrier_seconds - time.monotonic()))
    started = time.monotonic()
    for view in views:
        enhancer.encode(view).decode(Latent(0, 0.8))
    return time.monotonic() - started


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--jobs", type=int)
    parser.add_argument("--model", default=DEFAULT_MODEL)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--repeat", type=int, default=1, help="render every photo so many times")
    parser.add_argument("--start", type=float, default=60, help="seconds in which all processes are ready")
    args = parser.parse_args()
    photos = [path for path in sorted(args.folder.iterdir()) if path.is_file() and is_photo(path)]
    photos *= args.repeat
    placements = place(args.device, args.jobs, len(photos))
    shares = [photos[number :: len(placements)] for number in range(len(placements))]
    begin = time.monotonic() + args.start
    with ProcessPoolExecutor(len(placements), mp_context=get_context("spawn")) as pool:
        given = zip(shares, placements, strict=True)
        spent = [
            pool.submit(network_alone, share, placement, args.model, begin) for share, placement in given
        ]
        alone = sum(len(share) / future.result() for share, future in zip(shares, spent, strict=True))
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "in")
        source.mkdir()
        for number, path in enumerate(photos):
            shutil.copy(path, source / f"{number:04}{path.suffix}")
        report = enhance_dir(source, model=args.model, device=args.device, jobs=args.jobs)
    lines = [
        f"{len(photos)} photos, {len(placements)} processes of {placements[0].threads} threads",
        f"network alone   {alone * 60:8.2f} photos a minute",
        f"batch           {report.throughput * 60:8.2f} photos a minute",
        f"ratio           {report.throughput / alone:8.3f}",
        f"in the network  {report.network_share:8.1%} of the time",
    ]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
