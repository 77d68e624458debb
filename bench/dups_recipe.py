#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A folder of pictures, copies of them edited in stated ways, and unrelated pictures, to judge a finder of duplicates by.

    dups_recipe.py DATA OUT [develop|report] [--originals N] [--unrelated N]

Originals are DATA/photos/*/* and DATA/verify/*/references/*. Half of them (by the hash of their names) are for developing, the other
half for the figures that are reported; the unrelated pictures, of DATA/train, are divided in the same way. Writes

    OUT/originals/NAME, OUT/copies/NAME.CLASS-N.jpg, OUT/unrelated/..., OUT/alike/...   (alike: drawn pages and screens of one
                                                             layout with different contents, and photos of one thing, no copies)
    OUT/pairs.csv    a, b, class     b was made of a
    OUT/alike.csv    a, b, what      alike and no copies: must not be found

Everything is drawn from a seed and the picture's name, so a picture's copies do not depend on what else is asked for. Edits are
Pillow's: nothing of the program judged takes part.
"""
import argparse
import csv
import glob
import hashlib
import os
import random
import shutil
import sys

from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageFont, ImageOps

FONTS = ["DejaVuSans-Bold", "DejaVuSerif-Bold", "DejaVuSans", "DejaVuSansMono-Bold"]
WORDS = ("when the deadline was yesterday nobody told me about sale only today monday again best price sample free preview copyright "
         "holiday greetings from our house to yours look who came home happy birthday thank you draft confidential report meeting notes "
         "table figure chapter results total invoice number date street garden window letter morning river paper music winter").split()


def font(rng, size):
    return ImageFont.truetype(rng.choice(FONTS) + ".ttf", max(int(size), 6))


def words(rng, low, high):
    return " ".join(rng.choice(WORDS) for _ in range(rng.randint(low, high)))


def any_colour(rng):
    return tuple(rng.randrange(256) for _ in range(3))


# -- Geometry: each takes a picture and a generator, and gives the edited picture --

def crop_away(share):
    """Takes away that share of the area, at any place, the sides unevenly."""
    def edit(im, rng):
        keep = 1 - share
        wide = rng.uniform(max(keep, 0.55 if keep < 0.6 else keep), 1)
        w, h = max(round(im.width * wide), 8), max(round(im.height * min(keep / wide, 1)), 8)
        x, y = rng.randint(0, im.width - w), rng.randint(0, im.height - h)
        return im.crop((x, y, x + w, y + h))
    return edit


def transposed(how):
    return lambda im, rng: im.transpose(how)


def turned(low, high, corners):
    """By an angle of low..high degrees either way; corners: black, within the frame or beside it, or cut off."""
    def edit(im, rng):
        angle = rng.uniform(low, high) * rng.choice((-1, 1))
        out = im.rotate(angle, Image.BICUBIC, expand=corners == "expand")
        if corners != "cut":
            return out
        return out.crop(inner_box(im.width, im.height, angle))
    return edit


def inner_box(w, h, angle):
    """The largest box of the picture's shape inside of the picture turned by angle about its middle."""
    from math import cos, radians, sin
    c, s = abs(cos(radians(angle))), abs(sin(radians(angle)))
    scale = min(w / (w * c + h * s), h / (w * s + h * c))
    bw, bh = w * scale / 2, h * scale / 2
    return round(w / 2 - bw), round(h / 2 - bh), round(w / 2 + bw), round(h / 2 + bh)


def stretched(im, rng):
    f = rng.uniform(1.15, 1.6)
    across = rng.random() < 0.5
    return im.resize((round(im.width / (f if across else 1)), round(im.height / (1 if across else f))), Image.LANCZOS)


def square(im, rng):
    side = rng.choice((224, 256, 300))
    if abs(im.width - im.height) < 0.1 * im.width:
        return stretched(im, rng)
    return im.resize((side, side), Image.BICUBIC)


def scaled(factor):
    return lambda im, rng: im.resize((max(round(im.width * factor), 16), max(round(im.height * factor), 16)), Image.LANCZOS)


def longest(side):
    def edit(im, rng):
        f = side / max(im.size)
        return im.resize((max(round(im.width * f), 1), max(round(im.height * f), 1)), Image.LANCZOS)
    return edit


# -- What is put over or around --

def caption(im, rng):
    """White letters with black edges at the top or the bottom, or both, as on memes."""
    out = im.copy()
    draw = ImageDraw.Draw(out)
    size = im.width / rng.uniform(9, 13)
    f = font(rng, size)
    for top in rng.choice(((True,), (False,), (True, False))):
        text = words(rng, 2, 4).upper()
        y = im.height * 0.03 if top else im.height * 0.97 - size
        draw.text((im.width / 2, y), text, font=f, fill="white", stroke_width=max(int(size / 12), 1), stroke_fill="black", anchor="ma")
    return out


def text_box(im, rng):
    """A line or two on a box, anywhere."""
    out = im.copy()
    draw = ImageDraw.Draw(out)
    f = font(rng, im.width / rng.uniform(12, 20))
    text = "\n".join(words(rng, 2, 4) for _ in range(rng.randint(1, 2)))
    box = draw.multiline_textbbox((0, 0), text, font=f)
    x, y = rng.uniform(0, max(im.width - box[2], 1)), rng.uniform(0, max(im.height - box[3], 1))
    draw.rectangle((x - 4, y - 4, x + box[2] + 4, y + box[3] + 4), fill=any_colour(rng))
    draw.multiline_text((x, y), text, font=f, fill=any_colour(rng))
    return out


def logo(im, rng):
    """A patch of 4 to 15 % of the area: a disc, a box or stripes."""
    out = im.copy()
    draw = ImageDraw.Draw(out)
    side = (rng.uniform(0.04, 0.15) * im.width * im.height) ** 0.5
    x, y = rng.uniform(0, max(im.width - side, 1)), rng.uniform(0, max(im.height - side, 1))
    kind = rng.randrange(3)
    if kind == 0:
        draw.ellipse((x, y, x + side, y + side), fill=any_colour(rng), outline=any_colour(rng), width=int(side / 12) + 1)
    elif kind == 1:
        draw.rectangle((x, y, x + side, y + side), fill=any_colour(rng))
        draw.text((x + side / 2, y + side / 2), rng.choice(WORDS)[:6].upper(), font=font(rng, side / 4), fill=any_colour(rng), anchor="mm")
    else:
        for i in range(5):
            draw.rectangle((x + i * side / 5, y, x + (i + 0.6) * side / 5, y + side), fill=any_colour(rng))
    return out


def watermark(im, rng):
    """Half-transparent words all over, or once across the middle."""
    layer = Image.new("RGBA", im.size, (0, 0, 0, 0))
    draw = ImageDraw.Draw(layer)
    alpha = int(255 * rng.uniform(0.2, 0.45))
    fill = (255, 255, 255, alpha) if rng.random() < 0.7 else (0, 0, 0, alpha)
    text = rng.choice(("SAMPLE", "PREVIEW", "(c) " + rng.choice(WORDS), rng.choice(WORDS).upper()))
    if rng.random() < 0.5:
        f = font(rng, im.width / 12)
        for j in range(0, im.height, max(im.width // 5, 8)):
            for i in range(-im.width, im.width, max(im.width // 2, 8)):
                draw.text((i + (j % 3) * im.width / 9, j), text, font=f, fill=fill)
        layer = layer.rotate(rng.uniform(-30, 30))
    else:
        draw.text((im.width / 2, im.height / 2), text, font=font(rng, im.width / 6), fill=fill, anchor="mm")
        layer = layer.rotate(rng.uniform(0, 40), Image.BILINEAR)
    return Image.alpha_composite(im.convert("RGBA"), layer).convert("RGB")


def even_border(im, rng):
    share = rng.uniform(0.03, 0.14)
    return ImageOps.expand(im, max(int(share * min(im.size)), 2), rng.choice(("black", "white", any_colour(rng))))


def letterbox(im, rng):
    """Black or white bars that make it 16:9, 4:3 or square."""
    shape = min((16 / 9, 4 / 3, 1.0, 9 / 16), key=lambda s: abs(s - im.width / im.height) if abs(s - im.width / im.height) > 0.15 else 9)
    w = max(im.width, round(im.height * shape))
    h = max(im.height, round(w / shape))
    out = Image.new("RGB", (w, h), rng.choice(("black", "black", "white")))
    out.paste(im, ((w - im.width) // 2, (h - im.height) // 2))
    return out


def card(im, rng):
    """A frame wider at the bottom, with a line of text in it."""
    edge, foot = int(0.05 * im.width) + 1, int(0.2 * im.height) + 4
    out = Image.new("RGB", (im.width + 2 * edge, im.height + edge + foot), "white")
    out.paste(im, (edge, edge))
    ImageDraw.Draw(out).text((out.width / 2, im.height + edge + foot / 2), words(rng, 2, 4), font=font(rng, foot / 3), fill="black", anchor="mm")
    return out


# -- Colours --

def gray(im, rng):
    return im.convert("L")


def enhanced(kind, low, high):
    return lambda im, rng: kind(im).enhance(rng.uniform(low, high))


def balanced(im, rng):
    warm = rng.uniform(0.75, 0.92)
    gains = (1 / warm, 1, warm) if rng.random() < 0.5 else (warm, 1, 1 / warm)
    return Image.merge("RGB", [c.point([min(int(v * g + 0.5), 255) for v in range(256)]) for c, g in zip(im.split(), gains)])


def gamma(im, rng):
    g = rng.choice((rng.uniform(0.5, 0.75), rng.uniform(1.4, 2)))
    return im.point([int(255 * (v / 255) ** g + 0.5) for v in range(256)] * 3)


def sepia(im, rng):
    return ImageOps.colorize(ImageOps.grayscale(im), (40, 26, 13), (255, 240, 205))


def faded(im, rng):
    """Less contrast and a tint, as filters of telephones do."""
    return Image.blend(im, Image.new("RGB", im.size, any_colour(rng)), rng.uniform(0.15, 0.3))


def vignette(im, rng):
    mask = Image.radial_gradient("L").resize(im.size).point([int(v * 0.8) for v in range(256)])
    return Image.composite(Image.new("RGB", im.size, "black"), im, mask)


def then(*edits):
    def edit(im, rng):
        for e in edits:
            im = e(im if im.mode == "RGB" else im.convert("RGB"), rng)
        return im
    return edit


def jpeg(quality):
    edit = lambda im, rng: im  # noqa: E731
    edit.quality = quality
    return edit


def screen(im, rng):
    """As a viewer's window shows it: bars around it."""
    side = rng.choice((1280, 1440))
    out = Image.new("RGB", (side, side * 9 // 16), (32, 33, 36))
    draw = ImageDraw.Draw(out)
    draw.rectangle((0, 0, side, 44), fill=(222, 225, 230))
    draw.text((20, 12), words(rng, 2, 3) + ".jpg", font=font(rng, 16), fill="black")
    f = min((side - 80) / im.width, (out.height - 80) / im.height)
    small = im.resize((round(im.width * f), round(im.height * f)), Image.BICUBIC)
    out.paste(small, ((side - small.width) // 2, 56))
    return out


FLIP, TOP = Image.FLIP_LEFT_RIGHT, Image.FLIP_TOP_BOTTOM
COPIES = [  # class, edit
    ("recompressed", jpeg(30)), ("recompressed", jpeg(75)),
    ("resized", scaled(0.25)), ("resized", scaled(0.5)), ("resized", longest(160)),
    ("colour", gray), ("colour", enhanced(ImageEnhance.Brightness, 0.55, 0.75)), ("colour", enhanced(ImageEnhance.Brightness, 1.25, 1.5)),
    ("colour", enhanced(ImageEnhance.Contrast, 0.5, 0.7)), ("colour", enhanced(ImageEnhance.Contrast, 1.3, 1.6)),
    ("colour", enhanced(ImageEnhance.Color, 0.2, 0.5)), ("colour", enhanced(ImageEnhance.Color, 1.6, 2.2)),
    ("colour", balanced), ("colour", gamma), ("colour", sepia), ("colour", faded), ("colour", vignette),
    ("colour", lambda im, rng: im.filter(ImageFilter.GaussianBlur(max(im.size) / 300))), ("colour", lambda im, rng: im.filter(ImageFilter.SHARPEN)),
    ("overlay", caption), ("overlay", text_box), ("overlay", logo), ("overlay", watermark),
    ("border", even_border), ("border", letterbox), ("border", card),
    ("crop", crop_away(0.1)), ("crop", crop_away(0.2)), ("crop", crop_away(0.35)), ("crop", crop_away(0.5)),
    ("quarter", transposed(Image.ROTATE_90)), ("quarter", transposed(Image.ROTATE_180)), ("quarter", transposed(Image.ROTATE_270)),
    ("mirrored", transposed(FLIP)), ("mirrored", transposed(TOP)), ("mirrored", transposed(Image.TRANSPOSE)),
    ("angle", turned(2, 8, "black")), ("angle", turned(8, 25, "black")), ("angle", turned(2, 25, "expand")),
    ("angle", turned(2, 10, "cut")), ("angle", turned(10, 25, "cut")),
    ("aspect", stretched), ("aspect", square),
    ("combined", then(crop_away(0.25), scaled(0.5), jpeg(40))), ("combined", then(transposed(FLIP), crop_away(0.2))),
    ("combined", then(scaled(0.35), gamma)), ("combined", then(even_border, caption)), ("combined", then(crop_away(0.2), balanced, text_box)),
    ("combined", then(turned(3, 15, "cut"), enhanced(ImageEnhance.Brightness, 0.7, 0.85))), ("combined", screen),
]


# -- Alike and no copies --

def page(rng, layout):
    """A page of a layout with text of its own; or a program's window with contents of its own."""
    fixed = random.Random(layout)
    w, h = fixed.choice(((620, 877), (900, 640), (800, 800)))
    out = Image.new("RGB", (w, h), "white" if layout % 2 else (245, 245, 240))
    draw = ImageDraw.Draw(out)
    bar = any_colour(fixed)
    draw.rectangle((0, 0, w, h // 12), fill=bar)
    draw.text((20, 12), words(fixed, 2, 4), font=font(fixed, 24), fill="white")
    left = w // 5 if layout % 2 else 40
    if layout % 2:
        draw.rectangle((0, h // 12, left - 10, h), fill=tuple(min(v // 2 + 120, 255) for v in bar))
        for i in range(8):
            draw.text((8, h // 10 + 30 * i), fixed.choice(WORDS), font=font(fixed, 14), fill="black")
    f = font(fixed, 15)
    for i in range((h - h // 8) // 22):
        if rng.random() < 0.85:
            draw.text((left, h // 9 + 22 * i), words(rng, 3, 10)[:(w - left) // 9], font=f, fill="black")
    draw.text((w / 2, h - 20), "page %d" % rng.randrange(200), font=f, fill="black", anchor="mm")
    return out


def write_alike(data, out, seed, writer):
    folder = os.path.join(out, "alike")
    os.makedirs(folder, exist_ok=True)
    for layout in range(8):
        names = []
        for i in range(6):
            names.append("alike/layout%d-%d.png" % (layout, i))
            page(random.Random("%s page %d %d" % (seed, layout, i)), layout).save(os.path.join(out, names[-1]))
        writer.writerows((a, b, "layout") for k, a in enumerate(names) for b in names[k + 1:])
    groups = {}
    with open(os.path.join(data, "verify/books/pairs.csv"), newline="") as f:
        for row in csv.DictReader(f):
            groups.setdefault("books " + row["reference"], [row["reference"]]).append(row["photo"])
    with open(os.path.join(data, "verify/dvdcovers/pairs.csv"), newline="") as f:
        for row in csv.DictReader(f):
            if row["reference"]:
                groups.setdefault("dvdcovers " + row["reference"], [row["reference"]]).append(row["photo"])
    for name, group in groups.items():
        paths = []
        for p in group:
            source = os.path.join(data, "verify", name.split()[0], p)
            original = "originals/verify-%s-%s" % (name.split()[0], os.path.basename(p))
            if p.startswith("references/") and os.path.exists(os.path.join(out, original)):
                paths.append(original)
                continue
            paths.append("alike/%s-%s" % (name.split()[0], p.replace("/", "-")))
            shutil.copyfile(source, os.path.join(out, paths[-1]))
        writer.writerows((a, b, "photo") for k, a in enumerate(paths) for b in paths[k + 1:])
    frames = sorted(glob.glob(os.path.join(data, "camera/fixed/**/*.jpg"), recursive=True))[seed != "develop"::50]
    paths = []
    for p in frames:
        paths.append("alike/camera-" + os.path.basename(p))
        shutil.copyfile(p, os.path.join(out, paths[-1]))
    writer.writerows((a, b, "camera") for k, a in enumerate(paths) for b in paths[k + 1:])


def half(name, seed):
    return (hashlib.sha256(name.encode()).digest()[0] % 2 == 0) == (seed == "develop")


def write_copies(out, source, name, seed, writer):
    with Image.open(source) as im:
        im = im.convert("RGBA") if im.mode in ("RGBA", "P", "LA") else im.convert("RGB")
        if im.mode == "RGBA":
            im = Image.alpha_composite(Image.new("RGBA", im.size, "white"), im)
        im = im.convert("RGB")
    if max(im.size) > 1600:
        im = longest(1600)(im, None)
    original = "originals/" + name + os.path.splitext(source)[1]
    shutil.copyfile(source, os.path.join(out, original))
    count = {}
    for kind, edit in COPIES:
        count[kind] = count.get(kind, 0) + 1
        rng = random.Random("%s %s %s %d" % (seed, name, kind, count[kind]))
        path = "copies/%s.%s-%02d.jpg" % (name, kind, count[kind])
        edit(im, rng).save(os.path.join(out, path), quality=getattr(edit, "quality", rng.choice((75, 85, 90))))
        writer.writerow((original, path, kind))


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("data")
    p.add_argument("out")
    p.add_argument("seed", nargs="?", choices=("develop", "report"), default="develop")
    p.add_argument("--originals", type=int, default=10000)
    p.add_argument("--unrelated", type=int, default=5000)
    a = p.parse_args()
    for folder in ("originals", "copies", "unrelated"):
        os.makedirs(os.path.join(a.out, folder), exist_ok=True)
    found = sorted(glob.glob(os.path.join(a.data, "photos/*/*.*")) + glob.glob(os.path.join(a.data, "verify/*/references/*.*")))
    found = [f for f in found if not f.endswith((".txt", ".csv", ".gif")) and half(os.path.relpath(f, a.data), a.seed)]
    random.Random(a.seed).shuffle(found)
    with open(os.path.join(a.out, "pairs.csv"), "w", newline="") as f:
        writer = csv.writer(f)
        writer.writerow(("a", "b", "class"))
        for source in found[:a.originals]:
            name = os.path.relpath(source, a.data).replace("/references/", "-").replace("/", "-")
            write_copies(a.out, source, os.path.splitext(name)[0], a.seed, writer)
    with open(os.path.join(a.out, "alike.csv"), "w", newline="") as f:
        writer = csv.writer(f)
        writer.writerow(("a", "b", "what"))
        write_alike(a.data, a.out, a.seed, writer)
    train = sorted(glob.glob(os.path.join(a.data, "train/*/**/*.*"), recursive=True))
    train = [t for t in train if t.lower().endswith((".jpg", ".jpeg", ".png"))]
    random.Random("unrelated").shuffle(train)
    train = train[:5000] if a.seed == "report" else train[5000:]
    for source in train[:a.unrelated]:
        shutil.copyfile(source, os.path.join(a.out, "unrelated", os.path.relpath(source, a.data).replace("/", "-")))
    print("%d originals, %d copies, %d unrelated" % (min(len(found), a.originals), min(len(found), a.originals) * len(COPIES),
                                                    min(len(train), a.unrelated)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
