/* SPDX-License-Identifier: Apache-2.0 */
/* Half precision numbers (IEEE 754 binary16) to and from float. */
#ifndef LK_HALF_H
#define LK_HALF_H

#include <stdint.h>

/* Exact. */
float half_to_float(uint16_t half);
/* Rounds to nearest, ties to even; too large becomes infinity. */
uint16_t half_from_float(float value);

#endif
