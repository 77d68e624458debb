/* SPDX-License-Identifier: Apache-2.0 */
/* Many wavelet signatures, inverted: for each channel, sign and place the items that have this coefficient, as in the paper
 * (jacobs.c). A query costs one pass over the averages and one over the lists of its own coefficients. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "signature/jacobs.h"

enum { PLACES = 128 * 128, LISTS = 3 * 2 * PLACES };

struct lk_wavelet_index {
    lk_wavelet_colours colours;
    size_t count;
    double (*averages)[3];
    size_t *begins;  /* LISTS + 1 places in items */
    uint32_t *items; /* list after list, ascending in each */
};

static size_t list_of(int32_t channel, int16_t place) {
    return (size_t)(channel * 2 + (place < 0)) * PLACES + (size_t)abs(place);
}

/* The lists by counting: how long each is, where it begins, then its items. */
static void fill_lists(lk_wavelet_index *index, const lk_wavelet *items, size_t *next) {
    for (size_t i = 0; i < index->count; i++) {
        for (int32_t c = 0; c < 3; c++) {
            for (int32_t k = 0; k < items[i].count[c]; k++) {
                index->begins[list_of(c, items[i].places[c][k]) + 1]++;
            }
        }
    }
    for (size_t l = 0; l < LISTS; l++) {
        index->begins[l + 1] += index->begins[l];
    }
    memcpy(next, index->begins, LISTS * sizeof *next);
    for (size_t i = 0; i < index->count; i++) {
        memcpy(index->averages[i], items[i].average, sizeof index->averages[i]);
        for (int32_t c = 0; c < 3; c++) {
            for (int32_t k = 0; k < items[i].count[c]; k++) {
                index->items[next[list_of(c, items[i].places[c][k])]++] = (uint32_t)i;
            }
        }
    }
}

lk_status lk_wavelet_index_new(lk_wavelet_index **out, const lk_wavelet *items, size_t count,
                               lk_error *err) {
    size_t total = 0;
    *out = NULL;
    if (count > UINT32_MAX) {
        return error_set(err, LK_E_USAGE, "an index holds at most 2^32 - 1 wavelet signatures");
    }
    for (size_t i = 0; i < count; i++) {
        if (items[i].colours != items[0].colours) {
            return error_set(err, LK_E_USAGE,
                             "wavelet signatures of YIQ and of YUV do not fit into one index");
        }
        for (int c = 0; c < 3; c++) {
            total += (size_t)items[i].count[c];
        }
    }
    lk_wavelet_index *index = mem_calloc(1, sizeof *index);
    if (!index) {
        return error_memory(err, sizeof *index);
    }
    index->colours = count ? items[0].colours : LK_WAVELET_YIQ;
    index->count = count;
    index->averages = mem_alloc(count, sizeof *index->averages);
    index->begins = mem_calloc(LISTS + 1, sizeof *index->begins);
    index->items = mem_alloc(total, sizeof *index->items);
    size_t *next = mem_alloc(LISTS, sizeof *next);
    bool got = index->averages && index->begins && index->items && next;
    if (got) {
        fill_lists(index, items, next);
    }
    mem_free(next);
    if (!got) {
        lk_wavelet_index_free(index);
        return error_memory(err, LISTS * sizeof *next + total * sizeof(uint32_t));
    }
    *out = index;
    return LK_OK;
}

void lk_wavelet_index_free(lk_wavelet_index *index) {
    if (index) {
        mem_free(index->averages);
        mem_free(index->begins);
        mem_free(index->items);
        mem_free(index);
    }
}

static int nearest_first(const void *a, const void *b) {
    const lk_wavelet_hit *x = a, *y = b;
    int by_distance = (x->distance > y->distance) - (x->distance < y->distance);
    return by_distance ? by_distance : (x->item > y->item) - (x->item < y->item);
}

static void measure_all(lk_wavelet_hit *all, const lk_wavelet_index *index, const lk_wavelet *query,
                        lk_wavelet_weights weights) {
    double self = jacobs_self(query, weights);
    for (size_t i = 0; i < index->count; i++) {
        all[i] = (lk_wavelet_hit){i, 0};
    }
    for (int32_t c = 0; c < 3; c++) {
        for (int32_t k = 0; k < query->count[c]; k++) {
            size_t list = list_of(c, query->places[c][k]);
            double weight = jacobs_weight(weights, c, query->places[c][k]);
            for (size_t i = index->begins[list]; i < index->begins[list + 1]; i++) {
                all[index->items[i]].distance += weight;
            }
        }
    }
    for (size_t i = 0; i < index->count; i++) {
        double colour = jacobs_colour(query->average, index->averages[i], weights);
        all[i].distance = colour + (self - all[i].distance);
    }
}

lk_status lk_wavelet_index_query(lk_wavelet_hit *hits, size_t *found, size_t most,
                                 const lk_wavelet_index *index, const lk_wavelet *query,
                                 lk_wavelet_weights weights, lk_error *err) {
    *found = 0;
    if (index->count && query->colours != index->colours) {
        return error_set(err, LK_E_USAGE,
                         "wavelet signatures of YIQ and of YUV cannot be compared");
    }
    lk_wavelet_hit *all = mem_alloc(index->count, sizeof *all);
    if (!all) {
        return error_memory(err, index->count * sizeof *all);
    }
    measure_all(all, index, query, weights);
    qsort(all, index->count, sizeof *all, nearest_first);
    *found = index->count < most ? index->count : most;
    memcpy(hits, all, *found * sizeof *all);
    mem_free(all);
    return LK_OK;
}
