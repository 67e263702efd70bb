#!/usr/bin/env python3
"""Checks what pages promise: links, programs, their options, keys and configurations. usage: check_docs.py [ROOT [BIN]]

Looks at the Markdown pages and at the comments at the head of configurations. Links into the tree lead to files, and
their anchors to headings. Commands of ours (lines of code blocks, and code that begins with a program's name) use
options that the program's --help has and, behind --set, keys that its --help-config has; so are the keys that pages
name as code. BIN is the folder of the programs (build/dev/bin).
"""
import pathlib
import re
import shlex
import subprocess
import sys

import checking

PAGES = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "docs/*.md", "third_party/README.md", "scripts/parity/README.md")
LINK = re.compile(r"\]\(([^)\s]+)\)")
SETTING = re.compile(r"^([a-z_0-9.]+)=")
BLOCKS = "init|model|task|data|train|optim|eval|checkpoint|log"  # of a configuration
KEY = re.compile(rf"`((?:{BLOCKS})\.[a-z_0-9.]+)(?:[=:][^`]*)?`")
FILE_ENDINGS = ("json", "jsonl", "md", "pth", "safetensors", "txt", "yaml")


def slug(heading):
    """The anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def anchors(text):
    return {slug(re.sub(r"[`*]", "", line.lstrip("#"))) for line in text.splitlines() if line.startswith("#")}


def check_links(root, page, text):
    """Complaints about the links of a page, whose name is relative to root."""
    for target in LINK.findall(re.sub(r"```.*?```", "", text, flags=re.S)):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        file = (root / page).parent / name if name else root / page
        if not file.exists():
            yield f"{page}: the link {target} leads nowhere"
        elif anchor and file.suffix == ".md" and anchor not in anchors(file.read_text()):
            yield f"{page}: {target}: no heading has this anchor"


def commands(text, is_page):
    """Lines that could be commands: of code blocks and code of a page, of the comments of a configuration."""
    if is_page:
        blocks = re.findall(r"```(?:\w*)\n(.*?)```", text, flags=re.S)
        inline = re.findall(r"`(glid_\w+ [^`]+)`", re.sub(r"```.*?```", "", text, flags=re.S))
        lines = "\n".join(blocks).replace("\\\n", " ").splitlines() + inline
    else:
        comments = "\n".join(line[1:] for line in text.splitlines() if line.startswith("#"))
        lines = comments.replace("\\\n", " ").splitlines()
    return [line.strip() for line in lines if re.match(r"\s*glid_\w+ ", line)]


def words_of(command):
    """Without comments, brackets of what may be left out, and the further ones of alternatives (a|b)."""
    command = re.sub(r"\s#.*", "", command)
    command = re.sub(r"\[(?=[-A-Z])|(?<=\w)\](?=\s|$)", " ", command)
    try:
        return shlex.split(command)
    except ValueError:  # a sentence with an apostrophe
        return command.split()


class Programs:
    """What the programs say of themselves."""

    def __init__(self, folder):
        self.folder = folder
        self.helps = {}

    def said(self, *arguments):
        if arguments not in self.helps:
            command = [str(self.folder / arguments[0]), *arguments[1:]]
            self.helps[arguments] = subprocess.run(command, capture_output=True, text=True, check=False).stdout
        return self.helps[arguments]

    def names(self):
        return {path.name for path in self.folder.glob("glid_*")}

    def commands(self, program):
        """Its subcommands; none of most programs."""
        return set(re.findall(r"^([a-z][a-z-]*)$", self.said(program, "--help").partition("\nSubcommands:\n")[2], re.M))

    def options(self, program, words):
        """Those of the program, and of its subcommand where it has such."""
        is_command = words and words[0] in self.commands(program)
        text = self.said(program, words[0], "--help") if is_command else self.said(program, "--help")
        return set(re.findall(r"--[a-z][a-z-]*", text))

    def keys(self, program, words):
        """Those that the program's --set takes, and the blocks that they are in.

        A model's evaluation takes those of training, and glid_data those of a configuration's block `data`.
        """
        source = "glid_eval" if program == "glid_eval" and "--checkpoint" not in words else "glid_train"
        keys = set()
        for line in self.said(source, "--help-config").splitlines():
            parts = line.split(" ", 1)[0].split(".")
            keys.update(".".join(parts[:i + 1]) for i in range(len(parts)))
        return {key for key in keys if key.split(".")[0] == "data"} if program == "glid_data" else keys


def check_command(command, programs):
    """Complaints about one command."""
    words = words_of(command)
    program, words = words[0], words[1:]
    if program not in programs.names():
        yield f"there is no program {program}"
        return
    if programs.commands(program) and words and not words[0].startswith("-") and words[0] not in programs.commands(program):
        yield f"{program} has no command {words[0]}"
    known = programs.options(program, words)
    for i, word in enumerate(words):
        option = word.split("=")[0]
        if re.fullmatch(r"--[a-z][a-z-]*", option) and option not in known:
            yield f"{program} has no option {option}"
        setting = SETTING.match(words[i + 1]) if word == "--set" and i + 1 < len(words) else None
        if setting and setting[1] not in programs.keys(program, words):
            yield f"{program} has no key {setting[1]}"


def check_keys(text, programs):
    """Complaints about code that is a key (`eval.crop`, `eval.crop: none`) and no file's name."""
    known = programs.keys("glid_train", []) | programs.keys("glid_eval", [])
    for key in KEY.findall(re.sub(r"```.*?```", "", text, flags=re.S)):
        if key not in known and key.rsplit(".", 1)[1] not in FILE_ENDINGS:
            yield f"there is no key {key}"


def check_page(root, page, text, programs):
    is_page = page.endswith(".md")
    if is_page:
        yield from check_links(root, page, text)
        yield from (f"{page}: {complaint}" for complaint in check_keys(text, programs))
    for command in commands(text, is_page):
        for complaint in check_command(command, programs):
            yield f"{page}: {complaint}: {command}"
    for config in re.findall(r"configs/[\w/]+\.yaml", re.sub(r"<!--.*?-->", "", text, flags=re.S)):
        if not (root / config).exists():
            yield f"{page}: there is no {config}"


def pages_of(root):
    """Names relative to root."""
    return sorted(str(path.relative_to(root)) for pattern in PAGES for path in root.glob(pattern))


def check_tree(root):
    programs = Programs(pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else root / "build/dev/bin")
    pages = pages_of(root)
    pages += sorted(str(path.relative_to(root)) for path in (root / "configs").rglob("*.yaml"))
    complaints = [complaint for page in pages for complaint in check_page(root, page, (root / page).read_text(), programs)]
    return complaints, len(pages)


if __name__ == "__main__":
    checking.run(check_tree, "pages")
