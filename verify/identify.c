/* SPDX-License-Identifier: Apache-2.0 */
/* Which originals a photo may show: votes of visual words, the nearest embeddings and the nearest hash give candidates, whose
 * kept keypoints are then matched with the photo's.
 *
 * A keypoint of the photo votes for each reference that has one of the same word with a near sketch; what many references have
 * counts less. Those with most votes are counted again by how the photo would have to be turned and scaled (Jegou, Douze,
 * Schmid 2008: weak geometric consistency): votes for one thing agree, votes by chance do not. Embeddings tell kinds of things
 * apart where there are few keypoints. What the keypoints of a candidate cover of it under one map (sift_geometry) orders what
 * is then verified. */
#include <likeness/record.h>

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "feature/search_score.h"
#include "feature/sift_geometry.h"
#include "store/store.h"
#include "verify/finder_search.h"

enum {
    CANDIDATES = LK_CANDIDATES_MOST, /* of the three lists */
    MATCHED = 300,                   /* keypoints of a candidate */
    MATCHED_WITH = 800,              /* of the photo */
    SURE_INLIERS = 15,
    RIVALS = 12, /* asked behind one that is sure */
    LEAST_INLIERS = 6,
};

static_assert(CANDIDATES == FINDER_VOTED + FINDER_NEAREST + FINDER_ALIKE, "as the header says");

static const double sure_coverage = 0.08;

/* -- Candidates, by what their keypoints say -- */

/* The strongest keypoints alone. */
static struct sift_points strongest(const struct sift_points *s, size_t most) {
    struct sift_points part = *s;
    part.count = MIN(s->count, most);
    return part;
}

/* Damaged keypoints are dropped, so that they are derived again: by a store of their own, since a batch asks with one that only
 * reads. That this fails is no error: they are passed over. */
static void drop_keypoints(const lk_finder *f, const lk_store *store, const lk_candidate *c) {
    enum { WAIT_MS = 200 };
    static const lk_store_options writing = {.mode = LK_STORE_WRITE, .wait_ms = WAIT_MS};
    const lk_derived_key key = derived_key(DERIVED_KEYPOINTS, NULL);
    lk_store *own;
    if (f->folder_fd >= 0 && lk_store_open_again(&own, store, &writing, NULL) == LK_OK) {
        lk_status status = store_drop_derived(own, &key, c->id, c->version, NULL);
        (void)status;
        lk_store_close(own);
    }
}

static lk_status match(lk_candidate *c, const lk_finder *f, lk_store *store, lk_engine *engine,
                       const lk_features *photo, lk_error *err) {
    struct sift_points kept;
    int32_t size[2];
    bool there;
    lk_status status = features_read_keypoints(&kept, size, &there, store, c->id, c->version, err);
    if (status == LK_E_CORRUPT) { /* of one original */
        drop_keypoints(f, store, c);
        return LK_OK;
    }
    if (status != LK_OK || !there) {
        return status;
    }
    struct sift_points a = strongest(&kept, MATCHED), b = strongest(&photo->sift, MATCHED_WITH);
    const struct sift_pair pair = {&a, &b, size[0], size[1], photo->width, photo->height};
    struct sift_geometry_options o = sift_geometry_options_default();
    struct sift_matches matches = {0};
    struct sift_geometry g;
    o.iterations = 300;
    o.guided = 0; /* the verdict looks again */
    status = sift_match(&matches, engine, &a, &b, NULL, err);
    status = status == LK_OK ? sift_geometry_find(&g, &matches, &pair, &o, err) : status;
    if (status == LK_OK) {
        c->inliers = g.inliers;
        c->coverage = g.coverage;
    }
    sift_matches_release(&matches);
    sift_points_release(&kept);
    return status;
}

struct listed {
    lk_candidate candidate;
    int32_t order; /* by votes, embedding and hash in turn */
};

static double strength(const lk_candidate *c) {
    return c->inliers >= LEAST_INLIERS ? c->coverage : 0;
}

static int by_strength(const void *x, const void *y) {
    const struct listed *a = x, *b = y;
    double sa = strength(&a->candidate), sb = strength(&b->candidate);
    return sa != sb ? (sa > sb ? -1 : 1) : (a->order > b->order) - (a->order < b->order);
}

/* What each list said of it; the keypoints say the rest. */
static void describe(lk_candidate *c, uint32_t reference, const struct top *const tops[3]) {
    for (int32_t i = 0; i < tops[1]->count; i++) {
        c->cosine = tops[1]->items[i].reference == reference ? tops[1]->items[i].score : c->cosine;
    }
    for (int32_t i = 0; i < tops[2]->count; i++) {
        c->hash_bits = tops[2]->items[i].reference == reference ? (int32_t)-tops[2]->items[i].score
                                                                : c->hash_bits;
    }
}

/* The i-th of each list in turn, each reference once. */
static int32_t merge(struct listed *out, const lk_finder *f, const struct top *const tops[3]) {
    uint32_t taken[CANDIDATES];
    int32_t count = 0;
    for (int32_t i = 0; i < FINDER_VOTED; i++) {
        for (int32_t k = 0; k < 3; k++) {
            bool has = i < tops[k]->count && (k > 0 || i < FINDER_VOTED);
            for (int32_t n = 0; has && n < count; n++) {
                has = taken[n] != tops[k]->items[i].reference;
            }
            if (has && count < CANDIDATES) {
                const struct finder_name *name = f->names[tops[k]->items[i].reference];
                taken[count] = tops[k]->items[i].reference;
                out[count] = (struct listed){
                    .order = count,
                    .candidate = {.version = name->version, .cosine = -2, .hash_bits = -1}};
                describe(&out[count].candidate, taken[count], tops);
                snprintf(out[count].candidate.id, sizeof out[count].candidate.id, "%.128s",
                         name->id);
                count++;
            }
        }
    }
    return count;
}

/* The hash of the photo is a good one, or there was no nearest. */
static double score_of(const lk_candidate *c) {
    double score = search_score_alike(c->cosine);
    if (search_hash_is_near(c->hash_bits, SEARCH_HASH_QUALITY)) {
        score = search_score_hash(c->hash_bits);
    }
    return c->inliers >= SEARCH_INLIERS_LEAST ? fmax(score, search_score_local(c->inliers)) : score;
}

static lk_status rank(struct listed *list, int32_t count, const lk_finder *f, lk_store *store,
                      lk_engine *engine, const lk_features *photo, lk_error *err) {
    lk_status status = LK_OK;
    for (int32_t i = 0, last = count; status == LK_OK && i < last; i++) {
        lk_candidate *c = &list[i].candidate;
        status = match(c, f, store, engine, photo, err);
        if (last == count && c->inliers >= SURE_INLIERS && c->coverage >= sure_coverage) {
            last = MIN(count, i + 1 + RIVALS);
        }
    }
    qsort(list, (size_t)count, sizeof *list, by_strength);
    return status;
}

static lk_status identify(lk_candidate *out, int32_t most, int32_t *count, const lk_finder *finder,
                          lk_store *store, lk_engine *engine, const struct finder_query *query,
                          lk_error *err) {
    struct scored *items = mem_alloc(FINDER_COUNTED + FINDER_NEAREST + FINDER_ALIKE, sizeof *items);
    struct listed *list = mem_alloc(CANDIDATES, sizeof *list);
    *count = 0;
    if (!items || !list) {
        mem_free(items);
        mem_free(list);
        return error_memory(err, FINDER_COUNTED * sizeof *items);
    }
    struct top tops[3] = {{.most = FINDER_COUNTED, .items = items},
                          {.most = FINDER_NEAREST, .items = items + FINDER_COUNTED},
                          {.most = FINDER_ALIKE, .items = items + FINDER_COUNTED + FINDER_NEAREST}};
    const struct top *const each[3] = {&tops[0], &tops[1], &tops[2]};
    lk_status status = finder_search(tops, finder, engine, query, err);
    if (status == LK_OK) {
        int32_t found = merge(list, finder, each);
        status = rank(list, found, finder, store, engine, query->photo, err);
        for (int32_t i = 0; status == LK_OK && i < MIN(found, most); i++) {
            out[*count] = list[i].candidate;
            out[*count].score = score_of(&out[*count]);
            ++*count;
        }
    }
    mem_free(items);
    mem_free(list);
    return status;
}

lk_status lk_identify(lk_candidate *out, int32_t most, int32_t *count, const lk_finder *finder,
                      lk_store *store, lk_engine *engine, const lk_features *photo,
                      const lk_hash *mark, lk_error *err) {
    const struct finder_query query = {photo, mark, NULL, store};
    return identify(out, most, count, finder, store, engine, &query, err);
}

lk_status lk_identify_among(lk_candidate *out, int32_t most, int32_t *count,
                            const lk_finder *finder, lk_store *store, lk_engine *engine,
                            const lk_features *photo, const lk_hash *mark,
                            const lk_candidate_filter *filter, lk_error *err) {
    if (!filter) {
        return lk_identify(out, most, count, finder, store, engine, photo, mark, err);
    }
    *count = 0;
    bool *unwanted = mem_alloc(finder->count, sizeof *unwanted);
    if (!unwanted) {
        return error_memory(err, finder->count * sizeof *unwanted);
    }
    for (uint32_t i = 0; i < finder->count; i++) {
        unwanted[i] = !filter->wanted(filter->arg, finder->names[i]->id, finder->names[i]->version);
    }
    const struct finder_query query = {photo, mark, unwanted, store};
    lk_status status = identify(out, most, count, finder, store, engine, &query, err);
    mem_free(unwanted);
    return status;
}
