#!/usr/bin/env python3
"""Compares glid's masks, polygons and boxes with pycocotools and its assignment with scipy, on random cases.

    pip install pycocotools==2.0.11 scipy numpy
    python scripts/parity/check_geometry.py parity_geometry [--count 20000] [--seed 0]

Masks must be equal byte for byte, IoU within 1e-12, assignments of equal cost. The first failing case of each kind is
printed. At the end stand the times of both as ratios: ours around the function alone, theirs around the Python call.
"""
import argparse
import statistics
import struct
import subprocess
import sys
import time

import numpy as np
import pycocotools.mask as coco
import scipy
from scipy.optimize import linear_sum_assignment

OPERATIONS = ["polygon", "box_mask", "encode", "decode", "counts", "union", "intersection", "measure", "mask_iou", "box_iou",
              "assign", "assign_float"]


class Program:
    """The built parity_geometry; every answer comes with the nanoseconds that the operation took."""

    def __init__(self, path):
        self.process = subprocess.Popen([path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, operation, height, width, numbers=(), data=b""):
        numbers = np.asarray(numbers, np.float64).ravel()
        header = struct.pack("=5q", OPERATIONS.index(operation), height, width, numbers.size, len(data))
        self.process.stdin.write(header + numbers.tobytes() + data)
        self.process.stdin.flush()
        num_numbers, num_bytes, elapsed_ns = struct.unpack("=2qd", self.process.stdout.read(24))
        numbers = np.frombuffer(self.process.stdout.read(8 * num_numbers), np.float64)
        return numbers, self.process.stdout.read(num_bytes), elapsed_ns


class Tally:
    """Counts cases and differences by kind, prints the first failing case of each, and collects times."""

    def __init__(self):
        self.cases, self.failures, self.ours_ns, self.theirs_ns = {}, {}, {}, {}

    def add(self, kind, is_equal, describe, ours_ns=0.0, theirs_ns=0.0):
        self.cases[kind] = self.cases.get(kind, 0) + 1
        self.ours_ns[kind] = self.ours_ns.get(kind, 0) + ours_ns
        self.theirs_ns[kind] = self.theirs_ns.get(kind, 0) + theirs_ns
        if not is_equal:
            if kind not in self.failures:
                print(f"FAILED {kind}: {describe()}")
            self.failures[kind] = self.failures.get(kind, 0) + 1

    def report(self):
        for kind, count in self.cases.items():
            ratio = f", {self.theirs_ns[kind] / self.ours_ns[kind]:.1f} times as fast" if self.ours_ns[kind] else ""
            print(f"{kind}: {count} cases, {self.failures.get(kind, 0)} differences{ratio}")
        return not self.failures


def timed(function, *args):
    begin = time.perf_counter_ns()
    result = function(*args)
    return result, time.perf_counter_ns() - begin


def random_size(rng):
    kind = rng.integers(4)
    if kind == 0:
        return int(rng.integers(1, 8)), int(rng.integers(1, 8))
    if kind == 1:
        return int(rng.integers(1, 80)), int(rng.integers(1, 80))
    return int(rng.integers(100, 700)), int(rng.integers(100, 700))


def random_polygon(rng, height, width):
    """Stars like annotations, random walks, vertices outside the image, on whole and half pixels, and repeated ones."""
    count = int(rng.integers(3, 8)) if rng.random() < 0.4 else int(rng.integers(8, 60))
    size = np.array([width, height], np.float64)
    kind = rng.integers(5)
    if kind == 0:
        angles = np.sort(rng.uniform(0, 2 * np.pi, count))
        radius = rng.uniform(0.1, 0.6, count)[:, None] * size
        points = rng.uniform(0, 1, 2) * size + radius * np.stack([np.cos(angles), np.sin(angles)], 1)
    elif kind == 1:
        points = rng.uniform(-0.5, 1.5, (count, 2)) * size
    elif kind == 2:
        points = rng.uniform(0, 1, 2) * size + np.cumsum(rng.normal(0, 3, (count, 2)), 0)
    elif kind == 3:
        points = rng.uniform(-20, 20, (count, 2)) * size
    else:
        points = rng.uniform(0, 1, (count, 2)) * size
    rounding = rng.integers(5)
    if rounding < 4:
        points = [np.round(points, 2), np.round(points), np.round(points * 2) / 2, np.round(points * 10) / 10][rounding]
    if rng.random() < 0.3:
        points = np.repeat(points, rng.integers(1, 3, len(points)), 0)
    if rng.random() < 0.2:
        points = np.concatenate([points, points[:1]])
    return points.ravel()


def random_mask(rng, height, width):
    kind = rng.integers(4)
    if kind == 0:
        return (rng.random((height, width)) < rng.random()).astype(np.uint8)
    if kind == 1:
        return np.full((height, width), rng.integers(2), np.uint8)
    polygon = coco.frPyObjects([random_polygon(rng, height, width).tolist()], height, width)
    return coco.decode(polygon)[..., 0]


def encoded(mask):
    return coco.encode(np.asfortranarray(mask))


def check_polygon(rng, program, tally):
    height, width = random_size(rng)
    polygon = random_polygon(rng, height, width)
    expected, theirs_ns = timed(coco.frPyObjects, [polygon.tolist()], height, width)
    _, text, ours_ns = program.ask("polygon", height, width, polygon)
    tally.add("polygon", text == expected[0]["counts"], lambda: f"{height}x{width} {polygon.tolist()}", ours_ns, theirs_ns)


def check_box_mask(rng, program, tally):
    height, width = random_size(rng)
    box = np.concatenate([rng.uniform(-0.3, 1, 2), rng.uniform(-0.1, 1, 2)]) * [width, height, width, height]
    box = np.round(box, int(rng.integers(0, 3)))
    expected = coco.frPyObjects(box[None], height, width)[0]["counts"]
    text = program.ask("box_mask", height, width, box)[1]
    tally.add("box mask", text == expected, lambda: f"{height}x{width} {box.tolist()}")


def check_codes(rng, program, tally):
    height, width = random_size(rng)
    mask = random_mask(rng, height, width)
    expected, theirs_ns = timed(encoded, mask)
    text = expected["counts"]
    describe = lambda: f"{height}x{width} {text}"
    _, ours, ours_ns = program.ask("encode", height, width, data=np.ascontiguousarray(mask).tobytes())
    tally.add("encode", ours == text, describe, ours_ns, theirs_ns)
    decoded, theirs_ns = timed(coco.decode, expected)
    _, ours, ours_ns = program.ask("decode", height, width, data=text)
    is_equal = ours == np.ascontiguousarray(decoded).tobytes() and (decoded == mask).all()
    tally.add("decode", is_equal, describe, ours_ns, theirs_ns)
    flat = np.concatenate([[0], mask.ravel(order="F"), [2]])
    changes = np.flatnonzero(np.diff(flat))
    counts = np.diff(np.concatenate([[0], changes])).tolist()
    again = coco.frPyObjects({"size": [height, width], "counts": counts}, height, width)["counts"]
    ours = program.ask("counts", height, width, counts)[1]
    tally.add("counts", ours == again == text, describe)
    ours = program.ask("measure", height, width, data=text)[0]
    expected_box = coco.toBbox(expected) if mask.any() else np.zeros(4)
    tally.add("area and box", (ours == [coco.area(expected), *expected_box]).all(), describe)


def random_masks(rng, height, width, count):
    return [encoded(random_mask(rng, height, width)) for _ in range(count)]


def check_merges(rng, program, tally):
    height, width = random_size(rng)
    masks = random_masks(rng, height, width, int(rng.integers(1, 6)))
    joined = b"\n".join(mask["counts"] for mask in masks)
    for kind in ("union", "intersection"):
        expected, theirs_ns = timed(coco.merge, masks, kind == "intersection")
        _, text, ours_ns = program.ask(kind, height, width, data=joined)
        tally.add(kind, text == expected["counts"], lambda: f"{height}x{width} {joined}", ours_ns, theirs_ns)


def check_mask_iou(rng, program, tally):
    height, width = random_size(rng)
    detections, truths = (random_masks(rng, height, width, int(rng.integers(1, 6))) for _ in range(2))
    crowds = rng.integers(0, 2, len(truths))
    expected, theirs_ns = timed(coco.iou, detections, truths, crowds.tolist())
    joined = b"\n".join(mask["counts"] for mask in detections + truths)
    ours, _, ours_ns = program.ask("mask_iou", height, width, [len(detections), *crowds], joined)
    tally.add("mask iou", np.abs(ours - expected.ravel()).max() <= 1e-12, lambda: f"{height}x{width} {joined} {crowds}",
              ours_ns, theirs_ns)


def check_box_iou(rng, program, tally):
    num_detections, num_truths = rng.integers(1, 40, 2)
    boxes = np.round(rng.uniform(-5, 60, (num_detections + num_truths, 4)), int(rng.integers(0, 4)))
    crowds = rng.integers(0, 2, num_truths)
    expected, theirs_ns = timed(coco.iou, boxes[:num_detections], boxes[num_detections:], crowds.tolist())
    numbers = np.concatenate([[num_detections, num_truths], crowds, boxes.ravel()])
    ours, _, ours_ns = program.ask("box_iou", 0, 0, numbers)
    tally.add("box iou", np.abs(ours - expected.ravel()).max() <= 1e-12, lambda: f"{boxes.tolist()} {crowds}", ours_ns,
              theirs_ns)


def random_costs(rng):
    shape = rng.integers(0, 30, 2) if rng.random() < 0.8 else rng.integers(1, 200, 2)
    kind = rng.integers(5)
    if kind == 0:
        return rng.integers(-3, 4, shape).astype(np.float64)
    if kind == 1:
        return np.full(shape, rng.normal())
    if kind == 2:
        return np.add.outer(rng.normal(size=shape[0]), rng.normal(size=shape[1]))
    return rng.normal(size=shape) * 10.0 ** rng.integers(-6, 7)


def check_assign(rng, program, tally):
    for operation, dtype in (("assign", np.float64), ("assign_float", np.float32)):
        costs = random_costs(rng).astype(dtype)
        expected = costs[linear_sum_assignment(costs)].astype(np.float64).sum()
        answer = program.ask(operation, *costs.shape, costs)[0].astype(np.int64).reshape(2, -1)
        rows, columns = answer
        is_valid = rows.size == min(costs.shape) and (np.diff(rows) > 0).all() and np.unique(columns).size == columns.size
        scale = np.abs(costs).max(initial=0) * max(rows.size, 1)
        is_equal = is_valid and abs(costs[rows, columns].astype(np.float64).sum() - expected) <= 1e-12 * scale
        tally.add(operation, is_equal, lambda: f"{costs.shape} {costs.tolist()}")


def bench_assign(rng, program, num_repeats=15):
    """Medians over the same matrices, taken in turn."""
    for shape in ((300, 20), (1500, 360)):
        for operation, dtype in (("assign", np.float64), ("assign_float", np.float32)):
            ours, theirs = [], []
            for _ in range(num_repeats):
                costs = rng.random(shape).astype(dtype)
                theirs.append(timed(linear_sum_assignment, costs)[1])
                ours.append(program.ask(operation, *shape, costs)[2])
            ours_us, theirs_us = statistics.median(ours) / 1e3, statistics.median(theirs) / 1e3
            print(f"{operation} {shape[0]}x{shape[1]}: scipy {theirs_us:.0f} us, ours {ours_us:.0f} us, "
                  f"{theirs_us / ours_us:.2f} times as fast")


# Each check and the share of --count that it runs.
CHECKS = [(check_polygon, 1.0), (check_box_mask, 0.2), (check_codes, 0.1), (check_merges, 0.1), (check_mask_iou, 0.1),
          (check_box_iou, 0.1), (check_assign, 0.1)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", help="the built parity_geometry")
    parser.add_argument("--count", type=int, default=20000, help="polygons; the other checks run a share of it")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    rng = np.random.default_rng(args.seed)
    program = Program(args.program)
    tally = Tally()
    for check, share in CHECKS:
        for _ in range(max(1, round(args.count * share))):
            check(rng, program, tally)
    is_equal = tally.report()
    bench_assign(rng, program)
    print(f"numpy {np.__version__}, scipy {scipy.__version__}: {'all equal' if is_equal else 'DIFFERENCES'}")
    return 0 if is_equal else 1


if __name__ == "__main__":
    sys.exit(main())
