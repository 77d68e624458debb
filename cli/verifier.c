/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/verifier.h"

#include "base/error.h"

const lk_load_options photo_size = {.max_side = LK_VERIFY_PHOTO_SIDE};

/* The areas of the command line, which may be shares of the original's size. */
static lk_status add_areas(void *arg, lk_original *original, lk_error *err) {
    const struct verifier *v = arg;
    struct area_list areas = {0};
    char message[256] = "";
    lk_status status = LK_OK;
    if (!areas_parse(&areas, &v->ignore, &v->ignore_poly, original->info.width,
                     original->info.height, message, sizeof message)) {
        status = message[0] ? error_set(err, LK_E_USAGE, "%s", message) : error_memory(err, 0);
    }
    for (size_t i = 0; status == LK_OK && i < areas.count; i++) {
        status = lk_original_ignore(original, &areas.polygons[i], err);
    }
    areas_release(&areas);
    return status;
}

static void show_step(void *arg, int64_t done, int64_t total, const char *name) {
    struct verifier *v = arg;
    if (done == 0) {
        progress_begin(&v->progress, v->common, (size_t)total);
    }
    progress_step(&v->progress, name);
    if (done + 1 == total) {
        progress_end(&v->progress);
    }
}

lk_status verifier_open(struct verifier *v, lk_error *err) {
    lk_contest_options o = lk_contest_options_default();
    o.model = v->model;
    o.verify.policy = &v->policy;
    o.verify.compare.want_evidence = v->want_evidence;
    o.verify.compare.measures = v->tell_all ? NULL : "";
    o.verify.compare.no_aspects = !v->tell_all;
    o.verify.compare.measure.no_details = !v->tell_all;
    o.keeps = v->keeps;
    o.areas = add_areas;
    o.arg = v;
    o.progress = (lk_progress){show_step, v};
    return lk_contest_open(&v->contest, v->engine, &o, err);
}

void verifier_close(struct verifier *v) {
    lk_contest_close(v->contest);
    v->contest = NULL;
}

enum exit_code verification_code(const lk_verification *v) {
    if (v->verdict == LK_CANNOT_TELL) {
        return EXIT_INCONCLUSIVE;
    }
    return v->verdict == LK_SAME && v->intact != LK_ALTERED ? EXIT_YES : EXIT_NO;
}
