#!/usr/bin/env python3
"""Runs the commands of pages that say they can be run. usage: run_docs.py [ROOT [BIN [PAGE ...]]]

A code block below the line `<!-- run -->` is run by bash as it stands. `<!-- run: COMMAND -->` gives the block's text
to COMMAND instead (a YAML block to `cat > mine.yaml`). A comment of more lines that begins with a line `<!-- run` is
a block that readers don't see: it makes what stands in for their data and runs. The blocks of a page are run one
after the other in one empty folder, in which configs/ and examples/ are copies of the tree's, with the programs of
BIN (build/dev/bin) on the path. A block that fails or takes longer than twenty minutes is a complaint with its last
lines of output, and the rest of its page is not run.
"""
import dataclasses
import os
import pathlib
import re
import resource
import shutil
import subprocess
import sys
import tempfile

import check_docs
import checking

TREE = ("configs", "examples")  # copied: a page may write beside them
TIMEOUT_S = 1200  # on a machine that others use; some seconds alone
SHOWN = r"^<!-- run(?:: (?P<command>.+?))? -->\n```\w*\n(?P<shown>.*?)^```"
BLOCK = re.compile(SHOWN + r"|^<!-- run\n(?P<hidden>.*?)^-->", re.M | re.S)
MARK = re.compile(r"^<!-- run", re.M)


@dataclasses.dataclass
class Block:
    line: int  # of the mark, from 1
    command: str  # for bash
    given: str  # to its standard input


def blocks_of(text):
    for match in BLOCK.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        lines = match["shown"] or match["hidden"]
        yield Block(line, match["command"], lines) if match["command"] else Block(line, lines, "")


def run_block(block, folder, programs):
    """A complaint, or nothing. `timeout` ends what the block started, too."""
    environment = dict(os.environ, PATH=f"{programs}:{os.environ['PATH']}", OMP_NUM_THREADS="1")
    command = ["timeout", "-k", "5", str(TIMEOUT_S), "bash", "-euc", block.command]
    done = subprocess.run(command, cwd=folder, env=environment, input=block.given, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode == 0:
        return None
    how = f"took longer than {TIMEOUT_S} s" if done.returncode == 124 else f"ended with exit code {done.returncode}"
    return "\n    ".join([how, *done.stdout.splitlines()[-10:]])


def run_page(root, page, programs):
    """The complaint about the first block of a page that fails, and about marks that no block follows."""
    text = (root / page).read_text()
    blocks = list(blocks_of(text))
    if len(blocks) != len(MARK.findall(text)):
        yield f"{page}: {len(MARK.findall(text))} marks `<!-- run`, but {len(blocks)} blocks below such"
    with tempfile.TemporaryDirectory() as folder:
        for name in TREE:
            shutil.copytree(root / name, pathlib.Path(folder) / name)
        for block in blocks:
            complaint = run_block(block, folder, programs)
            if complaint:
                yield f"{page}:{block.line}: {complaint}"
                return


def cpu_s():
    """What all blocks so far took."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run_tree(root):
    root = root.resolve()
    programs = pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else root / "build/dev/bin").resolve()
    complaints, count = [], 0
    for page in sys.argv[3:] or check_docs.pages_of(root):
        began, blocks = cpu_s(), len(list(blocks_of((root / page).read_text())))
        complaints += run_page(root, page, programs)
        count += blocks
        if blocks:
            print(f"{page}: {blocks} blocks, {cpu_s() - began:.1f} s of CPU time", flush=True)
    return complaints, count


if __name__ == "__main__":
    checking.run(run_tree, "blocks")
