"""Writes tests/golden/target/unit<px>.json: MAE's reconstruction target and loss for units of 32 and 16 px.

  {"unit", "image_shape": [B, 3, H, W], "hidden": [B lists of unit indices, ascending],
   "normalised": tensor [B, U, 3 * unit^2] of all units, "raw": the same without normalisation,
   "loss_normalised", "loss_raw": mean over the hidden units of the mean square error}
Image (already in normalised space): formula_tensor("input", image_shape); prediction: formula_tensor("prediction",
[B, N, 3 * unit^2]) for the hidden units. Inside a unit: row, column, channel. Normalised: (t - mean) / sqrt(var + 1e-6), var
with N - 1 in the denominator. Checked against transformers' ViTMAE (a port of facebookresearch/mae). Run: python
make_target_golden.py
"""
import numpy as np
import torch

import golden
from formula import formula_array, words

CASES = {32: (2, 3, 96, 128), 16: (2, 3, 96, 96)}


def units(image, unit):
    """[B, 3, H, W] -> [B, U, unit * unit * 3]."""
    b, c, h, w = image.shape
    grid = image.reshape(b, c, h // unit, unit, w // unit, unit)
    return grid.transpose(0, 2, 4, 3, 5, 1).reshape(b, -1, unit * unit * c)


def normalise(target):
    return (target - target.mean(-1, keepdims=True)) / np.sqrt(target.var(-1, ddof=1, keepdims=True) + 1e-6)


def hidden_units(batch, count):
    """Three quarters of the units, chosen by the formula's words."""
    order = [np.argsort(words(f"mask.{b}", count), kind="stable") for b in range(batch)]
    return [sorted(int(u) for u in o[: count - count // 4]) for o in order]


def loss(prediction, target, hidden):
    chosen = np.stack([t[h] for t, h in zip(target, hidden)])
    return float(((prediction - chosen) ** 2).mean())


def vit_mae(image, unit, prediction, hidden, normalise_pixels):
    """The loss of transformers' ViTMAEForPreTraining with a network that answers `prediction` and masks `hidden`."""
    from types import SimpleNamespace

    from transformers.models.vit_mae.modeling_vit_mae import ViTMAEForPreTraining

    b, _, h, w = image.shape
    logits = torch.zeros(b, h * w // unit**2, prediction.shape[-1], dtype=torch.float64)
    mask = torch.zeros(logits.shape[:2], dtype=torch.float64)
    for i, units_of_sample in enumerate(hidden):
        logits[i, units_of_sample], mask[i, units_of_sample] = torch.from_numpy(prediction[i]), 1.0
    answer = SimpleNamespace(last_hidden_state=None, ids_restore=None, mask=mask, logits=logits, hidden_states=None,
                             attentions=None)
    model = ViTMAEForPreTraining.__new__(ViTMAEForPreTraining)
    torch.nn.Module.__init__(model)
    model.config = SimpleNamespace(patch_size=unit, num_channels=3, norm_pix_loss=normalise_pixels, return_dict=True)
    object.__setattr__(model, "vit", lambda *_, **__: answer)
    object.__setattr__(model, "decoder", lambda *_, **__: answer)
    return model(torch.from_numpy(image), interpolate_pos_encoding=True).loss.item()


def make(unit, shape):
    image = formula_array("input", shape).astype(np.float64)
    raw = units(image, unit)
    hidden = hidden_units(shape[0], raw.shape[1])
    prediction = formula_array("prediction", (shape[0], len(hidden[0]), raw.shape[2])).astype(np.float64)
    content = {"unit": unit, "image_shape": list(shape), "hidden": hidden}
    for name, target in (("normalised", normalise(raw)), ("raw", raw)):
        content[name] = golden.describe(f"unit{unit}.{name}", target)
        value = loss(prediction, target, hidden)
        content["loss_" + name] = golden.digits(value, 15)
        other = vit_mae(image, unit, prediction, hidden, name == "normalised")
        print(f"unit {unit}, {name}: {value:.12f}, transformers' ViTMAE {other:.12f}")
        if abs(other - value) > 1e-10:
            raise SystemExit("they must agree")
    golden.write(f"target/unit{unit}.json", content)


if __name__ == "__main__":
    for unit, shape in CASES.items():
        make(unit, shape)
