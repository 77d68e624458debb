/* SPDX-License-Identifier: Apache-2.0 */
/* Aligns every photo with every reference: bench_align [-s SHEET.png] REFERENCE... -- PHOTO...
 *
 * Prints one line a pair, tab-separated: reference, photo, outcome (found, in-place, none), inliers, spread, share and mean of
 * the blocks that agree, coverage, milliseconds. SHEET shows each pair that was found, reference beside aligned photo, for
 * judging by eye. Keypoints of a picture are made once, so the milliseconds are those of a search among many. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "image/resize.h"
#include "image/warp.h"
#include "verify/align.h"

enum {
    PICTURES_MOST = 1000,
    TILE_WIDTH = 180,
    TILE_HEIGHT = 240,
    TILES_ACROSS = 8,
    TILES_MOST = 80
};

struct picture {
    const char *path;
    lk_image image;
    struct view view;
};

struct sheet {
    lk_image image;
    int32_t tiles;
};

static double now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static const char *file_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static bool picture_open(struct picture *p, lk_engine *engine, const char *path) {
    lk_error err = {0};
    p->path = path;
    if (lk_image_load(&p->image, NULL, engine, path, NULL, &err) != LK_OK ||
        view_init(&p->view, engine, &p->image, &err) != LK_OK) {
        fprintf(stderr, "%s: %s\n", path, err.text);
        return false;
    }
    return true;
}

/* One picture into the next tile, fitted. */
static lk_status add_tile(struct sheet *s, lk_engine *engine, const lk_image *rgb) {
    lk_image small;
    double scale = fmin((double)TILE_WIDTH / rgb->width, (double)TILE_HEIGHT / rgb->height);
    int32_t width = MAX((int32_t)(rgb->width * scale), 1),
            height = MAX((int32_t)(rgb->height * scale), 1);
    lk_status status = image_resize(&small, engine, rgb, width, height, RESIZE_BILINEAR, NULL);
    int32_t left = s->tiles % TILES_ACROSS * TILE_WIDTH,
            top = s->tiles / TILES_ACROSS * TILE_HEIGHT;
    for (int32_t y = 0; status == LK_OK && y < height; y++) {
        memcpy(image_row(&s->image, top + y) + 3 * left, image_row(&small, y),
               image_row_bytes(&small));
    }
    s->tiles++;
    lk_image_release(&small);
    return status;
}

static lk_status show_pair(struct sheet *s, lk_engine *engine, struct picture *a, struct picture *b,
                           const double h[9]) {
    const lk_image *rgb_a, *rgb_b;
    lk_image aligned = {0};
    lk_status status = view_rgb(&rgb_a, &a->view, NULL);
    status = status == LK_OK ? view_rgb(&rgb_b, &b->view, NULL) : status;
    status = status == LK_OK
                 ? image_warp(&aligned, NULL, engine, rgb_b, h, rgb_a->width, rgb_a->height, NULL)
                 : status;
    status = status == LK_OK ? add_tile(s, engine, rgb_a) : status;
    status = status == LK_OK ? add_tile(s, engine, &aligned) : status;
    lk_image_release(&aligned);
    return status;
}

static lk_status try_pair(struct sheet *s, lk_engine *engine, struct picture *a,
                          struct picture *b) {
    static const char *const outcomes[] = {"none", "in-place", "found"};
    struct align_result r;
    double start = now_ms();
    lk_status status = align_views(&r, &a->view, &b->view, LK_ALIGN_AUTO, NULL);
    if (status != LK_OK) {
        return status;
    }
    printf("%s\t%s\t%s\t%d\t%.2f\t%.3f\t%.3f\t%.2f\t%.1f\n", file_name(a->path), file_name(b->path),
           outcomes[r.outcome], r.alignment.inliers, r.alignment.spread, r.agreement.share,
           r.agreement.mean, r.agreement.covered, now_ms() - start);
    if (s->image.data && r.outcome == ALIGN_FOUND && s->tiles + 2 <= TILES_MOST) {
        status = show_pair(s, engine, a, b, r.alignment.homography);
    }
    align_result_release(&r);
    return status;
}

int main(int argc, char **argv) {
    static struct picture pictures[PICTURES_MOST];
    struct sheet sheet = {.tiles = 0};
    lk_engine *engine;
    const char *sheet_path = argc > 2 && strcmp(argv[1], "-s") == 0 ? argv[2] : NULL;
    int32_t count = 0, photos_from = 0;
    if (lk_engine_new(&engine, NULL, NULL) != LK_OK) {
        return 2;
    }
    for (int i = sheet_path ? 3 : 1; i < argc && count < PICTURES_MOST; i++) {
        if (strcmp(argv[i], "--") == 0) {
            photos_from = count;
        } else if (picture_open(&pictures[count], engine, argv[i])) {
            count++;
        }
    }
    if (sheet_path && lk_image_new(&sheet.image, TILES_ACROSS * TILE_WIDTH,
                                   TILES_MOST / TILES_ACROSS * TILE_HEIGHT, 3, 8, NULL) != LK_OK) {
        return 2;
    }
    lk_status status = LK_OK;
    for (int32_t b = photos_from; b < count; b++) {
        for (int32_t a = 0; status == LK_OK && a < photos_from; a++) {
            status = try_pair(&sheet, engine, &pictures[a], &pictures[b]);
        }
    }
    if (status == LK_OK && sheet_path) {
        int32_t rows = MAX((sheet.tiles + TILES_ACROSS - 1) / TILES_ACROSS, 1);
        sheet.image.height = rows * TILE_HEIGHT;
        status = lk_image_save(&sheet.image, engine, sheet_path, NULL);
    }
    for (int32_t i = 0; i < count; i++) {
        view_release(&pictures[i].view);
        lk_image_release(&pictures[i].image);
    }
    lk_image_release(&sheet.image);
    lk_engine_free(engine);
    return status == LK_OK ? 0 : 2;
}
