# SPDX-License-Identifier: MIT
"""summary.py - checks the tables of summary.md against cases.csv and bars.csv.

summary.md is written by weir-bench (bench/summary.c) from the same figures, rounded for reading. Each
figure in a table row must be the one of cases.csv to the last printed digit, each measured row must
stand in it once, and the lists of losses and of bars must be complete.

Standard library only.
"""
import math
import os
import re

import results
import words
from recompute import Value

UNITS = {"ns": 1, "us": 1e3, "\u00b5s": 1e3, "ms": 1e6, "s": 1e9, "k/s": 1e3, "M/s": 1e6, "x": 1,
         "%": 0.01, "": 1}
FIGURE = re.compile(r"(?P<number>\d+(?:\.\d+)?(?:e[+-]?\d+)?)\s?(?P<unit>[a-zA-Z\u00b5%/]*)")

# Heading of a column: the columns of cases.csv whose figures stand in its cells, in order.
CELLS = {
    "per op [95 %]": ("ns_op_median", "ns_op_lo", "ns_op_hi"),
    "rate": ("ops_s_median",), "weir is": ("ratio_median", "ratio_lo", "ratio_hi"),
    "bound": ("bound_share",), "fair": ("fair_min_max",), "CPU s per M": ("cpu_s_per_mop",),
    "p50": ("p50_ns",), "p90": ("p90_ns",), "p99": ("p99_ns",), "p99.9": ("p999_ns",),
    "max": ("max_ns",),
}


def shown(text):
    """The figures in a cell; each printed digit counts."""
    return [Value(float(match["number"]) * UNITS.get(match["unit"], 1),
                  half_printed(match["number"]) * UNITS.get(match["unit"], 1))
            for match in FIGURE.finditer(text)]


def half_printed(number):
    mantissa, _, exponent = number.partition("e")
    return 0.5 * 10.0 ** (int(exponent or 0) - len(mantissa.partition(".")[2]))


def half_printed_g(text):
    """Half a unit of the third significant digit, which is where such a figure was rounded."""
    number = abs(float(text))
    return 0.5 * 10.0 ** (math.floor(math.log10(number)) - 2) if number else 0.0


def cells_of(line):
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


class Reader:
    """Goes through the file once; what does not agree is collected in `problems`."""

    def __init__(self, run, path):
        self.run = run
        self.path = path
        self.problems = []
        self.section = self.case = None
        self.heading = None
        self.seen = set()       # (case, variant) that have a row
        self.losses = set()     # (case, variant) in the list of losses
        self.bars = set()

    def say(self, number, text):
        self.problems.append(f"{self.path}:{number}: {text}")

    def read(self, lines):
        for number, line in enumerate(lines, 1):
            if line.startswith("#"):
                self.section, self.heading = line.lstrip("# ").strip(), None
            elif re.fullmatch(r"`[^`]+`", line.strip()):
                self.case = line.strip().strip("`")
            elif not line.startswith("|"):
                self.heading = None
            elif self.heading is None:
                self.heading = cells_of(line)
            elif not re.fullmatch(r"[|\-: ]+", line.strip()):
                self.row(number, cells_of(line))

    def row(self, number, cells):
        fields = dict(zip(self.heading, cells))
        if self.heading[0] == "variant":
            self.measured(number, self.case, fields["variant"], fields)
            self.seen.add((self.case, fields["variant"]))
        elif self.heading[0] == "idle":
            self.idle(number, fields)
        elif self.heading[0] == "bar":
            self.bar(number, fields)
        elif "names" in fields and "against" in fields:
            key = fields["names"].strip("`"), fields["against"]
            self.losses.add(key)
            self.measured(number, *key, fields)

    def measured(self, number, case, variant, fields):
        row = self.run.find(case, variant)
        if row is None:
            self.say(number, f"{case} {variant} is not in cases.csv")
            return
        for heading, columns in CELLS.items():
            if heading in fields:
                self.compare(number, f"{case} {variant}", heading, fields[heading], row, columns)
        if "verdict" in fields and fields["verdict"] != row.verdict:
            self.say(number, f"{case} {variant}: verdict is '{fields['verdict']}', cases.csv says "
                             f"'{row.verdict}'")

    def compare(self, number, what, heading, text, row, columns):
        wanted = [Value.of(row, column) for column in columns]
        wanted = [value for value in wanted if value is not None]
        found = shown(text)
        if len(found) != len(wanted) and (found or any(value.number for value in wanted)):
            self.say(number, f"{what}: '{text}' in column {heading}, but the data have "
                             f"{len(wanted)} figures")
            return
        for ours, theirs in zip(found, wanted):
            if not ours.agrees(theirs):
                self.say(number, f"{what}: {heading} is '{text}', the data say {theirs.number:.6g}")
                return

    def bar(self, number, fields):
        self.bars.add(fields["bar"])
        row = next((row for row in self.run.bars if row.bar == fields["bar"]), None)
        if row is None:
            self.say(number, f"the bar {fields['bar']} is not in bars.csv")
            return
        self.compare(number, row.bar, "reached", fields.get("reached", ""), row,
                     ("median", "lo", "hi"))
        for column in ("wanted", "result"):
            if fields.get(column) != row.text[column]:
                self.say(number, f"{row.bar}: {column} is '{fields.get(column)}', bars.csv says "
                                 f"'{row.text[column]}'")

    def select_ns(self, variant, cases):
        row = self.run.find(f"select/test:solo/cap:1024/size:8/batch:1/ways:{cases}/ready:1/blocking:1",
                            variant)
        return None if row is None else Value.of(row, "ns_op_median")

    def idle(self, number, fields):
        """Each figure is a difference of two medians over a count."""
        variant = fields["idle"]
        one = self.select_ns(variant, 1)
        for heading, text in fields.items():
            cases = int(heading.split()[0]) if heading != "idle" else 0
            if not cases or not text:
                continue
            many = self.select_ns(variant, cases)
            if one is None or many is None:
                self.say(number, f"idle cases of {variant}: cases.csv has no select with 1 and {cases}")
                return
            wanted = Value((many.number - one.number) / (cases - 1),
                           (many.doubt + one.doubt) / (cases - 1))
            if not Value(float(text), half_printed_g(text)).agrees(wanted):
                self.say(number, f"idle cases of {variant}: {heading} is '{text}', the data say "
                                 f"{wanted.number:.6g}")

    def complete(self, losing):
        wanted = {(row.case, row.variant) for row in self.run.cases if row.rounds}
        for case, variant in sorted(wanted - self.seen):
            self.say(1, f"has no row for {case} {variant}, which cases.csv has; it was cut short")
        for case, variant in sorted(losing - self.losses):
            self.say(1, f"does not list the loss of {case} against {variant}")
        for row in self.run.bars:
            if row.bar not in self.bars:
                self.say(1, f"does not list the bar {row.bar}")


def losing(run):
    """Rivals that weir is slower than, as wb_loses of bench/text.c has it: weir's own variants are none, nor are bounds."""
    return {(row.case, row.variant) for row in run.cases
            if row.verdict == "slower" and words.is_rival(row.variant)}


def check(run):
    """What in summary.md does not agree with the other files, one line each."""
    path = os.path.join(run.folder, "summary.md")
    reader = Reader(run, path)
    try:
        reader.read(results.read_text(path, run.folder).splitlines())
    except results.Broken as error:
        return [str(error)]
    reader.complete(losing(run))
    return reader.problems


