/* SPDX-License-Identifier: Apache-2.0 */
/* Finding what of a collection is like a picture: candidates by each way that was asked for, and where keypoints were, those whose
 * keypoints agree on one place. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/mem.h"
#include "collection/finding.h"
#include "feature/search_score.h"
#include "feature/sift_geometry.h"
#include "feature/sift_mirror.h"

enum {
    MOST_TOGETHER = 100000, /* that may be asked for */
    VOTED = 40,             /* candidates by keypoints, as it is and mirrored each */
    WHOLE = 30,             /* by embedding that are asked for their keypoints */
    HASH_CHANCE = 128,      /* bits that differ by chance */
};

struct search {
    lk_collection *collection;
    lk_engine *engine;
    const lk_search_options *options;
    struct finding *finding;
    struct facts query;
    struct sift_points mirrored;
    struct found {
        uint32_t item;
        lk_search_hit hit; /* without path, sha256 and size */
    } * found;
    size_t count, room;
    uint32_t *places; /* of each item in found, from 1; 0: not yet */
    int64_t confirmed;
};

const char *lk_search_by_name(lk_search_by by) {
    static const char *const names[] = {"both", "whole", "local", "embedding", "hash", "wavelet"};
    return names[by];
}

lk_search_options lk_search_options_default(void) {
    return (lk_search_options){.by = LK_SEARCH_BOTH, .most = 10};
}

/* -- What was found so far -- */

static lk_status found_at(struct found **out, struct search *s, uint32_t item, lk_error *err) {
    if (s->places[item] == 0) {
        if (s->count == s->room) {
            size_t room = 2 * s->room + 64;
            struct found *grown = mem_realloc(s->found, room, sizeof *grown);
            if (!grown) {
                return error_memory(err, room * sizeof *grown);
            }
            s->found = grown;
            s->room = room;
        }
        s->found[s->count++] = (struct found){
            .item = item, .hit = {.score = 0, .cosine = -2, .hash_bits = -1, .inliers = -1}};
        s->places[item] = (uint32_t)s->count;
    }
    *out = &s->found[s->places[item] - 1];
    return LK_OK;
}

/* The best way names the hit. */
static void offer(struct found *f, lk_search_by by, double score, double distance) {
    if (score > f->hit.score || f->hit.by == LK_SEARCH_BOTH) {
        f->hit.score = score;
        f->hit.distance = distance;
        f->hit.by = by;
    }
}

/* -- The ways -- */

static lk_status by_embedding(struct search *s, size_t most, lk_error *err) {
    const struct flat *flat = &s->finding->embeddings;
    uint8_t query[FLAT_DIM_MOST];
    struct neighbour *near = mem_alloc(most, sizeof *near);
    if (!near) {
        return error_memory(err, most * sizeof *near);
    }
    flat_quantise(query, s->query.embedding, flat->dim);
    size_t count = 0;
    lk_status status =
        finding_nearest(near, most, &count, s->finding, s->engine, query, s->options->exact, err);
    for (size_t i = 0; status == LK_OK && i < count; i++) {
        struct found *f;
        status = found_at(&f, s, near[i].item, err);
        if (status == LK_OK) {
            f->hit.cosine = flat_cosine(near[i].distance, flat->dim);
            offer(f, LK_SEARCH_EMBEDDING, flat_score(near[i].distance, flat->dim),
                  1 - f->hit.cosine);
        }
    }
    mem_free(near);
    return status;
}

static lk_status by_hash(struct search *s, size_t most, lk_error *err) {
    struct neighbour *near = mem_alloc(most, sizeof *near);
    if (!near) {
        return error_memory(err, most * sizeof *near);
    }
    struct finding *g = s->finding;
    bool sound = finding_is_sound(g, g->hashes.hashes, (size_t)g->count * PDQ_BYTES) &&
                 finding_is_sound(g, g->qualities, g->count);
    size_t count = sound ? hamming_search(near, most, &g->hashes, s->engine, s->query.pdq[0]) : 0;
    lk_status status = LK_OK;
    for (size_t i = 0; status == LK_OK && i < count; i++) {
        struct found *f;
        status = found_at(&f, s, near[i].item, err);
        if (status == LK_OK) {
            f->hit.hash_bits = near[i].distance;
            offer(f, LK_SEARCH_HASH, fmax(0, 1 - (double)near[i].distance / HASH_CHANCE),
                  near[i].distance);
        }
    }
    mem_free(near);
    return status;
}

/* Makes the lists and asks them. */
static lk_status ask_wavelets(struct search *s, lk_wavelet *all, lk_wavelet_hit *near, size_t most,
                              lk_error *err) {
    const struct finding *g = s->finding;
    lk_wavelet_index *index;
    lk_wavelet_match match;
    size_t count = 0;
    for (uint32_t i = 0; i < g->count; i++) {
        finding_wavelet(&all[i], &g->wavelets[i]);
    }
    lk_status status = lk_wavelet_index_new(&index, all, g->count, err);
    if (status == LK_OK) {
        status = lk_wavelet_index_query(near, &count, most, index, &s->query.wavelet,
                                        LK_WAVELET_SCANNED, err);
        lk_wavelet_index_free(index);
    }
    for (size_t i = 0; status == LK_OK && i < count; i++) {
        struct found *f;
        status = found_at(&f, s, (uint32_t)near[i].item, err);
        status = status == LK_OK ? lk_wavelet_compare(&match, &s->query.wavelet, &all[near[i].item],
                                                      LK_WAVELET_SCANNED, err)
                                 : status;
        if (status == LK_OK) {
            offer(f, LK_SEARCH_WAVELET, match.score, near[i].distance);
        }
    }
    return status;
}

static lk_status by_wavelet(struct search *s, size_t most, lk_error *err) {
    size_t n = s->finding->count;
    if (!finding_is_sound(s->finding, s->finding->wavelets, n * sizeof *s->finding->wavelets)) {
        return LK_OK;
    }
    lk_wavelet *all = mem_alloc(n, sizeof *all);
    lk_wavelet_hit *near = mem_alloc(most, sizeof *near);
    lk_status status = all && near ? ask_wavelets(s, all, near, MIN(most, n), err)
                                   : error_memory(err, n * sizeof *all);
    mem_free(all);
    mem_free(near);
    return status;
}

/* -- Keypoints -- */

/* How many of the kept keypoints of an item agree with those of the query on one place. */
static lk_status agree(int32_t *inliers, struct search *s, const struct facts *kept,
                       const struct sift_points *points, lk_error *err) {
    const struct sift_pair pair = {&kept->sift,         points,
                                   kept->side_width,    kept->side_height,
                                   s->query.side_width, s->query.side_height};
    struct sift_geometry_options o = sift_geometry_options_default();
    struct sift_matches matches = {0};
    struct sift_geometry g;
    *inliers = 0;
    lk_status status = sift_match(&matches, s->engine, &kept->sift, points, NULL, err);
    status = status == LK_OK ? sift_geometry_find(&g, &matches, &pair, &o, err) : status;
    if (status == LK_OK) {
        *inliers = g.inliers;
    }
    sift_matches_release(&matches);
    return status;
}

static lk_status confirm(struct search *s, size_t at, lk_error *err) {
    struct facts kept;
    int32_t as_is = 0, mirrored = 0;
    lk_status status = content_get(&kept, s->collection, s->finding->contents[s->found[at].item],
                                   CONTENT_KEYPOINTS, s->engine, err);
    if (status == LK_E_CORRUPT || status == LK_E_IO) {
        return LK_OK; /* one that is damaged is not found by its keypoints */
    }
    status = status == LK_OK ? agree(&as_is, s, &kept, &s->query.sift, err) : status;
    if (status == LK_OK && as_is < 2 * SEARCH_INLIERS_LEAST) {
        status = agree(&mirrored, s, &kept, &s->mirrored, err);
    }
    facts_release(&kept);
    if (status == LK_OK) {
        struct found *f = &s->found[at];
        s->confirmed++;
        f->hit.inliers = MAX(as_is, mirrored);
        f->hit.mirrored = mirrored > as_is && mirrored >= SEARCH_INLIERS_LEAST;
        if (f->hit.inliers >= SEARCH_INLIERS_LEAST) {
            f->hit.score = search_score_local(f->hit.inliers);
            f->hit.distance = 1 - f->hit.score;
            f->hit.by = LK_SEARCH_LOCAL;
        }
    }
    return status;
}

static lk_status vote(struct search *s, struct votes *votes, const struct sift_points *points,
                      lk_error *err) {
    struct vote_key keys[FACTS_KEYPOINTS];
    struct vote_hit hits[VOTED];
    size_t key_count, count = 0;
    lk_status status = finding_keys(keys, &key_count, s->engine, points, &s->query, err);
    status =
        status == LK_OK ? votes_search(hits, VOTED, &count, votes, keys, key_count, err) : status;
    for (size_t i = 0; status == LK_OK && i < count; i++) {
        struct found *f;
        status = found_at(&f, s, hits[i].item, err);
    }
    return status;
}

/* Votes name candidates beside those that are there already; all are asked for their keypoints. */
static lk_status by_keypoints(struct search *s, lk_error *err) {
    struct votes *votes;
    lk_status status = sift_mirror(&s->mirrored, &s->query.sift, s->query.side_width, err);
    if (status != LK_OK) {
        return status;
    }
    status = votes_new(&votes, &s->finding->votes, s->engine, err);
    if (status == LK_OK) {
        status = vote(s, votes, &s->query.sift, err);
        status = status == LK_OK ? vote(s, votes, &s->mirrored, err) : status;
        votes_free(votes);
    }
    for (size_t i = 0; status == LK_OK && i < s->count; i++) {
        status = confirm(s, i, err);
    }
    return status;
}

/* -- All together -- */

static lk_status refuse(lk_error *err, const char *text) {
    return error_set(err, LK_E_USAGE, "%s", text);
}

/* Where keypoints were asked too, the upper half of the scale is for copies: by their keypoints, or, of pictures that have few, by
 * a hash as near as its authors take for a match. What only looks alike is below. */
static void lower_unconfirmed(struct search *s) {
    for (size_t i = 0; i < s->count; i++) {
        lk_search_hit *h = &s->found[i].hit;
        int32_t quality =
            MIN((int32_t)s->finding->qualities[s->found[i].item], s->query.pdq_quality);
        bool near = search_hash_is_near(h->hash_bits, quality);
        if (h->by == LK_SEARCH_LOCAL) {
            continue;
        }
        h->score = near ? search_score_hash(h->hash_bits) : h->score / 2;
        h->by = near ? LK_SEARCH_HASH : h->by;
        h->distance = near ? h->hash_bits : h->distance;
    }
}

/* In the index, and asked for. */
struct ways {
    bool embedding, hash, wavelet, local;
};

static lk_status choose(struct ways *w, const struct search *s, lk_error *err) {
    bool embedded = s->finding->embeddings.dim > 0, pointed = s->finding->votes.postings > 0;
    lk_search_by by = s->options->by;
    bool whole = by == LK_SEARCH_WHOLE || by == LK_SEARCH_BOTH;
    *w = (struct ways){
        .embedding = by == LK_SEARCH_EMBEDDING || (whole && embedded),
        .hash = by == LK_SEARCH_HASH || by == LK_SEARCH_BOTH || (whole && !embedded),
        .wavelet = by == LK_SEARCH_WAVELET,
        .local = by == LK_SEARCH_LOCAL || (by == LK_SEARCH_BOTH && pointed),
    };
    if (w->embedding && !embedded) {
        return refuse(err, "the index has no embeddings: likeness index DIR makes them");
    }
    if (w->local && !pointed) {
        return refuse(err, "the index has no keypoints: likeness index DIR --keypoints makes them");
    }
    return LK_OK;
}

static lk_status prepare(struct search *s, const struct ways *w, lk_model *model,
                         const lk_image *picture, const lk_image_info *info, lk_error *err) {
    char key[MODEL_KEY];
    if (w->embedding) {
        if (!model) {
            return refuse(err, "the network of the index's embeddings is needed");
        }
        collection_model_key(key, model);
        if (strcmp(key, s->finding->model) != 0) {
            return error_set(err, LK_E_USAGE, "the index's embeddings are of %.63s, not of %.63s",
                             s->finding->model, key);
        }
    }
    lk_status status = facts_make(&s->query, s->engine, picture, info, w->local, err);
    return status == LK_OK && w->embedding ? collection_embed(&s->query, model, err) : status;
}

static lk_status search(struct search *s, lk_model *model, const lk_image *picture,
                        const lk_image_info *info, lk_error *err) {
    struct ways w;
    size_t most = MIN(s->options->most, (size_t)s->finding->count);
    size_t wide = MIN(MAX(most, (size_t)WHOLE), (size_t)s->finding->count);
    lk_status status = choose(&w, s, err);
    status = status == LK_OK ? prepare(s, &w, model, picture, info, err) : status;
    if (status != LK_OK || s->finding->count == 0) {
        return status;
    }
    status = w.embedding ? by_embedding(s, wide, err) : status;
    status = status == LK_OK && w.hash ? by_hash(s, wide, err) : status;
    status = status == LK_OK && w.wavelet ? by_wavelet(s, wide, err) : status;
    if (status == LK_OK && w.local) {
        status = by_keypoints(s, err);
        lower_unconfirmed(s);
    }
    return status;
}

static int best_first(const void *a, const void *b) {
    const struct found *x = a, *y = b;
    return x->hit.score != y->hit.score ? (x->hit.score > y->hit.score ? -1 : 1)
                                        : (x->item > y->item) - (x->item < y->item);
}

/* One hit for each file of the content. */
static lk_status add_files(lk_search_hits *out, size_t *room, struct search *s,
                           const struct found *f, lk_error *err) {
    struct sql q;
    bool row;
    lk_status status;
    sql_begin(&q, &s->collection->at,
              "SELECT path, sha256, facts FROM file JOIN content ON content.id = file.content "
              "WHERE content.id = ? ORDER BY path");
    sql_bind_int(&q, s->finding->contents[f->item]);
    while ((status = sql_step(&q, &row, err)) == LK_OK && row) {
        size_t size, digest;
        struct facts facts = {0};
        if (out->count == *room) {
            lk_search_hit *grown = mem_realloc(out->items, 2 * *room + 16, sizeof *grown);
            if (!grown) {
                status = error_memory(err, *room * sizeof *grown);
                break;
            }
            out->items = grown;
            *room = 2 * *room + 16;
        }
        const void *path = sql_blob(&q, 0, &size);
        lk_search_hit *h = &out->items[out->count];
        *h = f->hit;
        h->path = mem_calloc(size + 1, 1);
        if (!h->path) {
            status = error_memory(err, size);
            break;
        }
        memcpy(h->path, path, size);
        const uint8_t *sum = sql_blob(&q, 1, &digest);
        if (digest == DIGEST_BYTES) {
            digest_hex(h->sha256, sum);
        }
        bool sound = content_facts(&facts, &q, 2);
        h->width = sound ? facts.width : 0;
        h->height = sound ? facts.height : 0;
        out->count++;
    }
    sql_end(&q);
    return status;
}

static lk_status give(lk_search_hits *out, struct search *s, lk_error *err) {
    lk_status status = LK_OK;
    size_t room = 0;
    bool local = s->options->by == LK_SEARCH_LOCAL;
    if (s->count > 0) {
        qsort(s->found, s->count, sizeof *s->found, best_first);
    }
    for (size_t i = 0, given = 0; status == LK_OK && i < s->count && given < s->options->most;
         i++) {
        const lk_search_hit *h = &s->found[i].hit;
        if (h->by == LK_SEARCH_BOTH || h->score < s->options->min_score ||
            (local && h->by != LK_SEARCH_LOCAL)) {
            continue; /* a candidate that nothing spoke for */
        }
        given++;
        status = add_files(out, &room, s, &s->found[i], err);
    }
    out->searched = s->finding->count;
    out->confirmed = s->confirmed;
    return status;
}

static lk_status search_once(lk_search_hits *out, struct search *s, lk_model *model,
                             const lk_image *picture, const lk_image_info *info, lk_error *err) {
    const size_t count = s->finding->count;
    s->places = mem_calloc(count, sizeof *s->places); /* of which few are touched */
    lk_status status = s->places ? search(s, model, picture, info, err)
                                 : error_memory(err, count * sizeof *s->places);
    status = status == LK_OK ? give(out, s, err) : status;
    facts_release(&s->query);
    sift_points_release(&s->mirrored);
    mem_free(s->found);
    mem_free(s->places);
    if (status != LK_OK) {
        lk_search_hits_release(out);
    }
    return status;
}

lk_status lk_collection_search(lk_search_hits *out, lk_collection *collection, lk_engine *engine,
                               lk_model *model, const lk_image *picture, const lk_image_info *info,
                               const lk_search_options *options, lk_error *err) {
    struct search s = {.collection = collection, .engine = engine, .options = options};
    *out = (lk_search_hits){0};
    if (options->most == 0 || options->most > MOST_TOGETHER) {
        return error_set(err, LK_E_USAGE, "1 to %d pictures can be asked for", MOST_TOGETHER);
    }
    lk_status status = finding_of(&s.finding, collection, engine, 0, err);
    struct search first = s;
    status = status == LK_OK ? search_once(out, &first, model, picture, info, err) : status;
    if (status == LK_OK &&
        atomic_load(&s.finding->file.damaged)) { /* what was found may not be all */
        lk_search_hits_release(out);
        status = finding_of(&s.finding, collection, engine, 0, err);
        status = status == LK_OK ? search_once(out, &s, model, picture, info, err) : status;
    }
    return status;
}

lk_status lk_collection_model(char out[64], lk_collection *collection, lk_engine *engine,
                              lk_error *err) {
    struct finding *finding;
    lk_status status = finding_of(&finding, collection, engine, 0, err);
    out[0] = '\0';
    if (status == LK_OK) {
        snprintf(out, 64, "%.*s", (int)MIN(strcspn(finding->model, " "), (size_t)63),
                 finding->model);
    }
    return status;
}

void lk_search_hits_release(lk_search_hits *hits) {
    for (size_t i = 0; i < hits->count; i++) {
        mem_free(hits->items[i].path);
    }
    mem_free(hits->items);
    *hits = (lk_search_hits){0};
}
