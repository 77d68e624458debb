/* SPDX-License-Identifier: Apache-2.0 */
/* What of a collection is searched: in memory, or mapped from PATH.find. */
#ifndef LK_FINDING_H
#define LK_FINDING_H

#include "collection/collection.h"

void finding_free(struct finding *f);

#endif
