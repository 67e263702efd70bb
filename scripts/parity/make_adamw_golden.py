"""Writes tests/golden/adamw/adamw.json: 20 steps of torch.optim.AdamW in float32.

  {"steps", "betas", "eps", "lr": [20 rates],
   "tensors": [{"name", "weight_decay", "gradient_scale", "parameter", "first_moment", "second_moment"}]}
A tensor starts as formula_tensor("adamw.<name>", shape); its gradient in step t = 1..20 is
formula_tensor("adamw.gradient<t>.<name>", shape) * float32(gradient_scale), the product taken in float32.
At the scale 1e-8 of `vector` eps matters. Run: python make_adamw_golden.py
"""
import numpy as np
import torch

import golden
from formula import formula_tensor

STEPS, BETAS, EPS = 20, (0.9, 0.95), 1e-8
TENSORS = {"matrix": ((16, 12), 0.05, 1.0), "cube": ((5, 3, 4), 0.05, 1e-3), "vector": ((24,), 0.0, 1e-8)}
LR = [0.01 * (t / 5 if t <= 5 else 0.5 * (1 + float(np.cos(np.pi * (t - 5) / 15)))) for t in range(1, STEPS + 1)]


def train(dtype, fused):
    parameters = {n: formula_tensor("adamw." + n, shape).to(dtype) for n, (shape, _, _) in TENSORS.items()}
    groups = [{"params": [p for n, p in parameters.items() if TENSORS[n][1] == decay], "weight_decay": decay}
              for decay in (0.05, 0.0)]
    optimizer = torch.optim.AdamW(groups, betas=BETAS, eps=EPS, fused=fused, foreach=False)
    for t, lr in enumerate(LR, 1):
        for group in optimizer.param_groups:
            group["lr"] = lr
        for name, (shape, _, scale) in TENSORS.items():
            gradient = formula_tensor(f"adamw.gradient{t}.{name}", shape) * torch.tensor(scale, dtype=torch.float32)
            parameters[name].grad = gradient.to(dtype)
        optimizer.step()
    return parameters, optimizer.state


def entry(name, parameter, state):
    _, decay, scale = TENSORS[name]
    return {"name": name, "weight_decay": decay, "gradient_scale": scale,
            "parameter": golden.describe("adamw." + name, parameter),
            "first_moment": golden.describe("adamw." + name, state["exp_avg"]),
            "second_moment": golden.describe("adamw." + name, state["exp_avg_sq"])}


if __name__ == "__main__":
    reference, state = train(torch.float32, fused=False)
    for dtype, fused in ((torch.float32, True), (torch.float64, False)):
        other, _ = train(dtype, fused)
        worst = max((other[n].double() - p.double()).abs().max().item() for n, p in reference.items())
        print(f"{dtype}, fused={fused}: differs by at most {worst:.2e}")
    golden.write("adamw/adamw.json", {
        "steps": STEPS, "betas": list(BETAS), "eps": EPS, "lr": LR,
        "tensors": [entry(n, p, state[p]) for n, p in reference.items()],
    })
