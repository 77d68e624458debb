/* SPDX-License-Identifier: Apache-2.0 */
#include "collection/finding_file.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"

/* -- Opening it -- */

/* A section that must be sound for the others to be looked at, and is small. */
static const void *sound_section(struct finding *f, enum section s, size_t *size) {
    const void *at = index_file_section(&f->file, s, size);
    return at && index_file_is_sound(&f->file, at, *size) ? at : NULL;
}

static const void *section_at(const struct finding *f, enum section s) {
    size_t size;
    return index_file_section(&f->file, s, &size);
}

static size_t section_size(const struct finding *f, enum section s) {
    size_t size = 0;
    (void)index_file_section(&f->file, s, &size);
    return size;
}

static bool take_contents(struct finding *f) {
    size_t size;
    f->contents = sound_section(f, CONTENTS, &size);
    const size_t n = f->contents ? size / sizeof *f->contents : INDEX_NONE;
    f->count = (uint32_t)n;
    f->hashes =
        (struct hamming){.hashes = section_at(f, HASHES), .count = f->count, .bits = 8 * PDQ_BYTES};
    f->qualities = section_at(f, QUALITIES);
    f->wavelets = section_at(f, WAVELETS);
    return n < INDEX_NONE && section_size(f, HASHES) == n * PDQ_BYTES &&
           section_size(f, QUALITIES) == n &&
           section_size(f, WAVELETS) == n * sizeof(struct kept_wavelet);
}

static bool take_words(struct finding *f) {
    const size_t postings = section_size(f, TURNS);
    size_t size;
    const uint32_t *starts = sound_section(f, STARTS, &size);
    bool fits = starts && size == (VISUAL_WORDS + 1) * sizeof(uint32_t) &&
                section_size(f, SKETCHES) == postings * sizeof(uint64_t) &&
                section_size(f, SIZES) == postings &&
                section_size(f, POSTED) == postings * sizeof(uint32_t) && starts[0] == 0 &&
                starts[VISUAL_WORDS] == postings;
    for (size_t i = 0; fits && i < VISUAL_WORDS; i++) {
        fits = starts[i] <= starts[i + 1];
    }
    if (fits) {
        f->words = (struct vote_file){.words = VISUAL_WORDS,
                                      .starts = starts,
                                      .sketches = section_at(f, SKETCHES),
                                      .items = section_at(f, POSTED),
                                      .turns = section_at(f, TURNS),
                                      .sizes = section_at(f, SIZES),
                                      .file = &f->file};
        f->votes = vote_source_of(&f->words, f->count);
    }
    return fits;
}

static bool take_cells(struct finding *f, const struct kept_model *model) {
    size_t sizes[INVERTED_ARRAYS];
    const uint32_t places = model->blocks * FLAT_BLOCK;
    inverted_sizes(sizes, f->count, model->dim, 0);
    bool fits = model->cells < sizes[2] / sizeof(uint32_t) &&
                flat_vectors_size(model->cells, model->dim) <= sizes[0] &&
                model->blocks <= sizes[5] / sizeof(uint32_t) / FLAT_BLOCK &&
                flat_vectors_size(places, model->dim) <= sizes[3];
    for (size_t i = 0; fits && i < INVERTED_ARRAYS; i++) {
        fits = section_size(f, (enum section)(CELLS + i)) == sizes[i];
    }
    f->cells = (struct inverted){.centres = section_at(f, CELLS),
                                 .centre_norms = section_at(f, CELLS + 1),
                                 .starts = section_at(f, CELLS + 2),
                                 .vectors = section_at(f, CELLS + 3),
                                 .norms = section_at(f, CELLS + 4),
                                 .items = section_at(f, CELLS + 5),
                                 .cells = model->cells,
                                 .blocks = model->blocks,
                                 .count = f->count,
                                 .dim = model->dim,
                                 .file = &f->file};
    return fits;
}

static bool take_embeddings(struct finding *f) {
    struct kept_model model;
    size_t size;
    const void *at = sound_section(f, MODEL, &size);
    if (!at || size != sizeof model) {
        return false;
    }
    memcpy(&model, at, sizeof model);
    model.key[MODEL_KEY - 1] = '\0';
    memcpy(f->model, model.key, sizeof f->model);
    if (model.dim == 0) {
        return true;
    }
    f->embeddings =
        (struct flat){section_at(f, VECTORS), section_at(f, NORMS), f->count, model.dim};
    f->coarse = (struct coarse){section_at(f, HALVES), section_at(f, HALF_NORMS), model.error,
                                f->count, &f->file};
    return model.dim > 0 && model.dim <= FLAT_DIM_MOST && model.error >= 0 &&
           model.error <= COARSE_ERROR_MOST * model.dim &&
           section_size(f, VECTORS) == flat_vectors_size(f->count, model.dim) &&
           section_size(f, NORMS) == flat_norms_size(f->count) &&
           section_size(f, HALF_NORMS) == flat_norms_size(f->count) &&
           section_size(f, HALVES) == coarse_size(f->count, model.dim) &&
           (model.cells == 0 || take_cells(f, &model));
}

/* Every section is there, of the size that the others say, and what says where to look is sound. */
static bool take(struct finding *f) {
    return section_at(f, SECTIONS - 1) && take_contents(f) && take_words(f) && take_embeddings(f);
}

static bool is_all_sound(struct finding *f) {
    bool sound = true;
    for (size_t i = 0; sound && i < SECTIONS; i++) {
        size_t size;
        sound = sound_section(f, (enum section)i, &size) != NULL;
    }
    return sound;
}

/* What is there is enough for what is asked. */
static bool suits(struct finding *f, uint32_t wish) {
    bool cells_pay = f->embeddings.dim > 0 && f->count >= INVERTED_LEAST;
    return !((wish & FINDING_CELLS) && cells_pay && f->cells.cells == 0) &&
           (!(wish & FINDING_SOUND) || is_all_sound(f)) && !atomic_load(&f->file.damaged);
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

static void finding_empty(struct finding *f) {
    index_file_release(&f->file);
    *f = (struct finding){.count = 0};
}

/* f: empty, or of an earlier state; what was found damaged is not mapped again. */
static lk_status open_file(struct finding *f, lk_collection *c, lk_engine *engine,
                           const uint8_t key[INDEX_FILE_KEY], uint32_t wish, lk_error *err) {
    char path[4096];
    bool named = !c->in_memory && snprintf(path, sizeof path, "%s.find", c->at.path) < 4096;
    bool there = false, damaged = atomic_load(&f->file.damaged);
    finding_empty(f);
    lk_status status = named && !damaged ? index_file_map(&f->file, &there, path, key, err) : LK_OK;
    if (status == LK_OK && there && take(f) && suits(f, wish)) {
        return LK_OK;
    }
    finding_empty(f); /* damaged, or without cells */
    status = status == LK_OK ? finding_make(&f->file, named ? path : NULL, c, engine, key,
                                            (wish & FINDING_CELLS) != 0, err)
                             : status;
    if (status == LK_OK && !take(f)) {
        status = error_set(err, LK_E_CORRUPT, "the index cannot be searched");
    }
    if (status == LK_OK && named) { /* that it cannot be kept is no error: it is made again */
        lk_status kept = index_file_keep(&f->file, path, NULL);
        (void)kept;
    }
    return status;
}

lk_status finding_of(struct finding **out, lk_collection *c, lk_engine *engine, uint32_t wish,
                     lk_error *err) {
    uint8_t key[INDEX_FILE_KEY];
    lk_status status = collection_read_begin(c, err);
    if (status != LK_OK) {
        return status;
    }
    status = state_key(key, c, err);
    bool there = c->finding && memcmp(key, c->finding_key, sizeof key) == 0;
    if (status == LK_OK && !(there && suits(c->finding, wish))) {
        c->finding = c->finding ? c->finding : mem_calloc(1, sizeof *c->finding);
        status = c->finding ? open_file(c->finding, c, engine, key, wish, err)
                            : error_memory(err, sizeof *c->finding);
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

/* -- Searching it -- */

bool finding_is_sound(struct finding *f, const void *at, size_t size) {
    return index_file_is_sound(&f->file, at, size);
}

lk_status finding_nearest(struct neighbour *out, size_t most, size_t *count,
                          const struct finding *f, const lk_engine *engine, const uint8_t *query,
                          bool exact, lk_error *err) {
    lk_status status = LK_OK;
    if (!exact && f->cells.cells > 0 && most <= CELLS_ASKED_MOST) {
        status = inverted_search(out, most, &f->cells, &f->embeddings, engine, query, 0, err);
        *count = 0;
        while (status == LK_OK && *count < most && out[*count].item != INDEX_NONE) {
            ++*count;
        }
        return status;
    }
    *count = coarse_search(out, most, &f->coarse, &f->embeddings, engine, query);
    return LK_OK;
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
        const int32_t count = MIN((int32_t)kept->count[i], FACTS_PLACES);
        out->average[i] = isfinite(kept->average[i]) ? (double)kept->average[i] : 0;
        out->count[i] = facts_places_are_valid(kept->places[i], count) ? count : 0;
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
