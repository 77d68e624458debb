/* SPDX-License-Identifier: Apache-2.0 */
#include "collection/content_facts.h"

#include <string.h>

#include "base/error.h"
#include "base/mem.h"

enum { TOGETHER = 64 }; /* rows read, then decoded at a time */

struct held {
    uint32_t item; /* INDEX_NONE: free */
    uint64_t wanted;
    bool sound;
    struct facts facts;
};

struct content_facts {
    lk_collection *collection;
    const struct finding *finding;
    lk_engine *engine;
    struct held held[FACTS_HELD];
    int16_t *places; /* of each item in held; -1 */
    uint64_t calls;
    /* What is being decoded. */
    struct job {
        struct held *to;
        struct content_row row;
        lk_status status;
        lk_error err;
    } jobs[TOGETHER];
    int32_t job_count;
};

lk_status content_facts_new(struct content_facts **out, lk_collection *c, const struct finding *g,
                            lk_engine *engine, lk_error *err) {
    struct content_facts *f = mem_calloc(1, sizeof *f);
    *out = NULL;
    if (!f) {
        return error_memory(err, sizeof *f);
    }
    f->collection = c;
    f->finding = g;
    f->engine = engine;
    f->places = mem_alloc(g->count, sizeof *f->places);
    if (!f->places) {
        mem_free(f);
        return error_memory(err, g->count * sizeof *f->places);
    }
    memset(f->places, 0xff, g->count * sizeof *f->places);
    for (int32_t i = 0; i < FACTS_HELD; i++) {
        f->held[i].item = INDEX_NONE;
    }
    *out = f;
    return LK_OK;
}

void content_facts_free(struct content_facts *f) {
    if (f) {
        for (int32_t i = 0; i < FACTS_HELD; i++) {
            facts_release(&f->held[i].facts);
        }
        mem_free(f->places);
        mem_free(f);
    }
}

/* The place that is free, or was wanted longest ago, emptied. */
static struct held *make_place(struct content_facts *f) {
    struct held *oldest = &f->held[0];
    for (int32_t i = 0; i < FACTS_HELD && oldest->item != INDEX_NONE; i++) {
        struct held *h = &f->held[i];
        oldest = h->item == INDEX_NONE || h->wanted < oldest->wanted ? h : oldest;
    }
    if (oldest->item != INDEX_NONE) {
        f->places[oldest->item] = -1;
        facts_release(&oldest->facts);
        oldest->item = INDEX_NONE;
    }
    return oldest;
}

static void decode(void *arg, int32_t i) {
    struct content_facts *f = arg;
    struct job *j = &f->jobs[i];
    j->status =
        j->status == LK_OK ? content_open(&j->to->facts, &j->row, f->engine, &j->err) : j->status;
    content_row_release(&j->row);
}

static bool is_damage(lk_status status) {
    return status != LK_OK && status != LK_E_MEMORY && status != LK_E_CANCELLED;
}

static lk_status decode_all(struct content_facts *f, lk_error *err) {
    lk_status status = LK_OK;
    lk_engine_for(f->engine, f->job_count, decode, f);
    for (int32_t i = 0; i < f->job_count; i++) {
        struct job *j = &f->jobs[i];
        j->to->sound = j->status == LK_OK;
        if (j->status != LK_OK && !is_damage(j->status) && status == LK_OK) {
            status = j->status;
            if (err) {
                *err = j->err;
            }
        }
    }
    f->job_count = 0;
    return status;
}

static lk_status read_one(struct content_facts *f, uint32_t item, lk_error *err) {
    struct job *j = &f->jobs[f->job_count++];
    *j = (struct job){.to = make_place(f)};
    *j->to = (struct held){.item = item, .wanted = f->calls};
    f->places[item] = (int16_t)(j->to - f->held);
    j->status = content_read(&j->row, f->collection, f->finding->contents[item],
                             CONTENT_KEYPOINTS | CONTENT_THUMB, &j->err);
    return f->job_count == TOGETHER ? decode_all(f, err) : LK_OK;
}

lk_status content_facts_want(struct content_facts *f, const uint32_t *items, size_t count,
                             lk_error *err) {
    lk_status status = LK_OK;
    f->calls++;
    for (size_t i = 0; i < count; i++) { /* before any makes room */
        if (f->places[items[i]] >= 0) {
            f->held[f->places[items[i]]].wanted = f->calls;
        }
    }
    for (size_t i = 0; status == LK_OK && i < count; i++) {
        status = f->places[items[i]] < 0 ? read_one(f, items[i], err) : LK_OK;
    }
    lk_status decoded = decode_all(f, status == LK_OK ? err : NULL);
    return status == LK_OK ? decoded : status;
}

const struct facts *content_facts_at(const struct content_facts *f, uint32_t item) {
    int16_t place = f->places[item];
    return place >= 0 && f->held[place].sound ? &f->held[place].facts : NULL;
}
