/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/features.h"

#include <likeness/hash.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "feature/sift_pack.h"
#include "feature/visual_word.h"
#include "verify/working.h"

enum {
    EMBEDDING_VERSION = 2,
    PDQ_VERSION = 1,
    WORKING_VERSION = 1, /* of the size at which a reference is looked at */
    SIZE_BYTES = 8,
};

lk_derived_key derived_key(enum derived_kind kind, const lk_model *model) {
    static const struct {
        const char *name;
        int32_t version;
    } table[DERIVED_KINDS] = {
        [DERIVED_EMBEDDING] = {"embedding", EMBEDDING_VERSION},
        [DERIVED_KEYPOINTS] = {"keypoints", 100 * WORKING_VERSION + SIFT_VERSION},
        [DERIVED_WORDS] = {"words",
                           10000 * WORKING_VERSION + 100 * SIFT_VERSION + VISUAL_WORD_VERSION},
        [DERIVED_PDQ] = {"pdq", PDQ_VERSION},
    };
    const char *network = kind == DERIVED_EMBEDDING ? lk_model_identity(model) : NULL;
    return (lk_derived_key){table[kind].name, table[kind].version, network};
}

/* -- In memory -- */

void lk_features_free(lk_features *f) {
    if (f) {
        sift_points_release(&f->sift);
        seen_release(&f->seen);
        mem_free(f);
    }
}

static lk_status find(lk_features *f, lk_engine *engine, lk_model *model, const lk_image *picture,
                      lk_error *err) {
    struct view v;
    const struct sift_points *sift;
    lk_status status = view_init(&v, engine, picture, err);
    if (status != LK_OK) {
        return status;
    }
    f->width = picture->width;
    f->height = picture->height;
    status = view_sift(&sift, &v, err);
    if (status == LK_OK) {
        f->sift = v.own.sift; /* taken over */
        v.own.sift = (struct sift_points){0};
        status = seen_make(&f->seen, model, picture, err);
    }
    view_release(&v);
    return status;
}

lk_status lk_features_make(lk_features **out, lk_engine *engine, lk_model *model,
                           const lk_image *picture, lk_picture_role role, lk_error *err) {
    lk_image small = {0};
    *out = NULL;
    lk_features *f = mem_calloc(1, sizeof *f);
    if (!f) {
        return error_memory(err, sizeof *f);
    }
    snprintf(f->model, sizeof f->model, "%s", lk_model_identity(model));
    lk_status status = role == LK_PICTURE_REFERENCE
                           ? working_reduce_reference(&picture, &small, engine, err)
                           : working_reduce_photo(&picture, &small, engine, err);
    status = status == LK_OK ? find(f, engine, model, picture, err) : status;
    lk_image_release(&small);
    if (status != LK_OK) {
        lk_features_free(f);
        return status;
    }
    *out = f;
    return LK_OK;
}

void features_lend(struct view *v, const lk_features *f, const lk_model *model) {
    if (!f || f->width != v->image->width || f->height != v->image->height) {
        return;
    }
    v->known_sift = &f->sift;
    bool same = model && strcmp(lk_model_identity(model), f->model) == 0 &&
                lk_model_dim(model) == f->seen.dim;
    if (same && lk_model_card_of(model)->classes == 0) {
        v->known_seen = &f->seen;
    }
}

/* -- In a store -- */

/* The next place for something owned. */
static lk_status own(lk_reference_facts *out, enum derived_kind kind, const lk_model *model,
                     lk_bytes *bytes, lk_error *err) {
    lk_derived_key key = derived_key(kind, model);
    if (key.model) {
        snprintf(out->model, sizeof out->model, "%s", key.model);
        key.model = out->model; /* outlives the model */
    }
    out->derived[out->derived_count] = (lk_derived){key, bytes->data, bytes->size};
    out->owned[out->derived_count++] = *bytes;
    return bytes->data ? LK_OK : error_memory(err, bytes->size);
}

static lk_status copy_bytes(lk_bytes *out, const void *data, size_t size) {
    *out = (lk_bytes){.data = mem_alloc(size, 1), .size = size};
    if (out->data) {
        memcpy(out->data, data, size);
    }
    return LK_OK;
}

static lk_status pack_keypoints(lk_bytes *out, const lk_features *f, lk_error *err) {
    const int32_t size[2] = {f->width, f->height};
    lk_bytes packed;
    lk_status status = sift_pack(&packed, &f->sift, err);
    if (status != LK_OK) {
        return status;
    }
    *out = (lk_bytes){.data = mem_alloc(SIZE_BYTES + packed.size, 1),
                      .size = SIZE_BYTES + packed.size};
    if (out->data) {
        memcpy(out->data, size, SIZE_BYTES);
        memcpy(out->data + SIZE_BYTES, packed.data, packed.size);
    }
    lk_bytes_release(&packed);
    return LK_OK;
}

static lk_status pack_words(lk_bytes *out, lk_engine *engine, const lk_features *f, lk_error *err) {
    struct visual_word words[FEATURE_WORDS];
    size_t count = MIN(f->sift.count, (size_t)FEATURE_WORDS);
    *out = (lk_bytes){.data = mem_alloc(count * VISUAL_WORD_BYTES + 1, 1),
                      .size = count * VISUAL_WORD_BYTES};
    lk_status status =
        visual_words_of(words, engine, &f->sift, count, MAX(f->width, f->height), err);
    for (size_t i = 0; status == LK_OK && out->data && i < count; i++) {
        visual_word_write(out->data + i * VISUAL_WORD_BYTES, &words[i]);
    }
    return status;
}

static lk_status pack_pdq(lk_bytes *out, lk_engine *engine, const lk_image *picture,
                          lk_error *err) {
    lk_hash hash;
    uint8_t bytes[PDQ_BYTES + 1];
    lk_status status = lk_hash_compute(&hash, engine, picture, lk_hash_find("pdq"), 0, err);
    if (status == LK_OK) {
        memcpy(bytes, hash.data, PDQ_BYTES);
        bytes[PDQ_BYTES] = (uint8_t)hash.quality;
        status = copy_bytes(out, bytes, sizeof bytes);
    }
    return status;
}

static void star_of(lk_star *out, const lk_quality *q) {
    *out = (lk_star){.known = true, .value = q->stars / 5.0};
    out->reason_count = MIN(q->reason_count, LK_STAR_REASONS_MAX);
    for (int32_t i = 0; i < out->reason_count; i++) {
        snprintf(out->reasons[i], sizeof out->reasons[i], "%s", q->reasons[i]);
    }
}

static lk_status derive(lk_reference_facts *out, lk_engine *engine, const lk_model *model,
                        const lk_image *picture, const lk_features *f, lk_error *err) {
    lk_bytes bytes = {0};
    lk_status status = copy_bytes(&bytes, f->seen.embedding, (size_t)f->seen.dim * sizeof(float));
    status = status == LK_OK ? own(out, DERIVED_EMBEDDING, model, &bytes, err) : status;
    bytes = (lk_bytes){0};
    status = status == LK_OK ? pack_keypoints(&bytes, f, err) : status;
    status = status == LK_OK ? own(out, DERIVED_KEYPOINTS, model, &bytes, err) : status;
    bytes = (lk_bytes){0};
    if (status == LK_OK) {
        status = pack_words(&bytes, engine, f, err);
        lk_status kept = own(out, DERIVED_WORDS, model, &bytes, err);
        status = status == LK_OK ? kept : status;
    }
    bytes = (lk_bytes){0};
    status = status == LK_OK ? pack_pdq(&bytes, engine, picture, err) : status;
    return status == LK_OK ? own(out, DERIVED_PDQ, model, &bytes, err) : status;
}

lk_status lk_reference_facts_make(lk_reference_facts *out, lk_engine *engine, lk_model *model,
                                  const lk_image *picture, const lk_bytes *file, lk_error *err) {
    static const lk_load_options reduced = {.max_side = LK_VERIFY_FRAME_SIDE};
    lk_quality quality;
    lk_image small = {0};
    lk_features *features = NULL;
    *out = (lk_reference_facts){0};
    lk_status status = lk_quality_measure(&quality, engine, picture, err);
    if (status == LK_OK) {
        star_of(&out->star, &quality);
    }
    if (status == LK_OK && file &&
        MAX(picture->width, picture->height) >= 2 * LK_VERIFY_FRAME_SIDE) {
        status = lk_image_decode(&small, NULL, engine, file->data, file->size, "", &reduced, err);
    }
    if (status == LK_OK) {
        status = lk_features_make(&features, engine, model, small.data ? &small : picture,
                                  LK_PICTURE_REFERENCE, err);
    }
    status = status == LK_OK ? derive(out, engine, model, picture, features, err) : status;
    lk_features_free(features);
    lk_image_release(&small);
    if (status != LK_OK) {
        lk_reference_facts_release(out);
    }
    return status;
}

void lk_reference_facts_release(lk_reference_facts *facts) {
    if (facts) {
        for (int32_t i = 0; i < facts->derived_count; i++) {
            lk_bytes_release(&facts->owned[i]);
        }
        *facts = (lk_reference_facts){0};
    }
}

lk_status lk_reference_facts_keep(const lk_reference_facts *facts, lk_store *store, const char *id,
                                  int32_t version, lk_error *err) {
    lk_status status = lk_store_begin(store, err);
    if (status != LK_OK) {
        return status;
    }
    for (int32_t i = 0; status == LK_OK && i < facts->derived_count; i++) {
        status = lk_derived_put(store, id, version, &facts->derived[i], err);
    }
    return lk_store_end(store, status, err);
}

lk_status features_read_keypoints(struct sift_points *out, int32_t size[2], bool *there,
                                  lk_store *store, const char *id, int32_t version, lk_error *err) {
    lk_bytes bytes;
    const lk_derived_key key = derived_key(DERIVED_KEYPOINTS, NULL);
    *out = (struct sift_points){0};
    lk_status status = lk_derived_get(&bytes, there, store, id, version, &key, err);
    if (status == LK_OK && *there) {
        if (bytes.size < SIZE_BYTES) {
            status = error_set(err, LK_E_CORRUPT, "no keypoints");
        } else {
            memcpy(size, bytes.data, SIZE_BYTES);
            status = sift_unpack(out, bytes.data + SIZE_BYTES, bytes.size - SIZE_BYTES, err);
        }
        status = error_input(err, status, id);
        lk_bytes_release(&bytes);
    }
    return status;
}

static lk_status read_embedding(lk_features *f, bool *there, lk_store *store, const char *id,
                                int32_t version, const lk_model *model, lk_error *err) {
    lk_bytes bytes;
    const lk_derived_key key = derived_key(DERIVED_EMBEDDING, model);
    size_t size = (size_t)lk_model_dim(model) * sizeof(float);
    lk_status status = lk_derived_get(&bytes, there, store, id, version, &key, err);
    *there = status == LK_OK && *there && bytes.size == size;
    if (*there) {
        f->seen = (struct seen){.embedding = mem_alloc(size, 1), .dim = lk_model_dim(model)};
        if (f->seen.embedding) {
            memcpy(f->seen.embedding, bytes.data, size);
        } else {
            status = error_memory(err, size);
        }
    }
    lk_bytes_release(&bytes);
    return status;
}

lk_status features_read(lk_features **out, lk_store *store, const char *id, int32_t version,
                        const lk_model *model, lk_error *err) {
    int32_t size[2] = {0};
    bool there;
    *out = NULL;
    lk_features *f = mem_calloc(1, sizeof *f);
    if (!f) {
        return error_memory(err, sizeof *f);
    }
    snprintf(f->model, sizeof f->model, "%s", lk_model_identity(model));
    lk_status status = features_read_keypoints(&f->sift, size, &there, store, id, version, err);
    f->width = size[0];
    f->height = size[1];
    if (status == LK_OK && there) {
        status = read_embedding(f, &there, store, id, version, model, err);
    }
    if (status == LK_OK && there) {
        *out = f;
    } else {
        lk_features_free(f);
    }
    return status;
}

lk_status lk_reference_features(lk_features **out, lk_store *store, const lk_reference *reference,
                                lk_model *model, lk_error *err) {
    return features_read(out, store, reference->id, reference->version, model, err);
}
