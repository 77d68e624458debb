/* SPDX-License-Identifier: Apache-2.0 */
/* Which samples a step sees, and how: groups of views that are positives of each other. A step's views depend on seed and step
 * alone. */
#ifndef LK_SAMPLER_H
#define LK_SAMPLER_H

#include "learn/pictures.h"

struct sampler_options {
    int32_t groups;     /* a step */
    int32_t group_size; /* views of a group */
    bool instances;     /* a group's views are of one sample; else of samples of one class */
    double difficulty;  /* of photos, at most */
    double clean;  /* share of views that are the picture as it is; in a group each picture once */
    double mirror; /* share of views that are left-right reversed */
    uint64_t seed;
};

struct sampler;
/* samples: those to learn from, places in d; borrowed, as d. LK_E_USAGE when there are fewer than groups, or all of one class. */
MUST_CHECK lk_status sampler_new(struct sampler **out, const struct dataset *d,
                                 const int32_t *samples, int32_t count,
                                 const struct sampler_options *options, lk_error *err);
void sampler_free(struct sampler *s);

/* Steps until each sample was the first of a group once. */
int64_t sampler_epoch(const struct sampler *s);
/* For struct batches_options. */
plan_views sampler_plan;

#endif
