#!/usr/bin/env python3
"""Makes tests/golden/formats: small image files with the pixels that Pillow (JPEG, resampling) or the PNG specification
gives them, a file of the reference safetensors library, and files of PyTorch's and numpy's tensors beside the same tensors
as safetensors.

    pip install "pillow>=13" numpy safetensors torch
    python scripts/parity/make_format_goldens.py
"""
import argparse
import collections
import json
import os
import pathlib
import pickle
import struct
import zlib

import numpy as np
import torch
from PIL import Image, ImageOps
from safetensors.numpy import save_file
from safetensors.torch import save_file as save_torch_file

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "tests/golden/formats"
HEIGHT, WIDTH = 13, 17
ADAM7 = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by PNG colour type


def smooth_image(channels):
    y, x, c = np.mgrid[0:HEIGHT, 0:WIDTH, 0:channels]
    return (127 + 120 * np.sin(y / 3 + c) * np.cos(x / (4 + c))).astype(np.uint8)


def save_expected(name, rgb):
    (FOLDER / name).with_suffix(".rgb").write_bytes(np.ascontiguousarray(rgb, np.uint8).tobytes())


def expect_pillow(name):
    save_expected(name, ImageOps.exif_transpose(Image.open(FOLDER / name)).convert("RGB"))


def make_jpegs():
    rgb = Image.fromarray(smooth_image(3))
    rgb.save(FOLDER / "ycbcr.jpg", quality=85)
    rgb.save(FOLDER / "progressive.jpg", quality=90, progressive=True, subsampling=0)
    rgb.save(FOLDER / "rgb.jpg", quality=85, keep_rgb=True)
    rgb.convert("L").save(FOLDER / "grey.jpg", quality=85)
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif.endian = "<" if orientation % 2 else ">"
        exif[0x0112] = orientation
        rgb.save(FOLDER / f"orientation{orientation}.jpg", quality=60, exif=exif)
    Image.fromarray(smooth_image(4), "CMYK").save(FOLDER / "cmyk.jpg", quality=85)
    cmyk = (FOLDER / "cmyk.jpg").read_bytes()
    transform = cmyk.index(b"Adobe") + 11  # 0: CMYK, 2: YCCK
    (FOLDER / "ycck.jpg").write_bytes(cmyk[:transform] + b"\2" + cmyk[transform + 1:])
    for file in FOLDER.glob("*.jpg"):
        expect_pillow(file.name)


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def packed_rows(samples, depth):
    """Unfiltered scan lines of [height][width][channels] samples."""
    rows = b""
    for row in samples.reshape(samples.shape[0], -1):
        if depth == 16:
            line = row.astype(">u2").tobytes()
        elif depth == 8:
            line = row.astype(np.uint8).tobytes()
        else:
            bits = (row[:, None] >> np.arange(depth)[::-1] & 1).astype(np.uint8)
            line = np.packbits(bits.reshape(-1)).tobytes()
        rows += b"\0" + line
    return rows


def write_png(name, samples, color_type, depth, interlaced=False, extra=b""):
    height, width = samples.shape[:2]
    passes = [samples[y::dy, x::dx] for y, x, dy, dx in ADAM7] if interlaced else [samples]
    data = b"".join(packed_rows(part, depth) for part in passes if part.size)
    header = struct.pack(">IIBBBBB", width, height, depth, color_type, 0, 0, int(interlaced))
    body = chunk(b"IHDR", header) + extra + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")
    (FOLDER / name).write_bytes(b"\x89PNG\r\n\x1a\n" + body)


def as_rgb8(samples, depth):
    eight_bit = samples >> 8 if depth == 16 else samples * (255 // (2**depth - 1))
    colors = eight_bit[..., :3] if samples.shape[2] >= 3 else eight_bit[..., :1]
    return np.broadcast_to(colors, samples.shape[:2] + (3,))


def make_png(name, color_type, depth, rng, interlaced=False, extra=b""):
    samples = rng.integers(0, 2**depth, (HEIGHT, WIDTH, CHANNELS[color_type]))
    write_png(name, samples, color_type, depth, interlaced, extra)
    save_expected(name, as_rgb8(samples, depth))


def make_palette_png(name, depth, rng, interlaced=False):
    palette = rng.integers(0, 256, (2**depth, 3))
    indices = rng.integers(0, 2**depth, (HEIGHT, WIDTH, 1))
    transparency = rng.integers(0, 256, 2**depth).astype(np.uint8).tobytes()
    extra = chunk(b"PLTE", palette.astype(np.uint8).tobytes()) + chunk(b"tRNS", transparency)
    write_png(name, indices, 3, depth, interlaced, extra)
    save_expected(name, palette[indices[..., 0]])


def make_pngs():
    rng = np.random.default_rng(7)
    for depth in (1, 2, 4, 8, 16):
        make_png(f"grey{depth}.png", 0, depth, rng)
    for depth in (8, 16):
        make_png(f"grey_alpha{depth}.png", 4, depth, rng)
        make_png(f"rgb{depth}.png", 2, depth, rng)
        make_png(f"rgba{depth}.png", 6, depth, rng)
    for depth in (1, 2, 4, 8):
        make_palette_png(f"palette{depth}.png", depth, rng)
    make_png("interlaced_rgb8.png", 2, 8, rng, interlaced=True)
    make_png("interlaced_grey1.png", 0, 1, rng, interlaced=True)
    make_palette_png("interlaced_palette4.png", 4, rng, interlaced=True)
    make_png("transparent_color.png", 2, 8, rng, extra=chunk(b"tRNS", struct.pack(">HHH", 1, 2, 3)))


def pattern(height, width):
    y, x, c = np.mgrid[0:height, 0:width, 0:3]
    return ((y * 37 + x * 59 + c * 101 + x * y * (c + 3)) % 256).astype(np.uint8)


def make_resize_cases():
    cases = []
    for height, width, out_height, out_width, box in [
        (40, 30, 5, 6, (0, 0, 30, 40)),  # both shrink, height first
        (30, 40, 6, 5, (0, 0, 40, 30)),  # both shrink, width first
        (5, 4, 7, 6, (0, 0, 4, 5)),  # both grow
        (9, 9, 9, 4, (0, 0, 9, 9)),  # width only
        (9, 8, 4, 8, (0, 0, 8, 9)),  # height only
        (33, 31, 6, 6, (2.25, 3.5, 27.125, 30.75)),  # fractional box
        (33, 31, 7, 5, (10, 12, 14, 15)),  # a few whole pixels, enlarged
        (200, 3, 3, 3, (0, 0, 3, 200)),  # a very long kernel
        (1, 1, 3, 3, (0, 0, 1, 1)),
    ]:
        image = Image.fromarray(pattern(height, width))
        for name in ("bilinear", "bicubic"):
            out = image.resize((out_width, out_height), Image.Resampling[name.upper()], box=box)
            cases.append({"size": [height, width], "out": [out_height, out_width], "box": box, "filter": name,
                          "pixels": np.asarray(out).reshape(-1).tolist()})
    lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)
    (FOLDER / "resize.json").write_text(f"[\n{lines}\n]\n")


def make_safetensors():
    tensors = {"weight": np.arange(6, dtype=np.float32).reshape(2, 3), "count": np.array(7, dtype=np.int64),
               "flags": np.array([True, False, True]), "half": np.array([0.5, -2.0], dtype=np.float16),
               "bytes": np.array([[1], [255]], dtype=np.uint8), "empty": np.zeros((0, 4), dtype=np.float64)}
    save_file(tensors, FOLDER / "reference.safetensors", metadata={"format": "np"})


class RunsACommand:
    def __reduce__(self):
        return os.system, ("touch /tmp/a_pickle_was_run",)


def save_torch(name, content, tensors, texts=None, **options):
    """`content` as name.pth and name_legacy.pth, its `tensors` and `texts` by their dotted names as name.safetensors."""
    torch.save(content, FOLDER / f"{name}.pth", **options)
    torch.save(content, FOLDER / f"{name}_legacy.pth", _use_new_zipfile_serialization=False, **options)
    contiguous = {key: tensor.detach().clone().contiguous() for key, tensor in tensors.items()}
    save_torch_file(contiguous, FOLDER / f"{name}.safetensors", metadata=texts)


def typed_tensors():
    tensors = {str(dtype)[6:]: torch.arange(-3, 3).to(dtype).reshape(2, 3) for dtype in (
        torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.int16, torch.int8,
        torch.uint8, torch.bool, torch.complex64, torch.uint16, torch.uint32, torch.uint64, torch.float8_e4m3fn,
        torch.float8_e5m2)}
    return {**tensors, "scalar": torch.tensor(7), "empty": torch.zeros(0, 4), "no_dimension": torch.tensor(2.5)}


def views():
    base = torch.arange(24.0).reshape(4, 6)
    return {"base": base, "transposed": base.t(), "row": base[2], "column": base[:, 1], "steps": base[1::2, ::3],
            "expanded": base[0, :1].expand(5), "same": base}


def training_state():
    torch.manual_seed(1)
    model = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2))
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.001)
    model(torch.randn(4, 3)).sum().backward()
    optimizer.step()
    marked = torch.nn.Parameter(torch.ones(2))
    marked.note = "an attribute"
    return {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 3, "big": 2**70, "low": -2**65,
            "args": argparse.Namespace(lr=0.5, name="swin"), "counts": collections.defaultdict(list, a=[1, 2]),
            "parameters": [torch.nn.Parameter(torch.ones(2, 1)), marked], "flag": True, "none": None,
            "best": np.float64(0.75), "raw": b"bytes", "set": {1}, "evil": RunsACommand(),
            "sparse": torch.eye(2).to_sparse(), "double_complex": torch.zeros(1, dtype=torch.complex128),
            "negated": torch._neg_view(torch.ones(2))}


def tensors_of(state):
    """Tensors and texts by their dotted names, in two dictionaries."""
    tensors, texts = {}, {}

    def walk(value, name):
        if isinstance(value, torch.Tensor):
            tensors[name] = value
        elif isinstance(value, (str, bool, int, float)) and not isinstance(value, np.generic):
            texts[name] = str(value).lower() if isinstance(value, bool) else str(value)
        elif isinstance(value, argparse.Namespace):
            walk(vars(value), name)
        elif isinstance(value, (dict, list, tuple)):
            for key, item in value.items() if isinstance(value, dict) else enumerate(value):
                walk(item, f"{name}.{key}" if name else str(key))

    walk(state, "")
    return tensors, texts


def make_torch_files():
    for name, content in [("dtypes", typed_tensors()), ("views", views())]:
        save_torch(name, content, content)
    state = training_state()
    tensors, texts = tensors_of(state)
    for unsaid in ("sparse", "double_complex", "negated"):
        del tensors[unsaid]
    save_torch("training", state, tensors, texts)
    model = torch.nn.Sequential(torch.nn.Linear(2, 2, bias=False), torch.nn.BatchNorm1d(2))
    save_torch("module", model, model.state_dict())
    save_torch("protocol4", {"a": torch.ones(2)}, {"a": torch.ones(2)}, pickle_protocol=4)
    torch.jit.script(torch.nn.Linear(1, 1)).save(FOLDER / "torchscript.pth")


def make_pickles():
    arrays = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "columns": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
              "half": np.array([0.5, 200], np.float16), "count": np.array(-200, np.int64), "flags": np.array([True, False])}
    content = {"model": arrays, "__author__": "someone", "big_endian": np.ones(2, ">f4")}
    save_file({f"model.{name}": np.ascontiguousarray(array).reshape(array.shape) for name, array in arrays.items()},
              FOLDER / "arrays.safetensors", metadata={"__author__": "someone"})
    for protocol in range(2, 6):
        (FOLDER / f"arrays{protocol}.pkl").write_bytes(pickle.dumps(content, protocol))


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    make_jpegs()
    make_pngs()
    make_resize_cases()
    make_safetensors()
    make_torch_files()
    make_pickles()


if __name__ == "__main__":
    main()
