/* SPDX-License-Identifier: Apache-2.0 */
#include <likeness/evaluate.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "learn/dataset.h"

/* Which samples are held back, and have no near duplicate among the others. */
static lk_status find_held(bool *held, lk_engine *engine, const struct dataset *d, double share,
                           uint64_t seed, lk_error *err) {
    struct dataset_split split;
    struct dataset_leaks leaks = {0};
    lk_status status = dataset_split(&split, d, share, seed, err);
    status = status == LK_OK ? dataset_leaks(&leaks, engine, d, &split, err) : status;
    for (int32_t i = 0; status == LK_OK && i < split.validation_count; i++) {
        held[split.validation[i]] = !(leaks.leaked && leaks.leaked[split.validation[i]]);
    }
    dataset_leaks_release(&leaks);
    dataset_split_release(&split);
    return status;
}

/* Drops the pictures that are not held back; sizes is room for a number a class. */
static void drop_others(lk_eval_set *set, const bool *held, int32_t *sizes) {
    int32_t left = 0;
    memset(sizes, 0, (size_t)set->classes * sizeof *sizes);
    for (int32_t i = 0; i < set->count; i++) {
        if (held[i]) {
            sizes[set->labels[i]]++;
            set->paths[left] = set->paths[i];
            set->labels[left++] = set->labels[i];
        } else {
            mem_free(set->paths[i]);
        }
    }
    set->count = left;
    /* Classes of which something is left, numbered anew in their order. */
    int32_t classes = 0;
    for (int32_t i = 0; i < set->classes; i++) {
        sizes[i] = sizes[i] > 0 ? classes++ : -1;
    }
    for (int32_t i = 0; i < left; i++) {
        set->labels[i] = sizes[set->labels[i]];
    }
    set->classes = classes;
}

lk_status lk_eval_set_hold(lk_eval_set *set, lk_engine *engine, double share, uint64_t seed,
                           lk_error *err) {
    if (!set->is_labelled || !(share > 0)) {
        return error_set(err, LK_E_USAGE, "a share above 0 is held back, of labelled pictures");
    }
    bool *held = mem_calloc((size_t)set->count, sizeof *held);
    int32_t *sizes = mem_calloc((size_t)set->classes, sizeof *sizes);
    lk_status status = held && sizes ? LK_OK : error_memory(err, (size_t)set->count);
    if (status == LK_OK) {
        for (int32_t i = 0; i < set->count; i++) {
            sizes[set->labels[i]]++;
        }
        const struct dataset d = {.paths = set->paths,
                                  .labels = set->labels,
                                  .count = set->count,
                                  .sizes = sizes,
                                  .classes = set->classes};
        status = find_held(held, engine, &d, share, seed, err);
    }
    if (status == LK_OK) {
        drop_others(set, held, sizes);
    }
    mem_free(held);
    mem_free(sizes);
    return status;
}
