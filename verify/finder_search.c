/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/finder_search.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "feature/search_score.h"
#include "store/vectors.h"

enum {
    ASKED = 1000,       /* keypoints of the photo */
    NEAR_BITS = 18,     /* of a sketch's 64 */
    COMMON = 64,        /* what more than one in so many references has says nothing, */
    COMMON_LEAST = 256, /* beyond so many */
    TURNS = 16,
    SIZES = 12,
    SIZE_STEP = 8, /* bins; a whole octave each */
    PIECE = 1024,  /* vectors at a time: their distances stay in the cache */
};

static const double sketch_sigma = 10; /* bits; the weight of a near sketch falls as a Gaussian */

/* -- The best of many -- */

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

static bool is_wanted(const struct finder_query *q, uint32_t reference) {
    return reference != FINDER_GONE && !(q->unwanted && q->unwanted[reference]);
}

struct voting {
    const lk_finder *finder;
    const struct finder_query *query;
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

/* The list of one part for a word, and which of its postings are near. */
struct near {
    const uint64_t *sketches;
    const uint32_t *references;
    const uint8_t *turns, *sizes;
    const int32_t *at; /* of `count` postings */
    size_t count, listed;
};

/* What is gone is in no list. */
static size_t listed(const struct finder_part *p, const uint32_t *references, size_t count) {
    size_t left = 0;
    for (size_t i = 0; p->gone && i < count; i++) {
        left +=
            references[i] < finder_head_of(p)->count && p->numbers[references[i]] != FINDER_GONE;
    }
    return p->gone ? left : count;
}

static void look_up(struct near *out, struct voting *v, int32_t part, const struct visual_word *w,
                    int32_t *at) {
    const struct finder_part *p = &v->finder->parts[part];
    const struct finder_list *l = finder_list_at(p, w->word);
    *out = (struct near){.at = at};
    if (!l) { /* damaged: the others' votes do, and the next to open it makes it anew */
        finder_discard(v->finder, part);
        return;
    }
    const uint8_t *list = (const uint8_t *)finder_section(p, FINDER_POSTINGS) + 8 * l->at;
    out->sketches = (const uint64_t *)(const void *)list;
    out->references = (const uint32_t *)(const void *)(list + 8 * (size_t)l->count);
    out->turns = list + 12 * (size_t)l->count;
    out->sizes = out->turns + l->count;
    out->listed = listed(p, out->references, l->count);
    size_t found =
        v->engine->kernels.feature.near_64(at, out->sketches, l->count, w->sketch, NEAR_BITS);
    for (size_t i = 0; i < found; i++) {
        uint32_t reference = out->references[at[i]];
        if (reference < finder_head_of(p)->count && p->numbers[reference] != FINDER_GONE) {
            at[out->count++] = at[i];
        }
    }
}

static void vote_part(struct voting *v, size_t keypoint, int32_t part, const struct near *near,
                      double rarity) {
    const struct visual_word *w = &v->words[keypoint];
    for (size_t i = 0; i < near->count; i++) {
        int32_t k = near->at[i];
        uint32_t reference = v->finder->parts[part].numbers[near->references[k]];
        if (v->last[reference] == (int16_t)keypoint) {
            continue;
        }
        struct vote one = bins_of(w, near->turns[k], (int8_t)near->sizes[k]);
        one.reference = reference;
        one.weight =
            (float)rarity * v->weights[__builtin_popcountll(near->sketches[k] ^ w->sketch)];
        v->last[reference] = (int16_t)keypoint;
        v->scores[reference] += one.weight;
        v->votes[v->count++] = one;
    }
}

static lk_status vote(struct voting *v, size_t keypoint, lk_error *err) {
    const lk_finder *f = v->finder;
    struct near near[FINDER_PARTS];
    size_t count = 0, in_lists = 0;
    for (int32_t i = 0; i < f->part_count; i++) {
        look_up(&near[i], v, i, &v->words[keypoint], v->near + count);
        count += near[i].count;
        in_lists += near[i].listed;
    }
    if (count > COMMON_LEAST + f->count / COMMON) {
        return LK_OK;
    }
    lk_status status = grow(v, count, err);
    double rarity =
        log((double)(f->postings + 1) / ((double)in_lists + 1)) / sqrt(1 + (double)count);
    for (int32_t i = 0; status == LK_OK && i < f->part_count; i++) {
        vote_part(v, keypoint, i, &near[i], rarity);
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
    const uint32_t count = v->finder->count;
    int16_t *slots = mem_alloc(count, sizeof *slots);
    float *bins = mem_calloc((size_t)FINDER_COUNTED * SIZES * TURNS, sizeof *bins);
    if (!slots || !bins) {
        mem_free(slots);
        mem_free(bins);
        return error_memory(err, (size_t)FINDER_COUNTED * SIZES * TURNS * sizeof *bins);
    }
    for (uint32_t i = 0; i < count; i++) {
        slots[i] = -1;
        if (v->scores[i] > 0 && is_wanted(v->query, i)) {
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
                              const struct finder_query *query, lk_error *err) {
    const lk_features *photo = query->photo;
    struct voting *v = mem_calloc(1, sizeof *v);
    const size_t count = f->count;
    if (!v) {
        return error_memory(err, sizeof *v);
    }
    v->finder = f;
    v->query = query;
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

struct vector_query {
    const struct finder_query *asked;
    const uint8_t *bytes;
    int32_t *distances; /* two PIECEs */
};

static void search_part(struct top *t, const struct finder_part *p, lk_engine *engine,
                        const struct vector_query *query) {
    int32_t *distances = query->distances;
    const struct finder_head *h = finder_head_of(p);
    const uint8_t *vectors = finder_section(p, FINDER_VECTORS);
    const int32_t *norms = finder_section(p, FINDER_NORMS);
    const size_t blocks = (size_t)(h->count + SIFT_BLOCK - 1) / SIFT_BLOCK,
                 step = PIECE / SIFT_BLOCK;
    static const int32_t none[PIECE];
    for (size_t at = 0; at < blocks; at += step) {
        size_t n = MIN(step, blocks - at), first = at * SIFT_BLOCK;
        for (size_t layer = 0; layer < h->layers; layer++) {
            const uint8_t *q = query->bytes + layer * SIFT_BYTES;
            int32_t *to = layer > 0 ? distances + PIECE : distances;
            engine->kernels.sift.products(to, PIECE, &q, 1,
                                          vectors + (layer * blocks + at) * SIFT_BLOCK * SIFT_BYTES,
                                          layer > 0 ? none : norms + first, n);
            for (size_t i = 0; layer > 0 && i < n * SIFT_BLOCK; i++) {
                distances[i] += to[i];
            }
        }
        for (size_t i = 0; i < n * SIFT_BLOCK && first + i < h->count; i++) {
            if (norms[first + i] < FINDER_FAR && is_wanted(query->asked, p->numbers[first + i])) {
                top_add(t, (struct scored){-(double)distances[i], p->numbers[first + i]});
            }
        }
    }
}

/* -- The same, of what the store's server finds near -- */

/* So many are asked for: old versions and what is new since the finder was opened are dropped. */
enum { NEAR_ASKED = 64 };

struct near_search {
    const lk_finder *finder;
    lk_engine *engine;
    const struct vector_query *query;
    struct top *top;
};

/* Where the reference stands in the part; false when it does not, in that version. */
static bool place_in(size_t *at, const struct finder_part *p, const char *id, int32_t version) {
    const struct finder_name *names = finder_section(p, FINDER_NAMES);
    size_t from = 0, to = (size_t)finder_head_of(p)->count;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        int order = strcmp(names[middle].id, id);
        if (order == 0) {
            *at = middle;
            return names[middle].version == version && p->numbers[middle] != FINDER_GONE;
        }
        from = order < 0 ? middle + 1 : from;
        to = order < 0 ? to : middle;
    }
    return false;
}

/* As search_part has it, of one. */
static int32_t distance_of(const struct near_search *n, const struct finder_part *p, size_t at) {
    int32_t block[SIFT_BLOCK], sum = 0;
    const struct finder_head *h = finder_head_of(p);
    const size_t blocks = (size_t)(h->count + SIFT_BLOCK - 1) / SIFT_BLOCK;
    const int32_t *norms = finder_section(p, FINDER_NORMS);
    const uint8_t *vectors = finder_section(p, FINDER_VECTORS);
    static const int32_t none[SIFT_BLOCK];
    for (size_t layer = 0; layer < h->layers; layer++) {
        const uint8_t *q = n->query->bytes + layer * SIFT_BYTES;
        n->engine->kernels.sift.products(
            block, SIFT_BLOCK, &q, 1,
            vectors + (layer * blocks + at / SIFT_BLOCK) * SIFT_BLOCK * SIFT_BYTES,
            layer > 0 ? none : norms + at / SIFT_BLOCK * SIFT_BLOCK, 1);
        sum += block[at % SIFT_BLOCK];
    }
    return sum;
}

static bool take_near(void *arg, const char *id, int32_t version) {
    struct near_search *n = arg;
    for (int32_t i = 0; i < n->finder->part_count; i++) {
        const struct finder_part *p = &n->finder->parts[i];
        const int32_t *norms = finder_section(p, FINDER_NORMS);
        size_t at;
        if (place_in(&at, p, id, version) && norms[at] < FINDER_FAR) {
            top_add(n->top, (struct scored){-(double)distance_of(n, p, at), p->numbers[at]});
        }
    }
    return true;
}

/* Candidates of the server's index, held against the vectors that are here. False when there are too few, or it cannot tell: then
 * all are looked at, so that an answer never depends on the server being there. */
static bool search_near(struct top *t, const lk_finder *f, lk_engine *engine,
                        const struct vector_query *query) {
    lk_error ignored;
    struct near_search n = {f, engine, query, t};
    const struct finder_query *q = query->asked;
    if (!f->near || q->unwanted) {
        return false;
    }
    bool told = store_visit_near(q->store, &f->vectors, q->photo->seen.embedding, f->dim,
                                 NEAR_ASKED, take_near, &n, &ignored) == LK_OK;
    if (!told || t->count < t->most) {
        t->count = 0;
        return false;
    }
    return true;
}

static lk_status search_vectors(struct top *t, const lk_finder *f, lk_engine *engine,
                                const struct finder_query *asked, lk_error *err) {
    uint8_t bytes[FINDER_LAYERS_MOST * SIFT_BYTES];
    const struct vector_query query = {asked, bytes, mem_alloc(2 * PIECE, sizeof(int32_t))};
    int32_t norm = 0; /* of the query, which distances leave out */
    if (!query.distances) {
        return error_memory(err, 2 * PIECE * sizeof(int32_t));
    }
    finder_quantise(bytes, asked->photo->seen.embedding, f->dim);
    for (int32_t i = 0; i < finder_layers(f->dim) * SIFT_BYTES; i++) {
        norm += bytes[i] * bytes[i];
    }
    if (!search_near(t, f, engine, &query)) {
        for (int32_t i = 0; i < f->part_count; i++) {
            search_part(t, &f->parts[i], engine, &query);
        }
    }
    mem_free(query.distances);
    top_sort(t);
    for (int32_t i = 0; i < t->count; i++) {
        t->items[i].score = finder_cosine(norm - t->items[i].score, f->dim);
    }
    return LK_OK;
}

/* In runs, between those that are gone. */
static void search_hashes_part(struct top *t, const struct finder_part *p, lk_engine *engine,
                               const struct finder_query *q) {
    enum { FAR = 90 };
    const uint8_t *hashes = finder_section(p, FINDER_HASHES);
    const size_t count = (size_t)finder_head_of(p)->count;
    for (size_t from = 0, to; from < count; from = to + 1) {
        struct nearest_two nearest;
        for (to = from; to < count && is_wanted(q, p->numbers[to]); to++) {
        }
        engine->kernels.feature.nearest(&nearest, q->mark->data, hashes + from * PDQ_BYTES,
                                        to - from);
        if (nearest.index >= 0 && nearest.distance <= FAR) {
            top_add(t,
                    (struct scored){-nearest.distance, p->numbers[from + (size_t)nearest.index]});
        }
    }
}

static void search_hashes(struct top *t, const lk_finder *f, lk_engine *engine,
                          const struct finder_query *q) {
    bool good = q->mark && q->mark->quality >= SEARCH_HASH_QUALITY;
    for (int32_t i = 0; good && i < f->part_count; i++) {
        search_hashes_part(t, &f->parts[i], engine, q);
    }
}

lk_status finder_search(struct top tops[3], const lk_finder *f, lk_engine *engine,
                        const struct finder_query *query, lk_error *err) {
    lk_status status = search_words(&tops[0], f, engine, query, err);
    if (status == LK_OK && f->dim > 0 && query->photo->seen.dim == f->dim) {
        status = search_vectors(&tops[1], f, engine, query, err);
    }
    search_hashes(&tops[2], f, engine, query);
    return status;
}
