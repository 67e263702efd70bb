"""Images/s of a `tiny` pre-training step (forward, backward, fused AdamW) in Python eager: the peer of tests/bench.

  python bench_step.py [--threads 2] [--batch 32] [--steps 30] [--weights RUN/checkpoints/step_X/model.safetensors]

Shape: Swin C=32, heads of 16, depths 2-2-2-2, window 6, patch 2, 96 px; 9 of 36 units visible, a random mask a sample; BiFPN
96 x 1 cell; 3 pre-norm decoder layers of 96 with 3 heads of 32. fp32. Plans (index tensors) and images are made ahead, eight
different batches in turn. Prints the median over the steps.
"""
import argparse
import statistics
import time

import numpy as np
import torch

from glid_eager import TINY, Glid, formula_parameters, load_parameters, make_plan

NO_DECAY = (".bias", "_token", "_embed", ".fusion", "_table")
NUM_BATCHES = 8


def groups(parameters, decay=0.05):
    flat = [p for n, p in parameters.items() if p.dim() < 2 or n.endswith(NO_DECAY)]
    matrices = [p for n, p in parameters.items() if not (p.dim() < 2 or n.endswith(NO_DECAY))]
    return [{"params": matrices, "weight_decay": decay}, {"params": flat, "weight_decay": 0.0}]


def batches(size):
    generator = np.random.default_rng(1)
    units = TINY.grid**2
    for _ in range(NUM_BATCHES):
        visible = [np.sort(generator.permutation(units)[: units // 4]) for _ in range(size)]
        images = generator.standard_normal((size, TINY.image, TINY.image, 3), dtype=np.float32)
        yield torch.from_numpy(images), make_plan(TINY, visible)


def main(options):
    torch.set_num_threads(options.threads)
    parameters = load_parameters(TINY, options.weights) if options.weights else formula_parameters(TINY)
    model, data = Glid(TINY, parameters), list(batches(options.batch))
    optimizer = torch.optim.AdamW(groups(parameters), lr=1e-4, betas=(0.9, 0.95), fused=True)
    seconds = []
    for step in range(options.warmup + options.steps):
        images, plan = data[step % NUM_BATCHES]
        start = time.perf_counter()
        optimizer.zero_grad(set_to_none=True)
        loss = model.loss(images, plan)
        loss.backward()
        optimizer.step()
        if step >= options.warmup:
            seconds.append(time.perf_counter() - start)
    median = statistics.median(seconds)
    print(f"torch {torch.__version__}, {options.threads} threads, batch {options.batch}, "
          f"{sum(p.numel() for p in parameters.values()):,} parameters, last loss {loss.item():.4f}")
    print(f"{median * 1e3:.1f} ms a step (fastest {min(seconds) * 1e3:.1f}), {options.batch / median:.1f} images/s")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--warmup", type=int, default=5)
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--weights", help="model.safetensors of a checkpoint (default: weights by formula)")
    main(parser.parse_args())
