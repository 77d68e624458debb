/* SPDX-License-Identifier: Apache-2.0 */
#include <likeness/likeness.h>

#include <stdio.h>

int main(void) {
    for (size_t i = 0; i < lk_measure_count(); i++) {
        printf("%s\n", lk_measure_at(i)->name);
    }
    return 0;
}
