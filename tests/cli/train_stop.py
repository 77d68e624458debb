#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""train_stop.py LIKENESS: runs of `likeness train` that are interrupted in the middle of an epoch, or killed between two checkpoints, and
gone on with, give the bytes of a run that was left alone; a checkpoint that is of another run or damaged is refused. Of each kind."""
import hashlib
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time

LIKENESS = os.path.abspath(sys.argv[1])
KINDS = {
    "triplet": ["--preset", "triplet-28", "--size", "16", "--epochs", "24"],
    "contrastive": ["--preset", "compact", "--size", "32", "--epochs", "12", "--labels", "none"],
    "autoencoder": ["--preset", "autoencoder", "--size", "16", "--epochs", "12"],
}
USUAL = ["--batch", "4", "--val", "0.2", "--seed", "3", "--jobs", "2"]
DAMAGED = "likeness: cannot read: %s: the checkpoint is damaged or cut off\n"
failures = []


def expect(what, right):
    print("  %s%s" % (what, "" if right else "  FAILED"))
    if not right:
        failures.append(what)


def draw(path, seed):
    """Boxes of any colour: a picture of 40 x 36."""
    r = random.Random(seed)
    rows = [bytearray(r.randrange(60) for _ in range(40 * 3)) for _ in range(36)]
    for _ in range(6):
        x, y, colour = r.randrange(32), r.randrange(28), [r.randrange(256) for _ in range(3)]
        for row in rows[y:y + r.randrange(8, 36)]:
            width = min(40, x + r.randrange(8, 40)) - x
            row[3 * x:3 * (x + width)] = bytes(colour * width)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        f.write(b"P6 40 36 255\n" + b"".join(rows))


def command(kind, out, *more):
    return [LIKENESS, "train", kind, "pictures", *KINDS[kind], *USUAL, "--out", out, "--jsonl", *more]


def run(*args):
    return subprocess.run(command(*args), capture_output=True, text=True, check=False, timeout=120)


def begun(kind, out, *more):
    """A run that has begun to learn, which its first line says."""
    p = subprocess.Popen(command(kind, out, *more), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    line = p.stdout.readline()
    assert '"begin"' in line, p.stderr.read()
    return p


def bytes_of(out):
    return [hashlib.sha256(open(out + end, "rb").read()).hexdigest() for end in ("", ".json")]


# -- What is checked --


def interrupt(kind, out, epoch_steps, after_s):
    """Ctrl-C, and again a while after each resume, until two of the stops lay inside an epoch. How many did; whether a run came to its end
    before its stop."""
    inside = 0
    for attempt in range(20):
        p = begun(kind, out, *(["--resume"] if attempt > 0 else []))
        time.sleep(after_s * (1 + attempt % 3) / 3)
        p.send_signal(signal.SIGINT)
        p.communicate(timeout=60)
        if p.returncode == 0:
            return inside, True
        expect("interrupted: exit 130, a checkpoint, no network", p.returncode == 130 and os.path.exists(out + ".checkpoint") and
               not os.path.exists(out))
        inside += step_of(out) % epoch_steps != 0
        if inside == 2:
            break
    return inside, False


def step_of(out):
    with open(out + ".checkpoint", "rb") as f:
        head = f.read(256)
    start = len(b"likeness checkpoint 1\n") + 64
    return int.from_bytes(head[start:start + 8], sys.byteorder)


def stopped(kind, whole, epoch_steps, took_s):
    out = "stopped/x.onnx"
    inside, ended = interrupt(kind, out, epoch_steps, took_s / 8)
    expect("stopped inside an epoch", inside > 0)
    if not ended:
        expect("goes on to its end", run(kind, out, "--resume").returncode == 0)
    expect("the same network and card", bytes_of(out) == whole)
    expect("the checkpoint is gone", not os.path.exists(out + ".checkpoint"))


def said(kind):
    """What a stop says, once an epoch is done."""
    p = begun(kind, "said/x.onnx")
    while '"event":"epoch"' not in p.stdout.readline():
        pass
    p.send_signal(signal.SIGINT)
    text = p.communicate(timeout=60)[1]
    expect("it says how far it came, and how to go on",
           re.search(r"^likeness: stopped after step \d+ of \d+; --resume goes on$", text, re.M) is not None)


def kill_late(kind, out, every_s):
    """kill -9 when a checkpoint is there and a while has gone by; whether it was still running."""
    p = begun(kind, out, "--checkpoint", "%.3f" % every_s)
    while not os.path.exists(out + ".checkpoint") and p.poll() is None:
        time.sleep(0.005)
    time.sleep(every_s / 2)
    p.kill()
    p.communicate()
    return p.returncode == -signal.SIGKILL


def killed(kind, whole, took_s):
    """On a machine that others use a run may be over much sooner than the first one was: then with shorter times."""
    out = "killed/x.onnx"
    alive = any(kill_late(kind, out, took_s / 8 / 3**attempt) for attempt in range(4))
    expect("killed with a checkpoint behind it", alive and step_of(out) > 0)
    done = run(kind, out, "--resume")
    expect("goes on to the same network and card", done.returncode == 0 and bytes_of(out) == whole)


def refused(kind):
    out = "refused/x.onnx"
    p = begun(kind, out)
    p.send_signal(signal.SIGINT)
    p.communicate(timeout=60)
    with open(out + ".checkpoint", "rb") as f:
        good = f.read()
    other = "likeness: usage: %s.checkpoint: the checkpoint is of a run with other settings or pictures\n" % out
    for what, more in (("another seed", ["--seed", "4"]), ("another rate", ["--lr", "0.0020001"]), ("other epochs", ["--epochs", "2"])):
        done = run(kind, out, "--resume", *more)
        expect("%s is refused by the file's name" % what, done.returncode == 2 and done.stderr.endswith(other))
    draw("pictures/b/new.ppm", 99)
    done = run(kind, out, "--resume")
    os.unlink("pictures/b/new.ppm")
    expect("another picture is, too", done.returncode == 2 and done.stderr.endswith(other))
    turned = good[:len(good) // 2] + bytes([good[len(good) // 2] ^ 1]) + good[len(good) // 2 + 1:]
    for what, content in (("half", good[:len(good) // 2]), ("a byte less", good[:-1]), ("nothing", b""), ("a bit turned", turned)):
        with open(out + ".checkpoint", "wb") as f:
            f.write(content)
        done = run(kind, out, "--resume")
        expect("%s is refused" % what, done.returncode == 2 and done.stderr.endswith(DAMAGED % (out + ".checkpoint")))
    os.unlink(out + ".checkpoint")
    done = run(kind, out, "--resume")
    expect("no checkpoint is an error", done.returncode == 2 and (out + ".checkpoint: cannot open") in done.stderr)
    expect("none of it wrote a network", not os.path.exists(out))


def check(kind):
    print(kind)
    for folder in ("whole", "again", "stopped", "said", "killed", "refused"):
        os.makedirs(folder, exist_ok=True)
        for name in os.listdir(folder):
            os.unlink(os.path.join(folder, name))
    started = time.monotonic()
    first = run(kind, "whole/x.onnx")
    took_s = time.monotonic() - started
    assert first.returncode == 0, first.stderr
    whole = bytes_of("whole/x.onnx")
    lines = first.stdout.splitlines()
    steps, epochs = (int(re.search(r'"%s":(\d+)' % key, lines[0]).group(1)) for key in ("steps", "epochs"))
    print("  %d steps in %d epochs, %.2f s" % (steps, epochs, took_s))
    run(kind, "again/x.onnx")
    expect("the same run gives the same network and card", bytes_of("again/x.onnx") == whole)
    stopped(kind, whole, steps // epochs, took_s)
    said(kind)
    killed(kind, whole, took_s)
    refused(kind)


with tempfile.TemporaryDirectory() as work:
    os.chdir(work)
    for i in range(40):
        draw("pictures/%s/%02d.ppm" % ("ab"[i % 2], i), i)
    for name in KINDS:
        check(name)
sys.exit(1 if failures else 0)
