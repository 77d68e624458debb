#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""likeness diff against the odiff 4.5 binary: whole process against whole process, medians of interleaved runs.

Usage: diff_odiff.py BUILD_FOLDER [PATH/odiff] [RUNS]; `make peers` puts odiff where it is looked for.
The pairs are 1920x1080 PNG files that Pillow writes: a drawn screenshot and a photo-like picture, each with a few changes.
"""
import glob
import os
import random
import statistics
import sys
import tempfile
import time

from PIL import Image, ImageDraw, ImageFilter, ImageFont

WIDTH, HEIGHT = 1920, 1080


def screenshot():
    rng = random.Random(5)
    image = Image.new("RGB", (WIDTH, HEIGHT), (250, 250, 252))
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default()
    draw.rectangle((0, 0, WIDTH, 60), fill=(30, 60, 120))
    draw.rectangle((0, 60, 240, HEIGHT), fill=(235, 238, 242))
    for y in range(80, HEIGHT - 20, 18):
        words = ("".join(rng.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(rng.randint(2, 9)))
                 for _ in range(40))
        draw.text((260, y), " ".join(words), fill=(30, 30, 30), font=font)
        draw.text((20, y), "menu item %d" % y, fill=(60, 60, 90), font=font)
    for i in range(12):
        colour = tuple(rng.randint(0, 255) for _ in range(3))
        draw.rounded_rectangle((300 + i * 130, 600, 410 + i * 130, 680), 10, fill=colour)
    return image


def photo():
    rng = random.Random(6)
    small = Image.frombytes("RGB", (160, 90), bytes(rng.randrange(256) for _ in range(160 * 90 * 3)))
    image = small.resize((WIDTH, HEIGHT), Image.BICUBIC).filter(ImageFilter.GaussianBlur(4))
    grain = Image.frombytes("RGB", (WIDTH, HEIGHT), rng.randbytes(WIDTH * HEIGHT * 3))
    return Image.blend(image, grain, 0.03)


def change(image):
    other = image.copy()
    draw = ImageDraw.Draw(other)
    draw.text((400, 300), "changed", fill=(200, 0, 0))
    draw.rectangle((900, 500, 960, 530), fill=(1, 90, 30))
    return other


def run_ms(command):
    start = time.perf_counter()
    pid = os.posix_spawn(command[0], command, os.environ,
                         file_actions=[(os.POSIX_SPAWN_OPEN, fd, "/dev/null", os.O_WRONLY, 0)
                                       for fd in (1, 2)])
    _, status, usage = os.wait4(pid, 0)
    wall = (time.perf_counter() - start) * 1e3
    if os.waitstatus_to_exitcode(status) not in (1, 22):
        raise SystemExit("%s ended with %d" % (command, status))
    return wall, (usage.ru_utime + usage.ru_stime) * 1e3


def race(name, ours, peer, runs):
    times = [[], []]
    for _ in range(runs):
        times[0].append(run_ms(ours))
        times[1].append(run_ms(peer))
    wall = [statistics.median(t[0] for t in side) for side in times]
    cpu = [statistics.median(t[1] for t in side) for side in times]
    print("%s: ours %.1f ms, odiff %.1f ms, ratio %.2f   (processor time %.1f and %.1f ms)"
          % (name, wall[0], wall[1], wall[1] / wall[0], cpu[0], cpu[1]))


def find_odiff():
    """The binary itself: the node wrapper of odiff-bin costs 40 ms a run."""
    found = glob.glob(os.path.join(os.path.dirname(os.path.abspath(__file__)), "node_modules/@odiff/*/odiff"))
    if not found:
        raise SystemExit("odiff is not installed (make peers)")
    return found[0]


def main():
    likeness = os.path.abspath(os.path.join(sys.argv[1], "likeness"))
    odiff = os.path.abspath(sys.argv[2]) if len(sys.argv) > 2 else find_odiff()
    runs = int(sys.argv[3]) if len(sys.argv) > 3 else 21
    with tempfile.TemporaryDirectory() as folder:
        for kind, make in (("screenshot", screenshot), ("photo", photo)):
            a, b = (os.path.join(folder, kind + x) for x in ("_a.png", "_b.png"))
            out = os.path.join(folder, "out.png")
            image = make()
            image.save(a)
            change(image).save(b)
            race("diff, 1080p %s" % kind, [likeness, "diff", a, b], [odiff, a, b], runs)
            race("diff, 1080p %s, with picture" % kind,
                 [likeness, "diff", "--style=overlay", a, b, out], [odiff, a, b, out], runs)


if __name__ == "__main__":
    main()
