/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/verifier.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"
#include "cli/stop.h"

/* No more of a large JPEG than is looked at. */
static const lk_load_options original_size = {.max_side = LK_VERIFY_FRAME_SIDE};
const lk_load_options photo_size = {.max_side = LK_VERIFY_PHOTO_SIDE};

void original_release(struct original *o) {
    lk_reference_release(&o->stored);
    lk_bytes_release(&o->file);
    lk_image_release(&o->image);
    areas_release(&o->areas);
    lk_features_free(o->features);
    *o = (struct original){0};
}

/* Once its picture is there. */
static lk_status read_areas(struct original *out, const struct verifier *v, lk_error *err) {
    char message[256];
    return areas_parse(&out->areas, &v->ignore, &v->ignore_poly, out->info.width, out->info.height,
                       message, sizeof message)
               ? LK_OK
               : error_set(err, LK_E_USAGE, "%s", message);
}

lk_status original_load(struct original *out, const struct verifier *v, const char *path,
                        lk_error *err) {
    *out = (struct original){0};
    int64_t most = lk_engine_limits(v->engine).file_bytes;
    lk_status status = file_read(&out->file, path, most, stop_flag(), err);
    if (status == LK_OK) {
        status = lk_image_decode(&out->image, &out->info, v->engine, out->file.data, out->file.size,
                                 path, &original_size, err);
    }
    status = status == LK_OK ? read_areas(out, v, err) : status;
    if (status != LK_OK) {
        original_release(out);
    }
    return status;
}

/* The areas of the stored version behind those of the command line. */
static lk_status add_stored_areas(struct original *o, lk_error *err) {
    const lk_reference *r = &o->stored;
    size_t count = o->areas.count + r->ignore_count;
    lk_polygon *all = mem_realloc(o->areas.polygons, count + 1, sizeof *all);
    if (!all) {
        return error_memory(err, count * sizeof *all);
    }
    o->areas.polygons = all;
    for (size_t i = 0; i < r->ignore_count; i++) {
        size_t numbers = 2 * (size_t)r->ignore[i].count;
        lk_polygon copy = {r->ignore[i].count, mem_alloc(numbers, sizeof *copy.xy)};
        if (!copy.xy) {
            return error_memory(err, numbers * sizeof *copy.xy);
        }
        memcpy(copy.xy, r->ignore[i].xy, numbers * sizeof *copy.xy);
        all[o->areas.count++] = copy;
    }
    return LK_OK;
}

/* What is kept of the original; where it is not, or damaged, it is computed, and kept if the store may be written to. That this
 * fails is no error: the verdict finds it by itself. */
static void read_features(struct original *o, const struct verifier *v, lk_store *store) {
    lk_reference_facts facts;
    lk_status status = lk_reference_features(&o->features, store, &o->stored, v->model, NULL);
    if ((status == LK_OK && o->features) || lk_store_reads_only(store)) {
        return;
    }
    status = lk_reference_facts_make(&facts, v->engine, v->model, &o->image, &o->file, NULL);
    status = status == LK_OK
                 ? lk_reference_facts_keep(&facts, store, o->stored.id, o->stored.version, NULL)
                 : status;
    if (status == LK_OK) {
        status = lk_reference_features(&o->features, store, &o->stored, v->model, NULL);
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

lk_status original_find(struct original *out, const struct verifier *v, lk_store *store,
                        const char *text, lk_error *err) {
    *out = (struct original){0};
    lk_status status = lk_reference_find(&out->stored, store, text, err);
    status = status == LK_OK ? check_in_use(&out->stored, text, err) : status;
    status = status == LK_OK ? lk_reference_picture(&out->file, store, &out->stored, err) : status;
    if (status == LK_OK) {
        const char *name = out->stored.file_name[0] ? out->stored.file_name : out->stored.id;
        status = lk_image_decode(&out->image, &out->info, v->engine, out->file.data, out->file.size,
                                 name, &original_size, err);
    }
    status = status == LK_OK ? read_areas(out, v, err) : status;
    status = status == LK_OK ? add_stored_areas(out, err) : status;
    if (status != LK_OK) {
        original_release(out);
    } else {
        read_features(out, v, store);
    }
    return status;
}

lk_status original_of(struct original *out, const struct verifier *v, lk_store *store,
                      const lk_candidate *candidate, lk_error *err) {
    char text[LK_REFERENCE_ID_MAX + 16];
    snprintf(text, sizeof text, "%.128s@%d", candidate->id, (int)candidate->version);
    return original_find(out, v, store, text, err);
}

lk_status verifier_compare(lk_verification *out, const struct verifier *v,
                           const struct original *original, const struct sought *photo,
                           lk_error *err) {
    lk_verify_options o = lk_verify_options_default();
    o.policy = &v->policy;
    o.compare.measure.model = v->model;
    o.compare.ignore = original->areas.polygons;
    o.compare.ignore_count = original->areas.count;
    o.compare.infos[0] = &original->info;
    o.compare.infos[1] = photo->info;
    o.compare.features[0] = original->features;
    o.compare.features[1] = photo->features;
    o.compare.want_evidence = v->want_evidence;
    o.compare.measures = v->tell_all ? NULL : "";
    o.compare.no_aspects = !v->tell_all;
    o.compare.measure.no_details = !v->tell_all;
    lk_status status = lk_verify(out, v->engine, &original->image, photo->image, &o, err);
    if (status == LK_OK && original->stored.version > 0) {
        snprintf(out->reference_id, sizeof out->reference_id, "%s", original->stored.id);
        out->reference_version = original->stored.version;
    }
    return status;
}

lk_status verifier_check(lk_verification *out, lk_image_info *info, const struct verifier *v,
                         const struct original *original, const char *path, lk_error *err) {
    lk_image photo = {0};
    *out = (lk_verification){0};
    lk_status status = lk_image_load(&photo, info, v->engine, path, &photo_size, err);
    if (status == LK_OK) {
        const struct sought sought = {&photo, info, NULL};
        status = verifier_compare(out, v, original, &sought, err);
    }
    lk_image_release(&photo);
    return status;
}

enum exit_code verification_code(const lk_verification *v) {
    if (v->verdict == LK_CANNOT_TELL) {
        return EXIT_INCONCLUSIVE;
    }
    return v->verdict == LK_SAME && v->intact != LK_ALTERED ? EXIT_YES : EXIT_NO;
}
