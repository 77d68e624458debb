/* SPDX-License-Identifier: Apache-2.0 */
/* A verification as text and as the document likeness/verify/1 (schema/verify-1.json): names are only ever added. */
#include "report/parts.h"

#include <stdio.h>

enum { REASONS_SHOWN = 4, REGIONS_SHOWN = 3 };

static const char *const intact_words[] = {"intact", "ALTERED", "cannot tell whether it is intact"};

lk_status lk_report_verify_text(lk_bytes *out, const lk_verification *v, bool colour,
                                lk_error *err) {
    const lk_comparison *c = &v->comparison;
    struct buf b;
    buf_init(&b, 1 << 16);
    text_verdict(&b, v->verdict, colour);
    if (v->verdict == LK_SAME) {
        buf_printf(&b, ", %s", intact_words[v->intact]);
    }
    if (v->reference_id[0]) {
        buf_printf(&b, "  %s@%d", v->reference_id, (int)v->reference_version);
    }
    buf_printf(&b, "  probability %.3f  (policy %s@%d)\n", v->probability, v->policy.name,
               (int)v->policy.version);
    if (v->nearest_id[0]) {
        buf_printf(&b, "  none of the store's originals; the nearest is %s@%d\n", v->nearest_id,
                   (int)v->nearest_version);
    }
    for (int32_t i = 0; i < v->reason_count && i < REASONS_SHOWN; i++) {
        buf_printf(&b, "  %s\n", v->reasons[i]);
    }
    if (v->intact == LK_ALTERED) {
        int32_t shown = 0;
        for (size_t i = 0; i < c->region_count && shown < REGIONS_SHOWN; i++) {
            if (lk_verification_counts(v, &c->regions[i])) {
                text_region(&b, &c->regions[i]);
                shown++;
            }
        }
    }
    if (v->advice[0]) {
        buf_printf(&b, "  %s\n", v->advice);
    }
    for (int32_t i = 0; i < c->warning_count; i++) {
        buf_printf(&b, "%s%s", i > 0 ? "; " : "  warnings: ", c->warnings[i].code);
    }
    buf_add_text(&b, c->warning_count > 0 ? "\n" : "");
    if (v->log_entry > 0) {
        buf_printf(&b, "log entry %lld  sha256 %.12s...\n", (long long)v->log_entry, v->log_hash);
    }
    return buf_finish(&b, out, err);
}

static void write_rivals(struct json *j, const lk_verification *v) {
    json_number(j, "alone", v->alone);
    json_array_begin(j, "rivals");
    for (int32_t i = 0; i < v->rival_count; i++) {
        json_object_begin(j, NULL);
        json_text(j, "id", v->rivals[i].id);
        json_int(j, "version", v->rivals[i].version);
        json_number(j, "alone", v->rivals[i].alone);
        json_number(j, "probability", v->rivals[i].probability);
        json_object_end(j);
    }
    json_array_end(j);
}

static void write_reference(struct json *j, const char *key, const char *id, int32_t version,
                            const lk_verification *v) {
    if (id[0]) {
        json_object_begin(j, key);
        json_text(j, "id", id);
        json_int(j, "version", version);
        json_text(j, "sha256", v->comparison.inputs[0].sha256);
        json_object_end(j);
    }
}

static void write_policy(struct json *j, const lk_verification *v) {
    char name[96];
    snprintf(name, sizeof name, "%s@%d", v->policy.name, (int)v->policy.version);
    json_text(j, "policy", name);
    json_object_begin(j, "limits");
    json_number(j, "same_from", v->policy.same_from);
    json_number(j, "different_below", v->policy.different_below);
    json_number(j, "severity_least", v->policy.severity_least);
    json_number(j, "area_least", v->policy.area_least);
    json_object_end(j);
    json_object_begin(j, "evidence");
    for (int32_t i = 0; i < lk_evidence_count(); i++) {
        json_number(j, lk_evidence_name(i), v->evidence.values[i]);
    }
    json_object_end(j);
}

lk_status lk_report_verify_json(lk_bytes *out, const lk_verification *v, bool indent,
                                lk_error *err) {
    struct buf b;
    struct json j;
    buf_init(&b, REPORT_MAX);
    json_init(&j, &b, indent ? 2 : 0);
    json_object_begin(&j, NULL);
    json_text(&j, "schema", "likeness/verify/1");
    json_text(&j, "verdict", lk_verdict_name(v->verdict));
    json_text(&j, "intact", lk_intactness_name(v->intact));
    json_number(&j, "probability", v->probability);
    write_rivals(&j, v);
    json_number(&j, "score", v->comparison.score);
    json_reasons(&j, v->reasons, v->reason_count);
    json_text(&j, "advice", v->advice);
    json_int(&j, "changes", v->changes);
    write_policy(&j, v);
    json_quality(&j, "quality", &v->quality);
    write_reference(&j, "reference", v->reference_id, v->reference_version, v);
    write_reference(&j, "nearest", v->nearest_id, v->nearest_version, v);
    if (v->log_entry > 0) {
        json_int(&j, "log_entry", v->log_entry);
        json_text(&j, "log_hash", v->log_hash);
        json_text(&j, "at", v->at);
        json_text(&j, "actor", v->actor);
        json_text(&j, "note", v->note);
    }
    json_found(&j, &v->comparison, v);
    json_object_end(&j);
    buf_add_text(&b, "\n");
    return buf_finish(&b, out, err);
}
