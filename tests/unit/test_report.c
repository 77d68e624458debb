/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/harness.h"

#include <math.h>

#include "base/mem.h"
#include "image/image.h"

enum { WIDTH = 96, HEIGHT = 64 };

/* A comparison as someone else might fill it: every kind of detail, two regions, three matches, evidence. */
struct sample {
    lk_engine *engine;
    lk_comparison c;
    lk_region regions[2];
    lk_match pairs[3];
    lk_measure_result measure;
    float map[WIDTH * HEIGHT];
};

static lk_image gradient(uint8_t blue) {
    lk_error err;
    lk_image image;
    assert_ok(lk_image_new(&image, WIDTH, HEIGHT, 3, 8, &err));
    for (int32_t y = 0; y < HEIGHT; y++) {
        for (int32_t x = 0; x < WIDTH; x++) {
            uint8_t *p = image_row(&image, y) + 3 * (size_t)x;
            p[0] = (uint8_t)(2 * x);
            p[1] = (uint8_t)(3 * y);
            p[2] = blue;
        }
    }
    return image;
}

static void add_numbers(struct sample *s) {
    static const lk_detail details[] = {
        {.key = "psnr", .kind = LK_DETAIL_NUMBER, .number = INFINITY},
        {.key = "count", .kind = LK_DETAIL_INTEGER, .number = 7},
        {.key = "identical", .kind = LK_DETAIL_BOOL, .number = 1},
        {.key = "note", .kind = LK_DETAIL_TEXT, .text = "<b>"},
        {.key = "rows", .kind = LK_DETAIL_NUMBERS, .numbers = {1, 0.5}, .count = 2},
    };
    s->measure = (lk_measure_result){
        .info = lk_measure_find("ssim"), .value = 0.5, .score = 0.75, .detail_count = 5};
    memcpy(s->measure.details, details, sizeof details);
    s->regions[0] = (lk_region){1, LK_REGION_CHANGED, 10, 20, 30, 12, 300, 0.9, {0, 0}};
    s->regions[1] = (lk_region){2, LK_REGION_COLOUR, 60, 0, 8, 8, 50, 0.25, {0, 0}};
    s->pairs[0] = (lk_match){5, 5, 6, 6, 10, true};
    s->pairs[1] = (lk_match){90, 60, 80, 50, 20, true};
    s->pairs[2] = (lk_match){40, 10, 2, 60, 60, false};
    s->map[25 * WIDTH + 20] = 1;
}

static int setup(void **state) {
    static struct sample s;
    lk_error err;
    s = (struct sample){0};
    assert_ok(lk_engine_new(&s.engine, NULL, &err));
    add_numbers(&s);
    s.c = (lk_comparison){
        .verdict = LK_DIFFERENT,
        .score = 0.125,
        .reasons = {"one", "two & <three>"},
        .reason_count = 2,
        .aspects = {{LK_ASPECT_COLOUR, true, 0.25, "red & <blue>"},
                    {LK_ASPECT_STRUCTURE, true, 0.9375, "laid out alike"},
                    {LK_ASPECT_MOTION, false, 0, "cannot be told"}},
        .aspect_count = 3,
        .inputs = {{.path = "dir/a.png",
                    .format = "png",
                    .width = WIDTH,
                    .height = HEIGHT,
                    .orientation = 1},
                   {.path = "b.jpg", .format = "jpeg", .width = 8, .height = 4, .orientation = 6}},
        .alignment = {.model = LK_ALIGN_AFFINE,
                      .homography = {1, 0, 2.5, 0, 1, -3, 0, 0, 1},
                      .matches = 3,
                      .inliers = 2,
                      .rms_px = 0.25,
                      .coverage = 1,
                      .spread = 0.5,
                      .rotation_deg = -12,
                      .scale = 0.5,
                      .tilt_deg = 10,
                      .pairs = s.pairs},
        .measures = &s.measure,
        .measure_count = 1,
        .regions = s.regions,
        .region_count = 2,
        .warnings = {{"size-differs", "sizes differ"}},
        .warning_count = 1,
        .reference = gradient(0),
        .photo = gradient(100),
        .aligned = gradient(200),
        .photo_scale = 1,
        .difference = {WIDTH, HEIGHT, s.map},
    };
    *state = &s;
    return 0;
}

static int teardown(void **state) {
    struct sample *s = *state;
    lk_image_release(&s->c.reference);
    lk_image_release(&s->c.photo);
    lk_image_release(&s->c.aligned);
    lk_engine_free(s->engine);
    return 0;
}

static size_t count(const char *text, const char *part) {
    size_t n = 0;
    for (const char *at = strstr(text, part); at; at = strstr(at + 1, part)) {
        n++;
    }
    return n;
}

static void test_text(void **state) {
    struct sample *s = *state;
    lk_error err;
    lk_bytes out;
    assert_ok(lk_report_text(&out, &s->c, false, &err));
    assert_string_equal((const char *)out.data, "!= DIFFERENT  score 0.125\n"
                                                "  one\n"
                                                "  two & <three>\n"
                                                "  differs in colour 0.25; alike in structure\n"
                                                "  #1 changed 30x12 px at 10,20  severity 0.90\n"
                                                "  and 1 more region\n");
    lk_bytes_release(&out);
    s->c.reason_count = LK_REASONS_MAX;
    assert_ok(lk_report_text(&out, &s->c, true, &err));
    assert_true(strncmp((const char *)out.data, "\x1b[31m!= DIFFERENT\x1b[0m", 19) == 0);
    assert_int_equal(count((const char *)out.data, "\n"), 6);
    lk_bytes_release(&out);
}

static void test_json_is_the_contract(void **state) {
    struct sample *s = *state;
    lk_error err;
    lk_bytes out;
    assert_ok(lk_report_json(&out, &s->c, false, &err));
    assert_string_equal(
        (const char *)out.data,
        "{\"schema\":\"likeness/compare/1\",\"verdict\":\"different\",\"score\":0.125,"
        "\"reasons\":[\"one\",\"two & <three>\"],"
        "\"inputs\":[{\"path\":\"dir/a.png\",\"sha256\":\"\",\"width\":96,\"height\":64,"
        "\"orientation\":1,\"format\":\"png\"},"
        "{\"path\":\"b.jpg\",\"sha256\":\"\",\"width\":8,\"height\":4,\"orientation\":6,"
        "\"format\":\"jpeg\"}],"
        "\"alignment\":{\"model\":\"affine\",\"homography\":[1,0,2.5,0,1,-3,0,0,1],\"matches\":3,"
        "\"inliers\":2,\"rms_px\":0.25,\"coverage\":1,\"spread\":0.5,\"reach\":0,\"seed_reach\":0,"
        "\"colour\":0,\"blocks\":0,"
        "\"agreement\":0,\"correlation\":0,\"rotation_deg\":-12,"
        "\"scale\":0.5,\"tilt_deg\":10},"
        "\"aspects\":[{\"name\":\"colour\",\"score\":0.25,\"reason\":\"red & <blue>\","
        "\"measures\":[]},{\"name\":\"structure\",\"score\":0.9375,"
        "\"reason\":\"laid out alike\",\"measures\":[\"ssim\"]},"
        "{\"name\":\"motion\",\"score\":null,\"reason\":\"cannot be told\",\"measures\":[]}],"
        "\"measures\":[{\"id\":\"ssim@1\",\"name\":\"ssim\",\"value\":0.5,\"score\":0.75,"
        "\"unit\":\"\",\"aspect\":\"structure\",\"higher_is_more_alike\":true,\"details\":{"
        "\"psnr\":null,\"count\":7,"
        "\"identical\":true,\"note\":\"<b>\",\"rows\":[1,0.5]}}],"
        "\"regions\":[{\"id\":1,\"kind\":\"changed\",\"box\":[10,20,30,12],"
        "\"box_n\":[0.1041666667,0.3125,0.3125,0.1875],\"area_px\":300,"
        "\"severity\":0.9},{\"id\":2,\"kind\":\"colour\",\"box\":[60,0,8,8],"
        "\"box_n\":[0.625,0,0.08333333333,0.125],\"area_px\":50,"
        "\"severity\":0.25}],"
        "\"warnings\":[{\"code\":\"size-differs\",\"text\":\"sizes differ\"}]}\n");
    lk_bytes_release(&out);
}

static void test_html_holds_everything(void **state) {
    struct sample *s = *state;
    lk_error err;
    lk_bytes out;
    assert_ok(lk_report_html(&out, s->engine, &s->c, &err));
    const char *html = (const char *)out.data;
    assert_int_equal(strlen(html), out.size);
    assert_non_null(strstr(html, "<title>Different: a.png and b.jpg</title>"));
    assert_non_null(strstr(html, "two &amp; &lt;three&gt;"));
    assert_non_null(strstr(html, "12° anticlockwise"));
    assert_non_null(strstr(html, "sizes differ"));
    assert_non_null(strstr(html, "Structural similarity"));
    assert_non_null(strstr(html, "∞"));
    assert_int_equal(count(html, "src=\"data:image/"), 5 + 2 * 3);
    assert_int_equal(count(html, "<svg class=\"boxes\""), 2);
    assert_int_equal(count(html, "<article class=\"crop\""), 2);
    assert_int_equal(count(html, "http://") + count(html, "https://"), 0);
    lk_bytes again;
    assert_ok(lk_report_html(&again, s->engine, &s->c, &err));
    assert_int_equal(again.size, out.size);
    assert_memory_equal(again.data, out.data, out.size);
    lk_bytes_release(&again);
    lk_bytes_release(&out);
}

/* Names, warnings and details are whatever the world holds; none of it may become markup. */
static void test_hostile_texts_stay_text(void **state) {
    struct sample *s = *state;
    static const char *const hostile[] = {"\"><script>alert(1)</script>.png",
                                          "'onload='alert(1)",
                                          "</title><img src=x onerror=alert(1)>",
                                          "</script><script>alert(1)//",
                                          "<!--",
                                          "\xff\xfe\xc0\xaf\xed\xa0\x80.png"};
    for (size_t i = 0; i < 6; i++) {
        lk_error err;
        lk_bytes out;
        snprintf(s->c.inputs[0].path, sizeof s->c.inputs[0].path, "%s", hostile[i]);
        snprintf(s->c.inputs[1].warning, sizeof s->c.inputs[1].warning, "%s", hostile[i]);
        snprintf(s->c.inputs[1].icc_name, sizeof s->c.inputs[1].icc_name, "%s", hostile[i]);
        snprintf(s->c.reasons[0], sizeof s->c.reasons[0], "%s", hostile[i]);
        snprintf(s->c.warnings[0].text, sizeof s->c.warnings[0].text, "%s", hostile[i]);
        snprintf(s->measure.details[3].text, sizeof s->measure.details[3].text, "%s", hostile[i]);
        assert_ok(lk_report_html(&out, s->engine, &s->c, &err));
        const char *html = (const char *)out.data;
        assert_int_equal(count(html, "<script"), 2); /* the data and the viewer */
        assert_int_equal(count(html, "</script"), 2);
        assert_int_equal(count(html, "</title"), 1);
        assert_int_equal(count(html, "<!--"), 0);
        assert_null(strstr(html, "<img src=x"));
        const char *quoted = strstr(html, "='alert"); /* only inside the JSON, where it is text */
        assert_true(!quoted || quoted > strstr(html, "id=\"result\">"));
        assert_int_equal(count(html, "\xff") + count(html, "\xfe") + count(html, "\xc0"), 0);
        lk_bytes_release(&out);
    }
}

static void test_a_result_without_anything(void **state) {
    struct sample *s = *state;
    lk_error err;
    lk_bytes out;
    lk_image picture;
    static const lk_comparison nothing = {.verdict = LK_CANNOT_TELL,
                                          .alignment = {.model = LK_ALIGN_NONE}};
    assert_ok(lk_report_text(&out, &nothing, false, &err));
    assert_string_equal((const char *)out.data, "? CANNOT TELL  score 0.000\n");
    lk_bytes_release(&out);
    assert_ok(lk_report_json(&out, &nothing, false, &err));
    assert_non_null(
        strstr((const char *)out.data, "\"measures\":[],\"regions\":[],\"warnings\":[]}"));
    lk_bytes_release(&out);
    assert_ok(lk_report_html(&out, s->engine, &nothing, &err));
    assert_int_equal(count((const char *)out.data, "data:image/"), 0);
    lk_bytes_release(&out);
    assert_refused(LK_E_USAGE, lk_report_picture(&picture, &nothing, LK_PICTURE_HEAT, &err));
}

/* Two pictures that could not be aligned: no map, no points, no regions, but still the two side by side. */
static void test_evidence_in_part(void **state) {
    struct sample *s = *state;
    lk_error err;
    lk_bytes out;
    s->c.difference.data = NULL;
    s->c.alignment.pairs = NULL;
    s->c.region_count = 0;
    assert_ok(lk_report_html(&out, s->engine, &s->c, &err));
    assert_int_equal(count((const char *)out.data, "src=\"data:image/"), 2);
    assert_null(strstr((const char *)out.data, "Regions close up"));
    lk_bytes_release(&out);
}

static void test_pictures(void **state) {
    struct sample *s = *state;
    lk_error err;
    lk_image picture;
    assert_ok(lk_report_picture(&picture, &s->c, LK_PICTURE_DIFFERENCES, &err));
    assert_int_equal(picture.height, HEIGHT);
    assert_true(picture.width > 2 * WIDTH);
    static const uint8_t orange[] = {230, 97, 0};
    assert_memory_equal(image_row(&picture, 25) + 3 * (10 - 4), orange, 3); /* left edge of box 1 */
    assert_memory_equal(image_row(&picture, 0), image_row(&s->c.reference, 0), 3);
    lk_image_release(&picture);
    assert_ok(lk_report_picture(&picture, &s->c, LK_PICTURE_HEAT, &err));
    const uint8_t *same = image_row(&picture, 40) + 120, *hot = image_row(&picture, 25) + 60;
    assert_true(same[0] == same[1] && same[1] == same[2]);
    assert_true(hot[0] > 200 && hot[1] > 180 && hot[2] < 90);
    lk_image_release(&picture);
    assert_ok(lk_report_picture(&picture, &s->c, LK_PICTURE_MATCHES, &err));
    assert_true(image_row(&picture, 5)[3 * 5 + 1] > 150); /* the dot at the end of a match */
    lk_image_release(&picture);
}

static void test_evidence_that_does_not_fit(void **state) {
    struct sample *s = *state;
    lk_error err;
    lk_image picture;
    lk_bytes out;
    s->c.difference.width = WIDTH - 1;
    assert_refused(LK_E_USAGE, lk_report_picture(&picture, &s->c, LK_PICTURE_MAP, &err));
    assert_refused(LK_E_USAGE, lk_report_html(&out, s->engine, &s->c, &err));
    assert_null(out.data);
    s->c.difference.width = WIDTH;
    assert_refused(LK_E_USAGE, lk_report_picture(&picture, &s->c, (lk_picture_kind)9, &err));
    s->regions[0].x = 5000; /* a box outside the frame is shown by its numbers alone */
    assert_ok(lk_report_html(&out, s->engine, &s->c, &err));
    assert_int_equal(count((const char *)out.data, "<article class=\"crop\""), 1);
    lk_bytes_release(&out);
}

/* Each allocation failing in turn ends in LK_E_MEMORY, and the leak checker finds nothing left. */
static void test_memory_runs_out(void **state) {
#ifdef LK_OOM
    struct sample *s = *state;
    for (uint64_t n = 1;; n++) {
        lk_error err = {0};
        lk_bytes out = {0};
        mem_fault_set(n, false);
        lk_status status = lk_report_html(&out, s->engine, &s->c, &err);
        mem_fault_set(0, false);
        if (status == LK_OK) {
            lk_bytes_release(&out);
            assert_true(n > 20);
            break;
        }
        assert_int_equal(status, LK_E_MEMORY);
        assert_null(out.data);
    }
#else
    (void)state;
    skip();
#endif
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_text, setup, teardown),
        cmocka_unit_test_setup_teardown(test_json_is_the_contract, setup, teardown),
        cmocka_unit_test_setup_teardown(test_html_holds_everything, setup, teardown),
        cmocka_unit_test_setup_teardown(test_hostile_texts_stay_text, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_result_without_anything, setup, teardown),
        cmocka_unit_test_setup_teardown(test_evidence_in_part, setup, teardown),
        cmocka_unit_test_setup_teardown(test_pictures, setup, teardown),
        cmocka_unit_test_setup_teardown(test_evidence_that_does_not_fit, setup, teardown),
        cmocka_unit_test_setup_teardown(test_memory_runs_out, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
