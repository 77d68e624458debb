/* SPDX-License-Identifier: Apache-2.0 */
/* Facts as rows of the table `content`. Each blob ends with the CRC-32 of what is before it. */
#include <assert.h>
#include <libdeflate.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "collection/collection.h"
#include "feature/sift_pack.h"
#include "image/colour.h"

enum { CRC_BYTES = 4 };

/* What is of one size, as it lies in the blob `facts`: no padding. */
struct kept {
    int32_t width, height, side_width, side_height;
    int32_t pdq_quality;
    char format[16];
    uint8_t pdq[PDQ_TURNS][PDQ_BYTES];
    int32_t colours;
    double average[3];
    int32_t count[3];
    int16_t places[3][FACTS_PLACES];
    int32_t filler;
};
static_assert(sizeof(struct kept) == 576, "a blob holds no padding");

void collection_model_key(char out[MODEL_KEY], const lk_model *model) {
    snprintf(out, MODEL_KEY, "%s %s", lk_model_card_of(model)->name, lk_model_identity(model));
}

/* -- Blobs with their checksum -- */

static lk_status seal(lk_bytes *out, const void *data, size_t size, lk_error *err) {
    uint32_t crc = libdeflate_crc32(0, data, size);
    *out = (lk_bytes){.data = mem_alloc(size + CRC_BYTES, 1), .size = size + CRC_BYTES};
    if (!out->data) {
        return error_memory(err, size);
    }
    memcpy(out->data, data, size);
    memcpy(out->data + size, &crc, CRC_BYTES);
    return LK_OK;
}

/* The bytes before the checksum. NULL when there are none; *damaged when they are not those that were kept. */
static const uint8_t *open_bytes(size_t *size, bool *damaged, const uint8_t *data, size_t sealed) {
    uint32_t crc;
    if (!data || sealed < CRC_BYTES) {
        *damaged = *damaged || data;
        return NULL;
    }
    *size = sealed - CRC_BYTES;
    memcpy(&crc, data + *size, CRC_BYTES);
    if (crc != libdeflate_crc32(0, data, *size)) {
        *damaged = true;
        return NULL;
    }
    return data;
}

static const uint8_t *open_blob(size_t *size, bool *damaged, const lk_bytes *sealed) {
    return open_bytes(size, damaged, sealed->data, sealed->size);
}

/* -- Writing -- */

enum {
    BLOB_FACTS,
    BLOB_THUMB,
    BLOB_EMBEDDING,
    BLOB_KEYPOINTS,
    BLOBS_READ,
    BLOB_WORDS = BLOBS_READ,
    BLOBS
};
static_assert(BLOBS_READ == ARRAY_COUNT(((struct content_row *)0)->blobs), "as many are read");

static lk_status seal_facts(lk_bytes *out, const struct facts *f, lk_error *err) {
    struct kept k = {.width = f->width,
                     .height = f->height,
                     .side_width = f->side_width,
                     .side_height = f->side_height,
                     .pdq_quality = f->pdq_quality,
                     .colours = (int32_t)f->wavelet.colours};
    memcpy(k.format, f->format, sizeof k.format);
    memcpy(k.pdq, f->pdq, sizeof k.pdq);
    for (int c = 0; c < 3; c++) {
        k.average[c] = f->wavelet.average[c];
        k.count[c] = f->wavelet.count[c];
        memcpy(k.places[c], f->wavelet.places[c], (size_t)k.count[c] * sizeof(int16_t));
    }
    return seal(out, &k, sizeof k, err);
}

static lk_status seal_thumb(lk_bytes *out, const struct facts *f, lk_engine *engine,
                            lk_error *err) {
    lk_bytes png; /* relations look at its noise, which a JPEG changes */
    lk_status status = lk_image_encode(&png, &f->thumb, engine, "png", 0, err);
    if (status == LK_OK) {
        status = seal(out, png.data, png.size, err);
        lk_bytes_release(&png);
    }
    return status;
}

static lk_status seal_keypoints(lk_bytes *points, lk_bytes *words, const struct facts *f,
                                lk_engine *engine, lk_error *err) {
    struct visual_word found[FACTS_WORDS];
    uint8_t bytes[FACTS_WORDS * VISUAL_WORD_BYTES];
    size_t count = MIN(f->sift.count, (size_t)FACTS_WORDS);
    lk_bytes packed;
    lk_status status =
        visual_words_of(found, engine, &f->sift, count, MAX(f->side_width, f->side_height), err);
    for (size_t i = 0; status == LK_OK && i < count; i++) {
        visual_word_write(bytes + i * VISUAL_WORD_BYTES, &found[i]);
    }
    status = status == LK_OK ? seal(words, bytes, count * VISUAL_WORD_BYTES, err) : status;
    status = status == LK_OK ? sift_pack(&packed, &f->sift, err) : status;
    if (status == LK_OK) {
        status = seal(points, packed.data, packed.size, err);
        lk_bytes_release(&packed);
    }
    return status;
}

static lk_status seal_all(lk_bytes blobs[BLOBS], const struct facts *f, lk_engine *engine,
                          lk_error *err) {
    lk_status status = seal_facts(&blobs[BLOB_FACTS], f, err);
    status = status == LK_OK ? seal_thumb(&blobs[BLOB_THUMB], f, engine, err) : status;
    if (status == LK_OK && f->embedding) {
        status = seal(&blobs[BLOB_EMBEDDING], f->embedding, (size_t)f->dim * sizeof(float), err);
    }
    if (status == LK_OK && f->looked_for_keypoints) {
        status = seal_keypoints(&blobs[BLOB_KEYPOINTS], &blobs[BLOB_WORDS], f, engine, err);
    }
    return status;
}

/* Parts that are not given stay, unless another version of us made them. */
#define KEEP(part)                                                                                 \
    part " = CASE WHEN excluded.algorithm = algorithm THEN coalesce(excluded." part ", " part ") " \
         "ELSE excluded." part " END"

static lk_status put(int64_t *id, lk_collection *c, const uint8_t sha256[32],
                     const lk_bytes blobs[BLOBS], const char *model_key, lk_error *err) {
    struct sql q;
    sql_begin(&q, &c->at,
              "INSERT INTO content (sha256, algorithm, model, facts, thumb, embedding, keypoints, "
              "words) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (sha256) DO UPDATE SET "
              "model = CASE WHEN excluded.embedding IS NULL THEN model ELSE excluded.model END, "
              "facts = excluded.facts, thumb = excluded.thumb, " KEEP("embedding") ", " KEEP(
                  "keypoints") ", " KEEP("words") ", algorithm = "
                                                  "excluded.algorithm "
                                                  "RETURNING id");
    sql_bind_blob(&q, sha256, 32);
    sql_bind_int(&q, FACTS_VERSION);
    sql_bind_text(&q, blobs[BLOB_EMBEDDING].data ? model_key : "");
    for (int i = 0; i < BLOBS; i++) {
        if (blobs[i].data) {
            sql_bind_blob(&q, blobs[i].data, blobs[i].size);
        } else {
            sql_bind_text(&q, NULL);
        }
    }
    lk_status status = sql_finish_int(id, &q, 0, err);
    if (status == LK_OK) {
        sql_begin(&q, &c->at, "DELETE FROM searched WHERE content = ?");
        sql_bind_int(&q, *id);
        status = sql_finish(&q, err);
    }
    return status;
}

lk_status content_put(int64_t *id, lk_collection *c, const uint8_t sha256[32],
                      const struct facts *f, const char *model_key, lk_engine *engine,
                      lk_error *err) {
    lk_bytes blobs[BLOBS] = {{0}};
    lk_status status = seal_all(blobs, f, engine, err);
    status = status == LK_OK ? put(id, c, sha256, blobs, model_key, err) : status;
    for (int i = 0; i < BLOBS; i++) {
        lk_bytes_release(&blobs[i]);
    }
    return status;
}

/* -- Reading -- */

/* A checksum says that a blob is as it was sealed, not who sealed it. */
static bool is_in_range(const struct kept *k) {
    enum { SIDE_MOST = 1 << 24 };
    const int32_t sides[4] = {k->width, k->height, k->side_width, k->side_height};
    bool in = k->pdq_quality >= 0 && k->pdq_quality <= 100;
    for (int i = 0; i < 4; i++) {
        in = in && sides[i] >= 0 && sides[i] <= SIDE_MOST;
    }
    for (int c = 0; c < 3; c++) {
        in = in && k->count[c] >= 0 && k->count[c] <= FACTS_PLACES &&
             facts_places_are_valid(k->places[c], k->count[c]) && isfinite(k->average[c]);
    }
    return in;
}

static bool read_facts(struct facts *f, const uint8_t *data, size_t size) {
    struct kept k;
    if (!data || size != sizeof k) {
        return false;
    }
    memcpy(&k, data, sizeof k);
    if (!is_in_range(&k)) {
        return false;
    }
    *f = (struct facts){.width = k.width,
                        .height = k.height,
                        .side_width = k.side_width,
                        .side_height = k.side_height,
                        .pdq_quality = k.pdq_quality};
    memcpy(f->format, k.format, sizeof f->format);
    f->format[sizeof f->format - 1] = '\0';
    memcpy(f->pdq, k.pdq, sizeof f->pdq);
    f->wavelet.colours = k.colours ? LK_WAVELET_YUV : LK_WAVELET_YIQ;
    for (int c = 0; c < 3; c++) {
        f->wavelet.average[c] = k.average[c];
        f->wavelet.count[c] = k.count[c];
        memcpy(f->wavelet.places[c], k.places[c], sizeof k.places[c]);
    }
    return true;
}

static lk_status read_embedding(struct facts *f, const uint8_t *data, size_t size, lk_error *err) {
    if (!data) {
        return LK_OK;
    }
    f->dim = (int32_t)(size / sizeof(float));
    f->embedding = mem_alloc((size_t)f->dim, sizeof(float));
    if (!f->embedding) {
        return error_memory(err, size);
    }
    memcpy(f->embedding, data, (size_t)f->dim * sizeof(float));
    return LK_OK;
}

static lk_status read_thumb(struct facts *f, const uint8_t *data, size_t size, lk_engine *engine,
                            lk_error *err) {
    const lk_load_options plain = {.no_digest = true};
    lk_image decoded;
    if (!data) {
        return LK_OK;
    }
    lk_status status =
        lk_image_decode(&decoded, NULL, engine, data, size, "thumbnail", &plain, err);
    if (status == LK_OK) {
        status = colour_to_rgb8(&f->thumb, &decoded, err);
        lk_image_release(&decoded);
    }
    return status;
}

/* Decodes what of parts is there. */
static lk_status read_parts(struct facts *f, const lk_bytes blobs[BLOBS_READ], int32_t parts,
                            lk_engine *engine, lk_error *err) {
    bool damaged = false;
    size_t size = 0;
    const uint8_t *data = open_blob(&size, &damaged, &blobs[BLOB_FACTS]);
    lk_status status = LK_OK;
    if (!read_facts(f, data, size)) {
        return error_set(err, LK_E_CORRUPT, "a row of the index is damaged");
    }
    if (parts & CONTENT_THUMB) {
        data = open_blob(&size, &damaged, &blobs[BLOB_THUMB]);
        status = read_thumb(f, data, size, engine, err);
    }
    if (status == LK_OK && (parts & CONTENT_EMBEDDING)) {
        data = open_blob(&size, &damaged, &blobs[BLOB_EMBEDDING]);
        status = read_embedding(f, data, size, err);
    }
    if (status == LK_OK && (parts & CONTENT_KEYPOINTS)) {
        data = open_blob(&size, &damaged, &blobs[BLOB_KEYPOINTS]);
        f->looked_for_keypoints = data != NULL;
        status = data ? sift_unpack(&f->sift, data, size, err) : LK_OK;
    }
    return status == LK_OK && damaged
               ? error_set(err, LK_E_CORRUPT, "a row of the index is damaged")
               : status;
}

static lk_status copy_blob(lk_bytes *out, struct sql *q, int column, lk_error *err) {
    size_t size = 0;
    const void *data = sql_is_null(q, column) ? NULL : sql_blob(q, column, &size);
    *out = (lk_bytes){0};
    if (!data) {
        return LK_OK;
    }
    *out = (lk_bytes){.data = mem_alloc(size, 1), .size = size};
    if (!out->data) {
        return error_memory(err, size);
    }
    memcpy(out->data, data, size);
    return LK_OK;
}

lk_status content_read(struct content_row *out, lk_collection *c, int64_t id, int32_t parts,
                       lk_error *err) {
    static const int32_t wanted[BLOBS_READ] = {[BLOB_FACTS] = ~0,
                                               [BLOB_THUMB] = CONTENT_THUMB,
                                               [BLOB_EMBEDDING] = CONTENT_EMBEDDING,
                                               [BLOB_KEYPOINTS] = CONTENT_KEYPOINTS};
    struct sql q;
    bool row;
    *out = (struct content_row){.parts = parts};
    sql_begin(&q, &c->at, "SELECT facts, thumb, embedding, keypoints FROM content WHERE id = ?");
    sql_bind_int(&q, id);
    lk_status status = sql_step(&q, &row, err);
    if (status == LK_OK && !row) {
        status = error_set(err, LK_E_IO, "the index has no such picture");
    }
    for (int i = 0; status == LK_OK && i < BLOBS_READ; i++) {
        status = wanted[i] & parts ? copy_blob(&out->blobs[i], &q, i, err) : LK_OK;
    }
    sql_end(&q);
    if (status != LK_OK) {
        content_row_release(out);
        error_input(err, status, c->at.path);
    }
    return status;
}

void content_row_release(struct content_row *row) {
    for (int i = 0; i < BLOBS_READ; i++) {
        lk_bytes_release(&row->blobs[i]);
    }
}

lk_status content_open(struct facts *out, const struct content_row *row, lk_engine *engine,
                       lk_error *err) {
    *out = (struct facts){0};
    lk_status status = read_parts(out, row->blobs, row->parts, engine, err);
    if (status != LK_OK) {
        facts_release(out);
    }
    return status;
}

lk_status content_get(struct facts *out, lk_collection *c, int64_t id, int32_t parts,
                      lk_engine *engine, lk_error *err) {
    struct content_row row;
    *out = (struct facts){0};
    lk_status status = content_read(&row, c, id, parts, err);
    if (status == LK_OK) {
        status = error_input(err, content_open(out, &row, engine, err), c->at.path);
        content_row_release(&row);
    }
    return status;
}

const void *content_blob(size_t *size, struct sql *q, int column) {
    bool damaged = false;
    size_t sealed = 0;
    const uint8_t *data = sql_is_null(q, column) ? NULL : sql_blob(q, column, &sealed);
    return open_bytes(size, &damaged, data, sealed);
}

bool content_facts(struct facts *out, struct sql *q, int column) {
    size_t size = 0;
    const uint8_t *data = content_blob(&size, q, column);
    return read_facts(out, data, size);
}
