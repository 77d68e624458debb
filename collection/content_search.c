/* SPDX-License-Identifier: Apache-2.0 */
/* Candidates for each content that was not searched yet: near hashes in its eight turns, near embeddings, and votes of its
 * keypoints as they are and mirrored. Each pair of them is then held against each other by relation_find. */
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "collection/content_pairs.h"
#include "feature/sift_mirror.h"

enum {
    TOGETHER = 48, /* contents searched, then compared, then kept at a time */
    HASHED = 6,    /* candidates of each turn, */
    HASH_FAR = 72, /* of so many bits at most; by chance 128, and one of 10^9 below 80 */
    EMBEDDED = 10, /* by embedding, */
    VOTED = 24,    /* and by keypoints, as they are and mirrored each */
    CANDIDATES = HASHED * PDQ_TURNS + EMBEDDED + 2 * VOTED,
};

static const double embedded_least = 0.6; /* cosine */
static const double voted_least =
    14; /* of votes: some three keypoints that hardly any other content has */

struct searcher {
    lk_collection *collection;
    struct finding *finding;
    lk_engine *engine;
    const struct pairs_progress *progress;
    struct pairs *found;
    struct votes **votes; /* one a thread */
    int32_t threads;
    size_t total;
    /* The contents in hand. */
    struct sought {
        uint32_t item;
        struct facts facts;
        uint32_t candidates[CANDIDATES];
        size_t count;
        lk_status status;
        lk_error err;
    } sought[TOGETHER];
    int32_t count;
    /* The pairs of them, and the facts of those that are not in hand, by item. */
    struct comparison {
        struct pair pair;
        const struct facts *a, *b;
        lk_status status;
        lk_error err;
    } * comparisons;
    size_t comparison_count, comparison_room;
    struct other {
        uint32_t item;
        struct facts facts;
    } * others;
    size_t other_count;
};

static void add_candidate(struct sought *s, uint32_t item) {
    bool known = item == s->item;
    for (size_t i = 0; i < s->count && !known; i++) {
        known = s->candidates[i] == item;
    }
    if (!known && s->count < CANDIDATES) {
        s->candidates[s->count++] = item;
    }
}

static void by_hash(struct sought *s, const struct finding *g, const lk_engine *engine) {
    struct neighbour near[HASHED + 1];
    for (int32_t t = 0; t < PDQ_TURNS; t++) {
        size_t n = hamming_search(near, HASHED + 1, &g->hashes, engine, s->facts.pdq[t]);
        for (size_t i = 0; i < n && near[i].distance <= HASH_FAR; i++) {
            add_candidate(s, near[i].item);
        }
    }
}

static lk_status by_embedding(struct sought *s, const struct finding *g, const lk_engine *engine) {
    struct neighbour near[EMBEDDED + 1];
    uint8_t query[FLAT_DIM_MOST];
    if (g->embeddings.dim == 0 || !flat_has(&g->embeddings, s->item)) {
        return LK_OK;
    }
    flat_get(query, &g->embeddings, s->item);
    size_t n = 0;
    lk_status status = finding_nearest(near, EMBEDDED + 1, &n, g, engine, query, false, &s->err);
    for (size_t i = 0; i < n; i++) {
        if (flat_cosine(near[i].distance, g->embeddings.dim) >= embedded_least) {
            add_candidate(s, near[i].item);
        }
    }
    return status;
}

static lk_status by_votes(struct sought *s, struct votes *votes, lk_engine *engine,
                          const struct sift_points *points, lk_error *err) {
    struct vote_key keys[FACTS_KEYPOINTS];
    struct vote_hit hits[VOTED + 1];
    size_t key_count, count = 0;
    lk_status status = finding_keys(keys, &key_count, engine, points, &s->facts, err);
    status = status == LK_OK ? votes_search(hits, VOTED + 1, &count, votes, keys, key_count, err)
                             : status;
    for (size_t i = 0; status == LK_OK && i < count && hits[i].score >= voted_least; i++) {
        add_candidate(s, hits[i].item);
    }
    return status;
}

static lk_status find_candidates(struct sought *s, const struct searcher *r, struct votes *votes) {
    struct sift_points mirrored = {0};
    s->count = 0;
    lk_status status = by_votes(s, votes, r->engine, &s->facts.sift, &s->err);
    status = status == LK_OK ? sift_mirror(&mirrored, &s->facts.sift, s->facts.side_width, &s->err)
                             : status;
    status = status == LK_OK ? by_votes(s, votes, r->engine, &mirrored, &s->err) : status;
    sift_points_release(&mirrored);
    status = status == LK_OK ? by_embedding(s, r->finding, r->engine) : status;
    by_hash(s, r->finding, r->engine);
    return status;
}

/* Each thread its own votes, and every threads-th content. */
static void search_share(void *arg, int32_t thread) {
    struct searcher *r = arg;
    for (int32_t i = thread; i < r->count; i += r->threads) {
        r->sought[i].status = find_candidates(&r->sought[i], r, r->votes[thread]);
    }
}

/* -- Comparing -- */

static const struct facts *facts_in_hand(const struct searcher *r, uint32_t item) {
    for (int32_t i = 0; i < r->count; i++) {
        if (r->sought[i].item == item) {
            return &r->sought[i].facts;
        }
    }
    for (size_t i = 0; i < r->other_count; i++) {
        if (r->others[i].item == item) {
            return &r->others[i].facts;
        }
    }
    return NULL;
}

/* A damaged row has no copies: NULL, and no error. */
static lk_status load_other(const struct facts **out, struct searcher *r, uint32_t item,
                            lk_error *err) {
    *out = facts_in_hand(r, item);
    if (*out) {
        return LK_OK;
    }
    struct other *o = &r->others[r->other_count];
    lk_status status = content_get(&o->facts, r->collection, r->finding->contents[item],
                                   CONTENT_KEYPOINTS | CONTENT_THUMB, r->engine, err);
    if (status == LK_OK) {
        o->item = item;
        r->other_count++;
        *out = &o->facts;
    }
    return status == LK_E_CORRUPT || status == LK_E_IO ? LK_OK : status;
}

static bool is_listed(const struct searcher *r, uint32_t a, uint32_t b) {
    bool listed = false;
    for (size_t i = 0; i < r->comparison_count && !listed; i++) {
        listed = r->comparisons[i].pair.a == a && r->comparisons[i].pair.b == b;
    }
    return listed;
}

static lk_status list_comparisons(struct searcher *r, lk_error *err) {
    lk_status status = LK_OK;
    r->comparison_count = 0;
    r->other_count = 0;
    for (int32_t i = 0; status == LK_OK && i < r->count; i++) {
        const struct sought *s = &r->sought[i];
        for (size_t k = 0; status == LK_OK && k < s->count; k++) {
            uint32_t a = MIN(s->item, s->candidates[k]), b = MAX(s->item, s->candidates[k]);
            struct comparison *one = &r->comparisons[r->comparison_count];
            if (is_listed(r, a, b)) {
                continue;
            }
            *one = (struct comparison){.pair = {.a = a, .b = b}};
            status = load_other(&one->a, r, a, err);
            status = status == LK_OK ? load_other(&one->b, r, b, err) : status;
            r->comparison_count += status == LK_OK && one->a && one->b;
        }
    }
    return status;
}

static void compare_one(void *arg, int32_t i) {
    struct searcher *r = arg;
    struct comparison *one = &r->comparisons[i];
    struct relation relation;
    one->status = relation_find(&relation, r->engine, one->a, one->b, &one->err);
    if (one->status == LK_OK) {
        content_pairs_describe(&one->pair, &relation);
    }
}

/* -- One batch after the other -- */

static lk_status mark_searched(struct searcher *r, lk_error *err) {
    lk_status status = LK_OK;
    for (int32_t i = 0; status == LK_OK && i < r->count; i++) {
        struct sql q;
        sql_begin(&q, &r->collection->at, "UPDATE content SET searched = ? WHERE id = ?");
        sql_bind_int(&q, RELATION_VERSION);
        sql_bind_int(&q, r->finding->contents[r->sought[i].item]);
        status = sql_finish(&q, err);
    }
    return status;
}

static lk_status keep_found(struct searcher *r, lk_error *err) {
    lk_status status = LK_OK;
    for (size_t i = 0; status == LK_OK && i < r->comparison_count; i++) {
        struct comparison *one = &r->comparisons[i];
        if (one->status != LK_OK) {
            *err = one->err;
            return one->status;
        }
        if (one->pair.class != RELATION_NONE) {
            status = content_pairs_keep(r->collection, r->finding, &one->pair, err);
        }
    }
    return status == LK_OK ? mark_searched(r, err) : status;
}

static lk_status run_batch(struct searcher *r, lk_error *err) {
    lk_status status = engine_check_stop(r->engine, err);
    if (status != LK_OK) {
        return status;
    }
    lk_engine_for(r->engine, r->threads, search_share, r);
    for (int32_t i = 0; status == LK_OK && i < r->count; i++) {
        status = r->sought[i].status;
        if (status != LK_OK && err) {
            *err = r->sought[i].err;
        }
    }
    status = status == LK_OK ? list_comparisons(r, err) : status;
    if (status == LK_OK) {
        lk_engine_for(r->engine, (int32_t)r->comparison_count, compare_one, r);
        r->found->tried += (int64_t)r->comparison_count;
        status = collection_begin(r->collection, err);
    }
    if (status ==
        LK_OK) { /* the state that is searched does not change: collection_end is not asked */
        status = keep_found(r, err);
        lk_status ended = sql_run(&r->collection->at, status == LK_OK ? "COMMIT" : "ROLLBACK",
                                  status == LK_OK ? err : NULL);
        status = status == LK_OK ? ended : status;
    }
    for (size_t i = 0; i < r->other_count; i++) {
        facts_release(&r->others[i].facts);
    }
    r->other_count = 0;
    return status;
}

static lk_status flush(struct searcher *r, lk_error *err) {
    lk_status status = r->count > 0 ? run_batch(r, err) : LK_OK;
    for (int32_t i = 0; i < r->count; i++) {
        facts_release(&r->sought[i].facts);
    }
    r->count = 0;
    return status;
}

static lk_status take(struct searcher *r, uint32_t item, lk_error *err) {
    struct sought *s = &r->sought[r->count];
    lk_status status = content_get(&s->facts, r->collection, r->finding->contents[item],
                                   CONTENT_KEYPOINTS | CONTENT_THUMB, r->engine, err);
    if (status != LK_OK) {
        return status == LK_E_CORRUPT || status == LK_E_IO ? LK_OK : status;
    }
    s->item = item;
    r->count++;
    if (r->progress->step) {
        r->progress->step(r->progress->arg, r->total, "");
    }
    return r->count == TOGETHER ? flush(r, err) : LK_OK;
}

/* The items that were not searched yet, in order. */
static lk_status list_new(uint32_t **out, size_t *count, lk_collection *c, const struct finding *g,
                          lk_error *err) {
    struct sql q;
    bool row;
    lk_status status;
    *count = 0;
    *out = mem_alloc(g->count, sizeof **out);
    if (!*out) {
        return error_memory(err, g->count * sizeof **out);
    }
    sql_begin(&q, &c->at, "SELECT id FROM content WHERE searched <> ? ORDER BY id");
    sql_bind_int(&q, RELATION_VERSION);
    while ((status = sql_step(&q, &row, err)) == LK_OK && row) {
        int64_t item = content_pairs_item(g, sql_int(&q, 0));
        if (item >= 0 && *count < g->count) {
            (*out)[(*count)++] = (uint32_t)item;
        }
    }
    sql_end(&q);
    return status;
}

static lk_status prepare(struct searcher *r, lk_error *err) {
    r->threads = lk_engine_threads(r->engine);
    r->comparisons = mem_alloc(TOGETHER * CANDIDATES, sizeof *r->comparisons);
    r->others = mem_alloc(TOGETHER * CANDIDATES, sizeof *r->others);
    r->votes = mem_calloc((size_t)r->threads, sizeof *r->votes);
    lk_status status = r->comparisons && r->others && r->votes
                           ? LK_OK
                           : error_memory(err, TOGETHER * CANDIDATES * sizeof *r->others);
    for (int32_t i = 0; status == LK_OK && i < r->threads; i++) {
        status = votes_new(&r->votes[i], &r->finding->votes, r->engine, err);
    }
    return status;
}

static void searcher_free(struct searcher *r) {
    for (int32_t i = 0; r->votes && i < r->threads; i++) {
        votes_free(r->votes[i]);
    }
    for (int32_t i = 0; i < r->count; i++) {
        facts_release(&r->sought[i].facts);
    }
    mem_free(r->votes);
    mem_free(r->comparisons);
    mem_free(r->others);
    mem_free(r);
}

lk_status content_pairs_search(struct pairs *out, lk_collection *c, struct finding *g,
                               lk_engine *engine, const struct pairs_progress *progress,
                               lk_error *err) {
    uint32_t *items;
    size_t count;
    lk_status status = list_new(&items, &count, c, g, err);
    struct searcher *r = status == LK_OK && count > 0 ? mem_calloc(1, sizeof *r) : NULL;
    if (status == LK_OK && count > 0 && !r) {
        status = error_memory(err, sizeof *r);
    }
    if (r) {
        r->collection = c;
        r->finding = g;
        r->engine = engine;
        r->progress = progress;
        r->found = out;
        r->total = count;
        status = prepare(r, err);
        for (size_t i = 0; status == LK_OK && i < count; i++) {
            status = take(r, items[i], err);
        }
        status = status == LK_OK ? flush(r, err) : status;
        searcher_free(r);
    }
    mem_free(items);
    return status;
}
