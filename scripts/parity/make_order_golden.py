"""The orders of epochs in tests/data/epoch_order_test.cpp, from the words of core/rng.h and data/epoch_order.h alone:

    python make_order_golden.py
"""
PERMUTATION = 1  # RandomOp


def philox(counter, key):
    """Philox 4x32-10 (Salmon et al., SC'11)."""
    c, k = list(counter), list(key)
    for _ in range(10):
        a, b = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [b >> 32 ^ c[1] ^ k[0], b & 0xFFFFFFFF, a >> 32 ^ c[3] ^ k[1], a & 0xFFFFFFFF]
        k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return c


def stream(seed, epoch, sample):
    block = 0
    while True:
        yield from philox((block, PERMUTATION << 24 | epoch, sample & 0xFFFFFFFF, sample >> 32),
                          (seed & 0xFFFFFFFF, seed >> 32))
        block += 1


def below(numbers, bound):
    limit = (2**64 - 1) // bound * bound
    while (value := next(numbers) << 32 | next(numbers)) >= limit:
        pass
    return value % bound


def shuffled(size, seed, epoch):
    ids, numbers = list(range(size)), stream(seed, epoch, 0)
    for left in range(size, 1, -1):
        other = below(numbers, left)
        ids[left - 1], ids[other] = ids[other], ids[left - 1]
    return ids


def mixed(size, key):
    """A Feistel network of eight rounds, walked until it stays below the size."""
    half = max(1, ((size - 1).bit_length() + 1) // 2)

    def encrypt(value):
        left, right = value >> half, value & (1 << half) - 1
        for r in range(8):
            left, right = right, left ^ philox((right, r, 0, 0), key)[0] & (1 << half) - 1
        return left << half | right

    for value in range(size):
        value = encrypt(value)
        while value >= size:
            value = encrypt(value)
        yield value


def blockwise(ends, window, seed, epoch):
    """Blocks in an order of their own, samples mixed within `window` neighbouring ones."""
    begins = [0, *ends[:-1]]
    order = shuffled(len(ends), seed, epoch)
    for w in range(0, len(order), window):
        samples = [i for block in order[w:w + window] for i in range(begins[block], ends[block])]
        if not samples:
            continue
        numbers = stream(seed, epoch, 1 + w // window)
        yield from (samples[i] for i in mixed(len(samples), (next(numbers), next(numbers))))


if __name__ == "__main__":
    print("whole", shuffled(12, 5, 2))
    print("whole, large seed", shuffled(12, 2**40 + 5, 0))
    print("blocks", list(blockwise([3, 3, 8, 10, 17], 2, 5, 2)))
