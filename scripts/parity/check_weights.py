#!/usr/bin/env python3
"""Compares glid_features and glid_convert with the libraries whose weights they read and write, on Swin-T. By hand:

    python check_weights.py --references DIR [--only TEXT] [--read | --write] [--keep DIR]

Reading: every dialect of dialects.py with random weights, in the forms of files that it comes in (safetensors, PyTorch's zip
and older form, wrapped as their trainings wrap it, sharded; fp32, fp16, bf16), is given to glid_features, whose four maps of
two images must be the library's. Writing: glid_convert writes the official, timm's, Hugging Face's and our own names, which
the library must load strictly and compute the same from. No map may differ by more than 1e-5 of its largest value. Dialects
that shift windows on maps of one window are compared at twice the side. Prints a line a file; exits with 1 if one differs.
"""
import argparse
import dataclasses
import pathlib
import pickle
import shutil
import subprocess
import sys
import tempfile
from argparse import Namespace
from collections import OrderedDict, defaultdict

import numpy as np
import safetensors.torch
import torch
from PIL import Image

import dialects
from check_swin_b import MEAN, STD, pictures
from formula import scale_and_offset

TOLERANCE = 1e-5
DTYPES = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}


def random_tensor(name, shape, dtype):
    """Numbers of the size that the formula has, which `dtype` can hold."""
    scale, offset = scale_and_offset(name, shape)
    return ((torch.rand(shape) * 2 - 1) * scale + offset).to(dtype).float()


def optimizer_state(tensors):
    return {"state": {0: {"step": 7, "exp_avg": torch.zeros_like(next(iter(tensors.values()))[:1])}},
            "param_groups": [{"lr": 1e-3, "betas": (0.9, 0.999), "params": [0, 1]}]}


def nested(tensors, *keys):
    return {key: OrderedDict(dialects.without_prefix(key + ".", tensors)) for key in keys}


WRAPPED = {  # as the dialects' own trainings save them
    "official": lambda t: {"model": t, "optimizer": optimizer_state(t), "lr_scheduler": {"last_epoch": 3}, "epoch": 299,
                           "max_accuracy": 81.2, "config": Namespace(MODEL=Namespace(TYPE="swin", WINDOW=[7]))},
    "timm": lambda t: {"epoch": 3, "arch": "swin", "state_dict": t, "args": Namespace(lr=1e-3), "version": 2,
                       "state_dict_ema": OrderedDict(t), "metric": 81.2},
    "torchvision": lambda t: {"model": t, "optimizer": optimizer_state(t), "epoch": 3, "args": Namespace(workers=4)},
    "openmmlab": lambda t: {"meta": {"CLASSES": ("cat", "dog"), "epoch": 12}, "state_dict": t,
                            "message_hub": defaultdict(list, {"loss": [np.float64(0.5)]})},
    "mask2former": lambda t: {"model": t, "optimizer": optimizer_state(t), "iteration": 2**40},
    "simmim": lambda t: {"model": t, "epoch": 99, "config": Namespace(AMP="O1")},
    "esvit": lambda t: nested(t, "student", "teacher") | {"epoch": 3, "args": Namespace(out_dim=65536),
                                                          "dino_loss": OrderedDict(center=torch.zeros(1, 8))},
    "mixmim": lambda t: {"model": t, "scaler": {"scale": 65536.0}, "epoch": 599, "args": Namespace(blr=1.5e-4)},
}


def as_safetensors(name, tensors, folder):
    safetensors.torch.save_file(tensors, folder / "weights.safetensors", {"format": "pt"})
    return folder / "weights.safetensors"


def as_zip(name, tensors, folder):
    torch.save(WRAPPED.get(name, OrderedDict)(tensors), folder / "weights.pth")
    return folder / "weights.pth"


def as_legacy(name, tensors, folder):
    torch.save(WRAPPED.get(name, OrderedDict)(tensors), folder / "weights.pth", _use_new_zipfile_serialization=False)
    return folder / "weights.pth"


def as_distributed(name, tensors, folder):
    torch.save({"model": OrderedDict(dialects.with_prefix("module.", tensors))}, folder / "weights.pth")
    return folder / "weights.pth"


def as_parameters(name, tensors, folder):
    """Parameters, some of them views of one storage, transposed and read backwards in memory."""
    tensors = {n: t.t().contiguous().t() if t.dim() == 2 else t for n, t in tensors.items()}
    flat = torch.cat([t.flatten() for t in tensors.values() if t.dim() == 1 and t.is_floating_point()])
    first = 0
    for n, t in tensors.items():
        if t.dim() == 1 and t.is_floating_point():
            tensors[n], first = flat[first:first + len(t)], first + len(t)
    torch.save({n: torch.nn.Parameter(t, t.is_floating_point()) for n, t in tensors.items()}, folder / "weights.pth")
    return folder / "weights.pth"


def as_arrays(name, tensors, folder):
    """As detectron2's model zoo keeps them."""
    with open(folder / "weights.pkl", "wb") as file:
        pickle.dump({"model": {n: t.numpy() for n, t in tensors.items()}, "__author__": "third_party",
                     "matching_heuristics": True}, file)
    return folder / "weights.pkl"


def as_shards(name, tensors, folder):
    reference = dialects.REFERENCES[name](dialects.SWIN_T)
    reference.load({n: t.float() if t.is_floating_point() else t for n, t in tensors.items()})
    reference.model.save_pretrained(folder, max_shard_size="30MB")
    return folder / "model.safetensors.index.json"


FORMS = {"safetensors": as_safetensors, "pth": as_zip, "pth before 1.6": as_legacy}
MORE_FORMS = {"official": {"pth of DDP": as_distributed, "pth of parameters": as_parameters},
              "hf": {"shards": as_shards}, "hf backbone": {"shards": as_shards}, "mask2former": {"pkl": as_arrays}}


def forms(name):
    for form, write in FORMS.items():
        for dtype in DTYPES:
            if dtype == "fp32" or form != "pth before 1.6":
                yield form, write, dtype
    for form, write in MORE_FORMS.get(name, {}).items():
        yield form, write, "fp32"


@dataclasses.dataclass
class Check:
    work: pathlib.Path
    only: str = ""
    good: bool = True

    def images(self, size):
        """The folder of two pictures, and the same normalised [2, 3, size, size]."""
        folder, pixels = self.work / f"images{size}", pictures(size)
        folder.mkdir(exist_ok=True)
        for name, picture in pixels.items():
            Image.fromarray(picture).save(folder / f"{name}.png")
        return folder, torch.from_numpy((np.stack(list(pixels.values())) / 255.0 - MEAN) / STD).permute(0, 3, 1, 2)

    def features(self, file, size):
        folder, _ = self.images(size)
        self.run("glid_features", "--model", "swint", "--encoder", file, "--input", folder, "--size", size,
                 "--transform", "squash", "--out", self.work / "features.safetensors")
        found = safetensors.torch.load_file(self.work / "features.safetensors")
        return [torch.stack([found[f"{name}/stage{s}"] for name in pictures(size)]) for s in (1, 2, 3, 4)]

    def run(self, program, *arguments):
        command = [str(part) for part in (program, *arguments)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"exit {done.returncode}: {(done.stderr.strip() or 'no word').splitlines()[-1]}")

    def compare(self, what, found, expected):
        """found() -> maps; a line of how far they are off."""
        try:
            worst = [float((a - b).abs().max() / b.abs().max()) for a, b in zip(found(), expected, strict=True)]
            passed, told = max(worst) <= TOLERANCE, " ".join(f"{value:.1e}" for value in worst)
        except Exception as error:  # a line of the table
            passed, told = False, f"{type(error).__name__}: {str(error)[:300]}"
        self.good &= passed
        print(f"{'ok  ' if passed else 'FAIL'} {what:44} {told}", flush=True)


def geometry_of(kind):
    return dataclasses.replace(dialects.SWIN_T, size=448 if kind.shifts_always else 224)


@torch.no_grad()
def check_reading(check, name):
    kind = dialects.REFERENCES[name]
    geometry, expected = geometry_of(kind), {}
    _, image = check.images(geometry.size)
    for form, write, dtype in forms(name):
        what = f"{name}, {form}, {dtype}"
        if check.only not in what:
            continue
        torch.manual_seed(0)
        reference = kind(geometry)
        tensors = dialects.filled(reference, lambda n, shape: random_tensor(n, shape, DTYPES[dtype]))
        if dtype not in expected:
            expected[dtype] = reference.double().maps(image)
        stored = OrderedDict((n, t.to(DTYPES[dtype]) if t.is_floating_point() else t) for n, t in tensors.items())
        with tempfile.TemporaryDirectory(dir=check.work) as folder:
            file = write(name, stored, pathlib.Path(folder))
            check.compare(what, lambda: check.features(file, geometry.size), expected[dtype])


def tensors_of(file):
    if file.suffix == ".safetensors":
        return safetensors.torch.load_file(file)
    tensors = torch.load(file, weights_only=True)
    return tensors.get("model", tensors)


def in_floats(file):
    return {n: t.float() for n, t in tensors_of(file).items()}


def read_official(file, geometry):
    reference = dialects.Official(geometry)
    missing, unexpected = reference.model.load_state_dict(in_floats(file), strict=False)
    norms = tuple(f"norm{stage}." for stage in range(4))  # of the stages, as backbones have them
    wrong = [n for n in missing if not dialects.index_and_masks(n) and not n.startswith("head.")]
    wrong += [n for n in unexpected if not n.startswith(norms)]
    if wrong:
        raise ValueError(f"missing or unexpected: {wrong[:5]}")
    return reference


def read_backbone(file, geometry):
    """As detection's official code reads it: norm0..norm3 in the place of norm."""
    reference = dialects.Mask2Former(geometry)
    buffers = {n: t for n, t in reference.file().items() if dialects.index_and_masks(n)}
    own = {n: t for n, t in in_floats(file).items() if not n.startswith("norm.")}
    reference.load(dialects.with_prefix("backbone.", own) | buffers)
    return reference


def read_timm(file, geometry):
    reference = dialects.Timm(dataclasses.replace(geometry, classes=0))
    reference.load(in_floats(file))
    return reference


def read_hf(kind):
    def read(folder, geometry):
        reference = kind(geometry)
        reference.load_folder(folder, allowed="hidden_states_norms." if kind is dialects.HuggingFace else None)
        reference.model.float()
        return reference
    return read


TARGETS = {  # target: what is written, how the library reads it, whether it has norms of all maps
    "official .pth": ("official", "out.pth", read_official, False),
    "official .safetensors": ("official", "out.safetensors", read_official, False),
    "official, backbone": ("official", "out.pth", read_backbone, True),
    "timm .safetensors": ("timm", "out.safetensors", read_timm, False),
    "timm .pth": ("timm", "out.pth", read_timm, False),
    "hf, SwinBackbone": ("hf", "out", read_hf(dialects.HuggingFaceBackbone), True),
    "hf, SwinModel": ("hf", "out", read_hf(dialects.HuggingFace), False),
    "glid .safetensors": ("glid", "out.safetensors", None, True),
    "glid .pth": ("glid", "out.pth", None, True),
}


@torch.no_grad()
def check_writing(check, target):
    """From Mask2Former's names, which have all norms, and numbers that fp16 can hold."""
    names, out, read, all_norms = TARGETS[target]
    geometry = dataclasses.replace(dialects.SWIN_T, size=448)
    _, image = check.images(geometry.size)
    torch.manual_seed(0)
    source = dialects.Mask2Former(geometry)
    tensors = dialects.filled(source, lambda n, shape: random_tensor(n, shape, torch.float16))
    norms = list(source.double().model.norms)
    expected = [dialects.normalised(x, norms[s] if all_norms or s == 3 else None)
                for s, x in enumerate(source.stages(image))]
    file = as_zip("mask2former", tensors, check.work)

    def converted(*options):
        path = check.work / out
        shutil.rmtree(path, ignore_errors=True)
        for written in (path, path.with_suffix(".json")):
            written.unlink(missing_ok=True)
        check.run("glid_convert", file, path, "--to", names, *options)
        return read(path, geometry).double().maps(image) if read else check.features(path, geometry.size)

    for dtype in ("fp32", "fp16"):
        options = ["--dtype", dtype] if dtype != "fp32" else []
        check.compare(f"to {target}, {dtype}", lambda: converted(*options), expected)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--references", required=True, help="folder of timm 0.4.12 and mmpretrain, as README.md says")
    parser.add_argument("--only", default="", help="lines of the table that have this text")
    parser.add_argument("--read", action="store_true", help="reading alone")
    parser.add_argument("--write", action="store_true", help="writing alone")
    parser.add_argument("--keep", type=pathlib.Path, help="keep the last files here (default: a temporary folder)")
    options = parser.parse_args()
    dialects.set_references(options.references)
    with tempfile.TemporaryDirectory() as temporary:
        check = Check(options.keep or pathlib.Path(temporary), options.only)
        check.work.mkdir(parents=True, exist_ok=True)
        for name in dialects.REFERENCES if not options.write else ():
            check_reading(check, name)
        for target in TARGETS if not options.read else ():
            if options.only in f"to {target}":
                check_writing(check, target)
    print("passed" if check.good else "FAILED")
    sys.exit(0 if check.good else 1)


if __name__ == "__main__":
    main()
