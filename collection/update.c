/* SPDX-License-Identifier: Apache-2.0 */
/* Bringing a collection up to date: the files that are there and those it knows, both in byte order, are gone through side by
 * side; what is new or changed is read, and looked at where its content is new too. */
#include <errno.h>
#include <likeness/folder.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"
#include "collection/collection.h"

enum {
    TOGETHER = 32,              /* files read, then looked at, then kept at a time */
    TOGETHER_BYTES = 256 << 20, /* of their files */
};

/* What is known of a file from its name alone. */
struct stamp {
    int64_t bytes, modified_ns, inode;
};

struct item {
    const char *path;
    struct stamp stamp;
    lk_bytes file;
    uint8_t sha256[DIGEST_BYTES];
    int64_t content; /* that is there and has all that is wanted; 0 for none */
    int32_t like;    /* an earlier item of the batch with the same bytes; -1 for none */
    struct facts facts;
    lk_status status;
    lk_error err;
};

struct update {
    lk_collection *collection;
    lk_engine *engine;
    const lk_collection_options *options;
    lk_collection_changes *changes;
    char model_key[MODEL_KEY];
    lk_picture_list list; /* of absolute paths */
    char **roots;         /* what was asked for, absolute */
    size_t root_count;
    struct item items[TOGETHER];
    int32_t count;
    int64_t bytes;
};

/* -- Names -- */

static void tell_skipped(struct update *u, const char *path, const char *why) {
    u->changes->skipped++;
    if (u->options->skip) {
        u->options->skip(u->options->arg, path, why);
    }
}

static int by_path(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Overlapping folders name a file twice. */
static void sort_paths(lk_picture_list *list) {
    size_t kept = 0;
    qsort(list->paths, list->count, sizeof *list->paths, by_path);
    for (size_t i = 0; i < list->count; i++) {
        if (kept > 0 && strcmp(list->paths[kept - 1], list->paths[i]) == 0) {
            mem_free(list->paths[i]);
        } else {
            list->paths[kept++] = list->paths[i];
        }
    }
    list->count = kept;
}

/* The path without links and dots; of a file that is not there, with its folder resolved, so that what is known of it goes. */
static lk_status resolve(char **out, const char *path, lk_error *err) {
    char whole[PATH_MAX];
    *out = NULL;
    if (realpath(path, whole)) {
        *out = mem_strdup(whole);
        return *out ? LK_OK : error_memory(err, strlen(whole));
    }
    return error_input(err, error_set(err, LK_E_IO, "cannot open: %s", strerror(errno)), path);
}

/* Takes path over, also when this fails. */
static lk_status add_root(struct update *u, char *path, lk_error *err) {
    char **grown = path ? mem_realloc(u->roots, u->root_count + 1, sizeof *grown) : NULL;
    if (!grown) {
        mem_free(path);
        return error_memory(err, sizeof *grown);
    }
    u->roots = grown;
    u->roots[u->root_count++] = path;
    return LK_OK;
}

/* Those asked for, which are noted. */
static lk_status take_roots(struct update *u, const char *const *paths, size_t count,
                            lk_error *err) {
    lk_status status = LK_OK;
    for (size_t i = 0; status == LK_OK && i < count; i++) {
        char *whole;
        struct sql q;
        status = resolve(&whole, paths[i], err);
        status = status == LK_OK ? add_root(u, whole, err) : status;
        if (status == LK_OK) {
            sql_begin(&q, &u->collection->at, "INSERT OR IGNORE INTO root (path) VALUES (?)");
            sql_bind_blob(&q, whole, strlen(whole));
            status = sql_finish(&q, err);
        }
    }
    return status;
}

/* Those of earlier runs that are there: a disk that is not plugged in is no folder that was emptied. */
static lk_status known_roots(struct update *u, lk_error *err) {
    struct sql q;
    bool row;
    lk_status status;
    sql_begin(&q, &u->collection->at, "SELECT path FROM root ORDER BY path");
    while ((status = sql_step(&q, &row, err)) == LK_OK && row) {
        size_t size;
        const void *path = sql_blob(&q, 0, &size);
        char *copy = mem_calloc(size + 1, 1);
        if (!copy) {
            status = error_memory(err, size);
            break;
        }
        memcpy(copy, path, size);
        if (access(copy, F_OK) != 0) {
            tell_skipped(u, copy, strerror(errno));
            mem_free(copy);
        } else if ((status = add_root(u, copy, err)) != LK_OK) {
            break;
        }
    }
    sql_end(&q);
    return status;
}

static lk_status find_files(struct update *u, const char *const *paths, size_t count,
                            lk_error *err) {
    lk_status status = count > 0 ? take_roots(u, paths, count, err) : known_roots(u, err);
    if (status == LK_OK) {
        status = lk_picture_list_find(&u->list, (const char *const *)u->roots, u->root_count, err);
        sort_paths(&u->list);
    }
    return status;
}

static bool is_below(const char *root, const char *path) {
    size_t n = strlen(root);
    return strncmp(root, path, n) == 0 &&
           (path[n] == '\0' || path[n] == '/' || (n == 1 && root[0] == '/'));
}

static bool was_asked_for(const struct update *u, const char *path) {
    bool below = false;
    for (size_t i = 0; i < u->root_count && !below; i++) {
        below = is_below(u->roots[i], path);
    }
    return below;
}

static bool look_at(struct stamp *out, const char *path) {
    struct stat st;
    if (stat(path, &st) != 0 || !S_ISREG(st.st_mode)) {
        return false;
    }
    *out =
        (struct stamp){.bytes = st.st_size,
                       .modified_ns = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec,
                       .inode = (int64_t)st.st_ino};
    return true;
}

/* -- One batch -- */

static void read_file(void *arg, int32_t i) {
    struct update *u = arg;
    struct item *t = &u->items[i];
    struct digest d;
    t->status =
        file_read(&t->file, t->path, u->engine->limits.file_bytes, u->engine->stop, &t->err);
    if (t->status == LK_OK) {
        digest_begin(&d);
        digest_add(&d, t->file.data, t->file.size);
        digest_end(t->sha256, &d);
    }
}

/* Whether it is to be decoded. */
static bool is_new(const struct item *t) {
    return t->status == LK_OK && t->content == 0 && t->like < 0;
}

static void find_like(struct update *u, int32_t i) {
    struct item *t = &u->items[i];
    t->like = -1;
    for (int32_t k = 0; k < i && t->like < 0; k++) {
        const struct item *o = &u->items[k];
        bool same = o->status == LK_OK && memcmp(o->sha256, t->sha256, DIGEST_BYTES) == 0;
        t->like = same ? k : -1;
    }
}

static void look_into(void *arg, int32_t i) {
    static const lk_load_options reduced = {.max_side = FACTS_SIDE, .no_digest = true};
    struct update *u = arg;
    struct item *t = &u->items[i];
    lk_image picture;
    lk_image_info *info = is_new(t) ? mem_alloc(1, sizeof *info) : NULL;
    if (!is_new(t)) {
        return;
    }
    if (!info) {
        t->status = error_memory(&t->err, sizeof *info);
        return;
    }
    t->status = lk_image_decode(&picture, info, u->engine, t->file.data, t->file.size, t->path,
                                &reduced, &t->err);
    lk_bytes_release(&t->file);
    if (t->status == LK_OK) {
        t->status =
            facts_make(&t->facts, u->engine, &picture, info, u->options->keypoints, &t->err);
        lk_image_release(&picture);
    }
    mem_free(info);
}

void collection_unit(float *vector, int32_t dim) {
    double squares = 0;
    for (int32_t i = 0; i < dim; i++) {
        squares += (double)vector[i] * (double)vector[i];
    }
    double length = sqrt(squares);
    for (int32_t i = 0; i < dim && length > 0; i++) {
        vector[i] = (float)((double)vector[i] / length);
    }
}

lk_status collection_embed(struct facts *f, lk_model *model, lk_error *err) {
    const lk_image *image = &f->side;
    f->dim = lk_model_dim(model);
    f->embedding = mem_alloc((size_t)f->dim, sizeof *f->embedding);
    if (!f->embedding) {
        return error_memory(err, (size_t)f->dim * sizeof *f->embedding);
    }
    lk_model_output out = {.embedding = f->embedding};
    lk_status status = lk_model_run(model, &out, &image, 1, err);
    if (status == LK_OK) {
        collection_unit(f->embedding, f->dim);
    }
    return status;
}

/* Whether the content is there with all that is wanted of it. */
static lk_status find_content(struct item *t, const struct update *u, lk_error *err) {
    struct sql q;
    sql_begin(&q, &u->collection->at,
              "SELECT id FROM content WHERE sha256 = ? AND algorithm = ? AND "
              "(?3 IS NULL OR (model = ?3 AND embedding IS NOT NULL)) AND "
              "(?4 = 0 OR keypoints IS NOT NULL)");
    sql_bind_blob(&q, t->sha256, sizeof t->sha256);
    sql_bind_int(&q, FACTS_VERSION);
    sql_bind_text(&q, u->options->model ? u->model_key : NULL);
    sql_bind_int(&q, u->options->keypoints);
    return sql_finish_int(&t->content, &q, 0, err);
}

static lk_status keep_file(const struct item *t, lk_collection *c, lk_error *err) {
    struct sql q;
    sql_begin(&q, &c->at,
              "INSERT OR REPLACE INTO file (path, bytes, modified_ns, inode, content, why) "
              "VALUES (?, ?, ?, ?, ?, ?)");
    sql_bind_blob(&q, t->path, strlen(t->path));
    sql_bind_int(&q, t->stamp.bytes);
    sql_bind_int(&q, t->stamp.modified_ns);
    sql_bind_int(&q, t->stamp.inode);
    if (t->content != 0) {
        sql_bind_int(&q, t->content);
        sql_bind_text(&q, NULL);
    } else {
        sql_bind_text(&q, NULL);
        sql_bind_text(&q, t->err.text);
    }
    return sql_finish(&q, err);
}

/* What is the machine's fault and not the file's ends the run; the file may be fine. */
static bool is_ours(lk_status status) {
    return status == LK_E_MEMORY || status == LK_E_CANCELLED;
}

static lk_status keep_items(struct update *u, lk_error *err) {
    lk_collection *c = u->collection;
    lk_status status = LK_OK;
    for (int32_t i = 0; status == LK_OK && i < u->count; i++) {
        struct item *t = &u->items[i];
        if (t->status == LK_OK && t->content == 0 && t->like >= 0) { /* fares as the other did */
            t->status = u->items[t->like].status;
            t->err = u->items[t->like].err;
            t->content = u->items[t->like].content;
        }
        if (is_ours(t->status)) {
            if (err) {
                *err = t->err;
            }
            return t->status;
        }
        if (t->status == LK_OK && t->content == 0) {
            u->changes->decoded++;
            status =
                content_put(&t->content, c, t->sha256, &t->facts, u->model_key, u->engine, err);
        }
        status = status == LK_OK ? keep_file(t, c, err) : status;
    }
    return status;
}

static void count_items(struct update *u) {
    for (int32_t i = 0; i < u->count; i++) {
        const struct item *t = &u->items[i];
        if (t->status == LK_OK) {
            u->changes->files++;
        } else {
            tell_skipped(u, t->path, t->err.text);
        }
    }
}

static lk_status run_batch(struct update *u, lk_error *err) {
    lk_status status = LK_OK;
    lk_engine_for(u->engine, u->count, read_file, u);
    for (int32_t i = 0; status == LK_OK && i < u->count; i++) {
        struct item *t = &u->items[i];
        status = t->status == LK_OK ? find_content(t, u, err) : LK_OK;
        find_like(u, i);
    }
    if (status == LK_OK) {
        lk_engine_for(u->engine, u->count, look_into, u);
    }
    for (int32_t i = 0; status == LK_OK && u->options->model && i < u->count; i++) {
        struct item *t = &u->items[i];
        if (is_new(t)) {
            t->status = collection_embed(&t->facts, u->options->model, &t->err);
        }
    }
    status = status == LK_OK ? collection_begin(u->collection, err) : status;
    if (status == LK_OK) {
        status = collection_end(u->collection, keep_items(u, err), err);
    }
    if (status == LK_OK) {
        count_items(u);
    }
    return status;
}

static lk_status flush(struct update *u, lk_error *err) {
    lk_status status = engine_check_stop(u->engine, err);
    status = status == LK_OK && u->count > 0 ? run_batch(u, err) : status;
    for (int32_t i = 0; i < u->count; i++) {
        lk_bytes_release(&u->items[i].file);
        facts_release(&u->items[i].facts);
    }
    u->count = 0;
    u->bytes = 0;
    return status;
}

static lk_status add(struct update *u, const char *path, const struct stamp *stamp, lk_error *err) {
    if (u->options->step) {
        u->options->step(u->options->arg, u->list.count, path);
    }
    u->items[u->count] = (struct item){.path = path, .stamp = *stamp};
    u->count++;
    u->bytes += stamp->bytes;
    return u->count == TOGETHER || u->bytes > TOGETHER_BYTES ? flush(u, err) : LK_OK;
}

/* -- Both lists side by side -- */

/* A row of the collection, beside the list of files. */
struct known {
    struct sql q;
    bool row;
    char path[PATH_MAX];
};

static lk_status known_next(struct known *k, lk_error *err) {
    size_t size = 0;
    lk_status status = sql_step(&k->q, &k->row, err);
    if (status == LK_OK && k->row) {
        const void *path = sql_blob(&k->q, 0, &size);
        size = MIN(size, sizeof k->path - 1);
        memcpy(k->path, path, size);
        k->path[size] = '\0';
    }
    return status;
}

static lk_status known_begin(struct known *k, const struct update *u, lk_error *err) {
    sql_begin(&k->q, &u->collection->at,
              "SELECT path, bytes, modified_ns, inode, why, content IS NOT NULL AND "
              "algorithm = ?1 AND (?2 IS NULL OR (model = ?2 AND embedding IS NOT NULL)) AND "
              "(?3 = 0 OR keypoints IS NOT NULL) "
              "FROM file LEFT JOIN content ON content.id = file.content ORDER BY path");
    sql_bind_int(&k->q, FACTS_VERSION);
    sql_bind_text(&k->q, u->options->model ? u->model_key : NULL);
    sql_bind_int(&k->q, u->options->keypoints);
    return known_next(k, err);
}

static bool is_unchanged(struct known *k, const struct stamp *s) {
    return sql_int(&k->q, 1) == s->bytes && sql_int(&k->q, 2) == s->modified_ns &&
           sql_int(&k->q, 3) == s->inode;
}

/* Paths that go are noted, and go when the scan is over: it must not change under the scan. */
struct gone {
    char **paths;
    size_t count, room;
};

static lk_status note_gone(struct gone *g, const char *path, lk_error *err) {
    if (g->count == g->room) {
        size_t room = g->room > 0 ? 2 * g->room : 64;
        char **grown = mem_realloc(g->paths, room, sizeof *grown);
        if (!grown) {
            return error_memory(err, room * sizeof *grown);
        }
        g->paths = grown;
        g->room = room;
    }
    g->paths[g->count] = mem_strdup(path);
    return g->paths[g->count++] ? LK_OK : error_memory(err, strlen(path));
}

static void gone_release(struct gone *g) {
    for (size_t i = 0; i < g->count; i++) {
        mem_free(g->paths[i]);
    }
    mem_free(g->paths);
}

/* What is to be looked at, with its stamp. */
struct work {
    struct task {
        const char *path;
        struct stamp stamp;
    } * tasks;
    size_t count;
    struct gone gone;
};

/* A file that is known: it stays as it is, or is looked at again. */
static void meet(struct update *u, struct work *w, struct known *k, const char *path,
                 const struct stamp *s) {
    bool unchanged = is_unchanged(k, s);
    const char *why = sql_is_null(&k->q, 4) ? NULL : sql_text(&k->q, 4);
    if (unchanged && (why || sql_int(&k->q, 5))) {
        u->changes->unchanged++;
        if (u->options->step) {
            u->options->step(u->options->arg, u->list.count, path);
        }
        if (why) {
            tell_skipped(u, path, why);
        } else {
            u->changes->files++;
        }
        return;
    }
    u->changes->changed += !unchanged;
    w->tasks[w->count++] = (struct task){path, *s};
}

static lk_status compare_lists(struct update *u, struct work *w, lk_error *err) {
    struct known k;
    lk_status status = known_begin(&k, u, err);
    for (size_t i = 0; status == LK_OK && (i < u->list.count || k.row);) {
        const char *path = i < u->list.count ? u->list.paths[i] : NULL;
        int order = !path ? 1 : !k.row ? -1 : strcmp(path, k.path);
        struct stamp s;
        bool there = order <= 0 && look_at(&s, path);
        if (order <= 0 && !there) {
            tell_skipped(u, path, "cannot be opened, or is no plain file");
        } else if (order < 0) {
            u->changes->added++;
            w->tasks[w->count++] = (struct task){path, s};
        } else if (order == 0) {
            meet(u, w, &k, path, &s);
        }
        bool goes = (order > 0 && was_asked_for(u, k.path)) || (order == 0 && !there);
        if (goes && !u->options->keep_gone) {
            status = note_gone(&w->gone, k.path, err);
        }
        i += order <= 0;
        status = status == LK_OK && order >= 0 ? known_next(&k, err) : status;
    }
    sql_end(&k.q);
    return status;
}

/* Those files, and contents that nobody names any more. */
static lk_status drop_gone(struct update *u, const struct gone *g, lk_error *err) {
    lk_collection *c = u->collection;
    lk_status status = collection_begin(c, err);
    if (status != LK_OK) {
        return status;
    }
    for (size_t i = 0; status == LK_OK && i < g->count; i++) {
        struct sql q;
        sql_begin(&q, &c->at, "DELETE FROM file WHERE path = ?");
        sql_bind_blob(&q, g->paths[i], strlen(g->paths[i]));
        status = sql_finish(&q, err);
    }
    if (status == LK_OK) {
        status = sql_run(&c->at,
                         "DELETE FROM content WHERE id NOT IN "
                         "(SELECT content FROM file WHERE content IS NOT NULL)",
                         err);
    }
    status = collection_end(c, status, err);
    u->changes->removed += status == LK_OK ? (int64_t)g->count : 0;
    return status;
}

static lk_status run(struct update *u, lk_error *err) {
    struct work w = {.tasks = mem_alloc(u->list.count, sizeof *w.tasks)};
    lk_status status =
        w.tasks ? compare_lists(u, &w, err) : error_memory(err, u->list.count * sizeof *w.tasks);
    for (size_t i = 0; status == LK_OK && i < w.count; i++) {
        status = add(u, w.tasks[i].path, &w.tasks[i].stamp, err);
    }
    status = status == LK_OK ? flush(u, err) : status;
    if (status == LK_OK && (w.gone.count > 0 || w.count > 0)) {
        status = drop_gone(u, &w.gone, err);
    }
    gone_release(&w.gone);
    mem_free(w.tasks);
    return status;
}

lk_status lk_collection_update(lk_collection_changes *out, lk_collection *collection,
                               lk_engine *engine, const char *const *paths, size_t count,
                               const lk_collection_options *options, lk_error *err) {
    *out = (lk_collection_changes){0};
    struct update *u = mem_calloc(1, sizeof *u);
    if (!u) {
        return error_memory(err, sizeof *u);
    }
    u->collection = collection;
    u->engine = engine;
    u->options = options;
    u->changes = out;
    if (options->model) {
        collection_model_key(u->model_key, options->model);
    }
    lk_status status = find_files(u, paths, count, err);
    status = status == LK_OK ? run(u, err) : status;
    for (size_t i = 0; i < u->root_count; i++) {
        mem_free(u->roots[i]);
    }
    mem_free(u->roots);
    lk_picture_list_release(&u->list);
    mem_free(u);
    return status;
}
