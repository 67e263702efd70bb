"""Losses of 20 small training steps, to the last digit: one rank, two ranks, and two micro-batches.

    losses.py BIN              prints them as JSON: tests/golden/losses.json is made so, by the glid_train in folder BIN
    losses.py BIN OTHER_BIN    compares two builds bit for bit on this machine; exit code 1 if they differ

A commit that keeps behaviour shows equal losses against the one before it. ctest compares with the golden file to 1e-5.
"""
import json
import subprocess
import sys
import tempfile
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]
SETTINGS = ["train.steps=20", "log.every_steps=1", "log.pictures_every_steps=0", "eval.every_steps=10",
            "checkpoint.every_steps=20", "model.encoder.drop_path=0.1", "optim.clip=1.0"]
VARIANTS = {"one_rank": [], "two_ranks": ["--nproc", "2"], "two_micro_batches": ["--set", "train.accumulate=2"]}
KEYS = ["loss", "grad_norm", "val_loss"]


def losses(program, options):
    with tempfile.TemporaryDirectory() as folder:
        command = [program, "--config", SOURCE / "tests/support/small_run.yaml", "--out", folder, *options]
        for setting in SETTINGS:
            command += ["--set", setting]
        subprocess.run(command, check=True, capture_output=True)
        lines = [json.loads(line) for line in (Path(folder) / "metrics.jsonl").read_text().splitlines()]
    return {key: [line[key] for line in lines if key in line] for key in KEYS}


def all_losses(folder):
    return {name: losses(Path(folder) / "glid_train", options) for name, options in VARIANTS.items()}


def text(values):
    rows = [f'  "{name}": {{\n' + ",\n".join(f'    "{key}": {json.dumps(series)}' for key, series in variant.items()) + "}"
            for name, variant in values.items()]
    return '{\n  "made_by": "scripts/parity/losses.py",\n' + ",\n".join(rows) + "\n}\n"


def compare(ours, others):
    equal = True
    for name in VARIANTS:
        for key in KEYS:
            pairs = list(zip(ours[name][key], others[name][key], strict=True))
            differences = [abs(a - b) / max(abs(b), 1e-30) for a, b in pairs if a != b]
            equal &= not differences
            print(f"{name} {key}: {len(pairs)} values, "
                  + (f"{len(differences)} differ, at most by {max(differences):.1e}" if differences else "equal"))
    return equal


if __name__ == "__main__":
    if len(sys.argv) == 2:
        print(text(all_losses(sys.argv[1])), end="")
    elif not compare(all_losses(sys.argv[1]), all_losses(sys.argv[2])):
        sys.exit(1)
