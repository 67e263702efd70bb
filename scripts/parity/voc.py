#!/usr/bin/env python3
"""Compares GLID's Pascal VOC protocols with the rules of VOC's development kit, written down here in numpy.

    pip install pycocotools==2.0.11
    python scripts/parity/voc.py parity_ap [--count 2000] [--seed 0] [--keep FOLDER]
    python scripts/parity/voc.py parity_ap --cost
    python scripts/parity/voc.py --write

The rules (Everingham et al., IJCV 2010, section 4.2; the kit's documentation, sections 3.4 and 4.4): detections of a class
by falling score; each goes to the truth of its image and class that it overlaps most; below the least overlap it is false;
a difficult truth makes it count as nothing; the first one is true, every further one false. Boxes hold both their corner
pixels. AP is the mean of the precisions at 11 recalls (2007) or the area below the curve (2010 on), precision being the
highest at that recall or above. A set's AP is the mean over classes with truths.

Random sets of boxes: difficult ones, ties of scores and of overlaps, repeated boxes, more than 100 detections in an image,
own thresholds. --cost shows on a set of 400 images what each rule costs a detector that finds some objects twice. --write
makes tests/golden/voc.json, which needs no program:

  {"cases": [{"truth": COCO file, "results": COCO results, "ap": {protocol: [of each category by id, null without truths]}}]}
"""
import argparse
import json
import pathlib
import sys
import tempfile

import numpy as np

from check_ap import Ours, near, random_box, run_cases
from golden import GOLDEN

PROTOCOLS = {"voc_allpoint": (0, False), "voc_11point": (0, True), "voc_allpoint_inclusive": (1, False),
             "voc_11point_inclusive": (1, True)}  # pixels that a box is longer than its width; whether AP is of 11 points


def overlaps(box, truths, more):
    """IoU of a box [4] with truths [n, 4], both x, y, width, height."""
    low = np.maximum(box[:2], truths[:, :2])
    high = np.minimum(box[:2] + box[2:] + more, truths[:, :2] + truths[:, 2:] + more)
    common = np.where((high > low).all(1), (high - low).prod(1), 0.0)
    either = (box[2:] + more).prod() + (truths[:, 2:] + more).prod(1) - common
    return np.divide(common, either, out=np.zeros_like(common), where=common > 0)


def outcomes(truths, detections, least, more):
    """For every detection by falling score 1 (true), 0 (false) or nan (nothing)."""
    ranked = sorted(detections, key=lambda d: (-d["score"], d["image_id"]))  # stable: then the file's order
    found, out = set(), []
    for detection in ranked:
        mine = [i for i, t in enumerate(truths) if t["image_id"] == detection["image_id"]]
        common = overlaps(np.array(detection["bbox"]), np.array([truths[i]["bbox"] for i in mine]).reshape(-1, 4), more)
        best = int(np.argmax(common)) if mine else -1
        if best < 0 or common[best] < least:
            out.append(0)
        elif truths[mine[best]]["iscrowd"]:
            out.append(np.nan)
        else:
            out.append(int(mine[best] not in found))
            found.add(mine[best])
    return np.array(out)


def average_precision(truths, detections, least, more, of_11_points):
    num_truths = sum(1 - t["iscrowd"] for t in truths)
    if num_truths == 0:
        return None
    out = outcomes(truths, detections, least, more)
    true = np.cumsum(out == 1)
    recall, precision = true / num_truths, true / np.maximum(true + np.cumsum(out == 0), 1)
    if of_11_points:
        return float(np.mean([precision[recall >= point].max(initial=0) for point in np.linspace(0, 1, 11)]))
    steps = np.diff(recall, prepend=0)
    return float(sum(step * precision[i:].max() for i, step in enumerate(steps) if step > 0))


def reference(case, protocol, least=0.5):
    more, of_11_points = PROTOCOLS[protocol]
    of_class = lambda records, c: [r for r in records if r["category_id"] == c["id"]]
    return [average_precision(of_class(case["truth"]["annotations"], c), of_class(case["results"], c), least, more, of_11_points)
            for c in sorted(case["truth"]["categories"], key=lambda c: c["id"])]


def mean(values):
    known = [v for v in values if v is not None]
    return float(np.mean(known)) if known else -1.0


def make_case(rng, num_images, num_objects, num_detections, size, difficult=0.15):
    """Detections follow truths, some of them twice, or stand anywhere; scores have ties."""
    categories = [int(c) for c in rng.choice(np.arange(1, 30), int(rng.integers(1, 4)), replace=False)]
    truths, results = [], []
    for image in range(1, num_images + 1):
        first = len(truths)
        for _ in range(int(rng.integers(0, num_objects + 1))):
            again = len(truths) > first and rng.random() < 0.3
            box = near(rng, truths[-1]["bbox"]) if again else random_box(rng, size)
            truths.append({"id": len(truths) + 1, "image_id": image, "category_id": int(rng.choice(categories)), "bbox": box,
                           "area": box[2] * box[3], "iscrowd": int(rng.random() < difficult)})
        mine = truths[first:]
        for _ in range(int(rng.integers(0, num_detections + 1))):
            follows = mine and rng.random() < 0.8
            truth = mine[int(rng.integers(len(mine)))] if follows else None
            box = near(rng, truth["bbox"]) if truth else random_box(rng, size)
            category = truth["category_id"] if truth and rng.random() < 0.9 else int(rng.choice(categories))
            score = float(rng.integers(1, 8)) / 8 if rng.random() < 0.5 else float(rng.random())
            results.append({"image_id": image, "category_id": category, "bbox": box, "score": score})
    truth = {"images": [{"id": i, "width": 2 * size, "height": 2 * size} for i in range(1, num_images + 1)],
             "categories": [{"id": c, "name": f"class {c}"} for c in categories], "annotations": truths}
    return {"truth": truth, "results": [results[i] for i in rng.permutation(len(results))]}


def ask(ours, folder, case, protocol, **settings):
    request = {"truth": str(folder / "truth.json"), "results": str(folder / "results.json"), "kind": "box",
               "protocol": protocol, "curves": False, **settings}
    (folder / "truth.json").write_text(json.dumps(case["truth"]))
    (folder / "results.json").write_text(json.dumps(case["results"]))
    return request, ours(request)["numbers"]["AP"]


def check_one(rng, ours, folder, protocol):
    case = make_case(rng, int(rng.choice([1, 2, 7])), 6, 140 if rng.random() < 0.05 else 20, int(rng.choice([12, 40, 120])))
    least = 0.5 if rng.random() < 0.7 else float(rng.choice([0.3, 0.7, 0.25]))
    request, ap = ask(ours, folder, case, protocol, iou_thresholds=[least], threads=int(rng.integers(1, 4)))
    return request, f"IoU {least}", abs(ap - mean(reference(case, protocol, least))), ap


def detector_set(rng):
    """400 images of 640 x 480 with objects of 12 to 200 px, some side by side; a detector whose boxes are off by some 8 % of
    a side, that finds a fifth of the objects twice, misses some and sees others."""
    truths, results = [], []
    for image in range(1, 401):
        for _ in range(int(rng.integers(1, 10))):
            side = np.exp(rng.uniform(np.log(12), np.log(200), 2))
            x, y = rng.uniform(0, [640, 480] - side)
            box = np.round([x, y, *side])
            if truths and truths[-1]["image_id"] == image and rng.random() < 0.3:  # a neighbour half hidden
                box = np.round(np.array(truths[-1]["bbox"]) + [*(0.25 * side * rng.uniform(-1, 1, 2)), 0, 0])
            truths.append({"id": len(truths) + 1, "image_id": image, "category_id": 1, "bbox": [float(v) for v in box],
                           "area": float(box[2] * box[3]), "iscrowd": int(rng.random() < 0.1)})
            seen = rng.choice([0, 1, 2], p=[0.15, 0.65, 0.2])
            for _ in range(seen):
                off = box + 0.08 * np.tile(box[2:], 2) * rng.normal(0, 1, 4)
                results.append({"image_id": image, "category_id": 1, "bbox": [float(v) for v in np.maximum(off, [-1e9, -1e9, 1, 1])],
                                "score": float(rng.beta(5, 2))})
        for _ in range(int(rng.integers(0, 4))):
            results.append({"image_id": image, "category_id": 1, "bbox": random_box(rng, 200), "score": float(rng.beta(2, 3))})
    images = [{"id": i, "width": 640, "height": 480} for i in range(1, 401)]
    return {"truth": {"images": images, "categories": [{"id": 1, "name": "thing"}], "annotations": truths}, "results": results}


def cost(args):
    ours, case = Ours(args.program), detector_set(np.random.default_rng(args.seed))
    print(f"{len(case['truth']['annotations'])} truths, {len(case['results'])} detections, IoU 0.5")
    with tempfile.TemporaryDirectory() as folder:
        for protocol in ["coco", *PROTOCOLS]:
            _, ap = ask(ours, pathlib.Path(folder), case, protocol, iou_thresholds=[0.5])
            print(f"{protocol:<24} {ap:.4f}")
    return 0


def write():
    rng = np.random.default_rng(7)
    cases = [make_case(rng, 3, 5, 12, 24) for _ in range(4)] + [make_case(rng, 1, 3, 130, 12)]
    for case in cases:
        case["ap"] = {protocol: reference(case, protocol) for protocol in PROTOCOLS}
    (GOLDEN / "voc.json").write_text(json.dumps({"cases": cases}, separators=(",", ":")) + "\n")
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", nargs="?", help="the built parity_ap")
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=pathlib.Path, help="folder for failing cases")
    parser.add_argument("--cost", action="store_true", help="AP by protocol on a made set")
    parser.add_argument("--write", action="store_true", help="write the golden file")
    args = parser.parse_args()
    if args.write:
        return write()
    if args.program is None:
        parser.error("give the program, or --write")
    return cost(args) if args.cost else 1 if run_cases(args, "VOC's rules", PROTOCOLS, check_one) else 0


if __name__ == "__main__":
    sys.exit(main())
