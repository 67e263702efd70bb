#!/usr/bin/env python3
"""Compares what examples/glid_torch.py answers with what the program answers, for run folders of any task. By hand:

    python check_answers.py RUN... [--set data.root=DIR ...] [--keep DIR]

`glid_convert RUN model.safetensors` writes the weights and model.json, from which the example makes its model;
parity_finetune starts from the same weights and writes what its heads say of the first batch of the run's configuration, in
evaluation. No answer and no feature may differ by more than 1e-5 of the largest of its kind. Prints a line a question; exits
with 1 if one differs.
"""
import argparse
import pathlib
import subprocess
import sys
import tempfile

import safetensors.torch
import torch

SOURCE = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SOURCE / "examples"))
import glid_torch  # noqa: E402

TOLERANCE = 1e-5


def run(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(map(str, command))}: {done.stderr.strip() or done.stdout.strip()}")


def written_batch(folder, run_folder, settings, names):
    """What parity_finetune writes of the run's first batch, with the weights that were written for the example."""
    file = folder / "step.safetensors"
    parts = ["encoder", "bifpn", "decoder", "heads"] + ["queries"] * ("decoder.query_embed" in names)
    run("parity_finetune", run_folder / "config.yaml", file, "float",
        f"init.from={folder / 'model.safetensors'}", f"init.parts=[{','.join(parts)}]", "data.workers=0", "train.threads=1",
        "train.accumulate=1", *settings)
    return safetensors.torch.load_file(file)


def pictures(batch, unit):
    """The batch's pictures, each uint8 [H, W, 3]."""
    first = 0
    for height, width in batch["pictures"][:, 1:].tolist():
        rows, columns = -(-height // unit), -(-width // unit)
        units = batch["units"][first:first + rows * columns].view(rows, columns, unit, unit, 3)
        first += rows * columns
        yield units.transpose(1, 2).reshape(rows * unit, columns * unit, 3)[:height, :width]


def difference(ours, theirs):
    return float((ours - theirs).abs().max() / theirs.abs().max())


def check(run_folder, settings, folder):
    run("glid_convert", run_folder, folder / "model.safetensors")
    model = glid_torch.Glid(folder / "model.safetensors")
    batch = written_batch(folder, run_folder, settings, model.p)
    answered = [model(picture[None]) for picture in pictures(batch, model.a["image"]["unit"])]
    good = bool(model.a["questions"])
    for i, question in enumerate(model.a["questions"]):
        first, count = batch[f"asked.{i}"].tolist()
        of_question = answered[first:first + count]
        found = {f"features.{i}": torch.cat([features.flatten(0, 2) for _, features in of_question])}
        for head in question["heads"]:
            found[f"answer.{i}.{head}"] = torch.cat([answers[i][head] for answers, _ in of_question], 1)
        worst = {n: difference(x, batch[n]) for n, x in found.items() if model.a["features"] or not n.startswith("features")}
        good &= max(worst.values()) <= TOLERANCE
        print(f"{run_folder} {question['task']}: {count} pictures, "
              + ", ".join(f"{name.split('.')[-1] if 'answer' in name else 'features'} {list(found[name].shape)} {value:.1e}"
                          for name, value in worst.items()), flush=True)
    return good


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", type=pathlib.Path)
    parser.add_argument("--set", nargs="*", default=[], help="settings of the run's configuration, as data.root=DIR")
    parser.add_argument("--keep", type=pathlib.Path, help="keep the files here (default: a temporary folder)")
    options = parser.parse_args()
    results = []
    for i, run_folder in enumerate(options.runs):
        with tempfile.TemporaryDirectory() as temporary:
            folder = options.keep / str(i) if options.keep else pathlib.Path(temporary)
            folder.mkdir(parents=True, exist_ok=True)
            results.append(check(run_folder, options.set, folder))
    print("passed" if all(results) else "FAILED")
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
