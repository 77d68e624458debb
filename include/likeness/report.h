/* SPDX-License-Identifier: Apache-2.0 */
/* A comparison as text, JSON, a self-contained web page, or a picture. */
#ifndef LIKENESS_REPORT_H
#define LIKENESS_REPORT_H

#include <likeness/audit.h>
#include <likeness/collection.h>
#include <likeness/compare.h>
#include <likeness/record.h>
#include <likeness/store.h>
#include <likeness/tidy.h>
#include <likeness/tree.h>
#include <likeness/verify.h>
#include <likeness/watch.h>

#ifdef __cplusplus
extern "C" {
#endif

/* 2 to 6 lines for a terminal, the verdict first. colour uses ANSI codes on the verdict word only. */
LK_API LK_MUST_CHECK lk_status lk_report_text(lk_bytes *out, const lk_comparison *c, bool colour,
                                              lk_error *err);

/* The document likeness/compare/1, one line or indented. */
LK_API LK_MUST_CHECK lk_status lk_report_json(lk_bytes *out, const lk_comparison *c, bool indent,
                                              lk_error *err);

/* One HTML file that needs nothing else: verdict, pictures in seven modes, regions, measures. Its own policy lets it load
 * nothing, and texts of c are escaped whatever they hold. A comparison made without want_evidence gives a page without
 * pictures. LK_E_MEMORY, LK_E_LIMIT (over 64 MiB), and what lk_image_encode gives. */
LK_API LK_MUST_CHECK lk_status lk_report_html(lk_bytes *out, lk_engine *engine,
                                              const lk_comparison *c, lk_error *err);

typedef enum lk_picture_kind {
    LK_PICTURE_DIFFERENCES, /* reference and aligned photo side by side, regions boxed and numbered */
    LK_PICTURE_HEAT,        /* the reference in gray under the difference map in viridis */
    LK_PICTURE_MAP,         /* the difference map alone, in viridis */
    LK_PICTURE_MATCHES, /* reference and photo side by side, matched points joined: inliers green, others gray */
} lk_picture_kind;

/* A picture of the comparison, RGB 8 bits. The caller releases out. LK_E_USAGE when c holds no evidence, LK_E_MEMORY. */
LK_API LK_MUST_CHECK lk_status lk_report_picture(lk_image *out, const lk_comparison *c,
                                                 lk_picture_kind kind, lk_error *err);

/* The document likeness/diff-tree/1. */
LK_API LK_MUST_CHECK lk_status lk_report_tree_json(lk_bytes *out, const lk_tree *tree,
                                                   lk_error *err);

/* JUnit XML: one test case a file; changed, new and missing files are failures where the flags say so, unreadable ones errors. */
LK_API LK_MUST_CHECK lk_status lk_report_tree_junit(lk_bytes *out, const lk_tree *tree,
                                                    bool fail_new, bool fail_missing,
                                                    lk_error *err);

/* One HTML file that needs nothing else: what changed first, with expected, actual and difference side by side for the
 * first 100 changed files, then the rest as a list. LK_E_MEMORY, LK_E_LIMIT (over 256 MiB). */
LK_API LK_MUST_CHECK lk_status lk_report_tree_html(lk_bytes *out, lk_engine *engine,
                                                   const lk_tree *tree, const char *a,
                                                   const char *b, const lk_diff_options *options,
                                                   lk_error *err);

/* A verification as 2 to 8 lines for a terminal, both answers first. */
LK_API LK_MUST_CHECK lk_status lk_report_verify_text(lk_bytes *out, const lk_verification *v,
                                                     bool colour, lk_error *err);
/* The document likeness/verify/1: what likeness/compare/1 has, and the answers of the policy. */
LK_API LK_MUST_CHECK lk_status lk_report_verify_json(lk_bytes *out, const lk_verification *v,
                                                     bool indent, lk_error *err);
/* lk_report_html of the comparison with both answers, quality, evidence and policy. */
LK_API LK_MUST_CHECK lk_status lk_report_verify_html(lk_bytes *out, lk_engine *engine,
                                                     const lk_verification *v, lk_error *err);

/* The pictures of a report as they are in it, in their order: files of JPEG or PNG. They take nearly all of its time, and say
 * nothing of who verified and when. */
typedef struct lk_figures {
    lk_bytes *items;
    size_t count;
} lk_figures;
LK_API LK_MUST_CHECK lk_status lk_report_verify_figures(lk_figures *out, lk_engine *engine,
                                                        const lk_verification *v, lk_error *err);
LK_API void lk_figures_release(lk_figures *figures);
/* lk_report_verify_html with figures that were made before of the same comparison. */
LK_API LK_MUST_CHECK lk_status lk_report_verify_html_of(lk_bytes *out, lk_engine *engine,
                                                        const lk_verification *v,
                                                        const lk_figures *figures, lk_error *err);

/* A policy as one HTML file that needs nothing else: its limits, its record with 95 % intervals, its reliability diagram (where the
 * record tells it) and its weights. LK_E_MEMORY. */
LK_API LK_MUST_CHECK lk_status lk_report_policy_html(lk_bytes *out, const lk_policy *policy,
                                                     lk_error *err);

/* Groups of duplicates as one HTML file that needs nothing else and loads nothing: the kept file of each group and its copies, with
 * thumbnails of the groups with most bytes to be had (up to 48 MB of them), filters and keys; it works without a script. tidy: what
 * would be or was done (lk_tidy_plan, lk_tidy_apply). LK_E_MEMORY, LK_E_LIMIT (over 512 MiB). */
LK_API LK_MUST_CHECK lk_status lk_report_dups_html(lk_bytes *out, const lk_dups *dups,
                                                   const lk_tidy *tidy, lk_tidy_action action,
                                                   lk_error *err);

/* The quality of a picture as a JSON object without a line's end: for documents that hold one. */
LK_API LK_MUST_CHECK lk_status lk_report_quality(lk_bytes *out, const lk_quality *q, lk_error *err);

/* One version of a reference as an entry of the document likeness/ref/1. written: NULL, or whether adding has just written it.
 * LK_E_MEMORY, LK_E_LIMIT (over 64 MiB). */
LK_API LK_MUST_CHECK lk_status lk_report_reference(lk_bytes *out, const lk_reference *r,
                                                   const bool *written, lk_error *err);

/* -- Models: objects without a line's end -- */

/* An entry of "models" in the document likeness/models/1. LK_E_MEMORY. */
LK_API LK_MUST_CHECK lk_status lk_report_model(lk_bytes *out, const lk_catalogue_entry *entry,
                                               lk_error *err);
/* An entry of "results" in the document likeness/classify/1: the classes of the picture called path. LK_E_MEMORY, LK_E_LIMIT. */
LK_API LK_MUST_CHECK lk_status lk_report_classes(lk_bytes *out, const char *path,
                                                 const lk_model *model, const lk_class *top,
                                                 int32_t count, lk_error *err);

/* -- Searches -- */

enum { LK_SEARCH_WORDS_MAX = 240 };
/* What spoke for a hit, in a line: "by embedding: cosine 0.931 12 of 256 bits differ". */
LK_API void lk_search_hit_words(char out[LK_SEARCH_WORDS_MAX], const lk_search_hit *hit);
LK_API void lk_candidate_words(char out[LK_SEARCH_WORDS_MAX], const lk_candidate *candidate);

/* The document likeness/search/1 of what lk_collection_search found; by: how it was asked. explain: each hit says in "words" what
 * spoke for it. LK_E_MEMORY, LK_E_LIMIT (over 1 GiB). */
LK_API LK_MUST_CHECK lk_status lk_report_search(lk_bytes *out, const lk_search_hits *hits,
                                                lk_search_by by, bool explain, lk_error *err);

/* Originals that lk_identify found, borrowed. */
typedef struct lk_candidates {
    const lk_candidate *items;
    int32_t count;
    int64_t searched;  /* among how many */
    const char *store; /* which is named; NULL: it is not */
} lk_candidates;
/* The same document of originals of the store. LK_E_CORRUPT, LK_E_MEMORY, LK_E_LIMIT. */
LK_API LK_MUST_CHECK lk_status lk_report_candidates(lk_bytes *out, lk_store *store,
                                                    const lk_candidates *found, bool explain,
                                                    lk_error *err);

/* -- Cameras: objects without a line's end -- */

typedef enum lk_camera_part {
    LK_CAMERA_SOURCE = 1, /* where its frames come from */
    LK_CAMERA_SETTINGS =
        2, /* all that it is set to, but where its frames come from; and how it has turned */
} lk_camera_part;

/* A camera as an entry of the document likeness/camera/1; parts: a sum of lk_camera_part. LK_E_MEMORY. */
LK_API LK_MUST_CHECK lk_status lk_report_camera(lk_bytes *out, const lk_camera *camera,
                                                const lk_camera_standing *standing, int parts,
                                                lk_error *err);

/* Whether the camera looks where its reference view was taken, as far as lk_camera_look tells; false where it does not. */
LK_API bool lk_camera_is_aimed(const lk_sighting *s, const double degrees[2]);
/* The document likeness/camera-aim/1 of what lk_camera_look said. LK_E_MEMORY. */
LK_API LK_MUST_CHECK lk_status lk_report_camera_aim(lk_bytes *out, const char *id,
                                                    const lk_sighting *s, const double degrees[2],
                                                    lk_error *err);
/* The document likeness/camera-series/1 of what lk_camera_series gives; step_s 0: one that suits. LK_E_IO when there is no such
 * camera, LK_E_LIMIT for more than LK_SERIES_STEPS_MAX steps. */
enum { LK_SERIES_STEPS_MAX = 10000 };
LK_API LK_MUST_CHECK lk_status lk_report_camera_series(lk_bytes *out, lk_store *store,
                                                       const lk_camera_series_query *query,
                                                       lk_error *err);
/* The document likeness/watch/1. LK_E_MEMORY. */
LK_API LK_MUST_CHECK lk_status lk_report_watch(lk_bytes *out, const lk_watch_result *result,
                                               lk_error *err);

/* Parts of the document likeness/audit/1: an entry of "entries", "head", and "check". LK_E_MEMORY. */
LK_API LK_MUST_CHECK lk_status lk_report_audit_entry(lk_bytes *out, const lk_audit_entry *e,
                                                     lk_error *err);
LK_API LK_MUST_CHECK lk_status lk_report_audit_head(lk_bytes *out, const lk_audit_head *head,
                                                    lk_error *err);
LK_API LK_MUST_CHECK lk_status lk_report_audit_check(lk_bytes *out, const lk_audit_check *check,
                                                     bool against_kept, lk_error *err);

#ifdef __cplusplus
}
#endif
#endif
