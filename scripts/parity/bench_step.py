"""Time of a `tiny` step in Python eager (glid_eager.py): the peer of tests/bench, or in pairs with the program's own.

  python bench_step.py [--threads 2] [--batch 32] [--steps 30] [--weights RUN/checkpoints/step_X/model.safetensors]
      Images/s of pre-training steps (forward, backward, fused AdamW). Shape: Swin C=32, heads of 16, depths 2-2-2-2, window
      6, patch 2, 96 px; 9 of 36 units visible, a random mask a sample; BiFPN 96 x 1 cell; 3 pre-norm decoder layers of 96
      with 3 heads of 32. fp32. Plans (index tensors) and images are made ahead, eight different batches in turn. Prints the
      median over the steps.

  python bench_step.py --program parity_finetune [--only NAME] [--steps 20]
      Fine-tuning steps of the demos (question, forward, matching, losses, backward, clipping, fused AdamW; targets are made
      ahead), one thread each, one of the program's and one of finetune.py's twin in turn, on the same batch from the same
      weights. Prints CPU milliseconds, medians over the steps, and the ratio of each pair: median and quartiles.
"""
import argparse
import pathlib
import statistics
import subprocess
import tempfile
import time

import numpy as np
import torch

import finetune
from glid_eager import TINY, Glid, formula_parameters, load_parameters, make_plan

NO_DECAY = (".bias", "_token", "_embed", ".fusion", "_table", ".reference")
NUM_BATCHES = 8


def groups(parameters, decay=0.05):
    flat = [p for n, p in parameters.items() if p.dim() < 2 or n.endswith(NO_DECAY)]
    matrices = [p for n, p in parameters.items() if not (p.dim() < 2 or n.endswith(NO_DECAY))]
    return [{"params": matrices, "weight_decay": decay}, {"params": flat, "weight_decay": 0.0}]


class Trainer:
    """Updates of parameters by losses, timed by `clock`."""

    def __init__(self, parameters, clock, clip=None):
        self.optimizer = torch.optim.AdamW(groups(parameters), lr=1e-4, betas=(0.9, 0.95), fused=True)
        self.parameters, self.clock, self.clip = list(parameters.values()), clock, clip

    def seconds(self, loss_of):
        start = self.clock()
        self.optimizer.zero_grad(set_to_none=True)
        self.loss = loss_of()
        self.loss.backward()
        if self.clip is not None:
            torch.nn.utils.clip_grad_norm_(self.parameters, self.clip)
        self.optimizer.step()
        return self.clock() - start


def batches(size):
    generator = np.random.default_rng(1)
    units = TINY.grid**2
    for _ in range(NUM_BATCHES):
        visible = [np.sort(generator.permutation(units)[: units // 4]) for _ in range(size)]
        images = generator.standard_normal((size, TINY.image, TINY.image, 3), dtype=np.float32)
        yield torch.from_numpy(images), make_plan(TINY, visible)


def pretraining(options):
    parameters = load_parameters(TINY, options.weights) if options.weights else formula_parameters(TINY)
    model, data, trainer = Glid(TINY, parameters), list(batches(options.batch)), Trainer(parameters, time.perf_counter)
    seconds = [trainer.seconds(lambda: model.loss(*data[step % NUM_BATCHES]))
               for step in range(options.warmup + options.steps)][options.warmup:]
    median = statistics.median(seconds)
    print(f"torch {torch.__version__}, {options.threads} threads, batch {options.batch}, "
          f"{sum(p.numel() for p in parameters.values()):,} parameters, last loss {trainer.loss.item():.4f}")
    print(f"{median * 1e3:.1f} ms a step (fastest {min(seconds) * 1e3:.1f}), {options.batch / median:.1f} images/s")


def pairs(options, demo, settings, folder):
    """CPU milliseconds of steps: the program's and the twin's."""
    file, ours, theirs = pathlib.Path(folder) / "step.safetensors", [], []
    with subprocess.Popen(finetune.command(options.program, demo, file, "float", settings), text=True, stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        def our_milliseconds():
            process.stdin.write("step\n")
            process.stdin.flush()
            return float(process.stdout.readline())

        our_milliseconds()  # then the file is whole
        step = finetune.Step(file, torch.float32)
        twin, trainer = finetune.Twin(step), Trainer(step.parameters, time.process_time, step.config["optim"]["clip"])
        for _ in range(options.warmup + options.steps):
            ours.append(our_milliseconds())
            theirs.append(1e3 * trainer.seconds(twin.loss))
    return ours[options.warmup:], theirs[options.warmup:]


def finetuning(options):
    torch.set_num_threads(1)
    print(f"torch {torch.__version__}, CPU time of one thread")
    print(f"{'case':38}{'C++ ms':>9}{'eager ms':>9}{'ratio':>8}  quartiles")
    for name, (demo, settings) in finetune.CASES.items():
        if options.only not in name if options.only else settings:
            continue
        with tempfile.TemporaryDirectory() as folder:
            ours, theirs = pairs(options, demo, settings, folder)
        low, middle, high = statistics.quantiles([t / o for o, t in zip(ours, theirs, strict=True)], n=4)
        print(f"{name:38}{statistics.median(ours):9.1f}{statistics.median(theirs):9.1f}{middle:7.2f}x"
              f"  {low:.2f} to {high:.2f}", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--warmup", type=int, default=5)
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--weights", help="model.safetensors of a checkpoint (default: weights by formula)")
    parser.add_argument("--program", help="parity_finetune: fine-tuning in pairs with it")
    parser.add_argument("--only", default="", help="cases of finetune.py whose name has this in it (default: the demos)")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    run = finetuning if arguments.program else pretraining
    run(arguments)
