/* SPDX-License-Identifier: Apache-2.0 */
/* What stands in a document likeness/policy/1 and where it goes. */
#ifndef LK_POLICY_FIELDS_H
#define LK_POLICY_FIELDS_H

#include <likeness/verify.h>
#include <stddef.h>

/* A number of the document and where it stands in the policy. */
struct policy_number {
    const char *key; /* NULL ends a table */
    size_t offset;
    enum { POLICY_REAL, POLICY_INT32, POLICY_INT64 } kind;
    double least, most;
};

extern const char policy_schema[];
extern const struct policy_number policy_numbers[], policy_record_numbers[];

#endif
