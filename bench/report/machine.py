# SPDX-License-Identifier: MIT
"""machine.py - what env.json says of the machine, for readers and for caveats."""
import shlex


def said(name, value):
    """One fact as text."""
    if name == "command" and isinstance(value, list):
        return shlex.join(str(part) for part in value)
    if isinstance(value, list):
        return ", ".join(str(part) for part in value) or "none"
    if isinstance(value, dict):
        return ", ".join(f"{key} {said(key, inner)}" for key, inner in value.items())
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}"
    return "unknown" if value is None else str(value)


def cpus(run):
    """How many CPUs the run could use; 0: env.json does not say."""
    count = run.env.get("cpus")
    return int(count) if isinstance(count, (int, float)) and count >= 1 else 0


def command(env):
    text = said("command", env.get("command") or "")
    return text if text != "none" else ""


def doubts(env):
    """What weir-bench itself noticed that makes absolute figures doubtful."""
    found = env.get("doubts") or []
    return [str(item) for item in found] if isinstance(found, list) else [str(found)]


def sentence(run):
    """'2 CPUs of AMD EPYC on 2026-11-20'."""
    model = str(run.env.get("cpu_model") or "this machine")
    count = cpus(run)
    head = f"{'one CPU' if count == 1 else f'{count} CPUs'} of {model}" if count else model
    when = str(run.env.get("date") or "")[:10]
    return head + (f" on {when}" if when else "")


class Machine:
    def __init__(self, run):
        self.sentence = sentence(run)
        self.short = str(run.env.get("cpu_model") or "this machine")
        self.cpus = cpus(run)
        self.rows = [(name.replace("_", " "), said(name, value))
                     for name, value in run.env.items()]
