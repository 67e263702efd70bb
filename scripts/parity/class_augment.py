"""Writes tests/golden/class_augment.json: what timm's augmentations of classes do to pictures of `size` px, on the average.

  {"size", "erasing": {"probability", "part": L (of the pictures), and of the rectangles "area", "log_aspect", "top", "left": L},
   "mixing": [{"mixup", "cutmix", "cuts": L (pairs that have a box), "share": L (of the own class), "side": L (of boxes)}]}
L: {"mean", "deviation"}, of lengths and areas as parts of the picture's. timm's draws are of other generators than ours, so
that means and deviations are compared.
Run: python class_augment.py
"""
import math
import random

import numpy as np
from timm.data.mixup import Mixup, cutmix_bbox_and_lam
from timm.data.random_erasing import RandomErasing

import golden

SIZE, DRAWS, PROBABILITY = 96, 100_000, 0.25


def law(values):
    return {"mean": golden.digits(np.mean(values)), "deviation": golden.digits(np.std(values))}


class Canvas:
    """Takes the rectangle that is erased."""
    box = None

    def __setitem__(self, place, _):
        self.box = [(p.start, p.stop) for p in place[1:]]


def erased():
    erasing, boxes, counts = RandomErasing(PROBABILITY, mode="const", device="cpu"), [], []
    for _ in range(DRAWS):
        canvas = Canvas()
        erasing._erase(canvas, 3, SIZE, SIZE, None)
        counts.append(canvas.box is not None)
        if canvas.box:
            boxes.append(canvas.box)
    (top, bottom), (left, right) = np.array(boxes, dtype=float).transpose(1, 2, 0)
    height, width = bottom - top, right - left
    return {"probability": PROBABILITY, "part": law(counts), "area": law(height * width / SIZE**2),
            "log_aspect": law(np.log(height / width)), "top": law(top / SIZE), "left": law(left / SIZE)}


def mixed(mixup, cutmix):
    """By pairs: what Mixup in mode "pair" draws for each."""
    shares, cuts = Mixup(mixup, cutmix, prob=1.0, switch_prob=0.5, mode="pair")._params_per_elem(DRAWS)
    sides = []
    for i in np.flatnonzero(cuts):
        (top, bottom, left, right), shares[i] = cutmix_bbox_and_lam((3, SIZE, SIZE), shares[i])
        sides += [(bottom - top) / SIZE, (right - left) / SIZE]
    return {"mixup": mixup, "cutmix": cutmix, "cuts": law(cuts), "share": law(shares), "side": law(sides or [0])}


def main():
    random.seed(0)
    np.random.seed(0)
    content = {"size": SIZE, "erasing": erased(), "mixing": [mixed(0.8, 0), mixed(0, 1), mixed(0.8, 1), mixed(0.2, 0.5)]}
    assert math.isclose(content["erasing"]["part"]["mean"], PROBABILITY, abs_tol=0.01)
    golden.write("class_augment.json", content)


main()
