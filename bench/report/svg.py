# SPDX-License-Identifier: MIT
"""svg.py - turns a matplotlib figure into SVG that follows the reader's light or dark setting.

Figures are drawn in stand-in colours (INK, SERIES...), which no picture would use by chance. In the
SVG text each stand-in becomes a CSS variable. The page defines the variables once for all pictures;
a picture that stands alone in a file carries their definitions itself.

What can be pointed at has a gid "tip:<number>" into the figure's list of texts, what belongs to one
variant a gid "of:<variant>:...", and the legend, at the bottom, is "legend": the page has one of its
own, so the legend is cut off there. Identifiers are prefixed with the picture's name, because on the
page many pictures share one document.
"""
import io
import re
import xml.etree.ElementTree as ET

SVG = "http://www.w3.org/2000/svg"
XLINK = "http://www.w3.org/1999/xlink"
INK, MUTED, GRID, PAPER, SHADE = "#fe0101", "#fe0102", "#fe0103", "#fe0104", "#fe0105"
SERIES = [f"#fe02{n:02x}" for n in range(10)]

# name: (light, dark). The series keep at least 3:1 against their paper in both.
COLOURS = {
    "ink": ("#1c2024", "#e6e8eb"), "muted": ("#5c656e", "#9aa4ae"), "grid": ("#dfe3e7", "#343b42"),
    "paper": ("#ffffff", "#16191d"), "shade": ("#eef0f2", "#21262c"),
    "s0": ("#0b5fd3", "#7db2ff"), "s1": ("#6b6f75", "#aeb4bb"), "s2": ("#c2410c", "#fb923c"),
    "s3": ("#0f766e", "#2dd4bf"), "s4": ("#9333ea", "#c99bff"), "s5": ("#a16207", "#facc15"),
    "s6": ("#be185d", "#f472b6"), "s7": ("#4d7c0f", "#a3e635"), "s8": ("#0e7490", "#22d3ee"),
    "s9": ("#7c2d12", "#d6a58a"),
}
STAND_INS = {INK: "ink", MUTED: "muted", GRID: "grid", PAPER: "paper", SHADE: "shade",
             **{colour: f"s{n}" for n, colour in enumerate(SERIES)}}

ET.register_namespace("", SVG)
ET.register_namespace("xlink", XLINK)


def variables(side):
    return "".join(f"--{name}:{pair[side]};" for name, pair in COLOURS.items())


def style_alone():
    """Definitions for a picture in a file of its own."""
    return (f"svg{{{variables(0)}}}@media (prefers-color-scheme:dark){{svg{{{variables(1)}}}}}"
            "text{font-family:system-ui,'DejaVu Sans',sans-serif!important}")


def draw(figure, name, alone, tips, legend_points):
    """The figure as SVG text: alone, for a file; or inline, for the page, without its legend."""
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None, "Format": None,
                                                   "Type": None}, facecolor="none")
    root = ET.fromstring(buffer.getvalue())
    strip(root)
    prefix_ids(root, name)
    parents = {child: parent for parent in root.iter() for child in parent}
    for group in [g for g in root.iter(f"{{{SVG}}}g") if g.get("id")]:
        mark(group, parents, name, alone, tips)
    width, height = (float(part) for part in root.get("viewBox").split()[2:])
    if alone:
        style = ET.Element(f"{{{SVG}}}style")
        style.text = style_alone()
        root.insert(0, style)
        back = ET.Element(f"{{{SVG}}}rect", {"width": "100%", "height": "100%",
                                             "style": f"fill: {PAPER}"})
        root.insert(1, back)
    else:
        height -= legend_points
        root.set("viewBox", f"0 0 {width:g} {height:g}")
        root.attrib.pop("width")
        root.attrib.pop("height")
    text = ET.tostring(root, encoding="unicode")
    for stand_in, variable in STAND_INS.items():
        text = text.replace(stand_in, f"var(--{variable})")
    return text


def strip(root):
    """Without metadata and without the digits after the second, which nobody can see."""
    for child in list(root):
        if child.tag == f"{{{SVG}}}metadata":
            root.remove(child)
    for element in root.iter():
        for attribute in ("d", "x", "y", "transform"):
            value = element.get(attribute)
            if value and "." in value:
                element.set(attribute, re.sub(r"-?\d+\.\d+", shorten, value))


def shorten(match):
    return f"{float(match.group()):.2f}".rstrip("0").rstrip(".")


def prefix_ids(root, name):
    for element in root.iter():
        identifier = element.get("id")
        if identifier:
            element.set("id", identifier if is_mark(identifier) else f"{name}-{identifier}")
        link = element.get(f"{{{XLINK}}}href")
        if link and link.startswith("#"):
            element.set(f"{{{XLINK}}}href", f"#{name}-{link[1:]}")
        for attribute in ("clip-path", "style"):
            value = element.get(attribute)
            if value and "url(#" in value:
                element.set(attribute, value.replace("url(#", f"url(#{name}-"))


def is_mark(identifier):
    return identifier == "legend" or identifier.startswith(("tip:", "of:"))


def mark(group, parents, name, alone, tips):
    """Gives a marked group its class and its text instead of its id; plain groups lose the id."""
    identifier = group.get("id")
    del group.attrib["id"]
    if not is_mark(identifier):
        return
    if identifier == "legend":
        if not alone:
            parents[group].remove(group)
        return
    if identifier.startswith("of:"):
        group.set("class", "of")
        group.set("data-of", identifier.split(":")[1])
        return
    _, variant, number = identifier.split(":")
    group.set("class", "of tip")
    group.set("data-of", variant)
    if alone:
        title = ET.Element(f"{{{SVG}}}title")
        title.text = tips[int(number)]
        group.insert(0, title)
    else:
        group.set("data-tip", tips[int(number)])
