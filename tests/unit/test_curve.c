/* SPDX-License-Identifier: Apache-2.0 */
/* Pages of curves: where points stand, ticks, names, few points from many, and that nothing in them comes from outside. */
#include "tests/unit/harness.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "learn/chart.h"
#include "learn/curve.h"

static size_t count(const char *text, const char *part) {
    size_t n = 0;
    for (const char *at = strstr(text, part); at; at = strstr(at + 1, part)) {
        n++;
    }
    return n;
}

static lk_bytes draw(const struct chart *c) {
    lk_error err;
    lk_bytes out;
    struct buf b;
    buf_init(&b, 1 << 20);
    chart_svg(&b, c);
    assert_ok(buf_finish(&b, &out, &err));
    return out;
}

/* x 0 to 4 lies from 58 to 610, y 0 to 10 from 230 to 12. */
static void test_places(void **state) {
    (void)state;
    const double x[] = {0, 1, 4}, y[] = {10, NAN, 5}, other[] = {NAN, 4.9, NAN};
    const struct chart c = {.title = "A & B",
                            .x_name = "epochs",
                            .x = x,
                            .count = 3,
                            .lines = {{"up", y}, {"down", other}},
                            .line_count = 2};
    lk_bytes out = draw(&c);
    const char *svg = (const char *)out.data;
    assert_non_null(strstr(svg, "<path class=\"l0\" d=\"M58.0 12.0L610.0 121.0\"/>"));
    assert_non_null(strstr(svg, "<circle class=\"l1\" cx=\"196.0\" cy=\"123.2\" r=\"3\"/>"));
    assert_int_equal(count(svg, "<circle"), 3);
    assert_int_equal(count(svg, "class=\"grid\""), 6); /* 0, 2 … 10 */
    assert_non_null(strstr(svg, "aria-label=\"A &amp; B: up ends at 5, down ends at 4.9\""));
    /* Names: the lower line's is pushed down to be read. */
    assert_non_null(strstr(svg, "<text class=\"l0\" x=\"618\" y=\"125.5\">up 5</text>"));
    assert_non_null(strstr(svg, "<text class=\"l1\" x=\"618\" y=\"142.5\">down 4.9</text>"));
    lk_bytes_release(&out);
}

static void test_scales(void **state) {
    (void)state;
    const double x[] = {1, 2, 3}, y[] = {0.01, 0.1, 1}, low[] = {0.2, 0.3, 0.25},
                 zero[] = {0, 5, 9};
    struct chart c = {.title = "t",
                      .x_name = "x",
                      .scale = CHART_WIDE,
                      .x = x,
                      .count = 3,
                      .lines = {{"y", y}},
                      .line_count = 1};
    lk_bytes out = draw(&c);
    assert_non_null(strstr((char *)out.data, "L334.0 121.0L")); /* a tenth lies in the middle */
    assert_non_null(strstr((char *)out.data, ">0.02</text>"));
    assert_non_null(strstr((char *)out.data, ">0.5</text>"));
    lk_bytes_release(&out);
    c.lines[0].y = zero; /* no logarithm of nothing */
    out = draw(&c);
    assert_non_null(strstr((char *)out.data, "M58.0 230.0L"));
    lk_bytes_release(&out);
    c.scale = CHART_SHARE;
    c.lines[0].y = low;
    out = draw(&c);
    assert_non_null(strstr((char *)out.data, ">0.8</text>"));
    assert_non_null(strstr((char *)out.data, ">1</text>"));
    lk_bytes_release(&out);
    c.count = 1; /* one point */
    out = draw(&c);
    assert_non_null(strstr((char *)out.data, "cx=\"334.0\""));
    lk_bytes_release(&out);
    const double nothing[] = {NAN, INFINITY, NAN};
    c.count = 3;
    c.lines[0].y = nothing;
    out = draw(&c);
    assert_int_equal(out.size, 0);
    lk_bytes_release(&out);
}

static struct curve_point *make_points(size_t n) {
    struct curve_point *p = mem_calloc(n, sizeof *p);
    for (size_t i = 0; i < n; i++) {
        double epoch = (double)(i + 1) / 100;
        bool end = (i + 1) % 100 == 0;
        p[i] = (struct curve_point){epoch,
                                    1 / epoch,
                                    NAN,
                                    end ? 0.5 + epoch / 100 : NAN,
                                    end ? 0.75 : NAN,
                                    end ? 0.875 : NAN,
                                    0.001,
                                    1234};
    }
    return p;
}

static void test_page(void **state) {
    (void)state;
    lk_error err;
    lk_bytes out, again;
    struct curve_point *points = make_points(500);
    const struct curve_fact facts[] = {{"data", "<script>"}, {"seed", "7"}};
    struct curve_page page = {"a \"title\" & <more>", facts, 2, points, 500};
    assert_ok(curve_html(&out, &page, &err));
    const char *html = (const char *)out.data;
    assert_int_equal(strlen(html), out.size);
    assert_non_null(
        strstr(html, "Loss 0.2 after 5 epochs. Best validation recall@1 0.550, after 5 epochs."));
    assert_non_null(strstr(html, "<title>a &quot;title&quot; &amp; &lt;more&gt;</title>"));
    assert_non_null(strstr(html, "<dt>data</dt><dd>&lt;script&gt;</dd>"));
    assert_int_equal(count(html, "<svg"), 4);
    assert_int_equal(count(html, "</svg>"), 4);
    assert_int_equal(count(html, "<script"), 0);
    assert_int_equal(count(html, "http:") + count(html, "https:") + count(html, "url("), 0);
    assert_int_equal(count(html, "nan") + count(html, "inf"), 0);
    assert_non_null(strstr(html, "prefers-color-scheme:dark"));
    assert_non_null(strstr(html, "@media print"));
    assert_null(strstr(html, "is the mean of"));
    assert_non_null(strstr(html, "<td>5</td><td>0.2</td><td></td><td>0.5500</td>"));
    assert_ok(curve_html(&again, &page, &err));
    assert_int_equal(out.size, again.size);
    assert_memory_equal(out.data, again.data, out.size);
    lk_bytes_release(&again);
    lk_bytes_release(&out);
    mem_free(points);
}

static void test_many_and_none(void **state) {
    (void)state;
    lk_error err;
    lk_bytes out;
    struct curve_point *points = make_points(50050);
    struct curve_page page = {.title = "t", .points = points, .point_count = 50050};
    assert_ok(curve_html(&out, &page, &err));
    assert_non_null(strstr((char *)out.data, "is the mean of 84.")); /* 50,050 / 600, upwards */
    assert_true(out.size < 200000);
    assert_int_equal(count((char *)out.data, "<tr>"),
                     1 + 699); /* every 251st, the last, and 500 with a recall */
    lk_bytes_release(&out);
    page.point_count = 0;
    assert_ok(curve_html(&out, &page, &err));
    assert_non_null(strstr((char *)out.data, "No step is done yet."));
    assert_int_equal(count((char *)out.data, "<svg"), 0);
    assert_int_equal(count((char *)out.data, "<table"), 0);
    lk_bytes_release(&out);
    mem_free(points);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_scales),
        cmocka_unit_test(test_page),
        cmocka_unit_test(test_many_and_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
