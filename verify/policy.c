/* SPDX-License-Identifier: Apache-2.0 */
/* The document likeness/policy/1: read strictly, since a verdict hangs on it. */
#include <likeness/verify.h>

#include <built_in_policies.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/compiler.h"
#include "base/error.h"
#include "verify/evidence.h"
#include "verify/policy_fields.h"

static lk_status wrong(lk_error *err, const char *key, const char *what) {
    return error_set(err, LK_E_CORRUPT, "the policy's \"%.64s\" is %s", key, what);
}

static lk_status read_numbers(lk_policy *p, const json_t *from, const struct policy_number *n,
                              lk_error *err) {
    for (; n->key; n++) {
        const json_t *value = json_object_get(from, n->key);
        double real = json_number_value(value);
        char range[64];
        if (!(n->kind == POLICY_REAL ? json_is_number(value) : json_is_integer(value)) ||
            !(real >= n->least && real <= n->most)) {
            snprintf(range, sizeof range, "not a%s number of %g to %g",
                     n->kind == POLICY_REAL ? "" : " whole", n->least, n->most);
            return wrong(err, n->key, range);
        }
        void *at = (char *)p + n->offset;
        int64_t whole = json_integer_value(value);
        int32_t narrow = (int32_t)whole;
        memcpy(at,
               n->kind == POLICY_REAL    ? (const void *)&real
               : n->kind == POLICY_INT32 ? (const void *)&narrow
                                         : (const void *)&whole,
               n->kind == POLICY_INT32 ? sizeof narrow : sizeof whole);
    }
    return LK_OK;
}

static lk_status read_text(char *out, size_t size, const json_t *from, const char *key,
                           lk_error *err) {
    const char *text = json_string_value(json_object_get(from, key));
    if (!text || strlen(text) >= size) {
        return wrong(err, key, "no text, or too long a one");
    }
    snprintf(out, size, "%s", text);
    return LK_OK;
}

static lk_status read_one(lk_policy *p, const json_t *from, bool seen[LK_EVIDENCE_MOST],
                          lk_error *err) {
    const char *name = json_string_value(json_object_get(from, "name"));
    int32_t at = name ? evidence_find(name) : -1;
    if (at < 0 || seen[at]) {
        return error_set(err, LK_E_CORRUPT, "the policy weighs \"%.64s\", which is %s",
                         name ? name : "",
                         at < 0 ? "no evidence of this version" : "weighed twice");
    }
    const json_t *weight = json_object_get(from, "weight"), *mean = json_object_get(from, "mean"),
                 *scale = json_object_get(from, "scale");
    p->weights[at] = json_number_value(weight);
    p->means[at] = json_number_value(mean);
    p->scales[at] = json_number_value(scale);
    if (!json_is_number(weight) || !json_is_number(mean) || !json_is_number(scale) ||
        !(fabs(p->weights[at]) <= 1e6) || !(fabs(p->means[at]) <= 1e9) ||
        !(p->scales[at] >= 1e-9)) {
        return wrong(err, name, "not weighed by numbers");
    }
    seen[at] = true;
    return LK_OK;
}

static lk_status read_evidence(lk_policy *p, const json_t *root, lk_error *err) {
    const json_t *list = json_object_get(root, "evidence");
    bool seen[LK_EVIDENCE_MOST] = {false};
    lk_status status = json_is_array(list) ? LK_OK : wrong(err, "evidence", "no list");
    for (size_t i = 0; status == LK_OK && i < json_array_size(list); i++) {
        status = read_one(p, json_array_get(list, i), seen, err);
    }
    for (int32_t i = 0; status == LK_OK && i < lk_evidence_count(); i++) {
        if (!seen[i]) {
            status = error_set(err, LK_E_CORRUPT, "the policy does not weigh \"%s\"",
                               lk_evidence_name(i));
        }
    }
    return status;
}

/* One of ten; the sum of pairs is held against the record's by the caller. */
static bool read_bin(lk_policy_bin *bin, const json_t *from) {
    const json_t *pairs = json_object_get(from, "pairs"),
                 *genuine = json_object_get(from, "genuine"), *said = json_object_get(from, "said");
    bin->pairs = json_integer_value(pairs);
    bin->genuine = json_integer_value(genuine);
    bin->said = json_number_value(said);
    return json_is_integer(pairs) && json_is_integer(genuine) && json_is_number(said) &&
           bin->genuine >= 0 && bin->genuine <= bin->pairs && bin->pairs <= (int64_t)1e15 &&
           bin->said >= 0 && bin->said <= 1;
}

/* Which a document may leave out. */
static lk_status read_reliability(lk_policy_record *r, const json_t *list, lk_error *err) {
    int64_t genuine = 0, pairs = 0;
    if (!list) {
        return LK_OK;
    }
    bool good = json_is_array(list) && json_array_size(list) == LK_POLICY_BINS;
    for (size_t i = 0; good && i < LK_POLICY_BINS; i++) {
        good = read_bin(&r->reliability[i], json_array_get(list, i));
        genuine += r->reliability[i].genuine;
        pairs += r->reliability[i].pairs;
    }
    good = good && genuine == r->genuine && pairs == r->genuine + r->impostors;
    return good ? LK_OK : wrong(err, "reliability", "no list of ten shares of the record's pairs");
}

static lk_status read_policy(lk_policy *p, const json_t *root, lk_error *err) {
    const char *schema = json_string_value(json_object_get(root, "schema"));
    if (!schema || strcmp(schema, policy_schema) != 0) {
        return error_set(err, LK_E_CORRUPT, "not a policy: its \"schema\" is not %s",
                         policy_schema);
    }
    lk_status status = read_text(p->name, sizeof p->name, root, "name", err);
    status = status == LK_OK ? read_text(p->notes, sizeof p->notes, root, "notes", err) : status;
    status = status == LK_OK ? read_numbers(p, root, policy_numbers, err) : status;
    status = status == LK_OK ? read_evidence(p, root, err) : status;
    if (status == LK_OK) {
        status = read_numbers(p, json_object_get(root, "record"), policy_record_numbers, err);
    }
    if (status == LK_OK) {
        const json_t *record = json_object_get(root, "record");
        status = read_reliability(&p->record, json_object_get(record, "reliability"), err);
    }
    if (status == LK_OK && p->different_below > p->same_from) {
        status = wrong(err, "different_below", "above \"same_from\"");
    }
    return status;
}

lk_status lk_policy_parse(lk_policy *out, const void *text, size_t bytes, lk_error *err) {
    json_error_t problem;
    *out = (lk_policy){0};
    json_t *root = json_loadb(text, bytes, JSON_REJECT_DUPLICATES, &problem);
    if (!root) {
        return error_set(err, LK_E_CORRUPT, "the policy is not JSON: %s in line %d", problem.text,
                         problem.line);
    }
    lk_status status = read_policy(out, root, err);
    json_decref(root);
    return status;
}

lk_status lk_policy_built_in(lk_policy *out, const char *name, lk_error *err) {
    for (size_t i = 0; i < ARRAY_COUNT(built_in_policies); i++) {
        lk_status status =
            lk_policy_parse(out, built_in_policies[i], strlen(built_in_policies[i]), err);
        if (status != LK_OK || strcmp(out->name, name) == 0) {
            return status;
        }
    }
    *out = (lk_policy){0};
    return error_set(err, LK_E_USAGE, "no policy is called %.64s", name);
}
