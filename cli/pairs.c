/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/pairs.h"

#include <stdlib.h>
#include <string.h>

#include "base/csv.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/rng.h"

void pair_list_release(struct pairs *p) {
    for (size_t i = 0; i < p->count; i++) {
        mem_free(p->items[i].photo);
        mem_free(p->items[i].reference);
    }
    mem_free(p->items);
    *p = (struct pairs){0};
}

static const char same_names[] = "same genuine";

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

static int by_reference(const void *a, const void *b) {
    const struct pair *const *p = a, *const *q = b;
    int order = strcmp((*p)->reference, (*q)->reference);
    return order != 0 ? order : (*p > *q) - (*p < *q);
}

static int by_names(const void *a, const void *b) {
    const struct pair *const *p = a, *const *q = b;
    int order = strcmp((*p)->photo, (*q)->photo);
    return order != 0 ? order : strcmp((*p)->reference, (*q)->reference);
}

/* The first rows of p in an order; NULL when memory is short. */
static const struct pair **sorted(const struct pairs *p, size_t rows,
                                  int (*order)(const void *, const void *)) {
    const struct pair **list = mem_alloc(rows + 1, sizeof *list);
    for (size_t i = 0; list && i < rows; i++) {
        list[i] = &p->items[i];
    }
    if (list) {
        qsort(list, rows, sizeof *list, order);
    }
    return list;
}

/* Pairs of one reference are one group; groups are numbered by their first pair. */
static lk_status number_groups(struct pairs *p, lk_error *err) {
    const struct pair **list = sorted(p, p->count, by_reference);
    int32_t groups = 0;
    if (!list) {
        return error_memory(err, p->count * sizeof *list);
    }
    for (size_t i = 0; i < p->count; i++) { /* first the place of the group's first pair */
        bool same = i > 0 && strcmp(list[i - 1]->reference, list[i]->reference) == 0;
        struct pair *here = &p->items[list[i] - p->items];
        here->group = same ? list[i - 1]->group : (int32_t)(here - p->items);
    }
    mem_free(list);
    for (size_t i = 0; i < p->count; i++) {
        int32_t first = p->items[i].group;
        p->items[i].group = (size_t)first == i ? groups++ : p->items[first].group;
    }
    return LK_OK;
}

struct names {
    const char *photo, *reference;
};

static int names_beside(const void *key, const void *element) {
    const struct names *n = key;
    const struct pair *const *p = element;
    int order = strcmp(n->photo, (*p)->photo);
    return order != 0 ? order : strcmp(n->reference, (*p)->reference);
}

/* Each photo beside references of other pairs. Names that are the photo's own in any row are no impostors. */
static bool is_own(const struct pair *const *rows, size_t count, const struct pair *photo,
                   const struct pair *reference) {
    const struct names wanted = {photo->photo, reference->reference};
    return bsearch(&wanted, rows, count, sizeof *rows, names_beside) != NULL;
}

static lk_status add_copy(struct pairs *p, size_t photo_of, size_t reference_of, lk_error *err) {
    return add(p, mem_strdup(p->items[photo_of].photo),
               mem_strdup(p->items[reference_of].reference), false, err);
}

static lk_status draw_impostors(struct pairs *p, const struct pairs *rows, int32_t each,
                                uint64_t seed, lk_error *err) {
    const struct pair **own = sorted(rows, rows->count, by_names);
    struct rng r;
    lk_status status = own ? LK_OK : error_memory(err, rows->count * sizeof *own);
    rng_init(&r, seed);
    for (size_t i = 0; i < rows->count; i++) {
        for (int32_t k = 0; status == LK_OK && k < each; k++) {
            size_t other = rng_below(&r, (uint32_t)rows->count);
            if (!is_own(own, rows->count, &rows->items[i], &rows->items[other])) {
                status = add_copy(p, i, other, err); /* else one fewer */
            }
        }
    }
    mem_free(own);
    return status;
}

/* p grows meanwhile: what is drawn from are its rows as they were. */
static lk_status add_impostors(struct pairs *p, int32_t each, uint64_t seed, lk_error *err) {
    struct pairs rows = {.count = p->count, .items = mem_alloc(p->count, sizeof *rows.items)};
    if (!rows.items) {
        return error_memory(err, p->count * sizeof *rows.items);
    }
    memcpy(rows.items, p->items, p->count * sizeof *rows.items);
    lk_status status = draw_impostors(p, &rows, each, seed, err);
    mem_free(rows.items);
    return status;
}

static lk_status read_rows(struct pairs *out, const struct csv *t, const char *path,
                           lk_error *err) {
    int32_t photo = csv_column(t, "photo image"), same = csv_column(t, same_names);
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
    bool labelled = csv_column(&table, same_names) >= 0; /* it has impostors of its own */
    if (status == LK_OK && impostors > 0 && out->count > 0 && !labelled) {
        status = add_impostors(out, impostors, seed, err);
    }
    csv_release(&table);
    if (status != LK_OK) {
        pair_list_release(out);
        return status == LK_E_MEMORY ? status : error_input(err, status, path);
    }
    status = number_groups(out, err);
    if (status != LK_OK) {
        pair_list_release(out);
    }
    return status;
}

/* -- What a batch takes -- */

static lk_status read_asked(struct pairs *out, const struct csv *t, const char *path, bool search,
                            lk_error *err) {
    int32_t photo = csv_column(t, "photo image"), id = csv_column(t, "reference_id ref");
    int32_t reference = csv_column(t, "reference iconic original");
    if (photo < 0 || (reference < 0 && id < 0 && !search)) {
        return error_set(err, LK_E_CORRUPT,
                         "no columns called photo and reference (or reference_id)");
    }
    lk_status status = LK_OK;
    for (int32_t i = 0; status == LK_OK && i < t->rows; i++) {
        const char *named = id >= 0 ? csv_at(t, i, id) : "";
        const char *file = reference >= 0 ? csv_at(t, i, reference) : "";
        if (!named[0] && !file[0] && !search) {
            continue;
        }
        status = add(out, csv_path(path, csv_at(t, i, photo)),
                     !named[0] && file[0] ? csv_path(path, file) : mem_strdup(named), true, err);
        if (status == LK_OK && (named[0] || !file[0])) {
            out->items[out->count - 1].from = named[0] ? PAIR_STORED : PAIR_SOUGHT;
        }
    }
    return status;
}

lk_status pairs_read_batch(struct pairs *out, const char *path, bool search, lk_error *err) {
    struct csv table;
    *out = (struct pairs){0};
    lk_status status = csv_read(&table, path, err);
    if (status == LK_OK) {
        status = read_asked(out, &table, path, search, err);
        csv_release(&table);
        if (status != LK_OK) {
            pair_list_release(out);
            return status == LK_E_MEMORY ? status : error_input(err, status, path);
        }
    }
    return status;
}

lk_status pairs_of_photos(struct pairs *out, const struct text_list *photos, enum pair_source from,
                          const char *reference, lk_error *err) {
    lk_picture_list list;
    *out = (struct pairs){0};
    lk_status status = lk_picture_list_find(&list, photos->items, photos->count, err);
    if (status != LK_OK) {
        return status;
    }
    for (size_t i = 0; status == LK_OK && i < list.count; i++) {
        status = add(out, mem_strdup(list.paths[i]), mem_strdup(reference), true, err);
        if (status == LK_OK) {
            out->items[i].from = from;
        }
    }
    lk_picture_list_release(&list);
    if (status != LK_OK) {
        pair_list_release(out);
    }
    return status;
}
