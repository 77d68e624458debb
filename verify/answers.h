/* SPDX-License-Identifier: Apache-2.0 */
/* The two answers of a verification. */
#ifndef LK_ANSWERS_H
#define LK_ANSWERS_H

#include <likeness/verify.h>

/* Fills verdict, intact, changes, reasons and advice from all else; may be asked again after something changed. */
void answer(lk_verification *v);

#endif
