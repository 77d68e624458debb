/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "verify/evidence.h"
#include "verify/policy_fields.h"

const char policy_schema[] = "likeness/policy/1";

#define OF(key, member, kind, least, most)                                                         \
    { key, offsetof(lk_policy, member), kind, least, most }
const struct policy_number policy_numbers[] = {
    OF("version", version, POLICY_INT32, 1, 1e9),
    OF("intercept", intercept, POLICY_REAL, -1e6, 1e6),
    OF("same_from", same_from, POLICY_REAL, 0, 1),
    OF("different_below", different_below, POLICY_REAL, 0, 1),
    OF("stars_least", stars_least, POLICY_INT32, 1, 5),
    OF("severity_least", severity_least, POLICY_REAL, 0, 1),
    OF("area_least", area_least, POLICY_REAL, 0, 1),
    {NULL, 0, POLICY_REAL, 0, 0},
};

const struct policy_number policy_record_numbers[] = {
    OF("genuine", record.genuine, POLICY_INT64, 0, 1e15),
    OF("impostors", record.impostors, POLICY_INT64, 0, 1e15),
    OF("brier", record.brier, POLICY_REAL, 0, 1),
    OF("same_of_genuine", record.same_of_genuine, POLICY_REAL, 0, 1),
    OF("different_of_genuine", record.different_of_genuine, POLICY_REAL, 0, 1),
    OF("same_of_impostors", record.same_of_impostors, POLICY_REAL, 0, 1),
    OF("different_of_impostors", record.different_of_impostors, POLICY_REAL, 0, 1),
    {NULL, 0, POLICY_REAL, 0, 0},
};

static void write_numbers(struct json *j, const lk_policy *p, const struct policy_number *n) {
    for (; n->key; n++) {
        const void *at = (const char *)p + n->offset;
        if (n->kind == POLICY_REAL) {
            json_number(j, n->key, *(const double *)at);
        } else {
            json_int(j, n->key,
                     n->kind == POLICY_INT32 ? *(const int32_t *)at : *(const int64_t *)at);
        }
    }
}

/* Left out where it is not known: a document that was written without it is written again as it was, byte for byte. */
static void write_reliability(struct json *j, const lk_policy_record *r) {
    int64_t pairs = 0;
    for (int32_t i = 0; i < LK_POLICY_BINS; i++) {
        pairs += r->reliability[i].pairs;
    }
    if (pairs == 0) {
        return;
    }
    json_array_begin(j, "reliability");
    for (int32_t i = 0; i < LK_POLICY_BINS; i++) {
        json_object_begin(j, NULL);
        json_int(j, "pairs", r->reliability[i].pairs);
        json_int(j, "genuine", r->reliability[i].genuine);
        json_number(j, "said", r->reliability[i].said);
        json_object_end(j);
    }
    json_array_end(j);
}

lk_status lk_policy_write(lk_bytes *out, const lk_policy *policy, lk_error *err) {
    struct buf b;
    struct json j;
    buf_init(&b, 1 << 20);
    json_init(&j, &b, 2);
    json_object_begin(&j, NULL);
    json_text(&j, "schema", policy_schema);
    json_text(&j, "name", policy->name);
    json_text(&j, "notes", policy->notes);
    write_numbers(&j, policy, policy_numbers);
    json_array_begin(&j, "evidence");
    for (int32_t i = 0; i < lk_evidence_count(); i++) {
        json_object_begin(&j, NULL);
        json_text(&j, "name", lk_evidence_name(i));
        json_number(&j, "weight", policy->weights[i]);
        json_number(&j, "mean", policy->means[i]);
        json_number(&j, "scale", policy->scales[i]);
        json_object_end(&j);
    }
    json_array_end(&j);
    json_object_begin(&j, "record");
    write_numbers(&j, policy, policy_record_numbers);
    write_reliability(&j, &policy->record);
    json_object_end(&j);
    json_object_end(&j);
    buf_add_text(&b, "\n");
    return buf_finish(&b, out, err);
}
