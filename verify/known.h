/* SPDX-License-Identifier: Apache-2.0 */
/* What is found in a picture, kept beside it for the comparisons after (likeness/compare.h). */
#ifndef LK_KNOWN_H
#define LK_KNOWN_H

#include <likeness/compare.h>

#include "measure/view.h"

/* Lets the view use it, where it is of the view's very picture. known may be NULL. */
void known_lend(struct view *v, lk_known *known);

#endif
