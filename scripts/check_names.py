#!/usr/bin/env python3
"""Finds names that stand twice at namespace scope, which the compiler sees only where both are included. usage: check_names.py [ROOT]

Two types of one name, the namespaces inside glid aside, are a complaint unless each is local to its .cpp file (an anonymous
namespace); the linker takes the members of one for those of the other, and a reader takes one for the other in any case.
Functions may be overloaded: two definitions are a complaint when their parameters are of the same types and at least one of them
can be seen from elsewhere.

It reads declarations, not C++: classes, structs, unions, enums, aliases of headers, and definitions of functions, all at namespace
scope. What macros make, specialisations, variables, concepts and members are not looked at, and types are compared as written.
"""
import dataclasses
import pathlib
import re

import checking

SUFFIXES = {".h", ".cpp", ".cu", ".cuh"}
NOISE = re.compile(r'//[^\n]*|/\*.*?\*/|R"([^(\s]*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|(?<![0-9A-Za-z_])\'(?:\\.|[^\'\\\n])+\''
                   r"|^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.DOTALL | re.MULTILINE)
TOKEN = re.compile(r"[A-Za-z_]\w*|::|->|[0-9][\w'.]*|\S")
WORD = re.compile(r"[A-Za-z_]\w*$")
TYPE_WORDS = {"struct", "class", "union", "enum"}
NOT_NAMES = {"const", "unsigned", "signed", "long", "short", "int", "char", "double", "float", "bool", "auto", "void"}
OPENING, CLOSING = "(<[{", ")>]}"
BODY, IN_PARENTHESES = object(), object()  # scopes that are no namespaces


@dataclasses.dataclass
class Name:
    kind: str  # "type" or "function"
    name: str
    parameters: str  # of a function, as written but for the names
    file: str
    line: int
    is_local: bool  # to its .cpp file

    def __str__(self):
        return f"{self.file}:{self.line}"


def tokens_of(text):
    """(token, line) of the code: comments, literals and preprocessor lines are blank."""
    blank = NOISE.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), text)
    line, position = 1, 0
    for match in TOKEN.finditer(blank):
        line += blank.count("\n", position, match.start())
        position = match.start()
        yield match.group(), line


def matching(words, begin):
    """The index of what closes words[begin]."""
    depth = 0
    for i in range(begin, len(words)):
        depth += (words[i] in OPENING) - (words[i] in CLOSING)
        if depth == 0:
            return i
    return len(words)


def declaration(words):
    """Without template parameters, attributes and words that say nothing about the name."""
    while words:
        if words[0] == "template" and words[1:2] == ["<"]:
            words = words[matching(words, 1) + 1:]
        elif words[0] == "[":
            words = words[matching(words, 0) + 1:]
        elif words[0] in {"inline", "static", "constexpr", "typedef", "extern"}:
            words = words[1:]
        else:
            break
    return words


def type_name(words):
    """The name of the type that is defined, or None."""
    i = 1
    while i < len(words) and (words[i] in TYPE_WORDS or words[i] == "["):
        i = matching(words, i) + 1 if words[i] == "[" else i + 1
    if i >= len(words) or not WORD.match(words[i]) or "(" in words:
        return None
    return None if words[i + 1:i + 2] in (["<"], ["::"]) else words[i]  # a specialisation; a member


def split_parameters(words):
    parts, depth = [[]], 0
    for word in words:
        depth += (word in OPENING) - (word in CLOSING)
        if word == "," and depth == 0:
            parts.append([])
        else:
            parts[-1].append(word)
    return parts


def parameter_type(words):
    words = words[:words.index("=")] if "=" in words else words
    has_name = len(words) > 1 and WORD.match(words[-1]) and words[-2] not in {"::", "const"} and words[-1] not in NOT_NAMES
    return " ".join(words[:-1] if has_name else words)


def function_of(words):
    """(name, parameters) of the function whose body comes next, or None."""
    depth = 0
    for i, word in enumerate(words):
        if word == "(" and depth == 0:
            break
        if word == "=" and depth == 0:
            return None
        depth += (word in "<[") - (word in ">]")
    else:
        return None
    if i < 2 or not WORD.match(words[i - 1]) or words[i - 2] == "::" or "operator" in words[:i]:
        return None  # a macro, a member, an operator
    inside = words[i + 1:matching(words, i)]
    return words[i - 1], ", ".join(parameter_type(part) for part in split_parameters(inside))


def names_in(path, text):
    """Every name that the file defines in namespace glid or one inside it."""
    in_header = path.suffix in {".h", ".cuh"}
    found, scopes, words, line = [], [], [], 0

    def add(kind, name, parameters=""):
        if "glid" in scopes:
            found.append(Name(kind, name, parameters, str(path), line, "" in scopes and not in_header))

    for token, token_line in tokens_of(text):
        at_namespace = all(isinstance(scope, str) for scope in scopes)
        if token == "}":
            if scopes.pop() is not IN_PARENTHESES:
                words = []
        elif not at_namespace:
            if token == "{":
                scopes.append(BODY)
        elif token == "{" and words.count("(") > words.count(")"):
            scopes.append(IN_PARENTHESES)
        elif token == "{":
            bare = declaration(words)
            if bare[:1] == ["namespace"]:
                scopes.append("glid" if "glid" in bare else " ".join(bare[1:]))
            else:
                if bare and bare[0] in TYPE_WORDS:
                    name = type_name(bare)
                    if name:
                        add("type", name)
                elif (function := function_of(bare)) is not None:
                    add("function", *function)
                scopes.append(BODY)
            words = []
        elif token == ";":
            if in_header and words[:1] == ["using"] and words[2:3] == ["="]:
                add("type", words[1])
            words = []
        else:
            if not words:
                line = token_line
            words.append(token)
    return found


def are_twins(file, other):
    """nccl.cpp and no_nccl.cpp, fused_silu.cpp and no_fused.cpp, of which a build has one."""
    one, two = pathlib.PurePath(file).stem, pathlib.PurePath(other).stem
    return any(no == "no_" + real or (no == "no_fused" and real.startswith("fused_")) for no, real in ((one, two), (two, one)))


def is_complaint(name, other):
    return name.file != other.file and not (name.is_local and other.is_local) and not are_twins(name.file, other.file)


def complaints_about(names):
    complaints, known = [], {}
    for name in names:
        same = known.setdefault((name.kind, name.name, name.parameters), [])
        other = next((other for other in same if is_complaint(name, other)), None)
        if other:
            what = f"{name.name}({name.parameters})" if name.kind == "function" else name.name
            complaints.append(f"{name}: the {name.kind} {what} has the name of the one in {other}")
        same.append(name)
    return complaints


def check_tree(root):
    files = sorted(path for folder in ("include", "src", "tools", "tests") for path in (root / folder).rglob("*") if path.suffix in SUFFIXES)
    names = [name for file in files for name in names_in(file.relative_to(root), file.read_text())]
    return complaints_about(names) if names else [f"{root} holds no sources"], len(names)


if __name__ == "__main__":
    checking.run(check_tree, "names")
