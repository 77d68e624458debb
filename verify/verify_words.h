/* SPDX-License-Identifier: Apache-2.0 */
/* What a verification says in words. */
#ifndef LK_VERIFY_WORDS_H
#define LK_VERIFY_WORDS_H

#include <likeness/verify.h>

/* Fills reasons and advice from what was found and decided. */
void verify_words(lk_verification *v);

#endif
