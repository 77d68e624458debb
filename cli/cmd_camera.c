/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/camera_verbs.h"
#include "cli/store_place.h"

#define AT(member) offsetof(struct camera_settings, member)

static const struct option camera_option_rows[] = {
    STORE_OPTION(AT(db)),
    CAMERA_OPTIONS(struct camera_settings, camera),
    {"no-ignore", 0, OPTION_FLAG, NULL, NULL, NULL, "mask, set: leave nothing out",
     AT(camera.no_ignore)},
    {"baseline", 0, OPTION_TEXT, "FILE", NULL, NULL,
     "add: the first reference view, instead of a frame", AT(baseline)},
    {"beside", 0, OPTION_FLAG, NULL, NULL, NULL, "baseline: one more view; the others stay in use",
     AT(beside)},
    {"follow", 0, OPTION_FLAG, NULL, NULL, NULL, "aim: again each second, until it is back",
     AT(follow)},
    {"newest", 'n', OPTION_INT, "N", NULL, NULL, "events: so many (20); 0: all", AT(newest)},
    {"note", 0, OPTION_TEXT, "TEXT", NULL, NULL, "why, for the audit log", AT(note)},
    {"actor", 0, OPTION_TEXT, "NAME", NULL, NULL, "who (LIKENESS_ACTOR, or the user)", AT(actor)},
    {"yes", 'y', OPTION_FLAG, NULL, NULL, NULL, "rm: do not ask", AT(yes)},
    OPTION_END,
};

static void camera_defaults(void *settings) {
    struct camera_settings *s = settings;
    camera_options_defaults(&s->camera);
    s->newest = 20;
}

static enum exit_code fail(const struct camera_call *c, const lk_error *err) {
    return report_error(&c->s->common, err);
}

static enum exit_code say(const struct camera_call *c, struct buf *b, enum exit_code code) {
    return print_result(&c->s->common, b, code);
}

/* -- Changing -- */

/* Paths are kept whole: the daemon may run elsewhere. */
static void make_absolute(char *path, size_t room, size_t prefix) {
    char whole[PATH_MAX];
    if (path[prefix] && strcmp(path, "-") != 0 && !strstr(path, "://") &&
        realpath(path + prefix, whole) && prefix + strlen(whole) < room) {
        memcpy(path + prefix, whole, strlen(whole) + 1);
    }
}

static void make_paths_absolute(lk_camera *camera) {
    const char *s = camera->source;
    size_t prefix = strncmp(s, "dir:", 4) == 0 ? 4 : strncmp(s, "file:", 5) == 0 ? 5 : 0;
    make_absolute(camera->source, sizeof camera->source, prefix);
    make_absolute(camera->token_file, sizeof camera->token_file, 0);
}

/* The size of the camera's newest reference view; zeros when it has none yet. */
static void size_of_view(int32_t size[2], const struct camera_call *c) {
    lk_bytes picture;
    lk_image image;
    size[0] = size[1] = 0;
    if (lk_camera_picture(&picture, c->store, c->id, 0, NULL) != LK_OK) {
        return;
    }
    if (lk_image_decode(&image, NULL, c->engine, picture.data, picture.size, c->id, NULL, NULL) ==
        LK_OK) {
        size[0] = image.width;
        size[1] = image.height;
        lk_image_release(&image);
    }
    lk_bytes_release(&picture);
}

static enum exit_code add_camera(const struct camera_call *c) {
    char message[300];
    lk_error err = {0};
    lk_image_info view;
    lk_camera camera, old;
    struct buf b;
    if (!c->s->camera.source) {
        return report_usage(&c->s->common, &command_camera, "camera add wants --source ADDRESS");
    }
    if (lk_camera_get(&old, c->store, c->id, NULL) == LK_OK) {
        lk_camera_release(&old);
        return report_usage(&c->s->common, &command_camera,
                            "there is a camera of that id already: camera set changes it");
    }
    camera = lk_camera_default();
    if (!lk_reference_id_is_valid(c->id) ||
        !camera_options_apply(&camera, &c->s->camera, 0, 0, message, sizeof message)) {
        lk_camera_release(&camera);
        return report_usage(&c->s->common, &command_camera,
                            lk_reference_id_is_valid(c->id) ? message
                                                            : "an id has letters, digits and ._-");
    }
    snprintf(camera.id, sizeof camera.id, "%s", c->id);
    make_paths_absolute(&camera);
    lk_status status = lk_camera_add(&view, c->store, c->engine, &camera, c->s->baseline, c->actor,
                                     c->s->note, &err);
    bool learns = camera.baselines > 1 && (camera.learn_s > 0 || camera.learn_frames > 0);
    lk_camera_release(&camera);
    if (status != LK_OK) {
        return fail(c, &err);
    }
    buf_init(&b, 4096);
    buf_printf(&b, "%s: 1 baseline taken (%dx%d).%s\n", c->id, view.width, view.height,
               learns ? " More follow by themselves while it is watched." : "");
    return say(c, &b, EXIT_YES);
}

static enum exit_code set_camera(const struct camera_call *c) {
    char message[300];
    lk_error err = {0};
    lk_camera camera;
    struct buf b;
    int32_t size[2];
    lk_status status = lk_camera_get(&camera, c->store, c->id, &err);
    if (status != LK_OK) {
        return fail(c, &err);
    }
    size_of_view(size, c);
    if (!camera_options_apply(&camera, &c->s->camera, size[0], size[1], message, sizeof message)) {
        lk_camera_release(&camera);
        return report_usage(&c->s->common, &command_camera, message);
    }
    make_paths_absolute(&camera);
    status = lk_camera_put(c->store, &camera, c->actor, &err);
    size_t areas = camera.ignore_count;
    lk_camera_release(&camera);
    if (status != LK_OK) {
        return fail(c, &err);
    }
    buf_init(&b, 4096);
    buf_printf(&b, "%s: changed; %zu area%s left out\n", c->id, areas, areas == 1 ? "" : "s");
    return say(c, &b, EXIT_YES);
}

static enum exit_code mask_camera(const struct camera_call *c) {
    const struct camera_options *o = &c->s->camera;
    if (o->ignore.count + o->ignore_poly.count == 0 && !o->no_ignore) {
        return report_usage(&c->s->common, &command_camera,
                            "camera mask wants --ignore, --ignore-poly or --no-ignore");
    }
    return set_camera(c);
}

static enum exit_code switch_camera(const struct camera_call *c, bool on) {
    lk_error err = {0};
    lk_camera camera;
    struct buf b;
    lk_status status = lk_camera_get(&camera, c->store, c->id, &err);
    if (status == LK_OK) {
        camera.enabled = on;
        status = lk_camera_put(c->store, &camera, c->actor, &err);
        lk_camera_release(&camera);
    }
    if (status != LK_OK) {
        return fail(c, &err);
    }
    buf_init(&b, 4096);
    buf_printf(&b, "%s: %s\n", c->id, on ? "on" : "off");
    return say(c, &b, EXIT_YES);
}

static enum exit_code switch_on(const struct camera_call *c) {
    return switch_camera(c, true);
}

static enum exit_code switch_off(const struct camera_call *c) {
    return switch_camera(c, false);
}

static enum exit_code take_baseline(const struct camera_call *c) {
    lk_error err = {0};
    lk_image_info view;
    struct buf b;
    if (lk_camera_baseline(&view, c->store, c->engine, c->id, c->file, c->s->beside, c->actor,
                           c->s->note, &err) != LK_OK) {
        return fail(c, &err);
    }
    buf_init(&b, 4096);
    buf_printf(&b, "%s: new baseline (%dx%d)%s\n", c->id, view.width, view.height,
               c->s->beside ? ", beside the others"
                            : "; the ones before are kept, and not used any more");
    return say(c, &b, EXIT_YES);
}

static enum exit_code acknowledge(const struct camera_call *c) {
    lk_error err = {0};
    struct buf b;
    if (lk_camera_acknowledge(c->store, c->id, c->actor, c->s->note, &err) != LK_OK) {
        return fail(c, &err);
    }
    buf_init(&b, 4096);
    buf_printf(&b,
               "%s: acknowledged; the alarm ends when all is well again (\"this is the new "
               "normal\": camera baseline %s)\n",
               c->id, c->id);
    return say(c, &b, EXIT_YES);
}

static enum exit_code remove_camera(const struct camera_call *c) {
    lk_error err = {0};
    struct buf b;
    if (!store_agreed(c->s->yes, "take out of use", c->id)) {
        return report_usage(&c->s->common, &command_camera,
                            "not agreed: nothing was done (--yes does it without asking)");
    }
    if (lk_camera_remove(c->store, c->id, c->actor, c->s->note, &err) != LK_OK) {
        return fail(c, &err);
    }
    buf_init(&b, 4096);
    buf_printf(&b, "%s: removed; its events and pictures stay\n", c->id);
    return say(c, &b, EXIT_YES);
}

/* -- Verbs -- */

static const struct camera_verb {
    const char *name;
    int32_t least, most; /* of what stands behind it: ID, then a file */
    lk_store_mode mode;
    enum exit_code (*run)(const struct camera_call *c);
} camera_verbs[] = {
    {"add", 1, 1, LK_STORE_WRITE, add_camera},   {"set", 1, 1, LK_STORE_WRITE, set_camera},
    {"list", 0, 1, LK_STORE_READ, list_cameras}, {"baseline", 1, 2, LK_STORE_WRITE, take_baseline},
    {"mask", 1, 1, LK_STORE_WRITE, mask_camera}, {"ack", 1, 1, LK_STORE_WRITE, acknowledge},
    {"aim", 1, 1, LK_STORE_READ, aim},           {"events", 0, 1, LK_STORE_READ, list_events},
    {"on", 1, 1, LK_STORE_WRITE, switch_on},     {"off", 1, 1, LK_STORE_WRITE, switch_off},
    {"rm", 1, 1, LK_STORE_WRITE, remove_camera},
};

static void add_verbs(struct buf *b) {
    for (size_t i = 0; i < sizeof camera_verbs / sizeof *camera_verbs; i++) {
        buf_printf(b, "%s%s", i > 0 ? " " : "", camera_verbs[i].name);
    }
}

static enum exit_code run_camera_verb(const struct camera_settings *s, lk_engine *engine,
                                      const struct camera_verb *verb) {
    char actor[64];
    const struct text_list *args = &s->common.args;
    int32_t count = (int32_t)args->count - 1;
    if (count < verb->least || count > verb->most) {
        return report_usage(&s->common, &command_camera,
                            count < verb->least ? "which camera? its ID is missing"
                                                : "one camera at a time");
    }
    bool makes = verb->run == add_camera;
    lk_store *store = makes ? store_open(&s->common, s->db, verb->mode)
                            : store_open_kept(&s->common, s->db, verb->mode);
    const struct camera_call call = {.s = s,
                                     .engine = engine,
                                     .store = store,
                                     .id = count > 0 ? args->items[1] : NULL,
                                     .file = count > 1 ? args->items[2] : NULL,
                                     .actor = store_actor(actor, sizeof actor, s->actor)};
    enum exit_code code = store ? verb->run(&call) : EXIT_TROUBLE;
    lk_store_close(store);
    return code;
}

static enum exit_code camera_run(void *settings, lk_engine *engine) {
    const struct camera_settings *s = settings;
    for (size_t i = 0; i < sizeof camera_verbs / sizeof *camera_verbs; i++) {
        if (strcmp(camera_verbs[i].name, s->common.args.items[0]) == 0) {
            return run_camera_verb(s, engine, &camera_verbs[i]);
        }
    }
    return report_usage(
        &s->common, &command_camera,
        "the verbs are add, set, list, baseline, mask, ack, aim, events, on, off and rm");
}

const struct command command_camera = {
    .name = "camera",
    .summary = "fixed cameras: add, list, baseline, mask, ack, aim, events",
    .arguments = "add ID | set ID | list [ID] | baseline ID [FILE] | mask ID | ack ID | aim ID | "
                 "events [ID] | on ID | off ID | rm ID",
    .details = "A camera of the store has a source of frames and reference views; likeness watch "
               "holds the one against the others. The\n"
               "first view is taken when it is added, others (night, dusk) come by themselves "
               "while it is watched. baseline says \"this\n"
               "is the new normal\": a frame, or FILE, is the reference from now on; the views "
               "before are kept, not used. ack ends an alarm\n"
               "as soon as all is well again. aim says how to turn the camera back, in degrees by "
               "--field-of-view. list ends with 1 when\n"
               "a camera is not ok, aim when it is not aimed, and with 3 when that cannot be told.",
    .examples = "  likeness camera add gate --source http://10.0.0.5/snapshot.jpg --token-file "
                "gate.cred --every 30s\n"
                "  likeness camera mask gate --ignore 0,0,420,40\n"
                "  likeness camera aim gate\n"
                "  likeness camera ack gate --note \"cleaned\"\n"
                "  likeness camera baseline gate",
    .least_args = 1,
    .most_args = 3,
    .add_words = add_verbs,
    .options = camera_option_rows,
    .settings_size = sizeof(struct camera_settings),
    .defaults = camera_defaults,
    .run = camera_run,
};
