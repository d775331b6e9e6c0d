# SPDX-License-Identifier: MIT
"""blocks.py - the text of the generated blocks of README and docs.

    machine                          one sentence: where, when, with what; and a link to the page
    ratios [of=V,W] PATTERN...       a table: weir's ratio over each contender, per case that matches
    speeds [of=V,W] PATTERN...       a table: elements per second (or median latency) of each
    bars                             the bars, with what was reached
    losses [N]                       the N largest losses (default: all)

A PATTERN is a case name in which * stands for anything. Blocks that compare show losses as they are;
none leaves a case out because weir is slower in it. Standard library only.
"""
import fnmatch
import os

import machine
import reasons
import words


class Unusable(Exception):
    """The block cannot be made; the text says why."""


def table(heading, rows):
    lines = ["| " + " | ".join(heading) + " |", "|---" + "|---:" * (len(heading) - 1) + "|"]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


def chosen(run, arguments):
    """Cases by pattern, in the order of the patterns, and the variants asked for."""
    variants, patterns = None, []
    for argument in arguments:
        if argument.startswith("of="):
            variants = argument[3:].split(",")
        else:
            patterns.append(argument)
    cases = []
    for pattern in patterns or ["*"]:
        found = [row.case for row in run.cases if fnmatch.fnmatchcase(row.case, pattern)]
        if not found:
            raise Unusable(f"no case of {run.folder} matches {pattern}")
        cases += [case for case in dict.fromkeys(found) if case not in cases]
    present = dict.fromkeys(row.variant for row in run.cases if row.case in cases)
    for variant in variants or ():
        if variant not in present:
            raise Unusable(f"no case of this block was measured with {variant}")
    return cases, variants or [v for v in present if words.is_rival(v)]


def ratio_cell(row):
    if row is None:
        return ""
    if row.ratio_median is None:
        return row.status
    return words.ratio(row)


def ratios(run, arguments):
    cases, variants = chosen(run, arguments)
    rows = [[words.label(run.find(case, "weir") or next(r for r in run.cases if r.case == case))]
            + [ratio_cell(run.find(case, variant)) for variant in variants] for case in cases]
    return table(["weir over"] + [words.rival(variant) for variant in variants], rows)


def speed_cell(row):
    if row is None:
        return ""
    if row.status != "ok":
        return row.status
    return (words.nanoseconds(row.ns_op_median) if words.is_latency(row)
            else words.rate(row.ops_s_median))


def speeds(run, arguments):
    cases, variants = chosen(run, arguments)
    variants = ["weir"] + [variant for variant in variants if variant != "weir"]
    rows = [[words.label(next(r for r in run.cases if r.case == case))]
            + [speed_cell(run.find(case, variant)) for variant in variants] for case in cases]
    return table([""] + [words.rival(variant) for variant in variants], rows)


def bars(run, arguments):
    if arguments:
        raise Unusable("bars takes no arguments")
    if not run.bars:
        raise Unusable(f"{run.folder} has no bars")
    return table(["bar", "wanted", "reached", "result"], [
        [row.bar, row.wanted, "" if row.median is None else
         f"{words.times(row.median)} ({words.interval(row.lo, row.hi)})",
         row.result + (f": {reasons.of(row)}" if reasons.of(row) else "")]
        for row in run.bars])


def losses(run, arguments):
    if len(arguments) > 1 or any(not argument.isdigit() for argument in arguments):
        raise Unusable("losses takes at most a number")
    found = sorted((row for row in run.cases
                    if words.is_rival(row.variant) and words.verdict(row) == "slower"),
                   key=lambda row: row.ratio_median)
    if not found:
        return "In no case of this run was weir shown to be slower.\n"
    shown = found[:int(arguments[0])] if arguments else found
    rest = len(found) - len(shown)
    text = table(["case", "rival", "weir over it"],
                 [[words.label(row), words.rival(row.variant), words.ratio(row)] for row in shown])
    return text + (f"\nAnd {rest} more in its summary.md.\n" if rest else "")


def machine_text(run, folder, here, root, arguments):
    if arguments:
        raise Unusable("machine takes no arguments")
    env = run.env
    page = os.path.relpath(os.path.join(root, os.path.basename(folder)), here or ".")
    changed = " with local changes" if env.get("dirty") is True else ""
    return (f"Measured on {machine.sentence(run)}; {env.get('kernel', 'unknown kernel')}, "
            f"{env.get('compiler', 'unknown compiler')}, weir at {env.get('commit', '?')}{changed}, "
            f"{words.count(max((row.rounds or 0) for row in run.cases), 'round')}: "
            f"[{folder}]({page}/summary.md).\n")


def make(run, folder, here, root, arguments):
    """The text of the block `arguments[0]` with the rest as its arguments."""
    name, rest = (arguments[0], arguments[1:]) if arguments else ("", [])
    if name == "machine":
        return machine_text(run, folder, here, root, rest)
    makers = {"ratios": ratios, "speeds": speeds, "bars": bars, "losses": losses}
    if name not in makers:
        raise Unusable(f"there is no block '{name}'; there are machine, {', '.join(makers)}")
    return makers[name](run, rest)
