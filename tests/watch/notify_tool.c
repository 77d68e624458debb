/* SPDX-License-Identifier: Apache-2.0 */
/* notify_tool NAME=VALUE...: tells receivers what standard input says, a command a line, and prints what happens, a line each.
 * Names: webhook secret webca mqtt token ca ha exec timeout retry. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"
#include "watch/event_json.h"
#include "watch/notify.h"

static void acknowledged(void *context, const char *camera) {
    (void)context;
    printf("acknowledged %s\n", camera);
}

static void enabled(void *context, const char *camera, bool on) {
    (void)context;
    printf("enabled %s %d\n", camera, on);
}

static void trouble(void *context, const lk_error *err, int64_t event, bool given_up) {
    (void)context;
    printf("trouble %lld %d %s: %s\n", (long long)event, given_up, err->input, err->text);
}

static void delivered(void *context, int64_t event) {
    (void)context;
    printf("delivered %lld\n", (long long)event);
}

static void answer(lk_status status, const lk_error *err) {
    if (status == LK_OK) {
        printf("ok\n");
    } else {
        printf("error %d %s: %s\n", status, err->input, err->text);
    }
}

static lk_status send_event(struct notifier *n, char *args, lk_error *err) {
    char camera[64] = "", state[32] = "", snapshot[512] = "";
    long long number = 0;
    double score = NAN;
    sscanf(args, "%lld %63s %31s %lf %511s", &number, camera, state, &score, snapshot);
    struct camera_event event = {.id = number,
                                 .camera = camera,
                                 .state = view_state_find(state),
                                 .since_ms = 1763658151000,
                                 .time_ms = 1763658211250,
                                 .seen = !isnan(score),
                                 .sighting = {.score = score, .offset = {96, -4, 0.3, 1, 0.9}},
                                 .confirmed_frames = 3,
                                 .latched = true};
    struct buf json;
    lk_bytes picture = {0};
    buf_init(&json, 1 << 16);
    event_json(&json, &event);
    lk_status status = buf_status(&json, err);
    if (status == LK_OK && snapshot[0]) {
        status = file_read(&picture, snapshot, 1 << 24, NULL, err);
    }
    if (status == LK_OK) {
        struct notice notice = {.camera = camera,
                                .event = number,
                                .json = (const char *)json.data,
                                .state = event.state,
                                .score = score,
                                .snapshot = picture.data,
                                .snapshot_size = picture.size};
        if (number > 0) {
            status = notifier_send(n, &notice, err);
        } else {
            notifier_figures(n, &notice);
        }
    }
    lk_bytes_release(&picture);
    buf_release(&json);
    return status;
}

static void print_counts(struct notifier *n) {
    struct notify_counts rows[NOTIFY_KINDS_MAX];
    size_t count = notifier_counts(n, rows);
    for (size_t i = 0; i < count; i++) {
        printf("counts %s %lld %lld %lld %d\n", rows[i].receiver, (long long)rows[i].delivered,
               (long long)rows[i].failures, (long long)rows[i].given_up, rows[i].waiting);
    }
}

/* send EVENT CAMERA STATE SCORE [JPEG]; event 0: only the figures. camera NAME 0|1. flush SECONDS. counts. end. */
static bool obey(struct notifier *n, char *line) {
    lk_error err = {0};
    char *args = strchr(line, ' ');
    args = args ? args + 1 : line + strlen(line);
    if (strncmp(line, "send ", 5) == 0) {
        answer(send_event(n, args, &err), &err);
    } else if (strncmp(line, "camera ", 7) == 0) {
        char name[512] = "";
        int on = 1;
        sscanf(args, "%511s %d", name, &on);
        answer(notifier_camera(n, name, on, &err), &err);
    } else if (strncmp(line, "flush ", 6) == 0) {
        answer(notifier_flush(n, atof(args), &err), &err);
    } else if (strcmp(line, "counts") == 0) {
        print_counts(n);
    } else {
        return false;
    }
    return true;
}

static void option(struct notify_options *o, const char *arg) {
    const char *value = strchr(arg, '=') + 1;
    const struct {
        const char *name;
        const char **at;
    } texts[] = {{"webhook=", &o->webhook},
                 {"secret=", &o->webhook_secret_file},
                 {"mqtt=", &o->mqtt},
                 {"token=", &o->mqtt_token_file},
                 {"ca=", &o->mqtt_ca_file},
                 {"exec=", &o->exec},
                 {"webca=", &o->webhook_ca_file}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (strncmp(arg, texts[i].name, strlen(texts[i].name)) == 0) {
            *texts[i].at = value;
        }
    }
    o->ha_discovery |= strncmp(arg, "ha=", 3) == 0;
    if (strncmp(arg, "timeout=", 8) == 0) {
        o->exec_timeout_s = atof(value);
    } else if (strncmp(arg, "retry=", 6) == 0) {
        o->retry_s = atof(value);
    }
}

int main(int argc, char **argv) {
    struct notify_options options = {
        .acknowledged = acknowledged, .enabled = enabled, .trouble = trouble};
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (int i = 1; i < argc; i++) {
        if (!strchr(argv[i], '=')) {
            return 2;
        }
        option(&options, argv[i]);
    }
    struct notifier *n = NULL;
    lk_error err = {0};
    lk_status status = notifier_new(&n, &options, &err);
    answer(status, &err);
    if (status != LK_OK) {
        return 2;
    }
    notifier_set_delivered(n, delivered, NULL);
    char line[2048];
    while (fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = '\0';
        if (!obey(n, line)) {
            break;
        }
    }
    notifier_free(n);
    printf("end\n");
    return 0;
}
