# SPDX-License-Identifier: MIT
"""29: the list names the channel, the line that made it and the thread that waits; of the repaired twin it is empty."""
import pathlib

from example import equal, matches, run

source = pathlib.Path(__file__).parent.parent.parent / "examples" / "29_leak_detection.c"
line, = [n for n, text in enumerate(source.read_text().splitlines(), 1) if "weir_chan_new(" in text]
waits = (r"thread (\d+) waits, since \d+\.\d+ s, 1 case\n"
         rf'{{0}}  send to strict channel "answers" 0x[0-9a-f]+, made at \S*29_leak_detection\.c:{line}\n')

sender, waiter = matches(run(stderr="weir: leak: " + waits.format("weir: leak: ")),
                         r"sender: thread (\d+)\n" + waits.format("") + r"1 thread waits\nleft behind: 1\n").groups()
equal(waiter, sender, "thread that waits")

matches(run("repaired"), r"sender: thread \d+\n0 threads wait\nleft behind: 0\n")
