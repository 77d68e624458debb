/* SPDX-License-Identifier: Apache-2.0 */
/* The course of a training as a page of HTML: loss, recall, learning rate and speed against epochs. */
#ifndef LK_CURVE_H
#define LK_CURVE_H

#include <likeness/status.h>

#include "base/compiler.h"

/* What is known at one moment; NAN for what is not. */
struct curve_point {
    double epoch; /* 2.5: half of the third is done; not below that of the point in front */
    double loss, validation_loss;
    double recall1, recall5, recall10; /* 0..1 */
    double learning_rate;
    double images_per_s;
};

struct curve_fact {
    const char *name, *value;
};

struct curve_page {
    const char *title;              /* "caps.onnx, triplet" */
    const struct curve_fact *facts; /* data, seed, settings; shown as a list */
    size_t fact_count;
    const struct curve_point *points;
    size_t point_count;
};

/* Writes one page that needs nothing else: inline SVG, light and dark, for print, a table of the numbers. Of more than 600 points,
 * a line shows means of neighbours, and the table every n-th; the page says so. A number that is not finite is passed over.
 * LK_E_MEMORY; LK_E_LIMIT above 16 MiB. */
MUST_CHECK lk_status curve_html(lk_bytes *out, const struct curve_page *page, lk_error *err);

#endif
