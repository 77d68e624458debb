/* SPDX-License-Identifier: Apache-2.0 */
/* What telling of cameras allocates failing in turn, as test_oom.c says. Nobody listens: what threads do on their own must not
 * count. */
#include "tests/oom/oom_attempt.h"

#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "watch/event_json.h"
#include "watch/figures.h"
#include "watch/home_assistant.h"
#include "watch/notify.h"

struct world {
    char token[64]; /* credentials in a file */
};

static const struct camera_event event = {
    .id = 1, .camera = "gate", .state = LK_VIEW_MOVED, .seen = true, .sighting = {.score = 0.4}};

static lk_status end_of(struct buf *b, uint64_t *digest, lk_error *err) {
    lk_status status = buf_status(b, err);
    if (status == LK_OK) {
        mix(digest, b->data, b->size);
    }
    buf_release(b);
    return status;
}

static lk_status run_document(struct world *w, uint64_t *digest, lk_error *err) {
    (void)w;
    struct buf b;
    buf_init(&b, 1 << 16);
    event_json(&b, &event);
    return end_of(&b, digest, err);
}

static lk_status run_figures(struct world *w, uint64_t *digest, lk_error *err) {
    (void)w;
    static const struct camera_figures camera = {.camera = "gate", .score = 0.4};
    static const struct notify_counts receiver = {"exec", 1, 2, 3, 4};
    struct buf b;
    buf_init(&b, 1 << 16);
    figures_write(&b, &camera, 1, &receiver, 1);
    return end_of(&b, digest, err);
}

static lk_status run_discovery(struct world *w, uint64_t *digest, lk_error *err) {
    (void)w;
    struct buf b;
    buf_init(&b, 1 << 16);
    for (size_t i = 0; i < home_assistant_count(); i++) {
        home_assistant_topic(&b, i, "likeness", "gate");
        home_assistant_document(&b, i, "likeness", "gate");
    }
    return end_of(&b, digest, err);
}

/* Figures that cannot be kept are done without; an event that cannot be is refused. */
static lk_status tell(struct notifier *n, lk_error *err) {
    static const uint8_t picture[5000];
    const struct notice notice = {.camera = "gate",
                                  .event = 1,
                                  .json = "{}",
                                  .state = LK_VIEW_MOVED,
                                  .score = NAN,
                                  .snapshot = picture,
                                  .snapshot_size = sizeof picture};
    lk_status status = notifier_camera(n, "gate", true, err);
    if (status == LK_OK) {
        notifier_figures(n, &notice);
        status = notifier_send(n, &notice, err);
    }
    return status;
}

static lk_status run_notifier(struct world *w, uint64_t *digest, lk_error *err) {
    const struct notify_options options = {.exec = "true one two",
                                           .mqtt = "mqtt://127.0.0.1:9/some/where",
                                           .mqtt_token_file = w->token,
                                           .ha_discovery = true};
    struct notifier *n = NULL;
    struct notify_counts counts[NOTIFY_KINDS_MAX];
    lk_status status = notifier_new(&n, &options, err);
    if (status == LK_OK) {
        status = tell(n, err);
        size_t count = notifier_counts(n, counts);
        mix(digest, &count, sizeof count);
    } else {
        assert_null(n);
    }
    notifier_free(n);
    return status;
}

static lk_status run_webhook(struct world *w, uint64_t *digest, lk_error *err) {
    (void)w;
    const struct notify_options options = {.webhook = "http://127.0.0.1:9/"};
    struct notifier *n = NULL;
    lk_status status = notifier_new(&n, &options, err);
    mix(digest, "", 1);
    notifier_free(n);
    return status;
}

static int make_world(void **state) {
    static struct world world; /* global: the tests' one world */
    static const char text[] = "basic anna:secret\n";
    snprintf(world.token, sizeof world.token, "/tmp/oom_notify_XXXXXX");
    int fd = mkstemp(world.token);
    bool written = fd >= 0 && write(fd, text, sizeof text - 1) == sizeof text - 1;
    close(fd);
    *state = &world;
    return written ? 0 : -1;
}

static int free_world(void **state) {
    struct world *w = *state;
    return unlink(w->token);
}

static void test_notify(void **state) {
    fail_each("event", "document", run_document, *state);
    fail_each("figures", "write", run_figures, *state);
    fail_each("discovery", "documents", run_discovery, *state);
    fail_each("notifier", "exec and mqtt", run_notifier, *state);
    fail_each("notifier", "webhook", run_webhook, *state);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_notify)};
    return cmocka_run_group_tests(tests, make_world, free_world);
}
