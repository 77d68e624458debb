/* SPDX-License-Identifier: Apache-2.0 */
/* Bringing a collection up to date: what is new or changed is read, and looked at where its content is new too. */
#include <math.h>
#include <string.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"
#include "collection/finding.h"
#include "collection/walk.h"

enum {
    TOGETHER = 32,              /* files read, then looked at, then kept at a time */
    TOGETHER_BYTES = 256 << 20, /* of their files */
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
    struct walk walk;
    lk_engine *engine;
    struct item items[TOGETHER];
    int32_t count;
    int64_t bytes;
};

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
            facts_make(&t->facts, u->engine, &picture, info, u->walk.options->keypoints, &t->err);
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
    sql_begin(&q, &u->walk.collection->at,
              "SELECT id FROM content WHERE sha256 = ? AND algorithm = ? AND "
              "(?3 IS NULL OR (model = ?3 AND embedding IS NOT NULL)) AND "
              "(?4 = 0 OR keypoints IS NOT NULL)");
    sql_bind_blob(&q, t->sha256, sizeof t->sha256);
    sql_bind_int(&q, FACTS_VERSION);
    sql_bind_text(&q, u->walk.options->model ? u->walk.model_key : NULL);
    sql_bind_int(&q, u->walk.options->keypoints);
    return sql_finish_int(&t->content, &q, 0, err);
}

static bool lies_outside(lk_status status) {
    return status == LK_E_IO || status == LK_E_LIMIT;
}

static lk_status keep_file(const struct item *t, lk_collection *c, lk_error *err) {
    struct sql q;
    sql_begin(&q, &c->at,
              "INSERT OR REPLACE INTO file (path, bytes, modified_ns, inode, content, why) "
              "VALUES (?, ?, ?, ?, ?, ?)");
    sql_bind_blob(&q, t->path, strlen(t->path));
    sql_bind_int(&q, lies_outside(t->status) ? STAMP_AGAIN : t->stamp.bytes);
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
    lk_collection *c = u->walk.collection;
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
            u->walk.changes->decoded++;
            status = content_put(&t->content, c, t->sha256, &t->facts, u->walk.model_key, u->engine,
                                 err);
        }
        status = status == LK_OK ? keep_file(t, c, err) : status;
    }
    return status;
}

static void count_items(struct update *u) {
    for (int32_t i = 0; i < u->count; i++) {
        const struct item *t = &u->items[i];
        if (t->status == LK_OK) {
            u->walk.changes->files++;
        } else {
            walk_skip(&u->walk, t->path, t->err.text);
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
    for (int32_t i = 0; status == LK_OK && u->walk.options->model && i < u->count; i++) {
        struct item *t = &u->items[i];
        if (is_new(t)) {
            t->status = collection_embed(&t->facts, u->walk.options->model, &t->err);
        }
    }
    status = status == LK_OK ? collection_begin(u->walk.collection, err) : status;
    if (status == LK_OK) {
        status = collection_end(u->walk.collection, keep_items(u, err), err);
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
    if (u->walk.options->step) {
        u->walk.options->step(u->walk.options->arg, u->walk.list.count, path);
    }
    u->items[u->count] = (struct item){.path = path, .stamp = *stamp};
    u->count++;
    u->bytes += stamp->bytes;
    return u->count == TOGETHER || u->bytes > TOGETHER_BYTES ? flush(u, err) : LK_OK;
}

/* Files that are gone, and contents that nobody names any more. */
static lk_status drop_gone(struct update *u, lk_error *err) {
    lk_collection *c = u->walk.collection;
    const struct paths *g = &u->walk.gone;
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
                         "(SELECT content FROM file WHERE content IS NOT NULL);"
                         "DELETE FROM searched WHERE content NOT IN (SELECT id FROM content);"
                         "DELETE FROM pair WHERE a NOT IN (SELECT id FROM content) OR "
                         "b NOT IN (SELECT id FROM content)",
                         err);
    }
    status = collection_end(c, status, err);
    u->walk.changes->removed += status == LK_OK ? (int64_t)g->count : 0;
    return status;
}

static lk_status run(struct update *u, lk_error *err) {
    lk_status status = LK_OK;
    for (size_t i = 0; status == LK_OK && i < u->walk.task_count; i++) {
        status = add(u, u->walk.tasks[i].path, &u->walk.tasks[i].stamp, err);
    }
    status = status == LK_OK ? flush(u, err) : status;
    bool changed = u->walk.gone.count > 0 || u->walk.task_count > 0;
    return status == LK_OK && changed ? drop_gone(u, err) : status;
}

lk_status lk_collection_update(lk_collection_changes *out, lk_collection *collection,
                               lk_engine *engine, const char *const *paths, size_t count,
                               const lk_collection_options *options, lk_error *err) {
    *out = (lk_collection_changes){0};
    struct update *u = mem_calloc(1, sizeof *u);
    if (!u) {
        return error_memory(err, sizeof *u);
    }
    u->engine = engine;
    u->walk.collection = collection;
    u->walk.options = options;
    u->walk.changes = out;
    if (options->model) {
        collection_model_key(u->walk.model_key, options->model);
    }
    lk_status status = walk_run(&u->walk, paths, count, err);
    status = status == LK_OK ? run(u, err) : status;
    if (status == LK_OK && !collection->in_memory) { /* now, so that no search waits for it */
        struct finding *finding;
        status = finding_of(&finding, collection, engine, FINDING_CELLS, err);
    }
    walk_release(&u->walk);
    mem_free(u);
    return status;
}
