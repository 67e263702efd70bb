#!/usr/bin/env python3
"""Compares the COCO readers with pycocotools on random ground truths and result files: every field and every mask must be equal.

    pip install pycocotools==2.0.11 numpy
    python scripts/parity/check_coco_json.py parity_coco_json [--cases 300] [--seed 0]
    python scripts/parity/check_coco_json.py parity_coco_json --big big.json [--megabytes 500]

With --big, no cases: a file shaped like instances_train2017.json is written (unless it is there) and the load is timed beside
pycocotools'. A case that differs is left in the folder that is printed.
"""
import argparse
import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
import time

import numpy as np
from pycocotools import mask as mask_utils
from pycocotools.coco import COCO

NAMES = ["person", "köttbullar", "猫", "\U0001f9a5 sloth", "with \"quotes\" and \\", "a/b", "tab\there"]
JOINTS = ["nose", "left_eye", "right_eye"]


def loud_number(rng, value):
    """A number's JSON text in one of the ways to write it."""
    kind = rng.integers(5)
    if kind == 0:
        return f"{value:.2f}"
    if kind == 1:
        return f"{value:.17g}"
    if kind == 2:
        return f"{value:.6e}"
    if kind == 3:
        return str(int(value))
    return f"{value:.3E}".replace("E+0", "E")


class Number(float):
    """Written as its text, so that a file holds 1e2, 100 and 100.0."""

    def __new__(cls, text):
        number = super().__new__(cls, text)
        number.text = text
        return number

    def __repr__(self):
        return self.text


def dump(value):
    """json.dumps for values that hold Number."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)}: {dump(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(dump(item) for item in value) + "]"
    return value.text if isinstance(value, Number) else json.dumps(value, ensure_ascii=hash(str(value)) % 2 == 0)


def numbers(rng, low, high, count):
    return [Number(loud_number(rng, value)) for value in rng.uniform(low, high, count)]


def random_mask(rng, height, width):
    if rng.random() < 0.3:
        return np.asfortranarray(rng.random((height, width)) < rng.random(), dtype=np.uint8)
    mask = np.zeros((height, width), np.uint8, order="F")
    y, x = rng.integers(0, height), rng.integers(0, width)
    mask[y:y + rng.integers(0, height), x:x + rng.integers(0, width)] = 1
    return mask


def count_runs(mask):
    flat = mask.flatten(order="F")
    edges = np.flatnonzero(np.diff(flat)) + 1
    runs = np.diff(np.concatenate([[0], edges, [flat.size]]))
    return ([0] if flat[0] else []) + [int(run) for run in runs]


def random_runs(rng, height, width, as_text):
    mask = random_mask(rng, height, width)
    counts = mask_utils.encode(mask)["counts"].decode() if as_text else count_runs(mask)
    return {"size": [height, width], "counts": counts}


def random_polygons(rng, height, width):
    return [numbers(rng, -0.2 * width, 1.2 * max(height, width), 2 * rng.integers(3, 12)) for _ in range(rng.integers(1, 4))]


def random_segmentation(rng, image):
    kind = rng.integers(3)
    if kind == 0:
        return random_polygons(rng, image["height"], image["width"])
    return random_runs(rng, image["height"], image["width"], kind == 1)


def random_annotation(rng, number, image, category):
    annotation = {"id": number, "image_id": image["id"], "category_id": category["id"]}
    optional = {"bbox": numbers(rng, -5, 60, 4), "area": numbers(rng, 0, 9000, 1)[0], "iscrowd": int(rng.integers(2)),
                "segmentation": random_segmentation(rng, image), "extra": {"a": [1, {"b": None}]}}
    joints = len(category.get("keypoints", []))
    if joints:
        optional["keypoints"] = numbers(rng, 0, 60, 3 * joints)
        optional["num_keypoints"] = int(rng.integers(joints + 1))
    annotation.update({key: value for key, value in optional.items() if rng.random() < 0.85})
    return shuffled(rng, annotation)


def shuffled(rng, members):
    keys = list(members)
    rng.shuffle(keys)
    return {str(key): members[key] for key in keys}


def random_truth(rng):
    text_ids = rng.random() < 0.3
    chosen = rng.choice(10**6, rng.integers(1, 12), replace=False)
    images = [{"id": f"é_{i}" if text_ids else int(i), "file_name": f"{i}–ü.jpg", "height": int(rng.integers(1, 80)),
               "width": int(rng.integers(1, 80)), "license": 3} for i in chosen]
    categories = [{"id": int(i), "name": str(rng.choice(NAMES)), "supercategory": str(rng.choice(NAMES))}
                  for i in rng.choice(100, rng.integers(1, 6), replace=False)]
    if rng.random() < 0.5:
        categories[0].update({"keypoints": JOINTS, "skeleton": [[1, 2], [1, 3]]})
    ids = rng.choice(10**5, rng.integers(0, 30), replace=False)
    annotations = [random_annotation(rng, int(i), images[rng.integers(len(images))], categories[rng.integers(len(categories))])
                   for i in ids]
    members = {"info": {"x": [1, 2]}, "images": images, "annotations": annotations, "categories": categories, "licenses": []}
    return shuffled(rng, members)


def random_result(rng, truth, kind):
    image = truth["images"][rng.integers(len(truth["images"]))]
    with_joints = [category for category in truth["categories"] if "keypoints" in category]
    categories = with_joints if kind == "keypoint" else truth["categories"]
    result = {"image_id": image["id"], "category_id": categories[rng.integers(len(categories))]["id"],
              "score": numbers(rng, -1, 1, 1)[0]}
    if kind == "box":
        result["bbox"] = numbers(rng, -5, 60, 4)
    elif kind == "mask":
        result["segmentation"] = random_runs(rng, image["height"], image["width"], True)
        if rng.random() < 0.3:
            result["bbox"] = []
    else:
        result["keypoints"] = numbers(rng, -5, 60, 3 * len(JOINTS))
    return shuffled(rng, result)


def quietly(function, *arguments):
    with contextlib.redirect_stdout(io.StringIO()):
        return function(*arguments)


def ask(program, *arguments):
    return json.loads(subprocess.run([program, *arguments], check=True, stdout=subprocess.PIPE).stdout)


def expect(name, ours, theirs):
    if ours != theirs:
        raise AssertionError(f"{name}: {ours!r} is not {theirs!r}")


def expected_mask(coco, annotation):
    if not annotation.get("segmentation"):
        return None
    runs = coco.annToRLE(annotation)
    return runs["counts"] if isinstance(runs["counts"], str) else runs["counts"].decode()


def check_truth(coco, ours):
    images = [coco.imgs[i] for i in sorted(coco.getImgIds())]
    for mine, image in zip(ours["images"], images, strict=True):
        for key in ("id", "file_name", "height", "width"):
            expect(f"image {image['id']} {key}", mine[key], image[key])
        expect(f"image {image['id']}", mine["annotations"], [a["id"] for a in coco.imgToAnns[image["id"]]])
    for mine, number in zip(ours["categories"], sorted(coco.getCatIds()), strict=True):
        category = {"keypoints": [], "skeleton": [], **coco.cats[number]}
        expect(f"category {number}", mine, {key: category[key] for key in mine})
    for mine, annotation in zip(ours["annotations"], coco.dataset["annotations"], strict=True):
        for key in ("id", "image_id", "category_id", "bbox", "area", "keypoints", "num_keypoints"):
            expect(f"annotation {annotation['id']} {key}", mine[key], annotation.get(key))
        expect(f"annotation {annotation['id']} iscrowd", mine["iscrowd"], bool(annotation.get("iscrowd")))
        expect(f"annotation {annotation['id']} mask", mine["mask"], expected_mask(coco, annotation))
        if mine["mask"]:
            image = coco.imgs[annotation["image_id"]]
            pixels = mask_utils.decode({"size": [image["height"], image["width"]], "counts": mine["mask"].encode()})
            expect(f"annotation {annotation['id']} pixels", pixels.tobytes(), coco.annToMask(annotation).tobytes())


def check_results(coco, file, ours, kind):
    theirs = quietly(coco.loadRes, file).dataset["annotations"]
    for number, (mine, result) in enumerate(zip(ours, theirs, strict=True), 1):
        for key in ("image_id", "category_id", "score", "area"):
            expect(f"result {number} {key}", mine[key], result[key])
        if len(result["bbox"]) > 0:  # what pycocotools leaves there is no box
            expect(f"result {number} bbox", mine["bbox"], [float(side) for side in result["bbox"]])
        if kind == "mask":
            expect(f"result {number} mask", mine["mask"], expected_mask(coco, result))
        if kind == "keypoint":
            expect(f"result {number} keypoints", mine["keypoints"], result["keypoints"])


def check_case(rng, program, folder):
    truth_file, result_file = os.path.join(folder, "truth.json"), os.path.join(folder, "results.json")
    truth = random_truth(rng)
    with open(truth_file, "w", encoding="utf-8") as out:
        out.write(dump(truth))
    coco = quietly(COCO, truth_file)
    check_truth(coco, ask(program, "truth", truth_file))
    kinds = ["box", "mask"] + (["keypoint"] if any("keypoints" in category for category in truth["categories"]) else [])
    for kind in kinds:
        with open(result_file, "w", encoding="utf-8") as out:
            out.write(dump([random_result(rng, truth, kind) for _ in range(rng.integers(1, 12))]))
        check_results(coco, result_file, ask(program, "results", truth_file, result_file, kind), kind)
        if kind == "box":  # masks of a box file are its boxes
            check_results(coco, result_file, ask(program, "results", truth_file, result_file, "mask"), "mask")
    return len(truth["annotations"])


def write_big(file, megabytes, rng):
    """Shaped like instances_train2017.json: 500 MB are 118,287 images, 860,001 annotations and 51 million coordinates."""
    num_images, num_annotations = 118_287 * megabytes // 500, 860_001 * megabytes // 500
    polygons = []
    for _ in range(5000):
        size = 2 * int(np.clip(rng.lognormal(3.1, 0.65), 3, 400))
        polygons.append("[[" + ",".join(f"{value:.2f}" for value in rng.uniform(0, 640, size)) + "]]")
    with open(file, "w", encoding="utf-8") as out:
        out.write('{"info": {"year": 2017}, "licenses": [], "images": [')
        out.write(",".join(f'{{"license": 3,"file_name": "{i:012}.jpg","coco_url": "http://images.example/{i:012}.jpg","height": 480,'
                           f'"width": 640,"date_captured": "2013-11-14 11:18:45","id": {i}}}' for i in range(1, num_images + 1)))
        out.write('], "annotations": [')
        image_ids = rng.integers(1, num_images + 1, num_annotations)
        for i in range(num_annotations):
            out.write(f'{"," if i else ""}{{"segmentation": {polygons[rng.integers(5000)]},"area": {702.1057 + i},"iscrowd": 0,'
                      f'"image_id": {image_ids[i]},"bbox": [473.07,395.93,38.65,28.67],"category_id": {1 + i % 80},"id": {i + 1}}}')
        out.write('], "categories": [')
        out.write(",".join(f'{{"supercategory": "thing","id": {i},"name": "class {i}"}}' for i in range(1, 81)) + "]}")


def time_big(program, file, megabytes, rng):
    if not os.path.exists(file):
        write_big(file, megabytes, rng)
    with open(file, "rb") as warm:
        while warm.read(1 << 24):
            pass
    first = float(subprocess.run([program, "time", file], check=True, stdout=subprocess.PIPE).stdout)
    start = time.perf_counter()
    quietly(COCO, file)
    theirs = time.perf_counter() - start
    print(f"{os.path.getsize(file) / 1e6:.0f} MB: indexed in {first:.2f} s, pycocotools {theirs:.2f} s: {theirs / first:.1f} times")
    return 0 if theirs >= 10 * first else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", help="the built parity_coco_json")
    parser.add_argument("--cases", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--big", metavar="FILE", help="time the load of this file, made if it isn't there")
    parser.add_argument("--megabytes", type=int, default=500)
    args = parser.parse_args()
    rng = np.random.default_rng(args.seed)
    if args.big:
        return time_big(args.program, args.big, args.megabytes, rng)
    folder = tempfile.mkdtemp(prefix="check_coco_json-")
    num_annotations = 0
    for case in range(args.cases):
        try:
            num_annotations += check_case(rng, args.program, folder)
        except (AssertionError, subprocess.CalledProcessError) as error:
            print(f"case {case} of seed {args.seed}, left in {folder}: {error}")
            return 1
    print(f"{args.cases} ground truths with {num_annotations} annotations and their results: no difference")
    return 0


if __name__ == "__main__":
    sys.exit(main())
