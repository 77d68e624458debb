/* SPDX-License-Identifier: Apache-2.0 */
#include <likeness/evaluate.h>
#include <likeness/folder.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/csv.h"
#include "base/error.h"
#include "base/mem.h"
#include "learn/dataset.h"

void lk_eval_set_release(lk_eval_set *set) {
    for (int32_t i = 0; i < set->count; i++) {
        mem_free(set->paths[i]);
    }
    mem_free(set->paths);
    mem_free(set->labels);
    mem_free(set->photos);
    mem_free(set->references);
    mem_free(set->pairs);
    *set = (lk_eval_set){0};
}

/* -- Labelled pictures -- */

static lk_status read_labelled(lk_eval_set *out, const char *path, lk_error *err) {
    struct dataset d = {0};
    lk_status status = dataset_add(&d, path, DATASET_AUTO, err);
    if (status == LK_OK) {
        *out = (lk_eval_set){.paths = d.paths,
                             .count = d.count,
                             .is_labelled = true,
                             .labels = d.labels,
                             .classes = d.classes};
        d.paths = NULL; /* out's now */
        d.labels = NULL;
        d.count = 0;
    }
    dataset_release(&d);
    return status;
}

/* -- Pairs: mentions of files, sorted so that each file stands once -- */

enum role { PHOTO, REFERENCE };

struct mention {
    char *path; /* owned until it is the set's */
    char *real; /* links followed; owned */
    enum role role;
    int32_t row; /* of the table; the number of rows for what a folder adds */
    int32_t at;  /* its place among photos or references, once known */
};

struct mentions {
    struct mention *items;
    int32_t count, capacity;
};

static void mentions_release(struct mentions *m) {
    for (int32_t i = 0; i < m->count; i++) {
        mem_free(m->items[i].path);
        mem_free(m->items[i].real);
    }
    mem_free(m->items);
    *m = (struct mentions){0};
}

/* Takes path over. A file that is not there is known by its name. */
static lk_status mention(struct mentions *m, char *path, enum role role, int32_t row,
                         lk_error *err) {
    char real[PATH_MAX];
    char *known = path ? mem_strdup(realpath(path, real) ? real : path) : NULL;
    if (!known || m->count == m->capacity) {
        mem_free(path);
        mem_free(known);
        return error_memory(err, sizeof *m->items);
    }
    m->items[m->count++] = (struct mention){path, known, role, row, 0};
    return LK_OK;
}

static int by_file(const void *a, const void *b) {
    const struct mention *p = a, *q = b;
    int order = strcmp(p->real, q->real);
    return order != 0           ? order
           : p->role != q->role ? (p->role > q->role) - (p->role < q->role)
                                : (p->row > q->row) - (p->row < q->row);
}

static lk_status mention_rows(struct mentions *m, const struct csv *csv, const char *table,
                              lk_error *err) {
    int32_t photo = csv_column(csv, "photo"), reference = csv_column(csv, "reference iconic");
    lk_status status = LK_OK;
    if (reference < 0) {
        return error_set(err, LK_E_CORRUPT,
                         "line 1: the heading names a photo and no reference or iconic");
    }
    for (int32_t i = 0; status == LK_OK && i < csv->rows; i++) {
        const char *of_photo = csv_at(csv, i, photo), *of_reference = csv_at(csv, i, reference);
        if (!of_photo[0]) {
            return error_set(err, LK_E_CORRUPT, "line %d: no photo", (int)csv->lines[i]);
        }
        status = mention(m, csv_path(table, of_photo), PHOTO, i, err);
        if (status == LK_OK && of_reference[0]) {
            status = mention(m, csv_path(table, of_reference), REFERENCE, i, err);
        }
    }
    return status;
}

/* Room for the mentions of all rows and files. */
static lk_status reserve(struct mentions *m, int32_t rows, size_t files, lk_error *err) {
    if (files > DATASET_SAMPLES_MAX) {
        return error_set(err, LK_E_LIMIT, "more than %d pictures", DATASET_SAMPLES_MAX);
    }
    m->capacity = 2 * rows + (int32_t)files;
    m->items = mem_alloc((size_t)m->capacity, sizeof *m->items);
    return m->items ? LK_OK : error_memory(err, (size_t)m->capacity * sizeof *m->items);
}

static lk_status mention_folder(struct mentions *m, lk_picture_list *list, int32_t row,
                                lk_error *err) {
    lk_status status = LK_OK;
    for (size_t i = 0; status == LK_OK && i < list->count; i++) {
        char *path = list->paths[i];
        list->paths[i] = NULL;
        status = mention(m, path, REFERENCE, row, err);
    }
    return status;
}

static lk_status make_room(lk_eval_set *set, const struct mentions *m, int32_t rows,
                           lk_error *err) {
    size_t n = (size_t)m->count;
    set->paths = mem_alloc(n, sizeof *set->paths);
    set->photos = mem_alloc(n, sizeof *set->photos);
    set->references = mem_alloc(n, sizeof *set->references);
    set->pairs = mem_alloc((size_t)rows, sizeof *set->pairs);
    bool made = set->paths && set->photos && set->references && set->pairs;
    return made ? LK_OK : error_memory(err, n * sizeof *set->paths);
}

/* Numbers sorted mentions: files, and within each what it is. A photo that also lies in the folder of references (row `rows`) is
 * none: it would find itself before the right one. */
static void number_files(lk_eval_set *set, struct mentions *m, int32_t rows) {
    for (int32_t i = 0; i < m->count; i++) {
        struct mention *now = &m->items[i];
        bool new_file = i == 0 || strcmp(now->real, m->items[i - 1].real) != 0;
        if (new_file) {
            set->paths[set->count++] = now->path;
            now->path = NULL;
        }
        bool new_role = new_file || now->role != m->items[i - 1].role;
        bool of_folder = now->row == rows;
        if (new_role && !new_file && of_folder) {
            continue;
        }
        if (new_role && now->role == PHOTO) {
            set->photos[set->photo_count++] = set->count - 1;
        } else if (new_role) {
            set->references[set->reference_count++] = set->count - 1;
        }
        now->at = (now->role == PHOTO ? set->photo_count : set->reference_count) - 1;
    }
}

static int by_row(const void *a, const void *b) {
    const struct mention *p = a, *q = b;
    return p->row != q->row ? (p->row > q->row) - (p->row < q->row)
                            : (p->role > q->role) - (p->role < q->role);
}

/* A row's photo stands in front of its reference. */
static void pair_rows(lk_eval_set *set, const struct mentions *m, int32_t rows) {
    for (int32_t i = 1; i < m->count && m->items[i].row < rows; i++) {
        const struct mention *photo = &m->items[i - 1], *reference = &m->items[i];
        if (reference->role == REFERENCE) {
            set->pairs[set->pair_count++] = (lk_true_pair){photo->at, reference->at};
        }
    }
}

static lk_status read_pairs(lk_eval_set *out, const struct csv *csv, const char *path,
                            const char *references, lk_error *err) {
    lk_picture_list list = {0};
    struct mentions m = {0};
    lk_status status = references ? lk_picture_list_find(&list, &references, 1, err) : LK_OK;
    status = status == LK_OK ? reserve(&m, csv->rows, list.count, err) : status;
    status = status == LK_OK ? mention_rows(&m, csv, path, err) : status;
    status = status == LK_OK ? mention_folder(&m, &list, csv->rows, err) : status;
    status = status == LK_OK ? make_room(out, &m, csv->rows, err) : status;
    if (status == LK_OK && m.count > 0) {
        qsort(m.items, (size_t)m.count, sizeof *m.items, by_file);
        number_files(out, &m, csv->rows);
        qsort(m.items, (size_t)m.count, sizeof *m.items, by_row);
        pair_rows(out, &m, csv->rows);
    }
    if (status == LK_OK && out->pair_count == 0) {
        status = error_set(err, LK_E_USAGE, "the table names no photo with a reference");
    }
    mentions_release(&m);
    lk_picture_list_release(&list);
    return status;
}

static bool is_folder(const char *path) {
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

lk_status lk_eval_set_read(lk_eval_set *out, const char *path, const char *references,
                           lk_error *err) {
    struct csv csv = {0};
    *out = (lk_eval_set){0};
    if (references && !is_folder(references)) {
        return error_input(err, error_set(err, LK_E_IO, "no folder of references"), references);
    }
    bool folder = is_folder(path);
    lk_status status = folder ? LK_OK : csv_read(&csv, path, err);
    if (status == LK_OK && !folder && csv_column(&csv, "photo") >= 0) {
        status = read_pairs(out, &csv, path, references, err);
    } else if (status == LK_OK && references) {
        status = error_set(err, LK_E_USAGE, "references go with a table of photos and references");
    } else if (status == LK_OK) {
        status = read_labelled(out, path, err);
    }
    csv_release(&csv);
    if (status != LK_OK) {
        lk_eval_set_release(out);
        return error_input(err, status, path);
    }
    return LK_OK;
}

/* -- Evaluating -- */

/* Copies the rows of count places (NULL: all rows) for which use is true (NULL: all); map gets where each went, or -1. */
static lk_status gather(float **out, int32_t *rows, int32_t *map, const lk_vectors *vectors,
                        const int32_t *places, int32_t count, const bool *use, lk_error *err) {
    size_t dim = (size_t)vectors->dim, n = 0;
    *rows = 0;
    *out = mem_size_mul(&n, (size_t)count, dim) ? mem_alloc(n, sizeof **out) : NULL;
    if (!*out) {
        return error_memory(err, n * sizeof **out);
    }
    for (int32_t i = 0; i < count; i++) {
        size_t place = (size_t)(places ? places[i] : i);
        map[i] = !use || use[i] ? (*rows)++ : -1;
        if (map[i] >= 0) {
            memcpy(*out + (size_t)map[i] * dim, vectors->data + place * dim, dim * sizeof **out);
        }
    }
    return LK_OK;
}

static lk_status evaluate_labelled(lk_evaluation *out, lk_engine *engine, const lk_eval_set *set,
                                   const lk_vectors *vectors, const bool *have,
                                   const lk_evaluate_options *options, lk_error *err) {
    lk_vectors v = {.dim = vectors->dim};
    float *data = NULL;
    int32_t *map = mem_alloc((size_t)set->count, sizeof *map);
    int32_t *labels = mem_alloc((size_t)set->count, sizeof *labels);
    lk_status status = map && labels
                           ? gather(&data, &v.count, map, vectors, NULL, set->count, have, err)
                           : error_memory(err, (size_t)set->count * sizeof *map);
    for (int32_t i = 0; status == LK_OK && i < set->count; i++) {
        if (map[i] >= 0) {
            labels[map[i]] = set->labels[i];
        }
    }
    v.data = data;
    status = status == LK_OK ? lk_evaluate_labels(out, engine, &v, labels, options, err) : status;
    mem_free(data);
    mem_free(map);
    mem_free(labels);
    return status;
}

/* What pairs are evaluated from. */
struct sides {
    bool *ask, *show; /* a photo, a reference each: whether it takes part */
    int32_t *photo_map, *reference_map;
    float *photos, *references;
    lk_true_pair *pairs;
};

static void sides_release(struct sides *s) {
    mem_free(s->ask);
    mem_free(s->show);
    mem_free(s->photo_map);
    mem_free(s->reference_map);
    mem_free(s->photos);
    mem_free(s->references);
    mem_free(s->pairs);
}

static lk_status sides_new(struct sides *s, const lk_eval_set *set, lk_error *err) {
    size_t photos = (size_t)set->photo_count, references = (size_t)set->reference_count;
    *s = (struct sides){.ask = mem_calloc(photos, sizeof *s->ask),
                        .show = mem_calloc(references, sizeof *s->show),
                        .photo_map = mem_alloc(photos, sizeof *s->photo_map),
                        .reference_map = mem_alloc(references, sizeof *s->reference_map),
                        .pairs = mem_alloc((size_t)set->pair_count, sizeof *s->pairs)};
    return s->ask && s->show && s->photo_map && s->reference_map && s->pairs
               ? LK_OK
               : error_memory(err, (size_t)set->pair_count * sizeof *s->pairs);
}

/* A photo is asked when it is there, and one of its references is, or it has none. */
static void choose_sides(struct sides *s, const lk_eval_set *set, const bool *have) {
    for (int32_t i = 0; i < set->reference_count; i++) {
        s->show[i] = !have || have[set->references[i]];
    }
    for (int32_t i = 0; i < set->photo_count; i++) {
        s->ask[i] = true;
    }
    for (int32_t i = 0; i < set->pair_count; i++) {
        s->ask[set->pairs[i].query] = false;
    }
    for (int32_t i = 0; i < set->pair_count; i++) {
        const lk_true_pair *p = &set->pairs[i];
        s->ask[p->query] = s->ask[p->query] || s->show[p->reference];
    }
    for (int32_t i = 0; i < set->photo_count; i++) {
        s->ask[i] = s->ask[i] && (!have || have[set->photos[i]]);
    }
}

static int32_t map_pairs(const struct sides *s, const lk_eval_set *set) {
    int32_t count = 0;
    for (int32_t i = 0; i < set->pair_count; i++) {
        const lk_true_pair *p = &set->pairs[i];
        lk_true_pair mapped = {s->photo_map[p->query], s->reference_map[p->reference]};
        if (mapped.query >= 0 && mapped.reference >= 0) {
            s->pairs[count++] = mapped;
        }
    }
    return count;
}

static lk_status evaluate_pairs(lk_evaluation *out, lk_engine *engine, const lk_eval_set *set,
                                const lk_vectors *vectors, const bool *have,
                                const lk_evaluate_options *options, lk_error *err) {
    struct sides s;
    lk_vectors photos = {.dim = vectors->dim}, references = {.dim = vectors->dim};
    lk_status status = sides_new(&s, set, err);
    if (status == LK_OK) {
        choose_sides(&s, set, have);
        status = gather(&s.photos, &photos.count, s.photo_map, vectors, set->photos,
                        set->photo_count, s.ask, err);
    }
    if (status == LK_OK) {
        status = gather(&s.references, &references.count, s.reference_map, vectors, set->references,
                        set->reference_count, s.show, err);
    }
    if (status == LK_OK) {
        photos.data = s.photos;
        references.data = s.references;
        status = lk_evaluate_pairs(out, engine, &photos, &references, s.pairs, map_pairs(&s, set),
                                   options, err);
    }
    sides_release(&s);
    return status;
}

lk_status lk_eval_set_evaluate(lk_evaluation *out, lk_engine *engine, const lk_eval_set *set,
                               const lk_vectors *vectors, const bool *have,
                               const lk_evaluate_options *options, lk_error *err) {
    *out = (lk_evaluation){0};
    if (vectors->count != set->count) {
        return error_set(err, LK_E_USAGE, "%d vectors for %d pictures", (int)vectors->count,
                         (int)set->count);
    }
    return set->is_labelled ? evaluate_labelled(out, engine, set, vectors, have, options, err)
                            : evaluate_pairs(out, engine, set, vectors, have, options, err);
}
