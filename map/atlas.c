/* SPDX-License-Identifier: Apache-2.0 */
/* Tiles fill a page row by row. What a picture leaves free of its tile repeats its last column and row, so that a viewer that
 * samples between pixels finds no foreign colour at its edge. A page is encoded as soon as it is full: memory holds one of
 * pixels. */
#include <likeness/map.h>

#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "image/colour.h"
#include "image/engine.h"
#include "image/image.h"
#include "image/resize.h"

/* JPEG's chroma blocks are 16 pixels: a tile of a multiple of 16 keeps its colours to itself. */
enum { PAGES_MAX = 4096, JPEG_QUALITY = 80 };

struct atlas_size {
    uint8_t width, height; /* less 1 */
};

struct lk_atlas {
    lk_engine *engine;
    lk_atlas_info about;
    lk_image page; /* being filled; empty when there is none */
    lk_bytes *pages;
    struct atlas_size *sizes;
    int32_t room; /* of sizes */
    bool finished;
};

lk_status lk_atlas_new(lk_atlas **out, lk_engine *engine, int32_t tile, lk_error *err) {
    *out = NULL;
    if (tile < LK_ATLAS_TILE_MIN || tile > LK_ATLAS_TILE_MAX) {
        return error_set(err, LK_E_USAGE, "thumbnails are %d to %d pixels, not %d",
                         LK_ATLAS_TILE_MIN, LK_ATLAS_TILE_MAX, tile);
    }
    lk_atlas *a = mem_calloc(1, sizeof *a);
    lk_bytes *pages = mem_calloc(PAGES_MAX, sizeof *pages);
    if (!a || !pages) {
        mem_free(a);
        mem_free(pages);
        return error_memory(err, PAGES_MAX * sizeof *pages);
    }
    int32_t across = LK_ATLAS_PAGE_SIDE / tile;
    a->engine = engine;
    a->pages = pages;
    a->about = (lk_atlas_info){.tile = tile, .columns = across, .rows = across};
    *out = a;
    return LK_OK;
}

void lk_atlas_free(lk_atlas *atlas) {
    if (!atlas) {
        return;
    }
    for (int32_t i = 0; i < atlas->about.pages; i++) {
        lk_bytes_release(&atlas->pages[i]);
    }
    lk_image_release(&atlas->page);
    mem_free(atlas->pages);
    mem_free(atlas->sizes);
    mem_free(atlas);
}

/* Encodes the page, of which `rows` rows of tiles are filled. */
static lk_status close_page(lk_atlas *a, int32_t rows, lk_error *err) {
    lk_image shown = a->page; /* the upper part of it */
    shown.height = rows * a->about.tile;
    lk_status status =
        lk_image_encode(&a->pages[a->about.pages], &shown, a->engine, "jpeg", JPEG_QUALITY, err);
    a->about.pages += status == LK_OK;
    lk_image_release(&a->page);
    return status;
}

static lk_status open_page(lk_atlas *a, lk_error *err) {
    int32_t side = a->about.columns * a->about.tile;
    if (a->about.pages == PAGES_MAX) {
        return error_set(err, LK_E_LIMIT, "more than %d pages of thumbnails", PAGES_MAX);
    }
    lk_status status = lk_image_new(&a->page, side, side, 3, 8, err);
    if (status == LK_OK) {
        memset(a->page.data, 0x80, a->page.stride * (size_t)side);
    }
    return status;
}

static lk_status reserve_size(lk_atlas *a, lk_error *err) {
    if (a->about.count < a->room) {
        return LK_OK;
    }
    int32_t room = a->room ? 2 * a->room : 256;
    struct atlas_size *sizes = mem_realloc(a->sizes, (size_t)room, sizeof *sizes);
    if (!sizes) {
        return error_memory(err, (size_t)room * sizeof *sizes);
    }
    a->sizes = sizes;
    a->room = room;
    return LK_OK;
}

/* The picture in at most tile x tile pixels of RGB. */
static lk_status make_small(lk_image *out, const lk_atlas *a, const lk_image *image,
                            lk_error *err) {
    int32_t tile = a->about.tile, longer = MAX(image->width, image->height);
    lk_image rgb = {0};
    if (longer <= tile) {
        return colour_to_rgb8(out, image, err);
    }
    int32_t width = MAX((int32_t)(((int64_t)image->width * tile + longer / 2) / longer), 1);
    int32_t height = MAX((int32_t)(((int64_t)image->height * tile + longer / 2) / longer), 1);
    lk_status status = colour_to_rgb8(&rgb, image, err);
    status = status == LK_OK
                 ? image_resize(out, a->engine, &rgb, width, height, RESIZE_BICUBIC, err)
                 : status;
    lk_image_release(&rgb);
    return status;
}

static void put(lk_image *page, const lk_image *small, int32_t x, int32_t y, int32_t tile) {
    for (int32_t row = 0; row < tile; row++) {
        const uint8_t *from = image_row(small, MIN(row, small->height - 1));
        uint8_t *to = image_row(page, y + row) + 3 * (size_t)x;
        memcpy(to, from, 3 * (size_t)small->width);
        for (int32_t column = small->width; column < tile; column++) {
            memcpy(to + 3 * (size_t)column, from + 3 * ((size_t)small->width - 1), 3);
        }
    }
}

lk_status lk_atlas_add(lk_atlas *atlas, const lk_image *image, lk_error *err) {
    lk_atlas_info *about = &atlas->about;
    lk_image small = {0};
    if (atlas->finished) {
        return error_set(err, LK_E_USAGE, "the atlas is finished");
    }
    lk_status status = reserve_size(atlas, err);
    status = status == LK_OK && !atlas->page.data ? open_page(atlas, err) : status;
    status = status == LK_OK ? make_small(&small, atlas, image, err) : status;
    if (status == LK_OK) {
        int32_t place = about->count % (about->columns * about->rows);
        put(&atlas->page, &small, place % about->columns * about->tile,
            place / about->columns * about->tile, about->tile);
        atlas->sizes[about->count++] =
            (struct atlas_size){(uint8_t)(small.width - 1), (uint8_t)(small.height - 1)};
        if (place + 1 == about->columns * about->rows) {
            status = close_page(atlas, about->rows, err);
        }
    }
    lk_image_release(&small);
    return status;
}

lk_status lk_atlas_finish(lk_atlas *atlas, lk_error *err) {
    int32_t left = atlas->about.count % (atlas->about.columns * atlas->about.rows);
    bool open = atlas->page.data != NULL && !atlas->finished;
    atlas->finished = true;
    return open ? close_page(atlas, (left + atlas->about.columns - 1) / atlas->about.columns, err)
                : LK_OK;
}

lk_atlas_info lk_atlas_about(const lk_atlas *atlas) {
    return atlas->about;
}

const lk_bytes *lk_atlas_page(const lk_atlas *atlas, int32_t page) {
    return &atlas->pages[page];
}

void lk_atlas_size(const lk_atlas *atlas, int32_t i, int32_t *width, int32_t *height) {
    *width = atlas->sizes[i].width + 1;
    *height = atlas->sizes[i].height + 1;
}
