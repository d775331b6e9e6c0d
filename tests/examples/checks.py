# SPDX-License-Identifier: MIT
"""Each example that has a number has a check, and the check fails for a program that does and says nothing."""
import contextlib
import io
import pathlib
import runpy
import sys

here = pathlib.Path(__file__).parent
sys.argv = ["checks.py", "true"]
sys.path.insert(0, str(here))


def notices(check):
    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said):
            runpy.run_path(str(check))
        why = "is satisfied with nothing"
    except SystemExit as e:
        if e.code == 1 and "FAILED: " in said.getvalue():
            return True
        why = f"ends with {e.code}"
    print(f"{check.stem}: {why}\n{said.getvalue()}")
    return False


checks = sorted(here.glob("[0-9][0-9]_*.py"))
examples = sorted(here.parent.parent.glob("examples/[0-9][0-9]_*.c"))
odd = sorted({p.stem for p in checks} ^ {p.stem for p in examples})
for name in odd:
    print(f"{name}: there is no example, or no check of it")
good = [notices(check) for check in checks]
print(f"{len(checks)} checks")
sys.exit(0 if all(good) and not odd else 1)
