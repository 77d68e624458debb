/* SPDX-License-Identifier: Apache-2.0 */
/* Drawn changes of each class on a page, and the same as a photo sees them: dimmer, noisy. */
#include "tests/unit/harness.h"

#include <stdlib.h>

#include "base/rng.h"
#include "image/draw.h"
#include "image/image.h"
#include "tests/unit/pattern.h"

enum { WIDTH = 500, HEIGHT = 360, TRIES = 20, KINDS = LK_REGION_COLOUR + 1 };

/* A page: a bar, lines of words, plain ground below. */
static lk_image page(struct rng *rng) {
    lk_error err;
    lk_image out;
    assert_ok(lk_image_new(&out, WIDTH, HEIGHT, 3, 8, &err));
    draw_box(&out, 0, 0, WIDTH, HEIGHT, (struct colour){244, 246, 248});
    draw_box(&out, 0, 0, WIDTH, 30, (struct colour){40, 70, 120});
    for (int32_t line = 0; line < 6; line++) {
        for (int32_t x = 14; x < WIDTH - 60;) {
            int32_t w = 8 + (int32_t)rng_below(rng, 34);
            draw_box(&out, x, 44 + line * 16, w, 7, (struct colour){50, 50, 55});
            x += w + 6;
        }
    }
    return out;
}

/* A button with a letter of bars on it. */
struct thing {
    int32_t x, y, width, height;
    struct colour ground, ink;
    bool round;
};

static void draw_thing(lk_image *out, const struct thing *t) {
    if (t->round) {
        draw_disc(out, t->x + t->width / 2.0, t->y + t->height / 2.0, t->height / 2.0, t->ground);
    } else {
        draw_box(out, t->x, t->y, t->width, t->height, t->ground);
    }
    draw_box(out, t->x + t->width / 2 - 9, t->y + t->height / 4, 5, t->height / 2, t->ink);
    draw_box(out, t->x + t->width / 2 - 9, t->y + t->height / 2, 18, 4, t->ink);
}

static struct thing random_thing(struct rng *rng) {
    return (struct thing){
        .x = 90 + (int32_t)rng_below(rng, 200),
        .y = 180 + (int32_t)rng_below(rng, 50),
        .width = 50 + (int32_t)rng_below(rng, 50),
        .height = 28 + (int32_t)rng_below(rng, 30),
        .ground = {(uint8_t)rng_below(rng, 90), (uint8_t)(60 + rng_below(rng, 90)),
                   (uint8_t)(120 + rng_below(rng, 100))},
        .ink = {250, 250, 250},
        .round = rng_below(rng, 3) == 0,
    };
}

/* Draws a pair that differs by one thing of this kind. */
static void draw_pair(lk_image pair[2], lk_region_kind kind, int32_t moved_by[2], struct rng *rng) {
    lk_error err;
    struct thing t = random_thing(rng), other = t;
    pair[0] = page(rng);
    assert_ok(image_clone(&pair[1], &pair[0], &err));
    moved_by[0] = moved_by[1] = 0;
    switch (kind) {
    case LK_REGION_MISSING: draw_thing(&pair[0], &t); return;
    case LK_REGION_ADDED: draw_thing(&pair[1], &t); return;
    case LK_REGION_MOVED:
        moved_by[0] = rng_below(rng, 2) ? (int32_t)rng_below(rng, 110) - 55 : 0;
        moved_by[1] = 6 + (int32_t)rng_below(rng, 60);
        other.x += moved_by[0];
        other.y += moved_by[1];
        break;
    case LK_REGION_COLOUR:
        other.ground = (struct colour){t.ground.b, t.ground.r, t.ground.g};
        break;
    case LK_REGION_CHANGED: /* a thing of another shape and colour in its place */
        other = (struct thing){.x = t.x,
                               .y = t.y,
                               .width = t.height + 6,
                               .height = t.height,
                               .ground = {200, 120, 20},
                               .ink = {20, 20, 20},
                               .round = !t.round};
        break;
    }
    draw_thing(&pair[0], &t);
    draw_thing(&pair[1], &other);
}

static void as_photo(lk_image *image, uint32_t seed) {
    for (size_t i = 0; i < image->stride * HEIGHT; i++) {
        image->data[i] = (uint8_t)(image->data[i] * 88 / 100 + 6);
    }
    pattern_disturb(image, seed);
}

/* How often the most severe region is of the kind drawn, and, of moved ones, how often the vector is right. */
static void count_right(int right[KINDS], int *vectors, bool photo) {
    lk_error err;
    lk_engine *engine;
    struct rng rng;
    rng_init(&rng, 77);
    *vectors = 0;
    assert_ok(lk_engine_new(&engine, NULL, &err));
    for (int kind = 0; kind < KINDS; kind++) {
        right[kind] = 0;
        for (int i = 0; i < TRIES; i++) {
            lk_image pair[2];
            lk_comparison c;
            int32_t moved_by[2];
            draw_pair(pair, (lk_region_kind)kind, moved_by, &rng);
            if (photo) {
                as_photo(&pair[1], (uint32_t)i);
            }
            lk_compare_options o = lk_compare_options_default();
            o.measures = "identity";
            o.align = LK_ALIGN_NONE;
            assert_ok(lk_compare(&c, engine, &pair[0], &pair[1], &o, &err));
            if (c.region_count > 0) {
                const lk_region *r = &c.regions[0];
                int32_t slack = photo ? 2 : 0;
                right[kind] += (int)r->kind == kind;
                *vectors += kind == LK_REGION_MOVED && r->kind == LK_REGION_MOVED &&
                            abs(r->moved_by[0] - moved_by[0]) <= slack &&
                            abs(r->moved_by[1] - moved_by[1]) <= slack;
            }
            lk_comparison_release(&c);
            lk_image_release(&pair[0]);
            lk_image_release(&pair[1]);
        }
        print_message("%s %d of %d\n", lk_region_kind_name((lk_region_kind)kind), right[kind],
                      TRIES);
    }
    print_message("vectors %d of %d\n", *vectors, TRIES);
    lk_engine_free(engine);
}

static void test_renderings(void **state) {
    (void)state;
    int right[KINDS], vectors;
    count_right(right, &vectors, false);
    for (int kind = 0; kind < KINDS; kind++) {
        assert_true(right[kind] >= TRIES - 2);
    }
    assert_true(vectors >= TRIES - 2);
}

static void test_photos(void **state) {
    (void)state;
    int right[KINDS], vectors;
    count_right(right, &vectors, true);
    for (int kind = LK_REGION_MISSING; kind < KINDS; kind++) {
        assert_true(right[kind] >= TRIES * 3 / 4);
    }
    /* What replaces a thing covers less of its place than the thing did: half are told as missing or added. */
    assert_true(right[LK_REGION_CHANGED] >= TRIES * 2 / 5);
    assert_true(vectors >= TRIES * 3 / 4);
}

/* All below a line goes down by twelve: one sentence says it. */
static void test_moved_then_identical(void **state) {
    (void)state;
    lk_error err;
    lk_engine *engine;
    struct rng rng;
    lk_diff_result d;
    char words[160];
    rng_init(&rng, 5);
    assert_ok(lk_engine_new(&engine, NULL, &err));
    lk_image a = page(&rng), b;
    assert_ok(image_clone(&b, &a, &err));
    for (int32_t y = HEIGHT - 1; y >= 52; y--) {
        memcpy(image_row(&b, y), image_row(&a, y - 12), image_row_bytes(&a));
    }
    for (int32_t y = 40; y < 52; y++) {
        memcpy(image_row(&b, y), image_row(&a, 38), image_row_bytes(&a));
    }
    assert_ok(lk_diff(&d, engine, &a, &b, NULL, &err));
    lk_moves_words(words, sizeof words, d.regions, d.region_count);
    assert_non_null(strstr(words, "moved 12 px down, then identical"));
    lk_diff_result_release(&d);
    lk_image_release(&a);
    lk_image_release(&b);
    lk_engine_free(engine);
}

static void test_words(void **state) {
    (void)state;
    char out[160];
    lk_region r[2] = {{.kind = LK_REGION_MOVED, .moved_by = {-3, -8}}, {.kind = LK_REGION_COLOUR}};
    assert_string_equal(lk_region_words(out, sizeof out, &r[0]), "moved 3 px left and 8 px up");
    assert_string_equal(lk_region_words(out, sizeof out, &r[1]), "colour");
    assert_string_equal(lk_moves_words(out, sizeof out, r, 2),
                        "1 region moved 3 px left and 8 px up");
    assert_string_equal(lk_moves_words(out, sizeof out, r, 1),
                        "1 region moved 3 px left and 8 px up, then identical");
    r[1] = (lk_region){.kind = LK_REGION_MOVED, .moved_by = {0, 4}};
    assert_string_equal(lk_moves_words(out, sizeof out, r, 2), "");
    assert_string_equal(lk_moves_words(out, 8, r, 0), "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_renderings),
        cmocka_unit_test(test_photos),
        cmocka_unit_test(test_moved_then_identical),
        cmocka_unit_test(test_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
