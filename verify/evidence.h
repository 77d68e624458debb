/* SPDX-License-Identifier: Apache-2.0 */
/* The table of the numbers that a verdict is made from. */
#ifndef LK_EVIDENCE_H
#define LK_EVIDENCE_H

#include <likeness/verify.h>

/* The measures that lk_compare has to run for it. */
#define EVIDENCE_MEASURES "ssim,phash,latent"

/* All of them of one pair; c made with EVIDENCE_MEASURES. */
void evidence_gather(lk_evidence *out, const lk_comparison *c);
/* The largest weight a fit may give it; 0 for any. */
double evidence_weight_most(int32_t i);
/* The place of a name; -1. */
int32_t evidence_find(const char *name);

#endif
