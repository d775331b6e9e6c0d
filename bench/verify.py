#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""verify.py [--write] [--use=FOLDER] [FILE.md | FOLDER-OF-MD ...] RESULTS

Checks that each figure that README and docs quote comes out of a results file, that the results files
agree with their samples, and that no figure of speed stands in the text unmarked. Without arguments:
README.md, docs/ and results/ of this repository. Standard library only.

How to quote (the marks are HTML comments, so nobody who reads the page sees them)

  <!-- weir:results results/2026-11-20-machine-abc123 -->
      Names the folder that all quotations below it are from, up to the next one. After a new
      measurement only this line changes: verify.py --use=results/NEW --write does that and the rest.

  weir moves 2.1<!-- = spsc/P:1/C:1/cap:1024/size:8/batch:1 ck ratio_median .1f --> times as many
      A figure and, right behind it without a blank, where it comes from: CASE VARIANT COLUMN FORMAT, as
      in cases.csv; FORMAT is Python's (.1f, ,.0f). `/1e6` at the end divides:
      335<!-- = spsc/P:1/C:1/cap:1024/size:8/batch:1 weir ops_s_median .0f /1e6 --> M/s
      COLUMN ratio, ns_op or ops_s quotes the median with its interval: 2.1 (2.0 to 2.2)<!-- = ... -->
      = bar "NAME" median .1f     from bars.csv (COLUMN bar: with its interval)
      = env cpus .0f              a number of env.json
      A folder as first word, results/OTHER, quotes from another folder than the one above.

  <!-- weir:begin ratios of=mutex,ck mpmc/P:*/C:*/cap:1024/size:8/batch:1 -->
  <!-- weir:end -->
      A generated block. It can be machine, ratios, speeds, bars or losses: bench/report/blocks.py. What
      stands between the two lines is replaced by --write.

  spins for 200 ns<!-- given: a constant of the workload --> and then parks
      A figure that looks like a claim of speed but was not measured, with the reason.

What looks like a claim: a number before x, times, M/s, k/s, ns, us, ms and the like, or words such as
"three times as fast", outside code, comments and blocks.

Exit 0: all agree (with --write: now they do). 1: something does not; one line for each. 2: wrong usage.
"""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True  # the source tree may belong to somebody else
sys.path.insert(0, os.path.join(HERE, "report"))

import quotes  # noqa: E402
import recompute  # noqa: E402
import results  # noqa: E402
import summary  # noqa: E402

USAGE = "usage: verify.py [--write] [--use=results/FOLDER] [FILE.md | FOLDER ...] RESULTS"


class Usage(Exception):
    """The command line cannot be used."""


def arguments_of(argv):
    """(write, use, documents, results folder)"""
    write, use, paths = False, None, []
    for argument in argv:
        if argument == "--write":
            write = True
        elif argument.startswith("--use="):
            use = os.path.basename(argument[6:].rstrip("/"))
        elif argument.startswith("-"):
            raise Usage(f"unknown option {argument}")
        else:
            paths.append(argument)
    if use is not None and not write:
        raise Usage("--use changes files, so it needs --write")
    if not paths:
        top = os.path.relpath(os.path.dirname(HERE))
        paths = [os.path.join(top, name) for name in ("README.md", "docs", "results")]
        paths = [os.path.normpath(path) for path in paths if os.path.exists(path)]
    if not os.path.isdir(paths[-1]):
        raise Usage(f"{paths[-1]} is no folder; the last argument is the folder of results")
    return write, use, documents(paths[:-1]), paths[-1]


def documents(paths):
    found = []
    for path in paths:
        if os.path.isdir(path):
            for folder, _, names in sorted(os.walk(path)):
                found += [os.path.join(folder, name) for name in sorted(names)
                          if name.endswith(".md")]
        elif os.path.isfile(path):
            found.append(path)
        else:
            raise Usage(f"{path}: no such file")
    return found


def check_results(root):
    """Each results folder against itself."""
    problems, count = [], 0
    for name in sorted(os.listdir(root)):
        folder = os.path.join(root, name)
        if not os.path.isdir(folder):
            continue
        count += 1
        try:
            run = results.load(folder)
        except results.Broken as error:
            problems.append(str(error))
            continue
        problems += recompute.check(run) + summary.check(run)
    return problems, count


def turn_to(text, use):
    """The text with every folder that it declares replaced by the new one."""
    for old in {match["folder"] for match in quotes.RESULTS.finditer(text)}:
        text = text.replace(old, f"results/{use}")
    return text


def replace(path, text):
    part = path + ".part"
    with open(part, "w", encoding="utf-8", newline="") as file:
        file.write(text)
    os.chmod(part, os.stat(path).st_mode & 0o777)
    os.replace(part, path)


def check_document(path, source, write, use):
    """The document, checked; rewritten where that was asked for, and then checked again."""
    with open(path, encoding="utf-8", newline="") as file:
        original = file.read()
    text = turn_to(original, use) if use else original
    document = quotes.Document(path, text, source)
    edits = document.check()
    if not write:
        return document
    text = document.rewritten(edits)
    for change in document.changed:
        print(change)
    if text != original:
        replace(path, text)
    again = quotes.Document(path, text, source)
    again.check()
    return again


def main(argv):
    try:
        write, use, paths, root = arguments_of(argv)
        if use and not os.path.isdir(os.path.join(root, use)):
            raise Usage(f"{os.path.join(root, use)} does not exist")
    except Usage as error:
        print(f"verify: {error}\n{USAGE}", file=sys.stderr)
        return 2
    source = quotes.Source(root)
    problems, folders = check_results(root)
    figures = blocks = 0
    try:
        for path in paths:
            document = check_document(path, source, write, use)
            problems += document.problems
            figures += document.figures
            blocks += document.blocks
    except (OSError, UnicodeDecodeError) as error:
        print(f"verify: {getattr(error, 'filename', None) or path}: "
              f"{getattr(error, 'strerror', None) or 'not UTF-8 text'}", file=sys.stderr)
        return 2
    for problem in problems:
        print(problem, file=sys.stderr)
    print(f"verify: {figures} figures and {blocks} blocks in {len(paths)} files, {folders} results "
          f"folders: " + (f"{len(problems)} problems" if problems else "all agree"))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
