/* SPDX-License-Identifier: Apache-2.0 */
#include "collection/finding.h"
void finding_free(struct finding *f) {
    (void)f;
}
