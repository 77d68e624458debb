/* SPDX-License-Identifier: Apache-2.0 */
#include "learn/pictures.h"

#include <likeness/simulate.h>
#include <stdatomic.h>

#include "base/error.h"
#include "base/mem.h"
#include "image/colour.h"
#include "image/engine.h"
#include "image/resize.h"

struct loading {
    lk_engine *engine;
    const struct dataset *d;
    struct pictures *out;
    lk_error *errors; /* one a sample */
    int32_t side;
    size_t max_bytes;
    atomic_size_t bytes;
};

static size_t image_bytes(const lk_image *image) {
    return (size_t)image->width * (size_t)image->height * 3;
}

/* The picture as RGB, reduced. */
static lk_status reduce(lk_image *out, const struct loading *l, const lk_image *loaded,
                        lk_error *err) {
    lk_image plain = {0};
    int32_t shorter = MIN(loaded->width, loaded->height);
    lk_status status = colour_to_rgb8(&plain, loaded, err);
    if (status == LK_OK && shorter > l->side) {
        int32_t width = (int32_t)((int64_t)loaded->width * l->side / shorter);
        int32_t height = (int32_t)((int64_t)loaded->height * l->side / shorter);
        status = image_resize(out, l->engine, &plain, width, height, RESIZE_BOX, err);
        lk_image_release(&plain);
        return status;
    }
    *out = plain;
    return status;
}

/* Smaller ones cannot be photographed (lk_simulate_view): better left out by name now than an error at some step. */
static lk_status check_side(const lk_image *image, const char *path, lk_error *err) {
    if (MIN(image->width, image->height) >= LK_SIMULATE_SIDE_LEAST) {
        return LK_OK;
    }
    return error_input(err,
                       error_set(err, LK_E_FORMAT, "%d x %d pixels; %d x %d are the least",
                                 (int)image->width, (int)image->height, LK_SIMULATE_SIDE_LEAST,
                                 LK_SIMULATE_SIDE_LEAST),
                       path);
}

/* A JPEG may be decoded at a part of its size, which is told by its longer side: a banner's shorter one may be left too small. */
static lk_status load_whole(lk_image *out, const struct loading *l, const char *path,
                            lk_error *err) {
    lk_load_options options = {.max_side = 4 * l->side, .no_digest = true};
    lk_image_info info;
    lk_status status = lk_image_load(out, &info, l->engine, path, &options, err);
    bool reduced = status == LK_OK && out->width < info.width;
    if (reduced && MIN(out->width, out->height) < l->side) {
        lk_image_release(out);
        options.max_side = 0;
        status = lk_image_load(out, NULL, l->engine, path, &options, err);
    }
    return status;
}

static void load_sample(void *arg, int32_t i) {
    struct loading *l = arg;
    lk_image loaded = {0}, *image = &l->out->images[i];
    lk_error *err = &l->errors[i];
    lk_status status = engine_check_stop(l->engine, err);
    if (status == LK_OK && l->bytes > l->max_bytes) {
        status = LK_E_LIMIT; /* told once, at the end */
    }
    if (status == LK_OK) {
        status = load_whole(&loaded, l, l->d->paths[i], err);
    }
    if (status == LK_OK) {
        status = check_side(&loaded, l->d->paths[i], err);
    }
    if (status == LK_OK) {
        status = reduce(image, l, &loaded, err);
    }
    if (status == LK_OK) {
        l->bytes += image_bytes(image);
    }
    lk_image_release(&loaded);
}

static lk_status check(struct loading *l, lk_error *err) {
    struct pictures *out = l->out;
    lk_status status = engine_check_stop(l->engine, err);
    for (int32_t i = 0; i < out->count; i++) {
        if (l->errors[i].status == LK_E_MEMORY && status == LK_OK) {
            *err = l->errors[i];
            return LK_E_MEMORY;
        }
        if (!out->images[i].data && out->unread++ == 0) {
            out->first = l->errors[i];
        }
    }
    if (status == LK_OK && l->bytes > l->max_bytes) {
        status = error_limit(err, "memory_bytes",
                             "the pictures take more than %zu bytes in memory at %d pixels a side",
                             l->max_bytes, (int)l->side);
    } else if (status == LK_OK && out->unread == out->count) {
        status = error_set(err, LK_E_USAGE, "not one of %d pictures can be used, the first: %s",
                           (int)out->count, out->first.text);
        status = error_input(err, status, out->first.input);
    }
    return status;
}

lk_status pictures_load(struct pictures *out, lk_engine *engine, const struct dataset *d,
                        int32_t side, size_t max_bytes, lk_error *err) {
    size_t count = (size_t)d->count;
    struct loading l = {.engine = engine, .d = d, .out = out, .side = side};
    l.max_bytes = MAX(max_bytes, (size_t)engine->limits.memory_bytes);
    *out = (struct pictures){.count = d->count};
    out->images = mem_calloc(count + 1, sizeof *out->images);
    l.errors = mem_calloc(count + 1, sizeof *l.errors);
    lk_status status =
        out->images && l.errors ? LK_OK : error_memory(err, count * sizeof *out->images);
    if (status == LK_OK) {
        lk_engine_for(engine, d->count, load_sample, &l);
        status = check(&l, err);
    }
    mem_free(l.errors);
    if (status != LK_OK) {
        pictures_release(out);
    }
    return status;
}

void pictures_release(struct pictures *p) {
    for (int32_t i = 0; p->images && i < p->count; i++) {
        lk_image_release(&p->images[i]);
    }
    mem_free(p->images);
    *p = (struct pictures){0};
}
