"""Writes tests/golden/positions.json: {"tables": [{"kind", "size", "channels", "table": tensor [size * size, channels]}]}.

`fourier` is ours (written down here a second time), `sine` is Mask2Former's and checked against transformers' copy of it.
Run: python make_position_golden.py
"""
import numpy as np
import torch

import golden


def fourier_axis(size, channels):
    """[size, channels]: sines, then cosines, of 0.5 to 6 cycles an image at the centres of the cells."""
    n = channels // 2
    cycles = [0.5 * 12.0 ** (k / (n - 1)) for k in range(n)]
    angle = 2 * np.pi * np.outer((np.arange(size) + 0.5) / size, cycles)
    return np.concatenate([np.sin(angle), np.cos(angle)], axis=1)


def sine_axis(size, channels):
    place = (np.arange(size) + 1) / (size + 1e-6) * 2 * np.pi
    table = np.empty((size, channels))
    for j in range(channels):
        angle = place / 1e4 ** (2 * (j // 2) / channels)
        table[:, j] = np.cos(angle) if j % 2 else np.sin(angle)
    return table


def table(axis, size, channels):
    along = axis(size, channels // 2)
    y, x = np.repeat(along, size, axis=0), np.tile(along, (size, 1))
    return np.concatenate([y, x], axis=1)


def check_sine(size, channels, ours):
    from transformers.models.mask2former.modeling_mask2former import Mask2FormerSinePositionEmbedding

    theirs = Mask2FormerSinePositionEmbedding(num_position_features=channels // 2, normalize=True)(
        torch.Size((1, channels, size, size)), device=torch.device("cpu"), dtype=torch.float64)
    if theirs.dim() == 4:
        theirs = theirs.flatten(2).permute(0, 2, 1)
    worst = np.abs(theirs[0].double().numpy() - ours).max()
    print(f"sine {size}x{size}, {channels} channels: differs from transformers' Mask2Former by {worst:.1e}")
    if worst > 2e-6:
        raise SystemExit("they must agree")


if __name__ == "__main__":
    tables = []
    for kind, axis in (("fourier", fourier_axis), ("sine", sine_axis)):
        for channels in (96, 512):
            for size in (6, 12):
                values = table(axis, size, channels)
                if kind == "sine":
                    check_sine(size, channels, values)
                tables.append({"kind": kind, "size": size, "channels": channels,
                               "table": golden.describe(f"{kind}.{size}.{channels}", values, 96)})
    golden.write("positions.json", {"tables": tables})
