/* SPDX-License-Identifier: Apache-2.0 */
/* Photos of library books by four phones: each cover bears a white label in its upper left corner, which the publisher's picture
 * lacks. The region that says so must lie there, and there must be few others. */
#include "tests/unit/harness.h"

#include <unistd.h>

#include "base/compiler.h"
#include "tests/unit/pattern.h"

static const char *const phones[] = {"5800", "Canon", "Droid", "iPhone"};
/* The books whose labels show whole on all photos but one; on the others the cover itself looks unlike its picture. */
static const int books[] = {1, 2, 5};

enum { FOUND_LEAST = 9 /* of 12 */, OTHERS_MOST = 6 };

static bool load(lk_image *out, lk_engine *engine, const char *name) {
    char path[512];
    return access(shared_path(path, name), R_OK) == 0 &&
           lk_image_load(out, NULL, engine, path, NULL, NULL) == LK_OK;
}

/* In the upper left corner, and as large as a label: 0.2 to 5 % of the cover. */
static bool is_label(const lk_region *r, const lk_image *cover) {
    double x = (r->x + r->width / 2.0) / cover->width, y = (r->y + r->height / 2.0) / cover->height;
    double area = (double)r->width * r->height / ((double)cover->width * cover->height);
    return x < 0.25 && y < 0.15 && area > 0.002 && area < 0.05;
}

static void test_books(void **state) {
    (void)state;
    lk_error err;
    lk_engine *engine;
    int32_t found = 0, others = 0;
    assert_ok(lk_engine_new(&engine, NULL, &err));
    for (size_t i = 0; i < ARRAY_COUNT(books) * ARRAY_COUNT(phones); i++) {
        const char *phone = phones[i % ARRAY_COUNT(phones)];
        int book = books[i / ARRAY_COUNT(phones)];
        char name[128];
        lk_image cover, photo;
        lk_comparison c;
        snprintf(name, sizeof name, "data/verify/books/references/smvs_book_covers_%03d.jpg", book);
        if (!load(&cover, engine, name)) {
            print_message("the shared data is not here\n");
            skip();
        }
        snprintf(name, sizeof name, "data/verify/books/photos/smvs_book_covers_%s_%03d.jpg", phone,
                 book);
        assert_true(load(&photo, engine, name));
        assert_ok(lk_compare(&c, engine, &cover, &photo, NULL, &err));
        assert_int_equal(c.verdict, LK_SAME);
        bool seen = false;
        for (size_t k = 0; k < c.region_count; k++) {
            bool label = is_label(&c.regions[k], &cover);
            seen = seen || label;
            others += !label;
        }
        found += seen;
        lk_comparison_release(&c);
        lk_image_release(&cover);
        lk_image_release(&photo);
    }
    print_message("labels found on %d of 12 photos, %d other regions\n", found, others);
    assert_true(found >= FOUND_LEAST);
    assert_true(others <= OTHERS_MOST);
    lk_engine_free(engine);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_books)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
