"""What scripts/bench-views prints and writes: a table, Markdown, JSON."""
from __future__ import annotations

import argparse
import json
import statistics
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import bench_peers
from bench_tables import aligned, markdown, processor, replace_table

if TYPE_CHECKING:
    from bench_views import Measurement, Result

HEADINGS = ["row", "what", "ours", "fastest of the others", "ratio", "range", "target", ""]
QUIET = 0.97  # A smaller share of a core says that something else ran on it.


def median(measurements: list[Measurement]) -> float:
    return statistics.median(one.rate for one in measurements)


def rate(value: float, unit: str) -> str:
    return f"{value / 1e9:.2f} GB/s" if unit == "bytes" else f"{value:,.0f} {unit}/s"


def cells(result: Result) -> list[str]:
    """A row of the table."""
    start = [result.name, result.row["title"]]
    target = "".join(f"{'≥' if kind == 'at_least' else '≤'} {value}" for kind, value in (result.target or {}).items())
    if result.skipped:
        return [*start, "", "", "", "", target, f"not measured: {result.skipped}"]
    unit = result.row.get("unit", "views")
    ratios = result.ratios
    form = ".3f" if result.row.get("ratio") == "time" else ".2f"
    peer = result.row.get("peer")
    other = f"{rate(median(result.others[result.fastest]), unit)} ({f'{peer}: ' if peer else ''}{result.fastest})"
    verdict = {None: "", True: "reached", False: "MISSED"}[result.holds]
    return [*start, rate(median(result.ours), unit), other, f"{statistics.median(ratios):{form}}",
            f"{min(ratios):{form}}–{max(ratios):{form}}", target, verdict]


def line(result: Result) -> str:
    """A row while others are being measured."""
    name, _, ours, other, ratio, spread, target, verdict = cells(result)
    if result.skipped:
        return f"{name}: {verdict}"
    return f"{name}: {ours}, others {other}, ratio {ratio} ({spread}) {target} {verdict}".rstrip()


def text_table(results: list[Result]) -> str:
    return aligned([HEADINGS, *map(cells, results)])


def markdown_table(results: list[Result], options: argparse.Namespace) -> str:
    table = markdown([HEADINGS, *map(cells, results)])
    return f"{table}\n\n{description(options)}\n" + "".join(f"\n{warning}\n" for warning in [busy(results)] if warning)


def description(options: argparse.Namespace) -> str:
    found = ", ".join(f"{name} {version}" for name, version in bench_peers.versions().items())
    return (f"Medians and ranges of {options.rounds} rounds of {options.seconds:g} s on {processor()}, one core where "
            f"nothing else is said; {found}.")


def busy(results: list[Result]) -> str | None:
    """Says which rows were disturbed, if any."""
    found = [f"{result.name} ({result.core_share:.0%})" for result in results
             if not result.skipped and result.core_share < QUIET]
    return found and "Measured while the core was shared with other work, not to be published: " + ", ".join(found)


def document(results: list[Result], options: argparse.Namespace) -> dict:
    def listed(measurements: list[Measurement]) -> dict:
        return {"rates": [one.rate for one in measurements], "core_shares": [one.core_share for one in measurements]}

    def row(result: Result) -> dict:
        fields = {
            "name": result.name, "title": result.row["title"], "unit": result.row.get("unit", "views"),
            "target": result.target, "reached": result.holds}
        if result.skipped:
            return fields | {"skipped": result.skipped}
        return fields | {
            "ratio": statistics.median(result.ratios), "ratios": result.ratios, "ours": listed(result.ours),
            "others": {name: listed(measured) for name, measured in result.others.items()}, "fastest": result.fastest,
            "least_core_share": result.core_share}

    return {
        "processor": processor(), "versions": bench_peers.versions(), "rounds": options.rounds,
        "seconds": options.seconds, "rows": [row(result) for result in results]}


def write(results: list[Result], options: argparse.Namespace) -> None:
    """Everything that was asked for; the plain table goes where it is not in the way of another."""
    if options.json:
        text = json.dumps(document(results, options), indent=1, ensure_ascii=False) + "\n"
        if options.json == "-":
            sys.stdout.write(text)
        else:
            Path(options.json).write_text(text)
    if options.markdown == "-":
        print(markdown_table(results, options))
    elif options.markdown:
        replace_table(Path(options.markdown), markdown_table(results, options))
    is_taken = "-" in (options.json, options.markdown)
    print(text_table(results), file=sys.stderr if is_taken else sys.stdout)
    if warning := busy(results):
        print(f"hardviews: {warning}", file=sys.stderr)
