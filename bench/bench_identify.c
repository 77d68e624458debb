/* SPDX-License-Identifier: Apache-2.0 */
/* Times and judges the search for originals:
 *     bench_identify STORE PHOTO [REFERENCE [PHOTO REFERENCE]...] [--add] [--copies N FOLDER]
 * Prints a line of JSON a photo: where REFERENCE (- for none) stands among the candidates, its matched keypoints, and the
 * milliseconds of what --identify adds to --ref: the search, from features that the verdict needs anyway; before that, how long
 * opening the finder takes, made anew and from its file. With --copies the store's words and embeddings are first copied into a
 * new store in FOLDER until it has N references, each copy with 16 of 64 bits of every sketch and each number of the embedding
 * moved at random: as many others as that, distributed as real ones are. They have no keypoints, so times of matching are those
 * of STORE. With --add one more is added to the store that is searched, each time for another opening. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/rng.h"
#include "feature/visual_word.h"
#include "verify/features.h"

enum { MOST = 50, TURNED_BITS = 16 };

struct bench {
    lk_engine *engine;
    lk_model *model;
    lk_store *store, *target;
    lk_error err;
    struct rng rng;
    long wanted, made, turn;
    enum derived_kind kind;
};

static double now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* -- Copies -- */

/* A picture that no other number gives. */
static bool add_reference(struct bench *b, const char *id, const lk_derived *words) {
    uint8_t bytes[64];
    lk_image image;
    lk_image_info info;
    size_t size = (size_t)sprintf((char *)bytes, "P6 3 2 255\n%018ld", b->made);
    if (lk_image_decode(&image, &info, b->engine, bytes, size, id, NULL, &b->err) != LK_OK) {
        return false;
    }
    lk_image_release(&image);
    uint8_t hash[PDQ_BYTES + 1];
    for (size_t i = 0; i < sizeof hash; i++) {
        hash[i] = (uint8_t)rng_below(&b->rng, 256);
    }
    const int32_t none[3] = {1, 1, 0};
    const lk_derived derived[] = {
        *words,
        {derived_key(DERIVED_KEYPOINTS, b->model), none, sizeof none},
        {derived_key(DERIVED_PDQ, b->model), hash, sizeof hash},
    };
    const lk_reference_draft draft = {.id = id,
                                      .picture = bytes,
                                      .picture_bytes = size,
                                      .info = &info,
                                      .derived = derived,
                                      .derived_count = 3};
    return lk_reference_add(NULL, NULL, b->target, &draft, &b->err) == LK_OK;
}

static void move_words(struct bench *b, uint8_t *data, size_t size) {
    for (size_t i = 0; i + VISUAL_WORD_BYTES <= size; i += VISUAL_WORD_BYTES) {
        for (int k = 0; k < TURNED_BITS; k++) {
            uint32_t bit = rng_below(&b->rng, VISUAL_SKETCH_BITS);
            data[i + bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
    }
}

static void move_vector(struct bench *b, uint8_t *data, size_t size) {
    float v;
    for (size_t i = 0; i + sizeof v <= size; i += sizeof v) {
        memcpy(&v, data + i, sizeof v);
        v *= 0.5F + (float)rng_below(&b->rng, 1000) / 1000;
        memcpy(data + i, &v, sizeof v);
    }
}

static bool copy_row(void *arg, const char *id, int32_t version, const void *data, size_t size) {
    struct bench *b = arg;
    char name[LK_REFERENCE_ID_MAX + 1];
    uint8_t *own = malloc(size + 1);
    (void)version;
    if (!own) {
        return false;
    }
    memcpy(own, data, size);
    snprintf(name, sizeof name, "%04ld-%.120s", b->turn, id);
    const lk_derived derived = {derived_key(b->kind, b->model), own, size};
    bool right;
    if (b->kind == DERIVED_WORDS) {
        move_words(b, own, b->turn > 0 ? size : 0);
        right = add_reference(b, name, &derived);
        b->made += right;
    } else {
        move_vector(b, own, b->turn > 0 ? size : 0);
        right = lk_derived_put(b->target, name, 1, &derived, &b->err) == LK_OK ||
                b->err.status == LK_E_IO; /* beyond the last that was wanted */
    }
    free(own);
    return right && (b->kind != DERIVED_WORDS || b->made < b->wanted);
}

static lk_status copy_all(struct bench *b) {
    lk_status status = lk_store_begin(b->target, &b->err);
    for (; status == LK_OK && b->made < b->wanted; b->turn++) {
        for (int k = 0; status == LK_OK && k < 2; k++) {
            b->kind = k == 0 ? DERIVED_WORDS : DERIVED_EMBEDDING;
            const lk_derived_key key = derived_key(b->kind, b->model);
            b->err = (lk_error){0};
            status = lk_derived_visit(b->store, &key, copy_row, b, &b->err);
        }
    }
    return lk_store_end(b->target, status, &b->err);
}

/* -- Searching -- */

static bool open_twice(lk_finder **out, struct bench *b) {
    lk_finder *first;
    double began = now_ms();
    if (lk_finder_open(&first, b->store, b->engine, b->model, NULL, &b->err) != LK_OK) {
        return false;
    }
    double made = now_ms() - began;
    lk_finder_close(first);
    began = now_ms();
    bool right = lk_finder_open(out, b->store, b->engine, b->model, NULL, &b->err) == LK_OK;
    if (right) {
        printf("{\"references\": %lld, \"first_open_ms\": %.1f, \"open_ms\": %.1f}\n",
               (long long)lk_finder_count(*out), made, now_ms() - began);
    }
    return right;
}

struct row {
    uint8_t data[FEATURE_WORDS * VISUAL_WORD_BYTES];
    size_t size;
};

static bool keep_row(void *arg, const char *id, int32_t version, const void *data, size_t size) {
    struct row *row = arg;
    (void)id;
    (void)version;
    row->size = size < sizeof row->data ? size : sizeof row->data;
    memcpy(row->data, data, row->size);
    return false;
}

static bool open_added(struct bench *b) {
    enum { TIMES = 3 };
    const lk_derived_key key = derived_key(DERIVED_WORDS, b->model);
    struct row row = {.size = 0};
    float *vector = calloc((size_t)lk_model_dim(b->model), sizeof *vector);
    b->target = b->store;
    bool right = vector && lk_derived_visit(b->store, &key, keep_row, &row, &b->err) == LK_OK;
    for (int i = 0; right && i < TIMES; i++) {
        lk_finder *f;
        char id[64];
        b->made = (long)time(NULL) * 10 + i; /* another picture than any before */
        snprintf(id, sizeof id, "5000-%ld", b->made);
        move_words(b, row.data, row.size);
        const lk_derived words = {key, row.data, row.size};
        const lk_derived seen = {derived_key(DERIVED_EMBEDDING, b->model), vector,
                                 (size_t)lk_model_dim(b->model) * sizeof *vector};
        if (!add_reference(b, id, &words) ||
            lk_derived_put(b->store, id, 1, &seen, &b->err) != LK_OK) {
            right = false;
            break;
        }
        double began = now_ms();
        if (lk_finder_open(&f, b->store, b->engine, b->model, NULL, &b->err) != LK_OK) {
            right = false;
            break;
        }
        printf("{\"references\": %lld, \"open_after_add_ms\": %.1f}\n",
               (long long)lk_finder_count(f), now_ms() - began);
        lk_finder_close(f);
    }
    free(vector);
    return right;
}

static bool search(struct bench *b, const lk_finder *f, const char *path, const char *reference) {
    static const lk_load_options size = {.max_side = LK_VERIFY_PHOTO_SIDE};
    lk_image photo;
    lk_hash mark;
    lk_features *features;
    lk_candidate found[MOST];
    int32_t count = 0, rank = -1;
    double best = 1e9;
    if (lk_image_load(&photo, NULL, b->engine, path, &size, &b->err) != LK_OK ||
        lk_features_make(&features, b->engine, b->model, &photo, LK_PICTURE_PHOTO, &b->err) !=
            LK_OK ||
        lk_verification_mark(&mark, b->engine, &photo, &b->err) != LK_OK) {
        return false;
    }
    lk_status status = LK_OK;
    for (int i = 0; status == LK_OK && i < 3; i++) {
        double began = now_ms();
        status = lk_identify(found, MOST, &count, f, b->store, b->engine, features, &mark, &b->err);
        double took = now_ms() - began;
        best = took < best ? took : best;
    }
    for (int32_t i = count - 1; i >= 0; i--) {
        const char *id = found[i].id; /* a copy stands behind its number */
        rank = strcmp(id, reference) == 0 || (strlen(id) > 5 && strcmp(id + 5, reference) == 0 &&
                                              strncmp(id, "0000-", 5) == 0)
                   ? i
                   : rank;
    }
    printf("{\"photo\": \"%s\", \"reference\": \"%s\", \"rank\": %d, \"candidates\": %d, "
           "\"first\": \"%s\", \"inliers\": %d, \"coverage\": %.3f, \"ms\": %.1f}\n",
           path, reference, (int)rank + 1, (int)count, count > 0 ? found[0].id : "",
           count > 0 ? (int)found[0].inliers : 0, count > 0 ? found[0].coverage : 0, best);
    lk_features_free(features);
    lk_image_release(&photo);
    return status == LK_OK;
}

static bool run(struct bench *b, int argc, char **argv) {
    lk_finder *f = NULL;
    int last = argc;
    bool add = false;
    for (int i = 2; i < argc; i++) {
        if (strcmp(argv[i], "--add") == 0) {
            add = true;
            last = MIN(last, i);
        }
    }
    for (int i = 2; i + 2 < argc; i++) {
        if (strcmp(argv[i], "--copies") == 0) {
            last = MIN(last, i);
            b->wanted = atol(argv[i + 1]);
            if (lk_store_open(&b->target, argv[i + 2], NULL, &b->err) != LK_OK ||
                copy_all(b) != LK_OK) {
                return false;
            }
            lk_store_close(b->store);
            b->store = b->target;
        }
    }
    bool right = open_twice(&f, b) && (!add || open_added(b));
    for (int i = 2; right && i < last; i += 2) {
        right = search(b, f, argv[i], i + 1 < last ? argv[i + 1] : "-");
    }
    lk_finder_close(f);
    return right;
}

int main(int argc, char **argv) {
    struct bench b = {0};
    lk_engine_options options = lk_engine_options_default();
    options.threads = 1;
    options.cpu = getenv("LIKENESS_CPU");
    rng_init(&b.rng, 1);
    if (argc < 3) {
        fputs("usage: bench_identify STORE PHOTO [REFERENCE ...] [--add] [--copies N FOLDER]\n",
              stderr);
        return 2;
    }
    bool right = lk_engine_new(&b.engine, &options, &b.err) == LK_OK &&
                 lk_model_open(&b.model, b.engine, LK_MODEL_DEFAULT, NULL, &b.err) == LK_OK &&
                 lk_store_open(&b.store, argv[1], NULL, &b.err) == LK_OK && run(&b, argc, argv);
    if (!right) {
        fprintf(stderr, "%s: %s\n", b.err.input, b.err.text);
    }
    lk_store_close(b.store);
    lk_model_free(b.model);
    lk_engine_free(b.engine);
    return right ? 0 : 2;
}
