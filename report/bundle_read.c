/* SPDX-License-Identifier: Apache-2.0 */
#include "report/bundle.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/compiler.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/tar.h"

/* A bundle while it is read. */
struct reading {
    struct tar_member members[BUNDLE_MEMBERS];
    json_t *manifest;
    lk_bundle bundle;
    lk_policy policy;
    lk_polygon *ignore; /* owned */
    lk_rival rivals[LK_RIVALS_MOST];
};

static void reading_release(struct reading *r) {
    for (size_t i = 0; r->ignore && i < r->bundle.ignore_count; i++) {
        mem_free(r->ignore[i].xy);
    }
    mem_free(r->ignore);
    json_decref(r->manifest);
}

static lk_status wrong(lk_error *err, const char *key) {
    return error_set(err, LK_E_CORRUPT, "the manifest's \"%s\" is not as it is written", key);
}

static const char *text_of(const struct reading *r, const char *key) {
    const char *text = json_string_value(json_object_get(r->manifest, key));
    return text ? text : "";
}

static lk_status open_archive(struct reading *r, const void *bytes, size_t size, lk_error *err) {
    size_t count;
    json_error_t problem;
    lk_status status = tar_read(r->members, BUNDLE_MEMBERS, &count, bytes, size, err);
    for (size_t i = 0; status == LK_OK && i < BUNDLE_MEMBERS; i++) {
        if (i >= count || strcmp(r->members[i].name, bundle_members[i]) != 0) {
            status = error_set(err, LK_E_CORRUPT, "not a bundle: no %s", bundle_members[i]);
        }
    }
    if (status != LK_OK) {
        return status;
    }
    const struct tar_member *m = &r->members[BUNDLE_MANIFEST];
    r->manifest = json_loadb((const char *)m->data, m->size, JSON_REJECT_DUPLICATES, &problem);
    if (!r->manifest || strcmp(text_of(r, "schema"), bundle_schema) != 0) {
        return error_set(err, LK_E_CORRUPT, "not a bundle: its manifest is none");
    }
    return LK_OK;
}

static lk_status read_polygon(lk_polygon *out, const json_t *from, lk_error *err) {
    size_t count = json_array_size(from);
    if (count < 6 || count % 2 != 0 || count > 2 * BUNDLE_POINTS_MAX) {
        return wrong(err, "ignore");
    }
    *out = (lk_polygon){(int32_t)(count / 2), mem_calloc(count, sizeof *out->xy)};
    if (!out->xy) {
        return error_memory(err, count * sizeof *out->xy);
    }
    for (size_t i = 0; i < count; i++) {
        const json_t *value = json_array_get(from, i);
        out->xy[i] = json_number_value(value);
        if (!json_is_number(value) || !(fabs(out->xy[i]) < 1e6)) {
            return wrong(err, "ignore");
        }
    }
    return LK_OK;
}

static lk_status read_ignore(struct reading *r, lk_error *err) {
    const json_t *list = json_object_get(r->manifest, "ignore");
    size_t count = json_array_size(list);
    if (!json_is_array(list) || count > BUNDLE_POLYGONS_MAX) {
        return wrong(err, "ignore");
    }
    r->ignore = mem_calloc(count + 1, sizeof *r->ignore);
    if (!r->ignore) {
        return error_memory(err, count * sizeof *r->ignore);
    }
    lk_status status = LK_OK;
    for (size_t i = 0; status == LK_OK && i < count; i++) {
        status = read_polygon(&r->ignore[i], json_array_get(list, i), err);
        r->bundle.ignore_count = i + 1;
    }
    r->bundle.ignore = r->ignore;
    return status;
}

/* Bundles of before rivals were asked have no such list. */
static lk_status read_rivals(struct reading *r, lk_error *err) {
    const json_t *list = json_object_get(r->manifest, "rivals");
    size_t count = json_array_size(list);
    if ((list && !json_is_array(list)) || count > LK_RIVALS_MOST) {
        return wrong(err, "rivals");
    }
    for (size_t i = 0; i < count; i++) {
        const json_t *from = json_array_get(list, i);
        const char *id = json_string_value(json_object_get(from, "id"));
        const json_t *version = json_object_get(from, "version"),
                     *alone = json_object_get(from, "alone");
        lk_rival *to = &r->rivals[i];
        if (!id || strlen(id) >= sizeof to->id || !json_is_integer(version) ||
            !(json_integer_value(version) >= 1 && json_integer_value(version) <= INT32_MAX) ||
            !json_is_number(alone) ||
            !(json_number_value(alone) >= 0 && json_number_value(alone) <= 1)) {
            return wrong(err, "rivals");
        }
        snprintf(to->id, sizeof to->id, "%s", id);
        to->version = (int32_t)json_integer_value(version);
        to->alone = json_number_value(alone);
    }
    r->bundle.rivals = r->rivals;
    r->bundle.rival_count = (int32_t)count;
    return LK_OK;
}

static lk_status read_bundle(struct reading *r, lk_error *err) {
    const struct tar_member *m = r->members;
    r->bundle = (lk_bundle){.photo = m[BUNDLE_PHOTO].data,
                            .photo_bytes = m[BUNDLE_PHOTO].size,
                            .reference = m[BUNDLE_REFERENCE].data,
                            .reference_bytes = m[BUNDLE_REFERENCE].size,
                            .photo_name = text_of(r, "photo_name"),
                            .reference_name = text_of(r, "reference_name"),
                            .policy = &r->policy};
    lk_status status =
        lk_policy_parse(&r->policy, m[BUNDLE_POLICY].data, m[BUNDLE_POLICY].size, err);
    status = status == LK_OK ? read_rivals(r, err) : status;
    return status == LK_OK ? read_ignore(r, err) : status;
}

static void tell(lk_bundle_check *out, const char *text, const char *name) {
    if (!out->problem[0]) {
        snprintf(out->problem, sizeof out->problem, "%s%s", text, name);
    }
}

static void copy_text(char *out, size_t size, const char *text) {
    snprintf(out, size, "%s", text);
}

/* Whether a character of UTF-8 text moves a terminal's cursor: those of ASCII, and U+0080 to U+009F, which are C2 80 to C2 9F. */
static bool is_control(const char *c) {
    unsigned char first = (unsigned char)c[0], second = (unsigned char)c[1];
    return first < ' ' || first == 0x7f || (first == 0xc2 && second >= 0x80 && second <= 0x9f);
}

/* What is told to people has nothing of the kind in it. */
static lk_status check_texts(const struct reading *r, lk_error *err) {
    static const char *const keys[] = {"likeness", "reference_id", "entry_hash"};
    for (size_t i = 0; i < ARRAY_COUNT(keys); i++) {
        for (const char *c = text_of(r, keys[i]); *c; c++) {
            if (is_control(c)) {
                return wrong(err, keys[i]);
            }
        }
    }
    return LK_OK;
}

/* What the manifest says of itself. */
static void describe(lk_bundle_check *out, const struct reading *r) {
    copy_text(out->likeness, sizeof out->likeness, text_of(r, "likeness"));
    copy_text(out->reference_id, sizeof out->reference_id, text_of(r, "reference_id"));
    copy_text(out->entry_hash, sizeof out->entry_hash, text_of(r, "entry_hash"));
    out->reference_version =
        (int32_t)json_integer_value(json_object_get(r->manifest, "reference_version"));
    out->entry = json_integer_value(json_object_get(r->manifest, "entry"));
}

/* The first file whose line is another one. */
static const char *changed_file(const struct reading *r, const char *lines) {
    const struct tar_member *said = &r->members[BUNDLE_SUMS];
    size_t at = 0;
    for (int i = 0; i < BUNDLE_SUMS; i++) {
        size_t length = strcspn(lines + at, "\n") + 1;
        if (at + length > said->size || memcmp(said->data + at, lines + at, length) != 0) {
            return bundle_members[i];
        }
        at += length;
    }
    return bundle_members[BUNDLE_SUMS];
}

static lk_status check_sums(lk_bundle_check *out, const struct reading *r, lk_error *err) {
    const struct tar_member *m = r->members, *said = &r->members[BUNDLE_SUMS];
    struct buf b;
    lk_bytes lines;
    buf_init(&b, 1 << 12);
    bundle_sums(&b, m);
    lk_status status = buf_finish(&b, &lines, err);
    if (status != LK_OK) {
        return status;
    }
    out->inputs_unchanged =
        lines.size == said->size && memcmp(lines.data, said->data, said->size) == 0;
    if (!out->inputs_unchanged) {
        tell(out, "not what SHA256SUMS says: ", changed_file(r, (const char *)lines.data));
    }
    lk_bytes_release(&lines);
    digest_sha256_hex(out->photo_sha256, m[BUNDLE_PHOTO].data, m[BUNDLE_PHOTO].size);
    digest_sha256_hex(out->reference_sha256, m[BUNDLE_REFERENCE].data, m[BUNDLE_REFERENCE].size);
    return LK_OK;
}

/* An error with a picture is one with the bundle that holds it. */
static lk_status within(lk_error *err, lk_status status) {
    if (err && status != LK_OK && err->input[0]) {
        char text[sizeof err->text], name[128];
        snprintf(name, sizeof name, "%.127s", err->input);
        snprintf(text, sizeof text, "%s", err->text);
        err->input[0] = '\0';
        snprintf(err->text, sizeof err->text, "%s in it: %.300s", name, text);
    }
    return status;
}

static lk_status make_again(lk_bundle_check *out, lk_engine *engine, const struct reading *r,
                            lk_error *err) {
    const struct tar_member *said = &r->members[BUNDLE_RESULT];
    lk_verification v;
    lk_bytes result = {0};
    lk_status status = within(err, bundle_verify(&result, &v, engine, &r->bundle, err));
    if (status == LK_OK) {
        copy_text(out->verdict, sizeof out->verdict, lk_verdict_name(v.verdict));
        copy_text(out->intact, sizeof out->intact, lk_intactness_name(v.intact));
        out->reproduced =
            result.size == said->size && memcmp(result.data, said->data, said->size) == 0;
        if (!out->reproduced) {
            bool same_version = strcmp(out->likeness, lk_version()) == 0;
            tell(out,
                 same_version ? "verified again, the result is another one"
                              : "another result; it was made by likeness ",
                 same_version ? "" : out->likeness);
        }
    }
    lk_verification_release(&v);
    lk_bytes_release(&result);
    return status;
}

lk_status lk_bundle_open(lk_bundle_check *out, lk_engine *engine, const void *bytes, size_t size,
                         lk_error *err) {
    struct reading r = {0};
    *out = (lk_bundle_check){0};
    lk_status status = open_archive(&r, bytes, size, err);
    status = status == LK_OK ? check_texts(&r, err) : status;
    if (status == LK_OK) {
        describe(out, &r);
        status = check_sums(out, &r, err);
    }
    if (status == LK_OK && out->inputs_unchanged) { /* else there is nothing to make again */
        status = read_bundle(&r, err);
        status = status == LK_OK ? make_again(out, engine, &r, err) : status;
    }
    reading_release(&r);
    return status;
}
