# SPDX-License-Identifier: MIT
"""maps.py - what the figures say about maps: which one for which share of writes, and what they cost in memory.

A crossover is a grid: share of writes by keys and threads, and in each cell how much more one of two kinds does
than the other, paired by round. weir-bench says what is decided between weir_map and another (the column verdict); between two
others a cell is decided where a sign test over the paired rounds gives p < 0.05 and the median is off by more than
3 %.
"""
import statistics

import groups
import words

SIGN_LEVEL = 0.05
ROUNDS_FOR_VERDICT = 6


def mixes(run, structure, found=False):
    """Rows of the plain mix: uniform, with a hint, and a table that was not written to before. `found`: those whose keys are
    there in every mix, because what is deleted is put back; else half of them are, beside writers."""
    return [row for row in run.cases if row.structure == structure and words.kind(row) == "mix"
            and row.dist == "uniform" and row.hint and not words.key(row, "aged") and row.ops_s_median
            and (row.hit == 100 if found else words.key(row, "hit") is None)]


def tests(run, name):
    return [row for row in run.cases if words.is_map(row) and words.key(row, "test") == name
            and row.ops_s_median]


class Cell:
    """One kind beside another in one case. ratio: ours over theirs; decided: 1 ours is faster, -1 theirs, 0 open."""

    def __init__(self, case, row, ratio, decided, text):
        self.case, self.ratio, self.decided, self.text = case, ratio, decided, text
        self.write = 100 - row.read
        self.threads, self.keys, self.crowded = int(row.P), int(row.keys), row.oversubscribed


def paired(run, case, ours, theirs):
    """Ratios of speed by round."""
    base = {s.round: s.ops_s for s in run.samples.get((case, theirs), ())}
    return [s.ops_s / base[s.round] for s in run.samples.get((case, ours), ()) if base.get(s.round)]


def paired_cases(run, case, other, variant):
    """Median over the rounds of one case's speed over another's; None: no round has both."""
    base = {s.round: s.ops_s for s in run.samples.get((other, variant), ())}
    ratios = [s.ops_s / base[s.round] for s in run.samples.get((case, variant), ()) if base.get(s.round)]
    return statistics.median(ratios) if ratios else None


def sign_test(ratios):
    from verdicts import sign_test as test
    return test(sum(r > 1 for r in ratios), sum(r < 1 for r in ratios))


def cell(run, row, ours, theirs):
    """`row` is that of `theirs`."""
    ratios = paired(run, row.case, ours, theirs)
    if not ratios:
        return None
    middle = statistics.median(ratios)
    said = f"{words.label(row)}: {words.rival(ours)} is {words.times(middle)} times {words.rival(theirs)}"
    if ours == words.reference(row) and row.ratio_median is not None:
        decided = {"faster": 1, "slower": -1}.get(words.verdict(row), 0)
        middle = row.ratio_median
        said = f"{words.label(row)}: {words.rival(ours)} over {words.rival(theirs)} {words.ratio(row)}"
    else:
        shown = (len(ratios) >= ROUNDS_FOR_VERDICT and sign_test(ratios) < SIGN_LEVEL
                 and abs(middle - 1) > words.MARGIN)
        decided = 0 if not shown else 1 if middle > 1 else -1
    return Cell(row.case, row, middle, decided, said)


class Grid:
    """Cells of one crossover; rows are shares of writes, columns (keys, threads)."""

    def __init__(self, name, title, ours, theirs, cells):
        self.name, self.title, self.ours, self.theirs, self.cells = name, title, ours, theirs, cells
        self.writes = sorted({c.write for c in cells})
        self.columns = sorted({(c.keys, c.threads) for c in cells})

    def worth(self):
        return len(self.writes) > 1


PAIRS = (("weir_map", "weir_shardmap", "RCU map or sharded map"),
         ("mutex", "rwlock", "mutex or read-write lock"),
         ("sharded_mutex", "sharded_rwlock", "a mutex or a read-write lock for each shard"))


def kinds_of_keys(run):
    """('map', None) and ('strmap', 16) and so on, as far as they were measured."""
    found = {("map", None): "words"} if mixes(run, "map") else {}
    for size in sorted({int(row.size) for row in mixes(run, "strmap")}):
        found["strmap", size] = f"strings of {size} bytes"
    return found


def grids(run):
    found = []
    for (structure, size), said in kinds_of_keys(run).items():
        for kept, more in ((False, ""), (True, ", all reads find something")):
            rows = [row for row in mixes(run, structure, kept) if size is None or row.size == size]
            if kept:  # with as many threads as there are mixes of
                threads = {row.P for row in rows if row.read < 100}
                rows = [row for row in rows if row.P in threads]
            for ours, theirs, title in PAIRS:
                cells = [cell(run, row, ours, theirs) for row in rows if row.variant == theirs]
                grid = Grid(groups.slug(f"crossover {structure} {size or ''} {ours} {theirs}{more}"),
                            f"{title}: {said}{more}", ours, theirs, [c for c in cells if c])
                if grid.worth():
                    found.append(grid)
    return found


def by_share(run):
    """Speed over the share of writes, a picture for each number of keys."""
    panels = []
    for (structure, size), said in kinds_of_keys(run).items():
        found = {}
        for row in mixes(run, structure):
            if row.oversubscribed or (size is not None and row.size != size):
                continue
            row.writes = 100 - row.read
            found.setdefault((row.P, row.keys), []).append(row)
        for (threads, keys), rows in sorted(found.items()):
            if len({row.writes for row in rows}) > 2:
                title = f"{said}, {words.keys_said(keys)} keys, {words.count(threads, 'thread')}"
                panels.append(groups.Panel(groups.slug(f"maps {title}"), title, "writes", rows))
    return groups.unique(panels)


# ---- sentences -------------------------------------------------------------------------------------


def where(cells, all_cells):
    """'100 to 90 and 0 % reads' of cells of one column: what follows each other there is a range."""
    order = sorted((100 - c.write for c in all_cells), reverse=True)
    runs = []
    for share in sorted((100 - c.write for c in cells), reverse=True):
        if runs and order.index(share) == order.index(runs[-1][-1]) + 1:
            runs[-1].append(share)
        else:
            runs.append([share])
    return words.listed(f"{run[0]:.0f}" + (f" to {run[-1]:.0f}" if len(run) > 1 else "")
                        for run in runs) + " % reads"


def column_said(grid, keys, threads):
    cells = [c for c in grid.cells if (c.keys, c.threads) == (keys, threads)]
    ours = [c for c in cells if c.decided > 0]
    theirs = [c for c in cells if c.decided < 0]
    parts = []
    for some, name in ((ours, grid.ours), (theirs, grid.theirs)):
        if some:
            factors = [c.ratio if name == grid.ours else 1 / c.ratio for c in some]
            parts.append(f"{words.rival(name)} at {where(some, cells)} (by {words.times(min(factors))}"
                         + (f" to {words.times(max(factors))}" if len(factors) > 1 else "") + ")")
    rest = [c for c in cells if c.decided == 0]
    if rest:
        parts.append(f"undecided at {where(rest, cells)}")
    return (f"{words.keys_said(keys)} keys, {words.count(threads, 'thread')}"
            f"{', oversubscribed' if cells[0].crowded else ''}: {'; '.join(parts)}.")


def crossover(grid):
    """From which share of writes on `theirs` is faster: the least of a column from which on it always is; by column."""
    found = {}
    for keys, threads in grid.columns:
        cells = sorted((c for c in grid.cells if (c.keys, c.threads) == (keys, threads)),
                       key=lambda c: -c.write)
        least = None
        for c in cells:
            if c.decided >= 0:
                break
            least = c.write
        found[keys, threads] = least
    return found


def answer(grid):
    """One sentence over all columns."""
    ours = sum(c.decided > 0 for c in grid.cells)
    theirs = sum(c.decided < 0 for c in grid.cells)
    if not ours and not theirs:
        return "Undecided."
    first = [least for least in crossover(grid).values() if least is not None]
    if not theirs:
        return f"{words.rival(grid.ours)}, where a difference is shown."
    if not ours:
        return f"{words.rival(grid.theirs)}, where a difference is shown."
    if not first:
        return (f"{words.rival(grid.ours)} in {ours} of {len(grid.cells)} cells, {words.rival(grid.theirs)} in "
                f"{theirs}.")
    span = f"{min(first):.0f} %" + (f" to {max(first):.0f} %" if min(first) != max(first) else "")
    return (f"{words.rival(grid.ours)} where mostly is read, {words.rival(grid.theirs)} from {span} of writes on, "
            "by number of keys and threads.")


def questions(run):
    """(question, answer, details) for each grid."""
    asked = {"weir_map": "sync.Map or a sharded map", "mutex": "A mutex or a read-write lock around a table",
             "sharded_mutex": "The same, one for each shard"}
    for grid in grids(run):
        said = grid.title.partition(": ")[2]
        yield (f"{asked[grid.ours]}, {said}?", answer(grid),
               [column_said(grid, *column) for column in grid.columns])


def bytes_said(value):
    return f"{value:.1f} bytes" if value < 1e4 else f"{value / 1e6:.2f} MB"


def memory_lines(run):
    lines = []
    for row in tests(run, "memory"):
        if row.bytes_per_entry:
            lines.append(f"{words.rival(row.variant)}, {words.keys_said(row.keys)} keys: "
                         f"{bytes_said(row.bytes_per_entry)} an entry just after a doubling, "
                         f"{bytes_said(row.bytes_low)} just before one, {bytes_said(row.bytes_high)} amid it.")
    for row in tests(run, "churn"):
        if row.bytes_per_entry and row.bytes_low:
            lines.append(f"{words.rival(row.variant)}, {words.keys_said(row.keys)} keys, after puts and deletes: "
                         f"{bytes_said(row.bytes_per_entry)} an entry, {bytes_said(row.bytes_low)} before.")
    return lines


def stall_lines(run):
    lines = []
    for row in tests(run, "stalled"):
        stall = float(words.key(row, "stall"))
        grown = bytes_said(row.garbage_peak) if row.garbage_peak else "nothing"
        lines.append(f"{words.rival(row.variant)}, a reader stopped for {words.nanoseconds(stall * 1e6)}: the heap "
                     f"grew by {grown}; writers made {words.rate(row.ops_s_median)} meanwhile; half a second later "
                     f"{bytes_said(row.bytes_per_entry)} an entry.")
    return lines


def beside_lines(run):
    """Readers beside a writer over readers alone, by round."""
    lines = []
    for row in tests(run, "beside"):
        if words.key(row, "writers") != "1":
            continue
        alone = row.case.replace("/writers:1", "/writers:0")
        base = {s.round: s.ops_s for s in run.samples.get((alone, row.variant), ())}
        ratios = [s.ops_s / base[s.round] for s in run.samples.get((row.case, row.variant), ())
                  if base.get(s.round)]
        if ratios:
            lines.append(f"{words.rival(row.variant)}, {words.keys_said(row.keys)} keys: readers beside a writer of other keys "
                         f"do {words.times(statistics.median(ratios))} of what they do alone.")
    return lines
