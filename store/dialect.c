/* SPDX-License-Identifier: Apache-2.0 */
/* One pass over the words: what is quoted stays, a few words become others, and triggers, which PostgreSQL writes as functions,
 * are taken apart. INTEGER is BIGINT, since SQLite's has 64 bits; TEXT is compared by bytes ("C"), as SQLite does, whatever the
 * database was made for. */
#include "store/dialect.h"

#include <stdbool.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"

enum { STATEMENT_MAX = 1 << 20 };

struct translation {
    struct buf out;
    const char *at;
    bool schema; /* of tables: TEXT is a column's type */
    int values;  /* `?` so far */
};

static const struct exchange {
    const char *from, *to;
    bool schema; /* only in the definition of a table */
} words[] = {
    {"INTEGER", "BIGINT", false},
    {"BLOB", "BYTEA", false},
    {"TEXT", "TEXT COLLATE \"C\"", true},
    {"STRICT", "", true},
    {"CROSS JOIN", "JOIN", false},
    {"randomblob(16)", "uuid_send(gen_random_uuid())", false},
    {", WITHOUT ROWID", "", true},
    {"SELECT RAISE(ABORT, ", "RAISE EXCEPTION USING MESSAGE = (", false},
};

static bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static bool begins(const char *text, const char *start) {
    return strncmp(text, start, strlen(start)) == 0;
}

/* Whether the word or words stand here, and do not go on. */
static bool stands(const char *text, const char *word) {
    size_t n = strlen(word);
    return begins(text, word) && !(is_letter(word[n - 1]) && is_letter(text[n]));
}

/* Adds a name and moves behind it and the space that follows. */
static void take_name(struct translation *t) {
    size_t n = 0;
    while (is_letter(t->at[n])) {
        n++;
    }
    buf_add(&t->out, t->at, n);
    t->at += n + (t->at[n] == ' ');
}

/* `?` counts on, `?7` is a number of its own; both are $7. */
static void take_value(struct translation *t) {
    t->at++;
    if (*t->at >= '0' && *t->at <= '9') {
        buf_add_text(&t->out, "$");
    } else {
        buf_printf(&t->out, "$%d", ++t->values);
    }
}

static void take_quoted(struct translation *t) {
    const char *end = strchr(t->at + 1, *t->at);
    size_t n = end ? (size_t)(end - t->at) + 1 : strlen(t->at);
    buf_add(&t->out, t->at, n);
    t->at += n;
}

/* One word that is exchanged; false when the one that stands here is none. */
static bool exchange(struct translation *t) {
    for (size_t i = 0; i < ARRAY_COUNT(words); i++) {
        if (stands(t->at, words[i].from) && (t->schema || !words[i].schema)) {
            buf_add_text(&t->out, words[i].to);
            t->at += strlen(words[i].from);
            return true;
        }
    }
    return false;
}

static void take_words(struct translation *t, const char *end);

/* CREATE TRIGGER name EVENT ON table BEGIN statements END: a function of that name, and a trigger that calls it. */
static void take_trigger(struct translation *t) {
    const char *name = t->at;
    size_t length = 0;
    while (is_letter(name[length])) {
        length++;
    }
    const char *event = name + length, *begin = strstr(event, " BEGIN");
    const char *end = begin ? strstr(begin, " END;") : NULL;
    if (!end) {
        return;
    }
    buf_printf(&t->out, "CREATE FUNCTION %.*s() RETURNS trigger LANGUAGE plpgsql AS $body$ BEGIN ",
               (int)length, name);
    t->at = begin + 6;
    take_words(t, end);
    buf_printf(&t->out,
               " RETURN NULL; END $body$; CREATE TRIGGER %.*s%.*s FOR EACH ROW EXECUTE FUNCTION "
               "%.*s();",
               (int)length, name, (int)(begin - event), event, (int)length, name);
    t->at = end + 5;
}

/* Words that are more than exchanged; false when those that stand here are none. */
static bool rephrase(struct translation *t) {
    if (stands(t->at, "CREATE TRIGGER")) {
        t->at += 15;
        take_trigger(t);
    } else if (stands(t->at, "DROP TRIGGER")) { /* its trigger goes with it */
        t->at += 13;
        buf_add_text(&t->out, "DROP FUNCTION ");
        take_name(t);
        buf_add_text(&t->out, "() CASCADE");
    } else if (stands(t->at, "INDEXED BY")) {
        t->at += 11;
        while (is_letter(*t->at)) {
            t->at++;
        }
    } else {
        return false;
    }
    return true;
}

static void take_words(struct translation *t, const char *end) {
    while (t->at < end) {
        if (*t->at == '\'' || *t->at == '"') {
            take_quoted(t);
        } else if (*t->at == '?') {
            take_value(t);
        } else if (rephrase(t) || exchange(t)) {
            continue;
        } else if (is_letter(*t->at)) {
            size_t n = 0;
            while (is_letter(t->at[n])) {
                n++;
            }
            buf_add(&t->out, t->at, n);
            t->at += n;
        } else {
            buf_add(&t->out, t->at++, 1);
        }
    }
}

lk_status dialect_postgres(char **out, const char *text, lk_error *err) {
    struct translation t = {.at = text};
    lk_bytes whole;
    *out = NULL;
    t.schema = begins(text, "CREATE") || begins(text, "ALTER") || begins(text, "DROP");
    buf_init(&t.out, STATEMENT_MAX);
    take_words(&t, text + strlen(text));
    lk_status status = buf_finish(&t.out, &whole, err);
    *out = status == LK_OK ? (char *)whole.data : NULL; /* zero-terminated */
    return status;
}
