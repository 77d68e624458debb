#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes inception_v3.onnx and its labels from torchvision's weights: export_inception.py WEIGHTS.pth FOLDER

WEIGHTS.pth is https://download.pytorch.org/models/inception_v3_google-0cc3c7bd.pth, fetched by you: its name holds the first digits of
its SHA-256, and another file is refused. `random` in its place writes a network of untrained weights, for tests. The outputs are
`embedding` (2048 numbers, the average pool) and `logits` (1000 classes); the input is (level - 127.5) / 127.5, which is why
torchvision's own change of the input is left out. Then: likeness model add FOLDER/inception_v3.onnx. Wants Debian's python3-torch 1.13,
python3-torchvision 0.14 and python3-onnx; ends with 77 where they are missing."""
import hashlib
import os
import sys
import warnings

try:
    import onnx
    import torch
    from torchvision import models
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)

DIGEST_STARTS = "0cc3c7bd"  # torchvision 0.14, models/inception.py
SIDE = 299  # Szegedy et al. 2016, "Rethinking the Inception Architecture for Computer Vision"
OPSET = 13


class WithEmbedding(torch.nn.Module):
    """The classifier, and what enters its last layer."""

    def __init__(self, network):
        super().__init__()
        self.network = network
        self.kept = None
        network.fc.register_forward_hook(self.keep)

    def keep(self, module, args, out):
        self.kept = args[0]

    def forward(self, image):
        logits = self.network(image)
        return self.kept, logits


def load(path):
    network = models.inception_v3(weights=None, aux_logits=True, transform_input=False, init_weights=False)
    if path != "random":
        with open(path, "rb") as f:
            digest = hashlib.sha256(f.read()).hexdigest()
        if not digest.startswith(DIGEST_STARTS):
            sys.exit(f"export_inception: {path}: its SHA-256 is {digest}, not {DIGEST_STARTS}...")
        network.load_state_dict(torch.load(path, map_location="cpu"))
    network.aux_logits, network.AuxLogits = False, None  # of training only
    return WithEmbedding(network.eval()).eval()


def main(weights, folder):
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, "inception_v3.onnx")
    names = models.Inception_V3_Weights.IMAGENET1K_V1.meta["categories"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(load(weights), torch.zeros(1, 3, SIDE, SIDE), path, opset_version=OPSET, input_names=["image"],
                          output_names=["embedding", "logits"],
                          dynamic_axes={"image": {0: "N"}, "embedding": {0: "N"}, "logits": {0: "N"}})
    onnx.checker.check_model(path)
    with open(os.path.join(folder, "imagenet_1000_labels.txt"), "w", encoding="utf-8") as f:
        f.write("".join(name + "\n" for name in names))
    print(f"{path}, {len(names)} labels")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__.split("\n", 1)[0])
    main(sys.argv[1], sys.argv[2])
