/* SPDX-License-Identifier: Apache-2.0 */
/* Which original of a store a photo shows, and which others it may be. No pair is verified twice: what came of each candidate is
 * kept while its photo is looked at. */
#include "verify/contest.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "verify/alarms.h"
#include "verify/features.h"

enum { CANDIDATES = 8, RIVALS_ASKED = 5, INLIERS_LEAST = 6, OPEN_TRIES = 3 };

static const double coverage_share = 1.0 / 3; /* of the best candidate's */
static const double sure = 0.999; /* of the same thing: the others are only asked as rivals */

/* -- What all photos share -- */

lk_contest_options lk_contest_options_default(void) {
    return (lk_contest_options){.verify = lk_verify_options_default()};
}

lk_status lk_contest_open(lk_contest **out, lk_engine *engine, const lk_contest_options *options,
                          lk_error *err) {
    *out = NULL;
    if (!options->model) {
        return error_set(err, LK_E_USAGE, "a contest wants a model");
    }
    lk_contest *c = mem_calloc(1, sizeof *c);
    if (!c) {
        return error_memory(err, sizeof *c);
    }
    c->engine = engine;
    c->options = *options;
    c->options.verify.compare.measure.model = options->model;
    pthread_mutex_init(&c->lock, NULL); /* cannot fail without attributes */
    *out = c;
    return LK_OK;
}

void lk_contest_close(lk_contest *c) {
    if (c) {
        lk_finder_close(c->finder);
        pthread_mutex_destroy(&c->lock);
        mem_free(c);
    }
}

/* With a store that may be written to where that is wanted: those of a batch's threads may not. */
static lk_status open_finder(lk_contest *c, lk_store *store, lk_error *err) {
    lk_store *own = NULL;
    lk_status status = LK_OK;
    if (c->options.keeps && lk_store_reads_only(store)) {
        status = lk_store_open_again(&own, store, NULL, err);
    }
    if (status == LK_OK) {
        status = lk_finder_open(&c->finder, own ? own : store, c->engine, c->options.model,
                                &c->options.progress, err);
    }
    lk_store_close(own);
    return status;
}

lk_status lk_contest_prepare(lk_contest *c, lk_store *store, lk_error *err) {
    pthread_mutex_lock(&c->lock);
    if (!c->finder && c->tries < OPEN_TRIES) {
        c->tries++;
        c->failed.status = open_finder(c, store, &c->failed);
    }
    lk_status status = c->finder ? LK_OK : c->failed.status;
    if (status != LK_OK && err) {
        *err = c->failed;
    }
    pthread_mutex_unlock(&c->lock); /* once there, the finder does not change */
    return status;
}

/* -- One pair -- */

/* Nothing but a verdict is wanted of what is only weighed. */
static lk_verify_options quiet(const lk_contest *c) {
    lk_verify_options o = c->options.verify;
    o.compare.want_evidence = false;
    o.compare.measures = "";
    o.compare.no_aspects = true;
    o.compare.measure.no_details = true;
    return o;
}

static lk_status verify(lk_verification *out, const lk_contest *c, const lk_verify_options *how,
                        const lk_original *original, const lk_photo *photo, lk_error *err) {
    lk_verify_options o = *how;
    o.compare.ignore = original->ignore;
    o.compare.ignore_count = original->ignore_count;
    o.compare.infos[0] = &original->info;
    o.compare.infos[1] = photo->info;
    o.compare.features[0] = original->features;
    o.compare.features[1] = photo->features;
    lk_status status = lk_verify(out, c->engine, &original->image, photo->image, &o, err);
    if (status == LK_OK && original->stored.version > 0) {
        snprintf(out->reference_id, sizeof out->reference_id, "%s", original->stored.id);
        out->reference_version = original->stored.version;
    }
    return status;
}

lk_status lk_contest_alone(lk_verification *out, const lk_contest *contest,
                           const lk_original *original, const lk_photo *photo, lk_error *err) {
    return verify(out, contest, &contest->options.verify, original, photo, err);
}

/* The code of the warning that the photo was made from the original's file; NULL for none. */
static const char *copy_code(const lk_comparison *c) {
    return warning_text(c, "copy") ? "copy" : warning_text(c, "crop") ? "crop" : NULL;
}

static bool seems_shown(const lk_verification *v) {
    return v->comparison.verdict == LK_SAME && v->alone >= v->policy.different_below;
}

/* Only what would be called the same is worth asking others about: a photo that does not show this original is different whatever
 * it shows. */
static bool matters(const lk_verification *v) {
    return seems_shown(v) && !copy_code(&v->comparison);
}

/* Whether the two originals are pictures of the very same thing: either is right then. */
static lk_status are_twins(bool *out, const lk_contest *c, const lk_original *a,
                           const lk_original *b, lk_error *err) {
    lk_verification between;
    const lk_verify_options how = quiet(c);
    const lk_photo picture = {&b->image, &b->info, NULL};
    *out = strcmp(a->info.sha256, b->info.sha256) == 0;
    if (*out) {
        return LK_OK;
    }
    lk_status status = verify(&between, c, &how, a, &picture, err);
    if (status == LK_OK) {
        *out = (copy_code(&between.comparison) && between.changes == 0) ||
               (between.verdict == LK_SAME && between.intact == LK_INTACT);
        lk_verification_release(&between);
    }
    return status;
}

/* -- The candidates for a photo -- */

/* A candidate and what came of it. */
struct tried {
    lk_candidate candidate;
    bool asked, matters;
    const char *copy; /* code of the warning that the photo is a copy or a crop of it; or NULL */
    lk_error unread;  /* status LK_OK: it could be read */
    lk_original original;   /* this and the next are kept of what matters or was copied alone */
    lk_verification result; /* alone */
};

struct field {
    lk_contest *contest;
    lk_store *store;
    lk_photo photo;
    lk_features *features; /* those photo points to, where they are owned */
    struct tried tried[CANDIDATES];
    int32_t count;
};

static void field_free(struct field *f) {
    if (f) {
        for (int32_t i = 0; i < f->count; i++) {
            lk_original_release(&f->tried[i].original);
            lk_verification_release(&f->tried[i].result);
        }
        lk_features_free(f->features);
        mem_free(f);
    }
}

static lk_status search(struct field *f, lk_error *err) {
    const lk_contest *c = f->contest;
    lk_candidate found[CANDIDATES];
    int32_t count = 0;
    lk_status status = LK_OK;
    if (!f->photo.features) {
        status = lk_features_make(&f->features, c->engine, c->options.model, f->photo.image,
                                  LK_PICTURE_PHOTO, err);
        f->photo.features = f->features;
    }
    if (status == LK_OK) {
        status =
            lk_contest_candidates(found, CANDIDATES, &count, f->contest, f->store, &f->photo, err);
    }
    for (int32_t i = 0; i < count; i++) {
        f->tried[i].candidate = found[i];
    }
    f->count = count;
    return status;
}

static lk_status field_new(struct field **out, lk_contest *c, lk_store *store,
                           const lk_photo *photo, lk_error *err) {
    *out = NULL;
    lk_status status = lk_contest_prepare(c, store, err);
    if (status != LK_OK) {
        return status;
    }
    struct field *f = mem_calloc(1, sizeof *f);
    if (!f) {
        return error_memory(err, sizeof *f);
    }
    f->contest = c;
    f->store = store;
    f->photo = *photo;
    status = search(f, err);
    if (status != LK_OK) {
        field_free(f);
        return status;
    }
    *out = f;
    return LK_OK;
}

/* Verifies the candidate, unless it was; one whose picture cannot be read says so in unread. */
static lk_status try(struct field *f, struct tried *t, const lk_verify_options *how,
                     lk_error *err) {
    lk_error why = {0};
    if (t->asked) {
        return LK_OK;
    }
    t->asked = true;
    lk_status status = original_of(&t->original, f->contest, f->store, &t->candidate, &why);
    if (status_is_of_picture(status)) {
        t->unread = why;
        return LK_OK;
    }
    if (status != LK_OK) {
        if (err) {
            *err = why;
        }
        return status;
    }
    status = verify(&t->result, f->contest, how, &t->original, &f->photo, err);
    if (status == LK_OK) {
        t->matters = matters(&t->result);
        t->copy = copy_code(&t->result.comparison);
    }
    return status;
}

/* Pictures take much memory. */
static void forget(struct tried *t) {
    if (!t->matters && !t->copy) {
        lk_original_release(&t->original);
        lk_verification_release(&t->result);
    }
}

/* -- Rivals -- */

/* The originals that were weighed against one, and where they stand in the field. */
struct rivals {
    lk_rival items[RIVALS_ASKED];
    struct tried *of[RIVALS_ASKED];
    int32_t count;
    struct tried *copied; /* whose file the photo was made from; NULL for none */
};

static void set_rival(struct rivals *r, int32_t at, struct tried *t) {
    lk_rival *rival = &r->items[at];
    *rival = (lk_rival){.version = t->candidate.version, .alone = t->result.alone};
    snprintf(rival->id, sizeof rival->id, "%s", t->candidate.id);
    r->of[at] = t;
}

/* Rivals that are twins of each other are one, which the likelier of them stands for: else each would take from the other what
 * both are sure of. */
static lk_status add_rival(struct rivals *r, const struct field *f, struct tried *t,
                           lk_error *err) {
    lk_status status = LK_OK;
    bool twins = false;
    int32_t at = 0;
    while (status == LK_OK && !twins && at < r->count) {
        status = are_twins(&twins, f->contest, &r->of[at]->original, &t->original, err);
        at += !twins;
    }
    if (status == LK_OK && (!twins || t->result.alone > r->items[at].alone)) {
        set_rival(r, at, t);
    }
    r->count += status == LK_OK && !twins;
    return status;
}

/* Holds the photo beside one other original, and adds it if it is a rival. */
static lk_status ask(struct rivals *r, struct field *f, struct tried *t, const lk_original *own,
                     lk_error *err) {
    const lk_verify_options how = quiet(f->contest);
    bool twins = false;
    lk_status status = try(f, t, &how, err);
    if (status == LK_OK && t->matters) {
        status = are_twins(&twins, f->contest, own, &t->original, err);
    }
    if (status == LK_OK && t->matters && !twins) {
        status = add_rival(r, f, t, err);
    }
    r->copied = status == LK_OK && t->copy ? t : r->copied;
    forget(t);
    return status;
}

/* Those of the candidates whose keypoints agree a good part as well as the best one's. */
static lk_status ask_all(struct rivals *r, struct field *f, const lk_original *own, lk_error *err) {
    double best = 0;
    int32_t asked = 0;
    lk_status status = LK_OK;
    *r = (struct rivals){0};
    for (int32_t i = 0; i < f->count; i++) {
        best = fmax(best, f->tried[i].candidate.coverage);
    }
    for (int32_t i = 0; status == LK_OK && i < f->count && asked < RIVALS_ASKED; i++) {
        const lk_candidate *c = &f->tried[i].candidate;
        bool likely = c->inliers >= INLIERS_LEAST && c->coverage >= coverage_share * best;
        if (likely && strcmp(c->id, own->stored.id) != 0) {
            status = ask(r, f, &f->tried[i], own, err);
            asked++;
        }
    }
    return status;
}

/* One that is damaged, gone or refused leaves the verdict standing, and is named. */
static void warn_of_unread(lk_verification *v, const struct field *f) {
    char text[sizeof v->comparison.warnings[0].text];
    for (int32_t i = 0; i < f->count; i++) {
        const struct tried *t = &f->tried[i];
        if (t->unread.status != LK_OK) {
            snprintf(text, sizeof text, "%.100s was not asked: %.80s", t->candidate.id,
                     t->unread.text);
            warn(&v->comparison, "rival-unread", text);
        }
    }
}

/* What was made from the file of another original shows nothing of this one, however alike they are. */
static void warn_of_copied(lk_verification *v, const struct rivals *r) {
    char text[sizeof v->comparison.warnings[0].text];
    if (r->copied) {
        snprintf(text, sizeof text, "this file is %s %.128s, another stored original",
                 strcmp(r->copied->copy, "copy") == 0 ? "a copy of" : "cut from",
                 r->copied->candidate.id);
        warn(&v->comparison, r->copied->copy, text);
    }
}

lk_status lk_contest_verify(lk_verification *out, lk_contest *contest, lk_store *store,
                            const lk_original *original, const lk_photo *photo, lk_error *err) {
    struct field *f = NULL;
    struct rivals rivals;
    lk_status status = lk_contest_alone(out, contest, original, photo, err);
    if (status != LK_OK || !matters(out)) {
        return status;
    }
    status = field_new(&f, contest, store, photo, err);
    status = status == LK_OK ? ask_all(&rivals, f, original, err) : status;
    if (status == LK_OK) {
        warn_of_unread(out, f);
        warn_of_copied(out, &rivals);
        lk_verification_weigh(out, rivals.items, rivals.count);
    } else {
        lk_verification_release(out);
    }
    field_free(f);
    return status;
}

/* -- Finding the original -- */

/* The original whose file the photo was made from stands before what it looks like; what cannot be told of one before what is
 * certain not to be another. */
static int32_t rank_of(const struct tried *t) {
    const lk_verdict verdict = t->result.verdict;
    return t->copy ? 3 : verdict == LK_SAME ? 2 : verdict == LK_CANNOT_TELL ? 1 : 0;
}

static bool is_better(const struct tried *a, const struct tried *b) {
    int32_t by = rank_of(a) - rank_of(b);
    return by != 0 ? by > 0 : a->result.probability > b->result.probability;
}

/* Whether nothing better is looked for; rivals are. */
static bool is_sure(const struct tried *t) {
    return t->copy || (t->result.verdict == LK_SAME && t->result.probability >= sure);
}

/* One after the other until one is sure; *best stays NULL when none could be read. */
static lk_status try_all(struct tried **best, struct field *f, lk_error *err) {
    const lk_verify_options *how = &f->contest->options.verify;
    lk_status status = LK_OK;
    bool ended = false;
    *best = NULL;
    for (int32_t i = 0; status == LK_OK && i < f->count && !ended; i++) {
        struct tried *t = &f->tried[i], *worse = t;
        status = try(f, t, how, err);
        bool read = status == LK_OK && t->unread.status == LK_OK;
        if (read && (!*best || is_better(t, *best))) {
            worse = *best;
            *best = t;
        }
        if (worse) {
            forget(worse);
        }
        ended = *best && is_sure(*best);
    }
    return status;
}

/* A rival that fits the photo better is what it shows, and one that it was made from more so; it is told of as much as of any
 * answer. */
static lk_status take_better(struct tried **best, struct field *f, const struct rivals *r,
                             lk_error *err) {
    struct tried *better = *best;
    for (int32_t i = 0; i < r->count; i++) {
        better = r->of[i]->result.alone > better->result.alone ? r->of[i] : better;
    }
    better = r->copied ? r->copied : better;
    if (better == *best) {
        return LK_OK;
    }
    *best = better;
    lk_verification_release(&better->result);
    return verify(&better->result, f->contest, &f->contest->options.verify, &better->original,
                  &f->photo, err);
}

/* Ends: each turn's best is more probable than the one before. A copy has no rivals. */
static lk_status hold_contest(struct tried **best, struct field *f, lk_error *err) {
    struct rivals rivals;
    const struct tried *before;
    lk_status status;
    do {
        before = *best;
        status = ask_all(&rivals, f, &before->original, err);
        status = status == LK_OK ? take_better(best, f, &rivals, err) : status;
    } while (status == LK_OK && *best != before && !(*best)->copy);
    if (status == LK_OK && !(*best)->copy) {
        lk_verification_weigh(&(*best)->result, rivals.items, rivals.count);
    }
    return status;
}

/* What a photo shows nothing of is not on record as shown: it is the nearest there is, of whatever the store holds. */
static void name_nearest(lk_verification *v) {
    if (v->verdict == LK_DIFFERENT || !seems_shown(v)) {
        memcpy(v->nearest_id, v->reference_id, sizeof v->nearest_id);
        v->nearest_version = v->reference_version;
        v->reference_id[0] = '\0';
        v->reference_version = 0;
    }
}

static lk_status none_read(const struct field *f, lk_error *err) {
    if (f->count == 0) {
        lk_status status = error_set(err, LK_E_IO, "the store holds no original that can be found");
        return error_input(err, status, lk_store_folder(f->store));
    }
    if (err) {
        *err = f->tried[0].unread;
    }
    return f->tried[0].unread.status;
}

lk_status lk_contest_identify(lk_verification *out, lk_original *original, lk_contest *contest,
                              lk_store *store, const lk_photo *photo, lk_error *err) {
    struct field *f;
    struct tried *best = NULL;
    *out = (lk_verification){0};
    *original = (lk_original){0};
    lk_status status = field_new(&f, contest, store, photo, err);
    status = status == LK_OK ? try_all(&best, f, err) : status;
    if (status == LK_OK && !best) {
        status = none_read(f, err);
    }
    if (status == LK_OK && best->matters) {
        status = hold_contest(&best, f, err);
    }
    if (status == LK_OK) {
        warn_of_unread(&best->result, f);
        name_nearest(&best->result);
        *out = best->result;
        *original = best->original;
        best->result = (lk_verification){0};
        best->original = (lk_original){0};
    }
    field_free(f);
    return status;
}
