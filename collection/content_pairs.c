/* SPDX-License-Identifier: Apache-2.0 */
/* Pairs of contents as they are kept and found again. */
#include "collection/content_pairs.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"

/* -- A list of pairs -- */

static int by_items(const void *x, const void *y) {
    const struct pair *p = x, *q = y;
    return p->a != q->a ? (p->a > q->a) - (p->a < q->a) : (p->b > q->b) - (p->b < q->b);
}

static lk_status pairs_add(struct pairs *p, const struct pair *one, lk_error *err) {
    if (p->count == p->room) {
        size_t room = 2 * p->room + 64;
        struct pair *grown = mem_realloc(p->items, room, sizeof *grown);
        if (!grown) {
            return error_memory(err, room * sizeof *grown);
        }
        p->items = grown;
        p->room = room;
    }
    p->items[p->count++] = *one;
    return LK_OK;
}

void content_pairs_release(struct pairs *p) {
    mem_free(p->items);
    *p = (struct pairs){0};
}

const struct pair *content_pairs_at(const struct pairs *p, uint32_t a, uint32_t b) {
    const struct pair wanted = {.a = MIN(a, b), .b = MAX(a, b)};
    return p->count > 0 ? bsearch(&wanted, p->items, p->count, sizeof wanted, by_items) : NULL;
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
lk_status content_pairs_keep(lk_collection *c, const struct finding *g, const struct pair *p,
                             lk_error *err) {
    struct sql q;
    sql_begin(&q, &c->at, "INSERT OR REPLACE INTO pair (a, b, version, kept) VALUES (?, ?, ?, ?)");
    sql_bind_int(&q, g->contents[p->a]);
    sql_bind_int(&q, g->contents[p->b]);
    sql_bind_int(&q, RELATION_VERSION);
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

static lk_status read_pairs(struct pairs *out, lk_collection *c, const struct finding *g,
                            lk_error *err) {
    struct sql q;
    bool row;
    lk_status status;
    sql_begin(&q, &c->at, "SELECT a, b, kept FROM pair WHERE version = ? ORDER BY a, b");
    sql_bind_int(&q, RELATION_VERSION);
    while ((status = sql_step(&q, &row, err)) == LK_OK && row) {
        int64_t a = content_pairs_item(g, sql_int(&q, 0)),
                b = content_pairs_item(g, sql_int(&q, 1));
        size_t size;
        struct pair one;
        const void *kept = sql_blob(&q, 2, &size);
        if (a < 0 || b < 0 || size != sizeof one) {
            continue;
        }
        memcpy(&one, kept, sizeof one);
        one.a = (uint32_t)a; /* items are numbered anew when contents come and go */
        one.b = (uint32_t)b;
        bool sound = one.class > RELATION_NONE && one.class < RELATION_CLASSES;
        if (sound && (status = pairs_add(out, &one, err)) != LK_OK) {
            break;
        }
    }
    sql_end(&q);
    return status;
}

lk_status content_pairs_find(struct pairs *out, lk_collection *c, struct finding *g,
                             lk_engine *engine, const struct pairs_progress *progress,
                             lk_error *err) {
    *out = (struct pairs){0};
    lk_status status = content_pairs_search(out, c, g, engine, progress, err);
    status = status == LK_OK ? read_pairs(out, c, g, err) : status;
    if (status != LK_OK) {
        content_pairs_release(out);
    }
    return status;
}

lk_status content_pairs_try(struct pairs *p, lk_collection *c, const struct finding *g,
                            lk_engine *engine, uint32_t a, uint32_t b, lk_error *err) {
    struct pair one = {.a = MIN(a, b), .b = MAX(a, b)};
    struct facts fa, fb;
    struct relation relation;
    const int32_t parts = CONTENT_KEYPOINTS | CONTENT_THUMB;
    lk_status status = content_get(&fa, c, g->contents[one.a], parts, engine, err);
    if (status != LK_OK) {
        return status == LK_E_CORRUPT || status == LK_E_IO ? LK_OK : status;
    }
    status = content_get(&fb, c, g->contents[one.b], parts, engine, err);
    if (status == LK_OK) {
        status = relation_find(&relation, engine, &fa, &fb, err);
        facts_release(&fb);
    } else if (status == LK_E_CORRUPT || status == LK_E_IO) {
        relation = (struct relation){.class = RELATION_NONE};
        status = LK_OK;
    }
    facts_release(&fa);
    p->tried++;
    if (status == LK_OK && relation.class != RELATION_NONE) {
        content_pairs_describe(&one, &relation);
        status = c->at.reads_only ? LK_OK : content_pairs_keep(c, g, &one, err);
        status = status == LK_OK ? pairs_add(p, &one, err) : status;
        qsort(p->items, p->count, sizeof *p->items, by_items);
    }
    return status;
}
