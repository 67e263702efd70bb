"""Writes tests/golden/vit.json: small ViTs in the names of public files, and what the libraries make of an image.

Weights: formula_tensor(name in the file, shape). Input: formula_tensor("input", [1, 3, size, size]). The libraries run in double
on these float32 values.
  {"<case>": {"origin", "size", "visible": null or the patches that are seen, ascending,
              "tensors": [[name, shape, "F32"]], "tokens": [1, N, C] of the patches after the last norm, "cls": [1, C]}}
timm's VisionTransformer and Beit have the names of their files; transformers' ViTMAE sees a part of the patches, and its weights
are renamed to the official file's (facebookresearch/mae). Tensors are described as golden.py says. Run: python make_vit_goldens.py
"""
import re

import timm
import torch
from timm.models.beit import Beit
from timm.models.vision_transformer import VisionTransformer
from transformers import ViTMAEConfig, ViTMAEModel

import golden
from formula import formula_tensor

SIZE, PATCH, WIDTH, DEPTH, HEADS = 32, 8, 128, 2, 2  # 4 x 4 patches; heads are 64 wide, as those of all public sizes
VISIBLE = [1, 2, 4, 7, 10, 13]
TIMM = {"img_size": SIZE, "patch_size": PATCH, "embed_dim": WIDTH, "depth": DEPTH, "num_heads": HEADS, "num_classes": 0}


def image():
    return formula_tensor("input", (1, 3, SIZE, SIZE)).double()


def fill(module, names):
    """Values by formula under the names in the file; floating-point numbers only."""
    state = module.state_dict()
    filled = {own: formula_tensor(names(own), value.shape) if value.is_floating_point() else value
              for own, value in state.items()}
    module.load_state_dict(filled)
    return {names(own): list(value.shape) for own, value in state.items() if value.is_floating_point()}


def case(origin, tensors, tokens, cls, visible=None):
    return {"origin": origin, "size": SIZE, "visible": visible,
            "tensors": [[name, shape, "F32"] for name, shape in tensors.items()],
            "tokens": golden.describe("tokens", tokens), "cls": golden.describe("cls", cls)}


def of_timm(origin, model):
    tensors = fill(model, str)
    with torch.no_grad():
        x = model.double().eval().forward_features(image())
    return case(origin, tensors, x[:, 1:], x[:, 0])


def official_name(name):
    """transformers' name of a parameter -> facebookresearch/mae's; q, k and v are parts of one matrix there."""
    for pattern, official in (
            (r"embeddings\.cls_token", "cls_token"), (r"embeddings\.position_embeddings", "pos_embed"),
            (r"embeddings\.patch_embeddings\.projection\.", "patch_embed.proj."), (r"^layernorm\.", "norm."),
            (r"^layers\.", "blocks."), (r"layernorm_before", "norm1"), (r"layernorm_after", "norm2"),
            (r"attention\.[qkv]_proj", "attn.qkv"), (r"attention\.o_proj", "attn.proj")):
        name = re.sub(pattern, official, name)
    return name


def of_mae():
    model = ViTMAEModel(ViTMAEConfig(hidden_size=WIDTH, num_hidden_layers=DEPTH, num_attention_heads=HEADS,
                                     intermediate_size=4 * WIDTH, image_size=SIZE, patch_size=PATCH, layer_norm_eps=1e-6,
                                     mask_ratio=1 - len(VISIBLE) / (SIZE // PATCH) ** 2))
    state, tensors = model.state_dict(), {}
    for own, value in state.items():
        name = official_name(own)
        part = re.search("([qkv])_proj", own)
        shape = [3 * value.shape[0] if part else value.shape[0], *value.shape[1:]]
        if name == "pos_embed":  # computed, as the official file has it
            tensors[name] = shape
            continue
        values = formula_tensor(name, shape)
        state[own] = values.chunk(3)["qkv".index(part[1])] if part else values
        tensors[name] = shape
    state["embeddings.position_embeddings"] = formula_tensor("pos_embed", tensors["pos_embed"])
    model.load_state_dict(state)
    patches = (SIZE // PATCH) ** 2
    noise = torch.full((1, patches), 2.0)  # the patches of the smallest noise are kept, in its order
    noise[0, VISIBLE] = torch.arange(len(VISIBLE)) / patches
    with torch.no_grad():
        x = model.double().eval()(image(), noise=noise.double()).last_hidden_state
    return case("timm", tensors, x[:, 1:], x[:, 0], VISIBLE)


def main():
    beit = {"use_abs_pos_emb": False, "init_values": 0.1, "global_pool": "token", **TIMM}
    print("timm", timm.__version__)
    golden.write("vit.json", {
        "vit": of_timm("timm", VisionTransformer(class_token=True, **TIMM)),
        "vit layer_scale": of_timm("timm", VisionTransformer(init_values=0.1, **TIMM)),
        "beit": of_timm("BEiT", Beit(use_rel_pos_bias=True, **beit)),
        "beit shared": of_timm("BEiT", Beit(use_shared_rel_pos_bias=True, **beit)),
        "mae": of_mae()})


if __name__ == "__main__":
    main()
