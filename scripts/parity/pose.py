#!/usr/bin/env python3
"""Compares heatmap targets, DARK decoding, UDP's warp and OKS-NMS with the rules of mmpose 0.x, written down here in numpy
(float64), on random inputs. The blur is OpenCV's.

    pip install numpy opencv-python-headless
    python scripts/parity/pose.py parity_pose [--count 500] [--seed 0]

Numbers must agree to 1e-6 (Newton steps where the logarithm's curvature is not tiny), sets must be equal.
"""
import argparse
import json
import math
import subprocess
import sys

import cv2
import numpy as np

SIGMA = 2
COCO_SIGMAS = np.array([.26, .25, .25, .35, .35, .79, .79, .72, .72, .62, .62, 1.07, 1.07, .87, .87, .89, .89]) / 10


def targets(joints, height, width):
    """UDP's Gaussians around joints in cells, cut at 3 sigma, and weights."""
    maps, weights = np.zeros((len(joints), height, width)), np.zeros(len(joints))
    reach = 3 * SIGMA
    for k, (x, y, v) in enumerate(joints):
        column, row = int(x + .5), int(y + .5)
        left, right, top, bottom = column - reach, column + reach + 1, row - reach, row + reach + 1
        if v == 0 or left >= width or top >= height or right <= 0 or bottom <= 0:
            continue
        weights[k] = 1
        rows, columns = np.mgrid[max(0, top):min(height, bottom), max(0, left):min(width, right)]
        maps[k, rows, columns] = np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * SIGMA ** 2))
    return maps, weights


def peak(heatmap):
    """The arg-max, moved by a Newton step on the logarithm of the blurred map; with the Hessian's determinant."""
    height, width = heatmap.shape
    at = int(np.argmax(heatmap))
    x, y, score = at % width, at // width, heatmap.max()
    if score <= 0:
        return (-1, -1, score), 1
    blurred = cv2.GaussianBlur(heatmap, (11, 11), 0)
    log = np.pad(np.log(np.clip(blurred, .001, 50)), 1, mode="edge")
    value = lambda dx, dy: log[y + 1 + dy, x + 1 + dx]
    middle = value(0, 0)
    gradient = np.array([value(1, 0) - value(-1, 0), value(0, 1) - value(0, -1)]) / 2
    dxx, dyy = value(1, 0) - 2 * middle + value(-1, 0), value(0, 1) - 2 * middle + value(0, -1)
    dxy = (value(1, 1) - value(1, 0) - value(0, 1) + 2 * middle - value(-1, 0) - value(0, -1) + value(-1, -1)) / 2
    hessian = np.array([[dxx, dxy], [dxy, dyy]]) + np.finfo(np.float32).eps * np.eye(2)
    step = np.linalg.solve(hessian, gradient)
    return (x - step[0], y - step[1], score), abs(np.linalg.det(hessian))


def suppress(poses, sigmas, threshold):
    """OKS-NMS: indices kept, by descending score."""
    order, kept = sorted(range(len(poses)), key=lambda i: -poses[i]["score"]), []
    variances = (2 * sigmas) ** 2
    def similarity(a, b):
        p, q = np.array(a["joints"]).reshape(-1, 3), np.array(b["joints"]).reshape(-1, 3)
        squares = ((p - q)[:, :2] ** 2).sum(1)
        return np.mean(np.exp(-squares / variances / ((a["area"] + b["area"]) / 2 + np.spacing(1)) / 2))
    for i in order:
        if all(similarity(poses[k], poses[i]) <= threshold for k in kept):
            kept.append(i)
    return kept


def warp(box, degrees, point, height, width):
    """mmpose's get_warp_matrix on indices; crop, place in the picture, in the heatmap, and the place in the image again."""
    cx, cy, w, h = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2, box[2] - box[0], box[3] - box[1]
    aspect = width / height
    if w > aspect * h:
        h = w / aspect
    else:
        w = h * aspect
    w, h = w * 1.25, h * 1.25
    theta, sx, sy = math.radians(degrees), (width - 1) / w, (height - 1) / h
    c, s = math.cos(theta), math.sin(theta)
    matrix = np.array([[c * sx, -s * sx, sx * (-.5 * 2 * cx * c + .5 * 2 * cy * s + .5 * w)],
                       [s * sy, c * sy, sy * (-.5 * 2 * cx * s - .5 * 2 * cy * c + .5 * h)]])
    x, y = matrix @ np.array([*point, 1])
    stride = (width - 1) / (width // 4 - 1), (height - 1) / (height // 4 - 1)
    return [cx, cy, w, h, x, y, x / stride[0], y / stride[1], *point]


class Program:
    def __init__(self, path):
        self.process = subprocess.Popen([path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, **request):
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return np.array(json.loads(self.process.stdout.readline()), float)


class Tally:
    def __init__(self):
        self.cases, self.worst = {}, {}

    def add(self, kind, got, expected, scale=1.0):
        got, expected = np.asarray(got, float), np.asarray(expected, float)
        error = np.inf if got.shape != expected.shape else np.max(np.abs(got - expected), initial=0) * scale
        self.cases[kind] = self.cases.get(kind, 0) + 1
        self.worst[kind] = max(self.worst.get(kind, 0), error)

    def report(self):
        for kind, count in self.cases.items():
            print(f"{kind}: {count} cases, largest difference {self.worst[kind]:.2g}")
        return all(error <= 1e-6 for error in self.worst.values())


def check_targets(program, rng, tally):
    height, width = int(rng.integers(8, 65)), int(rng.integers(8, 49))
    joints = np.stack([rng.uniform(-12, width + 12, 17), rng.uniform(-12, height + 12, 17), rng.integers(0, 3, 17)], 1)
    maps, weights = targets(joints, height, width)
    got = program.ask(what="targets", joints=joints.ravel().tolist(), height=height, width=width)
    tally.add("targets", got, np.concatenate([maps.ravel(), weights]))


def check_peak(program, rng, tally):
    height, width = int(rng.integers(12, 65)), int(rng.integers(12, 49))
    heatmap = rng.normal(0, rng.choice([0, .01, .1]), (height, width))
    for _ in range(rng.integers(0, 3)):
        joint = [[rng.uniform(-2, width + 2), rng.uniform(-2, height + 2), 2]]
        heatmap += rng.uniform(.2, 1.2) * targets(joint, height, width)[0][0]
    if rng.random() < .05:
        heatmap = -np.abs(heatmap)
    expected, determinant = peak(heatmap)
    got = program.ask(what="peak", map=heatmap.ravel().tolist(), height=height, width=width)
    tally.add("peaks", got, expected, scale=min(1, determinant * 1e3))


def check_suppress(program, rng, tally):
    base, poses = rng.uniform(0, 200, (4, 17, 2)), []
    for _ in range(rng.integers(0, 20)):
        joints = base[rng.integers(4)] + rng.normal(0, rng.choice([.5, 3, 10]), (17, 2))
        score = rng.integers(0, 8) / 8 if rng.random() < .5 else rng.random()
        poses.append({"joints": np.concatenate([joints, np.ones((17, 1))], 1).ravel().tolist(), "score": float(score),
                      "area": float(rng.uniform(500, 40000))})
    threshold = float(rng.choice([.5, .9]))
    got = program.ask(what="suppress", poses=poses, sigmas=COCO_SIGMAS.tolist(), threshold=threshold)
    tally.add("suppression", got, suppress(poses, COCO_SIGMAS, threshold))


def check_warp(program, rng, tally):
    x, y = rng.uniform(-20, 400, 2)
    box = [x, y, x + rng.uniform(2, 300), y + rng.uniform(2, 300)]
    height, width = [(256, 192), (96, 96), (384, 288)][rng.integers(3)]
    degrees, point = float(rng.uniform(-80, 80)), rng.uniform(-50, 500, 2).tolist()
    got = program.ask(what="warp", box=box, degrees=degrees, point=point, height=height, width=width)
    tally.add("warps", got, warp(box, degrees, point, height, width))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    program, tally, rng = Program(options.program), Tally(), np.random.default_rng(options.seed)
    for _ in range(options.count):
        for check in (check_targets, check_peak, check_suppress, check_warp):
            check(program, rng, tally)
    sys.exit(0 if tally.report() else 1)


if __name__ == "__main__":
    main()
