# SPDX-License-Identifier: Apache-2.0
"""Makes the pictures of tests/data/codec and prints what they must decode to.

The pixels expected come from Pillow (decoding, palette, transparency, EXIF turn, CMYK), from lcms2 through Pillow's
ImageCms or, at 16 bits, through its C interface, from heif-convert for HEIC and AVIF, and, where none of these keeps 16
bits, from the samples that went into the file.

    /usr/bin/python3 make_codec.py >codec_values.inc        (needs libheif-examples, libavif-bin)
"""
import ctypes
import io
import os
import struct
import subprocess
import sys
import tempfile

import cv2
import numpy as np
from PIL import Image, ImageCms, ImageOps, features

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from pattern import pattern  # noqa: E402
import pictures as pic  # noqa: E402
import profiles  # noqa: E402

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../data/codec")
W, H = 23, 17
ROWS = []


def fnv(a):
    h = 0xcbf29ce484222325
    for v in a.tobytes():
        h = ((h ^ v) * 0x100000001b3) & 0xFFFFFFFFFFFFFFFF
    return h


def to_srgb(image, profile):
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    out = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    return out.split()[0] if image.mode == "L" else out


def upright(image):
    """An opened Pillow image as likeness must give it: gray, RGB or RGBA in sRGB, upright."""
    profile = image.info.get("icc_profile")
    turn = image.getexif().get(0x0112, 1)
    turned_already = image.format == "TIFF"  # Pillow does so when it loads one
    image.load()
    transparent = "transparency" in image.info or image.mode in ("LA", "RGBA", "PA")
    if image.mode == "1":
        image = image.convert("L")
    elif transparent:
        image = image.convert("RGBA")
    elif image.mode == "P":
        image = image.convert("RGB")
    if profile and image.mode == "RGBA":
        alpha = image.split()[3]
        image = to_srgb(image.convert("RGB"), profile)
        image.putalpha(alpha)
    elif profile:
        image = to_srgb(image, profile)
    elif image.mode == "CMYK":
        image = image.convert("RGB")
    turned = {2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
              5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_270, 7: Image.Transpose.TRANSVERSE,
              8: Image.Transpose.ROTATE_90}.get(turn)
    image = image.transpose(turned) if turned is not None and not turned_already else image
    return np.asarray(image), turn


def add(name, data, expected=None, turn=1, frames=1):
    with open(os.path.join(FOLDER, name), "wb") as f:
        f.write(data)
    if expected is None:
        expected, turn = upright(Image.open(io.BytesIO(data)))
    a = expected if expected.ndim == 3 else expected[:, :, None]
    ROWS.append(f'{{"{name}", {a.shape[1]}, {a.shape[0]}, {a.shape[2]}, {a.itemsize * 8}, {turn}, {frames}, '
                f'{fnv(np.ascontiguousarray(a)):#018x}u}},')


def saved(image, kind, **options):
    b = io.BytesIO()
    image.save(b, kind, **options)
    return b.getvalue()


def photo(channels=3, seed=1):
    a = pattern(W, H, channels, seed, 40)
    return a if channels > 1 else a[:, :, 0]


def deep(channels, seed=1):
    high, low = pattern(W, H, channels, seed, 60), pattern(W, H, channels, seed + 9, 256)
    return (high.astype(np.uint16) << 8) | low


def jpegs():
    rgb = Image.fromarray(photo())
    for subsampling, name in enumerate(["444", "422", "420"]):
        add(f"rgb_{name}.jpg", saved(rgb, "JPEG", quality=85, subsampling=subsampling))
    add("progressive.jpg", saved(rgb, "JPEG", quality=60, progressive=True))
    add("gray.jpg", saved(Image.fromarray(photo(1)), "JPEG", quality=75))
    for turn in range(1, 9):
        data = saved(rgb, "JPEG", quality=70, exif=b"Exif\0\0" + pic.exif(turn, big_endian=turn % 2 == 0))
        add(f"orientation_{turn}.jpg", data)
    add("p3.jpg", saved(rgb, "JPEG", quality=90, icc_profile=profiles.display_p3()))
    add("adobe_rgb.jpg", saved(rgb, "JPEG", quality=90, icc_profile=profiles.adobe_rgb()))
    add("gray_profile.jpg", saved(Image.fromarray(photo(1)), "JPEG", icc_profile=profiles.gray_gamma_18()))
    inks = Image.fromarray(photo(4), "CMYK")
    data = saved(inks, "JPEG", quality=90)
    add("cmyk.jpg", data)
    add("cmyk_profile.jpg", saved(inks, "JPEG", quality=90, icc_profile=profiles.cmyk()))
    at = data.index(b"Adobe") + 11
    add("ycck.jpg", data[:at] + b"\2" + data[at + 1:])  # the same numbers, said to be YCCK


def pngs():
    small = {1: 1, 2: 3, 4: 15}
    gray = photo(1)[:, :, None]
    scaled = {d: (gray.astype(int) * top // 255).astype(np.uint8) for d, top in small.items()}
    for depth, a in scaled.items():
        add(f"gray_{depth}.png", pic.png(a, pic.GRAY, depth))
        add(f"gray_{depth}_interlaced.png", pic.png(a, pic.GRAY, depth, True))
        colours = photo(3, 2).reshape(-1, 3)[:2 ** depth].tobytes()
        add(f"palette_{depth}.png", pic.png(a, pic.PALETTE, depth, before=[(b"PLTE", colours)]))
        add(f"palette_{depth}_alpha_interlaced.png",
            pic.png(a, pic.PALETTE, depth, True, [(b"PLTE", colours), (b"tRNS", bytes([0, 128][:2 ** depth - 1]))]))
    colours = photo(3, 2).reshape(-1, 3)[:256].tobytes()
    add("palette_8.png", pic.png(gray, pic.PALETTE, 8, before=[(b"PLTE", colours)]))
    add("palette_8_alpha.png", pic.png(gray, pic.PALETTE, 8, before=[(b"PLTE", colours), (b"tRNS", bytes(range(200)))]))
    add("gray_8.png", pic.png(gray, pic.GRAY, 8))
    add("gray_8_transparent.png", pic.png(gray, pic.GRAY, 8, before=[(b"tRNS", struct.pack(">H", int(gray[3, 3, 0])))]))
    for name, colour, channels in [("rgb", pic.RGB, 3), ("rgba", pic.RGBA, 4), ("gray_alpha", pic.GRAY_ALPHA, 2)]:
        a = photo(channels)
        for interlaced in (False, True):
            add(f"{name}_8{'_interlaced' if interlaced else ''}.png", pic.png(a, colour, 8, interlaced))
    rgb = photo()
    key = struct.pack(">3H", *(int(v) for v in rgb[5, 7]))
    add("rgb_8_transparent.png", pic.png(rgb, pic.RGB, 8, before=[(b"tRNS", key)]))
    add("rgb_8_exif_6.png", pic.png(rgb, pic.RGB, 8, before=[(b"eXIf", pic.exif(6))]))
    add("rgb_8_exif_behind.png", pic.png(rgb, pic.RGB, 8, after=[(b"eXIf", pic.exif(8, True))]))
    add("rgb_8_p3.png", pic.png(rgb, pic.RGB, 8, before=[pic.iccp(profiles.display_p3())]))
    add("rgba_8_adobe_rgb.png", pic.png(photo(4), pic.RGBA, 8, before=[pic.iccp(profiles.adobe_rgb())]))
    add("animated.png", pic.png(rgb, pic.RGB, 8, before=[(b"acTL", struct.pack(">II", 3, 0))]), np.asarray(rgb), frames=3)


def lcms_16(a, profile):
    """Through lcms2's C interface: 16-bit RGB to sRGB, perceptual."""
    lcms = ctypes.CDLL("liblcms2.so.2")
    for f in ("cmsOpenProfileFromMem", "cmsCreate_sRGBProfile", "cmsCreateTransform"):
        getattr(lcms, f).restype = ctypes.c_void_p
    type_rgb_16 = (4 << 16) | (3 << 3) | 2
    source = lcms.cmsOpenProfileFromMem(profile, len(profile))
    transform = lcms.cmsCreateTransform(ctypes.c_void_p(source), type_rgb_16,
                                        ctypes.c_void_p(lcms.cmsCreate_sRGBProfile()), type_rgb_16, 0, 0)
    a, out = np.ascontiguousarray(a), np.empty_like(a)
    lcms.cmsDoTransform(ctypes.c_void_p(transform), a.ctypes.data_as(ctypes.c_void_p),
                        out.ctypes.data_as(ctypes.c_void_p), a.shape[0] * a.shape[1])
    return out


def pngs_16():
    for name, colour, channels in [("gray", pic.GRAY, 1), ("rgb", pic.RGB, 3), ("rgba", pic.RGBA, 4)]:
        a = deep(channels)
        for interlaced in (False, True):
            data = pic.png(a, colour, 16, interlaced)
            seen = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED).reshape(H, W, channels)
            order = [0] if channels == 1 else [2, 1, 0, 3][:channels]
            assert (seen[:, :, order] == a).all()
            add(f"{name}_16{'_interlaced' if interlaced else ''}.png", data, a)
    both = deep(2)
    add("gray_alpha_16.png", pic.png(both, pic.GRAY_ALPHA, 16), both[:, :, [0, 0, 0, 1]])
    gray, rgb = deep(1), deep(3)
    alpha = np.where(gray == gray[2, 2], 0, 65535).astype(np.uint16)
    add("gray_16_transparent.png", pic.png(gray, pic.GRAY, 16, before=[(b"tRNS", struct.pack(">H", int(gray[2, 2, 0])))]),
        np.concatenate([gray, gray, gray, alpha], axis=2))
    add("rgb_16_p3.png", pic.png(rgb, pic.RGB, 16, before=[pic.iccp(profiles.display_p3())]),
        lcms_16(rgb, profiles.display_p3()))


def webps():
    rgb, rgba = Image.fromarray(photo()), Image.fromarray(photo(4), "RGBA")
    add("lossy.webp", saved(rgb, "WEBP", quality=80))
    add("lossless.webp", saved(rgb, "WEBP", lossless=True))
    add("alpha.webp", saved(rgba, "WEBP", lossless=True))
    add("alpha_lossy.webp", saved(rgba, "WEBP", quality=70))
    add("p3.webp", saved(rgb, "WEBP", lossless=True, icc_profile=profiles.display_p3()))
    add("exif_5.webp", saved(rgb, "WEBP", lossless=True, exif=b"Exif\0\0" + pic.exif(5)))


def tiffs():
    rgb, gray = Image.fromarray(photo()), Image.fromarray(photo(1))
    for compression in ("raw", "tiff_lzw", "tiff_adobe_deflate", "packbits"):
        add(f"rgb_{compression}.tiff", saved(rgb, "TIFF", compression=compression))
    add("gray.tiff", saved(gray, "TIFF", compression="tiff_lzw"))
    add("bilevel.tiff", saved(gray.convert("1"), "TIFF", compression="group4"))
    add("palette.tiff", saved(rgb.quantize(16), "TIFF"))
    add("rgba.tiff", saved(Image.fromarray(photo(4), "RGBA"), "TIFF"))
    add("cmyk.tiff", saved(Image.fromarray(photo(4), "CMYK"), "TIFF"))
    add("cmyk_profile.tiff", saved(Image.fromarray(photo(4), "CMYK"), "TIFF", icc_profile=profiles.cmyk()))
    add("adobe_rgb.tiff", saved(rgb, "TIFF", icc_profile=profiles.adobe_rgb()))
    add("orientation_7.tiff", saved(rgb, "TIFF", tiffinfo={274: 7}))
    add("pages.tiff", saved(rgb, "TIFF", save_all=True, append_images=[gray]), np.asarray(rgb), frames=2)
    for name, channels in [("gray_16", 1), ("rgb_16", 3), ("rgba_16", 4)]:
        a = deep(channels)
        order = [0] if channels == 1 else [2, 1, 0, 3][:channels]
        add(f"{name}.tiff", cv2.imencode(".tiff", a[:, :, order])[1].tobytes(), a)


def heifs():
    """Encoded by libheif and libavif; what they show is heif-convert's word, alpha apart (it writes RGB there)."""
    with tempfile.TemporaryDirectory() as t:
        Image.fromarray(pattern(64, 48, 3, 1, 10)).save(f"{t}/a.png")
        Image.fromarray(pattern(64, 48, 4, 1, 10), "RGBA").save(f"{t}/alpha.png")
        jobs = [("rgb.heic", ["heif-enc", "-q", "60", "-o", f"{t}/rgb.heic", f"{t}/a.png"]),
                ("alpha.heic", ["heif-enc", "-q", "60", "-o", f"{t}/alpha.heic", f"{t}/alpha.png"]),
                ("rgb.avif", ["avifenc", "-s", "8", f"{t}/a.png", f"{t}/rgb.avif"]),
                ("alpha.avif", ["avifenc", "-s", "8", f"{t}/alpha.png", f"{t}/alpha.avif"]),
                ("turned.avif", ["avifenc", "-s", "8", "--irot", "1", f"{t}/a.png", f"{t}/turned.avif"])]
        for name, command in jobs:
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            subprocess.run(["heif-convert", f"{t}/{name}", f"{t}/out.png"], check=True, stdout=subprocess.DEVNULL)
            with open(f"{t}/{name}", "rb") as f:
                add(name, f.read(), np.asarray(Image.open(f"{t}/out.png")))


def pnms():
    def scale(a, top):
        full = 65535 if top > 255 else 255
        a = (2 * a.astype(np.int64) * full + top) // (2 * top)  # halves go up, as in Netpbm
        return a.astype(np.uint16 if top > 255 else np.uint8)

    bits = (photo(1)[:, :, None] > 127).astype(np.uint8)
    for kind in ("P1", "P4"):
        add(f"bits_{kind}.pbm", pic.pnm(kind, bits, 1), (1 - bits) * np.uint8(255))
    for kind, channels, top in [("P2", 1, 255), ("P3", 3, 255), ("P5", 1, 255), ("P6", 3, 255), ("P5", 1, 65535),
                                ("P6", 3, 1000), ("P2", 1, 10), ("P7", 1, 255), ("P7", 2, 255), ("P7", 3, 65535),
                                ("P7", 4, 255), ("P7", 4, 4095)]:
        a = deep(channels) if top > 255 else photo(channels).reshape(H, W, channels)
        a = a % (top + 1) if top not in (255, 65535) else a
        spread = a[:, :, [0, 0, 0, 1]] if channels == 2 else a
        add(f"{kind}_{channels}_{top}.pnm", pic.pnm(kind, a, top), scale(spread, top))


def fuzz_seeds():
    """EXIF blocks and profiles, which the fuzz targets exif and icc read bare; the latter after a byte for the picture."""
    corpus = os.path.join(FOLDER, "../../fuzz/corpus")
    seeds = {f"exif/{turn}": pic.exif(turn, turn > 4) for turn in range(1, 9)}
    seeds["exif/header"] = b"Exif\0\0" + pic.exif(3)
    seeds |= {"icc/gray": b"\0" + profiles.gray_gamma_18(), "icc/p3": b"\1" + profiles.display_p3(),
              "icc/p3_16": b"\5" + profiles.display_p3(), "icc/adobe_rgb": b"\2" + profiles.adobe_rgb(),
              "icc/cmyk": b"\3" + profiles.cmyk()}
    for name, data in seeds.items():
        os.makedirs(os.path.join(corpus, os.path.dirname(name)), exist_ok=True)
        with open(os.path.join(corpus, name), "wb") as f:
            f.write(data)


def main():
    os.makedirs(FOLDER, exist_ok=True)
    fuzz_seeds()
    for make in (jpegs, pngs, pngs_16, webps, tiffs, heifs, pnms):
        make()
    versions = ", ".join([f"Pillow {Image.__version__}", f"libjpeg-turbo {features.version('jpg')}",
                          f"lcms2 {features.version('littlecms2')}", f"OpenCV {cv2.__version__}", f"NumPy {np.__version__}"])
    print("/* SPDX-License-Identifier: Apache-2.0 */")
    print(f"/* Written by make_codec.py with {versions}.")
    print(" * file, width, height, channels, bit depth, orientation, frames, FNV-1a of the samples */")
    print("\n".join(ROWS))


if __name__ == "__main__":
    main()
