/* SPDX-License-Identifier: Apache-2.0 */
#include "feature/sift_pack.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"

enum { HEAD = 4, DESCRIPTOR_MOST = 127 };

static const float far_off = 1e6F; /* no picture is so large */

lk_status sift_pack(lk_bytes *out, const struct sift_points *s, lk_error *err) {
    const uint32_t count = (uint32_t)s->count;
    size_t points = s->count * sizeof *s->points, descriptors = s->count * SIFT_BYTES;
    *out = (lk_bytes){.size = HEAD + points + descriptors};
    out->data = mem_alloc(out->size, 1);
    if (!out->data) {
        return error_memory(err, out->size);
    }
    memcpy(out->data, &count, HEAD);
    if (count > 0) {
        memcpy(out->data + HEAD, s->points, points);
        memcpy(out->data + HEAD + points, s->descriptors, descriptors);
    }
    return LK_OK;
}

/* What the matching relies on. */
static bool is_sound(const struct sift_points *s) {
    bool sound = true;
    for (size_t i = 0; i < s->count; i++) {
        const struct sift_point *p = &s->points[i];
        sound = sound && fabsf(p->x) < far_off && fabsf(p->y) < far_off && p->sigma > 0 &&
                p->sigma < far_off && p->turn >= 0 && p->turn <= 1 && isfinite(p->response);
    }
    for (size_t i = 0; i < s->count * SIFT_BYTES; i++) {
        sound = sound && s->descriptors[i] <= DESCRIPTOR_MOST;
    }
    return sound;
}

lk_status sift_unpack(struct sift_points *out, const void *data, size_t size, lk_error *err) {
    const uint8_t *from = data;
    uint32_t count = 0;
    *out = (struct sift_points){0};
    if (size >= HEAD) {
        memcpy(&count, from, HEAD);
    }
    if (size < HEAD || count > SIFT_COUNT_MOST ||
        size != HEAD + count * (sizeof *out->points + SIFT_BYTES)) {
        return error_set(err, LK_E_CORRUPT, "no keypoints");
    }
    out->points = mem_alloc(count, sizeof *out->points);
    out->descriptors = mem_alloc(count, SIFT_BYTES);
    if (!out->points || !out->descriptors) {
        sift_points_release(out);
        return error_memory(err, size);
    }
    out->count = count;
    memcpy(out->points, from + HEAD, count * sizeof *out->points);
    memcpy(out->descriptors, from + HEAD + count * sizeof *out->points, (size_t)count * SIFT_BYTES);
    if (!is_sound(out)) {
        sift_points_release(out);
        return error_set(err, LK_E_CORRUPT, "keypoints out of range");
    }
    return LK_OK;
}
