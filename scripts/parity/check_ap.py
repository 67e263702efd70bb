#!/usr/bin/env python3
"""Compares GLID's average precision with pycocotools on random files: numbers, precision and recall, all to 1e-9.

    pip install pycocotools==2.0.11
    python scripts/parity/check_ap.py parity_ap [--count 3000] [--seed 0] [--keep FOLDER]

Boxes, masks (polygons, runs, compressed runs) and poses; crowds, ties, empty sets, single images, more detections than
the limit, areas of exactly 1024 and 9216, own thresholds, ranges, limits and sigmas, pooled categories, image ids that are
strings, repeated annotation ids, images and categories that are not listed, or twice, ids beyond 64 bits, nonsense in
fields that the kind has no use for. No annotation has the id 0, which pycocotools takes for unmatched. --keep writes the
files of failing cases.
"""
import argparse
import contextlib
import io
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
from pycocotools import mask as masks
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

TOLERANCE = 1e-9
IOU_TYPES = {"box": "bbox", "mask": "segm", "keypoint": "keypoints"}


def random_box(rng, size):
    if rng.random() < 0.15:  # areas at the limits of the ranges
        side = [32.0, 96.0][int(rng.integers(2))]
        return [float(rng.integers(0, size)), float(rng.integers(0, size)), side, side]
    grid = 1.0 if rng.random() < 0.5 else 0.25
    x, y = rng.integers(0, size, 2) * grid
    w, h = rng.integers(1, max(2, int(size)), 2) * grid
    return [float(x), float(y), float(w), float(h)]


def near(rng, box):
    """The box itself or one close to it."""
    if rng.random() < 0.3:
        return list(box)
    x, y, w, h = box
    shift = rng.integers(-3, 4, 4) * float(rng.choice([0.5, 1, 2]))
    return [x + shift[0], y + shift[1], max(0.0, w + shift[2]), max(0.0, h + shift[3])]


def polygon_of(box):
    x, y, w, h = box
    return [x, y, x + w, y, x + w, y + h, x, y + h]


def ellipse_of(rng, box):
    x, y, w, h = box
    angles = np.sort(rng.uniform(0, 2 * np.pi, int(rng.integers(3, 12))))
    points = np.stack([x + w / 2 + w / 2 * np.cos(angles), y + h / 2 + h / 2 * np.sin(angles)], axis=1)
    return np.round(points, 2).ravel().tolist()


def runs_of(box, height, width):
    mask = np.zeros((height, width), np.uint8)
    x, y, w, h = (int(v) for v in box)
    mask[max(y, 0) : max(y + h, 0), max(x, 0) : max(x + w, 0)] = 1
    flat = mask.ravel(order="F")
    changes = np.flatnonzero(np.diff(flat)) + 1
    bounds = np.concatenate([[0], changes, [flat.size]])
    runs = np.diff(bounds).tolist()
    return {"size": [height, width], "counts": ([0] if flat[0] else []) + runs}


def packed(shape, height, width):
    """Any written form as compressed runs."""
    if isinstance(shape, dict) and isinstance(shape["counts"], str):
        return shape
    runs = masks.frPyObjects(shape, height, width)
    runs = masks.merge(runs) if isinstance(runs, list) else runs
    return {"size": runs["size"], "counts": runs["counts"].decode()}


def random_mask(rng, box, height, width):
    kind = int(rng.integers(4))
    if kind == 0:
        return [polygon_of(box)]
    if kind == 1:
        return [ellipse_of(rng, box) for _ in range(int(rng.integers(1, 3)))]
    runs = runs_of(box, height, width)
    return runs if kind == 2 else packed(runs, height, width)


def random_joints(rng, box, num_joints, hidden):
    x, y, w, h = box
    columns = [x + w * rng.random(num_joints), y + h * rng.random(num_joints), rng.integers(0, 3, num_joints)]
    joints = np.round(np.stack(columns, axis=1), 2)
    if hidden:
        joints[:, 2] = 0
    joints[joints[:, 2] == 0, :2] = 0
    return joints


class Case:
    """A random pair of files and the settings that go with it."""

    def __init__(self, rng, kind):
        self.rng, self.kind = rng, kind
        self.size = int(rng.choice([16, 64, 160]))
        self.num_joints = 17
        self.settings = {}
        self.pooled = kind != "keypoint" and rng.random() < 0.1
        self.choose_settings()
        categories = rng.choice(np.arange(1, 30), int(rng.integers(1, 5)), replace=False)
        self.categories = sorted(int(c) for c in categories)
        self.images = [int(i) for i in rng.permutation(np.arange(1, 1 + int(rng.choice([1, 2, 5, 11]))))]
        if rng.random() < 0.1:
            self.images = [f"scene{i}" for i in self.images]
        self.repeats_ids = rng.random() < 0.1
        self.truths, self.results = [], []
        for image in self.images:
            self.add_image(image)
        order = rng.permutation(len(self.results))
        self.results = [self.results[i] for i in order]
        self.keys = int(rng.integers(3))

    def choose_settings(self):
        rng, settings = self.rng, self.settings
        if rng.random() < 0.2:
            thresholds = rng.choice([0.1, 0.3, 0.5, 0.75, 0.9, 1.0], 3, replace=False)
            settings["iou_thresholds"] = sorted(float(t) for t in thresholds)
        if rng.random() < 0.2:
            official = {"keypoint": ["all", "medium", "large"]}.get(self.kind, ["all", "small", "medium", "large"])
            cuts = sorted(float(c) for c in rng.choice([100, 256, 400, 900, 1024, 9216], 3, replace=False))
            limits = [(0, 1e10), (0, cuts[0]), (cuts[0], cuts[1]), (cuts[1], cuts[2])]
            settings["area_ranges"] = [[n, *l] for n, l in zip(official, limits)]
        if rng.random() < 0.2 and self.kind != "keypoint":
            settings["max_dets"] = sorted(int(m) for m in rng.choice([1, 2, 3, 5, 8, 30], 3, replace=False))
        if self.kind == "keypoint" and rng.random() < 0.3:
            self.num_joints = int(rng.integers(1, 20))
            settings["sigmas"] = [round(float(s), 3) for s in rng.uniform(0.02, 0.3, self.num_joints)]

    def add_image(self, image):
        rng = self.rng
        crowded = rng.random() < 0.05
        for _ in range(int(rng.integers(0, 6))):
            self.add_truth(image, random_box(rng, self.size))
        boxes = [t["bbox"] for t in self.truths if t["image_id"] == image]
        for _ in range(int(rng.integers(100, 140) if crowded else rng.integers(0, 25))):
            follows = boxes and rng.random() < 0.7
            box = near(rng, boxes[int(rng.integers(len(boxes)))]) if follows else random_box(rng, self.size)
            self.add_result(image, box)

    def category(self):
        return int(self.categories[int(self.rng.integers(len(self.categories)))])

    def add_truth(self, image, box):
        rng = self.rng
        area = box[2] * box[3] if rng.random() < 0.7 else float(rng.choice([0, 400, 1024, 9216, 20000]))
        repeats = self.truths and self.repeats_ids and rng.random() < 0.2
        truth = {"id": int(rng.integers(1, 1 + len(self.truths))) if repeats else len(self.truths) + 1,
                 "image_id": image, "category_id": self.category(), "bbox": box, "area": area,
                 "iscrowd": int(rng.random() < 0.15)}
        if self.kind == "mask":
            truth["segmentation"] = random_mask(rng, box, self.size, self.size + 3)
        if self.kind == "keypoint":
            joints = random_joints(rng, box, self.num_joints, rng.random() < 0.2)
            truth["keypoints"] = joints.ravel().tolist()
            truth["num_keypoints"] = int((joints[:, 2] > 0).sum()) if rng.random() < 0.95 else 0
        self.truths.append(truth)

    def add_result(self, image, box):
        rng = self.rng
        score = float(rng.integers(0, 6)) / 5 if rng.random() < 0.5 else float(rng.random())
        result = {"image_id": image, "category_id": self.category(), "score": score}
        if self.kind == "box":
            if rng.random() < 0.03:
                box = [box[0], box[1], -box[2], box[3]]
            result["bbox"] = box
        elif self.kind == "mask":
            # A list of polygons has no area in pycocotools: results are compressed runs.
            shape = random_mask(rng, box, self.size, self.size + 3)
            result["segmentation"] = packed(shape, self.size, self.size + 3)
        else:
            poses = [t for t in self.truths if t["image_id"] == image]
            if poses and rng.random() < 0.8:
                joints = np.array(poses[int(rng.integers(len(poses)))]["keypoints"]).reshape(-1, 3)
                joints = joints + np.round(rng.normal(0, float(rng.choice([0, 0.5, 2])), joints.shape), 2)
            else:
                joints = random_joints(rng, box, self.num_joints, False)
            result["keypoints"] = joints.ravel().tolist()
        self.results.append(result)

    def files(self):
        size = {"height": self.size, "width": self.size + 3}
        truth = {"images": [{"id": i, "file_name": f"{i}.jpg", **size} for i in self.images],
                 "categories": [{"id": c, "name": f"class {c}"} for c in reversed(self.categories)],
                 "annotations": self.truths}
        if self.kind == "mask" and self.keys == 0:
            self.give_boxes()
        for spoil in (self.leave_out_image, self.leave_out_category, self.list_again, self.number_strangely,
                      self.spoil_unused):
            if self.rng.random() < 0.15:
                spoil(truth)
        return truth, self.results

    def one_of(self, items):
        return items[int(self.rng.integers(len(items)))]

    def leave_out_image(self, truth):
        """Its annotations stay; a result for it is an error in pycocotools."""
        fails = self.kind == "mask" and self.repeats_ids  # the reference: on the mask of a repeated id, which has no size
        if len(truth["images"]) > 1 and not fails:
            image = truth["images"].pop(int(self.rng.integers(len(truth["images"]))))
            self.results[:] = [result for result in self.results if result["image_id"] != image["id"]]

    def leave_out_category(self, truth):
        if len(truth["categories"]) > 1:
            truth["categories"].pop(int(self.rng.integers(len(truth["categories"]))))

    def list_again(self, truth):
        for key in ("images",) if self.pooled else ("images", "categories"):  # pooled, the reference counts such twice
            truth[key].insert(int(self.rng.integers(len(truth[key]) + 1)), dict(self.one_of(truth[key])))

    def number_strangely(self, truth):
        for annotation in truth["annotations"]:
            if self.rng.random() < 0.5:
                annotation["id"] += 2 ** 63

    def spoil_unused(self, truth):
        """Values that pycocotools never looks at for this kind."""
        odd = [None, "", "none", 7, -1, [], {}, [[]], [[1, 2, 3, 4]], [1, 2], {"size": [1, 2]}, True, float("nan")]
        fields = {"box": ["segmentation", "keypoints", "num_keypoints"], "mask": ["bbox", "keypoints", "num_keypoints"],
                  "keypoint": ["segmentation"]}
        for annotation in truth["annotations"]:
            annotation[self.one_of(fields[self.kind])] = self.one_of(odd)
        for image in truth["images"]:
            sizes = [] if self.kind == "mask" else ["height", "width"]
            image[self.one_of(["file_name", "license", *sizes])] = self.one_of(odd)
        for category in truth["categories"]:
            category[self.one_of(["name", "supercategory", "isthing"])] = self.one_of(odd)

    def give_boxes(self):
        """Makes a file of boxes, whose areas count though the masks are compared; a mask may be missing or a polygon."""
        for result in self.results:
            result["bbox"] = [1.0, 2.0, float(self.rng.choice([4, 32, 50])), 32.0]
            kind = self.rng.random()
            if kind < 0.1 and result is not self.results[0]:  # without any mask, ours refuses
                del result["segmentation"]
            elif kind < 0.3:
                result["segmentation"] = [polygon_of(random_box(self.rng, self.size))]


def reference(truth_file, results, kind, settings, pooled):
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO(str(truth_file))
        evaluator = COCOeval(truth, truth.loadRes(str(results)), IOU_TYPES[kind])
        params = evaluator.params
        params.useCats = int(not pooled)
        params.iouThrs = np.array(settings.get("iou_thresholds", params.iouThrs))
        params.maxDets = settings.get("max_dets", params.maxDets)
        if "area_ranges" in settings:
            params.areaRng = [r[1:] for r in settings["area_ranges"]]
            params.areaRngLbl = [r[0] for r in settings["area_ranges"]]
        if "sigmas" in settings:
            params.kpt_oks_sigmas = np.array(settings["sigmas"])
        evaluator.evaluate()
        evaluator.accumulate()
        evaluator.summarize()
    stats = np.array(evaluator.stats)
    if kind != "keypoint" and params.maxDets[-1] != 100:
        # The reference looks for the limit 100 and prints -1: AP by its own definition instead.
        values = evaluator.eval["precision"][:, :, :, params.areaRngLbl.index("all"), -1]
        stats[0] = values[values > -1].mean() if (values > -1).any() else -1
    return stats, evaluator.eval["precision"], evaluator.eval["recall"]


class Ours:
    def __init__(self, program):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def __call__(self, request):
        self.process.stdin.write(json.dumps(request).encode() + b"\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        if "error" in answer:
            raise RuntimeError(answer["error"])
        if not request.get("curves", True):
            return answer
        t, r, k, a, m = answer["shape"]
        precision = self.doubles(k * a * m * t * r).reshape(k, a, m, t, r).transpose(3, 4, 0, 1, 2)
        recall = self.doubles(k * a * m * t).reshape(k, a, m, t).transpose(3, 0, 1, 2)
        return np.array(list(answer["numbers"].values())), precision, recall

    def doubles(self, count):
        return np.frombuffer(self.process.stdout.read(8 * count), np.float64)


def largest_difference(ours, theirs):
    pairs = list(zip(ours, theirs))
    if any(np.shape(a) != np.shape(b) for a, b in pairs):
        return np.inf
    return max(float(np.max(np.abs(np.asarray(a) - np.asarray(b)), initial=0)) for a, b in pairs)


def check_case(rng, ours, folder, kind):
    case = Case(rng, kind)
    truth, results = case.files()
    request = {"truth": str(folder / "truth.json"), "results": str(folder / "results.json"), "kind": kind,
               "threads": int(rng.integers(1, 4)), "protocol": "pooled" if case.pooled else "coco", **case.settings}
    (folder / "truth.json").write_text(json.dumps(truth))
    (folder / "results.json").write_text(json.dumps(results))
    answer = ours(request)
    if not results:  # pycocotools raises: AP 0 where there are truths, else none
        return request, float(not np.isin(answer[0], [0, -1]).all()), answer[0][0]
    expected = reference(request["truth"], request["results"], kind, case.settings, case.pooled)
    return request, largest_difference(answer, expected), answer[0][0]


def keep(folder, request, name):
    folder.mkdir(parents=True, exist_ok=True)
    for part in ("truth", "results"):
        (folder / f"{name}_{part}.json").write_text(pathlib.Path(request[part]).read_text())
    (folder / f"{name}_request.json").write_text(json.dumps(request))


def run_cases(args, what, kinds, check_one):
    """args.count random cases of the kinds in turn; check_one(rng, ours, folder, kind) gives its request, the words that tell it
    from others, the difference and our AP. Prints what differs and the largest difference of each kind, returns how many do."""
    ours, rng = Ours(args.program), np.random.default_rng(args.seed)
    kinds = list(kinds)
    worst, num_failed, num_between = dict.fromkeys(kinds, 0.0), 0, 0
    with tempfile.TemporaryDirectory() as folder:
        for i in range(args.count):
            kind = kinds[i % len(kinds)]
            request, words, difference, ap = check_one(rng, ours, pathlib.Path(folder), kind)
            num_between += 0 < ap < 1
            worst[kind] = max(worst[kind], difference)
            if difference > TOLERANCE:
                num_failed += 1
                print(f"case {i} ({kind}, {words}): differs by {difference:.3g}")
                if args.keep:
                    keep(args.keep, request, f"case{i}")
    print(f"{what}: {args.count} cases, 0 < AP < 1 in {num_between}, {num_failed} differ; largest difference " +
          ", ".join(f"{kind} {value:.2g}" for kind, value in worst.items()))
    return num_failed


def check_one(rng, ours, folder, kind):
    request, difference, ap = check_case(rng, ours, folder, kind)
    return request, request["protocol"], difference, ap


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", help="the built parity_ap")
    parser.add_argument("--count", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=pathlib.Path, help="folder for failing cases")
    args = parser.parse_args()
    return 1 if run_cases(args, "pycocotools", IOU_TYPES, check_one) else 0


if __name__ == "__main__":
    sys.exit(main())
