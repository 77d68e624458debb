/* SPDX-License-Identifier: Apache-2.0 */
#include "learn/sampler.h"

#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/rng.h"

struct sampler {
    struct sampler_options o;
    const struct dataset *d;
    const int32_t *samples;
    int32_t count;
    int32_t *order; /* of the epoch that was asked for last: places in samples */
    int64_t ordered;
    int32_t *first, *members; /* samples of class c: members[first[c]] .. members[first[c + 1]] */
};

void sampler_free(struct sampler *s) {
    if (s) {
        mem_free(s->order);
        mem_free(s->first);
        mem_free(s->members);
        mem_free(s);
    }
}

static void group_by_class(struct sampler *s) {
    for (int32_t i = 0; i < s->count; i++) {
        s->first[s->d->labels[s->samples[i]] + 1]++;
    }
    for (int32_t c = 0; c < s->d->classes; c++) {
        s->first[c + 1] += s->first[c];
    }
    int32_t *at =
        s->order; /* free until the first epoch; no more classes than samples have members */
    memcpy(at, s->first, (size_t)s->d->classes * sizeof *at);
    for (int32_t i = 0; i < s->count; i++) {
        s->members[at[s->d->labels[s->samples[i]]]++] = s->samples[i];
    }
}

/* Whether there is anything to tell apart. */
static lk_status check_samples(const struct dataset *d, const int32_t *samples, int32_t count,
                               const struct sampler_options *o, lk_error *err) {
    if (count < o->groups) {
        return error_set(err, LK_E_USAGE,
                         "%d pictures to learn from, and a step takes %d of them: a batch may have "
                         "%d views at most",
                         (int)count, (int)o->groups, (int)(count * o->group_size));
    }
    int32_t other = 1;
    while (other < count && d->labels[samples[other]] == d->labels[samples[0]]) {
        other++;
    }
    if (!o->instances && other >= count) {
        return error_set(err, LK_E_USAGE,
                         "all %d pictures to learn from are of one class: nothing is to be told "
                         "apart (or is each picture its own?)",
                         (int)count);
    }
    return LK_OK;
}

lk_status sampler_new(struct sampler **out, const struct dataset *d, const int32_t *samples,
                      int32_t count, const struct sampler_options *options, lk_error *err) {
    *out = NULL;
    lk_status status = check_samples(d, samples, count, options, err);
    if (status != LK_OK) {
        return status;
    }
    struct sampler *s = mem_calloc(1, sizeof *s);
    if (!s) {
        return error_memory(err, sizeof *s);
    }
    *s = (struct sampler){.o = *options, .d = d, .samples = samples, .count = count, .ordered = -1};
    size_t most = (size_t)MAX(count, d->classes);
    s->order = mem_calloc(most, sizeof *s->order);
    s->first = mem_calloc((size_t)d->classes + 1, sizeof *s->first);
    s->members = mem_calloc((size_t)count, sizeof *s->members);
    if (!s->order || !s->first || !s->members) {
        sampler_free(s);
        return error_memory(err, most * sizeof *s->order);
    }
    group_by_class(s);
    *out = s;
    return LK_OK;
}

int64_t sampler_epoch(const struct sampler *s) {
    return s->count / s->o.groups;
}

/* One stream of numbers for each use: two counters and the seed, mixed by the generator's own seeding. */
static void rng_at(struct rng *r, uint64_t seed, uint64_t stream, uint64_t at) {
    rng_init(r, seed ^ (stream << 56));
    rng_init(r, rng_next(r) + at);
}

static void shuffle(struct sampler *s, int64_t epoch) {
    struct rng r;
    rng_at(&r, s->o.seed, 1, (uint64_t)epoch);
    for (int32_t i = 0; i < s->count; i++) {
        s->order[i] = i;
    }
    for (int32_t i = s->count - 1; i > 0; i--) {
        int32_t k = (int32_t)rng_below(&r, (uint32_t)i + 1), kept = s->order[i];
        s->order[i] = s->order[k];
        s->order[k] = kept;
    }
    s->ordered = epoch;
}

/* Another sample of the class than `sample`, or the same where it is alone. */
static int32_t partner(const struct sampler *s, int32_t sample, struct rng *r) {
    int32_t label = s->d->labels[sample];
    int32_t from = s->first[label], size = s->first[label + 1] - from;
    if (s->o.instances || size < 2) {
        return sample;
    }
    int32_t k = (int32_t)rng_below(r, (uint32_t)size - 1);
    int32_t found = s->members[from + k];
    return found == sample ? s->members[from + size - 1] : found;
}

/* Whether the picture of view i stands in front of it in its group as it is already: the two would be the same. */
static bool is_shown(const struct view *views, int32_t from, int32_t i) {
    for (int32_t k = from; k < i; k++) {
        if (views[k].sample == views[i].sample && views[k].difficulty < 0) {
            return true;
        }
    }
    return false;
}

void sampler_plan(void *arg, int64_t step, struct view *views, int32_t count) {
    struct sampler *s = arg;
    int64_t steps = sampler_epoch(s), epoch = step / steps;
    struct rng r;
    if (s->ordered != epoch) {
        shuffle(s, epoch);
    }
    rng_at(&r, s->o.seed, 2, (uint64_t)step);
    for (int32_t i = 0; i < count; i++) {
        int32_t group = i / s->o.group_size;
        int32_t sample = s->samples[s->order[step % steps * s->o.groups + group]];
        bool first = i % s->o.group_size == 0;
        bool clean = rng_unit(&r) < s->o.clean;
        /* One draw a statement: the order of draws is part of what a seed means. */
        views[i].sample = first ? sample : partner(s, sample, &r);
        views[i].label = s->o.instances ? sample : s->d->labels[sample];
        views[i].seed = rng_next(&r);
        views[i].difficulty = rng_unit(&r) * s->o.difficulty;
        clean = clean && !is_shown(views, i - i % s->o.group_size, i);
        views[i].difficulty = clean ? -1 : views[i].difficulty;
        views[i].mirrored = s->o.mirror > 0 && rng_unit(&r) < s->o.mirror;
    }
}
