/* SPDX-License-Identifier: Apache-2.0 */
/* What a verification says in words. */
#ifndef LK_VERIFY_WORDS_H
#define LK_VERIFY_WORDS_H

#include <likeness/verify.h>

/* Fills reasons and advice from what was found and decided; copied: the photo was made from the reference's file. */
void verify_words(lk_verification *v, bool copied);

#endif
