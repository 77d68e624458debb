/* SPDX-License-Identifier: Apache-2.0 */
/* Parts that more than one document is made of. */
#ifndef LK_PARTS_H
#define LK_PARTS_H

#include <likeness/report.h>
#include <likeness/verify.h>

#include "base/json.h"

enum { REPORT_MAX = 64 << 20 }; /* bytes of a document */

/* report_json.c. A list of reasons; what was found, from "inputs" to "warnings". v: whose policy says which regions count; NULL
 * for none. */
void json_reasons(struct json *j, const char reasons[][200], int32_t count);
void json_found(struct json *j, const lk_comparison *c, const lk_verification *v);
/* report_quality.c */
void json_quality(struct json *j, const char *key, const lk_quality *q);

/* report_text.c: "= SAME", with ANSI codes where colour is wanted; "  #1 missing ... severity 0.7" */
void text_verdict(struct buf *b, lk_verdict verdict, bool colour);
void text_region(struct buf *b, const lk_region *r);

#endif
