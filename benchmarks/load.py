"""Loading: all of Complete Journey into journal, books and lake, beside reading and writing the same files with pyarrow alone.

    python benchmarks/load.py

Each runs in a process of its own, so that peak memory is its own. Prints one line of JSON.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def product(folder: Path) -> None:
    """Load the year and run the projections to the end."""
    import oneshelf
    from oneshelf.app.settings import read_settings

    with oneshelf.open(read_settings(data=folder / "shop", time_zone="America/New_York")) as shelf:
        shelf.load("completejourney")
        shelf.catch_up()


def floor(folder: Path) -> None:
    """Read every file of the package and write it again, compressed as the lake is."""
    import pyarrow.parquet as pq

    from oneshelf.connect.sources.completejourney import CompleteJourney

    for path in sorted(CompleteJourney().folder.glob("*.parquet")):
        pq.write_table(pq.read_table(path), folder / path.name, compression="zstd")


def measured(what: str) -> dict[str, float]:
    """Run one of the two in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, __file__, "--run", what, "--folder", folder]
        return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)


def main() -> None:
    """Measure both, or be one of them."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--run", choices=("product", "floor"), help=argparse.SUPPRESS)
    arguments.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    given = arguments.parse_args()
    if given.run:
        began = time.perf_counter()
        {"product": product, "floor": floor}[given.run](given.folder)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(json.dumps({"seconds": round(time.perf_counter() - began, 1), "peak_gib": round(peak, 2)}))
        return
    ours, reference = measured("product"), measured("floor")
    print(json.dumps({"benchmark": "load", "ours": ours, "reference": reference}))


if __name__ == "__main__":
    main()
