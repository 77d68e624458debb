/* SPDX-License-Identifier: Apache-2.0 */
/* Splitting bytes into JPEGs: however they are cut into pieces, whatever stands between and inside. */
#include "tests/unit/harness.h"

#include "tests/unit/codec_files.h"

#include "watch/jpeg_split.h"

/* Feeds all in pieces of a size; expects `count` pictures, the i-th of sizes[i] bytes at from[i]. */
static void expect(const lk_bytes *bytes, size_t piece, size_t max, int count, const size_t *from,
                   const size_t *sizes) {
    struct jpeg_split j;
    lk_error err;
    int found = 0;
    jpeg_split_init(&j, max);
    for (size_t at = 0; at < bytes->size; at += piece) {
        size_t n = bytes->size - at < piece ? bytes->size - at : piece;
        const uint8_t *p = bytes->data + at;
        for (const uint8_t *end = p + n; p < end;) {
            if (jpeg_split_take(&j, &p, end) == SPLIT_WHOLE) {
                lk_bytes picture;
                assert_false(jpeg_split_is_inside(&j));
                assert_ok(jpeg_split_finish(&j, &picture, &err));
                assert_true(found < count);
                assert_int_equal(picture.size, sizes[found]);
                assert_memory_equal(picture.data, bytes->data + from[found], picture.size);
                lk_bytes_release(&picture);
                found++;
            }
        }
    }
    assert_int_equal(found, count);
    jpeg_split_release(&j);
}

static void expect_in_pieces(const lk_bytes *bytes, int count, const size_t *from,
                             const size_t *sizes) {
    static const size_t pieces[] = {1, 2, 3, 7, 1000, 1 << 20};
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        expect(bytes, pieces[i], 1 << 20, count, from, sizes);
    }
}

/* Every JPEG of tests/data/codec, one behind the other, with text between. */
static void test_files(void **state) {
    (void)state;
    static const char between[] =
        "\r\n--edge\r\nContent-Type: image/jpeg\r\n\r\n\xff\xff\xd8 no picture \xff";
    struct buf all;
    size_t from[PICTURES], sizes[PICTURES];
    int count = 0;
    buf_init(&all, 1 << 26);
    for (size_t i = 0; i < PICTURES; i++) {
        if (strstr(pictures[i].name, ".jpg")) {
            lk_bytes bytes = picture_bytes(pictures[i].name);
            buf_add(&all, between, count % 2 ? sizeof between - 1 : 0);
            from[count] = all.size;
            sizes[count++] = bytes.size;
            buf_add(&all, bytes.data, bytes.size);
            lk_bytes_release(&bytes);
        }
    }
    assert_true(count > 5);
    lk_bytes bytes = {all.data, all.size};
    expect_in_pieces(&bytes, count, from, sizes);
    buf_release(&all);
}

#define BYTES(text) ((lk_bytes){(uint8_t *)(uintptr_t)(text), sizeof(text) - 1})

static void test_inside(void **state) {
    (void)state;
    /* A thumbnail in a segment; stuffed and restart markers, fill bytes in a scan; a second scan; what belongs nowhere. */
    const lk_bytes whole = BYTES("\xff\xd8\xff\xe1\x00\x0a\xff\xd8\xff\xda\x00\x02\xff\xd9"
                                 "\xff\xff\xda\x00\x03\x01"
                                 "ab\xff\x00\xff\xd0"
                                 "c\xff\xff\xc4\x00\x02\x00\xff\xda\x00\x02"
                                 "d\xff\xd9");
    expect_in_pieces(&whole, 1, (size_t[]){0}, (size_t[]){whole.size});
    const lk_bytes cut = BYTES("\xff\xd8\xff\xda\x00\x02"
                               "abc\xff\xd8\xff\xda\x00\x02"
                               "d\xff\xd9");
    expect_in_pieces(&cut, 1, (size_t[]){9}, (size_t[]){9});
    const lk_bytes damaged = BYTES("\xff\xd8\xff\xe0\x00\x01\xff\xd9 \xff\xd8\xff\xd9");
    expect_in_pieces(&damaged, 1, (size_t[]){9}, (size_t[]){4});
    const lk_bytes unfinished = BYTES("\xff\xd8\xff\xe0\x7f\xff abc");
    expect_in_pieces(&unfinished, 0, NULL, NULL);
}

static void test_limit(void **state) {
    (void)state;
    struct jpeg_split j;
    lk_error err;
    lk_bytes picture;
    const lk_bytes bytes = BYTES(
        "\xff\xd8\xff\xda\x00\x02 too long for it \xff\xd9\xff\xd8\xff\xda\x00\x02 x\xff\xd9");
    const uint8_t *at = bytes.data, *end = at + bytes.size;
    jpeg_split_init(&j, 16);
    assert_int_equal(jpeg_split_take(&j, &at, end), SPLIT_TOO_LONG);
    assert_false(jpeg_split_is_inside(&j));
    assert_int_equal(jpeg_split_take(&j, &at, end), SPLIT_WHOLE);
    assert_ok(jpeg_split_finish(&j, &picture, &err));
    assert_int_equal(picture.size, 10);
    lk_bytes_release(&picture);
    assert_int_equal(jpeg_split_take(&j, &at, end), SPLIT_MORE);
    at = bytes.data;
    assert_int_equal(jpeg_split_take(&j, &at, at + 8), SPLIT_MORE);
    assert_true(jpeg_split_is_inside(&j));
    jpeg_split_again(&j);
    assert_false(jpeg_split_is_inside(&j));
    jpeg_split_release(&j);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_inside),
        cmocka_unit_test(test_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
