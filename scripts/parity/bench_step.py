"""Time of a step in Python eager (glid_eager.py), or of fine-tuning's in pairs with the program's own (pre-training's: bench_turns.py).

  python bench_step.py [--threads 2] [--batch 32] [--steps 30] [--cpu-time] [--weights RUN/checkpoints/step_X/model.safetensors]
      Images/s of pre-training steps (forward, backward, fused AdamW). Shape: Swin C=32, heads of 16, depths 2-2-2-2, window
      6, patch 2, 96 px; 9 of 36 units visible, a random mask a sample; BiFPN 96 x 1 cell; 3 pre-norm decoder layers of 96
      with 3 heads of 32. fp32. Plans (index tensors) and images are made ahead, eight different batches in turn. Prints the
      median over the steps.

  python bench_step.py --model swinb --device cuda --precision bf16 --batch 256 [--compile] [--start FILE]
      The same of the paper's network (configs/models/swinb.yaml, 192 px, 9 of 36 units visible) on a GPU, under autocast.
      --compile: by torch.compile, on one batch, so that it compiles once; --start: waits for FILE between the warm-up (and
      what is compiled in it) and the timed steps, so that other timings can end first. Prints the peak of memory too.

  python bench_step.py --program parity_finetune [--only NAME] [--steps 20]
      Fine-tuning steps of the demos (question, forward, matching, losses, backward, clipping, fused AdamW; targets are made
      ahead), one thread each, one of the program's and one of finetune.py's twin in turn, on the same batch from the same
      weights. Prints CPU milliseconds, medians over the steps, and the ratio of each pair: median and quartiles.
"""
import argparse
import contextlib
import dataclasses
import pathlib
import statistics
import subprocess
import tempfile
import time

import numpy as np
import torch

import finetune
from glid_eager import SWINS, TINY, Glid, formula_parameters, load_parameters, make_plan

NO_DECAY = (".bias", "_token", "_embed", ".fusion", "_table", ".reference")
NUM_BATCHES = 8
MODELS = {"tiny": TINY} | {  # those whose windows divide the maps
    name: dataclasses.replace(SWINS[name], image=192, width=512, cells=3, layers=6, decoder_heads=8, norm="post")
    for name in ("swinb", "swinl")}


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


def on(value, device):
    """A plan, or part of one, with its tensors on the device."""
    if isinstance(value, torch.Tensor):
        return value.to(device)
    if isinstance(value, list):
        return [on(v, device) for v in value]
    if dataclasses.is_dataclass(value):
        return type(value)(**{f.name: on(getattr(value, f.name), device) for f in dataclasses.fields(value)})
    return value


def batches(config, size, count, device):
    generator = np.random.default_rng(1)
    units = config.grid**2
    for _ in range(count):
        visible = [np.sort(generator.permutation(units)[: units // 4]) for _ in range(size)]
        images = generator.standard_normal((size, config.image, config.image, 3), dtype=np.float32)
        yield torch.from_numpy(images).to(device), on(make_plan(config, visible), device)


def wait_for(file):
    while file is not None and not file.exists():
        time.sleep(0.1)


class Pretraining:
    """Updates of a network as options ask."""

    def __init__(self, options, clock):
        config, device = MODELS[options.model], torch.device(options.device)
        parameters = load_parameters(config, options.weights) if options.weights else formula_parameters(config)
        self.parameters = {name: p.detach().to(device).requires_grad_() for name, p in parameters.items()}
        model = Glid(config, self.parameters)
        model.tables = on(model.tables, device)
        self.data = list(batches(config, options.batch, 1 if options.compile else NUM_BATCHES, device))
        self.loss_of = torch.compile(model.loss, dynamic=False) if options.compile else model.loss
        self.low, self.device = options.precision == "bf16", device
        self.trainer, self.steps = Trainer(self.parameters, clock), 0

    def loss(self):
        with torch.autocast(self.device.type, torch.bfloat16) if self.low else contextlib.nullcontext():
            return self.loss_of(*self.data[self.steps % len(self.data)])

    def seconds(self):
        """Of an update."""
        self.steps += 1
        return self.trainer.seconds(self.loss)


def pretraining(options):
    settle = torch.cuda.synchronize if options.device.startswith("cuda") else lambda: None

    def clock():
        settle()
        return time.process_time() if options.cpu_time else time.perf_counter()

    peer = Pretraining(options, clock)
    for _ in range(options.warmup):
        peer.seconds()
    settle()
    print(f"warm: {options.model}, batch {options.batch}", flush=True)
    wait_for(options.start)
    seconds = [peer.seconds() for _ in range(options.steps)]
    median = statistics.median(seconds)
    print(f"torch {torch.__version__}, {options.threads} threads, {options.model} on {peer.device}, {options.precision}, "
          f"{'compiled' if options.compile else 'eager'}, batch {options.batch}, "
          f"{sum(p.numel() for p in peer.parameters.values()):,} parameters, last loss {peer.trainer.loss.item():.4f}")
    peak = f", peak {torch.cuda.max_memory_allocated() / 2**20:.0f} MiB" if peer.device.type == "cuda" else ""
    print(f"{median * 1e3:.1f} ms a step (fastest {min(seconds) * 1e3:.1f}), {options.batch / median:.1f} images/s{peak}")


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
    parser.add_argument("--model", choices=list(MODELS), default="tiny")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--precision", choices=["fp32", "bf16"], default="fp32")
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--cpu-time", action="store_true", help="of the process, not of the clock: for a machine with other work")
    parser.add_argument("--start", type=pathlib.Path, help="the timed steps begin when this file is there")
    parser.add_argument("--weights", help="model.safetensors of a checkpoint (default: weights by formula)")
    parser.add_argument("--program", help="parity_finetune: fine-tuning in pairs with it")
    parser.add_argument("--only", default="", help="cases of finetune.py whose name has this in it (default: the demos)")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    run = finetuning if arguments.program else pretraining
    run(arguments)
