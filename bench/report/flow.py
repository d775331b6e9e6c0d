# SPDX-License-Identifier: MIT
"""flow.py - what the figures say about pools and pipelines, and about the maps that they stand on.

Which map: for each share of writes the kinds are compared in pairs, by round. A kind is the choice at that share if no other
kind is shown to do more there; where several are left, they are named together. A difference is shown as on the page's other
maps: by weir-bench's verdict where weir_map is one of the two, else by a sign test over the paired rounds with p < 0.05 and a
median that is off by more than 3 % (maps.py).
"""
import groups
import maps
import words

STANDS = {"serve": "A pool whose tasks read and write a map", "log": "A pipeline that counts in a map"}
CHOICE = {"serve": "Which map should a pool stand on, and from which share of writes on?",
          "log": "Which map should a pipeline stand on?"}


def rows_of(run, structure):
    return [row for row in run.cases if row.structure == structure and row.ops_s_median]


def share(row):
    return int(words.key(row, "write"))


def shares(run, structure):
    """share of writes -> {variant: row}."""
    found = {}
    for row in rows_of(run, structure):
        found.setdefault(share(row), {})[row.variant] = row
    return dict(sorted(found.items()))


def beats(run, rows, one, other):
    """1: `one` is shown to do more than `other`, -1: less, 0: neither. And how many times as much."""
    if other == words.reference(rows[other]):
        decided, ratio = beats(run, rows, other, one)
        return -decided, 1 / ratio if ratio else 0
    cell = maps.cell(run, rows[other], one, other)
    return (cell.decided, cell.ratio) if cell else (0, 0)


def choice(run, rows):
    """The kinds that no other one is shown to beat, the fastest first."""
    left = [variant for variant in rows
            if not any(beats(run, rows, other, variant)[0] > 0 for other in rows if other != variant)]
    return sorted(left, key=lambda variant: -rows[variant].ops_s_median)


def choices(run, structure):
    return {write: choice(run, rows) for write, rows in shares(run, structure).items() if len(rows) > 1}


def spans(found):
    """[(first share, last share, kinds)]: neighbours with the same choice are one."""
    joined = []
    for write, kinds in found.items():
        if joined and set(joined[-1][2]) == set(kinds):
            joined[-1][1] = write
        else:
            joined.append([write, write, kinds])
    return joined


ALL = 4  # kinds of maps that are compared


def named(kinds):
    """'weir_map', 'weir_map, mutex version or weir_shardmap'."""
    if len(kinds) == ALL:
        return "undecided between all"
    names = [words.rival(kind) for kind in kinds]
    return " or ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]


def answer(found):
    """'weir_map up to 1 % of writes, weir_shardmap from 5 % on.'"""
    parts = spans(found)
    if len(parts) == 1:
        return f"{named(parts[0][2])}, at every share measured."
    said = []
    for first, last, kinds in parts:
        if first == parts[0][0]:
            where = f"up to {last} % of writes" if last else "where nobody writes"
        elif last == parts[-1][1]:
            where = f"from {first} % on"
        else:
            where = f"at {first} %" if first == last else f"from {first} % to {last} %"
        said.append(f"{named(kinds)} {where}")
    return ", ".join(said) + "."


def share_line(run, write, rows, kinds):
    """'5 % writes: weir_shardmap, 1.20 times weir_map, 1.90 times mutex version.'"""
    best = kinds[0] if kinds else max(rows, key=lambda variant: rows[variant].ops_s_median)
    parts = []
    for variant in sorted(rows, key=lambda variant: -rows[variant].ops_s_median):
        if variant == best:
            continue
        decided, ratio = beats(run, rows, best, variant)
        if ratio:
            parts.append(f"{words.times(ratio)} times {words.rival(variant)}" + ("" if decided else " (undecided)"))
    return (f"{write} % writes: {words.rival(best)} with {words.rate(rows[best].ops_s_median)}, "
            f"{words.listed(parts)}.")


def map_questions(run):
    for structure, question in CHOICE.items():
        found = choices(run, structure)
        if found:
            by_share = shares(run, structure)
            yield (question, answer(found),
                   [share_line(run, write, by_share[write], kinds) for write, kinds in found.items()])


def beside(run, structure, choose=lambda row: True):
    """Rivals of a structure with their ratios, in the order of the file."""
    return [row for row in run.cases if row.structure == structure and words.is_rival(row.variant)
            and row.ratio_median is not None and choose(row)]


def line(rows):
    """'fork and join: 3.10 (3.00 to 3.20) against mutex version, ...' of the rows of one case."""
    parts = [f"{words.ratio(row)} against {words.rival(row.variant)}" for row in rows]
    return f"{words.label(rows[0])}: {words.listed(parts)}."


def idle_lines(run):
    """Processor time of a pool that has nothing to do."""
    return [f"{words.label(row)}: {words.rival(row.variant)} spends {words.nanoseconds(row.ns_op_median)} of processor time "
            f"a second, {row.ns_op_median / 1e7:.4f} %."
            for row in rows_of(run, "pool") if words.key(row, "test") == "idle"]


def wake_line(run):
    row = next((row for row in rows_of(run, "pool") if row.variant == "weir"
                and words.key(row, "test") == "wake" and row.bound_share), None)
    return "" if row is None else (
        f"A worker that sleeps runs its task {words.nanoseconds(row.p50_ns)} after the submission (median), "
        f"{words.times(1 / row.bound_share)} times what a raw futex needs.")


def order_line(run):
    """Pipelines that keep the order over those that do not, by round."""
    lines = []
    for row in rows_of(run, "pipe"):
        if row.variant != "weir" or words.key(row, "ordered") != "1":
            continue
        ratios = maps.paired_cases(run, row.case, row.case.replace("/ordered:1", "/ordered:0"), "weir")
        if ratios:
            lines.append(f"{words.label(row)}: {words.times(ratios)} of what the unordered one does.")
    return lines


def questions(run):
    """(question, answer, details), as Verdict takes them."""
    from verdicts import tally
    for structure, question in (("pool", "A pool of workers?"), ("pipe", "A pipeline of stages?")):
        rows = beside(run, structure)
        if rows:
            told = [line(same) for same in groups.by_case(rows).values()]
            more = [wake_line(run), *idle_lines(run)] if structure == "pool" else order_line(run)
            yield question, f"Beside the mutex version and other libraries, weir's is {tally(rows)[0]}.", told + more
    yield from map_questions(run)


# ---- pictures --------------------------------------------------------------------------------------


def grids(run):
    """A crossover for each pair with weir_map: shares of writes by what stands on the map."""
    found = []
    for structure, title in STANDS.items():
        by_share = shares(run, structure)
        for theirs in ("weir_shardmap", "sharded_rwlock", "mutex"):
            cells = [maps.cell(run, rows[theirs], "weir_map", theirs)
                     for rows in by_share.values() if theirs in rows and "weir_map" in rows]
            grid = maps.Grid(groups.slug(f"{structure} weir_map {theirs}"),
                             f"{title}: {words.rival('weir_map')} or {words.rival(theirs)}", "weir_map", theirs,
                             [cell for cell in cells if cell])
            if grid.worth():
                found.append(grid)
    return found


def panels(run):
    found = []
    for structure, title in STANDS.items():
        rows = rows_of(run, structure)
        for row in rows:
            row.writes = share(row)
        if len({row.writes for row in rows}) > 1:
            found.append(groups.Panel(groups.slug(f"flow {structure}"), title, "writes", rows))
    return found
