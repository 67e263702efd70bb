#!/usr/bin/env python3
"""The paper's tables in miniature: real runs of `tiny` on generated scenes. usage: tables.py TABLE [options]; see --help.

Runs lie in OUT/runs, those that tables share once. A table that was stopped goes on with the same command, inside of a run
too; another --steps is another OUT.
"""
import argparse
import dataclasses

import series
from series import METRICS, Finetuned, Series, for_steps, of_seeds

SCENES = "data={name: scenes, count: 2000, size: 192, image_size: 96, workers: 1}"


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


class Runs(Series):
    def pretrain(self, row):
        steps = round(row.budget * self.arguments.pretrain_steps)
        return self.train("_".join([f"pretrain{steps}", *map(slug, row.pretrain)]), "demo_pretrain",
                          [SCENES, *for_steps(steps), "eval.every_steps=0", "log.pictures_every_steps=0", *row.pretrain])

    def finetune(self, row, task, seed):
        steps = self.arguments.steps
        settings = [f"seed={seed}", *for_steps(steps), f"eval.every_steps={max(1, steps // 2)}", "log.pictures_every_steps=0",
                    *row.finetune]
        start = "scratch"
        if row.pretrain is not None:
            pretraining = self.pretrain(row)
            settings.append(f"init.from={pretraining}")
            start = pretraining.name
        if row.parts:
            settings.append(f"init.parts=[{row.parts}]")
            start += "_" + row.parts.replace(",", "_")
        return self.train("_".join([task, *map(slug, row.finetune), start, f"seed{seed}"]), f"demo_finetune_{task}", settings)


def all_runs(runs, table, seeds):
    """{row: [[(run, metric) of each seed] of each task]}"""
    _, _, tasks, rows = TABLES[table]
    made = {row.name: [[] for _ in tasks] for row in rows}
    for seed in seeds:
        for row in rows:
            for column, task in zip(made[row.name], tasks):
                metric = METRICS[task][0]
                of = ("multitask", f"{task}.{metric}") if row.tasks_at_once else (task, metric)
                column.append((runs.finetune(row, of[0], seed), of[1]))
    return made


def title(table, arguments):
    number, what, _, _ = TABLES[table]
    return (f"The paper's Table {number} in miniature: {what}. `tiny` on generated scenes, {arguments.pretrain_steps} steps of "
            f"pre-training, {arguments.steps} of fine-tuning, {of_seeds(arguments.seeds)}.")


def parse():
    parser = series.Parser(description=__doc__.splitlines()[0].split(" usage")[0],
                           formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("table", choices=sorted(TABLES), help="; ".join(f"{k}: Table {v[0]}" for k, v in TABLES.items()))
    series.add_options(parser, "runs/tables")
    return parser.parse_args()


def main():
    arguments = parse()
    runs, made = series.carried_out(arguments, Runs, lambda asked: all_runs(asked, arguments.table, arguments.seeds))
    said, reached = title(arguments.table, arguments), Finetuned(TABLES[arguments.table][2], made)
    finetuned = [run for run in runs.names if not run.name.startswith("pretrain")]
    series.publish(arguments, arguments.table, "\n".join([said, "", *reached.markdown()]) + "\n", reached.plot(said),
                   {arguments.table: finetuned})


if __name__ == "__main__":
    series.runs(main)
