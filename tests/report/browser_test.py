#!/usr/bin/env python3
"""Opens a page of glid_report in Chromium. usage: browser_test.py BIN   (the folder of the programs)

The console must stay empty, nothing may be loaded, from a phone's width to a desk's the page must not be wider than the
screen, what is wider than its box must say so, and all of it must be within reach of the keys. Ends with 77, which CTest
takes for "skipped", where there is no Chromium.
"""
import collections
import json
import math
import pathlib
import subprocess
import sys
import tempfile

import chromium

SKIPPED = 77
FEWEST = 25  # controls that the page has at least
FEWEST_WIDE = 5  # boxes that are wider than a phone
LEAST_SHADE = 40  # of 255
EDGE_PX = 3  # from the right end of a box
WIDTHS_PX = (320, 375, 800, 1280)
TAB, ENTER, SPACE, RIGHT = ("Tab", 9), ("Enter", 13, "\r"), (" ", 32, " "), ("ArrowRight", 39)

OPEN_ALL = "document.querySelectorAll('details').forEach(part => part.open = true)"
# What has the focus: its place among the controls of the page, what it is called, and whether the focus is seen.
FOCUS = """(() => {
  const it = document.activeElement, style = getComputedStyle(it), box = it.getBoundingClientRect();
  if (it === document.body) return null;
  return {place: CONTROLS().indexOf(it), tag: it.tagName, name: it.getAttribute('aria-label') || it.innerText.trim(),
          is_seen: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2 && box.width > 0 && box.left >= 0,
          is_open: it.tagName === 'SUMMARY' && it.parentElement.open, overflow: it.scrollWidth - it.clientWidth,
          is_box: it.matches('.scroll'), id: it.id};
})()"""
# Of those that hide more than the space behind their last column.
BOXES = "BOXES = () => [...document.querySelectorAll('.scroll')].filter(it => it.scrollWidth > it.clientWidth + 13)"
CONTROLS = "CONTROLS = () => [...document.querySelectorAll('a[href], summary, .scroll')].filter(it => it.checkVisibility())"


def write_run(folder, rate):
    """A run with curves, a torn last line, an evaluation with long names, and a log."""
    folder.mkdir()
    lines = [{"step": 0, "without_learning": {"zero": 1.02}}, {"step": 0, "without_looking": {"AP": 0.03}}]
    for step in range(10, 1010, 10):
        lines.append({"step": step, "epoch": step / 100, "loss": math.exp(-step / rate) + 0.1, "lr": 1e-4})
        if step % 100 == 0:
            lines.append({"step": step, "val_loss": math.exp(-step / rate) + 0.2, "val_AP": 0.6 - 0.5 * math.exp(-step / rate)})
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (folder / "metrics.jsonl").write_text(text + '{"step": 1010, "lo')
    (folder / "config.yaml").write_text(f"seed: 0\noptim: {{lr: {rate}}}\ndata: {{root: /{'a_long_path/' * 12}}}\n")
    (folder / "log.txt").write_text("2026-01-02 03:04:05 glid_train --config " + "x" * 300 + ".yaml\n"
                                    "2026-01-02 03:04:05 glid 0.1.0 (commit 39a784a12345) on host, cpu, 1 rank(s)\n")
    classes = [{"id": i, "name": f"a class with a long name, <b>{i}</b>", "AP": i / 30} for i in range(30)]
    report = {"task": "box", "protocol": "coco", "rules": "rules " * 40, "images": 10, "metrics": {"AP": 0.5, "AP50": None},
              "per_class": classes, "notes": ["a note"]}
    (folder / "eval.json").write_text(json.dumps(report))
    return folder


def make_page(programs, folder):
    page = folder / "page.html"
    runs = [write_run(folder / name, rate) for name, rate in (("ours", 100), ("a_run_with_a_rather_long_name", 200))]
    subprocess.run([programs / "glid_report", *runs, "--out", page], check=True)
    return page


def width_complaints(browser, page):
    for width in WIDTHS_PX:
        for is_open in (False, True):
            browser.open(page, width)
            if is_open:
                browser.value(OPEN_ALL)
            wants, has = (browser.value(f"document.documentElement.{kind}Width") for kind in ("scroll", "client"))
            if wants > has:
                yield f"the page is {wants} px wide on a screen of {has} px{', all parts open' if is_open else ''}"


def cut_complaints(browser, page):
    """Words of a chart that its box or the edge of the screen would cut."""
    for width in WIDTHS_PX:
        browser.open(page, width)
        beyond = browser.value("""[...document.querySelectorAll('svg.chart')].filter(chart => {
          const box = chart.getBoundingClientRect(), cuts = getComputedStyle(chart).overflow !== 'visible';
          const screen = document.documentElement.clientWidth;
          const left = cuts ? Math.max(box.left, 0) : 0, right = cuts ? Math.min(box.right, screen) : screen;
          return [...chart.querySelectorAll('text')].map(it => it.getBoundingClientRect())
            .some(word => word.left < left - 0.5 || word.right > right + 0.5);
        }).length""")
        if beyond:
            yield f"words of {beyond} charts are cut on a screen of {width} px"


def color_at_edge(browser, box, left_px):
    """The most frequent one at the right edge of a box that is moved so far."""
    area = browser.value(f"""(() => {{
      const box = BOXES()[{box}];
      box.scrollIntoView({{block: 'start'}});
      box.scrollLeft = {left_px};
      const {{right, top, bottom}} = box.getBoundingClientRect();
      return new Promise(done => requestAnimationFrame(() => done([right, Math.max(top, 0), Math.min(bottom, innerHeight)])));
    }})()""")
    right, top, bottom = map(int, area)
    return collections.Counter(browser.column(right - EDGE_PX, top, bottom - top)).most_common(1)[0][0]


def edge_complaints(browser, page):
    """A box that is wider than the screen is shaded where it goes on, and not where it ends."""
    for is_dark in (False, True):
        browser.open(page, WIDTHS_PX[0], is_dark)
        browser.value(OPEN_ALL)
        browser.value(BOXES)
        names = browser.value("BOXES().map(it => it.getAttribute('aria-label'))")
        if len(names) < FEWEST_WIDE:
            yield f"too few boxes are wider than the screen: {names}"
        for box, name in enumerate(names):
            start, end = (sum(color_at_edge(browser, box, left)) / 3 for left in (0, 100_000))
            if abs(start - end) < LEAST_SHADE:
                yield f"nothing shows that {name} goes on, {'dark' if is_dark else 'light'}: {start:.0f}, where it ends {end:.0f}"


def skip_complaints(browser, page):
    """The first stop leads behind the links to the parts."""
    browser.open(page, WIDTHS_PX[1])
    browser.value(CONTROLS)
    browser.press(*TAB)
    first = browser.value(FOCUS)
    if not first or first["name"] != "To the content" or not first["is_seen"]:
        yield f"the first stop of the Tab key is no link to the content that is seen: {first}"
    browser.press(*ENTER)
    browser.press(*TAB)
    stop = browser.value("document.activeElement.closest('main') !== null")
    if not stop:
        yield "the link to the content leaves the focus before it"


def use(browser, stop, key):
    """What is wrong with a stop that has the focus."""
    if not stop["is_seen"]:
        yield f"the focus is not seen on {stop}"
    if not stop["name"]:
        yield f"has no name: {stop}"
    if stop["tag"] == "SUMMARY":
        browser.press(*key)
        if browser.value(FOCUS)["is_open"] == stop["is_open"]:
            yield f"{key[0]!r} does nothing to {stop['name']}"
        if stop["is_open"]:
            browser.press(*key)
    if stop["is_box"] and stop["overflow"] > 0:
        browser.press(*RIGHT)
        browser.value("new Promise(done => setTimeout(done, 200))")
        if browser.value("document.activeElement.scrollLeft") <= 0:
            yield f"the arrow key does not move {stop['name']}"


def keyboard_complaints(browser, page):
    """From stop to stop; what is closed is opened on the way, and its own stops come next."""
    browser.open(page, WIDTHS_PX[1])
    browser.value(CONTROLS)
    reached = set()
    for count in range(1000):
        browser.press(*TAB)
        stop = browser.value(FOCUS)
        if stop is None or count > 0 and stop["place"] == 0:  # all around
            break
        reached.add(stop["name"] + stop["tag"])
        yield from use(browser, stop, (ENTER, SPACE)[count % 2])
    names = browser.value("CONTROLS().map(it => (it.getAttribute('aria-label') || it.innerText.trim()) + it.tagName)")
    for name in set(names) - reached:
        yield f"the Tab key does not lead to {name}"
    if len(names) < FEWEST or browser.value("document.querySelector('details:not([open])') !== null"):
        yield f"a part stays closed, or {len(names)} controls are all"


def complaints(browser, page):
    yield from width_complaints(browser, page)
    if browser.value("document.querySelector('h1').innerText") != "ours, a_run_with_a_rather_long_name":
        yield "the page has no heading"
    yield from cut_complaints(browser, page)
    yield from edge_complaints(browser, page)
    yield from skip_complaints(browser, page)
    yield from keyboard_complaints(browser, page)
    yield from browser.console


def main():
    program = chromium.installed()
    if not program:
        print("skipped: there is no chromium, chromium-browser or google-chrome to open the page with")
        return SKIPPED
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        page = make_page(pathlib.Path(sys.argv[1]), folder)
        with chromium.Chromium(program, folder / "profile") as browser:
            found = list(complaints(browser, page))
    print("\n".join(found) or "the page opens")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
