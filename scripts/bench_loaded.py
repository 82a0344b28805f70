"""Times training with and without other work on the machine; started by scripts/bench-step --loaded."""
import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path

import bench_tables

# What is trained: small networks, whose many short operations wait most often for one another.
WORKS = {
    "resnet18-32": ("SimSiam, narrow ResNet-18, 32 px", "simsiam-small"),
    "dino-vit": ("DINO, transformer of 4 blocks, 32 px", "dino-small"),
}
# Environments of the program: its own setting, and the one that libgomp has by itself.
SIDES = {"ours": {}, "libgomp's": {"GOMP_SPINCOUNT": "300000"}}
TARGETS = {"ours, loaded / quiet": ("≥", 1 / 3), "quiet, ours / libgomp's": ("≥", 0.97)}
HEADINGS = ["work", "ratio of images/s", "median", "range", "target", ""]


class Trainer:
    """A program that takes a training step, with loading, for each line that it is sent."""

    def __init__(self, recipe: str, environment: dict[str, str]) -> None:
        program = os.environ["BENCH_PROGRAM"]
        own = {key: value for key, value in os.environ.items() if key not in ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")}
        self.process = subprocess.Popen(
            [program, "bench", "step", "--recipe", recipe, "--serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True, env=own | environment)

    def seconds(self, least: float) -> float:
        """Seconds of a step: the mean of those that a turn of at least so many seconds holds."""
        taken = []
        while sum(taken) < least:
            try:
                print("whole exact", file=self.process.stdin, flush=True)
                taken.append(json.loads(self.process.stdout.readline())["seconds"])
            except (BrokenPipeError, json.JSONDecodeError):
                sys.exit("hardviews: the program failed; its message is above.")
        return statistics.fmean(taken)

    def end(self) -> None:
        self.process.stdin.close()
        self.process.wait()


class OtherWork:
    """Busy processes on every core, which rest outside `with`."""

    def __init__(self, per_core: int) -> None:
        self.processes = []
        for core in sorted(os.sched_getaffinity(0)) * per_core:
            process = subprocess.Popen([sys.executable, "-c", "while True: pass"])
            os.sched_setaffinity(process.pid, {core})
            self.processes.append(process)
        self.signal(signal.SIGSTOP)

    def signal(self, number: int) -> None:
        for process in self.processes:
            process.send_signal(number)
        time.sleep(0.1)

    def __enter__(self) -> None:
        self.signal(signal.SIGCONT)

    def __exit__(self, *_: object) -> None:
        self.signal(signal.SIGSTOP)

    def end(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()


def measured(recipe: str, options: argparse.Namespace, work: OtherWork) -> dict[str, list[float]]:
    """Seconds of a step of each side, quiet and loaded, turn by turn."""
    trainers = {side: Trainer(recipe, environment) for side, environment in SIDES.items()}
    seconds: dict[str, list[float]] = {f"{side}, {state}": [] for side in SIDES for state in ("quiet", "loaded")}
    for trainer in trainers.values():
        trainer.seconds(least=options.seconds)
    for number in range(options.rounds):
        # The order changes, so that what drifts from turn to turn favors nobody.
        order = list(trainers.items())[::-1 if number % 2 else 1]
        for side, trainer in order:
            seconds[f"{side}, quiet"].append(trainer.seconds(options.seconds))
        with work:
            for side, trainer in order:
                seconds[f"{side}, loaded"].append(trainer.seconds(options.seconds))
    for trainer in trainers.values():
        trainer.end()
    return seconds


def rows(name: str, seconds: dict[str, list[float]]) -> list[list[str]]:
    ours, theirs = SIDES
    found = []
    for title, of, to in [
            ("ours, loaded / quiet", f"{ours}, loaded", f"{ours}, quiet"),
            ("libgomp's, loaded / quiet", f"{theirs}, loaded", f"{theirs}, quiet"),
            ("quiet, ours / libgomp's", f"{ours}, quiet", f"{theirs}, quiet")]:
        ratios = [b / a for a, b in zip(seconds[of], seconds[to])]
        sign, limit = TARGETS.get(title, ("", None))
        verdict = "" if limit is None else "reached" if statistics.median(ratios) >= limit else "MISSED"
        found.append([name, title, f"{statistics.median(ratios):.3f}", f"{min(ratios):.3f}–{max(ratios):.3f}",
                      f"{sign} {limit:.2f}" if limit else "", verdict])
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="scripts/bench-step --loaded", add_help=False)
    parser.add_argument("--loaded", action="store_true")
    parser.add_argument("--works", default=",".join(WORKS))
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=1)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--json", nargs="?", const="-")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    if unknown := [name for name in options.works.split(",") if name not in WORKS]:
        parser.error(f"no such work: {', '.join(unknown)}; there are {', '.join(WORKS)}")
    table, details = [], []
    work = OtherWork(options.processes)
    try:
        for name in options.works.split(","):
            title, recipe = WORKS[name]
            print(f"{title} …", file=sys.stderr)
            seconds = measured(recipe, options, work)
            table += rows(name, seconds)
            details.append({"work": name, "seconds": seconds})
    finally:
        work.end()
    print(bench_tables.aligned([HEADINGS, *table]), file=sys.stderr if options.json == "-" else sys.stdout)
    if options.json:
        text = json.dumps({"processor": bench_tables.processor(), "works": details}, indent=1) + "\n"
        sys.stdout.write(text) if options.json == "-" else Path(options.json).write_text(text)
    if options.check and (missed := [f"{row[0]}/{row[1]}" for row in table if row[-1] == "MISSED"]):
        sys.exit(f"hardviews: targets missed: {', '.join(missed)}")


main()
