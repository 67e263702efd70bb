#!/usr/bin/env python3
"""Compares glid::resize with Pillow on random sizes, boxes and filters: every pixel must be equal.

    pip install "pillow>=13" numpy
    python scripts/parity/check_resize.py parity_resize [--cases 4000] [--seed 0]

Up to version 12, Pillow always filtered the width first, which rounds differently where the height shrinks much more.
"""
import argparse
import struct
import subprocess
import sys

import numpy as np
import PIL
from PIL import Image

FILTERS = [Image.Resampling.BILINEAR, Image.Resampling.BICUBIC]


def random_size(rng):
    """Small sizes most of the time (edges matter), large ones now and then (long kernels matter)."""
    return int(rng.integers(1, 12)) if rng.random() < 0.3 else int(rng.integers(1, 400))


def random_image(rng, height, width):
    kind = rng.integers(3)
    if kind == 0:
        return rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
    if kind == 1:  # extremes make the cubic overshoot
        return rng.choice(np.array([0, 255], dtype=np.uint8), (height, width, 3))
    ramp = np.add.outer(np.arange(height) * rng.random(), np.arange(width) * rng.random()) % 256
    return np.repeat(ramp.astype(np.uint8)[..., None], 3, axis=2)


def random_interval(rng, size):
    """The whole axis, whole pixels or fractions, never empty."""
    kind = rng.integers(3)
    if kind == 0:
        return 0.0, float(size)
    if kind == 1:
        begin = int(rng.integers(0, size))
        return float(begin), float(rng.integers(begin + 1, size + 1))
    begin, end = sorted(rng.uniform(0, size, 2))
    return float(np.float32(begin)), float(np.float32(max(end, min(begin + 0.01, size))))


def check_case(rng, program):
    height, width = random_size(rng), random_size(rng)
    out_height = height if rng.random() < 0.1 else random_size(rng)
    out_width = width if rng.random() < 0.1 else random_size(rng)
    (x0, x1), (y0, y1) = random_interval(rng, width), random_interval(rng, height)
    bicubic = int(rng.integers(2))
    pixels = random_image(rng, height, width)
    expected = np.asarray(Image.fromarray(pixels).resize((out_width, out_height), FILTERS[bicubic], box=(x0, y0, x1, y1)))
    program.stdin.write(struct.pack("=5q4d", height, width, out_height, out_width, bicubic, x0, y0, x1, y1))
    program.stdin.write(pixels.tobytes())
    program.stdin.flush()
    answer = np.frombuffer(program.stdout.read(out_height * out_width * 3), np.uint8).reshape(expected.shape)
    num_different = int((answer != expected).sum())
    if num_different:
        print(f"{height}x{width} box {x0, y0, x1, y1} -> {out_height}x{out_width} bicubic={bicubic}: {num_different} differ")
    return num_different, expected.size


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", help="the built parity_resize")
    parser.add_argument("--cases", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    if int(PIL.__version__.split(".")[0]) < 13:
        parser.error(f"needs Pillow 13 or newer, found {PIL.__version__}")
    rng = np.random.default_rng(args.seed)
    program = subprocess.Popen([args.program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    results = np.array([check_case(rng, program) for _ in range(args.cases)])
    print(f"Pillow {PIL.__version__}: {args.cases} cases, {results[:, 1].sum()} values, {results[:, 0].sum()} differences")
    return 1 if results[:, 0].any() else 0


if __name__ == "__main__":
    sys.exit(main())
