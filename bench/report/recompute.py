# SPDX-License-Identifier: MIT
"""recompute.py - checks cases.csv, bars.csv and summary.md of a run against samples.csv.

Medians and paired ratios are computed again from the samples and must be the printed ones, to the last
printed digit. Figures in a file are rounded, so a ratio of two of them is known only to within that
rounding: each number carries half a unit of its last digit as its uncertainty, and the sum of those is
all that is granted. An interval comes from a bootstrap and is not repeated here; it must hold its
median and lie within the samples. Verdicts and bars are decided again from the printed intervals by
the rules of weir-bench (bench/results.c, bench/bars.c).

Standard library only.
"""
import math
import statistics

import words

MARGIN = 0.03
ROUNDS_FOR_VERDICT = 6
NO_SLOWER = 0.97
WRITTEN_DIGITS = 6  # bench/csv.c


def half_unit(text):
    """Half a unit of the last digit that was written: 5e-7 for 1.23457. The files are written with six
    significant digits and without trailing zeros, so 2.5 stands for 2.50000."""
    mantissa = text.lower().partition("e")[0]
    digits = len(mantissa.replace(".", "").lstrip("-0"))
    number = abs(float(text))
    place = math.floor(math.log10(number)) if number else 0
    return 0.5 * 10.0 ** (place - max(digits, WRITTEN_DIGITS) + 1)


class Value:
    """A number with the uncertainty of its print."""

    def __init__(self, number, doubt):
        self.number = number
        self.doubt = doubt

    @staticmethod
    def of(row, column):
        number = row.get(column)
        return None if number is None else Value(number, half_unit(row.text[column]))

    def over(self, other):
        number = self.number / other.number
        return Value(number, abs(number) * (self.doubt / abs(self.number)
                                            + other.doubt / abs(other.number)))

    def agrees(self, other):
        slack = self.doubt + other.doubt
        return abs(self.number - other.number) <= slack * (1 + 1e-9) + 1e-12 * abs(self.number)


def median(values):
    """Median with the doubt of the values that decide it."""
    ordered = sorted(values, key=lambda value: value.number)
    middle = [ordered[(len(ordered) - 1) // 2], ordered[len(ordered) // 2]]
    return Value(statistics.mean(value.number for value in middle),
                 max(value.doubt for value in values))


def verdict(low, middle, high, rounds):
    if rounds < ROUNDS_FOR_VERDICT:
        return "undecided"
    if low > 1 and middle > 1 + MARGIN:
        return "faster"
    if high < 1 and middle < 1 - MARGIN:
        return "slower"
    return "equal" if low >= 1 - MARGIN and high <= 1 + MARGIN else "undecided"


def ratios(run, above, below):
    """Paired ratios of speed of `above` over `below`, each a (case, variant)."""
    times = {sample.round: sample for sample in run.samples.get(above, ())}
    return [Value.of(sample, "ns_op").over(Value.of(times[sample.round], "ns_op"))
            for sample in run.samples.get(below, ())
            if sample.round in times and times[sample.round].ns_op and sample.ns_op]


class Checker:
    """Collects what does not agree, one line each."""

    def __init__(self, run):
        self.run = run
        self.problems = []

    def say(self, file, where, text):
        self.problems.append(f"{self.run.folder}/{file}: {where}: {text}")

    def triple(self, file, where, name, row, columns, values):
        """A printed median with its interval, against the values it was made from."""
        printed, low, high = (Value.of(row, column) for column in columns)
        computed = median(values)
        if printed is None:
            self.say(file, where, f"{columns[0]} is empty, the samples give {computed.number:.6g}")
            return
        if not printed.agrees(computed):
            self.say(file, where, f"{columns[0]} is {row.text[columns[0]]}, the samples give "
                                  f"{computed.number:.9g}")
        if low is None or high is None:
            self.say(file, where, f"{name} has no interval")
            return
        slack = printed.doubt + low.doubt + high.doubt
        if not low.number - slack <= printed.number <= high.number + slack:
            self.say(file, where, f"the interval {row.text[columns[1]]} to {row.text[columns[2]]} "
                                  f"does not hold its median {row.text[columns[0]]}")
        least = min(value.number - value.doubt for value in values) - low.doubt
        most = max(value.number + value.doubt for value in values) + high.doubt
        if low.number < least * (1 - 1e-9) or high.number > most * (1 + 1e-9):
            self.say(file, where, f"the interval of {name} reaches beyond the samples")

    def cases(self):
        for row in self.run.cases:
            where = f"line {row.line}, {row.case} {row.variant}"
            samples = self.run.samples.get((row.case, row.variant), ())
            if not samples:
                continue
            for column in ("ns_op", "ops_s"):
                self.triple("cases.csv", where, column, row,
                            [f"{column}_{end}" for end in ("median", "lo", "hi")],
                            [Value.of(sample, column) for sample in samples])
            if row.variant != words.reference(row) and row.structure != "bound":
                self.ratio(row, where)

    def ratio(self, row, where):
        weir = words.reference(row)
        values = ratios(self.run, (row.case, weir), (row.case, row.variant))
        ours = self.run.find(row.case, weir)
        if not values or ours is None or "failed" in (ours.status, row.status):
            if row.ratio_median is not None:
                self.say("cases.csv", where, "has a ratio, but no round with both weir and it")
            return
        self.triple("cases.csv", where, "ratio", row, ["ratio_median", "ratio_lo", "ratio_hi"],
                    values)
        if None in (row.ratio_median, row.ratio_lo, row.ratio_hi):
            return
        right = verdict(row.ratio_lo, row.ratio_median, row.ratio_hi, len(values))
        if row.verdict != right and not self.on_edge(row):
            self.say("cases.csv", where, f"verdict is '{row.verdict}', the interval says '{right}'")

    @staticmethod
    def on_edge(row):
        """A printed figure so near to a limit that the unrounded one may be on its other side."""
        limits = (1, 1 - MARGIN, 1 + MARGIN)
        return any(abs(row.get(column) - limit) <= half_unit(row.text[column])
                   for column in ("ratio_median", "ratio_lo", "ratio_hi") for limit in limits)

    def side(self, text):
        """One side of a bar, by round: an item's speed, or with "A over B" its speed over another's."""
        first, over, second = text.partition(" over ")
        one = Value(1.0, 0.0)
        above = {sample.round: one.over(Value.of(sample, "ns_op"))
                 for sample in self.run.samples.get(self.item(first), ()) if sample.ns_op}
        if not over:
            return above
        below = self.side(second)
        return {number: above[number].over(below[number]) for number in above if number in below}

    def bar_values(self, row):
        if row.denominator in ("bytes", "bytes_low", "ns_op"):
            return [Value.of(sample, row.denominator)
                    for sample in self.run.samples.get(self.item(row.numerator), ())
                    if sample.get(row.denominator) is not None]
        above, below = self.side(row.numerator), self.side(row.denominator)
        return [above[number].over(below[number]) for number in sorted(above) if number in below]

    def item(self, name):
        """'mpmc/ck/P:1/...' as (case, variant)."""
        structure, _, rest = name.partition("/")
        variant, _, rest = rest.partition("/")
        return f"{structure}/{rest}", variant

    def bars(self):
        for row in self.run.bars:
            where = f"line {row.line}, {row.bar}"
            values = self.bar_values(row)
            if row.result == "rival missing" or row.median is None:
                if values:
                    self.say("bars.csv", where, "no ratio, but both sides were measured")
                continue
            if not values:
                self.say("bars.csv", where, "a ratio, but no round with both sides")
                continue
            self.triple("bars.csv", where, "the bar", row, ["median", "lo", "hi"], values)
            self.bar_result(row, where)

    def bar_result(self, row, where):
        if row.lo is None or row.hi is None:
            return
        least = NO_SLOWER
        if row.wanted == "no slower":
            met, deciding = row.lo >= NO_SLOWER, "lo"
        else:
            try:
                least = float(row.wanted.rpartition(" ")[2])
            except ValueError:
                self.say("bars.csv", where, f"wanted is '{row.wanted}', not 'at least K', 'at most K' or 'no slower'")
                return
            met, deciding = row.median >= least and (least <= 1 or row.lo > 1), "median"
            if row.wanted.startswith("at most"):
                met = row.median <= least
        edge = abs(row.get(deciding) - least) <= half_unit(row.text[deciding])
        if (row.result == "met") != met and not edge:
            self.say("bars.csv", where, f"result is '{row.result}', but {row.wanted} is "
                                        f"{'met' if met else 'missed'} by {row.text['median']} "
                                        f"({row.text['lo']} to {row.text['hi']})")


def check(run):
    """Every disagreement within one results folder, one line each."""
    checker = Checker(run)
    checker.cases()
    checker.bars()
    return checker.problems
