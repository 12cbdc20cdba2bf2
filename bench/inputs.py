"""How fast books and prices are read, and in how much memory, beside a plain `csv.reader` loop over the same rows in the same run.

    python bench/inputs.py [rows]

Default: a million rows of each stream, as CSV, CSV.gz and Parquet (text, as a careful writer stores amounts, and floats). Each reading is a
process of its own, so that its peak memory is its own. Timed are seconds of the processor, so that what else the machine does counts
little; of three processes the fastest counts.
"""

import csv
import gzip
import json
import platform
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

RUNS = 3
STREAMS = ("book", "prices")
HEADERS = {"book": ["account", "collateral", "debt"], "prices": ["timestamp", "price"]}


def rows(stream: str, count: int) -> Iterator[tuple[str, ...]]:
    """Synthetic rows from a fixed seed: addresses and 18 digits behind the point, as chains have them; minutes and cents, as exchanges."""
    rng = Random(1)
    for row in range(count):
        if stream == "book":
            yield (
                f"0x{rng.getrandbits(160):040x}",
                f"{rng.randrange(10**6)}.{rng.randrange(10**18):018d}",
                f"{rng.randrange(10**9)}.{row % 10**6:06d}",
            )
        else:
            yield str(1_500_000_000 + 60 * row), f"{rng.randrange(1_000, 5_000)}.{rng.randrange(100):02d}"


def write(folder: Path, stream: str, count: int) -> dict[str, Path]:
    """The stream in every format; Parquet only if pyarrow is there."""
    plain = folder / f"{stream}.csv"
    with open(plain, "w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(HEADERS[stream])
        out.writerows(rows(stream, count))
    files = {"CSV": plain, "CSV.gz": folder / f"{stream}.csv.gz"}
    with open(plain, "rb") as file, gzip.open(files["CSV.gz"], "wb", compresslevel=6) as packed:
        while block := file.read(1 << 20):
            packed.write(block)
    try:
        from pyarrow import csv as arrow_csv
        from pyarrow import parquet
    except ImportError:
        return files
    for name, kinds in (("Parquet, text", dict.fromkeys(HEADERS[stream], "string")), ("Parquet, floats", {})):
        files[name] = folder / f"{stream}-{len(files)}.parquet"
        parquet.write_table(arrow_csv.read_csv(plain, convert_options=arrow_csv.ConvertOptions(column_types=kinds)), files[name])
    return files


def reading(kind: str, path: str) -> None:
    """The child: reads once, prints seconds, rows, and kilobytes before and at the peak."""
    if kind == "book":
        from ringfence.inputs.book import read_book as read
    else:
        from ringfence.inputs.prices import read_prices as read
    if kind == "plain loop":
        with open(path, newline="", encoding="utf-8") as file:
            began, before = time.process_time(), peak()
            count = sum(1 for _ in csv.reader(file)) - 1
    else:
        if path.endswith(".parquet"):
            import pyarrow.compute
            import pyarrow.parquet  # noqa: F401  its own start is not counted
        began, before = time.process_time(), peak()
        count = len(read(path, 18, 6))
    print(json.dumps([time.process_time() - began, count, before, peak()]))


def peak() -> int:
    """Kilobytes of this process at its most."""
    status = Path("/proc/self/status")
    if status.exists():  # getrusage would count what the parent had when it started us
        return int(re.findall(r"^VmHWM:\s+(\d+) kB$", status.read_text(), re.MULTILINE)[0])
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most // 1024 if sys.platform == "darwin" else most


def measured(kind: str, path: Path) -> tuple[float, int, int]:
    """Seconds, rows and megabytes of the fastest of several processes."""
    runs = []
    for _ in range(RUNS):
        done = subprocess.run([sys.executable, __file__, "--read", kind, str(path)], check=True, capture_output=True, text=True)
        seconds, count, before, most = json.loads(done.stdout)
        runs.append((seconds, count, (most - before) // 1024))
    return min(runs)


def main() -> None:
    if len(sys.argv) == 4 and sys.argv[1] == "--read":
        reading(*sys.argv[2:])
        return
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    print(f"Python {platform.python_version()}, {platform.machine()}, {count:,} rows, the fastest of {RUNS} processes each")
    with tempfile.TemporaryDirectory() as folder:
        for stream in STREAMS:
            files = write(Path(folder), stream, count)
            seconds, _, _ = plain = measured("plain loop", files["CSV"])
            print(f"{stream}\n  {'plain csv.reader loop':22}{seconds:7.2f} s")
            for name, path in files.items():
                seconds, found, megabytes = measured(stream, path)
                assert found == count
                size = path.stat().st_size / 1e6
                speed, ratio, size = count / seconds / 1e3, seconds / plain[0], path.stat().st_size / 1e6
                print(
                    f"  {name:22}{seconds:7.2f} s{speed:9,.0f} thousand rows/s{ratio:7.1f} times the plain loop"
                    f"{megabytes:7,} MB of memory{size:8.0f} MB file"
                )


if __name__ == "__main__":
    main()
