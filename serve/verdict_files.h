/* SPDX-License-Identifier: Apache-2.0 */
/* What is made beside a verdict where a request wants it: the result, the report, evidence and pictures. What takes long is made
 * before the verdict goes into the log; what names the entry is added within its transaction, and the store keeps both or neither.
 * The shelf has them too, for who asks soon. */
#ifndef LK_VERDICT_FILES_H
#define LK_VERDICT_FILES_H

#include "serve/server.h"

enum { VERDICT_SIGHTS_MOST = 8 };

struct verdict_files {
    const lk_verification *result; /* borrowed, as all that is not owned below */
    const lk_original *original;
    const lk_image *photo;
    const lk_image_info *photo_info;
    const char *note;
    const struct shelf_item *
        photo_item; /* whose file is open since the request began; file -1: no evidence is wanted */
    bool wants_report, wants_evidence;
    lk_bytes photo_file, bundle_result; /* owned; empty when there is to be no evidence */
    lk_figures figures;                 /* owned */
    struct sight_file {
        const char *name, *type;
        lk_bytes bytes; /* owned */
    } sights[VERDICT_SIGHTS_MOST];
    int sight_count;
    lk_bytes report, evidence; /* owned; of the entry */
    lk_kept *kept;             /* NULL where the store keeps none */
    size_t first_figure, first_sight;
};

/* Before the transaction: makes what the request wants. What cannot be made is left out, and no error; LK_E_WRITE when it cannot be
 * stored, LK_E_MEMORY. */
MUST_CHECK lk_status verdict_files_prepare(struct verdict_files *f, struct request *r,
                                           struct bench *b, lk_error *err);
/* Within it, when result names the entry and text is its document. LK_E_WRITE, LK_E_MEMORY. */
MUST_CHECK lk_status verdict_files_finish(struct verdict_files *f, struct bench *b,
                                          const lk_bytes *text, lk_error *err);
/* When the transaction lasts. */
void verdict_files_shelve(struct verdict_files *f, struct request *r, const lk_bytes *text);
void verdict_files_release(struct verdict_files *f, bool lasts);

/* What the store keeps beside the entry under that name, as an item whose file is the caller's, or -1 when there is none. All but
 * evidence is put onto the shelf on the way, since a page that shows one file shows them all. False with a problem as the
 * answer. */
bool verdict_files_fetch(struct shelf_item *out, struct request *r, struct bench *b, int64_t entry,
                         const char *name);
/* The key of a file on the shelf. */
void verdict_file_key(char out[SHELF_KEY_MAX + 1], int64_t entry, const char *name);

#endif
