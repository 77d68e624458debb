/* SPDX-License-Identifier: Apache-2.0 */
/* Cards: what is read, what is written, what is refused. And the catalogue's folder. */
#include "tests/unit/harness.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
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

/* -- The catalogue -- */

static void write_text(const char *folder, const char *name, const char *text) {
    char path[256];
    lk_error err;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_ok(file_write(path, text, strlen(text), &err));
}

static void test_catalogue(void **state) {
    (void)state;
    char folder[] = "/tmp/likeness-models-XXXXXX", path[256];
    lk_error err;
    lk_catalogue c;
    assert_non_null(mkdtemp(folder));
    assert_ok(lk_catalogue_read(&c, folder, &err));
    size_t shipped = c.count;
    assert_true(shipped >= 3 && !lk_catalogue_find(&c, "net"));
    lk_catalogue_release(&c);

    write_text(folder, "net.json", good);
    assert_ok(lk_catalogue_read(&c, folder, &err));
    assert_int_equal(c.count, shipped + 1);
    assert_false(lk_catalogue_find(&c, "net")->installed); /* its file is missing */
    lk_catalogue_release(&c);

    write_text(folder, "net.onnx", "this is no network");
    assert_ok(lk_catalogue_read(&c, folder, &err));
    assert_true(lk_catalogue_find(&c, "net")->installed);
    lk_catalogue_release(&c);

    lk_engine *engine;
    assert_ok(lk_engine_new(&engine, NULL, &err));
    assert_refused(LK_E_CORRUPT, lk_catalogue_check(engine, folder, "net", &err));
    assert_non_null(strstr(err.input, "net.onnx"));
    lk_engine_free(engine);

    write_text(folder, "twin.json", good); /* the same name again */
    assert_refused(LK_E_CORRUPT, lk_catalogue_read(&c, folder, &err));
    snprintf(path, sizeof path, "%s/twin.json", folder);
    assert_int_equal(unlink(path), 0);

    assert_refused(LK_E_IO, lk_catalogue_remove(folder, "no-such", &err));
    assert_ok(lk_catalogue_remove(folder, "net", &err));
    assert_int_equal(rmdir(folder), 0); /* nothing was left */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),      cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_refused),   cmocka_unit_test(test_cut_off),
        cmocka_unit_test(test_catalogue),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
