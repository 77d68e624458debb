/* SPDX-License-Identifier: Apache-2.0 */
#include <likeness/record.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"

enum { EMBEDDING_VERSION = 1 };

static lk_derived_key key_of(const char *model) {
    return (lk_derived_key){"embedding", EMBEDDING_VERSION, model};
}

/* The picture's embedding, brought to length 1. */
static lk_status embed(float **out, lk_model *model, const lk_image *picture, lk_error *err) {
    int32_t dim = lk_model_dim(model);
    double squares = 0;
    *out = mem_calloc((size_t)dim + 1, sizeof **out);
    if (!*out) {
        return error_memory(err, (size_t)dim * sizeof **out);
    }
    lk_model_output output = {.embedding = *out};
    lk_status status = lk_model_run(model, &output, &picture, 1, err);
    for (int32_t i = 0; i < dim; i++) {
        squares += (double)(*out)[i] * (double)(*out)[i];
    }
    for (int32_t i = 0; squares > 0 && i < dim; i++) {
        (*out)[i] = (float)((double)(*out)[i] / sqrt(squares));
    }
    return status;
}

static void star_of(lk_star *out, const lk_quality *q) {
    *out = (lk_star){.known = true, .value = q->stars / 5.0};
    out->reason_count = MIN(q->reason_count, LK_STAR_REASONS_MAX);
    for (int32_t i = 0; i < out->reason_count; i++) {
        snprintf(out->reasons[i], sizeof out->reasons[i], "%s", q->reasons[i]);
    }
}

lk_status lk_reference_facts_make(lk_reference_facts *out, lk_engine *engine, lk_model *model,
                                  const lk_image *picture, lk_error *err) {
    lk_quality quality;
    *out = (lk_reference_facts){0};
    lk_status status = lk_quality_measure(&quality, engine, picture, err);
    status = status == LK_OK ? embed(&out->vector, model, picture, err) : status;
    if (status != LK_OK) {
        lk_reference_facts_release(out);
        return status;
    }
    star_of(&out->star, &quality);
    snprintf(out->model, sizeof out->model, "%s", lk_model_card_of(model)->name);
    out->embedding = (lk_derived){.key = key_of(lk_model_card_of(model)->name),
                                  .data = out->vector,
                                  .size = (size_t)lk_model_dim(model) * sizeof *out->vector};
    return LK_OK;
}

void lk_reference_facts_release(lk_reference_facts *facts) {
    if (facts) {
        mem_free(facts->vector);
        *facts = (lk_reference_facts){0};
    }
}

/* -- Which one -- */

struct search {
    const float *photo;
    int32_t dim, most, count;
    lk_candidate *best; /* by falling cosine */
};

static bool look_at(void *arg, const char *id, int32_t version, const void *data, size_t size) {
    struct search *s = arg;
    if (size != (size_t)s->dim * sizeof(float)) {
        return true; /* of another network of that name */
    }
    double cosine = lk_embedding_cosine(s->photo, data, s->dim);
    int32_t at = MIN(s->count, s->most);
    while (at > 0 && s->best[at - 1].cosine < cosine) {
        at--;
    }
    if (at == s->most) {
        return true;
    }
    s->count = MIN(s->count + 1, s->most);
    memmove(&s->best[at + 1], &s->best[at], (size_t)(s->count - 1 - at) * sizeof *s->best);
    s->best[at] = (lk_candidate){.version = version, .cosine = cosine};
    snprintf(s->best[at].id, sizeof s->best[at].id, "%s", id);
    return true;
}

lk_status lk_identify(lk_candidate *out, int32_t most, int32_t *count, lk_store *store,
                      lk_model *model, const lk_image *photo, lk_error *err) {
    float *vector;
    const lk_derived_key key = key_of(lk_model_card_of(model)->name);
    *count = 0;
    lk_status status = embed(&vector, model, photo, err);
    struct search s = {.photo = vector, .dim = lk_model_dim(model), .most = most, .best = out};
    if (status == LK_OK) {
        status = lk_derived_visit(store, &key, look_at, &s, err);
    }
    *count = s.count;
    mem_free(vector);
    return status;
}
