#!/usr/bin/env python3
"""Repeats a whole fine-tuning step in PyTorch eager and compares the loss, its terms and all gradients.

    pip install torch==2.11.0 transformers==5.23.0 scipy safetensors pyyaml pillow
    python scripts/parity/finetune.py parity_finetune [--only NAME] [--type double|float]
        [--weights RUN [--parts encoder,bifpn,decoder,queries,heads]]

The program writes down a step of a demo's configuration (tests/train/parity_finetune.cpp): weights, the batch with what the
task prepared, loss and gradients. Here the model is glid_eager.py's, losses and matching are transformers' (detection.py,
segmentation.py) or the papers' equations (depth.py; heatmaps and classes below), all in double. Loss and terms must agree to
1e-4 of their size, gradients to 1e-4 of the largest gradient. With --type double they must agree too to 1e-4 of their own
tensor's largest ("by tensor"; where that is under 1e-4 of the largest of all, of that): in single precision sums that
cancel, as those over alike queries do, leave more, as they do in PyTorch. With --weights the model starts from a run's
checkpoint. Prints a line a case; exits with 1 if one differs.
"""
import argparse
import dataclasses
import json
import math
import pathlib
import subprocess
import sys
import tempfile

import safetensors
import torch
import torch.nn.functional as F
import yaml

import depth
import detection
import segmentation
from glid_eager import TINY, make_plan
from glid_queries import AskedGlid, Question

SOURCE = pathlib.Path(__file__).resolve().parents[2]
TOLERANCE, BEFORE_LAYERS = 1e-4, -1
SHORT = ["data.count=64", "data.workers=0", "train.threads=1"]  # the batch is of the first images of an epoch
SEVERAL_LAYERS = ["task.deep_supervision=true", "task.mask_features=mean_norm", "task.dot_scale=null", "task.head_layers=3"]
CASES = {  # name: (demo, settings)
    "detection": ("detection", []),
    "detection, hybrid focal": ("detection", [
        "task.class_loss=focal", "task.one_to_many={queries: 40, repeats: 3}", "task.auxiliary=true",
        "task.box_reference=none", "task.query_init=normal", "task.head_layers=3"]),
    "detection, hybrid softmax, post-norm": ("detection", [
        "task.one_to_many={queries: 30, repeats: 6}", "task.auxiliary=true", "model.decoder.norm=post"]),
    "detection, the paper's queries": ("detection", [
        "task.class_loss=focal", "task.queries=300", "task.one_to_many={queries: 1500, repeats: 6}", "task.auxiliary=true",
        "task.box_reference=none", "task.query_init=normal"]),
    "semantic": ("semantic", []),
    "semantic, every layer": ("semantic", SEVERAL_LAYERS),
    "semantic, the paper's points": ("semantic", ["task.points=12544", "task.deep_supervision=true"]),
    "instance": ("instance", []),
    "instance, every layer": ("instance", SEVERAL_LAYERS),
    "instance, masked attention": ("instance", ["task.masked_attention=true", "task.deep_supervision=true"]),
    "panoptic": ("panoptic", []),
    "panoptic, post-norm": ("panoptic", ["model.decoder.norm=post"]),
    "depth": ("depth", []),
    "depth, linear bins, two layers": ("depth", [
        "task.bin_norm=linear", "task.auxiliary=[[1, 0.25], [2, 0.5]]", "task.query_init=normal"]),
    "depth, micro-batch": ("depth", ["task.si_pool=micro_batch", "task.query_init=grid", "task.dot_scale=1"]),
    "pose": ("pose", []),
    "pose, smooth L1": ("pose", ["task.heatmap_loss=smooth_l1", "task.loss_scale=10", "task.mask_features=plain",
                                 "task.auxiliary=[[1, 0.5]]"]),
    "pose, MSE": ("pose", ["task.heatmap_loss=mse", "task.dot_scale=null"]),
    "classification": ("classification", []),
    "multitask": ("multitask", []),
    "multitask, masked attention": ("multitask", [
        f"task.{task}.masked_attention=true" for task in ("semantic", "instance", "panoptic")]),
    "multitask, own queries": ("multitask", ["task.query_table=own", "train.batch_size=8"]),
}


class Step:
    """What the program wrote."""

    def __init__(self, file, dtype):
        with safetensors.safe_open(file, "pt") as f:
            tensors = {name: f.get_tensor(name) for name in f.keys()}
            metadata = f.metadata()
        of = lambda kind: {n.removeprefix(kind): t for n, t in tensors.items() if n.startswith(kind)}
        self.dtype, self.config = dtype, yaml.safe_load(metadata["config"])
        self.parameters = {n: t.to(dtype).requires_grad_() for n, t in of("parameter.").items()}
        self.gradients, self.loss = of("gradient."), float(tensors["loss"])
        names = [tuple(name) for name in json.loads(metadata["terms"])]
        self.terms = dict(zip(names, tensors["terms"].tolist(), strict=True))
        lengths = of("lengths.")
        self.arrays = {n: t.to(dtype if t.is_floating_point() else t.dtype).split(lengths[n].tolist())
                       for n, t in of("array.").items()}
        self.groups, sizes = tensors["pictures"][:, 0].tolist(), tensors["pictures"][:, 1:]
        self.size = sizes[0].tolist()
        if (sizes != self.config["data"]["image_size"]).any():
            raise ValueError("only pictures of data.image_size are made here")
        self.units, self.placed = tensors["units"], of("placed.")

    def images(self):
        """[B, H, W, 3], normalised by ImageNet's mean and deviation in single precision, as the program does it."""
        u, grid, batch = self.units.shape[1], self.size[0] // self.units.shape[1], len(self.groups)
        pixels = self.units.view(batch, grid, grid, u, u, 3).transpose(2, 3).reshape(batch, *self.size, 3)
        mean, deviation = (torch.tensor([255 * x for x in rgb]) for rgb in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
        return ((pixels.float() - mean) / deviation).to(self.dtype)

    def of_picture(self, name, length):
        """Numbers of each picture that are known of its pixels, `length(b)` of them."""
        lengths = [length(b) for b in range(len(self.groups))]
        return self.placed[name].split(lengths)

    def masks(self, task):
        """Masks [n, H, W] and classes [n] of each picture, of those that have a pixel."""
        height, width = self.size
        if task == "instance":
            counts = self.placed["num_masks"].tolist()
            maps = self.of_picture("masks", lambda b: counts[b] * height * width)
            found = [m.view(-1, height, width) for m in maps], self.of_picture("categories", lambda b: counts[b])
        elif task == "panoptic":
            counts = self.placed["num_segments"].tolist()
            ids = self.of_picture("panoptic", lambda b: height * width)
            segments = [s.view(-1, 2) for s in self.of_picture("segments", lambda b: 2 * counts[b])]
            found = ([i.view(height, width) == s[:, :1, None] for i, s in zip(ids, segments)], [s[:, 1] for s in segments])
        else:
            maps = [m.view(height, width) for m in self.of_picture("semantic", lambda b: height * width)]
            classes = [m.unique() for m in maps]
            classes = [c[c != 255] for c in classes]  # no class
            found = [m == c[:, None, None] for m, c in zip(maps, classes)], classes
        some = [m.flatten(1).any(1) for m in found[0]]
        return [m[s].to(self.dtype) for m, s in zip(found[0], some)], [c[s] for c, s in zip(found[1], some)]


def model_config(config):
    encoder, decoder = config["model"]["encoder"], config["model"]["decoder"]
    known = {"name": "tiny", "patch": None, "window": None, "drop_path": 0}
    if encoder != known or decoder["positions"] != "fourier" or decoder["query_pos"] != "both":
        raise ValueError(f"not made here: {config['model']}")
    return dataclasses.replace(TINY, image=config["data"]["image_size"], width=decoder["width"], layers=decoder["layers"],
                               cells=config["model"]["bifpn"]["cells"], decoder_heads=decoder["heads"], norm=decoder["norm"])


# Each task below: questions(), to be answered in turn, and losses(answers, features) -> {(term, layer): (value, weight)}.
# `images` is the slice of the pictures that it is about.


class Task:
    def __init__(self, step, config, images, prefix=""):
        self.step, self.config, self.images, self.prefix = step, config, images, prefix
        self.layers = step.config["model"]["decoder"]["layers"]

    def array(self, name):
        return self.step.arrays[self.prefix + name][self.images]

    def heads(self, *names):
        return [self.prefix.replace(".", "_") + name for name in names]

    def outputs(self, head):
        return self.step.parameters[f"heads.{self.heads(head)[0]}.weight"].shape[0]

    def asked(self, rows, heads, supervised=(), self_mask=None):
        return [Question(self.images, rows, self.heads(*heads), supervised, self_mask)]

    def named(self, losses, weights, layers):
        """From {term: [of each layer]}, the last layer's number being 0, that before the first BEFORE_LAYERS."""
        numbers = [*(n or BEFORE_LAYERS for n in layers[:-1]), 0]
        return {(self.prefix + term, number): (value, weights[term])
                for term, values in losses.items() for number, value in zip(numbers, values, strict=True)}

    def maps(self, z, features):
        """<f^b, z> of z [.., B, Q, d] and f^b [B, h, w, d]: [.., B, Q, h, w]."""
        if self.config["mask_features"] == "mean_norm":
            features = features - features.mean((1, 2), keepdim=True)
            features = F.layer_norm(features, features.shape[-1:])
        scale = self.config["dot_scale"] or 1 / math.sqrt(features.shape[-1])
        return torch.einsum("...bqd,bhwd->...bqhw", z, features) * scale

    def products(self, answer, features):
        """Of all layers, [layers, B, Q, h, w]."""
        return self.maps(answer[self.heads("embedding")[0]], features[self.images])

    def auxiliary(self):
        """Numbers and weights of the layers with a loss."""
        return [(int(n), w) for n, w in self.config["auxiliary"]] + [(self.layers, 1.0)]


class Detection(Task):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.queries, self.many = self.config["queries"], self.config["one_to_many"]
        self.supervised = list(range(1, self.layers + 1)) if self.config["auxiliary"] else [self.layers]
        self.truths, self.labels = list(self.array("boxes")), list(self.array("labels"))
        self.class_loss = self.config["class_loss"]
        classes = self.outputs("class") - (self.class_loss == "softmax")
        self.criterion = detection.criterion(self.class_loss, classes).to(self.step.dtype)

    def questions(self):
        group = torch.arange(self.queries + self.many["queries"]) < self.queries
        mask = group[:, None] == group if self.many["queries"] else None
        return self.asked(slice(0, len(group)), ["class", "box"], self.supervised, mask)

    def losses(self, answers, _features):
        logits, boxes = answers[0]["class"], answers[0]["box"].sigmoid()
        losses = detection.hybrid_losses(self.criterion, logits, boxes, self.truths, self.labels, self.queries,
                                         self.many["repeats"])
        weights = {prefix + name: factor * weight for name, weight in detection.WEIGHTS[self.class_loss].items()
                   for prefix, factor in (("", 1), ("many_", self.many["weight"]))}
        return self.named(losses, weights, self.supervised)


class Segmentation(Task):
    def __init__(self, step, config, images, prefix="", name=None):
        super().__init__(step, config, images, prefix)
        self.masked = config["masked_attention"]
        first = 0 if self.masked else 1  # Mask2Former has a loss before the first layer too
        self.supervised = list(range(first, self.layers + 1)) if config["deep_supervision"] else [self.layers]
        self.first_row = 0
        masks, labels = step.masks(name or config["name"])
        self.masks, self.labels = masks[images], labels[images]
        self.places = torch.cat(self.array("points"))
        self.criterion = segmentation.criterion_of(self.outputs("class") - 1, config["points"]).to(step.dtype)

    def questions(self):
        rows = slice(self.first_row, self.first_row + self.config["queries"])
        question, = self.asked(rows, ["class", "embedding"], self.supervised)
        if self.masked:
            question.masked, question.maps = self.heads("embedding")[0], self.maps
        return [question]

    def losses(self, answers, features):
        logits = answers[0][self.heads("class")[0]]
        losses, count = {name: [] for name in segmentation.WEIGHTS}, max(1, sum(map(len, self.labels)))
        for of_layer, maps in zip(logits, self.products(answers[0], features), strict=True):
            sums, weight = segmentation.sums_of(self.criterion, of_layer, maps, self.masks, self.labels, self.places)
            for name, total in sums.items():
                losses[name].append(total / (weight if name == "class" else count))
        return self.named(losses, segmentation.WEIGHTS, self.supervised)


class Depth(Task):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.truths = [t.view(self.step.size) for t in self.array("depth")]

    def questions(self):
        return self.asked(slice(0, self.config["bins"]), ["lengths", "embedding"], [n for n, _ in self.auxiliary()])

    def losses(self, answers, features):
        limits = self.config["min_depth"], self.config["max_depth"], self.config["bin_norm"]
        centres, values = depth.bin_centres(answers[0]["lengths"].squeeze(-1), *limits), []
        for products, of_layer in zip(self.products(answers[0], features), centres, strict=True):
            maps = [depth.depth_map(p, c, *self.step.size) for p, c in zip(products, of_layer, strict=True)]
            if self.config["si_pool"] == "micro_batch":
                values.append(depth.eigen_loss(torch.stack(maps), torch.stack(self.truths)))
            else:
                known = [depth.eigen_loss(m, t) for m, t in zip(maps, self.truths, strict=True) if (t > 0).any()]
                values.append(sum(known) / len(known))
        return {("si", n if n < self.layers else 0): (v, w) for (n, w), v in zip(self.auxiliary(), values, strict=True)}


class Pose(Task):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.targets, self.weights = torch.stack(self.array("heatmaps")), torch.stack(self.array("weights"))

    def questions(self):
        return self.asked(slice(0, self.weights.shape[1]), ["embedding"], [n for n, _ in self.auxiliary()])

    def loss(self, maps):
        kind, seen = self.config["heatmap_loss"], self.weights[:, :, None, None]
        if kind == "smooth_l1":
            return F.smooth_l1_loss(maps * seen, self.targets * seen, beta=self.config["beta"])
        if kind == "mse":
            return F.mse_loss(maps * seen, self.targets * seen)
        labelled = self.weights > 0
        places = self.targets[labelled].flatten(1)
        return F.cross_entropy(maps[labelled].flatten(1), places / places.sum(1, keepdim=True))

    def losses(self, answers, features):
        scale, products = self.config["loss_scale"], self.products(answers[0], features)
        return {("heatmap", n if n < self.layers else 0): (self.loss(maps), w * scale)
                for (n, w), maps in zip(self.auxiliary(), products, strict=True)}


class Classification(Task):
    def questions(self):
        return self.asked(None, ["class"])

    def losses(self, answers, _features):
        logits, labels = answers[0]["class"][-1, :, 0], torch.cat(self.array("label"))
        return {("class", 0): (F.cross_entropy(logits, labels, label_smoothing=self.config["smoothing"]), 1.0)}


class Multitask:
    def __init__(self, step, config, _images):
        self.parts, row = [], 0
        for group, name in enumerate(config["tasks"]):
            first, count = step.groups.index(group), step.groups.count(group)
            self.parts.append(Segmentation(step, config[name], slice(first, first + count), name + ".", name))
            self.parts[-1].first_row = row
            row += config[name]["queries"] if config["query_table"] == "own" else 0
        self.shares = [step.groups.count(group) / len(step.groups) for group in range(len(self.parts))]

    def questions(self):
        return [question for part in self.parts for question in part.questions()]

    def losses(self, answers, features):
        return {name: (value, weight * share)
                for part, answer, share in zip(self.parts, answers, self.shares, strict=True)
                for name, (value, weight) in part.losses([answer], features).items()}


TASKS = {"detection": Detection, "depth": Depth, "pose": Pose, "classification": Classification, "multitask": Multitask,
         **dict.fromkeys(("semantic", "instance", "panoptic"), Segmentation)}


class Twin:
    """The step of PyTorch: losses() -> {(term, layer): (value, weight)}, with gradients to parameters."""

    def __init__(self, step):
        config = model_config(step.config)
        self.model, self.images, batch = AskedGlid(config, step.parameters), step.images(), len(step.groups)
        self.plan = make_plan(config, [range(config.grid**2)] * batch)
        self.task = TASKS[step.config["task"]["name"]](step, step.config["task"], slice(0, batch))

    def losses(self):
        pyramid = self.model.pyramid_of(self.images, self.plan)
        features = self.model.feature_map(pyramid, self.plan)
        answers = [self.model.answer(pyramid, self.plan, question, features) for question in self.task.questions()]
        return self.task.losses(answers, features)

    def loss(self):
        return sum(weight * value for value, weight in self.losses().values())


def command(program, demo, file, type_, settings):
    return [program, SOURCE / f"configs/demo_finetune_{demo}.yaml", file, type_, *SHORT, *settings]


def written_step(program, demo, settings, type_, folder):
    """The file of a step of a demo's configuration."""
    file = pathlib.Path(folder) / "step.safetensors"
    subprocess.run(command(program, demo, file, type_, settings), check=True, capture_output=True, stdin=subprocess.DEVNULL)
    return file


@dataclasses.dataclass
class Differences:
    """Relative ones, the largest of each kind."""
    loss: float
    of_terms: float  # and of the loss
    of_gradients: float  # as parts of the largest of all
    by_tensor: float
    worst: str  # tensor

    def within(self, type_):
        return max(self.of_terms, self.of_gradients, self.by_tensor if type_ == "double" else 0) <= TOLERANCE


def compare(step):
    losses = Twin(step).losses()
    if losses.keys() != step.terms.keys():
        raise ValueError(f"terms {sorted(losses)}, the program's are {sorted(step.terms)}")
    total = sum(weight * value for value, weight in losses.values())
    total.backward()
    pairs = [(total.item(), step.loss), *((value.item(), step.terms[name]) for name, (value, _) in losses.items())]
    largest = max(g.abs().max() for g in step.gradients.values())
    of_all, by_tensor = {}, {}
    for name, gradient in step.gradients.items():
        if step.parameters[name].grad is None:
            raise ValueError(f"{name} takes no part here")
        difference = (step.parameters[name].grad - gradient).abs().max()
        of_all[name] = (difference / largest).item()
        by_tensor[name] = (difference / torch.maximum(gradient.abs().max(), TOLERANCE * largest)).item()
    worst = max(by_tensor, key=by_tensor.get)
    of_terms = max(abs(a - b) / max(abs(b), 1e-12) for a, b in pairs)
    return Differences(total.item(), of_terms, max(of_all.values()), by_tensor[worst], worst)


def main(options):
    weights = [f"init.from={options.weights}", f"init.parts=[{options.parts}]"] if options.weights else []
    print(f"{'case':38}{'loss':>10}{'terms':>10}{'gradients':>11}{'by tensor':>11}  worst")
    failed = []
    for name, (demo, settings) in CASES.items():
        if options.only not in name:
            continue
        with tempfile.TemporaryDirectory() as folder:
            file = written_step(options.program, demo, settings + weights, options.type, folder)
            found = compare(Step(file, torch.float64))
        print(f"{name:38}{found.loss:10.5f}{found.of_terms:10.1e}{found.of_gradients:11.1e}{found.by_tensor:11.1e}  "
              f"{found.worst}", flush=True)
        if not found.within(options.type):
            failed.append(name)
    if failed:
        sys.exit(f"FAILED: {', '.join(failed)}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--only", default="", help="cases whose name has this in it")
    parser.add_argument("--type", choices=["float", "double"], default="double", help="arithmetic of the program")
    parser.add_argument("--weights", help="a run, checkpoint or .safetensors file")
    parser.add_argument("--parts", default="encoder,bifpn,decoder", help="what is taken of it")
    main(parser.parse_args())
