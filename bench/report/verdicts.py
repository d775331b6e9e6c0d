# SPDX-License-Identifier: MIT
"""verdicts.py - what the figures say, in sentences: first where weir loses, then what to use.

Every sentence is put together from the rows of this run; none names a result that is not in them.
Ratios and their intervals come from cases.csv (weir-bench computes them, paired by round). Tail
latencies have no interval there, so they are compared by their rounds: a difference is shown where a
sign test over the paired rounds gives p < 0.05, which for 9 rounds means at least 8 of them.
"""
import math
import statistics

import cache
import channels
import flow
import maps
import words

RINGS = ("spsc", "mpmc")
SIGN_LEVEL = 0.05


class Loss:
    """One row of the list of losses: which case, to whom, by how much."""

    def __init__(self, row, what, by, size, main=False):
        self.case = words.label(row)
        self.rival = words.rival(row.variant)
        self.what = what
        self.by = by
        self.size = size  # for the order: medians before tails, the largest factor first
        self.main = main


class Verdict:
    """One question with its answer; `details` are sentences below it."""

    def __init__(self, question, answer, details=()):
        self.question = question
        self.answer = answer
        self.details = [text for text in details if text]


def compared(run, choose=lambda row: True):
    return [row for row in run.cases
            if words.is_rival(row.variant) and row.ratio_median is not None and choose(row)]


def sign_test(wins, losses):
    """Two-sided probability of a split at least this uneven if both were equally likely."""
    n = wins + losses
    if n == 0:
        return 1.0
    tail = sum(math.comb(n, k) for k in range(max(wins, losses), n + 1)) / 2 ** n
    return min(1.0, 2 * tail)


def tail_of(run, row):
    """p99 of this rival over weir's, by round: (median, rounds lower, rounds) or None."""
    theirs = {s.round: s.p99_ns for s in run.samples.get((row.case, row.variant), ())}
    ours = {s.round: s.p99_ns for s in run.samples.get((row.case, words.reference(row)), ())}
    both = [(theirs[r], ours[r]) for r in sorted(theirs) if theirs[r] and ours.get(r)]
    if not both:
        return None
    lower = sum(1 for their, our in both if our < their)
    higher = sum(1 for their, our in both if our > their)
    shown = sign_test(lower, higher) < SIGN_LEVEL
    return statistics.median(t / o for t, o in both), lower, higher, len(both), shown


def losses(run):
    """Where weir is slower than a rival, or its tail longer."""
    found = []
    for row in compared(run):
        if words.verdict(row) == "slower":
            latency = words.is_latency(row)
            found.append(Loss(row, "has the shorter median latency" if latency else "moves more",
                              f"{words.times(1 / row.ratio_median)} times "
                              f"({words.interval(1 / row.ratio_hi, 1 / row.ratio_lo)})",
                              1 / row.ratio_median, main=True))
    for row in compared(run):
        tail = tail_of(run, row)
        if tail and tail[4] and tail[0] < 1 - words.MARGIN:
            found.append(Loss(row, "has the shorter tail",
                              f"weir's p99 is {words.times(1 / tail[0])} times as long "
                              f"(longer in {tail[2]} of {tail[3]} rounds)", 1 / tail[0]))
    found.sort(key=lambda loss: (not loss.main, -loss.size))
    return found


def unfinished(run):
    """What got stuck or failed its check, weir first."""
    return sorted((row for row in run.cases if row.status != "ok"),
                  key=lambda row: row.variant not in words.OURS)


def spread(rows):
    """'1.20 to 37.9', of medians."""
    low = min(row.ratio_median for row in rows)
    high = max(row.ratio_median for row in rows)
    return f"{words.times(low)}" if low == high else f"{words.times(low)} to {words.times(high)}"


SAID = (("faster", "ahead"), ("slower", "behind"), ("equal", "level"), ("undecided", "undecided"))


def tally(rows):
    """'ahead in 3 of 4 cases (by 1.20 to 37.9 times), behind in one (0.82)', and the rows by side."""
    sides = {side: [row for row in rows if words.verdict(row) == side] for side, _ in SAID}
    total = len(rows)
    parts = []
    for side, said in SAID:
        some = sides[side]
        if not some:
            continue
        where = (words.number(len(some)) if parts else
                 "the one case measured" if total == 1 else "both cases" if len(some) == total == 2
                 else f"all {words.count(total, 'case')}" if len(some) == total
                 else f"{len(some)} of {total} cases")
        parts.append(f"{said} in {where}" + (f" (ratio {spread(some)})"
                                             if side in ("faster", "slower") else ""))
    return ", ".join(parts), sides


def except_in(rows):
    return "; ".join(words.label(row) for row in rows)


def ring_or_mutex(run):
    rows = compared(run, lambda row: row.variant == "mutex" and not row.blocking
                    and row.structure in RINGS and words.kind(row) in ("stream", "alone", "ping-pong"))
    if not rows:
        return None
    text, sides = tally(rows)
    if sides["slower"] and len(sides["slower"]) >= len(sides["faster"]):
        answer = "The mutex queue, as measured here."
    elif sides["slower"]:
        answer = f"The ring, except here: {except_in(sides['slower'])}."
    elif 2 * len(sides["faster"]) > len(rows):
        answer = "The ring."
    elif sides["faster"]:
        answer = "The ring, where a difference is shown."
    elif sides["equal"]:
        answer = "Either: they are level."
    else:
        answer = "Undecided."
    return Verdict("A ring, or a queue with a mutex?", answer, [
        f"Against a ring of the same size behind a mutex, weir is {text}."])


def against_others(run, structure, question):
    """One sentence per rival of this structure, the one that weir does worst against first."""
    rows = compared(run, lambda row: row.structure == structure and row.variant != "mutex"
                    and not row.blocking and not row.one_cpu
                    and words.kind(row) in ("stream", "alone", "ping-pong"))
    if not rows:
        return None
    by_rival = {}
    for row in rows:
        by_rival.setdefault(row.variant, []).append(row)
    told = sorted(by_rival.items(), key=lambda item: min(r.ratio_median for r in item[1]))
    piles = {said: [] for said in ("behind", "ahead in some cases and behind in others against",
                                   "no difference shown against", "ahead, and never behind, against")}
    behind, mixed, even, ahead = piles.values()
    for variant, theirs in told:
        _, sides = tally(theirs)
        pile = ((mixed if sides["faster"] else behind) if sides["slower"] else
                ahead if sides["faster"] else even)
        pile.append(words.rival(variant))
    answer = "; ".join(f"{said} {words.listed(names)}" for said, names in piles.items() if names)
    return Verdict(question, answer[0].upper() + answer[1:] + ".", [
        f"{words.rival(variant)}: weir is {tally(theirs)[0]}." for variant, theirs in told])


def twins(run, column):
    """Pairs of weir's rows that differ in `column` only: (row with the smallest value, row)."""
    fixed = [c for c in ("structure", "P", "C", "cap", "size", "batch", "work_ns",
                         "blocking", "rate", "one_cpu") if c != column]
    groups = {}
    for row in run.cases:
        if row.variant == "weir" and row.ops_s_median and words.kind(row) in ("stream", "blocking"):
            groups.setdefault(tuple(row.get(c) for c in fixed), []).append(row)
    for rows in groups.values():
        rows.sort(key=lambda row: row.get(column) or 0)
        for row in rows[1:]:
            yield rows[0], row


def gains(run, more, less):
    """Throughput of one of weir's rows over another's, by round: (median, rounds more, rounds, shown)."""
    base = {s.round: s.ops_s for s in run.samples.get((less.case, "weir"), ())}
    ratios = [s.ops_s / base[s.round] for s in run.samples.get((more.case, "weir"), ())
              if base.get(s.round)]
    if not ratios:
        return None
    higher = sum(1 for ratio in ratios if ratio > 1)
    lower = sum(1 for ratio in ratios if ratio < 1)
    return (statistics.median(ratios), higher, len(ratios), sign_test(higher, lower) < SIGN_LEVEL)


def batches(run):
    pairs = [(row, gains(run, row, single)) for single, row in twins(run, "batch")
             if single.batch == 1]
    pairs = [(row, gain) for row, gain in pairs if gain]
    if not pairs:
        return None
    paid = [gain[3] and gain[0] > 1 + words.MARGIN for _, gain in pairs]
    lost = any(gain[3] and gain[0] < 1 for _, gain in pairs)
    answer = ("Yes." if all(paid) else "Not always." if lost else
              "Yes, where a difference is shown." if any(paid) else "Undecided.")
    return Verdict("Do batches pay?", answer, [
        f"{words.label(row)}: {words.times(gain[0])} times the elements per second of single calls "
        f"(more in {gain[1]} of {gain[2]} rounds)." for row, gain in pairs])


def blocking(run):
    rows = compared(run, lambda row: row.blocking and row.variant == "mutex" and not row.one_cpu
                    and row.structure in RINGS)
    if not rows:
        return None
    text, sides = tally(rows)
    answer = ("The ring that waits." if sides["faster"] and not sides["slower"] else
              "Undecided: no difference was shown." if not sides["slower"] else
              "The mutex queue, as measured here."
              if len(sides["slower"]) >= len(sides["faster"]) else "It depends on the case.")
    return Verdict("Where threads sleep until there is something to do?", answer, [
        f"Against a mutex ring with condition variables, weir's waiting calls are {text}."])


def one_cpu(run):
    rows = compared(run, lambda row: row.one_cpu and row.variant == "mutex")
    if not rows:
        return None
    worst = min(rows, key=lambda row: row.ratio_median)
    return Verdict("On one CPU only?", f"Against the mutex version, weir is {tally(rows)[0]}.", [
        f"Its worst case: {words.label(worst)}, ratio {words.ratio(worst)}."])


def weir_or_mutex(rows, ours, theirs):
    """The answer and the tally of rows against the mutex version."""
    text, sides = tally(rows)
    answer = (f"{ours}." if sides["faster"] and not sides["slower"] else
              "Undecided: no difference was shown." if not sides["slower"] else
              f"{theirs}, as measured here." if len(sides["slower"]) >= len(sides["faster"]) else
              f"{ours}, except here: {except_in(sides['slower'])}.")
    return answer, text


def beside_mutex(run, structure, question, ours, theirs, against, details):
    """A verdict about one structure against its mutex version; None without rows."""
    rows = channels.against_mutex(run, structure)
    if not rows:
        return None
    answer, text = weir_or_mutex(rows, ours, theirs)
    return Verdict(question, answer, [f"Against {against}, weir's is {text}."] + details)


def channel(run):
    return beside_mutex(run, "chan", "A channel, or a queue with a mutex and condition variables?",
                        "The channel", "The mutex channel", "the mutex channel", [channels.wake_detail(run)])


def select(run):
    return beside_mutex(run, "select", "A select over several channels?", "Weir's select",
                        "The select over mutex channels", "a select of one mutex and one condition variable",
                        channels.idle_lines(run))


def against_go(run):
    rows = compared(run, lambda row: row.variant == "go" and not row.one_cpu and not words.is_flow(row))
    if not rows:
        return None
    text, sides = tally(rows)
    behind = f" It is behind here: {except_in(sides['slower'])}." if sides["slower"] else ""
    return Verdict("Against Go's own channels and select?", f"Weir is {text}.{behind}", [
        "Go's runtime may run a sender and its receiver in turn on one thread; weir's have a thread each."])


def latency(run):
    rows = [(row, tail_of(run, row)) for row in compared(run, lambda row: bool(row.rate))]
    rows = [(row, tail) for row, tail in rows if tail]
    if not rows:
        return None
    better = [r for r, t in rows if t[4] and t[0] > 1 + words.MARGIN]
    worse = [r for r, t in rows if t[4] and t[0] < 1 - words.MARGIN]
    return Verdict("How long does an element wait in the slow cases?",
                   f"Weir's 99th percentile is shorter in {len(better)} of {len(rows)} "
                   f"comparisons, longer in {len(worse)}, and no difference is shown in "
                   f"{len(rows) - len(better) - len(worse)}.",
                   [f"{words.label(row)}: {words.rival(row.variant)}'s p99 is "
                    f"{words.times(tail[0])} times weir's (weir shorter in {tail[1]} of {tail[3]} "
                    "rounds)." for row, tail in rows])



def maps_against_others(run):
    """What weir_map is against each other kind of map with words, where the keys found are uniform."""
    rows = [row for row in maps.mixes(run, "map") if words.is_rival(row.variant) and not row.oversubscribed
            and row.ratio_median is not None]
    found = []
    for title, fits in (("at 90 % reads or more", lambda row: row.read >= 90),
                        ("at less", lambda row: row.read < 90)):
        told = {}
        for row in rows:
            if fits(row):
                told.setdefault(row.variant, []).append(row)
        found += [f"{words.rival(variant)}, {title}: weir_map is {tally(theirs)[0]}."
                  for variant, theirs in told.items()]
    if not found:
        return None
    _, sides = tally(rows)
    return Verdict("weir_map against other libraries and locks?",
                   f"Ahead in {len(sides['faster'])} of {len(rows)} comparisons, behind in "
                   f"{len(sides['slower'])}.", found)


def verdicts(run):
    """The answers, in the order in which people ask."""
    found = [ring_or_mutex(run),
             against_others(run, "spsc", "One thread writes, one reads: against other libraries?"),
             against_others(run, "mpmc", "Many threads write and read: against other libraries?"),
             batches(run), blocking(run), latency(run), channel(run), select(run),
             against_go(run), one_cpu(run)]
    found += [Verdict(*question) for question in maps.questions(run)]
    found.append(maps_against_others(run))
    found += [Verdict(*question) for question in cache.questions(run)]
    found += [Verdict(*question) for question in flow.questions(run)]
    return [verdict for verdict in found if verdict]
