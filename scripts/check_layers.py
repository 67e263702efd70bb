#!/usr/bin/env python3
"""Checks what the compiler cannot: layers, torch headers, include guards and file lengths. usage: check_layers.py [ROOT]

A file of layer L may include glid/<M>/... when M is L or stands before it in GLID_LAYERS (cmake/GlidTargets.cmake); tools and
tests may include everything. include/glid/x.h gathers what programs of others want for one purpose: no layer includes it.
Layers made without TORCH include no header of LibTorch, and nobody includes the umbrella headers of torch.
"""
import pathlib
import re

import checking

MAX_LINES = 400
UMBRELLAS = {"torch/torch.h", "torch/nn.h", "torch/all.h", "torch/extension.h"}
TORCH_HEADER = re.compile(r"(ATen|c10|torch|caffe2)/")
INCLUDE = re.compile(r"^\s*#\s*include\s*[<\"]([^>\"]+)[>\"]", re.MULTILINE)
SOURCE_SUFFIXES = {".h", ".cpp", ".cu", ".cuh"}


def read_layers(root):
    """The layers, lowest first, and the set of those that see LibTorch."""
    text = (root / "cmake/GlidTargets.cmake").read_text()
    layers = re.search(r"set\(GLID_LAYERS ([^)]+)\)", text).group(1).split()
    torch_layers = set()
    for layer in layers:
        lists = root / "src" / layer / "CMakeLists.txt"
        if lists.exists() and re.search(rf"glid_layer\(\s*{layer}\s+TORCH\b", lists.read_text()):
            torch_layers.add(layer)
    return layers, torch_layers


def layer_of(path):
    """include/glid/L/x.h and src/L/x.cpp belong to L, everything else to no layer."""
    parts = path.parts
    if parts[:2] == ("include", "glid") and len(parts) > 3:
        return parts[2]
    return parts[1] if parts[0] == "src" and len(parts) > 2 else None


def first_code_line(text):
    lines = (line.strip() for line in text.splitlines())
    return next((line for line in lines if line and not line.startswith("//")), "")


def check_include(layer, header, layers, torch_layers):
    if header in UMBRELLAS:
        return f"includes <{header}>, which costs seconds: include the headers that are used"
    if layer is None:
        return None
    if TORCH_HEADER.match(header) and layer not in torch_layers:
        return f"includes <{header}>, but layer {layer} is built without TORCH"
    if re.fullmatch(r"glid/[^/]+", header):
        return f"includes {header}, which is for programs of others: include the headers that are used"
    target = header.split("/")[1] if header.startswith("glid/") else layer
    if target not in layers:
        return f"includes {header}: {target} is no layer of GLID_LAYERS"
    if layers.index(target) > layers.index(layer):
        return f"includes {header}, but layer {target} stands above {layer} in GLID_LAYERS"
    return None


def check_file(path, text, layers, torch_layers):
    """All complaints about one file, whose path is relative to the root."""
    complaints = []
    layer = layer_of(path)
    if layer is not None and layer not in layers:
        return [f"belongs to the folder '{layer}', which is no layer of GLID_LAYERS"]
    for match in INCLUDE.finditer(text):
        complaint = check_include(layer, match.group(1), layers, torch_layers)
        if complaint:
            complaints.append(f"line {text.count(chr(10), 0, match.start(1)) + 1}: {complaint}")
    if path.suffix in {".h", ".cuh"} and first_code_line(text) != "#pragma once":
        complaints.append("does not begin with #pragma once (comments may stand before it)")
    if text.count("\n") > MAX_LINES:
        complaints.append(f"has {text.count(chr(10))} lines, at most {MAX_LINES} are allowed: split it")
    return complaints


def check_tree(root):
    layers, torch_layers = read_layers(root)
    files = sorted(path for folder in ("include", "src", "tools", "tests") for path in (root / folder).rglob("*")
                   if path.suffix in SOURCE_SUFFIXES)
    if not files:
        return [f"{root} holds no sources"], 0
    complaints = []
    for file in files:
        path = file.relative_to(root)
        complaints += [f"{path}: {complaint}" for complaint in check_file(path, file.read_text(), layers, torch_layers)]
    return complaints, len(files)


if __name__ == "__main__":
    checking.run(check_tree, "files")
