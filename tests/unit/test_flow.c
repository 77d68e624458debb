/* SPDX-License-Identifier: Apache-2.0 */
/* Optical flow against known motion, .flo files, the colours of a field, and the row of the table. */
#include "tests/unit/harness.h"

#include <math.h>
#include <unistd.h>

#include "base/mem.h"
#include "tests/oracle/flow/flow_values.inc"
#include "tests/unit/pattern.h"

static lk_engine *make_engine(const char *cpu, int32_t threads) {
    lk_error err;
    lk_engine *engine;
    lk_engine_options options = lk_engine_options_default();
    options.cpu = cpu;
    options.threads = threads;
    assert_ok(lk_engine_new(&engine, &options, &err));
    return engine;
}

/* Values at the crossings of a lattice, -1..1, joined smoothly. */
static double lattice(double x, double y, uint32_t seed) {
    double x0 = floor(x), y0 = floor(y), sum = 0;
    for (uint32_t i = 0; i < 4; i++) {
        double dx = fabs(x - x0 - (i & 1)), dy = fabs(y - y0 - (i >> 1));
        int32_t noise = pattern_noise((uint32_t)((int32_t)x0 + (int32_t)(i & 1)),
                                      (uint32_t)((int32_t)y0 + (int32_t)(i >> 1)), 0, seed);
        sum += (noise / 127.5 - 1) * (1 + dx * dx * (2 * dx - 3)) * (1 + dy * dy * (2 * dy - 3));
    }
    return sum;
}

/* What a point shows: texture of all scales, nowhere the same. */
static double shade(double x, double y) {
    double v = 128;
    for (uint32_t scale = 4; scale <= 512; scale *= 2) {
        v += 16 * lattice(x / scale, y / scale, scale);
    }
    return fmin(fmax(v, 0), 255);
}

/* The motion of the tests: shift, zoom about (cx, cy), and rotation. */
struct motion {
    double u, v, zoom, angle, cx, cy;
};

static void move(double to[2], const struct motion *m, double x, double y) {
    double c = m->zoom * cos(m->angle), s = m->zoom * sin(m->angle);
    to[0] = c * (x - m->cx) - s * (y - m->cy) + m->cx + m->u;
    to[1] = s * (x - m->cx) + c * (y - m->cy) + m->cy + m->v;
}

/* What is at a point of the first picture the second shows where `move` brings it. */
static lk_image draw(int32_t width, int32_t height, const struct motion *m) {
    lk_error err;
    lk_image image;
    assert_ok(lk_image_new(&image, width, height, 1, 8, &err));
    struct motion still = {.zoom = 1};
    m = m ? m : &still;
    double c = cos(m->angle) / m->zoom, s = sin(m->angle) / m->zoom;
    for (int32_t y = 0; y < height; y++) {
        for (int32_t x = 0; x < width; x++) {
            double dx = x - m->u - m->cx, dy = y - m->v - m->cy;
            double v = shade(c * dx + s * dy + m->cx, c * dy - s * dx + m->cy);
            image_row(&image, y)[x] = (uint8_t)lround(v);
        }
    }
    return image;
}

/* The mean end-point error over the pixels that stay `border` or more inside. */
static double error_inside(const lk_flow *flow, const struct motion *m, double border) {
    double sum = 0, count = 0;
    for (int32_t y = 0; y < flow->height; y++) {
        for (int32_t x = 0; x < flow->width; x++) {
            double to[2];
            move(to, m, x, y);
            if (fmin(to[0], to[1]) >= border && to[0] < flow->width - border &&
                to[1] < flow->height - border) {
                const float *uv = flow->data + 2 * ((size_t)y * (size_t)flow->width + (size_t)x);
                sum += hypot(uv[0] - (to[0] - x), uv[1] - (to[1] - y));
                count++;
            }
        }
    }
    return sum / count;
}

static void check_motion(int32_t width, int32_t height, const struct motion *m, double allowed) {
    lk_error err;
    lk_engine *engine = make_engine(NULL, 2);
    lk_image a = draw(width, height, NULL), b = draw(width, height, m);
    lk_flow flow;
    assert_ok(lk_flow_compute(&flow, engine, &a, &b, &err));
    double error = error_inside(&flow, m, 10);
    print_message("%d x %d, shift %g %g, zoom %g, angle %g: error %.4f\n", width, height, m->u,
                  m->v, m->zoom, m->angle, error);
    assert_true(error < allowed);
    lk_flow_release(&flow);
    lk_image_release(&a);
    lk_image_release(&b);
    lk_engine_free(engine);
}

static void test_known_motion(void **state) {
    (void)state;
    check_motion(200, 150, &(struct motion){.zoom = 1, .u = 0.5, .v = -0.25}, 0.05);
    check_motion(201, 155, &(struct motion){.zoom = 1, .u = -3.25, .v = 2.5}, 0.05);
    check_motion(320, 240, &(struct motion){.zoom = 1, .u = 17, .v = -11}, 0.1);
    check_motion(320, 240, &(struct motion){.zoom = 1.03, .angle = 0.03, .cx = 150, .cy = 130},
                 0.05);
}

/* More than LK_FLOW_PIXELS: followed at half the size, told in full pixels. */
static void test_large_picture(void **state) {
    (void)state;
    check_motion(2304, 1824, &(struct motion){.zoom = 1, .u = 6, .v = -3}, 0.1);
}

/* What does not move has a flow of exactly 0, whatever it shows. */
static void test_rest(void **state) {
    (void)state;
    lk_error err;
    lk_engine *engine = make_engine(NULL, 1);
    static const int32_t sizes[][2] = {{16, 16}, {17, 300}, {131, 77}};
    for (size_t i = 0; i < 3; i++) {
        lk_image a;
        lk_flow flow;
        assert_ok(lk_image_new(&a, sizes[i][0], sizes[i][1], 3, 8, &err));
        pattern_fill(&a, 3, 128);
        assert_ok(lk_flow_compute(&flow, engine, &a, &a, &err));
        for (size_t k = 0; k < 2 * (size_t)a.width * (size_t)a.height; k++) {
            assert_true(flow.data[k] == 0);
        }
        lk_flow_release(&flow);
        lk_image_release(&a);
    }
    lk_engine_free(engine);
}

static void test_refused_sizes(void **state) {
    (void)state;
    lk_error err;
    lk_engine *engine = make_engine(NULL, 1);
    lk_image a = draw(15, 40, NULL), b = draw(40, 40, NULL), c = draw(40, 41, NULL);
    lk_flow flow;
    assert_refused(LK_E_SIZE, lk_flow_compute(&flow, engine, &a, &a, &err));
    assert_refused(LK_E_SIZE, lk_flow_compute(&flow, engine, &b, &c, &err));
    assert_null(flow.data);
    lk_image_release(&a);
    lk_image_release(&b);
    lk_image_release(&c);
    lk_engine_free(engine);
}

/* Bands and threads must not show: the picture is taller than a band, and noise moves wildly. */
static void test_same_bits(void **state) {
    (void)state;
    lk_error err;
    lk_image a, b;
    lk_flow want, got;
    lk_engine *one = make_engine("c", 1), *many = make_engine(NULL, 3);
    assert_ok(lk_image_new(&a, 150, 410, 1, 8, &err));
    assert_ok(lk_image_new(&b, 150, 410, 1, 8, &err));
    pattern_fill(&a, 1, 90);
    pattern_fill(&b, 2, 90);
    assert_ok(lk_flow_compute(&want, one, &a, &b, &err));
    assert_ok(lk_flow_compute(&got, many, &a, &b, &err));
    assert_memory_equal(got.data, want.data, 2 * 150 * 410 * sizeof(float));
    lk_flow_release(&want);
    lk_flow_release(&got);
    lk_image_release(&a);
    lk_image_release(&b);
    lk_engine_free(one);
    lk_engine_free(many);
}

static void load_shared(lk_image *out, lk_engine *engine, const char *sequence, const char *file) {
    char name[128], path[512];
    lk_error err;
    snprintf(name, sizeof name, "data/flow/%s/%s", sequence, file);
    assert_ok(lk_image_load(out, NULL, engine, shared_path(path, name), NULL, &err));
}

/* On sequences with known motion the error is no larger than OpenCV's. */
static void test_sequences(void **state) {
    (void)state;
    lk_error err;
    char path[512], name[128];
    lk_engine *engine = make_engine(NULL, 2);
    for (size_t i = 0; i < sizeof sequences / sizeof *sequences; i++) {
        snprintf(name, sizeof name, "data/flow/%s/flow10.flo", sequences[i].name);
        if (access(shared_path(path, name), R_OK) != 0) {
            print_message("skipped: no %s\n", path);
            lk_engine_free(engine);
            skip();
        }
        lk_image a, b;
        lk_flow flow, truth;
        double error;
        assert_ok(lk_flow_load(&truth, engine, path, &err));
        load_shared(&a, engine, sequences[i].name, "frame10.png");
        load_shared(&b, engine, sequences[i].name, "frame11.png");
        assert_ok(lk_flow_compute(&flow, engine, &a, &b, &err));
        assert_ok(lk_flow_error(&error, &flow, &truth, &err));
        print_message("%s: %.4f px, OpenCV's DIS medium %.4f\n", sequences[i].name, error,
                      sequences[i].dis_medium);
        assert_true(error <= sequences[i].dis_medium);
        lk_flow_release(&flow);
        lk_flow_release(&truth);
        lk_image_release(&a);
        lk_image_release(&b);
    }
    lk_engine_free(engine);
}

static void test_file(void **state) {
    (void)state;
    lk_error err;
    lk_engine *engine = make_engine(NULL, 1);
    float numbers[] = {0, -1.5f, 2e9f, 3, 0.25f, -1e-30f, 7, 8, 9, 10, 11, 12};
    lk_flow flow = {.width = 3, .height = 2, .data = numbers}, back;
    lk_bytes bytes;
    assert_ok(lk_flow_encode(&bytes, &flow, &err));
    assert_int_equal(bytes.size, 12 + 48);
    static const uint8_t head[] = {'P', 'I', 'E', 'H', 3, 0, 0, 0, 2,    0,
                                   0,   0,   0,   0,   0, 0, 0, 0, 0xc0, 0xbf};
    assert_memory_equal(bytes.data, head, sizeof head);
    assert_ok(lk_flow_decode(&back, engine, bytes.data, bytes.size, &err));
    assert_int_equal(back.width, 3);
    assert_int_equal(back.height, 2);
    assert_memory_equal(back.data, numbers, sizeof numbers);
    lk_flow_release(&back);

    assert_refused(LK_E_CORRUPT, lk_flow_decode(&back, engine, bytes.data, bytes.size - 1, &err));
    assert_refused(LK_E_CORRUPT, lk_flow_decode(&back, engine, bytes.data, 11, &err));
    assert_refused(LK_E_FORMAT, lk_flow_decode(&back, engine, bytes.data, 3, &err));
    memset(bytes.data + 12 + 8, 0xff, 4); /* not a number */
    assert_refused(LK_E_CORRUPT, lk_flow_decode(&back, engine, bytes.data, bytes.size, &err));
    assert_null(back.data);
    bytes.data[7] = 0x80; /* a negative width */
    assert_refused(LK_E_CORRUPT, lk_flow_decode(&back, engine, bytes.data, bytes.size, &err));
    bytes.data[7] = 0x7f;
    assert_refused(LK_E_LIMIT, lk_flow_decode(&back, engine, bytes.data, bytes.size, &err));
    bytes.data[0] = 'p';
    assert_refused(LK_E_FORMAT, lk_flow_decode(&back, engine, bytes.data, bytes.size, &err));
    assert_refused(LK_E_IO, lk_flow_load(&back, engine, "/nosuch/file.flo", &err));
    lk_bytes_release(&bytes);
    lk_engine_free(engine);
}

static void test_error(void **state) {
    (void)state;
    lk_error err;
    double error;
    float a[] = {1, 1, 0, 0, 2e9f, 0}, b[] = {4, 5, 0, 0, 0, 0}, none[] = {0, 2e9f};
    lk_flow x = {3, 1, a}, y = {3, 1, b}, other = {1, 3, b}, first = {1, 1, a},
            unknown = {1, 1, none};
    assert_ok(lk_flow_error(&error, &x, &y, &err));
    assert_true(error == 2.5);
    assert_refused(LK_E_SIZE, lk_flow_error(&error, &x, &other, &err));
    assert_refused(LK_E_USAGE, lk_flow_error(&error, &first, &unknown, &err));
}

/* Floor of 255 x a colour that libm and float rounding may leave a step lower. */
static void test_picture(void **state) {
    (void)state;
    enum { COUNT = sizeof hues / sizeof *hues };
    lk_error err;
    float numbers[2 * COUNT + 2] = {[2 * COUNT] = 2e9f};
    lk_flow flow = {.width = COUNT + 1, .height = 1, .data = numbers};
    lk_image picture;
    for (size_t i = 0; i < COUNT; i++) {
        numbers[2 * i] = (float)(4 * hues[i].u);
        numbers[2 * i + 1] = (float)(4 * hues[i].v);
    }
    assert_ok(lk_flow_picture(&picture, &flow, 4, &err));
    for (size_t i = 0; i < COUNT; i++) {
        const uint8_t *p = picture.data + 3 * i;
        assert_true(abs(p[0] - hues[i].r) <= 1 && abs(p[1] - hues[i].g) <= 1 &&
                    abs(p[2] - hues[i].b) <= 1);
    }
    assert_true(picture.data[3 * COUNT] == 0 && picture.data[3 * COUNT + 2] == 0);
    lk_image_release(&picture);
    assert_ok(lk_flow_picture(&picture, &flow, 0, &err)); /* the longest known: (8, -4) */
    assert_true(picture.data[3 * 8] == 255 && picture.data[3 * 8 + 1] == 0);
    lk_image_release(&picture);
}

/* The row: a shift is its mean vector, taken back it leaves next to nothing. */
static void test_row(void **state) {
    (void)state;
    lk_error err;
    lk_engine *engine = make_engine(NULL, 1);
    lk_measure_options options = lk_measure_options_default();
    struct motion shift = {.zoom = 1, .u = 3, .v = -2};
    lk_image a = draw(300, 200, NULL), b = draw(300, 200, &shift);
    lk_measure_result r;
    options.want_maps = true;
    assert_ok(lk_measure_run(&r, engine, "flow", &a, &b, &options, &err));
    assert_true(fabs(r.value - hypot(3, 2)) < 0.05);
    assert_true(fabs(r.score - 1 / (1 + r.value / (0.01 * hypot(300, 200)))) < 1e-12);
    assert_string_equal(r.details[0].key, "mean_vector");
    assert_true(fabs(r.details[0].numbers[0] - 3) < 0.05 &&
                fabs(r.details[0].numbers[1] + 2) < 0.05);
    assert_string_equal(r.details[2].key, "moving_share");
    assert_true(r.details[2].number > 0.99);
    assert_true(r.details[4].number < 0.1 * r.details[3].number); /* residual after, before */
    assert_int_equal(r.picture.width, 300);
    lk_measure_result_release(&r);
    lk_image_release(&a);
    lk_image_release(&b);
    lk_engine_free(engine);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_motion), cmocka_unit_test(test_large_picture),
        cmocka_unit_test(test_rest),         cmocka_unit_test(test_refused_sizes),
        cmocka_unit_test(test_same_bits),    cmocka_unit_test(test_sequences),
        cmocka_unit_test(test_file),         cmocka_unit_test(test_error),
        cmocka_unit_test(test_picture),      cmocka_unit_test(test_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
