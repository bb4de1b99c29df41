"""Time and memory of a full report: `python -m benchmarks.reports [--quick] --json`.

12 readers x 2,800 cases (33,600 readings, 14 classes, 3 arms) from the snapshot file to the HTML
report, then four times as many cases. Prints {"seconds", "peak_mb", "growth", ...}; growth is the
ratio of processor seconds at four times the readings (4 would be linear). `--quick` measures a
quarter and the full size instead.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

READERS, CLASSES, ARMS = 12, 14, 3
FULL_PER_CELL = 67  # 14 x 3 x 67 = 2,814 images
KINDS = ("plausibility",)


def main() -> None:
    """Measure two sizes, each in a fresh process, and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure(options.measure)))
        return
    with tempfile.TemporaryDirectory() as folder:
        small, large = (1, 4) if not options.quick else (0.25, 1)
        first = _measure_size(Path(folder), small)
        second = _measure_size(Path(folder), large)
    full = first if not options.quick else second
    result = {
        **full,
        "growth": round(second["cpu_seconds"] / first["cpu_seconds"], 2),
        "growth_of_readings": round(second["readings"] / first["readings"], 2),
        "peak_mb_of_both": [first["peak_mb"], second["peak_mb"]],
    }
    print(json.dumps(result) if options.json else _table(result))


def measure(path: Path) -> dict[str, Any]:
    """Return seconds and peak memory of one report, from the file's bytes to HTML."""
    from metrics.report.build import build_report
    from metrics.report.facts import Facts
    from review.results.exports.html import html_report
    from review.results.frames import parse_rows

    frozen = json.loads(path.with_suffix(".facts").read_text())
    start, busy = time.perf_counter(), time.process_time()
    frame = parse_rows(path.read_bytes())
    report = build_report(frame, Facts.of("0" * 64, frozen), "benchmark").plain()
    page = html_report(report)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "seconds": round(seconds, 2),
        "cpu_seconds": round(time.process_time() - busy, 2),
        "peak_mb": round(peak, 1),
        "readings": len(frame),
        "html_mb": round(len(page) / 1e6, 2),
    }


def _measure_size(folder: Path, factor: float) -> dict[str, Any]:
    path = folder / f"snapshot-{factor}.jsonl"
    _write(path, max(1, round(FULL_PER_CELL * factor)))
    command = [sys.executable, "-m", "benchmarks.reports", "--measure", str(path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _write(path: Path, per_cell: int) -> None:
    """Write an invented snapshot and its facts."""
    from tests.worlds.snapshots import World, facts_of, rows_of

    world = World(
        readers=READERS, classes=CLASSES, per_cell=per_cell, kinds=KINDS, repeats=0, controls=0
    )
    with path.open("w") as file:
        for row in rows_of(world):
            file.write(json.dumps(row, sort_keys=True, separators=(",", ":")) + "\n")
    path.with_suffix(".facts").write_text(json.dumps(facts_of(world)))


def _table(result: dict[str, Any]) -> str:
    return "\n".join(f"{name:>20}  {value}" for name, value in result.items())


if __name__ == "__main__":
    main()
