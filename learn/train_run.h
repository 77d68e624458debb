/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of lk_train. */
#ifndef LK_TRAIN_RUN_H
#define LK_TRAIN_RUN_H

#include <likeness/train.h>

#include "base/buf.h"

/* LK_E_USAGE for settings out of range or against each other. */
MUST_CHECK lk_status train_check(const lk_train_options *o, lk_error *err);
/* Asks what writing at the end would say: LK_E_USAGE for a name that no card can bear, LK_E_WRITE. err->input is out. */
MUST_CHECK lk_status train_check_out(const char *out, lk_error *err);
/* All that decides what a run makes, but for its pictures, as a line of text: for the card, and to know a run again. */
void train_settings(struct buf *b, const lk_train_options *o);

#endif
