/* SPDX-License-Identifier: Apache-2.0 */
/* A bundle is written from the bytes it holds, not from a verdict that was given: so it can be made again by construction. */
#include "report/bundle.h"

#include <stdio.h>
#include <string.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/tar.h"
#include "report/parts.h"

const char bundle_schema[] = "likeness/evidence/1";
const char *const bundle_members[BUNDLE_MEMBERS] = {"manifest.json", "reference",   "photo",
                                                    "policy.json",   "result.json", "SHA256SUMS"};

static const char *base_name(const char *path) {
    const char *slash = path ? strrchr(path, '/') : NULL;
    return slash ? slash + 1 : path ? path : "";
}

lk_status bundle_verify(lk_bytes *out, lk_verification *v, lk_engine *engine, const lk_bundle *b,
                        lk_error *err) {
    lk_image reference = {0}, photo = {0};
    lk_image_info infos[2];
    const lk_load_options sizes[2] = {{.max_side = LK_VERIFY_FRAME_SIDE},
                                      {.max_side = LK_VERIFY_PHOTO_SIDE}};
    lk_verify_options o = lk_verify_options_default();
    o.policy = b->policy;
    o.compare.ignore = b->ignore;
    o.compare.ignore_count = b->ignore_count;
    o.compare.infos[0] = &infos[0];
    o.compare.infos[1] = &infos[1];
    *v = (lk_verification){0};
    lk_status status =
        lk_image_decode(&reference, &infos[0], engine, b->reference, b->reference_bytes,
                        base_name(b->reference_name), &sizes[0], err);
    if (status == LK_OK) {
        status = lk_image_decode(&photo, &infos[1], engine, b->photo, b->photo_bytes,
                                 base_name(b->photo_name), &sizes[1], err);
    }
    status = status == LK_OK ? lk_verify(v, engine, &reference, &photo, &o, err) : status;
    if (status == LK_OK) {
        lk_verification_weigh(v, b->rivals, b->rival_count);
        status = lk_report_verify_json(out, v, true, err);
    }
    lk_image_release(&reference);
    lk_image_release(&photo);
    return status;
}

static void add_real(struct json *j, const char *key, double value) {
    char text[32]; /* 17 digits give the number back */
    int length = snprintf(text, sizeof text, "%.17g", value);
    json_raw(j, key, text, (size_t)length);
}

static void add_ignore(struct json *j, const lk_bundle *b) {
    json_array_begin(j, "ignore");
    for (size_t i = 0; i < b->ignore_count; i++) {
        json_array_begin(j, NULL);
        for (int32_t k = 0; k < 2 * b->ignore[i].count; k++) {
            add_real(j, NULL, b->ignore[i].xy[k]);
        }
        json_array_end(j);
    }
    json_array_end(j);
}

static void add_rivals(struct json *j, const lk_bundle *b) {
    json_array_begin(j, "rivals");
    for (int32_t i = 0; i < b->rival_count; i++) {
        json_object_begin(j, NULL);
        json_text(j, "id", b->rivals[i].id);
        json_int(j, "version", b->rivals[i].version);
        add_real(j, "alone", b->rivals[i].alone);
        json_object_end(j);
    }
    json_array_end(j);
}

static lk_status make_manifest(lk_bytes *out, const lk_bundle *b, lk_error *err) {
    struct buf text;
    struct json j;
    buf_init(&text, REPORT_MAX);
    json_init(&j, &text, 2);
    json_object_begin(&j, NULL);
    json_text(&j, "schema", bundle_schema);
    json_text(&j, "likeness", lk_version());
    json_text(&j, "reference_name", base_name(b->reference_name));
    json_text(&j, "photo_name", base_name(b->photo_name));
    json_text(&j, "reference_id", b->reference_id ? b->reference_id : "");
    json_int(&j, "reference_version", b->reference_version);
    json_int(&j, "entry", b->entry);
    json_text(&j, "entry_hash", b->entry_hash ? b->entry_hash : "");
    json_text(&j, "actor", b->actor ? b->actor : "");
    json_text(&j, "note", b->note ? b->note : "");
    add_ignore(&j, b);
    add_rivals(&j, b);
    json_object_end(&j);
    buf_add_text(&text, "\n");
    return buf_finish(&text, out, err);
}

void bundle_sums(struct buf *b, const struct tar_member members[BUNDLE_SUMS]) {
    for (int i = 0; i < BUNDLE_SUMS; i++) {
        char hex[65];
        digest_sha256_hex(hex, members[i].data, members[i].size);
        buf_printf(b, "%s  %s\n", hex, bundle_members[i]);
    }
}

static lk_status pack(lk_bytes *out, const lk_bundle *b, const lk_bytes *policy,
                      const lk_bytes *result, lk_error *err) {
    struct buf archive, lines;
    lk_bytes manifest, sums;
    lk_status status = make_manifest(&manifest, b, err);
    if (status != LK_OK) {
        return status;
    }
    const struct tar_member members[BUNDLE_SUMS] = {
        {"", manifest.data, manifest.size}, {"", b->reference, b->reference_bytes},
        {"", b->photo, b->photo_bytes},     {"", policy->data, policy->size},
        {"", result->data, result->size},
    };
    buf_init(&lines, 1 << 12);
    bundle_sums(&lines, members);
    status = buf_finish(&lines, &sums, err);
    buf_init(&archive, BUNDLE_BYTES_MAX);
    for (int i = 0; status == LK_OK && i < BUNDLE_SUMS; i++) {
        tar_add(&archive, bundle_members[i], members[i].data, members[i].size);
    }
    if (status == LK_OK) {
        tar_add(&archive, bundle_members[BUNDLE_SUMS], sums.data, sums.size);
        tar_end(&archive);
        status = buf_finish(&archive, out, err);
    }
    lk_bytes_release(&manifest);
    lk_bytes_release(&sums);
    return status;
}

static lk_status check_decided(const lk_verification *v, const lk_verification *decided,
                               lk_error *err) {
    return !decided || (v->verdict == decided->verdict && v->intact == decided->intact)
               ? LK_OK
               : error_set(err, LK_E_CORRUPT,
                           "the verdict made again for the evidence is another: %s, %s",
                           lk_verdict_name(v->verdict), lk_intactness_name(v->intact));
}

lk_status lk_bundle_write(lk_bytes *out, lk_engine *engine, const lk_bundle *bundle,
                          lk_error *err) {
    lk_bundle b = *bundle;
    lk_policy photos;
    lk_verification v;
    lk_bytes policy = {0}, result = {0};
    *out = (lk_bytes){0};
    lk_status status = b.policy ? LK_OK : lk_policy_built_in(&photos, "photos", err);
    b.policy = b.policy ? b.policy : &photos;
    status = status == LK_OK ? lk_policy_write(&policy, b.policy, err) : status;
    lk_policy as_written = *b.policy;
    if (status == LK_OK) { /* what a reader will have: numbers of as many digits as are written */
        status = lk_policy_parse(&as_written, policy.data, policy.size, err);
        b.policy = &as_written;
    }
    if (status == LK_OK) {
        status = bundle_verify(&result, &v, engine, &b, err);
        status = status == LK_OK ? check_decided(&v, b.decided, err) : status;
        lk_verification_release(&v);
    }
    status = status == LK_OK ? pack(out, &b, &policy, &result, err) : status;
    lk_bytes_release(&policy);
    lk_bytes_release(&result);
    return status;
}
