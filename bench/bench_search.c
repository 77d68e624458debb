/* SPDX-License-Identifier: Apache-2.0 */
/* Searching a large index, which is made from a small one:
 *
 *   bench_search fill INDEX COUNT    fills an index of real pictures (likeness index FOLDER --index INDEX) up to COUNT. What is
 *                                    added has an embedding between a picture's and one of its 20 nearest, at random, moved by
 *                                    noise of 0.3 of their distance; a random hash, the wavelet signature of the picture, a
 *                                    thumbnail of noise, THUMB pixels a side, and the name of a file that is not there. Then makes
 *                                    what is searched
 *   bench_search ask INDEX PICTURE   opens the index and searches for the picture: milliseconds of the first search in a process,
 *                                    with opening; then medians of RUNS, of the whole search by each way, and of looking for the
 *                                    ten nearest embeddings alone, through cells, halves, and all; then recall@10 of the cells
 *                                    against all, for ASKED contents of the index moved by noise */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "base/rng.h"
#include "collection/finding.h"
#include "image/image.h"

enum { THUMB = 32, NEAR = 20, RUNS = 21, K = 10, ASKED = 500, TOGETHER = 20000 };

struct bench {
    lk_engine *engine;
    lk_collection *collection;
    lk_error err;
};

static double now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void need(struct bench *b, lk_status status) {
    if (status != LK_OK) {
        fprintf(stderr, "%s: %s\n", b->err.input, b->err.text);
        exit(2);
    }
}

static float noise(struct rng *rng) {
    float sum = 0;
    for (int i = 0; i < 12; i++) {
        sum += (float)rng_below(rng, 1 << 20) / (1 << 20);
    }
    return sum - 6;
}

/* out: a point near the line between both. */
static void between(float *out, const float *a, const float *b, int32_t dim, struct rng *rng) {
    const float t = (float)rng_below(rng, 1001) / 1000;
    double step = 0, length = 0;
    float z[FLAT_DIM_MOST];
    for (int32_t i = 0; i < dim; i++) {
        z[i] = noise(rng);
        step += (double)(a[i] - b[i]) * (double)(a[i] - b[i]);
        length += (double)z[i] * (double)z[i];
    }
    const float scale = (float)(0.3 * sqrt(step / length));
    for (int32_t i = 0; i < dim; i++) {
        out[i] = a[i] + t * (b[i] - a[i]) + scale * z[i];
    }
}

/* -- Filling -- */

struct filling {
    struct bench *b;
    struct finding *finding;
    struct facts *real;
    struct neighbour *near;
    uint32_t count;
    struct rng rng;
};

static void add_one(struct filling *f, uint32_t number) {
    struct bench *b = f->b;
    const uint32_t a = rng_below(&f->rng, f->count);
    const struct neighbour *n = &f->near[(size_t)a * NEAR + rng_below(&f->rng, NEAR)];
    struct facts one = f->real[a];
    float vector[FLAT_DIM_MOST];
    uint8_t sha256[32] = "bench";
    char path[64];
    int64_t id;
    struct sql q;
    between(vector, one.embedding, f->real[n->item == INDEX_NONE ? a : n->item].embedding, one.dim,
            &f->rng);
    one.embedding = vector;
    for (size_t i = 0; i < sizeof one.pdq; i++) {
        ((uint8_t *)one.pdq)[i] = (uint8_t)rng_next(&f->rng);
    }
    memcpy(sha256 + 8, &number, sizeof number);
    need(b, content_put(&id, b->collection, sha256, &one, f->finding->model, b->engine, &b->err));
    snprintf(path, sizeof path, "/made/%03u/%06u.jpg", number / 1000, number);
    sql_begin(&q, &b->collection->at,
              "INSERT INTO file (path, bytes, modified_ns, inode, content) VALUES (?, 1, 1, 1, ?)");
    sql_bind_blob(&q, path, strlen(path));
    sql_bind_int(&q, id);
    need(b, sql_finish(&q, &b->err));
}

static void fill(struct bench *b, uint32_t count) {
    struct filling f = {.b = b};
    need(b, finding_of(&f.finding, b->collection, b->engine, 0, &b->err));
    f.count = f.finding->count;
    f.real = calloc(f.count, sizeof *f.real);
    f.near = calloc((size_t)f.count * NEAR, sizeof *f.near);
    if (!f.real || !f.near) {
        abort();
    }
    need(b, flat_graph(f.near, NEAR, &f.finding->embeddings, b->engine, &b->err));
    for (uint32_t i = 0; i < f.count; i++) {
        need(b, content_get(&f.real[i], b->collection, f.finding->contents[i], CONTENT_EMBEDDING,
                            b->engine, &b->err));
        need(b, lk_image_new(&f.real[i].thumb, THUMB, THUMB, 3, 8, &b->err));
        for (size_t k = 0; k < THUMB * f.real[i].thumb.stride; k++) {
            f.real[i].thumb.data[k] = (uint8_t)(k * k * 31 >> 5);
        }
    }
    rng_init(&f.rng, 1);
    for (uint32_t i = f.count; i < count; i += TOGETHER) {
        need(b, collection_begin(b->collection, &b->err));
        for (uint32_t k = i; k < MIN(count, i + TOGETHER); k++) {
            add_one(&f, k);
        }
        need(b, collection_end(b->collection, LK_OK, &b->err));
        fprintf(stderr, "%u\n", i);
    }
    double began = now_ms();
    need(b, finding_of(&f.finding, b->collection, b->engine, FINDING_CELLS, &b->err));
    printf("made in %.0f ms: %u pictures, %u cells, %zu bytes\n", now_ms() - began,
           f.finding->count, f.finding->cells.cells, f.finding->file.size);
    for (uint32_t i = 0; i < f.count; i++) {
        facts_release(&f.real[i]);
    }
    free(f.real);
    free(f.near);
}

/* -- Asking -- */

static int by_value(const void *a, const void *b) {
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static double median(double *values, size_t count) {
    qsort(values, count, sizeof *values, by_value);
    return values[count / 2];
}

struct asking {
    struct bench *b;
    lk_model *model;
    lk_image picture;
    lk_image_info info;
};

static void search(struct asking *a, lk_search_by by, bool exact) {
    lk_search_hits hits;
    lk_search_options o = lk_search_options_default();
    o.by = by;
    o.exact = exact;
    need(a->b, lk_collection_search(&hits, a->b->collection, a->b->engine, a->model, &a->picture,
                                    &a->info, &o, &a->b->err));
    lk_search_hits_release(&hits);
}

static void time_search(struct asking *a, const char *name, lk_search_by by, bool exact) {
    double ms[RUNS];
    for (int i = 0; i < RUNS; i++) {
        double began = now_ms();
        search(a, by, exact);
        ms[i] = now_ms() - began;
    }
    printf("search by %-18s %8.2f ms\n", name, median(ms, RUNS));
}

/* The ten nearest alone: of ASKED queries the median, and how many of them cells find. */
static void time_nearest(struct bench *b) {
    static double ms[3][ASKED];
    struct finding *f;
    struct rng rng;
    size_t found = 0, count;
    rng_init(&rng, 2);
    need(b, finding_of(&f, b->collection, b->engine, FINDING_SOUND, &b->err));
    const int32_t dim = f->embeddings.dim;
    for (int i = 0; i < ASKED; i++) {
        struct neighbour got[3][K];
        uint8_t query[FLAT_DIM_MOST];
        flat_get(query, &f->embeddings, rng_below(&rng, f->count));
        for (int32_t k = 0; k < dim; k++) {
            query[k] = (uint8_t)MIN(MAX(query[k] + (int32_t)rng_below(&rng, 13) - 6, 0), 127);
        }
        double at[4] = {now_ms()};
        need(b, finding_nearest(got[0], K, &count, f, b->engine, query, false, &b->err));
        at[1] = now_ms();
        need(b, finding_nearest(got[1], K, &count, f, b->engine, query, true, &b->err));
        at[2] = now_ms();
        flat_search(got[2], K, &f->embeddings, b->engine, query);
        at[3] = now_ms();
        if (memcmp(got[1], got[2], sizeof got[1]) != 0) {
            printf("halves find something else\n");
        }
        for (int k = 0; k < K; k++) {
            for (int n = 0; n < K; n++) {
                found += got[0][k].item == got[2][n].item;
            }
        }
        for (int k = 0; k < 3; k++) {
            ms[k][i] = at[k + 1] - at[k];
        }
    }
    printf("ten nearest of %u: cells %.3f ms, halves %.3f, all %.3f; recall@10 of cells %.4f\n",
           f->count, median(ms[0], ASKED), median(ms[1], ASKED), median(ms[2], ASKED),
           (double)found / (K * ASKED));
}

static void ask(struct bench *b, const char *index, const char *picture) {
    struct asking a = {.b = b};
    const lk_load_options load = {.max_side = 512, .no_digest = true};
    need(b, lk_model_open(&a.model, b->engine, LK_MODEL_DEFAULT, NULL, &b->err));
    need(b, lk_image_load(&a.picture, &a.info, b->engine, picture, &load, &b->err));
    for (int i = 0; i < 2; i++) {
        search(&a, LK_SEARCH_EMBEDDING, i);
        lk_collection_close(b->collection);
        double began = now_ms();
        need(b, lk_collection_open(&b->collection, index, LK_COLLECTION_READ, &b->err));
        double opened = now_ms();
        search(&a, LK_SEARCH_EMBEDDING, i);
        printf("opened in %.2f ms, first search%s %.2f\n", opened - began, i ? ", exact" : "",
               now_ms() - opened);
    }
    time_search(&a, "embedding", LK_SEARCH_EMBEDDING, false);
    time_search(&a, "embedding, exact", LK_SEARCH_EMBEDDING, true);
    time_search(&a, "hash", LK_SEARCH_HASH, false);
    time_search(&a, "both", LK_SEARCH_BOTH, false);
    time_nearest(b);
    lk_image_release(&a.picture);
    lk_model_free(a.model);
}

int main(int argc, char **argv) {
    struct bench b = {.engine = NULL};
    bool fills = argc == 4 && strcmp(argv[1], "fill") == 0,
         asks = argc == 4 && strcmp(argv[1], "ask") == 0;
    if (!fills && !asks) {
        fprintf(stderr, "usage: bench_search fill INDEX COUNT | ask INDEX PICTURE\n");
        return 2;
    }
    need(&b, lk_engine_new(&b.engine, NULL, &b.err));
    need(&b, lk_collection_open(&b.collection, argv[2],
                                fills ? LK_COLLECTION_WRITE : LK_COLLECTION_READ, &b.err));
    if (fills) {
        fill(&b, (uint32_t)strtoul(argv[3], NULL, 10));
    } else {
        ask(&b, argv[2], argv[3]);
    }
    lk_collection_close(b.collection);
    lk_engine_free(b.engine);
    return 0;
}
