#!/usr/bin/env python3
"""Images/s of glid_predict against the same model in PyTorch eager: detection with a Swin of any size.

    python bench_predict.py RUN --images DIR [--size 640] [--batch 4] [--threads 1] [--rounds 5] [--program glid_predict]

RUN is a run of detection with the paper's decoder positions and with windows that divide the grids of --size, DIR has PNG or
JPEG files of which every one becomes a square of --size px. In turn, so that what else the machine does falls on both, each
predicts all of the images and then the first batch alone: files to predictions.json, without pictures. CPU seconds of the
difference are those of the images, without start and loading. Prints images a CPU second (all threads), the ratio of each
pair (median and quartiles), images/s of the clock and the largest memory. The scores of both are compared first: the best of
each image must agree to 1e-3.

The peer is what one would write in Python: Pillow reads and resizes, glid_queries.py answers under inference_mode, the best
100 of queries times classes are written as JSON. No gradient is kept, plans of windows are made once.
"""
import argparse
import dataclasses
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np
import torch
import yaml
from PIL import Image
from safetensors.torch import load_file

from glid_eager import SWINS, make_plan
from glid_queries import AskedGlid, Question

MEAN, DEVIATION = (255 * np.array(rgb, np.float32) for rgb in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))


def model_config(config, size):
    encoder, decoder = config["model"]["encoder"], config["model"]["decoder"]
    if decoder["positions"] != "fourier":
        raise SystemExit("bench_predict.py: the peer knows decoder.positions=fourier alone")
    windows = encoder["window"] or SWINS[encoder["name"]].windows
    windows = (windows,) * 4 if isinstance(windows, int) else tuple(windows)
    made = dataclasses.replace(SWINS[encoder["name"]], image=size, windows=windows, width=decoder["width"],
                               cells=config["model"]["bifpn"]["cells"], layers=decoder["layers"],
                               decoder_heads=decoder["heads"], norm=decoder["norm"])
    if any((size // made.patch >> s) % w for s, w in enumerate(windows)):
        raise SystemExit(f"bench_predict.py: windows {windows} don't divide the grids of {size} px: set model.encoder.window")
    return made


def checkpoint_of(run):
    return max((pathlib.Path(run) / "checkpoints").glob("step_*"))


def image_files(folder):
    return sorted(f for f in pathlib.Path(folder).iterdir() if f.suffix.lower() in (".png", ".jpg", ".jpeg"))


class Peer:
    def __init__(self, run, size):
        checkpoint = checkpoint_of(run)
        self.config = yaml.safe_load((pathlib.Path(run) / "config.yaml").read_text())
        self.model = AskedGlid(model_config(self.config, size), load_file(checkpoint / "model.safetensors"))
        self.size, self.plans = size, {}
        self.softmax = self.config["task"]["class_loss"] == "softmax"

    def plan(self, count):
        if count not in self.plans:
            self.plans[count] = make_plan(self.model.config, [range(self.model.config.grid**2)] * count)
        return self.plans[count]

    def read(self, file):
        image = Image.open(file).convert("RGB")
        size = image.size
        if size != (self.size, self.size):
            image = image.resize((self.size, self.size), Image.Resampling.BILINEAR)
        return (np.asarray(image, np.float32) - MEAN) / DEVIATION, size

    def predict(self, files):
        pixels, sizes = zip(*map(self.read, files), strict=True)
        plan = self.plan(len(files))
        pyramid = self.model.pyramid_of(torch.from_numpy(np.stack(pixels)), plan)
        question = Question(slice(0, len(files)), slice(0, self.config["task"]["queries"]), ["class", "box"])
        answer = self.model.answer(pyramid, plan, question, None)
        logits, boxes = answer["class"][-1], answer["box"][-1].sigmoid()
        scores = logits.softmax(-1)[..., :-1] if self.softmax else logits.sigmoid()
        for file, size, of_image, box in zip(files, sizes, scores, boxes, strict=True):
            best, order = of_image.flatten().topk(min(100, of_image.numel()))
            box = box[order // of_image.shape[1]] * torch.tensor([*size, *size])
            yield {"file": str(file), "detections": [
                {"category": int(c), "score": float(s), "bbox": [float(x - w / 2), float(y - h / 2), float(w), float(h)]}
                for s, c, (x, y, w, h) in zip(best, order % of_image.shape[1], box, strict=True)]}


def peer(options):
    """The process of the peer: predicts and writes."""
    torch.set_num_threads(options.threads)
    model, files = Peer(options.run, options.size), image_files(options.images)
    with torch.inference_mode():
        found = [image for at in range(0, len(files), options.batch) for image in model.predict(files[at:at + options.batch])]
    (pathlib.Path(options.out) / "predictions.json").write_text(json.dumps({"images": found}))


@dataclasses.dataclass
class Cost:
    cpu_s: float
    clock_s: float
    memory_mib: float


def cost(command):
    start = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = status
    if status != 0:
        raise SystemExit(f"bench_predict.py: failed: {' '.join(map(str, command))}")
    return Cost(usage.ru_utime + usage.ru_stime, time.monotonic() - start, usage.ru_maxrss / 1024)


class Bench:
    def __init__(self, options, folder):
        self.options, self.folder, self.runs = options, folder, 0
        files = image_files(options.images)
        self.count = len(files) - options.batch
        if self.count < options.batch:
            raise SystemExit(f"bench_predict.py: {options.images} has {len(files)} images, two batches are needed at least")
        self.first = folder / "first"
        self.first.mkdir()
        for file in files[:options.batch]:
            (self.first / file.name).symlink_to(file.resolve())

    def out(self):
        self.runs += 1
        return self.folder / f"out{self.runs}"

    def command(self, kind, images, out):
        o = self.options
        shared = ["--batch", o.batch, "--threads", o.threads]
        if kind == "ours":
            line = [o.program, "--checkpoint", checkpoint_of(o.run), "--input", images, "--out", out, "--no-pictures", *shared,
                    "--set", f"data.image_size={o.size}", "--set", "train.device=cpu", "--set", "train.precision=fp32"]
        else:
            out.mkdir()
            line = [sys.executable, __file__, o.run, "--images", images, "--size", o.size, "--peer", "--out", out, *shared]
        return [str(word) for word in line]

    def difference(self, kind):
        """The cost of all images but the first batch."""
        whole, part = (cost(self.command(kind, images, self.out())) for images in (self.options.images, self.first))
        return Cost(whole.cpu_s - part.cpu_s, whole.clock_s - part.clock_s, whole.memory_mib)

    def check(self):
        """The best score of each image, of both."""
        best = []
        for kind in ("ours", "peer"):
            out = self.out()
            cost(self.command(kind, self.first, out))
            images = json.loads((out / "predictions.json").read_text())["images"]
            best.append(np.array([image["detections"][0]["score"] for image in images]))
        difference = np.abs(best[0] - best[1]).max()
        print(f"best scores {best[0].min():.4f} to {best[0].max():.4f}, largest difference {difference:.1e}")
        if not difference < 1e-3:
            raise SystemExit("bench_predict.py: the peer is another model")


def bench(options):
    with tempfile.TemporaryDirectory() as folder:
        pairs = Bench(options, pathlib.Path(folder))
        pairs.check()
        costs = {"ours": [], "peer": []}
        for _ in range(options.rounds):
            for kind, list_of in costs.items():
                list_of.append(pairs.difference(kind))
    print(f"{options.run}: {pairs.count} images of {options.size} px, batch {options.batch}, {options.threads} threads")
    for kind, list_of in costs.items():
        median = {f.name: statistics.median(getattr(c, f.name) for c in list_of) for f in dataclasses.fields(Cost)}
        print(f"  {kind}: {pairs.count / median['cpu_s']:.2f} images a CPU second, {pairs.count / median['clock_s']:.2f} images/s, "
              f"{median['memory_mib']:.0f} MiB")
    ratios = [p.cpu_s / o.cpu_s for o, p in zip(costs["ours"], costs["peer"], strict=True)]
    low, middle, high = statistics.quantiles(ratios, n=4) if len(ratios) > 1 else ratios * 3
    print(f"  ratio of CPU time {middle:.2f} ({low:.2f} to {high:.2f})")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run")
    parser.add_argument("--images", required=True)
    parser.add_argument("--size", type=int, default=640)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--program", default="glid_predict")
    parser.add_argument("--peer", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--out", help=argparse.SUPPRESS)
    options = parser.parse_args()
    (peer if options.peer else bench)(options)


if __name__ == "__main__":
    main()
