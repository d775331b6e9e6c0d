# SPDX-License-Identifier: MIT
"""results.py - reads a results folder that weir-bench wrote, and refuses a broken one.

A results folder holds cases.csv (one row per case and variant), samples.csv (one row per round),
bars.csv (the bars that a release must meet) and env.json (the machine). Each number is kept twice:
as a float to calculate with, and as the text that stands in the file, because a figure that is
compared with "exactly" is compared at the precision with which it was printed.

A file that was cut short is the usual fault (the disk was full, the run was killed). It shows as a
last line without its line end, as a row with too few columns, or, where the cut fell between two
lines, as a case without its samples or samples without their case: each is looked for.

Standard library only: verify.py uses this file where matplotlib is not installed.
"""
import csv
import json
import os

CASE_TEXT = "case workload structure variant verdict status note".split()
CASE_FLAGS = "blocking oversubscribed one_cpu".split()
CASE_NUMBERS = ("P C cap size batch work_ns rate threads rounds ns_op_median ns_op_lo ns_op_hi "
                "ops_s_median ops_s_lo ops_s_hi ratio_median ratio_lo ratio_hi mwu_p bound_share "
                "p50_ns p90_ns p99_ns p999_ns max_ns fair_min_max csw_per_op cpu_s_per_mop "
                "misses_per_op").split()
CASE_OF_MAPS = ("keys read hit hint bytes_per_entry bytes_low bytes_high "
                "garbage_peak").split()  # not in results from before there were maps
SAMPLE_TEXT = "case variant".split()
SAMPLE_NUMBERS = "round ns_op ops_s p50_ns p99_ns".split()
SAMPLE_OF_MAPS = "bytes bytes_low".split()
BAR_TEXT = "bar numerator denominator wanted result".split()
BAR_NUMBERS = "median lo hi".split()
STATUSES = ("ok", "stuck", "failed")
BAR_RESULTS = ("met", "missed", "rival missing")
FLAG_VALUES = {"": False, "0": False, "false": False, "no": False,
               "1": True, "true": True, "yes": True}


class Broken(Exception):
    """The input cannot be used; the text is one line that says what to do."""


class Row:
    """One row: attributes by column name, numbers as float or None, `text` as they stand."""

    def __init__(self, line, text):
        self.line = line
        self.text = text

    def get(self, column):
        return getattr(self, column, None)


class Run:
    """One results folder."""

    def __init__(self, folder, cases, samples, bars, env):
        self.folder = folder
        self.cases = cases      # rows of cases.csv, in its order
        self.samples = samples  # (case, variant) -> rows of samples.csv, ordered by round
        self.bars = bars
        self.env = env
        self.by_key = {(row.case, row.variant): row for row in cases}

    def find(self, case, variant):
        return self.by_key.get((case, variant))


def again(folder):
    return f"run weir-bench again with --out={folder}"


def read_text(path, folder):
    try:
        with open(path, encoding="utf-8", newline="") as file:
            text = file.read()
    except FileNotFoundError:
        raise Broken(f"{path}: no such file; {again(folder)}") from None
    except UnicodeDecodeError:
        raise Broken(f"{path}: not text; {again(folder)}") from None
    except OSError as error:
        raise Broken(f"{path}: {error.strerror}; make it readable or {again(folder)}") from None
    if not text:
        raise Broken(f"{path}: empty; {again(folder)}")
    return text


def read_csv(folder, name, text_columns, number_columns, flag_columns=(), if_there=()):
    """Rows of one file; of the columns `if_there`, numbers, any may be missing. Columns beyond the known ones are
    kept as text and otherwise ignored."""
    path = os.path.join(folder, name)
    text = read_text(path, folder)
    if not text.endswith("\n"):
        raise Broken(f"{path}: the last line has no end, so the file was cut short; "
                     f"{again(folder)}")
    try:
        reader = csv.reader(text.splitlines(keepends=True), strict=True)
        lines = [(reader.line_num, fields) for fields in reader if fields]
    except csv.Error as error:
        raise Broken(f"{path}: not a table ({error}); {again(folder)}") from None
    if not lines:
        raise Broken(f"{path}: no heading; {again(folder)}")
    heading = lines[0][1]
    missing = [c for c in (*text_columns, *number_columns, *flag_columns) if c not in heading]
    if missing:
        raise Broken(f"{path}: the heading lacks {', '.join(missing)}; the file comes from another "
                     f"version, {again(folder)}")
    numbers = [*number_columns, *if_there]
    return [parse_row(path, folder, number, heading, fields, numbers, flag_columns)
            for number, fields in lines[1:]]


def parse_row(path, folder, number, heading, fields, number_columns, flag_columns):
    if len(fields) != len(heading):
        raise Broken(f"{path}: line {number} has {len(fields)} columns and the heading "
                     f"{len(heading)}; the file is damaged, {again(folder)}")
    row = Row(number, dict(zip(heading, fields)))
    for column, text in row.text.items():
        value = text
        if column in number_columns:
            value = to_number(path, folder, number, column, text)
        elif column in flag_columns:
            if text.lower() not in FLAG_VALUES:
                raise Broken(f"{path}: line {number}: {column} is '{text}', not 0 or 1; "
                             f"{again(folder)}")
            value = FLAG_VALUES[text.lower()]
        setattr(row, column, value)
    return row


def to_number(path, folder, number, column, text):
    if text == "":
        return None
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if value != value or value in (float("inf"), float("-inf")):
        raise Broken(f"{path}: line {number}: {column} is '{text}', not a number; {again(folder)}")
    return value


def read_env(folder):
    path = os.path.join(folder, "env.json")
    if not os.path.exists(path):
        raise Broken(f"{path}: no such file; {again(folder)} (a weir-bench that was built without "
                     "libjansson-dev does not write it)")
    try:
        env = json.loads(read_text(path, folder))
    except ValueError as error:
        raise Broken(f"{path}: not JSON ({error}); {again(folder)}") from None
    if not isinstance(env, dict):
        raise Broken(f"{path}: not a JSON object; {again(folder)}")
    return env


def check_cases(folder, cases):
    path = os.path.join(folder, "cases.csv")
    if not cases:
        raise Broken(f"{path}: no case was measured; {again(folder)} and a --filter that matches "
                     "something (weir-bench --list shows the names)")
    seen = set()
    for row in cases:
        where = f"{path}: line {row.line}"
        if not row.case or not row.variant:
            raise Broken(f"{where} has no case or no variant; {again(folder)}")
        if row.status not in STATUSES:
            raise Broken(f"{where}: status is '{row.status}', not one of {', '.join(STATUSES)}; "
                         f"{again(folder)}")
        if (row.case, row.variant) in seen:
            raise Broken(f"{where} repeats {row.case} {row.variant}; {again(folder)}")
        seen.add((row.case, row.variant))
        needed = "P C threads".split()
        if row.status == "ok":
            needed += "rounds ns_op_median ops_s_median".split()
        for column in needed:
            if row.get(column) is None:
                raise Broken(f"{where}: {column} is empty; {again(folder)}")


def group_samples(folder, cases, rows):
    """Samples by case and variant; a case measured without samples, or the reverse, is a cut."""
    path = os.path.join(folder, "samples.csv")
    known = {(row.case, row.variant) for row in cases}
    samples = {}
    for row in rows:
        key = (row.case, row.variant)
        if key not in known:
            raise Broken(f"{path}: line {row.line}: {row.case} {row.variant} is not in cases.csv; "
                         f"one of the two was cut short, {again(folder)}")
        if row.round is None or row.ns_op is None or row.ops_s is None:
            raise Broken(f"{path}: line {row.line}: round, ns_op or ops_s is empty; "
                         f"{again(folder)}")
        samples.setdefault(key, []).append(row)
    for row in cases:
        have = len(samples.get((row.case, row.variant), ()))
        if have != (row.rounds or 0):
            raise Broken(f"{path}: {have} samples of {row.case} {row.variant}, cases.csv says "
                         f"{row.rounds or 0:.0f}; one of the two was cut short, {again(folder)}")
    for rows_of_key in samples.values():
        rows_of_key.sort(key=lambda row: row.round)
    return samples


def load(folder):
    """The run in `folder`; raises Broken."""
    folder = os.path.normpath(folder)
    if not os.path.isdir(folder):
        raise Broken(f"{folder}: no such folder; give the results folder that weir-bench --out "
                     "wrote")
    cases = read_csv(folder, "cases.csv", CASE_TEXT, CASE_NUMBERS, CASE_FLAGS, CASE_OF_MAPS)
    check_cases(folder, cases)
    samples = group_samples(folder, cases,
                            read_csv(folder, "samples.csv", SAMPLE_TEXT, SAMPLE_NUMBERS,
                                     if_there=SAMPLE_OF_MAPS))
    bars = read_csv(folder, "bars.csv", BAR_TEXT, BAR_NUMBERS)
    for bar in bars:
        if bar.result not in BAR_RESULTS:
            raise Broken(f"{os.path.join(folder, 'bars.csv')}: line {bar.line}: result is "
                         f"'{bar.result}', not one of {', '.join(BAR_RESULTS)}; {again(folder)}")
    return Run(folder, cases, samples, bars, read_env(folder))
