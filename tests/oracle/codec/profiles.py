# SPDX-License-Identifier: Apache-2.0
"""Small ICC profiles made from their definitions (ICC.1:2001-04), so that no vendor's file is needed."""
import struct

import numpy as np

BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
D50 = np.array([0.9642, 1.0, 0.8249])
D65 = np.array([0.3127 / 0.3290, 1.0, (1 - 0.3127 - 0.3290) / 0.3290])


def s15(values):
    return b"".join(struct.pack(">i", round(v * 65536)) for v in values)


def xyz(values):
    return b"XYZ \0\0\0\0" + s15(values)


def text(tag, s):
    if tag == b"desc":
        return b"desc\0\0\0\0" + struct.pack(">I", len(s) + 1) + s.encode() + b"\0" + bytes(78)
    return b"text\0\0\0\0" + s.encode() + b"\0"


def gamma(g):
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(g * 256))


def srgb_curve():
    return b"para\0\0\0\0" + struct.pack(">HH", 3, 0) + s15([2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045])


def profile(space, kind, name, tags, version=0x02400000):
    tags = [(b"desc", text(b"desc", name)), (b"cprt", text(b"text", "CC0")), (b"wtpt", xyz(D50))] + tags
    table, body = struct.pack(">I", len(tags)), b""
    for tag, data in tags:
        data += bytes(-len(data) % 4)
        table += tag + struct.pack(">II", 128 + 4 + 12 * len(tags) + len(body), len(data))
        body += data
    head = struct.pack(">I4sI4s4s4s12s4s", 0, b"\0\0\0\0", version, kind, space, b"Lab " if space == b"CMYK" else b"XYZ ",
                       struct.pack(">6H", 2026, 1, 1, 0, 0, 0), b"acsp") + bytes(28) + s15(D50) + bytes(48)
    data = head + table + body
    return struct.pack(">I", len(data)) + data[4:]


def rgb(name, primaries, curve, version=0x02400000):
    """primaries: xy of red, green, blue; white is D65, adapted to D50 by Bradford."""
    m = np.array([[x / y, 1, (1 - x - y) / y] for x, y in primaries]).T
    m = m * np.linalg.solve(m, D65)
    adapt = np.linalg.inv(BRADFORD) @ np.diag((BRADFORD @ D50) / (BRADFORD @ D65)) @ BRADFORD
    m = adapt @ m
    tags = [(t + b"XYZ", xyz(m[:, i])) for i, t in enumerate([b"r", b"g", b"b"])]
    return profile(b"RGB ", b"mntr", name, tags + [(t + b"TRC", curve) for t in [b"r", b"g", b"b"]], version)


def display_p3():
    return rgb("Display P3 (test)", [(0.680, 0.320), (0.265, 0.690), (0.150, 0.060)], srgb_curve(), 0x04000000)


def adobe_rgb():
    return rgb("Adobe RGB (test)", [(0.64, 0.33), (0.21, 0.71), (0.15, 0.06)], gamma(563 / 256))


def gray_gamma_18():
    return profile(b"GRAY", b"mntr", "Gray 1.8 (test)", [(b"kTRC", gamma(1.8))])


def cmyk():
    """A lut8 of 2 points an ink: the 16 corners have Lab colours near those of a press."""
    corners = []
    for i in range(16):
        c, m, y, k = (i >> 3) & 1, (i >> 2) & 1, (i >> 1) & 1, i & 1
        light = (100 - 40 * c - 48 * m - 8 * y) * (0.15 if k else 1)
        a = (-35 * c + 70 * m - 5 * y) * (0.2 if k else 1)
        b = (-48 * c - 4 * m + 85 * y) * (0.2 if k else 1)
        corners += [round(max(light, 3) * 2.55), round(a + 128), round(min(b, 120) + 128)]
    ramp = bytes(range(256))
    lut = b"mft1\0\0\0\0" + bytes([4, 3, 2, 0]) + s15([1, 0, 0, 0, 1, 0, 0, 0, 1]) + ramp * 4 + bytes(corners) + ramp * 3
    return profile(b"CMYK", b"prtr", "Press (test)", [(b"A2B0", lut)])
