/* SPDX-License-Identifier: Apache-2.0 */
/* What a person is told at a glance, on a drawn car before a street: other paint, other wheels, other light, moved. */
#include "tests/unit/harness.h"

#include <stdlib.h>

#include "image/draw.h"
#include "image/image.h"
#include "tests/unit/pattern.h"

enum { WIDTH = 480, HEIGHT = 320 };

struct car {
    struct colour paint, rim;
    int32_t spokes; /* width of the cross on the wheels; 0 for none */
};

static const struct car red_car = {{200, 30, 35}, {190, 190, 195}, 0};

/* A street with windows and noise; the same for all. */
static void draw_street(lk_image *out) {
    lk_error err;
    assert_ok(lk_image_new(out, WIDTH, HEIGHT, 3, 8, &err));
    draw_box(out, 0, 0, WIDTH, 190, (struct colour){170, 185, 205});
    draw_box(out, 0, 190, WIDTH, HEIGHT - 190, (struct colour){105, 105, 110});
    for (int32_t i = 0; i < 8; i++) {
        int32_t top = 40 + i * 37 % 60;
        draw_box(out, i * 60 + 4, top, 50, 190 - top, (struct colour){130, 126, 120});
        for (int32_t k = 0; k < 9; k++) {
            draw_box(out, i * 60 + 10 + k % 3 * 15, top + 8 + k / 3 * 22, 8, 12,
                     (struct colour){215, 215, 195});
        }
        draw_box(out, i * 60, 300, 30, 5, (struct colour){230, 230, 225});
    }
}

static void draw_car(lk_image *out, const struct car *car) {
    draw_street(out);
    draw_box(out, 80, 170, 320, 70, car->paint);
    draw_box(out, 150, 125, 180, 46, car->paint);
    draw_box(out, 160, 132, 75, 34, (struct colour){60, 70, 85});
    draw_box(out, 245, 132, 75, 34, (struct colour){60, 70, 85});
    for (int32_t i = 0; i < 2; i++) {
        int32_t x = 145 + 190 * i;
        draw_disc(out, x, 240, 36, (struct colour){25, 25, 28});
        draw_disc(out, x, 240, 25, car->rim);
        if (car->spokes) {
            draw_box(out, x - 25, 240 - car->spokes / 2, 50, car->spokes,
                     (struct colour){50, 50, 50});
            draw_box(out, x - car->spokes / 2, 215, car->spokes, 50, (struct colour){50, 50, 50});
        }
    }
    pattern_disturb(out, 7);
}

static double score_of(const lk_comparison *c, lk_aspect aspect) {
    for (int32_t i = 0; i < c->aspect_count; i++) {
        if (c->aspects[i].aspect == aspect && c->aspects[i].known) {
            return c->aspects[i].score;
        }
    }
    return -1;
}

static const char *reason_of(const lk_comparison *c, lk_aspect aspect) {
    for (int32_t i = 0; i < c->aspect_count; i++) {
        if (c->aspects[i].aspect == aspect) {
            return c->aspects[i].reason;
        }
    }
    return "";
}

static void compare(lk_comparison *out, const lk_image *a, const lk_image *b) {
    lk_error err;
    lk_engine *engine;
    assert_ok(lk_engine_new(&engine, NULL, &err));
    assert_ok(lk_compare(out, engine, a, b, NULL, &err));
    lk_engine_free(engine);
}

static void test_identical(void **state) {
    (void)state;
    lk_image a;
    lk_comparison c;
    draw_car(&a, &red_car);
    compare(&c, &a, &a);
    assert_true(c.aspect_count > 0);
    for (int32_t i = 0; i < c.aspect_count; i++) {
        assert_true(c.aspects[i].known);
        assert_true(c.aspects[i].score > 0.999999);
        assert_true(c.aspects[i].reason[0] != '\0');
    }
    lk_comparison_release(&c);
    lk_image_release(&a);
}

/* One car in two paints with other wheels: both are said, and that the shape is the same. */
static void test_other_paint_other_wheels(void **state) {
    (void)state;
    const struct car blue_car = {{35, 70, 180}, {150, 150, 150}, 14};
    lk_image a, b;
    lk_comparison c;
    draw_car(&a, &red_car);
    draw_car(&b, &blue_car);
    compare(&c, &a, &b);
    assert_true(score_of(&c, LK_ASPECT_COLOUR) < 0.8);
    assert_non_null(strstr(reason_of(&c, LK_ASPECT_COLOUR), "red, now blue"));
    assert_true(score_of(&c, LK_ASPECT_BRIGHTNESS) > 0.9);
    assert_true(score_of(&c, LK_ASPECT_STRUCTURE) > 0.85);
    assert_true(score_of(&c, LK_ASPECT_SHAPE) > 0.9);
    assert_true(score_of(&c, LK_ASPECT_SHAPE) < 1); /* the spokes are new outlines */
    assert_true(score_of(&c, LK_ASPECT_DETAILS) < 0.95);
    assert_true(c.region_count >= 2);
    lk_comparison_release(&c);
    lk_image_release(&a);
    lk_image_release(&b);
}

/* A warm lamp is light, not another colour; half the light is darkness, not another colour. */
static void test_light_is_not_colour(void **state) {
    (void)state;
    lk_image a, b;
    lk_comparison c;
    draw_car(&a, &red_car);
    draw_car(&b, &red_car);
    for (size_t i = 0; i < b.stride * HEIGHT; i++) {
        b.data[i] = (uint8_t)(b.data[i] * (i % 3 == 2 ? 60 : 68) / 100);
    }
    compare(&c, &a, &b);
    assert_true(score_of(&c, LK_ASPECT_COLOUR) > 0.85);
    assert_true(score_of(&c, LK_ASPECT_BRIGHTNESS) < 0.8);
    assert_non_null(strstr(reason_of(&c, LK_ASPECT_BRIGHTNESS), "darker"));
    assert_true(score_of(&c, LK_ASPECT_SHAPE) > 0.9);
    lk_comparison_release(&c);
    lk_image_release(&a);
    lk_image_release(&b);
}

/* Two pictures of different things lie nowhere on one another: motion says so instead of giving a number. */
static void test_different_things(void **state) {
    (void)state;
    lk_error err;
    lk_image a, b;
    lk_comparison c;
    draw_car(&a, &red_car);
    assert_ok(lk_image_new(&b, 300, 400, 3, 8, &err));
    pattern_fill(&b, 3, 128);
    compare(&c, &a, &b);
    if (c.alignment.model == LK_ALIGN_NONE) {
        assert_true(score_of(&c, LK_ASPECT_MOTION) == -1);
        assert_non_null(strstr(reason_of(&c, LK_ASPECT_COLOUR), "mix of colours"));
    }
    assert_true(score_of(&c, LK_ASPECT_STRUCTURE) < 0.6);
    assert_true(score_of(&c, LK_ASPECT_SHAPE) < 0.3);
    lk_comparison_release(&c);
    lk_image_release(&a);
    lk_image_release(&b);
}

/* Flat pictures have no outlines: nothing is known of their shape. */
static void test_nothing_to_see(void **state) {
    (void)state;
    lk_error err;
    lk_image a, b;
    lk_comparison c;
    assert_ok(lk_image_new(&a, 40, 30, 3, 8, &err));
    assert_ok(lk_image_new(&b, 40, 30, 3, 8, &err));
    draw_box(&a, 0, 0, 40, 30, (struct colour){200, 30, 35});
    draw_box(&b, 0, 0, 40, 30, (struct colour){35, 70, 180});
    compare(&c, &a, &b);
    assert_true(score_of(&c, LK_ASPECT_SHAPE) == -1);
    assert_non_null(strstr(reason_of(&c, LK_ASPECT_SHAPE), "neither"));
    lk_comparison_release(&c);
    lk_image_release(&a);
    lk_image_release(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_identical),           cmocka_unit_test(test_other_paint_other_wheels),
        cmocka_unit_test(test_light_is_not_colour), cmocka_unit_test(test_different_things),
        cmocka_unit_test(test_nothing_to_see),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
