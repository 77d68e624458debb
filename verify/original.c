/* SPDX-License-Identifier: Apache-2.0 */
/* Originals as they are looked at: from a file or a store, with the areas to leave out and what is known of them. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"
#include "image/engine.h"
#include "verify/contest.h"

/* No more of a large JPEG than is looked at. */
static const lk_load_options original_size = {.max_side = LK_VERIFY_FRAME_SIDE};

void lk_original_release(lk_original *o) {
    if (o) {
        for (size_t i = 0; i < o->ignore_count; i++) {
            mem_free(o->ignore[i].xy);
        }
        mem_free(o->ignore);
        lk_reference_release(&o->stored);
        lk_bytes_release(&o->file);
        lk_image_release(&o->image);
        lk_features_free(o->features);
        *o = (lk_original){0};
    }
}

lk_status lk_original_ignore(lk_original *o, const lk_polygon *area, lk_error *err) {
    size_t numbers = 2 * (size_t)area->count;
    lk_polygon *all = mem_realloc(o->ignore, o->ignore_count + 1, sizeof *all);
    if (!all) {
        return error_memory(err, (o->ignore_count + 1) * sizeof *all);
    }
    o->ignore = all;
    lk_polygon *copy = &all[o->ignore_count];
    *copy = (lk_polygon){area->count, mem_alloc(numbers, sizeof *copy->xy)};
    if (!copy->xy) {
        return error_memory(err, numbers * sizeof *copy->xy);
    }
    memcpy(copy->xy, area->xy, numbers * sizeof *copy->xy);
    o->ignore_count++;
    return LK_OK;
}

/* From its bytes. */
static lk_status decode(lk_original *o, const lk_contest *c, const char *name, lk_error *err) {
    lk_status status = lk_image_decode(&o->image, &o->info, c->engine, o->file.data, o->file.size,
                                       name, &original_size, err);
    if (status == LK_OK && c->options.areas) {
        status = c->options.areas(c->options.arg, o, err);
    }
    return status;
}

lk_status lk_original_load(lk_original *out, const lk_contest *contest, const char *path,
                           lk_error *err) {
    const lk_engine *engine = contest->engine;
    *out = (lk_original){0};
    lk_status status = file_read(&out->file, path, engine->limits.file_bytes, engine->stop, err);
    status = status == LK_OK ? decode(out, contest, path, err) : status;
    if (status != LK_OK) {
        lk_original_release(out);
    }
    return status;
}

/* The areas of the stored version behind those of the caller. */
static lk_status add_stored_areas(lk_original *o, lk_error *err) {
    lk_status status = LK_OK;
    for (size_t i = 0; status == LK_OK && i < o->stored.ignore_count; i++) {
        status = lk_original_ignore(o, &o->stored.ignore[i], err);
    }
    return status;
}

/* What is kept of the original; where it is not, or damaged, it is computed, and kept if the store may be written to. That this
 * fails is no error: the verdict finds it by itself. */
static void read_features(lk_original *o, const lk_contest *c, lk_store *store) {
    lk_reference_facts facts;
    lk_model *model = c->options.model;
    lk_status status = lk_reference_features(&o->features, store, &o->stored, model, NULL);
    if ((status == LK_OK && o->features) || lk_store_reads_only(store)) {
        return;
    }
    status = lk_reference_facts_make(&facts, c->engine, model, &o->image, &o->file, NULL);
    status = status == LK_OK
                 ? lk_reference_facts_keep(&facts, store, o->stored.id, o->stored.version, NULL)
                 : status;
    if (status == LK_OK) {
        status = lk_reference_features(&o->features, store, &o->stored, model, NULL);
    }
    if (status != LK_OK) {
        o->features = NULL;
    }
    lk_reference_facts_release(&facts);
}

/* Out of use: nothing that is sold is held beside it by mistake, and an old verdict can still be looked at. */
static lk_status check_in_use(const lk_reference *r, const char *text, lk_error *err) {
    if (!r->removed || strcmp(text, r->id) != 0) {
        return LK_OK;
    }
    lk_status status =
        error_set(err, LK_E_IO, "the reference was removed: %.128s@%d names it still", r->id,
                  (int)r->version);
    return error_input(err, status, text);
}

lk_status lk_original_find(lk_original *out, const lk_contest *contest, lk_store *store,
                           const char *text, lk_error *err) {
    *out = (lk_original){0};
    lk_reference *r = &out->stored;
    lk_status status = lk_reference_find(r, store, text, err);
    status = status == LK_OK ? check_in_use(r, text, err) : status;
    status = status == LK_OK ? lk_reference_picture(&out->file, store, r, err) : status;
    if (status == LK_OK) {
        status = decode(out, contest, r->file_name[0] ? r->file_name : r->id, err);
    }
    status = status == LK_OK ? add_stored_areas(out, err) : status;
    if (status != LK_OK) {
        lk_original_release(out);
    } else {
        read_features(out, contest, store);
    }
    return status;
}

lk_status original_of(lk_original *out, const lk_contest *contest, lk_store *store,
                      const lk_candidate *candidate, lk_error *err) {
    char text[LK_REFERENCE_ID_MAX + 16];
    snprintf(text, sizeof text, "%.128s@%d", candidate->id, (int)candidate->version);
    return lk_original_find(out, contest, store, text, err);
}
