/* SPDX-License-Identifier: Apache-2.0 */
/* https://prometheus.io/docs/instrumenting/exposition_formats/: a family of figures has its help, its type and a line a camera or
 * receiver. A state is eight lines of 0 and 1, so that `likeness_camera_state{state="moved"} == 1` is an alarm. What is not known
 * has no line: NaN would go through every sum. Oracle: prometheus_client's parser (tests/watch/figures.py). */
#include "watch/figures.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

struct camera_family {
    const char *name, *type, *help;
    double (*value)(const struct camera_figures *c); /* NaN: not known */
};

struct receiver_family {
    const char *name, *type, *help;
    double (*value)(const struct notify_counts *r);
};

static double score(const struct camera_figures *c) {
    return c->score;
}

static double enabled(const struct camera_figures *c) {
    return c->enabled;
}

static double latched(const struct camera_figures *c) {
    return c->latched;
}

static double frames(const struct camera_figures *c) {
    return (double)c->frames;
}

static double failures(const struct camera_figures *c) {
    return (double)c->failures;
}

static double alarms(const struct camera_figures *c) {
    return (double)c->alarms;
}

static double look_seconds(const struct camera_figures *c) {
    return c->look_seconds;
}

static double last_frame(const struct camera_figures *c) {
    return c->last_frame_ms > 0 ? (double)c->last_frame_ms / 1000 : NAN;
}

static const struct camera_family camera_families[] = {
    {"likeness_camera_score", "gauge", "How alike the newest frame is to its reference view.",
     score},
    {"likeness_camera_enabled", "gauge", "Whether the camera is watched.", enabled},
    {"likeness_camera_latched", "gauge", "Whether an alarm waits to be acknowledged.", latched},
    {"likeness_camera_frames_total", "counter", "Frames looked at.", frames},
    {"likeness_camera_failures_total", "counter", "Times no picture came.", failures},
    {"likeness_camera_alarms_total", "counter", "Changes to a state other than ok.", alarms},
    {"likeness_camera_look_seconds_total", "counter", "Time spent on looking at frames.",
     look_seconds},
    {"likeness_camera_last_frame_timestamp_seconds", "gauge", "When the newest frame was taken.",
     last_frame},
};

static double delivered(const struct notify_counts *r) {
    return (double)r->delivered;
}

static double notify_failures(const struct notify_counts *r) {
    return (double)r->failures;
}

static double given_up(const struct notify_counts *r) {
    return (double)r->given_up;
}

static double waiting(const struct notify_counts *r) {
    return r->waiting;
}

static const struct receiver_family receiver_families[] = {
    {"likeness_notify_delivered_total", "counter", "Events that the receiver took.", delivered},
    {"likeness_notify_failures_total", "counter", "Tries that failed.", notify_failures},
    {"likeness_notify_given_up_total", "counter", "Events that are not tried any more.", given_up},
    {"likeness_notify_waiting", "gauge", "Events in the receiver's queue.", waiting},
};

static void head(struct buf *out, const char *name, const char *type, const char *help) {
    buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* The value of a label, quoted. */
static void add_label(struct buf *out, const char *name, const char *value) {
    buf_printf(out, "%s=\"", name);
    for (const unsigned char *c = (const unsigned char *)value; *c;) {
        size_t n = utf8_length(c);
        if (n == 0) {
            buf_add_text(out, UTF8_REPLACEMENT);
            n = 1;
        } else if (*c == '\n') {
            buf_add_text(out, "\\n");
        } else {
            buf_add_text(out, *c == '"' || *c == '\\' ? "\\" : "");
            buf_add(out, c, n);
        }
        c += n;
    }
    buf_add_text(out, "\"");
}

/* 15 digits: a moment to the millisecond, and 0.3 rather than 0.30000000000000004. A point in every locale. */
static void add_value(struct buf *out, double value) {
    char text[32];
    snprintf(text, sizeof text, "%.15g", value);
    char *comma = strchr(text, ',');
    if (comma) {
        *comma = '.';
    }
    buf_printf(out, " %s\n", text);
}

static void add_line(struct buf *out, const char *name, const char *label, const char *of,
                     double value) {
    if (!isfinite(value)) {
        return;
    }
    buf_printf(out, "%s{", name);
    add_label(out, label, of);
    buf_add_text(out, "}");
    add_value(out, value);
}

static void add_states(struct buf *out, const struct camera_figures *cameras, size_t count) {
    static const char name[] = "likeness_camera_state";
    head(out, name, "gauge", "1 for the state the camera is in.");
    for (size_t i = 0; i < count; i++) {
        for (int s = 0; s < LK_VIEW_STATES; s++) {
            buf_printf(out, "%s{", name);
            add_label(out, "camera", cameras[i].camera);
            buf_add_text(out, ",");
            add_label(out, "state", lk_view_state_name((lk_view_state)s));
            buf_printf(out, "} %d\n", cameras[i].state == (lk_view_state)s);
        }
    }
}

void figures_write(struct buf *out, const struct camera_figures *cameras, size_t camera_count,
                   const struct notify_counts *receivers, size_t receiver_count) {
    head(out, "likeness_build_info", "gauge", "The version that runs.");
    add_line(out, "likeness_build_info", "version", lk_version(), 1);
    if (camera_count > 0) {
        add_states(out, cameras, camera_count);
    }
    for (size_t f = 0; f < ARRAY_COUNT(camera_families) && camera_count > 0; f++) {
        const struct camera_family *family = &camera_families[f];
        head(out, family->name, family->type, family->help);
        for (size_t i = 0; i < camera_count; i++) {
            add_line(out, family->name, "camera", cameras[i].camera, family->value(&cameras[i]));
        }
    }
    for (size_t f = 0; f < ARRAY_COUNT(receiver_families) && receiver_count > 0; f++) {
        const struct receiver_family *family = &receiver_families[f];
        head(out, family->name, family->type, family->help);
        for (size_t i = 0; i < receiver_count; i++) {
            add_line(out, family->name, "receiver", receivers[i].receiver,
                     family->value(&receivers[i]));
        }
    }
}
