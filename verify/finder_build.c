/* SPDX-License-Identifier: Apache-2.0 */
/* The originals of a store, from the database into one piece of memory: twice through the words, once to count those of each
 * list and once to put them there. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "store/store.h"
#include "verify/finder.h"

enum { BLANK = 0xaa };

int32_t finder_layers(int32_t dim) {
    return (dim + SIFT_BYTES - 1) / SIFT_BYTES;
}

static const double reach = 16; /* levels of a component of mean size: 4 of these pass */

double finder_cosine(double distance, int32_t dim) {
    return fmax(-1, 1 - distance / (2 * reach * reach * dim));
}

void finder_quantise(uint8_t *out, const float *vector, int32_t dim) {
    enum { MIDDLE = 64, MOST = 127 };
    double squares = 0;
    memset(out, MIDDLE, (size_t)finder_layers(dim) * SIFT_BYTES);
    for (int32_t i = 0; i < dim; i++) {
        squares += (double)vector[i] * (double)vector[i];
    }
    double factor = squares > 0 ? reach * sqrt((double)dim / squares) : 0;
    for (int32_t i = 0; i < dim; i++) {
        double v = MIDDLE + (double)vector[i] * factor;
        out[i] = (uint8_t)lround(fmin(fmax(v, 0), MOST)); /* 0 for NaN */
    }
}

/* -- Where all is -- */

struct building {
    uint8_t *data;
    uint32_t *counts; /* of each word, then how many are placed */
    char (*ids)[LK_REFERENCE_ID_MAX + 1];
    int32_t *versions;
    size_t count, capacity;
    uint64_t postings;
    int64_t damaged; /* rows passed over */
    int64_t since;
    size_t at; /* of the reference looked for last */
    int32_t dim;
    bool failed; /* memory */
};

static uint8_t *section(const struct building *b, enum finder_section s) {
    const struct finder_head *h = (const struct finder_head *)(const void *)b->data;
    return b->data + h->sections[s].at;
}

static bool add_name(void *arg, const char *id, int32_t version, const void *data, size_t size) {
    struct building *b = arg;
    (void)data;
    (void)size;
    if (b->count == b->capacity) {
        size_t capacity = 2 * b->capacity + 256;
        void *ids = mem_realloc(b->ids, capacity, sizeof *b->ids);
        b->ids = ids ? ids : b->ids;
        void *versions = mem_realloc(b->versions, capacity, sizeof *b->versions);
        b->versions = versions ? versions : b->versions;
        b->failed = !ids || !versions;
        if (b->failed) {
            return false;
        }
        b->capacity = capacity;
    }
    snprintf(b->ids[b->count], sizeof b->ids[b->count], "%s", id);
    b->versions[b->count++] = version;
    return true;
}

/* Words are counted for the references that have them, which are those that are listed. */
static bool count_words(void *arg, const char *id, int32_t version, const void *data, size_t size) {
    struct building *b = arg;
    struct visual_word w;
    const uint8_t *bytes = data;
    if (!add_name(b, id, version, data, size)) {
        return false;
    }
    for (size_t i = 0; i + VISUAL_WORD_BYTES <= size; i += VISUAL_WORD_BYTES) {
        visual_word_read(&w, bytes + i);
        if (w.word < VISUAL_WORDS) {
            b->counts[w.word]++;
            b->postings++;
        }
    }
    return true;
}

/* Visits come in the order of ids. *found is false for what has no words. */
static size_t place_of(struct building *b, const char *id, int32_t version, bool *found) {
    int order = 1;
    while (b->at < b->count && (order = strcmp(b->ids[b->at], id)) < 0) {
        b->at++;
    }
    *found = b->at < b->count && order == 0 && b->versions[b->at] == version;
    return b->at;
}

static bool put_words(void *arg, const char *id, int32_t version, const void *data, size_t size) {
    struct building *b = arg;
    bool found;
    const uint8_t *bytes = data;
    size_t reference = place_of(b, id, version, &found);
    struct finder_list *lists = (struct finder_list *)(void *)section(b, FINDER_LISTS);
    struct finder_name *names = (struct finder_name *)(void *)section(b, FINDER_NAMES);
    for (size_t i = 0; found && i + VISUAL_WORD_BYTES <= size; i += VISUAL_WORD_BYTES) {
        struct visual_word w;
        visual_word_read(&w, bytes + i);
        if (w.word >= VISUAL_WORDS || b->counts[w.word] >= lists[w.word].count) {
            continue;
        }
        uint32_t n = lists[w.word].count, k = b->counts[w.word]++, number = (uint32_t)reference;
        uint8_t *list = section(b, FINDER_POSTINGS) + 8 * lists[w.word].at;
        memcpy(list + 8 * (size_t)k, &w.sketch, 8);
        memcpy(list + 8 * (size_t)n + 4 * (size_t)k, &number, 4);
        names[reference].postings++;
        list[12 * (size_t)n + k] = w.turn;
        list[13 * (size_t)n + k] = (uint8_t)w.size;
    }
    return true;
}

static bool put_vector(void *arg, const char *id, int32_t version, const void *data, size_t size) {
    struct building *b = arg;
    bool found;
    uint8_t bytes[FINDER_LAYERS_MOST * SIFT_BYTES];
    size_t i = place_of(b, id, version, &found);
    int32_t layers = finder_layers(b->dim), *norms = (int32_t *)(void *)section(b, FINDER_NORMS);
    size_t blocks = (b->count + SIFT_BLOCK - 1) / SIFT_BLOCK;
    if (!found || size != (size_t)b->dim * sizeof(float)) {
        return true;
    }
    finder_quantise(bytes, data, b->dim);
    norms[i] = 0;
    for (int32_t layer = 0; layer < layers; layer++) {
        const uint8_t *from = bytes + (ptrdiff_t)layer * SIFT_BYTES;
        uint8_t *to = section(b, FINDER_VECTORS) +
                      ((size_t)layer * blocks + i / SIFT_BLOCK) * SIFT_BLOCK * SIFT_BYTES +
                      i % SIFT_BLOCK * 4;
        for (int32_t k = 0; k < SIFT_BYTES; k += 4) {
            memcpy(to + (ptrdiff_t)k * SIFT_BLOCK, from + k, 4);
        }
        for (int32_t k = 0; k < SIFT_BYTES; k++) {
            norms[i] += from[k] * from[k];
        }
    }
    return true;
}

static bool put_hash(void *arg, const char *id, int32_t version, const void *data, size_t size) {
    struct building *b = arg;
    bool found;
    size_t i = place_of(b, id, version, &found);
    if (found && size == PDQ_BYTES + 1) {
        memcpy(section(b, FINDER_HASHES) + i * PDQ_BYTES, data, PDQ_BYTES);
    }
    return true;
}

/* -- In order -- */

static uint64_t aligned(uint64_t size) {
    return (size + FINDER_ALIGN - 1) / FINDER_ALIGN * FINDER_ALIGN;
}

static lk_status lay_out(struct building *b, const struct store_state *state, const char *key,
                         lk_error *err) {
    uint64_t blocks = (b->count + SIFT_BLOCK - 1) / SIFT_BLOCK, postings = 0;
    struct finder_head h = {.layout = FINDER_LAYOUT,
                            .changes = state->changes,
                            .entries = state->log.count,
                            .since = b->since,
                            .count = b->count,
                            .layers = (uint64_t)finder_layers(b->dim),
                            .postings = b->postings};
    memcpy(h.magic, "LKFINDER", sizeof h.magic);
    memcpy(h.salt, state->salt, sizeof h.salt);
    memcpy(h.log, state->log.hash, sizeof h.log);
    snprintf(h.key, sizeof h.key, "%s", key);
    for (int32_t w = 0; w < VISUAL_WORDS; w++) {
        postings += aligned((uint64_t)b->counts[w] * POSTING_BYTES);
    }
    const uint64_t sizes[FINDER_SECTIONS] = {
        [FINDER_NAMES] = b->count * sizeof(struct finder_name),
        [FINDER_VECTORS] = blocks * SIFT_BLOCK * SIFT_BYTES * h.layers,
        [FINDER_NORMS] = blocks * SIFT_BLOCK * sizeof(int32_t),
        [FINDER_HASHES] = b->count * PDQ_BYTES,
        [FINDER_LISTS] = VISUAL_WORDS * sizeof(struct finder_list),
        [FINDER_POSTINGS] = postings};
    h.size = aligned(sizeof h);
    for (int i = 0; i < FINDER_SECTIONS; i++) {
        h.sections[i].at = h.size;
        h.sections[i].size = sizes[i];
        h.size += aligned(sizes[i]);
    }
    b->data = mem_calloc(h.size, 1);
    if (!b->data) {
        return error_memory(err, h.size);
    }
    memcpy(b->data, &h, sizeof h);
    return LK_OK;
}

static void fill(struct building *b) {
    struct finder_name *names = (struct finder_name *)(void *)section(b, FINDER_NAMES);
    struct finder_list *lists = (struct finder_list *)(void *)section(b, FINDER_LISTS);
    int32_t *norms = (int32_t *)(void *)section(b, FINDER_NORMS);
    uint64_t at = 0;
    for (size_t i = 0; i < b->count; i++) {
        snprintf(names[i].id, sizeof names[i].id, "%s", b->ids[i]);
        names[i].version = b->versions[i];
    }
    for (size_t i = 0; i < (b->count + SIFT_BLOCK - 1) / SIFT_BLOCK * SIFT_BLOCK; i++) {
        norms[i] = FINDER_FAR;
    }
    memset(section(b, FINDER_HASHES), BLANK, b->count * PDQ_BYTES);
    for (int32_t w = 0; w < VISUAL_WORDS; w++) {
        lists[w] = (struct finder_list){.at = at, .count = b->counts[w]};
        at += aligned((uint64_t)b->counts[w] * POSTING_BYTES) / 8;
        b->counts[w] = 0;
    }
}

static lk_status
visit(struct building *b, lk_store *store, const lk_model *model, enum derived_kind kind,
      bool (*take)(void *arg, const char *id, int32_t version, const void *data, size_t size),
      lk_error *err) {
    const lk_derived_key key = derived_key(kind, model);
    b->at = 0;
    lk_status status = store_visit_sound(store, &key, b->since, &b->damaged, take, b, err);
    return status == LK_OK && b->failed ? error_memory(err, b->capacity * sizeof *b->ids) : status;
}

static lk_status build(struct building *b, lk_store *store, lk_model *model,
                       const struct store_state *state, const char *key, lk_error *err) {
    lk_status status = visit(b, store, model, DERIVED_WORDS, count_words, err);
    status = status == LK_OK ? lay_out(b, state, key, err) : status;
    if (status == LK_OK) {
        fill(b);
        status = visit(b, store, model, DERIVED_WORDS, put_words, err);
    }
    status = status == LK_OK ? visit(b, store, model, DERIVED_EMBEDDING, put_vector, err) : status;
    status = status == LK_OK ? visit(b, store, model, DERIVED_PDQ, put_hash, err) : status;
    if (status == LK_OK) {
        finder_seal(b->data);
    }
    return status;
}

lk_status finder_build(struct finder_part *out, int64_t *damaged, lk_store *store, lk_model *model,
                       const struct store_state *state, int64_t since, const char *key,
                       lk_error *err) {
    struct building b = {.dim = lk_model_dim(model),
                         .since = since,
                         .counts = mem_calloc(VISUAL_WORDS, sizeof *b.counts)};
    lk_status status = b.counts ? LK_OK : error_memory(err, VISUAL_WORDS * sizeof *b.counts);
    if (status == LK_OK && finder_layers(b.dim) > FINDER_LAYERS_MOST) {
        status = error_set(err, LK_E_LIMIT, "a model for --identify gives at most %d numbers",
                           FINDER_LAYERS_MOST * SIFT_BYTES);
    }
    status = status == LK_OK ? build(&b, store, model, state, key, err) : status;
    mem_free(b.counts);
    mem_free(b.ids);
    mem_free(b.versions);
    if (status != LK_OK) {
        mem_free(b.data);
        return status;
    }
    out->data = b.data;
    *damaged = b.damaged;
    out->size = (size_t)((const struct finder_head *)(const void *)b.data)->size;
    return LK_OK;
}
