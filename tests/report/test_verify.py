# SPDX-License-Identifier: MIT
"""test_verify.py - verify.py finds each kind of figure that is not what the samples say, and passes what is.

Every test starts from good data, so that the one thing it changes is what must be found.
"""
import os
import re
import unittest

from support import NAME, PAIR, SPSC, VERIFY, InFolder, call

README = f"""# weir

<!-- weir:results results/{NAME} -->

The ring moves 0<!-- = {SPSC} ck ratio_median .2f --> times what ck_ring does, with its interval
0.00 (0.00 to 0.00)<!-- = {SPSC} ck ratio .2f -->, that is 0<!-- = {SPSC} weir ops_s_median .0f /1e6 --> M/s.
The bar stands at 0<!-- = bar "SPSC stream against ck_ring" median .1f -->, on 0<!-- = env cpus .0f --> CPUs.
Work of 200 ns<!-- given: a constant of the workload --> lies between, and `spin 64 ns` is code:

```
3x faster, 20 M/s
```

<!-- weir:begin machine -->
<!-- weir:end -->

<!-- weir:begin ratios of=mutex,ck mpmc/P:*/C:*/cap:1024/size:8/batch:1 -->
<!-- weir:end -->

<!-- weir:begin speeds */test:ping/* -->
<!-- weir:end -->

<!-- weir:begin bars -->
<!-- weir:end -->

<!-- weir:begin losses 2 -->
<!-- weir:end -->

See [the summary](results/{NAME}/summary.md).
"""


class Quoting(InFolder):
    """A README whose every figure is right, and what becomes of it."""

    def setUp(self):
        super().setUp()
        self.readme = os.path.join(self.top, "README.md")
        self.write(self.readme, README)
        done = self.verify("--write")
        self.assertEqual((done.code, done.err), (0, ""))
        self.good = self.read(self.readme)

    def verify(self, *options):
        return call(VERIFY, *options, "README.md", "results", cwd=self.top)

    def finds(self, old, new, *expected):
        """Changing one place of the README is found, in one line that names the place."""
        self.assertEqual(self.good.count(old), 1, old)
        self.write(self.readme, self.good.replace(old, new))
        done = self.verify()
        self.assertEqual(done.code, 1, done.out + done.err)
        self.assertEqual(len(done.lines), 1, done.err)
        self.assertRegex(done.err, r"^README\.md:\d+: ")
        for text in expected:
            self.assertIn(text, done.err)

    def test_good_passes(self):
        done = self.verify()
        self.assertEqual((done.code, done.err), (0, ""))
        self.assertIn("5 figures and 5 blocks in 1 files, 1 results folders: all agree", done.out)

    def test_written_figures_are_those_of_the_file(self):
        row = self.row("cases.csv", case=SPSC, variant="ck")
        said = re.search(r"moves ([\d.]+)<!--", self.good).group(1)
        self.assertEqual(said, f"{float(row['ratio_median']):.2f}")
        weir = self.row("cases.csv", case=SPSC, variant="weir")
        said = re.search(r"that is (\d+)<!--", self.good).group(1)
        self.assertEqual(said, f"{float(weir['ops_s_median']) / 1e6:.0f}")
        self.assertIn("on 2<!-- = env cpus", self.good)

    def test_each_digit_counts(self):
        """Every digit of every quoted figure, changed alone, is found."""
        marked = list(re.finditer(r"([\d.]+(?: \([\d.]+ to [\d.]+\))?)<!-- = ", self.good))
        self.assertEqual(len(marked), 5)
        for match in marked:
            for at in range(match.start(1), match.end(1)):
                if not self.good[at].isdigit():
                    continue
                other = str((int(self.good[at]) + 1) % 10)
                self.write(self.readme, self.good[:at] + other + self.good[at + 1:])
                done = self.verify()
                self.assertEqual(done.code, 1, f"{match.group()} with {other} at {at}")
                self.assertIn("the results say", done.err)

    def test_case_that_does_not_exist(self):
        self.finds(f"= {SPSC} ck ratio_median", "= spsc/P:9/C:9 ck ratio_median",
                   "spsc/P:9/C:9 ck is not in cases.csv")

    def test_variant_that_does_not_exist(self):
        self.finds(f"= {SPSC} ck ratio_median", f"= {SPSC} kc ratio_median", "is not in cases.csv")

    def test_bar_that_does_not_exist(self):
        self.finds("SPSC stream against ck_ring\" median", "SPSC\" median", "not in bars.csv")

    def test_column_without_a_figure(self):
        self.finds(f"{SPSC} ck ratio_median .2f", f"{SPSC} weir ratio_median .2f", "has no figure in")

    def test_format_that_is_none(self):
        self.finds(f"{SPSC} ck ratio_median .2f", f"{SPSC} ck ratio_median twodigits", "not a format")

    def test_mark_that_is_none(self):
        self.finds(f"= {SPSC} ck ratio_median .2f", "= what", "the mark is not CASE VARIANT")

    def test_mark_without_figure(self):
        self.finds("times what ck_ring", "times <!-- = env cpus .0f -->what ck_ring",
                   "a mark without a figure")

    def test_folder_that_does_not_exist(self):
        self.finds(f"[the summary](results/{NAME}/summary.md)", "[the summary](results/2001-01-01-x/a)",
                   "results/2001-01-01-x/a does not exist")

    def test_no_folder_named(self):
        self.write(self.readme, self.good.replace(f"<!-- weir:results results/{NAME} -->", ""))
        done = self.verify()
        self.assertEqual(done.code, 1)
        self.assertIn("no folder is named", done.err)

    def test_changed_block(self):
        self.finds("| SPSC stream against ck_ring | at least 1.3 |",
                   "| SPSC stream against ck_ring | at least 1.2 |", "the block bars is not what")

    def test_block_of_unknown_kind(self):
        self.finds("weir:begin bars", "weir:begin beers", "there is no block 'beers'")

    def test_block_without_cases(self):
        self.finds("weir:begin speeds */test:ping/*", "weir:begin speeds */test:pong/*",
                   "no case of")

    def test_unmarked_claims(self):
        for claim in ("It is 3x faster.", "It is 3.5 times as fast.", "It moves 20 M/s.",
                      "A push takes 2 ns.", "A wake-up takes 1.5 \u00b5s.", "It takes 4us.",
                      "It is three times as fast.", "It is twice as fast.", "1,000,000 ops/s.",
                      "It is 12 % faster.", "2.5\u00d7 the rate."):
            with self.subTest(claim):
                self.write(self.readme, self.good + "\n" + claim + "\n")
                done = self.verify()
                self.assertEqual(done.code, 1, claim)
                self.assertIn("is not marked", done.err)

    def test_what_is_no_claim(self):
        for text in ("Up to 2^31 elements of 64 bytes.", "Linux 6.1 and gcc 12.", "RING15 shows it.",
                     "It takes 30 seconds, or 3 minutes.", "See 2x2 of [a](https://x.y/3x).",
                     "Use `--work=200ns`.", "Ruling 26 has 2 parts.", "<!-- 3x faster once -->",
                     "``a ` 3x`` is code."):
            with self.subTest(text):
                self.write(self.readme, self.good + "\n" + text + "\n")
                done = self.verify()
                self.assertEqual((done.code, done.err), (0, ""))

    def test_given_wants_a_reason(self):
        self.finds("<!-- given: a constant of the workload -->", "<!-- given: -->", "without the reason")

    def test_write_mends_and_leaves_the_rest(self):
        broken = re.sub(r"moves [\d.]+<", "moves 77<", self.good).replace("at least 1.3", "at least 9")
        self.assertNotEqual(broken, self.good)
        self.write(self.readme, broken)
        done = self.verify("--write")
        self.assertEqual((done.code, done.err), (0, ""))
        self.assertEqual(self.read(self.readme), self.good)

    def test_write_does_not_hide_what_it_cannot_mend(self):
        self.write(self.readme, self.good + "\nIt is 3x faster.\n")
        done = self.verify("--write")
        self.assertEqual(done.code, 1)
        self.assertEqual(self.read(self.readme), self.good + "\nIt is 3x faster.\n")

    def test_use_turns_to_another_folder(self):
        other = "2000-02-02-synthetic-1111111"
        os.rename(self.run_folder, os.path.join(self.top, "results", other))
        self.assertEqual(self.verify().code, 1)
        done = self.verify("--write", f"--use=results/{other}")
        self.assertEqual((done.code, done.err), (0, ""))
        self.assertEqual(self.read(self.readme), self.good.replace(NAME, other))

    def test_docs_folder_is_searched(self):
        os.makedirs(os.path.join(self.top, "docs", "deep"))
        self.write(os.path.join(self.top, "docs", "deep", "a.md"), "It is 3x faster.\n")
        done = call(VERIFY, "README.md", "docs", "results", cwd=self.top)
        self.assertEqual(done.code, 1)
        self.assertIn("docs/deep/a.md:1:", done.err)


class Results(InFolder):
    """A results folder that does not agree with its own samples."""

    def verify(self):
        return call(VERIFY, "results", cwd=self.top)

    def finds(self, *expected):
        done = self.verify()
        self.assertEqual(done.code, 1, done.out)
        self.assertNotIn("Traceback", done.err)
        for text in expected:
            self.assertIn(text, done.err)

    def test_good_passes(self):
        done = self.verify()
        self.assertEqual((done.code, done.err), (0, ""))

    def test_each_median(self):
        for column, value in (("ns_op_median", "2.95"), ("ops_s_median", "3.4e+08")):
            with self.subTest(column):
                old = self.row("cases.csv", case=SPSC, variant="weir")[column]
                self.alter("cases.csv", column, value, case=SPSC, variant="weir")
                self.finds(f"{column} is {value}, the samples give")
                self.alter("cases.csv", column, old, case=SPSC, variant="weir")

    def test_last_digit_of_a_ratio(self):
        old = self.row("cases.csv", case=SPSC, variant="ck")["ratio_median"]
        new = old[:-1] + str((int(old[-1]) + 5) % 10)
        self.alter("cases.csv", "ratio_median", new, case=SPSC, variant="ck")
        self.finds(f"ratio_median is {new}, the samples give")

    def test_one_sample(self):
        old = self.row("cases.csv", case=PAIR, variant="weir")["ns_op_median"]
        rows = self.rows("samples.csv")
        for row in rows:
            if (row["case"], row["variant"], row["ns_op"]) == (PAIR, "weir", old):
                row["ns_op"] = "1.5"
        self.put_rows("samples.csv", rows)
        self.finds(f"{PAIR} weir: ns_op_median is {old}")

    def test_interval_that_does_not_hold_its_median(self):
        middle = float(self.row("cases.csv", case=SPSC, variant="ck")["ratio_median"])
        self.alter("cases.csv", "ratio_lo", f"{middle * 1.001:.6g}", case=SPSC, variant="ck")
        self.finds("does not hold its median")

    def test_interval_beyond_the_samples(self):
        self.alter("cases.csv", "ratio_hi", "99", case=SPSC, variant="ck")
        self.finds("reaches beyond the samples")

    def test_verdict(self):
        self.alter("cases.csv", "verdict", "slower", case=SPSC, variant="ck")
        self.finds("verdict is 'slower', the interval says 'faster'")

    def test_ratio_left_out(self):
        for column in ("ratio_median", "ratio_lo", "ratio_hi"):
            self.alter("cases.csv", column, "", case=PAIR, variant="moodycamel")
        self.finds("ratio_median is empty, the samples give")

    def test_bars(self):
        for column, value, expected in (("result", "met", "result is 'met', but no slower is missed"),
                                        ("median", "1.1", "median is 1.1, the samples give")):
            with self.subTest(column):
                bar = "MPMC 1p1c against atomic_queue"
                old = self.row("bars.csv", bar=bar)[column]
                self.alter("bars.csv", column, value, bar=bar)
                self.finds(expected)
                self.alter("bars.csv", column, old, bar=bar)

    def test_summary_figure(self):
        line = next(line for line in self.read(self.path("summary.md")).splitlines()
                    if line.startswith("| ck |"))
        digit = re.search(r"\d", line).start()
        wrong = line[:digit] + str((int(line[digit]) + 1) % 10) + line[digit + 1:]
        self.change("summary.md", line, wrong)
        self.finds("summary.md:", "the data say")

    def test_summary_row_gone(self):
        text = self.read(self.path("summary.md"))
        self.write(self.path("summary.md"), text[:text.rindex("| raw |")])
        self.finds("has no row for bound/test:wake-futex")

    def test_summary_idle_case(self):
        line = next(line for line in self.read(self.path("summary.md")).splitlines()
                    if line.startswith("| mutex | 2"))
        self.change("summary.md", line, line.replace("| mutex | 2", "| mutex | 3", 1))
        self.finds("idle cases of mutex", "the data say")

    def test_summary_loss_gone(self):
        text = self.read(self.path("summary.md"))
        self.write(self.path("summary.md"), re.sub(r"\| words \| atomic_queue .*\n", "", text))
        self.finds("does not list the loss of mpmc/P:1/C:1/cap:1024/size:8/batch:1 against "
                   "atomic_queue")

    def test_being_behind_a_bound_is_no_loss(self):
        """weir-bench does not list it (wb_loses in bench/text.c), and so it must not be asked for."""
        case = "mpmc/P:2/C:2/cap:1024/size:8/batch:32"
        self.assertEqual(self.row("cases.csv", case=case, variant="moodycamel")["verdict"], "slower")
        text = self.read(self.path("summary.md"))
        text, losses = re.subn(rf"\| words \| moodycamel \| .*`{case}` \|\n", "", text)
        before, at, rest = text.partition(f"\n`{case}`\n")
        self.assertEqual((losses, at), (1, f"\n`{case}`\n"))
        for old, new in (("moodycamel", "plain"), ("plain", "flat")):
            with self.subTest(new):
                for name in ("cases.csv", "samples.csv"):
                    rows = self.rows(name)
                    for row in rows:
                        if (row["case"], row["variant"]) == (case, old):
                            row["variant"] = new
                    self.put_rows(name, rows)
                rest = rest.replace(f"| {old} |", f"| {new} |", 1)
                self.write(self.path("summary.md"), before + at + rest)
                done = self.verify()
                self.assertEqual((done.code, done.err), (0, ""))

    def test_cut_in_a_line(self):
        for name in ("cases.csv", "samples.csv", "bars.csv"):
            with self.subTest(name):
                text = self.read(self.path(name))
                self.write(self.path(name), text[:len(text) * 2 // 3].rstrip("\n"))
                self.finds(name, "cut short")
                self.write(self.path(name), text)

    def test_cut_between_lines(self):
        for name in ("cases.csv", "samples.csv"):
            with self.subTest(name):
                text = self.read(self.path(name))
                self.write(self.path(name), text[:text.rindex("\n", 0, len(text) * 2 // 3) + 1])
                self.finds("cut short")
                self.write(self.path(name), text)


class Usage(InFolder):
    def test_wrong_use(self):
        for arguments, expected in ((["--frobnicate", "results"], "unknown option --frobnicate"),
                                    (["nothing.md", "results"], "nothing.md: no such file"),
                                    (["README.md"], "README.md is no folder"),
                                    (["--use=results/x", "results"], "--use changes files"),
                                    (["--write", "--use=results/x", "results"], "does not exist")):
            with self.subTest(arguments):
                done = call(VERIFY, *arguments, cwd=self.top)
                self.assertEqual(done.code, 2)
                self.assertIn(expected, done.lines[0])
                self.assertIn("usage: verify.py", done.lines[1])


if __name__ == "__main__":
    unittest.main()
