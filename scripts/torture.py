#!/usr/bin/env python3
"""Kills a real two-rank run again and again, and shows that its end is that of a run which never was.

usage: torture.py [N] [--task pretraining|detection] [--steps 24] [--ranks 2] [--seed S] [--out DIR]

A run of `tiny` on generated scenes is trained to its end. A second one of the same settings is killed N times (20) by
SIGKILL: its launcher, one of its ranks, or all of them, at a random moment of its life, which begins with what a start takes
and ends a few checkpoints later, or, two times of five, at the next moment from there at which a checkpoint is half-written;
each update writes a checkpoint. It goes on each time with the same command. A run that reaches its end before the last kill
is begun anew in another folder. All checkpoints, metrics.jsonl but its times, and nothing left behind are compared, bit for
bit. Without --task a pre-training has one half of the kills and a fine-tuning the other. Exits with 1 where something
differs, a run that goes on fails, or a flight record is no JSON.
"""
import argparse
import hashlib
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

SCENES = "data={name: scenes, kind: %s, count: 64, size: 96, image_size: 96, workers: 1}"
TASKS = {"pretraining": ("demo_pretrain", "plain"), "detection": ("demo_finetune_detection", "classes")}
TIMES = ("images_per_s", "data_wait", "memory_mib")  # what of metrics.jsonl is of the machine
LONGEST_S = 600  # of a run without a kill
LONGEST_WAIT_S = 30  # for a checkpoint to begin


def command(options, out):
    config, kind = TASKS[out.parent.name]
    settings = [SCENES % kind, f"train.steps={options.steps}", "train.batch_size=4", "train.threads=1", "optim.warmup_steps=1",
                f"eval.every_steps={options.steps // 2}", "eval.fraction=0.25", "checkpoint.every_steps=1", "checkpoint.keep=2",
                "checkpoint.milestone_steps=4", "log.every_steps=1", "log.pictures_every_steps=0"]
    return ["glid_train", "--config", f"configs/{config}.yaml", "--nproc", str(options.ranks), "--out", str(out),
            *(word for setting in settings for word in ("--set", setting))]


def start(options, out):
    with open(out.with_suffix(".txt"), "ab") as log:
        return subprocess.Popen(command(options, out), stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)


def children(process):
    return [int(pid) for pid in pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]


def kill_something(process, rng):
    """Says whom. The others end by themselves: ranks don't outlive their launcher, and it kills those that a rank has left."""
    whom = rng.choice(["launcher", "rank", "all"])
    ranks = children(process)
    try:
        if whom == "all":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            os.kill(process.pid if whom == "launcher" or not ranks else rng.choice(ranks), signal.SIGKILL)
    except ProcessLookupError:
        pass
    return whom


def wait_for_all(process, patience_s=60):
    """Until no process of the run is left."""
    process.wait(patience_s)
    end = time.monotonic() + patience_s
    while time.monotonic() < end:
        try:
            os.killpg(process.pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    sys.exit(f"torture.py: processes of {process.args[-1]} outlive their run by {patience_s} s")


def finish(options, out):
    process = start(options, out)
    if process.wait(LONGEST_S) != 0:
        sys.exit(f"torture.py: the run in {out} ended with {process.returncode}: see {out.with_suffix('.txt')}")


def newest(out):
    return max((int(f.name.removeprefix("step_")) for f in (out / "checkpoints").glob("step_*") if not f.suffix), default=0)


def half_written(out):
    return list((out / "checkpoints").glob("step_*.tmp"))


def wait_for_half_written(process, out):
    end = time.monotonic() + LONGEST_WAIT_S
    while time.monotonic() < end and process.poll() is None and not half_written(out):
        time.sleep(0.001)


def check_flight_records(out):
    """Of the ranks that lost those that were killed; how many there are."""
    records = list(out.glob("flight_rank*.json"))
    for record in records:
        json.loads(record.read_text())
    return len(records)


class Attempts:
    """Kills one run after another, each until its end."""

    def __init__(self, options, folder, kills, life_s):
        self.options, self.folder, self.wanted, self.life_s = options, folder, kills, life_s
        self.rng = random.Random(options.seed)
        self.kills, self.ended = {"launcher": 0, "rank": 0, "all": 0}, []
        self.in_checkpoints = self.records = 0

    def kill_once(self, out):
        """False where the run has ended before."""
        before, process = newest(out), start(self.options, out)
        left_before = set(half_written(out))
        try:
            process.wait(self.rng.uniform(0, self.life_s))
        except subprocess.TimeoutExpired:
            if self.rng.random() < 0.4:
                wait_for_half_written(process, out)
        if process.poll() is None:
            whom = kill_something(process, self.rng)
            wait_for_all(process)
            self.kills[whom] += 1
            in_checkpoint = bool(set(half_written(out)) - left_before)
            self.in_checkpoints += in_checkpoint
            self.records += check_flight_records(out)
            print(f"kill {sum(self.kills.values())} of {self.wanted}: {whom}{' in a checkpoint' * in_checkpoint}, "
                  f"{out.name} from step {before} to {newest(out)}", flush=True)
            return True
        if process.returncode != 0:
            sys.exit(f"torture.py: the run in {out} ended with {process.returncode} by itself: see {out.with_suffix('.txt')}")
        return False

    def all(self):
        """The folders of the runs, all at their ends."""
        out = self.folder / "killed0"
        while sum(self.kills.values()) < self.wanted:
            if not self.kill_once(out):
                self.ended.append(out)
                out = self.folder / f"killed{len(self.ended)}"
        finish(self.options, out)
        return [*self.ended, out]


def digest(file):
    return hashlib.sha256(file.read_bytes()).hexdigest()


def record(out):
    """What must be equal: the files of all checkpoints, the lines of metrics.jsonl, the names of what is there."""
    found = {f"checkpoint {f.relative_to(out / 'checkpoints')}": digest(f)
             for f in (out / "checkpoints").rglob("*.safetensors")}
    for i, line in enumerate((out / "metrics.jsonl").read_text().splitlines()):
        found[f"metrics.jsonl:{i + 1}"] = {k: v for k, v in json.loads(line).items() if k not in TIMES}
    found["names"] = sorted(str(f.relative_to(out)) for f in out.rglob("*") if not f.name.startswith("events.out"))
    return found


def compare(reference, out):
    expected, found = record(reference), record(out)
    differing = sorted(k for k in expected.keys() | found.keys() if expected.get(k) != found.get(k))
    for key in differing[:5]:
        print(f"{out.name}: {key} differs: {found.get(key)} instead of {expected.get(key)}")
    return not differing


def torture(options, task, kills):
    folder = options.out / task
    folder.mkdir()
    reference = folder / "whole"
    begin = time.monotonic()
    finish(options, reference)
    whole_s = time.monotonic() - begin
    print(f"{task}: {options.steps} steps on {options.ranks} ranks in {whole_s:.0f} s without a kill", flush=True)
    attempts = Attempts(options, folder, kills, life_s=whole_s / 2)
    runs = attempts.all()
    equal = [compare(reference, out) for out in runs]
    print(f"{task}: {sum(attempts.kills.values())} kills ({', '.join(f'{n} of {whom}' for whom, n in attempts.kills.items())}; "
          f"{attempts.in_checkpoints} left a half-written checkpoint, {attempts.records} flight records): "
          f"{sum(equal)} of {len(runs)} runs are equal to the one that was not killed", flush=True)
    return all(equal)


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("kills", type=int, nargs="?", default=20)
    parser.add_argument("--task", choices=sorted(TASKS), help="default: both, in halves")
    parser.add_argument("--steps", type=int, default=24)
    parser.add_argument("--ranks", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0, help="of the moments and of who is killed")
    parser.add_argument("--out", type=pathlib.Path, help="a new folder, which stays; default: a temporary one")
    options = parser.parse_args()
    if options.kills < (1 if options.task else len(TASKS)) or options.steps < 4:
        parser.error("wants one kill of each task and four steps at least")
    return options


def main():
    options = parse()
    temporary = None if options.out else pathlib.Path(tempfile.mkdtemp(prefix="glid-torture-"))
    options.out = options.out or temporary
    options.out.mkdir(parents=True, exist_ok=True)
    if any(options.out.iterdir()):
        sys.exit(f"torture.py: {options.out} is not empty: name a new folder")
    tasks = [options.task] if options.task else ["pretraining", "detection"]
    kills = [options.kills // len(tasks) + (i < options.kills % len(tasks)) for i in range(len(tasks))]
    equal = all([torture(options, task, n) for task, n in zip(tasks, kills)])
    if temporary and equal:
        shutil.rmtree(temporary)
    sys.exit(0 if equal else 1)


if __name__ == "__main__":
    main()
