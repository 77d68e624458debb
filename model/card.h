/* SPDX-License-Identifier: Apache-2.0 */
/* Cards as JSON (docs/formats/model-card.md): one flat object; the keys are the members of lk_model_card. */
#ifndef LK_CARD_H
#define LK_CARD_H

#include <likeness/model.h>

#include "base/buf.h"

/* What a card may weigh. */
enum { CARD_BYTES_MAX = 64 * 1024 };

/* Reads a card from JSON text. LK_E_CORRUPT names the key that is unknown, missing, of the wrong type or out of range. */
LK_MUST_CHECK lk_status card_parse(lk_model_card *out, const char *text, size_t size,
                                   lk_error *err);
/* Reads the card at path. */
LK_MUST_CHECK lk_status card_load(lk_model_card *out, const char *path, lk_error *err);
/* Whether a card may have this as its name or a file's: it stays in its folder, on every system, and prints as it is. */
bool card_is_name(const char *text);
/* Appends the card as JSON. */
void card_write(struct buf *b, const lk_model_card *card);

/* The cards that come with likeness; NULL behind the last one. Parsed on each call: they are few and small. */
LK_MUST_CHECK lk_status card_shipped(lk_model_card *out, size_t i, bool *there, lk_error *err);

#endif
