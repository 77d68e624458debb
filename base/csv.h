/* SPDX-License-Identifier: Apache-2.0 */
/* Tables in CSV (RFC 4180) with a heading line, read whole. */
#ifndef LK_CSV_H
#define LK_CSV_H

#include <likeness/status.h>

#include "base/buf.h"
#include "base/compiler.h"

enum { CSV_BYTES_MAX = 64 << 20, CSV_ROWS_MAX = 1000000, CSV_COLUMNS_MAX = 256 };

struct csv {
    lk_bytes text;         /* what the cells point into */
    char **cells;          /* the heading, then a row after the other; zero-terminated, borrowed */
    int32_t *lines;        /* where each row begins in the file, from 1 */
    int32_t columns, rows; /* rows without the heading */
    size_t filled, capacity; /* of cells, while it is read */
};

/* Reads the file at path. Lines end with LF or CR LF, empty ones and a byte order mark are passed over, and every row has as many
 * fields as the heading. LK_E_IO, LK_E_LIMIT, LK_E_CORRUPT naming the line, LK_E_MEMORY; err->input is the path. */
MUST_CHECK lk_status csv_read(struct csv *out, const char *path, lk_error *err);
/* The same of text, which it takes over, also when it fails; err->input is not set. */
MUST_CHECK lk_status csv_parse(struct csv *out, lk_bytes *text, lk_error *err);
void csv_release(struct csv *csv);

/* The column whose heading is one of names (several with spaces between, the first found of them); -1 when there is none. */
int32_t csv_column(const struct csv *csv, const char *names);
const char *csv_at(const struct csv *csv, int32_t row, int32_t column);

/* The path of a file that a table names: as it stands, or, unless it begins with a slash, from the table's folder. The
 * caller's; NULL when memory is short. */
char *csv_path(const char *table, const char *path);

/* Writes a field: in quotes when it holds a comma, a quote or a line's end. */
void csv_add_field(struct buf *b, const char *text);

#endif
