/* SPDX-License-Identifier: Apache-2.0 */
/* Two pictures compared, as likeness compare does. */
#include <stdio.h>
#include <string.h>

#include "serve/server.h"

enum { AREAS_MOST = 64 };

/* In the order of lk_align_mode and lk_fit_mode. */
static const char align_words[] = "auto none shift affine perspective",
                  fit_words[] = "scale fail pad crop";

/* Which of the words, which have spaces between; 0 for none. */
static int32_t choice_of(const char *words, const char *text) {
    int32_t i = 0;
    for (const char *at = words; text && *at; i++) {
        size_t length = strcspn(at, " ");
        if (strlen(text) == length && strncmp(at, text, length) == 0) {
            return i;
        }
        at += length + (at[length] == ' ');
    }
    return 0;
}

/* Whether a network has to be asked for these measures. */
static bool want_model(const char *measures) {
    char name[64];
    for (const char *at = measures ? measures : ""; *at; at += *at == ',') {
        size_t length = strcspn(at, ",");
        snprintf(name, sizeof name, "%.*s", (int)length, at);
        const lk_measure_info *info = lk_measure_find(name);
        if (strcmp(name, "all") == 0 || (info && info->needs_model)) {
            return true;
        }
        at += length;
    }
    return false;
}

/* The network that measures ask, as the command chooses it: one that classifies where one is installed. */
static lk_status model_for(lk_model **out, struct bench *b, const char *measures, lk_error *err) {
    *out = NULL;
    if (!want_model(measures)) {
        return LK_OK;
    }
    lk_status status = bench_classifier(out, b, err);
    *out = *out ? *out : b->model;
    return status;
}

static void read_options(lk_compare_options *o, const struct request *r) {
    *o = lk_compare_options_default();
    o->measures = request_text(r, "measures");
    o->align = (lk_align_mode)choice_of(align_words, request_text(r, "align"));
    o->fit = (lk_fit_mode)choice_of(fit_words, request_text(r, "fit"));
    o->min_score = request_number(r, "min_score", 0);
    o->measures_only = request_flag(r, "measures_only");
    o->measure.no_details = !object_flag(r->json, "details", true);
}

/* As the command does: what the files gave cause to say belongs into the document. */
static void add_file_warnings(lk_comparison *c) {
    for (int i = 0; i < 2; i++) {
        if (c->inputs[i].warning[0] && c->warning_count < LK_WARNINGS_MAX) {
            lk_warning *w = &c->warnings[c->warning_count++];
            snprintf(w->code, sizeof w->code, "file-%c", "ab"[i]);
            snprintf(w->text, sizeof w->text, "%s", c->inputs[i].warning);
        }
    }
}

/* What a comparison is made from. */
struct asking {
    struct decoded *pictures[2];
    lk_image_info infos[2];
    lk_polygon areas[AREAS_MOST];
    size_t area_count;
    lk_compare_options options;
};

static lk_status read_areas(struct asking *a, const struct request *r, lk_error *err) {
    const char *texts[AREAS_MOST];
    const lk_image_info *info = &a->infos[0];
    int32_t count = request_texts(texts, AREAS_MOST, r, "ignore");
    lk_status status = LK_OK;
    for (int32_t i = 0; status == LK_OK && i < count; i++) {
        status = lk_area_read(&a->areas[a->area_count++], texts[i], LK_AREA_ANY, info->width,
                              info->height, err);
    }
    a->options.ignore = a->areas;
    a->options.ignore_count = a->area_count;
    return status == LK_OK ? lk_areas_check(a->areas, a->area_count, info->width, info->height, err)
                           : status;
}

static lk_status compare_pair(lk_comparison *c, struct asking *a, const struct request *r,
                              struct bench *b, bool evidence, lk_error *err) {
    lk_compare_options *o = &a->options;
    read_options(o, r);
    o->want_evidence = evidence;
    for (int i = 0; i < 2; i++) {
        o->infos[i] = &a->infos[i];
        o->known[i] = a->pictures[i]->known;
    }
    lk_status status = read_areas(a, r, err);
    status = status == LK_OK ? model_for(&o->measure.model, b, o->measures, err) : status;
    return status == LK_OK
               ? lk_compare(c, b->engine, &a->pictures[0]->image, &a->pictures[1]->image, o, err)
               : status;
}

bool compare_asked(lk_comparison *c, struct request *r, struct bench *bench, bool evidence) {
    struct asking a;
    lk_error err = {0};
    memset(&a, 0, sizeof a);
    bool there = session_decoded(&a.pictures[0], &a.infos[0], r, bench, request_text(r, "a")) &&
                 session_decoded(&a.pictures[1], &a.infos[1], r, bench, request_text(r, "b"));
    if (there && compare_pair(c, &a, r, bench, evidence, &err) == LK_OK) {
        add_file_warnings(c);
    } else if (there) {
        answer_error(r, &err);
        there = false;
    }
    for (size_t i = 0; i < a.area_count; i++) {
        lk_polygon_release(&a.areas[i]);
    }
    decoded_let_go(&r->server->decoded, a.pictures[0]);
    decoded_let_go(&r->server->decoded, a.pictures[1]);
    return there;
}

static void compare(struct request *r, struct bench *bench) {
    lk_comparison c;
    lk_bytes text = {0};
    lk_error err = {0};
    bool evidence = request_flag(r, "pictures");
    memset(&c, 0, sizeof c);
    if (compare_asked(&c, r, bench, evidence)) {
        lk_status status = lk_report_json(&text, &c, false, &err);
        status = status == LK_OK && evidence ? comparison_keep(r, bench, &c, &text, &err) : status;
        if (status == LK_OK) {
            answer_bytes(r, 200, &text);
        } else {
            answer_error(r, &err);
        }
    }
    lk_bytes_release(&text);
    lk_comparison_release(&c);
}

static const struct field compare_fields[] = {
    {"a", "the reference: id or name of an uploaded picture", .kind = FIELD_TEXT, .required = true},
    {"b", "the photo: id or name of an uploaded picture", .kind = FIELD_TEXT, .required = true},
    {"align", "how the photo may have been moved", .kind = FIELD_TEXT, .words = align_words},
    {"fit", "what to do when sizes differ and nothing aligns", .kind = FIELD_TEXT,
     .words = fit_words},
    {"min_score", "a lower score is different", .kind = FIELD_NUMBER, .most = 1},
    {"measures", "default, all, or names with commas", .kind = FIELD_TEXT},
    {"ignore", "areas of the reference to leave out, in pixels or %: X,Y,W,H or x,y x,y x,y ...",
     .kind = FIELD_TEXTS, .most = AREAS_MOST},
    {"measures_only", "numbers alone, which is faster: no regions, and cannot-tell without a score",
     .kind = FIELD_BOOL},
    {"details", "false leaves out details of measures that cost more than the measure",
     .kind = FIELD_BOOL},
    {"pictures", "keep the result and its pictures; Location says where", .kind = FIELD_BOOL},
    FIELD_END};

const struct route compare_routes[] = {
    {.method = "POST",
     .path = "/api/v1/compare",
     .summary = "compare two uploaded pictures; as likeness compare --json",
     .body = BODY_JSON,
     .fields = compare_fields,
     .computes = true,
     .scope = SCOPE_COMPARE,
     .places = true,
     .handle = compare,
     .schema = "compare-1"},
    ROUTE_END,
};
