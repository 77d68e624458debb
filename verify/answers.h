/* SPDX-License-Identifier: Apache-2.0 */
/* The two answers of a verification. */
#ifndef LK_ANSWERS_H
#define LK_ANSWERS_H

#include <likeness/verify.h>

/* Of the textured blocks, those that must correlate before nothing found means intact: where more of the thing changed than stayed,
 * the difference map takes the changes for noise. */
#define ANSWERS_AGREEMENT 0.8
/* Pixels of the photo a pixel of the reference, both as they were looked at, likewise. */
#define ANSWERS_SCALE 0.35

/* Fills verdict, intact, changes, reasons and advice from all else; may be asked again after something changed. */
void answer(lk_verification *v);

#endif
