#!/usr/bin/env python3
"""The paper's tables in miniature: real runs of `tiny` on generated scenes. usage: tables.py TABLE [options]; see --help.

Runs lie in OUT/runs, those that tables share once. A table that was stopped goes on with the same command, inside of a run
too; with another budget, it is another OUT.
"""
import argparse
import dataclasses
import json
import os
import pathlib
import statistics
import subprocess
import sys

INTERRUPTED = 75  # of glid_train: it goes on with the same command
SCENES = "data={name: scenes, count: 2000, size: 192, image_size: 96, workers: 1}"
# The metric that a task is judged by, and whether it is a part of 1, shown per cent.
METRICS = {"detection": ("AP50", True), "semantic": ("mIoU", True), "instance": ("AP50", True), "panoptic": ("PQ", True),
           "depth": ("rmse", False)}


@dataclasses.dataclass(frozen=True)
class Row:
    """One start of fine-tuning. `pretrain`: settings of the pre-training, or None where there is none."""
    name: str
    pretrain: tuple | None = ()
    finetune: tuple = ()
    parts: str = ""  # of the pre-trained weights; empty: all
    budget: float = 1  # of the pre-training, in parts of --pretrain-steps
    tasks_at_once: bool = False


def scratch(name="from scratch", **kwargs):
    return Row(name, pretrain=None, **kwargs)


def fractions():
    for percent in (10, 20, 50, 100):
        data = (f"data.fraction={percent / 100}",) if percent < 100 else ()
        yield scratch(f"{percent} %, from scratch", finetune=data)
        yield Row(f"{percent} %, GLID", finetune=data)


def layers(count):
    setting = (f"model.decoder.layers={count}",)
    return Row(f"{count} layers", pretrain=setting, finetune=setting)


# The paper's table, what it varies, its tasks, and its rows. What `tiny` has without settings, 3 layers and a random mask
# of 0.75, is the same run in all tables.
TABLES = {
    "multitask": (3, "several tasks in one model, or one each", ["semantic", "instance", "panoptic"],
                  [Row("one task each"), Row("all in one", tasks_at_once=True)]),
    "partial": (4, "what is taken of the pre-trained weights", ["detection", "depth"],
                [scratch(), Row("encoder", parts="encoder"), Row("encoder, BiFPN", parts="encoder,bifpn"), Row("all")]),
    "depth": (5, "decoder layers, in pre-training and after", ["detection", "depth"], [Row("3 layers"), layers(6), layers(9)]),
    "epochs": (6, "length of the pre-training (300, 600 and 900 epochs in the paper)", ["detection", "depth"],
               [scratch("none"), *(Row(f"{budget} of the budget", budget=budget) for budget in (0.5, 1, 1.5))]),
    "mask": (7, "what pre-training hides", ["detection"],
             [*(Row(f"{mask}, {ratio}", pretrain=(f"task.mask={mask}", f"task.mask_ratio={ratio}"))
                for mask, ratio in (("block", 0.75), ("grid", 0.75), ("random", 0.5), ("random", 0.6))),
              Row("random, 0.75")]),
    "fraction": (8, "part of the images to fine-tune on", ["detection", "depth"], list(fractions())),
}


def slug(setting):
    """A part of a run's name: layers6 of model.decoder.layers=6."""
    key, value = setting.split("=")
    return key.rsplit(".", 1)[-1] + value


class Runs:
    """Makes the runs that a table asks for; while `total` is 0 it only counts them."""

    def __init__(self, arguments):
        self.arguments = arguments
        self.folder = arguments.out / "runs"
        self.done = 0
        self.total = 0
        self.names = []  # in the order of the table

    def train(self, name, config, settings):
        """The folder of the run NAME, trained to its end."""
        folder = self.folder / name
        if folder not in self.names:
            self.names.append(folder)
            self.done += 1
            if self.total:
                self._train(folder, config, settings)
        return folder

    def _train(self, folder, config, settings):
        print(f"== [{self.done} of {self.total}] {folder}", flush=True)
        options = [word for setting in settings for word in ("--set", setting)]
        code = subprocess.run(["glid_train", "--config", f"configs/{config}.yaml", *options, "--out", str(folder)],
                              check=False).returncode
        if code == INTERRUPTED:
            sys.exit(INTERRUPTED)
        if code != 0:
            sys.exit(f"glid_train ended with exit code {code}: see its lines above and {folder}/log.txt")

    def pretrain(self, row):
        steps = round(row.budget * self.arguments.pretrain_steps)
        warmup = max(1, steps // 10)
        return self.train("_".join([f"pretrain{steps}", *map(slug, row.pretrain)]), "demo_pretrain",
                          [SCENES, f"train.steps={steps}", f"optim.warmup_steps={warmup}", "eval.every_steps=0",
                           "log.pictures_every_steps=0", *row.pretrain])

    def finetune(self, row, task, seed):
        steps = self.arguments.steps
        settings = [f"seed={seed}", f"train.steps={steps}", f"optim.warmup_steps={max(1, steps // 10)}",
                    f"eval.every_steps={max(1, steps // 2)}", "log.pictures_every_steps=0", *row.finetune]
        start = "scratch"
        if row.pretrain is not None:
            pretraining = self.pretrain(row)
            settings.append(f"init.from={pretraining}")
            start = pretraining.name
        if row.parts:
            settings.append(f"init.parts=[{row.parts}]")
            start += "_" + row.parts.replace(",", "_")
        return self.train("_".join([task, *map(slug, row.finetune), start, f"seed{seed}"]), f"demo_finetune_{task}", settings)


def value_of(run, metric):
    """Of the run's last validation."""
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    values = [line[f"val_{metric}"] for line in lines if f"val_{metric}" in line]
    if not values:
        sys.exit(f"{run}/metrics.jsonl has no val_{metric}: was the run made with other settings?")
    return values[-1]


def all_runs(runs, table, seeds):
    """{(row, task): [(run, metric) of each seed]}"""
    _, _, tasks, rows = TABLES[table]
    made = {}
    for seed in seeds:
        for row in rows:
            for task in tasks:
                metric = METRICS[task][0]
                of = ("multitask", f"{task}.{metric}") if row.tasks_at_once else (task, metric)
                made.setdefault((row.name, task), []).append((runs.finetune(row, of[0], seed), of[1]))
    return made


def cell(task, values):
    factor = 100 if METRICS[task][1] else 1
    digits = 1 if METRICS[task][1] else 3
    mean = f"{statistics.mean(values) * factor:.{digits}f}"
    return f"{mean} ± {statistics.stdev(values) * factor:.{digits}f}" if len(values) > 1 else mean


def markdown(table, made, arguments):
    number, what, tasks, rows = TABLES[table]
    seeds = arguments.seeds
    heads = [f"{task} {METRICS[task][0]}{' in %' if METRICS[task][1] else ' in m'}" for task in tasks]
    lines = [f"The paper's Table {number} in miniature: {what}. `tiny` on generated scenes, {arguments.pretrain_steps} steps of "
             f"pre-training, {arguments.steps} of fine-tuning, "
             + (f"mean and deviation of {len(seeds)} seeds." if len(seeds) > 1 else f"seed {seeds[0]}."), "",
             "| | " + " | ".join(heads) + " |", "|---" * (len(tasks) + 1) + "|"]
    for row in rows:
        values = {task: [value_of(*of) for of in made[row.name, task]] for task in tasks}
        lines.append(f"| {row.name} | " + " | ".join(cell(task, values[task]) for task in tasks) + " |")
    return "\n".join(lines) + "\n"


def steps(text):
    if int(text) < 2:
        raise argparse.ArgumentTypeError(f"must be 2 or more (got {text})")
    return int(text)


def seeds(text):
    found = [int(seed) for seed in text.split(",")]
    if len(set(found)) < len(found) or min(found) < 0:
        raise argparse.ArgumentTypeError(f"must be different whole numbers of at least 0 (got {text})")
    return found


def folder(text):
    """A place where runs can be written."""
    place = pathlib.Path(text)
    above = next(path for path in (place, *place.absolute().parents) if path.exists())
    if not above.is_dir():
        raise argparse.ArgumentTypeError(f"is no folder, but one is written (got {above})")
    if not os.access(above, os.W_OK):
        raise argparse.ArgumentTypeError(f"can't be written there: {above} doesn't allow it (got {text})")
    return place


class Parser(argparse.ArgumentParser):
    def error(self, message):
        self.exit(2, f"{self.prog}: {message}\n")  # one line, without the usage


def parse():
    parser = Parser(description=__doc__.splitlines()[0].split(" usage")[0],
                    formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("table", choices=sorted(TABLES), help="; ".join(f"{k}: Table {v[0]}" for k, v in TABLES.items()))
    parser.add_argument("--seeds", type=seeds, default=[0], help="as 0,1,2")
    parser.add_argument("--pretrain-steps", type=steps, default=1000, help="of 32 images")
    parser.add_argument("--steps", type=steps, default=300, help="of fine-tuning, of 8 images")
    parser.add_argument("--out", type=folder, default=pathlib.Path("runs/tables"))
    parser.add_argument("--list", action="store_true", help="only name the runs")
    return parser.parse_args()


def main():
    arguments = parse()
    plan = Runs(arguments)
    all_runs(plan, arguments.table, arguments.seeds)
    if arguments.list:
        print(*plan.names, sep="\n")
        return
    runs = Runs(arguments)
    runs.total = plan.done
    made = all_runs(runs, arguments.table, arguments.seeds)
    text = markdown(arguments.table, made, arguments)
    (arguments.out / f"{arguments.table}.md").write_text(text)
    print(text)
    report = arguments.out / f"{arguments.table}.html"
    finetuned = [str(run) for run in runs.names if not run.name.startswith("pretrain")]
    subprocess.run(["glid_report", *finetuned, "--out", str(report)], check=True)
    print(f"== {arguments.out}/{arguments.table}.md, {report}")


if __name__ == "__main__":
    main()
