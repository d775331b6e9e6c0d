# SPDX-License-Identifier: MIT
"""28: compiled as a user would, against a weir that has ThreadSanitizer in it, the race is reported, with its line; of the
repaired twin nothing is. Builds without ThreadSanitizer show only that the program runs."""
import os
import pathlib
import subprocess
import tempfile

import example
from example import exact, matches, run

GOOD = "100 messages, sum of ids 5050\n"
source = pathlib.Path(__file__).parent.parent.parent / "examples" / "28_race_detection.c"
race, = [n for n, text in enumerate(source.read_text().splitlines(), 1) if "the race:" in text]


def compile_to(program, *flags):
    subprocess.run([os.environ["WEIR_RACE_CC"], "-fsanitize=thread", "-g", *flags, "-I", source.parent.parent / "include",
                    "-o", program, source, *os.environ["WEIR_RACE_LIBS"].split()], check=True)
    example.PROGRAM = program


if "WEIR_RACE_LIBS" not in os.environ:
    matches(run(), GOOD + r"(?:\d+ of 200 marks are lost\n)?")
else:
    with tempfile.TemporaryDirectory() as folder:
        compile_to(os.path.join(folder, "racy"))
        place = rf"28_race_detection\.c:{race}\D.*" if "external_symbolizer_path" in os.environ["TSAN_OPTIONS"] else ""
        run(status=66, stderr=rf".*WARNING: ThreadSanitizer: data race.*{place}Location is heap block of size 8.*")
        compile_to(os.path.join(folder, "repaired"), "-DREPAIRED")
        exact(run(), GOOD)
