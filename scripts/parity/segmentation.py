#!/usr/bin/env python3
"""Compares the losses of segmentation with transformers' Mask2Former criterion, which is given our points.

    pip install transformers==5.23.0 torch scipy pillow
    python scripts/parity/segmentation.py parity_segmentation [--count 300] [--seed 0]
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
    """In the place of torch.rand: what the criterion draws are the pictures' points [pictures, all points, 2]."""

    def __init__(self, places, points, num_pairs):
        self.points, self.matching = points, iter(places[:, None, :points])
        self.of_pairs = places.repeat_interleave(torch.tensor(num_pairs, dtype=torch.int64), 0)
        self.firsts = {3 * points: points, points // 4: 4 * points}

    def __call__(self, _count, size, _coordinates, device=None):
        if size == self.points:
            return next(self.matching)
        return self.of_pairs[:, self.firsts[size]:self.firsts[size] + size].contiguous()


def sums_of(criterion, logits, maps, masks, labels, places):
    """Of pictures of one size in one layer: {"class", "mask", "dice"}, the sums of the losses, and the classes' weight.

    logits [pictures, queries, classes + 1], maps [pictures, queries, h, w], masks and labels of each picture [n, H, W], [n],
    places [pictures, all points, 2] in the order of PointConfig.
    """
    queries, lengths = maps.shape[1], [len(l) for l in labels]
    some = [b for b, length in enumerate(lengths) if length]
    points = OurPoints(places[some], criterion.num_points, [min(queries, lengths[b]) for b in some])
    with mock.patch("torch.rand", points):
        matched = iter(criterion.matcher(maps[some], logits[some], [masks[b] for b in some], [labels[b] for b in some]))
        found = [next(matched) if length else (labels[b], labels[b]) for b, length in enumerate(lengths)]
        sums = criterion.loss_masks(maps, masks, found, 1) if some else {"loss_mask": 0.0, "loss_dice": 0.0}
    pairs = sum(len(queries_found) for queries_found, _ in found)
    weight = 0.1 * (len(lengths) * queries - pairs) + pairs
    mean = criterion.loss_labels(logits, labels, found)["loss_cross_entropy"]
    return {"class": mean * weight, "mask": sums["loss_mask"], "dice": sums["loss_dice"]}, weight


def criterion_of(classes, points):
    return Mask2FormerLoss(Mask2FormerConfig(num_labels=classes, train_num_points=points), {})


def of_picture(case, b, layer):
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
    places = torch.tensor(case["places"]).view(shape[1], -1, 2)[b:b + 1]
    return sums_of(criterion_of(case["classes"], case["points"]), logits[None], maps, [masks], [labels], places)


def reference(case):
    losses = {name: [] for name in WEIGHTS}
    for layer in range(case["layers"]):
        pictures = [of_picture(case, b, layer) for b in range(len(case["lengths"]))]
        counts = {"class": sum(weight for _, weight in pictures), "mask": max(1, sum(case["lengths"]))}
        for name, values in losses.items():
            values.append(float(sum(sums[name] for sums, _ in pictures)) / counts.get(name, counts["mask"]))
    losses["total"] = [sum(WEIGHTS[name] * sum(values) for name, values in losses.items())]
    return losses


def cases_of(rng, names):
    return [random_case(rng, name) for name in names]


if __name__ == "__main__":
    main(__doc__, "segmentation", cases_of, reference, LENGTHS)
