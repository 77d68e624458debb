/* SPDX-License-Identifier: Apache-2.0 */
/* Cards: what can be read must come back the same from what is written of it. */
#include <stdlib.h>
#include <string.h>

#include "model/card.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    lk_model_card card, again;
    lk_error err = {0};
    if (card_parse(&card, (const char *)bytes, size, &err) != LK_OK) {
        if (!err.text[0]) {
            abort();
        }
        return 0;
    }
    struct buf b;
    buf_init(&b, 16 * CARD_BYTES_MAX);
    card_write(&b, &card);
    if (card_parse(&again, (const char *)b.data, b.size, &err) != LK_OK ||
        strcmp(card.name, again.name) != 0 || strcmp(card.file, again.file) != 0) {
        abort();
    }
    buf_release(&b);
    return 0;
}
