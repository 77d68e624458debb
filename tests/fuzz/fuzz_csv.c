/* SPDX-License-Identifier: Apache-2.0 */
/* Tables: a refusal says why, and every cell of what is read can be read. */
#include <stdlib.h>
#include <string.h>

#include "base/csv.h"
#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    struct csv csv;
    lk_error err = {0};
    lk_bytes text = {mem_alloc(size + 1, 1), size};
    if (!text.data) {
        return 0;
    }
    memcpy(text.data, bytes, size);
    text.data[size] = '\0';
    if (csv_parse(&csv, &text, &err) != LK_OK) {
        if (!err.text[0]) {
            abort();
        }
        return 0;
    }
    size_t length = 0;
    for (int32_t i = -1; i < csv.rows; i++) {
        for (int32_t k = 0; k < csv.columns; k++) {
            length += strlen(csv_at(&csv, i, k));
        }
    }
    if (length > size) {
        abort();
    }
    csv_release(&csv);
    return 0;
}
