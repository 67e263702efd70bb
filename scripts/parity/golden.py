"""The form of the golden files in tests/golden.

A tensor is described by {"shape", "sum", "abs_sum", "max_abs", "indices", "values"}: the sums and the largest magnitude of
all elements in double, and the values (9 digits) at some hundred flat row-major indices drawn by the formula of formula.py.
"""
import json
import pathlib

import numpy as np

from formula import words

GOLDEN = pathlib.Path(__file__).resolve().parents[2] / "tests" / "golden"


def sample_indices(name, size, count):
    """At most `count` different flat indices below `size`, ascending."""
    if size <= count:
        return list(range(size))
    drawn = (words("samples." + name, 2 * count).astype(np.uint64) * np.uint64(size)) >> np.uint64(32)
    unique = list(dict.fromkeys(int(i) for i in drawn))
    return sorted(unique[:count])


def digits(value, count=9):
    return float(f"{float(value):.{count}g}")


def describe(name, tensor, count=256):
    array = np.asarray(tensor, dtype=np.float64)
    flat = array.reshape(-1)
    indices = sample_indices(name, flat.size, count)
    return {
        "shape": list(array.shape),
        "sum": digits(flat.sum(), 15),
        "abs_sum": digits(np.abs(flat).sum(), 15),
        "max_abs": digits(np.abs(flat).max()),
        "indices": indices,
        "values": [digits(flat[i]) for i in indices],
    }


def write(path, content):
    """One member a line at the top level, so that a difference can be read."""
    path = GOLDEN / path
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [f"{json.dumps(key)}: {json.dumps(value, separators=(',', ':'))}" for key, value in content.items()]
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    print(f"{path.relative_to(GOLDEN.parents[1])}: {path.stat().st_size} bytes")
