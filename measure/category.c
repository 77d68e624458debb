/* SPDX-License-Identifier: Apache-2.0 */
/* category: whether a network takes the two for the same kind of thing.
 *
 * value = sum over classes of min(p_a, p_b), the overlap of the two distributions (1 less their total variation distance), p
 * scaled to a sum of 1: models with coarse steps miss it. agreement = share of the five most probable classes of one that are
 * among those of the other. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "measure/measure.h"

enum { TOP = 5 };

static double total_of(const struct seen *s) {
    double sum = 0;
    for (int32_t i = 0; i < s->class_count; i++) {
        sum += s->classes[i].probability;
    }
    return sum > 0 ? sum : 1;
}

/* Lists of classes are in the order of probability; by_class has room for one of them by index. */
static double overlap(const struct seen *a, const struct seen *b, double *by_class) {
    double total_a = total_of(a), total_b = total_of(b), sum = 0;
    for (int32_t i = 0; i < a->class_count; i++) {
        by_class[a->classes[i].index] = a->classes[i].probability / total_a;
    }
    for (int32_t i = 0; i < b->class_count; i++) {
        sum += fmin(by_class[b->classes[i].index], b->classes[i].probability / total_b);
    }
    return fmin(sum, 1);
}

static double agreement(const struct seen *a, const struct seen *b) {
    int32_t count = 0, top = MIN(TOP, a->class_count);
    for (int32_t i = 0; i < top; i++) {
        for (int32_t k = 0; k < top; k++) {
            count += a->classes[i].index == b->classes[k].index;
        }
    }
    return (double)count / top;
}

/* A label's first name: "tench, Tinca tinca" is a tench. */
static int label_length(const char *label) {
    return (int)MIN(strcspn(label, ","), 40);
}

static void add_top(lk_measure_result *out, const lk_model *model, const struct seen *s,
                    const char *classes_key, const char *probabilities_key, const char *text_key) {
    double indices[TOP], probabilities[TOP];
    char text[160] = "";
    int32_t top = MIN(TOP, s->class_count);
    for (int32_t i = 0; i < top; i++) {
        indices[i] = s->classes[i].index;
        probabilities[i] = s->classes[i].probability;
        const char *label = lk_model_label(model, s->classes[i].index);
        size_t used = strlen(text);
        snprintf(text + used, sizeof text - used, "%s%.*s", i > 0 && *label ? "; " : "",
                 label_length(label), label);
    }
    measure_detail_numbers(out, classes_key, indices, top);
    measure_detail_numbers(out, probabilities_key, probabilities, top);
    measure_detail_text(out, text_key, text);
}

static lk_status category_run(lk_measure_result *out, const struct measure_input *in,
                              lk_error *err) {
    const struct seen *a, *b;
    lk_model *model = in->options->model;
    lk_status status = view_seen(&a, in->a, model, err);
    status = status == LK_OK ? view_seen(&b, in->b, model, err) : status;
    if (status != LK_OK) {
        return status;
    }
    const lk_model_card *card = lk_model_card_of(model);
    if (!a->classes) {
        return error_set(err, LK_E_USAGE, "category: model %s gives no classes", card->name);
    }
    double *by_class = mem_calloc((size_t)a->class_count, sizeof *by_class);
    if (!by_class) {
        return error_memory(err, (size_t)a->class_count * sizeof *by_class);
    }
    out->value = overlap(a, b, by_class);
    out->score = out->value;
    mem_free(by_class);
    measure_detail_bool(out, "same_top", a->classes[0].index == b->classes[0].index);
    measure_detail_number(out, "agreement", agreement(a, b));
    add_top(out, model, a, "classes_a", "probabilities_a", "labels_a");
    add_top(out, model, b, "classes_b", "probabilities_b", "labels_b");
    measure_detail_text(out, "model", card->name);
    return LK_OK;
}

const struct measure measure_category = {
    .info = {.name = "category",
             .version = 1,
             .title = "Category",
             .summary = "whether a trained network takes both for the same kind of thing",
             .unit = "",
             .aspect = LK_ASPECT_MEANING,
             .higher_is_more_alike = true,
             .symmetric = true,
             .needs_model = true,
             .needs_classes = true,
             .best = 1,
             .min = 0,
             .max = 1},
    .any_size = true,
    .run = category_run,
};
