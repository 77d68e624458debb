/* SPDX-License-Identifier: Apache-2.0 */
/* Opening a finder: from its file where that is of the present state of the store, else from the database. */
#include "verify/finder.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "store/vectors.h"

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

struct ids {
    char (*items)[LK_REFERENCE_ID_MAX + 1];
    size_t count, capacity, most;
    bool failed; /* memory */
};

/* Until there are `most`. */
static bool note_id(void *arg, const char *id) {
    struct ids *all = arg;
    if (all->count == all->capacity) {
        size_t capacity = 2 * all->capacity + 64;
        void *items = mem_realloc(all->items, capacity, sizeof *all->items);
        all->failed = !items;
        if (!items) {
            return false;
        }
        all->items = items;
        all->capacity = capacity;
    }
    snprintf(all->items[all->count++], sizeof *all->items, "%s", id);
    return all->count < all->most;
}

static lk_status ids_end(const struct ids *all, lk_status status, lk_error *err) {
    return status == LK_OK && all->failed ? error_memory(err, all->capacity * sizeof *all->items)
                                          : status;
}

bool status_is_of_picture(lk_status status) {
    return status == LK_E_CORRUPT || status == LK_E_IO || status == LK_E_FORMAT ||
           status == LK_E_LIMIT || status == LK_E_SIZE;
}

static lk_status derive_since(int64_t *count, lk_store *store, lk_engine *engine, lk_model *model,
                              int64_t since, const lk_progress *progress, lk_error *err) {
    lk_derived_key keys[DERIVED_KINDS];
    struct ids missing = {.most = SIZE_MAX};
    for (int kind = 0; kind < DERIVED_KINDS; kind++) {
        keys[kind] = derived_key((enum derived_kind)kind, model);
    }
    *count = 0;
    lk_status status =
        store_visit_underived(store, keys, DERIVED_KINDS, since, note_id, &missing, err);
    status = ids_end(&missing, status, err);
    for (size_t i = 0; status == LK_OK && i < missing.count; i++) {
        if (progress && progress->step) {
            progress->step(progress->arg, (int64_t)i, (int64_t)missing.count, missing.items[i]);
        }
        status = derive_one(store, engine, model, missing.items[i], err);
        *count += status == LK_OK;
        if (status_is_of_picture(status)) {
            status = LK_OK; /* that picture cannot be found by; ref show and the check tell why */
        }
    }
    mem_free(missing.items);
    return status;
}

lk_status lk_references_derive(int64_t *count, lk_store *store, lk_engine *engine, lk_model *model,
                               const lk_progress *progress, lk_error *err) {
    return derive_since(count, store, engine, model, STORE_EVER, progress, err);
}

/* -- Opening -- */

/* A tail costs as much to make as its share of the whole, and is made anew after each change; the whole when the tail has grown to
 * one in so many. */
enum { TAIL_SHARE = 20 };

struct opening {
    lk_finder *f;
    lk_store *store;
    lk_engine *engine;
    lk_model *model;
    const lk_progress *progress;
    struct ids changed; /* since the whole part; in byte order */
    uint64_t layers;
    char key[sizeof finder_head_of(NULL)->key];
};

static const struct finder_head *whole_of(const struct opening *o) {
    return finder_head_of(&o->f->parts[FINDER_WHOLE]);
}

/* What was changed since the whole part, the first `most`. */
static lk_status list_changed(struct opening *o, size_t most, lk_error *err) {
    o->changed.count = 0;
    o->changed.most = most;
    lk_status status =
        store_visit_changed(o->store, whole_of(o)->changes, note_id, &o->changed, err);
    return ids_end(&o->changed, status, err);
}

static lk_status map_one(bool *there, struct opening *o, const struct store_state *state,
                         int32_t part, int64_t since, lk_error *err) {
    struct finder_part *p = &o->f->parts[part];
    *there = finder_map(p, o->store, state, since, o->key, o->layers);
    if (!*there) {
        return LK_OK;
    }
    const struct finder_head *h = finder_head_of(p);
    lk_status status = store_was(there, o->store, h->entries, h->log, err);
    if (!*there) {
        finder_part_release(p);
    }
    return status;
}

/* The files that can be used: *parts is how many there are, *wanted how many it takes. Inside store_read_begin. */
static lk_status map_files(struct opening *o, int32_t *wanted, lk_error *err) {
    struct store_state state;
    lk_finder *f = o->f;
    bool there = false;
    *wanted = 1;
    lk_status status = store_state(&state, o->store, err);
    status = status == LK_OK ? map_one(&there, o, &state, FINDER_WHOLE, STORE_EVER, err) : status;
    f->part_count = there;
    if (status != LK_OK || !there || whole_of(o)->changes == state.changes) {
        return status;
    }
    status = list_changed(o, (size_t)(whole_of(o)->count / TAIL_SHARE) + 1, err);
    if (status == LK_OK && o->changed.count == o->changed.most) {
        finder_part_release(&f->parts[FINDER_WHOLE]);
        f->part_count = 0;
    } else if (status == LK_OK && o->changed.count > 0) {
        *wanted = 2;
        status = map_one(&there, o, &state, FINDER_TAIL, whole_of(o)->changes, err);
        f->part_count += there;
    }
    return status;
}

/* State, rows and what was changed, of one moment. */
static lk_status build_once(struct opening *o, int64_t *damaged, int32_t part, lk_error *err) {
    struct store_state state;
    const int64_t since = part == FINDER_TAIL ? whole_of(o)->changes : STORE_EVER;
    lk_status status = store_read_begin(o->store, err);
    if (status != LK_OK) {
        return status;
    }
    status = store_state(&state, o->store, err);
    if (status == LK_OK) {
        status = finder_build(&o->f->parts[part], damaged, o->store, o->model, &state, since,
                              o->key, err);
    }
    if (status == LK_OK && part == FINDER_TAIL) {
        status = list_changed(o, SIZE_MAX, err);
    }
    store_read_end(o->store);
    return status;
}

/* Of the kinds that a finder is made of; keypoints, a hundred times as much, are looked at when they are read. */
static lk_status derive_damaged(struct opening *o, lk_error *err) {
    static const enum derived_kind kinds[] = {DERIVED_EMBEDDING, DERIVED_WORDS, DERIVED_PDQ};
    int64_t derived;
    lk_status status = LK_OK;
    for (size_t i = 0; status == LK_OK && i < ARRAY_COUNT(kinds); i++) {
        const lk_derived_key key = derived_key(kinds[i], o->model);
        status = store_drop_damaged(o->store, &key, err);
    }
    return status == LK_OK
               ? lk_references_derive(&derived, o->store, o->engine, o->model, o->progress, err)
               : status;
}

/* A damaged row of one original must not keep the others from being found: it is derived again, or, where nothing may be written,
 * left out. */
static lk_status build(struct opening *o, int32_t part, lk_error *err) {
    const bool writes = !o->store->at.reads_only;
    int64_t derived, damaged = 0;
    lk_status status = LK_OK;
    if (writes) {
        status =
            derive_since(&derived, o->store, o->engine, o->model,
                         part == FINDER_TAIL ? whole_of(o)->changes : STORE_EVER, o->progress, err);
    }
    status = status == LK_OK ? build_once(o, &damaged, part, err) : status;
    if (status == LK_OK && damaged > 0 && writes) {
        finder_part_release(&o->f->parts[part]);
        status = derive_damaged(o, err);
        status = status == LK_OK ? build_once(o, &damaged, part, err) : status;
    }
    if (status == LK_OK) {
        o->f->part_count = part + 1;
        finder_write(&o->f->parts[part], o->store);
    }
    return status;
}

/* -- Two parts as one -- */

static lk_status make_room(lk_finder *f, lk_error *err) {
    size_t count = 0;
    for (int32_t i = 0; i < f->part_count; i++) {
        struct finder_part *p = &f->parts[i];
        p->sound = mem_calloc(VISUAL_WORDS, 1);
        p->numbers = mem_alloc(finder_head_of(p)->count, sizeof *p->numbers);
        count += (size_t)finder_head_of(p)->count;
        if (!p->sound || !p->numbers) {
            return error_memory(err, count * sizeof *p->numbers);
        }
    }
    f->names = mem_alloc(count, sizeof *f->names);
    return f->names ? LK_OK : error_memory(err, count * sizeof *f->names);
}

static void take(lk_finder *f, int32_t part, size_t i) {
    struct finder_part *p = &f->parts[part];
    const struct finder_name *name =
        (const struct finder_name *)finder_section(p, FINDER_NAMES) + i;
    p->numbers[i] = f->count;
    f->names[f->count++] = name;
    f->postings += name->postings;
}

/* Numbers in byte order of ids, as they are in one part of all. */
static void number(lk_finder *f, const struct ids *changed) {
    const struct finder_part *whole = &f->parts[FINDER_WHOLE], *tail = &f->parts[FINDER_TAIL];
    const struct finder_name *names = finder_section(whole, FINDER_NAMES), *anew = NULL;
    size_t at = 0, tail_at = 0, tail_count = 0;
    if (f->part_count > FINDER_TAIL) {
        anew = finder_section(tail, FINDER_NAMES);
        tail_count = (size_t)finder_head_of(tail)->count;
    }
    for (size_t i = 0; i < finder_head_of(whole)->count; i++) {
        int order = 1;
        while (tail_at < tail_count && strcmp(anew[tail_at].id, names[i].id) <= 0) {
            take(f, FINDER_TAIL, tail_at++);
        }
        while (at < changed->count && (order = strcmp(changed->items[at], names[i].id)) < 0) {
            at++;
        }
        if (at < changed->count && order == 0) {
            f->parts[FINDER_WHOLE].numbers[i] = FINDER_GONE;
            f->parts[FINDER_WHOLE].gone = true;
        } else {
            take(f, FINDER_WHOLE, i);
        }
    }
    while (tail_at < tail_count) {
        take(f, FINDER_TAIL, tail_at++);
    }
}

static lk_status put_together(struct opening *o, lk_error *err) {
    lk_finder *f = o->f;
    lk_status status = make_room(f, err);
    if (status != LK_OK) {
        return status;
    }
    number(f, &o->changed);
    for (int32_t word = 0; word < VISUAL_WORDS; word++) {
        uint32_t count = 0;
        for (int32_t i = 0; i < f->part_count; i++) {
            const struct finder_list *lists = finder_section(&f->parts[i], FINDER_LISTS);
            count += lists[word].count;
        }
        f->list_most = MAX(f->list_most, count);
    }
    return LK_OK;
}

static lk_status open_parts(struct opening *o, lk_error *err) {
    int32_t wanted = 1;
    lk_status status = store_read_begin(o->store, err);
    if (status != LK_OK) {
        return status;
    }
    status = map_files(o, &wanted, err);
    store_read_end(o->store);
    if (status == LK_OK && o->f->part_count < wanted) {
        status = build(o, wanted - 1, err);
    }
    if (o->f->part_count == 1 && wanted == 1) {
        o->changed.count = 0; /* the whole is of this very moment */
    }
    return status == LK_OK ? put_together(o, err) : status;
}

lk_status lk_finder_open(lk_finder **out, lk_store *store, lk_engine *engine, lk_model *model,
                         const lk_progress *progress, lk_error *err) {
    *out = NULL;
    lk_finder *f = mem_calloc(1, sizeof *f);
    if (!f) {
        return error_memory(err, sizeof *f);
    }
    f->dim = lk_model_dim(model);
    f->folder_fd = store->at.reads_only ? -1 : fcntl(store->folder_fd, F_DUPFD_CLOEXEC, 0);
    struct opening o = {.f = f,
                        .store = store,
                        .engine = engine,
                        .model = model,
                        .progress = progress,
                        .layers = (uint64_t)finder_layers(f->dim)};
    key_text(o.key, sizeof o.key, model);
    f->vectors = derived_key(DERIVED_EMBEDDING, model);
    snprintf(f->model, sizeof f->model, "%s", f->vectors.model ? f->vectors.model : "");
    f->vectors.model = f->model;
    lk_status status = open_parts(&o, err);
    mem_free(o.changed.items);
    status = status == LK_OK ? store_near_ready(&f->near, store, &f->vectors, f->dim, err) : status;
    f->near = f->near && f->count >= store_near_least(store);
    if (status != LK_OK) {
        lk_finder_close(f);
        return status;
    }
    *out = f;
    return LK_OK;
}

void lk_finder_close(lk_finder *f) {
    if (f) {
        for (int32_t i = 0; i < FINDER_PARTS; i++) {
            finder_part_release(&f->parts[i]);
        }
        if (f->folder_fd >= 0) {
            close(f->folder_fd);
        }
        mem_free(f->names);
        mem_free(f);
    }
}

int64_t lk_finder_count(const lk_finder *f) {
    return (int64_t)f->count;
}
