#!/usr/bin/env python3
"""Writes docs/programs.md: every program with what it says by --help. usage: programs_page.py [--check] [ROOT [BIN]]

With --check the page stays as it is, and another one than would be written is a complaint. BIN is the folder of the programs
(ROOT/build/dev/bin).
"""
import argparse
import pathlib
import subprocess
import sys

HEAD = """# Programs

What each program says by `--help`, written by `python3 scripts/programs_page.py`. Keys of configurations, with their types and
defaults: `glid_train --help-config`, `glid_eval --help-config`.

Exit codes: 0 all went well; 2 the command or the configuration is wrong; 3 data are; 4 numbers are no longer finite; 5 another process
of the run was lost; 75 stopped after a checkpoint, and the same command goes on; 1 anything else; 128 + N the launcher's
processes were ended by signal N. What is wrong is one line on the standard error. An install brings man pages
(`man glid_train`) and completion for bash and zsh; without one, `. <(glid_train --completion-bash)` completes in this shell.
"""
HIDDEN = {"glid_eval_model"}  # what glid_eval --checkpoint starts


def help_of(program):
    return subprocess.run([str(program), "--help"], capture_output=True, text=True, check=True).stdout.strip()


def page(folder):
    programs = sorted(path for path in folder.glob("glid_*") if path.name not in HIDDEN)
    sections = [f"## {path.name}\n```\n{help_of(path)}\n```\n" for path in programs]
    return "\n".join([HEAD, *sections])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true")
    parser.add_argument("root", nargs="?", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parent.parent)
    parser.add_argument("bin", nargs="?", type=pathlib.Path)
    arguments = parser.parse_args()
    file = arguments.root / "docs/programs.md"
    text = page(arguments.bin or arguments.root / "build/dev/bin")
    if not arguments.check:
        file.write_text(text)
    elif not file.exists() or file.read_text() != text:
        sys.exit(f"{file} is not what the programs say: write it anew: python3 scripts/programs_page.py")


if __name__ == "__main__":
    main()
