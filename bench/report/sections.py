# SPDX-License-Identifier: MIT
"""sections.py - the parts of the page that are pictures, in the page's order.

A section without data says in one sentence what was not measured; it never shows an empty frame.
"""
import channels
import flow
import groups
import maps
import svg
import words

DASH_CSS = ("none", "6 2", "2 2", "7 2 2 2")


class Section:
    def __init__(self, identifier, title, texts, pictures, missing, variants=(), switch=False,
                 flow=False):
        self.id = identifier
        self.title = title
        self.texts = list(texts) if pictures else []
        self.pictures = pictures
        self.missing = missing
        self.variants = variants
        self.items, self.items_lead = [], ""  # a list below the pictures
        self.flow = flow  # pictures of different heights, side by side in columns
        self.switch = switch and any(picture.inline_log for picture in pictures)


class Shown:
    """A contender in a legend."""

    def __init__(self, name, pen):
        self.name = name
        self.said = words.rival(name)
        self.colour = pen.place[name][0] % len(svg.SERIES)
        self.dash = DASH_CSS[pen.place[name][1] % len(DASH_CSS)]


def legend(panels, pen):
    return shown({variant for panel in panels for variant in panel.series()}, pen)


def shown(names, pen):
    return [Shown(name, pen) for name in sorted(names, key=lambda name: pen.place[name])]


def cpus_sentence(cpus):
    if not cpus:
        return ("The number of CPUs is not recorded in env.json, so nothing is marked as "
                "oversubscribed.")
    beyond = ("Where there are more threads than CPUs the picture is shaded and labelled "
              "oversubscribed: threads take turns there, and the figures say how a queue copes with "
              "that, not how it scales.")
    if cpus <= 2:
        said = "One CPU" if cpus == 1 else "Two CPUs"
        return f"{said} cannot show how a queue scales. {beyond}"
    return f"This run had {cpus} CPUs. {beyond}"


def threads(run, pen):
    panels = groups.by_threads(run)
    pictures = [pen.lines(panel, "threads") for panel in panels]
    return Section("threads", "Throughput against threads", [
        "Each point is the median over the rounds, each band the interval that holds it with 95 % "
        "confidence. Absolute speeds like these belong to this run alone and are not to be compared "
        "with those of another file.", cpus_sentence(pen.cpus)], pictures,
        "Throughput against threads was not measured: no case ran with two thread counts.",
        legend(panels, pen), switch=True)


def case_namer(leave_out):
    return lambda row: ", ".join(part for part in words.label(row).split(", ")
                                 if part not in leave_out)


def forests(pen, rows, prefix, most=20):
    """One forest per structure and kind of work; a long one is cut between cases."""
    pictures = []
    for (structure, kind), family in groups.families(rows).items():
        chunks, chunk = [], []
        for same in groups.by_case(family).values():
            if chunk and len(chunk) + len(same) > most:
                chunks.append(chunk)
                chunk = []
            chunk += sorted(same, key=lambda row: row.ratio_median)
        chunks.append(chunk)
        head = words.label(family[0]).split(", ")[0]
        for number, part in enumerate(chunks):
            title = f"{head}, {kind}" + (f" ({number + 1} of {len(chunks)})"
                                         if len(chunks) > 1 else "")
            name = groups.slug(f"{prefix} {structure} {kind} {number + 1 if number else ''}")
            pictures.append(pen.forest(name, title, part, case_namer((head, kind))))
    return pictures


def ratios(run, pen):
    rows = [row for row in run.cases if not row.one_cpu and not words.is_table(row)]
    return Section("ratios", "weir over each rival, case by case", [
        "Right of the line at 1 weir is better, in the shaded part left of it worse. Each mark is a "
        "median, each bar its 95 % interval; where no bar is to be seen it is narrower than the "
        "mark."],
        forests(pen, rows, "ratio"),
        "No ratio can be shown: no case was run by weir and by another contender.", flow=True)


def latency(run, pen):
    pictures, names = [], set()
    for case, rows in groups.by_case(run.cases).items():
        rows = [row for row in rows if row.p50_ns and row.structure != "bound" and not words.is_table(row)]
        if rows:
            title = words.label(rows[0])
            names |= {row.variant for row in rows}
            pictures.append(pen.percentiles(groups.slug(f"latency {case}"), title, rows))
    return Section("latency", "Latency", [
        "Ping-pong: one thread sends an element and waits for the answer; shown is the time there "
        "and back. Open loop: elements are sent at a fixed rate, and each one's time counts from "
        "the moment at which it was due, so that a stall is charged to everything that waits behind "
        "it. After a gap: an element is sent to a thread that sleeps, and its time counts from just "
        "before the send until the receiver runs. p99 is the time that 99 of 100 elements stay below."], pictures,
        "Latency was not measured: no ping-pong and no open-loop case ran.", shown(names, pen))


def fairness(run, pen):
    pictures = []
    for case, rows in groups.by_case(run.cases).items():
        rows = [row for row in rows if row.fair_min_max is not None and row.status == "ok"
                and not words.is_table(row) and not words.is_flow(row)]
        if rows and (rows[0].P > 1 or rows[0].C > 1) and words.kind(rows[0]) not in (
                "one stopped", "close storm"):
            pictures.append(pen.shares(groups.slug(f"fairness {case}"), words.label(rows[0]), rows))
    return Section("fairness", "Fairness", [
        "How many elements the least busy thread moved, divided by the busiest one's. 1 means all "
        "threads moved as many, 0 that one moved nothing."], pictures,
        "Fairness was not measured: no case had more than one producer or consumer.", flow=True)


def batches(run, pen):
    panels, pictures = [], []
    for axis, said, x_label in (("batch", "batch", "elements per call"),
                                ("size", "size", "bytes per element"),
                                ("cap", "cap", "capacity in elements"),
                                ("work_ns", "work", "ns of work between operations")):
        for panel in groups.by_axis(run, axis, said):
            panel.title += f": {x_label}"
            panels.append(panel)
            pictures.append(pen.lines(panel, x_label))
    return Section("batches", "Batches, element sizes and capacities", [
        "The same case with one thing varied. Elements count, not calls: a batch of 32 is 32 "
        "elements."], pictures,
        "Neither batches nor sizes were varied in this run.", legend(panels, pen), switch=True)


def is_plain(row):
    return (row.variant == "weir" and words.kind(row) == "stream" and not row.one_cpu
            and row.cap == 1024 and row.size == 8 and row.batch == 1 and not row.work_ns
            and row.ops_s_median)


def crowd(run):
    """Weir with more threads than CPUs, beside itself with one producer and one consumer."""
    plain = [row for row in run.cases if is_plain(row)]
    for alone in plain:
        if alone.P != 1 or alone.C != 1:
            continue
        for row in plain:
            if row.oversubscribed and row.structure == alone.structure and row is not alone:
                yield (f"{words.label(row)}: {words.rate(row.ops_s_median)}, "
                       f"{words.times(row.ops_s_median / alone.ops_s_median)} times the "
                       f"{words.rate(alone.ops_s_median)} of {words.who(alone)}.")


def crowded(run, pen):
    """One CPU, and more threads than CPUs."""
    pictures = forests(pen, [row for row in run.cases if row.one_cpu], "one-cpu")
    section = Section("crowded", "One CPU, and more threads than CPUs", [
        "On one CPU a thread that spins steals the time of the one it waits for. These ratios are "
        "from a process that was confined to one CPU."], pictures,
        "No case was confined to one CPU.", flow=True)
    section.items = list(crowd(run))
    if section.items:
        section.items_lead = ("With more threads than CPUs, weir moved (quotients of medians of two "
                              "cases):")
    elif not pictures:
        section.missing = "Neither one CPU nor more threads than CPUs were measured."
    return section


def select_panels(run):
    """Selects of one thread over the number of cases: one of them ready, all of them, and half of them sending."""
    panels = []
    def all_ready(row):
        return words.key(row, "ready") == words.key(row, "ways")
    for title, fits in (("one case is ready", lambda row: words.key(row, "ready") == "1"),
                        ("all cases are ready",
                         lambda row: all_ready(row) and not words.key(row, "sends")),
                        ("all cases are ready, half of them send",
                         lambda row: all_ready(row) and words.key(row, "sends"))):
        rows = [row for row in channels.of(run, "select")
                if words.kind(row) == "alone" and fits(row)]
        for row in rows:
            row.cases_of_select = int(words.key(row, "ways"))
        if len({row.cases_of_select for row in rows}) > 1:
            panels.append(groups.Panel(groups.slug(f"select {title}"), f"select, {title}",
                                       "cases_of_select", rows))
    return panels


def channel_costs(run, pen):
    """What a select costs with its number of cases, and what waiting costs."""
    panels = select_panels(run)
    section = Section("channels", "Channels and select", [
        "How many elements per second one thread gets out of a select and puts back, against the number "
        "of cases. A case is idle if its channel has nothing to give; the select still has to look at "
        "it."], [pen.lines(panel, "cases of the select") for panel in panels],
        "No select was measured with several numbers of cases.", legend(panels, pen), switch=True)
    section.items = channels.idle_lines(run) + channels.burnt_lines(run)
    if section.items:
        section.items_lead = ("What an idle case of a select costs (the difference of two medians, over "
                              "the number of idle cases), and what waiting for an element costs:")
    elif not any(row.structure == "chan" for row in run.cases):
        section.missing = "No channel was measured."
    return section


def crossovers(run, pen):
    """Which kind of map for which share of writes."""
    pictures = [pen.heat(grid) for grid in maps.grids(run)]
    return Section("crossover", "Which map, from which share of writes on", [
        "Each cell is one mix: its row the share of writes, its column the number of keys and of threads. The deeper "
        "the colour, the more the one that is named there does than the other; the figure says how many times. Hatched: "
        "undecided. Half of what writes puts, half deletes; keys are drawn from twice as many as there are "
        "entries, so half of the reads beside writers find nothing."], pictures,
        "No crossover can be drawn: too few shares of writes were measured.", flow=True)


def map_speeds(run, pen):
    panels = maps.by_share(run)
    section = Section("maps", "Maps", [
        "Operations per second of all threads together, against the share of writes among them."],
        [pen.lines(panel, "percent of writes", "million operations per second") for panel in panels],
        "No map was measured with several shares of writes.", legend(panels, pen), switch=True)
    section.items = maps.memory_lines(run) + maps.stall_lines(run) + maps.beside_lines(run)
    if section.items:
        section.items_lead = "What maps cost besides:"
    elif not any(words.is_map(row) for row in run.cases):
        section.missing = "No map was measured."
    return section


def map_growth(run, pen):
    pictures, names = [], set()
    for case, rows in groups.by_case(maps.tests(run, "grow")).items():
        names |= {row.variant for row in rows}
        pictures.append(pen.percentiles(groups.slug(f"growth {case}"), words.label(rows[0]), rows))
    section = Section("growth", "A map that grows", [
        "How long single puts take while a map grows from empty, by percentile, to the very worst one of all rounds. "
        "A map that moves all entries at once shows it at the end."], pictures,
        "No map was measured while it grows.", shown(names, pen))
    section.items = [f"{words.label(row)}: {words.rival(row.variant)} {words.rate(row.ops_s_median)}, p99.9 "
                     f"{words.nanoseconds(row.p999_ns)}, worst {words.nanoseconds(row.max_ns)}."
                     for row in maps.tests(run, "grow")]
    section.items_lead = "Throughput, and the worst puts:"
    return section


def at_work(run, pen):
    """Pools and pipelines on maps."""
    panels = flow.panels(run)
    pictures = [pen.heat(grid) for grid in flow.grids(run)]
    pictures += [pen.lines(panel, "percent of writes", "million operations per second") for panel in panels]
    return Section("at-work", "Pools and pipelines on maps, from which share of writes on", [
        "A pool whose tasks are requests of 16 operations on a map of words, and a pipeline that parses lines of text, "
        "counts them by the string in them, and adds up. Half of what writes puts, half deletes. In the heat maps, cells "
        "are as above: deeper where the difference is larger, hatched where it is undecided."], pictures,
        "Neither pools nor pipelines were measured on several kinds of map.", legend(panels, pen), flow=True)


def all_sections(run, pen):
    found = [build(run, pen) for build in (threads, ratios, latency, fairness, batches, channel_costs,
                                           crowded)]
    if any(words.is_map(row) for row in run.cases):
        found = [build(run, pen) for build in (crossovers, map_speeds, map_growth)] + found
    if any(words.is_flow(row) for row in run.cases):
        found.append(at_work(run, pen))
    return found
