"""What comparisons of whole criteria (detection.py, segmentation.py) have in common."""
import argparse
import json
import subprocess
import sys

import numpy as np
import torch

from golden import GOLDEN, digits


def compare(program, cases, reference):
    """Every loss of every layer to 1e-5 of its size: `program` reads a case a line and answers with {loss: [of each layer]}."""
    text = "".join(json.dumps(case) + "\n" for case in cases)
    lines = subprocess.run([program], input=text, capture_output=True, text=True, check=True).stdout.splitlines()
    worst = 0.0
    for case, line in zip(cases, lines, strict=True):
        ours, theirs = json.loads(line), reference(case)
        assert ours.keys() == theirs.keys(), (case["name"], ours.keys(), theirs.keys())
        for name, values in theirs.items():
            error = np.abs(np.subtract(ours[name], values)) / np.maximum(1, np.abs(values))
            worst = max(worst, float(error.max()))
            if not error.max() <= 1e-5:
                sys.exit(f"FAILED {case['name']}: {name} {ours[name]}, the reference has {values}")
    print(f"{len(cases)} cases agree to {worst:.1e}")


def write(name, cases, reference):
    """tests/golden/<name>.json: the cases with the reference's losses."""
    for case in cases:
        case["losses"] = {term: [digits(v) for v in values] for term, values in reference(case).items()}
    lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)
    (GOLDEN / f"{name}.json").write_text(f'{{"made_by": "scripts/parity/{name}.py", "cases": [\n{lines}\n]}}\n')


def main(doc, name, cases_of, reference, kinds):
    """`cases_of(rng, names)` draws cases of each name: one of `kinds`, or "random"."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", nargs="?")
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    torch.set_default_dtype(torch.float64)
    if options.write:
        write(name, cases_of(np.random.default_rng(options.seed), list(kinds)), reference)
    if options.program:
        names = [*kinds, "random"]
        drawn = [names[i % len(names)] for i in range(options.count)]
        compare(options.program, cases_of(np.random.default_rng(options.seed), drawn), reference)
