/* SPDX-License-Identifier: Apache-2.0 */
/* The document of an event, byte for byte: what programs read out of it may never move. */
#include "tests/unit/harness.h"

#include "watch/event_json.h"

static const struct camera_event moved = {
    .id = 12,
    .camera = "gate",
    .state = LK_VIEW_MOVED,
    .since_ms = 1763658151000,
    .time_ms = 1763658211250,
    .seen = true,
    .sighting = {.state = LK_VIEW_MOVED,
                 .sure = true,
                 .score = 0.41,
                 .view = 2,
                 .offset = {96.004, -4, 0.3, 1.00004, 0.9},
                 .cosine = 0.123456,
                 .structure = 0.2,
                 .sharpness = 1.05,
                 .brightness = 0.5,
                 .covered = 1e-9},
    .confirmed_frames = 3,
    .latched = true,
    .before_sha256 = "5b",
    .after_sha256 = "9e",
};

static void assert_document(const struct camera_event *event, const char *wanted) {
    struct buf out;
    lk_error err;
    lk_bytes text;
    buf_init(&out, 1 << 16);
    event_json(&out, event);
    assert_ok(buf_finish(&out, &text, &err));
    assert_string_equal((const char *)text.data, wanted);
    lk_bytes_release(&text);
}

static void test_moved(void **state) {
    (void)state;
    assert_document(
        &moved,
        "{\"schema\":\"likeness/camera-event/1\",\"id\":12,\"camera\":\"gate\",\"state\":\"moved\","
        "\"previous\":\"ok\",\"since\":\"2025-11-20T17:02:31.000Z\",\"time\":\"2025-11-20T17:03:31."
        "250Z\","
        "\"score\":0.41,\"offset\":{\"pan_px\":96,\"tilt_px\":-4,\"roll_deg\":0.3,\"zoom\":1,"
        "\"reliability\":0.9},\"confirmed_frames\":3,\"latched\":true,\"muted\":false,\"cosine\":0."
        "1235,"
        "\"structure\":0.2,\"sharpness\":1.05,\"brightness\":0.5,\"covered\":0,\"baseline\":2,"
        "\"before\":{\"state\":\"ok\",\"picture\":\"5b\"},\"after\":{\"state\":\"moved\","
        "\"picture\":\"9e\"}}");
}

/* Without a picture there are no figures: null, not 0, which would be one. */
static void test_lost(void **state) {
    (void)state;
    struct camera_event lost = moved;
    lost.state = LK_VIEW_LOST;
    lost.previous = LK_VIEW_COVERED;
    lost.seen = false;
    lost.muted = true;
    lost.after_sha256[0] = '\0';
    assert_document(
        &lost,
        "{\"schema\":\"likeness/camera-event/1\",\"id\":12,\"camera\":\"gate\",\"state\":\"lost\","
        "\"previous\":\"covered\",\"since\":\"2025-11-20T17:02:31.000Z\",\"time\":\"2025-11-20T17:"
        "03:31.250Z\","
        "\"score\":null,\"offset\":null,\"confirmed_frames\":3,\"latched\":true,\"muted\":true,"
        "\"cosine\":null,\"structure\":null,\"sharpness\":null,\"brightness\":null,\"covered\":"
        "null,"
        "\"baseline\":null,\"before\":{\"state\":\"covered\",\"picture\":\"5b\"},"
        "\"after\":{\"state\":\"lost\",\"picture\":null}}");
}

static void test_offset_unknown(void **state) {
    (void)state;
    struct camera_event covered = moved;
    covered.state = LK_VIEW_COVERED;
    covered.sighting.offset.reliability = 0;
    struct buf out;
    buf_init(&out, 1 << 16);
    event_json(&out, &covered);
    assert_non_null(strstr((const char *)out.data, "\"offset\":null,\"confirmed_frames\":3"));
    assert_non_null(strstr((const char *)out.data, "\"score\":0.41,"));
    buf_release(&out);
}

static void test_names(void **state) {
    (void)state;
    for (int i = 0; i < LK_VIEW_STATES; i++) {
        assert_int_equal(view_state_find(lk_view_state_name((lk_view_state)i)), i);
    }
    assert_int_equal(view_state_find("OK"), LK_VIEW_STATES);
    assert_int_equal(view_state_find(""), LK_VIEW_STATES);
    assert_string_equal(lk_view_state_name(LK_VIEW_STATES), "unknown");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_moved),
        cmocka_unit_test(test_lost),
        cmocka_unit_test(test_offset_unknown),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
