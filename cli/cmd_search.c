/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/clock.h"
#include "cli/index_place.h"
#include "cli/index_run.h"
#include "cli/search.h"
#include "cli/store_place.h"

#define AT(member) offsetof(struct search_settings, member)

static const char way_names[] = "both|whole|local|embedding|hash|wavelet"; /* as lk_search_by */

static const struct option search_options[] = {
    INDEX_OPTION(AT(index)),
    {"db", 0, OPTION_TEXT, "DIR", NULL, NULL,
     "search the originals of this store instead (likeness ref)", AT(db)},
    {"filter", 0, OPTION_LIST, "tag=NAME", NULL, NULL,
     "originals with this tag alone; may be given again", AT(filter)},
    {"most", 'k', OPTION_INT, "N", NULL, "k", "different pictures at most (10)", AT(most)},
    {"min-score", 0, OPTION_NUMBER, "F", NULL, NULL, "only those that score this or more, 0..1",
     AT(min_score)},
    {"by", 0, OPTION_CHOICE, "WAY", way_names, NULL,
     "both: keypoints where the index has them, and the embedding", AT(by)},
    {"exact", 0, OPTION_FLAG, NULL, NULL, NULL,
     "look at every embedding, also where a large index has them in cells", AT(exact)},
    {"explain", 0, OPTION_FLAG, NULL, NULL, NULL, "say of each what spoke for it", AT(explain)},
    MODEL_OPTIONS(struct search_settings, model),
    OPTION_END,
};

static void search_defaults(void *settings) {
    ((struct search_settings *)settings)->most = (int32_t)lk_search_options_default().most;
}

static void print_text(struct buf *b, const struct search_settings *s, const lk_search_hits *hits) {
    char words[LK_SEARCH_WORDS_MAX];
    for (size_t i = 0; i < hits->count; i++) {
        const lk_search_hit *h = &hits->items[i];
        buf_printf(b, "%.3f  ", h->score);
        add_path(b, &s->common, index_shown(h->path));
        buf_add_text(b, "\n");
        if (s->explain) {
            lk_search_hit_words(words, h);
            buf_printf(b, "       %s\n", words);
        }
    }
    if (hits->count == 0) {
        buf_printf(b, "nothing found among %lld pictures\n", (long long)hits->searched);
    }
}

static enum exit_code print_hits(const struct search_settings *s, const lk_search_hits *hits) {
    enum exit_code code = hits->count > 0 ? EXIT_YES : EXIT_NO;
    lk_bytes document;
    lk_error err = {0};
    struct buf b;
    if (!s->common.json) {
        buf_init(&b, 1 << 30);
        print_text(&b, s, hits);
        return print_result(&s->common, &b, code);
    }
    if (lk_report_search(&document, hits, (lk_search_by)s->by, s->explain, &err) != LK_OK) {
        return report_error(&s->common, &err);
    }
    code = write_result(&s->common, &document, code);
    lk_bytes_release(&document);
    return code;
}

/* The network that the index's embeddings are of, unless another is asked for, which the search then refuses. */
static lk_status open_model(lk_model **out, const struct search_settings *s, lk_collection *c,
                            lk_engine *engine, lk_error *err) {
    struct model_settings chosen = s->model;
    char name[64] = "";
    *out = NULL;
    lk_status status =
        index_without_model(&s->model) ? LK_OK : lk_collection_model(name, c, engine, err);
    if (status != LK_OK || !name[0]) {
        return status;
    }
    chosen.model = chosen.model ? chosen.model : name;
    return model_choose(out, engine, &chosen, LK_WANT_EMBEDDING, err);
}

static lk_status find(lk_search_hits *hits, const struct search_settings *s, lk_collection *c,
                      lk_engine *engine, lk_error *err) {
    const lk_search_options options = {.by = (lk_search_by)s->by,
                                       .most = (size_t)s->most,
                                       .min_score = s->min_score,
                                       .exact = s->exact};
    const lk_load_options load = {.max_side = 512, .no_digest = true};
    lk_image picture = {0};
    lk_image_info info;
    lk_model *model = NULL;
    *hits = (lk_search_hits){0};
    lk_status status = lk_image_load(&picture, &info, engine, s->common.args.items[0], &load, err);
    status = status == LK_OK ? open_model(&model, s, c, engine, err) : status;
    if (status == LK_OK) {
        status = lk_collection_search(hits, c, engine, model, &picture, &info, &options, err);
    }
    lk_image_release(&picture);
    lk_model_free(model);
    return status;
}

static enum exit_code search_run(void *settings, lk_engine *engine) {
    struct search_settings *s = settings;
    lk_search_hits hits;
    lk_error err = {0};
    if (s->db || s->filter.count > 0) {
        return search_store(s, engine);
    }
    lk_collection *collection = index_open(&s->common, s->index, LK_COLLECTION_READ);
    if (!collection) {
        return EXIT_TROUBLE;
    }
    double began = clock_s();
    lk_status status = find(&hits, s, collection, engine, &err);
    lk_collection_close(collection);
    if (status != LK_OK) {
        return report_error(&s->common, &err);
    }
    if (s->explain) {
        remark(&s->common, "%lld pictures searched, keypoints of %lld matched, %.0f ms",
               (long long)hits.searched, (long long)hits.confirmed, 1000 * (clock_s() - began));
    }
    enum exit_code code = print_hits(s, &hits);
    lk_search_hits_release(&hits);
    return code;
}

const struct command command_search = {
    .name = "search",
    .summary = "find what of an index is like a picture",
    .arguments = "IMAGE",
    .details =
        "Prints score and path, the most alike first. Where the index has keypoints (likeness "
        "index "
        "--keypoints), crops,\n"
        "details, turned and mirrored copies are found, with a score of 0.5 or more when their "
        "keypoints agree on one\n"
        "place; what only looks alike scores below. With --db it is the originals of a store that "
        "are searched, and their\n"
        "ids that are printed. The exit status is 1 when nothing is found.",
    .examples = "  likeness search crop.jpg\n"
                "  likeness search crop.jpg -k 3 --explain\n"
                "  likeness search photo.jpg --index photos.lki --by hash --min-score 0.8 --json\n"
                "  likeness search photo.jpg --db audit --filter tag=caps\n",
    .least_args = 1,
    .most_args = 1,
    .options = search_options,
    .settings_size = sizeof(struct search_settings),
    .defaults = search_defaults,
    .run = search_run,
};
