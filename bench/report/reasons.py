# SPDX-License-Identifier: MIT
"""reasons.py - why a bar is missed, as far as somebody has found out: reasons.txt beside this file, a line

    pattern of bar names | why

of which the first that matches counts. The text says what limits the case, not how much: figures stand
beside it."""
import fnmatch
import os

FILE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "reasons.txt")


def read(path=FILE):
    found = []
    with open(path, encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            line = line.strip()
            if not line or line.startswith("#"):
                continue
            pattern, bar, why = (part.strip() for part in line.partition("|"))
            if not (pattern and bar and why):
                raise ValueError(f"{path}:{number}: not a reason: pattern of bar names | why")
            found.append((pattern, why))
    return found


def of(row, known=None):
    """For a row of bars.csv; empty unless it is missed and the reason is known."""
    if row.result != "missed":
        return ""
    return next((why for pattern, why in (read() if known is None else known)
                 if fnmatch.fnmatchcase(row.bar, pattern)), "")
