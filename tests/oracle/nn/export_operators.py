#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes single operators and what PyTorch, torchvision and NumPy compute with them, as ONNX test cases: export_operators.py FOLDER

FOLDER/NAME/model.onnx, test_data_set_0/input_0.pb, output_0.pb ... are what tests/nn/check_onnx reads. The combinations of settings
that the official cases leave out: every mode of GridSample with every edge, Resize by ratios that are no integers, in one to three
dimensions, windows of pooling that hang over the edge, ties of TopK, reductions of Scatter. Expected values are computed in float64.
Wants Debian's python3-torch 1.13, python3-torchvision and python3-onnx 1.12; ends with 77 where they are missing."""
import os
import sys
import warnings

try:
    import numpy as np
    import onnx
    import torch
    import torch.nn.functional as F
    from onnx import helper, numpy_helper
    from torchvision.ops import roi_align
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)

warnings.filterwarnings("ignore")
OPSET = 18
random = np.random.RandomState(11)
written = 0


def real(*shape):
    return (random.rand(*shape) * 2 - 1).astype(np.float32)


def write(path, array):
    with open(path, "wb") as file:
        file.write(numpy_helper.from_array(np.ascontiguousarray(array)).SerializeToString())


def case(name, operator, inputs, expected, constants=(), opset=OPSET, **attributes):
    """inputs are given when the network runs, constants stand in the file after them; None leaves an input out."""
    global written
    names = [f"x{i}" for i in range(len(inputs))]
    fixed = ["" if c is None else f"c{i}" for i, c in enumerate(constants)]
    outputs = [f"y{i}" for i in range(len(expected))]
    node = helper.make_node(operator, names + fixed, outputs, name=name, **attributes)

    def info(tensor, label):
        return helper.make_tensor_value_info(label, onnx.mapping.NP_TYPE_TO_TENSOR_TYPE[tensor.dtype], tensor.shape)

    graph = helper.make_graph([node], name, [info(x, n) for x, n in zip(inputs, names)],
                              [info(y, n) for y, n in zip(expected, outputs)],
                              [numpy_helper.from_array(np.asarray(c), f"c{i}") for i, c in enumerate(constants) if c is not None])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
    data = os.path.join(sys.argv[1], name, "test_data_set_0")
    os.makedirs(data, exist_ok=True)
    onnx.save(model, os.path.join(sys.argv[1], name, "model.onnx"))
    for kind, tensors in (("input", inputs), ("output", expected)):
        for i, tensor in enumerate(tensors):
            write(os.path.join(data, f"{kind}_{i}.pb"), tensor)
    written += 1


def single(tensor):
    return tensor.numpy().astype(np.float32)


def double(array):
    return torch.from_numpy(array.astype(np.float64))


def grid_sample():
    x, grid = real(2, 3, 5, 7), real(2, 6, 4, 2) * 1.7
    for mode in ("bilinear", "nearest", "bicubic"):
        for edge in ("zeros", "border", "reflection"):
            for corners in (0, 1):
                y = F.grid_sample(double(x), double(grid), mode, edge, bool(corners))
                case(f"grid_{mode}_{edge}_{corners}", "GridSample", [x, grid], [single(y)], opset=16,
                     mode=mode, padding_mode=edge, align_corners=corners)


def resize():
    for mode, onnx_mode, shape, size in (
            ("linear", "linear", (2, 3, 11), (7,)), ("bilinear", "linear", (2, 3, 6, 9), (11, 5)),
            ("bilinear", "linear", (1, 2, 7, 7), (13, 20)), ("trilinear", "linear", (1, 2, 4, 5, 6), (7, 5, 4)),
            ("bicubic", "cubic", (2, 3, 6, 9), (11, 5)), ("bicubic", "cubic", (1, 1, 8, 8), (3, 17))):
        for corners in (False, True):
            x = real(*shape)
            y = single(F.interpolate(double(x), size, mode=mode, align_corners=corners))
            where = "align_corners" if corners else "half_pixel"
            name = f"resize_{mode}_{'x'.join(map(str, size))}_{where}"
            case(name, "Resize", [x], [y], [None, None, np.int64(y.shape)], mode=onnx_mode, coordinate_transformation_mode=where)
            case(name + "_axes", "Resize", [x], [y], [None, None, np.int64(size[::-1])], mode=onnx_mode,
                 coordinate_transformation_mode=where, axes=list(range(x.ndim - 1, 1, -1)))
    x = real(1, 2, 5, 8)
    y = single(F.interpolate(double(x), (12, 3), mode="nearest"))
    case("resize_nearest", "Resize", [x], [y], [None, None, np.int64(y.shape)], mode="nearest",
         coordinate_transformation_mode="asymmetric", nearest_mode="floor")
    for policy, scale, size in (("not_larger", 1.5, (8, 12)), ("not_smaller", 1.6, (8, 13))):  # 5 x 8, halves up
        y = single(by_scale(x, size, scale))
        case(f"resize_{policy}", "Resize", [x], [y], [None, None, np.int64([8, 12])], mode="linear", axes=[2, 3],
             keep_aspect_ratio_policy=policy)


def by_scale(x, size, scale):
    """Linear, half pixels, at a scale that is not the ratio of the sizes."""
    y = double(x)
    for axis, count in ((2, size[0]), (3, size[1])):
        at = (torch.arange(count, dtype=torch.float64) + 0.5) / scale - 0.5
        low, most = at.floor(), y.shape[axis] - 1
        shape = [1] * 4
        shape[axis] = count
        part = (at - low).reshape(shape)
        a = y.index_select(axis, low.clamp(0, most).long())
        b = y.index_select(axis, (low + 1).clamp(0, most).long())
        y = a * (1 - part) + b * part
    return y


def top_k():
    for dtype in (np.float32, np.int32, np.int64, np.uint8, np.float64):
        x = random.randint(0, 6, (3, 7, 4)).astype(dtype)  # with ties: the lower index first
        for axis in (0, 1, -1):
            for largest in (0, 1):
                key = -x.astype(np.int64) if largest else x.astype(np.int64)
                order = np.argsort(key, axis, kind="stable").take(range(3), axis)
                case(f"top_{np.dtype(dtype).name}_{axis}_{largest}", "TopK", [x],
                     [np.take_along_axis(x, order, axis), order.astype(np.int64)], [np.int64([3])], axis=axis, largest=largest)


def scatter():
    x, updates = real(4, 5, 3), real(3, 5, 2)
    indices = random.randint(-4, 4, updates.shape)
    for name, torch_name in (("add", "sum"), ("mul", "prod"), ("max", "amax"), ("min", "amin")):
        y = double(x).scatter_reduce(0, torch.from_numpy(indices % 4), double(updates), torch_name)
        case(f"scatter_elements_{name}", "ScatterElements", [x, indices, updates], [single(y)], axis=0, reduction=name)
        whole = (x * 100).astype(np.int32), (updates * 100).astype(np.int32)
        y = torch.from_numpy(whole[0]).scatter_reduce(0, torch.from_numpy(indices % 4), torch.from_numpy(whole[1]), torch_name)
        case(f"scatter_elements_{name}_int32", "ScatterElements", [whole[0], indices.astype(np.int32), whole[1]], [y.numpy()],
             axis=0, reduction=name)
    places = np.stack([random.randint(-4, 4, 6), random.randint(-5, 5, 6)], -1).reshape(2, 3, 2)
    blocks = real(2, 3, 3)
    for name, join in (("add", np.add), ("mul", np.multiply), ("max", np.maximum), ("min", np.minimum)):
        y = x.astype(np.float64)
        join.at(y, (places[..., 0], places[..., 1]), blocks.astype(np.float64))
        case(f"scatter_nd_{name}", "ScatterND", [x, places, blocks], [y.astype(np.float32)], reduction=name)
    x = real(2, 3, 4, 5)
    places = random.randint(-4, 4, (2, 3, 6, 1))
    y = np.stack([np.stack([x[a, b][places[a, b, :, 0]] for b in range(3)]) for a in range(2)])
    case("gather_nd_batches", "GatherND", [x, places], [y], batch_dims=2)


def along_axes():
    x = real(3, 6, 4)
    for axis in (0, 1, -1):
        y = double(x).cumsum(axis)
        case(f"cumsum_{axis}", "CumSum", [x], [single(y)], [np.int64(axis)])
        y = double(x).flip(axis).cumsum(axis).flip(axis) - double(x)
        case(f"cumsum_{axis}_reverse_exclusive", "CumSum", [x], [single(y)], [np.int32(axis)], reverse=1, exclusive=1)
        for p in (1, 2):
            case(f"lp_normalization_{axis}_{p}", "LpNormalization", [x], [single(F.normalize(double(x), p, axis))], axis=axis, p=p)
    keep = np.array([True, False, True, True])
    case("compress", "Compress", [x], [x[:, [0, 2, 3]]], [keep], axis=1)
    wide = x.astype(np.float64)
    y = (wide - wide.mean((0, 1), keepdims=True)) / wide.std((0, 1), keepdims=True)
    case("mean_variance", "MeanVarianceNormalization", [x], [y.astype(np.float32)], axes=[0, -2])
    lengths = np.int64([1, 6, 0])
    y = np.stack([np.concatenate([x[b, :n][::-1], x[b, n:]]) for b, n in enumerate(lengths)])
    case("reverse_sequence", "ReverseSequence", [x, lengths], [y], batch_axis=0, time_axis=1)
    classes = np.float32([[0, 2.7], [-1, 9], [-5, 4]])
    y = np.zeros((3, 5, 2), np.float32)
    for (i, k), value in np.ndenumerate(np.trunc(classes).astype(int)):
        if -5 <= value < 5:
            y[i, value, k] = 1
    case("one_hot", "OneHot", [classes], [y * 3 - 1], [np.float32(5), np.float32([-1, 2])], axis=1)


def matrices():
    x = real(2, 3, 5, 5)
    case("det", "Det", [x], [single(torch.linalg.det(double(x)))])
    for k in (-3, -1, 0, 2, 9):
        case(f"triu_{k}", "Trilu", [x], [single(torch.triu(double(x), k))], [np.int64(k)])
        case(f"tril_{k}", "Trilu", [x], [single(torch.tril(double(x), k))], [np.int64(k)], upper=0)


def boxes():
    x = real(2, 3, 12, 9)
    corners = np.float32([[0, 0, 17, 23], [3.3, -2, 9.1, 30], [5, 5, 5.2, 5.3], [-8, 4, 20, 12]])
    batch = np.int64([1, 0, 0, 1])
    both = torch.cat([torch.from_numpy(batch).double()[:, None], double(corners)], 1)
    for aligned in (False, True):
        for ratio in (0, 3):
            y = roi_align(double(x), both, (4, 3), 0.5, ratio, aligned)
            case(f"roi_align_{aligned}_{ratio}", "RoiAlign", [x, corners, batch], [single(y)], output_height=4, output_width=3,
                 sampling_ratio=ratio, spatial_scale=0.5, coordinate_transformation_mode="half_pixel" if aligned else "output_half_pixel")


def pads():
    x = real(2, 4, 5)
    for mode in ("constant", "edge", "reflect", "wrap"):
        y = np.pad(x, ((0, 1), (2, 3), (4, 0)), mode)
        case(f"pad_{mode}", "Pad", [x], [y], [np.int64([0, 2, 4, 1, 3, 0])], mode=mode, opset=19)
    y = np.pad(x[:, 1:, :-2], ((0, 0), (0, 2), (3, 0)), constant_values=7)
    case("pad_negative_axes", "Pad", [x], [y], [np.int64([3, -1, -2, 2]), np.float32(7), np.int64([-1, 1])])


def pools():
    for rank, shape, kernel, stride, pad, dilation in (
            (1, (2, 3, 17), (3,), (2,), (1,), (2,)), (2, (2, 3, 11, 8), (3, 2), (2, 3), (1, 1), (1, 2)),
            (3, (1, 2, 7, 6, 5), (2, 3, 2), (2, 2, 3), (1, 1, 0), (1, 1, 2))):
        x = real(*shape)
        plane = int(np.prod(shape[2:]))
        for ceil in (0, 1):
            settings = {"kernel_shape": kernel, "strides": stride, "pads": pad * 2, "ceil_mode": ceil}
            y, at = getattr(F, f"max_pool{rank}d")(double(x), kernel, stride, pad, dilation, bool(ceil), return_indices=True)
            at = at.numpy() + np.arange(shape[0] * shape[1]).reshape(shape[:2] + (1,) * rank) * plane
            case(f"max_pool_{rank}_{ceil}", "MaxPool", [x], [single(y), at.astype(np.int64)], dilations=dilation, **settings)
            for count in (0, 1):
                y = getattr(F, f"avg_pool{rank}d")(double(x), kernel, stride, pad, bool(ceil), bool(count))
                case(f"average_pool_{rank}_{ceil}_{count}", "AveragePool", [x], [single(y)], count_include_pad=count, **settings)
    x = real(2, 3, 11, 8)
    for p in (1, 2, 3):
        y = F.lp_pool2d(double(x).abs(), p, (3, 2), (2, 3))
        case(f"lp_pool_{p}", "LpPool", [x], [single(y)], kernel_shape=(3, 2), strides=(2, 3), p=p)


def slices():
    x = real(5, 6, 7)
    for name, cut, numbers in (
            ("steps", x[1:5:2, ::-1, 5:0:-3], ([1, -1, 5], [5, -100, 0], [0, 1, 2], [2, -1, -3])),
            ("beyond", x[-3:, :, :4], ([-3, -99], [99, 4], [0, -1], [1, 1])),
            ("empty", x[3:2], ([3], [2], [0], [1]))):
        case(f"slice_{name}", "Slice", [x], [cut], [np.int64(n) for n in numbers])


def main():
    for family in (grid_sample, resize, top_k, scatter, along_axes, matrices, boxes, pads, pools, slices):
        family()
    print(f"{written} cases")


main()
