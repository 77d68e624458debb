/* SPDX-License-Identifier: Apache-2.0 */
/* Times of the day in which nobody is told. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/compiler.h"
#include "base/error.h"
#include "watch/camera_settings.h"

enum { DAY_MIN = 24 * 60, EVERY_DAY = 127 };

static const char *const days[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

/* Reads "mon,tue " at the front of text; 0 when a word is no day. */
static int32_t read_days(const char **text) {
    int32_t mask = 0;
    while (isalpha((unsigned char)**text)) {
        size_t i = 0;
        while (i < ARRAY_COUNT(days) && strncmp(*text, days[i], 3) != 0) {
            i++;
        }
        if (i == ARRAY_COUNT(days)) {
            return 0;
        }
        mask |= 1 << i;
        *text += 3;
        *text += **text == ',';
    }
    while (**text == ' ') {
        (*text)++;
    }
    return mask ? mask : EVERY_DAY;
}

lk_status lk_quiet_parse(lk_quiet *out, const char *text, lk_error *err) {
    int from_h, from_m, to_h, to_m, end = 0;
    const char *times = text;
    *out = (lk_quiet){.days = read_days(&times)};
    bool right = out->days != 0 &&
                 sscanf(times, "%2d:%2d-%2d:%2d%n", &from_h, &from_m, &to_h, &to_m, &end) == 4 &&
                 !times[end];
    right = right && from_h >= 0 && from_h < 24 && from_m >= 0 && from_m < 60 && to_h >= 0 &&
            to_m >= 0 && to_m < 60 && 60 * to_h + to_m <= DAY_MIN;
    if (!right) {
        return error_input(err,
                           error_set(err, LK_E_USAGE,
                                     "a quiet time is written 22:00-06:30, sat,sun 00:00-24:00 "
                                     "(mon tue wed thu fri sat sun)"),
                           text);
    }
    out->from_min = 60 * from_h + from_m;
    out->to_min = 60 * to_h + to_m;
    return LK_OK;
}

void quiet_text(char *out, size_t size, const lk_quiet *quiet) {
    size_t n = 0;
    out[0] = '\0';
    for (size_t i = 0; quiet->days != EVERY_DAY && i < ARRAY_COUNT(days); i++) {
        if (quiet->days >> i & 1 && n + 8 < size) {
            n += (size_t)snprintf(out + n, size - n, "%s%s", n ? "," : "", days[i]);
        }
    }
    snprintf(out + n, size - n, "%s%02d:%02d-%02d:%02d", n ? " " : "", quiet->from_min / 60,
             quiet->from_min % 60, quiet->to_min / 60, quiet->to_min % 60);
}

bool lk_quiet_covers(const lk_quiet *quiet, size_t count, int64_t at_ms) {
    time_t seconds = (time_t)(at_ms / 1000);
    struct tm t;
    if (!localtime_r(&seconds, &t)) {
        return false; /* a year that no clock has */
    }
    int32_t minute = 60 * t.tm_hour + t.tm_min, day = (t.tm_wday + 6) % 7,
            yesterday = (day + 6) % 7;
    for (size_t i = 0; i < count; i++) {
        const lk_quiet *q = &quiet[i];
        bool over_midnight = q->to_min <= q->from_min;
        bool today =
            q->days >> day & 1 && minute >= q->from_min && (over_midnight || minute < q->to_min);
        bool since_yesterday = over_midnight && q->days >> yesterday & 1 && minute < q->to_min;
        if (today || since_yesterday) {
            return true;
        }
    }
    return false;
}
