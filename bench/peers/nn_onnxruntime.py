#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""MobileNetV2 against ONNX Runtime 1.30 (npm onnxruntime-node) in process: medians of interleaved rounds.

Usage: nn_onnxruntime.py BUILD_FOLDER [ROUNDS]. Models: $LIKENESS_DATA/models (or ../shared/models). ONNX Runtime gets the float graph with its
weights folded to float, which suits it best; python3-onnx folds them. Of a batch of 16, ours runs one picture after the other, as
`likeness embed` does. int8 is held against our own float graph, too."""
import json
import os
import statistics
import subprocess
import sys
import tempfile

import numpy as np
import onnx
from onnx import numpy_helper

HERE = os.path.dirname(os.path.abspath(__file__))
DATA = os.environ.get("LIKENESS_DATA", os.path.join(HERE, "../../../shared"))
FLOAT = os.path.join(DATA, "models/mobilenet_v2_1.0_224.onnx")
INT8 = os.path.join(DATA, "models/mobilenet_v2_1.0_224_int8.onnx")


def fold_weights(source, target):
    """DequantizeLinear of constant int8 weights becomes a float constant."""
    model = onnx.load(source)
    graph = model.graph
    constants = {c.name: numpy_helper.to_array(c) for c in graph.initializer}
    nodes, made = [], []
    for node in graph.node:
        q = constants.get(node.input[0]) if node.input else None
        if node.op_type == "DequantizeLinear" and q is not None and q.dtype == np.int8:
            scale = constants[node.input[1]].reshape([-1] + [1] * (q.ndim - 1))
            made.append(numpy_helper.from_array(q.astype(np.float32) * scale, node.output[0]))
        else:
            nodes.append(node)
    used = {name for node in nodes for name in node.input}
    kept = [c for c in graph.initializer if c.name in used]
    del graph.node[:], graph.initializer[:]
    graph.node.extend(nodes)
    graph.initializer.extend(kept + made)
    onnx.save(model, target)


class Runtime:
    """A process of ONNX Runtime with one model."""

    def __init__(self, model, threads):
        self.process = subprocess.Popen(["node", os.path.join(HERE, "ort_run.mjs")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.ask({"open": model, "threads": threads})

    def ask(self, command):
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit("onnxruntime-node is not installed: npm install --ignore-scripts in bench/peers")
        return json.loads(line)

    def run(self, batch, runs):
        return self.ask({"run": batch, "runs": runs})["ms"]

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def ours(build, model, batch, threads, runs):
    command = [os.path.join(build, "bench/bench_nn"), model, "--batch", str(batch), "--threads", str(threads), "--runs", str(runs)]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)["ms_median"]


def main():
    build, rounds = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 7
    os.environ.setdefault("GOMP_SPINCOUNT", "1000")
    with tempfile.TemporaryDirectory() as work:
        folded = os.path.join(work, "folded.onnx")
        fold_weights(FLOAT, folded)
        for threads in (1, 2):
            peers = {"float": Runtime(folded, threads), "int8": Runtime(INT8, threads)}
            for batch in (1, 16):
                runs = 60 if batch == 1 else 6
                times = {key: [] for key in ("float", "int8", "ort float", "ort int8")}
                for kind, model in (("float", FLOAT), ("int8", INT8)):
                    peers[kind].run(batch, 3)
                for _ in range(rounds):
                    for kind, model in (("float", FLOAT), ("int8", INT8)):
                        times[kind].append(ours(build, model, batch, threads, runs))
                        times["ort " + kind].append(statistics.median(peers[kind].run(batch, runs)))
                middle = {key: statistics.median(values) for key, values in times.items()}
                for kind in ("float", "int8"):
                    print("MobileNetV2 %s, batch %d, %d threads: ours %.3f ms, onnxruntime %.3f ms, ratio %.2f" %
                          (kind, batch, threads, middle[kind], middle["ort " + kind], middle["ort " + kind] / middle[kind]))
                print("MobileNetV2 int8 to float, batch %d, %d threads: ours %.3f ms, ourselves %.3f ms, ratio %.2f" %
                      (batch, threads, middle["int8"], middle["float"], middle["float"] / middle["int8"]))
            for peer in peers.values():
                peer.close()


if __name__ == "__main__":
    main()
