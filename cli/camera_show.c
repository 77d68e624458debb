/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/json.h"
#include "cli/camera_verbs.h"
#include "cli/stop.h"

/* -- Lists -- */

struct camera_list {
    const struct camera_call *call;
    struct buf b;
    struct json j;
    size_t count;
    bool bad;
};

static bool list_camera(void *arg, const lk_camera *camera, const lk_camera_standing *s) {
    struct camera_list *l = arg;
    char looked[32] = "never";
    if (l->call->id && strcmp(l->call->id, camera->id) != 0) {
        return true;
    }
    l->count++;
    l->bad = l->bad || s->state != LK_VIEW_OK;
    if (l->call->s->common.json) {
        lk_bytes text = {0};
        lk_status status = lk_report_camera(&text, camera, s, LK_CAMERA_SOURCE, NULL);
        json_document(&l->j, NULL, status, &text);
        return true;
    }
    if (s->looked_ms > 0) {
        local_time(looked, sizeof looked, s->looked_ms);
    }
    buf_printf(&l->b, "%-20s %-9s%s %d baseline%s, %lld frames, last %s  ", camera->id,
               camera->enabled ? lk_view_state_name(s->state) : "off", s->latched ? "!" : " ",
               s->baselines, s->baselines == 1 ? "" : "s", (long long)s->frames, looked);
    add_path(&l->b, &l->call->s->common, camera->source);
    buf_add_text(&l->b, "\n");
    return true;
}

static void list_begin(struct camera_list *l, const struct camera_call *c, const char *name) {
    *l = (struct camera_list){.call = c};
    buf_init(&l->b, 1 << 28);
    json_init(&l->j, &l->b, 0);
    if (c->s->common.json) {
        json_object_begin(&l->j, NULL);
        json_text(&l->j, "schema", "likeness/camera/1");
        json_text(&l->j, "store", lk_store_folder(c->store));
        json_array_begin(&l->j, name);
    }
}

static enum exit_code list_end(struct camera_list *l, lk_status status, const lk_error *err) {
    if (status != LK_OK) {
        buf_release(&l->b);
        return report_error(&l->call->s->common, err);
    }
    if (l->call->s->common.json) {
        json_array_end(&l->j);
        json_object_end(&l->j);
        buf_add_text(&l->b, "\n");
    }
    return print_result(&l->call->s->common, &l->b, l->bad || l->count == 0 ? EXIT_NO : EXIT_YES);
}

enum exit_code list_cameras(const struct camera_call *c) {
    struct camera_list l;
    lk_error err = {0};
    list_begin(&l, c, "cameras");
    return list_end(&l, lk_camera_list(c->store, NULL, list_camera, &l, &err), &err);
}

static bool list_event(void *arg, const lk_camera_event *e) {
    struct camera_list *l = arg;
    char at[32];
    l->count++;
    if (l->call->s->common.json) {
        json_raw(&l->j, NULL, e->document, strlen(e->document));
        return true;
    }
    local_time(at, sizeof at, e->time_ms);
    buf_printf(&l->b, "#%-6lld %s  %-20s %-9s %s\n", (long long)e->id, at, e->camera, e->state,
               e->acknowledged_ms > 0 ? "acknowledged" : "");
    return true;
}

enum exit_code list_events(const struct camera_call *c) {
    struct camera_list l;
    lk_error err = {0};
    list_begin(&l, c, "events");
    const lk_camera_event_query query = {.camera = c->id, .newest = c->s->newest};
    return list_end(&l, lk_camera_events(c->store, &query, list_event, &l, &err), &err);
}

/* -- Aiming -- */

static const double good_deg = 0.5, good_zoom = 0.01; /* as lk_camera_is_aimed */

/* "turn 3.1 deg LEFT, 0.1 deg down, level": how to turn it back. */
static void aim_words(struct buf *b, const lk_sighting *s, const double degrees[2]) {
    const lk_view_offset *o = &s->offset;
    buf_printf(b, "turn %.1f deg %s, %.1f deg %s, ", fabs(degrees[0]),
               degrees[0] > 0 ? "LEFT" : "RIGHT", fabs(degrees[1]), degrees[1] > 0 ? "up" : "down");
    if (fabs(o->roll_deg) <= good_deg) {
        buf_add_text(b, "level");
    } else {
        buf_printf(b, "roll %.1f deg %s", fabs(o->roll_deg),
                   o->roll_deg > 0 ? "counter-clockwise" : "clockwise");
    }
    if (fabs(o->zoom - 1) > good_zoom) {
        buf_printf(b, ", zoom %s by %.1f %%", o->zoom > 1 ? "out" : "in",
                   100 * fabs(1 - 1 / o->zoom));
    }
    buf_printf(b, "   (within %.1f deg is good)\n", good_deg);
}

static enum exit_code aim_once(const struct camera_call *c) {
    double degrees[2];
    lk_sighting s;
    lk_error err = {0};
    struct buf b;
    struct json j;
    if (lk_camera_look(&s, degrees, c->store, c->engine, c->id, NULL, &err) != LK_OK) {
        return report_error(&c->s->common, &err);
    }
    bool known = s.offset.reliability > 0;
    buf_init(&b, 4096);
    if (c->s->common.json) {
        lk_bytes text = {0};
        lk_status status = lk_report_camera_aim(&text, c->id, &s, degrees, NULL);
        json_init(&j, &b, 0);
        json_document(&j, NULL, status, &text);
        buf_add_text(&b, "\n");
    } else if (!known) {
        buf_printf(&b, "cannot tell: the picture shows too little of the reference view (%s)\n",
                   lk_view_state_name(s.state));
    } else {
        aim_words(&b, &s, degrees);
    }
    return print_result(&c->s->common, &b,
                        !known                            ? EXIT_INCONCLUSIVE
                        : lk_camera_is_aimed(&s, degrees) ? EXIT_YES
                                                          : EXIT_NO);
}

enum exit_code aim(const struct camera_call *c) {
    enum exit_code code = aim_once(c);
    while (c->s->follow && code != EXIT_YES && code != EXIT_TROUBLE && !stop_asked()) {
        nanosleep(&(struct timespec){1, 0}, NULL);
        code = aim_once(c);
    }
    return code;
}
