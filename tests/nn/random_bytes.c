/* SPDX-License-Identifier: Apache-2.0 */
/* Quantised parts: convolutions and sums between DequantizeLinear and QuantizeLinear, sometimes not quite as nn/onednn_int8_conv.c
 * wants them. Scales are powers of two and zero points even, so that sums are exact, ties round the same way before and after the
 * zero point is added, and both ways of running must agree to the bit. */
#include <math.h>

#include "nn/op.h"
#include "tests/nn/random_draw.h"

struct size_drawn {
    int32_t scale, zero; /* values; zero -1: none, a byte without a sign */
};

static struct size_drawn draw_size(struct drawing *d, int32_t least, int32_t most) {
    struct size_drawn s = {draw_real(d, ldexpf(1, least + draw_below(d, most - least + 1))), -1};
    if (!draw_one_in(d, 6)) {
        bool sign = draw_one_in(d, 2);
        s.zero = draw_constant(d, sign ? TENSOR_I8 : TENSOR_U8, 0, NULL);
        *(uint8_t *)draw_shape_of(d, s.zero)->data =
            (uint8_t)(sign ? 2 * draw_below(d, 40) - 40 : 100 + 2 * draw_below(d, 28));
    }
    return s;
}

static int32_t with_size(struct drawing *d, const char *op, int32_t x, struct size_drawn s) {
    return draw_finish(d,
                       draw_add_node(d, op, (int32_t[]){x, s.scale, s.zero}, s.zero < 0 ? 2 : 3));
}

/* Through bytes and back. The bytes themselves are offered, too, seldom. */
static int32_t quantised(struct drawing *d, int32_t x, int32_t least, int32_t most) {
    struct size_drawn s = draw_size(d, least, most);
    int32_t q = with_size(d, "QuantizeLinear", x, s);
    if (q >= 0 && draw_one_in(d, 8)) {
        draw_offer(d, q, false);
    }
    if (q >= 0 && draw_one_in(d, 6)) {
        int32_t turned = draw_reshaped(d, q);
        q = turned >= 0 ? turned : q;
    }
    return q < 0 ? -1 : with_size(d, "DequantizeLinear", q, s);
}

/* int8 weights; one scale, or one an output channel; zero points of 0, seldom another. */
static int32_t draw_byte_kernel(struct drawing *d, int32_t rank, const int64_t *dims) {
    int32_t q = draw_constant(d, TENSOR_I8, rank, dims), zero = -1;
    bool each = draw_one_in(d, 2), wide = draw_one_in(d, 2);
    for (int64_t i = 0; i < tensor_count(draw_shape_of(d, q)); i++) {
        ((int8_t *)draw_shape_of(d, q)->data)[i] =
            (int8_t)(wide ? draw_below(d, 256) - 128 : draw_below(d, 64) - 16);
    }
    int32_t scale = each ? draw_reals(d, 1, dims, 0, 0) : draw_real(d, 0);
    for (int64_t i = 0; i < tensor_count(draw_shape_of(d, scale)); i++) {
        ((float *)draw_shape_of(d, scale)->data)[i] = ldexpf(1, -8 + draw_below(d, 3));
    }
    if (draw_one_in(d, 2)) {
        zero = draw_constant(d, TENSOR_I8, each ? 1 : 0, dims);
        for (int64_t i = 0; i < tensor_count(draw_shape_of(d, zero)); i++) {
            ((int8_t *)draw_shape_of(d, zero)->data)[i] = draw_one_in(d, 30) ? 2 : 0;
        }
    }
    struct node *n =
        draw_add_node(d, "DequantizeLinear", (int32_t[]){q, scale, zero}, zero < 0 ? 2 : 3);
    draw_set_int(n, "axis", 0);
    return draw_finish(d, n);
}

static int32_t draw_cut(struct drawing *d, int32_t x) {
    if (draw_one_in(d, 2)) {
        return draw_simple(d, "Relu", x, -1);
    }
    int32_t low = draw_real(d, (float)draw_below(d, 5) - 3),
            high = draw_real(d, (float)draw_below(d, 9) - 1);
    return draw_finish(d, draw_add_node(d, "Clip", (int32_t[]){x, low, high}, 3));
}

/* Sums stay below 2^24: 255 * 128 * 32 * 9. */
static int32_t draw_byte_conv(struct drawing *d, int32_t x) {
    const struct tensor *t = draw_shape_of(d, x);
    if (t->rank < 3 || t->rank > 5 || t->dims[1] < 1 || t->dims[1] > 32) {
        return -1;
    }
    int32_t rank = t->rank, bias = -1;
    int64_t size = rank == 5 ? 1 : 1 + 2 * draw_below(d, 2), in = t->dims[1];
    int64_t groups = draw_one_in(d, 3) ? in : 1, out = groups > 1 ? in : draw_channels(d);
    int64_t dims[5] = {out, in / groups, size, size, size}, kernel[3] = {size, size, size};
    int32_t w = draw_byte_kernel(d, rank, dims);
    if (!draw_one_in(d, 3)) {
        bias = draw_constant(d, TENSOR_F32, 1, &out);
        for (int64_t i = 0; i < out; i++) {
            ((float *)draw_shape_of(d, bias)->data)[i] = (float)(draw_below(d, 257) - 128) / 64;
        }
    }
    struct node *n = draw_add_node(d, "Conv", (int32_t[]){x, w, bias}, bias < 0 ? 2 : 3);
    draw_set_int(n, "group", groups);
    draw_window(d, n, rank - 2, kernel, true);
    return draw_finish(d, n);
}

void draw_bytes(struct drawing *d, int32_t x) {
    int32_t from = draw_one_in(d, 4) ? x : quantised(d, x, -6, -5), y = -1;
    if (draw_shape_of(d, x)->type != TENSOR_F32 || from < 0) {
        return;
    }
    switch (draw_below(d, 5)) {
    case 0: y = draw_reshaped(d, from); break;
    case 1: y = draw_cut(d, from); break;
    case 2:
        for (int32_t tries = 0; tries < 8 && y < 0; tries++) {
            int32_t k = draw_below(d, d->count);
            y = d->exact[k] ? draw_simple(d, "Add", from, d->values[k]) : -1;
        }
        break;
    default: y = draw_byte_conv(d, from); break;
    }
    if (y >= 0 && draw_one_in(d, 2)) {
        y = draw_cut(d, y);
    }
    if (y >= 0 && draw_one_in(d, 10)) {
        draw_offer(d, y, false);
    }
    draw_offer(d, y < 0 ? -1 : quantised(d, y, -4, -2), true);
}
