/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/verify_rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"

enum { PHOTO = 0, REFERENCE = 1, ERROR = 9 }; /* columns of the heading that are read again */

const char verify_heading[] =
    "photo,reference,verdict,intact,probability,changes,stars,reason,advice,error,warnings\n";

void verified_free(struct verified *v) {
    if (v) {
        lk_verification_release(&v->result);
        lk_reference_release(&v->stored);
        mem_free(v);
    }
}

/* -- Rows -- */

/* What the photo was held beside: the version where it is of a store, else what was asked for. */
static const char *reference_of(char *text, size_t size, const struct verified *v) {
    if (v->err.status != LK_OK || v->stored.version == 0) {
        return v->pair->reference;
    }
    snprintf(text, size, "%.128s@%d", v->stored.id, (int)v->stored.version);
    return text;
}

/* The codes of what warns of it, joined by semicolons. */
static void add_codes(struct buf *b, const lk_comparison *c) {
    for (int32_t i = 0; i < c->warning_count; i++) {
        buf_printf(b, "%s%s", i > 0 ? ";" : "", c->warnings[i].code);
    }
}

void verify_row_csv(struct buf *b, const struct verified *v) {
    char text[LK_REFERENCE_ID_MAX + 16];
    const lk_verification *r = &v->result;
    csv_add_field(b, v->pair->photo);
    buf_add_text(b, ",");
    csv_add_field(b, reference_of(text, sizeof text, v));
    if (v->err.status == LK_OK) {
        buf_printf(b, ",%s,%s,%.6f,%d,%d,", lk_verdict_name(r->verdict),
                   lk_intactness_name(r->intact), r->probability, (int)r->changes,
                   (int)r->quality.stars);
        csv_add_field(b, r->reason_count > 0 ? r->reasons[0] : "");
        buf_add_text(b, ",");
        csv_add_field(b, r->advice);
        buf_add_text(b, ",,");
        add_codes(b, &r->comparison);
    } else {
        buf_add_text(b, ",,,,,,,,");
        csv_add_field(b, v->err.text[0] ? v->err.text : "failed");
        buf_add_text(b, ",");
    }
    buf_add_text(b, "\n");
}

void verify_row_jsonl(struct buf *b, struct verified *v) {
    char name[LK_REFERENCE_ID_MAX + 16];
    lk_bytes text = {0};
    struct json json;
    if (v->err.status == LK_OK) {
        v->err.status = lk_report_verify_json(&text, &v->result, false, &v->err);
    }
    json_init(&json, b, 0);
    json_object_begin(&json, NULL);
    json_text(&json, "photo", v->pair->photo);
    json_text(&json, "reference", reference_of(name, sizeof name, v));
    if (v->err.status != LK_OK) {
        json_text(&json, "error", v->err.text);
    } else {
        json_raw(&json, "result", text.data, text.size - 1); /* without its line's end */
    }
    lk_bytes_release(&text);
    json_object_end(&json);
    buf_add_text(b, "\n");
}

void verify_row_text(struct buf *b, const struct common *common, const struct verified *v) {
    const lk_verification *r = &v->result;
    if (v->err.status != LK_OK) {
        return; /* it was said on standard error */
    }
    buf_printf(b, "%-11s %-11s %.3f  ", lk_verdict_name(r->verdict),
               r->verdict == LK_SAME ? lk_intactness_name(r->intact) : "-", r->probability);
    add_path(b, common, v->pair->photo);
    if (v->stored.version > 0) {
        buf_printf(b, "  %s@%d", v->stored.id, (int)v->stored.version);
    }
    if (r->nearest_id[0]) {
        buf_printf(b, "  none; nearest %s@%d", r->nearest_id, (int)r->nearest_version);
    }
    if (r->comparison.warning_count > 0) {
        buf_add_text(b, "  warnings: ");
        add_codes(b, &r->comparison);
    }
    buf_add_text(b, "\n");
}

/* -- What is there already -- */

static int by_photo(const void *a, const void *b) {
    const struct known_row *p = a, *q = b;
    int order = strcmp(p->photo, q->photo);
    order = order != 0 ? order : strcmp(p->reference, q->reference);
    return order != 0 ? order : (p->number > q->number) - (p->number < q->number);
}

/* Whether a row may be the pair's. What was ID in the question is ID@VERSION in the answer, and anything where it was sought. */
static bool answers(const char *reference, const struct pair *p) {
    size_t length = strlen(p->reference);
    switch (p->from) {
    case PAIR_SOUGHT: return true;
    case PAIR_STORED:
        return strncmp(reference, p->reference, length) == 0 &&
               (!reference[length] || (reference[length] == '@' && !strchr(p->reference, '@')));
    default: return strcmp(reference, p->reference) == 0;
    }
}

static bool is_good(const struct csv *t, int32_t row) {
    return !csv_at(t, row, ERROR)[0];
}

/* Lists and sorts the rows, or those alone that have a verdict. */
static lk_status sort_rows(struct known_rows *k, bool all, lk_error *err) {
    const struct csv *t = &k->table;
    k->rows = mem_alloc((size_t)t->rows + 1, sizeof *k->rows);
    if (!k->rows) {
        return error_memory(err, (size_t)t->rows * sizeof *k->rows);
    }
    for (int32_t i = 0; i < t->rows; i++) {
        if (all || is_good(t, i)) {
            k->rows[k->count++] =
                (struct known_row){csv_at(t, i, PHOTO), csv_at(t, i, REFERENCE), i, false, false};
        }
    }
    qsort(k->rows, (size_t)k->count, sizeof *k->rows, by_photo);
    return LK_OK;
}

/* The first row that is of the pair and not taken; NULL when there is none. */
static struct known_row *find_row(const struct known_rows *k, const struct pair *p) {
    int32_t low = 0, high = k->count;
    while (low < high) {
        int32_t middle = low + (high - low) / 2;
        if (strcmp(k->rows[middle].photo, p->photo) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    for (; low < k->count && strcmp(k->rows[low].photo, p->photo) == 0; low++) {
        if (!k->rows[low].taken && answers(k->rows[low].reference, p)) {
            return &k->rows[low];
        }
    }
    return NULL;
}

static void add_again(struct buf *b, const struct csv *t, int32_t row) {
    for (int32_t i = 0; i < t->columns; i++) {
        buf_add_text(b, i > 0 ? "," : "");
        csv_add_field(b, csv_at(t, row, i));
    }
    buf_add_text(b, "\n");
}

static lk_status write_table(struct buf *b, const char *path, lk_error *err) {
    lk_bytes bytes;
    lk_status status = buf_finish(b, &bytes, err);
    status = status == LK_OK ? file_write(path, bytes.data, bytes.size, err) : status;
    lk_bytes_release(&bytes);
    return status;
}

/* What a run left that ended before its heading was written whole: the heading. */
static lk_status take_heading(lk_bytes *text, lk_error *err) {
    struct buf b;
    lk_bytes_release(text);
    buf_init(&b, sizeof verify_heading);
    buf_add_text(&b, verify_heading);
    return buf_finish(&b, text, err);
}

/* The whole lines of the table; *cut tells that there is part of another one. */
static lk_status read_lines(lk_bytes *text, bool *cut, const char *path, lk_error *err) {
    lk_status status = file_read(text, path, CSV_BYTES_MAX, NULL, err);
    if (status != LK_OK) {
        return status;
    }
    size_t whole = text->size, heading = strlen(verify_heading);
    *cut = whole < heading && memcmp(text->data, verify_heading, whole) == 0;
    if (*cut) {
        return take_heading(text, err);
    }
    while (whole > 0 && text->data[whole - 1] != '\n') {
        whole--;
    }
    if (whole < heading || memcmp(text->data, verify_heading, heading) != 0) {
        lk_bytes_release(text);
        return error_input(err, error_set(err, LK_E_CORRUPT, "not a table of verify --csv"), path);
    }
    *cut = whole < text->size;
    text->size = whole;
    text->data[whole] = '\0';
    return LK_OK;
}

/* The file without what is made again. */
static lk_status keep_good(const struct csv *t, const char *path, lk_error *err) {
    struct buf b;
    buf_init(&b, CSV_BYTES_MAX);
    buf_add_text(&b, verify_heading);
    for (int32_t i = 0; i < t->rows; i++) {
        if (is_good(t, i)) {
            add_again(&b, t, i);
        }
    }
    return write_table(&b, path, err);
}

static lk_status parse(struct known_rows *out, bool *cut, const char *path, lk_error *err) {
    lk_bytes text;
    *out = (struct known_rows){0};
    lk_status status = read_lines(&text, cut, path, err);
    if (status == LK_OK) {
        status = csv_parse(&out->table, &text, err);
        status = status == LK_OK ? LK_OK : error_input(err, status, path);
    }
    return status;
}

lk_status known_rows_read(struct known_rows *out, const char *path, lk_error *err) {
    bool cut;
    lk_status status = parse(out, &cut, path, err);
    status = status == LK_OK ? sort_rows(out, false, err) : status;
    if (status == LK_OK && (cut || out->count < out->table.rows)) {
        status = keep_good(&out->table, path, err);
    }
    if (status != LK_OK) {
        known_rows_release(out);
    }
    return status;
}

bool known_rows_has(struct known_rows *k, const struct pair *p) {
    struct known_row *row = find_row(k, p), *end = k->rows + k->count;
    for (struct known_row *r = row; r && r < end && strcmp(r->photo, p->photo) == 0; r++) {
        r->asked = r->asked || answers(r->reference, p);
    }
    return row != NULL;
}

int32_t known_rows_strange(const struct known_rows *k) {
    int32_t count = 0;
    for (int32_t i = 0; i < k->count; i++) {
        count += !k->rows[i].asked;
    }
    return count;
}

void known_rows_release(struct known_rows *k) {
    mem_free(k->rows);
    csv_release(&k->table);
    *k = (struct known_rows){0};
}

/* -- The order of the list -- */

static lk_status arrange(struct buf *b, const struct known_rows *k, const struct pairs *pairs,
                         lk_error *err) {
    int32_t *order = mem_alloc(pairs->count + 1, sizeof *order);
    size_t count = 0;
    if (!order) {
        return error_memory(err, pairs->count * sizeof *order);
    }
    for (size_t i = 0; i < pairs->count; i++) {
        struct known_row *row = find_row(k, &pairs->items[i]);
        if (row) {
            row->taken = true;
            order[count++] = row->number;
        }
    }
    buf_add_text(b, verify_heading);
    for (int32_t i = 0; i < k->count; i++) { /* of no pair of this list */
        if (!k->rows[i].taken) {
            add_again(b, &k->table, k->rows[i].number);
        }
    }
    for (size_t i = 0; i < count; i++) {
        add_again(b, &k->table, order[i]);
    }
    mem_free(order);
    return LK_OK;
}

lk_status verify_rows_arrange(const char *path, const struct pairs *pairs, lk_error *err) {
    struct known_rows k;
    struct buf b;
    bool cut;
    buf_init(&b, CSV_BYTES_MAX);
    lk_status status = parse(&k, &cut, path, err);
    status = status == LK_OK ? sort_rows(&k, true, err) : status;
    status = status == LK_OK ? arrange(&b, &k, pairs, err) : status;
    status = status == LK_OK ? write_table(&b, path, err) : status;
    buf_release(&b);
    known_rows_release(&k);
    return status;
}
