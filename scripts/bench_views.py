"""Times the making of views against other libraries, in turns; started by scripts/bench-views."""
import argparse
import contextlib
import gc
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import bench_peers
import bench_report
import torch
import yaml

HOME = Path(__file__).resolve().parent.parent
IMAGES = Path(os.environ["BENCH_IMAGES"])
PROGRAM = os.environ["BENCH_PROGRAM"]


@dataclass
class Measurement:
    """One stretch of work: how much of it a second, and the share of a core that each of its threads had."""
    rate: float
    core_share: float


@dataclass
class Result:
    """A row's measurements, round by round: ours, and those of each variant of what it is compared with."""
    name: str
    row: dict
    target: dict | None = None
    ours: list[Measurement] = field(default_factory=list)
    others: dict[str, list[Measurement]] = field(default_factory=dict)
    skipped: str | None = None

    @property
    def fastest(self) -> str:
        return max(self.others, key=lambda name: statistics.median(one.rate for one in self.others[name]))

    @property
    def ratios(self) -> list[float]:
        """Our rate to that of the fastest variant, or our time to its time, in each round."""
        rates = [(our.rate, other.rate) for our, other in zip(self.ours, self.others[self.fastest])]
        return [other / our if self.row.get("ratio") == "time" else our / other for our, other in rates]

    @property
    def holds(self) -> bool | None:
        """Whether the target is reached; None where there is none."""
        if self.target is None:
            return None
        if self.skipped:
            return False
        ratio = statistics.median(self.ratios)
        return self.target.get("at_least", 0) <= ratio <= self.target.get("at_most", float("inf"))

    @property
    def core_share(self) -> float:
        """The smallest share of a core that a measurement had."""
        return min(one.core_share for one in [*self.ours, *(one for others in self.others.values() for one in others)])


class Bench:
    """Measures rows."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.rounds: int = options.rounds
        self.seconds: float = options.seconds
        self.cores: list[int] = options.cores
        definitions = yaml.safe_load((HOME / "Benchmarks" / "pipelines.yaml").read_text())
        self.rows: dict[str, dict] = definitions["rows"]
        self.targets: dict[str, dict] = yaml.safe_load((HOME / "Benchmarks" / "targets.yaml").read_text())
        defaults = json.loads(subprocess.run([PROGRAM, "recipe"], check=True, capture_output=True).stdout)
        self.pipelines = {
            name: [{"count": group["count"], "recipe": overlaid(defaults, without_count(group))} for group in groups]
            for name, groups in definitions["pipelines"].items()}

    def measure(self, name: str) -> Result:
        row = self.rows[name]
        result = Result(name, row, self.targets.get(name))
        threads = row.get("threads", 0)
        if threads > len(self.cores):
            result.skipped = f"needs {threads} cores"
            return result
        with on_cores(self.cores[:max(1, threads)]):
            sides: dict[str, Callable[[int], Measurement]] = self.others(row)
            for number in range(self.rounds):
                result.ours.append(self.ours(row, row["work"], threads, number))
                for variant, side in sides.items():
                    result.others.setdefault(variant, []).append(side(number))
        return result

    def ours(self, row: dict, work: str, threads: int, seed: int) -> Measurement:
        """Lets our program do a work."""
        request = {
            "row": work, "work": work, "images": str(IMAGES / row["images"]), "seconds": self.seconds,
            "groups": self.pipelines.get(row.get("pipeline"), []), "threads": threads, "seed": seed}
        run = subprocess.run([PROGRAM], input=json.dumps(request), stdout=subprocess.PIPE, text=True)
        if run.returncode != 0:
            sys.exit(f"hardviews: our program failed at {work}; its message is above.")
        answer = json.loads(run.stdout)
        share = answer["cpu_seconds"] / answer["seconds"] / max(1, threads)
        return Measurement(answer[row.get("unit", "views")] / answer["seconds"], share)

    def others(self, row: dict) -> dict[str, Callable[[int], Measurement]]:
        """What the row is compared with."""
        if against := row.get("against"):
            name = f"ours: {against['work']}" if "threads" not in against else f"ours: {against['threads']} thread"
            return {name: lambda seed: self.ours(row, against["work"], against.get("threads", 0), seed)}
        paths = sorted((IMAGES / row["images"]).iterdir())
        groups = self.pipelines.get(row.get("pipeline"), [])
        variants = bench_peers.PEERS[row["peer"]](groups, paths, row["work"])
        return {name: self.timed(variant, len(paths), row.get("unit", "views")) for name, variant in variants.items()}

    def timed(self, variant: bench_peers.Variant, images: int, unit: str) -> Callable[[int], Measurement]:
        """A measurement of a peer as our program makes its own: first a quarter of the time to warm up."""
        def work(seconds: float) -> Measurement:
            count = number = 0
            cpu, start = time.process_time(), time.perf_counter()
            while (elapsed := time.perf_counter() - start) < seconds or number == 0:
                made = variant(number % images)
                count += 1 if unit == "images" else len(made)
                number += 1
            return Measurement(count / elapsed, (time.process_time() - cpu) / elapsed)

        def side(seed: int) -> Measurement:
            torch.manual_seed(seed)
            gc.collect()
            gc.disable()
            try:
                work(self.seconds / 4)
                return work(self.seconds)
            finally:
                gc.enable()

        return side


def without_count(group: dict) -> dict:
    return {key: value for key, value in group.items() if key != "count"}


def overlaid(defaults: dict, changes: dict, path: str = "") -> dict:
    """The defaults with changes in them, however deep; a key that is not there is a mistake."""
    merged = dict(defaults)
    for key, value in changes.items():
        if key not in defaults:
            sys.exit(f"hardviews: Benchmarks/pipelines.yaml: there is no '{path}{key}' in a recipe.")
        merged[key] = overlaid(defaults[key], value, f"{path}{key}.") if isinstance(value, dict) else value
    return merged


@contextlib.contextmanager
def on_cores(cores: list[int]) -> Iterator[None]:
    """Holds this process and those that it starts to some cores."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def parsed_options(rows: list[str]) -> argparse.Namespace:
    """The options that scripts/bench-views explains."""
    available = sorted(os.sched_getaffinity(0), reverse=True)
    parser = argparse.ArgumentParser(prog="scripts/bench-views", add_help=False)
    parser.add_argument("--rows")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--cores", default=",".join(map(str, available[:2])))
    parser.add_argument("--json", nargs="?", const="-")
    parser.add_argument("--markdown", nargs="?", const="-")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    options.rows = options.rows.split(",") if options.rows else rows
    if unknown := [name for name in options.rows if name not in rows]:
        parser.error(f"no such row: {', '.join(unknown)}; there are {', '.join(rows)}")
    try:
        options.cores = [int(core) for core in options.cores.split(",")]
    except ValueError:
        parser.error("--cores takes numbers of cores, such as 1 or 1,0")
    if not set(options.cores) <= set(available) or len(set(options.cores)) != len(options.cores):
        parser.error(f"--cores: give different ones of {', '.join(map(str, available))}")
    if options.rounds < 1 or options.seconds <= 0:
        parser.error("--rounds and --seconds must be positive")
    return options


def main() -> None:
    options = parsed_options(list(yaml.safe_load((HOME / "Benchmarks" / "pipelines.yaml").read_text())["rows"]))
    bench_peers.use_one_thread()
    bench = Bench(options)
    results: list[Result] = []
    for name in options.rows:
        results.append(bench.measure(name))
        print(bench_report.line(results[-1]), file=sys.stderr, flush=True)
    bench_report.write(results, options)
    missed = [result.name for result in results if result.holds is False]
    if options.check and missed:
        sys.exit(f"hardviews: missed: {', '.join(missed)}")


if __name__ == "__main__":
    main()
