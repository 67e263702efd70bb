#!/usr/bin/env python3
"""Compares the losses of segmentation with transformers' Mask2Former criterion, which is given our points.

    pip install transformers==5.23.0 torch scipy pillow
    python scripts/parity/segmentation.py build/dev/bin/parity_segmentation [--count 300] [--seed 0]
    python scripts/parity/segmentation.py --write

Random answers and masks (none, one, several, more than queries, empty ones), all layers. Every term and the weighted total
must agree to 1e-5 of its size. With --write some cases and the reference's numbers become tests/golden/segmentation.json:

  {"cases": [{"name", "classes", "layers", "queries", "channels", "points", "lengths": masks of each picture,
              "widths": of each picture in units of 8 cells (one unit high), "logits": [layers, pictures, queries, classes + 1],
              "embeddings": [.., channels], "cells": f^b picture after picture, "places": points of each picture in the order
              of PointConfig, "masks": pixels of each picture's masks, 16 px a unit, as strings of 0 and 1, "labels",
              "losses": {term: [of each layer], "total": [sum with weights]}}]}
"""
from unittest import mock

import numpy as np
import torch
from transformers import Mask2FormerConfig
from transformers.models.mask2former.modeling_mask2former import Mask2FormerLoss

from criteria import main

torch.set_default_dtype(torch.float64)
WEIGHTS = {"class": 2, "mask": 5, "dice": 5}
THEIR_NAMES = {"class": "loss_cross_entropy", "mask": "loss_mask", "dice": "loss_dice"}
LENGTHS = {"none": [0, 0], "one": [1], "several": [3, 0, 2], "more than queries": [1, 9], "empty masks": [2, 3]}
CELLS, PIXELS = 8, 16  # a unit's side


def random_mask(rng, height, width, is_empty):
    mask = np.zeros((height, width), int)
    if not is_empty:
        top, left = rng.integers(0, height - 2), rng.integers(0, width - 2)
        mask[top:top + rng.integers(1, height), left:left + rng.integers(1, width)] = 1
    return "".join(map(str, mask.ravel()))


def random_case(rng, name):
    layers, queries = int(rng.integers(1, 4)), int(rng.integers(5, 8))
    channels, points = int(rng.integers(2, 5)), int(rng.choice([16, 32]))
    lengths = LENGTHS[name] if name in LENGTHS else [int(n) for n in rng.integers(0, 9, rng.integers(2, 4))]
    # Masks of a picture are of different classes: of two that are alike at all points either may go to a query.
    classes = max(lengths) + int(rng.integers(1, 4))
    labels = np.concatenate([rng.permutation(classes)[:length] for length in lengths])
    widths = [int(w) for w in rng.integers(1, 3, len(lengths))]
    shape = (layers, len(lengths), queries)
    digits = lambda array: [float(f"{x:.6g}") for x in np.ravel(array)]
    masks = [random_mask(rng, PIXELS, PIXELS * width, name == "empty masks" and i % 2 == 0)
             for length, width in zip(lengths, widths) for i in range(length)]
    num_points = points + 3 * points + points // 4
    return {"name": name, "classes": classes, "layers": layers, "queries": queries, "channels": channels, "points": points,
            "lengths": lengths, "widths": widths, "logits": digits(rng.normal(0, 2, (*shape, classes + 1))),
            "embeddings": digits(rng.normal(0, 2, (*shape, channels))),
            "cells": digits(rng.normal(0, 1, (CELLS * CELLS * sum(widths), channels))),
            "places": digits(rng.uniform(0, 1, (len(lengths), num_points, 2))), "masks": masks,
            "labels": [int(i) for i in labels]}


class OurPoints:
    """In the place of torch.rand: what the criterion draws for one picture are the picture's points."""

    def __init__(self, places, points):
        self.places, self.points = places, points

    def __call__(self, count, size, _coordinates, device=None):
        first = {self.points: 0, 3 * self.points: self.points, self.points // 4: 4 * self.points}[size]
        return self.places[first:first + size].repeat(count, 1, 1)


def of_picture(case, b, layer):
    """The reference's sums of a picture in a layer; mask and dice losses are 0 without masks."""
    width, queries = case["widths"][b], case["queries"]
    shape = (case["layers"], len(case["lengths"]), queries)
    logits = torch.tensor(case["logits"]).view(*shape, -1)[layer, b]
    z = torch.tensor(case["embeddings"]).view(*shape, case["channels"])[layer, b]
    first_cell = CELLS * CELLS * sum(case["widths"][:b])
    cells = torch.tensor(case["cells"]).view(-1, case["channels"])[first_cell:first_cell + CELLS * CELLS * width]
    maps = (z @ cells.T).view(1, queries, CELLS, CELLS * width)
    first, length = sum(case["lengths"][:b]), case["lengths"][b]
    masks = torch.tensor([[float(c) for c in mask] for mask in case["masks"][first:first + length]])
    masks, labels = masks.view(length, PIXELS, PIXELS * width), torch.tensor(case["labels"][first:first + length]).long()
    config = Mask2FormerConfig(num_labels=case["classes"], train_num_points=case["points"])
    criterion = Mask2FormerLoss(config, {})
    with mock.patch("torch.rand", OurPoints(torch.tensor(case["places"]).view(shape[1], -1, 2)[b], case["points"])):
        found = criterion.matcher(maps, logits[None], [masks], [labels]) if length else [(labels, labels)]
        sums = criterion.loss_masks(maps, [masks], found, 1) if length else {"loss_mask": 0.0, "loss_dice": 0.0}
    weight = 0.1 * (queries - len(found[0][0])) + len(found[0][0])
    mean = criterion.loss_labels(logits[None], [labels], found)["loss_cross_entropy"]
    return {"class": float(mean) * weight, "mask": float(sums["loss_mask"]), "dice": float(sums["loss_dice"])}, weight


def reference(case):
    losses = {name: [] for name in WEIGHTS}
    for layer in range(case["layers"]):
        pictures = [of_picture(case, b, layer) for b in range(len(case["lengths"]))]
        counts = {"class": sum(weight for _, weight in pictures), "mask": max(1, sum(case["lengths"]))}
        for name, values in losses.items():
            values.append(sum(sums[name] for sums, _ in pictures) / counts.get(name, counts["mask"]))
    losses["total"] = [sum(WEIGHTS[name] * sum(values) for name, values in losses.items())]
    return losses


def cases_of(rng, names):
    return [random_case(rng, name) for name in names]


if __name__ == "__main__":
    main(__doc__, "segmentation", cases_of, reference, LENGTHS)
