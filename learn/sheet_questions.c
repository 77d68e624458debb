/* SPDX-License-Identifier: Apache-2.0 */
/* Which questions a sheet of neighbours shows, and what is nearest to them. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "learn/ranking.h"
#include "learn/sheet.h"

enum kind { NO_ANSWER, WRONG, RIGHT };

struct choosing {
    const lk_eval_set *set;
    const bool *have; /* NULL: all */
    struct unit_vectors vectors;
    float *cosines; /* of all pictures */
    uint8_t *kinds;
};

static bool is_there(const struct choosing *c, int32_t place) {
    return !c->have || c->have[place];
}

/* What each picture is to the question; returns how many are right. Question i is picture i, or photo i. */
static int32_t mark_kinds(struct choosing *c, int32_t question) {
    const lk_eval_set *set = c->set;
    int32_t right = 0;
    memset(c->kinds, NO_ANSWER, (size_t)set->count);
    for (int32_t i = 0; set->is_labelled && i < set->count; i++) {
        bool equal = set->labels[i] == set->labels[question];
        c->kinds[i] = i == question ? NO_ANSWER : equal ? RIGHT : WRONG;
    }
    for (int32_t i = 0; i < set->reference_count; i++) {
        c->kinds[set->references[i]] = WRONG;
    }
    for (int32_t i = 0; i < set->pair_count; i++) {
        const lk_true_pair *p = &set->pairs[i];
        if (p->query == question) {
            c->kinds[set->references[p->reference]] = RIGHT;
        }
    }
    for (int32_t i = 0; i < set->count; i++) {
        c->kinds[i] = is_there(c, i) ? c->kinds[i] : NO_ANSWER;
        right += c->kinds[i] == RIGHT;
    }
    return right;
}

static int32_t question_count(const lk_eval_set *set) {
    return set->is_labelled ? set->count : set->photo_count;
}

static int32_t question_place(const lk_eval_set *set, int32_t question) {
    return set->is_labelled ? question : set->photos[question];
}

/* The questions that have a right answer into list; returns how many. */
static int32_t list_questions(int32_t *list, struct choosing *c) {
    const lk_eval_set *set = c->set;
    int32_t count = 0;
    for (int32_t i = 0; i < question_count(set); i++) {
        if (is_there(c, question_place(set, i)) && mark_kinds(c, i) > 0) {
            list[count++] = i;
        }
    }
    return count;
}

static void answer(struct sheet_question *out, struct choosing *c, int32_t question,
                   int32_t nearest) {
    const lk_eval_set *set = c->set;
    int32_t found[LK_SHEET_NEAREST_MAX], place = question_place(set, question);
    float best = -2;
    mark_kinds(c, question);
    ranking_row(c->cosines, &c->vectors, place, &c->vectors);
    for (int32_t i = 0; i < set->count; i++) {
        c->cosines[i] = c->kinds[i] == NO_ANSWER ? -2 : c->cosines[i];
        best = c->kinds[i] == RIGHT ? MAX(best, c->cosines[i]) : best;
    }
    *out = (struct sheet_question){.path = set->paths[place], .rank = 1};
    for (int32_t i = 0; i < set->count; i++) {
        out->rank += c->kinds[i] == WRONG && c->cosines[i] >= best;
    }
    int32_t count = ranking_nearest(found, nearest, c->cosines, set->count, -1);
    for (int32_t i = 0; i < count && c->cosines[found[i]] > -2; i++) {
        out->answers[out->answer_count++] =
            (struct sheet_answer){.path = set->paths[found[i]],
                                  .cosine = c->cosines[found[i]],
                                  .right = c->kinds[found[i]] == RIGHT};
    }
}

/* All rows, those that are not there as zeros. */
static lk_status copy_vectors(struct choosing *c, const lk_vectors *vectors, lk_error *err) {
    size_t dim = (size_t)vectors->dim, n = 0;
    float *data =
        mem_size_mul(&n, (size_t)vectors->count, dim) ? mem_calloc(n, sizeof *data) : NULL;
    if (!data) {
        return error_memory(err, n * sizeof *data);
    }
    for (int32_t i = 0; i < vectors->count; i++) {
        if (is_there(c, i)) {
            memcpy(data + (size_t)i * dim, vectors->data + (size_t)i * dim, dim * sizeof *data);
        }
    }
    lk_vectors copy = {data, vectors->count, vectors->dim};
    lk_status status = unit_vectors_new(&c->vectors, &copy, err);
    mem_free(data);
    return status;
}

static lk_status draw(lk_image *out, lk_engine *engine, struct choosing *c, const int32_t *list,
                      int32_t count, int32_t rows, int32_t nearest,
                      const struct sheet_source *source, lk_error *err) {
    char title[96];
    int32_t shown = MIN(rows, count);
    struct sheet_question *questions = mem_calloc((size_t)shown, sizeof *questions);
    if (!questions) {
        return error_memory(err, (size_t)shown * sizeof *questions);
    }
    lk_status status = LK_OK;
    for (int32_t i = 0; status == LK_OK && i < shown; i++) {
        int32_t question = list[(2 * (int64_t)i + 1) * count / (2 * shown)];
        answer(&questions[i], c, question, nearest);
        if (source) {
            status = source->make(&questions[i].image, source->arg,
                                  question_place(c->set, question), err);
        }
    }
    snprintf(title, sizeof title, "%d of %d questions: the nearest, with their cosines", (int)shown,
             (int)count);
    status = status == LK_OK ? sheet_neighbours(out, engine, title, questions, shown, err) : status;
    for (int32_t i = 0; i < shown; i++) {
        lk_image_release(&questions[i].image);
    }
    mem_free(questions);
    return status;
}

static lk_status check_asked(const lk_eval_set *set, const lk_vectors *vectors, int32_t rows,
                             int32_t nearest, lk_error *err) {
    if (rows < 1 || rows > LK_SHEET_ROWS_MAX || nearest < 1 || nearest > LK_SHEET_NEAREST_MAX) {
        return error_set(err, LK_E_USAGE, "%d rows of %d; at most %d of %d", (int)rows,
                         (int)nearest, LK_SHEET_ROWS_MAX, LK_SHEET_NEAREST_MAX);
    }
    return vectors->count == set->count ? LK_OK
                                        : error_set(err, LK_E_USAGE, "%d vectors for %d pictures",
                                                    (int)vectors->count, (int)set->count);
}

lk_status lk_eval_set_sheet(lk_image *out, lk_engine *engine, const lk_eval_set *set,
                            const lk_vectors *vectors, const bool *have, int32_t rows,
                            int32_t nearest, lk_error *err) {
    return sheet_of_set(out, engine, set, vectors, have, rows, nearest, NULL, err);
}

lk_status sheet_of_set(lk_image *out, lk_engine *engine, const lk_eval_set *set,
                       const lk_vectors *vectors, const bool *have, int32_t rows, int32_t nearest,
                       const struct sheet_source *source, lk_error *err) {
    size_t n = (size_t)set->count;
    *out = (lk_image){0};
    lk_status status = check_asked(set, vectors, rows, nearest, err);
    if (status != LK_OK) {
        return status;
    }
    struct choosing c = {.set = set,
                         .have = have,
                         .cosines = mem_alloc(n, sizeof *c.cosines),
                         .kinds = mem_alloc(n, sizeof *c.kinds)};
    int32_t *list = mem_alloc((size_t)question_count(set), sizeof *list);
    status = c.cosines && c.kinds && list ? copy_vectors(&c, vectors, err)
                                          : error_memory(err, n * sizeof *c.cosines);
    if (status == LK_OK) {
        int32_t count = list_questions(list, &c);
        status = count > 0 ? draw(out, engine, &c, list, count, rows, nearest, source, err)
                           : error_set(err, LK_E_USAGE, "no picture has a partner");
    }
    unit_vectors_release(&c.vectors);
    mem_free(c.cosines);
    mem_free(c.kinds);
    mem_free(list);
    return status;
}
