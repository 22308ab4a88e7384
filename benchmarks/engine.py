"""Speed, memory and exactness of the engine: one command, `python benchmarks/engine.py`.

Parts: ``sizes`` (cost and memory against megapixels), ``samples`` (cost of further renderings), ``backends``
(the straightforward implementation, ours, and others), ``halo`` (error against context), ``device`` (a GPU
against its matrix peak). Each part writes its rows to ``benchmarks/results/engine_<part>.json``; tables and
plots are drawn from all parts measured so far, so parts can be run one at a time.

Times are given twice: wall clock, and seconds of processor time, which hold on a busy machine too.
"""

from __future__ import annotations

import argparse
import subprocess
import sys

from engine_parts import backends, device, halo, report, samples, sizes
from engine_parts.measure import Settings

PARTS = {
    "backends": backends.measure,
    "samples": samples.measure,
    "halo": halo.measure,
    "sizes": sizes.measure,
    "device": device.measure,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("parts", nargs="*", default=[], help=f"of {', '.join(PARTS)}; default all")
    parser.add_argument("--threads", type=int, default=2, help="processor threads (default 2)")
    parser.add_argument("--repeats", type=int, default=3, help="runs of each kind, the fastest counts")
    parser.add_argument("--largest", type=float, default=100, help="largest photo, megapixels")
    given = parser.parse_args()
    if unknown := set(given.parts) - set(PARTS):
        parser.error(f"unknown parts {sorted(unknown)}; there are {', '.join(PARTS)}")
    parts = given.parts or list(PARTS)
    if len(parts) > 1:  # each in a process of its own: the peak of memory is the process's
        options = [f"--{name}={getattr(given, name)}" for name in ("threads", "repeats", "largest")]
        for name, call in ((name, [sys.executable, __file__, name, *options]) for name in parts):
            if subprocess.run(call, check=False).returncode:
                sys.exit(f"{name} failed")
        return
    settings = Settings(given.threads, given.repeats, given.largest)
    sys.stderr.write(f"{parts[0]} ...\n")
    report.save(parts[0], settings, PARTS[parts[0]](settings))
    report.draw()


if __name__ == "__main__":
    main()
