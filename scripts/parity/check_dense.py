#!/usr/bin/env python3
"""Compares panoptic quality, mean IoU and depth errors with the public rules, written down here in numpy (float64):
panopticapi's evaluation.py, detectron2's SemSegEvaluator (mmsegmentation, CSAIL), AdaBins' evaluate.py.

    pip install numpy
    python scripts/parity/check_dense.py parity_dense [--count 3000] [--seed 0] [--bench] [--out FOLDER]

Thousands of small random sets, made of the cases that the rules fight over; numbers must agree to 1e-12. A failing set is
written to FOLDER as a pickle of what the reference was called with. --bench adds CPU times of both on arrays in memory.
"""
import argparse
import math
import pickle
import struct
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

VOID = 0
OFFSET = 256**3


class Refused(Exception):
    """The data are an error by the rules."""


def mean(values):
    values = [v for v in values if not math.isnan(v)]
    return sum(values) / len(values) if values else math.nan


# --- panoptic (panopticapi) ---

def panoptic_image(stats, pred, pred_segments, truth, truth_segments):
    """Adds one image to stats {category: [tp, fp, fn, iou]}; segments are (id, category, is crowd, area), in JSON order."""
    pred_info = {s[0]: s for s in pred_segments}
    truth_info = {s[0]: s for s in truth_segments}
    pred_area = {}
    for label, count in zip(*(a.tolist() for a in np.unique(pred, return_counts=True))):
        if label not in pred_info:
            if label == VOID:
                continue
            raise Refused("id of the PNG not in the JSON")
        pred_area[label] = count
        if pred_info[label][1] not in stats:
            raise Refused("category")
    if set(pred_info) - set(pred_area):
        raise Refused("segment of the JSON not in the PNG")
    if any(s[1] not in stats for s in truth_segments):
        raise Refused("category")
    pairs = truth.astype(np.uint64) * OFFSET + pred.astype(np.uint64)
    inter = {}
    for label, count in zip(*np.unique(pairs, return_counts=True)):
        inter[int(label) // OFFSET, int(label) % OFFSET] = int(count)
    truth_matched, pred_matched = set(), set()
    for (t, p), count in inter.items():
        if t not in truth_info or p not in pred_info or truth_info[t][2] or truth_info[t][1] != pred_info[p][1]:
            continue
        iou = count / (pred_area[p] + truth_info[t][3] - count - inter.get((VOID, p), 0))
        if iou > 0.5:
            stats[truth_info[t][1]][0] += 1
            stats[truth_info[t][1]][3] += iou
            truth_matched.add(t)
            pred_matched.add(p)
    crowds = {}
    for t, info in truth_info.items():
        if t in truth_matched:
            continue
        if info[2]:
            crowds[info[1]] = t
        else:
            stats[info[1]][2] += 1
    for p, info in pred_info.items():
        if p in pred_matched:
            continue
        ignored = inter.get((VOID, p), 0)
        if info[1] in crowds:
            ignored += inter.get((crowds[info[1]], p), 0)
        if ignored / pred_area[p] <= 0.5:
            stats[info[1]][1] += 1


def panoptic_reference(case):
    stats = {c: [0, 0, 0, 0.0] for c, _ in case["categories"]}
    for scene in case["scenes"]:
        panoptic_image(stats, *scene)
    per_class, means = {}, []
    for c, (tp, fp, fn, iou) in stats.items():
        size = tp + fp / 2 + fn / 2
        per_class[c] = [iou / size, iou / tp if tp else 0.0, tp / size] if tp + fp + fn else [math.nan] * 3
    for kinds in ((0, 1), (1,), (0,)):
        members = [per_class[c] for c, is_thing in case["categories"] if is_thing in kinds]
        means += [mean([m[i] for m in members]) for i in range(3)]
    return means + [x for c, _ in case["categories"] for x in stats[c][:3] + per_class[c]]


def panoptic_request(case):
    parts = [struct.pack("=2q", 1, len(case["categories"])), np.array(case["categories"], np.int64).tobytes()]
    parts.append(struct.pack("=q", len(case["scenes"])))
    for pred, pred_segments, truth, truth_segments in case["scenes"]:
        parts.append(struct.pack("=q", pred.size))
        for segments in (pred_segments, truth_segments):
            parts += [struct.pack("=q", len(segments)), np.array(segments, np.int64).tobytes()]
        parts += [pred.tobytes(), truth.tobytes()]
    return b"".join(parts)


def random_ids(rng, count):
    small = rng.random() < 0.5
    return (rng.choice(np.arange(1, 4 * count + 2), count, False) if small else np.unique(rng.integers(1, OFFSET, 3 * count))[:count])


def blocks(rng, labels, height, width):
    """A map of random rectangles over a random background, so that neighbours are mostly equal."""
    out = np.full((height, width), rng.choice(labels), np.uint32)
    for _ in range(rng.integers(0, 12)):
        y, x = rng.integers(0, height), rng.integers(0, width)
        out[y:y + rng.integers(1, height + 1), x:x + rng.integers(1, width + 1)] = rng.choice(labels)
    return out


def random_scene(rng, categories):
    height, width = (int(n) for n in rng.integers(1, 12, 2))
    truth_ids = random_ids(rng, int(rng.integers(1, 9)))
    truth = blocks(rng, np.append(truth_ids, VOID), height, width)
    listed = [int(i) for i in np.unique(truth) if i != VOID and rng.random() > 0.08]  # the others: in the PNG alone
    if rng.random() < 0.1:
        listed.append(OFFSET - 1)  # in the JSON alone
    rng.shuffle(listed)
    names = [c for c, _ in categories]
    truth_segments = []
    for i in listed:
        area = int((truth == i).sum())
        if rng.random() < 0.1:
            area = max(1, area + int(rng.integers(-2, 4)))
        truth_segments.append((i, int(rng.choice(names)), int(rng.random() < 0.2), area))
    return (*random_prediction(rng, truth, truth_segments, names), truth, truth_segments)


def random_prediction(rng, truth, truth_segments, names):
    """Truths under new ids, some cut in half (unions of exactly twice the intersection), some noise."""
    ids = random_ids(rng, truth.size + 8)
    new_id = {int(t): int(i) for t, i in zip(np.unique(truth), ids)}
    pred = np.array([new_id[int(t)] for t in truth.ravel()], np.uint32).reshape(truth.shape)
    category = {new_id[s[0]]: s[1] for s in truth_segments if s[0] in new_id}
    for _ in range(rng.integers(0, 5)):
        y, x = rng.integers(0, truth.shape[0]), rng.integers(0, truth.shape[1])
        pred[y:y + rng.integers(1, 6), x:x + rng.integers(1, 6)] = rng.choice(np.append(ids[-6:], VOID))
    for p in np.unique(pred):
        where = np.flatnonzero(pred == p)
        if rng.random() < 0.3 and len(where) % 2 == 0:
            pred.ravel()[where[: len(where) // 2]] = rng.choice(ids[-6:])
    pred_segments = [(int(p), category.get(int(p), int(rng.choice(names))), 0, 0) for p in np.unique(pred) if p != VOID]
    fault = rng.random()
    if fault < 0.01 and pred_segments:
        pred_segments.pop()
    elif fault < 0.02:
        pred_segments.append((OFFSET - 2, names[0], 0, 0))
    elif fault < 0.03 and pred_segments:
        pred_segments[0] = (pred_segments[0][0], 10**6, 0, 0)
    rng.shuffle(pred_segments)
    return pred, [tuple(int(v) for v in s) for s in pred_segments]


def panoptic_case(rng):
    categories = [(int(c), int(rng.integers(2))) for c in rng.choice(200, rng.integers(1, 7), False)]
    return {"categories": categories, "scenes": [random_scene(rng, categories) for _ in range(rng.integers(0, 7))]}


# --- semantic (detectron2, mmsegmentation, CSAIL) ---

def confusion_reference(case):
    k, ignore, reduce_zero, offset = case["settings"]
    total = np.zeros((k, k + 1), np.int64)
    for pred, truth in case["scenes"]:
        truth, pred = truth.astype(np.int64), pred.astype(np.int64) + offset
        kept = truth != ignore
        if reduce_zero:
            kept &= truth != 0
            truth = truth - 1
        truth, pred = truth[kept], pred[kept]
        if (truth >= k).any():
            raise Refused("label")
        pred[(pred < 0) | (pred >= k)] = k
        total += np.bincount(truth * (k + 1) + pred, minlength=k * (k + 1)).reshape(k, k + 1)
    return total


def semantic_reference(case):
    confusion = confusion_reference(case)
    k = len(confusion)
    correct, truth, pred = np.diag(confusion).astype(float), confusion.sum(1).astype(float), confusion[:, :k].sum(0).astype(float)
    union = truth + pred - correct
    with np.errstate(invalid="ignore", divide="ignore"):
        iou, accuracy = correct / union, correct / truth
        kept = truth.sum()
        weighted = (iou[truth > 0] * truth[truth > 0] / kept).sum() if kept else math.nan
        numbers = [mean(iou[truth > 0]), mean(iou), np.nan_to_num(iou).sum() / k, mean(accuracy), correct.sum() / kept, weighted]
    return [float(n) for n in numbers] + confusion.ravel().tolist()


def semantic_request(case):
    parts = [struct.pack("=6q", 2, *case["settings"], len(case["scenes"]))]
    for pred, truth in case["scenes"]:
        parts += [struct.pack("=q", truth.size), pred.tobytes(), truth.tobytes()]
    return b"".join(parts)


def semantic_case(rng):
    k = int(rng.integers(1, 12))
    ignore = int(rng.choice([255, 255, 65535, k, 0, -1]))
    reduce_zero, offset = int(rng.integers(2)), int(rng.choice([0, 0, -1, 1, 255]))
    good = [c + reduce_zero for c in range(k)] + ([ignore] if ignore >= 0 else []) + ([0] if reduce_zero else [])
    if rng.random() < 0.02:
        good.append(int(rng.choice([k + 1, 300, 65535])))
    good = [c for c in good if rng.random() < 0.8] or good[:1]
    scenes = []
    for _ in range(rng.integers(0, 5)):
        height, width = (int(n) for n in rng.integers(1, 30, 2))
        truth = blocks(rng, np.array(good), height, width)
        other = blocks(rng, np.array([0, 1, 2, k, k + 1, 255, 65535]), height, width)
        pred = np.where(rng.random(truth.shape) < 0.8, truth.astype(np.int64) - offset, other)
        scenes.append((pred.astype(np.uint16), truth.astype(np.uint16)))
    return {"settings": (k, ignore, reduce_zero, offset), "scenes": scenes}


# --- depth (AdaBins) ---

def crop_mask(crop, shape):
    mask = np.zeros(shape, bool)
    h, w = shape
    if crop == 0:
        if shape != (480, 640):
            raise Refused("size")
        mask[45:471, 41:601] = True
    elif crop == 1:
        mask[int(0.40810811 * h):int(0.99189189 * h), int(0.03594771 * w):int(0.96405229 * w)] = True
    elif crop == 2:
        mask[int(0.3324324 * h):int(0.91351351 * h), int(0.0359477 * w):int(0.96405229 * w)] = True
    else:
        mask[:] = True
    return mask


def fill_holes(p):
    """KITTI's kit: a hole takes the smaller of its neighbours in the row, at an end the only one; rows without any above the
    first that has some take that one's, and likewise below the last."""
    out = np.where(p > 0, p, np.nan)
    for row in out:
        known = np.flatnonzero(~np.isnan(row))
        for x in np.flatnonzero(np.isnan(row)) if known.size else []:
            sides = [row[known[known < x].max()]] if (known < x).any() else []
            sides += [row[known[known > x].min()]] if (known > x).any() else []
            row[x] = min(sides)
    rows = np.flatnonzero(~np.isnan(out[:, 0]))
    if rows.size:
        out[: rows[0]], out[rows[-1] + 1 :] = out[rows[0]], out[rows[-1]]
    return out


def depth_image(g, p):
    """std(e) is sqrt(mean e^2 - (mean e)^2) without its cancellation, which is 1e-6 where p is g times a factor."""
    ratio = np.maximum(g / p, p / g)
    e = np.log(p) - np.log(g)
    square = ((g - p) ** 2).mean()
    return [(np.abs(g - p) / g).mean(), ((g - p) ** 2 / g).mean(), np.sqrt(square), np.sqrt((e**2).mean()),
            1000 * np.sqrt(((1 / g - 1 / p) ** 2).mean()), np.abs(np.log10(g) - np.log10(p)).mean(), 100 * np.std(e),
            (ratio < 1.25).mean(), (ratio < 1.25**2).mean(), (ratio < 1.25**3).mean(), ((g - p) ** 2 / g**2).mean(),
            np.sqrt((e**2).mean() - 0.5 * e.mean() ** 2)]


def depth_reference(case):
    low, high, crop, scaled = case["settings"]
    skipped, pixels, nan, infinite, nonpositive, squares, values = 0, 0, 0, 0, 0, 0.0, []
    for pred, truth in case["scenes"]:
        valid = (truth > low) & (truth < high) & crop_mask(crop, truth.shape)
        g, p = truth[valid], pred[valid].copy()
        nan, infinite = nan + int(np.isnan(p).sum()), infinite + int(np.isinf(p).sum())
        nonpositive += int((np.isfinite(p) & (p <= 0)).sum())
        if low == 0 and not (p > 0).all():
            p = fill_holes(pred)[valid]
            if np.isnan(p).any():
                raise Refused("row")
        if not g.size:
            skipped += 1
            continue
        if scaled:
            numbers = p[~np.isnan(p)]
            middle = np.median(numbers) if numbers.size else math.nan
            if not (0 < middle < math.inf):
                raise Refused("median")
            p *= np.median(g) / middle
        if high == math.inf and np.isposinf(p).any():
            raise Refused("infinite")
        p[np.isposinf(p)] = high
        p[np.isnan(p)] = low
        p = np.clip(p, low, high)
        pixels += g.size
        squares += ((g - p) ** 2).sum()
        values.append(depth_image(g, p))
    pooled = math.sqrt(squares / pixels) if pixels else math.nan
    return [skipped, pixels, nan, infinite, nonpositive, pooled] + [mean([v[i] for v in values]) for i in range(12)]


def depth_request(case):
    low, high, crop, scaled = case["settings"]
    parts = [struct.pack("=q2d3q", 3, low, high, crop, scaled, len(case["scenes"]))]
    for pred, truth in case["scenes"]:
        parts += [struct.pack("=2q", *truth.shape), pred.tobytes(), truth.tobytes()]
    return b"".join(parts)


def depth_case(rng):
    """A few full NYUv2 images with its crop, else small ones; depths on and around the limits and thresholds."""
    full = rng.random() < 0.01
    crop = 0 if full or rng.random() < 0.02 else int(rng.integers(1, 4))
    low, high = [(1e-3, 10.0), (0.5, 80.0), (0.0, math.inf), (0.0, 5.0)][int(rng.choice(4, p=[0.5, 0.2, 0.2, 0.1]))]
    scenes = []
    for _ in range(1 if full else rng.integers(0, 6)):
        shape = (480, 640) if full else tuple(int(n) for n in rng.integers(1, 20, 2))
        truth = rng.integers(0, 11000, shape) / 1000.0
        truth[rng.random(shape) < rng.choice([0.05, 0.9])] = rng.choice([0.0, 1e-3, min(high, 80.0), 65.535, math.nan, 2.0])
        pred = truth * rng.choice([1.0, 1.25, 0.8, 1.5625, 1.953125, 1.1, 0.3], shape) * rng.choice([1.0, 1.0, 3.0])
        odd = rng.random(shape) < 0.05
        pred[odd] = rng.choice([0.0, -1.0, math.nan, *([math.inf] if rng.random() < 0.5 else []), -math.inf, 1e300 if high < math.inf else 1e3],
                               odd.sum())
        scenes.append((pred, truth))
    return {"settings": (low, high, crop, int(rng.random() < 0.3)), "scenes": scenes}


# --- comparing ---

KINDS = {
    "panoptic": (panoptic_case, panoptic_reference, panoptic_request),
    "semantic": (semantic_case, semantic_reference, semantic_request),
    "depth": (depth_case, depth_reference, depth_request),
}


def ask(program, request):
    """(seconds, numbers); numbers are None where the program refuses the data."""
    program.stdin.write(request)
    program.stdin.flush()
    (count,) = struct.unpack("=q", program.stdout.read(8))
    if count < 0:
        return 0.0, None
    answer = np.frombuffer(program.stdout.read(8 * count), np.float64)
    return answer[0], answer[1:]


def difference(expected, answer):
    """The largest absolute difference; infinite where one refuses or has no number and the other does."""
    if expected is None or answer is None:
        return 0.0 if expected is None and answer is None else math.inf
    expected = np.array(expected, np.float64)
    if expected.shape != answer.shape or (np.isnan(expected) != np.isnan(answer)).any():
        return math.inf
    both = ~np.isnan(expected)
    scale = np.maximum(1.0, np.abs(expected[both]))  # silog is a hundredfold, counts are exact
    return float((np.abs(expected[both] - answer[both]) / scale).max(initial=0.0))


def check(kind, count, rng, program, out):
    make, reference, request = KINDS[kind]
    worst, num_refused, num_failed = 0.0, 0, 0
    for i in range(count):
        case = make(rng)
        try:
            expected = reference(case)
        except Refused:
            expected = None
            num_refused += 1
        _, answer = ask(program, request(case))
        apart = difference(expected, answer)
        worst = max(worst, apart)
        if apart > 1e-12:
            num_failed += 1
            file = out / f"dense_{kind}_{i}.pickle"
            file.write_bytes(pickle.dumps(case))
            print(f"{kind} set {i}: {apart} apart, see {file}\n  expected {expected}\n  answer   {answer}")
    print(f"{kind}: {count} sets, {num_refused} refused by both, {num_failed} failed, largest difference {worst:.1e}")
    return num_failed


# --- speed ---

def bench_maps(rng, labels, smooth):
    """480 x 640: rectangles of all sizes or noise."""
    if not smooth:
        return rng.choice(labels, (480, 640)).astype(np.uint32)
    out = np.zeros((480, 640), np.uint32)
    for label in np.append(labels, labels):
        y, x = rng.integers(0, 480), rng.integers(0, 640)
        out[y:y + rng.integers(8, 240), x:x + rng.integers(8, 320)] = label
    return out


def shaken(rng, map_):
    """The map moved by a few pixels, with jagged borders."""
    shift = rng.integers(-2, 3, map_.shape[0])
    return np.stack([np.roll(row, s + 3) for row, s in zip(map_, shift)])


def bench_panoptic(rng, num_images, smooth):
    categories = [(c, c % 2) for c in range(1, 134)]
    scenes = []
    for _ in range(num_images):
        ids = rng.choice(np.arange(1, OFFSET), rng.integers(20, 61), False)
        truth = bench_maps(rng, ids, smooth)
        pred = shaken(rng, truth)
        rows = [(int(i), int(i) % 133 + 1, 0, int((truth == i).sum())) for i in np.unique(truth) if i != VOID]
        scenes.append((pred, [r for r in rows if (pred == r[0]).any()], truth, rows))
    return {"categories": categories, "scenes": scenes}


def bench_semantic(rng, num_images, smooth):
    scenes = []
    for _ in range(num_images):
        truth = bench_maps(rng, np.arange(1, 31) * 5, smooth)
        scenes.append((shaken(rng, truth).astype(np.uint16), truth.astype(np.uint16)))
    return {"settings": (150, 255, 1, -1), "scenes": scenes}


def bench_confusion(case):
    """The shortest numpy of evaluators: one bincount an image."""
    k = case["settings"][0]
    total = np.zeros((k + 1, k + 1), np.int64)
    for pred, truth in case["scenes"]:
        cells = (k + 1) * truth.astype(np.int64) + pred
        total += np.bincount(cells.ravel(), minlength=total.size).reshape(total.shape)
    return total


def bench(rng, program, num_images):
    for name, make, reference in (("panoptic", bench_panoptic, panoptic_reference), ("semantic", bench_semantic, bench_confusion)):
        for smooth in (True, False):
            case = make(rng, num_images, smooth)
            request = KINDS[name][2](case)
            ours, theirs = math.inf, math.inf
            for _ in range(3):
                start = time.process_time()
                reference(case)
                theirs = min(theirs, time.process_time() - start)
                ours = min(ours, ask(program, request)[0])
            print(f"{name}, {num_images} images of 480 x 640, {'regions' if smooth else 'noise'}: numpy {1e3 * theirs / num_images:.2f} ms, "
                  f"ours {1e3 * ours / num_images:.3f} ms an image, ratio {theirs / ours:.1f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", help="the built parity_dense")
    parser.add_argument("--count", type=int, default=3000, help="sets of each kind")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--bench", action="store_true")
    parser.add_argument("--images", type=int, default=100, help="of the bench")
    parser.add_argument("--out", type=Path, default=Path("."), help="where failing sets are written")
    args = parser.parse_args()
    rng = np.random.default_rng(args.seed)
    program = subprocess.Popen([args.program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    num_failed = sum(check(kind, args.count, rng, program, args.out) for kind in KINDS)
    if args.bench:
        bench(rng, program, args.images)
    return 1 if num_failed else 0


if __name__ == "__main__":
    sys.exit(main())
