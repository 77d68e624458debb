#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Counts of differing pixels by pixelmatch 7.2.0 and odiff 4.5: make_diff.py NODE_MODULES > diff_values.inc

The pictures are patterns (tests/oracle/pattern.py) of two seeds; `mask` keeps the high bits, which makes the flat areas and
steps that the anti-aliasing rule looks for."""
import os
import subprocess
import sys
import tempfile

import numpy as np
from PIL import Image

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import pattern

SIZES = [(1, 1), (1, 23), (29, 1), (2, 2), (31, 17), (64, 48)]
NODE = """
import pixelmatch from '%s/pixelmatch/index.js';
import fs from 'fs';
const [a, b, w, h, t, aa] = process.argv.slice(2);
console.log(pixelmatch(fs.readFileSync(a), fs.readFileSync(b), null, +w, +h, {threshold: +t, includeAA: aa === '0'}));
"""


def run(command):
    return subprocess.run(command, capture_output=True, text=True)


def main():
    modules = os.path.abspath(sys.argv[1])
    odiff = os.path.join(modules, "@odiff/linux-x64/odiff")
    print("/* SPDX-License-Identifier: Apache-2.0 */")
    print("/* Written by make_diff.py with pixelmatch 7.2.0 and odiff 4.5.0: width, height, channels, share of noise, mask,")
    print(" * threshold, anti-aliasing skipped, count of pixelmatch, count of odiff. */")
    with tempfile.TemporaryDirectory() as folder:
        script = os.path.join(folder, "count.mjs")
        with open(script, "w", encoding="utf-8") as f:
            f.write(NODE % modules)
        for width, height in SIZES:
            for channels, share, mask in ((3, 40, 255), (3, 90, 0xC0), (4, 30, 255), (4, 60, 0xE0)):
                names = []
                for seed in (1, 2):
                    pixels = pattern.pattern(width, height, channels, seed, share) & np.uint8(mask)
                    image = Image.fromarray(pixels)
                    name = os.path.join(folder, str(seed))
                    image.save(name + ".png")
                    with open(name + ".rgba", "wb") as f:
                        f.write(image.convert("RGBA").tobytes())
                    names.append(name)
                for threshold in (0.1, 0.03, 0):
                    for aa in (0, 1):
                        one = run(["node", script, names[0] + ".rgba", names[1] + ".rgba", str(width), str(height),
                                   str(threshold), str(aa)])
                        two = run([odiff, names[0] + ".png", names[1] + ".png", "--parsable-stdout", "-t", str(threshold)]
                                  + (["--aa"] if aa else []))
                        count = 0 if two.returncode == 0 else int((two.stdout + two.stderr).split(";")[0])
                        print("{%d, %d, %d, %d, %d, %g, %d, %d, %d}," % (width, height, channels, share, mask, threshold,
                                                                        aa, int(one.stdout), count))


main()
