/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "cli/area.h"
#include "cli/camera.h"

static const double usual_threshold = 0.95; /* docs/algorithms/watch.md */

bool duration_parse(double *out, const char *text) {
    static const struct {
        const char *unit;
        double seconds;
    } units[] = {{"", 1},     {"ms", 0.001}, {"s", 1},    {"m", 60},
                 {"min", 60}, {"h", 3600},   {"d", 86400}};
    char *end;
    double value = strtod(text, &end);
    for (size_t i = 0; end != text && i < sizeof units / sizeof *units; i++) {
        if (strcmp(end, units[i].unit) == 0 && value >= 0 && value < 1e9) {
            *out = value * units[i].seconds;
            return true;
        }
    }
    return false;
}

void local_time(char *out, size_t size, int64_t at_ms) {
    time_t seconds = (time_t)(at_ms / 1000);
    struct tm t;
    if (!localtime_r(&seconds, &t)) {
        snprintf(out, size, "?");
        return;
    }
    strftime(out, size, "%Y-%m-%d %H:%M:%S", &t);
}

void camera_options_defaults(struct camera_options *o) {
    o->confirm = o->baselines = o->frozen = -1;
    o->threshold = o->field_of_view = NAN;
}

/* -- Into settings -- */

static bool take_text(char *out, size_t room, const char *text, const char *option, char *message,
                      size_t size) {
    if (text && strlen(text) >= room) {
        snprintf(message, size, "--%s has at most %zu bytes", option, room - 1);
        return false;
    }
    if (text) {
        snprintf(out, room, "%s", text);
    }
    return true;
}

static bool take_duration(double *out, const char *text, const char *option, char *message,
                          size_t size) {
    if (text && !duration_parse(out, text)) {
        snprintf(message, size, "--%s takes a time such as 30s, 5m or 2h, not %.100s", option,
                 text);
        return false;
    }
    return true;
}

/* A time, or "20f": frames. */
static bool take_learning(lk_camera *c, const char *text, char *message, size_t size) {
    char *end;
    long frames = text ? strtol(text, &end, 10) : 0;
    if (text && frames > 0 && strcmp(end, "f") == 0) {
        c->learn_frames = (int32_t)frames;
        return true;
    }
    c->learn_frames = text ? 0 : c->learn_frames;
    return take_duration(&c->learn_s, text, "learn", message, size);
}

static bool take_method(lk_camera *c, const struct camera_options *o, char *message, size_t size) {
    bool embedding = o->method && strcmp(o->method, "embedding") == 0;
    if (o->method && !embedding && strcmp(o->method, "all") != 0) {
        snprintf(message, size, "--method takes all or embedding, not %.100s", o->method);
        return false;
    }
    if (!isnan(o->threshold) && !embedding && c->threshold <= 0) {
        snprintf(message, size, "--threshold goes with --method embedding");
        return false;
    }
    if (o->method) {
        c->threshold = embedding ? usual_threshold : 0;
    }
    c->threshold = !isnan(o->threshold) ? o->threshold : c->threshold;
    return true;
}

static bool wants_pixels(const struct text_list *list) {
    for (size_t i = 0; i < list->count; i++) {
        if (!strchr(list->items[i], '%')) {
            return true;
        }
    }
    return false;
}

static void drop_areas(lk_camera *c) {
    for (size_t i = 0; i < c->ignore_count; i++) {
        mem_free(c->ignore[i].xy);
    }
    c->ignore_count = 0;
}

static bool take_areas(lk_camera *c, const struct camera_options *o, int32_t width, int32_t height,
                       char *message, size_t size) {
    struct area_list areas = {0};
    if (o->no_ignore) {
        drop_areas(c);
    }
    if (o->ignore.count + o->ignore_poly.count == 0) {
        return true;
    }
    if (width == 0 && (wants_pixels(&o->ignore) || wants_pixels(&o->ignore_poly))) {
        snprintf(message, size,
                 "areas in pixels want a reference view, of which the size is known: camera mask, "
                 "after the first");
        return false;
    }
    int32_t w = width ? width : 10000, h = height ? height : 10000; /* per cent of anything */
    bool right = areas_parse(&areas, &o->ignore, &o->ignore_poly, w, h, message, size) &&
                 areas_fit(&areas, w, h, message, size);
    if (right && areas.count > LK_CAMERA_AREAS_MAX) {
        snprintf(message, size, "at most %d areas are left out", LK_CAMERA_AREAS_MAX);
        right = false;
    }
    if (right) {
        drop_areas(c);
        for (size_t i = 0; i < areas.count; i++) {
            for (int32_t k = 0; k < 2 * areas.polygons[i].count; k++) {
                areas.polygons[i].xy[k] /= k % 2 ? h : w;
            }
            c->ignore[c->ignore_count++] = areas.polygons[i];
            areas.polygons[i] = (lk_polygon){0}; /* it is the camera's now */
        }
    }
    areas_release(&areas);
    return right;
}

static bool take_quiet(lk_camera *c, const struct camera_options *o, char *message, size_t size) {
    if (o->quiet.count > LK_QUIET_MAX) {
        snprintf(message, size, "at most %d quiet times", LK_QUIET_MAX);
        return false;
    }
    for (size_t i = 0; i < o->quiet.count; i++) {
        lk_error err;
        if (lk_quiet_parse(&c->quiet[i], o->quiet.items[i], &err) != LK_OK) {
            snprintf(message, size, "%.200s", err.text);
            return false;
        }
        c->quiet_count = i + 1;
    }
    return true;
}

bool camera_options_apply(lk_camera *c, const struct camera_options *o, int32_t width,
                          int32_t height, char *message, size_t size) {
    c->confirm = o->confirm >= 0 ? o->confirm : c->confirm;
    c->baselines = o->baselines >= 0 ? o->baselines : c->baselines;
    c->frozen_frames = o->frozen >= 0 ? o->frozen : c->frozen_frames;
    c->field_of_view_deg = !isnan(o->field_of_view) ? o->field_of_view : c->field_of_view_deg;
    c->latch = c->latch && !o->no_latch;
    return take_text(c->source, sizeof c->source, o->source, "source", message, size) &&
           take_text(c->token_file, sizeof c->token_file, o->token_file, "token-file", message,
                     size) &&
           take_text(c->name, sizeof c->name, o->name, "title", message, size) &&
           take_duration(&c->every_s, o->every, "every", message, size) &&
           take_duration(&c->hold_s, o->hold, "hold", message, size) &&
           take_learning(c, o->learn, message, size) && take_method(c, o, message, size) &&
           take_areas(c, o, width, height, message, size) && take_quiet(c, o, message, size);
}
