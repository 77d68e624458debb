/* SPDX-License-Identifier: Apache-2.0 */
/* The keys of a card: what reading, checking and writing know about each. */
#ifndef LK_CARD_FIELDS_H
#define LK_CARD_FIELDS_H

#include "model/card.h"

enum field_kind {
    FIELD_TEXT,
    FIELD_FILE,   /* text that names a file without folders */
    FIELD_SHA256, /* text of 64 hex digits, or empty */
    FIELD_INT,
    FIELD_CHOICE, /* int; which of choices */
    FIELD_TRIPLE, /* three numbers */
};

struct field {
    const char *key;
    enum field_kind kind;
    bool required;
    size_t offset, size; /* in the card; size of a text with its zero */
    int64_t least, most; /* INT */
    const char *choices[4];
};

enum { CARD_FIELDS = 25 };
extern const struct field card_fields[CARD_FIELDS];
extern const char card_schema[];

#endif
