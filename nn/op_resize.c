/* SPDX-License-Identifier: Apache-2.0 */
/* Resize and Upsample: nearest, linear, cubic (Keys 1981), one dimension after the other, as the ONNX operator Resize defines
 * coordinates, roundings and edges. */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "nn/op.h"

enum resize_mode { NEAREST, LINEAR, CUBIC };
enum coordinates { HALF_PIXEL, SYMMETRIC, ASYMMETRIC, PYTORCH, ALIGN_CORNERS, TF_NEAREST, CROP };
enum rounding { PREFER_FLOOR, PREFER_CEIL, FLOOR, CEIL };
enum aspect { STRETCH, NOT_LARGER, NOT_SMALLER };

struct resizing {
    enum resize_mode mode;
    enum coordinates coordinates;
    enum rounding rounding;
    enum aspect aspect;
    double scales[TENSOR_DIMS];
    int64_t sizes[TENSOR_DIMS];
    double begin[TENSOR_DIMS], end[TENSOR_DIMS]; /* CROP: the part of the input, 0..1 */
    double a;                                    /* of the cubic */
    double outside;                              /* CROP: value of what lies outside */
    bool exclude;                                /* CUBIC: leave out what lies outside */
};

struct word {
    const char *text;
    int value;
};

static lk_status choose(struct op_call *c, const char *name, const char *otherwise,
                        const struct word *words, int *out) {
    const char *text = op_text(c, name, otherwise);
    for (; words->text; words++) {
        if (strcmp(words->text, text) == 0) {
            *out = words->value;
            return LK_OK;
        }
    }
    return op_unsupported(c, "%s %.40s", name, text);
}

static lk_status read_words(struct resizing *r, struct op_call *c) {
    static const struct word modes[] = {
        {"nearest", NEAREST}, {"linear", LINEAR}, {"cubic", CUBIC}, {NULL, 0}};
    static const struct word places[] = {
        {"half_pixel", HALF_PIXEL},      {"half_pixel_symmetric", SYMMETRIC},
        {"asymmetric", ASYMMETRIC},      {"tf_half_pixel_for_nn", TF_NEAREST},
        {"pytorch_half_pixel", PYTORCH}, {"align_corners", ALIGN_CORNERS},
        {"tf_crop_and_resize", CROP},    {NULL, 0}};
    static const struct word roundings[] = {{"round_prefer_floor", PREFER_FLOOR},
                                            {"round_prefer_ceil", PREFER_CEIL},
                                            {"floor", FLOOR},
                                            {"ceil", CEIL},
                                            {NULL, 0}};
    static const struct word aspects[] = {
        {"stretch", STRETCH}, {"not_larger", NOT_LARGER}, {"not_smaller", NOT_SMALLER}, {NULL, 0}};
    /* Upsample, and Resize of operator set 10, know neither: they are asymmetric and round down. */
    bool old = c->opset < 11 || strcmp(c->node->op->name, "Upsample") == 0;
    int mode = 0, place = 0, rounding = 0, aspect = 0;
    lk_status status = choose(c, "mode", "nearest", modes, &mode);
    if (status == LK_OK) {
        status = choose(c, "coordinate_transformation_mode", old ? "asymmetric" : "half_pixel",
                        places, &place);
    }
    if (status == LK_OK) {
        status =
            choose(c, "nearest_mode", old ? "floor" : "round_prefer_floor", roundings, &rounding);
    }
    if (status == LK_OK) {
        status = choose(c, "keep_aspect_ratio_policy", "stretch", aspects, &aspect);
    }
    r->mode = (enum resize_mode)mode;
    r->coordinates = (enum coordinates)place;
    r->rounding = (enum rounding)rounding;
    r->aspect = (enum aspect)aspect;
    r->a = (double)op_float(c, "cubic_coeff_a", -0.75f);
    r->outside = (double)op_float(c, "extrapolation_value", 0);
    r->exclude = op_int(c, "exclude_outside", 0) != 0;
    return status;
}

/* The dimensions that scales, sizes and the region list: those that axes names, from operator set 18 on, or all. */
struct listed {
    int32_t count;
    int32_t axes[TENSOR_DIMS];
};

static lk_status listed_of(struct listed *l, struct op_call *c) {
    int32_t count, rank = c->inputs[0]->rank;
    const int64_t *axes = c->opset >= 18 ? op_ints(c, "axes", &count) : NULL;
    bool seen[TENSOR_DIMS] = {false};
    l->count = axes ? count : rank;
    if (l->count > rank) {
        return op_wrong(c, "%d axes of %d dimensions", (int)l->count, (int)rank);
    }
    for (int32_t i = 0; i < l->count; i++) {
        lk_status status = op_axis(c, axes ? axes[i] : i, rank, &l->axes[i]);
        if (status != LK_OK) {
            return status;
        }
        if (seen[l->axes[i]]) {
            return op_wrong(c, "axis %d is named twice", (int)l->axes[i]);
        }
        seen[l->axes[i]] = true;
    }
    return LK_OK;
}

/* A constant with a number for each of the dimensions listed, at most two lists of them: out[0..] and out[TENSOR_DIMS..] by
 * dimension. *there is false when it is left out or empty. */
static lk_status numbers_of(struct op_call *c, int32_t i, const struct listed *l, int32_t lists,
                            double *out, bool *there) {
    static const enum tensor_type types[] = {TENSOR_F32, TENSOR_I64, TENSOR_F64, TENSOR_NONE};
    const struct tensor *t = op_input(c, i);
    *there = t && tensor_count(t) > 0;
    if (!*there) {
        return LK_OK;
    }
    lk_status status = op_constant(c, i, &t);
    if (status == LK_OK) {
        status = op_types(c, i, types);
    }
    if (status == LK_OK && tensor_count(t) != lists * l->count) {
        status = op_wrong(c, "input %d has %lld numbers, not %lld", (int)i,
                          (long long)tensor_count(t), (long long)lists * l->count);
    }
    for (int32_t k = 0; status == LK_OK && k < lists * l->count; k++) {
        out[l->axes[k % l->count] + (k < l->count ? 0 : TENSOR_DIMS)] = tensor_number(t, k);
    }
    return status;
}

/* One scale for all dimensions listed: the smallest or largest of theirs. */
static void keep_aspect(struct resizing *r, const struct tensor *x, const struct listed *l,
                        double *sizes) {
    double scale = 0;
    for (int32_t i = 0; i < l->count; i++) {
        double own = sizes[l->axes[i]] / (double)x->dims[l->axes[i]];
        bool better = r->aspect == NOT_LARGER ? own < scale : own > scale;
        scale = i == 0 || better ? own : scale;
    }
    for (int32_t i = 0; i < l->count; i++) {
        int32_t d = l->axes[i];
        r->scales[d] = scale;
        sizes[d] = floor(scale * (double)x->dims[d] + 0.5); /* halves up, as the standard rounds */
    }
}

/* Sizes from scales, or scales from sizes. */
static void settle_size(struct resizing *r, const struct tensor *x, int32_t d, bool sized,
                        double *size) {
    double in = (double)x->dims[d], part = r->coordinates == CROP ? r->end[d] - r->begin[d] : 1;
    if (!sized) {
        *size = floor(in * r->scales[d] * part);
    } else if (r->aspect == STRETCH) {
        r->scales[d] = in > 0 ? *size / in : 1;
    }
}

static lk_status read_sizes(struct resizing *r, struct op_call *c) {
    const struct tensor *x = c->inputs[0];
    bool modern = c->opset >= 11 && strcmp(c->node->op->name, "Upsample") != 0;
    bool scaled = false, sized = false, cropped = false;
    double sizes[TENSOR_DIMS], region[2 * TENSOR_DIMS];
    struct listed l;
    for (int32_t d = 0; d < TENSOR_DIMS; d++) {
        r->scales[d] = 1;
        region[d] = 0;
        region[d + TENSOR_DIMS] = 1;
        sizes[d] = d < x->rank ? (double)x->dims[d] : 0;
    }
    lk_status status = listed_of(&l, c);
    if (status == LK_OK) {
        status = numbers_of(c, modern ? 2 : 1, &l, 1, r->scales, &scaled);
    }
    if (status == LK_OK && modern) {
        status = numbers_of(c, 3, &l, 1, sizes, &sized);
    }
    if (status == LK_OK && modern && r->coordinates == CROP) {
        status = numbers_of(c, 1, &l, 2, region, &cropped);
    }
    if (status == LK_OK && (scaled == sized || (r->coordinates == CROP && !cropped))) {
        status = op_unsupported(c, "neither or both of scales and sizes, or no region");
    }
    if (status == LK_OK && sized && r->aspect != STRETCH) {
        keep_aspect(r, x, &l, sizes);
    }
    for (int32_t d = 0; status == LK_OK && d < x->rank; d++) {
        r->begin[d] = region[d];
        r->end[d] = region[d + TENSOR_DIMS];
        settle_size(r, x, d, sized, &sizes[d]);
        if (!(sizes[d] >= 0 && sizes[d] < 0x1p31)) {
            return op_wrong(c, "dimension %d is to be %g", (int)d, sizes[d]);
        }
        r->sizes[d] = (int64_t)sizes[d];
    }
    return status;
}

static lk_status resizing_of(struct resizing *r, struct op_call *c) {
    lk_status status = read_words(r, c);
    return status == LK_OK ? read_sizes(r, c) : status;
}

static lk_status resize_shape(struct op_call *c) {
    static const enum tensor_type types[] = {TENSOR_F32, TENSOR_U8, TENSOR_I8, TENSOR_NONE};
    const struct tensor *x = c->inputs[0];
    struct resizing r = {0};
    lk_status status = op_types(c, 0, types);
    if (status == LK_OK) {
        status = resizing_of(&r, c);
    }
    bool moves = r.mode == NEAREST && r.coordinates != CROP;
    if (status == LK_OK && !moves && x->type != TENSOR_F32) {
        status = op_unsupported(c, "integers between pixels");
    }
    for (int32_t i = 0; status == LK_OK && i < x->rank; i++) {
        if (x->dims[i] < 1 && r.sizes[i] > 0) {
            status = op_wrong(c, "an empty input");
        }
        if (r.mode != NEAREST && r.scales[i] < 1 && op_int(c, "antialias", 0) != 0) {
            status = op_unsupported(c, "antialias");
        }
    }
    c->outputs[0] = tensor_of(x->type, x->rank, r.sizes);
    return status;
}

/* Where pixel i of the output lies in the input, along one dimension. */
static double place(const struct resizing *r, int32_t d, int64_t i, int64_t in) {
    /* The standard counts the output's pixels before it rounds them down. */
    double scale = r->scales[d], size = (double)in, at = (double)i, out = scale * size;
    switch (r->coordinates) {
    case ASYMMETRIC: return at / scale;
    case SYMMETRIC: return size / 2 * (1 - (double)r->sizes[d] / out) + (at + 0.5) / scale - 0.5;
    case TF_NEAREST: return (at + 0.5) / scale;
    case PYTORCH: return out > 1 ? (at + 0.5) / scale - 0.5 : 0;
    case ALIGN_CORNERS: return out > 1 ? at * (size - 1) / (out - 1) : 0;
    case CROP:
        return out > 1 ? r->begin[d] * (size - 1) +
                             at * (r->end[d] - r->begin[d]) * (size - 1) / (out - 1)
                       : 0.5 * (r->begin[d] + r->end[d]) * (size - 1);
    default: return (at + 0.5) / scale - 0.5;
    }
}

enum { TAPS = 4 };

/* The pixels of the input that make one of the output, and how much of each. */
struct taps {
    int64_t from[TAPS];
    double weight[TAPS];
    int32_t count;
    bool outside;
};

static double round_place(double x, enum rounding rounding) {
    switch (rounding) {
    case FLOOR: return floor(x);
    case CEIL: return ceil(x);
    case PREFER_CEIL: return floor(x + 0.5);
    default: return ceil(x - 0.5);
    }
}

static double keys(double x, double a) {
    x = fabs(x);
    return x <= 1  ? ((a + 2) * x - (a + 3)) * x * x + 1
           : x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a
                   : 0;
}

static struct taps taps_at(const struct resizing *r, double x, int64_t in) {
    struct taps t = {.count = r->mode == NEAREST ? 1 : r->mode == LINEAR ? 2 : 4};
    double base = r->mode == NEAREST ? round_place(x, r->rounding) : floor(x), sum = 0;
    t.outside = r->coordinates == CROP && (x < 0 || x > (double)(in - 1));
    for (int32_t k = 0; k < t.count; k++) {
        double at = base + k - (r->mode == CUBIC ? 1 : 0);
        double w = r->mode == NEAREST  ? 1
                   : r->mode == LINEAR ? 1 - fabs(x - at)
                                       : keys(x - at, r->a);
        bool beyond = at < 0 || at > (double)(in - 1);
        t.weight[k] = r->mode == CUBIC && r->exclude && beyond ? 0 : w;
        t.from[k] = (int64_t)fmax(0, fmin((double)(in - 1), at));
        sum += t.weight[k];
    }
    for (int32_t k = 0; r->exclude && k < t.count; k++) {
        t.weight[k] /= sum;
    }
    return t;
}

/* Resizes dimension d of x, [outer, in, inner], into y. */
static void resize_one(float *y, const float *x, const struct resizing *r, int32_t d, int64_t outer,
                       int64_t in, int64_t inner) {
    int64_t out = r->sizes[d];
    for (int64_t i = 0; i < out; i++) {
        struct taps t = taps_at(r, place(r, d, i, in), in);
        for (int64_t o = 0; o < outer; o++) {
            for (int64_t k = 0; k < inner; k++) {
                double sum = 0;
                for (int32_t n = 0; n < t.count; n++) {
                    sum += t.weight[n] * (double)x[(o * in + t.from[n]) * inner + k];
                }
                y[(o * out + i) * inner + k] = (float)(t.outside ? r->outside : sum);
            }
        }
    }
}

/* One dimension of *now, which is replaced. */
static lk_status resize_step(struct tensor *now, const struct resizing *r, int32_t d,
                             lk_error *err) {
    struct tensor next = tensor_of(TENSOR_F32, now->rank, now->dims);
    int64_t outer = 1, inner = 1;
    for (int32_t i = 0; i < now->rank; i++) {
        outer *= i < d ? now->dims[i] : 1;
        inner *= i > d ? now->dims[i] : 1;
    }
    next.dims[d] = r->sizes[d];
    lk_status status = tensor_alloc(&next, err);
    if (status == LK_OK) {
        resize_one(next.data, now->data, r, d, outer, now->dims[d], inner);
        tensor_release(now);
        *now = next;
    }
    return status;
}

/* Dimensions that stay as they are cost nothing. Those that shrink come first, so that nothing between is larger than both the
 * input and the output, whose sizes have been checked. */
static lk_status resize_all(struct op_call *c, const struct resizing *r) {
    const struct tensor *x = c->inputs[0];
    struct tensor now;
    lk_status status = tensor_copy(&now, x, c->err);
    for (int32_t i = 0; status == LK_OK && i < 2 * x->rank; i++) {
        int32_t d = i % x->rank;
        bool still = r->sizes[d] == x->dims[d] && r->scales[d] >= 1 && r->scales[d] <= 1 &&
                     r->coordinates != CROP;
        if (!still && (r->sizes[d] < x->dims[d]) == (i < x->rank)) {
            status = resize_step(&now, r, d, c->err);
        }
    }
    if (status == LK_OK && tensor_bytes(&now) > 0) {
        memcpy(c->outputs[0].data, now.data, tensor_bytes(&now));
    }
    tensor_release(&now);
    return status;
}

/* Nearest moves elements, whatever their type. */
static void move_nearest(struct op_call *c, const struct resizing *r) {
    const struct tensor *x = c->inputs[0];
    struct tensor *y = &c->outputs[0];
    size_t size = tensor_type_size(x->type);
    int64_t strides[TENSOR_DIMS];
    tensor_strides(x, strides);
    for (int64_t i = 0; i < tensor_count(y); i++) {
        int64_t rest = i, from = 0;
        for (int32_t d = y->rank - 1; d >= 0; d--) {
            double at = place(r, d, rest % y->dims[d], x->dims[d]);
            from += taps_at(r, at, x->dims[d]).from[0] * strides[d];
            rest /= y->dims[d];
        }
        memcpy((uint8_t *)y->data + (size_t)i * size,
               (const uint8_t *)x->data + (size_t)from * size, size);
    }
}

static lk_status resize_run(struct op_call *c) {
    struct resizing r = {0};
    lk_status status = resizing_of(&r, c);
    if (status == LK_OK && r.mode == NEAREST && r.coordinates != CROP) {
        move_nearest(c, &r);
    } else if (status == LK_OK) {
        status = resize_all(c, &r);
    }
    return status;
}

const struct op op_resize[] = {
    {"Resize", 1, 4, 1, 1, resize_shape, resize_run, NULL},
    {"Upsample", 2, 2, 1, 1, resize_shape, resize_run, NULL},
    OP_END,
};
