#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Trains each preset for 20 steps beside PyTorch, from the same weights and batches: gradients of the first step, losses of all, weights
and running statistics after the last.

Usage: follow_pytorch.py TRAIN_STEPS FOLDER [--wrong]. Exit 77 where PyTorch or python3-onnx is missing. The network is rebuilt from the
ONNX file, operator by operator; optimisers, schedules and clipping are PyTorch's own. Written for PyTorch 1.13.

PyTorch trains in double precision, which is what all is held against, and where that is not met in single, which says how far rounding
alone goes: it turns single signs of Relu and choices of pooling, which no order of float sums can avoid, and those grow from step to step. Held are
  losses      each of the 20 within 1e-4 of itself
  weights     all together within 1e-4 of their length; running statistics each within 1e-4 of theirs
  update      what 20 steps moved the weights by, all together
  gradients   of the first step: all together, their scale, and each tensor
where the last two may be as far off as SHARP or WIDE says, or twice as far as PyTorch in single precision is from itself. The presets
learn as in a real run's first steps, whose rates rise over an epoch; a network without Relu and maxima, in which rounding stays small,
shows every setting at high rates. Its limits are sharp.
--wrong trains PyTorch with one mistake at a time (momentum, decay, schedule, ...) and fails unless each is seen."""
import argparse
import ctypes
import os
import subprocess
import sys

os.environ.setdefault("GOMP_SPINCOUNT", "1000")  # on a busy machine threads that wait longer take minutes

try:
    import numpy as np
    import onnx
    import torch
    import torch.nn.functional as F
    from onnx import helper, numpy_helper
    from torch.optim import lr_scheduler
except ImportError as missing:
    print("skipped:", missing)
    sys.exit(77)

STEPS = 20
SCHEDULES = {"constant": 0, "cosine": 1, "steps": 2}


class Network:
    """An ONNX file as PyTorch tensors: constants of floats are parameters but for running means and variances."""

    LEARNT = {"Conv": (1, 2), "ConvTranspose": (1, 2), "BatchNormalization": (1, 2), "Gemm": (1, 2), "MatMul": (0, 1), "Add": (0, 1)}

    def __init__(self, path, kind, keep=None):
        self.graph = onnx.load(path).graph
        self.keep = keep  # of running statistics, for --wrong
        self.constants = {c.name: torch.tensor(numpy_helper.to_array(c)) for c in self.graph.initializer}
        self.constants = {n: c.to(kind) if c.is_floating_point() else c for n, c in self.constants.items()}
        self.statistics = {n for node in self.graph.node if node.op_type == "BatchNormalization" for n in node.input[3:5]}
        self.parameters = {}
        for node in self.graph.node:
            for name in (node.input[i] for i in self.LEARNT.get(node.op_type, ()) if i < len(node.input)):
                if name in self.constants:
                    self.parameters[name] = self.constants[name].requires_grad_()

    def run(self, x):
        values = dict(self.constants)
        values[self.graph.input[0].name] = x
        for node in self.graph.node:
            values[node.output[0]] = self.node(node, [values[n] if n else None for n in node.input])
        return [values[o.name] for o in self.graph.output]

    def node(self, node, x):
        a = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        op = node.op_type
        if op == "Conv":
            return F.conv2d(x[0], x[1], x[2] if len(x) > 2 else None, a["strides"], a["pads"][:2], 1, a["group"])
        if op == "ConvTranspose":
            return F.conv_transpose2d(x[0], x[1], x[2] if len(x) > 2 else None, a["strides"], a["pads"][:2])
        if op == "BatchNormalization":
            return F.batch_norm(x[0], x[3], x[4], x[1], x[2], True, 1 - (self.keep or a.get("momentum", 0.9)), a.get("epsilon", 1e-5))
        if op == "MaxPool":
            return F.max_pool2d(x[0], a["kernel_shape"], a["strides"], a["pads"][:2])
        if op == "GlobalAveragePool":
            return x[0].mean((2, 3), keepdim=True)
        if op == "Gemm":
            return F.linear(x[0], x[1], x[2])
        if op == "Reshape":
            return x[0].reshape([x[0].shape[i] if d == 0 else int(d) for i, d in enumerate(x[1])])
        if op == "LpNormalization":
            return x[0] / x[0].norm(dim=-1, keepdim=True)
        simple = {"Relu": torch.relu, "Sigmoid": torch.sigmoid, "Tanh": torch.tanh, "Flatten": lambda v: v.flatten(1)}
        return x[0] + x[1] if op == "Add" else simple[op](x[0])


# -- Losses --


def triplet(x, labels, squared=True, semihard=False, margin=0.2):
    square = (x[:, None] - x[None]).pow(2).sum(2)
    d = square if squared else torch.where(square > 0, square, torch.ones_like(square)).sqrt() * (square > 0)
    same = labels[:, None] == labels[None]
    positive = same & ~torch.eye(len(labels), dtype=torch.bool)
    far, near = torch.full_like(d, -1), torch.full_like(d, 1e9)
    if not semihard:  # for each anchor its farthest positive and its nearest negative
        return torch.relu(margin + torch.where(positive, d, far).max(1).values - torch.where(~same, d, near).min(1).values).mean()
    # For each anchor and positive the nearest negative that is farther than the positive, else the farthest.
    beyond = ~same[:, None, :] & (d[:, None, :] > d[:, :, None])
    nearest = torch.where(beyond, d[:, None, :], near[:, None, :]).min(2).values
    farthest = torch.where(same, far, d).max(1).values[:, None]
    negative = torch.where(beyond.any(2), nearest, farthest.expand_as(d))
    return torch.relu(margin + d - negative)[positive].mean()


def contrastive(x, labels, temperature=0.07):
    products = x @ x.T / temperature
    self_pair = torch.eye(len(labels), dtype=torch.bool)
    logs = products - torch.logsumexp(products.masked_fill(self_pair, -1e30), 1, keepdim=True)
    wanted = (labels[:, None] == labels[None]) & ~self_pair
    return -((logs * wanted).sum(1) / wanted.sum(1)).mean()


def ssim(x, y):
    mx, my = F.avg_pool2d(x, 7, 1), F.avg_pool2d(y, 7, 1)
    vx, vy = F.avg_pool2d(x * x, 7, 1) - mx * mx, F.avg_pool2d(y * y, 7, 1) - my * my
    both = F.avg_pool2d(x * y, 7, 1) - mx * my
    return 1 - ((2 * mx * my + 1e-4) * (2 * both + 9e-4) / ((mx * mx + my * my + 1e-4) * (vx + vy + 9e-4))).mean()


LOSSES = {
    "triplet": lambda y, x, labels: triplet(y[0], labels),
    "triplet-euclid": lambda y, x, labels: triplet(y[0], labels, squared=False),
    "triplet-semihard": lambda y, x, labels: triplet(y[0], labels, semihard=True),
    "contrastive": lambda y, x, labels: contrastive(y[0], labels),
    "mse": lambda y, x, labels: F.mse_loss(y[-1], x),
    "ssim": lambda y, x, labels: ssim(y[-1], x),
}

# -- Training in PyTorch --


def optimiser_of(way, network):
    named = network.parameters.values()
    groups = [{"params": [p for p in named if p.dim() >= 2], "weight_decay": way["decay"]},
              {"params": [p for p in named if p.dim() < 2], "weight_decay": way["decay"] if way.get("decay_all") else 0}]
    if way["optimiser"] == "sgd":
        return torch.optim.SGD(groups, lr=way["rate"], momentum=way["momentum"], nesterov=bool(way["nesterov"]))
    kind = torch.optim.Adam if way.get("coupled") else torch.optim.AdamW
    return kind(groups, lr=way["rate"], betas=(way.get("beta1", 0.9), way.get("beta2", 0.999)))


def schedule_of(way, optimiser):
    warm, rest = way["warmup"], way["total"] - way["warmup"]
    main = {"constant": lambda: lr_scheduler.LambdaLR(optimiser, lambda step: 1),
            "cosine": lambda: lr_scheduler.CosineAnnealingLR(optimiser, rest),
            "steps": lambda: lr_scheduler.StepLR(optimiser, way["every"], way["factor"])}[way["schedule"]]()
    if not warm:
        return main
    rise = lr_scheduler.LinearLR(optimiser, 1 / (warm + 1), total_iters=warm)
    return lr_scheduler.SequentialLR(optimiser, [rise, main], [warm])


class Course:
    """What 20 steps did."""

    def __init__(self, losses, first, before, after, running):
        self.losses, self.first, self.running = np.array(losses), first, running
        self.update = {n: after[n] - before[n] for n in before}
        self.after = after


def doubles(tensors):
    return {n: t.detach().numpy().astype(np.float64).reshape(-1).copy() for n, t in tensors.items()}


def train(model, case, way, x, labels, kind):
    network = Network(model, kind, way.get("keep"))
    optimiser = optimiser_of(way, network)
    schedule = schedule_of(way, optimiser)
    losses, before = [], doubles(network.parameters)
    for i in range(STEPS):
        batch = torch.tensor(x[i].transpose(0, 3, 1, 2)).to(kind)
        optimiser.zero_grad()
        loss = way.get("scale", 1) * LOSSES[case["loss"]](network.run(batch), batch, torch.tensor(labels[i]))
        loss.backward()
        losses.append(loss.item())
        if i == 0:
            first = doubles({n: p.grad for n, p in network.parameters.items()})
        if way["clip"] > 0:
            torch.nn.utils.clip_grad_norm_(network.parameters.values(), way["clip"])
        optimiser.step()
        schedule.step()
    running = doubles({n: network.constants[n] for n in network.statistics})
    return Course(losses, first, before, doubles(network.parameters), running)


# -- Training by likeness --


def read_gradients(path):
    found = {}
    with open(path, "rb") as f:
        for line in iter(f.readline, b""):
            name, count = line.decode().rsplit(" ", 1)
            found[name] = np.frombuffer(f.read(4 * int(count)), np.float32).astype(np.float64)
    return found


def constants(path):
    return {c.name: numpy_helper.to_array(c).astype(np.float64).reshape(-1) for c in onnx.load(path).graph.initializer}


def ours(train_steps, model, case, way, x, labels, out):
    x.tofile(out + ".x")
    labels.tofile(out + ".labels")
    keys = ["%s=%r" % (k, way[k]) for k in ("momentum", "nesterov", "decay", "clip", "warmup", "total", "every", "factor")]
    keys.append("schedule=%d" % SCHEDULES[way["schedule"]])
    subprocess.run([train_steps, "run", model, case["loss"], way["optimiser"], repr(way["rate"]), str(STEPS), str(case["rows"]), out + ".x",
                    out + ".labels", out] + keys, check=True)
    gradients, before, after = read_gradients(out + ".grad"), constants(model), constants(out + ".onnx")
    statistics = Network(model, torch.float32).statistics
    return Course(np.loadtxt(out + ".loss"), gradients, {n: before[n] for n in gradients}, {n: after[n] for n in gradients},
                  {n: after[n] for n in statistics})


# -- Holding one against the other --


def length(tensors):
    return float(np.sqrt(sum((t * t).sum() for t in tensors.values())))


def off(a, b):
    """All together: the length of the difference, as a share of the length."""
    assert set(a) == set(b), set(a) ^ set(b)
    return length({n: a[n] - b[n] for n in b}) / max(length(b), 1e-30)


def scale_off(a, b):
    """How much too long the part of a that lies along b is: single signs that turn hardly move it."""
    return abs(sum(float(a[n] @ b[n]) for n in b) / max(length(b), 1e-30) ** 2 - 1)


def worst_tensor(a, b, floor):
    """One tensor's. One that has no gradient but rounding (a bias before a normalisation) counts against `floor` a number."""
    return max(float(np.linalg.norm(a[n] - b[n]) / max(np.linalg.norm(b[n]), floor * np.sqrt(b[n].size))) for n in b)


def errors(course, exact):
    count = sum(g.size for g in exact.first.values())
    floor = 1e-2 * length(exact.first) / np.sqrt(count)
    return {"losses": float(np.abs(course.losses / exact.losses - 1).max()),
            "weights": off(course.after, exact.after),
            "running": max([off({n: course.running[n]}, {n: exact.running[n]}) for n in exact.running] or [0]),
            "update": off(course.update, exact.update),
            "gradients": off(course.first, exact.first),
            "their scale": scale_off(course.first, exact.first),
            "worst gradient": worst_tensor(course.first, exact.first, floor)}


ALWAYS = {"losses": 1e-4, "weights": 1e-4, "running": 1e-4}
# Of the network without corners, and of presets: these, or twice what PyTorch itself is off in single precision.
SHARP = {"update": 1e-4, "gradients": 1e-4, "their scale": 1e-4, "worst gradient": 1e-3}
WIDE = {"update": 1e-3, "gradients": 1e-2, "their scale": 5e-4, "worst gradient": 5e-2}


def misses(found, single, case):
    """What is farther off than it may be; single is None before it was needed."""
    limits = {k: max(v, 2 * single[k] if single else 0) for k, v in (SHARP if case["model"] == "smooth" else WIDE).items()}
    limits.update(ALWAYS)
    return [k for k in limits if not found[k] <= limits[k]]


def batches(case):
    """Pictures of a group are alike, so that there is something to learn."""
    rng = np.random.default_rng(7)
    rows, group, side = case["rows"], case["group"], case["side"]
    alike = rng.normal(size=(STEPS, rows // group, side, side, 3)).repeat(group, 1)
    x = alike + 0.5 * rng.normal(size=alike.shape)
    x = 1 / (1 + np.exp(-x)) if case["model"] == "autoencoder" else x
    labels = np.tile(np.arange(rows // group).repeat(group), (STEPS, 1))
    return x.astype(np.float32), labels.astype(np.int32)


USUAL = {"momentum": 0.9, "nesterov": 1, "decay": 0.01, "clip": 10, "schedule": "cosine", "warmup": 1000, "total": 30000, "every": 1,
         "factor": 1}
TRIPLET = {"model": "triplet-28", "side": 28, "dim": 0, "rows": 32, "group": 4}
AUTOENCODER = {"model": "autoencoder", "side": 64, "dim": 128, "rows": 32, "group": 2}
COMPACT = {"model": "compact", "side": 32, "dim": 128, "rows": 64, "group": 2}
SMOOTH = {"model": "smooth", "side": 24, "rows": 32, "group": 2, "loss": "contrastive"}
SGD, ADAMW = {**USUAL, "optimiser": "sgd", "rate": 0.1}, {**USUAL, "optimiser": "adamw", "rate": 2e-3}
CASES = [
    {**SMOOTH, "way": {**SGD, "schedule": "cosine", "rate": 0.1, "warmup": 5, "total": 20, "decay": 0.1, "clip": 0.3}},
    {**SMOOTH, "way": {**SGD, "schedule": "steps", "rate": 2e-3, "nesterov": 0, "warmup": 0, "every": 5, "factor": 0.5, "decay": 1}},
    {**SMOOTH, "way": {**ADAMW, "schedule": "constant", "rate": 1e-3, "warmup": 0, "decay": 0.5}},
    {**TRIPLET, "loss": "triplet", "way": ADAMW},
    {**TRIPLET, "loss": "triplet-euclid", "way": {**ADAMW, "rate": 1e-3}},
    {**TRIPLET, "loss": "triplet-semihard", "way": SGD},
    {**AUTOENCODER, "loss": "mse", "way": SGD},
    {**AUTOENCODER, "loss": "ssim", "way": ADAMW},
    {**COMPACT, "loss": "contrastive", "way": ADAMW},
    {**COMPACT, "loss": "triplet", "way": {**SGD, "rate": 5e-3}},
]
# One at a time, and each must be seen.
WRONG = [("momentum", 0.89), ("nesterov", 0), ("nesterov", 1), ("decay", 0.05), ("decay_all", True), ("warmup", 4), ("every", 4), ("factor", 0.6),
         ("schedule", "constant"), ("clip", 0.31), ("keep", 0.89), ("scale", 1.001), ("beta1", 0.89), ("beta2", 0.99), ("coupled", True)]


def write_smooth(path, side):
    """A network without corners (Relu, maxima), in which rounding stays small: here every setting shows."""
    rng = np.random.default_rng(5)
    made = []

    def weights(name, *shape):
        fan_in = int(np.prod(shape[1:])) if len(shape) > 1 else 1
        value = rng.normal(size=shape) / np.sqrt(fan_in) if len(shape) > 1 else rng.normal(size=shape) * 0.1
        made.append(numpy_helper.from_array((np.abs(value) + 1 if name.endswith("variance") else value).astype(np.float32), name))
        return name

    def conv(name, x, shape, stride=1, groups=1, bias=True):
        inputs = [x, weights(name + ".weight", *shape)] + ([weights(name + ".bias", shape[0])] if bias else [])
        return helper.make_node("Conv", inputs, [name], strides=[stride] * 2, pads=[shape[2] // 2] * 4, group=groups, kernel_shape=shape[2:],
                                dilations=[1, 1])

    norm = ["a"] + [weights("norm." + part, 16) for part in ("scale", "shift", "mean", "variance")]
    nodes = [conv("a", "image", (16, 3, 5, 5), 2, bias=False), helper.make_node("BatchNormalization", norm, ["b"], momentum=0.9, epsilon=1e-5),
             helper.make_node("Tanh", ["b"], ["c"]), conv("d", "c", (16, 1, 3, 3), 1, 16), conv("e", "d", (16, 16, 1, 1)),
             helper.make_node("Add", ["c", "e"], ["f"]), helper.make_node("Sigmoid", ["f"], ["g"]), conv("h", "g", (32, 16, 3, 3), 2),
             helper.make_node("Tanh", ["h"], ["i"]), helper.make_node("Flatten", ["i"], ["j"], axis=1),
             helper.make_node("Gemm", ["j", weights("k.weight", 12, 32 * (side // 4) ** 2), weights("k.bias", 12)], ["k"], transB=1),
             helper.make_node("LpNormalization", ["k"], ["embedding"], axis=1, p=2)]
    graph = helper.make_graph(nodes, "smooth", [helper.make_tensor_value_info("image", onnx.TensorProto.FLOAT, ["n", 3, side, side])],
                              [helper.make_tensor_value_info("embedding", onnx.TensorProto.FLOAT, ["n", 12])], made)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11)]), path)


def write_model(train_steps, folder, case):
    path = os.path.join(folder, case["model"] + ".onnx")
    if case["model"] == "smooth":
        write_smooth(path, case["side"])
    else:
        subprocess.run([train_steps, "preset", case["model"], str(case["side"]), str(case["dim"]), "1", path], check=True)
    return path


def follow(train_steps, folder, case):
    way = case["way"]
    out = os.path.join(folder, "%s.%s.%s" % (case["model"], case["loss"], way["optimiser"]))
    model = write_model(train_steps, folder, case)
    x, labels = batches(case)
    exact = train(model, case, way, x, labels, torch.float64)
    found, single = errors(ours(train_steps, model, case, way, x, labels, out), exact), None
    if misses(found, None, case):
        single = single_errors(model, case, x, labels, exact)
    missed = misses(found, single, case)
    print("%s, %s, %s, %d x %d: loss %.5f to %.5f, weights moved by %.1e of their length" %
          (case["model"], case["loss"], way["optimiser"], case["rows"], case["side"], exact.losses[0], exact.losses[-1],
           length(exact.update) / length(exact.after)))
    for k, value in found.items():
        rounding = ", PyTorch in single precision %.1e" % single[k] if single else ""
        print("  %-16s off by %.1e%s%s" % (k, value, rounding, "  FAILED" if k in missed else ""))
    sys.stdout.flush()
    return not missed


def single_errors(model, case, x, labels, exact):
    """Of two orders of a batch's rows: the sums are rounded otherwise, and which signs turn is luck."""
    orders = [errors(train(model, case, case["way"], x[:, ::step].copy(), labels[:, ::step].copy(), torch.float32), exact) for step in (1, -1)]
    return {k: max(o[k] for o in orders) for k in orders[0]}


def see_mistakes(train_steps, folder):
    """PyTorch with a mistake instead of ours with one: the distance is the same."""
    seen = set()
    for case in (c for c in CASES if c["model"] == "smooth"):
        model = write_model(train_steps, folder, case)
        x, labels = batches(case)
        found = ours(train_steps, model, case, case["way"], x, labels, os.path.join(folder, "wrong"))
        single = single_errors(model, case, x, labels, train(model, case, case["way"], x, labels, torch.float64))
        for name, value in WRONG:
            if case["way"].get(name) == value:
                continue
            wrong = train(model, case, {**case["way"], name: value}, x, labels, torch.float64)
            missed = misses(errors(found, wrong), single, case)
            if missed:
                seen.add((name, value))
            print("%s %s, %s %s: %s" % (case["way"]["optimiser"], case["way"]["schedule"], name, value, ", ".join(missed) or "not seen"))
    return seen == set(WRONG)


def keep_memory():
    """Has the C library keep what is freed: a third of the time was spent on getting the same pages again and again."""
    try:
        libc = ctypes.CDLL(None)
        libc.mallopt(-3, 32 << 20)  # M_MMAP_THRESHOLD, its most
        libc.mallopt(-1, 1 << 30)  # M_TRIM_THRESHOLD
    except AttributeError:
        pass  # another C library


def main():
    keep_memory()
    parser = argparse.ArgumentParser()
    parser.add_argument("train_steps")
    parser.add_argument("folder")
    parser.add_argument("--wrong", action="store_true")
    args = parser.parse_args()
    os.makedirs(args.folder, exist_ok=True)
    torch.set_num_threads(1)  # more wait for each other where other tests run too
    if args.wrong:
        sys.exit(0 if see_mistakes(args.train_steps, args.folder) else 1)
    good = [follow(args.train_steps, args.folder, case) for case in CASES]
    sys.exit(0 if all(good) else 1)


main()
