/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures read between their pixels, at places that another tensor holds: GridSample (Jaderberg et al., Spatial Transformer
 * Networks, 2015) and RoiAlign (He et al., Mask R-CNN, 2017; averages). Planes are [height, width] of float32, weights are in
 * double. Oracle: the official ONNX cases. */
#include <math.h>
#include <string.h>

#include "nn/op.h"

/* -- GridSample -- */

enum sample_mode { BILINEAR, NEAREST, BICUBIC };
enum sample_edge { ZEROS, BORDER, REFLECTION };

struct sampling {
    enum sample_mode mode;
    enum sample_edge edge;
    bool corners; /* -1 and 1 are the middles of the outermost pixels, not their outer edges */
    int64_t height, width;
};

/* The place of text among the words; LK_E_FORMAT when it is none of them. */
static lk_status choose(struct op_call *c, const char *name, const char *const *words,
                        int32_t *out) {
    const char *text = op_text(c, name, words[0]);
    for (int32_t i = 0; words[i]; i++) {
        if (strcmp(words[i], text) == 0) {
            *out = i;
            return LK_OK;
        }
    }
    return op_unsupported(c, "%s %.40s", name, text);
}

static lk_status sampling_of(struct sampling *s, struct op_call *c) {
    static const char *const modes[] = {"bilinear", "nearest", "bicubic", NULL};
    static const char *const late_modes[] = {"linear", "nearest", "cubic", NULL};
    static const char *const edges[] = {"zeros", "border", "reflection", NULL};
    const struct tensor *x = c->inputs[0];
    int32_t mode = 0, edge = 0;
    lk_status status = choose(c, "mode", c->opset < 20 ? modes : late_modes, &mode);
    if (status == LK_OK) {
        status = choose(c, "padding_mode", edges, &edge);
    }
    *s = (struct sampling){(enum sample_mode)mode, (enum sample_edge)edge,
                           op_int(c, "align_corners", 0) != 0, x->dims[2], x->dims[3]};
    return status;
}

static lk_status grid_shape(struct op_call *c) {
    const struct tensor *x = c->inputs[0], *grid = c->inputs[1];
    struct sampling s;
    lk_status status = op_need_f32(c, 0);
    if (status == LK_OK) {
        status = op_need_f32(c, 1);
    }
    if (status == LK_OK && x->rank != 4) {
        status = op_unsupported(c, "an input of %d dimensions", (int)x->rank);
    }
    if (status == LK_OK) {
        status = sampling_of(&s, c);
    }
    if (status != LK_OK) {
        return status;
    }
    if (grid->rank != 4 || grid->dims[0] != x->dims[0] || grid->dims[3] != 2 || s.height < 1 ||
        s.width < 1) {
        return op_wrong(c, "the grid does not fit the input");
    }
    c->outputs[0] =
        tensor_of(TENSOR_F32, 4, (int64_t[]){x->dims[0], x->dims[1], grid->dims[1], grid->dims[2]});
    return LK_OK;
}

/* Mirrors a place at the picture's edges, at the middles of the outermost pixels or half a pixel further out. */
static double reflect(double at, int64_t size, bool corners) {
    double low = corners ? 0 : -0.5, span = (double)size - (corners ? 1 : 0);
    if (span <= 0) {
        return 0;
    }
    double far = fmod(fabs(at - low), 2 * span);
    return low + (far > span ? 2 * span - far : far);
}

/* A place brought into the picture as the edge says; with ZEROS it stays where it is. NaN becomes -1, outside. */
static double settle(const struct sampling *s, double at, int64_t size) {
    at = s->edge == REFLECTION ? reflect(at, size, s->corners) : at;
    if (s->edge != ZEROS) {
        return fmax(0, fmin((double)(size - 1), at));
    }
    return isnan(at) ? -1 : at;
}

/* Pixel (x, y), integers; 0 outside. */
static double pixel(const struct sampling *s, const float *plane, double x, double y) {
    bool inside = x >= 0 && y >= 0 && x < (double)s->width && y < (double)s->height;
    return inside ? (double)plane[(int64_t)y * s->width + (int64_t)x] : 0;
}

/* Weight of the pixel `x` away (Keys 1981), a = -0.75 as the standard has it. */
static double keys(double x) {
    const double a = -0.75;
    x = fabs(x);
    return x <= 1  ? ((a + 2) * x - (a + 3)) * x * x + 1
           : x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a
                   : 0;
}

/* The four by four pixels around; each of them is brought into the picture, not the place itself. */
static double bicubic(const struct sampling *s, const float *plane, double x, double y) {
    double left = floor(x) - 1, top = floor(y) - 1, sum = 0;
    for (int32_t j = 0; j < 4; j++) {
        for (int32_t i = 0; i < 4; i++) {
            double value =
                pixel(s, plane, settle(s, left + i, s->width), settle(s, top + j, s->height));
            sum += keys(x - left - i) * keys(y - top - j) * value;
        }
    }
    return sum;
}

static double sample(const struct sampling *s, const float *plane, double x, double y) {
    if (s->mode == BICUBIC) {
        return isfinite(x) && isfinite(y) ? bicubic(s, plane, x, y) : 0;
    }
    x = settle(s, x, s->width);
    y = settle(s, y, s->height);
    if (s->mode == NEAREST) { /* halves to the even pixel, as rint does */
        return pixel(s, plane, rint(x), rint(y));
    }
    double left = floor(x), top = floor(y), u = x - left, v = y - top;
    bool near = x > -1 && y > -1 && x < (double)s->width && y < (double)s->height;
    return near ? (1 - v) * ((1 - u) * pixel(s, plane, left, top) +
                             u * pixel(s, plane, left + 1, top)) +
                      v * ((1 - u) * pixel(s, plane, left, top + 1) +
                           u * pixel(s, plane, left + 1, top + 1))
                : 0;
}

/* A place of -1..1 in pixels. */
static double in_pixels(double at, int64_t size, bool corners) {
    return corners ? (at + 1) / 2 * (double)(size - 1) : ((at + 1) * (double)size - 1) / 2;
}

static lk_status grid_run(struct op_call *c) {
    const struct tensor *x = c->inputs[0], *grid = c->inputs[1];
    const float *places = grid->data, *from = x->data;
    struct sampling s = {0};
    lk_status status = sampling_of(&s, c);
    float *y = c->outputs[0].data;
    int64_t channels = x->dims[1], each = grid->dims[1] * grid->dims[2];
    for (int64_t i = 0; status == LK_OK && i < tensor_count(&c->outputs[0]); i++) {
        const float *place = places + (i / (channels * each) * each + i % each) * 2;
        const float *plane = from + i / each * s.height * s.width;
        y[i] = (float)sample(&s, plane, in_pixels((double)place[0], s.width, s.corners),
                             in_pixels((double)place[1], s.height, s.corners));
    }
    return status;
}

/* -- RoiAlign: each box is cut into bins, each bin is the average of places between the pixels -- */

/* A bin of more places a side than this is larger than the pictures networks see. */
enum { PLACES_MAX = 1024 };

struct aligning {
    int64_t height, width;         /* of the input */
    int64_t out_height, out_width; /* bins */
    int64_t ratio;                 /* places of a bin, each way; 0: one a pixel */
    double scale;                  /* from the boxes' pixels to the input's */
    double shift;                  /* of pixels whose middles lie at a half */
    double left, top, width_of_bin, height_of_bin;
    int64_t across, down; /* places of a bin */
};

static lk_status aligning_of(struct aligning *a, struct op_call *c) {
    static const char *const modes[] = {"half_pixel", "output_half_pixel", NULL};
    const struct tensor *x = c->inputs[0];
    int32_t half = 1;
    *a = (struct aligning){.height = x->dims[2],
                           .width = x->dims[3],
                           .out_height = op_int(c, "output_height", 1),
                           .out_width = op_int(c, "output_width", 1),
                           .ratio = op_int(c, "sampling_ratio", 0),
                           .scale = (double)op_float(c, "spatial_scale", 1)};
    if (a->out_height < 1 || a->out_width < 1 || a->out_height > INT32_MAX ||
        a->out_width > INT32_MAX || a->ratio < 0 || a->ratio > PLACES_MAX) {
        return op_wrong(c, "an output of %lld x %lld with %lld places a side",
                        (long long)a->out_width, (long long)a->out_height, (long long)a->ratio);
    }
    if (strcmp(op_text(c, "mode", "avg"), "avg") != 0) {
        return op_unsupported(c, "mode %.40s", op_text(c, "mode", "avg"));
    }
    /* Before operator set 16 pixels were not shifted. */
    lk_status status =
        c->opset < 16 ? LK_OK : choose(c, "coordinate_transformation_mode", modes, &half);
    a->shift = half == 0 ? 0.5 : 0;
    return status;
}

static lk_status align_shape(struct op_call *c) {
    static const enum tensor_type whole[] = {TENSOR_I64, TENSOR_NONE};
    const struct tensor *x = c->inputs[0], *boxes = c->inputs[1], *batch = c->inputs[2];
    struct aligning a;
    lk_status status = op_need_f32(c, 0);
    if (status == LK_OK) {
        status = op_need_f32(c, 1);
    }
    if (status == LK_OK) {
        status = op_types(c, 2, whole);
    }
    bool fits = x->rank == 4 && x->dims[2] > 0 && x->dims[3] > 0 && boxes->rank == 2 &&
                boxes->dims[1] == 4 && batch->rank == 1 && batch->dims[0] == boxes->dims[0];
    if (status == LK_OK && !fits) {
        status = op_wrong(c, "the boxes do not fit the input");
    }
    if (status == LK_OK) {
        status = aligning_of(&a, c);
    }
    if (status == LK_OK) {
        c->outputs[0] = tensor_of(
            TENSOR_F32, 4, (int64_t[]){boxes->dims[0], x->dims[1], a.out_height, a.out_width});
    }
    return status;
}

/* Fills in the box x1, y1, x2, y2. */
static lk_status align_box(struct aligning *a, struct op_call *c, const float *box) {
    double across = ((double)box[2] - (double)box[0]) * a->scale;
    double down = ((double)box[3] - (double)box[1]) * a->scale;
    if (a->shift <= 0) { /* as it was before operator set 16: no box is smaller than a pixel */
        across = fmax(across, 1);
        down = fmax(down, 1);
    }
    a->left = (double)box[0] * a->scale - a->shift;
    a->top = (double)box[1] * a->scale - a->shift;
    a->width_of_bin = across / (double)a->out_width;
    a->height_of_bin = down / (double)a->out_height;
    double most = fmax(a->width_of_bin, a->height_of_bin);
    if (!(isfinite(a->left) && isfinite(a->top) && isfinite(across) && isfinite(down)) ||
        (a->ratio == 0 && most > PLACES_MAX)) {
        return op_wrong(c, "a box from %g, %g to %g, %g", (double)box[0], (double)box[1],
                        (double)box[2], (double)box[3]);
    }
    a->across = a->ratio > 0 ? a->ratio : (int64_t)fmax(ceil(a->width_of_bin), 0);
    a->down = a->ratio > 0 ? a->ratio : (int64_t)fmax(ceil(a->height_of_bin), 0);
    return LK_OK;
}

/* Between four pixels. Places up to a pixel outside count as the edge, those beyond as 0. */
static double align_sample(const struct aligning *a, const float *plane, double x, double y) {
    if (!(x >= -1 && y >= -1 && x <= (double)a->width && y <= (double)a->height)) {
        return 0;
    }
    x = fmax(0, fmin((double)(a->width - 1), x));
    y = fmax(0, fmin((double)(a->height - 1), y));
    int64_t left = (int64_t)x, top = (int64_t)y;
    int64_t right = MIN(left + 1, a->width - 1), bottom = MIN(top + 1, a->height - 1);
    double u = x - (double)left, v = y - (double)top;
    const float *upper = plane + top * a->width, *lower = plane + bottom * a->width;
    return (1 - v) * ((1 - u) * (double)upper[left] + u * (double)upper[right]) +
           v * ((1 - u) * (double)lower[left] + u * (double)lower[right]);
}

static double align_bin(const struct aligning *a, const float *plane, int64_t row, int64_t column) {
    double sum = 0;
    for (int64_t j = 0; j < a->down; j++) {
        double y = a->top + a->height_of_bin * ((double)row + ((double)j + 0.5) / (double)a->down);
        bool outside = !(y >= -1 && y <= (double)a->height);
        for (int64_t i = 0; !outside && i < a->across; i++) {
            double x = a->left +
                       a->width_of_bin * ((double)column + ((double)i + 0.5) / (double)a->across);
            sum += align_sample(a, plane, x, y);
        }
    }
    return sum / (double)MAX(a->down * a->across, 1);
}

static lk_status align_run(struct op_call *c) {
    const struct tensor *x = c->inputs[0], *boxes = c->inputs[1];
    const float *from = x->data;
    struct aligning a = {0};
    float *y = c->outputs[0].data;
    lk_status status = aligning_of(&a, c);
    for (int64_t n = 0; status == LK_OK && n < boxes->dims[0]; n++) {
        int64_t picture = tensor_integer(c->inputs[2], n), bins = a.out_height * a.out_width;
        if (picture < 0 || picture >= x->dims[0]) {
            return op_wrong(c, "box %lld of picture %lld", (long long)n, (long long)picture);
        }
        status = align_box(&a, c, (const float *)boxes->data + 4 * n);
        for (int64_t i = 0; status == LK_OK && i < x->dims[1] * bins; i++) {
            const float *plane = from + (picture * x->dims[1] + i / bins) * a.height * a.width;
            *y++ = (float)align_bin(&a, plane, i % bins / a.out_width, i % a.out_width);
        }
    }
    return status;
}

const struct op op_sample[] = {
    {"GridSample", 2, 2, 1, 1, grid_shape, grid_run, NULL},
    {"RoiAlign", 3, 3, 1, 1, align_shape, align_run, NULL},
    OP_END,
};
