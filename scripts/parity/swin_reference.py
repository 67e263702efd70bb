"""Swin of torchvision and timm behind the names of the official checkpoints (microsoft/Swin-Transformer), plus norm0..norm3.

Where the public models differ:
  window padding  the official code and torchvision pad, then roll; timm rolls, then pads. torchvision is the reference.
  small maps      along an axis of at most w tokens our encoder has one window, no shift, and reads the same (2w-1)^2 table
                  at the true offsets. The official code and timm shrink window and table there (to the table's centre),
                  torchvision pads. Both references get the centre of the full table and the smaller window here, so that
                  one set of weights serves every size.
  names           timm counts a merging to the stage that follows it, torchvision counts layers in `features`.
"""
import dataclasses

import torch
import torchvision
from torch import nn

from formula import formula_tensor


@dataclasses.dataclass(frozen=True)
class SwinConfig:
    width: int
    depths: tuple
    heads: tuple


CONFIGS = {
    "swint": SwinConfig(96, (2, 2, 6, 2), (3, 6, 12, 24)),
    "swinb": SwinConfig(128, (2, 2, 18, 2), (4, 8, 16, 32)),
    "swinl": SwinConfig(192, (2, 2, 18, 2), (6, 12, 24, 48)),
}
STAGES = range(4)


def official_shapes(config, window):
    """Name -> shape of every encoder parameter, in the order of the network."""
    shapes = {"patch_embed.proj.weight": (config.width, 3, 4, 4), "patch_embed.proj.bias": (config.width,)}
    shapes |= _norm("patch_embed.norm", config.width)
    for s in STAGES:
        c = config.width << s
        for b in range(config.depths[s]):
            shapes |= _block(f"layers.{s}.blocks.{b}.", c, config.heads[s], window)
        if s < 3:
            shapes |= _norm(f"layers.{s}.downsample.norm", 4 * c)
            shapes[f"layers.{s}.downsample.reduction.weight"] = (2 * c, 4 * c)
    for s in STAGES:
        shapes |= _norm(f"norm{s}", config.width << s)
    return shapes


def _norm(name, c):
    return {f"{name}.weight": (c,), f"{name}.bias": (c,)}


def _block(at, c, heads, window):
    shapes = _norm(at + "norm1", c)
    shapes[at + "attn.relative_position_bias_table"] = ((2 * window - 1) ** 2, heads)
    for name, rows, columns in (("attn.qkv", 3 * c, c), ("attn.proj", c, c)):
        shapes |= {f"{at}{name}.weight": (rows, columns), f"{at}{name}.bias": (rows,)}
    shapes |= _norm(at + "norm2", c)
    for name, rows, columns in (("mlp.fc1", 4 * c, c), ("mlp.fc2", c, 4 * c)):
        shapes |= {f"{at}{name}.weight": (rows, columns), f"{at}{name}.bias": (rows,)}
    return shapes


def formula_weights(config, window, dtype=torch.float32):
    """Leaf tensors by official name; the formula sees our names, which begin with "encoder."."""
    return {
        name: formula_tensor("encoder." + name, shape).to(dtype).requires_grad_()
        for name, shape in official_shapes(config, window).items()
    }


def torchvision_name(name):
    parts = name.split(".")
    if name.startswith("patch_embed."):
        return f"features.0.{0 if parts[1] == 'proj' else 2}.{parts[2]}"
    if name.startswith("norm"):
        return name.replace("norm3", "norm") if parts[0] == "norm3" else None
    stage = int(parts[1])
    if parts[2] == "downsample":
        return ".".join([f"features.{2 * stage + 2}", *parts[3:]])
    rest = ".".join(parts[4:]).replace("mlp.fc1", "mlp.0").replace("mlp.fc2", "mlp.3")
    return f"features.{2 * stage + 1}.{parts[3]}.{rest}"


def timm_name(name):
    parts = name.split(".")
    if name.startswith("norm"):
        return name.replace("norm3", "norm") if parts[0] == "norm3" else None
    if "downsample" in parts:
        parts[1] = str(int(parts[1]) + 1)
    return ".".join(parts)


def table_centre(table, window, height, width):
    """The rows of a (2w-1)^2 table that windows of height x width tokens can reach."""
    side = table.view(2 * window - 1, 2 * window - 1, -1)
    return side[window - height:window + height - 1, window - width:window + width - 1].flatten(0, 1)


def _load(model, weights, rename, window):
    """Makes the leaf tensors `weights` the parameters of `model`, so that gradients arrive in them."""
    modules = dict(model.named_modules())
    for name, value in weights.items():
        if rename(name) is None:
            continue
        owner, _, leaf = rename(name).rpartition(".")
        module = modules[owner]
        if leaf == "relative_position_bias_table":
            value = table_centre(value, window, *module.window_size)
        if getattr(module, leaf).shape != value.shape:
            raise ValueError(f"{name}: {tuple(value.shape)} for {tuple(getattr(module, leaf).shape)}")
        delattr(module, leaf)
        setattr(module, leaf, value)
    left = [name for name, _ in model.named_parameters() if not name.startswith("head")]
    if left:
        raise ValueError(f"not given: {left}")


def _stage_norm(x, s, weights):
    c = x.shape[-1]
    return nn.functional.layer_norm(x, (c,), weights[f"norm{s}.weight"], weights[f"norm{s}.bias"]).permute(0, 3, 1, 2)


class TorchvisionSwin:
    def __init__(self, config, window, height, width, weights):
        self.weights = weights
        self.model = torchvision.models.swin_transformer.SwinTransformer(
            patch_size=[4, 4], embed_dim=config.width, depths=list(config.depths), num_heads=list(config.heads),
            window_size=[window, window], stochastic_depth_prob=0.0).eval()
        for s in STAGES:
            for block in self.model.features[2 * s + 1]:
                self._fit(block.attn, min(window, height >> (2 + s)), min(window, width >> (2 + s)))
        _load(self.model, weights, torchvision_name, window)

    @staticmethod
    def _fit(attention, height, width):
        attention.window_size = [height, width]
        attention.define_relative_position_bias_table()
        attention.define_relative_position_index()

    def __call__(self, image):
        stages, x = [], image
        for i, layer in enumerate(self.model.features):
            x = layer(x)
            if i % 2:
                stages.append(_stage_norm(x, i // 2, self.weights))
        return stages


class TimmSwin:
    def __init__(self, config, window, height, width, weights):
        from timm.models.swin_transformer import SwinTransformer

        self.weights = weights
        self.model = SwinTransformer(
            img_size=(height, width), embed_dim=config.width, depths=config.depths, num_heads=config.heads,
            window_size=window, num_classes=0, drop_path_rate=0.0).eval()
        _load(self.model, weights, timm_name, window)
        self.model.to(next(iter(weights.values())).dtype)  # the attention masks

    def __call__(self, image):
        stages, x = [], self.model.patch_embed(image)
        for s, layer in enumerate(self.model.layers):
            x = layer(x)
            stages.append(_stage_norm(x, s, self.weights))
        return stages


def windows_pad(window, height, width):
    """Whether some stage's map is larger than a window and no multiple of it: there timm is no reference."""
    return any(n > window and n % window for s in STAGES for n in (height >> (2 + s), width >> (2 + s)))
