#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""ImageHash 4.3.2's algorithms and PDQ written out with Pillow, numpy, SciPy and PyWavelets, as an oracle.

Usage: imagehash_steps.py FILE...   prints the JSON that `likeness hash --json FILE...` must equal (without sha256).
       imagehash_steps.py --check COMMAND FILE...   runs COMMAND and compares.
"""
import io
import json
import math
import subprocess
import sys

import numpy as np
import PIL
import pywt
import scipy
import scipy.fftpack
from PIL import Image, ImageCms, ImageFilter, ImageOps

Image.MAX_IMAGE_PIXELS = None


def hexed(bits):
    text = "".join("1" if b else "0" for b in np.asarray(bits).flatten())
    width = math.ceil(len(text) / 4)
    return "{:0>{w}x}".format(int(text, 2), w=width)


def gray(image, width, height):
    return np.asarray(image.convert("L").resize((width, height), Image.LANCZOS))


def average(image, n=8):
    p = gray(image, n, n)
    return p > p.mean()


def phash(image, n=8):
    p = gray(image, 4 * n, 4 * n)
    low = scipy.fftpack.dct(scipy.fftpack.dct(p, axis=0), axis=1)[:n, :n]
    return low > np.median(low)


def dhash(image, n=8):
    p = gray(image, n + 1, n)
    return p[:, 1:] > p[:, :-1]


def dhash_vertical(image, n=8):
    p = gray(image, n, n + 1)
    return p[1:, :] > p[:-1, :]


def whash(image, n=8):
    scale = max(2 ** int(np.log2(min(image.size))), n)
    top = int(np.log2(scale))
    p = gray(image, scale, scale) / 255.0
    c = list(pywt.wavedec2(p, "haar", level=top))
    c[0] = c[0] * 0
    p = pywt.waverec2(c, "haar")
    low = pywt.wavedec2(p, "haar", level=top - int(np.log2(n)))[0]
    return low > np.median(low)


def colorhash(image, bits=3):
    light = np.asarray(image.convert("L")).flatten()
    h, s, _ = [np.asarray(x).flatten() for x in image.convert("HSV").split()]
    black = light < 32
    is_gray = s < 85
    colours = ~black & ~is_gray
    faint, bright = colours & (s < 170), colours & (s > 170)
    c = max(1, colours.sum())
    bins = np.linspace(0, 255, 7)
    most = 2 ** bits
    counts = [np.histogram(h[m], bins=bins)[0] if m.any() else np.zeros(6) for m in (faint, bright)]
    values = [min(most - 1, int(black.mean() * most)), min(most - 1, int((~black & is_gray).mean() * most))]
    for k in counts:
        values += [min(most - 1, int(v * most * 1.0 / c)) for v in k]
    out = []
    for v in values:
        out += [v // (2 ** (bits - i - 1)) % 2 ** (bits - i) > 0 for i in range(bits)]
    return np.asarray(out)


def areas(bright):
    """4-connected areas in raster order of their first pixel: those that are True, then the others."""
    from scipy import ndimage
    found = []
    for want in (True, False):
        labels, n = ndimage.label(bright == want)
        first = sorted(range(1, n + 1), key=lambda k: np.flatnonzero(labels.ravel() == k)[0]) if n < 400 else None
        if first is None:
            _, index = np.unique(labels.ravel(), return_index=True)
            order = np.argsort(index)
            first = [k for k in np.unique(labels.ravel())[order] if k != 0]
        for k in first:
            ys, xs = np.nonzero(labels == k)
            if len(ys) > 500:
                found.append((xs.min(), ys.min(), xs.max(), ys.max()))
    return found or [(0, 0, 299, 299)]


def crop_resistant(image):
    small = image.convert("L").resize((300, 300), Image.LANCZOS)
    small = small.filter(ImageFilter.GaussianBlur()).filter(ImageFilter.MedianFilter())
    sx, sy = float(image.size[0]) / 300, float(image.size[1]) / 300
    out = []
    for x0, y0, x1, y1 in areas(np.asarray(small).astype(np.float32) > 128):
        out.append(hexed(dhash(image.crop((x0 * sx, y0 * sy, (x1 + 1) * sx, (y1 + 1) * sy)))))
    return ",".join(out)


def box(line, window):
    ahead, total, size, out = (window + 2) // 2, np.zeros(line.shape[1:], np.float32), 0, []
    n = line.shape[0]
    for i in range(ahead - 1):
        total = total + line[i]
        size += 1
    for i in range(n):
        enters, leaves = i + ahead - 1, i + ahead - 1 - window
        if enters < n:
            total = total + line[enters]
            size += 1
        if leaves >= 0:
            total = total - line[leaves]
            size -= 1
        out.append(total / np.float32(size))
    return np.asarray(out, np.float32)


def pdq(image):
    """Gray is luma as it is; the factor of the DCT is a float before it is multiplied: both as in Meta's C++."""
    plain = image.mode == "L"
    rgb = np.asarray(image.convert("RGB"))
    if min(rgb.shape[:2]) < 5:
        return "0" * 64, 0
    h, w = rgb.shape[:2]
    if h > 512 or w > 512:
        rgb = rgb[np.arange(512) * h // 512][:, np.arange(512) * w // 512]
        h = w = 512
    f = rgb.astype(np.float32)
    luma = np.float32(0.299) * f[..., 0] + np.float32(0.587) * f[..., 1] + np.float32(0.114) * f[..., 2]
    if plain:
        luma = f[..., 0].copy()
    if (w, h) != (64, 64):
        for _ in range(2):
            luma = box(luma.T, (w + 127) // 128).T
            luma = box(luma, (h + 127) // 128)
    at = lambda n: ((np.arange(64) + 0.5) * n / 64).astype(int)
    a = luma[at(h)][:, at(w)]
    d = (float(np.float32(np.sqrt(2 / 64))) * np.cos(np.pi / 128 * np.outer(np.arange(1, 17), 2 * np.arange(64) + 1))).astype(np.float32)
    t = np.zeros((16, 64), np.float32)
    for k in range(64):
        t += d[:, k:k + 1] * a[k]
    b = np.zeros((16, 16), np.float32)
    for k in range(64):
        b += t[:, k:k + 1] * d[:, k]
    bits = (b > np.sort(b.ravel())[127]).ravel()[::-1]
    steps = lambda u: np.abs((u * np.float32(100) / np.float32(255)).astype(int)).sum()
    return hexed(bits), int(min(100, (steps(a[:-1] - a[1:]) + steps(a[:, :-1] - a[:, 1:])) // 90))


def hashes(path):
    image = Image.open(path)
    image.load()
    profile = image.info.get("icc_profile")
    if profile and image.mode == "RGB":  # the library hashes sRGB pixels: give Pillow the same
        image = ImageCms.profileToProfile(image, ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB"),
                                          renderingIntent=0)
    image = ImageOps.exif_transpose(image)
    if image.mode == "P":
        image = image.convert("RGBA" if "transparency" in image.info else "RGB")
    return hashes_of(image)


def hashes_of(image):
    colour = image.convert("RGB")
    out = {name: hexed(f(image)) for name, f in
           (("average", average), ("phash", phash), ("dhash", dhash), ("dhash_vertical", dhash_vertical), ("whash", whash))}
    out["colorhash"] = hexed(colorhash(colour))
    out["crop_resistant"] = crop_resistant(image)
    out["pdq"], out["pdq_quality"] = pdq(image if image.mode == "L" else colour)
    return out


def main(args):
    check = args[:1] == ["--check"]
    command, files = (args[1], args[2:]) if check else (None, args)
    if not check:
        print(json.dumps({"tools": {"Pillow": PIL.__version__, "numpy": np.__version__, "scipy": scipy.__version__,
                                    "PyWavelets": pywt.__version__},
                          "files": [{"path": f, "hashes": hashes(f)} for f in files]}, indent=1))
        return 0
    wrong = 0
    compared = 0
    for f in files:
        try:
            want = hashes(f)
        except Exception:
            continue
        run = subprocess.run([command, "hash", "--json", f], capture_output=True)
        if run.returncode != 0:
            print("%s: not compared: %s" % (f, run.stderr.decode(errors="replace").strip()))
            continue
        got = json.loads(run.stdout)
        got = got["files"][0]["hashes"]
        for name, value in want.items():
            compared += 1
            if got[name] != value:
                wrong += 1
                print("%s %s: got %s, want %s" % (f, name, got[name], value))
    print("%d hashes compared, %d differ" % (compared, wrong))
    return wrong != 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
