/* SPDX-License-Identifier: Apache-2.0 */
/* The document likeness/compare/1. Its keys are a contract (schema/compare-1.json): names are only ever added. */
#include "report/parts.h"

#include <math.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/json.h"

static const char *model_name(lk_align_mode model) {
    static const char *const names[] = {"auto", "none", "shift", "affine", "perspective"};
    return names[model];
}

static void write_input(struct json *j, const lk_image_info *info) {
    json_object_begin(j, NULL);
    json_text(j, "path", info->path);
    json_text(j, "sha256", info->sha256);
    json_int(j, "width", info->width);
    json_int(j, "height", info->height);
    json_int(j, "orientation", info->orientation);
    json_text(j, "format", info->format);
    json_object_end(j);
}

static void write_alignment(struct json *j, const lk_alignment *a) {
    json_object_begin(j, "alignment");
    json_text(j, "model", model_name(a->model));
    json_numbers(j, "homography", a->homography, 9);
    json_int(j, "matches", a->matches);
    json_int(j, "inliers", a->inliers);
    json_number(j, "rms_px", a->rms_px);
    json_number(j, "coverage", a->coverage);
    json_number(j, "spread", a->spread);
    json_number(j, "reach", a->reach);
    json_number(j, "seed_reach", a->seed_reach);
    json_number(j, "colour", a->colour);
    json_int(j, "blocks", a->blocks);
    json_number(j, "agreement", a->agreement);
    json_number(j, "correlation", a->correlation);
    json_number(j, "rotation_deg", a->rotation_deg);
    json_number(j, "scale", a->scale);
    json_number(j, "tilt_deg", a->tilt_deg);
    json_object_end(j);
}

static void write_detail(struct json *j, const lk_detail *d) {
    switch (d->kind) {
    case LK_DETAIL_NUMBER: json_number(j, d->key, d->number); break;
    case LK_DETAIL_INTEGER: json_int(j, d->key, (int64_t)d->number); break;
    case LK_DETAIL_BOOL: json_bool(j, d->key, d->number != 0); break;
    case LK_DETAIL_TEXT: json_text(j, d->key, d->text); break;
    case LK_DETAIL_NUMBERS: json_numbers(j, d->key, d->numbers, (size_t)d->count); break;
    }
}

static void write_measure(struct json *j, const lk_measure_result *m) {
    char id[64];
    snprintf(id, sizeof id, "%s@%d", m->info->name, m->info->version);
    json_object_begin(j, NULL);
    json_text(j, "id", id);
    json_text(j, "name", m->info->name);
    json_number(j, "value", m->value);
    json_number(j, "score", m->score);
    json_text(j, "unit", m->info->unit);
    json_text(j, "aspect", lk_aspect_name(m->info->aspect));
    json_bool(j, "higher_is_more_alike", m->info->higher_is_more_alike);
    json_object_begin(j, "details");
    for (int32_t i = 0; i < m->detail_count; i++) {
        write_detail(j, &m->details[i]);
    }
    json_object_end(j);
    json_object_end(j);
}

static void write_region(struct json *j, const lk_region *r, const lk_map *frame,
                         const lk_verification *v) {
    const double box[4] = {r->x, r->y, r->width, r->height};
    const double w = frame->width, h = frame->height;
    const double box_n[4] = {r->x / w, r->y / h, r->width / w, r->height / h};
    json_object_begin(j, NULL);
    json_int(j, "id", r->id);
    json_text(j, "kind", lk_region_kind_name(r->kind));
    json_numbers(j, "box", box, 4);
    if (w > 0 && h > 0) {
        json_numbers(j, "box_n", box_n, 4); /* the same in 0..1 of the reference */
    }
    json_int(j, "area_px", r->area_px);
    json_number(j, "severity", r->severity);
    if (r->kind == LK_REGION_MOVED) {
        const double by[2] = {r->moved_by[0], r->moved_by[1]};
        json_numbers(j, "moved_by", by, 2);
    }
    if (v) {
        json_bool(j, "counts", lk_verification_counts(v, r));
    }
    json_object_end(j);
}

/* What a person asks, with the measures of this run that belong to it. */
static void write_aspect(struct json *j, const lk_comparison *c, const lk_aspect_result *a) {
    json_object_begin(j, NULL);
    json_text(j, "name", lk_aspect_name(a->aspect));
    json_number(j, "score", a->known ? a->score : NAN);
    json_text(j, "reason", a->reason);
    json_array_begin(j, "measures");
    for (size_t i = 0; i < c->measure_count; i++) {
        if (c->measures[i].info->aspect == a->aspect) {
            json_text(j, NULL, c->measures[i].info->name);
        }
    }
    json_array_end(j);
    json_object_end(j);
}

static void write_lists(struct json *j, const lk_comparison *c, const lk_verification *v) {
    json_array_begin(j, "aspects");
    for (int32_t i = 0; i < c->aspect_count; i++) {
        write_aspect(j, c, &c->aspects[i]);
    }
    json_array_end(j);
    json_array_begin(j, "measures");
    for (size_t i = 0; i < c->measure_count; i++) {
        write_measure(j, &c->measures[i]);
    }
    json_array_end(j);
    json_array_begin(j, "regions");
    for (size_t i = 0; i < c->region_count; i++) {
        write_region(j, &c->regions[i], &c->difference, v);
    }
    json_array_end(j);
    json_array_begin(j, "warnings");
    for (int32_t i = 0; i < c->warning_count; i++) {
        json_object_begin(j, NULL);
        json_text(j, "code", c->warnings[i].code);
        json_text(j, "text", c->warnings[i].text);
        json_object_end(j);
    }
    json_array_end(j);
}

void json_reasons(struct json *j, const char reasons[][200], int32_t count) {
    json_array_begin(j, "reasons");
    for (int32_t i = 0; i < count; i++) {
        json_text(j, NULL, reasons[i]);
    }
    json_array_end(j);
}

void json_found(struct json *j, const lk_comparison *c, const lk_verification *v) {
    json_array_begin(j, "inputs");
    write_input(j, &c->inputs[0]);
    write_input(j, &c->inputs[1]);
    json_array_end(j);
    write_alignment(j, &c->alignment);
    write_lists(j, c, v);
}

lk_status lk_report_json(lk_bytes *out, const lk_comparison *c, bool indent, lk_error *err) {
    struct buf b;
    struct json j;
    buf_init(&b, REPORT_MAX);
    json_init(&j, &b, indent ? 2 : 0);
    json_object_begin(&j, NULL);
    json_text(&j, "schema", "likeness/compare/1");
    json_text(&j, "verdict", lk_verdict_name(c->verdict));
    json_number(&j, "score", c->score);
    json_reasons(&j, c->reasons, c->reason_count);
    json_found(&j, c, NULL);
    json_object_end(&j);
    buf_add_text(&b, "\n");
    return buf_finish(&b, out, err);
}
