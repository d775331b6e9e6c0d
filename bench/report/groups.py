# SPDX-License-Identifier: MIT
"""groups.py - which rows belong into one picture.

A picture that shows how speed changes along one axis (threads, batch, size, ...) may only join cases
that differ in that axis and in nothing else. So rows are grouped by all other axes, and a group is a
picture when it holds at least two values of its own axis.
"""
import words

AXES = ("structure", "cap", "size", "batch", "work_ns", "blocking", "rate", "one_cpu")


class Panel:
    """One picture: rows by variant along `axis`."""

    def __init__(self, name, title, axis, rows):
        self.name = name    # of its file, and of its identifiers on the page
        self.title = title
        self.axis = axis
        self.rows = rows

    def series(self):
        """variant -> rows ordered along the axis; weir first, then by the speed at the end."""
        found = {}
        for row in sorted(self.rows, key=lambda row: row.get(self.axis) or 0):
            rows = found.setdefault(row.variant, []) if row.ops_s_median else None
            if rows is not None and row.get(self.axis) not in {r.get(self.axis) for r in rows}:
                rows.append(row)
        return dict(sorted(found.items(), key=lambda item: (item[0] not in words.OURS,
                                                            -item[1][-1].ops_s_median)))


def slug(text):
    kept = "".join(c if c.isalnum() else "-" for c in text.lower())
    return "-".join(part for part in kept.split("-") if part)


def unique(panels):
    """Names stay unique: a second one of the same name gets a number."""
    seen = {}
    for panel in panels:
        seen[panel.name] = seen.get(panel.name, 0) + 1
        if seen[panel.name] > 1:
            panel.name += f"-{seen[panel.name]}"
    return panels


def key_of(row, without):
    return (words.kind(row), *(row.get(axis) for axis in AXES if axis not in without))


def is_flow(row):
    return words.kind(row) in ("stream", "blocking") and not row.one_cpu


def describe(row, leave_out):
    """The title of a picture: the case without what varies in it."""
    parts = words.label(row).split(", ")
    return ", ".join(part for part in parts if not any(part.startswith(p) for p in leave_out))


def by_threads(run):
    """N to N, N to 1 and 1 to N, each over the number of threads."""
    shapes = (("N to N", lambda row: row.P == row.C), ("N to 1", lambda row: row.C == 1),
              ("1 to N", lambda row: row.P == 1))
    panels = []
    for shape, fits in shapes:
        found = {}
        for row in run.cases:
            if is_flow(row) and fits(row):
                found.setdefault(key_of(row, ()), []).append(row)
        for rows in found.values():
            if len({row.threads for row in rows}) < 2:
                continue
            first = rows[0]
            rest = describe(first, ("oversubscribed", words.who(first)))
            head, *tail = rest.split(", ")
            title = ", ".join([head, shape, *tail])
            panels.append(Panel(slug(f"threads {title}"), title, "threads", rows))
    return unique(panels)


def by_axis(run, axis, said):
    """Batches, sizes, capacities, local work: everything else the same."""
    found = {}
    for row in run.cases:
        if is_flow(row):
            found.setdefault((row.P, row.C, *key_of(row, (axis,))), []).append(row)
    panels = []
    for rows in found.values():
        if len({row.get(axis) for row in rows}) < 2:
            continue
        plain = min(rows, key=lambda row: row.get(axis) or 0)
        title = f"{describe(plain, (said,))}"
        panels.append(Panel(slug(f"{axis} {title}"), title, axis, rows))
    return unique(panels)


def by_case(rows):
    """case -> its rows, in the order of the file."""
    found = {}
    for row in rows:
        found.setdefault(row.case, []).append(row)
    return found


def families(rows):
    """Rows with a ratio, by structure and kind: one forest each."""
    found = {}
    for row in rows:
        if row.ratio_median is not None:
            found.setdefault((row.structure, words.kind(row)), []).append(row)
    return found
