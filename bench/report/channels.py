# SPDX-License-Identifier: MIT
"""channels.py - what the figures say about channels, select and what stands beside them.

The cost of an idle case of a select is not measured by itself: it is the difference between two selects,
one with n cases of which one is ready and one with that case alone, over the n - 1 that are idle.
Without an interval it is never called more or less than another; the ratios are in the tables.
"""
import words


def of(run, structure, choose=lambda row: True):
    return [row for row in run.cases if row.structure == structure and row.ns_op_median and choose(row)]


def one_ready(run):
    """variant -> {cases: row} of the selects of one thread with one ready case."""
    found = {}
    for row in of(run, "select", lambda row: words.kind(row) == "alone"):
        if words.key(row, "ready") == "1":
            found.setdefault(row.variant, {})[int(words.key(row, "ways"))] = row
    return {variant: rows for variant, rows in found.items() if 1 in rows and len(rows) > 1}


def idle_cost(rows, cases):
    """Nanoseconds per idle case of a select with so many cases; `rows` as of one_ready."""
    return (rows[cases].ns_op_median - rows[1].ns_op_median) / (cases - 1)


def idle_said(nanoseconds):
    """The difference of two medians can come out below nothing."""
    return words.nanoseconds(nanoseconds) if nanoseconds > 0 else "nothing that shows"


def idle_lines(run):
    lines = []
    for variant, rows in one_ready(run).items():
        costs = [f"{idle_said(idle_cost(rows, cases))} with {cases} cases"
                 for cases in sorted(rows) if cases > 1]
        lines.append(f"{words.rival(variant)}: {words.nanoseconds(rows[1].ns_op_median)} with one case, "
                     f"which is ready; each idle case beside it costs {words.listed(costs)}.")
    return lines


def is_wake(row):
    """One element at a time, each after a gap."""
    return words.kind(row) == "bursts" and row.batch == 1


def wake_bound(run):
    return next((row for row in run.cases if row.structure == "bound"
                 and words.key(row, "test") == "wake-futex" and row.p50_ns), None)


def burnt_lines(run):
    """CPU time per element where each comes after a gap: what waiting costs."""
    rows = of(run, "chan", is_wake)
    bound = wake_bound(run)
    lines = []
    for row in rows + ([bound] if bound and rows else []):
        if row.cpu_s_per_mop is None:
            continue
        gap = float(words.key(row, "gap") or words.key(rows[0], "gap"))
        name = "a raw futex" if row is bound else words.rival(row.variant)
        lines.append(f"{name}: {words.nanoseconds(row.cpu_s_per_mop * 1e3)} of both threads' CPU time "
                     f"per element, with {words.nanoseconds(gap)} of sleep before each.")
    return lines


def against_mutex(run, structure, choose=lambda row: True):
    return of(run, structure, lambda row: row.variant == "mutex" and row.ratio_median is not None
              and not row.one_cpu and choose(row))


def wake_detail(run):
    found = [row for row in of(run, "chan", is_wake) if row.variant == "weir" and row.bound_share]
    bound = wake_bound(run)
    return "" if not found or bound is None else (
        f"A receiver that sleeps has its element {words.nanoseconds(found[0].p50_ns)} after the send (median); "
        f"a thread woken by a raw futex runs after {words.nanoseconds(bound.p50_ns)}.")
