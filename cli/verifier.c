/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/verifier.h"

#include "base/error.h"

void original_release(struct original *o) {
    lk_image_release(&o->image);
    areas_release(&o->areas);
    *o = (struct original){0};
}

lk_status original_load(struct original *out, const struct verifier *v, const char *path,
                        lk_error *err) {
    char message[256];
    *out = (struct original){0};
    lk_status status = lk_image_load(&out->image, &out->info, v->engine, path, NULL, err);
    if (status == LK_OK && !areas_parse(&out->areas, &v->ignore, &v->ignore_poly, out->image.width,
                                        out->image.height, message, sizeof message)) {
        status = error_set(err, LK_E_USAGE, "%s", message);
    }
    if (status != LK_OK) {
        original_release(out);
    }
    return status;
}

lk_status verifier_check(lk_verification *out, lk_image_info *info, const struct verifier *v,
                         const struct original *original, const char *path, lk_error *err) {
    lk_image photo = {0};
    lk_verify_options o = lk_verify_options_default();
    o.policy = &v->policy;
    o.compare.measure.model = v->model;
    o.compare.ignore = original->areas.polygons;
    o.compare.ignore_count = original->areas.count;
    o.compare.infos[0] = &original->info;
    o.compare.infos[1] = info;
    o.compare.want_evidence = v->want_evidence;
    *out = (lk_verification){0};
    lk_status status = lk_image_load(&photo, info, v->engine, path, NULL, err);
    if (status == LK_OK) {
        status = lk_verify(out, v->engine, &original->image, &photo, &o, err);
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
