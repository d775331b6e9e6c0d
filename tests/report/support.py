# SPDX-License-Identifier: MIT
"""support.py - what the tests of the report and of verify.py share: copies of the synthetic run, ways to
damage them, and running the two programs as a user does."""
import csv
import io
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.normpath(os.path.join(HERE, "..", ".."))
RUN = os.path.join(HERE, "data", "synthetic-run")
NAME = "2000-01-01-synthetic-0000000"  # what the copies are called
REPORT = os.path.join(TOP, "bench", "report", "report.py")
VERIFY = os.path.join(TOP, "bench", "verify.py")
SPSC = "spsc/P:1/C:1/cap:1024/size:8/batch:1"
PAIR = "mpmc/P:2/C:2/cap:1024/size:8/batch:1"


class Outcome:
    def __init__(self, done):
        self.code, self.out, self.err = done.returncode, done.stdout, done.stderr
        self.lines = done.stderr.splitlines()


def call(program, *arguments, cwd=None):
    return Outcome(subprocess.run([sys.executable, program, *arguments], cwd=cwd, text=True,
                                  capture_output=True, check=False, timeout=500))


class InFolder(unittest.TestCase):
    """Each test has a folder of its own with results/<NAME> in it."""

    def setUp(self):
        self.top = tempfile.mkdtemp(prefix="weir-report-")
        self.addCleanup(shutil.rmtree, self.top)
        self.run_folder = os.path.join(self.top, "results", NAME)
        shutil.copytree(RUN, self.run_folder)

    def path(self, name):
        return os.path.join(self.run_folder, name)

    def read(self, path):
        with open(path, encoding="utf-8", newline="") as file:
            return file.read()

    def write(self, path, text):
        with open(path, "w", encoding="utf-8", newline="") as file:
            file.write(text)

    def change(self, name, old, new, times=1):
        """Exactly `times` places of one file of the run."""
        text = self.read(self.path(name))
        self.assertEqual(text.count(old), times, f"{old!r} in {name}")
        self.write(self.path(name), text.replace(old, new))

    def rows(self, name):
        return list(csv.DictReader(io.StringIO(self.read(self.path(name)), newline="")))

    def put_rows(self, name, rows, columns=None):
        out = io.StringIO()
        writer = csv.DictWriter(out, columns or list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        self.write(self.path(name), out.getvalue())

    def keep(self, wanted):
        """Keeps the cases for which wanted(row) holds, and no bars."""
        cases = [row for row in self.rows("cases.csv") if wanted(row)]
        keys = {(row["case"], row["variant"]) for row in cases}
        samples = self.rows("samples.csv")
        self.put_rows("cases.csv", cases)
        self.put_rows("samples.csv", [row for row in samples
                                      if (row["case"], row["variant"]) in keys], list(samples[0]))
        self.put_rows("bars.csv", [], list(self.rows("bars.csv")[0]))

    def row(self, name, **wanted):
        """The one row with these values."""
        found = [row for row in self.rows(name)
                 if all(row[column] == value for column, value in wanted.items())]
        self.assertEqual(len(found), 1, wanted)
        return found[0]

    def alter(self, name, column, value, **wanted):
        """Sets one field of the one row with these values."""
        rows = self.rows(name)
        found = [row for row in rows if all(row[c] == v for c, v in wanted.items())]
        self.assertEqual(len(found), 1, wanted)
        self.assertNotEqual(found[0][column], value)
        found[0][column] = value
        self.put_rows(name, rows)
