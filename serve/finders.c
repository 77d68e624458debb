/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/finders.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "serve/server.h"

enum { ORIGINALS_S = 60 }; /* after which changes that others made are seen for certain */

struct finders {
    struct index {
        lk_collection *open; /* NULL: not yet */
        dev_t device;
        ino_t file;
    } indexes[COLLECTIONS_MOST];
    lk_model *model; /* another than the bench's; NULL: none was wanted */
    lk_finder *originals;
    uint64_t originals_of; /* references_changed when it was opened */
    double originals_since_s;
};

static lk_status finders_of(struct finders **out, struct bench *b, lk_error *err) {
    if (!b->finders) {
        b->finders = mem_calloc(1, sizeof *b->finders);
    }
    *out = b->finders;
    return *out ? LK_OK : error_memory(err, sizeof **out);
}

void finders_free(struct finders *f) {
    if (f) {
        for (size_t i = 0; i < COLLECTIONS_MOST; i++) {
            lk_collection_close(f->indexes[i].open);
        }
        lk_finder_close(f->originals);
        lk_model_free(f->model);
        mem_free(f);
    }
}

/* -- Collections -- */

lk_status finders_error(lk_error *err, lk_status status, const struct collection_place *place) {
    snprintf(err->input, sizeof err->input, "%s", status == LK_OK ? "" : place->name);
    return status;
}

static lk_status index_open(struct index *i, struct bench *b, const char *path,
                            const struct stat *st, lk_error *err) {
    lk_status status = lk_collection_open(&i->open, path, LK_COLLECTION_READ, err);
    i->device = st->st_dev;
    i->file = st->st_ino;
    __atomic_fetch_add(&b->server->indexes_opened, 1, __ATOMIC_RELAXED);
    return status;
}

lk_status finders_collection(lk_collection **out, struct bench *b,
                             const struct collection_place *place, lk_error *err) {
    struct finders *f;
    struct stat st;
    size_t number = (size_t)(place - collection_at(b->server->jobs, 0));
    *out = NULL;
    lk_status status = finders_of(&f, b, err);
    if (status != LK_OK) {
        return status;
    }
    struct index *i = &f->indexes[number];
    bool there = stat(place->index, &st) == 0;
    if (i->open && (!there || st.st_dev != i->device || st.st_ino != i->file)) {
        lk_collection_close(i->open);
        i->open = NULL;
    }
    if (!there) {
        return error_set(err, LK_E_IO, "the collection %.60s is not indexed yet", place->name);
    }
    status = i->open ? LK_OK : index_open(i, b, place->index, &st, err);
    *out = i->open;
    return finders_error(err, status, place);
}

lk_status finders_model(lk_model **out, struct bench *b, lk_collection *index, lk_error *err) {
    char name[64];
    struct finders *f;
    *out = NULL;
    lk_status status = finders_of(&f, b, err);
    status = status == LK_OK ? lk_collection_model(name, index, b->engine, err) : status;
    if (status != LK_OK || !name[0]) {
        return status;
    }
    lk_model *const open[] = {b->model, b->classifier, f->model};
    for (size_t i = 0; i < sizeof open / sizeof *open && !*out; i++) {
        bool fits = open[i] && strcmp(lk_model_card_of(open[i])->name, name) == 0;
        *out = fits ? open[i] : NULL;
    }
    if (!*out) {
        const lk_model_options o = {.folder = b->server->options->models,
                                    .want = LK_WANT_EMBEDDING};
        lk_model_free(f->model);
        f->model = NULL;
        status = lk_model_open(&f->model, b->engine, name, &o, err);
        *out = f->model;
    }
    return status;
}

/* -- Originals -- */

lk_status finders_originals(lk_finder **out, struct bench *b, lk_error *err) {
    struct finders *f;
    uint64_t now = __atomic_load_n(&b->server->references_changed, __ATOMIC_RELAXED);
    *out = NULL;
    lk_status status = finders_of(&f, b, err);
    if (status != LK_OK) {
        return status;
    }
    if (f->originals &&
        (f->originals_of != now || clock_s() - f->originals_since_s > ORIGINALS_S)) {
        lk_finder_close(f->originals);
        f->originals = NULL;
    }
    if (!f->originals) {
        status = lk_finder_open(&f->originals, b->store, b->engine, b->model, NULL, err);
        f->originals_of = now;
        f->originals_since_s = clock_s();
    }
    *out = f->originals;
    return status;
}

lk_status server_store(lk_store **out, const struct server *s, lk_error *err) {
    const lk_store_options options = {.blobs = s->options->blobs};
    return lk_store_open(out, s->options->db, &options, err);
}
