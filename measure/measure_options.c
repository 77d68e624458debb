/* SPDX-License-Identifier: Apache-2.0 */
/* The settings of measures: one row each, from which `--set`, the lists and the checks of range come. The defaults stand in
 * lk_measure_options_default. */
#include <likeness/measure.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "base/error.h"

#define FIELD(member) offsetof(lk_measure_options, member)
#define NUMBER(measure, name, member, low, high, help)                                             \
    { measure, name, LK_OPTION_NUMBER, low, high, NULL, help, FIELD(member) }
#define INTEGER(measure, name, member, low, high, help)                                            \
    { measure, name, LK_OPTION_INTEGER, low, high, NULL, help, FIELD(member) }
#define CHOICE(measure, name, member, choices, help)                                               \
    { measure, name, LK_OPTION_CHOICE, 0, 0, choices, help, FIELD(member) }

static const lk_measure_option option_table[] = {
    NUMBER("identity", "rtol", rtol, 0, 1e9, "relative tolerance of allclose"),
    NUMBER("identity", "atol", atol, 0, 1e9, "absolute tolerance of allclose, in levels"),
    INTEGER("block", "grid", block_grid, 1, 256, "cells a side"),
    NUMBER("block", "limit", block_limit, 0, 1, "share of differing cells at which reading stops"),
    NUMBER("edge", "low", edge_low, 0, 1442,
           "gradient an edge goes on with; a step of h has 2.5 h"),
    NUMBER("edge", "high", edge_high, 0, 1442, "gradient an edge begins with"),
    NUMBER("edge", "quantile", edge_quantile, 0.01, 1, "share of edge pixels within `partial`"),
    NUMBER("edge", "reach", edge_reach, 0, 1000, "pixels within which an edge is met"),
    NUMBER("perceptual", "fov", perceptual_fov, 0.1, 179, "degrees of view that the width fills"),
    NUMBER("perceptual", "gamma", perceptual_gamma, 0.1, 10, "of the display"),
    NUMBER("perceptual", "luminance", perceptual_luminance, 1e-3, 1e6, "of its white, cd/m2"),
    NUMBER("perceptual", "colour_factor", perceptual_colour_factor, 0, 1e6,
           "how much colour counts; 0 is not at all"),
    INTEGER("perceptual", "threshold", perceptual_threshold, 0, 2147483647,
            "fewer failed pixels pass"),
    INTEGER("motion", "block", motion_block, 4, 64, "side of a block, pixels"),
    INTEGER("motion", "range", motion_range, 1, 256, "the longest component of a vector, pixels"),
    CHOICE("motion", "search", motion_search, "hexagon|full", "which vectors are tried"),
    CHOICE("motion", "metric", motion_metric, "sad|satd", "of two blocks"),
    CHOICE("motion", "subpel", motion_subpel, "whole|half|quarter", "steps of vectors, pixels"),
    NUMBER("motion", "lambda", motion_lambda, 0, 1e6, "levels a bit of a vector costs"),
    NUMBER("flip", "ppd", flip_ppd, 1, 400, "pixels to a degree of view"),
    INTEGER("wavelet", "coefficients", wavelet_coefficients, 1, 128, "kept a channel"),
    CHOICE("wavelet", "colours", wavelet_colours, "yiq|yuv", "channels of the signature"),
    CHOICE("wavelet", "weights", wavelet_weights, "scanned|painted", "the authors' weights"),
};

lk_measure_options lk_measure_options_default(void) {
    return (lk_measure_options){.wavelet_coefficients = 40,
                                .rtol = 1e-5,
                                .atol = 1e-8,
                                .block_grid = 16,
                                .block_limit = 1,
                                .edge_low = 40,
                                .edge_high = 100,
                                .edge_quantile = 0.9,
                                .edge_reach = 2,
                                .flip_ppd = 0.7 * 3840 / 0.7 * 3.14159265358979323846 / 180,
                                .motion_block = 16,
                                .motion_range = 64,
                                .motion_subpel = 2,
                                .motion_lambda = 5.9,
                                .perceptual_fov = 45,
                                .perceptual_gamma = 2.2,
                                .perceptual_luminance = 100,
                                .perceptual_colour_factor = 1,
                                .perceptual_threshold = 100};
}

size_t lk_measure_option_count(void) {
    return ARRAY_COUNT(option_table);
}

const lk_measure_option *lk_measure_option_at(size_t i) {
    return &option_table[i];
}

/* The row of "MEASURE.NAME", or NULL. */
static const lk_measure_option *option_find(const char *text, size_t length) {
    for (size_t i = 0; i < ARRAY_COUNT(option_table); i++) {
        const lk_measure_option *o = &option_table[i];
        size_t measure = strlen(o->measure), name = strlen(o->name);
        if (length == measure + 1 + name && memcmp(text, o->measure, measure) == 0 &&
            text[measure] == '.' && memcmp(text + measure + 1, o->name, name) == 0) {
            return o;
        }
    }
    return NULL;
}

/* Which of "a|b|c" word is, or -1. */
static int32_t choice_find(const char *choices, const char *word) {
    size_t length = strlen(word);
    for (int32_t i = 0;; i++) {
        size_t one = strcspn(choices, "|");
        if (one == length && memcmp(choices, word, one) == 0) {
            return i;
        }
        if (!choices[one]) {
            return -1;
        }
        choices += one + 1;
    }
}

static lk_status set_choice(int32_t *to, const lk_measure_option *o, const char *word,
                            lk_error *err) {
    int32_t choice = choice_find(o->choices, word);
    if (choice < 0) {
        return error_set(err, LK_E_USAGE, "%s.%s takes one of %s, not %s", o->measure, o->name,
                         o->choices, word);
    }
    *to = choice;
    return LK_OK;
}

lk_status lk_measure_options_set(lk_measure_options *options, const char *text, lk_error *err) {
    size_t length = strcspn(text, "=");
    const lk_measure_option *o = option_find(text, length);
    if (!o || !text[length]) {
        return error_set(err, LK_E_USAGE,
                         "%s: want MEASURE.NAME=VALUE (--list-measures names them)", text);
    }
    void *field = (char *)options + o->offset;
    const char *word = text + length + 1;
    if (o->kind == LK_OPTION_CHOICE) {
        return set_choice(field, o, word, err);
    }
    char *end;
    double value = strtod(word, &end);
    bool is_whole = o->kind == LK_OPTION_NUMBER || value == rint(value);
    if (end == word || *end || !is_whole || !(value >= o->min && value <= o->max)) {
        return error_set(err, LK_E_USAGE, "%s.%s takes %s from %g to %g, not %s", o->measure,
                         o->name, o->kind == LK_OPTION_NUMBER ? "a number" : "a whole number",
                         o->min, o->max, word);
    }
    if (o->kind == LK_OPTION_NUMBER) {
        *(double *)field = value;
    } else {
        *(int32_t *)field = (int32_t)value;
    }
    return LK_OK;
}
