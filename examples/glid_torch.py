"""GLID in PyTorch for whole images, from what `glid_convert RUN model.safetensors` writes: the weights, and model.json.

    answers, features = Glid("model.safetensors")(pixels)     # [B, H, W, 3] in 0..255, RGB

answers: of each question that the task asks about an image, {head: [layers, B, queries, outputs]}: what the heads say after
the decoder layers that learned to answer, the last one last. features: the finest map f^b, [B, H, W, d] in patches.
As in the program, sides are filled up to whole units, and cells that lie beyond the image are not looked at.
"""
import json
import math

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torchvision.models.swin_transformer import shifted_window_attention


class Glid:
    def __init__(self, file, dtype=torch.float32):
        self.p = {name: tensor.to(dtype) for name, tensor in load_file(file).items()}
        self.a = json.load(open(str(file).removesuffix(".safetensors") + ".json", encoding="utf-8"))
        assert self.a["format"] == "glid architecture 1", self.a["format"]
        assert "windows" in self.a["encoder"], "its encoder is a ViT, and here are only Swins"
        assert self.a.get("reads", "queries") == "queries", f"its heads read {self.a['reads']}, and here only queries"

    def run(self, x, at, *layers):  # functions, and names of norms and linear layers
        for layer in layers:
            w, b = self.p.get(f"{at}{layer}.weight"), self.p.get(f"{at}{layer}.bias")
            x = layer(x) if callable(layer) else F.linear(x, w, b) if w.dim() == 2 else F.layer_norm(x, w.shape, w, b)
        return x

    def window_attention(self, x, at, heads, side, shift):  # [B, H, W, C]
        h, w = min(side, x.shape[1]), min(side, x.shape[2])
        place = (torch.arange(h)[:, None] * (2 * side - 1) + torch.arange(w)).flatten()
        bias = self.p[at + "relative_position_bias_table"][place[:, None] - place + 2 * side * (side - 1)].permute(2, 0, 1)
        qkv, proj, *biases = (self.p[f"{at}{n}"] for n in ("qkv.weight", "proj.weight", "qkv.bias", "proj.bias"))
        return shifted_window_attention(x, qkv, proj, bias[None], [h, w], heads, [shift, shift], 0.0, 0.0, *biases)

    def encode(self, x):  # [B, 3, H, W] -> four maps [B, H, W, C]
        e, at = self.a["encoder"], "encoder.patch_embed."
        x = F.conv2d(x, self.p[at + "proj.weight"], self.p[at + "proj.bias"], e["patch"]).permute(0, 2, 3, 1)
        x = self.run(x, at, "norm")
        for s, (depth, heads, side) in enumerate(zip(e["depths"], e["heads"], e["windows"])):
            for b in range(depth):
                at = f"encoder.layers.{s}.blocks.{b}."
                x = x + self.window_attention(self.run(x, at, "norm1"), at + "attn.", heads, side, b % 2 * (side // 2))
                x = x + self.run(x, at, "norm2", "mlp.fc1", F.gelu, "mlp.fc2")
            yield self.run(x, "encoder.", f"norm{s}")
            if s < 3:
                x = torch.cat([x[:, i::2, j::2] for j in (0, 1) for i in (0, 1)], 3)
                x = self.run(x, f"encoder.layers.{s}.downsample.", "norm", "reduction")

    def fuse(self, at, *inputs):
        shares = self.p[at + "fusion"].relu()
        x = F.silu(sum(x * share for x, share in zip(inputs, shares / (shares.sum() + 1e-4)))).permute(0, 3, 1, 2)
        x = F.conv2d(x, self.p[at + "depthwise.weight"], padding=1, groups=x.shape[1]).permute(0, 2, 3, 1)
        return self.run(x, at, "pointwise", "norm")

    def pyramid(self, maps):
        up = lambda x: x.repeat_interleave(2, 1).repeat_interleave(2, 2)
        down = lambda x: x.unflatten(2, (-1, 2)).unflatten(1, (-1, 2)).amax((2, 4))
        p = [self.run(x, f"bifpn.laterals.{s}.", "proj", "norm") for s, x in enumerate(maps)]
        for at in (f"bifpn.cells.{cell}." for cell in range(self.a["bifpn"]["cells"])):
            t2 = self.fuse(at + "top_down2.", p[2], up(p[3]))
            t1 = self.fuse(at + "top_down1.", p[1], up(t2))
            p[0] = self.fuse(at + "bottom_up0.", p[0], up(t1))
            p[1] = self.fuse(at + "bottom_up1.", p[1], t1, down(p[0]))
            p[2] = self.fuse(at + "bottom_up2.", p[2], t2, down(p[1]))
            p[3] = self.fuse(at + "bottom_up3.", p[3], down(p[2]))
        return p

    def places(self, count, size):  # position vectors [count, d / 2] of cells along an axis that is `size` cells long
        n, i = self.a["decoder"]["width"] // 4, torch.arange(count, dtype=torch.float64)[:, None]
        if fourier := self.a["decoder"]["positions"] == "fourier":
            angle = 2 * math.pi * (i + 0.5) / size * torch.logspace(-1, math.log2(6), n, 2, dtype=torch.float64)
        else:
            angle = 2 * math.pi * (i + 1) / (size + 1e-6) / 1e4 ** (torch.arange(n, dtype=torch.float64) / n)
        return torch.stack([angle.sin(), angle.cos()], 1 if fourier else 2).flatten(1).float()

    def levels(self, maps, height, width):  # coarse to fine: keys, values, rows and columns, which cells the image covers
        for level, x in enumerate(maps[:0:-1]):
            stride, (rows, columns) = self.a["image"]["unit"] >> level, x.shape[1:3]
            y_place, x_place = self.places(rows, height / stride), self.places(columns, width / stride)
            value = x.flatten(1, 2) + self.p["decoder.level_embed"][level]
            key = value + torch.cat([y_place.repeat_interleave(columns, 0), x_place.repeat(rows, 1)], 1)
            inside = (torch.arange(rows)[:, None] < height / stride) & (torch.arange(columns) < width / stride)
            yield key, value, (rows, columns), inside.view(1, -1)

    def attention(self, at, q, k, v, seen=None):
        projections = zip((q, k, v), self.p[at + "in_proj.weight"].chunk(3), self.p[at + "in_proj.bias"].chunk(3))
        q, k, v = (F.linear(*p).unflatten(2, (self.a["decoder"]["heads"], -1)).transpose(1, 2) for p in projections)
        return self.run(F.scaled_dot_product_attention(q, k, v, seen).transpose(1, 2).flatten(2), at, "out_proj")

    def head(self, name, x, rows):
        hidden = (f".hidden{i}" for i in range(1, len(self.p)) if f"heads.{name}.hidden{i}.weight" in self.p)
        x = self.run(x, f"heads.{name}", *(layer for h in hidden for layer in (h, F.relu)), "")
        reference = self.p.get(f"heads.{name}.reference")  # of learned queries, for the first outputs
        return x if reference is None else x + F.pad(reference[rows], (0, x.shape[-1] - reference.shape[1]))

    def seen(self, z, masks, features, size, inside):  # masked attention: the cells where a query's mask is foreground
        if masks["features"] == "mean_norm":
            features = F.layer_norm(features - features.mean((1, 2), True), features.shape[-1:])
        maps = torch.einsum("bqd,bhwd->bqhw", z, features) * masks["scale"]
        seen = (F.interpolate(maps, size, mode="bilinear").flatten(2) >= 0) & inside
        return torch.where(seen.any(-1, True), seen, inside)[:, None]

    def answer(self, question, levels, features):
        d, learned, decoded = self.a["decoder"], question["learned"], []
        rows = slice(learned["first"], learned["first"] + learned["count"]) if learned else None
        start = self.p["decoder.query_embed"][rows] if learned else features.new_zeros(1, d["width"])
        x, place = self.p["decoder.cls_token"] + start * (d["query_pos"] != "attn"), start * (d["query_pos"] != "content")
        x = x.expand(len(features), -1, -1)

        def step(x, norm, branch):
            return self.run(x + branch(x), at, norm) if d["norm"] == "post" else x + branch(self.run(x, at, norm))

        for i in range(d["layers"] + 1):
            z = self.run(x, "decoder.", "norm")
            decoded += [z] if i in self.a["supervised_layers"] else []
            if i < d["layers"]:
                at, (key, value, size, seen) = f"decoder.layers.{i}.", levels[i % 3]
                if question["masked_attention"]:
                    seen = self.seen(self.head(question["masks"]["head"], z, rows), question["masks"], features, size, seen)
                x = step(x, "norm1", lambda y: self.attention(at + "cross_attn.", y + place, key, value, seen))
                x = step(x, "norm2", lambda y: self.attention(at + "self_attn.", y + place, y + place, y))
                x = step(x, "norm3", lambda y: self.run(y, at, "linear1", F.relu, "linear2"))
        return {name: self.head(name, torch.stack(decoded), rows) for name in question["heads"]}

    @torch.no_grad()
    def __call__(self, pixels):
        image, (height, width) = self.a["image"], pixels.shape[1:3]
        mean, std = (torch.tensor(image[n]).to(self.p["decoder.cls_token"]) for n in ("mean", "std"))
        x = F.pad((pixels - mean) / std, (0, 0, 0, -width % image["unit"], 0, -height % image["unit"]))
        maps = self.pyramid(self.encode(x.permute(0, 3, 1, 2)))
        levels = list(self.levels(maps, height, width))
        return [self.answer(question, levels, maps[0]) for question in self.a["questions"]], maps[0]
