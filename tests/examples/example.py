# SPDX-License-Identifier: MIT
"""What the checks of the examples (NN_name.py beside this file) are made of. A check is a program of its own:

    python3 -B tests/examples/07_prime_pipeline.py build/dev/examples/example_07_prime_pipeline
"""
import atexit
import re
import subprocess
import sys

PROGRAM = sys.argv[1]
# ThreadSanitizer needs fixed addresses, where the system allows them.
_FIXED = ["setarch", "-R"]
if subprocess.run(_FIXED + ["true"], stderr=subprocess.DEVNULL).returncode:
    _FIXED = []
_ran = []


def fail(why):
    for title, text in _ran:
        print(f"---- {title}\n{text}", end="")
    print(f"FAILED: {why}", flush=True)
    sys.exit(1)


def expect(condition, why):
    if not condition:
        fail(why)


def equal(found, wanted, what):
    expect(found == wanted, f"{what}\n  wanted: {wanted!r}\n  found:  {found!r}")


def run(*arguments, timeout=100, status=0, stderr=""):
    """Runs the example; its output. Its exit status has to be this one, and its stderr this pattern."""
    command = _FIXED + [PROGRAM] + [str(a) for a in arguments]
    try:
        ended = subprocess.run(command, capture_output=True, text=True, timeout=timeout)
    except subprocess.TimeoutExpired as e:
        for name, text in ("output", e.stdout), ("stderr", e.stderr):
            _ran.append((name, (text or b"").decode(errors="replace")))
        fail(f"{' '.join(command)} has not ended after {timeout} s")
    title = " ".join(command)
    _ran.extend([(title, ended.stdout), (f"its stderr, exit status {ended.returncode}", ended.stderr)])
    equal(ended.returncode, status, "exit status")
    expect(re.fullmatch(stderr, ended.stderr, re.DOTALL), f"stderr is not {stderr!r}")
    return ended.stdout


def start(*arguments):
    """Starts the example, for a check that talks to it while it runs. It is killed at the check's end."""
    child = subprocess.Popen(_FIXED + [PROGRAM] + [str(a) for a in arguments], text=True, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE)
    atexit.register(lambda: child.poll() is None and child.kill())
    return child


def line_of(child):
    """The next line that it prints."""
    line = child.stdout.readline()
    _ran.append(("line", line))
    return line.rstrip("\n")


def end_of(child, status=0, timeout=60):
    """Waits for its end; what it has printed since."""
    try:
        rest, errors = child.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        fail(f"it has not ended after {timeout} s")
    _ran.extend([("rest of the output", rest), ("stderr", errors)])
    equal(child.returncode, status, "exit status")
    equal(errors, "", "stderr")
    return rest


def exact(output, wanted):
    equal(output.splitlines(), wanted.splitlines(), "output")


def matches(output, pattern):
    """The groups of a pattern that the whole output has to match."""
    found = re.fullmatch(pattern, output)
    expect(found, f"the output is not {pattern!r}")
    return found


def lines(output, pattern):
    """Of each line, which has to match: its groups, numbers as numbers."""
    rows = []
    for line in output.splitlines():
        found = re.fullmatch(pattern, line)
        expect(found, f"the line {line!r} is not {pattern!r}")
        rows.append(tuple(_value(g) for g in found.groups()))
    return rows


def _value(text):
    for kind in int, float:
        try:
            return kind(text)
        except (TypeError, ValueError):
            pass
    return text
