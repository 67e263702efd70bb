"""GLID in plain PyTorch eager, on visible tokens only: the peer for speed and for whole-model values.

`Glid.loss` is a pre-training step; glid_queries.py has what fine-tuning asks. The same algorithm as src/nn and src/model:
tokens unit-major, windows gathered by a plan of index tensors that is prepared ahead, windows of a batch bucketed by their
length rounded up to 16, BiFPN on visible tokens. Parameters are a flat dictionary in the names of our checkpoints
(`parameter_shapes` knows those of pre-training).
"""
import dataclasses
import math

import numpy as np
import torch
import torch.nn.functional as F

from formula import formula_tensor

STAGES, LEVELS, UNIT_SIDE, BUCKET_STEP = range(4), 3, 8, 16


@dataclasses.dataclass(frozen=True)
class GlidConfig:
    image: int = 96
    patch: int = 2
    channels: int = 32
    depths: tuple = (2, 2, 2, 2)
    heads: tuple = (2, 4, 8, 16)
    windows: tuple = (6, 6, 6, 6)
    width: int = 96
    cells: int = 1
    layers: int = 3
    decoder_heads: int = 3
    norm: str = "pre"  # or "post"

    @property
    def unit(self):
        return UNIT_SIDE * self.patch

    @property
    def grid(self):
        return self.image // self.unit


TINY = GlidConfig()
SWINS = {  # the encoders of configs/models in their place
    "tiny": TINY,
    "swint": dataclasses.replace(TINY, patch=4, channels=96, depths=(2, 2, 6, 2), heads=(3, 6, 12, 24), windows=(7,) * 4),
    "swinb": dataclasses.replace(TINY, patch=4, channels=128, depths=(2, 2, 18, 2), heads=(4, 8, 16, 32),
                                 windows=(12, 12, 12, 6)),
    "swinl": dataclasses.replace(TINY, patch=4, channels=192, depths=(2, 2, 18, 2), heads=(6, 12, 24, 48),
                                 windows=(12, 12, 12, 6)),
}


def parameter_shapes(config):
    shapes = {}

    def norm(name, c):
        shapes.update({f"{name}.weight": (c,), f"{name}.bias": (c,)})

    def linear(name, rows, columns):
        shapes.update({f"{name}.weight": (rows, columns), f"{name}.bias": (rows,)})

    shapes["encoder.patch_embed.proj.weight"] = (config.channels, 3, config.patch, config.patch)
    shapes["encoder.patch_embed.proj.bias"] = (config.channels,)
    norm("encoder.patch_embed.norm", config.channels)
    for s in STAGES:
        c = config.channels << s
        for b in range(config.depths[s]):
            at = f"encoder.layers.{s}.blocks.{b}."
            norm(at + "norm1", c)
            shapes[at + "attn.relative_position_bias_table"] = ((2 * config.windows[s] - 1) ** 2, config.heads[s])
            linear(at + "attn.qkv", 3 * c, c)
            linear(at + "attn.proj", c, c)
            norm(at + "norm2", c)
            linear(at + "mlp.fc1", 4 * c, c)
            linear(at + "mlp.fc2", c, 4 * c)
        if s < 3:
            norm(f"encoder.layers.{s}.downsample.norm", 4 * c)
            shapes[f"encoder.layers.{s}.downsample.reduction.weight"] = (2 * c, 4 * c)
    for s in STAGES:
        norm(f"encoder.norm{s}", config.channels << s)
    d = config.width
    for s in STAGES:
        linear(f"bifpn.laterals.{s}.proj", d, config.channels << s)
        norm(f"bifpn.laterals.{s}.norm", d)
    for cell in range(config.cells):
        for node, inputs in (("top_down1", 2), ("top_down2", 2), ("bottom_up0", 2), ("bottom_up1", 3), ("bottom_up2", 3),
                             ("bottom_up3", 2)):
            at = f"bifpn.cells.{cell}.{node}."
            shapes[at + "fusion"] = (inputs,)
            shapes[at + "depthwise.weight"] = (d, 1, 3, 3)
            linear(at + "pointwise", d, d)
            norm(at + "norm", d)
    shapes |= {"decoder.cls_token": (d,), "decoder.mask_token": (d,), "decoder.level_embed": (LEVELS, d)}
    for i in range(config.layers):
        for attention in ("cross_attn", "self_attn"):
            linear(f"decoder.layers.{i}.{attention}.in_proj", 3 * d, d)
            linear(f"decoder.layers.{i}.{attention}.out_proj", d, d)
        linear(f"decoder.layers.{i}.linear1", 4 * d, d)
        linear(f"decoder.layers.{i}.linear2", d, 4 * d)
        for n in (1, 2, 3):
            norm(f"decoder.layers.{i}.norm{n}", d)
    norm("decoder.norm", d)
    linear("heads.pixels", 3 * config.unit**2, d)
    return shapes


def formula_parameters(config, dtype=torch.float32):
    return {n: formula_tensor(n, shape).to(dtype).requires_grad_() for n, shape in parameter_shapes(config).items()}


def load_parameters(config, file):
    import safetensors.torch

    tensors, shapes = safetensors.torch.load_file(file), parameter_shapes(config)
    if {n: tuple(t.shape) for n, t in tensors.items()} != shapes:
        raise ValueError(f"{file}: other names or shapes: {sorted(set(tensors) ^ set(shapes))}")
    return {n: tensors[n].requires_grad_() for n in shapes}


class Spread(torch.autograd.Function):
    """Rows placed at `rows` (T: zeros); the gradient gathers by `inverse` instead of adding row by row."""

    @staticmethod
    def forward(ctx, x, rows, inverse):
        ctx.save_for_backward(inverse)
        return torch.cat([x, x.new_zeros(1, x.shape[1])]).index_select(0, rows)

    @staticmethod
    def backward(ctx, grad):
        return grad.index_select(0, ctx.saved_tensors[0]), None, None


class Collect(torch.autograd.Function):
    """The transpose of Spread."""

    @staticmethod
    def forward(ctx, y, rows, inverse):
        ctx.save_for_backward(rows)
        return y.index_select(0, inverse)

    @staticmethod
    def backward(ctx, grad):
        return torch.cat([grad, grad.new_zeros(1, grad.shape[1])]).index_select(0, ctx.saved_tensors[0]), None, None


@dataclasses.dataclass
class Bucket:
    windows: int
    length: int
    bias_index: torch.Tensor  # [windows * length * length] rows of the bias table
    key_mask: torch.Tensor  # [windows, 1, 1, length] 0 or -inf


@dataclasses.dataclass
class Windows:
    rows: torch.Tensor  # [places], T at fillers
    inverse: torch.Tensor  # [T]
    buckets: list


def window_plan(batch, y, x, size, window, shifted):
    """Windows of the tokens at (y, x) of sample `batch` in a size x size map."""
    offset = window - window // 2 if shifted else 0
    per_axis = size // window + 2
    key = (batch * per_axis + (y + offset) // window) * per_axis + (x + offset) // window
    code = (y + offset) % window * (2 * window - 1) + (x + offset) % window
    order = np.lexsort((code, key))
    _, starts, counts = np.unique(key[order], return_index=True, return_counts=True)
    lengths = np.minimum(-(-counts // BUCKET_STEP) * BUCKET_STEP, min(size, window) ** 2)
    rows, buckets = [], []
    for length in np.unique(lengths):
        of_length = np.flatnonzero(lengths == length)
        place = starts[of_length, None] + np.arange(length)
        filler = np.arange(length) >= counts[of_length, None]
        tokens = order[np.where(filler, 0, place)]
        codes = np.where(filler, 0, code[tokens])
        bias_index = codes[:, :, None] - codes[:, None, :] + 2 * window * (window - 1)
        mask = torch.from_numpy(np.where(filler, -np.inf, 0.0).astype(np.float32))
        buckets.append(Bucket(len(of_length), int(length), torch.from_numpy(bias_index.reshape(-1)), mask[:, None, None, :]))
        rows.append(np.where(filler, len(y), tokens).reshape(-1))
    rows = np.concatenate(rows)
    inverse = np.empty(len(y), np.int64)
    inverse[rows[rows < len(y)]] = np.flatnonzero(rows < len(y))
    return Windows(torch.from_numpy(rows), torch.from_numpy(inverse), buckets)


@dataclasses.dataclass
class Plan:
    batch: int
    visible: torch.Tensor  # [B * K] rows of the batch's units
    hidden: torch.Tensor  # [B * N]
    hidden_cells: torch.Tensor  # [B * N] within the sample
    windows: list  # [stage][shifted]
    image_rows: list  # [stage] [B * H * W], T where hidden
    image_inverse: list  # [stage] [T]
    cells: list  # [stage] [T] within the sample


def make_plan(config, visible):
    """visible [B, K]: ascending unit indices of every sample."""
    visible = np.asarray(visible, np.int64)
    batch, grid = len(visible), config.grid
    hidden = np.stack([np.setdiff1d(np.arange(grid**2), v) for v in visible])
    offsets = np.arange(batch)[:, None] * grid**2
    units_of_batch = (torch.from_numpy(a.reshape(-1)) for a in (visible + offsets, hidden + offsets, hidden))
    plan = Plan(batch, *units_of_batch, [], [], [], [])
    for s in STAGES:
        side, size = UNIT_SIDE >> s, grid * (UNIT_SIDE >> s)
        sample, units, dy, dx = (a.reshape(-1) for a in np.broadcast_arrays(
            np.arange(batch)[:, None, None, None], visible[:, :, None, None], np.arange(side)[:, None], np.arange(side)))
        y, x = units // grid * side + dy, units % grid * side + dx
        shifts = (False, True) if size > config.windows[s] else (False,)
        windows = [window_plan(sample, y, x, size, config.windows[s], shifted) for shifted in shifts]
        inverse = (sample * size + y) * size + x
        rows = np.full(batch * size * size, len(y))
        rows[inverse] = np.arange(len(y))
        plan.windows.append(windows)
        plan.image_rows.append(torch.from_numpy(rows))
        plan.image_inverse.append(torch.from_numpy(inverse))
        plan.cells.append(torch.from_numpy(y * size + x))
    return plan


def fourier_table(size, channels, dtype):
    n = channels // 4
    cycles = 0.5 * 12.0 ** (torch.arange(n, dtype=torch.float64) / (n - 1))
    angle = 2 * math.pi * ((torch.arange(size, dtype=torch.float64) + 0.5) / size)[:, None] * cycles
    along = torch.cat([angle.sin(), angle.cos()], 1)
    y, x = along[:, None].expand(size, size, -1), along[None].expand(size, size, -1)
    return torch.cat([y, x], 2).reshape(size * size, channels).to(dtype)


class Glid:
    def __init__(self, config, parameters):
        self.config, self.p = config, parameters
        dtype = next(iter(parameters.values())).dtype
        self.tables = [fourier_table(config.grid * (UNIT_SIDE >> s), config.width, dtype) for s in STAGES]

    def linear(self, name, x):
        return F.linear(x, self.p[name + ".weight"], self.p[name + ".bias"])

    def norm(self, name, x):
        return F.layer_norm(x, x.shape[-1:], self.p[name + ".weight"], self.p[name + ".bias"])

    def window_attention(self, at, x, windows):
        table = self.p[at + "relative_position_bias_table"]
        heads, channels = table.shape[1], x.shape[1]
        qkv = Spread.apply(self.linear(at + "qkv", x), windows.rows, windows.inverse)
        outputs, first = [], 0
        for bucket in windows.buckets:
            w, n = bucket.windows, bucket.length
            q, k, v = qkv[first:first + w * n].view(w, n, 3, heads, channels // heads).permute(2, 0, 3, 1, 4).unbind(0)
            bias = F.embedding(bucket.bias_index, table).view(w, n, n, heads).permute(0, 3, 1, 2)
            scores = (q * (channels // heads) ** -0.5) @ k.transpose(2, 3) + bias + bucket.key_mask
            outputs.append((scores.softmax(-1) @ v).transpose(1, 2).reshape(w * n, channels))
            first += w * n
        return self.linear(at + "proj", Collect.apply(torch.cat(outputs), windows.rows, windows.inverse))

    def block(self, at, x, windows):
        x = x + self.window_attention(at + "attn.", self.norm(at + "norm1", x), windows)
        return x + self.linear(at + "mlp.fc2", F.gelu(self.linear(at + "mlp.fc1", self.norm(at + "norm2", x))))

    def encode(self, units, plan):
        """units [B * K, U, U, 3] -> tokens of the four stages."""
        patch, stages = self.config.patch, []
        x = units.view(-1, UNIT_SIDE, patch, UNIT_SIDE, patch, 3).permute(0, 1, 3, 5, 2, 4).reshape(-1, 3 * patch**2)
        x = F.linear(x, self.p["encoder.patch_embed.proj.weight"].flatten(1), self.p["encoder.patch_embed.proj.bias"])
        x = self.norm("encoder.patch_embed.norm", x)
        for s in STAGES:
            for b in range(self.config.depths[s]):
                x = self.block(f"encoder.layers.{s}.blocks.{b}.", x, plan.windows[s][b % len(plan.windows[s])])
            stages.append(self.norm(f"encoder.norm{s}", x))
            if s < 3:
                half, c = UNIT_SIDE >> (s + 1), x.shape[1]
                x = x.view(-1, half, 2, half, 2, c).permute(0, 1, 3, 4, 2, 5).reshape(-1, 4 * c)
                x = self.norm(f"encoder.layers.{s}.downsample.norm", x)
                x = F.linear(x, self.p[f"encoder.layers.{s}.downsample.reduction.weight"])
        return stages

    def fuse(self, at, inputs, plan, s):
        weights = self.p[at + "fusion"].relu()
        weights = weights / (weights.sum() + 1e-4)
        x = F.silu(sum(x * w for x, w in zip(inputs, weights.unbind(0))))
        size = self.config.grid * (UNIT_SIDE >> s)
        x = Spread.apply(x, plan.image_rows[s], plan.image_inverse[s]).view(plan.batch, size, size, -1).permute(0, 3, 1, 2)
        x = F.conv2d(x, self.p[at + "depthwise.weight"], padding=1, groups=x.shape[1])
        x = Collect.apply(x.permute(0, 2, 3, 1).reshape(-1, x.shape[1]), plan.image_rows[s], plan.image_inverse[s])
        return self.norm(at + "norm", self.linear(at + "pointwise", x))

    def pyramid(self, stages, plan):
        def up(x, s):
            side = UNIT_SIDE >> s
            return x.view(-1, side, 1, side, 1, x.shape[1]).expand(-1, -1, 2, -1, 2, -1).reshape(-1, x.shape[1])

        def down(x, s):
            half = UNIT_SIDE >> (s + 1)
            return x.view(-1, half, 2, half, 2, x.shape[1]).amax((2, 4)).view(-1, x.shape[1])

        p = [self.norm(f"bifpn.laterals.{s}.norm", self.linear(f"bifpn.laterals.{s}.proj", x)) for s, x in enumerate(stages)]
        for cell in range(self.config.cells):
            at = f"bifpn.cells.{cell}."
            t2 = self.fuse(at + "top_down2.", [p[2], up(p[3], 3)], plan, 2)
            t1 = self.fuse(at + "top_down1.", [p[1], up(t2, 2)], plan, 1)
            o0 = self.fuse(at + "bottom_up0.", [p[0], up(t1, 1)], plan, 0)
            o1 = self.fuse(at + "bottom_up1.", [p[1], t1, down(o0, 0)], plan, 1)
            o2 = self.fuse(at + "bottom_up2.", [p[2], t2, down(o1, 1)], plan, 2)
            p = [o0, o1, o2, self.fuse(at + "bottom_up3.", [p[3], down(o2, 2)], plan, 3)]
        return p

    def attention(self, at, query, key, value, mask=None):
        weights, biases = self.p[at + "in_proj.weight"].chunk(3), self.p[at + "in_proj.bias"].chunk(3)

        def project(x, i):
            return F.linear(x, weights[i], biases[i]).unflatten(2, (self.config.decoder_heads, -1)).transpose(1, 2)

        y = F.scaled_dot_product_attention(project(query, 0), project(key, 1), project(value, 2), mask)
        return self.linear(at + "out_proj", y.transpose(1, 2).reshape(query.shape))

    def memory(self, pyramid, plan, images):
        """(key, value) [B, K, d] of the three levels for a slice of the batch's images, coarse to fine."""
        memory = []
        for level in range(LEVELS):
            s = 3 - level
            by_image = (plan.batch, -1, self.config.width)
            value = pyramid[s].view(by_image)[images] + self.p["decoder.level_embed"][level]
            memory.append((value + self.tables[s].index_select(0, plan.cells[s]).view(by_image)[images], value))
        return memory

    def layer(self, at, x, places, memory, self_mask):
        def residual(x, norm, branch):
            if self.config.norm == "post":
                return self.norm(at + norm, x + branch(x))
            return x + branch(self.norm(at + norm, x))

        x = residual(x, "norm1", lambda y: self.attention(at + "cross_attn.", y + places, *memory))
        x = residual(x, "norm2", lambda y: self.attention(at + "self_attn.", y + places, y + places, y, self_mask))
        return residual(x, "norm3", lambda y: self.linear(at + "linear2", F.relu(self.linear(at + "linear1", y))))

    def run_decoder(self, x, places, memory, self_mask=None, supervised=(), seen=None):
        """Queries that start as x + places -> [layers, B, Q, d] of the supervised layers (0: before the first) and the last.

        seen(queries after the final norm, level) -> the cells that each sees in the next layer, as a mask of attention.
        """
        x, outputs = x + places, []
        for i in range(self.config.layers + 1):
            if i == self.config.layers or i in supervised:
                outputs.append(self.norm("decoder.norm", x))
            if i < self.config.layers:
                level = i % LEVELS
                mask = seen(self.norm("decoder.norm", x), level) if seen else None
                x = self.layer(f"decoder.layers.{i}.", x, places, (*memory[level], mask), self_mask)
        return torch.stack(outputs)

    def decode(self, pyramid, plan):
        d, batch = self.config.width, plan.batch
        places = self.tables[3].index_select(0, plan.hidden_cells).view(batch, -1, d)
        places = torch.cat([places.new_zeros(batch, 1, d), places], 1)
        mask_tokens = self.p["decoder.mask_token"].expand(batch, places.shape[1] - 1, d)
        x = torch.cat([self.p["decoder.cls_token"].expand(batch, 1, d), mask_tokens], 1)
        return self.run_decoder(x, places, self.memory(pyramid, plan, slice(None)))[-1]

    def units(self, images):
        """[B, H, W, 3] -> [units, U, U, 3]."""
        u, grid = self.config.unit, self.config.grid
        return images.view(-1, grid, u, grid, u, 3).transpose(2, 3).reshape(-1, u, u, 3)

    def pyramid_of(self, images, plan):
        return self.pyramid(self.encode(self.units(images).index_select(0, plan.visible), plan), plan)

    def predict(self, images, plan):
        """images [B, H, W, 3], normalised -> prediction and target of the hidden units, both [B * N, 3 U^2]."""
        target = self.units(images).index_select(0, plan.hidden).flatten(1)
        target = (target - target.mean(1, keepdim=True)) / (target.var(1, keepdim=True) + 1e-6).sqrt()
        decoded = self.decode(self.pyramid_of(images, plan), plan)
        return self.linear("heads.pixels", decoded)[:, 1:].flatten(0, 1), target

    def loss(self, images, plan):
        prediction, target = self.predict(images, plan)
        return (prediction - target).square().mean()
