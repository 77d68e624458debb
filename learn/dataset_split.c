/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/rng.h"
#include "learn/dataset.h"

/* A class of this many pictures is divided, so that two or more are on either side. */
enum { DIVIDED = 4 };

void dataset_split_release(struct dataset_split *split) {
    mem_free(split->train);
    mem_free(split->validation);
    *split = (struct dataset_split){0};
}

/* Marks `chosen` of the count items, each as likely as the others (Fisher and Yates). items is reordered. */
static void choose(bool *marks, int32_t *items, int32_t count, int32_t chosen, struct rng *r) {
    for (int32_t i = 0; i < chosen; i++) {
        int32_t at = i + (int32_t)rng_below(r, (uint32_t)(count - i)), item = items[at];
        items[at] = items[i];
        items[i] = item;
        marks[item] = true;
    }
}

/* Room for choosing. */
struct choice {
    bool *sample; /* a sample each: it is for validation */
    bool *class;  /* a class each: it is, as a whole */
    int32_t *items;
    int32_t *starts; /* where the samples of each class begin in by_class */
    int32_t *by_class;
};

static void choice_release(struct choice *c) {
    mem_free(c->sample);
    mem_free(c->class);
    mem_free(c->items);
    mem_free(c->starts);
    mem_free(c->by_class);
}

static lk_status choice_new(struct choice *c, const struct dataset *d, lk_error *err) {
    size_t n = (size_t)d->count, classes = (size_t)d->classes;
    *c = (struct choice){mem_calloc(n, sizeof *c->sample), mem_calloc(classes, sizeof *c->class),
                         mem_alloc(classes, sizeof *c->items),
                         mem_calloc(classes + 1, sizeof *c->starts),
                         mem_alloc(n, sizeof *c->by_class)};
    if (!c->sample || !c->class || !c->items || !c->starts || !c->by_class) {
        choice_release(c);
        return error_memory(err, n * sizeof *c->by_class);
    }
    return LK_OK;
}

/* Lists the samples class by class; within a class they keep their order. */
static void group(struct choice *c, const struct dataset *d) {
    for (int32_t i = 0; i < d->classes; i++) {
        c->starts[i + 1] = c->starts[i] + d->sizes[i];
        c->items[i] = c->starts[i];
    }
    for (int32_t i = 0; i < d->count; i++) {
        c->by_class[c->items[d->labels[i]]++] = i;
    }
}

/* Of large classes some samples, of small ones some classes. */
static void divide(struct choice *c, const struct dataset *d, double share, struct rng *r) {
    int32_t small = 0;
    for (int32_t i = 0; i < d->classes; i++) {
        int32_t n = d->sizes[i];
        if (n >= DIVIDED) {
            int32_t chosen = MIN(MAX((int32_t)lround(n * share), 2), n - 2);
            choose(c->sample, c->by_class + c->starts[i], n, chosen, r);
        } else {
            c->items[small++] = i;
        }
    }
    int32_t chosen = MAX((int32_t)lround(small * share), small > 1);
    choose(c->class, c->items, small, chosen, r);
    for (int32_t i = 0; i < d->count; i++) {
        c->sample[i] = c->sample[i] || c->class[d->labels[i]];
    }
}

static lk_status fill(struct dataset_split *out, const struct dataset *d, const bool *validation,
                      lk_error *err) {
    out->train = mem_alloc((size_t)d->count, sizeof *out->train);
    out->validation = mem_alloc((size_t)d->count, sizeof *out->validation);
    if (!out->train || !out->validation) {
        return error_memory(err, (size_t)d->count * sizeof *out->train);
    }
    for (int32_t i = 0; i < d->count; i++) {
        if (validation[i]) {
            out->validation[out->validation_count++] = i;
        } else {
            out->train[out->train_count++] = i;
        }
    }
    return LK_OK;
}

lk_status dataset_split(struct dataset_split *out, const struct dataset *d, double share,
                        uint64_t seed, lk_error *err) {
    struct choice c;
    struct rng r;
    *out = (struct dataset_split){0};
    if (!(share >= 0 && share <= 0.9)) {
        return error_set(err, LK_E_USAGE, "a share of %g for validation; 0 to 0.9", share);
    }
    lk_status status = choice_new(&c, d, err);
    if (status != LK_OK) {
        return status;
    }
    rng_init(&r, seed);
    group(&c, d);
    if (share > 0) {
        divide(&c, d, share, &r);
    }
    status = fill(out, d, c.sample, err);
    choice_release(&c);
    if (status == LK_OK && (out->train_count == 0 || (share > 0 && out->validation_count == 0))) {
        status = error_set(err, LK_E_USAGE, "%d pictures in %d classes: too few to divide",
                           (int)d->count, (int)d->classes);
    }
    if (status != LK_OK) {
        dataset_split_release(out);
    }
    return status;
}
