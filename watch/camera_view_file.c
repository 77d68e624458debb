/* SPDX-License-Identifier: Apache-2.0 */
/* A view as bytes: a head of fixed size, the layers' points, the keypoints, the small picture; little-endian, as in memory. */
#include <math.h>
#include <string.h>

#include "base/compiler.h"
#include "base/error.h"
#include "base/mem.h"
#include "feature/sift_pack.h"
#include "watch/sight_parts.h"

enum { SIGHT_VERSION = 1 };

/* Fixed width, no padding. */
struct head {
    uint8_t magic[8];
    uint32_t version;
    int32_t frame_width, frame_height, frames, count, dim;
    int32_t small_width, small_height;
    double brightness, busy;
    float embedding[SIGHT_DIM_MOST];
    uint8_t mask[SIGHT_MASK_CELLS];
};

static const uint8_t magic[8] = {'l', 'k', ' ', 'v', 'i', 'e', 'w', '\n'};

/* -- Writing -- */

static void write_layer(struct buf *out, const struct sight_layer *layer) {
    buf_add(out, &layer->width, sizeof layer->width);
    buf_add(out, &layer->height, sizeof layer->height);
    buf_add(out, layer->start, sizeof layer->start);
    buf_add(out, layer->points, layer->start[SIGHT_BLOCKS] * sizeof *layer->points);
}

lk_status camera_view_write(struct buf *out, const struct camera_view *view, lk_error *err) {
    struct head head = {.version = SIGHT_VERSION,
                        .frame_width = view->frame_width,
                        .frame_height = view->frame_height,
                        .frames = view->frames,
                        .count = view->count,
                        .dim = view->dim,
                        .small_width = view->small.width,
                        .small_height = view->small.height,
                        .brightness = view->brightness,
                        .busy = view->busy};
    lk_bytes keys = {0};
    memcpy(head.magic, magic, sizeof magic);
    memcpy(head.embedding, view->embedding, sizeof head.embedding);
    memcpy(head.mask, view->mask.cells, sizeof head.mask);
    lk_status status = sift_pack(&keys, &view->keys, err);
    if (status != LK_OK) {
        return status;
    }
    uint64_t size = keys.size;
    buf_add(out, &head, sizeof head);
    for (int32_t i = 0; i < view->count; i++) {
        write_layer(out, &view->layers[i]);
    }
    buf_add(out, &size, sizeof size);
    buf_add(out, keys.data, keys.size);
    for (int32_t y = 0; y < view->small.height; y++) {
        buf_add(out, image_row(&view->small, y), (size_t)view->small.width);
    }
    lk_bytes_release(&keys);
    return buf_status(out, err);
}

/* -- Reading -- */

struct reader {
    const uint8_t *at;
    size_t left;
};

/* Copies the next bytes; false where they end. */
static bool take(void *out, struct reader *r, size_t size) {
    if (size > r->left) {
        return false;
    }
    memcpy(out, r->at, size);
    r->at += size;
    r->left -= size;
    return true;
}

static bool is_number(double v, double least, double most) {
    return v >= least && v <= most;
}

/* What looking relies on: blocks in order, points inside of the layer, finite slopes, seen at least once. */
static bool is_sound(const struct sight_layer *layer) {
    uint32_t total = layer->start[SIGHT_BLOCKS];
    bool sound = layer->start[0] == 0;
    for (int32_t b = 0; b < SIGHT_BLOCKS; b++) {
        sound = sound && layer->start[b] <= layer->start[b + 1];
    }
    for (uint32_t i = 0; sound && i < total; i++) {
        const struct sight_point *p = &layer->points[i];
        sound = p->x < layer->width && p->y < layer->height &&
                is_number((double)fabsf(p->gx), 0, 1024) &&
                is_number((double)fabsf(p->gy), 0, 1024) &&
                is_number((double)p->seen, 1, SIGHT_FRAMES_MOST) &&
                is_number((double)p->found, 0, (double)p->seen);
    }
    return sound;
}

static lk_status read_layer(struct sight_layer *out, struct reader *r, const int32_t size[2],
                            lk_error *err) {
    bool whole = take(&out->width, r, sizeof out->width) &&
                 take(&out->height, r, sizeof out->height) &&
                 take(out->start, r, sizeof out->start);
    uint32_t total = out->start[SIGHT_BLOCKS];
    if (!whole || out->width != size[0] || out->height != size[1] || total > SIGHT_LAYER_POINTS) {
        return error_set(err, LK_E_CORRUPT, "a camera's view has a layer that is none");
    }
    out->points = mem_alloc(SIGHT_LAYER_POINTS, sizeof *out->points);
    if (!out->points) {
        return error_memory(err, SIGHT_LAYER_POINTS * sizeof *out->points);
    }
    if (!take(out->points, r, total * sizeof *out->points) || !is_sound(out)) {
        return error_set(err, LK_E_CORRUPT, "a camera's view has points that are none");
    }
    return LK_OK;
}

static bool head_is_sound(const struct head *h) {
    bool sound = memcmp(h->magic, magic, sizeof magic) == 0 && h->version == SIGHT_VERSION &&
                 MIN(h->frame_width, h->frame_height) >= SIGHT_FRAME_LEAST &&
                 MAX(h->frame_width, h->frame_height) <= 65535 && h->frames >= 1 &&
                 h->frames <= SIGHT_FRAMES_MOST && h->dim >= 1 && h->dim <= SIGHT_DIM_MOST &&
                 h->small_width >= 1 && h->small_width <= SIGHT_SMALL_SIDE &&
                 h->small_height >= 1 && h->small_height <= SIGHT_SMALL_SIDE &&
                 is_number(h->brightness, 0, 255) && is_number(h->busy, 0, 1024);
    for (int32_t i = 0; i < SIGHT_DIM_MOST; i++) {
        sound = sound && is_number((double)fabsf(h->embedding[i]), 0, 1.001);
    }
    return sound;
}

static lk_status read_tail(struct camera_view *view, struct reader *r, const struct head *h,
                           lk_error *err) {
    uint64_t size = 0;
    if (!take(&size, r, sizeof size) || size > r->left) {
        return error_set(err, LK_E_CORRUPT, "a camera's view ends early");
    }
    lk_status status = sift_unpack(&view->keys, r->at, (size_t)size, err);
    if (status != LK_OK) {
        return status;
    }
    r->at += size;
    r->left -= (size_t)size;
    if (r->left != (size_t)h->small_width * (size_t)h->small_height) {
        return error_set(err, LK_E_CORRUPT, "a camera's view is of another length");
    }
    status = lk_image_new(&view->small, h->small_width, h->small_height, 1, 8, err);
    for (int32_t y = 0; status == LK_OK && y < h->small_height; y++) {
        memcpy(image_row(&view->small, y), r->at + (size_t)y * (size_t)h->small_width,
               (size_t)h->small_width);
    }
    return status;
}

static lk_status read_all(struct camera_view *view, struct reader *r, const struct head *h,
                          lk_error *err) {
    lk_status status = LK_OK;
    int32_t size[2];
    view->frame_width = h->frame_width;
    view->frame_height = h->frame_height;
    view->frames = h->frames;
    view->dim = h->dim;
    view->brightness = h->brightness;
    view->busy = h->busy;
    memcpy(view->embedding, h->embedding, sizeof view->embedding);
    memcpy(view->mask.cells, h->mask, sizeof h->mask);
    sight_first_level(&size[0], &size[1], h->frame_width, h->frame_height);
    int32_t count = sight_level_count(size[0], size[1]);
    if (h->count != count) {
        return error_set(err, LK_E_CORRUPT, "a camera's view has %d layers, not %d", (int)h->count,
                         (int)count);
    }
    while (status == LK_OK && view->count < count) {
        status = read_layer(&view->layers[view->count], r, size, err);
        view->count++;
        size[0] /= 2;
        size[1] /= 2;
    }
    return status == LK_OK ? read_tail(view, r, h, err) : status;
}

lk_status camera_view_read(struct camera_view **out, const uint8_t *data, size_t size,
                           lk_error *err) {
    struct reader r = {data, size};
    struct head head;
    *out = NULL;
    if (!take(&head, &r, sizeof head) || !head_is_sound(&head)) {
        return error_set(err, LK_E_CORRUPT, "no view of a camera, or one of another version");
    }
    struct camera_view *view = mem_calloc(1, sizeof *view);
    if (!view) {
        return error_memory(err, sizeof *view);
    }
    lk_status status = read_all(view, &r, &head, err);
    if (status != LK_OK) {
        camera_view_free(view);
        return status;
    }
    *out = view;
    return LK_OK;
}
