/* SPDX-License-Identifier: Apache-2.0 */
#include "learn/sheet.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "image/colour.h"
#include "image/draw.h"
#include "image/engine.h"
#include "image/image.h"
#include "image/resize.h"

/* Pixels: of a picture's square, between squares, of a frame; text is 7 x TEXT high. */
enum { TILE = 96, GAP = 14, FRAME = 4, TEXT = 2, LINE = 7 * TEXT, MARGIN = 16 };
enum { CELL = TILE + GAP, CELL_HEIGHT = TILE + LINE + 2 * GAP, TITLE = LINE + MARGIN };
enum { BADGE = 11 }; /* radius */

static const struct colour paper = {255, 255, 255}, ink = {31, 35, 40}, ground = {234, 238, 242},
                           right_colour = {26, 127, 55}, wrong_colour = {179, 45, 0};

/* At least as wide as the title. */
static lk_status make_paper(lk_image *out, int32_t width, int32_t height, const char *title,
                            lk_error *err) {
    const char *text = title ? title : "";
    width = MAX(width, 2 * MARGIN + 6 * TEXT * (int32_t)strnlen(text, 256));
    lk_status status = lk_image_new(out, width, height, 3, 8, err);
    if (status == LK_OK) {
        draw_box(out, 0, 0, width, height, paper);
        draw_text(out, MARGIN, MARGIN, TEXT, text, ink);
    }
    return status;
}

/* -- Neighbours -- */

struct neighbours {
    lk_engine *engine;
    lk_image *out;
    const struct sheet_question *questions;
    int32_t columns, top;
    int32_t short_of_memory; /* atomic */
};

/* The whole picture, as large as fits into a square; alpha over white. */
static lk_status make_tile(lk_image *out, lk_engine *engine, const lk_image *image, lk_error *err) {
    lk_image plain = {0};
    lk_status status = colour_to_rgb8(&plain, image, err);
    if (status == LK_OK) {
        double scale = (double)TILE / MAX(plain.width, plain.height);
        int32_t width = MAX((int32_t)lround(plain.width * scale), 1);
        int32_t height = MAX((int32_t)lround(plain.height * scale), 1);
        status = image_resize(out, engine, &plain, width, height, RESIZE_BICUBIC, err);
    }
    lk_image_release(&plain);
    return status;
}

static lk_status load_tile(lk_image *out, lk_engine *engine, const char *path, lk_error *err) {
    const lk_load_options load = {.max_side = TILE, .no_digest = true};
    lk_image image = {0};
    lk_status status = lk_image_load(&image, NULL, engine, path, &load, err);
    status = status == LK_OK ? make_tile(out, engine, &image, err) : status;
    lk_image_release(&image);
    return status;
}

/* A disc with a tick or a cross in the upper right corner: who cannot tell red from green sees it as well. */
static void draw_badge(lk_image *out, int32_t x, int32_t y, bool right) {
    double cx = x + TILE - 4, cy = y + 4;
    static const double tick[3][2] = {{-5, 0.5}, {-1.5, 4}, {5.5, -4}};
    static const double cross[4][2] = {{-4, -4}, {4, 4}, {-4, 4}, {4, -4}};
    draw_disc(out, cx, cy, BADGE + 2, paper);
    draw_disc(out, cx, cy, BADGE, right ? right_colour : wrong_colour);
    for (int32_t i = 0; i < 2; i++) {
        const double *a = right ? tick[i] : cross[2 * i];
        const double *b = right ? tick[i + 1] : cross[2 * i + 1];
        double from[2] = {cx + a[0], cy + a[1]}, to[2] = {cx + b[0], cy + b[1]};
        draw_line(out, from, to, 3, paper, 1);
    }
}

/* One picture of a row: column 0 is the one that asks. Each draws into a cell of its own. */
static void draw_cell(void *arg, int32_t i) {
    struct neighbours *n = arg;
    int32_t column = i % n->columns, row = i / n->columns;
    const struct sheet_question *q = &n->questions[row];
    const struct sheet_answer *a = column > 0 ? &q->answers[column - 1] : NULL;
    int32_t x = MARGIN + column * CELL + (column > 0 ? GAP : 0), y = n->top + row * CELL_HEIGHT;
    char text[32];
    lk_image tile = {0};
    lk_error err;
    if (column > q->answer_count || engine_check_stop(n->engine, &err) != LK_OK) {
        return;
    }
    draw_box(n->out, x, y, TILE, TILE, ground);
    lk_status status = !a && q->image.data
                           ? make_tile(&tile, n->engine, &q->image, &err)
                           : load_tile(&tile, n->engine, a ? a->path : q->path, &err);
    if (status == LK_OK) {
        draw_image(n->out, x + (TILE - tile.width) / 2, y + (TILE - tile.height) / 2, &tile);
    } else if (status == LK_E_MEMORY) {
        __atomic_store_n(&n->short_of_memory, 1, __ATOMIC_RELAXED);
    } else {
        draw_text(n->out, x + 8, y + TILE / 2, 1, "cannot be read", ink);
    }
    lk_image_release(&tile);
    if (a) {
        draw_frame(n->out, x - FRAME, y - FRAME, TILE + 2 * FRAME, TILE + 2 * FRAME, FRAME,
                   a->right ? right_colour : wrong_colour);
        draw_badge(n->out, x, y, a->right);
        snprintf(text, sizeof text, "%.3f", (double)a->cosine);
    } else {
        snprintf(text, sizeof text, "rank %d", (int)q->rank);
    }
    draw_text(n->out, x, y + TILE + GAP / 2 + 2, TEXT, text, ink);
}

lk_status sheet_neighbours(lk_image *out, lk_engine *engine, const char *title,
                           const struct sheet_question *questions, int32_t count, lk_error *err) {
    int32_t most = 0;
    *out = (lk_image){0};
    for (int32_t i = 0; i < count; i++) {
        most = MAX(most, questions[i].answer_count);
    }
    struct neighbours n = {.engine = engine,
                           .out = out,
                           .questions = questions,
                           .columns = most + 1,
                           .top = MARGIN + TITLE};
    lk_status status = make_paper(out, 2 * MARGIN + n.columns * CELL + GAP,
                                  n.top + count * CELL_HEIGHT + MARGIN, title, err);
    if (status == LK_OK) {
        lk_engine_for(engine, count * n.columns, draw_cell, &n);
        status = engine_check_stop(engine, err);
    }
    if (status == LK_OK && n.short_of_memory) {
        status = error_memory(err, (size_t)TILE * TILE * 3);
    }
    if (status != LK_OK) {
        lk_image_release(out);
    }
    return status;
}

/* -- Reconstructions -- */

enum { TRIPLE = 3 * CELL + GAP, ABREAST = 3, LEVELS_MOST = 64 };

/* Enlarged by whole pixels while it fits, else resized. */
static lk_status fit_tile(lk_image *out, lk_engine *engine, const lk_image *from, lk_error *err) {
    int32_t longer = MAX(from->width, from->height), times = TILE / longer;
    double scale = times > 0 ? times : (double)TILE / longer;
    lk_image plain;
    *out = (lk_image){0};
    lk_status status = colour_to_rgb8(&plain, from, err);
    if (status == LK_OK && times == 0) {
        status = image_resize(out, engine, &plain, MAX((int32_t)lround(from->width * scale), 1),
                              MAX((int32_t)lround(from->height * scale), 1), RESIZE_BOX, err);
    } else if (status == LK_OK) {
        status = lk_image_new(out, times * from->width, times * from->height, 3, 8, err);
        for (int32_t y = 0; status == LK_OK && y < out->height; y++) {
            for (int32_t x = 0; x < out->width; x++) {
                memcpy(image_row(out, y) + 3 * x, image_row(&plain, y / times) + 3 * (x / times),
                       3);
            }
        }
    }
    lk_image_release(&plain);
    return status;
}

/* The picture of the difference, and its mean in levels. */
static lk_status draw_difference(lk_image *out, double *mean, const lk_image *a, const lk_image *b,
                                 lk_error *err) {
    int64_t sum = 0;
    int32_t channels = a->channels;
    lk_status status = lk_image_new(out, a->width, a->height, 3, 8, err);
    for (int32_t y = 0; status == LK_OK && y < a->height; y++) {
        const uint8_t *p = image_row(a, y), *q = image_row(b, y);
        for (int32_t x = 0; x < a->width; x++) {
            int32_t here = 0;
            for (int32_t c = 0; c < channels; c++) {
                here += abs(p[x * channels + c] - q[x * channels + c]);
            }
            struct colour shade = draw_viridis((double)here / channels / LEVELS_MOST);
            memcpy(image_row(out, y) + 3 * x, (uint8_t[]){shade.r, shade.g, shade.b}, 3);
            sum += here;
        }
    }
    *mean = (double)sum / channels / ((double)a->width * a->height);
    return status;
}

static lk_status draw_triple(lk_image *out, lk_engine *engine, int32_t x, int32_t y,
                             const lk_image *original, const lk_image *made, lk_error *err) {
    lk_image difference;
    double mean;
    char text[32];
    lk_status status = draw_difference(&difference, &mean, original, made, err);
    const lk_image *const pictures[] = {original, made, &difference};
    for (int32_t i = 0; status == LK_OK && i < 3; i++) {
        lk_image tile;
        draw_box(out, x + i * CELL, y, TILE, TILE, ground);
        status = fit_tile(&tile, engine, pictures[i], err);
        if (status == LK_OK) {
            draw_image(out, x + i * CELL + (TILE - tile.width) / 2, y + (TILE - tile.height) / 2,
                       &tile);
        }
        lk_image_release(&tile);
    }
    lk_image_release(&difference);
    snprintf(text, sizeof text, "%.2f", mean);
    draw_text(out, x + 2 * CELL, y + TILE + GAP / 2 + 2, TEXT, text, ink);
    return status;
}

static lk_status check_pair(const lk_image *a, const lk_image *b, int32_t i, lk_error *err) {
    bool good = image_same_size(a, b) && a->channels == b->channels && a->bit_depth == 8 &&
                b->bit_depth == 8 && (a->channels == 1 || a->channels == 3);
    return good ? LK_OK
                : error_set(err, LK_E_SIZE, "pair %d: %d x %d x %d and %d x %d x %d", (int)i,
                            (int)a->width, (int)a->height, (int)a->channels, (int)b->width,
                            (int)b->height, (int)b->channels);
}

lk_status sheet_reconstructions(lk_image *out, lk_engine *engine, const char *title,
                                const lk_image *originals, const lk_image *made, int32_t count,
                                lk_error *err) {
    static const char *const headings[] = {"original", "made", "differs"};
    int32_t abreast = MIN(MAX(count, 1), ABREAST), rows = (count + ABREAST - 1) / ABREAST;
    int32_t top = MARGIN + TITLE + LINE + GAP / 2;
    *out = (lk_image){0};
    lk_status status = LK_OK;
    for (int32_t i = 0; status == LK_OK && i < count; i++) {
        status = check_pair(&originals[i], &made[i], i, err);
    }
    if (status == LK_OK) {
        status = make_paper(out, 2 * MARGIN + abreast * TRIPLE, top + rows * CELL_HEIGHT + MARGIN,
                            title, err);
    }
    for (int32_t i = 0; status == LK_OK && i < 3 * abreast; i++) {
        draw_text(out, MARGIN + i / 3 * TRIPLE + i % 3 * CELL, MARGIN + TITLE, TEXT,
                  headings[i % 3], ink);
    }
    for (int32_t i = 0; status == LK_OK && i < count; i++) {
        status = draw_triple(out, engine, MARGIN + i % ABREAST * TRIPLE,
                             top + i / ABREAST * CELL_HEIGHT, &originals[i], &made[i], err);
    }
    if (status != LK_OK) {
        lk_image_release(out);
    }
    return status;
}
