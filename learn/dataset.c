/* SPDX-License-Identifier: Apache-2.0 */
#include "learn/dataset.h"

#include <likeness/folder.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/csv.h"
#include "base/error.h"
#include "base/folder.h"
#include "base/mem.h"

void dataset_release(struct dataset *d) {
    for (int32_t i = 0; i < d->count; i++) {
        mem_free(d->paths[i]);
    }
    for (int32_t i = 0; i < d->classes; i++) {
        mem_free(d->names[i]);
    }
    mem_free(d->paths);
    mem_free(d->labels);
    mem_free(d->names);
    mem_free(d->sizes);
    *d = (struct dataset){0};
}

/* What one call adds, before its labels have numbers. */
struct entry {
    char *path; /* owned until it is the data set's */
    const char
        *label; /* borrowed from the list or table; its length, since a folder's name goes on */
    size_t label_length;
    int32_t line; /* of the table; 0 for none */
};

struct entries {
    struct entry *items;
    int32_t count;
};

static void entries_release(struct entries *e) {
    for (int32_t i = 0; i < e->count; i++) {
        mem_free(e->items[i].path);
    }
    mem_free(e->items);
    *e = (struct entries){0};
}

/* -- From entries to samples -- */

static int by_path(const void *a, const void *b) {
    const struct entry *p = a, *q = b;
    return strcmp(p->path, q->path);
}

static int label_order(const struct entry *p, const struct entry *q) {
    size_t shorter = MIN(p->label_length, q->label_length);
    int order = memcmp(p->label, q->label, shorter);
    return order != 0 ? order : (p->label_length > shorter) - (q->label_length > shorter);
}

static int by_label(const void *a, const void *b) {
    const struct entry *p = *(const struct entry *const *)a, *q = *(const struct entry *const *)b;
    int order = label_order(p, q);
    return order != 0 ? order : (p > q) - (p < q);
}

/* Room for `more` samples, and as many classes. */
static lk_status reserve(struct dataset *d, int32_t more, lk_error *err) {
    if (more > DATASET_SAMPLES_MAX - d->count) {
        return error_set(err, LK_E_LIMIT, "more than %d pictures", DATASET_SAMPLES_MAX);
    }
    size_t room = (size_t)d->count + (size_t)more;
    void *paths = mem_realloc(d->paths, room, sizeof *d->paths);
    d->paths = paths ? paths : d->paths;
    void *labels = mem_realloc(d->labels, room, sizeof *d->labels);
    d->labels = labels ? labels : d->labels;
    void *names = mem_realloc(d->names, room, sizeof *d->names);
    d->names = names ? names : d->names;
    void *sizes = mem_realloc(d->sizes, room, sizeof *d->sizes);
    d->sizes = sizes ? sizes : d->sizes;
    return paths && labels && names && sizes ? LK_OK : error_memory(err, room * sizeof *d->paths);
}

static char *copy_text(const char *text, size_t length) {
    char *out = mem_alloc(length + 1, 1);
    if (out) {
        memcpy(out, text, length);
        out[length] = '\0';
    }
    return out;
}

/* Numbers the labels of sorted entries and moves their paths into the data set. sorted is room for count pointers. */
static lk_status take_entries(struct dataset *d, struct entries *e, struct entry **sorted,
                              lk_error *err) {
    for (int32_t i = 0; i < e->count; i++) {
        sorted[i] = &e->items[i];
    }
    qsort(sorted, (size_t)e->count, sizeof *sorted, by_label);
    for (int32_t i = 0; i < e->count; i++) {
        if (i == 0 || label_order(sorted[i], sorted[i - 1]) != 0) {
            char *name = copy_text(sorted[i]->label, sorted[i]->label_length);
            if (!name) {
                return error_memory(err, sorted[i]->label_length + 1);
            }
            d->sizes[d->classes] = 0;
            d->names[d->classes++] = name;
        }
        d->labels[d->count + (sorted[i] - e->items)] = d->classes - 1;
        d->sizes[d->classes - 1]++;
    }
    for (int32_t i = 0; i < e->count; i++) {
        d->paths[d->count++] = e->items[i].path;
        e->items[i].path = NULL;
    }
    return LK_OK;
}

static lk_status add_entries(struct dataset *d, struct entries *e, lk_error *err) {
    qsort(e->items, (size_t)e->count, sizeof *e->items, by_path);
    for (int32_t i = 1; i < e->count; i++) {
        const struct entry *p = &e->items[i - 1], *q = &e->items[i];
        if (strcmp(p->path, q->path) == 0) {
            return error_set(err, LK_E_CORRUPT, "line %d: %.300s is named on line %d already",
                             (int)MAX(p->line, q->line), q->path, (int)MIN(p->line, q->line));
        }
    }
    int32_t classes = d->classes;
    struct entry **sorted = mem_alloc((size_t)e->count, sizeof *sorted);
    lk_status status =
        sorted ? reserve(d, e->count, err) : error_memory(err, (size_t)e->count * sizeof *sorted);
    status = status == LK_OK ? take_entries(d, e, sorted, err) : status;
    while (status != LK_OK && d->classes > classes) {
        mem_free(d->names[--d->classes]);
    }
    mem_free(sorted);
    return status;
}

/* -- Folders -- */

/* Whether the classes are folders: LK_E_USAGE where that cannot be said. */
static lk_status are_classes(bool *out, const lk_picture_list *list, size_t root,
                             enum dataset_kind kind, lk_error *err) {
    size_t inside = 0;
    for (size_t i = 0; i < list->count; i++) {
        inside += strchr(list->paths[i] + root, '/') != NULL;
    }
    *out = kind == DATASET_CLASSES || (kind == DATASET_AUTO && inside > 0);
    if (list->count == 0) {
        return error_set(err, LK_E_USAGE, "no pictures in this folder");
    }
    if (*out && inside < list->count) {
        return error_set(err, LK_E_USAGE,
                         "%zu pictures lie in folders, which are their classes, and %zu do not",
                         inside, list->count - inside);
    }
    return LK_OK;
}

/* Entries of a list of pictures; their labels point into the paths, below root. */
static lk_status list_entries(struct entries *e, lk_picture_list *list, size_t root, bool folders,
                              lk_error *err) {
    if (list->count > DATASET_SAMPLES_MAX) {
        return error_set(err, LK_E_LIMIT, "more than %d pictures", DATASET_SAMPLES_MAX);
    }
    e->items = mem_calloc(list->count, sizeof *e->items);
    if (!e->items) {
        return error_memory(err, list->count * sizeof *e->items);
    }
    for (size_t i = 0; i < list->count; i++) {
        const char *label = list->paths[i] + root;
        e->items[e->count++] =
            (struct entry){.path = list->paths[i],
                           .label = label,
                           .label_length = folders ? strcspn(label, "/") : strlen(label)};
    }
    mem_free(list->paths); /* its texts are the entries' now */
    *list = (lk_picture_list){0};
    return LK_OK;
}

static lk_status add_folder(struct dataset *d, const char *path, enum dataset_kind kind,
                            lk_error *err) {
    lk_picture_list list;
    struct entries e = {0};
    bool folders = false;
    size_t length = strlen(path), root = length + (length > 0 && path[length - 1] != '/');
    lk_status status = lk_picture_list_find(&list, &path, 1, err);
    status = status == LK_OK ? are_classes(&folders, &list, root, kind, err) : status;
    status = status == LK_OK ? list_entries(&e, &list, root, folders, err) : status;
    status = status == LK_OK ? add_entries(d, &e, err) : status;
    entries_release(&e);
    lk_picture_list_release(&list);
    return status;
}

/* -- Tables -- */

static lk_status row_entry(struct entries *e, const struct csv *csv, int32_t row,
                           const int32_t columns[2], const char *table, lk_error *err) {
    const char *path = csv_at(csv, row, columns[0]);
    const char *label = columns[1] < 0 ? path : csv_at(csv, row, columns[1]);
    if (!path[0] || !label[0]) {
        return error_set(err, LK_E_CORRUPT, "line %d: no %s", (int)csv->lines[row],
                         path[0] ? "label" : "path");
    }
    char *full = csv_path(table, path);
    if (!full) {
        return error_memory(err, strlen(path) + 1);
    }
    e->items[e->count++] = (struct entry){full, label, strlen(label), csv->lines[row]};
    return LK_OK;
}

static lk_status add_table(struct dataset *d, const char *path, enum dataset_kind kind,
                           lk_error *err) {
    struct csv csv;
    struct entries e = {0};
    lk_status status = csv_read(&csv, path, err);
    if (status != LK_OK) {
        return status;
    }
    const int32_t columns[2] = {csv_column(&csv, "path file"),
                                kind == DATASET_INSTANCES ? -1 : csv_column(&csv, "label class")};
    if (columns[0] < 0 || (columns[1] < 0 && kind != DATASET_INSTANCES)) {
        status = error_set(err, LK_E_CORRUPT, "line 1: the heading names no column %s",
                           columns[0] < 0 ? "path or file" : "label or class");
    } else if (csv.rows == 0) {
        status = error_set(err, LK_E_USAGE, "the table names no pictures");
    } else {
        e.items = mem_calloc((size_t)csv.rows, sizeof *e.items);
        status = e.items ? LK_OK : error_memory(err, (size_t)csv.rows * sizeof *e.items);
    }
    for (int32_t i = 0; status == LK_OK && i < csv.rows; i++) {
        status = row_entry(&e, &csv, i, columns, path, err);
    }
    status = status == LK_OK ? add_entries(d, &e, err) : status;
    entries_release(&e);
    csv_release(&csv);
    return status;
}

lk_status dataset_add(struct dataset *d, const char *path, enum dataset_kind kind, lk_error *err) {
    struct stat info;
    bool folder = stat(path, &info) == 0 && S_ISDIR(info.st_mode);
    lk_status status = folder ? add_folder(d, path, kind, err) : add_table(d, path, kind, err);
    return status == LK_OK ? LK_OK : error_input(err, status, path);
}
