# SPDX-License-Identifier: MIT
"""tables.py - the files of mutants.py: labels.h, tries.txt, unseen.txt, and docs/mutants.md, which it writes."""
import collections
import errno
import fnmatch
import os
import re

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LABELS = "include/weir/detail/labels.h"
TRIES = "stress/mutants/tries.txt"
UNSEEN = "stress/mutants/unseen.txt"
TABLE = "docs/mutants.md"

# As lib/weaken.c has them.
STEPS = {
    "LOAD_ACQ": ["acquire"],
    "LOAD_SC": ["sc", "acquire"],
    "STORE_REL": ["release"],
    "STORE_SC": ["sc", "release"],
    "RMW_ACQ": ["acquire"],
    "RMW_REL": ["release"],
    "RMW_AR": ["acquire", "release"],
    "RMW_SC": ["sc", "acquire", "release"],
    "RECHECK": ["check"],
}
KINDS = {"stale": "needs stale reads", "stronger": "stronger than needed", "hole": "a hole in the tests"}
SAID = {"stale": "need stale reads", "stronger": "are stronger than needed", "hole": "are holes in the tests"}
TOOLS = ("explore", "tsan", "unit", "run")

Row = collections.namedtuple("Row", "label steps text")
Try = collections.namedtuple("Try", "pattern tool arguments where")
Reason = collections.namedtuple("Reason", "kind text where")


class Fault(Exception):
    """It cannot be run; one line says why."""


def read(path):
    try:
        with open(path, encoding="utf-8") as f:
            return f.read()
    except FileNotFoundError:
        raise Fault(f"{path} is missing") from None


# ---- labels.h ----------------------------------------------------------------------------------------------


def read_labels(path):
    text = read(path).replace("\\\n", " ")
    rows = []
    for label, kind, _, what in re.findall(
            r'XX\(([A-Z]+_[A-Z]\d+),\s*([A-Z_]+),\s*"([^"]*)",\s*"([^"]*)"\)', text):
        if kind not in STEPS:
            raise Fault(f"{path}: {label}: kind {kind} is unknown here; see STEPS in stress/mutants/tables.py")
        rows.append(Row(label, STEPS[kind], what))
    if not rows or len(rows) != len(re.findall(r"XX\([A-Z]+_[A-Z]\d", text)):
        raise Fault(f"{path}: {len(rows)} rows could be read, but others could not")
    return rows


def in_order(rows):
    return [f"{r.label}:{s}" for r in rows for s in r.steps]


def matches(mutant, pattern):
    return fnmatch.fnmatch(mutant, pattern if ":" in pattern else pattern + ":*")


# ---- tries.txt and unseen.txt --------------------------------------------------------------------------------


def lines(path):
    """(place, [fields]) of each line: fields are parted by |; # begins a comment."""
    for number, line in enumerate(read(path).splitlines(), 1):
        line = line.split("#")[0].strip()
        if line:
            fields = [f.strip() for f in line.split("|")]
            if len(fields) != 3 or not all(fields):
                raise Fault(f"{path}:{number}: not three fields parted by |")
            yield f"{path}:{number}", fields


def read_tries(path, mutants):
    tries = []
    for where, (pattern, tool, arguments) in lines(path):
        if tool not in TOOLS:
            raise Fault(f"{where}: unknown tool {tool}; there are {', '.join(TOOLS)}")
        if not fnmatch.filter(mutants, pattern):
            raise Fault(f"{where}: unknown label: no LABEL:STEP matches {pattern}")
        tries.append(Try(pattern, tool, arguments, where))
    return tries


def read_unseen(path):
    found = {}
    for where, (names, kind, reason) in lines(path):
        if kind not in KINDS:
            raise Fault(f"{where}: unknown kind {kind}; there are {', '.join(KINDS)}")
        for mutant in names.split():
            if mutant in found:
                raise Fault(f"{where}: {mutant} stands twice")
            found[mutant] = Reason(kind, reason, where)
    return found


def known(unseen, mutants, path):
    for mutant, reason in unseen.items():
        if mutant not in mutants:
            raise Fault(f"{reason.where}: unknown label: {mutant} is no LABEL:STEP of labels.h")


# ---- docs/mutants.md -------------------------------------------------------------------------------------------

HEAD = """# Mutants

<!-- Written by make mutants. Do not edit. -->

Each row takes one step away from one labelled operation of the library, at run time, and names the tool that
then fails. Steps: `sc` (seq_cst becomes acquire, release or acq_rel), `acquire` and `release` (that half
goes too), `check` (a second look is left out). How the tools work, and how to read a row: docs/testing.md.

Of {total} rows {killed} are killed{rest}. Killed by: {tools}.
The memory that the explorer ran under stands behind it: `sc` (sequentially consistent, with its race
detector), `tso` (store buffers of x86) or `named` (store buffers that only seq_cst drains). Seconds are those
of the whole command, once, on {machine}.

## Killed

| label | step | without it | killed by | found | seconds | again with |
|---|---|---|---|---|---|---|
"""
UNSEEN_HEAD = {
    "stale": """
## Needs stale reads

Edges between atomics only: what breaks is a load that returns an older value. Neither ThreadSanitizer, which
runs on the values that the machine gives, nor store buffers, where a load sees what is in memory, can
show that. All tools were run on these rows, and none failed.

| label | step | without it | the execution that goes wrong |
|---|---|---|---|
""",
    "open": """
## Open

These rows were not run, or nothing killed them and no reason is given: holes in the tests until that is done.

| label | step | without it | |
|---|---|---|---|
""",
    "hole": """
## Holes in the tests

The order is needed, and a tool could show it, but none does yet.

| label | step | without it | what is missing |
|---|---|---|---|
""",
    "stronger": """
## Stronger than needed

No tool fails, and by the argument given none should: the order, or the second look, could go.

| label | step | without it | why that is enough |
|---|---|---|---|
""",
}


def cells(hit):
    """The last four of a killed row."""
    return [hit.by, hit.found, f"{hit.seconds:.2f}", f"`{hit.command}`"]


def machine():
    model = "this machine"
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as f:
            model = next((x.split(":", 1)[1].strip() for x in f if x.startswith("model name")), model)
    except OSError:
        pass
    n = os.cpu_count() or 1
    return f"{n} processor{'s' if n > 1 else ''} ({model})"


def line(fields):
    return "| " + " | ".join(f.replace("|", "\\|") for f in fields) + " |\n"


def render(rows, outcomes, unseen):
    open_rows = [(r, s) for r in rows for s in r.steps
                 if f"{r.label}:{s}" not in outcomes and f"{r.label}:{s}" not in unseen]
    by = collections.Counter(o[0].split(",")[0] for o in outcomes.values())
    counts = collections.Counter(r.kind for r in unseen.values())
    rest = "".join(f", {counts[k]} {SAID[k]}"
                   for k in KINDS if counts[k])
    rest += f", {len(open_rows)} are open" if open_rows else ""
    text = HEAD.format(total=len(outcomes) + len(unseen) + len(open_rows), killed=len(outcomes), rest=rest, machine=machine(),
                       tools=", ".join(f"{t} ({n})" for t, n in by.most_common()))
    for r in rows:
        for s in r.steps:
            if f"{r.label}:{s}" in outcomes:
                text += line([r.label, s, r.text] + outcomes[f"{r.label}:{s}"])
    for kind in KINDS:
        part = [line([r.label, s, r.text, unseen[f"{r.label}:{s}"].text]) for r in rows for s in r.steps
                if f"{r.label}:{s}" in unseen and unseen[f"{r.label}:{s}"].kind == kind]
        if part:
            text += UNSEEN_HEAD[kind] + "".join(part)
    if open_rows:
        text += UNSEEN_HEAD["open"] + "".join(line([r.label, s, r.text, "open"]) for r, s in open_rows)
    return text


def write(path, rows, outcomes, unseen):
    """All or nothing: an error or an interrupt leaves the old file."""
    text, new = render(rows, outcomes, unseen), path + ".new"
    try:
        with open(new, "w", encoding="utf-8") as f:
            f.write(text)
            f.flush()
            os.fsync(f.fileno())
        os.replace(new, path)
    except OSError as e:
        if os.path.exists(new):
            os.remove(new)
        hint = "; free some space" if e.errno == errno.ENOSPC else ""
        raise Fault(f"{path}: {e.strerror}{hint}; it is as it was") from None


def rows_of(path):
    """Each row of the table that stands, as its fields."""
    for text in read(path).splitlines():
        if re.match(r"\| [A-Z]+_[A-Z]\d+ \|", text):
            fields = [f.strip().replace("\\|", "|") for f in re.split(r"(?<!\\)\|", text)[1:-1]]
            if len(fields) not in (4, 7):
                raise Fault(f"{path}: a damaged row: {text[:60]}")
            yield fields


def read_table(path):
    """The outcome of each killed row."""
    return {f"{f[0]}:{f[1]}": f[3:] for f in rows_of(path) if len(f) == 7}


def commands(path):
    return {m: o[3].strip("`") for m, o in read_table(path).items()}


def counts_of(text):
    return next((x for x in text.splitlines() if x.startswith("Of ")), None)


def differences(path, rows, unseen):
    """How the table that stands differs from labels.h and unseen.txt, a line each."""
    want = {f"{r.label}:{s}": r.text for r in rows for s in r.steps}
    have, faults = {}, []
    for f in rows_of(path):
        m = f"{f[0]}:{f[1]}"
        if m in have:
            faults.append(f"{path}: {m} stands twice")
        have[m] = f
    for m, f in have.items():
        if m not in want:
            faults.append(f"{path}: {m} is no row of labels.h any more")
        elif f[2] != want[m]:
            faults.append(f"{path}: {m}: labels.h now says: {want[m]}")
        elif f[3] == "open":
            faults.append(f"{path}: {m} is open: nothing kills it, and unseen.txt gives no reason")
        elif (len(f) == 4) != (m in unseen):
            faults.append(f"{path}: {m} is killed, or not, other than unseen.txt says")
        elif m in unseen and f[3] != unseen[m].text:
            faults.append(f"{path}: {m}: unseen.txt gives another reason now")
    faults += [f"{path}: {m} of labels.h is missing" for m in want if m not in have]
    return faults or ([] if counts_of(render(rows, read_table(path), unseen)) == counts_of(read(path))
                      else [f"{path}: its rows are right, the counts above them are not"])
