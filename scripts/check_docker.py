#!/usr/bin/env python3
"""Checks the Dockerfiles of docker/ where there is no Docker. usage: check_docker.py [ROOT]

Images have a version; what is copied is there, from the sources or from an earlier stage; commands are shell, and the scripts that they
call were copied before; the last stage is small (it starts from an image of its own) and isn't root's. What .dockerignore leaves out
git ignores too: an image is made of the sources that git has.
"""
import fnmatch
import re
import subprocess

import checking

IMAGE = re.compile(r"[\w./-]+:[\w.-]*\d[\w.-]*$")


def instructions(text):
    """(line, word, rest) of each instruction, continued lines as one."""
    joined, begin = "", 0
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        begin = begin if joined else number
        joined += line.rstrip("\\").strip() + (" " if line.endswith("\\") else "")
        if not line.endswith("\\"):
            word, _, rest = joined.partition(" ")
            yield begin, word.upper(), rest.strip()
            joined = ""


class Stage:
    def __init__(self, image, name):
        self.image, self.name, self.user, self.copied = image, name, "root", []

    def has(self, path):
        """Whether a path of the sources was copied here."""
        return any(copied == "." or path == copied or path.startswith(copied.rstrip("/") + "/") for copied in self.copied)


def begin_stage(stages, rest):
    image, _, name = re.sub(r"^--platform=\S+ ", "", rest).partition(" AS ")
    stages.append(Stage(image, name))
    if image not in [stage.name for stage in stages[:-1]] and not IMAGE.match(image):
        yield f"the image {image} has no version"


def check_copy(root, stages, rest):
    words = rest.split()
    source = next((word[7:] for word in words if word.startswith("--from=")), None)
    paths = [word for word in words if not word.startswith("--")][:-1]
    if source is not None:
        if source not in [stage.name for stage in stages[:-1]]:
            yield f"there is no earlier stage {source}"
        return
    stages[-1].copied += paths
    for path in paths:
        if not (root / path).exists():
            yield f"{path} to copy is not there"


def check_run(root, stage, rest):
    checked = subprocess.run(["bash", "-n"], input=rest, capture_output=True, text=True, check=False)
    if checked.returncode:
        yield f"is no shell: {checked.stderr.strip()}"
    for path in re.findall(r"(?<![\w/.-])(?:scripts|docker)/[\w./-]+", rest):
        if not stage.has(path):
            yield f"{path} was not copied before"
        elif not (root / path).is_file() or not (root / path).stat().st_mode & 0o100:
            yield f"{path} is no program"


def check_file(root, text):
    """Complaints about a Dockerfile, each with its line."""
    stages = []
    for line, word, rest in instructions(text):
        found = []
        if word == "FROM":
            found = begin_stage(stages, rest)
        elif word == "COPY":
            found = check_copy(root, stages, rest)
        elif word == "RUN":
            found = check_run(root, stages[-1], rest)
        elif word == "USER":
            stages[-1].user = rest
        for complaint in found:
            yield f"line {line}: {complaint}"
    last = stages[-1]
    if last.user in ("root", "0"):
        yield "the image runs as root"
    if len(stages) < 2 or last.image in [stage.name for stage in stages[:-1]]:
        yield "the image holds what it was built with: the last stage must start from an image of its own"


def check_ignored(root):
    ignored = (root / ".gitignore").read_text(encoding="utf-8").split()
    lines = [line for line in (root / ".dockerignore").read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    for line in lines:
        if not any(fnmatch.fnmatch(line.removeprefix("**/"), pattern.strip("/")) for pattern in ignored):
            yield f".dockerignore: {line} is not in .gitignore"


def check_tree(root):
    files = sorted((root / "docker").glob("*.Dockerfile"))
    if not files:
        return [f"{root}/docker holds no Dockerfiles"], 0
    complaints = list(check_ignored(root))
    for file in files:
        complaints += [f"{file.relative_to(root)}: {complaint}" for complaint in check_file(root, file.read_text(encoding="utf-8"))]
    return complaints, len(files)


if __name__ == "__main__":
    checking.run(check_tree, "Dockerfiles")
