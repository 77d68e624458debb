/* SPDX-License-Identifier: Apache-2.0 */
/* Copies of each content that was not searched yet.
 *
 * Candidates are near hashes in its eight turns, near embeddings, and what its keypoints vote for, as they are and mirrored.
 * Those are held against it in rounds, the likeliest first. What is linked with it by then, by whatever chain of copies, is not
 * held against it any more: of forty copies each is held against one or two and not against forty; who groups them (dups_keep.c)
 * asks for the pairs it needs. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "collection/content_pairs.h"
#include "feature/sift_mirror.h"

enum {
    TOGETHER = 48, /* contents searched at a time */
    HASHED = 6,    /* candidates of each turn, */
    HASH_FAR =
        31, /* of so many bits at most, what its authors take for a match; what is farther, its keypoints find */
    TABLES_PAY = 100, /* contents, for which tables of all hashes are made */
    EMBEDDED = 4,     /* by embedding, */
    VOTED = 60,       /* and by keypoints, as they are and mirrored each */
    CANDIDATES = HASHED * PDQ_TURNS + EMBEDDED + 2 * VOTED,
    AT_ONCE = 8,       /* of one content in a round at most, */
    JOINT_AT_ONCE = 2, /* and between two sets of linked contents */
    FAILURES = 4, /* of one content against such a set: the others of it are no copies either */
    JOINT_FAILURES = 12, /* and of a set against a set, in one batch */
    JOINTS = 1 << 14,    /* a hash table */
};

static const double embedded_least = 0.8; /* cosine */
/* Of votes: one or two keypoints that hardly any other content has, in the same turn and size. 28 % of unrelated pictures have a
 * candidate so. */
static const double voted_least = 7;
/* Votes that are worth as much as a hash no bit away, and a cosine of 1. */
static const double hash_worth = 200, embedding_worth = 10;

struct candidate {
    uint32_t item;
    float worth;
    bool done;
};

/* Two sets of linked contents and how often they were held against each other, by any of theirs. */
struct joint {
    uint32_t a, b; /* their least items when they met; both 0: free */
    int16_t times, this_round;
};

struct sought {
    uint32_t item;
    const struct facts *facts;
    struct candidate candidates[CANDIDATES];
    size_t count;
    struct failed {
        uint32_t set;
        int32_t times;
    } failed[CANDIDATES];
    size_t failed_count;
    lk_status status;
    lk_error err;
};

struct searcher {
    struct pairs_try *t;
    const struct pairs_progress *progress;
    struct votes **votes; /* one a thread */
    int32_t threads;
    size_t total;
    uint32_t *sets;               /* of each item: union and find */
    struct hamming_tables tables; /* of all hashes, where they pay */
    uint32_t *tables_starts, *tables_items;
    struct sought sought[TOGETHER];
    int32_t count;
    struct pair pairs[TOGETHER * AT_ONCE]; /* of a round */
    size_t pair_count;
    struct joint joints[JOINTS];
    size_t joint_count;
};

/* -- Candidates -- */

static void add_candidate(struct sought *s, uint32_t item, double worth) {
    size_t i = 0;
    while (i < s->count && s->candidates[i].item != item) {
        i++;
    }
    if (item == s->item || i == CANDIDATES) {
        return;
    }
    if (i == s->count) {
        s->candidates[s->count++] = (struct candidate){.item = item};
    }
    s->candidates[i].worth = MAX(s->candidates[i].worth, (float)worth);
}

/* A picture without structure has no hash: all such would be near each other. */
static lk_status by_hash(struct sought *s, const struct searcher *r, struct neighbour_list *near) {
    const struct hamming *hashes = &r->t->finding->hashes;
    lk_status status = LK_OK;
    for (int32_t t = 0; t < PDQ_TURNS && status == LK_OK && s->facts->pdq_quality > 0; t++) {
        const uint8_t *query = s->facts->pdq[t];
        status = r->tables.count > 0
                     ? hamming_tables_within(near, hashes, &r->tables, r->t->engine, query,
                                             HASH_FAR, &s->err)
                     : hamming_within(near, hashes, r->t->engine, query, HASH_FAR, &s->err);
        for (size_t i = 0; status == LK_OK && i < MIN(near->count, (size_t)HASHED + 1); i++) {
            add_candidate(s, near->items[i].item,
                          hash_worth * (1 - near->items[i].distance / (HASH_FAR + 1.0)));
        }
    }
    return status;
}

static lk_status by_embedding(struct sought *s, const struct finding *g, const lk_engine *engine) {
    struct neighbour near[EMBEDDED + 1];
    uint8_t query[FLAT_DIM_MOST];
    size_t n = 0;
    if (g->embeddings.dim == 0 || !flat_has(&g->embeddings, s->item)) {
        return LK_OK;
    }
    flat_get(query, &g->embeddings, s->item);
    lk_status status = finding_nearest(near, EMBEDDED + 1, &n, g, engine, query, false, &s->err);
    for (size_t i = 0; status == LK_OK && i < n; i++) {
        double cosine = flat_cosine(near[i].distance, g->embeddings.dim);
        if (cosine >= embedded_least) {
            add_candidate(s, near[i].item, embedding_worth * cosine);
        }
    }
    return status;
}

static lk_status by_votes(struct sought *s, struct votes *votes, lk_engine *engine,
                          const struct sift_points *points, lk_error *err) {
    struct vote_key keys[FACTS_KEYPOINTS];
    struct vote_hit hits[VOTED + 1];
    size_t key_count, count = 0;
    lk_status status = finding_keys(keys, &key_count, engine, points, s->facts, err);
    status = status == LK_OK ? votes_search(hits, VOTED + 1, &count, votes, keys, key_count, err)
                             : status;
    for (size_t i = 0; status == LK_OK && i < count && hits[i].score >= voted_least; i++) {
        add_candidate(s, hits[i].item, hits[i].score);
    }
    return status;
}

static int by_worth(const void *x, const void *y) {
    const struct candidate *p = x, *q = y;
    return p->worth != q->worth ? (p->worth < q->worth) - (p->worth > q->worth)
                                : (p->item > q->item) - (p->item < q->item);
}

static lk_status find_candidates(struct sought *s, const struct searcher *r, struct votes *votes,
                                 struct neighbour_list *near) {
    struct sift_points mirrored = {0};
    lk_engine *engine = r->t->engine;
    lk_status status = by_votes(s, votes, engine, &s->facts->sift, &s->err);
    status = status == LK_OK
                 ? sift_mirror(&mirrored, &s->facts->sift, s->facts->side_width, &s->err)
                 : status;
    status = status == LK_OK ? by_votes(s, votes, engine, &mirrored, &s->err) : status;
    sift_points_release(&mirrored);
    status = status == LK_OK ? by_embedding(s, r->t->finding, engine) : status;
    status = status == LK_OK ? by_hash(s, r, near) : status;
    qsort(s->candidates, s->count, sizeof *s->candidates, by_worth);
    return status;
}

/* Each thread its own votes, and every threads-th content. */
static void search_share(void *arg, int32_t thread) {
    struct searcher *r = arg;
    struct neighbour_list near = {0};
    for (int32_t i = thread; i < r->count; i += r->threads) {
        struct sought *s = &r->sought[i];
        s->status = s->facts ? find_candidates(s, r, r->votes[thread], &near) : LK_OK;
        s->facts = NULL; /* may be gone by the next round */
    }
    neighbour_list_release(&near);
}

static lk_status search_all(struct searcher *r, lk_error *err) {
    uint32_t items[TOGETHER];
    for (int32_t i = 0; i < r->count; i++) {
        items[i] = r->sought[i].item;
    }
    lk_status status = content_facts_want(r->t->facts, items, (size_t)r->count, err);
    for (int32_t i = 0; status == LK_OK && i < r->count; i++) {
        r->sought[i].facts = content_facts_at(r->t->facts, items[i]);
    }
    if (status == LK_OK) {
        lk_engine_for(r->t->engine, r->threads, search_share, r);
    }
    for (int32_t i = 0; status == LK_OK && i < r->count; i++) {
        status = r->sought[i].status;
        if (status != LK_OK && err) {
            *err = r->sought[i].err;
        }
    }
    return status;
}

/* -- Rounds -- */

static uint32_t set_of(uint32_t *sets, uint32_t item) {
    while (sets[item] != item) {
        sets[item] = sets[sets[item]];
        item = sets[item];
    }
    return item;
}

static void link_items(uint32_t *sets, const struct pair *p) {
    if (p->class > RELATION_SCENE) {
        uint32_t a = set_of(sets, p->a), b = set_of(sets, p->b);
        sets[MAX(a, b)] = MIN(a, b);
    }
}

/* How often s was held in vain against what is linked with the item. */
static struct failed *failed_at(struct sought *s, uint32_t set) {
    size_t i = 0;
    while (i < s->failed_count && s->failed[i].set != set) {
        i++;
    }
    if (i == s->failed_count) {
        s->failed[s->failed_count++] = (struct failed){.set = set};
    }
    return &s->failed[i];
}

static struct joint *joint_at(struct searcher *r, uint32_t x, uint32_t y) {
    uint32_t a = MIN(x, y), b = MAX(x, y);
    uint64_t mixed = ((uint64_t)a << 32 | b) * 0x9e3779b97f4a7c15u;
    if (r->joint_count >= JOINTS / 2) { /* sets that were merged since: they are counted anew */
        memset(r->joints, 0, sizeof r->joints);
        r->joint_count = 0;
    }
    size_t at = (size_t)(mixed >> 24) % JOINTS;
    while (r->joints[at].b != 0 && (r->joints[at].a != a || r->joints[at].b != b)) {
        at = (at + 1) % JOINTS;
    }
    r->joint_count += r->joints[at].b == 0;
    r->joints[at].a = a;
    r->joints[at].b = b;
    return &r->joints[at];
}

/* Takes the pair of s and its candidate into the round. What has to wait for others of the same sets is asked again. */
static bool consider(struct searcher *r, struct sought *s, struct candidate *c) {
    uint32_t own = set_of(r->sets, s->item), other = set_of(r->sets, c->item);
    uint32_t a = MIN(s->item, c->item), b = MAX(s->item, c->item);
    if (own == other || content_pairs_at(r->t->pairs, a, b)) {
        c->done = true;
        return false;
    }
    struct failed *failed = failed_at(s, other);
    struct joint *joint = joint_at(r, own, other);
    c->done = failed->times >= FAILURES || joint->times >= JOINT_FAILURES;
    if (c->done || joint->this_round >= JOINT_AT_ONCE) {
        return false;
    }
    failed->times++; /* where it is a copy, the sets meet no more anyway */
    joint->times++;
    joint->this_round++;
    c->done = true;
    r->pairs[r->pair_count++] = (struct pair){.a = a, .b = b};
    return true;
}

static bool is_in_round(const struct searcher *r, uint32_t x, uint32_t y) {
    bool is_in = false;
    for (size_t i = 0; i < r->pair_count && !is_in; i++) {
        is_in = r->pairs[i].a == MIN(x, y) && r->pairs[i].b == MAX(x, y);
    }
    return is_in;
}

/* The likeliest `most` that are not linked with s yet. */
static void choose(struct searcher *r, struct sought *s, size_t most) {
    size_t chosen = 0;
    for (size_t i = 0; i < s->count && chosen < most; i++) {
        struct candidate *c = &s->candidates[i];
        if (!c->done && is_in_round(r, s->item, c->item)) {
            c->done = true;
        } else if (!c->done) {
            chosen += consider(r, s, c);
        }
    }
}

static void begin_round(struct searcher *r) {
    r->pair_count = 0;
    for (size_t i = 0; i < JOINTS; i++) {
        r->joints[i].this_round = 0;
    }
}

static lk_status run_rounds(struct searcher *r, lk_error *err) {
    lk_status status = LK_OK;
    memset(r->joints, 0, sizeof r->joints);
    r->joint_count = 0;
    for (size_t most = 1; status == LK_OK; most = MIN(2 * most, (size_t)AT_ONCE)) {
        begin_round(r);
        for (int32_t i = 0; i < r->count; i++) {
            choose(r, &r->sought[i], most);
        }
        if (r->pair_count == 0) {
            break;
        }
        status = content_pairs_try(r->t, r->pairs, r->pair_count, err);
        for (size_t i = 0; status == LK_OK && i < r->pair_count; i++) {
            link_items(r->sets, &r->pairs[i]);
        }
    }
    return status;
}

/* -- One batch after the other -- */

static lk_status flush(struct searcher *r, lk_error *err) {
    uint32_t items[TOGETHER];
    lk_status status = r->count > 0 ? search_all(r, err) : LK_OK;
    status = status == LK_OK ? run_rounds(r, err) : status;
    for (int32_t i = 0; i < r->count; i++) {
        items[i] = r->sought[i].item;
    }
    status = status == LK_OK ? content_pairs_searched(r->t, items, (size_t)r->count, err) : status;
    r->count = 0;
    return status;
}

static lk_status take(struct searcher *r, uint32_t item, lk_error *err) {
    struct sought *s = &r->sought[r->count++];
    s->item = item;
    s->count = s->failed_count = 0;
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
    sql_begin(&q, &c->at,
              "SELECT id FROM content WHERE id NOT IN (SELECT content FROM searched WHERE version "
              "= ?) ORDER BY id");
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

static lk_status make_tables(struct searcher *r, lk_error *err) {
    const struct hamming *h = &r->t->finding->hashes;
    size_t starts = hamming_starts_size(h->bits), items = hamming_items_size(h->count, h->bits);
    r->tables_starts = mem_alloc(starts, 1);
    r->tables_items = mem_alloc(items, 1);
    if (!r->tables_starts || !r->tables_items) {
        return error_memory(err, starts + items);
    }
    hamming_tables_make(r->tables_starts, r->tables_items, h, r->t->engine);
    r->tables = (struct hamming_tables){r->tables_starts, r->tables_items, h->count};
    return LK_OK;
}

static lk_status prepare(struct searcher *r, lk_error *err) {
    const struct finding *g = r->t->finding;
    r->threads = lk_engine_threads(r->t->engine);
    r->sets = mem_alloc(g->count, sizeof *r->sets);
    r->votes = mem_calloc((size_t)r->threads, sizeof *r->votes);
    lk_status status = r->sets && r->votes ? LK_OK : error_memory(err, g->count * sizeof *r->sets);
    for (int32_t i = 0; status == LK_OK && i < r->threads; i++) {
        status = votes_new(&r->votes[i], &g->votes, r->t->engine, err);
    }
    if (status == LK_OK && r->total >= TABLES_PAY) {
        status = make_tables(r, err);
    }
    for (uint32_t i = 0; status == LK_OK && i < g->count; i++) {
        r->sets[i] = i;
    }
    for (size_t i = 0; status == LK_OK && i < r->t->pairs->count; i++) {
        link_items(r->sets, &r->t->pairs->items[i]);
    }
    return status;
}

static void searcher_free(struct searcher *r) {
    for (int32_t i = 0; r->votes && i < r->threads; i++) {
        votes_free(r->votes[i]);
    }
    mem_free(r->votes);
    mem_free(r->sets);
    mem_free(r->tables_starts);
    mem_free(r->tables_items);
    mem_free(r);
}

static lk_status search(struct pairs_try *t, const struct pairs_progress *progress,
                        const uint32_t *items, size_t count, lk_error *err) {
    struct searcher *r = mem_calloc(1, sizeof *r);
    if (!r) {
        return error_memory(err, sizeof *r);
    }
    r->t = t;
    r->progress = progress;
    r->total = count;
    lk_status status = prepare(r, err);
    for (size_t i = 0; status == LK_OK && i < count; i++) {
        status = take(r, items[i], err);
    }
    status = status == LK_OK ? flush(r, err) : status;
    searcher_free(r);
    return status;
}

lk_status content_pairs_search(struct pairs_try *t, const struct pairs_progress *progress,
                               lk_error *err) {
    uint32_t *items;
    size_t count;
    lk_status status = list_new(&items, &count, t->collection, t->finding, err);
    if (status == LK_OK && count > 0) {
        status = search(t, progress, items, count, err);
    }
    mem_free(items);
    return status;
}
