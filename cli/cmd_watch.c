/* SPDX-License-Identifier: Apache-2.0 */
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "cli/camera.h"
#include "cli/stop.h"
#include "cli/store_place.h"

struct watch_settings {
    struct common common;
    struct camera_options camera;
    const char *db, *baseline, *webhook, *webhook_secret, *mqtt, *mqtt_token, *webhook_ca, *mqtt_ca,
        *exec, *snapshots, *metrics;
    bool all, once, until_end, jsonl, discovery;
};

#define AT(member) offsetof(struct watch_settings, member)

static const struct option watch_options[] = {
    STORE_OPTION(AT(db)),
    {"all", 0, OPTION_FLAG, NULL, NULL, NULL, "every camera of the store that is on", AT(all)},
    {"once", 0, OPTION_FLAG, NULL, NULL, NULL,
     "one frame, for cron: 0 same, 1 changed, 3 cannot tell, 2 no picture", AT(once)},
    {"jsonl", 0, OPTION_FLAG, NULL, NULL, NULL, "each event as a line of JSON", AT(jsonl)},
    CAMERA_OPTIONS(struct watch_settings, camera),
    {"baseline", 0, OPTION_TEXT, "FILE", NULL, NULL,
     "with --source: the reference view (the first frame)", AT(baseline)},
    {"until-end", 0, OPTION_FLAG, NULL, NULL, NULL,
     "stop after the last frame of a folder or a video", AT(until_end)},
    {"webhook", 0, OPTION_TEXT, "URL", NULL, NULL, "POST each event there", AT(webhook)},
    {"webhook-secret-file", 0, OPTION_TEXT, "FILE", NULL, NULL, "key of its HMAC-SHA256 signature",
     AT(webhook_secret)},
    {"webhook-ca-file", 0, OPTION_TEXT, "FILE", NULL, NULL,
     "PEM: trust these instead of the system's", AT(webhook_ca)},
    {"mqtt", 0, OPTION_TEXT, "URL", NULL, NULL, "mqtt(s)://host[:port]/prefix", AT(mqtt)},
    {"mqtt-token-file", 0, OPTION_TEXT, "FILE", NULL, NULL, "basic USER:PASSWORD for the broker",
     AT(mqtt_token)},
    {"mqtt-ca-file", 0, OPTION_TEXT, "FILE", NULL, NULL, "PEM: trust these instead of the system's",
     AT(mqtt_ca)},
    {"ha-discovery", 0, OPTION_FLAG, NULL, NULL, NULL, "announce the cameras to Home Assistant",
     AT(discovery)},
    {"exec", 0, OPTION_TEXT, "CMD", NULL, NULL,
     "run CMD for each event, its JSON on standard input; no shell", AT(exec)},
    {"snapshot-dir", 0, OPTION_TEXT, "DIR", NULL, NULL, "put the pictures of events there",
     AT(snapshots)},
    {"metrics-file", 0, OPTION_TEXT, "FILE", NULL, NULL, "figures in Prometheus' text format",
     AT(metrics)},
    OPTION_END,
};

static void watch_defaults(void *settings) {
    camera_options_defaults(&((struct watch_settings *)settings)->camera);
}

/* -- What is told -- */

static bool tell_line(void *arg, const char *camera, lk_view_state state, const char *document) {
    const struct watch_settings *s = arg;
    if (s->jsonl) {
        printf("%s\n", document);
    } else if (!s->once && !s->common.quiet) {
        printf("%s: %s\n", camera, lk_view_state_name(state));
    }
    return fflush(stdout) == 0;
}

static void tell_trouble(void *arg, const char *camera, const lk_error *err) {
    const struct watch_settings *s = arg;
    char text[1200];
    lk_error_format(err, text, sizeof text);
    if (!s->common.quiet) {
        fprintf(stderr, "likeness: %s%s%s\n", camera, camera[0] ? ": " : "", text);
    }
}

static void add_document(struct buf *b, const lk_watch_result *r) {
    struct json j;
    lk_bytes text = {0};
    lk_status status = lk_report_watch(&text, r, NULL);
    json_init(&j, b, 0);
    json_document(&j, NULL, status, &text);
    buf_add_text(b, "\n");
}

static void sighting_text(struct buf *b, const lk_watch_result *r) {
    const lk_sighting *s = &r->sighting;
    buf_printf(b, "%s%s   score %.2f\n", r->sure ? "" : "CANNOT TELL, likeliest ",
               lk_view_state_name(r->worst), s->score);
    if (s->offset.reliability > 0 && r->worst != LK_VIEW_OK) {
        buf_printf(b, "  moved %+.1f px right, %+.1f px down, rolled %+.1f deg, zoom %.3f\n",
                   s->offset.pan_px, s->offset.tilt_px, s->offset.roll_deg, s->offset.zoom);
    }
    buf_printf(b,
               "  structure %.2f, sharpness %.2f, brightness %.2f, covered %.0f %%, cosine %.2f\n",
               s->structure, s->sharpness, s->brightness, 100 * s->covered, s->cosine);
}

static enum exit_code print_once(const struct watch_settings *s, const lk_watch_result *r) {
    struct buf b;
    buf_init(&b, 1 << 20);
    if (s->common.json) {
        add_document(&b, r);
    } else if (r->frames > 0 && !s->jsonl) {
        sighting_text(&b, r);
    }
    enum exit_code code = r->frames == 0           ? EXIT_TROUBLE
                          : !r->sure               ? EXIT_INCONCLUSIVE
                          : r->worst == LK_VIEW_OK ? EXIT_YES
                                                   : EXIT_NO;
    return print_result(&s->common, &b, code);
}

static enum exit_code print_run(const struct watch_settings *s, const lk_watch_result *r) {
    struct buf b;
    buf_init(&b, 1 << 20);
    if (s->common.json) {
        add_document(&b, r);
    } else if (!s->jsonl) {
        buf_printf(&b, "%lld frames, %lld without a picture, %lld events\n", (long long)r->frames,
                   (long long)r->failures, (long long)r->events);
    }
    return print_result(&s->common, &b,
                        r->frames == 0 && r->failures > 0 ? EXIT_TROUBLE
                        : r->events > 0                   ? EXIT_NO
                                                          : EXIT_YES);
}

/* -- Running -- */

static enum exit_code watch(const struct watch_settings *s, lk_engine *engine, lk_store *store,
                            const char *const *ids, size_t count) {
    lk_watch_result result;
    lk_error err = {0};
    const lk_watch_options options = {.once = s->once,
                                      .until_end = s->until_end,
                                      .webhook = s->webhook,
                                      .webhook_secret_file = s->webhook_secret,
                                      .webhook_ca_file = s->webhook_ca,
                                      .mqtt_ca_file = s->mqtt_ca,
                                      .mqtt = s->mqtt,
                                      .mqtt_token_file = s->mqtt_token,
                                      .exec = s->exec,
                                      .ha_discovery = s->discovery,
                                      .snapshot_dir = s->snapshots,
                                      .metrics_file = s->metrics,
                                      .told = tell_line,
                                      .trouble = tell_trouble,
                                      .arg = (void *)(uintptr_t)s};
    lk_status status = lk_watch(&result, store, engine, ids, count, &options, &err);
    if (status != LK_OK && !(status == LK_E_CANCELLED && stop_asked())) {
        return report_error(&s->common, &err);
    }
    return s->once ? print_once(s, &result) : print_run(s, &result);
}

/* -- A source that is in no store: a store of its own for this run -- */

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *where) {
    (void)info;
    (void)kind;
    (void)where;
    return remove(path);
}

static enum exit_code watch_source(const struct watch_settings *s, lk_engine *engine) {
    char message[300], folder[PATH_MAX];
    const char *room = getenv("TMPDIR"), *id = "camera";
    lk_camera camera = lk_camera_default();
    lk_error err = {0};
    lk_store *store;
    if (!camera_options_apply(&camera, &s->camera, 0, 0, message, sizeof message)) {
        lk_camera_release(&camera);
        return report_usage(&s->common, &command_watch, message);
    }
    snprintf(camera.id, sizeof camera.id, "%s", id);
    snprintf(folder, sizeof folder, "%s/likeness-watch-XXXXXX", room && *room ? room : "/tmp");
    if (!mkdtemp(folder)) {
        lk_camera_release(&camera);
        return report_usage(&s->common, NULL, "no folder for this run can be made (TMPDIR)");
    }
    lk_status status = lk_store_open(&store, folder, NULL, &err);
    if (status == LK_OK) {
        status = lk_camera_put(store, &camera, NULL, &err);
        status =
            status == LK_OK && s->baseline
                ? lk_camera_baseline(NULL, store, engine, id, s->baseline, true, NULL, NULL, &err)
                : status;
        enum exit_code code =
            status == LK_OK ? watch(s, engine, store, &id, 1) : report_error(&s->common, &err);
        lk_store_close(store);
        lk_camera_release(&camera);
        nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
        return code;
    }
    lk_camera_release(&camera);
    nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    return report_error(&s->common, &err);
}

static enum exit_code watch_run(void *settings, lk_engine *engine) {
    const struct watch_settings *s = settings;
    size_t count = s->common.args.count;
    if ((s->camera.source != NULL) + (count > 0) + s->all != 1) {
        return report_usage(&s->common, &command_watch,
                            "say --source ADDRESS, or which cameras of the store, or --all");
    }
    if (s->camera.source) {
        return watch_source(s, engine);
    }
    lk_store *store = store_open_kept(&s->common, s->db, LK_STORE_WRITE);
    enum exit_code code =
        store ? watch(s, engine, store, s->common.args.items, count) : EXIT_TROUBLE;
    lk_store_close(store);
    return code;
}

const struct command command_watch = {
    .name = "watch",
    .summary = "has a fixed camera's view been moved, covered, defocused, replaced?",
    .arguments = "[CAMERA...]",
    .details = "Each frame of a camera is held against its reference views. A change that several "
               "frames in a row show is an event: moved,\n"
               "covered, defocused, dark, replaced, frozen (identical pictures) or lost (no "
               "picture), and ok again. Events are in the store\n"
               "with their pictures before anybody is told; who could not be told is told later, "
               "under the same number. --source watches\n"
               "without a store. With --until-end the exit code is 1 when there was an event.",
    .examples =
        "  likeness watch --source http://10.0.0.5/snapshot.jpg --baseline gate.png --once || mail "
        "-s changed ops\n"
        "  likeness watch --all --mqtt mqtts://hub/likeness --ha-discovery --jsonl\n"
        "  likeness watch gate yard --exec \"/usr/local/bin/alarm --quick\"\n"
        "  likeness watch --source dir:frames/ --baseline frames/0001.jpg --until-end --jsonl",
    .least_args = 0,
    .most_args = 1000,
    .options = watch_options,
    .settings_size = sizeof(struct watch_settings),
    .defaults = watch_defaults,
    .run = watch_run,
};
