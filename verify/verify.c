/* SPDX-License-Identifier: Apache-2.0 */
/* Quality of the photo -> comparison -> evidence -> probability -> two answers with reasons (answers.c). */
#include <likeness/model.h>
#include <likeness/verify.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "image/image.h"
#include "verify/alarms.h"
#include "verify/answers.h"
#include "verify/evidence.h"
#include "verify/working.h"

lk_verify_options lk_verify_options_default(void) {
    return (lk_verify_options){.compare = lk_compare_options_default()};
}

void lk_verification_release(lk_verification *v) {
    if (v) {
        lk_comparison_release(&v->comparison);
        *v = (lk_verification){0};
    }
}

/* -- All of it -- */

/* The pair as it is looked at. */
struct working {
    const lk_image *reference, *photo;
    lk_image small_reference,
        small_photo;        /* owned; empty where the picture is small enough as it is */
    lk_image_info infos[2]; /* with the sizes of the whole pictures */
};

static void working_close(struct working *w) {
    lk_image_release(&w->small_reference);
    lk_image_release(&w->small_photo);
}

static void take_info(lk_image_info *out, const lk_image_info *info, const lk_image *image) {
    *out = info ? *info : (lk_image_info){0};
    if (out->width <= 0 || out->height <= 0) {
        out->width = image->width;
        out->height = image->height;
    }
}

static bool is_one_file(const struct working *w) {
    const char *a = w->infos[0].sha256, *b = w->infos[1].sha256;
    return (a[0] && strcmp(a, b) == 0) || image_equal(w->reference, w->photo);
}

static lk_status working_open(struct working *w, lk_engine *engine, const lk_image *reference,
                              const lk_image *photo, const lk_compare_options *o, lk_error *err) {
    lk_status status = LK_OK;
    *w = (struct working){.reference = reference, .photo = photo};
    take_info(&w->infos[0], o->infos[0], reference);
    take_info(&w->infos[1], o->infos[1], photo);
    bool one_file = is_one_file(w); /* then equal pixels are to stay equal */
    if (!o->mask) {                 /* a mask has the size of the reference */
        status = working_reduce_reference(&w->reference, &w->small_reference, engine, err);
    }
    if (one_file) {
        w->photo = w->reference;
    } else if (status == LK_OK) {
        status = working_reduce_photo(&w->photo, &w->small_photo, engine, err);
    }
    return status;
}

/* What the caller wants to see and what the evidence needs. */
static lk_status list_measures(char **out, const char *wanted, lk_error *err) {
    const char *list = wanted ? wanted : "default";
    size_t size = strlen(list) + sizeof "," EVIDENCE_MEASURES;
    *out = mem_alloc(size, 1);
    if (!*out) {
        return error_memory(err, size);
    }
    snprintf(*out, size, "%s%s%s", list, *list ? "," : "", EVIDENCE_MEASURES);
    return LK_OK;
}

static lk_status compare(lk_verification *out, lk_engine *engine, const struct working *w,
                         const lk_verify_options *options, lk_error *err) {
    lk_compare_options o = options->compare;
    lk_model *own = NULL;
    o.infos[0] = &w->infos[0];
    o.infos[1] = &w->infos[1];
    char *measures;
    lk_status status = list_measures(&measures, o.measures, err);
    if (status == LK_OK && !o.measure.model) {
        status = lk_model_open(&own, engine, LK_MODEL_DEFAULT, NULL, err);
        o.measure.model = own;
    }
    if (status == LK_OK) {
        o.measures = measures;
        status = lk_compare(&out->comparison, engine, w->reference, w->photo, &o, err);
    }
    lk_model_free(own);
    mem_free(measures);
    return status;
}

lk_status lk_verify(lk_verification *out, lk_engine *engine, const lk_image *reference,
                    const lk_image *photo, const lk_verify_options *options, lk_error *err) {
    lk_verify_options defaults = lk_verify_options_default();
    const lk_verify_options *o = options ? options : &defaults;
    struct working w = {0};
    struct screen screen = {0};
    *out = (lk_verification){0};
    lk_status status = LK_OK;
    if (o->policy) {
        out->policy = *o->policy;
    } else {
        status = lk_policy_built_in(&out->policy, "photos", err);
    }
    status =
        status == LK_OK ? working_open(&w, engine, reference, photo, &o->compare, err) : status;
    status = status == LK_OK ? lk_quality_measure(&out->quality, engine, w.photo, err) : status;
    status = status == LK_OK ? screen_measure(&screen, engine, photo, err) : status;
    status = status == LK_OK ? compare(out, engine, &w, o, err) : status;
    out->quality.width = w.infos[1].width;
    out->quality.height = w.infos[1].height;
    working_close(&w);
    if (status != LK_OK) {
        lk_verification_release(out);
        return status;
    }
    evidence_gather(&out->evidence, &out->comparison);
    out->alone = out->probability = lk_policy_probability(&out->policy, &out->evidence);
    warn_of_screen(&out->comparison, &screen);
    warn_of_copy(&out->comparison);
    answer(out);
    return LK_OK;
}
