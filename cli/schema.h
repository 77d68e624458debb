/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON Schemas of schema/, built in. */
#ifndef LK_SCHEMA_H
#define LK_SCHEMA_H

struct schema {
    const char *name; /* "compare-1" */
    const char *text; /* the whole file */
};

/* Ends with a row whose name is NULL. */
extern const struct schema schema_table[];

#endif
