/* SPDX-License-Identifier: Apache-2.0 */
/* The document likeness/search/1 (schema/search-1.json): what of an index, or of a store, is like a picture. */
#include "report/parts.h"

#include <stdio.h>

#include "store/record.h"

/* Keypoints that agree on one place, from which they name the way that found an original. */
enum { CANDIDATE_INLIERS = 8 };

#define SEARCH_MAX ((size_t)1 << 30) /* bytes: 100,000 hits with long names */

static const char *candidate_way(const lk_candidate *c) {
    bool speaks = c->score >= 0.5;
    return lk_search_by_name(speaks && c->inliers >= CANDIDATE_INLIERS ? LK_SEARCH_LOCAL
                             : speaks                                  ? LK_SEARCH_HASH
                                                                       : LK_SEARCH_EMBEDDING);
}

/* -- In words -- */

/* " cosine 0.931 12 of 256 bits differ", of what was looked at. */
static void embedding_and_hash(char out[80], double cosine, int32_t hash_bits) {
    char bits[40] = "";
    if (hash_bits >= 0) {
        snprintf(bits, sizeof bits, " %d of 256 bits differ", hash_bits);
    }
    if (cosine >= -1) {
        snprintf(out, 80, " cosine %.3f%s", cosine, bits);
    } else {
        snprintf(out, 80, "%s", bits);
    }
}

void lk_search_hit_words(char out[LK_SEARCH_WORDS_MAX], const lk_search_hit *h) {
    char likeness[80], distance[40] = "", points[60] = "";
    embedding_and_hash(likeness, h->cosine, h->hash_bits);
    if (h->by == LK_SEARCH_WAVELET) {
        snprintf(distance, sizeof distance, " distance %.3f", h->distance);
    }
    if (h->inliers >= 0) {
        snprintf(points, sizeof points, "  %d keypoints agree on one place%s", h->inliers,
                 h->mirrored ? ", mirrored" : "");
    }
    snprintf(out, LK_SEARCH_WORDS_MAX, "by %s:%s%s%s", lk_search_by_name(h->by), likeness, distance,
             points);
}

void lk_candidate_words(char out[LK_SEARCH_WORDS_MAX], const lk_candidate *c) {
    char likeness[80];
    embedding_and_hash(likeness, c->cosine, c->hash_bits);
    snprintf(out, LK_SEARCH_WORDS_MAX, "by %s:%s  %d keypoints agree on one place",
             candidate_way(c), likeness, c->inliers);
}

/* -- The document -- */

static void add_hit(struct json *j, const lk_search_hit *h, bool explain) {
    char words[LK_SEARCH_WORDS_MAX];
    json_object_begin(j, NULL);
    json_text(j, "id", h->sha256);
    json_text(j, "path", h->path);
    json_number(j, "score", h->score);
    json_number(j, "distance", h->distance);
    json_text(j, "by", lk_search_by_name(h->by));
    json_int(j, "width", h->width);
    json_int(j, "height", h->height);
    if (h->cosine >= -1) {
        json_number(j, "cosine", h->cosine);
    }
    if (h->hash_bits >= 0) {
        json_int(j, "hash_bits", h->hash_bits);
    }
    if (h->inliers >= 0) {
        json_int(j, "inliers", h->inliers);
        json_bool(j, "mirrored", h->mirrored);
    }
    if (explain) {
        lk_search_hit_words(words, h);
        json_text(j, "words", words);
    }
    json_object_end(j);
}

lk_status lk_report_search(lk_bytes *out, const lk_search_hits *hits, lk_search_by by, bool explain,
                           lk_error *err) {
    struct buf b;
    struct json j;
    buf_init(&b, SEARCH_MAX);
    json_init(&j, &b, 0);
    json_object_begin(&j, NULL);
    json_text(&j, "schema", "likeness/search/1");
    json_text(&j, "by", lk_search_by_name(by));
    json_int(&j, "searched", hits->searched);
    json_int(&j, "confirmed", hits->confirmed);
    json_array_begin(&j, "hits");
    for (size_t i = 0; i < hits->count; i++) {
        add_hit(&j, &hits->items[i], explain);
    }
    json_array_end(&j);
    json_object_end(&j);
    buf_add_text(&b, "\n");
    return buf_finish(&b, out, err);
}

static void add_candidate(struct json *j, const lk_candidate *c, const lk_reference *r,
                          bool explain) {
    char words[LK_SEARCH_WORDS_MAX];
    json_object_begin(j, NULL);
    json_text(j, "id", c->id);
    json_int(j, "version", c->version);
    json_text(j, "path", r->file_name ? r->file_name : "");
    json_text(j, "name", r->name ? r->name : "");
    json_text(j, "sha256", r->sha256);
    record_tags(j, r);
    json_number(j, "score", c->score);
    json_number(j, "distance", 1 - c->score);
    json_text(j, "by", candidate_way(c));
    json_int(j, "width", r->width);
    json_int(j, "height", r->height);
    if (c->cosine >= -1) {
        json_number(j, "cosine", c->cosine);
    }
    if (c->hash_bits >= 0) {
        json_int(j, "hash_bits", c->hash_bits);
    }
    json_int(j, "inliers", c->inliers);
    json_number(j, "coverage", c->coverage);
    if (explain) {
        lk_candidate_words(words, c);
        json_text(j, "words", words);
    }
    json_object_end(j);
}

lk_status lk_report_candidates(lk_bytes *out, lk_store *store, const lk_candidates *found,
                               bool explain, lk_error *err) {
    struct buf b;
    struct json j;
    lk_status status = LK_OK;
    buf_init(&b, SEARCH_MAX);
    json_init(&j, &b, 0);
    json_object_begin(&j, NULL);
    json_text(&j, "schema", "likeness/search/1");
    if (found->store) {
        json_text(&j, "store", found->store);
    }
    json_text(&j, "by", lk_search_by_name(LK_SEARCH_BOTH));
    json_int(&j, "searched", found->searched);
    json_int(&j, "confirmed", found->count);
    json_array_begin(&j, "hits");
    for (int32_t i = 0; status == LK_OK && i < found->count; i++) {
        lk_reference r;
        status = lk_reference_get(&r, store, found->items[i].id, found->items[i].version, err);
        if (status == LK_OK) {
            add_candidate(&j, &found->items[i], &r, explain);
            lk_reference_release(&r);
        }
    }
    json_array_end(&j);
    json_object_end(&j);
    buf_add_text(&b, "\n");
    if (status != LK_OK) {
        buf_release(&b);
        return status;
    }
    return buf_finish(&b, out, err);
}
