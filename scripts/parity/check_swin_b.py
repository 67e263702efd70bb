"""Compares the stage maps of glid_features with the public reference, at any size, window and model. Run by hand:

  python check_swin_b.py --program glid_features [--model swinb] [--window 7] [--size 224] [--work DIR]

It writes formula weights in the official names (the final norm as `norm`, norm0..norm2 beside it) and two PNG images of
exactly size x size pixels, runs the program on them and compares stage 1..4 with the reference in double.
Passes if no element differs by more than the tolerance times the stage's largest value.
"""
import argparse
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import safetensors.numpy
import torch
from PIL import Image

from formula import words
from swin_reference import CONFIGS, TimmSwin, TorchvisionSwin, formula_weights, windows_pad

MEAN, STD = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])


def pictures(size):
    """uint8 [size, size, 3]: noise, and smooth waves with a little of it."""
    noise = (words("picture", size * size * 3) >> np.uint32(24)).reshape(size, size, 3).astype(np.float64)
    y, x, c = np.meshgrid(np.arange(size) / size, np.arange(size) / size, np.arange(3), indexing="ij")
    waves = 127 + 90 * np.sin(9 * y + 2 * c) * np.cos(7 * x - c) + noise / 8
    return {"noise": noise.astype(np.uint8), "waves": waves.clip(0, 255).astype(np.uint8)}


def write_inputs(work, weights, images):
    file_names = {name: "norm" + name[5:] if name.startswith("norm3") else name for name in weights}
    arrays = {file_names[name]: value.detach().numpy() for name, value in weights.items()}
    safetensors.numpy.save_file(arrays, work / "encoder.safetensors")
    (work / "images").mkdir(exist_ok=True)
    for name, pixels in images.items():
        Image.fromarray(pixels).save(work / "images" / f"{name}.png")


def run_program(options, work):
    out = work / "features.safetensors"
    command = [options.program, "--model", options.model, "--encoder", work / "encoder.safetensors",
               "--input", work / "images", "--size", options.size, "--transform", "squash", "--out", out]
    subprocess.run([str(part) for part in command], check=True)
    return safetensors.numpy.load_file(out)


def reference(options, weights, pixels):
    """The four maps [C, H, W] in double."""
    doubles = {name: value.detach().double() for name, value in weights.items()}
    image = torch.from_numpy((pixels / 255.0 - MEAN) / STD).permute(2, 0, 1)[None]
    arguments = (CONFIGS[options.model], options.window, options.size, options.size, doubles)
    with torch.no_grad():
        stages = TorchvisionSwin(*arguments)(image)
        if not windows_pad(options.window, options.size, options.size):
            for a, b in zip(stages, TimmSwin(*arguments)(image)):
                torch.testing.assert_close(a, b, rtol=0, atol=1e-10)
    return [x[0].numpy() for x in stages]


def check(options, work):
    weights = formula_weights(CONFIGS[options.model], options.window)
    print(f"{options.model} window {options.window}: {sum(w.numel() for w in weights.values()):,} parameters")
    images = pictures(options.size)
    write_inputs(work, weights, images)
    features = run_program(options, work)
    good = True
    for name, pixels in images.items():
        for n, truth in enumerate(reference(options, weights, pixels), 1):
            ours = features[f"{name}/stage{n}"]
            if ours.shape != truth.shape:
                raise SystemExit(f"{name}/stage{n}: shape {ours.shape}, expected {truth.shape}")
            worst = np.abs(ours - truth).max() / np.abs(truth).max()
            good &= bool(worst <= options.tolerance)
            print(f"{name}/stage{n} {ours.shape}: differs by {worst:.2e} of the largest value {np.abs(truth).max():.3f}")
    return good


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True, type=pathlib.Path)
    parser.add_argument("--model", default="swinb", choices=CONFIGS)
    parser.add_argument("--window", default=7, type=int)
    parser.add_argument("--size", default=224, type=int)
    parser.add_argument("--tolerance", default=1e-5, type=float)
    parser.add_argument("--work", type=pathlib.Path, help="keep the files here (default: a temporary folder)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        work = options.work or pathlib.Path(temporary)
        work.mkdir(parents=True, exist_ok=True)
        passed = check(options, work)
    print("passed" if passed else "FAILED")
    sys.exit(0 if passed else 1)
