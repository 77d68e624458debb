/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/pairs.h"

#include <string.h>

#include "base/csv.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/rng.h"

void pairs_release(struct pairs *p) {
    for (size_t i = 0; i < p->count; i++) {
        mem_free(p->items[i].photo);
        mem_free(p->items[i].reference);
    }
    mem_free(p->items);
    *p = (struct pairs){0};
}

/* Takes both names over. */
static lk_status add(struct pairs *p, char *photo, char *reference, bool is_genuine,
                     lk_error *err) {
    if (p->count == p->capacity) {
        size_t capacity = 2 * p->capacity + 64;
        struct pair *items = mem_realloc(p->items, capacity, sizeof *items);
        p->items = items ? items : p->items;
        p->capacity = items ? capacity : p->capacity;
    }
    if (!photo || !reference || p->count == p->capacity) {
        mem_free(photo);
        mem_free(reference);
        return error_memory(err, sizeof *p->items);
    }
    p->items[p->count++] =
        (struct pair){.photo = photo, .reference = reference, .is_genuine = is_genuine};
    return LK_OK;
}

static char *copy(const char *text) {
    size_t size = strlen(text) + 1;
    char *made = mem_alloc(size, 1);
    return made ? memcpy(made, text, size) : NULL;
}

/* Pairs of one reference are one group. */
static void number_groups(struct pairs *p) {
    int32_t groups = 0;
    for (size_t i = 0; i < p->count; i++) {
        size_t first = 0;
        while (strcmp(p->items[first].reference, p->items[i].reference) != 0) {
            first++;
        }
        p->items[i].group = first < i ? p->items[first].group : groups++;
    }
}

/* Each photo beside references of other pairs. Names that are the photo's own in any row are no impostors. */
static bool is_own(const struct pairs *p, size_t rows, const char *photo, const char *reference) {
    for (size_t i = 0; i < rows; i++) {
        if (strcmp(p->items[i].photo, photo) == 0 &&
            strcmp(p->items[i].reference, reference) == 0) {
            return true;
        }
    }
    return false;
}

static lk_status add_impostors(struct pairs *p, int32_t each, uint64_t seed, lk_error *err) {
    size_t rows = p->count;
    struct rng r;
    rng_init(&r, seed);
    for (size_t i = 0; i < rows; i++) {
        for (int32_t k = 0; k < each; k++) {
            const struct pair *other = &p->items[rng_below(&r, (uint32_t)rows)];
            if (is_own(p, rows, p->items[i].photo, other->reference)) {
                continue; /* one fewer */
            }
            lk_status status = add(p, copy(p->items[i].photo), copy(other->reference), false, err);
            if (status != LK_OK) {
                return status;
            }
        }
    }
    return LK_OK;
}

static lk_status read_rows(struct pairs *out, const struct csv *t, const char *path,
                           lk_error *err) {
    int32_t photo = csv_column(t, "photo image"), same = csv_column(t, "same genuine");
    int32_t reference = csv_column(t, "reference iconic original");
    if (photo < 0 || reference < 0) {
        return error_set(err, LK_E_CORRUPT, "no columns called photo and reference");
    }
    lk_status status = LK_OK;
    for (int32_t i = 0; status == LK_OK && i < t->rows; i++) {
        const char *label = same >= 0 ? csv_at(t, i, same) : "1";
        if (strcmp(label, "0") != 0 && strcmp(label, "1") != 0) {
            return error_set(err, LK_E_CORRUPT, "line %d: same is 1 or 0, not \"%.32s\"",
                             (int)t->lines[i], label);
        }
        if (csv_at(t, i, reference)[0]) {
            status = add(out, csv_path(path, csv_at(t, i, photo)),
                         csv_path(path, csv_at(t, i, reference)), label[0] == '1', err);
        }
    }
    return status;
}

lk_status pairs_read(struct pairs *out, const char *path, int32_t impostors, uint64_t seed,
                     lk_error *err) {
    struct csv table;
    *out = (struct pairs){0};
    lk_status status = csv_read(&table, path, err);
    if (status != LK_OK) {
        return status;
    }
    status = read_rows(out, &table, path, err);
    if (status == LK_OK && impostors > 0) {
        status = add_impostors(out, impostors, seed, err);
    }
    csv_release(&table);
    if (status != LK_OK) {
        pairs_release(out);
        return status == LK_E_MEMORY ? status : error_input(err, status, path);
    }
    number_groups(out);
    return LK_OK;
}
