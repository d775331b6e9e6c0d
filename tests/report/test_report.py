# SPDX-License-Identifier: MIT
"""test_report.py - the page: every section in its order, losses first, nothing loaded from elsewhere; what is
missing is said; broken input is one line on stderr."""
import html.parser
import os
import re
import unittest
import xml.etree.ElementTree as ET

from support import PAIR, REPORT, SPSC, InFolder, call

SECTIONS = ["losses", "verdicts", "bars", "threads", "ratios", "latency", "fairness", "batches", "channels",
            "crowded", "cases", "machine", "repeat"]
VOID = {"meta", "br", "link", "img", "input", "hr"}


class Page(html.parser.HTMLParser):
    """The page's elements and text, by section; fails on tags that do not match."""

    def __init__(self, text):
        super().__init__()
        self.open, self.sections, self.text, self.attributes = [], [], {}, []
        self.feed(text)
        self.close()
        if self.open:
            raise AssertionError(f"never closed: {self.open}")

    def handle_starttag(self, tag, attrs):
        self.attributes += [(tag, *pair) for pair in attrs]
        if tag == "section":
            self.sections.append(dict(attrs)["id"])
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.attributes += [(tag, *pair) for pair in attrs]

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            raise AssertionError(f"</{tag}> at {self.getpos()} closes something else")

    def handle_data(self, data):
        if self.open and self.open[-1] in ("style", "script"):
            return
        where = self.sections[-1] if "section" in self.open else "head"
        self.text[where] = " ".join((self.text.get(where, "") + " " + data).split())


class Reporting(InFolder):
    def report(self):
        return call(REPORT, self.run_folder)

    def page(self):
        done = self.report()
        self.assertEqual((done.code, done.err), (0, ""))
        self.source = self.read(self.path("report.html"))
        return Page(self.source)

    def fails(self, *expected):
        """One line on stderr that says what to do, exit 1, and no page."""
        done = self.report()
        self.assertEqual(done.code, 1, done.out)
        self.assertEqual(len(done.lines), 1, done.err)
        self.assertTrue(done.err.startswith("report: "), done.err)
        for text in expected:
            self.assertIn(text, done.err)
        self.assertFalse(os.path.exists(self.path("report.html")))


class Whole(Reporting):
    """The page of the whole synthetic run; made once, because pictures take seconds."""

    made = None

    def setUp(self):
        super().setUp()
        if Whole.made is None:
            page = self.page()
            pictures = {name: self.read(self.path(name)) for name in sorted(os.listdir(self.run_folder))
                        if name.endswith(".svg")}
            Whole.made = page, self.source, pictures
        self.page_made, self.source, self.pictures = Whole.made

    def test_sections_in_order_losses_first(self):
        self.assertEqual(self.page_made.sections, SECTIONS)

    def test_first_sentences_need_no_knowledge(self):
        head = self.page_made.text["head"]
        self.assertIn("weir is a library for programs written in C", head)
        self.assertLess(head.index("a producer pushes elements in"), head.index("ratio"))

    def test_losses(self):
        said = self.page_made.text["losses"]
        self.assertIn("In 5 of ", said)
        self.assertIn("MPMC, 2 to 2, batch 32, oversubscribed moodycamel moves more 1.6", said)
        self.assertIn("MPMC, 1 to 1 atomic_queue moves more 1.2", said)
        self.assertIn("DPDK rte_ring RTS, MPMC, 8 to 8, oversubscribed: stuck, moved nothing", said)
        self.assertLess(said.index("moodycamel"), said.index("has the shorter tail"))

    def test_every_loss_of_the_data_is_listed(self):
        slower = [row for row in self.rows("cases.csv") if row["verdict"] == "slower"
                  and not row["variant"].startswith("weir_")]
        self.assertEqual(len(slower), 5)
        listed = re.search(r'id="losses".*?</table>', self.source, re.DOTALL).group()
        for row in slower:
            worse = f"{1 / float(row['ratio_median']):.2f} times"
            self.assertIn(worse, listed)

    def test_verdicts(self):
        said = self.page_made.text["verdicts"]
        for text in ("A ring, or a queue with a mutex? The ring.", "against other libraries?",
                     "Do batches pay? Yes.", "The ring that waits.", "On one CPU only?"):
            self.assertIn(text, said)

    def test_channels(self):
        said = self.page_made.text["verdicts"]
        for text in ("A channel, or a queue with a mutex and condition variables? The channel.",
                     "A select over several channels? Weir's select.",
                     "a thread woken by a raw futex runs after"):
            self.assertIn(text, said)
        ns = {row["case"]: float(row["ns_op_median"]) for row in self.rows("cases.csv")
              if row["variant"] == "weir" and row["structure"] == "select"}
        name = "select/test:solo/cap:1024/size:8/batch:1/ways:{}/ready:1/blocking:1".format
        cost = (ns[name(8)] - ns[name(1)]) / 7
        said = self.page_made.text["channels"]
        self.assertIn(f"{cost:.3g} ns with 8 cases", said)
        self.assertIn("a raw futex: 38 \u00b5s of both threads' CPU time per element", said)
        self.assertIn("<title>", self.pictures["select-one-case-is-ready.svg"])
        self.assertIn("threads-channel-n-to-n.svg", self.pictures)

    def test_go(self):
        said = self.page_made.text["verdicts"]
        self.assertIn("Against Go's own channels and select? Weir is ahead in 2 of 3 cases", said)
        self.assertIn("It is behind here: channel, 1 to 1, rendezvous.", said)

    def test_what_a_channel_case_is(self):
        said = self.page_made.text["verdicts"] + self.page_made.text["cases"]
        self.assertIn("select, 1 thread, 2 cases, 2 ready, 1 sending", said)
        self.assertIn("channel, 1 to 1, up to 32 per receive", said)
        self.assertIn("batch-channel-1-to-1.svg", self.pictures)
        # The select that sends is no point of the picture of those that receive.
        rows = [row for row in self.rows("cases.csv") if row["structure"] == "select"
                and re.search(r"/ways:(\d+)/ready:\1/blocking", row["case"])]
        self.assertEqual(self.pictures["select-all-cases-are-ready.svg"].count("<title>"), len(rows))

    def test_bars_missed_first(self):
        said = self.page_made.text["bars"]
        self.assertIn("1 missed, 3 met, 1 not decided because the rival is not installed", said)
        self.assertLess(said.index("MPMC 1p1c against atomic_queue"), said.index("SPSC stream against"))

    def test_two_cpus_show_no_scaling(self):
        self.assertIn("Two CPUs cannot show how a queue scales", self.page_made.text["threads"])
        self.assertIn("oversubscribed", self.pictures["threads-mpmc-n-to-n.svg"])

    def test_table_has_every_row_and_its_samples(self):
        table = self.source[self.source.index('id="cases"'):self.source.index('id="machine"')]
        cases = self.rows("cases.csv")
        self.assertEqual(table.count("<tr"), len(cases) + 1)
        self.assertEqual(table.count("<circle"), len(self.rows("samples.csv")))

    def test_machine_and_command(self):
        self.assertIn("a synthetic CPU", self.page_made.text["machine"])
        self.assertIn("weir-bench --suite=quick --rounds=9 --out=results/synthetic",
                      self.page_made.text["repeat"])
        self.assertIn("The frequency governor is powersave", self.page_made.text["head"])
        self.assertIn("These figures are invented", self.page_made.text["head"])

    def test_loads_nothing(self):
        for tag, name, value in self.page_made.attributes:
            self.assertNotIn(tag, ("link", "img", "iframe", "object", "base"))
            if name in ("src", "href", "xlink:href", "data", "action"):
                self.assertTrue(value.startswith("#"), f"{tag} {name}={value}")
        for at in re.finditer(r"url\(([^)]*)\)|@import|\bfetch\(|XMLHttpRequest", self.source):
            self.assertTrue((at.group(1) or "").startswith("#"), at.group())

    def test_references_within_the_page_hold(self):
        identifiers = [value for _, name, value in self.page_made.attributes if name == "id"]
        self.assertEqual(len(identifiers), len(set(identifiers)))
        wanted = {value[1:] for _, name, value in self.page_made.attributes
                  if name in ("href", "xlink:href")}
        wanted |= set(re.findall(r"url\(#([^)]*)\)", self.source))
        self.assertLessEqual(wanted, set(identifiers))

    def test_light_and_dark(self):
        self.assertIn("@media (prefers-color-scheme: dark)", self.source)
        self.assertNotIn("#fe0", self.source)  # a stand-in colour of svg.py that was left
        self.assertIn('name="viewport"', self.source)

    def test_pictures_stand_alone(self):
        self.assertGreater(len(self.pictures), 20)
        for name, text in self.pictures.items():
            with self.subTest(name):
                ET.fromstring(text)
                self.assertIn("prefers-color-scheme:dark", text)
                self.assertNotIn("#fe0", text)
        self.assertIn("Concurrency Kit", self.pictures["threads-mpmc-n-to-n.svg"])

    def test_pictures_have_a_point_for_each_row(self):
        rows = [row for row in self.rows("cases.csv") if row["structure"] == "mpmc"
                and row["P"] == row["C"] and row["batch"] == "1" and row["status"] == "ok"
                and re.fullmatch(r"mpmc/P:\d+/C:\d+/cap:1024/size:8/batch:1", row["case"])]
        self.assertEqual(self.pictures["threads-mpmc-n-to-n.svg"].count("<title>"), len(rows))
        for row in rows:
            if row["variant"] == "weir":
                self.assertIn(f"{float(row['ops_s_median']) / 1e6:.3g} M/s",
                              self.pictures["threads-mpmc-n-to-n.svg"])


class Part(Reporting):
    """Runs in which something was not measured."""

    def test_one_case_only(self):
        self.keep(lambda row: row["case"] == SPSC)
        page = self.page()
        self.assertEqual(page.sections, SECTIONS)
        for section, text in (("bars", "No bar was evaluated"), ("threads", "was not measured"),
                              ("latency", "was not measured"), ("fairness", "was not measured"),
                              ("batches", "Neither batches nor sizes were varied"),
                              ("channels", "No channel was measured"),
                              ("crowded", "Neither one CPU nor more threads than CPUs")):
            self.assertIn(text, page.text[section])
        self.assertIn("In none of the cases measured here.", page.text["losses"])
        self.assertIn("1.9", page.text["ratios"] + page.text["cases"])

    def test_weir_alone(self):
        self.keep(lambda row: row["variant"] == "weir" and row["batch"] == "1" and not
                  row["case"].startswith("mpmc/test"))
        page = self.page()
        self.assertIn("Nothing was measured from which to answer that", page.text["verdicts"])
        self.assertIn("No ratio can be shown", page.text["ratios"])

    def test_mutex_wins(self):
        """The two contenders with their names exchanged: every verdict turns."""
        self.keep(lambda row: row["variant"] in ("weir", "mutex") and row["case"] in (SPSC, PAIR))
        cases = self.rows("cases.csv")
        for weir, mutex in zip(cases[::2], cases[1::2]):
            self.assertEqual((weir["variant"], mutex["verdict"]), ("weir", "faster"))
            weir["ratio_median"] = f"{1 / float(mutex['ratio_median']):.6g}"
            weir["ratio_lo"] = f"{1 / float(mutex['ratio_hi']):.6g}"
            weir["ratio_hi"] = f"{1 / float(mutex['ratio_lo']):.6g}"
            weir.update(variant="mutex", verdict="slower")
            mutex.update(variant="weir", verdict="", ratio_median="", ratio_lo="", ratio_hi="")
        self.put_rows("cases.csv", cases)
        page = self.page()
        self.assertIn("In 2 of 2 comparisons the other one is better", page.text["losses"])
        self.assertIn("The mutex queue, as measured here.", page.text["verdicts"])

    def test_few_rounds(self):
        self.keep(lambda row: row["case"] == SPSC)
        rows = [row for row in self.rows("samples.csv") if int(row["round"]) < 3]
        self.put_rows("samples.csv", rows)
        cases = self.rows("cases.csv")
        for row in cases:
            row["rounds"] = "3"
            row["verdict"] = row["verdict"] and "undecided"
        self.put_rows("cases.csv", cases)
        page = self.page()
        self.assertIn("too few for a verdict", page.text["head"])
        self.assertIn("undecided", page.text["verdicts"])

    def test_text_is_escaped(self):
        self.keep(lambda row: row["case"] == SPSC)
        self.alter("cases.csv", "note", "<script>alert(1)</script>, \"quoted\"", case=SPSC, variant="ck")
        page = self.page()
        self.assertNotIn("<script>alert", self.source)
        self.assertIn("<script>alert(1)</script>", page.text["cases"])

    def test_weir_stuck(self):
        self.keep(lambda row: row["case"] == SPSC)
        rows = self.rows("cases.csv")
        for row in rows:
            for column in ("ratio_median", "ratio_lo", "ratio_hi", "verdict"):
                row[column] = ""
            if row["variant"] == "weir":
                row.update(status="failed", note="lost an element", rounds="0")
                for column in row:
                    if column.startswith(("ns_op", "ops_s")):
                        row[column] = ""
        self.put_rows("cases.csv", rows)
        self.put_rows("samples.csv", [row for row in self.rows("samples.csv")
                                      if row["variant"] != "weir"])
        page = self.page()
        self.assertIn("weir, SPSC, 1 to 1: failed, lost an element", page.text["losses"])


class Broken(Reporting):
    """Input that cannot be used."""

    def test_no_such_folder(self):
        done = call(REPORT, os.path.join(self.top, "nowhere"))
        self.assertEqual((done.code, len(done.lines)), (1, 1))
        self.assertIn("no such folder", done.err)

    def test_usage(self):
        for arguments in ((), ("a", "b"), ("--help",)):
            done = call(REPORT, *arguments)
            self.assertEqual(done.code, 2)
            self.assertIn("usage: report.py DIR", done.err)

    def test_missing_files(self):
        for name in ("cases.csv", "samples.csv", "bars.csv", "env.json"):
            with self.subTest(name):
                os.rename(self.path(name), self.path("away"))
                self.fails(f"{name}: no such file; run weir-bench again with --out=")
                os.rename(self.path("away"), self.path(name))

    def test_empty_files(self):
        for name in ("cases.csv", "samples.csv", "bars.csv", "env.json"):
            with self.subTest(name):
                text = self.read(self.path(name))
                self.write(self.path(name), "")
                self.fails(name, "run weir-bench again")
                self.write(self.path(name), text)

    def test_cut_anywhere(self):
        """At several places of each file, in a line and between lines."""
        for name in ("cases.csv", "samples.csv", "env.json"):
            text = self.read(self.path(name))
            for part in range(1, 6):
                cut = len(text) * part // 6
                for at in (cut, text.rindex("\n", 0, cut) + 1 if "\n" in text[:cut] else cut):
                    with self.subTest(name, at=at):
                        self.write(self.path(name), text[:at])
                        self.fails(name, "run weir-bench again")
            self.write(self.path(name), text)

    def test_wrong_columns(self):
        self.change("cases.csv", "ratio_median", "ratio_middle")
        self.fails("the heading lacks ratio_median")

    def test_damaged_fields(self):
        for column, value, expected in (("ns_op_median", "fast", "ns_op_median is 'fast', not a number"),
                                        ("ns_op_median", "nan", "not a number"),
                                        ("ns_op_median", "", "ns_op_median is empty"),
                                        ("status", "fine", "status is 'fine', not one of ok"),
                                        ("blocking", "maybe", "blocking is 'maybe'"),
                                        ("variant", "mutex", "repeats")):
            with self.subTest(column, value=value):
                old = self.row("cases.csv", case=SPSC, variant="ck")[column]
                text = self.read(self.path("cases.csv"))
                self.assertNotEqual(old, value)
                self.alter("cases.csv", column, value, case=SPSC, variant="ck")
                self.fails(expected)
                self.write(self.path("cases.csv"), text)

    def test_not_text(self):
        with open(self.path("cases.csv"), "wb") as file:
            file.write(b"\xff\xfe\x00case")
        self.fails("not text")

    def test_no_cases(self):
        self.put_rows("cases.csv", [], list(self.rows("cases.csv")[0]))
        self.fails("no case was measured", "--filter")

    def test_unwritable(self):
        """A folder in the page's place, because root may write anywhere."""
        os.mkdir(self.path("report.html.part"))
        self.fails("make ", "writable")


if __name__ == "__main__":
    unittest.main()
