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

/* Decoded, unless the caller has it. */
static lk_status get_picture(lk_image *own, const lk_image **out, lk_image_info *info,
                             lk_engine *engine, const lk_bundle *b, int i, lk_error *err) {
    const lk_load_options size = {.max_side = i == 0 ? LK_VERIFY_FRAME_SIDE : LK_VERIFY_PHOTO_SIDE};
    const lk_image *given = i == 0 ? b->reference_image : b->photo_image;
    const char *name = base_name(i == 0 ? b->reference_name : b->photo_name);
    *out = own;
    if (given) {
        *out = given;
        *info = i == 0 ? *b->reference_info : *b->photo_info;
        snprintf(info->path, sizeof info->path, "%s", name);
        return LK_OK;
    }
    return lk_image_decode(own, info, engine, i == 0 ? b->reference : b->photo,
                           i == 0 ? b->reference_bytes : b->photo_bytes, name, &size, err);
}

lk_status bundle_verify(lk_bytes *out, lk_verification *v, lk_engine *engine, const lk_bundle *b,
                        lk_error *err) {
    lk_image own[2] = {{0}, {0}};
    const lk_image *pair[2];
    lk_image_info infos[2];
    lk_verify_options o = lk_verify_options_default();
    o.policy = b->policy;
    o.compare.ignore = b->ignore;
    o.compare.ignore_count = b->ignore_count;
    o.compare.infos[0] = &infos[0];
    o.compare.infos[1] = &infos[1];
    *v = (lk_verification){0};
    lk_status status = LK_OK;
    for (int i = 0; status == LK_OK && i < 2; i++) {
        status = get_picture(&own[i], &pair[i], &infos[i], engine, b, i, err);
    }
    status = status == LK_OK ? lk_verify(v, engine, pair[0], pair[1], &o, err) : status;
    if (status == LK_OK) {
        lk_verification_weigh(v, b->rivals, b->rival_count);
        status = lk_report_verify_json(out, v, true, err);
    }
    lk_image_release(&own[0]);
    lk_image_release(&own[1]);
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

/* The policy as a reader will have it, with numbers of as many digits as are written; text is what is written. */
static lk_status settle_policy(lk_bytes *text, lk_policy *as_written, const lk_policy *given,
                               lk_error *err) {
    lk_policy photos;
    lk_status status = given ? LK_OK : lk_policy_built_in(&photos, "photos", err);
    given = given ? given : &photos;
    status = status == LK_OK ? lk_policy_write(text, given, err) : status;
    if (status == LK_OK) {
        *as_written = *given;
        status = lk_policy_parse(as_written, text->data, text->size, err);
    }
    return status;
}

static lk_status make_result(lk_bytes *out, lk_engine *engine, const lk_bundle *b, lk_error *err) {
    lk_verification v;
    lk_status status = bundle_verify(out, &v, engine, b, err);
    status = status == LK_OK ? check_decided(&v, b->decided, err) : status;
    lk_verification_release(&v);
    return status;
}

lk_status lk_bundle_result(lk_bytes *out, lk_engine *engine, const lk_bundle *bundle,
                           lk_error *err) {
    lk_bundle b = *bundle;
    lk_policy policy;
    lk_bytes text = {0};
    *out = (lk_bytes){0};
    lk_status status = settle_policy(&text, &policy, b.policy, err);
    b.policy = &policy;
    status = status == LK_OK ? make_result(out, engine, &b, err) : status;
    lk_bytes_release(&text);
    if (status != LK_OK) {
        lk_bytes_release(out);
    }
    return status;
}

lk_status lk_bundle_write(lk_bytes *out, lk_engine *engine, const lk_bundle *bundle,
                          lk_error *err) {
    lk_bundle b = *bundle;
    lk_policy policy;
    lk_bytes text = {0}, result = {0};
    *out = (lk_bytes){0};
    lk_status status = settle_policy(&text, &policy, b.policy, err);
    b.policy = &policy;
    if (status == LK_OK && !b.result) {
        status = make_result(&result, engine, &b, err);
    }
    status = status == LK_OK ? pack(out, &b, &text, b.result ? b.result : &result, err) : status;
    lk_bytes_release(&text);
    lk_bytes_release(&result);
    return status;
}
