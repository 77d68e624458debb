/* SPDX-License-Identifier: Apache-2.0 */
/* The measures of one comparison: which are wanted, on which photo each runs, and all of them side by side. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "image/image.h"
#include "image/resize.h"
#include "measure/measure.h"
#include "verify/comparing.h"

/* Whether the model, or none, gives what the measure asks of it. */
static bool can_ask(const lk_measure_info *info, const lk_model *model) {
    const lk_model_card *card = model ? lk_model_card_of(model) : NULL;
    bool classes = card && (card->probabilities[0] || card->logits[0]);
    return (!info->needs_model || model) && (!info->needs_classes || classes);
}

/* Whether the comma-separated list (NULL is "default") names this measure. "all" is all that can be asked. */
static bool is_wanted(const char *list, const lk_measure_info *info, const lk_model *model) {
    if (!list || strcmp(list, "default") == 0) {
        return info->is_default;
    }
    for (const char *p = list; *p;) {
        size_t length = strcspn(p, ",");
        char name[64];
        snprintf(name, sizeof name, "%.*s", (int)length, p);
        const lk_measure_info *found = lk_measure_find(name);
        bool all = strcmp(name, "all") == 0 && can_ask(info, model);
        if (found == info || all || (strcmp(name, "default") == 0 && info->is_default)) {
            return true;
        }
        p += length + (p[length] == ',');
    }
    return false;
}

lk_status check_names(const char *list, const lk_model *model, lk_error *err) {
    for (const char *p = list ? list : ""; *p;) {
        size_t length = strcspn(p, ",");
        char name[64];
        snprintf(name, sizeof name, "%.*s", (int)length, p);
        if (strcmp(name, "default") != 0 && strcmp(name, "all") != 0 && !lk_measure_find(name)) {
            return error_set(err, LK_E_USAGE, "there is no measure called %s (--list-measures)",
                             name);
        }
        const lk_measure_info *info = lk_measure_find(name);
        if (info && info->needs_model && !model) {
            return error_set(err, LK_E_USAGE, "measure %s needs a model (--model)", name);
        }
        p += length + (p[length] == ',');
    }
    return LK_OK;
}

/* One row of the table that was asked for. */
struct row {
    const struct measure *m;
    struct view *photo;
    lk_measure_result *result;
    lk_status status;
    lk_error err;
};

struct rows {
    struct comparing *c;
    const lk_measure_options *options;
    struct row *of;
    size_t count;
};

/* The photo as it came in the size of the reference, for rows that measure how it was moved and need that. */
static lk_status scale_unmoved(struct comparing *c, lk_error *err) {
    const lk_image *rgb;
    if (c->scaled.data) {
        return LK_OK;
    }
    lk_status status = view_rgb(&rgb, &c->b, err);
    status = status == LK_OK ? image_resize(&c->scaled, c->engine, rgb, c->a.image->width,
                                            c->a.image->height, RESIZE_BICUBIC, err)
                             : status;
    return status == LK_OK ? view_init(&c->unmoved, c->engine, &c->scaled, err) : status;
}

/* What of the photo the row is run on: the aligned pair, or the photo as it came. */
static lk_status photo_for(struct view **out, struct comparing *c, const struct measure *m,
                           lk_error *err) {
    if (!m->on_original) {
        *out = c->untouched ? &c->b : &c->on_frame;
        return LK_OK;
    }
    bool fits = m->any_size || image_same_size(c->a.image, c->b.image);
    *out = fits ? &c->b : &c->unmoved;
    return fits ? LK_OK : scale_unmoved(c, err);
}

/* Before the rows run side by side: a network uses all threads by itself. */
static lk_status ask_network(struct comparing *c, struct view *photo, lk_model *model,
                             lk_error *err) {
    const struct seen *seen;
    lk_status status = view_seen(&seen, &c->a, model, err);
    return status == LK_OK ? view_seen(&seen, photo, model, err) : status;
}

static void run_row(void *arg, int32_t i) {
    const struct rows *rows = arg;
    struct row *row =
        &rows->of[rows->count - 1 - (size_t)i]; /* the long ones stand last: they begin */
    struct measure_input in = {
        .engine = rows->c->engine, .a = &rows->c->a, .b = row->photo, .options = rows->options};
    row->status = engine_check_stop(rows->c->engine, &row->err);
    if (row->status == LK_OK) {
        row->status = measure_run(row->result, row->m, &in, &row->err);
    }
}

/* Several rows at once where there are enough of them: then each runs on one thread. */
static void run_rows(struct rows *rows) {
    if (rows->count >= 2 * (size_t)pool_threads(rows->c->engine->pool)) {
        pool_for(rows->c->engine->pool, (int32_t)rows->count, run_row, rows);
        return;
    }
    for (size_t i = 0; i < rows->count; i++) {
        run_row(rows, (int32_t)i);
    }
}

/* Closes the gaps that rows without a result leave, in the order of the table. */
static lk_status take_results(struct rows *rows, lk_comparison *out, lk_error *err) {
    lk_status status = LK_OK;
    for (size_t i = 0; i < rows->count; i++) {
        struct row *row = &rows->of[i];
        if (row->status == LK_OK) {
            lk_measure_result result = *row->result;
            *row->result = (lk_measure_result){0};
            out->measures[out->measure_count++] = result;
        } else if (row->status == LK_E_SIZE || row->status == LK_E_USAGE) {
            comparing_warn(out, "measure-skipped", row->err.text); /* not defined for this pair */
        } else if (status == LK_OK) {
            status = error_set(err, row->status, "%s", row->err.text);
        }
    }
    return status;
}

lk_status run_measures(struct comparing *c, lk_comparison *out, lk_error *err) {
    lk_measure_options options = c->options->measure;
    options.want_maps = c->options->want_evidence;
    struct rows rows = {.c = c, .options = &options};
    rows.of = mem_calloc(lk_measure_count(), sizeof *rows.of);
    out->measures = mem_calloc(lk_measure_count(), sizeof *out->measures);
    lk_status status = rows.of && out->measures
                           ? LK_OK
                           : error_memory(err, lk_measure_count() * sizeof *out->measures);
    for (size_t i = 0; status == LK_OK && i < lk_measure_count(); i++) {
        const struct measure *m = measure_at(i);
        if (is_wanted(c->options->measures, &m->info, options.model)) {
            struct row *row = &rows.of[rows.count];
            row->m = m;
            row->result = &out->measures[rows.count++];
            status = photo_for(&row->photo, c, m, err);
            if (status == LK_OK && m->info.needs_model) {
                status = ask_network(c, row->photo, options.model, err);
            }
        }
    }
    if (status == LK_OK) {
        run_rows(&rows);
        status = take_results(&rows, out, err);
    }
    mem_free(rows.of);
    return status;
}
