/* SPDX-License-Identifier: Apache-2.0 */
/* Opening a finder: from its file where that is of the present state of the store, else from the database. */
#include "verify/finder.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "store/store.h"

/* Kinds with their versions, and the model. */
static void key_text(char *out, size_t size, const lk_model *model) {
    size_t at = 0;
    for (int kind = 0; kind < DERIVED_KINDS; kind++) {
        const lk_derived_key k = derived_key((enum derived_kind)kind, model);
        int n = snprintf(out + at, size - at, "%s/%d/%.63s ", k.kind, (int)k.algorithm,
                         k.model ? k.model : "");
        at += (size_t)n < size - at ? (size_t)n : size - at - 1;
    }
}

static lk_status prepare(lk_finder *f, lk_error *err) {
    const struct finder_list *lists = finder_section(f, FINDER_LISTS);
    f->sound = mem_calloc(VISUAL_WORDS, 1);
    if (!f->sound) {
        return error_memory(err, VISUAL_WORDS);
    }
    for (int32_t w = 0; w < VISUAL_WORDS; w++) {
        f->list_most = MAX(f->list_most, lists[w].count);
    }
    return LK_OK;
}

/* -- What was not derived yet, or by an older version -- */

static lk_status derive_one(lk_store *store, lk_engine *engine, lk_model *model, const char *id,
                            lk_error *err) {
    lk_reference r;
    lk_bytes file = {0};
    lk_image picture = {0};
    lk_image_info info;
    lk_reference_facts facts = {0};
    lk_status status = lk_reference_get(&r, store, id, 0, err);
    status = status == LK_OK ? lk_reference_picture(&file, store, &r, err) : status;
    status = status == LK_OK
                 ? lk_image_decode(&picture, &info, engine, file.data, file.size, r.id, NULL, err)
                 : status;
    status = status == LK_OK ? lk_reference_facts_make(&facts, engine, model, &picture, &file, err)
                             : status;
    status =
        status == LK_OK ? lk_reference_facts_keep(&facts, store, r.id, r.version, err) : status;
    lk_reference_facts_release(&facts);
    lk_image_release(&picture);
    lk_bytes_release(&file);
    lk_reference_release(&r);
    return status;
}

struct missing {
    char (*ids)[LK_REFERENCE_ID_MAX + 1];
    size_t count, capacity;
    bool failed;
};

static bool note_missing(void *arg, const char *id) {
    struct missing *m = arg;
    if (m->count == m->capacity) {
        size_t capacity = 2 * m->capacity + 64;
        void *ids = mem_realloc(m->ids, capacity, sizeof *m->ids);
        m->failed = !ids;
        if (!ids) {
            return false;
        }
        m->ids = ids;
        m->capacity = capacity;
    }
    snprintf(m->ids[m->count++], sizeof *m->ids, "%s", id);
    return true;
}

bool status_is_of_picture(lk_status status) {
    return status == LK_E_CORRUPT || status == LK_E_IO || status == LK_E_FORMAT ||
           status == LK_E_LIMIT || status == LK_E_SIZE;
}

lk_status lk_references_derive(int64_t *count, lk_store *store, lk_engine *engine, lk_model *model,
                               const lk_progress *progress, lk_error *err) {
    lk_derived_key keys[DERIVED_KINDS];
    struct missing m = {0};
    for (int kind = 0; kind < DERIVED_KINDS; kind++) {
        keys[kind] = derived_key((enum derived_kind)kind, model);
    }
    *count = 0;
    lk_status status = store_visit_underived(store, keys, DERIVED_KINDS, note_missing, &m, err);
    if (status == LK_OK && m.failed) {
        status = error_memory(err, m.capacity * sizeof *m.ids);
    }
    for (size_t i = 0; status == LK_OK && i < m.count; i++) {
        if (progress && progress->step) {
            progress->step(progress->arg, (int64_t)i, (int64_t)m.count, m.ids[i]);
        }
        status = derive_one(store, engine, model, m.ids[i], err);
        *count += status == LK_OK;
        if (status_is_of_picture(status)) {
            status = LK_OK; /* that picture cannot be found by; ref show and the check tell why */
        }
    }
    mem_free(m.ids);
    return status;
}

/* -- Opening -- */

static lk_status build_once(lk_finder *f, int64_t *damaged, lk_store *store, lk_model *model,
                            const char *key, lk_error *err) {
    struct store_state state;
    lk_status status = store_read_begin(store, err); /* state and rows of one moment */
    if (status != LK_OK) {
        return status;
    }
    status = store_state(&state, store, err);
    status = status == LK_OK ? finder_build(f, damaged, store, model, &state, key, err) : status;
    store_read_end(store);
    return status;
}

/* Of the kinds that a finder is made of; keypoints, a hundred times as much, are looked at when they are read. */
static lk_status derive_damaged(lk_store *store, lk_engine *engine, lk_model *model,
                                const lk_progress *progress, lk_error *err) {
    static const enum derived_kind kinds[] = {DERIVED_EMBEDDING, DERIVED_WORDS, DERIVED_PDQ};
    int64_t derived;
    lk_status status = LK_OK;
    for (size_t i = 0; status == LK_OK && i < ARRAY_COUNT(kinds); i++) {
        const lk_derived_key key = derived_key(kinds[i], model);
        status = store_drop_damaged(store, &key, err);
    }
    return status == LK_OK ? lk_references_derive(&derived, store, engine, model, progress, err)
                           : status;
}

/* A damaged row of one original must not keep the others from being found: it is derived again, or, where nothing may be written,
 * left out. */
static lk_status build(lk_finder *f, lk_store *store, lk_engine *engine, lk_model *model,
                       const char *key, const lk_progress *progress, lk_error *err) {
    int64_t damaged = 0;
    lk_status status = build_once(f, &damaged, store, model, key, err);
    if (status == LK_OK && damaged > 0 && !store->at.reads_only) {
        mem_free((void *)(uintptr_t)f->data);
        f->data = NULL;
        status = derive_damaged(store, engine, model, progress, err);
        status = status == LK_OK ? build_once(f, &damaged, store, model, key, err) : status;
    }
    if (status == LK_OK) {
        finder_write(f, store);
    }
    return status;
}

lk_status lk_finder_open(lk_finder **out, lk_store *store, lk_engine *engine, lk_model *model,
                         const lk_progress *progress, lk_error *err) {
    char key[sizeof finder_head_of(*out)->key];
    struct store_state state;
    int64_t derived;
    bool there = false;
    *out = NULL;
    lk_finder *f = mem_calloc(1, sizeof *f);
    if (!f) {
        return error_memory(err, sizeof *f);
    }
    f->dim = lk_model_dim(model);
    f->folder_fd = store->at.reads_only ? -1 : fcntl(store->folder_fd, F_DUPFD_CLOEXEC, 0);
    key_text(key, sizeof key, model);
    lk_status status = store_state(&state, store, err);
    if (status == LK_OK) {
        there = finder_map(f, store, &state, key, (uint64_t)finder_layers(f->dim));
    }
    if (status == LK_OK && !there && !store->at.reads_only) {
        status = lk_references_derive(&derived, store, engine, model, progress, err);
    }
    status =
        status == LK_OK && !there ? build(f, store, engine, model, key, progress, err) : status;
    status = status == LK_OK ? prepare(f, err) : status;
    if (status != LK_OK) {
        lk_finder_close(f);
        return status;
    }
    *out = f;
    return LK_OK;
}

void lk_finder_close(lk_finder *f) {
    if (f) {
        if (f->mapped) {
            munmap((void *)(uintptr_t)f->data, f->size);
        } else {
            mem_free((void *)(uintptr_t)f->data);
        }
        if (f->folder_fd >= 0) {
            close(f->folder_fd);
        }
        mem_free(f->sound);
        mem_free(f);
    }
}

int64_t lk_finder_count(const lk_finder *f) {
    return (int64_t)finder_head_of(f)->count;
}
