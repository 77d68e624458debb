/* SPDX-License-Identifier: Apache-2.0 */
#include "index/votes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"

enum {
    NEAR_BITS = 18,     /* of a sketch's 64 */
    COMMON = 64,        /* what more than one in so many items has says nothing, */
    COMMON_LEAST = 256, /* beyond so many */
    TURNS = 16,
    SIZES = 12,
    SIZE_STEP = 8, /* a whole octave each */
    BINS = TURNS * SIZES,
};

static const double sketch_sigma = 10; /* bits; the weight of a near sketch falls as a Gaussian */

struct vote {
    uint32_t item;
    float weight;
    uint8_t turn, size; /* bins in halves of a bin */
};

struct votes {
    struct vote_source source;
    lk_engine *engine;
    float *scores;  /* of each item; zero between queries */
    int16_t *last;  /* the keypoint that voted for it last, one vote each; -1 between queries */
    int16_t *slots; /* its place among those counted again; -1 between queries */
    int32_t *near;  /* of one list */
    float *bins;    /* of those counted again */
    struct vote *votes;
    size_t count, capacity;
    struct vote_hit top[VOTES_MOST]; /* a heap, the least on top */
    size_t top_count;
    float weights[NEAR_BITS + 1]; /* by differing bits */
};

lk_status votes_new(struct votes **out, const struct vote_source *source, lk_engine *engine,
                    lk_error *err) {
    size_t items = source->items;
    *out = NULL;
    struct votes *v = mem_calloc(1, sizeof *v);
    if (!v) {
        return error_memory(err, sizeof *v);
    }
    v->source = *source;
    v->engine = engine;
    v->scores = mem_calloc(items, sizeof *v->scores);
    v->last = mem_alloc(items, sizeof *v->last);
    v->slots = mem_alloc(items, sizeof *v->slots);
    v->near = mem_alloc((size_t)source->longest + 1, sizeof *v->near);
    v->bins = mem_alloc((size_t)VOTES_MOST * BINS, sizeof *v->bins);
    if (!v->scores || !v->last || !v->slots || !v->near || !v->bins) {
        votes_free(v);
        return error_memory(err, items * sizeof *v->scores + (size_t)VOTES_MOST * BINS * 4);
    }
    memset(v->last, 0xff, items * sizeof *v->last);
    memset(v->slots, 0xff, items * sizeof *v->slots);
    for (int32_t i = 0; i <= NEAR_BITS; i++) {
        v->weights[i] = (float)exp(-i * i / (2 * sketch_sigma * sketch_sigma));
    }
    *out = v;
    return LK_OK;
}

void votes_free(struct votes *v) {
    if (v) {
        mem_free(v->scores);
        mem_free(v->last);
        mem_free(v->slots);
        mem_free(v->near);
        mem_free(v->bins);
        mem_free(v->votes);
        mem_free(v);
    }
}

/* -- One keypoint's votes -- */

static lk_status make_room(struct votes *v, size_t more, lk_error *err) {
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

/* How the query would have to be turned and scaled to bring its keypoint onto one of an item: in half bins. */
static struct vote bins_of(const struct vote_key *k, uint8_t turn, int8_t size) {
    int32_t turned = (uint8_t)(k->turn - turn);
    int32_t octaves = (k->size - size) + SIZES / 2 * SIZE_STEP;
    return (struct vote){
        .turn = (uint8_t)(turned / (256 / (2 * TURNS))),
        .size = (uint8_t)(MIN(MAX(octaves, 0), SIZES * SIZE_STEP - 1) / (SIZE_STEP / 2))};
}

static lk_status vote(struct votes *v, const struct vote_key *k, int16_t number, lk_error *err) {
    struct vote_list l = {0};
    v->source.list_at(v->source.arg, k->word, &l);
    size_t near =
        v->engine->kernels.feature.near_64(v->near, l.sketches, l.count, k->sketch, NEAR_BITS);
    if (near == 0 || near > COMMON_LEAST + v->source.items / COMMON) {
        return LK_OK;
    }
    lk_status status = make_room(v, near, err);
    double rarity = log((double)(v->source.postings + 1) / (l.count + 1)) / sqrt(1 + (double)near);
    for (size_t i = 0; status == LK_OK && i < near; i++) {
        int32_t at = v->near[i];
        uint32_t item = l.items[at];
        if (item >= v->source.items || v->last[item] == number) {
            continue;
        }
        struct vote one = bins_of(k, l.turns[at], l.sizes[at]);
        one.item = item;
        one.weight = (float)rarity * v->weights[__builtin_popcountll(l.sketches[at] ^ k->sketch)];
        v->last[item] = number;
        v->scores[item] += one.weight;
        v->votes[v->count++] = one;
    }
    return status;
}

/* -- The items with most -- */

static bool is_before(const struct vote_hit *a, const struct vote_hit *b) {
    return a->score != b->score ? a->score > b->score : a->item < b->item;
}

static int best_first(const void *a, const void *b) {
    return is_before(a, b) ? -1 : is_before(b, a);
}

static void sift_down(struct votes *v, size_t at) {
    for (;;) {
        size_t last = at;
        for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < v->top_count; child++) {
            last = is_before(&v->top[last], &v->top[child]) ? child : last;
        }
        if (last == at) {
            return;
        }
        struct vote_hit h = v->top[at];
        v->top[at] = v->top[last];
        v->top[last] = h;
        at = last;
    }
}

static void top_add(struct votes *v, struct vote_hit h) {
    if (v->top_count == VOTES_MOST) {
        if (is_before(&h, &v->top[0])) {
            v->top[0] = h;
            sift_down(v, 0);
        }
        return;
    }
    size_t at = v->top_count++;
    v->top[at] = h;
    for (; at > 0 && is_before(&v->top[(at - 1) / 2], &v->top[at]); at = (at - 1) / 2) {
        struct vote_hit up = v->top[(at - 1) / 2];
        v->top[(at - 1) / 2] = v->top[at];
        v->top[at] = up;
    }
}

/* Each item's score was added up vote by vote: taken and set back to zero by the votes themselves, so that a query costs what it
 * votes for and not what the collection holds. */
static void take_scores(struct votes *v) {
    v->top_count = 0;
    for (size_t i = 0; i < v->count; i++) {
        uint32_t item = v->votes[i].item;
        if (v->last[item] >= 0) {
            top_add(v, (struct vote_hit){(double)v->scores[item], item});
            v->last[item] = -1;
            v->scores[item] = 0;
        }
    }
}

/* Each of those gets the votes of its best turn and size; a vote counts in its bin and the nearer neighbours. */
static void count_again(struct votes *v) {
    memset(v->bins, 0, v->top_count * BINS * sizeof *v->bins);
    for (size_t i = 0; i < v->top_count; i++) {
        v->slots[v->top[i].item] = (int16_t)i;
    }
    for (size_t i = 0; i < v->count; i++) {
        const struct vote *one = &v->votes[i];
        int32_t slot = v->slots[one->item];
        if (slot < 0) {
            continue;
        }
        int32_t turn = one->turn / 2, size = one->size / 2;
        int32_t turn_2 = (turn + (one->turn % 2 ? 1 : TURNS - 1)) % TURNS;
        int32_t size_2 = MIN(MAX(size + (one->size % 2 ? 1 : -1), 0), SIZES - 1);
        float *of = v->bins + (ptrdiff_t)slot * BINS;
        of[size * TURNS + turn] += one->weight;
        of[size * TURNS + turn_2] += one->weight;
        if (size_2 != size) {
            of[size_2 * TURNS + turn] += one->weight;
            of[size_2 * TURNS + turn_2] += one->weight;
        }
    }
    for (size_t i = 0; i < v->top_count; i++) {
        const float *of = v->bins + i * BINS;
        float best = 0;
        for (int32_t k = 0; k < BINS; k++) {
            best = MAX(best, of[k]);
        }
        v->slots[v->top[i].item] = -1;
        v->top[i].score = (double)best;
    }
    qsort(v->top, v->top_count, sizeof *v->top, best_first);
}

lk_status votes_search(struct vote_hit *out, size_t most, size_t *count, struct votes *v,
                       const struct vote_key *keys, size_t key_count, lk_error *err) {
    lk_status status = LK_OK;
    v->count = 0;
    *count = 0;
    for (size_t i = 0; status == LK_OK && i < MIN(key_count, (size_t)VOTES_KEYS_MOST); i++) {
        status = vote(v, &keys[i], (int16_t)i, err);
    }
    take_scores(v);
    if (status == LK_OK) {
        count_again(v);
        *count = MIN(most, v->top_count);
        memcpy(out, v->top, *count * sizeof *out);
    }
    return status;
}

/* -- Plain arrays -- */

static void list_at(const void *arg, uint16_t word, struct vote_list *out) {
    const struct vote_file *f = arg;
    *out = (struct vote_list){0};
    if (word < f->words) {
        uint32_t at = f->starts[word];
        *out = (struct vote_list){.sketches = f->sketches + at,
                                  .items = f->items + at,
                                  .turns = f->turns + at,
                                  .sizes = f->sizes + at,
                                  .count = f->starts[word + 1] - at};
        bool sound =
            index_file_is_sound(f->file, out->sketches, out->count * sizeof *out->sketches) &&
            index_file_is_sound(f->file, out->items, out->count * sizeof *out->items) &&
            index_file_is_sound(f->file, out->turns, out->count) &&
            index_file_is_sound(f->file, out->sizes, out->count);
        out->count = sound ? out->count : 0;
    }
}

struct vote_source vote_source_of(const struct vote_file *file, uint32_t items) {
    struct vote_source s = {.arg = file, .list_at = list_at, .items = items};
    for (uint32_t i = 0; i < file->words; i++) {
        s.longest = MAX(s.longest, file->starts[i + 1] - file->starts[i]);
    }
    s.postings = file->starts[file->words];
    return s;
}
