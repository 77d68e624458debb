/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/verifier.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"

/* No more of a large JPEG than is looked at. */
static const lk_load_options original_size = {.max_side = LK_VERIFY_FRAME_SIDE};
const lk_load_options photo_size = {.max_side = LK_VERIFY_PHOTO_SIDE};

void original_release(struct original *o) {
    lk_reference_release(&o->stored);
    lk_bytes_release(&o->file);
    lk_image_release(&o->image);
    areas_release(&o->areas);
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
    lk_status status = lk_image_load(&out->image, &out->info, v->engine, path, &original_size, err);
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

lk_status original_find(struct original *out, const struct verifier *v, lk_store *store,
                        const char *text, lk_error *err) {
    *out = (struct original){0};
    lk_status status = lk_reference_find(&out->stored, store, text, err);
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
    }
    return status;
}

lk_status verifier_compare(lk_verification *out, const struct verifier *v,
                           const struct original *original, const lk_image *photo,
                           const lk_image_info *info, lk_error *err) {
    lk_verify_options o = lk_verify_options_default();
    o.policy = &v->policy;
    o.compare.measure.model = v->model;
    o.compare.ignore = original->areas.polygons;
    o.compare.ignore_count = original->areas.count;
    o.compare.infos[0] = &original->info;
    o.compare.infos[1] = info;
    o.compare.want_evidence = v->want_evidence;
    lk_status status = lk_verify(out, v->engine, &original->image, photo, &o, err);
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
        status = verifier_compare(out, v, original, &photo, info, err);
    }
    lk_image_release(&photo);
    return status;
}

/* -- Which one it is -- */

enum { CANDIDATES = 16 };

static const double sure = 0.999; /* of the same thing: the others need not be asked */

static bool is_better(const lk_verification *a, const lk_verification *b) {
    bool same_a = a->verdict == LK_SAME, same_b = b->verdict == LK_SAME;
    return same_a != same_b ? same_a : a->probability > b->probability;
}

lk_status verifier_identify(lk_verification *out, struct original *original,
                            const struct verifier *v, lk_store *store, const lk_image *photo,
                            const lk_image_info *info, lk_error *err) {
    lk_candidate candidates[CANDIDATES];
    int32_t count = 0;
    *out = (lk_verification){0};
    *original = (struct original){0};
    lk_status status = lk_identify(candidates, CANDIDATES, &count, store, v->model, photo, err);
    if (status == LK_OK && count == 0) {
        status = error_set(err, LK_E_IO, "the store holds no original with an embedding");
    }
    bool found = false;
    for (int32_t i = 0; status == LK_OK && i < count && !found; i++) {
        struct original tried;
        lk_verification result = {0};
        char text[LK_REFERENCE_ID_MAX + 16];
        snprintf(text, sizeof text, "%.128s@%d", candidates[i].id, (int)candidates[i].version);
        status = original_find(&tried, v, store, text, err);
        status = status == LK_OK ? verifier_compare(&result, v, &tried, photo, info, err) : status;
        bool better = status == LK_OK && (i == 0 || is_better(&result, out));
        lk_verification_release(better ? out : &result);
        original_release(better ? original : &tried);
        if (better) {
            *out = result;
            *original = tried;
        }
        found = out->verdict == LK_SAME && out->probability >= sure;
    }
    if (status != LK_OK) {
        lk_verification_release(out);
        original_release(original);
    }
    return status;
}

enum exit_code verification_code(const lk_verification *v) {
    if (v->verdict == LK_CANNOT_TELL) {
        return EXIT_INCONCLUSIVE;
    }
    return v->verdict == LK_SAME && v->intact != LK_ALTERED ? EXIT_YES : EXIT_NO;
}
