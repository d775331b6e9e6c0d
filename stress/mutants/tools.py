# SPDX-License-Identifier: MIT
"""tools.py - the tools that mutants.py runs: the schedule explorer, ThreadSanitizer, the unit tests, and real
threads under stress. Each command stands in the table as a user would type it at the top of the tree."""
import collections
import os
import re
import shlex
import shutil
import signal
import subprocess
import tempfile
import time

from tables import Fault

TSAN_OPTIONS = "halt_on_error=1:second_deadlock_stack=1:history_size=7:allocator_may_return_null=1"

CONFIRMED = 2

# by: tool and memory; found: what failed; command: repeats it; control: the same with nothing weakened
Hit = collections.namedtuple("Hit", "tool by found seconds command control")
Result = collections.namedtuple("Result", "status output seconds")


class Box:
    """The tools of two build folders."""

    def __init__(self, dev, tsan, limit):
        self.folder = {"explore": dev, "run": dev, "unit": dev, "tsan": tsan}
        self.limit = limit
        self.fixed = ["setarch", "-R"] if self.works(["setarch", "-R", "true"]) else []
        self.real = None  # whether weir-stress run is there
        self.need(self.stress())

    # ---- what is there ----

    @staticmethod
    def works(command):
        try:
            return subprocess.run(command, capture_output=True, check=False).returncode == 0
        except OSError:
            return False

    def stress(self):
        return os.path.join(self.folder["explore"], "weir-stress")

    @staticmethod
    def need(program):
        if not os.access(program, os.X_OK):
            folder = program.split("/tests/")[0] if "/tests/" in program else os.path.dirname(program)
            preset = os.path.basename(folder)
            raise Fault(f"{program} is missing: run cmake --preset {preset} && cmake --build --preset {preset}")

    def has(self, t):
        """Of all tools only weir-stress run may be missing."""
        if t.tool == "run":
            if self.real is None:
                self.real = self.works([self.stress(), "run", "--list"])
            return self.real
        if t.tool != "explore":
            self.need(self.program(t))
        return True

    def program(self, t):
        return os.path.join(self.folder[t.tool], "tests", shlex.split(t.arguments)[0])

    # ---- running ----

    def call(self, words, env=None):
        """Runs it in a process group of its own, which ends with it, at the limit, or with us."""
        start = time.time()
        full = dict(os.environ, **(env or {}))
        with subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=full,
                              stderr=subprocess.STDOUT, start_new_session=True) as p:
            try:
                out, _ = p.communicate(timeout=self.limit)
                status = p.returncode
            except subprocess.TimeoutExpired:
                os.killpg(p.pid, signal.SIGKILL)
                out, status = p.communicate()[0], None
            except BaseException:
                os.killpg(p.pid, signal.SIGKILL)
                raise
        return Result(status, out.decode("utf-8", "replace"), time.time() - start)

    def weir_stress(self, words):
        """weir-stress, with its failures in a folder that goes away."""
        folder = tempfile.mkdtemp(prefix="weir-mutants-")
        try:
            r = self.call([self.stress()] + words + ["--out", folder])
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        if r.status == 2:
            raise Fault(f"weir-stress {' '.join(words)}: {last_line(r.output)}")
        return r

    def run(self, t, mutant):
        """A hit, or None. Real threads on a busy machine fail now and then for want of time: there a hit is what
        comes again, twice."""
        if t.tool == "explore":
            return self.explore(t, mutant)
        once = self.real_threads if t.tool == "run" else self.test
        hit = once(t, mutant)
        return hit if hit and all(once(t, mutant) for _ in range(CONFIRMED)) else None

    # ---- the explorer, and real threads ----

    def explore(self, t, mutant):
        """A pattern finds the scenario; the scenario alone is what the table names and times."""
        r = self.weir_stress(["explore", "--quiet", "--first", f"weaken={mutant}"] + shlex.split(t.arguments))
        if r.status != 1:
            return None
        where = re.search(r"^(\S+) +(sc|tso|named) +\S+ +FAILED", r.output, re.M)
        seed = re.search(r"^seed (\d+)", r.output, re.M)
        if not where or not seed:
            raise Fault(f"weir-stress explore {t.arguments}: exit 1 without a failure: {last_line(r.output)}")
        keys = [k for k in shlex.split(t.arguments) if "=" in k and not k.startswith(("memory=", "seconds="))]
        if any(k in ("strategy=pct", "strategy=random") for k in keys):
            keys.append(f"seed={seed.group(1)}")
        words = ["explore", where.group(1), f"memory={where.group(2)}"] + keys
        again = self.weir_stress(words + ["--quiet", f"weaken={mutant}"])
        if again.status != 1:
            raise Fault(f"{mutant}: killed once, and not again: {' '.join(words)}")
        name = self.stress()
        return Hit("explore", f"explorer, `{where.group(2)}`", f"{headline(again.output)} in `{where.group(1)}`",
                   again.seconds, f"{name} {' '.join(words)} weaken={mutant}", f"{name} {' '.join(words)}")

    def real_threads(self, t, mutant):
        words = ["run"] + shlex.split(t.arguments)
        r = self.weir_stress(words + ["--first", f"weaken={mutant}"])
        if r.status in (0, 77, None):
            return None
        name = f"{self.stress()} {' '.join(words)}"
        return Hit("run", "real threads", headline(r.output), r.seconds, f"{name} weaken={mutant}", name)

    # ---- test programs ----

    def test_words(self, t):
        return self.fixed + [self.program(t)] + shlex.split(t.arguments)[1:]

    def test(self, t, mutant):
        env = {"WEIR_TEST_WEAKEN": mutant}
        if t.tool == "tsan":
            env["TSAN_OPTIONS"] = TSAN_OPTIONS
        r = self.call(self.test_words(t), env)
        if r.status == 2:
            raise Fault(f"{t.where}: {last_line(r.output)}")
        if r.status in (0, None):
            return None
        text = shlex.join(self.test_words(t))
        if t.tool == "tsan":
            text = f"TSAN_OPTIONS=halt_on_error=1 {text}"
        return Hit(t.tool, {"tsan": "ThreadSanitizer", "unit": "unit tests"}[t.tool], headline(r.output), r.seconds,
                   f"WEIR_TEST_WEAKEN={mutant} {text}", text)

    # ---- again ----

    def control(self, hit):
        """What fails with nothing weakened; None: nothing. Searches go on much further than to the kill."""
        if hit.tool == "explore":
            words = shlex.split(hit.control)[1:] + [f"seconds={max(1.0, 3 * hit.seconds):.1f}", "--quiet"]
            r = self.weir_stress(words)
        elif hit.tool == "run":
            r = self.weir_stress(shlex.split(hit.control)[1:])
        else:
            r = self.shell(hit.control)
        return headline(r.output) if r.status not in (0, None) else None

    def shell(self, command):
        words, env = shlex.split(command), {}
        while words and re.match(r"[A-Z_]+=", words[0]):
            key, value = words.pop(0).split("=", 1)
            env[key] = value
        return self.call(words, env)

    @staticmethod
    def can_repeat(command):
        """A quick check has no ThreadSanitizer and does not wait for chance."""
        return " explore " in command and "weir-stress" in command

    def repeat(self, command):
        words = shlex.split(command)
        return self.weir_stress(words[1:] + ["--quiet"]).status == 1


def last_line(output):
    return (output.strip().splitlines() or ["it says nothing"])[-1]


def headline(output):
    """What the tool found, in a few words."""
    if "WARNING: ThreadSanitizer:" in output:
        return re.search(r"WARNING: ThreadSanitizer: ([a-z -]+)", output).group(1).strip()
    hang = re.search(r"HANG in ([^:]*)", output)
    if hang:
        return f"hang in {hang.group(1)}"
    found = re.search(r"^([A-Z][A-Z -]+[A-Z])(?::| after)", output, re.M)
    if found:
        return found.group(1)
    case = re.search(r"FAILED\s+\] (.*)", output)
    return f"failed: {case.group(1)}" if case else last_line(output)[:80]
