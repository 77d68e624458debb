/* SPDX-License-Identifier: Apache-2.0 */
/* Moments as text in UTC (RFC 3339, to the millisecond), and what texts the store takes. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "base/utf8.h"
#include "store/store.h"

int64_t moment_now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void moment_text(char out[32], int64_t at_ms) {
    time_t seconds = (time_t)(at_ms / 1000);
    struct tm parts;
    gmtime_r(&seconds, &parts);
    size_t n = strftime(out, 32, "%Y-%m-%dT%H:%M:%S", &parts);
    snprintf(out + n, 32 - n, ".%03dZ", (int)(at_ms % 1000));
}

/* The number that `count` digits at text are; -1 when one is none. */
static int number_at(const char *text, int count) {
    int number = 0;
    for (int i = 0; i < count; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return -1;
        }
        number = 10 * number + (text[i] - '0');
    }
    return number;
}

static int days_of(int year, int month) {
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap);
}

bool moment_parse(int64_t *at_ms, const char *text) {
    if (strlen(text) != MOMENT_LENGTH || text[4] != '-' || text[7] != '-' || text[10] != 'T' ||
        text[13] != ':' || text[16] != ':' || text[19] != '.' || text[23] != 'Z') {
        return false;
    }
    int year = number_at(text, 4), month = number_at(text + 5, 2), day = number_at(text + 8, 2);
    int hour = number_at(text + 11, 2), minute = number_at(text + 14, 2);
    int second = number_at(text + 17, 2), ms = number_at(text + 20, 3);
    if (year < 1970 || month < 1 || month > 12 || day < 1 || day > days_of(year, month) ||
        hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59 || ms < 0) {
        return false;
    }
    struct tm parts = {.tm_year = year - 1900,
                       .tm_mon = month - 1,
                       .tm_mday = day,
                       .tm_hour = hour,
                       .tm_min = minute,
                       .tm_sec = second};
    *at_ms = (int64_t)timegm(&parts) * 1000 + ms;
    return true;
}

bool store_is_name(const char *text, size_t max) {
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    return text[0] && text[0] != '.' && strspn(text, letters) == strlen(text) &&
           strlen(text) <= max;
}

bool lk_reference_id_is_valid(const char *text) {
    return store_is_name(text, LK_REFERENCE_ID_MAX);
}

lk_status store_check_text(const char *what, const char *text, size_t max, bool lines,
                           lk_error *err) {
    if (!text) {
        return LK_OK;
    }
    if (strlen(text) > max) {
        return error_set(err, LK_E_USAGE, "the %s has %zu bytes, at most %zu are taken", what,
                         strlen(text), max);
    }
    for (const unsigned char *p = (const unsigned char *)text; *p;) {
        size_t n = utf8_length(p);
        bool passes = lines && (*p == '\n' || *p == '\t');
        if (n == 0) {
            return error_set(err, LK_E_USAGE, "the %s is not UTF-8", what);
        }
        if ((*p < 0x20 || *p == 0x7f) && !passes) {
            return error_set(err, LK_E_USAGE, "the %s holds a control character", what);
        }
        p += n;
    }
    return LK_OK;
}
