/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/option.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define AT(member) offsetof(struct common, member)

const struct option common_options[] = {
    {"json", 0, OPTION_FLAG, NULL, NULL, NULL, "print one JSON document; errors are JSON too",
     AT(json)},
    {"output", 'o', OPTION_TEXT, "FILE", NULL, NULL,
     "write the result to FILE (- is standard output)", AT(output)},
    {"quiet", 'q', OPTION_FLAG, NULL, NULL, NULL, "say nothing but errors on standard error",
     AT(quiet)},
    {"color", 0, OPTION_CHOICE, "WHEN", "auto|always|never", "colour", "colour the verdict",
     AT(colour)},
    {"progress", 0, OPTION_CHOICE, "HOW", "auto|jsonl|none", NULL,
     "how far it is, on standard error: for a person, as JSON lines, not at all", AT(progress)},
    {"jobs", 'j', OPTION_INT, "N", NULL, NULL, "threads to use, at most 256; 0 is one a core",
     AT(jobs)},
    {"limit", 0, OPTION_LIST, "NAME=VALUE", NULL, NULL,
     "raise or lower a limit (likeness doctor lists them)", AT(limits)},
    {"exit-zero", 0, OPTION_FLAG, NULL, NULL, NULL,
     "end with 0 whatever the verdict; errors still end with 2", AT(exit_zero)},
    {"help", 'h', OPTION_FLAG, NULL, NULL, NULL, "-h for one screen, --help for all",
     AT(help_short)},
    {"version", 'V', OPTION_FLAG, NULL, NULL, NULL, "print the version", AT(version)},
    OPTION_END,
};

static bool list_add(struct text_list *list, const char *item) {
    if (list->count == list->capacity) {
        size_t capacity = list->capacity ? list->capacity * 2 : 8;
        const char **grown = mem_realloc(list->items, capacity, sizeof *grown);
        if (!grown) {
            return false;
        }
        list->items = grown;
        list->capacity = capacity;
    }
    list->items[list->count++] = item;
    return true;
}

/* Which of "a|b|c" text is; -1 when none. */
static int32_t choice_find(const char *choices, const char *text) {
    size_t length = strlen(text);
    int32_t index = 0;
    for (const char *p = choices; *p; index++) {
        size_t n = strcspn(p, "|");
        if (n == length && memcmp(p, text, n) == 0) {
            return index;
        }
        p += n + (p[n] == '|');
    }
    return -1;
}

static bool word_in(const char *list, const char *word, size_t length) {
    for (const char *p = list; p && *p;) {
        size_t n = strcspn(p, " ");
        if (n == length && memcmp(p, word, n) == 0) {
            return true;
        }
        p += n + (p[n] == ' ');
    }
    return false;
}

static const struct option *find_long(const struct option *table, const char *name, size_t length) {
    for (; table && table->name; table++) {
        if ((strlen(table->name) == length && memcmp(table->name, name, length) == 0) ||
            word_in(table->synonyms, name, length)) {
            return table;
        }
    }
    return NULL;
}

static const struct option *find_letter(const struct option *table, char letter) {
    for (; table && table->name; table++) {
        if (table->letter == letter) {
            return table;
        }
    }
    return NULL;
}

/* One run of options_parse. */
struct parser {
    char *settings;
    const struct option *own;
    int argc, at;
    char **argv;
    char *message;
    size_t size;
};

static bool complain(struct parser *p, const char *format, const char *a, const char *b) {
    snprintf(p->message, p->size, format, a, b);
    return false;
}

static bool store_value(struct parser *p, const struct option *o, const char *text) {
    char *slot = p->settings + o->offset;
    char *end;
    switch (o->kind) {
    case OPTION_TEXT: *(const char **)(void *)slot = text; return true;
    case OPTION_LIST:
        return list_add((struct text_list *)(void *)slot, text) ||
               complain(p, "out of memory%s%s", "", "");
    case OPTION_CHOICE: {
        int32_t index = choice_find(o->choices, text);
        *(int32_t *)(void *)slot = index;
        return index >= 0 || complain(p, "--%s takes one of %s", o->name, o->choices);
    }
    case OPTION_INT: {
        long v = strtol(text, &end, 10);
        *(int32_t *)(void *)slot = (int32_t)v;
        return (*text && !*end && v >= 0 && v <= INT32_MAX) ||
               complain(p, "--%s takes a whole number, not %s", o->name, text);
    }
    case OPTION_NUMBER: {
        double v = strtod(text, &end);
        *(double *)(void *)slot = v;
        return (*text && !*end && isfinite(v)) ||
               complain(p, "--%s takes a number, not %s", o->name, text);
    }
    default: return false;
    }
}

static bool take_value(struct parser *p, const struct option *o, const char *inline_value) {
    if (o->kind == OPTION_FLAG) {
        *(bool *)(p->settings + o->offset) = true;
        return !inline_value || complain(p, "--%s takes no value%s", o->name, "");
    }
    if (!inline_value && p->at + 1 >= p->argc) {
        return complain(p, "--%s wants a value: %s", o->name, o->value);
    }
    return store_value(p, o, inline_value ? inline_value : p->argv[++p->at]);
}

static const char *option_name_at(size_t i, const void *arg) {
    const struct option *own = arg;
    for (size_t k = 0; own && own[k].name; k++) {
        if (i-- == 0) {
            return own[k].name;
        }
    }
    return common_options[i].name;
}

static size_t option_count(const struct option *own) {
    size_t n = sizeof common_options / sizeof *common_options - 1;
    for (; own && own->name; own++) {
        n++;
    }
    return n;
}

static bool unknown_option(struct parser *p, const char *name, size_t length) {
    char word[64], hint[96] = "";
    snprintf(word, sizeof word, "%.*s", (int)length, name);
    const char *near = nearest_name(word, option_count(p->own), option_name_at, p->own);
    if (near) {
        snprintf(hint, sizeof hint, "; did you mean --%s?", near);
    }
    return complain(p, "--%s: no such option%s", word, hint);
}

static bool parse_long(struct parser *p, const char *text) {
    size_t length = strcspn(text, "=");
    const char *value = text[length] == '=' ? text + length + 1 : NULL;
    const struct option *o = find_long(p->own, text, length);
    o = o ? o : find_long(common_options, text, length);
    if (o && strcmp(o->name, "help") == 0) {
        ((struct common *)(void *)p->settings)->help_long = true;
        return true;
    }
    if (!o && strncmp(text, "no-", 3) == 0) {
        o = find_long(p->own, text + 3, length - 3);
        if (o && o->kind == OPTION_FLAG && !value) {
            *(bool *)(p->settings + o->offset) = false;
            return true;
        }
        o = NULL;
    }
    return o ? take_value(p, o, value) : unknown_option(p, text, length);
}

/* -q -j4 -o FILE; letters of flags may stand together. */
static bool parse_letters(struct parser *p, const char *text) {
    for (; *text; text++) {
        const struct option *o = find_letter(p->own, *text);
        o = o ? o : find_letter(common_options, *text);
        if (!o) {
            char letter[2] = {*text, '\0'};
            return complain(p, "-%s: no such option%s", letter, "");
        }
        if (o->kind != OPTION_FLAG) {
            return take_value(p, o, text[1] ? text + 1 : NULL);
        }
        *(bool *)(p->settings + o->offset) = true;
    }
    return true;
}

bool options_parse(void *settings, const struct option *own, int argc, char **argv, char *message,
                   size_t size) {
    struct parser p = {.settings = settings,
                       .own = own,
                       .argc = argc,
                       .argv = argv,
                       .message = message,
                       .size = size};
    struct common *common = settings;
    bool ended = false;
    for (p.at = 1; p.at < argc; p.at++) {
        const char *text = argv[p.at];
        bool ok = true;
        if (!ended && strcmp(text, "--") == 0) {
            ended = true;
        } else if (!ended && strncmp(text, "--", 2) == 0) {
            ok = parse_long(&p, text + 2);
        } else if (!ended && text[0] == '-' && text[1]) {
            ok = parse_letters(&p, text + 1);
        } else {
            ok = list_add(&common->args, text) || complain(&p, "out of memory%s%s", "", "");
        }
        if (!ok) {
            return false;
        }
    }
    return true;
}

static void release_table(char *settings, const struct option *table) {
    for (; table && table->name; table++) {
        if (table->kind == OPTION_LIST) {
            mem_free(((struct text_list *)(void *)(settings + table->offset))->items);
        }
    }
}

void options_release(void *settings, const struct option *own) {
    release_table(settings, own);
    release_table(settings, common_options);
    mem_free(((struct common *)settings)->args.items);
}

/* Levenshtein distance of two short words, one row at a time. */
static size_t edit_distance(const char *a, const char *b) {
    enum { LONGEST = 63 };
    size_t row[LONGEST + 1], n = strlen(b);
    if (n > LONGEST) {
        return SIZE_MAX;
    }
    for (size_t j = 0; j <= n; j++) {
        row[j] = j;
    }
    for (size_t i = 1; a[i - 1]; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= n; j++) {
            size_t change = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            size_t shift = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            row[j] = change < shift ? change : shift;
        }
    }
    return row[n];
}

const char *nearest_name(const char *word, size_t count,
                         const char *(*name_at)(size_t i, const void *arg), const void *arg) {
    const char *best = NULL;
    size_t least = strlen(word) / 3 + 2; /* farther is no slip of the finger */
    for (size_t i = 0; i < count; i++) {
        const char *name = name_at(i, arg);
        size_t distance = edit_distance(word, name);
        if (distance < least) {
            least = distance;
            best = name;
        }
    }
    return best;
}

bool parse_amount(double *out, const char *text) {
    static const struct {
        const char *suffix;
        double factor;
    } suffixes[] = {{"", 1},      {"k", 1e3},      {"M", 1e6},        {"G", 1e9},
                    {"Ki", 1024}, {"Mi", 1048576}, {"Gi", 1073741824}};
    char *end;
    double v = strtod(text, &end);
    for (size_t i = 0; end > text && i < sizeof suffixes / sizeof *suffixes; i++) {
        if (strcmp(end, suffixes[i].suffix) == 0) {
            *out = v * suffixes[i].factor;
            return isfinite(v);
        }
    }
    return false;
}
