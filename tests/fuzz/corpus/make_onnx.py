#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the seeds of fuzz_onnx into onnx/, small networks that reach the reader's and the planner's different ways, and those of fuzz_trainer
into trainer/, which have every operator with a way back. Debian's python3-onnx 1.12."""
import os

import numpy as np
from onnx import TensorProto, helper, numpy_helper

HERE = os.path.dirname(os.path.abspath(__file__))
RNG = np.random.default_rng(4)


def constant(name, array):
    return numpy_helper.from_array(np.asarray(array), name)


def floats(*shape):
    return RNG.normal(size=shape).astype(np.float32)


def save(name, nodes, constants, shape=("N", 3, 8, 8), outputs=("y",), folder="onnx"):
    graph = helper.make_graph(nodes, name, [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
                              [helper.make_tensor_value_info(o, TensorProto.FLOAT, None) for o in outputs], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=7)
    with open(os.path.join(HERE, folder, name + ".onnx"), "wb") as file:
        file.write(model.SerializeToString())


node = helper.make_node
save("conv", [node("Conv", ["x", "w", "b"], ["c"], pads=[1, 1, 1, 1], strides=[2, 2]), node("Relu", ["c"], ["y"])],
     [constant("w", floats(4, 3, 3, 3)), constant("b", floats(4))])
save("residual", [node("Conv", ["x", "w"], ["a"]), node("BatchNormalization", ["a", "s", "t", "m", "v"], ["n"]),
                  node("Add", ["n", "x"], ["d"]), node("Clip", ["d", "low", "high"], ["y"])],
     [constant("w", floats(3, 3, 1, 1))] + [constant(k, np.ones(3, np.float32)) for k in "stmv"] +
     [constant("low", np.float32(0)), constant("high", np.float32(6))])
save("bytes", [node("QuantizeLinear", ["x", "sx", "zx"], ["q"]), node("DequantizeLinear", ["q", "sx", "zx"], ["d"]),
               node("DequantizeLinear", ["k", "sk", "zk"], ["w"], axis=0), node("Conv", ["d", "w"], ["c"], pads=[1, 1, 1, 1]),
               node("QuantizeLinear", ["c", "sy", "zx"], ["p"]), node("DequantizeLinear", ["p", "sy", "zx"], ["y"])],
     [constant("sx", np.float32(0.02)), constant("zx", np.int8(-3)), constant("k", RNG.integers(-127, 127, (4, 3, 3, 3)).astype(np.int8)),
      constant("sk", np.full(4, 0.01, np.float32)), constant("zk", np.zeros(4, np.int8)), constant("sy", np.float32(0.1))])
save("shapes", [node("Shape", ["x"], ["s"]), node("Gather", ["s", "i"], ["n"]), node("Unsqueeze", ["n", "a"], ["u"]),
                node("Concat", ["u", "rest"], ["to"], axis=0), node("Reshape", ["x", "to"], ["r"]), node("Gemm", ["r", "w", "b"], ["g"]),
                node("Softmax", ["g"], ["y"], axis=1)],
     [constant("i", np.int64(0)), constant("a", np.array([0])), constant("rest", np.array([-1])), constant("w", floats(192, 5)),
      constant("b", floats(5))])
save("pool", [node("MaxPool", ["x"], ["a"], kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1),
              node("AveragePool", ["x"], ["b"], kernel_shape=[2, 2], strides=[2, 2]), node("Concat", ["a", "b"], ["c"], axis=1),
              node("GlobalAveragePool", ["c"], ["g"]), node("Flatten", ["g"], ["y"])], [])
save("resize", [node("Resize", ["x", "", "scales"], ["r"], mode="linear"), node("Slice", ["r", "b", "e"], ["s"]),
                node("Transpose", ["s"], ["t"], perm=[0, 2, 3, 1]), node("ReduceMean", ["t"], ["y"], axes=[1, 2])],
     [constant("scales", np.array([1, 1, 2, 1.5], np.float32)), constant("b", np.array([0, 0, 1, 1])), constant("e", np.array([9, 9, 9, -1]))])

ones = [constant(k, np.ones(4, np.float32)) for k in "stmv"]
save("separable", [node("Conv", ["x", "w"], ["a"], strides=[2, 2]), node("BatchNormalization", ["a", "s", "t", "m", "v"], ["n"]),
                   node("Relu", ["n"], ["r"]), node("Conv", ["r", "d"], ["e"], pads=[1, 1, 1, 1], group=4), node("Add", ["e", "r"], ["f"]),
                   node("Clip", ["f", "low", "high"], ["c"]), node("GlobalAveragePool", ["c"], ["g"]), node("Flatten", ["g"], ["h"]),
                   node("Gemm", ["h", "p", "q"], ["i"], transB=1), node("LpNormalization", ["i"], ["y"], axis=-1)],
     [constant("w", floats(4, 3, 2, 2)), constant("d", floats(4, 1, 3, 3)), constant("p", floats(5, 4)), constant("q", floats(5)),
      constant("low", np.float32(0)), constant("high", np.float32(6))] + ones, folder="trainer")
save("coder", [node("Conv", ["x", "w", "b"], ["a"], strides=[2, 2]), node("LeakyRelu", ["a"], ["c"]),
               node("MaxPool", ["c"], ["d"], kernel_shape=[2, 2], strides=[2, 2]), node("Resize", ["d", "", "scales"], ["e"], mode="nearest"),
               node("ConvTranspose", ["e", "u"], ["f"], strides=[2, 2]), node("Sigmoid", ["f"], ["y"]),
               node("AveragePool", ["c"], ["g"], kernel_shape=[2, 2], strides=[2, 2]), node("Reshape", ["g", "to"], ["h"]),
               node("MatMul", ["h", "k"], ["i"]), node("Tanh", ["i"], ["j"]), node("Elu", ["j"], ["z"])],
     [constant("w", floats(4, 3, 2, 2)), constant("b", floats(4)), constant("scales", np.array([1, 1, 2, 2], np.float32)),
      constant("u", floats(4, 3, 2, 2)), constant("to", np.array([0, 16])), constant("k", floats(16, 3))], outputs=("y", "z"), folder="trainer")
