"""Writes tests/golden/formula.json: {"tensors": [{"name", "shape", "bits": float32 bits of the first 12 elements, "sum"}]}.

One tensor for every rule of formula.py; `sum` is over all elements in double. Run: python make_formula_golden.py
"""
import math

import numpy as np

import golden
from formula import formula_array

TENSORS = {
    "input": (2, 3, 8, 8),
    "probe.stage1": (1, 5, 3, 7),
    "encoder.patch_embed.proj.weight": (96, 3, 4, 4),
    "encoder.layers.0.blocks.1.attn.qkv.weight": (288, 96),
    "encoder.layers.0.blocks.1.attn.qkv.bias": (288,),
    "encoder.layers.0.blocks.1.attn.relative_position_bias_table": (169, 3),
    "encoder.norm0.weight": (96,),
    "bifpn.cells.0.bottom_up1.depthwise.weight": (96, 1, 3, 3),
    "bifpn.cells.0.bottom_up1.fusion": (3,),
    "decoder.layers.0.cross_attn.in_proj.bias": (288,),
    "decoder.mask_token": (96,),
    "decoder.level_embed": (3, 96),
}


def entry(name, shape):
    array = formula_array(name, shape)
    bits = [int(x) for x in array.reshape(-1)[:12].view(np.uint32)]
    return {"name": name, "shape": list(shape), "bits": bits, "sum": math.fsum(array.reshape(-1).tolist())}


if __name__ == "__main__":
    golden.write("formula.json", {"tensors": [entry(name, shape) for name, shape in TENSORS.items()]})
