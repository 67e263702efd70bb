"""The program against PyTorch on a CPU, one thread each, in turns: ratios hold on a machine with other work, single times don't.

    python bench_turns.py bench_turns [--only swinb] [--turns 9]

Pre-training updates (glid_eager.py is the same network; its plans are made ahead), AdamW on 119 million values, checkpoints of
1.43 GB in --folder. Prints medians in ms of CPU time, on disk of the clock, and the ratios of pairs: median and quartiles.
"""
import argparse
import os
import pathlib
import statistics
import subprocess
import tempfile
import time

import torch

from bench_step import Pretraining
from finetune import SOURCE

VALUES, TENSORS = 119_000_000, 490
TINY = ["configs/demo_pretrain.yaml", "data={name: scenes, image_size: 96, workers: 0, count: 256}"]
SWINB = ["configs/pretrain_swinb.yaml", "data={name: scenes, image_size: 192, workers: 0, count: 16}", "train.batch_size=4",
         "train.epochs=1", "optim.warmup_epochs=0"]


def update(model, batch, precision="fp32", compiled=False):
    return Pretraining(argparse.Namespace(model=model, batch=batch, precision=precision, compile=compiled, device="cpu",
                                          weights=None), time.process_time).seconds


def adamw(_):
    tensors = [torch.rand(VALUES // TENSORS).requires_grad_() for _ in range(TENSORS)]
    for tensor in tensors:
        tensor.grad = torch.rand_like(tensor)
    optimizer = torch.optim.AdamW(tensors, lr=1e-4, betas=(0.9, 0.95), weight_decay=0.05, fused=True)

    def seconds():
        start = time.process_time()
        optimizer.step()
        return time.process_time() - start
    return seconds


def content():
    """Weights and two averages each."""
    tensors, left = {}, VALUES
    while left > 0:
        size = min(left, 2**22 if len(tensors) % 9 == 0 else 2**20)
        tensors |= {f"p{len(tensors) + i}": torch.rand(size) for i in range(3)}
        left -= size
    return tensors


def save(folder):
    tensors, path = content(), folder / "peer.pt"

    def seconds():
        start = time.perf_counter()
        with open(path.with_suffix(".part"), "wb") as file:
            torch.save(tensors, file)
            file.flush()
            os.fsync(file.fileno())
        path.with_suffix(".part").rename(path)
        return time.perf_counter() - start
    return seconds


def load(folder):
    into = content()

    def seconds():
        start = time.process_time()
        for name, tensor in torch.load(folder / "peer.pt").items():
            into[name].copy_(tensor)
        return time.process_time() - start
    return seconds


CASES = {  # name: (words of bench_turns, makes the peer's turn, in a folder)
    "tiny": (["step", *TINY], lambda _: update("tiny", 32)),
    "tiny, bf16 against fp32": (["step", *TINY, "train.precision=bf16"], lambda _: update("tiny", 32)),
    "tiny against torch.compile": (["step", *TINY], lambda _: update("tiny", 32, compiled=True)),
    "swinb": (["step", *SWINB, "train.precision=fp32"], lambda _: update("swinb", 4)),
    "swinb, bf16": (["step", *SWINB, "train.precision=bf16"], lambda _: update("swinb", 4, "bf16")),
    "adamw": (["adamw"], adamw),
    "checkpoint, on disk": (["checkpoint", "FOLDER"], save),
    "checkpoint, read": (["load", "FOLDER"], load),
}


def turns(program, name, folder, options):
    """Ours and the peer's milliseconds."""
    words, peer = CASES[name]
    command = [program, *(str(folder) if word == "FOLDER" else word for word in words)]
    ours, theirs, clock = [], [], int(name.endswith("disk"))
    with subprocess.Popen(command, cwd=SOURCE, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        seconds = peer(folder)
        for _ in range(options.warmup + options.turns):
            process.stdin.write("turn\n")
            process.stdin.flush()
            answer = process.stdout.readline().split()
            ours.append(float(answer[clock]))
            theirs.append(1e3 * seconds())
    if clock:
        print(f"{'':28}the last one's training waited {float(answer[2]):.0f} ms")
    return ours[options.warmup:], theirs[options.warmup:]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=pathlib.Path, help="bench_turns")
    parser.add_argument("--only", default="", help="cases whose name has this in it (what is read is written by the case before it)")
    parser.add_argument("--turns", type=int, default=9, help="of each, beside --warmup")
    parser.add_argument("--warmup", type=int, default=3)
    parser.add_argument("--folder", type=pathlib.Path, help="for checkpoints (default: a temporary one)")
    options = parser.parse_args()
    torch.set_num_threads(1)
    print(f"torch {torch.__version__}, one thread")
    print(f"{'case':28}{'C++ ms':>9}{'PyTorch':>9}{'ratio':>8}  quartiles")
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        for name in CASES:
            if options.only in name:
                ours, theirs = turns(options.program.resolve(), name, pathlib.Path(folder), options)
                low, middle, high = statistics.quantiles([t / o for o, t in zip(ours, theirs, strict=True)], n=4)
                print(f"{name:28}{statistics.median(ours):9.1f}{statistics.median(theirs):9.1f}{middle:7.2f}x"
                      f"  {low:.2f} to {high:.2f}", flush=True)


if __name__ == "__main__":
    main()
