#!/usr/bin/env python3
"""How pre-training would go on 1 to 1,024 GPUs, from parts that were measured on one and assumptions about the rest.

Prints the tables of docs/scaling.md. Every number that goes in is an option; times are in ms, sizes in bytes.
"""
import argparse
import math

GPUS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024]
IMAGENET = 1_281_167


def number(kind, least, most=math.inf, open_below=False):
    """Of a kind within limits, for argparse."""
    def parse_number(text):
        value = kind(text)
        if not least <= value <= most or value == math.inf or open_below and value == least:
            raise argparse.ArgumentTypeError(f"must be {'above' if open_below else 'at least'} {least}"
                                             f"{'' if most == math.inf else f', at most {most}'} (got {text})")
        return value
    parse_number.__name__ = kind.__name__
    return parse_number


POSITIVE, AMOUNT, PART, COUNT = number(float, 0, open_below=True), number(float, 0), number(float, 0, 1), number(int, 1)


def pairs(text):
    """'64:88,128:93' -> [(64, 88.0), (128, 93.0)], ascending."""
    return sorted((COUNT(images), POSITIVE(ms)) for images, ms in (pair.split(":") for pair in text.split(",")))


def options(words=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    add = parser.add_argument
    add("--step-ms", type=pairs, default="64:88,128:93,256:86,512:104", help="measured: images of one GPU in an update:ms")
    add("--host-bound-below", type=COUNT, default=512, help="measured: with fewer images a GPU waits for its host")
    add("--parameters", type=POSITIVE, default=119.4e6, help="measured: trained values (glid_train --dry-run)")
    add("--gradient-bytes", type=POSITIVE, default=4, help="of a value on the wire")
    add("--gpus-per-node", type=COUNT, default=8, help="assumed")
    add("--node-gb-s", type=POSITIVE, default=300, help="assumed: all-reduce within a node, bus bandwidth in GB/s")
    add("--network-gb-s", type=POSITIVE, default=200, help="assumed: of a node towards the others, GB/s, all its cards together")
    add("--hop-ms", type=AMOUNT, default=0.02, help="assumed: latency of one hop of a collective")
    add("--buckets", type=COUNT, default=20, help="all-reduces of an update (25 MB of gradients each)")
    add("--hidden-part", type=PART, default=0.6, help="assumed: of an update, the part that gradients can travel behind")
    add("--host-hop-ms", type=AMOUNT, default=0.05, help="assumed: one hop of the host's all-reduce of counts (Gloo, TCP)")
    add("--jitter-ms", type=AMOUNT, default=1, help="assumed: standard deviation of a rank's step; all wait for the slowest")
    add("--cores", type=COUNT, default=16, help="processor cores of a GPU")
    add("--decode-ms", type=AMOUNT, default=1.4, help="assumed: one core's time for an image: JPEG, crop, resize")
    add("--image-kb", type=AMOUNT, default=110, help="of a file of the data")
    add("--cached-part", type=PART, default=0, help="of the images, those that nodes have in memory")
    add("--storage-gb-s", type=POSITIVE, default=10, help="assumed: what the shared file system reads and writes in all")
    add("--checkpoint-s", type=AMOUNT, default=4, help="measured: until 1.44 GB are on disk, written beside the training")
    add("--every-steps", type=COUNT, default=1000, help="steps between checkpoints")
    add("--failure-hours", type=POSITIVE, default=50_000, help="assumed: mean time of one GPU between failures, hours")
    add("--restart-s", type=AMOUNT, default=180, help="assumed: until a failed run computes again, without reading")
    add("--epochs", type=POSITIVE, default=600, help="of ImageNet's 1,281,167 images")
    return parser.parse_args(words)


def compute_ms(o, images):
    """Of one GPU alone: measured, lines between; the host's time below, in proportion above (or micro-batches)."""
    first, last = o.step_ms[0], o.step_ms[-1]
    if images <= first[0]:
        return first[1]
    if images >= last[0]:
        return last[1] * images / last[0]
    for (x0, y0), (x1, y1) in zip(o.step_ms, o.step_ms[1:]):
        if images <= x1:
            return y0 + (y1 - y0) * (images - x0) / (x1 - x0)
    raise AssertionError


def all_reduce_ms(o, gpus):
    """Within nodes and then between them: a ring of n sends 2 (n - 1) / n of the bytes through each member."""
    within = min(gpus, o.gpus_per_node)
    nodes = math.ceil(gpus / o.gpus_per_node)
    size = o.parameters * o.gradient_bytes / 1e6  # MB: by GB/s gives ms
    travel = 2 * (within - 1) / within * size / o.node_gb_s + 2 * (nodes - 1) / nodes * size / o.network_gb_s
    return travel + o.buckets * o.hop_ms * 2 * math.ceil(math.log2(gpus))


def slowest_ms(o, gpus):
    """What the slowest of so many normally distributed ranks takes longer than their mean, about."""
    return o.jitter_ms * math.sqrt(2 * math.log(gpus))


def row(o, gpus, images):
    """Everything of a step with `images` on each of `gpus`."""
    compute, travel = compute_ms(o, images), all_reduce_ms(o, gpus)
    exposed = max(travel - o.hidden_part * compute, travel / o.buckets)  # the last bucket has nothing to hide behind
    host = 2 * o.host_hop_ms * math.ceil(math.log2(gpus))
    update = compute + exposed + host + slowest_ms(o, gpus)
    loader = images * o.decode_ms / o.cores
    gigabytes = (1 - o.cached_part) * o.image_kb * 1e-6 * gpus * images
    computing = "gradients" if exposed > 0.1 * compute else "host" if images < o.host_bound_below else "GPU"
    step, limit = max((update, computing), (loader, "decoding"), (gigabytes / o.storage_gb_s * 1e3, "storage"))
    return {"gpus": gpus, "images": images, "compute": compute, "travel": travel, "exposed": exposed,
            "waiting": host + slowest_ms(o, gpus), "loader": loader, "step": step, "limit": limit,
            "rate": 1e3 * gpus * images / step, "read_gb_s": gigabytes / step * 1e3, **run(o, gpus, gpus * images, step)}


def run(o, gpus, batch, step):
    """Of a whole run: its hours, with what failures take, and for which part of the time a checkpoint is being written."""
    steps = o.epochs * IMAGENET / batch
    checkpoint = 12 * o.parameters / 1.44e9 * o.checkpoint_s  # weights and two moments in 4 bytes each
    nodes = math.ceil(gpus / o.gpus_per_node)
    restart = o.restart_s + nodes * 12e-9 * o.parameters / o.storage_gb_s  # every node reads the checkpoint
    interval = o.every_steps * step / 1e3
    lost = (interval / 2 + restart) / (o.failure_hours / gpus * 3600)  # a part of the time
    return {"hours": steps * step / 3.6e6 * (1 + lost), "lost": lost, "writing": checkpoint / interval}


COLUMNS = [("GPUs", lambda r: f"{r['gpus']:,}"), ("images a GPU", lambda r: f"{r['images']:g}"),
           ("one GPU's step", lambda r: f"{r['compute']:.0f}"), ("all-reduce", lambda r: f"{r['travel']:.1f}"),
           ("of it seen", lambda r: f"{r['exposed']:.1f}"), ("waiting", lambda r: f"{r['waiting']:.1f}"),
           ("decoding", lambda r: f"{r['loader']:.0f}"), ("step, ms", lambda r: f"{r['step']:.0f}"),
           ("limit", lambda r: r["limit"]), ("images/s", lambda r: f"{r['rate']:,.0f}"),
           ("of linear", lambda r: f"{100 * r['of_linear']:.0f} %"), ("data, GB/s", lambda r: f"{r['read_gb_s']:.2f}"),
           ("checkpoint's writing, of the time", lambda r: f"{100 * r['writing']:.0f} %"),
           ("lost to failures", lambda r: f"{100 * r['lost']:.1f} %"), ("run, hours", lambda r: f"{r['hours']:.1f}")]


def table(rows):
    for r in rows:
        r["of_linear"] = r["rate"] / r["gpus"] / (rows[0]["rate"] / rows[0]["gpus"])
    lines = ["| " + " | ".join(name for name, _ in COLUMNS) + " |", "|" + "---|" * len(COLUMNS)]
    return "\n".join(lines + ["| " + " | ".join(show(r) for _, show in COLUMNS) + " |" for r in rows])


def tables(o):
    most = o.step_ms[-1][0]
    cached = argparse.Namespace(**{**vars(o), "cached_part": 1})
    return (f"The paper's batch of 2,048 images, divided:\n\n{table([row(o, gpus, 2048 / gpus) for gpus in GPUS])}\n\n"
            f"{most} images on every GPU:\n\n{table([row(o, gpus, most) for gpus in GPUS])}\n\n"
            f"The same from 32 on, if every node had the data in memory:\n\n"
            f"{table([row(cached, gpus, most) for gpus in GPUS if gpus == 1 or gpus >= 32])}\n")


if __name__ == "__main__":
    print(tables(options()), end="")
