"""Writes tests/golden/tiny.json: one pre-training step of `tiny` with formula weights, by the twin in glid_eager.py.

  {"visible": [B lists of unit indices], "images_shape": [B, 96, 96, 3], "loss", "prediction": tensor [B * N, 768] of the
   hidden units in ascending order, "gradients": {parameter: [sum, abs_sum, max_abs]}}
Images (normalised): formula_tensor("input", images_shape). Computed in double. Run: python make_tiny_golden.py
"""
import numpy as np
import torch

import golden
from formula import formula_tensor, words
from glid_eager import TINY, Glid, formula_parameters, make_plan

BATCH = 4


def run(dtype):
    parameters = formula_parameters(TINY, dtype)
    images = formula_tensor("input", (BATCH, TINY.image, TINY.image, 3)).to(dtype)
    prediction, target = Glid(TINY, parameters).predict(images, make_plan(TINY, VISIBLE))
    loss = (prediction - target).square().mean()
    loss.backward()
    return loss.item(), prediction.detach().double(), {n: p.grad.double() for n, p in parameters.items()}


def visible_units(sample):
    units = TINY.grid**2
    return sorted(int(u) for u in np.argsort(words(f"mask.{sample}", units), kind="stable")[: units // 4])


VISIBLE = [visible_units(b) for b in range(BATCH)]

if __name__ == "__main__":
    loss, prediction, gradients = run(torch.float64)
    single = run(torch.float32)
    worst = max(((single[2][n] - g).abs().max() / g.abs().max()).item() for n, g in gradients.items())
    print(f"loss {loss:.9f}; float32 differs by {abs(single[0] - loss):.1e}, prediction "
          f"{(single[1] - prediction).abs().max():.1e}, gradients {worst:.1e} of the tensor's largest value")
    golden.write("tiny.json", {
        "images_shape": [BATCH, TINY.image, TINY.image, 3], "visible": VISIBLE, "loss": golden.digits(loss, 15),
        "prediction": golden.describe("tiny.prediction", prediction),
        "gradients": {n: [golden.digits(x) for x in (g.sum(), g.abs().sum(), g.abs().max())] for n, g in gradients.items()},
    })
