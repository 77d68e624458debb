/* SPDX-License-Identifier: Apache-2.0 */
/* Many photos: a group at a time is verified on all threads, a photo each, and its rows are written in the order of the list
 * before the next group begins. So a run that was stopped has whole rows, and --resume goes on behind them. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/csv.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "cli/pairs.h"
#include "cli/progress.h"
#include "cli/stop.h"
#include "cli/verifier.h"

/* One photo on its way. */
struct job {
    const char *photo, *reference;
    lk_verification result;
    lk_image_info info;
    lk_error err; /* status LK_OK: there is a result */
};

struct run {
    const struct verify_batch *b;
    struct pairs pairs;
    struct original shared; /* where all photos have one reference */
    struct job *group;
    size_t together;
    struct csv known; /* rows that are there already */
    FILE *out;
    enum exit_code code;
};

/* -- The list -- */

static lk_status list_photos(struct run *r, lk_error *err) {
    const struct verify_batch *b = r->b;
    lk_picture_list list;
    if (!b->reference) {
        return pairs_read(&r->pairs, b->common->args.items[0], 0, 0, err);
    }
    lk_status status =
        lk_picture_list_find(&list, b->common->args.items, b->common->args.count, err);
    if (status != LK_OK) {
        return status;
    }
    r->pairs.items = mem_calloc(list.count + 1, sizeof *r->pairs.items);
    if (!r->pairs.items) {
        status = error_memory(err, list.count * sizeof *r->pairs.items);
    }
    for (size_t i = 0; status == LK_OK && i < list.count; i++) {
        r->pairs.items[r->pairs.count++] = (struct pair){.photo = list.paths[i]};
        list.paths[i] = NULL; /* the pair's now */
    }
    lk_picture_list_release(&list);
    return status == LK_OK ? original_load(&r->shared, b->verifier, b->reference, err) : status;
}

/* -- One photo -- */

static void run_job(void *arg, int32_t i) {
    struct run *r = arg;
    struct job *j = &r->group[i];
    struct original own = {0};
    lk_status status = LK_OK;
    if (!r->b->reference) {
        status = original_load(&own, r->b->verifier, j->reference, &j->err);
    }
    if (status == LK_OK) {
        status = verifier_check(&j->result, &j->info, r->b->verifier,
                                r->b->reference ? &r->shared : &own, j->photo, &j->err);
    }
    j->err.status = status;
    original_release(&own);
}

/* -- Rows -- */

static const char heading[] =
    "photo,reference,verdict,intact,probability,changes,stars,reason,advice,error\n";

static void add_csv(struct buf *b, const struct job *j, const char *reference) {
    const lk_verification *v = &j->result;
    bool good = j->err.status == LK_OK;
    csv_add_field(b, j->photo);
    buf_add_text(b, ",");
    csv_add_field(b, reference);
    if (good) {
        buf_printf(b, ",%s,%s,%.6f,%d,%d,", lk_verdict_name(v->verdict),
                   lk_intactness_name(v->intact), v->probability, (int)v->changes,
                   (int)v->quality.stars);
        csv_add_field(b, v->reason_count > 0 ? v->reasons[0] : "");
        buf_add_text(b, ",");
        csv_add_field(b, v->advice);
        buf_add_text(b, ",");
    } else {
        buf_add_text(b, ",,,,,,,,");
        csv_add_field(b, j->err.text);
    }
    buf_add_text(b, "\n");
}

static void add_jsonl(struct buf *b, const struct job *j, const char *reference) {
    lk_bytes text;
    struct json json;
    json_init(&json, b, 0);
    json_object_begin(&json, NULL);
    json_text(&json, "photo", j->photo);
    json_text(&json, "reference", reference);
    if (j->err.status != LK_OK) {
        json_text(&json, "error", j->err.text);
    } else if (lk_report_verify_json(&text, &j->result, false, NULL) == LK_OK) {
        json_raw(&json, "result", text.data, text.size - 1); /* without its line's end */
        lk_bytes_release(&text);
    }
    json_object_end(&json);
    buf_add_text(b, "\n");
}

static void add_text(struct buf *b, const struct run *r, const struct job *j) {
    const lk_verification *v = &j->result;
    if (j->err.status != LK_OK) {
        return; /* it was said on standard error */
    }
    buf_printf(b, "%-11s %-11s %.3f  ", lk_verdict_name(v->verdict),
               v->verdict == LK_SAME ? lk_intactness_name(v->intact) : "-", v->probability);
    add_path(b, r->b->common, j->photo);
    buf_add_text(b, "\n");
}

/* Worst wins: 2, then 1, then 3. */
static void note_code(struct run *r, enum exit_code code) {
    static const int32_t rank[] = {
        [EXIT_YES] = 0, [EXIT_INCONCLUSIVE] = 1, [EXIT_NO] = 2, [EXIT_TROUBLE] = 3};
    r->code = rank[code] > rank[r->code] ? code : r->code;
}

static lk_status write_rows(struct run *r, size_t count, lk_error *err) {
    struct buf b;
    lk_bytes bytes;
    buf_init(&b, (size_t)1 << 30);
    for (size_t i = 0; i < count; i++) {
        struct job *j = &r->group[i];
        const char *reference = r->b->reference ? r->b->reference : j->reference;
        bool good = j->err.status == LK_OK;
        note_code(r, good ? verification_code(&j->result) : report_error(r->b->common, &j->err));
        if (r->b->jsonl) {
            add_jsonl(&b, j, reference);
        } else if (r->b->csv) {
            add_csv(&b, j, reference);
        } else {
            add_text(&b, r, j);
        }
        lk_verification_release(&j->result);
    }
    lk_status status = buf_finish(&b, &bytes, err);
    if (status == LK_OK &&
        (fwrite(bytes.data, 1, bytes.size, r->out) != bytes.size || fflush(r->out) != 0)) {
        status = error_set(err, LK_E_WRITE, "%s", strerror(errno));
    }
    lk_bytes_release(&bytes);
    return status;
}

/* -- Going on -- */

/* Whether the file that is written to has the photo's row. */
static bool is_known(const struct run *r, const struct pair *p) {
    const char *reference = r->b->reference ? r->b->reference : p->reference;
    for (int32_t i = 0; i < r->known.rows; i++) {
        if (strcmp(csv_at(&r->known, i, 0), p->photo) == 0 &&
            strcmp(csv_at(&r->known, i, 1), reference) == 0) {
            return true;
        }
    }
    return false;
}

/* The rows that are there. A run that was killed may have left part of one: the file is cut behind the last whole line. What is no
 * such file is refused, not written over. */
static lk_status read_known(struct run *r, const char *path, lk_error *err) {
    lk_bytes text;
    lk_status status = file_read(&text, path, CSV_BYTES_MAX, NULL, err);
    if (status != LK_OK) {
        return status;
    }
    size_t whole = text.size;
    while (whole > 0 && text.data[whole - 1] != '\n') {
        whole--;
    }
    if (whole < sizeof heading - 1 || memcmp(text.data, heading, sizeof heading - 1) != 0) {
        lk_bytes_release(&text);
        return error_input(err, error_set(err, LK_E_CORRUPT, "not a table of verify --csv"), path);
    }
    if (whole < text.size && truncate(path, (off_t)whole) != 0) {
        lk_bytes_release(&text);
        return error_input(err, error_set(err, LK_E_WRITE, "%s", strerror(errno)), path);
    }
    text.size = whole;
    text.data[whole] = '\0';
    status = csv_parse(&r->known, &text, err);
    return status == LK_OK ? LK_OK : error_input(err, status, path);
}

static lk_status open_output(struct run *r, lk_error *err) {
    const char *path = r->b->common->output;
    bool to_file = path && strcmp(path, "-") != 0;
    bool goes_on = to_file && r->b->resume && access(path, F_OK) == 0;
    lk_status status = goes_on ? read_known(r, path, err) : LK_OK;
    if (status != LK_OK) {
        return status;
    }
    r->out = to_file ? fopen(path, goes_on ? "a" : "w") : stdout;
    if (!r->out) {
        return error_input(err, error_set(err, LK_E_WRITE, "%s", strerror(errno)), path);
    }
    bool good = goes_on || !r->b->csv || fputs(heading, r->out) >= 0;
    return good ? LK_OK : error_set(err, LK_E_WRITE, "%s", strerror(errno));
}

static lk_status run_all(struct run *r, lk_error *err) {
    struct progress progress;
    lk_status status = LK_OK;
    size_t next = 0;
    progress_begin(&progress, r->b->common, r->pairs.count);
    while (status == LK_OK && next < r->pairs.count && !stop_asked()) {
        size_t count = 0;
        for (; count < r->together && next < r->pairs.count; next++) {
            const struct pair *p = &r->pairs.items[next];
            progress_step(&progress, p->photo);
            if (!is_known(r, p)) {
                r->group[count++] = (struct job){.photo = p->photo, .reference = p->reference};
            }
        }
        lk_engine_for(r->b->verifier->engine, (int32_t)count, run_job, r);
        progress_hide(&progress);
        status = write_rows(r, count, err);
    }
    progress_end(&progress);
    return status;
}

enum exit_code verify_batch_run(const struct verify_batch *batch) {
    struct run r = {.b = batch};
    lk_error err = {0};
    r.together = 4 * (size_t)lk_engine_threads(batch->verifier->engine);
    r.group = mem_calloc(r.together, sizeof *r.group);
    lk_status status = r.group ? LK_OK : error_memory(&err, r.together * sizeof *r.group);
    status = status == LK_OK ? list_photos(&r, &err) : status;
    status = status == LK_OK ? open_output(&r, &err) : status;
    status = status == LK_OK ? run_all(&r, &err) : status;
    if (r.out && r.out != stdout && fclose(r.out) != 0 && status == LK_OK) {
        status = error_set(&err, LK_E_WRITE, "%s", strerror(errno));
    }
    if (status != LK_OK) {
        r.code = report_error(batch->common, &err);
    }
    csv_release(&r.known);
    original_release(&r.shared);
    pairs_release(&r.pairs);
    mem_free(r.group);
    return batch->common->exit_zero && r.code != EXIT_TROUBLE ? EXIT_YES : r.code;
}
