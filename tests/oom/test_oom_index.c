/* SPDX-License-Identifier: Apache-2.0 */
/* What the searches of index/ allocate failing in turn, as test_oom.c says. */
#include "tests/oom/oom_attempt.h"

#include "base/compiler.h"
#include "base/rng.h"
#include "index/hamming.h"
#include "index/inverted.h"

enum { COUNT = 900, DIM = 16, BITS = 128, CELLS = 20, K = 5 };

struct world {
    lk_engine *engine;
    struct flat flat;
    struct hamming hamming;
    struct inverted_made made;
    uint8_t *vectors;
    int32_t *norms;
    uint64_t hashes[COUNT * BITS / 64];
};

static struct world world;

static lk_status run_make(struct world *w, uint64_t *digest, lk_error *err) {
    struct inverted_made made;
    lk_status status = inverted_make(&made, &w->flat, w->engine, CELLS, err);
    for (size_t i = 0; i < ARRAY_COUNT(made.memory); i++) {
        assert_true(status == LK_OK || !made.memory[i]);
        mix(digest, made.memory[i], made.sizes[i]);
    }
    inverted_release(&made);
    return status;
}

static lk_status run_search(struct world *w, uint64_t *digest, lk_error *err) {
    struct neighbour found[K];
    lk_status status =
        inverted_search(found, K, &w->made.view, &w->flat, w->engine, w->vectors, 0, err);
    if (status == LK_OK) {
        mix(digest, found, sizeof found);
    }
    return status;
}

static lk_status run_within(struct world *w, uint64_t *digest, lk_error *err) {
    struct neighbour_list list = {0};
    lk_status status =
        hamming_within(&list, &w->hamming, w->engine, w->hamming.hashes, BITS / 2, err);
    if (status == LK_OK) {
        mix(digest, list.items, list.count * sizeof *list.items);
    }
    neighbour_list_release(&list);
    return status;
}

static int make_world(void **state) {
    struct world *w = &world;
    struct rng rng;
    uint8_t row[DIM];
    rng_init(&rng, 1);
    w->vectors = mem_alloc_aligned(flat_vectors_size(COUNT, DIM), 1);
    w->norms = mem_alloc_aligned(flat_norms_size(COUNT), 1);
    if (!w->vectors || !w->norms || lk_engine_new(&w->engine, NULL, NULL) != LK_OK) {
        return -1;
    }
    flat_clear(w->vectors, w->norms, DIM, 0, COUNT);
    for (uint32_t i = 0; i < COUNT; i++) {
        for (int k = 0; k < DIM; k++) {
            row[k] = (uint8_t)rng_below(&rng, 128);
        }
        flat_put(w->vectors, w->norms, DIM, i, row);
    }
    for (size_t i = 0; i < ARRAY_COUNT(w->hashes); i++) {
        w->hashes[i] = rng_next(&rng);
    }
    w->flat = (struct flat){w->vectors, w->norms, COUNT, DIM};
    w->hamming = (struct hamming){(const uint8_t *)w->hashes, NULL, COUNT, BITS};
    *state = w;
    return inverted_make(&w->made, &w->flat, w->engine, CELLS, NULL) == LK_OK ? 0 : -1;
}

static int free_world(void **state) {
    struct world *w = *state;
    inverted_release(&w->made);
    mem_free(w->vectors);
    mem_free(w->norms);
    lk_engine_free(w->engine);
    return 0;
}

static void test_index(void **state) {
    fail_each("inverted", "make", run_make, *state);
    fail_each("inverted", "search", run_search, *state);
    fail_each("hamming", "within", run_within, *state);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_index)};
    return cmocka_run_group_tests(tests, make_world, free_world);
}
