#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Two packs of one maker, as PPM: draw_packs.py FIRST SECOND. Patches and letters of the upper 60 % are the same; below, another print."""
import random
import sys

WIDTH, HEIGHT = 360, 480


def draw(path, below):
    picture = bytearray(b"\xe8\xe4\xd8" * (WIDTH * HEIGHT))

    def fill(x, y, width, height, colour):
        for row in range(max(y, 0), min(y + height, HEIGHT)):
            left, right = max(x, 0), min(x + width, WIDTH)
            picture[3 * (row * WIDTH + left):3 * (row * WIDTH + right)] = bytes(colour) * max(right - left, 0)

    for seed, top, bottom, base in ((1, 0, 288, (30, 60, 120)), (below[0], 288, HEIGHT, below[1])):
        r = random.Random(seed)
        fill(0, top, WIDTH, bottom - top, base)
        for _ in range(260):
            size = r.randint(6, 34)
            colour = [min(255, max(0, c + r.randint(-110, 110))) for c in base]
            y = r.randint(top, bottom - 6)
            fill(r.randint(0, WIDTH - 6), y, size, min(r.randint(4, 22), bottom - y), colour)
    with open(path, "wb") as f:
        f.write(b"P6\n%d %d\n255\n" % (WIDTH, HEIGHT) + picture)


draw(sys.argv[1], (2, (60, 150, 50)))
draw(sys.argv[2], (3, (220, 130, 30)))
