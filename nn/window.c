/* SPDX-License-Identifier: Apache-2.0 */
/* Sizes as the ONNX operators Conv, ConvTranspose, MaxPool and AveragePool define them. */
#include "nn/window.h"

#include <string.h>

/* No kernel, stride, dilation or padding of a picture's network comes near; products of a few stay far below 2^62. */
enum { EXTENT_MAX = 1 << 20 };

/* Fills to[0..2] from an attribute of `count` numbers that starts at `from`, right-aligned; `otherwise` where it is absent. */
static lk_status read_extents(struct op_call *c, const char *name, int32_t given, int64_t least,
                              int64_t otherwise, int64_t to[WINDOW_DIMS]) {
    int32_t count;
    const int64_t *numbers = op_ints(c, name, &count);
    if (numbers && count != given) {
        return op_wrong(c, "%s has %d numbers for %d spatial dimensions", name, (int)count,
                        (int)given);
    }
    for (int32_t i = 0; i < WINDOW_DIMS; i++) {
        int32_t k = i - (WINDOW_DIMS - given);
        to[i] = k >= 0 && numbers ? numbers[k] : otherwise;
        if (to[i] < least || to[i] > EXTENT_MAX) {
            return op_wrong(c, "%s is %lld", name, (long long)to[i]);
        }
    }
    return LK_OK;
}

static lk_status read_pads(struct op_call *c, struct window *w) {
    int32_t count;
    const int64_t *pads = op_ints(c, "pads", &count);
    if (pads && count != 2 * w->given) {
        return op_wrong(c, "pads has %d numbers for %d spatial dimensions", (int)count,
                        (int)w->given);
    }
    for (int32_t i = 0; i < WINDOW_DIMS; i++) {
        int32_t k = i - (WINDOW_DIMS - w->given);
        w->pad_begin[i] = k >= 0 && pads ? pads[k] : 0;
        w->pad_end[i] = k >= 0 && pads ? pads[k + w->given] : 0;
        if (w->pad_begin[i] < 0 || w->pad_end[i] < 0 || w->pad_begin[i] > EXTENT_MAX ||
            w->pad_end[i] > EXTENT_MAX) {
            return op_unsupported(c, "pads of %lld and %lld", (long long)w->pad_begin[i],
                                  (long long)w->pad_end[i]);
        }
    }
    return LK_OK;
}

static lk_status read_sizes(struct window *w, struct op_call *c, const struct tensor *x,
                            const int64_t *kernel) {
    w->given = x->rank - 2;
    if (w->given < 1 || w->given > WINDOW_DIMS) {
        return op_unsupported(c, "%d spatial dimensions", (int)w->given);
    }
    for (int32_t i = 0; i < WINDOW_DIMS; i++) {
        int32_t k = i - (WINDOW_DIMS - w->given);
        w->in[i] = k >= 0 ? x->dims[k + 2] : 1;
        if (w->in[i] > INT32_MAX) {
            return op_unsupported(c, "a dimension of %lld", (long long)w->in[i]);
        }
    }
    lk_status status = read_extents(c, "kernel_shape", w->given, 1, 1, w->kernel);
    for (int32_t i = 0; status == LK_OK && kernel && i < w->given; i++) {
        int64_t *size = &w->kernel[WINDOW_DIMS - w->given + i];
        if (kernel[i] < 1 || kernel[i] > EXTENT_MAX ||
            (node_attribute(c->node, "kernel_shape") && *size != kernel[i])) {
            return op_wrong(c, "kernel_shape and the weights disagree: %lld and %lld",
                            (long long)*size, (long long)kernel[i]);
        }
        *size = kernel[i];
    }
    if (status == LK_OK) {
        status = read_extents(c, "strides", w->given, 1, 1, w->stride);
    }
    if (status == LK_OK) {
        status = read_extents(c, "dilations", w->given, 1, 1, w->dilation);
    }
    return status == LK_OK ? read_pads(c, w) : status;
}

/* Pixels that the spread-out kernel covers. */
static int64_t reach(const struct window *w, int32_t i) {
    return (w->kernel[i] - 1) * w->dilation[i] + 1;
}

/* SAME: so much padding that out = ceil(in / stride); an odd pixel goes to the end (UPPER) or the beginning (LOWER). */
static void split_pads(struct window *w, int32_t i, int64_t total, bool upper) {
    total = MAX(total, 0);
    w->pad_begin[i] = upper ? total / 2 : total - total / 2;
    w->pad_end[i] = total - w->pad_begin[i];
}

lk_status window_of(struct window *w, struct op_call *c, const struct tensor *x,
                    const int64_t *kernel, bool ceil_mode) {
    *w = (struct window){0};
    lk_status status = read_sizes(w, c, x, kernel);
    if (status != LK_OK) {
        return status;
    }
    const char *mode = op_text(c, "auto_pad", "NOTSET");
    bool same = strncmp(mode, "SAME_", 5) == 0;
    for (int32_t i = 0; i < WINDOW_DIMS; i++) {
        if (same) {
            int64_t out = (w->in[i] + w->stride[i] - 1) / w->stride[i];
            split_pads(w, i, (out - 1) * w->stride[i] + reach(w, i) - w->in[i],
                       strcmp(mode, "SAME_UPPER") == 0);
        } else if (strcmp(mode, "VALID") == 0) {
            w->pad_begin[i] = w->pad_end[i] = 0;
        }
        int64_t room = w->in[i] + w->pad_begin[i] + w->pad_end[i] - reach(w, i);
        if (room < 0) {
            return op_wrong(c, "a window of %lld over %lld pixels", (long long)reach(w, i),
                            (long long)(w->in[i] + w->pad_begin[i] + w->pad_end[i]));
        }
        w->out[i] = (room + (ceil_mode ? w->stride[i] - 1 : 0)) / w->stride[i] + 1;
        /* A window that would begin in the end's padding sees nothing and is left out. */
        if (ceil_mode && (w->out[i] - 1) * w->stride[i] >= w->in[i] + w->pad_begin[i]) {
            w->out[i]--;
        }
    }
    return LK_OK;
}

lk_status window_transposed(struct window *w, struct op_call *c, const struct tensor *x,
                            const int64_t *kernel) {
    *w = (struct window){0};
    int64_t extra[WINDOW_DIMS];
    lk_status status = read_sizes(w, c, x, kernel);
    if (status == LK_OK) {
        status = read_extents(c, "output_padding", w->given, 0, 0, extra);
    }
    if (status != LK_OK) {
        return status;
    }
    const char *mode = op_text(c, "auto_pad", "NOTSET");
    int32_t count;
    const int64_t *shape = op_ints(c, "output_shape", &count);
    if (shape && count != w->given) {
        /* Some writers give batch and channels too. */
        shape = count == w->given + 2 ? shape + 2 : NULL;
    }
    for (int32_t i = 0; i < WINDOW_DIMS; i++) {
        int32_t k = i - (WINDOW_DIMS - w->given);
        int64_t whole = (w->in[i] - 1) * w->stride[i] + reach(w, i) + extra[i];
        bool same = strncmp(mode, "SAME_", 5) == 0;
        if (k >= 0 && (shape || same)) {
            w->out[i] = shape ? shape[k] : w->in[i] * w->stride[i];
            int64_t total = w->out[i] > 0 ? whole - w->out[i] : 0;
            split_pads(w, i, total, strcmp(mode, "SAME_UPPER") == 0);
        } else {
            w->out[i] = whole - w->pad_begin[i] - w->pad_end[i];
        }
        if (w->out[i] < 1 || w->out[i] > INT32_MAX) {
            return op_wrong(c, "an output of %lld pixels", (long long)w->out[i]);
        }
    }
    return LK_OK;
}

int64_t window_volume(const int64_t sizes[WINDOW_DIMS]) {
    return sizes[0] * sizes[1] * sizes[2];
}

void window_shape(struct tensor *out, const struct window *w, enum tensor_type type, int64_t batch,
                  int64_t channels) {
    *out = (struct tensor){.type = type, .rank = w->given + 2, .dims = {batch, channels}};
    for (int32_t i = 0; i < w->given; i++) {
        out->dims[2 + i] = w->out[WINDOW_DIMS - w->given + i];
    }
}
