/* SPDX-License-Identifier: Apache-2.0 */
/* Times and judges the searches of index/: bench_index BASE QUERIES DIM [THREADS], files of float32, a row a vector. Then does what
 * each line of its input asks and answers with a line, milliseconds first (bench/peers/index_faiss.py drives it so, in turn with
 * its peer):
 *
 *   flat Q             the ten nearest of query Q by looking at all: milliseconds, then the items
 *   coarse Q           the same, by looking at half of the bits first
 *   make CELLS         an inverted file, 0 for as many cells as by default; then its number of cells, and of bytes
 *   inverted Q PROBES  as `flat`, through it
 *   graph K            the K nearest others of each item
 *   hashes COUNT BITS  the ten nearest among so many random hashes, median of 9
 *   within COUNT BITS RADIUS  all within a radius, by looking at all; then through tables, and the making of these */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "base/rng.h"
#include "index/coarse.h"
#include "index/hamming.h"
#include "index/inverted.h"

enum { K = 10, RUNS = 9 };

struct bench {
    lk_engine *engine;
    struct flat flat;
    uint8_t *queries;
    uint32_t query_count;
    struct coarse coarse;
    struct inverted_made made;
    lk_error err;
};

static double now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static float *read_rows(const char *path, uint32_t *count, int32_t dim) {
    FILE *file = fopen(path, "rb");
    float *rows = NULL;
    if (file && fseek(file, 0, SEEK_END) == 0) {
        const size_t row = (size_t)dim * sizeof *rows;
        *count = (uint32_t)((size_t)ftell(file) / row);
        rows = mem_alloc(*count, row);
        rewind(file);
        if (rows && fread(rows, row, *count, file) != *count) {
            mem_free(rows);
            rows = NULL;
        }
    }
    if (file) {
        fclose(file);
    }
    return rows;
}

static bool load(struct bench *b, char **argv) {
    const int32_t dim = atoi(argv[3]);
    uint32_t count = 0;
    const size_t bytes = flat_bytes(dim);
    float *base = read_rows(argv[1], &count, dim),
          *queries = read_rows(argv[2], &b->query_count, dim);
    uint8_t *vectors = mem_alloc_aligned(flat_vectors_size(count, dim), 1);
    int32_t *norms = mem_alloc_aligned(flat_norms_size(count), 1);
    b->queries = mem_alloc(b->query_count + 1, bytes);
    bool right = base && queries && vectors && norms && b->queries;
    if (right) {
        flat_clear(vectors, norms, dim, 0, count);
    }
    for (uint32_t i = 0; right && i < count; i++) {
        flat_quantise(b->queries, base + (size_t)i * (size_t)dim, dim);
        flat_put(vectors, norms, dim, i, b->queries);
    }
    for (uint32_t q = 0; right && q < b->query_count; q++) {
        flat_quantise(b->queries + q * bytes, queries + (size_t)q * (size_t)dim, dim);
    }
    mem_free(base);
    mem_free(queries);
    b->flat = (struct flat){vectors, norms, count, dim};
    return right;
}

static void print_found(double ms, const struct neighbour found[K]) {
    printf("%.4f", ms);
    for (int i = 0; i < K; i++) {
        printf(" %u", found[i].item);
    }
}

static void search_flat(const struct bench *b, uint32_t q) {
    struct neighbour found[K];
    double began = now_ms();
    flat_search(found, K, &b->flat, b->engine, b->queries + q * flat_bytes(b->flat.dim));
    print_found(now_ms() - began, found);
}

static lk_status search_coarse(struct bench *b, uint32_t q) {
    struct neighbour found[K];
    struct coarse *c = &b->coarse;
    const struct flat *f = &b->flat;
    if (!c->halves) {
        uint8_t *halves = mem_alloc_aligned(coarse_size(f->count, f->dim), 1);
        int32_t *norms = mem_alloc_aligned(flat_norms_size(f->count), 1);
        *c = (struct coarse){halves, norms, 0, f->count};
        if (!halves || !norms) {
            return LK_E_MEMORY;
        }
        c->error = coarse_make(halves, norms, f, b->engine);
    }
    double began = now_ms();
    coarse_search(found, K, c, f, b->engine, b->queries + q * flat_bytes(f->dim));
    print_found(now_ms() - began, found);
    return LK_OK;
}

static lk_status search_inverted(struct bench *b, uint32_t q, uint32_t probes) {
    struct neighbour found[K];
    double began = now_ms();
    lk_status status = inverted_search(found, K, &b->made.view, &b->flat, b->engine,
                                       b->queries + q * flat_bytes(b->flat.dim), probes, &b->err);
    print_found(now_ms() - began, found);
    return status;
}

static lk_status make_inverted(struct bench *b, uint32_t cells) {
    size_t size = 0;
    inverted_release(&b->made);
    double began = now_ms();
    lk_status status = inverted_make(&b->made, &b->flat, b->engine, cells, &b->err);
    double took = now_ms() - began;
    for (size_t i = 0; i < ARRAY_COUNT(b->made.sizes); i++) {
        size += b->made.sizes[i];
    }
    printf("%.1f %u %zu", took, b->made.view.cells, size);
    return status;
}

static lk_status make_graph(struct bench *b, uint32_t k) {
    struct neighbour *graph = mem_alloc((size_t)b->flat.count * k, sizeof *graph);
    if (!graph) {
        return LK_E_MEMORY;
    }
    double began = now_ms();
    lk_status status = flat_graph(graph, k, &b->flat, b->engine, &b->err);
    printf("%.1f", now_ms() - began);
    mem_free(graph);
    return status;
}

/* -- Hashes -- */

static int by_value(const void *x, const void *y) {
    const double *a = x, *b = y;
    return (*a > *b) - (*a < *b);
}

static uint64_t *random_hashes(struct hamming *h) {
    struct rng rng;
    const size_t words = (size_t)h->count * ((size_t)h->bits / 64);
    uint64_t *data = mem_alloc_aligned(words + 1, sizeof *data);
    rng_init(&rng, 1);
    for (size_t i = 0; data && i < words; i++) {
        data[i] = rng_next(&rng);
    }
    h->hashes = (const uint8_t *)data;
    return data;
}

static const uint8_t *hash_at(const struct hamming *h, int i) {
    return h->hashes + (size_t)i * 1001 % h->count * ((size_t)h->bits / 8);
}

static lk_status search_hashes(struct bench *b, struct hamming h) {
    uint64_t *data = random_hashes(&h);
    struct neighbour found[K];
    double took[RUNS];
    for (int i = 0; data && i < RUNS; i++) {
        took[i] = now_ms();
        hamming_search(found, K, &h, b->engine, hash_at(&h, i));
        took[i] = now_ms() - took[i];
    }
    qsort(took, RUNS, sizeof *took, by_value);
    printf("%.4f", took[RUNS / 2]);
    mem_free(data);
    return data ? LK_OK : LK_E_MEMORY;
}

static lk_status search_within(struct bench *b, struct hamming h, int32_t radius) {
    uint64_t *data = random_hashes(&h);
    uint32_t *starts = mem_alloc(1, hamming_starts_size(h.bits)),
             *items = mem_alloc(1, hamming_items_size(h.count, h.bits));
    const struct hamming_tables tables = {starts, items, h.count};
    struct neighbour_list list = {0};
    double took[2] = {0, 0}, began = now_ms();
    lk_status status = data && starts && items ? LK_OK : LK_E_MEMORY;
    if (status == LK_OK) {
        hamming_tables_make(starts, items, &h, b->engine);
    }
    const double making = now_ms() - began;
    for (int i = 0; status == LK_OK && i < 2 * RUNS; i++) {
        const uint8_t *query = hash_at(&h, i / 2);
        began = now_ms();
        status = i % 2
                     ? hamming_tables_within(&list, &h, &tables, b->engine, query, radius, &b->err)
                     : hamming_within(&list, &h, b->engine, query, radius, &b->err);
        took[i % 2] += (now_ms() - began) / RUNS;
    }
    printf("%.4f %.4f %.1f", took[0], took[1], making);
    neighbour_list_release(&list);
    mem_free(data);
    mem_free(starts);
    mem_free(items);
    return status;
}

static lk_status answer(struct bench *b, const char *line) {
    char what[16] = "";
    unsigned x = 0, y = 0, z = 0;
    sscanf(line, "%15s %u %u %u", what, &x, &y, &z);
    const uint32_t q = x % b->query_count;
    const struct hamming h = {NULL, NULL, x, (int32_t)y};
    lk_status status = LK_OK;
    if (strcmp(what, "flat") == 0) {
        search_flat(b, q);
    } else if (strcmp(what, "coarse") == 0) {
        status = search_coarse(b, q);
    } else if (strcmp(what, "inverted") == 0 && b->made.view.cells > 0) {
        status = search_inverted(b, q, y);
    } else if (strcmp(what, "make") == 0) {
        status = make_inverted(b, x);
    } else if (strcmp(what, "graph") == 0) {
        status = make_graph(b, x);
    } else if (strcmp(what, "hashes") == 0) {
        status = search_hashes(b, h);
    } else if (strcmp(what, "within") == 0) {
        status = search_within(b, h, (int32_t)z);
    } else {
        status = LK_E_USAGE;
    }
    printf("\n");
    fflush(stdout);
    return status;
}

int main(int argc, char **argv) {
    struct bench b = {.query_count = 0};
    char line[128];
    lk_engine_options options = lk_engine_options_default();
    options.threads = argc > 4 ? atoi(argv[4]) : 1;
    options.cpu = getenv("LIKENESS_CPU");
    if (argc < 4 || atoi(argv[3]) < 1 || atoi(argv[3]) > FLAT_DIM_MOST) {
        fputs("usage: bench_index BASE QUERIES DIM [THREADS] <LINES\n", stderr);
        return 2;
    }
    lk_status status = lk_engine_new(&b.engine, &options, &b.err);
    if (status == LK_OK && (!load(&b, argv) || b.query_count == 0)) {
        status = LK_E_IO;
    }
    while (status == LK_OK && fgets(line, sizeof line, stdin)) {
        status = answer(&b, line);
    }
    if (status != LK_OK) {
        fprintf(stderr, "%s %s\n", lk_status_word(status), b.err.text);
    }
    inverted_release(&b.made);
    mem_free((void *)(uintptr_t)b.flat.vectors);
    mem_free((void *)(uintptr_t)b.flat.norms);
    mem_free((void *)(uintptr_t)b.coarse.halves);
    mem_free((void *)(uintptr_t)b.coarse.norms);
    mem_free(b.queries);
    lk_engine_free(b.engine);
    return status == LK_OK ? 0 : 2;
}
