#!/usr/bin/env python3
"""Opens a page of glid_report in Chromium. usage: browser_test.py BIN   (the folder of the programs)

The console must stay empty, nothing may be loaded, and from a phone's width to a desk's the page must not be wider than the screen.
Ends with 77, which CTest takes for "skipped", where there is no Chromium.
"""
import json
import math
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

SKIPPED = 77
WIDTHS_PX = (320, 390, 1280)

# Says how wide the page wants to be, and how wide it may be, in each of the frames.
WRAPPER = """<!DOCTYPE html><body>{frames}<p id="said"></p><script>
onload = () => {{
  const said = [];
  for (const frame of document.querySelectorAll('iframe')) {{
    const page = frame.contentDocument.documentElement;
    said.push(`${{page.scrollWidth}}/${{page.clientWidth}}`);
  }}
  document.getElementById('said').textContent = 'WIDTHS ' + said.join(' ');
}};
</script>"""


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


def opened(browser, page, folder):
    """The page's text after its scripts, and what the browser said."""
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--allow-file-access-from-files", "--enable-logging=stderr",
               f"--user-data-dir={folder / 'profile'}", "--dump-dom", page.as_uri()]
    ran = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    return ran.stdout, [line for line in ran.stderr.splitlines() if "CONSOLE" in line]


def complaints(browser, programs, folder):
    page = make_page(programs, folder)
    text, console = opened(browser, page, folder)
    yield from console
    if "<h1>ours, a_run_with_a_rather_long_name</h1>" not in text:
        yield "the page has no heading"
    wrapper = folder / "wrapper.html"
    frames = "".join(f'<iframe src="page.html" style="border:0;height:900px;width:{width}px"></iframe>' for width in WIDTHS_PX)
    wrapper.write_text(WRAPPER.format(frames=frames))
    text, console = opened(browser, wrapper, folder)
    yield from console
    said = re.search(r"WIDTHS ([\d/ ]+)</p>", text)
    widths = re.findall(r"(\d+)/(\d+)", said[1]) if said else []
    if len(widths) != len(WIDTHS_PX):
        yield "the browser doesn't say how wide the page is"
    for wants, has in widths:
        if int(wants) > int(has):
            yield f"the page is {wants} px wide on a screen of {has} px"


def main():
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if not browser:
        print("skipped: there is no chromium, chromium-browser or google-chrome to open the page with")
        return SKIPPED
    with tempfile.TemporaryDirectory() as folder:
        found = list(complaints(browser, pathlib.Path(sys.argv[1]), pathlib.Path(folder)))
    print("\n".join(found) or "the page opens")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
