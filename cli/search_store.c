/* SPDX-License-Identifier: Apache-2.0 */
/* `likeness search --db`: the originals of a store that are like a picture, by the search that verify --identify asks. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/progress.h"
#include "cli/search.h"
#include "cli/store_place.h"
#include "cli/verifier.h"

static const char tag_is[] = "tag=";

struct searching {
    const struct search_settings *s;
    lk_store *store;
    struct ids { /* of the originals that have all tags, in byte order */
        char (*ids)[LK_REFERENCE_ID_MAX + 1];
        size_t count, room;
        bool full; /* no memory for more */
    } wanted;
    int64_t searched;
    lk_candidate found[LK_CANDIDATES_MOST];
    int32_t count;
    struct progress bar;
    bool begun;
};

/* -- Tags -- */

static bool has_tag(const lk_reference *r, const char *tag) {
    bool has = false;
    for (size_t i = 0; i < r->tag_count && !has; i++) {
        has = strcmp(r->tags[i], tag) == 0;
    }
    return has;
}

static bool note_wanted(void *arg, const lk_reference *r) {
    struct searching *g = arg;
    struct ids *w = &g->wanted;
    bool all = true;
    for (size_t i = 0; i < g->s->filter.count && all; i++) {
        all = has_tag(r, g->s->filter.items[i] + strlen(tag_is));
    }
    if (all && w->count == w->room) {
        size_t room = w->room > 0 ? 2 * w->room : 64;
        void *grown = mem_realloc(w->ids, room, sizeof *w->ids);
        w->full = !grown;
        if (w->full) {
            return false;
        }
        w->ids = grown;
        w->room = room;
    }
    if (all) {
        memcpy(w->ids[w->count++], r->id, sizeof *w->ids);
    }
    return true;
}

static int by_id(const void *key, const void *element) {
    return strcmp(key, element);
}

/* The list may be younger than what is searched: what it does not have is not wanted. */
static bool is_wanted(void *arg, const char *id, int32_t version) {
    const struct ids *w = arg;
    (void)version;
    return w->count > 0 && bsearch(id, w->ids, w->count, sizeof *w->ids, by_id);
}

/* -- Searching -- */

static void step(void *arg, int64_t done, int64_t total, const char *name) {
    struct searching *g = arg;
    (void)done;
    if (!g->begun) {
        progress_begin(&g->bar, &g->s->common, (size_t)total);
        g->begun = true;
    }
    progress_step(&g->bar, name);
}

static int best_first(const void *a, const void *b) {
    const lk_candidate *x = a, *y = b;
    return x->score != y->score ? (x->score > y->score ? -1 : 1) : strcmp(x->id, y->id);
}

static lk_status ask(struct searching *g, const lk_finder *finder, lk_engine *engine,
                     lk_model *model, const lk_image *picture, lk_error *err) {
    const lk_candidate_filter filter = {is_wanted, &g->wanted};
    bool filters = g->s->filter.count > 0;
    lk_features *features = NULL;
    lk_hash mark;
    lk_status status = lk_features_make(&features, engine, model, picture, LK_PICTURE_PHOTO, err);
    status = status == LK_OK ? lk_verification_mark(&mark, engine, picture, err) : status;
    if (status == LK_OK) {
        status = lk_identify_among(g->found, LK_CANDIDATES_MOST, &g->count, finder, g->store,
                                   engine, features, &mark, filters ? &filter : NULL, err);
    }
    lk_features_free(features);
    g->searched = filters ? (int64_t)g->wanted.count : lk_finder_count(finder);
    if (g->count > 0) {
        qsort(g->found, (size_t)g->count, sizeof *g->found, best_first);
    }
    return status;
}

/* Those of score 0 were candidates that nothing spoke for. */
static void cut(struct searching *g) {
    int32_t kept = 0;
    while (kept < g->count && kept < g->s->most && g->found[kept].score > 0 &&
           g->found[kept].score >= g->s->min_score) {
        kept++;
    }
    g->count = kept;
}

static lk_status find(struct searching *g, lk_engine *engine, lk_error *err) {
    const lk_reference_query query = {
        .tag = g->s->filter.count > 0 ? g->s->filter.items[0] + strlen(tag_is) : NULL};
    const lk_progress progress = {step, g};
    lk_image picture = {0};
    lk_image_info info;
    lk_model *model = NULL;
    lk_finder *finder = NULL;
    lk_status status =
        lk_image_load(&picture, &info, engine, g->s->common.args.items[0], &photo_size, err);
    status =
        status == LK_OK ? model_for_measures(&model, engine, &g->s->model, "latent", err) : status;
    status =
        status == LK_OK ? lk_finder_open(&finder, g->store, engine, model, &progress, err) : status;
    if (g->begun) {
        progress_end(&g->bar);
    }
    if (status == LK_OK && query.tag) {
        status = lk_reference_list(g->store, &query, note_wanted, g, err);
    }
    if (g->wanted.full) {
        status = LK_E_MEMORY;
        *err = (lk_error){.status = status, .text = "out of memory"};
    }
    status = status == LK_OK ? ask(g, finder, engine, model, &picture, err) : status;
    cut(g);
    lk_finder_close(finder);
    lk_model_free(model);
    lk_image_release(&picture);
    return status;
}

/* -- Printing -- */

static enum exit_code print_json(struct searching *g, enum exit_code code) {
    const lk_candidates found = {g->found, g->count, g->searched, lk_store_folder(g->store)};
    const struct common *common = &g->s->common;
    lk_bytes document;
    lk_error err = {0};
    if (lk_report_candidates(&document, g->store, &found, g->s->explain, &err) != LK_OK) {
        return report_error(common, &err);
    }
    code = write_result(common, &document, code);
    lk_bytes_release(&document);
    return code;
}

static void hit_text(struct buf *b, const struct search_settings *s, const lk_candidate *c,
                     const lk_reference *r) {
    char words[LK_SEARCH_WORDS_MAX];
    buf_printf(b, "%.3f  %s@%d", c->score, c->id, c->version);
    if (r->name && strcmp(r->name, c->id) != 0) {
        buf_add_text(b, "  ");
        add_path(b, &s->common, r->name);
    }
    buf_add_text(b, "\n");
    if (s->explain) {
        lk_candidate_words(words, c);
        buf_printf(b, "       %s\n", words);
    }
}

static enum exit_code print_text(struct searching *g, enum exit_code code) {
    const struct common *common = &g->s->common;
    lk_status status = LK_OK;
    lk_error err = {0};
    struct buf b;
    buf_init(&b, 1 << 24);
    for (int32_t i = 0; status == LK_OK && i < g->count; i++) {
        lk_reference r;
        status = lk_reference_get(&r, g->store, g->found[i].id, g->found[i].version, &err);
        if (status == LK_OK) {
            hit_text(&b, g->s, &g->found[i], &r);
            lk_reference_release(&r);
        }
    }
    if (status != LK_OK) {
        buf_release(&b);
        return report_error(common, &err);
    }
    if (g->count == 0) {
        buf_printf(&b, "nothing found among %lld originals\n", (long long)g->searched);
    }
    return print_result(common, &b, code);
}

static enum exit_code print(struct searching *g) {
    enum exit_code code = g->count > 0 ? EXIT_YES : EXIT_NO;
    return g->s->common.json ? print_json(g, code) : print_text(g, code);
}

static const char *mistake(const struct search_settings *s) {
    if (s->index) {
        return "--index and --db are two places to search: say one (--filter belongs to --db)";
    }
    if (s->by != LK_SEARCH_BOTH || s->exact) {
        return "--by and --exact belong to an index: originals are searched by all that is kept";
    }
    if (s->most < 1 || s->most > LK_CANDIDATES_MOST) {
        return "1 to 49 originals can be asked for";
    }
    for (size_t i = 0; i < s->filter.count; i++) {
        const char *f = s->filter.items[i];
        if (strncmp(f, tag_is, strlen(tag_is)) != 0 || !f[strlen(tag_is)]) {
            return "--filter takes tag=NAME";
        }
    }
    return NULL;
}

enum exit_code search_store(const struct search_settings *s, lk_engine *engine) {
    struct searching g = {.s = s};
    lk_error err = {0};
    const char *wrong = mistake(s);
    if (wrong) {
        return report_usage(&s->common, &command_search, wrong);
    }
    g.store = store_open_kept(&s->common, s->db, LK_STORE_WRITE);
    if (!g.store) {
        return EXIT_TROUBLE;
    }
    enum exit_code code =
        find(&g, engine, &err) == LK_OK ? print(&g) : report_error(&s->common, &err);
    mem_free(g.wanted.ids);
    lk_store_close(g.store);
    return code;
}
