#!/usr/bin/env python3
"""End to end: glid_eval against numpy and Pillow on the same panoptic and semantic files, JSON and PNG decoding included.

    pip install numpy pillow
    python scripts/parity/bench_eval_files.py glid_eval [--images 200] [--rounds 5] [--seed 0]

The numbers of both must agree to 1e-9. Both run in turn. Prints the time an image (clock and CPU) and the ratios: median,
least and most, with one and two threads.
"""
import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

import check_dense


def to_rgb(ids):
    return np.stack([ids % 256, ids // 256 % 256, ids // 65536], -1).astype(np.uint8)


def write_panoptic(folder, case):
    categories = [{"id": c, "name": f"class {c}", "isthing": t} for c, t in case["categories"]]
    images = [{"id": i, "height": 480, "width": 640, "file_name": f"{i}.jpg"} for i in range(len(case["scenes"]))]
    files = {name: {"images": images, "categories": categories, "annotations": []} for name in ("result", "truth")}
    for i, (pred, pred_rows, truth, truth_rows) in enumerate(case["scenes"]):
        for name, ids, rows in (("result", pred, pred_rows), ("truth", truth, truth_rows)):
            (folder / name).mkdir(exist_ok=True)
            Image.fromarray(to_rgb(ids)).save(folder / name / f"{i}.png")
            segments = [{"id": r[0], "category_id": r[1], "iscrowd": r[2], "area": r[3]} for r in rows]
            files[name]["annotations"].append({"image_id": i, "file_name": f"{i}.png", "segments_info": segments})
    for name, content in files.items():
        (folder / f"{name}.json").write_text(json.dumps(content))


def write_semantic(folder, case):
    for i, maps in enumerate(case["scenes"]):
        for name, labels in zip(("result", "truth"), maps):
            (folder / name).mkdir(exist_ok=True)
            Image.fromarray(labels.astype(np.uint8)).save(folder / name / f"{i}.png")


def read_ids(file):
    return np.array(Image.open(file), np.uint32) @ np.array([1, 256, 65536], np.uint32)


def numpy_panoptic(folder):
    truth, result = (json.loads((folder / f"{name}.json").read_text()) for name in ("truth", "result"))
    stats = {c["id"]: [0, 0, 0, 0.0] for c in truth["categories"]}
    for a, b in zip(result["annotations"], truth["annotations"]):
        rows = [[(s["id"], s["category_id"], s["iscrowd"], s["area"]) for s in x["segments_info"]] for x in (a, b)]
        check_dense.panoptic_image(stats, read_ids(folder / "result" / a["file_name"]), rows[0],
                                   read_ids(folder / "truth" / b["file_name"]), rows[1])
    return float(np.mean([iou / (tp + fp / 2 + fn / 2) for tp, fp, fn, iou in stats.values() if tp + fp + fn]))


def numpy_semantic(folder):
    matrix = np.zeros((151, 151), np.int64)
    for file in sorted((folder / "truth").iterdir()):
        truth, result = (np.array(Image.open(f), np.int64) for f in (file, folder / "result" / file.name))
        kept = truth != 0
        matrix += np.bincount((truth * 151 + result)[kept], minlength=151 * 151).reshape(151, 151)
    hits, truths, predictions = np.diag(matrix)[1:], matrix[1:].sum(1), matrix[1:, 1:].sum(0)
    there = truths > 0
    return float((hits[there] / (truths + predictions - hits)[there]).mean())


KINDS = {
    "panoptic": (check_dense.bench_panoptic, write_panoptic, numpy_panoptic, "PQ",
                 ["--results", "result.json", "--annotations", "truth.json"]),
    "semantic": (check_dense.bench_semantic, write_semantic, numpy_semantic, "mIoU",
                 ["--results", "result", "--annotations", "truth", "--set", "eval.reduce_zero_label=true",
                  "--set", "eval.results_offset=-1"]),
}


def clock():
    times = os.times()
    return np.array([time.perf_counter(), times.user + times.system, times.children_user + times.children_system])


def ours(program, task, options, folder, threads):
    start = clock()
    subprocess.run([program, "--task", task, *options, "--set", f"eval.threads={threads}", "--json", "out.json"], cwd=folder,
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wall, _, cpu = clock() - start
    return json.loads((folder / "out.json").read_text())["metrics"], wall, cpu


def spread(numbers):
    return f"{statistics.median(numbers):.1f} ({min(numbers):.1f} to {max(numbers):.1f})"


def one_round(task, program, folder, num_images, threads):
    """Milliseconds an image, on the clock and of CPU: numpy's, then ours."""
    start = clock()
    expected = KINDS[task][2](folder)
    wall, cpu, _ = clock() - start
    metrics, our_wall, our_cpu = ours(program, task, KINDS[task][4], folder, threads)
    metric = KINDS[task][3]
    if abs(metrics[metric] - expected) > 1e-9:
        sys.exit(f"{metric} differs: {metrics[metric]!r}, numpy {expected!r}")
    return 1e3 * np.array([wall, cpu, our_wall, our_cpu]) / num_images


def bench(task, program, num_images, rounds, rng):
    make, write = KINDS[task][:2]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder, make(rng, num_images, True))
        for threads in (1, 2):
            wall, cpu, our_wall, our_cpu = np.array(
                [one_round(task, program, folder, num_images, threads) for _ in range(rounds)]).T
            print(f"{task}, {num_images} images, {threads} threads, ms an image: numpy {spread(wall)}, CPU {spread(cpu)}; "
                  f"ours {spread(our_wall)}, CPU {spread(our_cpu)}; ratio {spread(wall / our_wall)}, CPU {spread(cpu / our_cpu)}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", help="glid_eval, or the file of one")
    parser.add_argument("--images", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5, help="of numpy and ours in turn")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    rng = np.random.default_rng(args.seed)
    program = shutil.which(args.program) or sys.exit(f"there is no program {args.program}")
    for task in KINDS:
        bench(task, Path(program).resolve(), args.images, args.rounds, rng)


if __name__ == "__main__":
    main()
