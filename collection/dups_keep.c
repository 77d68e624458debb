/* SPDX-License-Identifier: Apache-2.0 */
/* The file to keep is the one that most of the others are direct copies of (or the one that is asked for); of several such, the
 * one without a border, whole, with most pixels, and so on: orders[] has the rules.
 *
 * Which that is, is found by trying: the best by what is known is held against all others, what that shows of borders and parts
 * is taken in, and the next best is tried until one has nearly all of them. So a set of n copies takes a few times n pairs to be
 * held against each other, not all n (n - 1) / 2. */
#include "collection/dups_keep.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "collection/dups_words.h"

enum {
    MOST_TRIED = 8, /* where none has all: the best of them is kept */
    KNOWN_LOOKED =
        64, /* files of a set in which all pairs that are known are looked at; of more, those of what was tried */
    TESTS_A_FILE = 64,
    TESTS_LEAST = 1000,
};

struct dups_set dups_set_of(const lk_dups_options *options, struct pairs_try *t,
                            struct member *members, size_t count) {
    return (struct dups_set){.options = options,
                             .t = t,
                             .members = members,
                             .count = count,
                             .tests = TESTS_A_FILE * count + TESTS_LEAST};
}

bool dups_counts(const lk_dups_options *options, const struct pair *p) {
    return p->class != RELATION_NONE && (options->kinds & (1U << dups_kind(p->class))) != 0 &&
           (double)p->score >= options->min_score;
}

/* -- Rules -- */

/* A rule: negative when x is to be kept rather than y, 0 when it does not tell. The words say why x was kept then. */
struct rule {
    int (*prefer)(const struct member *x, const struct member *y);
    const char *words;
};

static int more(int64_t x, int64_t y) {
    return (x < y) - (x > y);
}
static int by_protection(const struct member *x, const struct member *y) {
    return more(x->file->is_protected, y->file->is_protected);
}
static int by_wish(const struct member *x, const struct member *y) {
    return more(x->is_wanted, y->is_wanted);
}
static int by_place(const struct member *x, const struct member *y) {
    return more(x->is_central, y->is_central);
}
static int by_border(const struct member *x, const struct member *y) {
    return more(y->is_bordered, x->is_bordered);
}
static int by_wholeness(const struct member *x, const struct member *y) {
    return more(y->is_part, x->is_part);
}
static int by_pixels(const struct member *x, const struct member *y) {
    return more((int64_t)x->file->width * x->file->height,
                (int64_t)y->file->width * y->file->height);
}
static int by_links(const struct member *x, const struct member *y) {
    return x->is_complete && y->is_complete ? more((int64_t)x->links, (int64_t)y->links) : 0;
}
static int by_edits(const struct member *x, const struct member *y) {
    return more(x->is_near, y->is_near);
}
static int by_bytes(const struct member *x, const struct member *y) {
    return more(x->file->bytes, y->file->bytes);
}
static int by_age(const struct member *x, const struct member *y) {
    return more(y->file->modified_ns, x->file->modified_ns);
}
static int by_youth(const struct member *x, const struct member *y) {
    return -by_age(x, y);
}
static int by_metadata(const struct member *x, const struct member *y) {
    return more(x->file->metadata, y->file->metadata);
}
static int by_name(const struct member *x, const struct member *y) {
    size_t a = strlen(x->file->path), b = strlen(y->file->path);
    return a != b ? (a > b) - (a < b) : strcmp(x->file->path, y->file->path);
}

static const struct rule protection = {by_protection, "it is protected"},
                         wish = {by_wish, "its path is the one wanted"},
                         place = {by_place, "most of the others are copies of it"},
                         border = {by_border, "it has no border"},
                         wholeness = {by_wholeness, "the others are parts of it"},
                         pixels = {by_pixels, "it has most pixels"},
                         links = {by_links, "most of the others are copies of it"},
                         edits = {by_edits, "least was done from it to the others"},
                         bytes = {by_bytes, "it is the largest file"},
                         age = {by_age, "it is the oldest"}, youth = {by_youth, "it is the newest"},
                         metadata = {by_metadata, "it has most metadata"},
                         name = {by_name, "of equal ones, its path is the shortest"};

enum { RULES_MOST = 12 };

/* For each --keep, what is asked in turn. */
static const struct rule *const orders[][RULES_MOST] = {
    [LK_KEEP_BEST] = {&protection, &place, &border, &wholeness, &pixels, &links, &edits, &bytes,
                      &age, &name},
    [LK_KEEP_LARGEST] = {&protection, &bytes, &place, &border, &wholeness, &pixels, &links, &edits,
                         &age, &name},
    [LK_KEEP_OLDEST] = {&protection, &age, &place, &border, &wholeness, &pixels, &links, &edits,
                        &bytes, &name},
    [LK_KEEP_NEWEST] = {&protection, &youth, &place, &border, &wholeness, &pixels, &links, &edits,
                        &bytes, &name},
    [LK_KEEP_PATH] = {&protection, &wish, &place, &border, &wholeness, &pixels, &links, &edits,
                      &bytes, &age, &name},
    [LK_KEEP_METADATA] = {&protection, &metadata, &place, &border, &wholeness, &pixels, &links,
                          &edits, &bytes, &age, &name},
};

/* The rule that tells x from y, and which it prefers. */
static int ask(const struct rule **by, const lk_dups_options *options, const struct member *x,
               const struct member *y) {
    const struct rule *const *order = orders[options->keep];
    int preferred = 0;
    for (int i = 0; i < RULES_MOST && order[i] && preferred == 0; i++) {
        preferred = order[i]->prefer(x, y);
        *by = order[i];
    }
    return preferred;
}

const char *dups_reason(const lk_dups_options *options, const struct member *x,
                        const struct member *y) {
    const struct rule *by = &name;
    (void)ask(&by, options, x, y);
    return by->words;
}

/* -- What the rules ask -- */

static const double shows_all = 0.97; /* share of a picture that counts as all of it: relation.c */

static const double near_edits = 1.1;

/* What a pair says of x. */
static void look_at(struct member *x, const struct pair *p) {
    bool is_a = p->a == x->file->item;
    float covers = is_a ? p->covers_a : p->covers_b, of_other = is_a ? p->covers_b : p->covers_a;
    bool cropped = p->also & (1U << RELATION_CROPPED);
    x->known++;
    x->edits += (size_t)__builtin_popcount(p->also >> (RELATION_RESIZED + 1));
    if (p->part == (is_a ? -1 : 1)) {
        x->is_part = true;
    } else if (!cropped && (double)of_other >= shows_all && (double)covers < shows_all) {
        x->is_bordered = true; /* or turned, with corners that were filled */
    }
}

/* The pair of two members, if it counts. */
static const struct pair *pair_of(const struct dups_set *s, const struct member *x,
                                  const struct member *y) {
    const struct pair *p = content_pairs_at(s->t->pairs, x->file->item, y->file->item);
    return p && dups_counts(s->options, p) ? p : NULL;
}

static void look_from(const struct dups_set *s, struct member *x) {
    x->links = 0;
    for (size_t i = 0; i < s->count; i++) {
        struct member *y = &s->members[i];
        if (y == x || y->taken) {
            continue;
        }
        const struct pair *p = pair_of(s, x, y);
        if (p) {
            look_at(x, p);
            look_at(y, p);
        }
        x->links += p || y->file->item == x->file->item;
    }
}

static double edits_of(const struct member *m) {
    return m->known > 0 ? (double)m->edits / (double)m->known : 0;
}

/* Central, and near. */
static void compare_members(const struct dups_set *s) {
    size_t most = 0;
    double least = INFINITY;
    for (size_t i = 0; i < s->count; i++) {
        const struct member *m = &s->members[i];
        most = !m->taken && m->is_complete ? MAX(most, m->links) : most;
        least = !m->taken ? fmin(least, edits_of(m)) : least;
    }
    for (size_t i = 0; i < s->count; i++) {
        struct member *m = &s->members[i];
        m->is_central = !m->is_complete || 10 * m->links >= 9 * most;
        m->is_near = edits_of(m) <= near_edits * least;
    }
}

/* Returns how many are left. */
static size_t look_round(const struct dups_set *s) {
    size_t left = 0;
    for (size_t i = 0; i < s->count; i++) {
        struct member *m = &s->members[i];
        m->is_part = m->is_bordered = false;
        m->known = m->edits = 0;
    }
    for (size_t i = 0; i < s->count; i++) {
        struct member *m = &s->members[i];
        if (!m->taken && (m->is_complete || s->count <= KNOWN_LOOKED)) {
            look_from(s, m);
        }
        left += !m->taken;
    }
    compare_members(s);
    return left;
}

/* -- Trying -- */

/* Holds m against all that are left and were not held against it. */
static lk_status complete(struct dups_set *s, struct member *m, lk_error *err) {
    struct pair *pairs = mem_alloc(s->count, sizeof *pairs);
    size_t count = 0;
    uint32_t item = m->file->item;
    if (!pairs) {
        return error_memory(err, s->count * sizeof *pairs);
    }
    for (size_t i = 0; i < s->count && count < s->tests; i++) {
        const struct member *o = &s->members[i];
        uint32_t a = MIN(item, o->file->item), b = MAX(item, o->file->item);
        bool again = count > 0 && pairs[count - 1].a == a && pairs[count - 1].b == b;
        if (!o->taken && a != b && !again && !content_pairs_at(s->t->pairs, a, b)) {
            pairs[count++] = (struct pair){.a = a, .b = b};
        }
    }
    s->tests -= count;
    m->is_complete = true;
    lk_status status = content_pairs_try(s->t, pairs, count, err);
    mem_free(pairs);
    return status;
}

static struct member *best_of(const struct dups_set *s, bool is_complete) {
    struct member *best = NULL;
    const struct rule *by;
    for (size_t i = 0; i < s->count; i++) {
        struct member *m = &s->members[i];
        if (!m->taken && m->is_complete == is_complete &&
            (!best || ask(&by, s->options, m, best) < 0)) {
            best = m;
        }
    }
    return best;
}

lk_status dups_keep(struct member **kept, struct dups_set *s, lk_error *err) {
    lk_status status = LK_OK;
    *kept = NULL;
    for (int32_t tried = 0; status == LK_OK && !*kept; tried++) {
        size_t left = look_round(s);
        struct member *best = best_of(s, true), *next = best_of(s, false);
        const struct rule *by;
        if (left == 0) {
            return LK_OK;
        }
        bool all =
            best && best->links == left - 1 && (!next || ask(&by, s->options, best, next) < 0);
        if (best && (all || !next || tried >= MOST_TRIED)) {
            *kept = best;
        } else {
            status = complete(s, next, err);
        }
    }
    return status;
}
