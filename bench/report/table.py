# SPDX-License-Identifier: MIT
"""table.py - the table of all cases, with a strip of samples in each row."""
import words


class Column:
    def __init__(self, title, help_text, number=True):
        self.title = title
        self.help = help_text
        self.n = number


class Cell:
    def __init__(self, text, key=None, number=True, picture=""):
        self.text = text
        self.key = key
        self.n = number and not picture
        self.svg = picture


class TableRow:
    def __init__(self, cells, weir):
        self.cells = cells
        self.weir = weir


def figure(value, text):
    return Cell(text if value is not None else "", f"{value:.9g}" if value is not None else None)


def plain(form):
    return lambda value: form.format(value)


# title, what it is, column of cases.csv, how its value is said
FIGURES = (
    ("elements/s", "median over the rounds", "ops_s_median", words.rate),
    ("ns each", "nanoseconds per element; median latency where latency is measured", "ns_op_median", plain("{:.3g}")),
    ("weir over it", "how many times better weir is, paired by round", "ratio_median", None),
    ("of its bound", "share of what the hardware allows, by the bound measured in the same run",
     "bound_share", plain("{:.0%}")),
    ("p50", "half of the elements took less", "p50_ns", words.nanoseconds),
    ("p90", "nine of ten took less", "p90_ns", words.nanoseconds),
    ("p99", "99 of 100 took less", "p99_ns", words.nanoseconds),
    ("p99.9", "999 of 1000 took less", "p999_ns", words.nanoseconds),
    ("max", "the slowest", "max_ns", words.nanoseconds),
    ("fairness", "least busy thread over the busiest", "fair_min_max", plain("{:.2f}")),
    ("switches/op", "context switches per element", "csw_per_op", plain("{:.2g}")),
    ("CPU s per M", "CPU seconds per million elements", "cpu_s_per_mop", plain("{:.3g}")),
    ("misses/op", "calls that moved nothing, per element", "misses_per_op", plain("{:.2g}")),
    ("bytes/entry", "of maps: memory that the table holds", "bytes_per_entry", plain("{:.1f}")),
)


def strip(samples, top, median):
    """One dot per round on a line from 0 to the best round of the case."""
    if not samples or not top:
        return ""
    place = lambda value: f"{4 + 122 * value / top:.1f}"  # noqa: E731
    dots = "".join(f'<circle cx="{place(sample.ops_s)}" cy="7" r="3"/>' for sample in samples)
    middle = (f'<line class="mid" x1="{place(median)}" x2="{place(median)}" y1="1" y2="13"/>'
              if median else "")
    return (f'<svg class="strip" viewBox="0 0 130 14" role="img" aria-label="{len(samples)} rounds">'
            f'<line x1="4" x2="126" y1="7" y2="7"/>{dots}{middle}</svg>')


def columns():
    head = [Column("case", "what was measured", False), Column("contender", "whose ring", False)]
    middle = [Column(title, said) for title, said, _, _ in FIGURES]
    middle.insert(3, Column("interval", "95 % interval of the ratio", False))
    middle.insert(4, Column("weir is", "what the interval says", False))
    return head + middle + [Column("rounds", "the throughput of each round", False),
                            Column("note", "what it does not promise, or what went wrong", False)]


SAID = {"faster": "ahead", "slower": "behind", "equal": "level"}


def row_of(run, row, order, top):
    cells = [Cell(words.label(row), f"{order:05d}", False),
             Cell(words.rival(row.variant), words.rival(row.variant).lower(), False)]
    for _, _, column, say in FIGURES:
        value = row.get(column)
        text = "" if value is None else words.times(value) if say is None else say(value)
        cells.append(figure(value, text))
        if column == "ratio_median":
            said = SAID.get(words.verdict(row), words.verdict(row))
            cells.append(Cell(words.interval(row.ratio_lo, row.ratio_hi) if value else "",
                              f"{row.ratio_lo:.9g}" if value and row.ratio_lo else None, False))
            cells.append(Cell(said, said or None, False))
    samples = run.samples.get((row.case, row.variant), ())
    spread = (max(s.ops_s for s in samples) / max(min(s.ops_s for s in samples), 1e-9)
              if samples else None)
    cells.append(Cell("", f"{spread:.9g}" if spread else None, False,
                      strip(samples, top, row.ops_s_median)))
    note = row.note if row.status == "ok" else f"{row.status}: {row.note}" if row.note else row.status
    cells.append(Cell(note, note or None, False))
    return TableRow(cells, row.variant in words.OURS)


class Table:
    def __init__(self, run):
        self.columns = columns()
        tops = {}
        for (case, _), samples in run.samples.items():
            tops[case] = max(tops.get(case, 0), *(s.ops_s for s in samples))
        order = {}
        for row in run.cases:
            order.setdefault(row.case, len(order))
        self.rows = [row_of(run, row, order[row.case], tops.get(row.case))
                     for row in sorted(run.cases, key=lambda row: order[row.case])]
