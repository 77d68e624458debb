/* SPDX-License-Identifier: Apache-2.0 */
/* How much memory and time `likeness dups` takes over an index of very many pictures, which are drawn at random:
 *
 *   bench_dups_scale make INDEX ROWS WORDS NEW   an index of ROWS pictures with WORDS visual words each (256 as real ones),
 *                                                of which the last NEW were not searched for copies yet. Each second one of the
 *                                                first fifth is a copy of the one before
 *   bench_dups_scale run INDEX [THREADS]         milliseconds, and the most memory of its own and of mapped files at any time
 *
 * What is searched (INDEX.find) is made by the first run and mapped by those after. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <likeness/dups.h>

#include <libdeflate.h>

#include "base/rng.h"
#include "collection/content_pairs.h"

enum { DIM = 128, THUMB = 16, BATCH = 10000 };

static double now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* -- Making it -- */

static void draw_bytes(void *to, size_t size, struct rng *rng) {
    uint8_t *bytes = to;
    for (size_t i = 0; i < size; i++) {
        bytes[i] = (uint8_t)rng_below(rng, 256);
    }
}

static void draw(struct facts *f, struct rng *rng) {
    draw_bytes(f->pdq, sizeof f->pdq, rng);
    draw_bytes(f->thumb.data, f->thumb.stride * (size_t)f->thumb.height, rng);
    for (int32_t i = 0; i < f->dim; i++) {
        f->embedding[i] = (float)rng_below(rng, 2001) / 1000 - 1;
    }
    for (int c = 0; c < 3; c++) {
        f->wavelet.count[c] = FACTS_PLACES;
        for (int i = 0; i < FACTS_PLACES; i++) {
            f->wavelet.places[c][i] = (int16_t)(1 + rng_below(rng, 16000));
        }
    }
}

static lk_status put_words(lk_collection *c, int64_t id, uint32_t count, struct rng *rng,
                           lk_error *err) {
    uint8_t sealed[FACTS_WORDS * VISUAL_WORD_BYTES + 4];
    struct sql q;
    size_t size = (size_t)count * VISUAL_WORD_BYTES;
    for (uint32_t i = 0; i < count; i++) {
        struct visual_word w = {.sketch = rng_next(rng),
                                .word = (uint16_t)rng_below(rng, VISUAL_WORDS),
                                .turn = (uint8_t)rng_below(rng, 256),
                                .size = (int8_t)rng_below(rng, 64)};
        visual_word_write(sealed + i * VISUAL_WORD_BYTES, &w);
    }
    uint32_t crc = libdeflate_crc32(0, sealed, size);
    memcpy(sealed + size, &crc, sizeof crc);
    sql_begin(&q, &c->at, "UPDATE content SET words = ? WHERE id = ?");
    sql_bind_blob(&q, sealed, size + sizeof crc);
    sql_bind_int(&q, id);
    return sql_finish(&q, err);
}

static lk_status put_rest(lk_collection *c, int64_t id, uint32_t row, bool searched, bool copy,
                          lk_error *err) {
    struct sql q;
    char path[64];
    int n = snprintf(path, sizeof path, "/synthetic/of/some/depth/%03u/picture-%08u.jpg",
                     row / 1000, row);
    sql_begin(&q, &c->at,
              "INSERT INTO file (path, bytes, modified_ns, inode, content) VALUES (?, ?, 1, 1, ?)");
    sql_bind_blob(&q, path, (size_t)n);
    sql_bind_int(&q, 100000 + row);
    sql_bind_int(&q, id);
    lk_status status = sql_finish(&q, err);
    if (status == LK_OK && searched) {
        sql_begin(&q, &c->at, "INSERT INTO searched (content, version) VALUES (?, ?)");
        sql_bind_int(&q, id);
        sql_bind_int(&q, RELATION_VERSION);
        status = sql_finish(&q, err);
    }
    if (status == LK_OK && copy) {
        const struct pair p = {.a = row - 1,
                               .b = row,
                               .class = RELATION_RESIZED,
                               .also = 1U << RELATION_RESIZED,
                               .score = 0.9F,
                               .stretch = 1,
                               .covers_a = 1,
                               .covers_b = 1};
        sql_begin(&q, &c->at, "INSERT INTO pair (a, b, version, kept) VALUES (?, ?, ?, ?)");
        sql_bind_int(&q, id - 1);
        sql_bind_int(&q, id);
        sql_bind_int(&q, PAIRS_VERSION);
        sql_bind_blob(&q, &p, sizeof p);
        status = sql_finish(&q, err);
    }
    return status;
}

static lk_status put_row(lk_collection *c, lk_engine *engine, struct facts *f, uint32_t row,
                         const uint32_t counts[3], struct rng *rng, lk_error *err) {
    const uint32_t rows = counts[0], words = counts[1], unsearched = counts[2];
    uint8_t sha256[32] = {0};
    int64_t id = 0;
    draw(f, rng);
    f->width = 600 + (int32_t)(row % 100); /* two copies are not of one size: no file is opened */
    memcpy(sha256, &row, sizeof row);
    lk_status status = content_put(&id, c, sha256, f, "synthetic", engine, err);
    status = status == LK_OK && words > 0 ? put_words(c, id, words, rng, err) : status;
    return status == LK_OK
               ? put_rest(c, id, row, row < rows - unsearched, row % 2 == 1 && row < rows / 5, err)
               : status;
}

static lk_status make(lk_collection *c, lk_engine *engine, const uint32_t counts[3],
                      lk_error *err) {
    static float embedding[DIM];
    static uint8_t pixels[THUMB * THUMB * 3];
    struct facts f = {.height = 400,
                      .format = "jpeg",
                      .pdq_quality = 100,
                      .embedding = embedding,
                      .dim = DIM,
                      .looked_for_keypoints = true,
                      .side_width = 512,
                      .side_height = 340,
                      .thumb = {.width = THUMB,
                                .height = THUMB,
                                .channels = 3,
                                .bit_depth = 8,
                                .stride = (size_t)THUMB * 3,
                                .data = pixels}};
    struct rng rng;
    lk_status status = LK_OK;
    rng_init(&rng, 1);
    for (uint32_t row = 0; status == LK_OK && row < counts[0]; row += BATCH) {
        status = collection_begin(c, err);
        if (status == LK_OK) {
            for (uint32_t i = row; status == LK_OK && i < counts[0] && i < row + BATCH; i++) {
                status = put_row(c, engine, &f, i, counts, &rng, err);
            }
            status = collection_end(c, status, err);
        }
    }
    return status;
}

/* -- Running -- */

struct watch {
    atomic_bool done;
    long own_most, mapped_most; /* KiB */
};

static void *watch_memory(void *arg) {
    struct watch *w = arg;
    while (!atomic_load(&w->done)) {
        char line[256];
        long value;
        FILE *from = fopen("/proc/self/status", "r");
        while (from && fgets(line, sizeof line, from)) {
            if (sscanf(line, "RssAnon: %ld", &value) == 1 && value > w->own_most) {
                w->own_most = value;
            }
            if (sscanf(line, "RssFile: %ld", &value) == 1 && value > w->mapped_most) {
                w->mapped_most = value;
            }
        }
        if (from) {
            fclose(from);
        }
        usleep(20000);
    }
    return NULL;
}

static lk_status run(lk_collection *c, lk_engine *engine, lk_error *err) {
    lk_dups_options options = lk_dups_options_default();
    struct watch w = {0};
    pthread_t thread;
    lk_dups dups;
    options.no_thumbs = true;
    if (pthread_create(&thread, NULL, watch_memory, &w) != 0) {
        return LK_E_MEMORY;
    }
    double began = now_ms();
    lk_status status = lk_collection_dups(&dups, c, engine, NULL, 0, &options, err);
    double ms = now_ms() - began;
    atomic_store(&w.done, true);
    pthread_join(thread, NULL);
    if (status == LK_OK) {
        printf("%.0f ms; at most %ld MiB of its own, %ld MiB of files; %zu groups of %lld files, "
               "%lld pairs tried\n",
               ms, w.own_most / 1024, w.mapped_most / 1024, dups.count, (long long)dups.files,
               (long long)dups.candidates);
        lk_dups_release(&dups);
    }
    return status;
}

int main(int argc, char **argv) {
    lk_error err = {0};
    lk_engine *engine = NULL;
    lk_collection *c = NULL;
    lk_engine_options options = lk_engine_options_default();
    bool makes = argc == 6 && strcmp(argv[1], "make") == 0;
    if (!makes && (argc < 3 || strcmp(argv[1], "run") != 0)) {
        fputs("usage: bench_dups_scale make INDEX ROWS WORDS NEW | run INDEX [THREADS]\n", stderr);
        return 2;
    }
    options.threads = argc == 4 ? atoi(argv[3]) : 2;
    lk_status status = lk_engine_new(&engine, &options, &err);
    status = status == LK_OK ? lk_collection_open(&c, argv[2], LK_COLLECTION_WRITE, &err) : status;
    if (status == LK_OK && makes) {
        const uint32_t counts[3] = {(uint32_t)atol(argv[3]), (uint32_t)atol(argv[4]),
                                    (uint32_t)atol(argv[5])};
        status = counts[1] <= FACTS_WORDS && counts[2] <= counts[0] ? make(c, engine, counts, &err)
                                                                    : LK_E_USAGE;
    } else if (status == LK_OK) {
        status = run(c, engine, &err);
    }
    if (status != LK_OK) {
        fprintf(stderr, "%s\n", err.text);
    }
    lk_collection_close(c);
    lk_engine_free(engine);
    return status == LK_OK ? 0 : 2;
}
