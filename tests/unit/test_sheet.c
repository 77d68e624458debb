/* SPDX-License-Identifier: Apache-2.0 */
/* Sheets: what stands where, in which frame, and what is refused. */
#include "tests/unit/harness.h"

#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "image/image.h"
#include "learn/sheet.h"

/* Of learn/sheet.c: where cells lie. */
enum { MARGIN = 16, TOP = 46, CELL = 110, CELL_HEIGHT = 138, GAP = 14, TILE = 96 };

struct world {
    char root[64];
    char paths[4][96]; /* red, green, blue, and one that is not there */
    lk_engine *engine;
};

static void plain(lk_image *out, int32_t width, int32_t height, uint8_t r, uint8_t g, uint8_t b) {
    lk_error err;
    assert_ok(lk_image_new(out, width, height, 3, 8, &err));
    for (int32_t y = 0; y < height; y++) {
        for (int32_t x = 0; x < width; x++) {
            memcpy(image_row(out, y) + 3 * x, (uint8_t[]){r, g, b}, 3);
        }
    }
}

static int set_up(void **state) {
    lk_error err;
    struct world *w = mem_calloc(1, sizeof *w);
    snprintf(w->root, sizeof w->root, "/tmp/likeness-sheet-XXXXXX");
    assert_non_null(mkdtemp(w->root));
    assert_ok(lk_engine_new(&w->engine, NULL, &err));
    for (int32_t i = 0; i < 4; i++) {
        snprintf(w->paths[i], sizeof w->paths[i], "%s/%d.png", w->root, (int)i);
    }
    for (int32_t i = 0; i < 3; i++) {
        lk_image image;
        plain(&image, 40, i == 0 ? 20 : 40, i == 0 ? 255 : 0, i == 1 ? 255 : 0, i == 2 ? 255 : 0);
        assert_ok(lk_image_save(&image, w->engine, w->paths[i], &err));
        lk_image_release(&image);
    }
    *state = w;
    return 0;
}

static int tear_down(void **state) {
    struct world *w = *state;
    for (int32_t i = 0; i < 3; i++) {
        assert_int_equal(unlink(w->paths[i]), 0);
    }
    assert_int_equal(rmdir(w->root), 0);
    lk_engine_free(w->engine);
    mem_free(w);
    return 0;
}

static uint32_t pixel(const lk_image *image, int32_t x, int32_t y) {
    assert_in_range(x, 0, image->width - 1);
    assert_in_range(y, 0, image->height - 1);
    const uint8_t *p = image_row(image, y) + 3 * x;
    return (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
}

static int32_t cell_x(int32_t column) {
    return MARGIN + column * CELL + (column > 0 ? GAP : 0);
}

#define RIGHT_FRAME 0x1a7f37
#define WRONG_FRAME 0xb32d00

static void test_neighbours(void **state) {
    const struct world *w = *state;
    lk_error err;
    lk_image sheet;
    static uint8_t gray[3 * 16 * 16];
    struct sheet_question q[2] = {
        {.path = w->paths[0],
         .rank = 2,
         .answer_count = 2,
         .answers = {{w->paths[1], 0.9F, false}, {w->paths[2], 0.8F, true}}},
        {.path = w->paths[1],
         .rank = 1,
         .answer_count = 1,
         .answers = {{w->paths[3], 0.5F, true}}}};
    assert_ok(sheet_neighbours(&sheet, w->engine, "title", q, 2, &err));
    int32_t y = TOP + TILE / 2;
    assert_int_equal(pixel(&sheet, cell_x(0) + 48, y), 0xff0000);
    assert_int_equal(pixel(&sheet, cell_x(0) + 48, TOP + 4),
                     0xeaeef2); /* it is twice as wide as high */
    assert_int_equal(pixel(&sheet, cell_x(1) + 48, y), 0x00ff00);
    assert_int_equal(pixel(&sheet, cell_x(1) - 2, y), WRONG_FRAME);
    assert_int_equal(pixel(&sheet, cell_x(2) - 2, y), RIGHT_FRAME);
    assert_int_equal(pixel(&sheet, cell_x(0) - 2, y), 0xffffff); /* no frame */
    /* In the badge: the middle of a cross is white, that of a tick is not. */
    assert_int_equal(pixel(&sheet, cell_x(1) + 92, TOP + 4), 0xffffff);
    assert_int_equal(pixel(&sheet, cell_x(2) + 92, TOP + 4 - 6), RIGHT_FRAME);
    /* A picture that is gone, and a place without an answer. */
    y += CELL_HEIGHT;
    assert_int_equal(pixel(&sheet, cell_x(1) + 48, y - 10), 0xeaeef2);
    assert_int_equal(pixel(&sheet, cell_x(2) + 48, y), 0xffffff);
    lk_image_release(&sheet);
    /* A question that is no file. */
    memset(gray, 0x40, sizeof gray);
    q[0].image = (lk_image){
        .data = gray, .width = 16, .height = 16, .stride = 48, .channels = 3, .bit_depth = 8};
    assert_ok(sheet_neighbours(&sheet, w->engine, "title", q, 1, &err));
    assert_int_equal(pixel(&sheet, cell_x(0) + 48, TOP + TILE / 2), 0x404040);
    lk_image_release(&sheet);
}

/* Vectors in the plane; the third of the first class lies beyond one of the second. */
static void test_set(void **state) {
    const struct world *w = *state;
    lk_error err;
    lk_image sheet;
    char *paths[4];
    int32_t labels[] = {0, 0, 1, 0};
    for (int32_t i = 0; i < 4; i++) {
        paths[i] = (char *)(uintptr_t)w->paths[i];
    }
    const lk_eval_set set = {
        .paths = paths, .count = 4, .is_labelled = true, .labels = labels, .classes = 2};
    const float v[] = {1, 0, 1, 0.1F, 1, 0.2F, 1, 0.3F};
    const lk_vectors vectors = {v, 4, 2};
    bool have[4] = {true, true, true, false};
    assert_ok(lk_eval_set_sheet(&sheet, w->engine, &set, &vectors, have, 8, 2, &err));
    /* Questions 0 and 1; 2 has no partner, 3 is not there. 0: 1 right, then 2 wrong. 1: 0 or 2 first, by cosine. */
    assert_int_equal(sheet.height, TOP + 2 * CELL_HEIGHT + MARGIN);
    int32_t y = TOP + TILE / 2;
    assert_int_equal(pixel(&sheet, cell_x(1) - 2, y), RIGHT_FRAME);
    assert_int_equal(pixel(&sheet, cell_x(2) - 2, y), WRONG_FRAME);
    assert_int_equal(pixel(&sheet, cell_x(1) - 2, y + CELL_HEIGHT), WRONG_FRAME);
    assert_int_equal(pixel(&sheet, cell_x(1) + 48, y + CELL_HEIGHT), 0x0000ff);
    lk_image_release(&sheet);
    have[1] = false;
    assert_refused(LK_E_USAGE,
                   lk_eval_set_sheet(&sheet, w->engine, &set, &vectors, have, 8, 2, &err));
    assert_refused(LK_E_USAGE,
                   lk_eval_set_sheet(&sheet, w->engine, &set, &vectors, NULL, 0, 2, &err));
    assert_refused(LK_E_USAGE,
                   lk_eval_set_sheet(&sheet, w->engine, &set, &vectors, NULL, 8, 17, &err));
    assert_null(sheet.data);
}

static void test_pairs(void **state) {
    const struct world *w = *state;
    lk_error err;
    lk_image sheet;
    char *paths[3];
    int32_t photos[] = {0}, references[] = {1, 2};
    lk_true_pair pairs[] = {{0, 1}};
    for (int32_t i = 0; i < 3; i++) {
        paths[i] = (char *)(uintptr_t)w->paths[i];
    }
    const lk_eval_set set = {.paths = paths,
                             .count = 3,
                             .photos = photos,
                             .photo_count = 1,
                             .references = references,
                             .reference_count = 2,
                             .pairs = pairs,
                             .pair_count = 1};
    const float v[] = {1, 0, 0, 1, 1, 0.1F};
    assert_ok(lk_eval_set_sheet(&sheet, w->engine, &set, &(lk_vectors){v, 3, 2}, NULL, 8, 8, &err));
    int32_t y = TOP + TILE / 2;
    assert_int_equal(pixel(&sheet, cell_x(1) + 48, y), 0x0000ff);
    assert_int_equal(pixel(&sheet, cell_x(1) - 2, y), RIGHT_FRAME);
    assert_int_equal(pixel(&sheet, cell_x(2) + 48, y), 0x00ff00);
    lk_image_release(&sheet);
}

static void test_reconstructions(void **state) {
    const struct world *w = *state;
    lk_error err;
    lk_image a[2], b[2], sheet;
    plain(&a[0], 8, 8, 100, 100, 100);
    plain(&b[0], 8, 8, 100, 100, 100);
    plain(&a[1], 200, 100, 10, 200, 30);
    plain(&b[1], 200, 100, 110, 100, 130);
    assert_ok(sheet_reconstructions(&sheet, w->engine, NULL, a, b, 2, &err));
    int32_t y = TOP + 21 + TILE / 2, second = MARGIN + 3 * CELL + GAP;
    assert_int_equal(pixel(&sheet, MARGIN + 48, y), 0x646464);
    assert_int_equal(pixel(&sheet, MARGIN + 2, TOP + 21 + 2),
                     0x646464); /* 8 x 12 fill the square */
    assert_int_equal(pixel(&sheet, second + 48, y), 0x0ac81e);
    assert_int_equal(pixel(&sheet, second + CELL + 48, y), 0x6e6482);
    uint32_t same = pixel(&sheet, MARGIN + 2 * CELL + 48, y);
    uint32_t other = pixel(&sheet, second + 2 * CELL + 48, y);
    assert_true((same & 0xff) > (same >> 16));   /* viridis begins in violet */
    assert_true((other >> 16) > (other & 0xff)); /* and ends in yellow */
    lk_image_release(&sheet);
    assert_refused(LK_E_SIZE, sheet_reconstructions(&sheet, w->engine, NULL, a, b + 1, 1, &err));
    assert_non_null(strstr(err.text, "pair 0"));
    for (int32_t i = 0; i < 2; i++) {
        lk_image_release(&a[i]);
        lk_image_release(&b[i]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_neighbours, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_set, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_pairs, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_reconstructions, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
