/* SPDX-License-Identifier: Apache-2.0 */
/* Fields are unquoted in place: what is written never passes what is read. */
#include "base/csv.h"

#include <stdbool.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"

void csv_release(struct csv *csv) {
    lk_bytes_release(&csv->text);
    mem_free(csv->cells);
    mem_free(csv->lines);
    *csv = (struct csv){0};
}

/* Where reading stands. */
struct reader {
    struct csv *out;
    char *at, *end;
    int32_t line;
    lk_error *err;
};

static lk_status add_cell(struct reader *r, char *cell) {
    struct csv *c = r->out;
    if (c->filled == c->capacity) {
        size_t capacity = c->capacity > 0 ? 2 * c->capacity : 64;
        char **grown = mem_realloc(c->cells, capacity, sizeof *grown);
        if (!grown) {
            return error_memory(r->err, capacity * sizeof *grown);
        }
        c->cells = grown;
        c->capacity = capacity;
    }
    c->cells[c->filled++] = cell;
    return LK_OK;
}

/* Whether a line ends here: at LF, CR LF or the end of the text. */
static bool at_line_end(const struct reader *r) {
    return r->at == r->end || *r->at == '\n' ||
           (*r->at == '\r' && r->at + 1 < r->end && r->at[1] == '\n');
}

static void pass_line_end(struct reader *r) {
    r->at += r->at < r->end && *r->at == '\r' ? 1 : 0;
    r->at += r->at < r->end ? 1 : 0;
    r->line++;
}

/* Reads the inside of a quoted field and both its quotes; *to gets the end of what is written. */
static lk_status quoted_field(struct reader *r, char **to) {
    int32_t opened = r->line;
    for (r->at++; r->at < r->end; r->at++) {
        if (*r->at == '"') {
            if (r->at + 1 == r->end || r->at[1] != '"') {
                r->at++;
                return LK_OK;
            }
            r->at++;
        }
        r->line += *r->at == '\n';
        *(*to)++ = *r->at;
    }
    return error_set(r->err, LK_E_CORRUPT, "line %d: a quote is opened and not closed",
                     (int)opened);
}

/* Reads one field up to the comma or the line's end, where at then stands. */
static lk_status read_field(struct reader *r, char **to) {
    *to = r->at;
    if (r->at < r->end && *r->at == '"') {
        lk_status status = quoted_field(r, to);
        if (status == LK_OK && !at_line_end(r) && *r->at != ',') {
            status = error_set(r->err, LK_E_CORRUPT, "line %d: text behind a closing quote",
                               (int)r->line);
        }
        return status;
    }
    for (; !at_line_end(r) && *r->at != ','; r->at++) {
        if (*r->at == '"' || *r->at == '\r') {
            return error_set(r->err, LK_E_CORRUPT, "line %d: a field with a %s has no quotes",
                             (int)r->line, *r->at == '"' ? "quote" : "carriage return");
        }
    }
    *to = r->at;
    return LK_OK;
}

/* Reads one line; at then stands behind its end. */
static lk_status read_row(struct reader *r, int32_t *fields) {
    lk_status status = LK_OK;
    bool more = true;
    for (*fields = 0; status == LK_OK && more; (*fields)++) {
        char *cell = r->at, *to = NULL;
        status = *fields == CSV_COLUMNS_MAX
                     ? error_set(r->err, LK_E_LIMIT, "line %d: more than %d fields", (int)r->line,
                                 CSV_COLUMNS_MAX)
                     : read_field(r, &to);
        status = status == LK_OK ? add_cell(r, cell) : status;
        if (status == LK_OK) {
            more = r->at < r->end && *r->at == ',';
            if (more) {
                r->at++;
            } else {
                pass_line_end(r);
            }
            *to = '\0';
        }
    }
    return status;
}

static lk_status add_line(struct csv *c, int32_t line, lk_error *err) {
    bool full = (c->rows & (c->rows - 1)) == 0; /* room is doubled at the powers of two */
    if (c->rows == CSV_ROWS_MAX) {
        return error_set(err, LK_E_LIMIT, "line %d: more than %d rows", (int)line, CSV_ROWS_MAX);
    }
    if (full) {
        size_t room = c->rows > 0 ? 2 * (size_t)c->rows : 1;
        int32_t *grown = mem_realloc(c->lines, room, sizeof *grown);
        if (!grown) {
            return error_memory(err, room * sizeof *grown);
        }
        c->lines = grown;
    }
    c->lines[c->rows++] = line;
    return LK_OK;
}

static lk_status read_table(struct reader *r) {
    struct csv *c = r->out;
    lk_status status = LK_OK;
    while (status == LK_OK && r->at < r->end) {
        int32_t fields, line = r->line;
        if (at_line_end(r)) {
            pass_line_end(r);
            continue;
        }
        status = read_row(r, &fields);
        if (status == LK_OK && c->columns > 0 && fields != c->columns) {
            status = error_set(r->err, LK_E_CORRUPT, "line %d: %d fields, the heading has %d",
                               (int)line, (int)fields, (int)c->columns);
        }
        if (status == LK_OK && c->columns > 0) {
            status = add_line(c, line, r->err);
        } else if (status == LK_OK) {
            c->columns = fields;
        }
    }
    if (status == LK_OK && c->columns == 0) {
        status = error_set(r->err, LK_E_CORRUPT, "the table has no heading");
    }
    return status;
}

lk_status csv_parse(struct csv *out, lk_bytes *text, lk_error *err) {
    *out = (struct csv){.text = *text};
    *text = (lk_bytes){0};
    char *begin = (char *)out->text.data;
    struct reader r = {out, begin, begin + out->text.size, 1, err};
    lk_status status = LK_OK;
    if (out->text.size >= 3 && memcmp(r.at, "\xef\xbb\xbf", 3) == 0) {
        r.at += 3;
    }
    if (memchr(r.at, '\0', (size_t)(r.end - r.at))) {
        status = error_set(err, LK_E_CORRUPT, "a zero byte: this is no text");
    }
    status = status == LK_OK ? read_table(&r) : status;
    if (status != LK_OK) {
        csv_release(out);
    }
    return status;
}

lk_status csv_read(struct csv *out, const char *path, lk_error *err) {
    lk_bytes text = {0};
    *out = (struct csv){0};
    lk_status status = file_read(&text, path, CSV_BYTES_MAX, NULL, err);
    status = status == LK_OK ? csv_parse(out, &text, err) : status;
    return status == LK_OK ? LK_OK : error_input(err, status, path);
}

int32_t csv_column(const struct csv *csv, const char *names) {
    for (const char *name = names; *name; name += strspn(name, " ")) {
        size_t length = strcspn(name, " ");
        for (int32_t i = 0; i < csv->columns; i++) {
            if (strlen(csv->cells[i]) == length && memcmp(csv->cells[i], name, length) == 0) {
                return i;
            }
        }
        name += length;
    }
    return -1;
}

const char *csv_at(const struct csv *csv, int32_t row, int32_t column) {
    return csv->cells[(size_t)(row + 1) * (size_t)csv->columns + (size_t)column];
}

char *csv_path(const char *table, const char *path) {
    const char *slash = strrchr(table, '/');
    size_t folder = slash && path[0] != '/' ? (size_t)(slash + 1 - table) : 0;
    size_t length = strlen(path);
    char *out = mem_alloc(folder + length + 1, 1);
    if (out) {
        memcpy(out, table, folder);
        memcpy(out + folder, path, length + 1);
    }
    return out;
}

void csv_add_field(struct buf *b, const char *text) {
    if (!text[strcspn(text, ",\"\r\n")]) {
        buf_add_text(b, text);
        return;
    }
    buf_add_text(b, "\"");
    for (; *text; text++) {
        buf_add(b, text, 1);
        if (*text == '"') {
            buf_add_text(b, "\"");
        }
    }
    buf_add_text(b, "\"");
}
