/* SPDX-License-Identifier: Apache-2.0 */
/* What is searched, from the rows of the database. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "collection/finding_file.h"

/* Calls visit for each row of a statement that begins with the id, with the number of the row. */
static lk_status each_row(lk_collection *c, const char *text, uint32_t count,
                          void (*visit)(void *arg, struct sql *q, uint32_t item, int64_t id),
                          void *arg, lk_error *err) {
    struct sql q;
    bool row = true;
    lk_status status = LK_OK;
    sql_begin(&q, &c->at, text);
    for (uint32_t i = 0; status == LK_OK && row && i < count; i++) {
        status = sql_step(&q, &row, err);
        if (status == LK_OK && row) {
            visit(arg, &q, i, sql_int(&q, 0));
        }
    }
    sql_end(&q);
    return status;
}

/* -- Making it -- */

struct maker {
    uint8_t *sections[SECTIONS];
    uint32_t count;
    int32_t dim;
    char model[MODEL_KEY];
    bool cells;                  /* are wanted, and pay */
    uint32_t *next;              /* where the next posting of each word goes */
    uint32_t from_word, to_word; /* that are put now */
};

enum {
    POSTINGS_TOGETHER = 32 << 20
}; /* put at a time, 14 bytes each: words come in no order, and so many pages are written to */

/* The model most of them are of, and the length of its vectors. */
static lk_status choose_model(struct maker *m, lk_collection *c, lk_error *err) {
    struct sql q;
    bool row;
    sql_begin(&q, &c->at,
              "SELECT model, max(length(embedding)) FROM content WHERE embedding IS NOT NULL "
              "GROUP BY model ORDER BY count(*) DESC, model LIMIT 1");
    lk_status status = sql_step(&q, &row, err);
    if (status == LK_OK && row) {
        snprintf(m->model, sizeof m->model, "%s", sql_text(&q, 0));
        m->dim = (int32_t)(MIN(MAX(sql_int(&q, 1), 4), (int64_t)FLAT_DIM_MOST * 4) / 4) - 1;
    }
    sql_end(&q);
    return status;
}

static void put_facts(void *arg, struct sql *q, uint32_t item, int64_t id) {
    struct maker *m = arg;
    struct facts f;
    memcpy(m->sections[CONTENTS] + item * sizeof id, &id, sizeof id);
    if (!content_facts(&f, q, 1)) {
        return; /* quality 0: its hash says nothing */
    }
    struct kept_wavelet w = {.colours = (uint8_t)f.wavelet.colours};
    for (int i = 0; i < 3; i++) {
        w.average[i] = (float)f.wavelet.average[i];
        w.count[i] = (uint8_t)f.wavelet.count[i];
        memcpy(w.places[i], f.wavelet.places[i], sizeof w.places[i]);
    }
    memcpy(m->sections[HASHES] + (size_t)item * PDQ_BYTES, f.pdq[0], PDQ_BYTES);
    m->sections[QUALITIES][item] = (uint8_t)f.pdq_quality;
    memcpy(m->sections[WAVELETS] + (size_t)item * sizeof w, &w, sizeof w);
}

static void put_embedding(void *arg, struct sql *q, uint32_t item, int64_t id) {
    struct maker *m = arg;
    uint8_t bytes[FLAT_DIM_MOST];
    float vector[FLAT_DIM_MOST];
    size_t size;
    (void)id;
    const void *data = content_blob(&size, q, 2);
    if (data && size == (size_t)m->dim * sizeof *vector && strcmp(sql_text(q, 1), m->model) == 0) {
        memcpy(vector, data, size);
        flat_quantise(bytes, vector, m->dim);
        flat_put(m->sections[VECTORS], (int32_t *)(void *)m->sections[NORMS], m->dim, item, bytes);
    }
}

static void count_words(void *arg, struct sql *q, uint32_t item, int64_t id) {
    struct maker *m = arg;
    size_t size = 0;
    const uint8_t *data = content_blob(&size, q, 1);
    (void)item;
    (void)id;
    for (size_t i = 0; data && i < size / VISUAL_WORD_BYTES; i++) {
        struct visual_word w;
        visual_word_read(&w, data + i * VISUAL_WORD_BYTES);
        m->next[w.word + 1] += w.word < VISUAL_WORDS;
    }
}

static void put_words(void *arg, struct sql *q, uint32_t item, int64_t id) {
    struct maker *m = arg;
    size_t size = 0;
    const uint8_t *data = content_blob(&size, q, 1);
    const uint32_t *starts = (const uint32_t *)(const void *)m->sections[STARTS];
    (void)id;
    for (size_t i = 0; data && i < size / VISUAL_WORD_BYTES; i++) {
        struct visual_word w;
        visual_word_read(&w, data + i * VISUAL_WORD_BYTES);
        if (w.word >= m->from_word && w.word < m->to_word && m->next[w.word] < starts[w.word + 1]) {
            uint32_t at = m->next[w.word]++;
            memcpy(m->sections[SKETCHES] + at * sizeof w.sketch, &w.sketch, sizeof w.sketch);
            memcpy(m->sections[POSTED] + at * sizeof item, &item, sizeof item);
            m->sections[TURNS][at] = w.turn;
            m->sections[SIZES][at] = (uint8_t)w.size;
        }
    }
}

/* The ways to look at fewer embeddings, when these are all there. */
static lk_status fill_halves_and_cells(struct kept_model *model, struct maker *m, lk_engine *engine,
                                       lk_error *err) {
    const struct flat all = {m->sections[VECTORS],
                             (const int32_t *)(const void *)m->sections[NORMS], m->count, m->dim};
    struct inverted_made made;
    model->error =
        coarse_make(m->sections[HALVES], (int32_t *)(void *)m->sections[HALF_NORMS], &all, engine);
    if (!m->cells) {
        return LK_OK;
    }
    lk_status status = inverted_make(&made, &all, engine, 0, err);
    if (status == LK_OK) {
        for (size_t i = 0; i < INVERTED_ARRAYS; i++) {
            memcpy(m->sections[CELLS + i], made.memory[i], made.sizes[i]);
        }
        model->cells = made.view.cells;
        model->blocks = made.view.blocks;
        inverted_release(&made);
    }
    return status;
}

static const char words_query[] = "SELECT id, words FROM content ORDER BY id";

/* The database is read once for each POSTINGS_TOGETHER. */
static lk_status put_all_words(struct maker *m, lk_collection *c, lk_error *err) {
    const uint32_t *starts = (const uint32_t *)(const void *)m->sections[STARTS];
    lk_status status = LK_OK;
    for (m->from_word = 0; status == LK_OK && m->from_word < VISUAL_WORDS;
         m->from_word = m->to_word) {
        m->to_word = m->from_word + 1;
        while (m->to_word < VISUAL_WORDS &&
               starts[m->to_word + 1] - starts[m->from_word] <= POSTINGS_TOGETHER) {
            m->to_word++;
        }
        if (starts[m->to_word] > starts[m->from_word]) {
            status = each_row(c, words_query, m->count, put_words, m, err);
        }
    }
    return status;
}

static lk_status fill(struct maker *m, lk_collection *c, lk_engine *engine, lk_error *err) {
    struct kept_model model = {.dim = m->dim};
    lk_status status = LK_OK;
    memcpy(model.key, m->model, sizeof model.key);
    if (m->dim > 0) { /* first: while cells are made, the rest takes no memory yet */
        flat_clear(m->sections[VECTORS], (int32_t *)(void *)m->sections[NORMS], m->dim, 0,
                   m->count);
        status = each_row(c, "SELECT id, model, embedding FROM content ORDER BY id", m->count,
                          put_embedding, m, err);
        status = status == LK_OK ? fill_halves_and_cells(&model, m, engine, err) : status;
    }
    memcpy(m->sections[MODEL], &model, sizeof model);
    if (status == LK_OK) {
        status =
            each_row(c, "SELECT id, facts FROM content ORDER BY id", m->count, put_facts, m, err);
    }
    memcpy(m->sections[STARTS], m->next, (VISUAL_WORDS + 1) * sizeof *m->next);
    return status == LK_OK ? put_all_words(m, c, err) : status;
}

static void find_sizes(size_t sizes[SECTIONS], const struct maker *m) {
    const size_t n = m->count, postings = m->next[VISUAL_WORDS];
    memset(sizes, 0, SECTIONS * sizeof *sizes);
    sizes[CONTENTS] = n * sizeof(int64_t);
    if (m->dim > 0) {
        sizes[VECTORS] = flat_vectors_size(m->count, m->dim);
        sizes[NORMS] = sizes[HALF_NORMS] = flat_norms_size(m->count);
        sizes[HALVES] = coarse_size(m->count, m->dim);
    }
    if (m->cells) {
        inverted_sizes(sizes + CELLS, m->count, m->dim, 0);
    }
    sizes[HASHES] = n * PDQ_BYTES;
    sizes[QUALITIES] = n;
    sizes[WAVELETS] = n * sizeof(struct kept_wavelet);
    sizes[STARTS] = (VISUAL_WORDS + 1) * sizeof(uint32_t);
    sizes[SKETCHES] = postings * sizeof(uint64_t);
    sizes[POSTED] = postings * sizeof(uint32_t);
    sizes[TURNS] = sizes[SIZES] = postings;
    sizes[MODEL] = sizeof(struct kept_model);
}

static lk_status make_file(struct index_file *out, const char *path, struct maker *m,
                           lk_collection *c, lk_engine *engine, const uint8_t key[INDEX_FILE_KEY],
                           lk_error *err) {
    size_t sizes[SECTIONS];
    find_sizes(sizes, m);
    lk_status status = index_file_new(out, path, key, sizes, SECTIONS, err);
    for (size_t i = 0; status == LK_OK && i < SECTIONS; i++) {
        m->sections[i] = index_file_section(out, i, &sizes[i]);
    }
    return status == LK_OK ? fill(m, c, engine, err) : status;
}

/* One state of the database: counted, and read twice. */
lk_status finding_make(struct index_file *out, const char *path, lk_collection *c,
                       lk_engine *engine, const uint8_t key[INDEX_FILE_KEY], bool cells,
                       lk_error *err) {
    struct maker m = {.next = mem_calloc(VISUAL_WORDS + 2, sizeof *m.next)};
    struct sql q;
    int64_t count = 0;
    *out = (struct index_file){0};
    if (!m.next) {
        return error_memory(err, (VISUAL_WORDS + 2) * sizeof *m.next);
    }
    sql_begin(&q, &c->at, "SELECT count(*) FROM content");
    lk_status status = sql_finish_int(&count, &q, 0, err);
    m.count = (uint32_t)MIN(count, (int64_t)INDEX_NONE - 1);
    status = status == LK_OK ? choose_model(&m, c, err) : status;
    if (status == LK_OK) {
        status = each_row(c, words_query, m.count, count_words, &m, err);
    }
    for (size_t i = 0; i < VISUAL_WORDS; i++) {
        m.next[i + 1] += m.next[i];
    }
    m.cells = cells && m.dim > 0 && m.count >= INVERTED_LEAST;
    status = status == LK_OK ? make_file(out, path, &m, c, engine, key, err) : status;
    mem_free(m.next);
    if (status != LK_OK) {
        index_file_release(out);
    }
    return status;
}
