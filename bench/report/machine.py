# SPDX-License-Identifier: MIT
"""machine.py - what env.json says of the machine, for readers and for caveats."""
import shlex

CPU_MODEL = ("cpu_model", "cpu", "model_name", "model")
CPUS = ("cpus", "cpus_available", "cpus_usable", "cpu_count", "ncpu")
COMMAND = ("command", "command_line", "cmdline", "argv")


def flat(value, name=""):
    """(name, value) of every leaf: {'cpu': {'model': x}} gives ('cpu model', x)."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from flat(inner, f"{name} {key}".strip())
    elif isinstance(value, list):
        yield name, ", ".join(str(item) for item in value)
    else:
        yield name, "yes" if value is True else "no" if value is False else \
            "unknown" if value is None else str(value)


def first(env, names):
    for name in names:
        if env.get(name) not in (None, "", []):
            return env[name]
    return None


def cpus(run):
    """How many CPUs the run could use; by env.json, else by what was not oversubscribed."""
    said = first(run.env, CPUS)
    if isinstance(said, (int, float)) and said >= 1:
        return int(said)
    most = max((row.threads for row in run.cases if not row.oversubscribed and not row.one_cpu),
               default=0)
    crowded = any(row.oversubscribed for row in run.cases)
    return int(most) if crowded and most else 0


def command(env):
    said = first(env, COMMAND)
    return shlex.join(str(part) for part in said) if isinstance(said, list) else said


class Machine:
    def __init__(self, run):
        count = cpus(run)
        model = str(first(run.env, CPU_MODEL) or "this machine")
        said = {0: "", 1: "one CPU of "}.get(count, f"{count} CPUs of ")
        when = str(run.env.get("date", ""))[:10]
        self.sentence = f"{said}{model}" + (f" on {when}" if when else "")
        self.short = model
        self.cpus = count
        self.rows = [(name.replace("_", " "), value) for name, value in flat(run.env)]
