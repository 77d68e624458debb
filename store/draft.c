/* SPDX-License-Identifier: Apache-2.0 */
/* What is to become a version, checked and copied. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "store/record.h"
#include "store/reference.h"

static lk_status copy(char **out, const char *text, lk_error *err) {
    *out = mem_strdup(text);
    return *out ? LK_OK : error_memory(err, strlen(text));
}

/* The last part of a path, with U+FFFD for what is no text: names of files are bytes. */
static lk_status copy_file_name(char **out, const char *path, lk_error *err) {
    enum { NAME_MAX_BYTES = 255 };
    const char *slash = path ? strrchr(path, '/') : NULL;
    const unsigned char *from = (const unsigned char *)(slash ? slash + 1 : path ? path : "");
    char clean[NAME_MAX_BYTES + 8];
    size_t n = 0;
    while (*from && n + 4 <= NAME_MAX_BYTES) {
        size_t length = utf8_length(from);
        bool passes = length > 0 && *from >= 0x20 && *from != 0x7f;
        memcpy(clean + n, passes ? (const char *)from : UTF8_REPLACEMENT, passes ? length : 3);
        n += passes ? length : 3;
        from += length > 0 ? length : 1;
    }
    clean[n] = '\0';
    return copy(out, clean, err);
}

/* In byte order, each once. */
static lk_status copy_tags(lk_reference *r, const char *const *tags, size_t count, lk_error *err) {
    if (count > LK_TAGS_MAX) {
        return error_set(err, LK_E_USAGE, "at most %d tags are taken", LK_TAGS_MAX);
    }
    r->tags = mem_calloc(count + 1, sizeof *r->tags);
    if (!r->tags) {
        return error_memory(err, count * sizeof *r->tags);
    }
    for (size_t i = 0; i < count; i++) {
        lk_status status = store_check_text("tag", tags[i], LK_TAG_MAX, false, err);
        if (status == LK_OK && !tags[i][0]) {
            status = error_set(err, LK_E_USAGE, "a tag is empty");
        }
        if (status == LK_OK) {
            status = copy(&r->tags[r->tag_count], tags[i], err);
        }
        if (status != LK_OK) {
            return status;
        }
        r->tag_count++;
    }
    if (count > 1) {
        qsort(r->tags, count, sizeof *r->tags, utf8_by_bytes);
    }
    size_t kept = MIN(count, (size_t)1);
    for (size_t i = 1; i < count; i++) {
        if (strcmp(r->tags[i], r->tags[kept - 1]) != 0) {
            r->tags[kept++] = r->tags[i];
        } else {
            mem_free(r->tags[i]);
        }
    }
    r->tag_count = kept;
    return LK_OK;
}

static lk_status copy_area(lk_polygon *out, const lk_polygon *from, lk_error *err) {
    bool right = from->count >= 3 && from->count <= AREA_POINTS_MAX;
    for (int32_t i = 0; right && i < 2 * from->count; i++) {
        right = fabs(from->xy[i]) <= 1e7; /* false for NaN */
    }
    if (!right) {
        return error_set(err, LK_E_USAGE, "an area to leave out has 3 to %d points",
                         AREA_POINTS_MAX);
    }
    size_t bytes = 2 * (size_t)from->count * sizeof *out->xy;
    out->xy = mem_alloc(bytes, 1);
    if (!out->xy) {
        return error_memory(err, bytes);
    }
    memcpy(out->xy, from->xy, bytes);
    out->count = from->count;
    return LK_OK;
}

static lk_status copy_areas(lk_reference *r, const lk_reference_draft *d, lk_error *err) {
    if (d->ignore_count > LK_IGNORE_MAX) {
        return error_set(err, LK_E_USAGE, "at most %d areas to leave out are taken", LK_IGNORE_MAX);
    }
    r->ignore = mem_calloc(d->ignore_count + 1, sizeof *r->ignore);
    r->ignore_text = mem_calloc(d->ignore_count + 1, sizeof *r->ignore_text);
    if (!r->ignore || !r->ignore_text) {
        return error_memory(err, d->ignore_count * sizeof *r->ignore);
    }
    for (size_t i = 0; i < d->ignore_count; i++) {
        const char *text = d->ignore_text ? d->ignore_text[i] : "";
        r->ignore_count++; /* so that what is half copied is released */
        lk_status status = store_check_text("area", text, AREA_TEXT_MAX, false, err);
        if (status == LK_OK) {
            status = copy(&r->ignore_text[i], text, err);
        }
        if (status == LK_OK) {
            status = copy_area(&r->ignore[i], &d->ignore[i], err);
        }
        if (status != LK_OK) {
            return status;
        }
    }
    return LK_OK;
}

static lk_status copy_star(lk_star *out, const lk_star *star, lk_error *err) {
    if (!star || !star->known) {
        return LK_OK;
    }
    bool right = star->value >= 0 && star->value <= 1 && star->reason_count >= 0 &&
                 star->reason_count <= LK_STAR_REASONS_MAX;
    for (int32_t i = 0; right && i < star->reason_count; i++) {
        right = store_check_text("reason", star->reasons[i], sizeof star->reasons[i] - 1, false,
                                 NULL) == LK_OK;
    }
    if (!right) {
        return error_set(err, LK_E_USAGE,
                         "a star is a number of 0..1 with at most %d short reasons",
                         LK_STAR_REASONS_MAX);
    }
    out->known = true;
    out->value = star->value;
    out->reason_count = star->reason_count;
    for (int32_t i = 0; i < star->reason_count; i++) {
        snprintf(out->reasons[i], sizeof out->reasons[i], "%s", star->reasons[i]);
    }
    return LK_OK;
}

static lk_status copy_picture(lk_reference *r, const lk_reference_draft *d, lk_error *err) {
    char sha256[65];
    digest_sha256_hex(sha256, d->picture, d->picture_bytes);
    if (d->picture_bytes == 0 || strcmp(sha256, d->info->sha256) != 0 || d->info->width < 1 ||
        d->info->height < 1) {
        return error_set(err, LK_E_USAGE, "what is said of the picture is not said of these bytes");
    }
    snprintf(r->sha256, sizeof r->sha256, "%s", sha256);
    snprintf(r->format, sizeof r->format, "%s", d->info->format);
    r->bytes = (int64_t)d->picture_bytes;
    r->width = d->info->width;
    r->height = d->info->height;
    return LK_OK;
}

static lk_status check_texts(const lk_reference_draft *d, lk_error *err) {
    if (!lk_reference_id_is_valid(d->id)) {
        return error_set(err, LK_E_USAGE,
                         "an id has 1 to %d letters, digits and ._- without a dot in front",
                         LK_REFERENCE_ID_MAX);
    }
    lk_status status = store_check_text("name", d->name, LK_NAME_MAX, false, err);
    if (status == LK_OK) {
        status = store_check_text("note", d->note, LK_NOTE_MAX, true, err);
    }
    return status == LK_OK ? store_check_text("actor", d->actor, LK_ACTOR_MAX, false, err) : status;
}

lk_status draft_read(lk_reference *out, const lk_reference_draft *d, const lk_reference *before,
                     lk_error *err) {
    lk_reference *r = out;
    *r = (lk_reference){.newest = true};
    lk_status status = check_texts(d, err);
    if (status == LK_OK) {
        snprintf(r->id, sizeof r->id, "%s", d->id);
        snprintf(r->actor, sizeof r->actor, "%s", d->actor ? d->actor : "");
        moment_text(r->added, moment_now_ms());
        r->version = before ? before->version + 1 : 1;
        status = copy_picture(r, d, err);
    }
    if (status == LK_OK) {
        status = copy(&r->name, d->name ? d->name : before ? before->name : d->id, err);
    }
    if (status == LK_OK) {
        status = copy(&r->note, d->note ? d->note : "", err);
    }
    if (status == LK_OK) {
        status = copy_file_name(&r->file_name, d->file_name, err);
    }
    if (status == LK_OK) {
        bool kept = !d->tags && before;
        status = kept ? copy_tags(r, (const char *const *)before->tags, before->tag_count, err)
                      : copy_tags(r, d->tags, d->tags ? d->tag_count : 0, err);
    }
    if (status == LK_OK) {
        status = copy_areas(r, d, err);
    }
    if (status == LK_OK) {
        status = copy_star(&r->star, d->star, err);
    }
    if (status != LK_OK) {
        lk_reference_release(r);
        return error_input(err, status, d->id);
    }
    return LK_OK;
}
