/* SPDX-License-Identifier: Apache-2.0 */
/* Groups of files that show the same picture. Pairs of copies link contents; in each set that is linked, the file to keep is
 * chosen, and the group is what was held against that very file and found to be a copy: nobody loses a file because a third one is
 * like both. What is left over is grouped again. */
#include <likeness/dups.h>

#include <fnmatch.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/mem.h"
#include "collection/content_pairs.h"
#include "collection/dups_file.h"
#include "collection/dups_words.h"

lk_dups_options lk_dups_options_default(void) {
    return (lk_dups_options){.kinds = (1U << LK_DUPS_SCENE) - 1, .min_score = 0.5};
}

struct dupes {
    lk_collection *collection;
    lk_engine *engine;
    const lk_dups_options *options;
    struct finding *finding;
    struct pairs pairs;
    struct dups_files files; /* by item, then path */
    uint32_t *sets;          /* of each item: union and find */
    lk_dups *out;
    size_t room;
};

/* -- Sets of linked items -- */

static uint32_t set_of(uint32_t *sets, uint32_t item) {
    while (sets[item] != item) {
        sets[item] = sets[sets[item]];
        item = sets[item];
    }
    return item;
}

static bool counts(const struct dupes *d, const struct pair *p) {
    return (d->options->kinds & (1U << dups_kind(p->class))) != 0 &&
           (double)p->score >= d->options->min_score;
}

static lk_status link_items(struct dupes *d, lk_error *err) {
    d->sets = mem_alloc(d->finding->count, sizeof *d->sets);
    if (!d->sets) {
        return error_memory(err, d->finding->count * sizeof *d->sets);
    }
    for (uint32_t i = 0; i < d->finding->count; i++) {
        d->sets[i] = i;
    }
    for (size_t i = 0; i < d->pairs.count; i++) {
        const struct pair *p = &d->pairs.items[i];
        if (counts(d, p)) {
            uint32_t a = set_of(d->sets, p->a), b = set_of(d->sets, p->b);
            d->sets[MAX(a, b)] = MIN(a, b);
        }
    }
    return LK_OK;
}

/* -- Which to keep -- */

struct member {
    struct dups_entry *file;
    bool is_wanted;   /* by keep_glob */
    bool is_central;  /* hardly any other that is left is a direct copy of more of them */
    bool is_part;     /* of another that is left */
    bool is_bordered; /* another that is left is the same without a border */
    bool taken;
};

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
                         bytes = {by_bytes, "it is the largest file"},
                         age = {by_age, "it is the oldest"}, youth = {by_youth, "it is the newest"},
                         metadata = {by_metadata, "it has most metadata"},
                         name = {by_name, "of equal ones, its path is the shortest"};

enum { RULES_MOST = 10 };

/* For each --keep, what is asked in turn. */
static const struct rule *const orders[][RULES_MOST] = {
    [LK_KEEP_BEST] = {&protection, &place, &border, &wholeness, &pixels, &bytes, &age, &name},
    [LK_KEEP_LARGEST] = {&protection, &bytes, &place, &border, &wholeness, &pixels, &age, &name},
    [LK_KEEP_OLDEST] = {&protection, &age, &place, &border, &wholeness, &pixels, &bytes, &name},
    [LK_KEEP_NEWEST] = {&protection, &youth, &place, &border, &wholeness, &pixels, &bytes, &name},
    [LK_KEEP_PATH] = {&protection, &wish, &place, &border, &wholeness, &pixels, &bytes, &age,
                      &name},
    [LK_KEEP_METADATA] = {&protection, &metadata, &place, &border, &wholeness, &pixels, &bytes,
                          &age, &name},
};

/* The rule that tells x from y, and which it prefers. */
static int ask(const struct rule **by, const struct dupes *d, const struct member *x,
               const struct member *y) {
    const struct rule *const *order = orders[d->options->keep];
    int preferred = 0;
    for (int i = 0; i < RULES_MOST && order[i] && preferred == 0; i++) {
        preferred = order[i]->prefer(x, y);
        *by = order[i];
    }
    return preferred;
}

/* The pair of two members, if it counts. */
static const struct pair *pair_of(const struct dupes *d, const struct member *x,
                                  const struct member *y) {
    const struct pair *p = content_pairs_at(&d->pairs, x->file->item, y->file->item);
    return p && counts(d, p) ? p : NULL;
}

/* Whether y shows all of x and more. With a border added that is x's merit, not y's. */
static void hold_against(struct member *x, struct member *y, const struct pair *p) {
    bool whole = p->part == (p->b == x->file->item ? 1 : -1);
    if (whole && (p->also & (1U << RELATION_BORDER))) {
        y->is_bordered = true;
    } else if (whole) {
        x->is_part = true;
    }
}

/* What the rules ask of those that are left. */
static void look_round(const struct dupes *d, struct member *m, size_t count) {
    enum { LINKED_MOST = 1000 }; /* files of one set; beyond, all are as central */
    size_t links[LINKED_MOST], most = 0;
    bool linked = count <= LINKED_MOST;
    for (size_t i = 0; i < count; i++) {
        m[i].is_part = m[i].is_bordered = false;
        m[i].is_central = true;
    }
    for (size_t i = 0; linked && i < count; i++) {
        links[i] = 0;
        for (size_t k = 0; k < count && !m[i].taken; k++) {
            const struct pair *p = k == i || m[k].taken ? NULL : pair_of(d, &m[i], &m[k]);
            if (p) {
                hold_against(&m[i], &m[k], p);
            }
            links[i] += p || (!m[k].taken && m[k].file->item == m[i].file->item);
        }
        most = MAX(most, links[i]);
    }
    for (size_t i = 0; linked && i < count; i++) {
        m[i].is_central = 10 * links[i] >= 9 * most;
    }
}

static struct member *choose(const struct dupes *d, struct member *m, size_t count) {
    struct member *best = NULL;
    const struct rule *by;
    look_round(d, m, count);
    for (size_t i = 0; i < count; i++) {
        if (!m[i].taken) {
            best = !best || ask(&by, d, &m[i], best) < 0 ? &m[i] : best;
        }
    }
    return best;
}

/* -- Groups -- */

static lk_status file_of(lk_dups_file *out, const struct dupes *d, const struct dups_entry *e,
                         lk_error *err) {
    *out = (lk_dups_file){.bytes = e->bytes,
                          .modified_ns = e->modified_ns,
                          .width = e->width,
                          .height = e->height,
                          .is_protected = e->is_protected,
                          .kind = LK_DUPS_EXACT,
                          .class_name = "file",
                          .score = 1};
    memcpy(out->format, e->format, sizeof out->format);
    memcpy(out->sha256, e->sha256, sizeof out->sha256);
    snprintf(out->words, sizeof out->words, "the same bytes");
    out->path = mem_strdup(e->path);
    return out->path ? dups_thumb(&out->thumb, d->collection, d->engine,
                                  d->finding->contents[e->item], err)
                     : error_memory(err, strlen(e->path));
}

/* What the member is to the file that is kept: *is_copy is false when it is none. */
static lk_status relate(lk_dups_file *out, bool *is_copy, struct dupes *d,
                        const struct dups_entry *kept, const struct dups_entry *e, lk_error *err) {
    if (kept->item == e->item) {
        *is_copy = (d->options->kinds & (1U << LK_DUPS_EXACT)) != 0;
        return LK_OK;
    }
    const struct pair *p = content_pairs_at(&d->pairs, kept->item, e->item);
    lk_status status = LK_OK;
    if (!p) {
        status = content_pairs_try(&d->pairs, d->collection, d->finding, d->engine, kept->item,
                                   e->item, err);
        p = status == LK_OK ? content_pairs_at(&d->pairs, kept->item, e->item) : NULL;
    }
    *is_copy = status == LK_OK && p && counts(d, p);
    if (!*is_copy) {
        return status;
    }
    out->kind = dups_kind(p->class);
    out->class_name = relation_row((enum relation_class)p->class)->name;
    out->score = (double)p->score;
    dups_words(out->words, sizeof out->words, p, p->a == e->item);
    bool same = false;
    if (p->class == RELATION_RESIZED && kept->width == e->width && kept->height == e->height) {
        status = dups_same_pixels(&same, d->collection, d->engine, kept, e, err);
    }
    if (same) {
        out->kind = LK_DUPS_EXACT;
        out->class_name = "pixels";
        out->score = 1;
        snprintf(out->words, sizeof out->words, "the same pixels in another file");
        *is_copy = (d->options->kinds & (1U << LK_DUPS_EXACT)) != 0;
    }
    return status;
}

static void group_release(lk_dups_group *g) {
    for (size_t i = 0; i < g->count; i++) {
        mem_free(g->files[i].path);
        lk_bytes_release(&g->files[i].thumb);
    }
    mem_free(g->files);
    *g = (lk_dups_group){0};
}

/* The kept file, then its copies among those that are left, which are taken. */
static lk_status gather(lk_dups_group *g, struct dupes *d, struct member *m, size_t count,
                        struct member *kept, lk_error *err) {
    const struct rule *by = &name;
    g->files = mem_calloc(count, sizeof *g->files);
    if (!g->files) {
        return error_memory(err, count * sizeof *g->files);
    }
    kept->taken = true;
    lk_status status = file_of(&g->files[g->count++], d, kept->file, err);
    for (size_t i = 0; status == LK_OK && i < count; i++) {
        bool is_copy = false;
        lk_dups_file related = {0};
        if (m[i].taken) {
            continue;
        }
        status = relate(&related, &is_copy, d, kept->file, m[i].file, err);
        if (status == LK_OK && is_copy) {
            lk_dups_file *f = &g->files[g->count++];
            m[i].taken = true;
            if (g->count == 2) {
                (void)ask(&by, d, kept, &m[i]);
            }
            status = file_of(f, d, m[i].file, err);
            if (m[i].file->item != kept->file->item) {
                f->kind = related.kind;
                f->class_name = related.class_name;
                f->score = related.score;
                memcpy(f->words, related.words, sizeof f->words);
            }
            g->kind = MAX(g->kind, f->kind);
        }
    }
    snprintf(g->reason, sizeof g->reason, "%s", by->words);
    return status;
}

static lk_status add_group(struct dupes *d, lk_dups_group *g, lk_error *err) {
    if (d->out->count == d->room) {
        size_t room = 2 * d->room + 16;
        lk_dups_group *grown = mem_realloc(d->out->groups, room, sizeof *grown);
        if (!grown) {
            return error_memory(err, room * sizeof *grown);
        }
        d->out->groups = grown;
        d->room = room;
    }
    d->out->groups[d->out->count++] = *g;
    for (size_t i = 1; i < g->count; i++) {
        d->out->removable_files += !g->files[i].is_protected;
        d->out->removable_bytes += g->files[i].is_protected ? 0 : g->files[i].bytes;
    }
    *g = (lk_dups_group){0};
    return LK_OK;
}

static lk_status group_set(struct dupes *d, struct member *m, size_t count, lk_error *err) {
    lk_status status = engine_check_stop(d->engine, err);
    struct member *kept;
    while (status == LK_OK && (kept = choose(d, m, count))) {
        lk_dups_group g = {0};
        status = gather(&g, d, m, count, kept, err);
        if (status == LK_OK && g.count > 1) {
            status = add_group(d, &g, err);
        }
        group_release(&g);
    }
    return status;
}

struct placed {
    uint32_t set;
    size_t file;
};

static int by_set(const void *x, const void *y) {
    const struct placed *a = x, *b = y;
    return a->set != b->set ? (a->set > b->set) - (a->set < b->set)
                            : (a->file > b->file) - (a->file < b->file);
}

static lk_status group_all(struct dupes *d, lk_error *err) {
    size_t count = d->files.count;
    struct placed *placed = mem_alloc(count, sizeof *placed);
    struct member *m = mem_alloc(count, sizeof *m);
    lk_status status = placed && m ? LK_OK : error_memory(err, count * sizeof *m);
    for (size_t i = 0; status == LK_OK && i < count; i++) {
        placed[i] = (struct placed){set_of(d->sets, d->files.items[i].item), i};
    }
    if (status == LK_OK) {
        qsort(placed, count, sizeof *placed, by_set);
    }
    for (size_t from = 0, to; status == LK_OK && from < count; from = to) {
        for (to = from; to < count && placed[to].set == placed[from].set; to++) {
            struct dups_entry *e = &d->files.items[placed[to].file];
            const char *glob = d->options->keep_glob;
            m[to - from] =
                (struct member){.file = e, .is_wanted = glob && fnmatch(glob, e->path, 0) == 0};
        }
        if (to - from > 1) {
            status = group_set(d, m, to - from, err);
        }
    }
    mem_free(placed);
    mem_free(m);
    return status;
}

static int64_t to_be_had(const lk_dups_group *g) {
    int64_t bytes_had = 0;
    for (size_t i = 1; i < g->count; i++) {
        bytes_had += g->files[i].is_protected ? 0 : g->files[i].bytes;
    }
    return bytes_had;
}

static int most_first(const void *x, const void *y) {
    const lk_dups_group *a = x, *b = y;
    int64_t p = to_be_had(a), q = to_be_had(b);
    return p != q ? (p < q) - (p > q) : strcmp(a->files[0].path, b->files[0].path);
}

lk_status lk_collection_dups(lk_dups *out, lk_collection *collection, lk_engine *engine,
                             const char *const *paths, size_t count, const lk_dups_options *options,
                             lk_error *err) {
    struct dupes d = {.collection = collection, .engine = engine, .options = options, .out = out};
    const struct pairs_progress progress = {options->step, options->arg};
    *out = (lk_dups){0};
    lk_status status =
        finding_of(&d.finding, collection, engine, FINDING_CELLS | FINDING_SOUND, err);
    if (status == LK_OK) {
        status = content_pairs_find(&d.pairs, collection, d.finding, engine, &progress, err);
    }
    status = status == LK_OK
                 ? dups_files_read(&d.files, collection, d.finding, paths, count, options, err)
                 : status;
    status = status == LK_OK ? link_items(&d, err) : status;
    status = status == LK_OK ? group_all(&d, err) : status;
    if (status == LK_OK) {
        out->files = (int64_t)d.files.count;
        out->pictures = d.files.pictures;
        out->candidates = d.pairs.tried;
        if (out->count > 0) {
            qsort(out->groups, out->count, sizeof *out->groups, most_first);
        }
    } else {
        lk_dups_release(out);
    }
    content_pairs_release(&d.pairs);
    dups_files_release(&d.files);
    mem_free(d.sets);
    return status;
}

void lk_dups_release(lk_dups *dups) {
    for (size_t i = 0; i < dups->count; i++) {
        group_release(&dups->groups[i]);
    }
    mem_free(dups->groups);
    *dups = (lk_dups){0};
}
