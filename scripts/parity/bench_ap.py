#!/usr/bin/env python3
"""Times average precision from the JSON files to the numbers: GLID against pycocotools and faster-coco-eval.

    pip install pycocotools==2.0.11 faster-coco-eval==1.8.0
    python scripts/parity/bench_ap.py parity_ap [--kinds box mask keypoint] [--repeats 1]

Synthetic COCO-like files: 5,000 images with 500,000 boxes, 1,000 with 50,000 masks, 2,500 with 25,000 poses. Each program
is a process of its own; the references' imports are not counted, our start is. Wall clock ratios mean something on a quiet
machine only; CPU seconds on any.
"""
import argparse
import json
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

import numpy as np

from check_ap import IOU_TYPES, packed, random_joints

SIZES = {"box": (5000, 500_000, 80), "mask": (1000, 50_000, 80), "keypoint": (2500, 25_000, 1)}


def bench_files(folder, kind, num_images, num_results, num_categories, rng):
    """COCO-like: 7 truths an image (3 poses), results near them or anywhere."""
    height, width = 480, 640
    pose = kind == "keypoint"
    truths, results = [], []
    for image in range(1, num_images + 1):
        first = len(truths)
        for _ in range(int(rng.integers(1, 6 if pose else 14))):
            w, h = float(np.exp(rng.uniform(2, 5.8))), float(np.exp(rng.uniform(2, 5.8)))
            x, y = rng.uniform(0, max(1, width - w)), rng.uniform(0, max(1, height - h))
            box = [round(float(v), 2) for v in (x, y, min(w, width), min(h, height))]
            truth = {"id": len(truths) + 1, "image_id": image, "category_id": int(rng.integers(1, num_categories + 1)),
                     "bbox": box, "area": box[2] * box[3] * 0.7, "iscrowd": int(rng.random() < 0.01)}
            if kind == "mask":
                truth["segmentation"] = [bench_polygon(rng, box)]
            if pose:
                joints = random_joints(rng, box, 17, rng.random() < 0.3)
                truth["keypoints"] = joints.ravel().tolist()
                truth["num_keypoints"] = int((joints[:, 2] > 0).sum())
            truths.append(truth)
        for _ in range(num_results // num_images):
            truth = truths[int(rng.integers(first, len(truths)))]
            results.append(bench_result(rng, kind, truth, num_categories, height, width))
    truth = {"images": [{"id": i, "height": height, "width": width} for i in range(1, num_images + 1)],
             "categories": [{"id": i, "name": f"class {i}"} for i in range(1, num_categories + 1)], "annotations": truths}
    (folder / "truth.json").write_text(json.dumps(truth))
    (folder / "results.json").write_text(json.dumps(results))


def bench_polygon(rng, box):
    x, y, w, h = box
    angles = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    radius = rng.uniform(0.35, 0.5, 40)
    points = np.stack([x + w / 2 + w * radius * np.cos(angles), y + h / 2 + h * radius * np.sin(angles)], axis=1)
    return np.round(points, 2).ravel().tolist()


def bench_result(rng, kind, truth, num_categories, height, width):
    category = truth["category_id"] if rng.random() < 0.5 else int(rng.integers(1, num_categories + 1))
    x, y, w, h = truth["bbox"]
    noise = rng.normal(0, 0.1, 4)
    moved = [x + noise[0] * w, y + noise[1] * h, w * float(np.exp(noise[2])), h * float(np.exp(noise[3]))]
    result = {"image_id": truth["image_id"], "category_id": category, "score": float(rng.random())}
    if kind == "box":
        result["bbox"] = [float(v) for v in moved]
    elif kind == "mask":
        result["segmentation"] = packed([bench_polygon(rng, moved)], height, width)
    else:
        joints = np.array(truth["keypoints"]).reshape(-1, 3) + rng.normal(0, 4, (17, 3))
        result["keypoints"] = [float(v) for v in joints.ravel()]
    return result


REFERENCES = {
    "pycocotools": "from pycocotools.coco import COCO; from pycocotools.cocoeval import COCOeval",
    "faster-coco-eval": "from faster_coco_eval import COCO, COCOeval_faster as COCOeval",
}
RUN = """
import contextlib, io, json, sys, time
{imports}
begin, cpu_begin = time.perf_counter(), time.process_time()
with contextlib.redirect_stdout(io.StringIO()):
    truth = COCO(sys.argv[1])
    evaluator = COCOeval(truth, truth.loadRes(sys.argv[2]), sys.argv[3])
    evaluator.evaluate(); evaluator.accumulate(); evaluator.summarize()
print(json.dumps([time.perf_counter() - begin, time.process_time() - cpu_begin, list(evaluator.stats)[:12]]))
"""


def time_reference(name, folder, kind):
    """(wall seconds, CPU seconds, numbers), without the imports."""
    command = [sys.executable, "-c", RUN.format(imports=REFERENCES[name])]
    files = [str(folder / "truth.json"), str(folder / "results.json"), IOU_TYPES[kind]]
    output = subprocess.run(command + files, capture_output=True, text=True, check=True).stdout
    wall, cpu, stats = json.loads(output.splitlines()[-1])
    return wall, cpu, np.array(stats)


def children_cpu():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def time_ours(program, folder, kind, threads):
    """(wall seconds, CPU seconds, answer) of a whole process."""
    request = {"truth": str(folder / "truth.json"), "results": str(folder / "results.json"), "kind": kind,
               "threads": threads, "curves": False}
    begin, cpu_begin = time.perf_counter(), children_cpu()
    output = subprocess.run([program], input=json.dumps(request) + "\n", capture_output=True, text=True, check=True).stdout
    return time.perf_counter() - begin, children_cpu() - cpu_begin, json.loads(output)


def fastest(repeats, run, *arguments):
    return min((run(*arguments) for _ in range(repeats)), key=lambda result: result[0])


def bench_kind(args, kind, num_images, num_results, num_categories):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        bench_files(folder, kind, num_images, num_results, num_categories, np.random.default_rng(args.seed))
        print(f"{kind}: {num_images} images, {num_results} results")
        references = {name: fastest(args.repeats, time_reference, name, folder, kind) for name in REFERENCES}
        for name, (wall, cpu, _) in references.items():
            print(f"  {name:17} {wall:8.3f} s, CPU {cpu:8.3f} s")
        for threads in (1, 2):
            wall, cpu, answer = fastest(args.repeats, time_ours, args.program, folder, kind, threads)
            numbers = np.array(list(answer["numbers"].values()))
            difference = np.max(np.abs(numbers - references["pycocotools"][2][: len(numbers)]))
            ratios = ", ".join(f"{r[0] / wall:.1f}x (CPU {r[1] / cpu:.1f}x) {name}" for name, r in references.items())
            print(f"  ours, {threads} threads  {wall:8.3f} s, CPU {cpu:8.3f} s: {ratios}; differs by {difference:.1g}")
            print("    " + ", ".join(f"{part} {seconds:.3f} s" for part, seconds in answer["seconds"].items()), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", help="the built parity_ap")
    parser.add_argument("--kinds", nargs="+", choices=list(SIZES), default=list(SIZES))
    parser.add_argument("--repeats", type=int, default=1, help="of each program; the fastest counts")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    for kind in args.kinds:
        bench_kind(args, kind, *SIZES[kind])


if __name__ == "__main__":
    main()
