/* SPDX-License-Identifier: Apache-2.0 */
#include "nn/optimiser.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "nn/float_loops.h"

/* Kept for each parameter: the momentum (SGD) or mean and mean square (AdamW) of its gradient; for it and each statistic, its
 * average. */
enum { FIRST, SECOND, AVERAGE, MEMORIES };

struct memory {
    float *parts[MEMORIES]; /* NULL where there is none */
    struct parameter of;
};

struct optimiser {
    struct optimiser_options o;
    struct memory *memories;
    int32_t count;
    const struct parameter *parameters;
    int32_t parameter_count;
    int64_t steps;
};

const char *optimiser_name(enum optimiser_kind kind) {
    static const char *const names[OPTIMISER_KINDS] = {"sgd", "adamw"};
    return names[kind];
}

const char *schedule_name(enum schedule_kind kind) {
    static const char *const names[SCHEDULE_KINDS] = {"constant", "cosine", "steps"};
    return names[kind];
}

void optimiser_free(struct optimiser *o) {
    if (!o) {
        return;
    }
    for (int32_t i = 0; o->memories && i < o->count; i++) {
        for (int32_t k = 0; k < MEMORIES; k++) {
            mem_free(o->memories[i].parts[k]);
        }
    }
    mem_free(o->memories);
    mem_free(o);
}

static lk_status remember(struct optimiser *o, const struct parameter *p, bool moves,
                          lk_error *err) {
    struct memory *m = &o->memories[o->count++];
    const bool wanted[MEMORIES] = {moves, moves && o->o.kind == OPTIMISER_ADAMW, o->o.average > 0};
    m->of = *p;
    for (int32_t k = 0; k < MEMORIES; k++) {
        m->parts[k] = wanted[k] ? mem_calloc((size_t)p->count, sizeof(float)) : NULL;
        if (wanted[k] && !m->parts[k]) {
            return error_memory(err, (size_t)p->count * sizeof(float));
        }
    }
    if (wanted[AVERAGE]) {
        memcpy(m->parts[AVERAGE], p->data, (size_t)p->count * sizeof(float));
    }
    return LK_OK;
}

lk_status optimiser_new(struct optimiser **out, const struct trainer *trainer,
                        const struct optimiser_options *options, lk_error *err) {
    int32_t statistic_count;
    struct optimiser *o = mem_calloc(1, sizeof *o);
    *out = NULL;
    if (!o) {
        return error_memory(err, sizeof *o);
    }
    o->o = *options;
    const struct parameter *statistics = trainer_statistics(trainer, &statistic_count);
    o->parameters = trainer_parameters(trainer, &o->parameter_count);
    size_t count = (size_t)o->parameter_count + (size_t)statistic_count + 1;
    o->memories = mem_calloc(count, sizeof *o->memories);
    lk_status status = o->memories ? LK_OK : error_memory(err, count * sizeof *o->memories);
    for (int32_t i = 0; status == LK_OK && i < o->parameter_count; i++) {
        status = remember(o, &o->parameters[i], true, err);
    }
    for (int32_t i = 0; status == LK_OK && i < statistic_count; i++) {
        status = remember(o, &statistics[i], false, err);
    }
    if (status != LK_OK) {
        optimiser_free(o);
        return status;
    }
    *out = o;
    return LK_OK;
}

static double gradient_length(const struct optimiser *o) {
    double sum = 0;
    for (int32_t i = 0; i < o->parameter_count; i++) {
        const struct parameter *p = &o->parameters[i];
        for (int64_t k = 0; p->gradient && k < p->count; k++) {
            sum += (double)p->gradient[k] * (double)p->gradient[k];
        }
    }
    return sqrt(sum);
}

static void move(struct optimiser *o, const struct parameter *p, struct memory *m, double rate,
                 double scale) {
    float decay = p->is_weight ? (float)o->o.decay : 0;
    if (o->o.kind == OPTIMISER_SGD) {
        const struct sgd_loop loop = {.rate = (float)rate,
                                      .momentum = (float)o->o.momentum,
                                      .decay = decay,
                                      .scale = (float)scale,
                                      .nesterov = o->o.nesterov,
                                      .first = o->steps == 1};
        loops_sgd(p->data, p->gradient, m->parts[FIRST], &loop, p->count);
        return;
    }
    const struct adam_loop loop = {
        .rate = (float)rate,
        .beta1 = (float)o->o.beta1,
        .beta2 = (float)o->o.beta2,
        .gain1 = (float)(1 - o->o.beta1),
        .gain2 = (float)(1 - o->o.beta2),
        .epsilon = (float)o->o.epsilon,
        .decay = decay,
        .scale = (float)scale,
        .correct1 = (float)(1 / (1 - pow(o->o.beta1, (double)o->steps))),
        .correct2 = (float)(1 / (1 - pow(o->o.beta2, (double)o->steps))),
    };
    loops_adam(p->data, p->gradient, m->parts[FIRST], m->parts[SECOND], &loop, p->count);
}

/* The average counts the first steps less, lest the beginning stay in it for long. */
static void move_averages(struct optimiser *o) {
    double keep = fmin(o->o.average, (double)o->steps / ((double)o->steps + 10));
    for (int32_t i = 0; o->o.average > 0 && i < o->count; i++) {
        float *average = o->memories[i].parts[AVERAGE];
        const float *data = o->memories[i].of.data;
        for (int64_t k = 0; k < o->memories[i].of.count; k++) {
            average[k] += (float)(1 - keep) * (data[k] - average[k]);
        }
    }
}

double optimiser_step(struct optimiser *o, double rate) {
    double length = gradient_length(o);
    if (!isfinite(length)) {
        return -1;
    }
    double scale = o->o.clip > 0 && length > o->o.clip ? o->o.clip / length : 1;
    o->steps++;
    for (int32_t i = 0; i < o->parameter_count; i++) {
        if (o->parameters[i].gradient) {
            move(o, &o->parameters[i], &o->memories[i], rate, scale);
        }
    }
    move_averages(o);
    return length;
}

void optimiser_swap(struct optimiser *o) {
    for (int32_t i = 0; o->o.average > 0 && i < o->count; i++) {
        float *average = o->memories[i].parts[AVERAGE], *data = o->memories[i].of.data;
        for (int64_t k = 0; k < o->memories[i].of.count; k++) {
            float kept = data[k];
            data[k] = average[k];
            average[k] = kept;
        }
    }
}

int32_t optimiser_items(const struct optimiser *o) {
    return o->count * MEMORIES;
}

struct optimiser_item optimiser_item(struct optimiser *o, int32_t i) {
    struct memory *m = &o->memories[i / MEMORIES];
    float *part = m->parts[i % MEMORIES];
    return (struct optimiser_item){.data = part, .count = part ? m->of.count : 0};
}

int64_t *optimiser_steps(struct optimiser *o) {
    return &o->steps;
}

double schedule_rate(const struct schedule *s, int64_t step) {
    const double pi = 3.14159265358979323846;
    if (step < s->warmup) {
        return s->rate * (double)(step + 1) / (double)(s->warmup + 1);
    }
    if (s->kind == SCHEDULE_STEPS && s->every > 0) {
        return s->rate * pow(s->factor, (double)(step / s->every));
    }
    if (s->kind == SCHEDULE_COSINE && s->total > s->warmup) {
        double share = (double)(step - s->warmup) / (double)(s->total - s->warmup);
        return s->rate * 0.5 * (1 + cos(pi * fmin(share, 1)));
    }
    return s->rate;
}
