/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/finders.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "serve/server.h"

enum {
    CONTEST_S = 60
}; /* after which changes that others made to the store are seen for certain */

struct finders {
    struct index {
        lk_collection *open; /* NULL: not yet */
        dev_t device;
        ino_t file;
    } indexes[COLLECTIONS_MOST];
    lk_model *model; /* another than the bench's; NULL: none was wanted */
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
        lk_model_free(f->model);
        mem_free(f);
    }
}

/* -- Collections -- */

lk_status finders_error(lk_error *err, lk_status status, const struct collection_place *place) {
    snprintf(err->input, sizeof err->input, "%s", status == LK_OK ? "" : place->name);
    return status;
}

void answer_index_error(struct request *r, const lk_error *err) {
    if (err->status == LK_E_IO || err->status == LK_E_CORRUPT || err->status == LK_E_FORMAT) {
        answer_problem(r, 500, "failed", "%s: %s", err->input, err->text);
    } else {
        answer_error(r, err);
    }
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
    int why = there ? 0 : errno;
    if (i->open && (!there || st.st_dev != i->device || st.st_ino != i->file)) {
        lk_collection_close(i->open);
        i->open = NULL;
    }
    if (!there && why == ENOENT) {
        return LK_OK;
    }
    if (!there) {
        status = error_set(err, LK_E_IO, "its index cannot be looked at: %s", strerror(why));
        return finders_error(err, status, place);
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

/* Whether references have changed since the contest of this bench was opened. One who is told of a change is told of the service's
 * own as well: then the number says that it is known already. */
static bool is_stale(struct bench *b, uint64_t now) {
    lk_error ignored;
    int64_t changes;
    if (clock_s() - b->contest_since_s > CONTEST_S) {
        return true;
    }
    bool same = b->contest_of == now || (lk_store_changes(&changes, b->store, &ignored) == LK_OK &&
                                         changes == b->contest_changes);
    b->contest_of = same ? now : b->contest_of;
    return !same;
}

lk_status finders_contest(lk_contest **out, struct bench *b, lk_error *err) {
    uint64_t now = __atomic_load_n(&b->server->references_changed, __ATOMIC_RELAXED);
    if (b->contest && is_stale(b, now)) {
        lk_contest_close(b->contest);
        b->contest = NULL;
    }
    lk_status status = LK_OK;
    if (!b->contest) {
        lk_contest_options o = lk_contest_options_default();
        o.model = b->model;
        o.keeps = true;
        o.verify.compare.want_evidence =
            true; /* for pictures and reports, which may be asked for */
        status = lk_store_changes(&b->contest_changes, b->store, err);
        status = status == LK_OK ? lk_contest_open(&b->contest, b->engine, &o, err) : status;
        b->contest_of = now;
        b->contest_since_s = clock_s();
    }
    *out = b->contest;
    return status;
}

lk_status server_store(lk_store **out, const struct server *s, lk_error *err) {
    const lk_store_options options = {.blobs = s->options->blobs};
    return lk_store_open(out, s->options->db, &options, err);
}
