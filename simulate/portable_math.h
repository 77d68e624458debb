/* SPDX-License-Identifier: Apache-2.0 */
/* Functions of the C library whose last bit hangs on the library and the processor, here from additions, products and square
 * roots alone, which IEEE 754 fixes: the same settings give the same photo on every machine. Good to about 1e-15. */
#ifndef LK_PORTABLE_MATH_H
#define LK_PORTABLE_MATH_H

void portable_sin_cos(double *sine, double *cosine, double angle_deg);
double portable_exp(double x);
/* x > 0. */
double portable_log(double x);
/* base^exponent; 0 for a base that is not positive. */
double portable_pow(double base, double exponent);

#endif
