"""Writes tests/golden/swin/<case>.json: Swin-T against torchvision (and timm where it must agree).

Weights: formula_tensor("encoder." + official name, shape). Input: formula_tensor("input", [B, 3, H, W]).
Loss: the sum over stages n = 1..4 of mean(stage_n * formula_tensor("probe.stage<n>", [B, C, H, W])).
The reference runs in double on these float32 values, so that the file holds no rounding error of its own.
  {"case", "model", "window", "batch", "height", "width",
   "stages": [4 tensors [B, C, H, W] after norm0..norm3],
   "loss",
   "input_gradient": tensor [B, 3, H, W],
   "weight_gradients": {official name: tensor},
   "float32_error": {"stages": [largest difference between the reference in float32 and in double, absolute] x 4,
                     "input_gradient", "weight_gradients": the same divided by the tensor's largest value}}
Tensors are described as golden.py says. Run: python make_swin_goldens.py
"""
import numpy as np
import torch

import golden
from formula import formula_tensor
from swin_reference import CONFIGS, TimmSwin, TorchvisionSwin, formula_weights, windows_pad

CASES = {  # name: window, batch, height, width
    "swint_w7_224": (7, 2, 224, 224),
    "swint_w7_256": (7, 1, 256, 256),  # every stage pads
    "swint_w7_256x192": (7, 1, 256, 192),  # stage 4 pads along y and is one window along x
    "swint_w12_192": (12, 1, 192, 192),  # stage 4 is smaller than the window
    "swint_w12_384": (12, 1, 384, 384),
}
GRADIENTS = [
    "patch_embed.proj.weight",
    "layers.0.blocks.1.attn.relative_position_bias_table",
    "layers.1.blocks.1.attn.qkv.weight",
    "layers.2.blocks.5.attn.qkv.bias",
    "layers.2.downsample.reduction.weight",
    "layers.3.blocks.1.attn.relative_position_bias_table",
    "norm0.weight",
]


def run(reference, window, batch, height, width, dtype):
    config = CONFIGS["swint"]
    weights = formula_weights(config, window, dtype)
    image = formula_tensor("input", (batch, 3, height, width)).to(dtype).requires_grad_()
    stages = reference(config, window, height, width, weights)(image)
    loss = sum((x * formula_tensor(f"probe.stage{n}", x.shape)).mean() for n, x in enumerate(stages, 1))
    loss.backward()
    return {
        "stages": [x.detach().double().numpy() for x in stages],
        "loss": loss.item(),
        "input_gradient": image.grad.double().numpy(),
        "weight_gradients": {name: weights[name].grad.double().numpy() for name in GRADIENTS},
    }


def largest_difference(a, b):
    return float(np.abs(a - b).max())


def relative_difference(a, b):
    return largest_difference(a, b) / float(np.abs(b).max())


def differences(result, truth):
    return {
        "stages": [golden.digits(largest_difference(a, b), 3) for a, b in zip(result["stages"], truth["stages"])],
        "input_gradient": golden.digits(relative_difference(result["input_gradient"], truth["input_gradient"]), 3),
        "weight_gradients": golden.digits(max(
            relative_difference(result["weight_gradients"][n], truth["weight_gradients"][n]) for n in GRADIENTS), 3),
    }


def make(case):
    window, batch, height, width = CASES[case]
    truth = run(TorchvisionSwin, *CASES[case], torch.float64)
    other = differences(run(TimmSwin, *CASES[case], torch.float64), truth)
    print(f"{case}: timm against torchvision in double {other}")
    if not windows_pad(window, height, width) and max(*other["stages"], other["input_gradient"]) > 1e-10:
        raise SystemExit(f"{case}: timm and torchvision must agree here")
    error = differences(run(TorchvisionSwin, *CASES[case], torch.float32), truth)
    print(f"{case}: float32 against double {error}")
    golden.write(f"swin/{case}.json", {
        "case": case, "model": "swint", "window": window, "batch": batch, "height": height, "width": width,
        "stages": [golden.describe(f"{case}.stage{n}", x) for n, x in enumerate(truth["stages"], 1)],
        "loss": golden.digits(truth["loss"], 15),
        "input_gradient": golden.describe(f"{case}.input_gradient", truth["input_gradient"]),
        "weight_gradients": {name: golden.describe(f"{case}.{name}", truth["weight_gradients"][name], 96)
                             for name in GRADIENTS},
        "float32_error": error,
    })


if __name__ == "__main__":
    torch.use_deterministic_algorithms(True)
    for name in CASES:
        make(name)
