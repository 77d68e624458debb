/* SPDX-License-Identifier: Apache-2.0 */
/* The fast way of reading PNG against libpng's: the same pixels, and every damaged file declined. */
#include "tests/unit/harness.h"

#include <stdlib.h>

#include <png.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/rng.h"
#include "image/codec_png_fast.h"
#include "image/image.h"

struct sample {
    int32_t width, height;
    int colour, filters;
    size_t idat_bytes; /* libpng's buffer: a small one gives many IDAT chunks */
    bool transparent;  /* tRNS on a palette */
    bool text_behind;
};

static void on_write(png_structp lib, png_bytep data, size_t size) {
    buf_add(png_get_io_ptr(lib), data, size);
}

static void write_palette(png_structp lib, png_infop info, bool transparent, struct rng *rng) {
    png_color colours[200];
    png_byte alphas[100];
    for (int i = 0; i < 200; i++) {
        colours[i] = (png_color){(png_byte)rng_below(rng, 256), (png_byte)i, (png_byte)(255 - i)};
        alphas[i / 2] = (png_byte)rng_below(rng, 256);
    }
    png_set_PLTE(lib, info, colours, 200);
    if (transparent) {
        png_set_tRNS(lib, info, alphas, 100, NULL);
    }
}

/* Half noise, half smooth, so that an encoder has use for each filter. */
static void write_rows(png_structp lib, const struct sample *s, size_t n, struct rng *rng) {
    uint8_t *row = mem_alloc(n, 1);
    assert_non_null(row);
    for (int32_t y = 0; y < s->height; y++) {
        for (size_t i = 0; i < n; i++) {
            row[i] = (uint8_t)(y % 2 ? rng_below(rng, 200) : (i + (size_t)y) / 3 % 200);
        }
        png_write_row(lib, row);
    }
    mem_free(row);
}

static lk_bytes encode(const struct sample *s, uint64_t seed) {
    static const size_t channels_of[7] = {1, 0, 3, 1, 2, 0, 4};
    struct rng rng;
    struct buf b;
    lk_bytes out;
    lk_error err;
    rng_init(&rng, seed);
    buf_init(&b, 1 << 24);
    png_structp lib = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(lib);
    png_set_write_fn(lib, &b, on_write, NULL);
    png_set_compression_buffer_size(lib, s->idat_bytes);
    png_set_filter(lib, 0, s->filters);
    png_set_IHDR(lib, info, (png_uint_32)s->width, (png_uint_32)s->height, 8, s->colour,
                 PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    if (s->colour == PNG_COLOR_TYPE_PALETTE) {
        write_palette(lib, info, s->transparent, &rng);
    }
    png_write_info(lib, info);
    write_rows(lib, s, (size_t)s->width * channels_of[s->colour], &rng);
    png_text text = {.compression = PNG_TEXT_COMPRESSION_NONE,
                     .key = (png_charp) "Title",
                     .text = (png_charp) "behind"};
    if (s->text_behind) {
        png_set_text(lib, info, &text, 1);
    }
    png_write_end(lib, info);
    png_destroy_write_struct(&lib, &info);
    assert_ok(buf_finish(&b, &out, &err));
    return out;
}

static struct decode_request request_of(lk_bytes bytes, const struct kernels *k) {
    return (struct decode_request){.bytes = bytes.data,
                                   .size = bytes.size,
                                   .limits = lk_limits_default(),
                                   .cpu_end_s = 1e9,
                                   .kernels = k};
}

static size_t idat_of(lk_bytes bytes) {
    const uint8_t *p = memmem(bytes.data, bytes.size, "IDAT", 4);
    assert_non_null(p);
    return (size_t)(p - bytes.data) - 4;
}

/* Both ways over one file. */
static void check_same(lk_bytes bytes, const struct kernels *k) {
    struct decoded fast = {.orientation = 1}, slow = {.orientation = 1};
    lk_image_info fast_info = {0}, slow_info = {0};
    lk_error err;
    struct decode_request r = request_of(bytes, k);
    assert_ok(codec_png.decode(&fast, &fast_info, &r, &err));
    r.kernels = NULL; /* libpng alone */
    assert_ok(codec_png.decode(&slow, &slow_info, &r, &err));
    assert_int_equal(fast.image.channels, slow.image.channels);
    assert_int_equal(fast.image.stride, slow.image.stride);
    assert_memory_equal(fast.image.data, slow.image.data,
                        slow.image.stride * (size_t)slow.image.height);
    assert_memory_equal(&fast_info, &slow_info, sizeof fast_info);
    lk_image_release(&fast.image);
    lk_image_release(&slow.image);
}

static bool taken(lk_bytes bytes, const struct sample *s, const struct kernels *k) {
    static const int32_t samples_of[7] = {1, 0, 3, 1, 2, 0, 4};
    static const uint8_t palette[256][4];
    struct decode_request r = request_of(bytes, k);
    struct png_fast f = {.request = &r,
                         .idat_at = idat_of(bytes),
                         .width = s->width,
                         .height = s->height,
                         .samples = samples_of[s->colour],
                         .palette = s->colour == PNG_COLOR_TYPE_PALETTE ? palette : NULL};
    lk_image image;
    size_t end;
    bool ok = png_fast_read(&image, &end, &f);
    assert_int_equal(ok, image.data != NULL);
    lk_image_release(&image);
    return ok;
}

static const int colours[] = {PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_RGB, PNG_COLOR_TYPE_PALETTE,
                              PNG_COLOR_TYPE_GRAY_ALPHA, PNG_COLOR_TYPE_RGB_ALPHA};
static const int filters[] = {PNG_FILTER_NONE, PNG_FILTER_SUB,   PNG_FILTER_UP,
                              PNG_FILTER_AVG,  PNG_FILTER_PAETH, PNG_ALL_FILTERS};

static void test_same_as_libpng(void **state) {
    (void)state;
    static const int32_t sizes[][2] = {{1, 1}, {1, 40}, {40, 1}, {5, 3}, {33, 70}, {300, 21}};
    struct kernels k;
    for (size_t i = 0; i < 5 * 6 * 6; i++) {
        struct sample s = {.colour = colours[i % 5],
                           .filters = filters[i / 5 % 6],
                           .width = sizes[i / 30][0],
                           .height = sizes[i / 30][1],
                           .idat_bytes = i % 3 ? 8192 : 100,
                           .transparent = i % 2,
                           .text_behind = i % 7 == 0};
        lk_bytes bytes = encode(&s, i);
        for (int level = CPU_C; level <= (int)cpu_level_best(); level++) {
            kernels_init(&k, (enum cpu_level)level);
            assert_true(taken(bytes, &s, &k));
            check_same(bytes, &k);
        }
        lk_bytes_release(&bytes);
    }
}

/* Any changed byte from the pixels on, and any cut, must leave the file to libpng. */
static void test_damage_is_declined(void **state) {
    (void)state;
    const struct sample s = {.colour = PNG_COLOR_TYPE_RGB,
                             .filters = PNG_ALL_FILTERS,
                             .width = 17,
                             .height = 9,
                             .idat_bytes = 100,
                             .text_behind = true};
    struct kernels k;
    kernels_init(&k, cpu_level_best());
    lk_bytes bytes = encode(&s, 1);
    assert_true(taken(bytes, &s, &k));
    for (size_t i = idat_of(bytes); i < bytes.size; i++) {
        if (i >= idat_of(bytes) + 4 && i < idat_of(bytes) + 8) {
            continue; /* the test finds the chunk by its name */
        }
        bytes.data[i] ^= 0x10;
        assert_false(taken(bytes, &s, &k));
        bytes.data[i] ^= 0x10;
    }
    for (size_t size = idat_of(bytes) + 8; size < bytes.size; size++) {
        assert_false(taken((lk_bytes){bytes.data, size}, &s, &k));
    }
    struct sample taller = s;
    taller.height++;
    assert_false(taken(bytes, &taller, &k));
    taller.height -= 2;
    assert_false(taken(bytes, &taller, &k));
    lk_bytes_release(&bytes);
}

/* What png_encode writes, libpng reads back. */
static void test_written_comes_back(void **state) {
    (void)state;
    static const int32_t kinds[][2] = {{1, 8}, {3, 8}, {4, 8}, {1, 16}, {3, 16}, {4, 16}};
    for (size_t i = 0; i < 12; i++) {
        struct decoded back = {.orientation = 1};
        lk_image_info info = {0};
        lk_image image;
        lk_bytes bytes;
        lk_error err;
        struct rng rng;
        rng_init(&rng, i);
        assert_ok(lk_image_new(&image, 37, 21, kinds[i / 2][0], kinds[i / 2][1], &err));
        for (size_t k = 0; k < image.stride * 21; k++) {
            image.data[k] = i % 2 ? 0x5a : (uint8_t)rng_below(&rng, 256); /* flat, or not */
        }
        assert_ok(png_encode(&bytes, &image, &err));
        struct decode_request r = request_of(bytes, NULL);
        assert_ok(codec_png.decode(&back, &info, &r, &err));
        assert_int_equal(back.image.bit_depth, image.bit_depth);
        assert_int_equal(back.image.stride, image.stride);
        assert_memory_equal(back.image.data, image.data, image.stride * 21);
        lk_image_release(&back.image);
        lk_image_release(&image);
        lk_bytes_release(&bytes);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_same_as_libpng),
                                       cmocka_unit_test(test_damage_is_declined),
                                       cmocka_unit_test(test_written_comes_back)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
