/* SPDX-License-Identifier: Apache-2.0 */
/* Apart from the reading: the reader's library and our writer both call a function json_null. */
#include <string.h>

#include "base/json.h"
#include "model/card_fields.h"

static void write_field(struct json *j, const lk_model_card *card, const struct field *f) {
    const char *at = (const char *)card + f->offset;
    int64_t number = 0;
    int32_t narrow;
    switch (f->kind) {
    case FIELD_INT:
    case FIELD_CHOICE:
        memcpy(&narrow, at, sizeof narrow);
        number = narrow;
        if (f->size == 8) {
            memcpy(&number, at, sizeof number);
        }
        if (f->kind == FIELD_CHOICE) {
            json_text(j, f->key, f->choices[number]);
        } else if (number >= f->least && (f->required || number != 0)) {
            json_int(j, f->key, number);
        }
        break;
    case FIELD_TRIPLE: {
        double numbers[3];
        memcpy(numbers, at, sizeof numbers);
        json_numbers(j, f->key, numbers, 3);
        break;
    }
    default:
        if (f->required || at[0]) {
            json_text(j, f->key, at);
        }
    }
}

void card_write(struct buf *b, const lk_model_card *card) {
    struct json j;
    json_init(&j, b, 2);
    json_object_begin(&j, NULL);
    json_text(&j, "schema", card_schema);
    for (size_t i = 0; i < CARD_FIELDS; i++) {
        write_field(&j, card, &card_fields[i]);
    }
    json_object_end(&j);
    buf_add_text(b, "\n");
}
