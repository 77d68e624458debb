/* SPDX-License-Identifier: Apache-2.0 */
/* Networks that are part of the library, so that an embedding needs no file and no download. */
#include <stdint.h>
#include <string.h>

#include "base/compiler.h"
#include "base/error.h"
#include "base/mem.h"
#include "model/model_files.h"

struct built_in {
    const char *file; /* as the card names it */
    const uint8_t *begin, *end;
};

/* After the struct that its table is of. */
#include <built_in_models.h>

static const struct built_in *find(const char *file) {
    for (size_t i = 0; i < ARRAY_COUNT(built_ins); i++) {
        if (strcmp(built_ins[i].file, file) == 0) {
            return &built_ins[i];
        }
    }
    return NULL;
}

bool model_is_built_in(const lk_model_card *card) {
    return find(card->file) != NULL;
}

lk_status model_read_built_in(lk_bytes *out, const lk_model_card *card, lk_error *err) {
    const struct built_in *b = find(card->file);
    size_t size = b ? (size_t)(b->end - b->begin) : 0;
    *out = (lk_bytes){0};
    if (!b) {
        return error_set(err, LK_E_IO, "%s is no part of the library", card->file);
    }
    out->data = mem_alloc(size, 1);
    if (!out->data) {
        return error_memory(err, size);
    }
    memcpy(out->data, b->begin, size);
    out->size = size;
    return LK_OK;
}
