"""Dot plots of tables as SVG: a line for each row, a dot for each value, a bar at their mean."""
import dataclasses
import html
import math
import statistics

ROW, HEAD, FOOT, PANEL, GAP = 24, 30, 34, 250, 44  # px
LETTER = 7.6  # px, of the widest usual ones


@dataclasses.dataclass(frozen=True)
class Panel:
    """One column of the table: the values of each row, and what `reference`, if there is one, reaches."""
    head: str
    values: list  # [[value of each run] of each row]
    reference: float | None = None


def ticks(least, most, count=4):
    """Round numbers from below `least` to above `most`."""
    raw = max(most - least, 1e-3 * max(abs(most), 1e-6)) / count
    unit = 10.0 ** math.floor(math.log10(raw))
    step = next(unit * factor for factor in (1, 2, 5, 10) if unit * factor >= raw * 0.999)
    first, last = math.floor(least / step + 1e-9), math.ceil(most / step - 1e-9)
    return [k * step for k in range(first, max(last, first + 1) + 1)]


def text(x, y, words, anchor="start"):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{html.escape(words)}</text>'


def panel_marks(panel, left, rows):
    known = [value for values in panel.values for value in values] + ([] if panel.reference is None else [panel.reference])
    marks = ticks(min(known), max(known))
    bottom = HEAD + ROW * rows

    def at(value):
        return left + (value - marks[0]) / (marks[-1] - marks[0]) * PANEL

    yield text(left, HEAD - 12, panel.head)
    for mark in marks:
        yield f'<path d="M{at(mark):.1f} {HEAD}V{bottom}" stroke="#ddd"/>'
        yield text(at(mark), bottom + 14, f"{mark:g}" if abs(mark) > 1e-12 else "0", "middle")
    if panel.reference is not None:
        yield f'<path d="M{at(panel.reference):.1f} {HEAD}V{bottom}" stroke="#555" stroke-dasharray="4 3"/>'
    for row, values in enumerate(panel.values):
        y = HEAD + ROW * (row + 0.5)
        yield f'<path d="M{at(statistics.mean(values)):.1f} {y - 8:.1f}v16" stroke="#b3590f" stroke-width="3"/>'
        for value in values:
            yield f'<circle cx="{at(value):.1f}" cy="{y:.1f}" r="3.5" fill="#fff" fill-opacity="0.6" stroke="#1f5f99" stroke-width="1.5"/>'


def svg(title, rows, panels):
    """The picture of the rows of these names. `title` is what a reader hears who doesn't see it."""
    names = 24 + LETTER * max(map(len, rows))
    width, height = round(names) + len(panels) * (PANEL + GAP) + GAP, HEAD + ROW * len(rows) + FOOT
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
             'role="img" font-family="sans-serif" font-size="13" fill="#222">',
             f"<title>{html.escape(title)}</title>", f'<rect width="{width}" height="{height}" fill="#fff"/>']
    lines += [text(names - 12, HEAD + ROW * (row + 0.5) + 4, name, "end") for row, name in enumerate(rows)]
    for column, panel in enumerate(panels):
        lines += panel_marks(panel, names + GAP / 2 + column * (PANEL + GAP), len(rows))
    legend = "circles: runs; bars: their means" + ("; dashed: without looking at the images"
                                                    if any(panel.reference is not None for panel in panels) else "")
    lines += [text(width - GAP, height - 5, legend, "end"), "</svg>"]
    return "\n".join(lines) + "\n"
