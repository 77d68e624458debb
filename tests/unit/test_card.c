/* SPDX-License-Identifier: Apache-2.0 */
/* Cards: what is read, what is written, what is refused. */
#include "tests/unit/harness.h"

#include "base/buf.h"
#include "model/card.h"

static const char good[] =
    "{\"schema\":\"likeness/model-card/1\",\"name\":\"net\",\"file\":\"net.onnx\",\"width\":32,"
    "\"height\":24,\"colour\":\"bgr\",\"mean\":[1,2,3],\"scale\":[4,5,6.5],\"resize\":\"stretch\","
    "\"embedding\":\"e\",\"bytes\":5000000000}";

static void test_read(void **state) {
    (void)state;
    lk_error err;
    lk_model_card card;
    assert_ok(card_parse(&card, good, strlen(good), &err));
    assert_string_equal(card.name, "net");
    assert_int_equal(card.width, 32);
    assert_int_equal(card.height, 24);
    assert_int_equal(card.colour, LK_MODEL_BGR);
    assert_int_equal(card.resize, LK_RESIZE_STRETCH);
    assert_true(card.bytes == 5000000000);
    assert_true(card.scale[2] == 6.5);
}

static void test_round_trip(void **state) {
    (void)state;
    lk_error err;
    lk_model_card card, again;
    bool there = true;
    for (size_t i = 0; there; i++) {
        struct buf b;
        assert_ok(card_shipped(&card, i, &there, &err));
        assert_true(there || i >= 3);
        buf_init(&b, CARD_BYTES_MAX);
        if (there) {
            card_write(&b, &card);
            assert_ok(card_parse(&again, (const char *)b.data, b.size, &err));
            assert_memory_equal(&card, &again, sizeof card);
        }
        buf_release(&b);
    }
}

/* The good card with one piece replaced. */
static void refuse(const char *from, const char *to, const char *says) {
    char text[1024];
    lk_error err;
    lk_model_card card;
    const char *at = strstr(good, from);
    assert_non_null(at);
    snprintf(text, sizeof text, "%.*s%s%s", (int)(at - good), good, to, at + strlen(from));
    assert_refused(LK_E_CORRUPT, card_parse(&card, text, strlen(text), &err));
    if (!strstr(err.text, says)) {
        fail_msg("\"%s\" does not say \"%s\"", err.text, says);
    }
}

static void test_refused(void **state) {
    (void)state;
    refuse("model-card/1", "model-card/2", "schema");
    refuse("\"name\":\"net\",", "", "lacks \"name\"");
    refuse("\"name\":\"net\"", "\"name\":7", "\"name\" is not a text");
    refuse("\"net.onnx\"", "\"../net.onnx\"", "\"file\" is no plain name");
    refuse("\"net.onnx\"", "\"a/b.onnx\"", "\"file\" is no plain name");
    refuse("\"net.onnx\"", "\".hidden\"", "\"file\" is no plain name");
    refuse("\"net.onnx\"", "\"other.json\"", "\"file\" ends in .json");
    refuse("\"bytes\":5000000000", "\"labels\":\"x.Json\"", "\"labels\" ends in .json");
    refuse("\"bytes\":5000000000", "\"labels\":\"net.onnx\"", "are one file");
    refuse("\"name\":\"net\"", "\"name\":\"a\\u0000b\"", "not JSON");
    refuse("\"width\":32", "\"width\":0", "\"width\" is not a whole number");
    refuse("\"width\":32", "\"width\":3.5", "\"width\" is not a whole number");
    refuse("\"width\":32", "\"width\":99999", "\"width\" is not a whole number");
    refuse("\"bgr\"", "\"cmyk\"", "\"colour\" is not one of");
    refuse("[1,2,3]", "[1,2]", "\"mean\" is not three numbers");
    refuse("[1,2,3]", "[1,2,\"x\"]", "\"mean\" is not three numbers");
    refuse("[4,5,6.5]", "[4,0,6.5]", "\"scale\" holds 0");
    refuse("\"stretch\"", "\"crop\"", "\"side\"");
    refuse("\"embedding\":\"e\"", "\"notes\":\"e\"", "names no output");
    refuse("\"embedding\":\"e\"", "\"logits\":\"e\"", "\"classes\"");
    refuse("\"bytes\"", "\"weight\"", "unknown key \"weight\"");
    refuse("\"bytes\":5000000000", "\"width\":3", "not JSON"); /* a key twice */
    refuse("\"bytes\":5000000000", "\"sha256\":\"12\"", "64 small hex digits");
    refuse("\"net\"", "\"a-name-of-sixty-four-letters-is-one-too-long-for-a-card-of-any-mod\"",
           "\"name\" is longer than 63 bytes");
    refuse("{\"schema", "[{\"schema", "not JSON");
}

static void test_cut_off(void **state) {
    (void)state;
    lk_error err;
    lk_model_card card;
    for (size_t size = 0; size < strlen(good); size++) {
        assert_refused(LK_E_CORRUPT, card_parse(&card, good, size, &err));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_cut_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
