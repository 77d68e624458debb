/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/map_labels.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/csv.h"
#include "base/error.h"
#include "base/mem.h"

void map_labels_release(struct map_labels *l) {
    for (int32_t i = 0; i < l->count; i++) {
        mem_free(l->names[i]);
    }
    mem_free(l->names);
    mem_free(l->of);
    mem_free(l->scores);
    *l = (struct map_labels){0};
}

/* A picture's label before it has a number. */
struct labelled {
    const char *label; /* borrowed; its length, since a folder's name goes on */
    size_t length;
    int32_t picture;
};

static int by_label(const void *a, const void *b) {
    const struct labelled *p = a, *q = b;
    size_t shorter = MIN(p->length, q->length);
    int order = memcmp(p->label, q->label, shorter);
    order = order != 0 ? order : (p->length > q->length) - (p->length < q->length);
    return order != 0 ? order : (p->picture > q->picture) - (p->picture < q->picture);
}

/* Numbers the labels of some pictures. */
static lk_status number(struct map_labels *l, struct labelled *items, int32_t count,
                        lk_error *err) {
    qsort(items, (size_t)count, sizeof *items, by_label);
    l->names = mem_calloc((size_t)count + 1, sizeof *l->names);
    if (!l->names) {
        return error_memory(err, (size_t)count * sizeof *l->names);
    }
    for (int32_t i = 0; i < count; i++) {
        const struct labelled *it = &items[i];
        bool same = i > 0 && it->length == items[i - 1].length &&
                    memcmp(it->label, items[i - 1].label, it->length) == 0;
        if (!same) {
            char *name = mem_alloc(it->length + 1, 1);
            if (!name) {
                return error_memory(err, it->length + 1);
            }
            memcpy(name, it->label, it->length);
            name[it->length] = '\0';
            l->names[l->count++] = name;
        }
        l->of[it->picture] = l->count - 1;
    }
    return LK_OK;
}

/* -- Folders -- */

/* The folder next below the argument; NULL where the picture lies right there, or was named itself. */
static const char *folder_below(const char *path, const struct text_list *args, size_t *length) {
    for (size_t i = 0; i < args->count; i++) {
        size_t root = strlen(args->items[i]);
        bool slash = root > 0 && args->items[i][root - 1] == '/';
        if (strncmp(path, args->items[i], root) == 0 && (slash || path[root] == '/')) {
            const char *rest = path + root + (slash ? 0 : 1);
            *length = strcspn(rest, "/");
            return rest[*length] == '/' ? rest : NULL;
        }
    }
    return NULL;
}

static lk_status from_folders(struct map_labels *l, const struct map_source *s,
                              const struct text_list *args, struct labelled *items, lk_error *err) {
    int32_t found = 0;
    for (int32_t i = 0; i < s->count; i++) {
        size_t length = 0;
        const char *folder = folder_below(s->paths[i], args, &length);
        if (folder) {
            items[found++] = (struct labelled){folder, length, i};
        }
    }
    return number(l, items, found, err);
}

/* -- A table -- */

struct row {
    char *path; /* resolved; owned */
    int32_t number;
};

static int by_path(const void *a, const void *b) {
    return strcmp(((const struct row *)a)->path, ((const struct row *)b)->path);
}

/* Without links and dots, so that two names of a file are one; as it is when it cannot be resolved. NULL: no memory. */
static char *resolve(const char *path) {
    char whole[PATH_MAX];
    return mem_strdup(realpath(path, whole) ? whole : path);
}

static lk_status read_rows(struct row *rows, const struct csv *csv, const char *table,
                           lk_error *err) {
    int32_t column = csv_column(csv, "path file");
    for (int32_t i = 0; i < csv->rows; i++) {
        char *path = csv_path(table, csv_at(csv, i, column));
        rows[i] = (struct row){path ? resolve(path) : NULL, i};
        mem_free(path);
        if (!rows[i].path) {
            return error_memory(err, PATH_MAX);
        }
    }
    qsort(rows, (size_t)csv->rows, sizeof *rows, by_path);
    for (int32_t i = 1; i < csv->rows; i++) {
        if (strcmp(rows[i].path, rows[i - 1].path) == 0) {
            return error_set(err, LK_E_CORRUPT, "line %d: %.300s is named on line %d already",
                             csv->lines[MAX(rows[i].number, rows[i - 1].number)],
                             csv_at(csv, rows[i].number, column),
                             csv->lines[MIN(rows[i].number, rows[i - 1].number)]);
        }
    }
    return LK_OK;
}

static lk_status read_score(double *out, const struct csv *csv, int32_t row, int32_t column,
                            lk_error *err) {
    const char *text = csv_at(csv, row, column);
    char *end = NULL;
    *out = (double)NAN;
    if (*text == '\0') {
        return LK_OK;
    }
    *out = strtod(text, &end);
    return *end == '\0' && isfinite(*out)
               ? LK_OK
               : error_set(err, LK_E_CORRUPT, "line %d: %.100s is no score", csv->lines[row], text);
}

static lk_status take_rows(struct map_labels *l, const struct map_source *s, const struct csv *csv,
                           const struct row *rows, struct labelled *items, lk_error *err) {
    int32_t label = csv_column(csv, "label class"), score = csv_column(csv, "score"), found = 0;
    lk_status status = LK_OK;
    for (int32_t i = 0; status == LK_OK && i < s->count; i++) {
        struct row wanted = {.path = resolve(s->paths[i])};
        if (!wanted.path) {
            return error_memory(err, PATH_MAX);
        }
        const struct row *row = bsearch(&wanted, rows, (size_t)csv->rows, sizeof *rows, by_path);
        mem_free(wanted.path);
        const char *text = row && label >= 0 ? csv_at(csv, row->number, label) : "";
        if (*text) {
            items[found++] = (struct labelled){text, strlen(text), i};
        }
        if (score >= 0) {
            l->scores[i] = (double)NAN;
            status = row ? read_score(&l->scores[i], csv, row->number, score, err) : LK_OK;
        }
    }
    return status == LK_OK ? number(l, items, found, err) : status;
}

static lk_status from_table(struct map_labels *l, const struct map_source *s, const char *table,
                            struct labelled *items, lk_error *err) {
    struct csv csv;
    lk_status status = csv_read(&csv, table, err);
    if (status != LK_OK) {
        return status;
    }
    bool score = csv_column(&csv, "score") >= 0, label = csv_column(&csv, "label class") >= 0;
    struct row *rows = mem_calloc((size_t)csv.rows + 1, sizeof *rows);
    l->scores = score ? mem_alloc((size_t)s->count, sizeof *l->scores) : NULL;
    if (!rows || (score && !l->scores)) {
        status = error_memory(err, (size_t)csv.rows * sizeof *rows);
    } else if (csv_column(&csv, "path file") < 0 || !(score || label)) {
        status = error_set(err, LK_E_USAGE,
                           "a table of labels has the columns path (or file) and label (or class) "
                           "or score");
    }
    status = status == LK_OK ? read_rows(rows, &csv, table, err) : status;
    status = status == LK_OK ? take_rows(l, s, &csv, rows, items, err) : status;
    for (int32_t i = 0; rows && i < csv.rows; i++) {
        mem_free(rows[i].path);
    }
    mem_free(rows);
    csv_release(&csv);
    return error_input(err, status, table);
}

lk_status map_labels_read(struct map_labels *l, const struct map_source *s,
                          const struct text_list *args, const char *from, lk_error *err) {
    *l = (struct map_labels){0};
    if (strcmp(from, "none") == 0) {
        return LK_OK;
    }
    struct labelled *items = mem_alloc((size_t)s->count, sizeof *items);
    l->of = mem_alloc((size_t)s->count, sizeof *l->of);
    lk_status status = items && l->of ? LK_OK : error_memory(err, (size_t)s->count * sizeof *items);
    for (int32_t i = 0; status == LK_OK && i < s->count; i++) {
        l->of[i] = -1;
    }
    if (status == LK_OK) {
        status = strcmp(from, "folders") == 0 ? from_folders(l, s, args, items, err)
                                              : from_table(l, s, from, items, err);
    }
    mem_free(items);
    return status;
}
