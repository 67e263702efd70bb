"""Tensors made from their names, bit for bit the same as tests/support/formula_weights.h.

Element i (row-major) of the tensor `name`:
  hash  = stable_hash(name): FNV-1a, 64 bits, then the mix of splitmix64 (src/core/rng.cpp, seed 0)
  key   = (low half of hash, high half of hash)
  word  = word i % 4 of Philox 4x32-10 with that key and the counter (i / 4, 0, 0, 0)
  u     = (word >> 8) * 2^-23 - 1, in [-1, 1), exact in float32
  value = float32(scale * u), the product taken in double; LayerNorm and fusion weights then add 1 in float32
The scale follows from name and shape, first match:
  ..relative_position_bias_table   0.5
  ..bias                           0.1
  ..weight with 2 dimensions or more    sqrt(3) / sqrt(fan_in) in double, fan_in = product of shape[1:]
  ..weight with 1 dimension, ..fusion   0.1, plus 1
  .._token, .._embed               0.5
  anything else (inputs, probes)   1
"""
import math

import numpy as np

MASK64 = (1 << 64) - 1


def stable_hash(text):
    value = 0xCBF29CE484222325
    for byte in text.encode():
        value = ((value ^ byte) * 0x100000001B3) & MASK64
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & MASK64
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & MASK64
    return value ^ (value >> 31)


def philox(counters, key):
    """Philox 4x32-10 of the counters (c, 0, 0, 0): uint32 [len(counters), 4]."""
    low32, shift = np.uint64(0xFFFFFFFF), np.uint64(32)
    c0 = counters.astype(np.uint64)
    c1, c2, c3 = np.zeros_like(c0), np.zeros_like(c0), np.zeros_like(c0)
    k0, k1 = key
    for _ in range(10):
        p0, p1 = c0 * np.uint64(0xD2511F53), c2 * np.uint64(0xCD9E8D57)
        c0, c1, c2, c3 = (p1 >> shift) ^ c1 ^ np.uint64(k0), p1 & low32, (p0 >> shift) ^ c3 ^ np.uint64(k1), p0 & low32
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return np.stack([c0, c1, c2, c3], axis=1).astype(np.uint32)


def words(name, count):
    """The first `count` random words of the stream `name`."""
    value = stable_hash(name)
    key = (value & 0xFFFFFFFF, value >> 32)
    blocks, chunk = (count + 3) // 4, 1 << 20
    parts = [philox(np.arange(at, min(at + chunk, blocks), dtype=np.uint64), key) for at in range(0, blocks, chunk)]
    return np.concatenate(parts).reshape(-1)[:count]


def scale_and_offset(name, shape):
    if name.endswith("relative_position_bias_table"):
        return 0.5, 0.0
    if name.endswith("bias"):
        return 0.1, 0.0
    if name.endswith("weight") and len(shape) >= 2:
        return math.sqrt(3.0) / math.sqrt(float(math.prod(shape[1:]))), 0.0
    if name.endswith(("weight", "fusion")):
        return 0.1, 1.0
    if name.endswith(("_token", "_embed")):
        return 0.5, 0.0
    return 1.0, 0.0


def formula_array(name, shape):
    shape = tuple(int(n) for n in shape)
    u = (words(name, math.prod(shape)) >> np.uint32(8)).astype(np.float64) * 2.0**-23 - 1.0
    scale, offset = scale_and_offset(name, shape)
    value = (u * scale).astype(np.float32)
    return (value + np.float32(offset) if offset else value).reshape(shape)


def formula_tensor(name, shape):
    import torch

    return torch.from_numpy(formula_array(name, shape))
