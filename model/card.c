/* SPDX-License-Identifier: Apache-2.0 */
#include "model/card_fields.h"

#include <jansson.h>
#include <math.h>
#include <string.h>
#include <strings.h>

#include "base/compiler.h"
#include "base/error.h"
#include "base/file.h"
#include <shipped_cards.h>

static const struct field *find_field(const char *key) {
    for (size_t i = 0; i < CARD_FIELDS; i++) {
        if (strcmp(card_fields[i].key, key) == 0) {
            return &card_fields[i];
        }
    }
    return NULL;
}

static bool is_sha256(const char *text) {
    return strlen(text) == 64 && strspn(text, "0123456789abcdef") == 64;
}

bool card_is_name(const char *text) {
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-+";
    return text[0] && text[0] != '.' && text[0] != '-' && strspn(text, letters) == strlen(text);
}

static lk_status read_text(lk_model_card *card, const struct field *f, const json_t *value,
                           lk_error *err) {
    const char *text = json_string_value(value);
    if (!text) {
        return error_set(err, LK_E_CORRUPT, "the card's \"%s\" is not a text", f->key);
    }
    if (strlen(text) >= f->size) {
        return error_set(err, LK_E_CORRUPT, "the card's \"%s\" is longer than %zu bytes", f->key,
                         f->size - 1);
    }
    if (f->kind == FIELD_FILE && text[0] && !card_is_name(text)) {
        return error_set(err, LK_E_CORRUPT,
                         "the card's \"%s\" is no plain name: letters, digits and ._-+ only",
                         f->key);
    }
    if (f->kind == FIELD_SHA256 && text[0] && !is_sha256(text)) {
        return error_set(err, LK_E_CORRUPT, "the card's \"%s\" is not 64 small hex digits", f->key);
    }
    memcpy((char *)card + f->offset, text, strlen(text) + 1);
    return LK_OK;
}

static lk_status read_int(lk_model_card *card, const struct field *f, const json_t *value,
                          lk_error *err) {
    int64_t number = json_integer_value(value);
    if (!json_is_integer(value) || number < f->least || number > f->most) {
        return error_set(err, LK_E_CORRUPT, "the card's \"%s\" is not a whole number of %lld..%lld",
                         f->key, (long long)f->least, (long long)f->most);
    }
    int32_t narrow = (int32_t)number;
    memcpy((char *)card + f->offset, f->size == 8 ? (void *)&number : (void *)&narrow, f->size);
    return LK_OK;
}

static lk_status read_choice(lk_model_card *card, const struct field *f, const json_t *value,
                             lk_error *err) {
    const char *text = json_string_value(value);
    for (int32_t i = 0; text && f->choices[i]; i++) {
        if (strcmp(f->choices[i], text) == 0) {
            memcpy((char *)card + f->offset, &i, sizeof i);
            return LK_OK;
        }
    }
    return error_set(err, LK_E_CORRUPT, "the card's \"%s\" is not one of %s, %s%s%s", f->key,
                     f->choices[0], f->choices[1], f->choices[2] ? ", " : "",
                     f->choices[2] ? f->choices[2] : "");
}

static lk_status read_triple(lk_model_card *card, const struct field *f, const json_t *value,
                             lk_error *err) {
    double numbers[3];
    bool right = json_is_array(value) && json_array_size(value) == 3;
    for (size_t i = 0; right && i < 3; i++) {
        const json_t *item = json_array_get(value, i);
        numbers[i] = json_number_value(item);
        right = json_is_number(item) && fabs(numbers[i]) <= 1e6;
    }
    if (!right) {
        return error_set(err, LK_E_CORRUPT, "the card's \"%s\" is not three numbers", f->key);
    }
    memcpy((char *)card + f->offset, numbers, sizeof numbers);
    return LK_OK;
}

static lk_status read_field(lk_model_card *card, const struct field *f, const json_t *value,
                            lk_error *err) {
    switch (f->kind) {
    case FIELD_INT: return read_int(card, f, value, err);
    case FIELD_CHOICE: return read_choice(card, f, value, err);
    case FIELD_TRIPLE: return read_triple(card, f, value, err);
    default: return read_text(card, f, value, err);
    }
}

/* The files of a model stand beside its card, NAME.json, and cards are what ends so. */
static lk_status check_names(const lk_model_card *card, lk_error *err) {
    const char *const names[] = {card->file, card->labels};
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        size_t length = strlen(names[i]);
        if (length >= 5 && strcasecmp(names[i] + length - 5, ".json") == 0) {
            return error_set(err, LK_E_CORRUPT, "the card's \"%s\" ends in .json, as only cards do",
                             i == 0 ? "file" : "labels");
        }
    }
    if (strcasecmp(card->file, card->labels) == 0) {
        return error_set(err, LK_E_CORRUPT, "the card's \"file\" and \"labels\" are one file");
    }
    return LK_OK;
}

/* What the keys must be together. */
static lk_status check_card(const lk_model_card *card, lk_error *err) {
    for (int i = 0; i < 3; i++) {
        if (!(fabs(card->scale[i]) >= 1e-6)) {
            return error_set(err, LK_E_CORRUPT, "the card's \"scale\" holds %g", card->scale[i]);
        }
    }
    if (card->resize == LK_RESIZE_CROP && card->side < MAX(card->width, card->height)) {
        return error_set(err, LK_E_CORRUPT,
                         "the card's \"side\", %d, is less than the input, %d x %d", card->side,
                         card->width, card->height);
    }
    bool classifies = card->probabilities[0] || card->logits[0];
    if (!card->embedding[0] && !classifies) {
        return error_set(
            err, LK_E_CORRUPT,
            "the card names no output: \"embedding\", \"probabilities\" or \"logits\"");
    }
    if (classifies && card->classes < 1) {
        return error_set(err, LK_E_CORRUPT, "the card does not say how many \"classes\" there are");
    }
    return check_names(card, err);
}

static lk_status read_object(lk_model_card *card, json_t *root, lk_error *err) {
    const char *schema = json_string_value(json_object_get(root, "schema"));
    if (!schema || strcmp(schema, card_schema) != 0) {
        return error_set(err, LK_E_CORRUPT, "not a model card: its \"schema\" is not %s",
                         card_schema);
    }
    const char *key;
    json_t *value;
    json_object_foreach(root, key, value) {
        const struct field *f = find_field(key);
        if (!f && strcmp(key, "schema") != 0) {
            return error_set(err, LK_E_CORRUPT, "the card has an unknown key \"%.64s\"", key);
        }
        lk_status status = f ? read_field(card, f, value, err) : LK_OK;
        if (status != LK_OK) {
            return status;
        }
    }
    for (size_t i = 0; i < CARD_FIELDS; i++) {
        if (card_fields[i].required && !json_object_get(root, card_fields[i].key)) {
            return error_set(err, LK_E_CORRUPT, "the card lacks \"%s\"", card_fields[i].key);
        }
    }
    return check_card(card, err);
}

lk_status card_parse(lk_model_card *out, const char *text, size_t size, lk_error *err) {
    *out = (lk_model_card){0};
    json_error_t problem;
    json_t *root = json_loadb(text, size, JSON_REJECT_DUPLICATES, &problem);
    if (!root) {
        return error_set(err, LK_E_CORRUPT, "the card is not JSON: %s in line %d", problem.text,
                         problem.line);
    }
    lk_status status = json_is_object(root)
                           ? read_object(out, root, err)
                           : error_set(err, LK_E_CORRUPT, "the card is not a JSON object");
    json_decref(root);
    return status;
}

lk_status card_load(lk_model_card *out, const char *path, lk_error *err) {
    lk_bytes text;
    lk_status status = file_read(&text, path, CARD_BYTES_MAX, NULL, err);
    if (status == LK_OK) {
        status = card_parse(out, (const char *)text.data, text.size, err);
        lk_bytes_release(&text);
    }
    return status == LK_OK ? LK_OK : error_input(err, status, path);
}

lk_status card_shipped(lk_model_card *out, size_t i, bool *there, lk_error *err) {
    *there = i < ARRAY_COUNT(shipped_cards);
    if (!*there) {
        return LK_OK;
    }
    return card_parse(out, shipped_cards[i], strlen(shipped_cards[i]), err);
}
