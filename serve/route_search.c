/* SPDX-License-Identifier: Apache-2.0 */
/* What is like a picture of the session: among the pictures of a collection, or the originals of the store. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "serve/finders.h"
#include "serve/job_files.h"

enum {
    SIDE = 512,       /* to which a picture is reduced to be searched, as the command does */
    HITS_MOST = 1000, /* different pictures of a collection that may be asked for */
    HITS_USUAL = 10
};

/* In the order of lk_search_by. */
static const char ways[] = "both whole local embedding hash wavelet";

static lk_search_by way_of(const char *text) {
    int32_t way = LK_SEARCH_BOTH;
    while (text && way < LK_SEARCH_WAVELET &&
           strcmp(lk_search_by_name((lk_search_by)way), text) != 0) {
        way++;
    }
    return (lk_search_by)way;
}

/* A picture, and how much is wanted of what is like it. */
struct asked {
    lk_image picture;
    lk_image_info info;
    int64_t most;
    double min_score;
    bool explain;
};

/* False with a problem as the answer. */
static bool read_asked(struct asked *a, struct request *r, struct bench *bench, int32_t side) {
    a->most = request_int(r, "k", HITS_USUAL);
    a->min_score = request_number(r, "min_score", 0);
    a->explain = request_flag(r, "explain");
    return session_picture(&a->picture, &a->info, r, bench, request_text(r, "image"), side);
}

/* -- A collection -- */

/* Files as "NAME/sub/a.jpg", as jobs tell them. */
static lk_status name_files(lk_search_hits *hits, const struct collection_place *place,
                            lk_error *err) {
    for (size_t i = 0; i < hits->count; i++) {
        char *named = path_replace(hits->items[i].path, place->folder, place->name);
        if (!named) {
            return error_memory(err, strlen(hits->items[i].path));
        }
        mem_free(hits->items[i].path);
        hits->items[i].path = named;
    }
    return LK_OK;
}

static lk_status search_index(lk_search_hits *hits, struct bench *b, lk_collection *index,
                              const struct asked *a, lk_search_by by, lk_error *err) {
    lk_model *model = NULL;
    lk_search_options o = lk_search_options_default();
    bool wants_model = by != LK_SEARCH_HASH && by != LK_SEARCH_WAVELET && by != LK_SEARCH_LOCAL;
    o.by = by;
    o.most = (size_t)a->most;
    o.min_score = a->min_score;
    lk_status status = wants_model ? finders_model(&model, b, index, err) : LK_OK;
    return status == LK_OK
               ? lk_collection_search(hits, index, b->engine, model, &a->picture, &a->info, &o, err)
               : status;
}

static void search_collection(struct request *r, struct bench *b,
                              const struct collection_place *place) {
    lk_collection *index;
    lk_search_hits hits = {0};
    lk_bytes document = {0};
    struct asked a;
    lk_error err = {0};
    lk_search_by by = way_of(request_text(r, "by"));
    if (finders_collection(&index, b, place, &err) != LK_OK) {
        answer_index_error(r, &err);
        return;
    }
    if (!index) {
        answer_problem(r, 409, "not-indexed", "the collection %.60s is not indexed yet",
                       place->name);
        return;
    }
    if (!read_asked(&a, r, b, SIDE)) {
        return;
    }
    lk_status status = finders_error(&err, search_index(&hits, b, index, &a, by, &err), place);
    lk_image_release(&a.picture);
    status = status == LK_OK ? name_files(&hits, place, &err) : status;
    status = status == LK_OK ? lk_report_search(&document, &hits, by, a.explain, &err) : status;
    if (status == LK_OK) {
        answer_bytes(r, 200, &document);
    } else {
        answer_index_error(r, &err);
    }
    lk_search_hits_release(&hits);
}

/* -- Originals -- */

static int best_first(const void *a, const void *b) {
    const lk_candidate *x = a, *y = b;
    return x->score != y->score ? (x->score > y->score ? -1 : 1) : strcmp(x->id, y->id);
}

/* Those of score 0 were candidates that nothing spoke for. */
static int32_t worth_telling(const lk_candidate *found, int32_t count, const struct asked *a) {
    int32_t kept = 0;
    while (kept < count && kept < a->most && found[kept].score > 0 &&
           found[kept].score >= a->min_score) {
        kept++;
    }
    return kept;
}

static lk_status find_originals(lk_candidate *found, int32_t *count, lk_contest *contest,
                                struct bench *b, const struct asked *a, lk_error *err) {
    const lk_photo photo = {&a->picture, &a->info, NULL};
    lk_status status =
        lk_contest_candidates(found, LK_CANDIDATES_MOST, count, contest, b->store, &photo, err);
    if (status == LK_OK && *count > 0) {
        qsort(found, (size_t)*count, sizeof *found, best_first);
    }
    return status;
}

static void search_originals(struct request *r, struct bench *b) {
    lk_candidate found[LK_CANDIDATES_MOST];
    lk_contest *contest;
    lk_bytes document = {0};
    struct asked a;
    int32_t count = 0;
    lk_error err = {0};
    if (!read_asked(&a, r, b, LK_VERIFY_PHOTO_SIDE)) {
        return;
    }
    lk_status status = finders_contest(&contest, b, &err);
    status = status == LK_OK ? find_originals(found, &count, contest, b, &a, &err) : status;
    lk_image_release(&a.picture);
    if (status == LK_OK) {
        const lk_candidates all = {found, worth_telling(found, count, &a),
                                   lk_contest_originals(contest), NULL};
        status = lk_report_candidates(&document, b->store, &all, a.explain, &err);
    }
    if (status == LK_OK) {
        answer_bytes(r, 200, &document);
    } else {
        answer_error(r, &err);
    }
}

static void post_search(struct request *r, struct bench *bench) {
    const char *collection = request_text(r, "collection"), *by = request_text(r, "by");
    const struct collection_place *place = collection ? collection_asked(r, collection) : NULL;
    if (place) {
        search_collection(r, bench, place);
    } else if (!collection && by && strcmp(by, "both") != 0) {
        answer_problem(r, 400, "bad-request",
                       "by belongs to a collection: originals are searched by all that is kept");
    } else if (!collection && request_int(r, "k", HITS_USUAL) > LK_CANDIDATES_MOST) {
        answer_problem(r, 400, "bad-request", "k: at most %d originals are found",
                       LK_CANDIDATES_MOST);
    } else if (!collection) {
        search_originals(r, bench);
    }
}

static const struct field search_fields[] = {
    {"image", "id or name of an uploaded picture, or reference:ID[@VERSION]", .kind = FIELD_TEXT,
     .required = true},
    {"collection", "whose pictures are searched; without it, the originals of the store",
     .kind = FIELD_TEXT, .least = 1, .most = LK_REFERENCE_ID_MAX},
    {"k", "different pictures at most; fewer of originals", .kind = FIELD_INT, .least = 1,
     .most = HITS_MOST},
    {"by", "what a collection is searched by", .kind = FIELD_TEXT, .words = ways},
    {"min_score", "only those that score this or more", .kind = FIELD_NUMBER, .most = 1},
    {"explain", "say of each what spoke for it", .kind = FIELD_BOOL},
    FIELD_END,
};

const struct route search_routes[] = {
    {.method = "POST",
     .path = "/api/v1/search",
     .summary = "what is like an uploaded picture, the most alike first; as likeness search --json",
     .body = BODY_JSON,
     .fields = search_fields,
     .computes = true,
     .handle = post_search,
     .schema = "search-1",
     .scope = SCOPE_COMPARE},
    ROUTE_END,
};
