#!/usr/bin/env python3
"""Compares GLID's readers with the libraries that wrote the files: every value must be equal, and what GLID writes must read
back the same.

    pip install numpy "pillow>=13" scipy h5py
    python scripts/parity/check_files.py parity_files [--count 400] [--seed 0]

Label and panoptic PNGs (Pillow), 16-bit depth PNGs (Pillow), .npy (numpy), MATLAB v5 (scipy) and a small NYU Depth v2 .mat
(h5py). The file of a failing case is kept.
"""
import argparse
import pathlib
import subprocess
import sys
import tempfile

import h5py
import numpy as np
from PIL import Image
from scipy.io import savemat

NPY_TYPES = ["?", "i1", "u1", "<i2", "<u2", "<i4", "<u4", "<i8", "<u8", "<f2", "<f4", "<f8"]
MAT_TYPES = [np.int8, np.uint8, np.int16, np.uint16, np.int32, np.uint32, np.int64, np.uint64, np.float32, np.float64]


def random_array(rng, dtype, shape):
    """Any bit pattern of a number, special values of floats included."""
    if np.dtype(dtype) == np.bool_:
        return rng.integers(0, 2, shape).astype(np.bool_)
    size = int(np.prod(shape))
    return np.frombuffer(rng.bytes(size * np.dtype(dtype).itemsize), dtype).reshape(shape)


def random_size(rng):
    return int(rng.integers(1, 12)) if rng.random() < 0.5 else int(rng.integers(1, 300))


def label_case(rng, file):
    """Grey of 1, 8 and 16 bits, and palettes of 1 to 8 bits."""
    height, width = random_size(rng), random_size(rng)
    bits = int(rng.choice([1, 2, 4, 8, 16]))
    if bits == 16:
        labels = rng.integers(0, 65536, (height, width), dtype=np.uint16)
        Image.fromarray(labels).save(file, format="PNG")
        return 0, labels
    labels = rng.integers(0, 1 << bits, (height, width), dtype=np.uint8)
    if bits == 1 and rng.random() < 0.5:
        Image.fromarray(labels.astype(bool)).save(file, format="PNG")
    elif bits == 8 and rng.random() < 0.5:
        Image.fromarray(labels).save(file, format="PNG")
    else:
        image = Image.fromarray(labels, mode="L")
        image.putpalette(rng.integers(0, 256, 3 << bits, dtype=np.uint8).tobytes())
        image.save(file, format="PNG", bits=bits)
    return 0, labels


def panoptic_case(rng, file):
    channels = int(rng.choice([3, 4]))
    pixels = rng.integers(0, 256, (random_size(rng), random_size(rng), channels), dtype=np.uint8)
    Image.fromarray(pixels).save(file, format="PNG")
    wide = pixels.astype(np.uint32)
    return 0, wide[..., 0] + 256 * wide[..., 1] + 65536 * wide[..., 2]


def depth_case(rng, file):
    units = rng.integers(0, 65536, (random_size(rng), random_size(rng)), dtype=np.uint16)
    Image.fromarray(units).save(file, format="PNG")
    scale = float(rng.choice([1000, 256, 5000, 100]))
    return scale, units.astype(np.float64) / scale


def npy_case(rng, file):
    shape = [int(rng.integers(0 if rng.random() < 0.1 else 1, 9)) for _ in range(rng.integers(0, 5))]
    array = random_array(rng, rng.choice(NPY_TYPES), shape)
    if rng.random() < 0.5:
        array = np.asfortranarray(array)
    version = [None, (1, 0), (2, 0), (3, 0)][rng.integers(4)]
    with open(file, "wb") as stream:
        np.lib.format.write_array(stream, array, version)
    return 0, array.astype(np.float64)


def mat5_case(rng, file):
    arrays, expected = {}, []
    for name in "abc"[: rng.integers(1, 4)]:
        shape = tuple(int(n) for n in rng.integers(0 if rng.random() < 0.1 else 1, 7, rng.integers(2, 5)))
        arrays[name] = random_array(rng, MAT_TYPES[rng.integers(len(MAT_TYPES))], shape)
        expected += [np.array(shape, np.float64), arrays[name].astype(np.float64).ravel(order="F")]
        if rng.random() < 0.3:
            arrays["text_" + name] = "left out"
    savemat(file, arrays, do_compression=bool(rng.integers(2)), appendmat=False)
    return 0, np.concatenate(expected)


def write_nyu(rng, file):
    frames, width, height = int(rng.integers(1, 4)), random_size(rng), random_size(rng)
    data = {
        "images": rng.integers(0, 256, (frames, 3, width, height), dtype=np.uint8),
        "rawDepths": rng.random((frames, width, height), dtype=np.float32) * 10,
        "depths": rng.random((frames, width, height), dtype=np.float32) * 10,
    }
    packed = {"compression": "gzip", "shuffle": bool(rng.integers(2))} if rng.random() < 0.7 else {}
    with h5py.File(file, "w", userblock_size=512) as out:
        for name, array in data.items():
            out.create_dataset(name, data=array, **packed)
    return data, int(rng.integers(frames))


def nyu_case(name, axes):
    def case(rng, file):
        data, frame = write_nyu(rng, file)
        return frame, data[name][frame].transpose(axes).astype(np.float64)

    return case


CASES = {
    "label": label_case,
    "panoptic": panoptic_case,
    "depth_png": depth_case,
    "npy": npy_case,
    "mat5": mat5_case,
    "nyu_rgb": nyu_case("images", (2, 1, 0)),
    "nyu_raw": nyu_case("rawDepths", (1, 0)),
    "nyu_filled": nyu_case("depths", (1, 0)),
}
REREAD = {
    "label": lambda file, number: np.asarray(Image.open(file)),
    "panoptic": lambda file, number: np.asarray(Image.open(file), np.uint32) @ np.array([1, 256, 65536], np.uint32),
    "depth_png": lambda file, number: np.asarray(Image.open(file)) / number,
    "npy": lambda file, number: np.load(file).astype(np.float64),
}


def ask(program, kind, file, number):
    """The values that GLID reads, or its error."""
    program.stdin.write(f"{kind} {file} {number!r}\n".encode())
    program.stdin.flush()
    size, _, error = program.stdout.readline().decode().strip().partition(" ")
    if int(size) < 0:
        return error
    return np.frombuffer(program.stdout.read(int(size) * 8), np.float64)


def check_case(rng, program, kind, folder):
    """None, or what went wrong."""
    file = folder / f"case_{kind}"
    number, expected = CASES[kind](rng, file)
    expected = np.asarray(expected, np.float64)
    found = ask(program, kind, file, number)
    if isinstance(found, str):
        return found
    if not np.array_equal(found, expected.ravel(order="C"), equal_nan=True):
        return f"other values than {expected.shape}"
    if kind in REREAD:
        again = REREAD[kind](f"{file}.copy", number)
        if again.shape != expected.shape or not np.array_equal(np.asarray(again, np.float64), expected, equal_nan=True):
            return "the written file reads back differently"
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", help="the built parity_files")
    parser.add_argument("--count", type=int, default=400, help="cases of each kind")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    np.seterr(invalid="ignore")  # random bits of float16 and float32 hold signalling NaN
    folder = pathlib.Path(tempfile.mkdtemp(prefix="check_files_"))
    program = subprocess.Popen([args.program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    for kind in CASES:
        for case in range(args.count):
            complaint = check_case(np.random.default_rng([args.seed, case]), program, kind, folder)
            if complaint:
                print(f"{kind} case {case}: {complaint}; see {folder}")
                return 1
        print(f"{kind}: {args.count} files, every value equal")
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()
    return 0


if __name__ == "__main__":
    sys.exit(main())
