/* SPDX-License-Identifier: Apache-2.0 */
/* The broken corpus: every picture of tests/data/codec cut off, with bytes changed, and with absurd fields, tens of
 * thousands of files made on the fly. Each must end in a picture or in an error that names what is wrong; meant to run
 * under AddressSanitizer too. */
#include "tests/unit/harness.h"

#include "base/mem.h"
#include "base/rng.h"
#include "tests/unit/codec_files.h"

static lk_engine *engine;

struct tally {
    int read, refused;
};

/* Decodes a copy of exactly `size` bytes, so that a read past the end is seen; fails on an answer that says nothing. */
static lk_status decode_broken(struct tally *t, const uint8_t *bytes, size_t size, const char *name,
                               const char *what, size_t where) {
    lk_image image;
    lk_image_info info;
    lk_error err = {0};
    uint8_t *copy = mem_alloc(size, 1);
    assert_non_null(copy);
    memcpy(copy, bytes, size);
    const lk_limits defaults = lk_limits_default();
    const lk_load_options options = {.no_digest = true};
    lk_status status = lk_image_decode(&image, &info, engine, copy, size, name, &options, &err);
    bool named = err.status == status && err.text[0] != '\0' && strcmp(err.input, name) == 0 &&
                 (status == LK_E_CORRUPT || status == LK_E_FORMAT || status == LK_E_LIMIT);
    bool limited = status != LK_E_LIMIT || lk_limits_get(&defaults, err.limit) > 0;
    if (status == LK_OK ? !image.data : image.data || !named || !limited) {
        fail_msg("%s, %s at %zu: status %d, %s", name, what, where, (int)status, err.text);
    }
    t->read += status == LK_OK;
    t->refused += status != LK_OK;
    lk_image_release(&image);
    mem_free(copy);
    return status;
}

/* HEIF decoders take milliseconds a try: fewer of them. */
static bool is_slow(const char *name) {
    return strstr(name, ".heic") || strstr(name, ".avif");
}

/* Formats in which every byte up to the end is needed; of a TIFF, the last may be padding or a tag nobody reads, and
 * of a HEIF, an item of metadata. */
static bool must_be_whole(const char *name) {
    return strstr(name, ".jpg") || strstr(name, ".png") || strstr(name, ".webp");
}

static void test_cut_off(void **state) {
    (void)state;
    struct tally t = {0};
    for (size_t i = 0; i < PICTURES; i++) {
        const char *name = pictures[i].name;
        lk_bytes bytes = picture_bytes(name);
        size_t step = is_slow(name) ? bytes.size / 12 + 1 : 1;
        for (size_t size = 0; size < bytes.size; size += step) {
            lk_status status = decode_broken(&t, bytes.data, size, name, "cut off", size);
            if (status == LK_OK && must_be_whole(name)) {
                fail_msg("%s cut off at %zu of %zu passed for whole", name, size, bytes.size);
            }
        }
        lk_bytes_release(&bytes);
    }
    print_message("%d cut off: %d read, %d refused\n", t.read + t.refused, t.read, t.refused);
    assert_true(t.refused > 50000);
}

/* One to four bytes changed: flipped bits, extremes, or noise. */
static void damage(uint8_t *bytes, size_t size, struct rng *r) {
    static const uint8_t extremes[] = {0, 1, 0x7f, 0x80, 0xff};
    for (uint32_t n = rng_below(r, 4) + 1; n > 0; n--) {
        uint8_t *p = &bytes[rng_below(r, (uint32_t)size)];
        switch (rng_below(r, 3)) {
        case 0: *p ^= (uint8_t)(1u << rng_below(r, 8)); break;
        case 1: *p = extremes[rng_below(r, sizeof extremes)]; break;
        default: *p = (uint8_t)rng_below(r, 256); break;
        }
    }
}

static void test_changed_bytes(void **state) {
    (void)state;
    struct tally t = {0};
    struct rng r;
    rng_init(&r, 20);
    for (size_t i = 0; i < PICTURES; i++) {
        const char *name = pictures[i].name;
        lk_bytes bytes = picture_bytes(name);
        uint8_t *copy = mem_alloc(bytes.size, 1);
        assert_non_null(copy);
        for (size_t n = is_slow(name) ? 10 : 200; n > 0; n--) {
            memcpy(copy, bytes.data, bytes.size);
            /* Half of them within the first bytes, where the header is. */
            damage(copy, n % 2 ? MIN(bytes.size, 64) : bytes.size, &r);
            decode_broken(&t, copy, bytes.size, name, "changed", n);
        }
        mem_free(copy);
        lk_bytes_release(&bytes);
    }
    print_message("%d changed: %d read, %d refused\n", t.read + t.refused, t.read, t.refused);
    assert_true(t.refused > 5000);
}

/* Each picture's body under the next one's first bytes. */
static void test_foreign_heads(void **state) {
    (void)state;
    struct tally t = {0};
    for (size_t i = 0; i < PICTURES; i++) {
        lk_bytes head = picture_bytes(pictures[(i + 7) % PICTURES].name);
        lk_bytes body = picture_bytes(pictures[i].name);
        for (size_t n = 4; n <= 32 && n < body.size && n < head.size; n += 4) {
            memcpy(body.data, head.data, n);
            decode_broken(&t, body.data, body.size, pictures[i].name, "foreign head", n);
        }
        lk_bytes_release(&head);
        lk_bytes_release(&body);
    }
    print_message("%d with a foreign head: %d read, %d refused\n", t.read + t.refused, t.read,
                  t.refused);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cut_off),
        cmocka_unit_test(test_changed_bytes),
        cmocka_unit_test(test_foreign_heads),
    };
    lk_engine_options options = lk_engine_options_default();
    options.limits.pixels = 4 << 20; /* a changed size may ask for much: keep each try short */
    options.threads = 1;
    if (lk_engine_new(&engine, &options, NULL) != LK_OK) {
        return 1;
    }
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    lk_engine_free(engine);
    return failed;
}
