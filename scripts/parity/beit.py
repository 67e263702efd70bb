"""Writes tests/golden/beit.json: BEiT's loss and predictions by public code, and what its generator's masks are like.

  {"model": {"image_shape": [B, H, W, 3], "patch", "channels", "heads", "depth", "layer_scale", "num_codes",
             "hidden": [B lists of patches, not equally many], "codes": [B lists of the codes of these], "loss",
             "logits": tensor [all hidden patches, codes], image after image},
   "masks": [{"grid", "hidden", "smallest", "largest" (null: none), "count": {"mean", "deviation", "most"},
              "neighbours": part of the hidden units whose right neighbour in the grid is hidden}]}
Images: floor((formula_tensor("input", image_shape) + 1) * 128), bytes. Weights: formula.py, by our names; the codes are
formula_tensor("codes", [num_codes, 3 patch^2]). In double.

  model  transformers' BeitForMaskedImageModeling (a port of microsoft/unilm, beit) on the nearest codes of patches in their
         own mean and deviation
  masks  20,000 of unilm's own beit/masking_generator.py, which no package has; without the file they stay as they are
Run: python beit.py [--generator FILE]
"""
import argparse
import importlib.util
import json
import random

import numpy as np
import torch
from transformers import BeitConfig, BeitForMaskedImageModeling

import golden
from formula import formula_tensor, words

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
PATCH, GRID, CHANNELS, HEADS, DEPTH, SCALE, NUM_CODES = 8, 4, 128, 2, 2, 0.1, 24
COUNTS = (7, 4, 6)  # hidden patches of the images
MASKS = (dict(grid=14, hidden=75, smallest=16, largest=None), dict(grid=12, hidden=58, smallest=6, largest=20))


def weights(name, *shape):
    return formula_tensor(name, shape).double()


def images():
    shape = [len(COUNTS), GRID * PATCH, GRID * PATCH, 3]
    pixels = ((formula_tensor("input", shape).double() + 1) * 128).floor()
    return (pixels / 255 - torch.tensor(MEAN).double()) / torch.tensor(DEVIATION).double()


def drawn(name, count):
    order = torch.from_numpy(words(name, GRID**2).astype("int64")).argsort(stable=True)
    return sorted(order[:count].tolist())


def load(model):
    c, h = CHANNELS, 4 * CHANNELS
    ours = {"beit.embeddings.cls_token": weights("encoder.cls_token", 1, 1, c),
            "beit.embeddings.mask_token": weights("encoder.mask_token", c).view(1, 1, c),
            "beit.shared_position_bias.relative_position_bias_table":
                weights("encoder.rel_pos_bias.relative_position_bias_table", (2 * GRID - 1) ** 2 + 3, HEADS)}

    def take(theirs, name, *shape):
        ours[theirs + ".weight"] = weights(name + ".weight", *shape)
        ours[theirs + ".bias"] = weights(name + ".bias", shape[0])

    take("beit.embeddings.patch_embeddings.projection", "encoder.patch_embed.proj", c, 3, PATCH, PATCH)
    take("layernorm", "encoder.norm", c)
    take("lm_head", "heads.codes", NUM_CODES, c)
    for b in range(DEPTH):
        theirs, name = f"beit.layers.{b}.", f"encoder.blocks.{b}."
        q, k, v = weights(name + "attn.qkv.weight", 3 * c, c).chunk(3)
        attention = theirs + "attention."
        for part, value in (("q", q), ("k", k), ("v", v)):
            ours[f"{attention}{part}_proj.weight"] = value
        biases = weights(name + "attn.qkv.bias", 3 * c).chunk(3)
        ours[attention + "q_proj.bias"], ours[attention + "v_proj.bias"] = biases[0], biases[2]
        # A bias of keys, which BEiT lacks, adds the same to all scores of a query.
        take(theirs + "attention.o_proj", name + "attn.proj", c, c)
        take(theirs + "layernorm_before", name + "norm1", c)
        take(theirs + "layernorm_after", name + "norm2", c)
        take(theirs + "mlp.fc1", name + "mlp.fc1", h, c)
        take(theirs + "mlp.fc2", name + "mlp.fc2", c, h)
        for i in (1, 2):
            ours[f"{theirs}lambda_{i}"] = weights(f"{name}gamma_{i}", c)
    missing, unexpected = model.load_state_dict(ours, strict=False)
    left = [name for name in missing if "relative_position_index" not in name]
    if left or unexpected:
        raise SystemExit(f"not given: {left}, not taken: {unexpected}\nthere are {list(model.state_dict())}")


def nearest_codes(pixels):
    """[B, H, W, 3] -> [B, patches]."""
    patches = pixels.view(-1, GRID, PATCH, GRID, PATCH, 3).transpose(2, 3).reshape(len(COUNTS), GRID**2, -1)
    normalised = (patches - patches.mean(-1, keepdim=True)) / (patches.var(-1, keepdim=True) + 1e-6).sqrt()
    distances = torch.cdist(normalised, weights("codes", NUM_CODES, 3 * PATCH**2).unsqueeze(0))
    two = distances.topk(2, largest=False).values
    print(f"the second nearest code is at least {(two[..., 1] - two[..., 0]).min():.3f} farther")
    return distances.argmin(-1)


def model():
    config = BeitConfig(vocab_size=NUM_CODES, hidden_size=CHANNELS, num_hidden_layers=DEPTH, num_attention_heads=HEADS,
                        intermediate_size=4 * CHANNELS, image_size=GRID * PATCH, patch_size=PATCH, use_mask_token=True,
                        use_absolute_position_embeddings=False, use_shared_relative_position_bias=True,
                        use_relative_position_bias=False, layer_scale_init_value=SCALE, layer_norm_eps=1e-6,
                        attn_implementation="eager")
    reference = BeitForMaskedImageModeling(config).double().eval()
    load(reference)
    hidden = [drawn(f"mask.{b}", count) for b, count in enumerate(COUNTS)]
    masked = torch.zeros(len(COUNTS), GRID**2, dtype=torch.bool)
    for b, patches in enumerate(hidden):
        masked[b, patches] = True
    pixels = images()
    codes = nearest_codes(pixels)
    answer = reference(pixels.permute(0, 3, 1, 2).contiguous(), bool_masked_pos=masked, labels=codes[masked])
    return {"image_shape": list(pixels.shape), "patch": PATCH, "channels": CHANNELS, "heads": HEADS, "depth": DEPTH,
            "layer_scale": SCALE, "num_codes": NUM_CODES, "hidden": hidden,
            "codes": [codes[b, patches].tolist() for b, patches in enumerate(hidden)],
            "loss": golden.digits(answer.loss.item(), 15), "logits": golden.describe("beit", answer.logits[masked])}


def generator_of(file):
    """The class MaskingGenerator of the file, which wants a numpy of its time."""
    np.int = int
    spec = importlib.util.spec_from_file_location("masking_generator", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.MaskingGenerator


def masks(file):
    generate = generator_of(file)
    described = []
    for law in MASKS:
        random.seed(0)
        generator = generate((law["grid"], law["grid"]), law["hidden"], law["smallest"], law["largest"])
        drawn_masks = np.stack([generator() for _ in range(20000)]).astype(bool)
        counts = drawn_masks.sum((1, 2))
        pairs = (drawn_masks[:, :, :-1] & drawn_masks[:, :, 1:]).sum()
        described.append({**law, "count": {"mean": golden.digits(counts.mean(), 6), "deviation": golden.digits(counts.std(), 4),
                                           "most": int(counts.max())},
                          "neighbours": golden.digits(pairs / drawn_masks.sum(), 5)})
    return described


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--generator", help="beit/masking_generator.py of microsoft/unilm")
    arguments = parser.parse_args()
    with torch.no_grad():
        content = {"model": model()}
    written = golden.GOLDEN / "beit.json"
    content["masks"] = masks(arguments.generator) if arguments.generator else json.loads(written.read_text())["masks"]
    print(f"loss {content['model']['loss']:.9f}")
    golden.write("beit.json", content)
