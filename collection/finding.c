/* SPDX-License-Identifier: Apache-2.0 */
#include "collection/finding.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"

enum section {
    CONTENTS,
    VECTORS,
    NORMS,
    HASHES,
    QUALITIES,
    WAVELETS,
    STARTS,
    SKETCHES,
    POSTED,
    TURNS,
    SIZES,
    MODEL,
    SECTIONS
};

/* Whose embeddings, and of what length; 0 for none. */
struct kept_model {
    char key[MODEL_KEY];
    int32_t dim;
};

/* -- Reading rows -- */

/* One content after the other, with the columns that are asked for after the id. */
static lk_status next_row(struct sql *q, bool *row, int64_t *id, lk_error *err) {
    lk_status status = sql_step(q, row, err);
    *id = status == LK_OK && *row ? sql_int(q, 0) : 0;
    return status;
}

/* Calls visit for each row of a statement that begins with the id, with the number of the row. */
static lk_status each_row(lk_collection *c, const char *text, uint32_t count,
                          void (*visit)(void *arg, struct sql *q, uint32_t item, int64_t id),
                          void *arg, lk_error *err) {
    struct sql q;
    bool row = true;
    lk_status status = LK_OK;
    sql_begin(&q, &c->at, text);
    for (uint32_t i = 0; status == LK_OK && row && i < count; i++) {
        int64_t id;
        status = next_row(&q, &row, &id, err);
        if (status == LK_OK && row) {
            visit(arg, &q, i, id);
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
    uint32_t *next; /* where the next posting of each word goes */
};

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
        if (w.word < VISUAL_WORDS && m->next[w.word] < starts[w.word + 1]) {
            uint32_t at = m->next[w.word]++;
            memcpy(m->sections[SKETCHES] + at * sizeof w.sketch, &w.sketch, sizeof w.sketch);
            memcpy(m->sections[POSTED] + at * sizeof item, &item, sizeof item);
            m->sections[TURNS][at] = w.turn;
            m->sections[SIZES][at] = (uint8_t)w.size;
        }
    }
}

static const char words_query[] = "SELECT id, words FROM content ORDER BY id";

static lk_status fill(struct maker *m, lk_collection *c, lk_error *err) {
    lk_status status =
        each_row(c, "SELECT id, facts FROM content ORDER BY id", m->count, put_facts, m, err);
    if (status == LK_OK && m->dim > 0) {
        flat_clear(m->sections[VECTORS], (int32_t *)(void *)m->sections[NORMS], m->dim, 0,
                   m->count);
        status = each_row(c, "SELECT id, model, embedding FROM content ORDER BY id", m->count,
                          put_embedding, m, err);
    }
    memcpy(m->sections[STARTS], m->next, (VISUAL_WORDS + 1) * sizeof *m->next);
    struct kept_model model = {.dim = m->dim};
    memcpy(model.key, m->model, sizeof model.key);
    memcpy(m->sections[MODEL], &model, sizeof model);
    return status == LK_OK ? each_row(c, words_query, m->count, put_words, m, err) : status;
}

static lk_status make_file(struct index_file *out, struct maker *m, lk_collection *c,
                           const uint8_t key[INDEX_FILE_KEY], lk_error *err) {
    size_t n = m->count, postings = m->next[VISUAL_WORDS], size;
    const size_t sizes[SECTIONS] = {
        [CONTENTS] = n * sizeof(int64_t),
        [VECTORS] = m->dim > 0 ? flat_vectors_size(m->count, m->dim) : 0,
        [NORMS] = m->dim > 0 ? flat_norms_size(m->count) : 0,
        [HASHES] = n * PDQ_BYTES,
        [QUALITIES] = n,
        [WAVELETS] = n * sizeof(struct kept_wavelet),
        [STARTS] = (VISUAL_WORDS + 1) * sizeof(uint32_t),
        [SKETCHES] = postings * sizeof(uint64_t),
        [POSTED] = postings * sizeof(uint32_t),
        [TURNS] = postings,
        [SIZES] = postings,
        [MODEL] = sizeof(struct kept_model),
    };
    lk_status status = index_file_new(out, key, sizes, SECTIONS, err);
    for (size_t i = 0; status == LK_OK && i < SECTIONS; i++) {
        m->sections[i] = index_file_section(out, i, &size);
    }
    return status == LK_OK ? fill(m, c, err) : status;
}

/* One state of the database: counted, and read twice. */
static lk_status make(struct index_file *out, lk_collection *c, const uint8_t key[INDEX_FILE_KEY],
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
    status = status == LK_OK ? make_file(out, &m, c, key, err) : status;
    mem_free(m.next);
    if (status != LK_OK) {
        index_file_release(out);
    }
    return status;
}

/* -- Opening it -- */

/* Every section is there, is sound, and of the size that the others say. */
static bool take(struct finding *f) {
    uint8_t *at[SECTIONS];
    size_t size[SECTIONS];
    for (size_t i = 0; i < SECTIONS; i++) {
        at[i] = index_file_section(&f->file, i, &size[i]);
        if (!at[i]) {
            return false;
        }
    }
    size_t n = size[CONTENTS] / sizeof(int64_t), postings = size[TURNS];
    const uint32_t *starts = (const uint32_t *)(const void *)at[STARTS];
    bool fits = n < INDEX_NONE && size[HASHES] == n * PDQ_BYTES && size[QUALITIES] == n &&
                size[WAVELETS] == n * sizeof(struct kept_wavelet) &&
                size[MODEL] == sizeof(struct kept_model) &&
                size[STARTS] == (VISUAL_WORDS + 1) * sizeof(uint32_t) &&
                size[SKETCHES] == postings * sizeof(uint64_t) && size[SIZES] == postings &&
                size[POSTED] == postings * sizeof(uint32_t) && starts[0] == 0 &&
                starts[VISUAL_WORDS] == postings;
    for (size_t i = 0; fits && i < VISUAL_WORDS; i++) {
        fits = starts[i] <= starts[i + 1];
    }
    if (!fits) {
        return false;
    }
    f->count = (uint32_t)n;
    f->contents = (const int64_t *)(const void *)at[CONTENTS];
    f->hashes = (struct hamming){.hashes = at[HASHES], .count = f->count, .bits = 8 * PDQ_BYTES};
    f->qualities = at[QUALITIES];
    f->wavelets = (const struct kept_wavelet *)(const void *)at[WAVELETS];
    f->words = (struct vote_file){.words = VISUAL_WORDS,
                                  .starts = starts,
                                  .sketches = (const uint64_t *)(const void *)at[SKETCHES],
                                  .items = (const uint32_t *)(const void *)at[POSTED],
                                  .turns = at[TURNS],
                                  .sizes = (const int8_t *)at[SIZES]};
    f->votes = vote_source_of(&f->words, f->count);
    struct kept_model model;
    memcpy(&model, at[MODEL], sizeof model);
    model.key[MODEL_KEY - 1] = '\0';
    memcpy(f->model, model.key, sizeof f->model);
    f->embeddings = (struct flat){.vectors = at[VECTORS],
                                  .norms = (const int32_t *)(const void *)at[NORMS],
                                  .count = f->count,
                                  .dim = model.dim};
    return model.dim == 0 || (model.dim > 0 && model.dim <= FLAT_DIM_MOST &&
                              flat_vectors_size(f->count, model.dim) == size[VECTORS] &&
                              flat_norms_size(f->count) == size[NORMS]);
}

/* What the sections were made of. */
static lk_status state_key(uint8_t key[INDEX_FILE_KEY], lk_collection *c, lk_error *err) {
    struct sql q;
    bool row;
    const int32_t versions[2] = {FACTS_VERSION, VISUAL_WORD_VERSION};
    memset(key, 0, INDEX_FILE_KEY);
    sql_begin(&q, &c->at, "SELECT changes, salt FROM state");
    lk_status status = sql_step(&q, &row, err);
    if (status == LK_OK && row) {
        int64_t changes = sql_int(&q, 0);
        size_t size;
        const void *salt = sql_blob(&q, 1, &size);
        memcpy(key, &changes, sizeof changes);
        memcpy(key + 8, salt, MIN(size, (size_t)16));
        memcpy(key + 24, versions, sizeof versions);
    }
    sql_end(&q);
    return status;
}

static lk_status open_file(struct finding *f, lk_collection *c, const uint8_t key[INDEX_FILE_KEY],
                           lk_error *err) {
    char path[4096];
    bool named = !c->in_memory && snprintf(path, sizeof path, "%s.find", c->at.path) < 4096;
    bool there = false;
    lk_status status = named ? index_file_map(&f->file, &there, path, key, err) : LK_OK;
    if (status == LK_OK && there && take(f)) {
        return LK_OK;
    }
    if (there) {
        index_file_release(&f->file); /* damaged */
    }
    status = status == LK_OK ? make(&f->file, c, key, err) : status;
    if (status == LK_OK && !take(f)) {
        status = error_set(err, LK_E_CORRUPT, "the index cannot be searched");
    }
    if (status == LK_OK && named) { /* that it cannot be kept is no error: it is made again */
        lk_status kept = index_file_keep(&f->file, path, NULL);
        (void)kept;
    }
    return status;
}

lk_status finding_of(struct finding **out, lk_collection *c, lk_error *err) {
    uint8_t key[INDEX_FILE_KEY];
    lk_status status = collection_read_begin(c, err);
    if (status != LK_OK) {
        return status;
    }
    status = state_key(key, c, err);
    if (status == LK_OK && (!c->finding || memcmp(key, c->finding_key, sizeof key) != 0)) {
        finding_free(c->finding);
        c->finding = mem_calloc(1, sizeof *c->finding);
        status =
            c->finding ? open_file(c->finding, c, key, err) : error_memory(err, sizeof *c->finding);
        memcpy(c->finding_key, key, sizeof key);
    }
    lk_status ended = sql_run(&c->at, "COMMIT", status == LK_OK ? err : NULL);
    status = status == LK_OK ? ended : status;
    if (status != LK_OK) {
        finding_free(c->finding);
        c->finding = NULL;
    }
    *out = c->finding;
    return error_input(err, status, c->at.path);
}

void finding_free(struct finding *f) {
    if (f) {
        index_file_release(&f->file);
        mem_free(f);
    }
}

void finding_wavelet(lk_wavelet *out, const struct kept_wavelet *kept) {
    *out = (lk_wavelet){.colours = kept->colours ? LK_WAVELET_YUV : LK_WAVELET_YIQ};
    for (int i = 0; i < 3; i++) {
        out->average[i] = (double)kept->average[i];
        out->count[i] = MIN((int32_t)kept->count[i], FACTS_PLACES);
        memcpy(out->places[i], kept->places[i], sizeof kept->places[i]);
    }
}

lk_status finding_keys(struct vote_key *out, size_t *count, lk_engine *engine,
                       const struct sift_points *points, const struct facts *f, lk_error *err) {
    struct visual_word words[FACTS_KEYPOINTS];
    *count = MIN(points->count, (size_t)FACTS_KEYPOINTS);
    lk_status status =
        visual_words_of(words, engine, points, *count, MAX(f->side_width, f->side_height), err);
    for (size_t i = 0; status == LK_OK && i < *count; i++) {
        out[i] = (struct vote_key){words[i].sketch, words[i].word, words[i].turn, words[i].size};
    }
    return status;
}
