"""Writes tests/golden/objectives.json: losses and answers of the pre-training objectives beside GLID's, by public code.

  {"simmim", "mae", "mixmae": {"image_shape": [B, H, W, 3], "patch", "channels", "window", "seen": [B lists of units],
   "loss", "prediction": tensor of the hidden units, [B, N, 3 U^2]; of MixMAE [B, units, 3 U^2], of all},
   "mae_vit", "aim": the same without "window", of a ViT whose units are a patch; of AIM what is seen is the prefix, and the
   prediction [sum of N, 3 U^2]}
Images: floor((formula_tensor("input", image_shape) + 1) * 128), bytes. Weights: formula.py, by our names. In double.

  simmim  transformers' SwinForMaskedImageModeling (a port of microsoft/SimMIM), whose linear layer says channel, row,
          column
  mae     a dense Swin whose hidden tokens nobody attends to, then embedding, positions and blocks of transformers'
          ViTMAE (a port of facebookresearch/mae) without its [CLS]
  mixmae  the same Swin on mixed images, attention masked by m m' + (1 - m)(1 - m'), and the decoder twice: written down
          after Sense-X/MixMIM, models_mixmim.py (forward_encoder, forward_decoder, forward_loss)
  mae_vit transformers' ViTMAEForPreTraining as it is, with its class token
  aim     a ViT with the mask of apple/ml-aim (layers.py, PrefixCausalAttention), residual MLPs on every token with its
          position, and the next patch as the target: written down after the paper (El-Nouby et al., 2024, section 3)
Run: python objectives.py
"""
import dataclasses

import torch
import torch.nn.functional as F
from transformers import SwinConfig, SwinForMaskedImageModeling, ViTMAEConfig, ViTMAEForPreTraining
from transformers.models.vit_mae.modeling_vit_mae import ViTMAEDecoder

import golden
from formula import formula_tensor, words

UNIT_SIDE, STAGES = 8, range(4)
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
DEPTHS, HEADS, DECODER_WIDTH, DECODER_BLOCKS, DECODER_HEADS = (2, 2, 2, 2), (1, 2, 4, 8), 32, 2, 4
VIT_DEPTH, VIT_HEADS, HEAD_BLOCKS = 2, 2, 2


@dataclasses.dataclass(frozen=True)
class Case:
    patch: int
    channels: int
    window: int
    grid: int  # units along a side
    batch: int = 2

    @property
    def unit(self):
        return UNIT_SIDE * self.patch

    @property
    def image_shape(self):
        return [self.batch, self.grid * self.unit, self.grid * self.unit, 3]

    def images(self):
        """[B, H, W, 3], normalised."""
        pixels = ((formula_tensor("input", self.image_shape).double() + 1) * 128).floor()
        return (pixels / 255 - torch.tensor(MEAN).double()) / torch.tensor(DEVIATION).double()

    def units(self, images):
        """[B, H, W, 3] -> [B, units, 3 U^2]: row, column, channel."""
        g, u = self.grid, self.unit
        return images.view(-1, g, u, g, u, 3).transpose(2, 3).reshape(len(images), g * g, -1)

    def drawn(self, name, count):
        order = torch.from_numpy(words(name, self.grid**2).astype("int64")).argsort(stable=True)
        return sorted(order[:count].tolist())

    def describe(self, seen, loss, prediction):
        encoder = {"patch": self.patch, "channels": self.channels, "window": self.window}
        return {"image_shape": self.image_shape, **{key: value for key, value in encoder.items() if value},
                "seen": seen, "loss": golden.digits(loss.item(), 15),
                "prediction": golden.describe("objectives", prediction.detach())}


class VitCase(Case):
    @property
    def unit(self):
        return self.patch


def weights(name, *shape):
    return formula_tensor(name, shape).double()


def layer_of(name, rows, columns):
    return weights(name + ".weight", rows, columns), weights(name + ".bias", rows)


def norm_of(name, channels, x, eps=1e-5):
    return F.layer_norm(x, (channels,), weights(name + ".weight", channels), weights(name + ".bias", channels), eps)


def hidden_beside(seen, case):
    return [sorted(set(range(case.grid**2)) - set(s)) for s in seen]


def chosen(units, indices):
    return torch.stack([u[i] for u, i in zip(units, indices)])


def normalised(target):
    return (target - target.mean(-1, keepdim=True)) / (target.var(-1, keepdim=True) + 1e-6).sqrt()


# --- SimMIM


def load_swin(model, case):
    """Formula weights into transformers' Swin, by our names."""
    state = {"swin.embeddings.mask_token": weights("encoder.mask_token", case.channels).view(1, 1, -1)}

    def take(theirs, ours):
        for kind in ("weight", "bias"):
            shape = model.state_dict()[f"{theirs}.{kind}"].shape
            state[f"{theirs}.{kind}"] = weights(f"{ours}.{kind}", *shape)

    take("swin.embeddings.patch_embeddings.projection", "encoder.patch_embed.proj")
    take("swin.embeddings.norm", "encoder.patch_embed.norm")
    take("swin.layernorm", "encoder.norm3")
    for s in STAGES:
        c = case.channels << s
        for b in range(DEPTHS[s]):
            theirs, ours = f"swin.encoder.layers.{s}.blocks.{b}.", f"encoder.layers.{s}.blocks.{b}."
            for kind, shape in (("weight", (3 * c, c)), ("bias", (3 * c,))):
                for part, value in zip("qkv", weights(f"{ours}attn.qkv.{kind}", *shape).chunk(3)):
                    state[f"{theirs}attention.{part}_proj.{kind}"] = value
            table = "relative_position_bias_table"
            state[f"{theirs}attention.relative_position_bias.{table}"] = weights(
                f"{ours}attn.{table}", (2 * case.window - 1) ** 2, HEADS[s])
            for a, o in (("attention.o_proj", "attn.proj"), ("layernorm_before", "norm1"), ("layernorm_after", "norm2"),
                         ("mlp.fc1", "mlp.fc1"), ("mlp.fc2", "mlp.fc2")):
                take(theirs + a, ours + o)
        if s < 3:
            at = f"layers.{s}.downsample."
            state[f"swin.encoder.{at}reduction.weight"] = weights(f"encoder.{at}reduction.weight", 2 * c, 4 * c)
            take(f"swin.encoder.{at}norm", f"encoder.{at}norm")
    u, last = case.unit, case.channels << 3
    head, bias = layer_of("heads.pixels", 3 * u * u, last)  # rows: row, column, channel; theirs: channel, row, column
    state["decoder.0.weight"] = head.view(u * u, 3, last).transpose(0, 1).reshape(3 * u * u, last, 1, 1)
    state["decoder.0.bias"] = bias.view(u * u, 3).t().reshape(-1)
    missing, unexpected = model.load_state_dict(state, strict=False)
    left = [name for name in missing if "relative_position_index" not in name]
    if left or unexpected:
        raise SystemExit(f"not given: {left}, not taken: {unexpected}")


def simmim(case):
    model = SwinForMaskedImageModeling(SwinConfig(
        image_size=case.grid * case.unit, patch_size=case.patch, embed_dim=case.channels, depths=list(DEPTHS),
        num_heads=list(HEADS), window_size=case.window, drop_path_rate=0.0, encoder_stride=case.unit)).double().eval()
    load_swin(model, case)
    seen = [case.drawn(f"mask.{b}", 6) for b in range(case.batch)]
    masked = torch.zeros(case.batch, case.grid**2, dtype=torch.bool)
    for b, hidden in enumerate(hidden_beside(seen, case)):
        masked[b, hidden] = True
    patches = masked.view(-1, case.grid, case.grid).repeat_interleave(UNIT_SIDE, 1).repeat_interleave(UNIT_SIDE, 2)
    images = case.images()
    answer = model(images.permute(0, 3, 1, 2), bool_masked_pos=patches.flatten(1))
    prediction = case.units(answer.reconstruction.permute(0, 2, 3, 1).contiguous())
    return case.describe(seen, answer.loss, chosen(prediction, hidden_beside(seen, case)))


# --- MAE and MixMAE


def windows_of(x, w):
    """[B, H, W, C] -> [B, windows, w * w, C]."""
    b, h, width, c = x.shape
    return x.view(b, h // w, w, width // w, w, c).transpose(2, 3).reshape(b, -1, w * w, c)


def attention(x, at, heads, source, w, shift):
    """Windows of w x w rolled by `shift`; only tokens of one source and one region attend to each other."""
    b, h, width, c = x.shape
    region = torch.zeros(h, dtype=torch.float64)
    if shift:
        region[h - w:h - shift], region[h - shift:] = 1, 2
    region = region.view(h, 1) * 3 + region.view(1, h) if shift else torch.zeros(h, width, dtype=torch.float64)
    roll = lambda t, s: t.roll((s, s), (1, 2)) if s else t  # noqa: E731
    of = windows_of(torch.stack([roll(source, -shift), region.expand(b, h, width)], -1), w)
    blocked = (of.unsqueeze(2) != of.unsqueeze(3)).any(-1).unsqueeze(2)
    qkv = F.linear(windows_of(roll(x, -shift), w), *layer_of(at + "qkv", 3 * c, c))
    q, k, v = qkv.view(b, -1, w * w, 3, heads, c // heads).permute(3, 0, 1, 4, 2, 5)
    place = torch.stack(torch.meshgrid(torch.arange(w), torch.arange(w), indexing="ij"), -1).view(-1, 2)
    offset = place[:, None] - place[None] + w - 1
    table = weights(at + "relative_position_bias_table", (2 * w - 1) ** 2, heads)
    bias = table[offset[..., 0] * (2 * w - 1) + offset[..., 1]].permute(2, 0, 1)
    scores = (q * (c // heads) ** -0.5 @ k.transpose(-1, -2) + bias).masked_fill(blocked, float("-inf"))
    y = F.linear((scores.softmax(-1) @ v).transpose(2, 3).reshape(b, -1, w * w, c), *layer_of(at + "proj", c, c))
    y = y.view(b, h // w, width // w, w, w, c).transpose(2, 3).reshape(b, h, width, c)
    return roll(y, shift)


def encode(images, sources, case):
    """Images [B, H, W, 3], sources [B, units] -> the last stage's tokens [B, units, C]."""
    filters = weights("encoder.patch_embed.proj.weight", case.channels, 3, case.patch, case.patch)
    bias = weights("encoder.patch_embed.proj.bias", case.channels)
    x = F.conv2d(images.permute(0, 3, 1, 2), filters, bias, case.patch)
    x = norm_of("encoder.patch_embed.norm", case.channels, x.permute(0, 2, 3, 1))
    sources = sources.view(-1, case.grid, case.grid).double()
    for s in STAGES:
        c, side = case.channels << s, UNIT_SIDE >> s
        source = sources.repeat_interleave(side, 1).repeat_interleave(side, 2)
        for b in range(DEPTHS[s]):
            at = f"encoder.layers.{s}.blocks.{b}."
            shift = case.window // 2 if b % 2 and x.shape[1] > case.window else 0
            window = min(case.window, x.shape[1])
            x = x + attention(norm_of(at + "norm1", c, x), at + "attn.", HEADS[s], source, window, shift)
            y = F.gelu(F.linear(norm_of(at + "norm2", c, x), *layer_of(at + "mlp.fc1", 4 * c, c)))
            x = x + F.linear(y, *layer_of(at + "mlp.fc2", c, 4 * c))
        if s < 3:
            at = f"encoder.layers.{s}.downsample."
            x = torch.cat([x[:, 0::2, 0::2], x[:, 1::2, 0::2], x[:, 0::2, 1::2], x[:, 1::2, 1::2]], -1)
            x = F.linear(norm_of(at + "norm", 4 * c, x), weights(at + "reduction.weight", 2 * c, 4 * c))
    return norm_of("encoder.norm3", case.channels << 3, x).flatten(1, 2)


DECODER = {"decoder_hidden_size": DECODER_WIDTH, "decoder_num_hidden_layers": DECODER_BLOCKS,
           "decoder_num_attention_heads": DECODER_HEADS, "decoder_intermediate_size": 4 * DECODER_WIDTH,
           "layer_norm_eps": 1e-6, "attn_implementation": "eager"}


def mae_decoder(case):
    """transformers' decoder with formula weights: positions are its own."""
    last = case.channels << 3
    decoder = ViTMAEDecoder(ViTMAEConfig(hidden_size=last, patch_size=case.unit, **DECODER), case.grid**2).double().eval()
    fill_decoder(decoder)
    return decoder


def fill_decoder(decoder):
    state, d = decoder.state_dict(), DECODER_WIDTH
    names = {"decoder_embed": "unit_decoder.embed", "decoder_norm": "unit_decoder.norm", "decoder_pred": "heads.pixels"}
    for name, value in state.items():
        owner, _, kind = name.rpartition(".")
        if name == "mask_token":
            state[name] = weights("unit_decoder.mask_token", d).view(1, 1, d)
        if name in ("mask_token", "decoder_pos_embed"):
            continue
        if owner in names:
            state[name] = weights(f"{names[owner]}.{kind}", *value.shape)
            continue
        _, block, *rest = owner.split(".")
        at = f"unit_decoder.blocks.{block}."
        part = next((i for i, p in enumerate(("query", "key", "value")) if rest[-1] in (p, p[0] + "_proj")), None)
        if part is not None:
            state[name] = weights(f"{at}attn.in_proj.{kind}", 3 * d, *value.shape[1:]).chunk(3)[part]
            continue
        ours = {"layernorm_before": "norm1", "layernorm_after": "norm2", "attention.output.dense": "attn.out_proj",
                "attention.o_proj": "attn.out_proj", "intermediate.dense": "mlp.fc1", "output.dense": "mlp.fc2",
                "mlp.fc1": "mlp.fc1", "mlp.fc2": "mlp.fc2"}[".".join(rest)]
        state[name] = weights(f"{at}{ours}.{kind}", *value.shape)
    decoder.load_state_dict(state)


def decode(tokens, is_seen, case):
    """Tokens [B, units, C], those that aren't seen as the mask token -> [B, units, 3 U^2]."""
    decoder = mae_decoder(case)
    token = weights("unit_decoder.mask_token", DECODER_WIDTH)
    x = torch.where(is_seen.unsqueeze(-1), decoder.decoder_embed(tokens), token) + decoder.decoder_pos_embed[:, 1:]
    for layer in decoder.decoder_layers:
        x = layer(x)
        x = x[0] if isinstance(x, tuple) else x
    return decoder.decoder_pred(decoder.decoder_norm(x))


def mae(case):
    seen = [case.drawn(f"mask.{b}", case.grid**2 // 4) for b in range(case.batch)]
    is_seen = torch.zeros(case.batch, case.grid**2, dtype=torch.bool)
    for b, units in enumerate(seen):
        is_seen[b, units] = True
    images, hidden = case.images(), hidden_beside(seen, case)
    prediction = chosen(decode(encode(images, is_seen, case), is_seen, case), hidden)
    loss = (prediction - chosen(normalised(case.units(images)), hidden)).square().mean()
    return case.describe(seen, loss, prediction)


def mixmae(case):
    """One mask for the batch, partners by reversed order: forward() of MixMIM."""
    seen = case.drawn("mask.0", case.grid**2 // 2)
    mask = torch.ones(case.grid**2, dtype=torch.bool)  # 1: the partner's
    mask[seen] = False
    images, m = case.images(), mask.view(1, -1)
    of_pixels = mask.view(case.grid, case.grid).repeat_interleave(case.unit, 0).repeat_interleave(case.unit, 1)
    mixed = torch.where(of_pixels.view(1, *of_pixels.shape, 1), images.flip(0), images)
    tokens = encode(mixed, (mask.long() + 1).expand(case.batch, -1), case)
    own, partners = decode(tokens, ~m.expand(case.batch, -1), case), decode(tokens, m.expand(case.batch, -1), case)
    prediction = torch.where(m.unsqueeze(-1), own, partners.flip(0))
    loss = (prediction - normalised(case.units(images))).square().mean()
    return case.describe([seen] * case.batch, loss, prediction)


# --- on a ViT


def fill_vit(vit):
    """Formula weights into transformers' ViTMAE encoder, by our names."""
    state = vit.state_dict()
    names = {"embeddings.cls_token": "cls_token", "embeddings.patch_embeddings.projection": "patch_embed.proj",
             "layernorm": "norm", "layers": "blocks", "layernorm_before": "norm1", "layernorm_after": "norm2",
             "attention.o_proj": "attn.proj", "mlp.fc1": "mlp.fc1", "mlp.fc2": "mlp.fc2"}
    for name, value in state.items():
        if name == "embeddings.position_embeddings":
            continue
        if name == "embeddings.cls_token":
            state[name] = weights("encoder.cls_token", *value.shape)
            continue
        owner, _, kind = name.rpartition(".")
        block, at = "", "encoder."
        if owner.startswith("layers."):
            _, block, owner = owner.split(".", 2)
            at = f"encoder.blocks.{block}."
        if owner in [f"attention.{part}_proj" for part in "qkv"]:
            whole = weights(f"{at}attn.qkv.{kind}", 3 * value.shape[0], *value.shape[1:])
            state[name] = whole.chunk(3)["qkv".index(owner[-6])]
        else:
            state[name] = weights(f"{at}{names[owner]}.{kind}", *value.shape)
    vit.load_state_dict(state)


def mae_vit(case):
    units, k = case.grid**2, case.grid**2 // 4
    config = ViTMAEConfig(
        hidden_size=case.channels, num_hidden_layers=VIT_DEPTH, num_attention_heads=VIT_HEADS,
        intermediate_size=4 * case.channels, image_size=case.grid * case.unit, patch_size=case.patch, norm_pix_loss=True,
        mask_ratio=1 - k / units, **DECODER)
    model = ViTMAEForPreTraining(config).double().eval()
    for positions in (model.vit.embeddings.position_embeddings, model.decoder.decoder_pos_embed):  # it leaves them at 0
        positions.copy_(ViTMAEDecoder(config, units).decoder_pos_embed)  # as wide as the encoder's
    fill_vit(model.vit)
    fill_decoder(model.decoder)
    seen = [case.drawn(f"mask.{b}", k) for b in range(case.batch)]
    noise = torch.ones(case.batch, units).double()  # the patches of the smallest noise are kept
    for b, kept in enumerate(seen):
        noise[b, kept] = 0
    answer = model(case.images().permute(0, 3, 1, 2), noise=noise)
    return case.describe(seen, answer.loss, chosen(answer.logits, hidden_beside(seen, case)))


def sincos(case):
    """[units, C]: x before y, sines before cosines."""
    frequency = 1e4 ** -(torch.arange(case.channels // 4).double() / (case.channels // 4))
    y, x = torch.meshgrid(torch.arange(case.grid).double(), torch.arange(case.grid).double(), indexing="ij")
    angles = [place.reshape(-1, 1) * frequency for place in (x, y)]
    return torch.cat([part for angle in angles for part in (angle.sin(), angle.cos())], 1)


def residual_mlp(x, at, norm, mlp, c):
    y = F.gelu(F.linear(norm_of(at + norm, c, x, 1e-6), *layer_of(at + mlp + ".fc1", 4 * c, c)))
    return x + F.linear(y, *layer_of(at + mlp + ".fc2", c, 4 * c))


def aim(case):
    b, n, c, d = case.batch, case.grid**2, case.channels, case.channels // VIT_HEADS
    prefix = [1, n // 3, n - 1]
    in_prefix = torch.arange(n) < torch.tensor(prefix).view(b, 1)
    allowed = torch.ones(n, n, dtype=torch.bool).tril() | in_prefix.view(b, 1, n)  # [B, queries, keys]
    filters = weights("encoder.patch_embed.proj.weight", c, 3, case.patch, case.patch)
    bias = weights("encoder.patch_embed.proj.bias", c)
    x = F.conv2d(case.images().permute(0, 3, 1, 2), filters, bias, case.patch).flatten(2).transpose(1, 2) + sincos(case)
    for i in range(VIT_DEPTH):
        at = f"encoder.blocks.{i}."
        qkv = F.linear(norm_of(at + "norm1", c, x, 1e-6), *layer_of(at + "attn.qkv", 3 * c, c))
        q, k, v = qkv.view(b, n, 3, VIT_HEADS, d).permute(2, 0, 3, 1, 4)
        scores = (q @ k.transpose(-1, -2) * d**-0.5).masked_fill(~allowed.unsqueeze(1), float("-inf"))
        x = x + F.linear((scores.softmax(-1) @ v).transpose(1, 2).reshape(b, n, c), *layer_of(at + "attn.proj", c, c))
        x = residual_mlp(x, at, "norm2", "mlp", c)
    x = norm_of("encoder.norm", c, x, 1e-6) + sincos(case)
    for i in range(HEAD_BLOCKS):
        x = residual_mlp(x, f"heads.pixels.blocks.{i}.", "norm", "mlp", c)
    prediction = F.linear(x, *layer_of("heads.pixels", 3 * case.unit**2, c))[:, :-1]  # of the patches from the second on
    target, counted = normalised(case.units(case.images()))[:, 1:], ~in_prefix[:, 1:]
    loss = (prediction - target).square().mean(-1)[counted].mean()
    return case.describe([list(range(s)) for s in prefix], loss, prediction[counted])


if __name__ == "__main__":
    torch.manual_seed(0)
    with torch.no_grad():
        content = {"simmim": simmim(Case(patch=4, channels=16, window=4, grid=4)),
                   "mae": mae(Case(patch=2, channels=16, window=6, grid=6)),
                   "mixmae": mixmae(Case(patch=2, channels=16, window=6, grid=6)),
                   "mae_vit": mae_vit(VitCase(patch=8, channels=32, window=0, grid=4)),
                   "aim": aim(VitCase(patch=8, channels=32, window=0, grid=4, batch=3))}
    for name, case in content.items():
        print(f"{name}: loss {case['loss']:.9f}")
    golden.write("objectives.json", content)
