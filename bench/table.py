# SPDX-License-Identifier: MIT
"""The figures of every row, and the table of them."""
import statistics


def figure_lines(row, runs):
    """Yield (figure, values run by run, goal or None) of one row.

    @param runs  runs by the title of their row; those with the same index ran one after the other
    """
    mine = runs[row.title]
    base = runs[row.above] if row.above else None
    yield "wall time, s", [run.wall for run in mine], None if base else row.seconds
    if base:
        yield f"  more than {row.above}, s", [a.wall - b.wall for a, b in zip(mine, base)], row.seconds
    if row.beside:
        ratios = [a.wall / b.wall for a, b in zip(mine, runs[row.beside])]
        yield "  times that of the row beside", ratios, row.times
    yield "CPU time, s", [run.cpu for run in mine], None
    yield "peak memory, MB", [run.peak for run in mine], None if base else row.megabytes
    if base:
        yield f"  more than {row.above}, MB", [a.peak - b.peak for a, b in zip(mine, base)], row.megabytes


def format_figure(figure, values, goal):
    """One line: median, minimum, maximum, goal, and whether the median meets it."""
    middle = statistics.median(values)
    digits = 1 if figure.endswith("MB") else 2 if "times" in figure else 3
    numbers = "".join(f"{value:9.{digits}f}" for value in (middle, min(values), max(values)))
    verdict = "" if goal is None else f"   at most {goal:<5g} {'met' if middle <= goal else 'NOT MET'}"
    return f"  {figure:38}{numbers}{verdict}"


def format_reads(reads):
    """One line on what was read from the target."""
    line = f"read: {reads.packet_bytes / 1e6:.2f} MB in {reads.packets} packets"
    if reads.calls:
        line += f", {reads.call_bytes / 1e6:.2f} MB in {reads.calls} direct reads of QEMU's memory"
    return "  " + line


def table(rows, runs, reads):
    """The whole table as text."""
    lines = [f"{'':40}{'median':>9}{'min':>9}{'max':>9}   goal"]
    for row in rows:
        lines.append(row.title)
        if row.title in reads:
            lines.append(format_reads(reads[row.title]))
        lines += [format_figure(*line) for line in figure_lines(row, runs)]
    return "\n".join(lines)
