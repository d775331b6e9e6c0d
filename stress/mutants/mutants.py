#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""mutants.py - is every order of weir needed, and would a test notice its absence?

For each row of include/weir/detail/labels.h and each step that it has, weakens that one operation at run
time (weir_weaken), and runs tools until one fails: the mutant is killed. tries.txt says which tools, in which
order. What no tool can see stands in unseen.txt, with the reason. Writes docs/mutants.md, if every row
is one or the other; an interrupted or failed run leaves the old table.

  mutants.py                     all rows (make mutants)
  mutants.py --only 'LOCK_*'     these; the others stay as the table has them
  mutants.py --open              writes the table in spite of faults, with the rows that are open; still exits 1
  mutants.py --check             does the table have exactly the rows of labels.h and of unseen.txt?
  mutants.py --rekill N          N random rows of the table again (0: all), by the commands that stand there

Exit 0: all is well. 1: a survivor, an entry that is wrong, a row missing. 2: it cannot be run. 130: interrupted.
Standard library only."""
import argparse
import fnmatch
import os
import random
import signal
import sys
import time

sys.dont_write_bytecode = True
import tables  # noqa: E402
import tools  # noqa: E402
from tables import Fault  # noqa: E402


class Parser(argparse.ArgumentParser):
    """Usage errors take one line."""

    def error(self, message):
        raise Fault(f"{message}; --help says more")


def arguments():
    p = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--only", metavar="PATTERN", help="LABEL or LABEL:STEP, with * and ?")
    p.add_argument("--open", action="store_true", help="while new code has rows that nothing kills yet")
    p.add_argument("--check", action="store_true")
    p.add_argument("--rekill", metavar="N", type=int)
    p.add_argument("--seed", type=int, help="of --rekill; printed first, else taken from the clock")
    p.add_argument("--dev", default="build/dev", help="build folder of weir-stress and the unit tests")
    p.add_argument("--tsan", default="build/tsan", help="build folder of ThreadSanitizer")
    p.add_argument("--limit", type=float, default=150, help="seconds for each try")
    p.add_argument("--labels", default=tables.LABELS, help=argparse.SUPPRESS)
    p.add_argument("--tries", default=tables.TRIES, help=argparse.SUPPRESS)
    p.add_argument("--unseen", default=tables.UNSEEN, help=argparse.SUPPRESS)
    p.add_argument("--table", default=tables.TABLE, help=argparse.SUPPRESS)
    return p.parse_args()


# ---- progress --------------------------------------------------------------------------------------------


class Progress:
    """One line that is written over on a terminal; else a line for each row."""

    def __init__(self, total):
        self.total, self.done, self.start = total, 0, time.time()
        self.live = sys.stderr.isatty()

    def now(self, mutant, what):
        if self.live:
            text = f"[{self.done + 1}/{self.total}] {mutant} {what}"
            sys.stderr.write(f"\r\033[K{text[:100]}")
            sys.stderr.flush()

    def row(self, mutant, outcome):
        self.done += 1
        spent = time.time() - self.start
        left = spent / self.done * (self.total - self.done)
        sys.stderr.write("\r\033[K" if self.live else "")
        print(f"[{self.done}/{self.total}] {mutant:22} {outcome}  (about {left:.0f} s left)", flush=True)


# ---- one mutant ------------------------------------------------------------------------------------------


def tries_for(mutant, tries, box):
    """The tries whose pattern matches; a tool that is not built here and may be missing is left out."""
    found = [t for t in tries if fnmatch.fnmatch(mutant, t.pattern) and box.has(t)]
    if not found:
        raise Fault(f"tries.txt has nothing for {mutant}")
    return found


def kill(mutant, tries, box, progress):
    """The first try that kills it, as an outcome for the table; None: it survives them all."""
    for t in tries_for(mutant, tries, box):
        progress.now(mutant, f"{t.tool} {t.arguments}")
        hit = box.run(t, mutant)
        if hit:
            return hit
    return None


def judge(mutant, hit, unseen):
    """What is wrong about this row; None: nothing."""
    if hit and mutant in unseen:
        return f"{mutant} stands in unseen.txt, but is killed: {hit.command}"
    if not hit and mutant not in unseen:
        return f"{mutant} survives all tools, and does not stand in unseen.txt"
    return None


def controls(hits, box, progress):
    """What kills must be clean without a weakening, or it shows nothing: such hits are taken out again."""
    faults, found = [], {}
    for mutant, hit in list(hits.items()):
        if hit.control not in found:
            progress.now("nothing weakened:", hit.control)
            found[hit.control] = box.control(hit)
        if found[hit.control]:
            faults.append(f"fails with nothing weakened too: {hit.control} ({found[hit.control]}), "
                          f"said to kill {mutant}")
            del hits[mutant]
    return faults


def run_all(args):
    rows, unseen = tables.read_labels(args.labels), tables.read_unseen(args.unseen)
    mutants = {f"{r.label}:{s}" for r in rows for s in r.steps}
    tries = tables.read_tries(args.tries, mutants)
    tables.known(unseen, mutants, args.unseen)
    old = {} if args.only is None else tables.read_table(args.table)
    wanted = [m for m in tables.in_order(rows)
              if args.only is None or tables.matches(m, args.only)]
    if not wanted:
        raise Fault(f"--only {args.only}: no row of labels.h is called so")
    box = tools.Box(args.dev, args.tsan, args.limit)
    progress, hits, faults = Progress(len(wanted)), {}, []
    for m in wanted:
        hit = kill(m, tries, box, progress)
        fault = judge(m, hit, unseen)
        if hit:
            hits[m] = hit
        if fault:
            faults.append(fault)
        progress.row(m, f"killed: {hit.found}" if hit else "SURVIVES" if fault else unseen[m].kind)
    faults += controls(hits, box, progress)
    outcomes = {m: tables.cells(h) for m, h in hits.items()}
    unseen = {m: r for m, r in unseen.items() if m not in outcomes}
    outcomes.update((m, o) for m, o in old.items() if m in mutants and m not in wanted and m not in unseen)
    faults += [f"{m}: not in the old table; run it too" for m in mutants
               if m not in outcomes and m not in unseen and m not in wanted]
    return conclude(args, rows, outcomes, unseen, faults)


def conclude(args, rows, outcomes, unseen, faults):
    """The faults, or the table."""
    if faults:
        print("\n".join(faults), file=sys.stderr)
    if faults and not args.open:
        print(f"{args.table} is as it was: {len(faults)} faults", file=sys.stderr)
        return 1
    tables.write(args.table, rows, outcomes, unseen)
    print(f"{args.table}: {len(outcomes)} killed, {len(unseen)} seen by no tool, {len(faults)} faults")
    return 1 if faults else 0


# ---- the table that stands ---------------------------------------------------------------------------------


def check(args):
    rows, unseen = tables.read_labels(args.labels), tables.read_unseen(args.unseen)
    mutants = {f"{r.label}:{s}" for r in rows for s in r.steps}
    tables.known(unseen, mutants, args.unseen)
    tables.read_tries(args.tries, mutants)
    faults = tables.differences(args.table, rows, unseen)
    for f in faults:
        print(f, file=sys.stderr)
    if faults:
        print("run make mutants (or stress/mutants/mutants.py --only LABEL)", file=sys.stderr)
        return 1
    print(f"{args.table} has the {len(mutants)} rows of {args.labels}")
    return 0


def rekill(args):
    seed = args.seed if args.seed is not None else int(time.time())
    print(f"seed {seed}", flush=True)
    box = tools.Box(args.dev, args.tsan, args.limit)
    rows = [(m, c) for m, c in sorted(tables.commands(args.table).items()) if box.can_repeat(c)]
    if not rows:
        raise Fault(f"{args.table} has no row that can be killed here")
    if args.rekill:
        rows = random.Random(seed).sample(rows, min(args.rekill, len(rows)))
    survivors = [(m, c) for m, c in rows if not box.repeat(c)]
    for m, c in survivors:
        print(f"{m} survives what is said to kill it: {c}", file=sys.stderr)
    print(f"{len(rows) - len(survivors)} of {len(rows)} mutants killed again")
    return 1 if survivors else 0


def main():
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    args = None
    try:
        args = arguments()
        os.chdir(tables.TOP)
        if args.check:
            return check(args)
        return run_all(args) if args.rekill is None else rekill(args)
    except Fault as e:
        print(f"mutants: {e}", file=sys.stderr)
        return 2
    except OSError as e:
        print(f"mutants: {e.filename or 'output'}: {e.strerror}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"\nmutants: interrupted; {args.table if args else 'the table'} is as it was", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
