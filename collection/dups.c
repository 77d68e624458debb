/* SPDX-License-Identifier: Apache-2.0 */
/* Groups of files that show the same picture. Pairs of copies link contents; in each set that is linked, the file to keep is
 * chosen, and the group is what was held against that very file and found to be a copy: nobody loses a file because a third one is
 * like both. What is left over is grouped again. */
#include <likeness/dups.h>

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/mem.h"
#include "collection/content_pairs.h"
#include "collection/dups_file.h"
#include "collection/dups_keep.h"
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
    struct pairs_try t;
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
        if (p->class > RELATION_SCENE || dups_counts(d->options, p)) {
            uint32_t a = set_of(d->sets, p->a), b = set_of(d->sets, p->b);
            d->sets[MAX(a, b)] = MIN(a, b);
        }
    }
    return LK_OK;
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
    if (!out->path) {
        return error_memory(err, strlen(e->path));
    }
    return d->options->no_thumbs ? LK_OK
                                 : dups_thumb(&out->thumb, d->collection, d->engine,
                                              d->finding->contents[e->item], err);
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
    *is_copy = p && dups_counts(d->options, p);
    if (!*is_copy) {
        return LK_OK;
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
    const char *reason = "";
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
                reason = dups_reason(d->options, kept, &m[i]);
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
    snprintf(g->reason, sizeof g->reason, "%s", reason);
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
    struct dups_set set = dups_set_of(d->options, &d->t, m, count);
    struct member *kept;
    lk_status status;
    while ((status = dups_keep(&kept, &set, err)) == LK_OK && kept) {
        lk_dups_group g = {0};
        status = gather(&g, d, m, count, kept, err);
        if (status == LK_OK && g.count > 1) {
            status = add_group(d, &g, err);
        }
        group_release(&g);
        if (status != LK_OK) {
            break;
        }
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

/* What is known, and what a search adds. */
static lk_status pairs_of(struct dupes *d, const struct pairs_progress *progress, lk_error *err) {
    d->t = (struct pairs_try){.collection = d->collection,
                              .finding = d->finding,
                              .engine = d->engine,
                              .pairs = &d->pairs};
    lk_status status = content_pairs_read(&d->pairs, d->collection, d->finding, err);
    status = status == LK_OK
                 ? content_facts_new(&d->t.facts, d->collection, d->finding, d->engine, err)
                 : status;
    status = status == LK_OK ? content_pairs_search(&d->t, progress, err) : status;
    d->t.keep_none = true; /* so that the next run need not ask again */
    return status;
}

lk_status lk_collection_dups(lk_dups *out, lk_collection *collection, lk_engine *engine,
                             const char *const *paths, size_t count, const lk_dups_options *options,
                             lk_error *err) {
    struct dupes d = {.collection = collection, .engine = engine, .options = options, .out = out};
    const struct pairs_progress progress = {options->step, options->arg};
    *out = (lk_dups){0};
    lk_status status =
        finding_of(&d.finding, collection, engine, FINDING_CELLS | FINDING_SOUND, err);
    status = status == LK_OK ? pairs_of(&d, &progress, err) : status;
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
    content_facts_free(d.t.facts);
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
