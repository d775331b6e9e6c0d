# SPDX-License-Identifier: MIT
"""synthetic_summary.py - summary.md of an invented run, in the form of bench/summary.c."""


def decimals(value):
    return 2 if value < 10 else 1 if value < 100 else 0


def time(text):
    value = float(text)
    for limit, factor, unit in ((1e3, 1, "ns"), (1e6, 1e3, "us"), (1e9, 1e6, "ms")):
        if value < limit:
            return f"{value / factor:.{decimals(value / factor)}f} {unit}"
    return f"{value / 1e9:.{decimals(value / 1e9)}f} s"


def rate(text):
    value = float(text)
    factor, unit = (1e6, "M") if value >= 1e6 else (1e3, "k")
    return f"{value / factor:.{decimals(value / factor)}f} {unit}/s"


def ratio(row, names=("ratio_median", "ratio_lo", "ratio_hi")):
    if not row.get(names[0]):
        return ""
    middle, low, high = (f"{float(row[n]):.{decimals(float(row[n]))}f}" for n in names)
    return f"{middle}x [{low}, {high}]"


def figures(row):
    share = f"{100 * float(row['bound_share']):.0f} %" if row.get("bound_share") else ""
    judged = [ratio(row), row["verdict"], share]
    if row.get("p50_ns"):
        times = [time(row[n]) for n in ("p50_ns", "p90_ns", "p99_ns", "p999_ns", "max_ns")]
        return times + [rate(row["ops_s_median"])] + judged
    return [f"{time(row['ns_op_median'])} [{time(row['ns_op_lo'])}, {time(row['ns_op_hi'])}]",
            rate(row["ops_s_median"])] + judged + [f"{float(row.get('fair_min_max') or 1):.2f}",
                                                   f"{float(row['cpu_s_per_mop']):.3g}"]


def head(row):
    if row.get("p50_ns"):
        return "| variant | p50 | p90 | p99 | p99.9 | max | rate | weir is | verdict | bound |"
    return "| variant | per op [95 %] | rate | weir is | verdict | bound | fair | CPU s per M |"


def lines(cases, bars):
    yield "<!-- Invented by tests/report/make_synthetic.py; nothing was measured. -->"
    yield from ("# weir-bench", "", "Machine: none; this run is synthetic.", "",
                "## Where weir loses", "", "| case | against | weir is | names |", "|---|---|---|---|")
    for row in cases:
        if row["verdict"] == "slower" and not row["variant"].startswith("weir_"):
            yield f"| words | {row['variant']} | {ratio(row)} | `{row['case']}` |"
    yield from ("", "## Bars", "", "| bar | wanted | reached | result |", "|---|---|---|---|")
    for bar in bars:
        yield (f"| {bar['bar']} | {bar['wanted']} | {ratio(bar, ('median', 'lo', 'hi'))} | "
               f"{bar['result']} |")
    yield from ("", "## Idle cases of a select", "", "| idle | 2 cases | 8 cases | 64 cases |",
                "|---|---|---|---|")
    ns = {(row["variant"], row["case"].partition("ways:")[2].partition("/")[0]): float(row["ns_op_median"])
          for row in cases if row["structure"] == "select" and "ready:1/" in row["case"]}
    for variant in ("weir", "mutex"):
        idle = [(ns[variant, n] - ns[variant, "1"]) / (int(n) - 1) for n in ("2", "8", "64")]
        yield f"| {variant} | " + " | ".join(f"{value:.3g}" for value in idle) + " |"
    last = None
    for row in cases:
        if not row["rounds"]:
            continue
        if row["case"] != last:
            last = row["case"]
            yield from ("", "### words", "", f"`{last}`", "", head(row),
                        "|" + "---|" * (head(row).count("|") - 1))
        yield f"| {row['variant']} | {' | '.join(figures(row))} |"


def write(path, cases, bars):
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(lines(cases, bars)) + "\n")
