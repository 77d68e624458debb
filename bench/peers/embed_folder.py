#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Images a second of embedding a folder of photos: `likeness embed` against PyTorch 1.13 and onnxruntime-node doing the same job.

Usage: embed_folder.py BUILD_FOLDER [FOLDER]; FOLDER is $LIKENESS_DATA/data/classify/images. All use two threads, whole jobs. The peers' pictures
are read and brought to 224 x 224 by Pillow in two processes; PyTorch (with libopenblas0-pthread) runs torchvision's MobileNetV2, whose
work is the same whatever its weights, in batches of 16; ONNX Runtime gets the model with its weights folded."""
import concurrent.futures
import json
import os
import subprocess
import sys
import tempfile
import time

import numpy as np
from PIL import Image

from nn_onnxruntime import fold_weights

HERE = os.path.dirname(os.path.abspath(__file__))
DATA = os.environ.get("LIKENESS_DATA", os.path.join(HERE, "../../../shared"))
MODEL = os.path.join(DATA, "models/mobilenet_v2_1.0_224.onnx")


def prepare(path):
    image = Image.open(path).convert("RGB")
    shorter = min(image.size)
    image = image.resize((256 * image.width // shorter, 256 * image.height // shorter), Image.BILINEAR)
    x, y = round((image.width - 224) / 2), round((image.height - 224) / 2)
    levels = np.asarray(image.crop((x, y, x + 224, y + 224)), np.float32)
    return np.ascontiguousarray((levels / 127.5 - 1).transpose(2, 0, 1))


def prepare_all(paths):
    with concurrent.futures.ProcessPoolExecutor(2) as pool:
        return np.stack(list(pool.map(prepare, paths, chunksize=16)))


def likeness(build, folder, work):
    out = os.path.join(work, "x.npy")
    start = time.perf_counter()
    subprocess.run([os.path.join(build, "likeness"), "embed", folder, "--model", MODEL, "--out", out, "--jobs", "2", "--quiet"], check=True)
    return time.perf_counter() - start


def pytorch(paths):
    import torch
    import torchvision
    torch.set_num_threads(2)
    network = torchvision.models.mobilenet_v2(weights=None).eval().features
    start = time.perf_counter()
    pictures = torch.from_numpy(prepare_all(paths))
    with torch.inference_mode():
        for i in range(0, len(pictures), 16):
            network(pictures[i:i + 16]).mean((2, 3))
    return time.perf_counter() - start


def runtime(model, paths, work):
    process = subprocess.Popen(["node", os.path.join(HERE, "ort_run.mjs")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(command):
        process.stdin.write(json.dumps(command) + "\n")
        process.stdin.flush()
        return json.loads(process.stdout.readline())

    start = time.perf_counter()
    raw = os.path.join(work, "x.raw")
    prepare_all(paths).tofile(raw)
    ask({"open": model, "threads": 2})
    ask({"embed": len(paths), "from": raw})
    took = time.perf_counter() - start
    process.stdin.close()
    return took


def main():
    build = sys.argv[1]
    folder = sys.argv[2] if len(sys.argv) > 2 else os.path.join(DATA, "data/classify/images")
    paths = sorted(os.path.join(folder, f) for f in os.listdir(folder) if f.lower().endswith((".jpg", ".jpeg")))
    with tempfile.TemporaryDirectory() as work:
        folded = os.path.join(work, "folded.onnx")
        fold_weights(MODEL, folded)
        rounds = [(likeness(build, folder, work), pytorch(paths), runtime(folded, paths, work)) for _ in range(3)]
    mine, torch_s, ort_s = (sorted(times)[1] for times in zip(*rounds))
    for name, peer in (("PyTorch", torch_s), ("onnxruntime", ort_s)):
        print("embed %d photos, against %s: ours %.0f ms, %s %.0f ms, ratio %.2f" %
              (len(paths), name, mine * 1e3, name, peer * 1e3, peer / mine))
        print("   images a second: ours %.0f, %s %.0f" % (len(paths) / mine, name, len(paths) / peer))


main()
