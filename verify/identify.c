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

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "feature/sift_geometry.h"
#include "store/store.h"
#include "verify/finder.h"

enum {
    ASKED = 1000,       /* keypoints of the photo */
    NEAR_BITS = 18,     /* of a sketch's 64 */
    COMMON = 64,        /* what more than one in so many references has says nothing, */
    COMMON_LEAST = 256, /* beyond so many */
    COUNTED = 1024,     /* references whose votes are counted again */
    VOTED = 32,         /* candidates by votes, */
    NEAREST = 16,       /* by embedding, */
    ALIKE = 1,          /* and by hash */
    CANDIDATES = VOTED + NEAREST + ALIKE,
    MATCHED = 300,      /* keypoints of a candidate */
    MATCHED_WITH = 800, /* of the photo */
    TURNS = 16,
    SIZES = 12,
    SIZE_STEP = 8, /* bins; a whole octave each */
    SURE_INLIERS = 15,
    RIVALS = 12, /* asked behind one that is sure */
    LEAST_INLIERS = 6,
    PIECE = 1024, /* vectors at a time: their distances stay in the cache */
};

static const double sure_coverage = 0.08;
static const double sketch_sigma = 10; /* bits; the weight of a near sketch falls as a Gaussian */

/* -- The best of many -- */

struct scored {
    double score;
    uint32_t reference;
};

struct top {
    int32_t most, count;
    struct scored *items; /* a heap, the least on top */
};

/* Whether a goes before b: of equal ones the first reference. */
static bool is_before(const struct scored *a, const struct scored *b) {
    return a->score != b->score ? a->score > b->score : a->reference < b->reference;
}

static void sift_down(struct top *t, int32_t at) {
    for (;;) {
        int32_t last = at;
        for (int32_t child = 2 * at + 1; child <= 2 * at + 2 && child < t->count; child++) {
            last = is_before(&t->items[last], &t->items[child]) ? child : last;
        }
        if (last == at) {
            return;
        }
        struct scored s = t->items[at];
        t->items[at] = t->items[last];
        t->items[last] = s;
        at = last;
    }
}

static void top_add(struct top *t, struct scored s) {
    if (t->count == t->most) {
        if (is_before(&s, &t->items[0])) {
            t->items[0] = s;
            sift_down(t, 0);
        }
        return;
    }
    int32_t at = t->count++;
    t->items[at] = s;
    for (; at > 0 && is_before(&t->items[(at - 1) / 2], &t->items[at]); at = (at - 1) / 2) {
        struct scored up = t->items[(at - 1) / 2];
        t->items[(at - 1) / 2] = t->items[at];
        t->items[at] = up;
    }
}

static int best_first(const void *a, const void *b) {
    return is_before(a, b) ? -1 : is_before(b, a);
}

static void top_sort(struct top *t) {
    qsort(t->items, (size_t)t->count, sizeof *t->items, best_first);
}

/* -- Votes -- */

struct vote {
    uint32_t reference;
    float weight;
    uint8_t turn, size; /* bins in halves of a bin */
};

struct voting {
    const lk_finder *finder;
    lk_engine *engine;
    struct visual_word words[ASKED];
    size_t asked;
    float *scores; /* of each reference */
    int16_t *last; /* the keypoint that voted for it last: one vote each */
    int32_t *near; /* of one list */
    struct vote *votes;
    size_t count, capacity;
    float weights[NEAR_BITS + 1]; /* by differing bits */
};

static lk_status grow(struct voting *v, size_t more, lk_error *err) {
    if (v->count + more <= v->capacity) {
        return LK_OK;
    }
    size_t capacity = 2 * (v->count + more);
    struct vote *votes = mem_realloc(v->votes, capacity, sizeof *votes);
    if (!votes) {
        return error_memory(err, capacity * sizeof *votes);
    }
    v->votes = votes;
    v->capacity = capacity;
    return LK_OK;
}

/* Where the photo's keypoint w would bring one of a reference: in half bins, TURNS of them around. */
static struct vote bins_of(const struct visual_word *w, uint8_t turn, int8_t size) {
    int32_t turned = (uint8_t)(w->turn - turn);
    int32_t octaves = (w->size - size) + SIZES / 2 * SIZE_STEP;
    return (struct vote){
        .turn = (uint8_t)(turned / (256 / (2 * TURNS))),
        .size = (uint8_t)(MIN(MAX(octaves, 0), SIZES * SIZE_STEP - 1) / (SIZE_STEP / 2))};
}

static lk_status vote(struct voting *v, size_t keypoint, lk_error *err) {
    const struct finder_head *h = finder_head_of(v->finder);
    const struct visual_word *w = &v->words[keypoint];
    const struct finder_list *l = finder_list_at(v->finder, w->word);
    if (!l) { /* damaged: the others' votes do, and the next to open it makes it anew */
        finder_discard(v->finder);
        return LK_OK;
    }
    const uint8_t *list = (const uint8_t *)finder_section(v->finder, FINDER_POSTINGS) + 8 * l->at;
    const uint64_t *sketches = (const uint64_t *)(const void *)list;
    const uint32_t *references = (const uint32_t *)(const void *)(list + 8 * (size_t)l->count);
    const uint8_t *turns = list + 12 * (size_t)l->count, *sizes = turns + l->count;
    size_t near =
        v->engine->kernels.feature.near_64(v->near, sketches, l->count, w->sketch, NEAR_BITS);
    if (near > COMMON_LEAST + h->count / COMMON) {
        return LK_OK;
    }
    lk_status status = grow(v, near, err);
    double rarity = log((double)(h->postings + 1) / (l->count + 1)) / sqrt(1 + (double)near);
    for (size_t i = 0; status == LK_OK && i < near; i++) {
        int32_t k = v->near[i];
        uint32_t reference = references[k];
        if (reference >= h->count || v->last[reference] == (int16_t)keypoint) {
            continue;
        }
        struct vote one = bins_of(w, turns[k], (int8_t)sizes[k]);
        one.reference = reference;
        one.weight = (float)rarity * v->weights[__builtin_popcountll(sketches[k] ^ w->sketch)];
        v->last[reference] = (int16_t)keypoint;
        v->scores[reference] += one.weight;
        v->votes[v->count++] = one;
    }
    return status;
}

/* Each of the references with most votes gets those of its best turn and size; a vote counts in its bin and the nearer
 * neighbours. */
static void count_again(struct top *t, const struct voting *v, const int16_t *slots, float *bins) {
    for (size_t i = 0; i < v->count; i++) {
        const struct vote *one = &v->votes[i];
        int32_t slot = slots[one->reference];
        if (slot < 0) {
            continue;
        }
        int32_t turn = one->turn / 2, size = one->size / 2;
        int32_t turn_2 = (turn + (one->turn % 2 ? 1 : TURNS - 1)) % TURNS;
        int32_t size_2 = MIN(MAX(size + (one->size % 2 ? 1 : -1), 0), SIZES - 1);
        float *of = bins + (ptrdiff_t)slot * SIZES * TURNS;
        of[size * TURNS + turn] += one->weight;
        of[size * TURNS + turn_2] += one->weight;
        if (size_2 != size) {
            of[size_2 * TURNS + turn] += one->weight;
            of[size_2 * TURNS + turn_2] += one->weight;
        }
    }
    for (int32_t i = 0; i < t->count; i++) {
        const float *of = bins + (ptrdiff_t)i * SIZES * TURNS;
        float best = 0;
        for (int32_t k = 0; k < SIZES * TURNS; k++) {
            best = MAX(best, of[k]);
        }
        t->items[i].score = best;
    }
    top_sort(t);
}

static lk_status most_voted(struct top *t, const struct voting *v, lk_error *err) {
    const uint64_t count = finder_head_of(v->finder)->count;
    int16_t *slots = mem_alloc(count, sizeof *slots);
    float *bins = mem_calloc((size_t)COUNTED * SIZES * TURNS, sizeof *bins);
    if (!slots || !bins) {
        mem_free(slots);
        mem_free(bins);
        return error_memory(err, (size_t)COUNTED * SIZES * TURNS * sizeof *bins);
    }
    for (uint32_t i = 0; i < count; i++) {
        slots[i] = -1;
        if (v->scores[i] > 0) {
            top_add(t, (struct scored){(double)v->scores[i], i});
        }
    }
    for (int32_t i = 0; i < t->count; i++) {
        slots[t->items[i].reference] = (int16_t)i;
    }
    count_again(t, v, slots, bins);
    mem_free(slots);
    mem_free(bins);
    return LK_OK;
}

static lk_status search_words(struct top *t, const lk_finder *f, lk_engine *engine,
                              const lk_features *photo, lk_error *err) {
    struct voting *v = mem_calloc(1, sizeof *v);
    const uint64_t count = finder_head_of(f)->count;
    if (!v) {
        return error_memory(err, sizeof *v);
    }
    v->finder = f;
    v->engine = engine;
    v->asked = MIN(photo->sift.count, (size_t)ASKED);
    v->scores = mem_calloc(count, sizeof *v->scores);
    v->last = mem_alloc(count, sizeof *v->last);
    v->near = mem_alloc((size_t)f->list_most + 1, sizeof *v->near);
    for (int32_t i = 0; i <= NEAR_BITS; i++) {
        v->weights[i] = (float)exp(-i * i / (2 * sketch_sigma * sketch_sigma));
    }
    lk_status status = v->scores && v->last && v->near
                           ? visual_words_of(v->words, engine, &photo->sift, v->asked,
                                             MAX(photo->width, photo->height), err)
                           : error_memory(err, count * sizeof *v->scores);
    if (status == LK_OK) {
        memset(v->last, 0xff, count * sizeof *v->last);
    }
    for (size_t i = 0; status == LK_OK && i < v->asked; i++) {
        status = vote(v, i, err);
    }
    status = status == LK_OK ? most_voted(t, v, err) : status;
    mem_free(v->scores);
    mem_free(v->last);
    mem_free(v->near);
    mem_free(v->votes);
    mem_free(v);
    return status;
}

/* -- The nearest by embedding and by hash -- */

static lk_status search_vectors(struct top *t, const lk_finder *f, lk_engine *engine,
                                const lk_features *photo, lk_error *err) {
    const struct finder_head *h = finder_head_of(f);
    const uint8_t *vectors = finder_section(f, FINDER_VECTORS);
    const int32_t *norms = finder_section(f, FINDER_NORMS);
    const size_t blocks = (size_t)(h->count + SIFT_BLOCK - 1) / SIFT_BLOCK,
                 step = PIECE / SIFT_BLOCK;
    static const int32_t none[PIECE];
    uint8_t query[FINDER_LAYERS_MOST * SIFT_BYTES];
    int32_t *distances = mem_alloc(2 * PIECE, sizeof *distances);
    if (!distances) {
        return error_memory(err, 2 * PIECE * sizeof *distances);
    }
    finder_quantise(query, photo->seen.embedding, f->dim);
    for (size_t at = 0; at < blocks; at += step) {
        size_t n = MIN(step, blocks - at), first = at * SIFT_BLOCK;
        for (size_t layer = 0; layer < h->layers; layer++) {
            const uint8_t *q = query + layer * SIFT_BYTES;
            int32_t *to = layer > 0 ? distances + PIECE : distances;
            engine->kernels.sift.products(to, PIECE, &q, 1,
                                          vectors + (layer * blocks + at) * SIFT_BLOCK * SIFT_BYTES,
                                          layer > 0 ? none : norms + first, n);
            for (size_t i = 0; layer > 0 && i < n * SIFT_BLOCK; i++) {
                distances[i] += to[i];
            }
        }
        for (size_t i = 0; i < n * SIFT_BLOCK && first + i < h->count; i++) {
            if (norms[first + i] < FINDER_FAR) {
                top_add(t, (struct scored){-(double)distances[i], (uint32_t)(first + i)});
            }
        }
    }
    mem_free(distances);
    top_sort(t);
    return LK_OK;
}

static void search_hashes(struct top *t, const lk_finder *f, lk_engine *engine,
                          const lk_hash *mark) {
    enum { GOOD = 50, FAR = 90 };
    struct nearest_two nearest;
    if (!mark || mark->quality < GOOD) {
        return;
    }
    engine->kernels.feature.nearest(&nearest, mark->data, finder_section(f, FINDER_HASHES),
                                    (size_t)finder_head_of(f)->count);
    if (nearest.index >= 0 && nearest.distance <= FAR) {
        top_add(t, (struct scored){-nearest.distance, (uint32_t)nearest.index});
    }
}

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
    if (f->folder_fd >= 0 && lk_store_open(&own, lk_store_folder(store), &writing, NULL) == LK_OK) {
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

/* The i-th of each list in turn, each reference once. */
static int32_t merge(struct listed *out, const lk_finder *f, const struct top *const tops[3]) {
    const struct finder_name *names = finder_section(f, FINDER_NAMES);
    uint32_t taken[CANDIDATES];
    int32_t count = 0;
    for (int32_t i = 0; i < VOTED; i++) {
        for (int32_t k = 0; k < 3; k++) {
            bool has = i < tops[k]->count && (k > 0 || i < VOTED);
            for (int32_t n = 0; has && n < count; n++) {
                has = taken[n] != tops[k]->items[i].reference;
            }
            if (has && count < CANDIDATES) {
                const struct finder_name *name = &names[tops[k]->items[i].reference];
                taken[count] = tops[k]->items[i].reference;
                out[count] =
                    (struct listed){.order = count, .candidate = {.version = name->version}};
                snprintf(out[count].candidate.id, sizeof out[count].candidate.id, "%.128s",
                         name->id);
                count++;
            }
        }
    }
    return count;
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

static lk_status search(struct top tops[3], const lk_finder *f, lk_engine *engine,
                        const lk_features *photo, const lk_hash *mark, lk_error *err) {
    lk_status status = search_words(&tops[0], f, engine, photo, err);
    if (status == LK_OK && f->dim > 0 && photo->seen.dim == f->dim) {
        status = search_vectors(&tops[1], f, engine, photo, err);
    }
    search_hashes(&tops[2], f, engine, mark);
    return status;
}

lk_status lk_identify(lk_candidate *out, int32_t most, int32_t *count, const lk_finder *finder,
                      lk_store *store, lk_engine *engine, const lk_features *photo,
                      const lk_hash *mark, lk_error *err) {
    struct scored *items = mem_alloc(COUNTED + NEAREST + ALIKE, sizeof *items);
    struct listed *list = mem_alloc(CANDIDATES, sizeof *list);
    *count = 0;
    if (!items || !list) {
        mem_free(items);
        mem_free(list);
        return error_memory(err, COUNTED * sizeof *items);
    }
    struct top tops[3] = {{.most = COUNTED, .items = items},
                          {.most = NEAREST, .items = items + COUNTED},
                          {.most = ALIKE, .items = items + COUNTED + NEAREST}};
    const struct top *const each[3] = {&tops[0], &tops[1], &tops[2]};
    lk_status status = search(tops, finder, engine, photo, mark, err);
    if (status == LK_OK) {
        int32_t found = merge(list, finder, each);
        status = rank(list, found, finder, store, engine, photo, err);
        for (int32_t i = 0; status == LK_OK && i < MIN(found, most); i++) {
            out[(*count)++] = list[i].candidate;
        }
    }
    mem_free(items);
    mem_free(list);
    return status;
}
