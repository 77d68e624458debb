# SPDX-License-Identifier: Apache-2.0
"""Writers of formats in variants that no library at hand writes: PNG with every colour type, depth and interlacing,
PNM, and EXIF blocks."""
import struct
import zlib

import numpy as np

ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
GRAY, RGB, PALETTE, GRAY_ALPHA, RGBA = 0, 2, 3, 4, 6


def exif(orientation, big_endian=False):
    e = ">" if big_endian else "<"
    tiff = (b"MM\0*" if big_endian else b"II*\0") + struct.pack(e + "I", 8)
    return tiff + struct.pack(e + "HHHIHHI", 1, 0x0112, 3, 1, orientation, 0, 0)


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png_rows(a, depth):
    """Filtered rows, the filter type going round so that all five are used."""
    height, width, samples = a.shape
    out, above, step = b"", None, max(1, samples * depth // 8)
    for y in range(height):
        flat = a[y].reshape(-1)
        if depth == 16:
            row = flat.astype(">u2").tobytes()
        elif depth == 8:
            row = flat.astype(np.uint8).tobytes()
        else:
            bits = "".join(format(int(v), f"0{depth}b") for v in flat)
            bits += "0" * (-len(bits) % 8)
            row = bytes(int(bits[i:i + 8], 2) for i in range(0, len(bits), 8))
        above = above or bytes(len(row))
        kind = y % 5
        filtered = bytearray()
        for i, v in enumerate(row):
            left, up = (row[i - step] if i >= step else 0), above[i]
            corner = above[i - step] if i >= step else 0
            p = left + up - corner
            paeth = min((abs(p - left), 0, left), (abs(p - up), 1, up), (abs(p - corner), 2, corner))[2]
            filtered.append((v - [0, left, up, (left + up) // 2, paeth][kind]) & 255)
        out += bytes([kind]) + bytes(filtered)
        above = row
    return out


def png(a, colour, depth, interlaced=False, before=(), after=(), idat=400):
    """a: height x width x samples as stored; before, after: (name, data) of chunks around the pixels."""
    height, width, _ = a.shape
    if interlaced:
        parts = [a[y::dy, x::dx] for x, y, dx, dy in ADAM7]
        raw = b"".join(png_rows(p, depth) for p in parts if p.size)
    else:
        raw = png_rows(a, depth)
    packed = zlib.compress(raw, 9)
    out = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced))
    out += b"".join(chunk(n, d) for n, d in before)
    out += b"".join(chunk(b"IDAT", packed[i:i + idat]) for i in range(0, len(packed), idat))
    return out + b"".join(chunk(n, d) for n, d in after) + chunk(b"IEND", b"")


def iccp(profile):
    return b"iCCP", b"test\0\0" + zlib.compress(profile, 9)


def pnm(kind, a, maxval, plain=False, comment=True):
    height, width, samples = a.shape
    if kind == "P7":
        types = {1: "GRAYSCALE", 2: "GRAYSCALE_ALPHA", 3: "RGB", 4: "RGB_ALPHA"}
        head = f"P7\nWIDTH {width}\nHEIGHT {height}\nDEPTH {samples}\nMAXVAL {maxval}\nTUPLTYPE {types[samples]}\nENDHDR\n"
    else:
        head = f"{kind}\n{'# a comment' if comment else ''}\n{width} {height}\n"
        head += "" if kind in ("P1", "P4") else f"{maxval}\n"
    if kind in ("P1", "P2", "P3"):
        return (head + "\n".join(" ".join(str(v) for v in row.reshape(-1)) for row in a) + "\n").encode()
    if kind == "P4":
        return head.encode() + np.packbits(a[:, :, 0].astype(np.uint8), axis=1).tobytes()
    return head.encode() + a.astype(">u2" if maxval > 255 else np.uint8).tobytes()
