# SPDX-License-Identifier: MIT
"""quotes.py - the figures that a Markdown file quotes from a results folder; see verify.py for the marks.

A Document finds every mark and every generated block, works out what each must say, and compares or
replaces. What is left of the text after taking out marks, blocks, code and comments is searched for
figures that look like a claim of speed and have no mark. Standard library only.
"""
import os
import re
import shlex

import blocks
import results

NUMBER = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?"
INTERVAL = rf"{NUMBER} \({NUMBER} to {NUMBER}\)"
FOLDER = r"results/[\w.\-]+"
COMMENT = re.compile(r"<!--(.*?)-->", re.DOTALL)
MARKED = re.compile(rf"(?P<said>{INTERVAL}|{NUMBER})(?P<mark><!--\s*=\s(?P<spec>[^>]*?)\s*-->)")
LONE_MARK = re.compile(r"<!--\s*=\s[^>]*-->")
GIVEN = re.compile(rf"{NUMBER}(?:\s?[\w\u00b5\u00d7%/]+){{0,2}}<!--\s*given:\s*(?P<why>[^>]*?)\s*-->")
RESULTS = re.compile(rf"<!--\s*weir:results\s+(?P<folder>{FOLDER})/?\s*-->")
BLOCK = re.compile(r"<!--\s*weir:begin\s+(?P<spec>[^>]*?)\s*-->\n(?P<said>.*?)<!--\s*weir:end\s*-->",
                   re.DOTALL)
TRIPLES = {"ratio": ("ratio_median", "ratio_lo", "ratio_hi"),
           "ns_op": ("ns_op_median", "ns_op_lo", "ns_op_hi"),
           "ops_s": ("ops_s_median", "ops_s_lo", "ops_s_hi"),
           "bar": ("median", "lo", "hi")}

UNIT = (r"(?:x|\u00d7|times|[MkKG](?:/s|ops\b|op/s)|(?:million|thousand)\b|[mM]ops\b|ops/s|op/s|/s|"
        r"ns|\u00b5s|\u03bcs|us|ms|nanoseconds?|microseconds?|milliseconds?|"
        r"%\s(?:faster|slower|more|less|fewer|of\s(?:its|the)\sbound))")
WORD = r"(?:two|three|four|five|six|seven|eight|nine|ten|twenty|fifty|hundred|thousand)"
CLAIM = re.compile(rf"(?<![\w.\-/]){NUMBER}\s*(?:{UNIT})(?![\w])"
                   rf"|\b(?:twice|half|{WORD}\stimes)\s(?:as\s(?:fast|slow|many|much|long)|"
                   r"the\s(?:speed|throughput)|faster|slower)", re.IGNORECASE)


class Problem(Exception):
    """What is wrong with one quotation; the text is the rest of a line."""


def blank(match):
    """Spaces in place of the text, line ends kept, so that positions stay true."""
    return re.sub(r"[^\n]", " ", match.group())


def without_code(text):
    """The text with fenced blocks, code spans and link targets blanked."""
    text = re.sub(r"^(?P<fence>[ \t]*(?:```+|~~~+)).*?(?:^(?P=fence)[ \t]*$|\Z)", blank, text,
                  flags=re.DOTALL | re.MULTILINE)
    text = re.sub(r"(?<!`)(?P<ticks>`+)(?!`)(?:(?!\n\n).)+?(?<!`)(?P=ticks)(?!`)", blank, text,
                  flags=re.DOTALL)
    return re.sub(r"\]\([^)\n]*\)", blank, text)


class Source:
    """The results folders below one root, each read once."""

    def __init__(self, root):
        self.root = root
        self.runs = {}

    def run(self, folder):
        """The run that a document calls results/<name>."""
        if folder is None:
            raise Problem("no folder is named; put <!-- weir:results results/<folder> --> above it")
        if folder not in self.runs:
            path = os.path.join(self.root, os.path.basename(folder.rstrip("/")))
            try:
                self.runs[folder] = results.load(path)
            except results.Broken as error:
                self.runs[folder] = error
        if isinstance(self.runs[folder], results.Broken):
            raise Problem(str(self.runs[folder]))
        return self.runs[folder]


def value_text(value, form, divisor):
    if not re.fullmatch(r",?(?:\.\d+)?[fgde]", form):
        raise Problem(f"'{form}' is not a format such as .1f or ,.0f")
    return format(int(value / divisor) if form.endswith("d") else value / divisor, form)


def figures_of(row, column, what):
    """One figure, or a median with its interval where `column` names a triple."""
    columns = TRIPLES.get(column, (column,))
    values = [row.get(name) for name in columns]
    if any(not isinstance(value, (int, float)) or isinstance(value, bool) for value in values):
        raise Problem(f"{what} has no figure in {column}")
    return values


def quoted(source, folder, spec):
    """What the figure before a mark must be: CASE VARIANT COLUMN FORMAT [/DIVISOR], and so on."""
    try:
        words = shlex.split(spec)
    except ValueError:
        words = []
    if words and re.fullmatch(rf"{FOLDER}(?:/(?:cases\.csv)?)?", words[0]):
        folder = words.pop(0).removesuffix("cases.csv").rstrip("/")
    divisor = 1.0
    if words and re.fullmatch(r"/[\d.e]+", words[-1]):
        divisor = float(words.pop()[1:]) or 1.0
    run = source.run(folder)
    if len(words) == 3 and words[0] == "env":
        value = run.env.get(words[1])
        if not isinstance(value, (int, float)) or isinstance(value, bool):
            raise Problem(f"env.json of {folder} has no number {words[1]}")
        return value_text(value, words[2], divisor)
    if len(words) == 4 and words[0] == "bar":
        row = next((row for row in run.bars if row.bar == words[1]), None)
        where = f"bars.csv of {folder}"
    elif len(words) == 4:
        row = run.find(words[0], words[1])
        where = f"cases.csv of {folder}"
    else:
        raise Problem("the mark is not CASE VARIANT COLUMN FORMAT, bar NAME COLUMN FORMAT or "
                      "env KEY FORMAT")
    if row is None:
        raise Problem(f"{words[0]} {words[1]} is not in {where}")
    texts = [value_text(value, words[3], divisor)
             for value in figures_of(row, words[2], f"{words[0]} {words[1]}")]
    return texts[0] if len(texts) == 1 else f"{texts[0]} ({texts[1]} to {texts[2]})"


class Document:
    """One Markdown file."""

    def __init__(self, path, text, source):
        self.path = path
        self.text = text
        self.source = source
        self.problems = []
        self.changed = []       # what --write replaced
        self.figures = self.blocks = 0

    def line(self, position):
        return self.text.count("\n", 0, position) + 1

    def say(self, position, text):
        self.problems.append(f"{self.path}:{self.line(position)}: {text}")

    def folder_at(self, position):
        """The folder that the last weir:results above names."""
        folder = None
        for match in RESULTS.finditer(self.code_free):
            if match.start() > position:
                break
            folder = match["folder"]
        return folder

    def check(self):
        """Fills problems; returns (start, end, right text) of whatever must change."""
        self.code_free = without_code(self.text)
        edits = []
        rest = self.code_free
        for pattern, work in ((BLOCK, self.block), (MARKED, self.marked)):
            for match in pattern.finditer(rest):
                try:
                    edit = work(match)
                except Problem as problem:
                    self.say(match.start(), str(problem))
                else:
                    edits += [edit] if edit else []
            rest = pattern.sub(blank, rest)
        for match in LONE_MARK.finditer(rest):
            self.say(match.start(), "a mark without a figure right before it")
        for match in GIVEN.finditer(rest):
            if not match["why"]:
                self.say(match.start(), "given: without the reason why it is not a measured figure")
        rest = COMMENT.sub(blank, GIVEN.sub(blank, LONE_MARK.sub(blank, rest)))
        if re.search(r"weir:(begin|end)", self.code_free) and not BLOCK.search(self.code_free):
            self.say(0, "weir:begin without weir:end, or the reverse")
        for match in CLAIM.finditer(rest):
            claim = " ".join(match.group().split())
            self.say(match.start(), f"'{claim}' looks like a figure of speed and is not marked; mark "
                                    "where it comes from, or why not: <!-- given: reason -->")
        self.links()
        return edits

    def marked(self, match):
        """Compared with the original text: the code-free one has the same positions."""
        right = quoted(self.source, self.folder_at(match.start()), match["spec"])
        self.figures += 1
        if match["said"] == right:
            return None
        self.say(match.start(), f"says {match['said']}, the results say {right} ({match['spec']}); "
                                "correct it with verify.py --write")
        return match.start("said"), match.end("said"), right

    def block(self, match):
        said = self.text[match.start("said"):match.end("said")]
        words = match["spec"].split()
        folder = self.folder_at(match.start())
        if len(words) > 1 and re.fullmatch(FOLDER + "/?", words[1]):
            folder = words.pop(1).rstrip("/")
        run = self.source.run(folder)
        try:
            right = blocks.make(run, folder, os.path.dirname(self.path), self.source.root, words)
        except blocks.Unusable as error:
            raise Problem(str(error)) from None
        self.blocks += 1
        if said == right:
            return None
        self.say(match.start(), f"the block {match['spec']} is not what the results say; refresh it "
                                "with verify.py --write")
        return match.start("said"), match.end("said"), right

    def links(self):
        """Files of results/ that the text names must exist."""
        for match in re.finditer(rf"{FOLDER}(?:/[\w.\-]+)?", COMMENT.sub(blank, self.text)):
            name = match.group().rstrip(".").removeprefix("results/")
            if re.match(r"\d{4}-", name) and not os.path.exists(os.path.join(self.source.root, name)):
                self.say(match.start(), f"results/{name} does not exist")

    def rewritten(self, edits):
        text = self.text
        for start, end, right in sorted(edits, reverse=True):
            self.changed.append(f"{self.path}:{self.line(start)}: now {right.splitlines()[0]}"
                                if "\n" not in right else f"{self.path}:{self.line(start)}: block")
            text = text[:start] + right + text[end:]
        self.changed.reverse()
        return text
