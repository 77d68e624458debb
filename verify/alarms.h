/* SPDX-License-Identifier: Apache-2.0 */
/* Warnings of photos that are not what they ought to be: taken of the thing itself, by a camera. */
#ifndef LK_ALARMS_H
#define LK_ALARMS_H

#include <likeness/verify.h>

#include "verify/screen.h"

/* `copy` or `crop`: the photo was made from the reference's own file. */
void warn_of_copy(lk_comparison *c);
/* `screen`. */
void warn_of_screen(lk_comparison *c, const struct screen *s);
/* Adds a warning; what is more than LK_WARNINGS_MAX is left off. */
void warn(lk_comparison *c, const char *code, const char *text);
/* The text of the warning with that code; NULL. */
const char *warning_text(const lk_comparison *c, const char *code);

#endif
