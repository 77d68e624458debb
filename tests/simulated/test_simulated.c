/* SPDX-License-Identifier: Apache-2.0 */
/* An edit painted into a picture before the camera photographs it comes back as a region that covers it; a picture that was
 * not edited gives none. The photos go through JPEG as a phone's do.
 *
 * Pictures: the sample package, and clean photographs where they are to be had ($LIKENESS_DATA). Edits are drawn from the
 * seed; one that hardly changes the picture (removing something from a plain wall) is drawn again. */
#include "tests/unit/harness.h"
#include "tests/unit/pattern.h"

#include <stdlib.h>

#include "base/compiler.h"
#include "base/rng.h"
#include "image/colour.h"
#include "image/image.h"
#include "simulate/edit.h"

#define COVERED 0.5 /* of the changed pixels: most of them */

/* What one picture came to. */
struct tally {
    int32_t photos, false_alarms, edits, covered, strays, not_same;
};

struct setting {
    lk_engine *engine;
    const lk_image *picture;
    const char *name;
    uint64_t seed;
    double difficulty;
};

/* A photo of picture as lk_compare gets it: JPEG and back. */
static void photograph(lk_image *out, const struct setting *s, const lk_image *picture) {
    lk_error err;
    double homography[9];
    int32_t tall = picture->height > picture->width;
    lk_simulator c =
        lk_simulator_draw(s->seed, s->difficulty, tall ? 900 : 1200, tall ? 1200 : 900);
    c.shadow = c.hidden = 0; /* what hides a part is not what this test is about */
    assert_ok(lk_simulate(out, homography, s->engine, picture, &c, NULL, &err));
}

/* Whether the edit changed the pixel so that a person sees it. */
static bool is_changed(const lk_image *before, const lk_image *after, int32_t x, int32_t y) {
    const uint8_t *a = image_row(before, y) + 3 * x, *b = image_row(after, y) + 3 * x;
    return MAX(MAX(abs(a[0] - b[0]), abs(a[1] - b[1])), abs(a[2] - b[2])) > 40;
}

static bool is_visible(const lk_image *before, const lk_image *after, const struct camera_edit *e) {
    int64_t changed = 0;
    for (int32_t y = e->y; y < e->y + e->height; y++) {
        for (int32_t x = e->x; x < e->x + e->width; x++) {
            changed += is_changed(before, after, x, y);
        }
    }
    return 4 * changed > (int64_t)e->width * e->height;
}

/* Draws edits until one shows. */
static void paint_visible_edit(lk_image *edited, const struct setting *s, struct camera_edit *e) {
    struct rng r;
    lk_error err;
    const lk_image *p = s->picture;
    rng_init(&r, s->seed * 977 + 5);
    for (int32_t tries = 0; tries < 200; tries++) {
        e->width = (int32_t)(p->width * (0.06 + 0.08 * rng_unit(&r)));
        e->height = (int32_t)(p->height * (0.06 + 0.08 * rng_unit(&r)));
        /* Not at the very edge: there the table shows through. */
        e->x = (int32_t)(p->width * 0.04 + rng_unit(&r) * (p->width * 0.92 - e->width));
        e->y = (int32_t)(p->height * 0.04 + rng_unit(&r) * (p->height * 0.92 - e->height));
        e->kind = (enum camera_edit_kind)rng_below(&r, EDIT_KINDS);
        e->seed = s->seed;
        assert_ok(image_clone(edited, p, &err));
        camera_edit_paint(edited, e);
        if (is_visible(p, edited, e)) {
            return;
        }
        lk_image_release(edited);
    }
    fail_msg("%s: no edit shows", s->name);
}

/* The share of the changed pixels that the regions' boxes cover. */
static double coverage(const lk_comparison *c, const lk_image *before, const lk_image *after,
                       const struct camera_edit *e) {
    int64_t covered = 0, changed = 0;
    for (int32_t y = e->y; y < e->y + e->height; y++) {
        for (int32_t x = e->x; x < e->x + e->width; x++) {
            bool in = false;
            for (size_t i = 0; i < c->region_count; i++) {
                const lk_region *r = &c->regions[i];
                in = in || (x >= r->x && x < r->x + r->width && y >= r->y && y < r->y + r->height);
            }
            bool counts = is_changed(before, after, x, y);
            changed += counts;
            covered += counts && in;
        }
    }
    return (double)covered / (double)changed;
}

/* How many regions lie clear of the edit. */
static int32_t count_strays(const lk_comparison *c, const struct camera_edit *e, int32_t margin) {
    int32_t strays = 0;
    for (size_t i = 0; i < c->region_count; i++) {
        const lk_region *r = &c->regions[i];
        strays += r->x > e->x + e->width + margin || r->y > e->y + e->height + margin ||
                  r->x + r->width < e->x - margin || r->y + r->height < e->y - margin;
    }
    return strays;
}

static void try_clean(struct tally *t, const struct setting *s) {
    lk_error err;
    lk_image photo;
    lk_comparison c;
    photograph(&photo, s, s->picture);
    assert_ok(lk_compare(&c, s->engine, s->picture, &photo, NULL, &err));
    t->photos++;
    t->false_alarms += c.region_count > 0;
    t->not_same += c.verdict != LK_SAME;
    if (c.region_count > 0 || c.verdict != LK_SAME) {
        print_message("%s, seed %d, difficulty %.1f, no edit: %s, %zu regions\n", s->name,
                      (int)s->seed, s->difficulty, lk_verdict_name(c.verdict), c.region_count);
    }
    lk_comparison_release(&c);
    lk_image_release(&photo);
}

static void try_edited(struct tally *t, const struct setting *s) {
    lk_error err;
    lk_image photo, edited;
    lk_comparison c;
    struct camera_edit e;
    paint_visible_edit(&edited, s, &e);
    photograph(&photo, s, &edited);
    assert_ok(lk_compare(&c, s->engine, s->picture, &photo, NULL, &err));
    double share = coverage(&c, s->picture, &edited, &e);
    int32_t strays = count_strays(&c, &e, s->picture->width / 50);
    t->edits++;
    t->covered += share >= COVERED;
    t->strays += strays;
    t->not_same += c.verdict != LK_SAME;
    if (share < COVERED || strays > 0 || c.verdict != LK_SAME) {
        print_message("%s, seed %d, difficulty %.1f, %s %d,%d,%d,%d: %s, %.0f %% covered, %d "
                      "regions elsewhere\n",
                      s->name, (int)s->seed, s->difficulty, camera_edit_name(e.kind), e.x, e.y,
                      e.width, e.height, lk_verdict_name(c.verdict), share * 100, strays);
    }
    lk_comparison_release(&c);
    lk_image_release(&photo);
    lk_image_release(&edited);
}

static void try_picture(struct tally *t, lk_engine *engine, const char *path, int32_t seeds) {
    lk_error err;
    lk_image loaded, picture;
    assert_ok(lk_image_load(&loaded, NULL, engine, path, NULL, &err));
    assert_ok(colour_to_rgb8(&picture, &loaded, &err));
    const char *slash = strrchr(path, '/');
    for (int32_t i = 0; i < seeds; i++) {
        struct setting s = {.engine = engine,
                            .picture = &picture,
                            .name = slash ? slash + 1 : path,
                            .seed = (uint64_t)i + 1,
                            .difficulty = (i % 3) * 0.25};
        try_clean(t, &s);
        try_edited(t, &s);
    }
    lk_image_release(&picture);
    lk_image_release(&loaded);
}

static void check_tally(const struct tally *t) {
    print_message("%d clean photos: %d with a region; %d edited: %d covered, %d regions "
                  "elsewhere; %d not `same`\n",
                  t->photos, t->false_alarms, t->edits, t->covered, t->strays, t->not_same);
    assert_int_equal(t->false_alarms, 0);
    assert_int_equal(t->covered, t->edits);
    assert_int_equal(t->strays, 0);
    assert_int_equal(t->not_same, 0);
}

static void test_sample_package(void **state) {
    (void)state;
    lk_error err;
    lk_engine *engine;
    struct tally t = {0};
    char path[512];
    const char *source = getenv("LIKENESS_SOURCE");
    snprintf(path, sizeof path, "%s/samples/original.png", source ? source : ".");
    assert_ok(lk_engine_new(&engine, NULL, &err));
    try_picture(&t, engine, path, 12);
    lk_engine_free(engine);
    check_tally(&t);
}

/* kodak24 is 24 clean photographs; every third will do. */
static void test_photographs(void **state) {
    (void)state;
    lk_error err;
    lk_engine *engine;
    struct tally t = {0};
    assert_ok(lk_engine_new(&engine, NULL, &err));
    for (int32_t i = 1; i <= 24; i += 3) {
        char name[64], path[512];
        snprintf(name, sizeof name, "data/photos/kodak24/%02d.png", i);
        shared_path(path, name);
        FILE *there = fopen(path, "rb");
        if (there) {
            fclose(there);
            try_picture(&t, engine, path, 2);
        }
    }
    lk_engine_free(engine);
    if (t.photos == 0) {
        print_message("no photographs ($LIKENESS_DATA or ../shared): not run\n");
        skip();
    }
    check_tally(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sample_package),
        cmocka_unit_test(test_photographs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
