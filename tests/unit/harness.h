/* SPDX-License-Identifier: Apache-2.0 */
/* What every unit test includes: cmocka in the order it wants, and checks that print the library's error. */
#ifndef LK_HARNESS_H
#define LK_HARNESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <likeness/likeness.h>

/* Fails the test with the error's text unless the call gives LK_OK. Wants `lk_error err` in scope. */
#define assert_ok(call)                                                                            \
    do {                                                                                           \
        err = (lk_error){0};                                                                       \
        if ((call) != LK_OK) {                                                                     \
            char harness_text[1200];                                                               \
            lk_error_format(&err, harness_text, sizeof harness_text);                              \
            fail_msg("%s", harness_text);                                                          \
        }                                                                                          \
    } while (0)

/* The call must give exactly this status, and say so in err. */
#define assert_refused(expected, call)                                                             \
    do {                                                                                           \
        err = (lk_error){0};                                                                       \
        assert_int_equal(call, expected);                                                          \
        assert_int_equal(err.status, expected);                                                    \
        assert_true(err.text[0] != '\0');                                                          \
    } while (0)

static inline void assert_says(const lk_error *err, const char *words) {
    if (!strstr(err->text, words)) {
        fail_msg("\"%s\" does not say \"%s\"", err->text, words);
    }
}

#endif
