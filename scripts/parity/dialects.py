"""Swins of public libraries, each behind the names under which its weights stand in a file.

REFERENCES[name](geometry) builds one. It has
  file()        name -> tensor, as a file of the library has them: prefixes, buffers and heads included
  load(tensors) takes such tensors; nothing may be missing and nothing left
  maps(image)   [B, 3, H, W] -> the four stage maps [B, C, H, W], each after a norm over channels: the dialect's own where it
                has one, else one without factors
  shifts_always its shifted blocks shift even where the map is one window; elsewhere they don't, nor do ours
and is in double after .double(). Geometries in which no stage's map is smaller than a window or needs padding are the same
function everywhere, but for shifts_always.

timm 0.4.12 has the official names (microsoft/Swin-Transformer) and stands for them. It and mmpretrain lie in folders of
their own below --references (README.md says how they come there). Mask2Former, SimMIM, EsViT and MixMIM are the official
encoder in other company.
"""
import collections
import contextlib
import dataclasses
import importlib
import importlib.metadata
import pathlib
import re
import sys
import tempfile
import types
import unittest.mock
import warnings

import safetensors.torch
import torch
import torch.nn.functional as F


@dataclasses.dataclass(frozen=True)
class Geometry:
    channels: int
    depths: tuple
    heads: tuple
    window: int
    size: int
    classes: int = 10


SMALL = Geometry(32, (2, 2, 2, 2), (1, 2, 4, 8), 4, 256)
SWIN_T = Geometry(96, (2, 2, 6, 2), (3, 6, 12, 24), 7, 224, 1000)
STAGES = range(4)
references = pathlib.Path("references")  # set_references()


def set_references(folder):
    global references
    references = pathlib.Path(folder)


@contextlib.contextmanager
def packages_of(folder, *names):
    """What is imported under these names inside comes from below the references, and is not seen outside."""
    if not (references / folder).is_dir():
        raise SystemExit(f"{references / folder}: no such folder; README.md says how to make it")

    def take():
        return {n: sys.modules.pop(n) for n in list(sys.modules) if n.split(".")[0] in names}

    outside = take()
    sys.path.insert(0, str(references / folder))
    try:  # PyTorch remembers overloads by module and class, and takes the other version's for doubles
        with unittest.mock.patch.multiple(torch._jit_internal, _overloaded_methods={}, _overloaded_method_class_fileno={}):
            yield
    finally:
        sys.path.pop(0)
        take()
        sys.modules.update(outside)


def with_prefix(prefix, tensors):
    return {prefix + name: value for name, value in tensors.items()}


def without_prefix(prefix, tensors):
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def normalised(x, norm=None):
    """[B, H, W, C] or [B, H * W, C] -> [B, C, H, W]."""
    x = norm(x) if norm else F.layer_norm(x, x.shape[-1:])
    if x.dim() == 3:
        side = round(x.shape[1] ** 0.5)
        x = x.unflatten(1, (side, side))
    return x.permute(0, 3, 1, 2).contiguous()


class Reference:
    shifts_always = False

    def __init__(self, geometry):
        self.geometry = geometry
        self.model = self.build(geometry)
        self.model.eval()

    def double(self):
        self.model.double()
        return self

    def file(self):
        return dict(self.model.state_dict())

    def load(self, tensors):
        self.model.load_state_dict(tensors)


class Official(Reference):
    def build(self, g):
        with packages_of("timm_old", "timm"):
            swin = importlib.import_module("timm.models.swin_transformer").SwinTransformer
            return swin(img_size=g.size, embed_dim=g.channels, depths=g.depths, num_heads=g.heads, window_size=g.window,
                        num_classes=g.classes)

    def stages(self, image):
        x = self.model.pos_drop(self.model.patch_embed(image))
        for layer in self.model.layers:
            for block in layer.blocks:
                x = block(x)
            yield x
            x = layer.downsample(x) if layer.downsample else x

    def maps(self, image):
        return [normalised(x, self.model.norm if s == 3 else None) for s, x in enumerate(self.stages(image))]


def index_and_masks(name):
    return name.endswith((".relative_position_index", ".attn_mask"))


class InCompany(Official):
    """The official encoder under a prefix, beside other tensors."""
    prefix, company, left = "", {}, ()  # name -> shape; names of the encoder that aren't there

    def file(self):
        mine = {n: t for n, t in super().file().items() if not n.startswith(self.left)}
        return with_prefix(self.prefix, mine) | {n: torch.zeros(self.shape(s)) for n, s in self.company.items()}

    def shape(self, shape):
        sides = {"C": self.geometry.channels, "8C": 8 * self.geometry.channels, "L": (self.geometry.size // 4) ** 2}
        return [sides.get(n, n) for n in shape]

    def load(self, tensors):
        own = {n.removeprefix(self.prefix): t for n, t in tensors.items() if n not in self.company}
        kept = {n: t for n, t in self.model.state_dict().items() if n.startswith(self.left)}
        super().load(own | kept)


class SimMim(InCompany):
    prefix, left = "encoder.", ("head.",)
    company = {"encoder.mask_token": (1, 1, "C"), "decoder.0.weight": (3072, "8C", 1, 1), "decoder.0.bias": (3072,)}


class EsVit(InCompany):
    """A checkpoint with two encoders, of which the teacher is meant."""
    prefix, left = "teacher.", ("head.",)
    company = {"teacher.head.mlp.0.weight": (64, "8C"), "teacher.head.last_layer.weight_v": (16, 64)}

    def file(self):
        student = {n: torch.zeros_like(t) for n, t in super().file().items()}
        return {n.replace("teacher.", "student.module.", 1): t for n, t in student.items()} | super().file()

    def load(self, tensors):
        super().load({n: t for n, t in tensors.items() if not n.startswith("student.")})


class MixMim(InCompany):
    """As the official Swin sees its weights: without the position vectors, with shifts."""
    left = ("head.",)
    company = {"mask_token": (1, 1, 64), "absolute_pos_embed": (1, "L", "C"), "decoder_pos_embed": (1, 64, 64),
               "decoder_embed.weight": (64, "8C"), "decoder_embed.bias": (64,),
               "decoder_blocks.0.attn.qkv.weight": (192, 64), "decoder_blocks.0.mlp.fc1.weight": (256, 64),
               "decoder_norm.weight": (64,), "decoder_norm.bias": (64,), "decoder_pred.weight": (3072, 64)}

    def file(self):  # it never shifts and has no masks
        return {n: t for n, t in super().file().items() if not n.endswith(".attn_mask")}

    def load(self, tensors):
        super().load({n: t for n, t in self.model.state_dict().items() if n.endswith(".attn_mask")} | tensors)


class Mask2Former(Official):
    shifts_always = True  # there; the encoder that stands for it doesn't

    def build(self, g):
        model = super().build(g)
        model.norms = torch.nn.ModuleList(torch.nn.LayerNorm(g.channels << s) for s in STAGES)
        return model

    @staticmethod
    def absent(name):
        return name.startswith(("norm.", "head.")) or name.endswith(".attn_mask")

    def file(self):
        own = {re.sub(r"^norms\.", "norm", n): t for n, t in super().file().items() if not self.absent(n)}
        return with_prefix("backbone.", own) | {"sem_seg_head.predictor.class_embed.weight": torch.zeros(11, 16)}

    def load(self, tensors):
        own = {re.sub(r"^norm(\d)", r"norms.\1", n): t for n, t in without_prefix("backbone.", tensors).items()}
        super().load({n: t for n, t in self.model.state_dict().items() if self.absent(n)} | own)

    def maps(self, image):
        return [normalised(x, norm) for x, norm in zip(self.stages(image), self.model.norms)]


class Timm(Reference):
    def build(self, g):
        from timm.models.swin_transformer import SwinTransformer

        return SwinTransformer(img_size=g.size, embed_dim=g.channels, depths=g.depths, num_heads=g.heads,
                               window_size=g.window, num_classes=g.classes)

    def maps(self, image):
        maps, x = [], self.model.patch_embed(image)
        for s, layer in enumerate(self.model.layers):
            x = layer(x)
            maps.append(normalised(x, self.model.norm if s == 3 else None))
        return maps


class TimmFeatures(Reference):
    """timm's features_only=True."""

    def build(self, g):
        from timm.models import FeatureListNet

        return FeatureListNet(Timm.build(self, g), out_indices=tuple(STAGES), flatten_sequential=True)

    def maps(self, image):
        return [normalised(x) for x in self.model(image)]


class Torchvision(Reference):
    def build(self, g):
        from torchvision.models.swin_transformer import SwinTransformer

        return SwinTransformer([4, 4], g.channels, list(g.depths), list(g.heads), [g.window, g.window],
                               num_classes=g.classes)

    def maps(self, image):
        maps, x = [], image
        for i, layer in enumerate(self.model.features):
            x = layer(x)
            if i % 2:
                maps.append(normalised(x, self.model.norm if i == 7 else None))
        return maps


class HuggingFace(Reference):
    """Its files have the names of transformers 4, which from_pretrained and save_pretrained rename."""
    kind = "SwinModel"

    def config(self):
        from transformers import SwinConfig

        g = self.geometry
        return SwinConfig(image_size=g.size, patch_size=4, embed_dim=g.channels, depths=list(g.depths), window_size=g.window,
                          num_heads=list(g.heads), num_labels=g.classes, out_features=[f"stage{s + 1}" for s in STAGES])

    def build(self, g):
        import transformers

        transformers.logging.set_verbosity_error()
        transformers.logging.disable_progress_bar()
        return getattr(transformers, self.kind)(self.config())

    def file(self):
        with tempfile.TemporaryDirectory() as folder:
            self.model.save_pretrained(folder)
            return safetensors.torch.load_file(f"{folder}/model.safetensors")

    def load(self, tensors):
        with tempfile.TemporaryDirectory() as folder:
            safetensors.torch.save_file(tensors, f"{folder}/model.safetensors", {"format": "pt"})
            self.config().save_pretrained(folder)
            self.load_folder(folder)

    def load_folder(self, folder, allowed=None):
        """Nothing but names that begin with `allowed` may be left."""
        self.model, report = type(self.model).from_pretrained(folder, output_loading_info=True)
        self.model.eval()
        if allowed and report["unexpected_keys"] and all(name.startswith(allowed) for name in report["unexpected_keys"]):
            report["unexpected_keys"] = set()
        if bad := {what: names for what, names in report.items() if names}:
            raise ValueError(f"{self.kind}.from_pretrained: {bad}")

    def maps(self, image):
        swin = self.model if self.kind == "SwinModel" else self.model.swin
        out = swin(image, output_hidden_states_before_downsampling=True, output_hidden_states=True)
        maps = [x.permute(0, 2, 3, 1) for x in out.reshaped_hidden_states[-4:]]
        return [normalised(x, swin.layernorm if s == 3 else None) for s, x in enumerate(maps)]


class HuggingFaceClassifier(HuggingFace):
    """Under `swin.`, with the buffers that transformers 4 wrote."""
    kind = "SwinForImageClassification"

    def file(self):
        n = self.geometry.window**2
        at = (f"swin.encoder.layers.{s}.blocks.{b}" for s in STAGES for b in range(self.geometry.depths[s]))
        return super().file() | {
            f"{block}.attention.self.relative_position_index": torch.zeros(n, n, dtype=torch.int64) for block in at}


class HuggingFaceState(HuggingFace):
    """What torch.save(model.state_dict()) writes with transformers 5."""

    def file(self):
        return dict(self.model.state_dict())

    def load(self, tensors):
        self.model.load_state_dict(tensors)


class HuggingFaceBackbone(HuggingFace):
    kind, shifts_always = "SwinBackbone", True

    def maps(self, image):
        return list(self.model(image).feature_maps)


class OpenMmlab(Reference):
    def build(self, g):
        with packages_of("mm", "mmpretrain", "mmcv", "mmengine"), warnings.catch_warnings(action="ignore"):
            sys.modules["mmpretrain.apis"] = types.ModuleType("mmpretrain.apis")  # asks for more packages
            sys.modules.setdefault("importlib_metadata", importlib.metadata)
            swin = importlib.import_module("mmpretrain.models.backbones").SwinTransformer
            arch = {"embed_dims": g.channels, "depths": g.depths, "num_heads": g.heads}
            return swin(arch, img_size=g.size, window_size=g.window, out_indices=tuple(STAGES))

    def file(self):
        return with_prefix("backbone.", super().file()) | {"bbox_head.fc_cls.weight": torch.zeros(11, 16)}

    def load(self, tensors):
        super().load(without_prefix("backbone.", tensors))

    def maps(self, image):
        return list(self.model(image))


REFERENCES = {
    "official": Official, "timm": Timm, "timm features": TimmFeatures, "hf": HuggingFace,
    "hf classifier": HuggingFaceClassifier, "hf state_dict": HuggingFaceState, "hf backbone": HuggingFaceBackbone,
    "torchvision": Torchvision, "openmmlab": OpenMmlab, "mask2former": Mask2Former, "simmim": SimMim, "esvit": EsVit,
    "mixmim": MixMim,
}


def filled(reference, make):
    """Loads make(name, shape) into everything but buffers; returns the whole file."""
    tensors = {name: tensor.clone() for name, tensor in reference.file().items()}
    for name, tensor in tensors.items():
        if tensor.is_floating_point() and not index_and_masks(name):
            tensors[name] = make(name, tensor.shape)
    reference.load(tensors)
    return collections.OrderedDict(tensors)
