/* SPDX-License-Identifier: Apache-2.0 */
/* PDQ: https://github.com/facebook/ThreatExchange/tree/main/pdq, whose README recommends the distance and the quality. */
#include <likeness/hash.h>
#include <stdatomic.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "image/engine.h"
#include "learn/dataset.h"

enum { NEAR_BITS = 31, QUALITY_LEAST = 50, LONGER_SIDE = 512, WORDS = 4 };

/* What is kept of a sample. */
struct print {
    uint64_t bits[WORDS];
    char sha256[65];
    bool read, rich; /* decoded; of enough quality that its bits mean something */
};

struct printing {
    lk_engine *engine;
    const lk_hash_info *pdq;
    const struct dataset *d;
    struct print *prints;
    _Atomic bool short_of_memory;
};

static void print_sample(void *arg, int32_t i) {
    struct printing *p = arg;
    struct print *out = &p->prints[i];
    lk_load_options load = {.max_side = LONGER_SIDE};
    lk_image image = {0};
    lk_image_info info;
    lk_hash hash;
    lk_error ignored;
    lk_status status = engine_check_stop(p->engine, &ignored);
    status = status == LK_OK
                 ? lk_image_load(&image, &info, p->engine, p->d->paths[i], &load, &ignored)
                 : status;
    status =
        status == LK_OK ? lk_hash_compute(&hash, p->engine, &image, p->pdq, 0, &ignored) : status;
    if (status == LK_OK) {
        memcpy(out->bits, hash.data, sizeof out->bits);
        memcpy(out->sha256, info.sha256, sizeof out->sha256);
        out->read = true;
        out->rich = hash.quality >= QUALITY_LEAST;
    } else if (status == LK_E_MEMORY) {
        p->short_of_memory = true;
    }
    lk_image_release(&image);
}

static int32_t bits_apart(const struct print *a, const struct print *b) {
    int32_t bits = 0;
    for (int32_t i = 0; i < WORDS; i++) {
        bits += __builtin_popcountll(a->bits[i] ^ b->bits[i]);
    }
    return bits;
}

static lk_status add_leak(struct dataset_leaks *out, struct dataset_leak leak, lk_error *err) {
    bool full = (out->count & (out->count - 1)) == 0; /* room is doubled at the powers of two */
    out->found++;
    out->leaked[leak.validation] = true;
    if (out->count == DATASET_LEAKS_MAX) {
        return LK_OK;
    }
    if (full) {
        size_t room = out->count > 0 ? 2 * (size_t)out->count : 1;
        void *grown = mem_realloc(out->pairs, room, sizeof *out->pairs);
        if (!grown) {
            return error_memory(err, room * sizeof *out->pairs);
        }
        out->pairs = grown;
    }
    out->pairs[out->count++] = leak;
    return LK_OK;
}

/* All training samples against one of validation. */
static lk_status compare_one(struct dataset_leaks *out, const struct print *prints,
                             const struct dataset_split *split, int32_t validation, lk_error *err) {
    const struct print *v = &prints[validation];
    lk_status status = LK_OK;
    for (int32_t i = 0; status == LK_OK && v->read && i < split->train_count; i++) {
        const struct print *t = &prints[split->train[i]];
        int32_t distance = bits_apart(t, v);
        if (!t->read || distance > NEAR_BITS) {
            continue; /* the same bytes have the same hash */
        }
        bool identical = memcmp(t->sha256, v->sha256, sizeof t->sha256) == 0;
        if (identical || (t->rich && v->rich)) {
            struct dataset_leak leak = {split->train[i], validation, distance, identical};
            status = add_leak(out, leak, err);
        }
    }
    return status;
}

lk_status dataset_leaks(struct dataset_leaks *out, lk_engine *engine, const struct dataset *d,
                        const struct dataset_split *split, lk_error *err) {
    *out = (struct dataset_leaks){0};
    if (split->train_count == 0 || split->validation_count == 0) {
        return LK_OK; /* nothing can have leaked: nothing is decoded */
    }
    struct printing p = {.engine = engine, .pdq = lk_hash_find("pdq"), .d = d};
    p.prints = mem_calloc((size_t)d->count, sizeof *p.prints);
    out->leaked = mem_calloc((size_t)d->count, sizeof *out->leaked);
    if (!p.prints || !out->leaked) {
        mem_free(p.prints);
        dataset_leaks_release(out);
        return error_memory(err, (size_t)d->count * sizeof *p.prints);
    }
    lk_engine_for(engine, d->count, print_sample, &p);
    lk_status status = engine_check_stop(engine, err);
    if (status == LK_OK && p.short_of_memory) {
        status = error_memory(err, 0);
    }
    for (int32_t i = 0; status == LK_OK && i < d->count; i++) {
        out->unread += !p.prints[i].read;
    }
    for (int32_t i = 0; status == LK_OK && i < split->validation_count; i++) {
        status = compare_one(out, p.prints, split, split->validation[i], err);
    }
    mem_free(p.prints);
    if (status != LK_OK) {
        dataset_leaks_release(out);
    }
    return status;
}

void dataset_leaks_release(struct dataset_leaks *leaks) {
    mem_free(leaks->pairs);
    mem_free(leaks->leaked);
    *leaks = (struct dataset_leaks){0};
}
