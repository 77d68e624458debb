#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes networks with random weights and what PyTorch computes with them, as ONNX test cases: export_networks.py FOLDER

FOLDER/NAME/model.onnx, test_data_set_0/input_0.pb, output_0.pb ... are what tests/nn/check_onnx reads. Weights are drawn so that
activations keep their size through the layers; batch normalisations have random statistics, and are left in the file as nodes of
their own. Expected values are computed in float64. Wants Debian's python3-torch 1.13, python3-torchvision and python3-onnx 1.12;
ends with 77 where they are missing."""
import os
import sys
import warnings

try:
    import numpy as np
    import onnx
    import torch
    import torchvision
    from onnx import numpy_helper
    from torch import nn
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)

warnings.filterwarnings("ignore")


class Attention(nn.Module):
    """Multi-head self-attention written out, so that the file holds MatMul, Transpose, Reshape and Softmax."""

    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)

    def forward(self, x):
        b, n, width = x.shape
        each = width // self.heads
        qkv = self.qkv(x).reshape(b, n, 3, self.heads, each).permute(2, 0, 3, 1, 4)
        q, k, v = qkv[0], qkv[1], qkv[2]
        scores = (q @ k.transpose(-2, -1)) * each**-0.5
        return self.out((scores.softmax(-1) @ v).transpose(1, 2).reshape(b, n, width))


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.norm1, self.attention = nn.LayerNorm(width), Attention(width, heads)
        self.norm2 = nn.LayerNorm(width)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x):
        x = x + self.attention(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class VisionTransformer(nn.Module):
    """A small one (Dosovitskiy et al. 2021): patches of 16, width 96, four blocks."""

    def __init__(self, side=64, patch=16, width=96, heads=3, depth=4, classes=10):
        super().__init__()
        self.patches = nn.Conv2d(3, width, patch, patch)
        self.token = nn.Parameter(torch.randn(1, 1, width) * 0.02)
        self.position = nn.Parameter(torch.randn(1, (side // patch) ** 2 + 1, width) * 0.02)
        self.blocks = nn.Sequential(*[Block(width, heads) for _ in range(depth)])
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, classes)

    def forward(self, x):
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], 1) + self.position
        x = self.norm(self.blocks(x))[:, 0]
        return x, self.head(x)


class WithFeatures(nn.Module):
    """A classifier of torchvision that gives what enters its last layer, too."""

    def __init__(self, network, last):
        super().__init__()
        self.network = network
        self.kept = {}
        last.register_forward_hook(lambda module, args, out: self.kept.update(features=args[0]))

    def forward(self, x):
        logits = self.network(x)
        return self.kept["features"].flatten(1), logits


class Decoder(nn.Module):
    """Transposed convolutions, up-sampling, padding and odd strides."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(3, 24, 5, 2, padding=(2, 1), dilation=(1, 2))
        self.grouped = nn.Conv2d(24, 24, 3, padding=1, groups=4)
        self.up = nn.ConvTranspose2d(24, 12, 3, 2, padding=1, output_padding=1)
        self.up_grouped = nn.ConvTranspose2d(12, 8, 4, 2, padding=1, groups=4)
        self.norm = nn.BatchNorm2d(8)
        self.prelu = nn.PReLU(12)

    def forward(self, x):
        x = torch.tanh(self.grouped(nn.functional.leaky_relu(self.first(x), 0.1)))
        x = self.prelu(self.up(x))
        x = self.norm(torch.sigmoid(self.up_grouped(x)))
        x = nn.functional.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
        return nn.functional.elu(nn.functional.pad(x, (1, 2, 3, 0), mode="reflect"))


def draw(network):
    """Weights of the variance that keeps activations' size (He et al. 2015), and statistics that are not the identity."""
    for module in network.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            if module.bias is not None:
                nn.init.uniform_(module.bias, -0.1, 0.1)
        elif isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.7, 1.1)
            nn.init.uniform_(module.bias, -0.1, 0.1)
            nn.init.uniform_(module.running_mean, -0.1, 0.1)
            nn.init.uniform_(module.running_var, 0.8, 1.5)


def networks():
    models = torchvision.models
    inception = models.inception_v3(weights=None, aux_logits=True, transform_input=False, init_weights=False)
    inception.aux_logits, inception.AuxLogits = False, None
    resnet = models.resnet50(weights=None)
    mobilenet = models.mobilenet_v3_small(weights=None)
    efficient = models.efficientnet_b0(weights=None)
    dense = models.densenet121(weights=None)
    shuffle = models.shufflenet_v2_x1_0(weights=None)
    yield "inception_v3", WithFeatures(inception, inception.fc), 299
    yield "resnet50", WithFeatures(resnet, resnet.fc), 224
    yield "squeezenet", models.squeezenet1_1(weights=None), 224
    yield "mobilenet_v3", WithFeatures(mobilenet, mobilenet.classifier[3]), 224
    yield "efficientnet_b0", WithFeatures(efficient, efficient.classifier[1]), 160
    yield "densenet121", WithFeatures(dense, dense.classifier), 96
    yield "shufflenet_v2", WithFeatures(shuffle, shuffle.fc), 128
    yield "vision_transformer", VisionTransformer(), 64
    yield "decoder", Decoder(), 61


def write(path, array):
    with open(path, "wb") as file:
        file.write(numpy_helper.from_array(np.ascontiguousarray(array)).SerializeToString())


def export(folder, name, network, side):
    draw(network)
    network.eval()
    x = torch.rand(2, 3, side, side) * 2 - 1
    data = os.path.join(folder, name, "test_data_set_0")
    os.makedirs(data, exist_ok=True)
    model = os.path.join(folder, name, "model.onnx")
    with torch.no_grad():
        torch.onnx.export(network, x, model, opset_version=13, do_constant_folding=False, input_names=["image"],
                          training=torch.onnx.TrainingMode.PRESERVE, dynamic_axes={"image": {0: "N"}})
        outputs = network.double()(x.double())
    outputs = outputs if isinstance(outputs, tuple) else (outputs,)
    write(os.path.join(data, "input_0.pb"), x.numpy())
    for i, y in enumerate(outputs):
        write(os.path.join(data, f"output_{i}.pb"), y.numpy().astype(np.float32))
    operators = sorted({node.op_type for node in onnx.load(model).graph.node})
    print(f"{name}: outputs of deviation {[round(float(y.std()), 3) for y in outputs]}, {' '.join(operators)}")


def main():
    torch.manual_seed(20)
    torch.set_num_threads(2)
    for name, network, side in networks():
        export(sys.argv[1], name, network, side)


main()
