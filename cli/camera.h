/* SPDX-License-Identifier: Apache-2.0 */
/* The settings of a camera as options, for `likeness camera add` and `set` and for `likeness watch --source`. */
#ifndef LK_CAMERA_H
#define LK_CAMERA_H

#include "cli/command.h"

struct camera_options {
    const char *source, *token_file, *name;
    const char *every, *hold, *learn; /* "30s", "5m"; learn also a number of frames, "20f" */
    const char *method;               /* "all", "embedding" */
    int32_t confirm, baselines, frozen;
    double threshold, field_of_view;
    struct text_list ignore, ignore_poly, quiet;
    bool no_latch, no_ignore;
};

#define CAMERA_OPTIONS(type, member)                                                               \
    {"source",                                                                                     \
     0,                                                                                            \
     OPTION_TEXT,                                                                                  \
     "ADDRESS",                                                                                    \
     NULL,                                                                                         \
     NULL,                                                                                         \
     "http(s)://, rtsp(s)://, dir:PATH, a file, - (JPEGs on standard input)",                      \
     offsetof(type, member.source)},                                                               \
        {"token-file",                                                                             \
         0,                                                                                        \
         OPTION_TEXT,                                                                              \
         "FILE",                                                                                   \
         NULL,                                                                                     \
         NULL,                                                                                     \
         "credentials of the source: basic USER:PASSWORD, digest ..., bearer TOKEN",               \
         offsetof(type, member.token_file)},                                                       \
        {"every",                                                                                  \
         0,                                                                                        \
         OPTION_TEXT,                                                                              \
         "TIME",                                                                                   \
         NULL,                                                                                     \
         NULL,                                                                                     \
         "between two frames: 30s, 5m (30s)",                                                      \
         offsetof(type, member.every)},                                                            \
        {"confirm",                                                                                \
         0,                                                                                        \
         OPTION_INT,                                                                               \
         "N",                                                                                      \
         NULL,                                                                                     \
         NULL,                                                                                     \
         "frames in a row before a change is believed (3)",                                        \
         offsetof(type, member.confirm)},                                                          \
        {"hold",                                                                                   \
         0,                                                                                        \
         OPTION_TEXT,                                                                              \
         "TIME",                                                                                   \
         NULL,                                                                                     \
         NULL,                                                                                     \
         "how long all must be well before an alarm ends (60s)",                                   \
         offsetof(type, member.hold)},                                                             \
        {"no-latch",                                                                               \
         0,                                                                                        \
         OPTION_FLAG,                                                                              \
         NULL,                                                                                     \
         NULL,                                                                                     \
         NULL,                                                                                     \
         "alarms end by themselves, without being acknowledged",                                   \
         offsetof(type, member.no_latch)},                                                         \
        {"ignore",                                                                                 \
         'i',                                                                                      \
         OPTION_LIST,                                                                              \
         "X,Y,W,H",                                                                                \
         NULL,                                                                                     \
         NULL,                                                                                     \
         "leave this rectangle out (px or %); may be given again",                                 \
         offsetof(type, member.ignore)},                                                           \
        {"ignore-poly",                                                                            \
         0,                                                                                        \
         OPTION_LIST,                                                                              \
         "POINTS",                                                                                 \
         NULL,                                                                                     \
         NULL,                                                                                     \
         "leave this polygon out, \"x,y x,y ...\" (px or %)",                                      \
         offsetof(type, member.ignore_poly)},                                                      \
        {"quiet-time",                                                                             \
         0,                                                                                        \
         OPTION_LIST,                                                                              \
         "TIME",                                                                                   \
         NULL,                                                                                     \
         NULL,                                                                                     \
         "nobody is told: 22:00-06:00, \"sat,sun 00:00-24:00\"; local time",                       \
         offsetof(type, member.quiet)},                                                            \
        {"baselines",                                                                              \
         0,                                                                                        \
         OPTION_INT,                                                                               \
         "N",                                                                                      \
         NULL,                                                                                     \
         NULL,                                                                                     \
         "reference views at most, kept by itself: day, night ... (6)",                            \
         offsetof(type, member.baselines)},                                                        \
        {"learn",                                                                                  \
         0,                                                                                        \
         OPTION_TEXT,                                                                              \
         "TIME",                                                                                   \
         NULL,                                                                                     \
         NULL,                                                                                     \
         "how long views are learnt: 24h, or 20f for frames; 0 for not at all (24h)",              \
         offsetof(type, member.learn)},                                                            \
        {"frozen",                                                                                 \
         0,                                                                                        \
         OPTION_INT,                                                                               \
         "N",                                                                                      \
         NULL,                                                                                     \
         NULL,                                                                                     \
         "identical pictures in a row that mean a frozen camera; 0: never (5)",                    \
         offsetof(type, member.frozen)},                                                           \
        {"method",                                                                                 \
         0,                                                                                        \
         OPTION_TEXT,                                                                              \
         "NAME",                                                                                   \
         NULL,                                                                                     \
         NULL,                                                                                     \
         "all, or embedding: the cosine alone (all)",                                              \
         offsetof(type, member.method)},                                                           \
        {"threshold",                                                                              \
         0,                                                                                        \
         OPTION_NUMBER,                                                                            \
         "F",                                                                                      \
         NULL,                                                                                     \
         NULL,                                                                                     \
         "of --method embedding: a cosine below is another scene (0.95)",                          \
         offsetof(type, member.threshold)},                                                        \
        {"field-of-view",                                                                          \
         0,                                                                                        \
         OPTION_NUMBER,                                                                            \
         "DEG",                                                                                    \
         NULL,                                                                                     \
         NULL,                                                                                     \
         "horizontal, for what aim says in degrees (60)",                                          \
         offsetof(type, member.field_of_view)},                                                    \
    {                                                                                              \
        "title", 0, OPTION_TEXT, "TEXT", NULL, NULL, "the name for people",                        \
            offsetof(type, member.name)                                                            \
    }

/* Before parsing: what was not given is then known. */
void camera_options_defaults(struct camera_options *o);

/* Puts what was given into camera, whose other settings stay. width and height, for areas in pixels, may be 0: only per cent
 * then. False with a message. */
bool camera_options_apply(lk_camera *camera, const struct camera_options *o, int32_t width,
                          int32_t height, char *message, size_t size);

/* "90", "30s", "5m", "24h", "2d" in seconds; false when it is none. */
bool duration_parse(double *out, const char *text);

/* "2026-11-22 05:30:00", local time; 32 characters. */
void local_time(char *out, size_t size, int64_t at_ms);

#endif
