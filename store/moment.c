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

bool moment_parse(int64_t *at_ms, const char *text) {
    static const char form[] = "0000-00-00T00:00:00.000Z";
    char again[32];
    int number[7];
    if (strlen(text) != MOMENT_LENGTH) {
        return false;
    }
    for (size_t i = 0; i < MOMENT_LENGTH; i++) {
        bool digit = text[i] >= '0' && text[i] <= '9';
        if (form[i] == '0' ? !digit : text[i] != form[i]) {
            return false;
        }
    }
    if (sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d.%3d", &number[0], &number[1], &number[2], &number[3],
               &number[4], &number[5], &number[6]) != 7 ||
        number[0] < 1970) {
        return false;
    }
    struct tm parts = {.tm_year = number[0] - 1900,
                       .tm_mon = number[1] - 1,
                       .tm_mday = number[2],
                       .tm_hour = number[3],
                       .tm_min = number[4],
                       .tm_sec = number[5]};
    *at_ms = (int64_t)timegm(&parts) * 1000 + number[6];
    moment_text(again, *at_ms);
    return strcmp(again, text) == 0; /* timegm takes a 31st of February */
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
