#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Learning against PyTorch 1.13: a step on a batch that is there, and whole runs with the making of their views. Medians of
interleaved rounds.

Usage: train_pytorch.py BUILD_FOLDER [ROUNDS] [step|run]. A step is forward, loss, backward and AdamW over the same layers. PyTorch
runs channels last, as suits it best, with torchvision and the BLAS that it prints; ours is tests/nn/train_steps.

A run learns from 400 pictures of $LIKENESS_DATA/data/train/objects (or ../shared), each its own class, 64 views a step, two of each
picture, half of the first ones the picture itself. Both hold the pictures in memory decoded, RGB, with a shorter side of at most twice
the network's. Ours is `likeness train`: a view is a simulated photo (perspective over another ground, lens, light, shadow, blur, noise,
JPEG ...: docs/algorithms/simulate.md). PyTorch's DataLoader has two processes; a view is torchvision's RandomResizedCrop,
RandomPerspective, ColorJitter and GaussianBlur (two of three), then noise: less than ours does. Times are of 64 views."""
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

import torch
import torch.nn.functional as F
from PIL import Image
from torch import nn
from torchvision import transforms

HERE = os.path.dirname(os.path.abspath(__file__))
DATA = os.environ.get("LIKENESS_DATA", os.path.join(HERE, "../../../shared"))
PICTURES, BATCH = 400, 64
SIDES = {"triplet-28": 28, "compact": 128}
LOSSES = {"triplet-28": "triplet", "compact": "contrastive"}
KINDS = {"triplet-28": "triplet", "compact": "contrastive"}

# -- The networks, as learn/preset.c builds them --


def triplet_28():
    layers, width = [], 3
    for out, kernel, pool, stride in ((32, 5, 2, 2), (64, 3, 2, 2), (128, 3, 3, 1), (256, 3, 3, 1), (16, 3, 3, 1)):
        layers += [nn.Conv2d(width, out, kernel, padding=kernel // 2), nn.ReLU(inplace=True), nn.MaxPool2d(pool, stride, (pool - 1) // 2)]
        width = out
    del layers[-2]  # the last one's numbers may be negative
    return nn.Sequential(*layers, nn.Flatten())


def normed(width, out, kernel, stride, groups=1):
    return nn.Sequential(nn.Conv2d(width, out, kernel, stride, kernel // 2, groups=groups, bias=False), nn.BatchNorm2d(out), nn.ReLU(inplace=True))


class Separable(nn.Module):
    def __init__(self, width, out, stride):
        super().__init__()
        self.depth, self.point = normed(width, width, 3, stride, width), normed(width, out, 1, 1)
        self.residual = width == out and stride == 1

    def forward(self, x):
        y = self.point(self.depth(x))
        return y + x if self.residual else y


def compact():
    layers, width = [normed(3, 24, 3, 2)], 24
    for out, repeats in ((48, 2), (96, 3), (192, 4), (384, 2)):
        for i in range(repeats):
            layers.append(Separable(width, out, 2 if i == 0 else 1))
            width = out
    return nn.Sequential(*layers, normed(width, 512, 1, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 128))


NETWORKS = {"triplet-28": triplet_28, "compact": compact}


def triplet(x, labels):
    """The farthest alike and the nearest other one for each, squared distances of rows of length 1."""
    d = 2 - 2 * x @ x.T
    same = labels[:, None] == labels[None]
    far = d.masked_fill(~same, -1).max(1).values
    near = d.masked_fill(same, 9).min(1).values
    return F.relu(0.2 + far - near).mean()


def contrastive(x, labels):
    products = (x @ x.T / 0.07).fill_diagonal_(-1e9)
    wanted = (labels[:, None] == labels[None]).fill_diagonal_(False).float()
    return -(F.log_softmax(products, 1) * wanted).sum(1).div(wanted.sum(1)).mean()


class Learner:
    def __init__(self, preset):
        self.network = NETWORKS[preset]().to(memory_format=torch.channels_last).train()
        self.loss = {"triplet": triplet, "contrastive": contrastive}[LOSSES[preset]]
        self.optimiser = torch.optim.AdamW(self.network.parameters(), lr=1e-4)

    def step(self, x, labels):
        self.optimiser.zero_grad(set_to_none=True)
        loss = self.loss(F.normalize(self.network(x)), labels)
        loss.backward()
        self.optimiser.step()
        return loss.item()


# -- A step --


def peer_steps(preset, rows, steps):
    learner = Learner(preset)
    x = torch.randn(rows, 3, SIDES[preset], SIDES[preset]).to(memory_format=torch.channels_last)
    labels = torch.arange(rows) // 2
    times = []
    for _ in range(steps):
        start = time.perf_counter()
        learner.step(x, labels)
        times.append((time.perf_counter() - start) * 1e3)
    return statistics.median(times[2:])


def our_steps(build, model, preset, rows, threads, steps):
    command = [os.path.join(build, "tests/nn/train_steps"), "time", model, LOSSES[preset], "adamw", "1e-4", str(steps), str(rows), str(threads)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, "GOMP_SPINCOUNT": "1000"})
    return statistics.median([float(line) for line in done.stdout.split()][2:])


def report(name, pairs):
    ours, theirs = (statistics.median(p[i] for p in pairs) for i in (0, 1))
    print("%s: ours %.1f ms, pytorch %.1f ms, ratio %.2f" % (name, ours, theirs, statistics.median(b / a for a, b in pairs)), flush=True)


def time_steps(build, rounds, work):
    for preset, rows, steps in (("triplet-28", 64, 40), ("triplet-28", 512, 10), ("compact", 64, 10)):
        model = os.path.join(work, preset + ".onnx")
        subprocess.run([os.path.join(build, "tests/nn/train_steps"), "preset", preset, str(SIDES[preset]), "0", "1", model], check=True)
        for threads in (2, 1):
            torch.set_num_threads(threads)
            pairs = [(our_steps(build, model, preset, rows, threads, steps), peer_steps(preset, rows, steps)) for _ in range(rounds)]
            report("step of %s, batch %d, %d threads" % (preset, rows, threads), pairs)


# -- A run, with its views --


class Views(torch.utils.data.Dataset):
    """One picture: two views, half of the first ones the picture itself."""

    def __init__(self, paths, side):
        self.pictures = [self.load(path, 2 * side) for path in paths]
        finish = [transforms.ToTensor(), transforms.Normalize((0.5,) * 3, (0.5,) * 3)]
        self.clean = transforms.Compose([transforms.Resize((side, side)), *finish])
        self.photo = transforms.Compose([
            transforms.RandomResizedCrop(side, (0.4, 1)), transforms.RandomPerspective(0.4, 1.0), transforms.ColorJitter(0.4, 0.4, 0.3, 0.03),
            transforms.RandomApply([transforms.GaussianBlur(5)], 2 / 3), *finish, transforms.Lambda(lambda x: x + 0.04 * torch.randn_like(x))])

    @staticmethod
    def load(path, shorter):
        image = Image.open(path).convert("RGB")
        scale = shorter / min(image.size)
        return image.resize((round(image.width * scale), round(image.height * scale)), Image.BOX) if scale < 1 else image

    def __len__(self):
        return len(self.pictures)

    def __getitem__(self, i):
        first = self.clean if torch.rand(()) < 0.5 else self.photo
        return torch.stack([first(self.pictures[i]), self.photo(self.pictures[i])]), i


def peer_run(views, preset, epochs):
    """Milliseconds a step, from the first batch to the last: the processes are there before."""
    loader = torch.utils.data.DataLoader(views, BATCH // 2, shuffle=True, num_workers=2, drop_last=True, persistent_workers=True)
    learner, steps = Learner(preset), 0
    for epoch in range(epochs + 1):
        for pairs, which in loader:
            x = pairs.flatten(0, 1).contiguous(memory_format=torch.channels_last)
            learner.step(x, which.repeat_interleave(2))
            steps += epoch > 0
        start = time.perf_counter() if epoch == 0 else start
    return (time.perf_counter() - start) * 1e3 / steps


def our_run(build, table, preset, epochs, work):
    command = [os.path.join(build, "likeness"), "train", KINDS[preset], "--labels", table, "--preset", preset, "--epochs", str(epochs), "--batch",
               str(BATCH), "--val", "0", "--jobs", "2", "--out", os.path.join(work, "x.onnx"), "--jsonl", "--quiet"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    last = json.loads(done.stdout.splitlines()[-1])
    return BATCH / last["images_per_second"] * 1e3, last["waited"]


def time_runs(build, rounds, work):
    folder = os.path.join(DATA, "data/train/objects")
    paths = sorted(os.path.join(at, name) for at, _, names in os.walk(folder) for name in names if name.endswith(".jpg"))
    paths = paths[::max(1, len(paths) // PICTURES)][:PICTURES]
    table = os.path.join(work, "pictures.csv")
    with open(table, "w", encoding="utf-8") as f:
        f.write("path,label\n" + "".join('"%s",%d\n' % (path, i) for i, path in enumerate(paths)))
    torch.set_num_threads(2)
    for preset, epochs in (("triplet-28", 6), ("compact", 2)):
        views = Views(paths, SIDES[preset])
        pairs, waited = [], 0
        for _ in range(rounds):
            ms, waited = our_run(build, table, preset, epochs, work)
            pairs.append((ms, peer_run(views, preset, epochs)))
        report("run of %s, batch %d, 2 threads" % (preset, BATCH), pairs)
        ours, theirs = (statistics.median(p[i] for p in pairs) for i in (0, 1))
        print("  %.0f views a second, pytorch %.0f; of our time %.0f %% was waiting for views" %
              (BATCH / ours * 1e3, BATCH / theirs * 1e3, 100 * waited))


def main():
    build = sys.argv[1]
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    wanted = sys.argv[3:] or ["step", "run"]
    print("PyTorch", torch.__version__, *(line.strip(" -") for line in torch.__config__.show().splitlines() if "DNN v" in line),
          os.path.realpath("/usr/lib/%s-linux-gnu/libblas.so.3" % os.uname().machine))
    with tempfile.TemporaryDirectory() as work:
        if "step" in wanted:
            time_steps(build, rounds, work)
        if "run" in wanted:
            time_runs(build, rounds, work)


if __name__ == "__main__":
    main()
