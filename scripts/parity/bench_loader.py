#!/usr/bin/env python3
"""MAE's recipe on photographs of 500 x 375 px and 110 KB, ImageNet's mean: our loader's steps against Pillow's, one thread.

    pip install numpy pillow
    python scripts/parity/bench_loader.py bench_loader --photos FOLDER [--images 60] [--rounds 7]

Makes the photographs of parts of those in FOLDER, then runs both in turn. Prints CPU milliseconds an image: median, least and
most. Recipe: decode, RandomResizedCrop of at least 0.2 to 192 px (bicubic), flip; "floats" adds ToTensor and Normalize, which
our model does on its device.
"""
import argparse
import io
import json
import math
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

SIZE, BYTES = (500, 375), 110_000
MEAN, STD = (np.array(v, np.float32)[:, None, None] for v in ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]))


def part_of(rng, file, width, height):
    photo = Image.open(file).convert("RGB")
    photo = photo.resize((max(width, photo.width), max(height, photo.height)))
    left, top = rng.randint(0, photo.width - width), rng.randint(0, photo.height - height)
    return photo.crop((left, top, left + width, top + height))


def make_photo(rng, files):
    """Four parts at their own resolution, as many bytes as ImageNet's have."""
    photo = Image.new("RGB", SIZE)
    for corner in ((0, 0), (250, 0), (0, 188), (250, 188)):
        photo.paste(part_of(rng, rng.choice(files), 250, 188), corner)
    for quality in range(70, 100, 2):
        out = io.BytesIO()
        photo.save(out, "JPEG", quality=quality)
        if out.tell() > BYTES:
            break
    return out.getvalue()


def crop_of(rng, width, height):
    for _ in range(10):
        area = width * height * rng.uniform(0.2, 1)
        ratio = math.exp(rng.uniform(math.log(3 / 4), math.log(4 / 3)))
        w, h = round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio))
        if 0 < w <= width and 0 < h <= height:
            left, top = rng.randint(0, width - w), rng.randint(0, height - h)
            return left, top, left + w, top + h
    return 0, 0, width, height


def recipe(rng, file, floats):
    image = Image.open(file).convert("RGB")
    image = image.crop(crop_of(rng, *image.size)).resize((192, 192), Image.Resampling.BICUBIC)
    if rng.random() < 0.5:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    pixels = np.asarray(image)
    return (pixels.transpose(2, 0, 1).astype(np.float32) / 255 - MEAN) / STD if floats else pixels


def pillow(rng, files, floats):
    start = time.process_time()
    for file in files:
        recipe(rng, file, floats)
    return 1e3 * (time.process_time() - start) / len(files)


def ours(program, folder):
    """Freed memory is kept, as our programs do (core/kept_memory.h)."""
    keep = {"MALLOC_MMAP_THRESHOLD_": "100000000", "MALLOC_TRIM_THRESHOLD_": "100000000"}
    out = subprocess.run([program, "--benchmark_format=json", "--benchmark_min_time=0.2"], check=True, capture_output=True,
                         env=os.environ | keep | {"GLID_BENCH_IMAGES": str(folder)}).stdout
    return {b["name"].split("/")[-1]: b["cpu_time"] for b in json.loads(out)["benchmarks"]}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", help="the built bench_loader")
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--images", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=7)
    args = parser.parse_args()
    rng = random.Random(0)
    program = shutil.which(args.program) or sys.exit(f"there is no program {args.program}")
    photos = sorted(f for f in args.photos.rglob("*") if f.suffix.lower() in (".jpg", ".jpeg"))
    times = {}
    with tempfile.TemporaryDirectory() as name:
        for i in range(args.images):
            (Path(name) / f"{i:04}.jpg").write_bytes(make_photo(rng, photos))
        files = sorted(Path(name).iterdir())
        for _ in range(args.rounds):
            for kind, ms in {"Pillow": pillow(rng, files, False), "Pillow, floats": pillow(rng, files, True),
                             **{f"ours, {kind}": ms for kind, ms in ours(program, name).items()}}.items():
                times.setdefault(kind, []).append(ms)
    part = times["ours, part"]
    for kind, ms in times.items():
        ratios = sorted(a / b for a, b in zip(ms, part))
        print(f"{kind}: {statistics.median(ms):.2f} ms ({min(ms):.2f} to {max(ms):.2f}), {statistics.median(ratios):.2f} times "
              f"({ratios[0]:.2f} to {ratios[-1]:.2f}) that of ours, part")


if __name__ == "__main__":
    main()
