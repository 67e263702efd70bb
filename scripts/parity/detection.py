#!/usr/bin/env python3
"""Compares the losses of detection with transformers' DETR (softmax) and Deformable DETR (focal) criteria.

    pip install transformers==5.23.0 torch scipy pillow
    python scripts/parity/detection.py parity_detection [--count 300] [--seed 0]
    python scripts/parity/detection.py --write

Random answers and objects (none, one, several, more than queries), all layers, hybrid matching: the reference's criterion on
the queries of one-to-many with every object repeated. Every term and the weighted total must agree to 1e-5 of its size. With
--write some cases and the reference's numbers become tests/golden/detection.json:

  {"cases": [{"name", "class_loss", "classes", "layers", "queries", "many", "repeats", "lengths": objects of each picture,
              "logits", "boxes": answers [layers, pictures, queries, ..] before the sigmoid, "truths": (cx, cy, w, h),
              "labels", "losses": {term: [of each layer], "total": [sum with weights]}}]}
"""
import numpy as np
import torch
from transformers.loss.loss_deformable_detr import DeformableDetrHungarianMatcher, DeformableDetrImageLoss
from transformers.loss.loss_for_object_detection import HungarianMatcher, ImageLoss

from criteria import main

WEIGHTS = {"focal": {"class": 2, "l1": 5, "giou": 2}, "softmax": {"class": 1, "l1": 5, "giou": 2}}
THEIR_NAMES = {"class": "loss_ce", "l1": "loss_bbox", "giou": "loss_giou"}
LENGTHS = {"none": [0, 0], "one": [1], "several": [3, 0, 2], "more than queries": [1, 9], "all alike": [4, 4]}


def random_case(rng, name, class_loss):
    layers, classes, queries = int(rng.integers(1, 4)), int(rng.integers(1, 7)), int(rng.integers(5, 10))
    many, repeats = int(rng.choice([0, 11])), int(rng.integers(1, 4))
    lengths = LENGTHS[name] if name in LENGTHS else [int(n) for n in rng.integers(0, 12, rng.integers(2, 5))]
    outputs = classes + (class_loss == "softmax")
    shape = (layers, len(lengths), queries + many)
    centres, sizes = rng.uniform(0.1, 0.9, (sum(lengths), 2)), rng.uniform(0.02, 0.6, (sum(lengths), 2))
    if name == "all alike":
        centres[:], sizes[:] = 0.5, 0.25
    digits = lambda array: [float(f"{x:.6g}") for x in np.ravel(array)]
    return {"name": f"{name}, {class_loss}", "class_loss": class_loss, "classes": classes, "layers": layers,
            "queries": queries, "many": many, "repeats": repeats, "lengths": lengths,
            "logits": digits(rng.normal(0, 2, (*shape, outputs))), "boxes": digits(rng.normal(0, 1.5, (*shape, 4))),
            "truths": digits(np.concatenate([centres, sizes], 1)),
            "labels": [int(i) for i in rng.integers(0, classes, sum(lengths))]}


def criterion(class_loss, classes):
    weights = WEIGHTS[class_loss]
    costs = {"class_cost": weights["class"], "bbox_cost": weights["l1"], "giou_cost": weights["giou"]}
    losses = ["labels", "boxes"]
    if class_loss == "focal":
        return DeformableDetrImageLoss(DeformableDetrHungarianMatcher(**costs), classes, 0.25, losses)
    return ImageLoss(HungarianMatcher(**costs), classes, 0.1, losses)


def losses_of(criterion, logits, boxes, truths, labels):
    """{"class", "l1", "giou"}: the loss of each layer, by answers [layers, pictures, queries, ..] and each picture's objects."""
    targets = [{"boxes": t, "class_labels": l} for t, l in zip(truths, labels, strict=True)]
    by_layer = [{"logits": l, "pred_boxes": b} for l, b in zip(logits, boxes, strict=True)]
    found = criterion({**by_layer[-1], "auxiliary_outputs": by_layer[:-1]}, targets)
    return {name: [found[f"{theirs}_{i}"] for i in range(len(by_layer) - 1)] + [found[theirs]]
            for name, theirs in THEIR_NAMES.items()}


def hybrid_losses(criterion, logits, boxes, truths, labels, queries, repeats):
    """The same of the first queries, and as "many_.." of those behind them with every object repeated."""
    losses = losses_of(criterion, logits[:, :, :queries], boxes[:, :, :queries], truths, labels)
    if logits.shape[2] > queries:
        many = losses_of(criterion, logits[:, :, queries:], boxes[:, :, queries:], [t.repeat(repeats, 1) for t in truths],
                         [l.repeat(repeats) for l in labels])
        losses |= {f"many_{name}": values for name, values in many.items()}
    return losses


def reference(case):
    shape = (case["layers"], len(case["lengths"]), case["queries"] + case["many"])
    logits = torch.tensor(case["logits"]).view(*shape, -1)
    boxes = torch.tensor(case["boxes"]).view(*shape, 4).sigmoid()
    truths = torch.tensor(case["truths"]).view(-1, 4).split(case["lengths"])
    labels = torch.tensor(case["labels"], dtype=torch.int64).split(case["lengths"])
    found = hybrid_losses(criterion(case["class_loss"], case["classes"]), logits, boxes, truths, labels, case["queries"],
                          case["repeats"])
    losses = {name: [float(value) for value in values] for name, values in found.items()}
    weights = WEIGHTS[case["class_loss"]]
    losses["total"] = [sum(weights[name.removeprefix("many_")] * sum(values) for name, values in losses.items())]
    return losses


def cases_of(rng, names):
    return [random_case(rng, name, class_loss) for class_loss in WEIGHTS for name in names]


if __name__ == "__main__":
    main(__doc__, "detection", cases_of, reference, LENGTHS)
