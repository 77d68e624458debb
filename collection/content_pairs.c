/* SPDX-License-Identifier: Apache-2.0 */
/* Pairs of contents: finding out what they are, and how that is kept and found again. */
#include "collection/content_pairs.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"

enum { TOGETHER = FACTS_HELD / 2 }; /* pairs at a time: their facts are there at once */

/* -- A list of pairs -- */

static size_t slot_of(const struct pairs *p, uint32_t a, uint32_t b) {
    uint64_t mixed = ((uint64_t)a << 32 | b) * 0x9e3779b97f4a7c15u; /* Fibonacci hashing: Knuth */
    size_t mask = 2 * p->room - 1, at = (size_t)(mixed >> 24) & mask;
    while (p->places[at] != 0) {
        const struct pair *there = &p->items[p->places[at] - 1];
        if (there->a == a && there->b == b) {
            break;
        }
        at = (at + 1) & mask;
    }
    return at;
}

static lk_status grow(struct pairs *p, lk_error *err) {
    size_t room = p->room == 0 ? 64 : 2 * p->room; /* a power of two */
    struct pair *items = mem_realloc(p->items, room, sizeof *items);
    if (!items) {
        return error_memory(err, room * sizeof *items);
    }
    p->items = items;
    uint32_t *places = mem_calloc(2 * room, sizeof *places);
    if (!places) {
        return error_memory(err, 2 * room * sizeof *places);
    }
    mem_free(p->places);
    p->places = places;
    p->room = room;
    for (size_t i = 0; i < p->count; i++) {
        places[slot_of(p, p->items[i].a, p->items[i].b)] = (uint32_t)i + 1;
    }
    return LK_OK;
}

/* In place of what was known of the two. */
static lk_status pairs_add(struct pairs *p, const struct pair *one, lk_error *err) {
    lk_status status = p->count == p->room ? grow(p, err) : LK_OK;
    if (status != LK_OK) {
        return status;
    }
    size_t slot = slot_of(p, one->a, one->b);
    if (p->places[slot] == 0) {
        p->places[slot] = (uint32_t)++p->count;
    }
    p->items[p->places[slot] - 1] = *one;
    return LK_OK;
}

void content_pairs_release(struct pairs *p) {
    mem_free(p->items);
    mem_free(p->places);
    *p = (struct pairs){0};
}

const struct pair *content_pairs_at(const struct pairs *p, uint32_t a, uint32_t b) {
    size_t place = p->count > 0 ? p->places[slot_of(p, MIN(a, b), MAX(a, b))] : 0;
    return place > 0 ? &p->items[place - 1] : NULL;
}

void content_pairs_describe(struct pair *p, const struct relation *r) {
    p->class = (int32_t)r->class;
    p->also = r->also;
    p->part = r->part;
    p->inliers = r->inliers;
    p->score = (float)r->score;
    p->angle_deg = (float)r->angle_deg;
    p->stretch = (float)r->stretch;
    p->covers_a = (float)r->accord.covers_a;
    p->covers_b = (float)r->accord.covers_b;
    p->mirrored = r->mirrored;
}

/* -- In the database -- */

/* Of ids, in the order of the ids, which is that of the items. */
static lk_status keep(const struct pairs_try *t, const struct pair *p, lk_error *err) {
    struct sql q;
    sql_begin(&q, &t->collection->at,
              "INSERT OR REPLACE INTO pair (a, b, version, kept) VALUES (?, ?, ?, ?)");
    sql_bind_int(&q, t->finding->contents[p->a]);
    sql_bind_int(&q, t->finding->contents[p->b]);
    sql_bind_int(&q, PAIRS_VERSION);
    sql_bind_blob(&q, p, sizeof *p);
    return sql_finish(&q, err);
}

static int by_id(const void *x, const void *y) {
    int64_t a = *(const int64_t *)x, b = *(const int64_t *)y;
    return (a > b) - (a < b);
}

int64_t content_pairs_item(const struct finding *g, int64_t id) {
    const int64_t *at = g->count > 0 ? bsearch(&id, g->contents, g->count, sizeof id, by_id) : NULL;
    return at ? at - g->contents : -1;
}

static lk_status read_rows(struct pairs *out, struct sql *q, const struct finding *g,
                           lk_error *err) {
    bool row;
    lk_status status;
    while ((status = sql_step(q, &row, err)) == LK_OK && row) {
        int64_t a = content_pairs_item(g, sql_int(q, 0)), b = content_pairs_item(g, sql_int(q, 1));
        size_t size;
        struct pair one;
        const void *kept = sql_blob(q, 2, &size);
        if (a < 0 || b < 0 || size != sizeof one) {
            continue;
        }
        memcpy(&one, kept, sizeof one);
        one.a = (uint32_t)a; /* items are numbered anew when contents come and go */
        one.b = (uint32_t)b;
        bool sound = one.class >= RELATION_NONE && one.class < RELATION_CLASSES;
        if (sound && (status = pairs_add(out, &one, err)) != LK_OK) {
            break;
        }
    }
    return status;
}

lk_status content_pairs_read(struct pairs *out, lk_collection *c, const struct finding *g,
                             lk_error *err) {
    struct sql q;
    *out = (struct pairs){0};
    sql_begin(&q, &c->at, "SELECT a, b, kept FROM pair WHERE version = ? ORDER BY a, b");
    sql_bind_int(&q, PAIRS_VERSION);
    lk_status status = read_rows(out, &q, g, err);
    sql_end(&q);
    if (status != LK_OK) {
        content_pairs_release(out);
    }
    return status;
}

/* -- Holding pairs against each other -- */

struct trial {
    const struct pairs_try *t;
    struct pair *pair;
    lk_status status;
    lk_error err;
};

/* A damaged row has no copies. */
static void hold(void *arg, int32_t i) {
    struct trial *one = (struct trial *)arg + i;
    const struct facts *a = content_facts_at(one->t->facts, one->pair->a),
                       *b = content_facts_at(one->t->facts, one->pair->b);
    struct relation relation;
    one->pair->class = RELATION_NONE;
    one->status = LK_OK;
    if (a && b) {
        one->status = relation_find(&relation, one->t->engine, a, b, &one->err);
    }
    if (a && b && one->status == LK_OK) {
        content_pairs_describe(one->pair, &relation);
    }
}

/* The state that is searched does not change: collection_end is not asked. */
static lk_status end(const struct pairs_try *t, lk_status status, lk_error *err) {
    lk_status ended = sql_run(&t->collection->at, status == LK_OK ? "COMMIT" : "ROLLBACK",
                              status == LK_OK ? err : NULL);
    return status == LK_OK ? ended : status;
}

static lk_status take_up(struct pairs_try *t, const struct trial *trials, size_t count,
                         lk_error *err) {
    bool writes = !t->collection->at.reads_only;
    lk_status status = writes ? collection_begin(t->collection, err) : LK_OK;
    if (status != LK_OK) {
        return status;
    }
    for (size_t i = 0; status == LK_OK && i < count; i++) {
        const struct trial *one = &trials[i];
        status = one->status;
        if (status != LK_OK && err) {
            *err = one->err;
        }
        if (status != LK_OK || (one->pair->class == RELATION_NONE && !t->keep_none)) {
            continue;
        }
        status = writes ? keep(t, one->pair, err) : LK_OK;
        status = status == LK_OK ? pairs_add(t->pairs, one->pair, err) : status;
    }
    return writes ? end(t, status, err) : status;
}

/* TOGETHER of them at most. */
static lk_status try_some(struct pairs_try *t, struct trial *trials, struct pair *pairs,
                          size_t count, lk_error *err) {
    uint32_t items[2 * TOGETHER];
    for (size_t i = 0; i < count; i++) {
        items[2 * i] = pairs[i].a;
        items[2 * i + 1] = pairs[i].b;
        trials[i] = (struct trial){.t = t, .pair = &pairs[i]};
    }
    lk_status status = engine_check_stop(t->engine, err);
    status = status == LK_OK ? content_facts_want(t->facts, items, 2 * count, err) : status;
    if (status == LK_OK) {
        lk_engine_for(t->engine, (int32_t)count, hold, trials);
        t->pairs->tried += (int64_t)count;
        status = take_up(t, trials, count, err);
    }
    return status;
}

lk_status content_pairs_try(struct pairs_try *t, struct pair *pairs, size_t count, lk_error *err) {
    size_t most = MIN(count, (size_t)TOGETHER);
    struct trial *trials = count > 0 ? mem_alloc(most, sizeof *trials) : NULL;
    lk_status status = count > 0 && !trials ? error_memory(err, most * sizeof *trials) : LK_OK;
    for (size_t from = 0; status == LK_OK && from < count; from += TOGETHER) {
        status = try_some(t, trials, pairs + from, MIN(count - from, (size_t)TOGETHER), err);
    }
    mem_free(trials);
    return status;
}

lk_status content_pairs_searched(const struct pairs_try *t, const uint32_t *items, size_t count,
                                 lk_error *err) {
    if (t->collection->at.reads_only) {
        return LK_OK;
    }
    lk_status status = collection_begin(t->collection, err);
    if (status != LK_OK) {
        return status;
    }
    for (size_t i = 0; status == LK_OK && i < count; i++) {
        struct sql q;
        sql_begin(&q, &t->collection->at,
                  "INSERT OR REPLACE INTO searched (content, version) VALUES (?, ?)");
        sql_bind_int(&q, t->finding->contents[items[i]]);
        sql_bind_int(&q, RELATION_VERSION);
        status = sql_finish(&q, err);
    }
    return end(t, status, err);
}
