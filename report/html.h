/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of the HTML report. Everything is appended to one buffer, which keeps the first failure; what can fail beside that
 * (pictures) returns it. */
#ifndef LK_HTML_H
#define LK_HTML_H

#include <likeness/report.h>

#include "base/buf.h"

struct page {
    struct buf out;
    lk_engine *engine;        /* borrowed */
    const lk_comparison *c;   /* borrowed */
    const lk_verification *v; /* borrowed; NULL: a comparison without a policy */
    const lk_figures *made;   /* pictures that were encoded before, or NULL; borrowed */
    lk_figures *taken;        /* gets those that are encoded; NULL: nobody wants them */
    size_t figures;           /* so far */
};

/* html_tables.c: what is said in words and numbers. */
void html_verdict(struct page *p);
void html_aspects(struct page *p);
void html_warnings(struct page *p);
void html_inputs(struct page *p);
void html_alignment(struct page *p);
void html_measures(struct page *p);
/* The last part of a path, for titles; the path itself when it ends in a slash. */
const char *html_file_name(const lk_image_info *info);
/* A bar filled to value (0..1). The number beside it says the same in text. */
void html_bar(struct page *p, double value);

/* html_verify.c: the second answer of a verification; the others that the photo may show; what all rests on. Nothing for a
 * comparison. */
void html_answers(struct page *p);
void html_rivals(struct page *p);
void html_basis(struct page *p);

/* "Same", "Same, altered", "Different" or "Cannot tell". */
const char *html_verdict_word(const struct page *p);

/* Whether the region is one of those that answer: all of a comparison's, of a verification's those that its policy counts. */
bool html_counts(const struct page *p, const lk_region *r);

/* html_record.c: what the verdict is of and who gave it. Nothing for a comparison. */
MUST_CHECK lk_status html_record(struct page *p, lk_error *err);

/* html_evidence.c: what is shown. */
MUST_CHECK lk_status html_pictures(struct page *p, lk_error *err);
MUST_CHECK lk_status html_measure_pictures(struct page *p, lk_error *err);
MUST_CHECK lk_status html_regions(struct page *p, lk_error *err);

#endif
