#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""report.py DIR - writes DIR/report.html and DIR/*.svg from what weir-bench left in DIR.

The page is one file: pictures, style and script are in it, and it loads nothing. Reads cases.csv,
samples.csv, bars.csv and env.json (results.py), words them (words.py, verdicts.py), draws them
(groups.py, plots.py, svg.py, sections.py, table.py) and fills page.html.j2.

Needs Python 3 with matplotlib and jinja2, as Debian packages them. Exit 0: written. Exit 1: one line
on stderr says what to do. Exit 2: wrong usage.
"""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True  # the source tree may belong to somebody else
sys.path.insert(0, HERE)

import machine  # noqa: E402
import reasons  # noqa: E402
import results  # noqa: E402
import table  # noqa: E402
import verdicts  # noqa: E402
import words  # noqa: E402


def rounds_said(run):
    counts = sorted({int(row.rounds) for row in run.cases if row.status == "ok"})
    if not counts:
        return "but none of them finished"
    most = words.count(counts[-1], "round")
    return most if len(counts) == 1 else f"{counts[0]} to {most}"


def warnings(run):
    """What makes the figures of this run less trustworthy."""
    found = []
    few = [row for row in run.cases if row.status == "ok" and row.rounds < 6]
    if few:
        found.append(f"{words.count(len(few), 'row')} of {len(run.cases)} had fewer than 6 rounds: "
                     "too few for a verdict.")
    if run.env.get("incomplete") is True:
        found.append(f"It was interrupted after {run.env.get('measurements', '?')} of "
                     f"{run.env.get('measurements_planned', '?')} measurements.")
    if run.env.get("dirty") is True:
        found.append("The sources differed from the commit that is named below.")
    if run.env.get("synthetic") is True:
        found.append("These figures are invented, to test this page. Nothing was measured.")
    found += [f"{doubt[0].upper()}{doubt[1:]}." for doubt in machine.doubts(run.env) if doubt]
    return found


class Bar:
    def __init__(self, row):
        self.bar, self.wanted, self.result = row.bar, row.wanted, row.result
        self.measured = "none" if row.median is None else words.times(row.median)
        self.interval = "" if row.median is None else words.interval(row.lo, row.hi)
        self.why = reasons.of(row)


def bars_of(run):
    """Missed ones first."""
    order = {"missed": 0, "rival missing": 1, "met": 2}
    rows = sorted(run.bars, key=lambda row: order[row.result])
    counts = {said: sum(1 for row in rows if row.result == said) for said in order}
    lead = (f"{counts['missed']} missed, {counts['met']} met"
            + (f", {counts['rival missing']} not decided because the rival is not installed"
               if counts["rival missing"] else "") + f", of {words.count(len(rows), 'bar')}. A bar is "
            "a ratio of two cases of this run, paired by round. \u201cNo slower\u201d wants the lower end of "
            "the interval at 0.97 or more; \u201cat least k\u201d a median of k or more and an interval "
            "that excludes 1.")
    return [Bar(row) for row in rows], lead


class Unfinished:
    def __init__(self, row):
        self.said, self.label = words.rival(row.variant), words.label(row)
        self.status, self.why = row.status, words.reason(row)


def losses_lead(run, found):
    """The sentence above the list: how many, of how many."""
    total = len(verdicts.compared(run))
    slower = sum(1 for loss in found if loss.main)
    text = [f"In {slower} of {total} comparisons the other one is better" + (
        "; the largest loss comes first." if slower > 1 else ".")]
    if slower < len(found):
        text.append(("Below those stand" if slower else "Here stand") + " the cases where only weir's "
                    "tail, its 99th percentile, is longer.")
    return " ".join(text)


def rivals_said(run):
    names = {words.rival(row.variant) for row in run.cases
             if words.is_rival(row.variant) and row.variant != "mutex"}
    return words.listed(sorted(names, key=str.lower))


def read_part(name):
    with open(os.path.join(HERE, name), encoding="utf-8") as file:
        return file.read()


def page(run):
    """The whole page as text; pictures are written on the way."""
    import jinja2
    import plots
    import sections
    import svg
    about = machine.Machine(run)
    pen = plots.Pen(run, run.folder, about.cpus)
    found = verdicts.losses(run)
    bars, lead = bars_of(run)
    css = (f":root{{{svg.variables(0)}}}\n@media (prefers-color-scheme: dark)"
           f"{{:root{{{svg.variables(1)}}}}}\n" + read_part("page.css"))
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined,
                                     loader=jinja2.FileSystemLoader(HERE))
    return environment.get_template("page.html.j2").render(
        css=css, js=read_part("page.js"), machine=about, rivals=rivals_said(run),
        rounds=rounds_said(run), warnings=warnings(run), losses=found,
        losses_lead=losses_lead(run, found),
        unfinished=[Unfinished(row) for row in verdicts.unfinished(run)],
        verdicts=verdicts.verdicts(run), bars=bars, bars_lead=lead,
        sections=sections.all_sections(run, pen), table=table.Table(run),
        command=machine.command(run.env))


def write(path, text):
    """Whole or not at all: a page that is half written looks like a page."""
    part = path + ".part"
    with open(part, "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(part, path)


def main(arguments):
    if len(arguments) != 1 or arguments[0].startswith("-"):
        print("usage: report.py DIR   (DIR: what weir-bench --out wrote)", file=sys.stderr)
        return 2
    try:
        run = results.load(arguments[0])
        path = os.path.join(run.folder, "report.html")
        write(path, page(run))
    except results.Broken as error:
        print(f"report: {error}", file=sys.stderr)
        return 1
    except ImportError as error:
        print(f"report: this Python lacks {error.name}; apt-get install python3-matplotlib "
              "python3-jinja2, and run it with /usr/bin/python3", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"report: {error.filename}: {error.strerror}; make {arguments[0]} writable, or copy it "
              "and run the report on the copy", file=sys.stderr)
        return 1
    print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
