/* SPDX-License-Identifier: Apache-2.0 */
/* The table of measures. Adding one is one file with a `const struct measure measure_NAME` and one row in measure.c.
 *
 * A measure knows two views and nothing of files, stores or verdicts. */
#ifndef LK_MEASURE_H
#define LK_MEASURE_H

#include <likeness/measure.h>

#include "measure/view.h"

struct measure_input {
    lk_engine *engine;
    struct view *a, *b; /* the reference and the photo */
    const lk_measure_options *options;
};

struct measure {
    lk_measure_info info;
    bool any_size; /* works on pictures of different sizes (hashes, histograms, keypoints) */
    /* In a comparison, runs on the photo as it came, scaled to the size of the reference unless any_size, rather than on the
     * aligned one: what asks how the photo was moved. */
    bool on_original;
    /* Fills value, score and details (map and picture too if options->want_maps); out->info is set already. */
    lk_status (*run)(lk_measure_result *out, const struct measure_input *in, lk_error *err);
};

/* NULL when there is none of that name; accepts "ssim" and "ssim@1". */
const struct measure *measure_find(const char *name);
const struct measure *measure_at(size_t i);

/* Runs one row on two views, checking sizes first; NaN in value or score is an error, not a result. */
LK_MUST_CHECK lk_status measure_run(lk_measure_result *out, const struct measure *m,
                                    const struct measure_input *in, lk_error *err);

/* Further figures, in the order they are to be shown. key is static text. More than LK_DETAILS_MAX is a bug. */
void measure_detail_number(lk_measure_result *out, const char *key, double value);
void measure_detail_int(lk_measure_result *out, const char *key, int64_t value);
void measure_detail_bool(lk_measure_result *out, const char *key, bool value);
void measure_detail_text(lk_measure_result *out, const char *key, const char *text);
void measure_detail_numbers(lk_measure_result *out, const char *key, const double *values,
                            int32_t count);

#endif
