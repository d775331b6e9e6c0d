# SPDX-License-Identifier: MIT
"""test_reasons.py - why bars are missed: bench/report/reasons.txt and what reads it."""
import fnmatch
import os
import sys
import tempfile
import types
import unittest

from support import TOP

sys.path.insert(0, os.path.join(TOP, "bench", "report"))
import reasons  # noqa: E402


def bars():
    with open(os.path.join(TOP, "bench", "bars.txt"), encoding="utf-8") as lines:
        return [line.split("|")[0].strip() for line in lines if line.strip() and line[0] != "#"]


class Reasons(unittest.TestCase):
    def test_each_is_about_a_bar_that_there_is(self):
        names = bars()
        for pattern, _ in reasons.read():
            self.assertTrue(any(fnmatch.fnmatchcase(name, pattern) for name in names), pattern)

    def test_only_of_what_was_missed(self):
        known = [("a * of b", "why"), ("a*", "other")]
        row = types.SimpleNamespace(bar="a third of b", result="missed")
        self.assertEqual(reasons.of(row, known), "why")
        self.assertEqual(reasons.of(types.SimpleNamespace(bar="a third", result="missed"), known), "other")
        self.assertEqual(reasons.of(types.SimpleNamespace(bar="c", result="missed"), known), "")
        self.assertEqual(reasons.of(types.SimpleNamespace(bar="a third of b", result="met"), known), "")

    def test_a_line_that_is_none_is_named(self):
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
            file.write("# fine\nno bar in it\n")
            file.flush()
            with self.assertRaisesRegex(ValueError, ":2: not a reason"):
                reasons.read(file.name)


if __name__ == "__main__":
    unittest.main()
