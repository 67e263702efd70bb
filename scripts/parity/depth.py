#!/usr/bin/env python3
"""Compares adaptive bins, depth maps and the scale-invariant loss with the equations of their papers, written down here.

    pip install torch
    python scripts/parity/depth.py parity_depth [--count 300] [--seed 0]
    python scripts/parity/depth.py --write

Eq. 5 to 7 of GLID (bins as AdaBins has them), and Eigen et al.'s loss (NIPS 2014) of each picture as the toolbox scales it.
Random answers; pictures without and with one valid pixel, perfect answers, sizes that units don't divide. Everything must
agree to 1e-5 of its size. With --write some cases and the numbers from here become tests/golden/depth.json:

  {"cases": [{"name", "bin_norm", "least", "most": metres, "layers", "bins", "channels", "sizes": [height, width] of each
              picture in pixels (units have 8 cells and 16 px), "lengths": answers [layers, pictures, bins], "embeddings":
              [.., channels], "cells": f^b of whole units, picture after picture, "truth": metres, 0: unknown,
              "losses": {"centres": of the last layer, "map": the pixels it says, "si": of each layer and picture,
                         "total": [their sum over the pictures with a valid pixel, divided by these]}}]}
"""
import numpy as np
import torch
import torch.nn.functional as F

from criteria import main

CELLS, PIXELS = 8, 16  # a unit's side
KINDS = ["random", "no valid pixel", "one valid pixel", "perfect", "all alike", "far beyond"]


def bin_centres(lengths, least, most, norm):
    """Eq. 5: c_i = least + (most - least) (b_i / 2 + sum of b_j before i), b the shares of the raw lengths [.., bins]."""
    shares = F.softmax(lengths, -1) if norm == "softmax" else F.normalize(F.relu(lengths) + 0.1, p=1, dim=-1)
    before = torch.ones(2 * [lengths.shape[-1]], dtype=lengths.dtype).triu(1)
    return least + (most - least) * (shares / 2 + shares @ before)


def depth_map(products, centres, height, width):
    """Eq. 6 and 7: products [bins, h, w] with f^b, centres [bins] -> [height, width] pixels of a picture in whole units."""
    cells = torch.einsum("qhw,q->hw", products.softmax(0), centres)
    scale = PIXELS // CELLS
    pixels = F.interpolate(cells[None, None], scale_factor=scale, mode="bilinear", align_corners=True)
    return pixels[0, 0, :height, :width]


def eigen_loss(predicted, truth):
    """Of one picture, over its pixels with a truth: 10 sqrt(Var g + 0.15 (mean g)^2 + 1e-8), g the difference of logs."""
    valid = truth > 0
    g = torch.log(predicted[valid] + 1e-3) - torch.log(truth[valid] + 1e-3)
    if len(g) == 0:
        return predicted.sum() * 0
    variance = g.var() if len(g) > 1 else 0 * g.sum()
    return 10 * torch.sqrt(variance + 0.15 * g.mean() ** 2 + 1e-8)


def random_truth(rng, name, height, width):
    truth = rng.uniform(0.5, 9, (height, width)) * (rng.random((height, width)) < 0.8)
    if name in ("no valid pixel", "one valid pixel"):
        truth[:] = 0
    if name == "one valid pixel":
        truth[rng.integers(height), rng.integers(width)] = 3.25
    return truth


def random_case(rng, name):
    layers, bins, channels = int(rng.integers(1, 3)), int(rng.integers(2, 7)), int(rng.integers(2, 5))
    sizes = [[int(n) for n in rng.choice([5, 11, 16, 19], 2)] for _ in range(rng.integers(1, 4))]
    grids = [[-(-n // PIXELS) for n in size] for size in sizes]
    shape = (layers, len(sizes), bins)
    lengths, z = rng.normal(0, 1.5, shape), rng.normal(0, 1.5, (*shape, channels))
    cells = rng.normal(0, 1, (sum(h * w for h, w in grids) * CELLS * CELLS, channels))
    if name == "all alike":
        lengths[:], z[:] = 0.5, 0.25
    if name == "far beyond":
        lengths[..., 0], z[..., 0, :] = 12, 20
    digits = lambda array: [float(f"{x:.6g}") for x in np.ravel(array)]
    names = [name, *(n for n in rng.choice(KINDS[:3], len(sizes) - 1))]
    case = {"name": name, "bin_norm": str(rng.choice(["softmax", "linear"])), "least": 0.001, "most": 10.0,
            "layers": layers, "bins": bins, "channels": channels, "sizes": sizes, "lengths": digits(lengths),
            "embeddings": digits(z), "cells": digits(cells),
            "truth": digits(np.concatenate([random_truth(rng, n, *size).ravel() for n, size in zip(names, sizes)]))}
    if name == "perfect":
        case["truth"] = torch.cat([m.ravel() for m in maps_of(case, layers - 1)]).tolist()
    return case


def maps_of(case, layer):
    shape = (case["layers"], len(case["sizes"]), case["bins"])
    centres = bin_centres(torch.tensor(case["lengths"]).view(shape), case["least"], case["most"], case["bin_norm"])[layer]
    z = torch.tensor(case["embeddings"]).view(*shape, -1)[layer]
    cells, maps, first = torch.tensor(case["cells"]).view(-1, case["channels"]), [], 0
    for b, (height, width) in enumerate(case["sizes"]):
        h, w = (CELLS * -(-n // PIXELS) for n in (height, width))
        products = (z[b] @ cells[first:first + h * w].T).view(-1, h, w)
        maps.append(depth_map(products, centres[b], height, width))
        first += h * w
    return maps


def reference(case):
    truths = torch.tensor(case["truth"]).split([h * w for h, w in case["sizes"]])
    truths = [t.view(size) for t, size in zip(truths, case["sizes"], strict=True)]
    maps = [maps_of(case, layer) for layer in range(case["layers"])]
    si = [[eigen_loss(m, t) for m, t in zip(of_layer, truths, strict=True)] for of_layer in maps]
    count = max(1, sum(bool((t > 0).any()) for t in truths))
    lengths = torch.tensor(case["lengths"]).view(case["layers"], -1, case["bins"])
    return {"centres": bin_centres(lengths[-1], case["least"], case["most"], case["bin_norm"]).ravel().tolist(),
            "map": torch.cat([m.ravel() for m in maps[-1]]).tolist(),
            "si": [float(loss) for of_layer in si for loss in of_layer],
            "total": [float(sum(sum(of_layer) for of_layer in si)) / count]}


def cases_of(rng, names):
    return [random_case(rng, name) for name in names]


if __name__ == "__main__":
    main(__doc__, "depth", cases_of, reference, KINDS[1:])
