#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""run.py JUNIT-DIR NAME MODULE [PACKAGE ...] - runs one module of tests as ctest does.

Leaves JUNIT-DIR/NAME.xml, ends with one line that counts, and exits 0, 1, or 77 where this Python lacks
one of the packages that the tests need."""
import importlib.util
import os
import sys
import time
import unittest
import xml.etree.ElementTree as ET

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))


class Result(unittest.TextTestResult):
    """Keeps, per test, how long it took and what went wrong."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.done = {}  # name -> [seconds, faults]

    def startTest(self, test):
        super().startTest(test)
        self.done[test.id()] = [time.monotonic(), []]

    def stopTest(self, test):
        super().stopTest(test)
        self.done[test.id()][0] = time.monotonic() - self.done[test.id()][0]

    def fault(self, test, error):
        self.done.setdefault(test.id(), [0.0, []])[1].append(self._exc_info_to_string(error, test))

    def addError(self, test, err):
        super().addError(test, err)
        self.fault(test, err)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.fault(test, err)

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err:
            self.fault(test, err)


def junit(path, name, result):
    failed = sum(1 for _, faults in result.done.values() if faults)
    suite = ET.Element("testsuite", name=name, tests=str(len(result.done)), failures=str(failed))
    for test, (seconds, faults) in result.done.items():
        case = ET.SubElement(suite, "testcase", name=test, time=f"{seconds:.3f}")
        for fault in faults:
            ET.SubElement(case, "failure").text = fault
    tree = ET.ElementTree(ET.Element("testsuites"))
    tree.getroot().append(suite)
    tree.write(path, encoding="utf-8", xml_declaration=True)
    return failed


def main(arguments):
    if len(arguments) < 3:
        print("usage: run.py JUNIT-DIR NAME MODULE [PACKAGE ...]", file=sys.stderr)
        return 2
    folder, name, module, *packages = arguments
    missing = [package for package in packages if importlib.util.find_spec(package) is None]
    if missing:
        print(f"{name}: skipped: {sys.executable} lacks {', '.join(missing)}; "
              f"apt-get install {' '.join('python3-' + package for package in missing)}")
        return 77
    suite = unittest.defaultTestLoader.loadTestsFromName(module)
    result = unittest.TextTestRunner(resultclass=Result).run(suite)
    os.makedirs(folder, exist_ok=True)
    failed = junit(os.path.join(folder, name + ".xml"), name, result)
    print(f"{name}: {len(result.done) - failed} passed, {failed} failed")
    return 0 if result.wasSuccessful() and result.done else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
