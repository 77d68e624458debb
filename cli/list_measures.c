/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/list_measures.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"

static double option_value(const lk_measure_options *o, const lk_measure_option *row) {
    const void *field = (const char *)o + row->offset;
    return row->kind == LK_OPTION_NUMBER ? *(const double *)field : *(const int32_t *)field;
}

/* The word number `i` of "a|b|c", as a length and its start. */
static int choice_word(const char **start, const char *choices, int32_t i) {
    for (; i > 0; i--) {
        choices += strcspn(choices, "|") + 1;
    }
    *start = choices;
    return (int)strcspn(choices, "|");
}

static void add_measure_options(struct buf *b, const char *measure) {
    const lk_measure_options defaults = lk_measure_options_default();
    for (size_t i = 0; i < lk_measure_option_count(); i++) {
        const lk_measure_option *o = lk_measure_option_at(i);
        if (strcmp(o->measure, measure) != 0) {
            continue;
        }
        double value = option_value(&defaults, o);
        buf_printf(b, "%20s%s.%s: %s ", "", o->measure, o->name, o->help);
        if (o->kind == LK_OPTION_CHOICE) {
            const char *word;
            int length = choice_word(&word, o->choices, (int32_t)value);
            buf_printf(b, "(%s; %.*s)\n", o->choices, length, word);
        } else {
            buf_printf(b, "(%g to %g; %g)\n", o->min, o->max, value);
        }
    }
}

static void options_as_json(struct json *j, const char *measure) {
    const lk_measure_options defaults = lk_measure_options_default();
    json_array_begin(j, "options");
    for (size_t i = 0; i < lk_measure_option_count(); i++) {
        const lk_measure_option *o = lk_measure_option_at(i);
        if (strcmp(o->measure, measure) != 0) {
            continue;
        }
        json_object_begin(j, NULL);
        json_text(j, "name", o->name);
        json_text(j, "help", o->help);
        if (o->kind == LK_OPTION_CHOICE) {
            json_text(j, "choices", o->choices);
        } else {
            json_number(j, "min", o->min);
            json_number(j, "max", o->max);
        }
        json_number(j, "default", option_value(&defaults, o));
        json_object_end(j);
    }
    json_array_end(j);
}

static void list_as_json(struct buf *b) {
    struct json j;
    char id[64];
    json_init(&j, b, 0);
    json_object_begin(&j, NULL);
    json_text(&j, "schema", "likeness/measures/1");
    json_array_begin(&j, "measures");
    for (size_t i = 0; i < lk_measure_count(); i++) {
        const lk_measure_info *m = lk_measure_at(i);
        snprintf(id, sizeof id, "%s@%d", m->name, m->version);
        json_object_begin(&j, NULL);
        json_text(&j, "id", id);
        json_text(&j, "name", m->name);
        json_text(&j, "title", m->title);
        json_text(&j, "summary", m->summary);
        json_text(&j, "unit", m->unit);
        json_text(&j, "aspect", lk_aspect_name(m->aspect));
        json_bool(&j, "higher_is_more_alike", m->higher_is_more_alike);
        json_bool(&j, "is_default", m->is_default);
        json_bool(&j, "needs_model", m->needs_model);
        json_number(&j, "min", m->min); /* null where the range is open */
        json_number(&j, "max", m->max);
        options_as_json(&j, m->name);
        json_object_end(&j);
    }
    json_array_end(&j);
    json_object_end(&j);
    buf_add_text(b, "\n");
}

enum exit_code list_measures(const struct common *common) {
    struct buf b;
    buf_init(&b, 1 << 16);
    if (common->json) {
        list_as_json(&b);
        return print_result(common, &b, EXIT_YES);
    }
    for (size_t i = 0; i < lk_measure_count(); i++) {
        const lk_measure_info *m = lk_measure_at(i);
        buf_printf(&b, "%-16s %c  %s\n", m->name,
                   m->is_default    ? '*'
                   : m->needs_model ? '+'
                                    : ' ',
                   m->summary);
        add_measure_options(&b, m->name);
    }
    buf_add_text(&b, "(* is part of --measures default, + asks a network: --model)\n");
    return print_result(common, &b, EXIT_YES);
}
