#!/usr/bin/env python3
"""Ways to pre-train, compared: the same encoder, images and tasks. usage: compare_objectives.py [options]; see --help.

Each objective sees the same number of images; then its encoder alone is fine-tuned with every seed, under a BiFPN and a
decoder that start at random; of GLID all of the model too. Runs lie in OUT/runs. What was stopped goes on with the same
command, inside of a run too; with another budget or other images, it is another OUT.
"""
import argparse
import dataclasses
import pathlib
import re
import shlex
import statistics
import sys

import series
from series import METRICS, Finetuned, Series, carry_out, command, for_steps, of_seeds, value_of


@dataclasses.dataclass(frozen=True)
class Encoder:
    keys: str
    of_units: str  # what it has besides where a token is a unit
    unit: int  # px, there
    lr: str  # of pre-training
    blocks: str  # keys of BEiT's masks, some 40 % of the units


ENCODERS = {"tiny": Encoder("name: tiny", "", 16, "2.4e-3", "masked: 14, smallest_block: 3"),
            "tiny_vit": Encoder("name: tiny_vit, positions: sincos, class_token: false", ", unit: 1", 8, "1.0e-3",
                                "masked: 55, smallest_block: 12")}
DECODER = "decoder: {blocks: 1, width: 96, heads: 3}"


@dataclasses.dataclass(frozen=True)
class Objective:
    title: str
    task: str  # its keys
    reads_units: bool = True
    reads_classes: bool = False  # of the images' folders
    encoders: tuple = tuple(ENCODERS)


OBJECTIVES = {
    "masked_image": Objective("GLID", "", reads_units=False),
    "simmim": Objective("SimMIM", ""),
    "mae": Objective("MAE", DECODER),
    "mixmae": Objective("MixMAE", DECODER),
    "beit": Objective("BEiT, codes of k-means", "codebook: {codebook}, {blocks}"),
    "aim": Objective("AIM", "head_blocks: 4", encoders=("tiny_vit",)),
    "supervised": Objective("classes of the images", "smoothing: 0.1, crop_area: 0.4, mixup: 0, cutmix: 0, erase: 0",
                            reads_classes=True),
}
TASKS = ("depth", "semantic")


def has_classes(images):
    """As ImageNet's folders."""
    train = images / "train"
    return train.is_dir() and any(child.is_dir() for child in train.iterdir())


def lacks(name, arguments):
    """What an objective would need and hasn't; empty if it can be compared."""
    objective, images = OBJECTIVES[name], arguments.data
    if arguments.encoder not in objective.encoders:
        return arguments.encoder
    return f"classes in {images}" if objective.reads_classes and images and not has_classes(images) else ""


class Runs(Series):
    BUDGET = ("steps", "pretrain_steps", "encoder", "data")

    def encoder(self, of_units=False):
        encoder = ENCODERS[self.arguments.encoder]
        return f"model.encoder={{{encoder.keys}{encoder.of_units if of_units else ''}}}"

    def images(self):
        root = self.arguments.data
        return [f"data.root={root}", *([] if has_classes(root) else ["data.name=folder"])]

    def pretraining(self, name):
        """Configuration and settings."""
        steps, objective = self.arguments.pretrain_steps, OBJECTIVES[name]
        own = objective.task.replace("{codebook}", str(codebook(self.arguments)))
        own = own.replace("{blocks}", ENCODERS[self.arguments.encoder].blocks)
        keys = ", ".join(part for part in (f"name: {name}", own) if part)
        return "demo_pretrain", [*self.images(), self.encoder(objective.reads_units), f"task={{{keys}}}", *for_steps(steps),
                                 f"optim.lr={ENCODERS[self.arguments.encoder].lr}",
                                 f"eval.every_steps={max(1, steps // 4)}", f"log.pictures_every_steps={steps}"]

    def pretrain(self, name):
        return self.train(f"pretrain_{name}", *self.pretraining(name))

    def finetune(self, task, start, seed):
        steps = self.arguments.steps
        settings = [f"seed={seed}", self.encoder(), *for_steps(steps), f"eval.every_steps={max(1, steps // 2)}",
                    "log.pictures_every_steps=0"]
        if start.objective:
            settings.append(f"init.from={self.pretrain(start.objective)}")
            settings += [] if start.whole else ["init.parts=[encoder]"]
        return self.train(f"{task}_{start.slug}_seed{seed}", f"demo_finetune_{task}", settings)


@dataclasses.dataclass(frozen=True)
class Start:
    """Of fine-tuning; from scratch without an objective."""
    objective: str = ""
    whole: bool = False  # of the model, not its encoder alone

    @property
    def slug(self):
        return (self.objective or "scratch") + ("_whole" if self.whole else "")

    @property
    def title(self):
        if not self.objective:
            return "from scratch"
        return OBJECTIVES[self.objective].title + (", BiFPN and decoder too" if self.whole else "")


def starts(arguments):
    yield Start()
    for name in arguments.objectives:
        yield Start(name)
        if not OBJECTIVES[name].reads_units:  # it has what tasks have
            yield Start(name, whole=True)


def all_runs(runs, arguments):
    """{(start, task): runs of the seeds}"""
    made = {}
    for seed in arguments.seeds:
        for start in starts(arguments):
            for task in arguments.tasks:
                made.setdefault((start, task), []).append(runs.finetune(task, start, seed))
    return made


def lowest_blind(run):
    """The name and loss of the best predictor that never learns."""
    losses = series.numbers(run, "without_learning")[0]
    return min(losses.items(), key=lambda item: item[1])


def gflop_of(configuration):
    """Of an image, as --profile counts it."""
    words = [*command(*configuration), "--profile", "1"]
    found = re.search(r"([\d.e+-]+) GFLOP an image", carry_out(words, quiet=True))
    if not found:
        sys.exit(f"glid_train --profile has said no GFLOP an image; the command: {shlex.join(words)}")
    return found[1]


def pretraining_rows(runs, arguments):
    for name in arguments.objectives:
        run = runs.pretrain(name)
        blind, loss = lowest_blind(run)
        yield [OBJECTIVES[name].title, f"{value_of(run, 'loss'):.3f}", f"{loss:.3f} ({blind})",
               f"{statistics.median(series.numbers(run, 'images_per_s')):.0f}", gflop_of(runs.pretraining(name))]


def finetuned(made, arguments):
    return Finetuned(arguments.tasks, {start.title: [[(run, METRICS[task][0]) for run in made[start, task]]
                                                     for task in arguments.tasks] for start in starts(arguments)})


def title(arguments):
    return f"Fine-tuned on generated scenes, {arguments.steps} steps of 8, {of_seeds(arguments.seeds)}."


def markdown(runs, reached, arguments):
    pretraining = series.table(["pre-training", "validation loss", "best without learning", "images/s", "GFLOP an image"],
                               pretraining_rows(runs, arguments))
    absent = [f"Not among them: {name}, which has no {lacks(name, arguments)}."
              for name in OBJECTIVES if lacks(name, arguments)]
    return "\n".join([f"`{arguments.encoder}` pre-trained on {arguments.data}, {arguments.pretrain_steps} steps of 32 images.",
                      "Losses of different objectives can't be compared.", *absent, "", *pretraining, "",
                      title(arguments), "", *reached.markdown("start")]) + "\n"


def names(known):
    def parse_names(text):
        found = text.split(",")
        if set(found) - set(known) or len(set(found)) < len(found):
            raise argparse.ArgumentTypeError(f"must be different ones of {', '.join(known)} (got {text})")
        return found
    return parse_names


def parse():
    parser = series.Parser(description=__doc__.splitlines()[0].split(" usage")[0],
                           formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--objectives", type=names(OBJECTIVES), help="as simmim,mae; all that encoder and images have by default")
    parser.add_argument("--tasks", type=names(METRICS), default=list(TASKS), help="as depth,semantic")
    parser.add_argument("--encoder", choices=ENCODERS, default="tiny_vit", help="tiny is a Swin")
    parser.add_argument("--data", type=series.as_seen, help="folder of images to pre-train on; by default generated ones")
    series.add_options(parser, "runs/objectives", seeds=[0, 1, 2])
    arguments = parser.parse_args()
    arguments.objectives = arguments.objectives or [name for name in OBJECTIVES if not lacks(name, arguments)]
    for name in arguments.objectives:
        if lacks(name, arguments):
            parser.error(f"argument --objectives: {name} has no {lacks(name, arguments)}")
    return arguments


def codebook(arguments):
    """Its patches are the encoder's units."""
    return arguments.out / f"codebook_{ENCODERS[arguments.encoder].unit}px.safetensors"


def make_codebook(arguments):
    """What BEiT predicts."""
    if arguments.list or "beit" not in arguments.objectives or codebook(arguments).exists():
        return
    carry_out(["glid_data", "codebook", "--data", str(arguments.data), "--size", "256", "--image-size", "96",
               "--patch", str(ENCODERS[arguments.encoder].unit), "--out", str(codebook(arguments))])


def make_images(arguments):
    """The folder to pre-train on."""
    if arguments.data:
        return
    arguments.data = arguments.out / "scenes"
    if not arguments.list:  # it is made once
        carry_out(["glid_data", "make-demo", "--out", str(arguments.data)])


def main():
    arguments = parse()
    make_images(arguments)
    make_codebook(arguments)
    runs, made = series.carried_out(arguments, Runs, lambda asked: all_runs(asked, arguments))
    pages = {"pretraining": [runs.pretrain(name) for name in arguments.objectives]}
    for task in arguments.tasks:
        pages[task] = [run for (_, of), all_seeds in made.items() if of == task for run in all_seeds]
    reached = finetuned(made, arguments)
    series.publish(arguments, "objectives", markdown(runs, reached, arguments), reached.plot(title(arguments)), pages)


if __name__ == "__main__":
    series.runs(main)
