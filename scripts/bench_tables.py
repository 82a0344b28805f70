"""Tables of the benchmarks, as text and as Markdown."""
import os
import sys
from pathlib import Path

BEGIN, END = "<!-- table of scripts/bench -->", "<!-- end of the table -->"


def aligned(rows: list[list[str]]) -> str:
    """Rows of cells under one another, the first the headings."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows)


def markdown(rows: list[list[str]]) -> str:
    """The same as a Markdown table."""
    rows = [rows[0], ["---"] * len(rows[0]), *rows[1:]]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def replace_table(path: Path, table: str) -> None:
    before, begin, rest = path.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        sys.exit(f"hardviews: {path} has no place for the table: a line '{BEGIN}' and one '{END}'")
    path.write_text(f"{before}{BEGIN}\n{table}{END}{after}")


def processor() -> str:
    for text in Path("/proc/cpuinfo").read_text().splitlines():
        if text.startswith("model name"):
            return text.split(":", 1)[1].strip()
    return os.uname().machine
