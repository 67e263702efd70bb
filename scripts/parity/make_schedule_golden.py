"""Writes tests/golden/schedules.json: learning rates of whole runs, by formulas written anew and checked against torch.

  {"schedules": [{"name", "total_steps", "peak", keys of the schedule, "lr": [a rate for each completed update 0..total]}]}
one_cycle is torch's OneCycleLR with two cosine phases, poly detectron2's WarmupPolyLR without a warm-up (torch's
PolynomialLR), steps MultiStepLR. Where torch's OneCycleLR would raise, after its last step, the last rate stays.
Run: python make_schedule_golden.py
"""
import json
import math
from pathlib import Path

import torch
from torch.optim.lr_scheduler import MultiStepLR, OneCycleLR, PolynomialLR

OUT = Path(__file__).resolve().parents[2] / "tests/golden/schedules.json"


def annealing_cos(start, end, pct):
    return end + (start - end) / 2.0 * (math.cos(math.pi * pct) + 1)


def one_cycle(step, total, peak, pct, div, final_div):
    initial = peak / div
    phases = [(pct * total - 1, initial, peak), (total - 1, peak, initial / final_div)]
    start_step = 0
    for index, (end_step, start, end) in enumerate(phases):
        if step <= end_step or index == len(phases) - 1:
            return annealing_cos(start, end, min(1.0, (step - start_step) / (end_step - start_step)))
        start_step = end_step


def poly(step, total, peak, power):
    return peak * (1 - step / total) ** power


def steps(step, total, peak, milestones, factor):
    return peak * factor ** sum(step >= round(m * total) for m in milestones)


def torch_scheduler(optimizer, name, total, peak, **keys):
    if name == "poly":
        return PolynomialLR(optimizer, total, keys["power"])
    if name == "steps":
        return MultiStepLR(optimizer, [round(m * total) for m in keys["milestones"]], keys["factor"])
    return OneCycleLR(optimizer, peak, total_steps=total, pct_start=keys["pct"], anneal_strategy="cos",
                      div_factor=keys["div"], final_div_factor=keys["final_div"])


def check_against_torch(rates, name, total, peak, **keys):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=peak, momentum=0.9)
    scheduler = torch_scheduler(optimizer, name, total, peak, **keys)
    for step in range(total):
        rate = optimizer.param_groups[0]["lr"]
        assert abs(rate - rates[step]) <= 1e-12 * peak, (name, step, rate, rates[step])
        optimizer.step()
        if step + 1 < total:
            scheduler.step()


RUNS = [(one_cycle, 50, {"pct": 0.3, "div": 25, "final_div": 100}),
        (one_cycle, 37, {"pct": 0.25, "div": 10, "final_div": 1e4}),
        (poly, 40, {"power": 0.9}), (poly, 40, {"power": 2.0}),
        (steps, 50, {"milestones": [0.8], "factor": 0.1}),
        (steps, 210, {"milestones": [170 / 210, 200 / 210], "factor": 0.1})]


def main():
    schedules = []
    for function, total, keys in RUNS:
        rates = [function(step, total, 2e-4, **keys) for step in range(total + 1)]
        check_against_torch(rates, function.__name__, total, 2e-4, **keys)
        schedules.append({"name": function.__name__, "total_steps": total, "peak": 2e-4, **keys, "lr": rates})
    lines = ",\n".join("    " + json.dumps(schedule) for schedule in schedules)
    OUT.write_text(f'{{\n  "made_by": "scripts/parity/make_schedule_golden.py",\n  "schedules": [\n{lines}\n  ]\n}}\n')


if __name__ == "__main__":
    main()
