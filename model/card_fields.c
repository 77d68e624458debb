/* SPDX-License-Identifier: Apache-2.0 */
#include "model/card_fields.h"

#include <stddef.h>

const char card_schema[] = "likeness/model-card/1";

#define TEXT(member, kind, required)                                                               \
    {                                                                                              \
#member, kind, required, offsetof(lk_model_card, member),                                  \
            sizeof(((lk_model_card *)0)->member), 0, 0, {                                          \
            NULL                                                                                   \
        }                                                                                          \
    }
#define INT(member, required, least, most)                                                         \
    {                                                                                              \
#member, FIELD_INT, required, offsetof(lk_model_card, member),                             \
            sizeof(((lk_model_card *)0)->member), least, most, {                                   \
            NULL                                                                                   \
        }                                                                                          \
    }
#define CHOICE(member, ...)                                                                        \
    {                                                                                              \
#member, FIELD_CHOICE, true, offsetof(lk_model_card, member), 0, 0, 0, {                   \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }
#define TRIPLE(member)                                                                             \
    {                                                                                              \
#member, FIELD_TRIPLE, true, offsetof(lk_model_card, member), 0, 0, 0, {                   \
            NULL                                                                                   \
        }                                                                                          \
    }

/* Inputs and classes far beyond what networks have, and harmless to allocate. */
enum { INPUT_SIDE_MAX = 4096, CLASSES_MAX = 1000000 };

const struct field card_fields[CARD_FIELDS] = {
    TEXT(name, FIELD_FILE, true), /* it names files in the catalogue's folder */
    TEXT(title, FIELD_TEXT, false),
    TEXT(file, FIELD_FILE, true),
    TEXT(sha256, FIELD_SHA256, false),
    INT(bytes, false, 0, INT64_MAX),
    TEXT(licence, FIELD_TEXT, false),
    TEXT(source, FIELD_TEXT, false),
    TEXT(input, FIELD_TEXT, false),
    INT(width, true, 1, INPUT_SIDE_MAX),
    INT(height, true, 1, INPUT_SIDE_MAX),
    CHOICE(colour, "rgb", "bgr", "gray"),
    TRIPLE(mean),
    TRIPLE(scale),
    CHOICE(resize, "crop", "stretch"),
    INT(side, false, 1, INPUT_SIDE_MAX),
    TEXT(embedding, FIELD_TEXT, false),
    TEXT(probabilities, FIELD_TEXT, false),
    TEXT(logits, FIELD_TEXT, false),
    TEXT(labels, FIELD_FILE, false),
    TEXT(labels_sha256, FIELD_SHA256, false),
    INT(classes, false, 0, CLASSES_MAX),
    INT(background, false, 0, 1),
    TEXT(notes, FIELD_TEXT, false),
    TEXT(training, FIELD_TEXT, false),
    TEXT(figures, FIELD_TEXT, false),
};
