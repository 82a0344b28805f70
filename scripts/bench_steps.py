"""Times training steps of ours against those of step_reference.py, in turns; started by scripts/bench-step."""
import argparse
import json
import os
import statistics
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import bench_tables
import yaml

HOME = Path(__file__).resolve().parent.parent
DEFINITIONS = yaml.safe_load((HOME / "Benchmarks" / "steps.yaml").read_text())
TARGETS = yaml.safe_load((HOME / "Benchmarks" / "targets.yaml").read_text())
HEADINGS = ["work", "ratio of", "median", "range", "target", ""]


class Side:
    """A program that takes a step for each line that it is sent."""

    def __init__(self, command: list[str]) -> None:
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.peak_bytes = 0

    def step(self, rule: str) -> float:
        try:
            print(rule, file=self.process.stdin, flush=True)
            answer = json.loads(self.process.stdout.readline())
        except (BrokenPipeError, json.JSONDecodeError):
            sys.exit("hardviews: one side of the benchmark failed; its message is above.")
        self.peak_bytes = answer["peak_bytes"]
        return answer["seconds"]

    def end(self) -> None:
        self.process.stdin.close()
        self.process.wait()


@dataclass
class Row:
    work: str
    name: str
    title: str
    ratios: list[float]
    target: dict | None = field(default=None)

    @property
    def holds(self) -> bool | None:
        if self.target is None:
            return None
        return self.target.get("at_least", 0) <= statistics.median(self.ratios) <= self.target.get("at_most", 1e9)

    @property
    def cells(self) -> list[str]:
        signs = {"at_least": "≥", "at_most": "≤"}
        limit = "".join(f"{sign} {self.target[kind]}" for kind, sign in signs.items() if kind in (self.target or {}))
        verdict = {None: "", True: "reached", False: "MISSED"}[self.holds]
        return [self.work, self.title, f"{statistics.median(self.ratios):.2f}",
                f"{min(self.ratios):.2f}–{max(self.ratios):.2f}", limit, verdict]


def target(work: str, row: str) -> dict | None:
    """The target of a row for this work and processor, if there is one."""
    flags = Path("/proc/cpuinfo").read_text()
    has_bf16 = "avx512_bf16" in flags or "amx_bf16" in flags
    found = TARGETS.get(f"step-{row}-{work}", TARGETS.get(f"step-{row}"))
    return found if has_bf16 or found is None else found.get("without_bf16", found)


def measured(name: str, options: argparse.Namespace) -> tuple[list[Row], dict]:
    """Lets all sides take their turns at a work."""
    work = DEFINITIONS["works"][name]
    sets = [f"--set={setting}" for setting in work["set"]] + [f"--set=threads={options.threads}"]
    rules = [f"--rule={rule}: {keys}" for rule, keys in work["rules"].items()]
    images = Path(os.environ["BENCH_IMAGES"], work.get("images", ""))
    if "images" in work:
        sets.append(f"--data={images}")
    command = [os.environ["BENCH_PROGRAM"], "bench", "step", "--recipe", work["recipe"], *sets]
    # The reference knows two rules; so does ours where memory is compared.
    small = Side([*command, "--serve"])
    for rule in ("plain", "exact") * 2:
        small.step(rule)
    small.end()
    ours = Side([*command, *rules, "--serve"])
    reference = json.dumps(work["reference"] | {
        "threads": options.threads, "precision": "bf16", "images": str(images)})
    script = str(HOME / "scripts" / "step_reference.py")
    sides = {"ours": ours} | {style: Side([sys.executable, "-B", script, reference, style])
                              for style in ("same", "published")}
    rows = {key: row for key, row in DEFINITIONS["rows"].items() if name in row.get("only", [name])}
    wanted = list(dict.fromkeys(tuple(row[part]) for row in rows.values() for part in ("of", "to")))
    times: dict[tuple, list[float]] = {pair: [] for pair in wanted}
    for number in range(options.rounds + 2):
        for side, rule in wanted:
            seconds = sides[side].step(rule)
            if number >= 2:
                times[side, rule].append(seconds)
    for side in sides.values():
        side.end()
    found = [Row(name, key, row["title"], [row.get("scale", 1) * a / b for a, b in zip(
        times[tuple(row["of"])], times[tuple(row["to"])])], target(name, key)) for key, row in rows.items()]
    memory = small.peak_bytes / sides["same"].peak_bytes
    found.append(Row(name, "memory", "our peak memory / PyTorch's", [memory], target(name, "memory")))
    listed = {f"{side} {rule}": values for (side, rule), values in times.items()}
    return found, {"work": name, "seconds": listed, "peak_bytes": {key: side.peak_bytes for key, side in sides.items()}
                   | {"ours plain and exact": small.peak_bytes}}


def main() -> None:
    parser = argparse.ArgumentParser(prog="scripts/bench-step", add_help=False)
    parser.add_argument("--works", default=",".join(DEFINITIONS["works"]))
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--json", nargs="?", const="-")
    parser.add_argument("--markdown", nargs="?", const="-")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    if unknown := [name for name in options.works.split(",") if name not in DEFINITIONS["works"]]:
        parser.error(f"no such work: {', '.join(unknown)}; there are {', '.join(DEFINITIONS['works'])}")
    rows: list[Row] = []
    details = []
    for name in options.works.split(","):
        print(f"{DEFINITIONS['works'][name]['title']} …", file=sys.stderr)
        found, detail = measured(name, options)
        rows += found
        details.append(detail)
    is_taken = "-" in (options.json, options.markdown)
    cells = [HEADINGS, *[row.cells for row in rows]]
    print(bench_tables.aligned(cells), file=sys.stderr if is_taken else sys.stdout)
    if options.json:
        text = json.dumps({"processor": bench_tables.processor(), "threads": options.threads, "works": details,
                           "rows": [vars(row) | {"reached": row.holds} for row in rows]}, indent=1) + "\n"
        sys.stdout.write(text) if options.json == "-" else Path(options.json).write_text(text)
    if options.markdown:
        table = bench_tables.markdown(cells) + (
            f"\n\nMedians and ranges of {options.rounds} turns on {bench_tables.processor()}, "
            f"{options.threads} thread{'s' if options.threads > 1 else ''}.\n")
        print(table) if options.markdown == "-" else bench_tables.replace_table(Path(options.markdown), table)
    if options.check and (missed := [f"{row.work}/{row.name}" for row in rows if row.holds is False]):
        sys.exit(f"hardviews: targets missed: {', '.join(missed)}")


main()
