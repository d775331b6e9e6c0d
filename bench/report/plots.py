# SPDX-License-Identifier: MIT
"""plots.py - the pictures: lines along an axis, forests of ratios, percentiles, shares.

Each picture is 400 units wide, the width of a phone, and the page lays them out in as many columns
as there is room for. A picture is drawn for two places, the page and a file of its own (see svg.py),
and lines along an axis with a linear and a logarithmic scale, between which the page switches.
"""
import math
import os

import matplotlib
matplotlib.use("svg")
import matplotlib.pyplot as plt  # noqa: E402
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator  # noqa: E402

import svg  # noqa: E402
import words  # noqa: E402

WIDTH = 400 / 72           # inches: SVG units are points
RIGHT = 0.975              # where the axes end, as a share of the width
LEGEND_ROW = 14            # points
MARKERS = "osD^vPX<>h"
DASHES = ("-", (0, (4, 1.5)), (0, (1.2, 1.5)), (0, (5, 1.5, 1, 1.5)))
STYLE = {
    "svg.fonttype": "none", "svg.hashsalt": "weir", "font.size": 10.5, "font.family": "sans-serif",
    "axes.edgecolor": svg.MUTED, "axes.labelcolor": svg.INK, "text.color": svg.INK,
    "xtick.color": svg.MUTED, "ytick.color": svg.MUTED, "xtick.labelcolor": svg.INK,
    "ytick.labelcolor": svg.INK, "axes.facecolor": "none", "grid.color": svg.GRID,
    "axes.grid": True, "axes.axisbelow": True, "axes.spines.top": False,
    "axes.spines.right": False, "axes.linewidth": 0.8, "grid.linewidth": 0.7,
    "path.simplify": False,
}


class Picture:
    """What the page needs of one drawn panel."""

    def __init__(self, name, title, inline, inline_log, says):
        self.name = name
        self.title = title
        self.inline = inline
        self.inline_log = inline_log  # None: this picture has one scale
        self.says = says              # for those who cannot see it


def log_ticks(axis, low, high, say="{:g}".format):
    """Ticks as close as there is room for seven: at 1, 1.2, 1.5 ..., at 1, 2, 5, or at powers of ten."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for steps, every in (((1, 1.2, 1.5, 2, 3, 4, 5, 6, 8), 1), ((1, 2, 5), 1), ((1,), 1),
                         ((1,), 2), ((1,), 3)):
        ticks = [step * 10.0 ** power for power in powers if power % every == 0 for step in steps]
        ticks = [tick for tick in ticks if low <= tick <= high]
        if len(ticks) <= 7:
            break
    axis.set_major_locator(FixedLocator(ticks))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: say(value)))


class Heading:
    """A line of a forest that names the case of the rows below it."""

    def __init__(self, case, said):
        self.case, self.said = case, said


class Pen:
    """Draws into one folder and keeps each variant's colour and marker the same everywhere."""

    def __init__(self, run, folder, cpus):
        self.path = lambda name: os.path.join(folder, name + ".svg")
        self.cpus = cpus
        order = ["weir", "mutex"]
        for row in run.cases:
            if row.variant not in order:
                order.append(row.variant)
        self.place = {}  # variant -> (index of its family, index within it)
        families = []
        for variant in order:
            family = words.family(variant, order)
            if family not in families:
                families.append(family)
            within = sum(1 for other in self.place if words.family(other, order) == family)
            self.place[variant] = families.index(family), within

    def colour(self, variant):
        return svg.SERIES[self.place[variant][0] % len(svg.SERIES)]

    def marker(self, variant):
        family, within = self.place[variant]
        return MARKERS[(family + 4 * within) % len(MARKERS)]

    def line(self, variant):
        """How this variant's lines look: relatives share a colour and differ in their dashes."""
        return {"color": self.colour(variant), "linewidth": 2.4 if variant in words.OURS else 1.4,
                "linestyle": DASHES[self.place[variant][1] % len(DASHES)]}

    def picture(self, name, title, says, variants, height, paint, scales=("linear",)):
        """paint(axes, scale, tips) draws; returned is the page's form, and a file is written."""
        columns = 3
        legend = LEGEND_ROW * math.ceil(len(variants) / columns) + 6 if variants else 0
        inline = []
        with matplotlib.rc_context(STYLE):
            for scale in scales:
                tips = []
                total = height + legend
                figure, axes = plt.subplots(figsize=(WIDTH, total / 72))
                paint(axes, scale, tips)
                room = paint.left if hasattr(paint, "left") else 0.115
                figure.subplots_adjust(left=room, right=RIGHT, top=1 - 12 / total,
                                       bottom=(legend + 36) / total)
                if variants:
                    self.legend(figure, variants, columns)
                inline.append(svg.draw(figure, f"{name}-{scale}", False, tips, legend))
                if scale == scales[0]:
                    text = svg.draw(figure, name, True, tips, legend)
                    with open(self.path(name), "w", encoding="utf-8") as file:
                        file.write(text + "\n")
                plt.close(figure)
        return Picture(name, title, inline[0], inline[1] if len(inline) > 1 else None, says)

    def legend(self, figure, variants, columns):
        handles = [plt.Line2D([], [], marker=self.marker(v), markersize=4.5, **self.line(v))
                   for v in variants]
        figure.legend(handles, [words.rival(v) for v in variants], loc="lower left", ncol=columns,
                      frameon=False, fontsize=9, borderaxespad=0.2, handlelength=1.8,
                      columnspacing=1.0, labelspacing=0.3).set_gid("legend")

    def point(self, axes, x, y, variant, tips, text, size=5):
        tips.append(text)
        axes.plot([x], [y], linestyle="none", marker=self.marker(variant),
                  markersize=size + (1 if variant in words.OURS else 0), color=self.colour(variant),
                  zorder=5, gid=f"tip:{variant}:{len(tips) - 1}")

    def lines(self, panel, x_label, y_label="million elements per second"):
        """Speed of each variant along the panel's axis, with the interval of each point."""
        series = panel.series()
        threads = panel.axis == "threads"

        def paint(axes, scale, tips):
            values = sorted({row.get(panel.axis) for rows in series.values() for row in rows})
            place = {value: index for index, value in enumerate(values)}
            if threads and self.cpus:
                self.shade(axes, values)
            for variant, rows in series.items():
                x = [place[row.get(panel.axis)] for row in rows]
                low = [(row.ops_s_lo or row.ops_s_median) / 1e6 for row in rows]
                high = [(row.ops_s_hi or row.ops_s_median) / 1e6 for row in rows]
                y = [row.ops_s_median / 1e6 for row in rows]
                axes.fill_between(x, low, high, color=self.colour(variant), alpha=0.18, linewidth=0,
                                  gid=f"of:{variant}:band")
                axes.plot(x, y, **self.line(variant), zorder=4 if variant in words.OURS else 3,
                          gid=f"of:{variant}:line")
                for row, at, speed in zip(rows, x, y):
                    self.point(axes, at, speed, variant, tips,
                               f"{words.rival(variant)}: {words.rate(row.ops_s_median)} "
                               f"({words.rate(row.ops_s_lo)} to {words.rate(row.ops_s_hi)}), "
                               f"{words.label(row)}")
            axes.set_xticks(range(len(values)), [words.si(value) for value in values])
            axes.set_xlabel(x_label)
            axes.set_title(y_label, fontsize=9, loc="left",
                           color=svg.MUTED, pad=4)
            axes.set_xlim(-0.25, len(values) - 0.75)
            if scale == "log":
                axes.set_yscale("log")
                log_ticks(axes.yaxis, *axes.get_ylim())
            else:
                axes.set_ylim(bottom=0)
        says = (f"{panel.title}: speed over {x_label} for "
                f"{words.listed(words.rival(v) for v in series)}.")
        return self.picture(panel.name, panel.title, says, list(series), 226, paint,
                            ("linear", "log"))

    def shade(self, axes, values):
        """Marks where threads outnumber CPUs: what is to the right says nothing of scaling."""
        beyond = [index for index, value in enumerate(values) if value > self.cpus]
        if not beyond:
            return
        left = beyond[0] - 0.5 if beyond[0] else -0.25
        axes.axvspan(left, len(values), color=svg.SHADE, zorder=0, linewidth=0)
        axes.text(len(values) - 0.8, 1.0, "oversubscribed", transform=axes.get_xaxis_transform(),
                  ha="right", va="bottom", fontsize=9, color=svg.MUTED)

    def forest(self, name, title, rows, say_case):
        """Weir over each rival: median and interval per row, and a line at 1.

        Rows of one case follow each other; the case stands as a line of its own above them."""
        lines = []  # from the top: a row, or the name of the case that follows
        for row in rows:
            if not lines or lines[-1].case != row.case:
                lines.append(Heading(row.case, say_case(row)))
            lines.append(row)
        lines.reverse()

        def paint(axes, scale, tips):
            bounds = [v for row in rows for v in (row.ratio_lo, row.ratio_median, row.ratio_hi) if v]
            low, high = min(0.8, *bounds), max(1.25, *bounds)
            low, high = low / (high / low) ** 0.04, high * (high / low) ** 0.04
            axes.set_xscale("log")
            axes.set_xlim(low, high)
            axes.axvspan(low, 1, color=svg.SHADE, zorder=0, linewidth=0)
            axes.axvline(1, color=svg.INK, linewidth=1.2, zorder=2)
            for y, row in enumerate(lines):
                if isinstance(row, Heading):
                    axes.text(-paint.left / (RIGHT - paint.left), y - 0.1, row.said, va="center",
                              transform=axes.get_yaxis_transform(), fontsize=9.5,
                              fontweight="bold", gid="heading")
                    continue
                axes.plot([row.ratio_lo or row.ratio_median, row.ratio_hi or row.ratio_median],
                          [y, y], color=self.colour(row.variant), linewidth=2, solid_capstyle="butt",
                          gid=f"of:{row.variant}:range")
                self.point(axes, row.ratio_median, y, row.variant, tips,
                           f"weir over {words.rival(row.variant)}: {words.ratio(row)}, "
                           f"{words.label(row)}")
            named = [(y, row) for y, row in enumerate(lines) if not isinstance(row, Heading)]
            axes.set_yticks([y for y, _ in named], [words.rival(row.variant) for _, row in named],
                            fontsize=9)
            axes.tick_params(axis="y", length=0)
            axes.set_ylim(-0.6, len(lines) - 0.4)
            axes.grid(axis="y", visible=False)
            log_ticks(axes.xaxis, low, high)
            axes.set_xlabel("the other's median latency over weir's" if words.is_latency(rows[0])
                            else "weir's throughput over the other's", fontsize=9.5)
        paint.left = 0.36
        says = f"{title}: " + "; ".join(f"{words.label(r)}, over {words.rival(r.variant)} "
                                        f"{words.ratio(r)}" for r in rows) + "."
        return self.picture(name, title, says, [], 52 + 15 * len(lines), paint)

    def heat(self, grid):
        """A crossover: shares of writes from the top down, keys and threads across."""
        place = {column: x for x, column in enumerate(grid.columns)}
        top = {write: y for y, write in enumerate(reversed(grid.writes))}
        most = max(math.log(4), *(abs(math.log(c.ratio)) for c in grid.cells))

        def paint(axes, scale, tips):
            for c in grid.cells:
                x, y = place[c.keys, c.threads], top[c.write]
                name = grid.ours if c.ratio >= 1 else grid.theirs
                depth = 0.12 + 0.6 * min(1, abs(math.log(c.ratio)) / most)
                tips.append(c.text)
                axes.add_patch(plt.Rectangle((x - 0.48, y - 0.46), 0.96, 0.92, alpha=depth if c.decided else 0.08,
                                             facecolor=svg.SERIES[0 if name == grid.ours else 2],
                                             edgecolor=svg.MUTED, linewidth=0,
                                             gid=f"tip:{name}:{len(tips) - 1}"))
                if not c.decided:
                    axes.add_patch(plt.Rectangle((x - 0.48, y - 0.46), 0.96, 0.92, fill=False, hatch="///",
                                                 edgecolor=svg.GRID, linewidth=0))
                factor = c.ratio if c.ratio >= 1 else 1 / c.ratio
                said = f"{words.times(factor)}\u00d7" if c.decided else "?"
                size = 9 if len(grid.columns) < 8 else 7.5
                axes.text(x, y + (0.16 if c.decided else 0), words.short(name) if c.decided else "", ha="center",
                          va="center", fontsize=size - 1)
                axes.text(x, y - (0.2 if c.decided else 0), said, ha="center", va="center", fontsize=size)
            axes.set_xlim(-0.5, len(grid.columns) - 0.5)
            axes.set_ylim(-0.5, len(grid.writes) - 0.5)
            axes.set_xticks(range(len(grid.columns)),
                            [f"{words.keys_said(keys)}\n{threads}T" for keys, threads in grid.columns], fontsize=8)
            axes.set_yticks(range(len(grid.writes)), [f"{write:.0f} %" for write in reversed(grid.writes)])
            axes.tick_params(length=0)
            axes.grid(visible=False)
            axes.set_title("writes; below: keys and threads", fontsize=9, loc="left", color=svg.MUTED, pad=4)
        says = f"{grid.title}: " + "; ".join(c.text for c in grid.cells) + "."
        return self.picture(grid.name, grid.title, says, [], 60 + 32 * len(grid.writes), paint)

    def percentiles(self, name, title, rows):
        """Waiting times from the median to the worst, logarithmic."""
        fields = [("p50_ns", "p50"), ("p90_ns", "p90"), ("p99_ns", "p99"), ("p999_ns", "p99.9"),
                  ("max_ns", "max")]

        def paint(axes, scale, tips):
            for row in rows:
                have = [(x, row.get(field), said) for x, (field, said) in enumerate(fields)
                        if row.get(field)]
                axes.plot([x for x, _, _ in have], [value for _, value, _ in have],
                          **self.line(row.variant), gid=f"of:{row.variant}:line")
                for x, value, said in have:
                    self.point(axes, x, value, row.variant, tips,
                               f"{words.rival(row.variant)}: {said} {words.nanoseconds(value)}")
            axes.set_yscale("log")
            axes.set_xticks(range(len(fields)), [said for _, said in fields])
            log_ticks(axes.yaxis, *axes.get_ylim(), words.nanoseconds)
            axes.set_xlabel("percentile")
        paint.left = 0.15
        says = f"{title}: " + "; ".join(
            f"{words.rival(r.variant)} p50 {words.nanoseconds(r.p50_ns)}, p99 "
            f"{words.nanoseconds(r.p99_ns)}" for r in rows) + "."
        return self.picture(name, title, says, [r.variant for r in rows], 226, paint)

    def shares(self, name, title, rows):
        """Fairness: the least busy thread's count over the busiest one's."""
        rows = sorted(rows, key=lambda row: row.fair_min_max)

        def paint(axes, scale, tips):
            for y, row in enumerate(rows):
                tips.append(f"{words.rival(row.variant)}: {row.fair_min_max:.2f}")
                axes.barh(y, row.fair_min_max, height=0.62, color=self.colour(row.variant))
                axes.patches[-1].set_gid(f"tip:{row.variant}:{len(tips) - 1}")
                axes.text(row.fair_min_max + 0.015, y, f"{row.fair_min_max:.2f}", va="center",
                          fontsize=9)
            axes.set_yticks(range(len(rows)), [words.rival(row.variant) for row in rows],
                            fontsize=9)
            axes.set_xlim(0, 1.11)
            axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "0.25", "0.5", "0.75", "1"])
            axes.tick_params(axis="y", length=0)
            axes.grid(axis="y", visible=False)
            axes.set_xlabel("least busy thread over busiest (1: all alike)", fontsize=9.5)
        paint.left = 0.31
        says = f"{title}: " + "; ".join(f"{words.rival(r.variant)} {r.fair_min_max:.2f}"
                                        for r in reversed(rows)) + "."
        return self.picture(name, title, says, [], 52 + 18 * len(rows), paint)
