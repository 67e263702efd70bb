"""Writes tests/golden/dialects.json: small Swins in the names of public libraries, and the stage maps that these make.

Weights: formula_tensor(foreign name, shape) of every floating-point tensor but masks. Input: formula_tensor("input",
[1, 3, side, side]). The libraries run in double on these float32 values.
  {"channels", "depths", "heads", "window", "size",
   "<dialect>": {"tensors": [[name, shape, "F32" | "I64" (buffers whose values don't matter)]],
                 "stages": [4 tensors [1, C, H, W]]}}
A stage map is after the norm over channels that the library has for it, else after one without factors: official names have
one of the last map only. Tensors are described as golden.py says. Sides are such that all libraries compute the same:
dialects.py says why. Run: python make_dialect_goldens.py --references DIR
"""
import argparse

import torch

import dialects
import golden
from formula import formula_tensor


def make(name, kind, image):
    reference = kind(dialects.SMALL)
    tensors = dialects.filled(reference, formula_tensor)
    with torch.no_grad():
        maps = reference.double().maps(image)
    kinds = {torch.float32: "F32", torch.int64: "I64"}
    print(f"{name}: {len(tensors)} tensors, the maps' largest values "
          f"{', '.join(f'{float(x.abs().max()):.3f}' for x in maps)}")
    return {"tensors": [[n, list(t.shape), kinds[t.dtype]] for n, t in tensors.items()],
            "stages": [golden.describe(f"{name}.stage{n}", x, 64) for n, x in enumerate(maps, 1)]}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--references", required=True, help="folder of timm 0.4.12 and mmpretrain, as README.md says")
    dialects.set_references(parser.parse_args().references)
    torch.use_deterministic_algorithms(True)
    geometry = dialects.SMALL
    image = formula_tensor("input", (1, 3, geometry.size, geometry.size)).double()
    golden.write("dialects.json", {
        "channels": geometry.channels, "depths": geometry.depths, "heads": geometry.heads, "window": geometry.window,
        "size": geometry.size,
        **{name: make(name, kind, image) for name, kind in dialects.REFERENCES.items()}})


if __name__ == "__main__":
    main()
