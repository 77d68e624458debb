/* SPDX-License-Identifier: Apache-2.0 */
/* Many photos, each verified on a thread of its own. What is finished in front of the list is recorded and written by whichever
 * thread finds it so, one at a time, while the others go on: rows and entries of the log come in the order of the list, a row only
 * when its entry is on the disk, and nobody waits. A run that was stopped has whole rows, and --resume goes on behind them. */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"
#include "cli/progress.h"
#include "cli/stop.h"
#include "cli/store_place.h"
#include "cli/verify_rows.h"

enum { TOGETHER = 256, STORES = 256 }; /* rows of one commit; threads of an engine */

struct run {
    const struct verify_batch *b;
    lk_store *store; /* NULL where no original is of one; for what is written */
    struct pairs pairs;
    lk_original shared; /* where all photos have one reference */
    struct known_rows known;
    const struct pair **todo;
    size_t count;
    FILE *out;
    enum exit_code code;
    bool goes_on; /* behind rows that are there */
    struct progress progress;
    pthread_mutex_t lock;   /* of all below; never held while anything is worked on */
    struct verified **done; /* a place for each of todo; NULL until it is finished */
    size_t next;            /* the first that is not written */
    bool writing;           /* by some thread */
    lk_error err;           /* that ended the run */
    lk_store *idle[STORES]; /* for reading; a thread takes one while it works */
    int32_t idle_count;
};

/* -- The list -- */

/* Once; LK_E_CANCELLED when the store failed, which was reported. */
static lk_status open_store(struct run *r, lk_error *err) {
    const struct verify_batch *b = r->b;
    r->store = store_open_kept(b->common, b->db, b->no_store ? LK_STORE_UNTOUCHED : LK_STORE_WRITE);
    return r->store ? LK_OK : error_set(err, LK_E_CANCELLED, "no store");
}

static lk_status list_table(struct run *r, lk_error *err) {
    const struct verify_batch *b = r->b;
    bool stored = false;
    lk_status status = pairs_read_batch(&r->pairs, b->common->args.items[0], b->identify, err);
    for (size_t i = 0; i < r->pairs.count; i++) {
        stored = stored || r->pairs.items[i].from != PAIR_FILE;
    }
    return status == LK_OK && stored ? open_store(r, err) : status;
}

static lk_status list_photos(struct run *r, lk_error *err) {
    const struct verify_batch *b = r->b;
    const struct text_list *args = &b->common->args;
    if (b->table) {
        return list_table(r, err);
    }
    enum pair_source from = b->reference ? PAIR_FILE : b->ref ? PAIR_STORED : PAIR_SOUGHT;
    const char *reference = b->reference ? b->reference : b->ref ? b->ref : "";
    lk_status status = pairs_of_photos(&r->pairs, args, from, reference, err);
    if (status == LK_OK && b->reference) {
        return lk_original_load(&r->shared, b->verifier->contest, b->reference, err);
    }
    status = status == LK_OK ? open_store(r, err) : status;
    if (status == LK_OK && b->ref) {
        return lk_original_find(&r->shared, b->verifier->contest, r->store, b->ref, err);
    }
    return status;
}

/* Of earlier runs with other photos or another reference. */
static void remark_strange(const struct run *r) {
    int32_t strange = known_rows_strange(&r->known);
    if (strange > 0) {
        remark(r->b->common,
               "%s: %d of its %d rows answer none of these questions (other photos, or another "
               "reference); they stay, in front",
               r->b->common->output, (int)strange, (int)r->known.count);
    }
}

/* What is not there already. */
static lk_status list_todo(struct run *r, lk_error *err) {
    r->todo = mem_alloc(r->pairs.count + 1, sizeof *r->todo);
    r->done = mem_calloc(r->pairs.count + 1, sizeof *r->done);
    if (!r->todo || !r->done) {
        return error_memory(err, r->pairs.count * sizeof *r->todo);
    }
    for (size_t i = 0; i < r->pairs.count; i++) {
        if (!known_rows_has(&r->known, &r->pairs.items[i])) {
            r->todo[r->count++] = &r->pairs.items[i];
        }
    }
    remark_strange(r);
    return LK_OK;
}

/* -- One photo -- */

/* A store of this thread's own, for the time of one photo. */
static lk_status take_store(lk_store **out, struct run *r, lk_error *err) {
    static const lk_store_options reading = {.mode = LK_STORE_READ};
    pthread_mutex_lock(&r->lock);
    *out = r->idle_count > 0 ? r->idle[--r->idle_count] : NULL;
    pthread_mutex_unlock(&r->lock);
    return *out ? LK_OK : lk_store_open_again(out, r->store, &reading, err);
}

static void give_store(struct run *r, lk_store *store) {
    pthread_mutex_lock(&r->lock);
    bool kept = store && r->idle_count < STORES;
    if (kept) {
        r->idle[r->idle_count++] = store;
    }
    pthread_mutex_unlock(&r->lock);
    if (!kept) {
        lk_store_close(store);
    }
}

/* The pair's answer; own is the original where it is not the shared one. */
static lk_status answer(struct verified *v, lk_original *own, struct run *r, lk_store *store,
                        const lk_photo *photo) {
    lk_contest *c = r->b->verifier->contest;
    const struct pair *p = v->pair;
    lk_status status = LK_OK;
    if (p->from == PAIR_SOUGHT) {
        return lk_contest_identify(&v->result, own, c, store, photo, &v->err);
    }
    bool shared = !r->b->table;
    if (!shared && p->from == PAIR_STORED) {
        status = lk_original_find(own, c, store, p->reference, &v->err);
    } else if (!shared) {
        status = lk_original_load(own, c, p->reference, &v->err);
    }
    const lk_original *original = shared ? &r->shared : own;
    if (status == LK_OK && p->from == PAIR_STORED) {
        return lk_contest_verify(&v->result, c, store, original, photo, &v->err);
    }
    return status == LK_OK ? lk_contest_alone(&v->result, c, original, photo, &v->err) : status;
}

/* Keeps what is said of the original, without its picture. */
static void keep_reference(struct verified *v, const struct run *r, lk_original *own) {
    const lk_reference *from =
        r->b->table || v->pair->from == PAIR_SOUGHT ? &own->stored : &r->shared.stored;
    v->of_store = from->version > 0;
    snprintf(v->stored.id, sizeof v->stored.id, "%s", v->result.reference_id);
    v->stored.version = v->result.reference_version;
}

static lk_status verify_pair(struct verified *v, struct run *r, lk_store *store) {
    lk_image photo = {0};
    lk_image_info info;
    lk_original own = {0};
    lk_status status =
        lk_image_load(&photo, &info, r->b->verifier->engine, v->pair->photo, &photo_size, &v->err);
    if (status == LK_OK) {
        const lk_photo seen = {&photo, &info, NULL};
        status = answer(v, &own, r, store, &seen);
    }
    if (status == LK_OK) {
        keep_reference(v, r, &own);
    }
    if (status == LK_OK && v->of_store) {
        status = lk_verification_mark(&v->mark, r->b->verifier->engine, &photo, &v->err);
    }
    lk_original_release(&own);
    lk_image_release(&photo);
    return status;
}

/* -- Writing -- */

/* Worst wins: 2, then 1, then 3. */
static void note_code(struct run *r, enum exit_code code) {
    static const int32_t rank[] = {
        [EXIT_YES] = 0, [EXIT_INCONCLUSIVE] = 1, [EXIT_NO] = 2, [EXIT_TROUBLE] = 3};
    r->code = rank[code] > rank[r->code] ? code : r->code;
}

static bool is_recorded(const struct run *r, const struct verified *v) {
    return !r->b->no_store && v->err.status == LK_OK && v->of_store;
}

/* Into the log, all in one commit. */
static lk_status record(struct run *r, size_t from, size_t count, lk_error *err) {
    const struct verify_batch *b = r->b;
    bool any = false;
    for (size_t i = from; i < from + count; i++) {
        any = any || is_recorded(r, r->done[i]);
    }
    if (!any) {
        return LK_OK;
    }
    lk_status status = lk_store_begin(r->store, err);
    if (status != LK_OK) {
        return status;
    }
    for (size_t i = from; status == LK_OK && i < from + count; i++) {
        struct verified *v = r->done[i];
        lk_recorded recorded;
        if (is_recorded(r, v)) {
            const lk_reference *shown = v->stored.version > 0 ? &v->stored : NULL;
            status = lk_verification_record(&recorded, r->store, &v->result, shown, &v->mark,
                                            b->actor, b->note, err);
        }
    }
    return lk_store_end(r->store, status, err);
}

static lk_status write_rows(struct run *r, size_t from, size_t count, lk_error *err) {
    const struct verify_batch *b = r->b;
    struct buf text;
    lk_bytes bytes;
    buf_init(&text, (size_t)1 << 30);
    progress_hide(&r->progress);
    for (size_t i = from; i < from + count; i++) {
        struct verified *v = r->done[i];
        if (b->jsonl) {
            verify_row_jsonl(&text, v);
        } else if (b->csv) {
            verify_row_csv(&text, v);
        } else {
            verify_row_text(&text, b->common, v);
        }
        bool good = v->err.status == LK_OK;
        note_code(r, good ? verification_code(&v->result) : report_error(b->common, &v->err));
    }
    lk_status status = buf_finish(&text, &bytes, err);
    if (status == LK_OK &&
        (fwrite(bytes.data, 1, bytes.size, r->out) != bytes.size || fflush(r->out) != 0)) {
        status = error_set(err, LK_E_WRITE, "%s", strerror(errno));
    }
    lk_bytes_release(&bytes);
    for (size_t i = from; i < from + count; i++) {
        progress_step(&r->progress, r->done[i]->pair->photo);
        verified_free(r->done[i]);
        r->done[i] = NULL;
    }
    return status;
}

/* How many behind r->next are finished. */
static size_t finished(const struct run *r) {
    size_t n = 0;
    while (n < TOGETHER && r->next + n < r->count && r->done[r->next + n]) {
        n++;
    }
    return n;
}

/* Hands a result over, and writes what is finished unless another thread is at it, who will see this one too. */
static void hand_over(struct run *r, size_t i, struct verified *v) {
    pthread_mutex_lock(&r->lock);
    r->done[i] = v;
    bool mine = !r->writing;
    r->writing = true;
    size_t count;
    while (mine && r->err.status == LK_OK && (count = finished(r)) > 0) {
        size_t from = r->next;
        lk_error err = {0};
        pthread_mutex_unlock(&r->lock);
        lk_status status = record(r, from, count, &err);
        status = status == LK_OK ? write_rows(r, from, count, &err) : status;
        pthread_mutex_lock(&r->lock);
        r->next = from + count;
        r->err = status == LK_OK ? r->err : err;
    }
    r->writing = r->writing && !mine;
    pthread_mutex_unlock(&r->lock);
}

static void run_one(void *arg, int32_t i) {
    struct run *r = arg;
    lk_store *store = NULL;
    pthread_mutex_lock(&r->lock);
    bool over = r->err.status != LK_OK;
    pthread_mutex_unlock(&r->lock);
    if (over || stop_asked()) {
        return;
    }
    struct verified *v = mem_calloc(1, sizeof *v);
    if (!v) {
        pthread_mutex_lock(&r->lock);
        error_memory(&r->err, sizeof *v);
        pthread_mutex_unlock(&r->lock);
        return;
    }
    v->pair = r->todo[i];
    lk_status status = r->store ? take_store(&store, r, &v->err) : LK_OK;
    status = status == LK_OK ? verify_pair(v, r, store) : status;
    give_store(r, store);
    v->err.status = status;
    if (status == LK_E_CANCELLED) {
        verified_free(v); /* it was not looked at */
    } else {
        hand_over(r, (size_t)i, v);
    }
}

/* -- All of it -- */

static lk_status open_output(struct run *r, lk_error *err) {
    const char *path = r->b->common->output;
    bool to_file = path && strcmp(path, "-") != 0;
    r->goes_on = to_file && r->b->resume && access(path, F_OK) == 0;
    lk_status status = r->goes_on ? known_rows_read(&r->known, path, err) : LK_OK;
    if (status != LK_OK) {
        return status;
    }
    r->out = to_file ? fopen(path, r->goes_on ? "a" : "w") : stdout;
    if (!r->out) {
        return error_input(err, error_set(err, LK_E_WRITE, "%s", strerror(errno)), path);
    }
    bool good =
        r->goes_on || !r->b->csv || (fputs(verify_heading, r->out) >= 0 && fflush(r->out) == 0);
    return good ? LK_OK : error_set(err, LK_E_WRITE, "%s", strerror(errno));
}

/* Before threads, of which one would open the search alone. */
static lk_status prepare(struct run *r, lk_error *err) {
    for (size_t i = 0; i < r->count; i++) {
        if (r->todo[i]->from == PAIR_SOUGHT) {
            return lk_contest_prepare(r->b->verifier->contest, r->store, err);
        }
    }
    return LK_OK;
}

static lk_status run_all(struct run *r, lk_error *err) {
    progress_begin(&r->progress, r->b->common, r->count);
    lk_engine_for(r->b->verifier->engine, (int32_t)r->count, run_one, r);
    progress_end(&r->progress);
    if (r->err.status != LK_OK) {
        *err = r->err;
    }
    return r->err.status;
}

static lk_status close_output(struct run *r, lk_status status, lk_error *err) {
    if (r->out && r->out != stdout && fclose(r->out) != 0 && status == LK_OK) {
        status = error_set(err, LK_E_WRITE, "%s", strerror(errno));
    }
    bool whole = status == LK_OK && r->next == r->count;
    return whole && r->goes_on && r->count > 0
               ? verify_rows_arrange(r->b->common->output, &r->pairs, err)
               : status;
}

static void run_release(struct run *r) {
    for (size_t i = 0; r->done && i < r->count; i++) {
        verified_free(r->done[i]);
    }
    for (int32_t i = 0; i < r->idle_count; i++) {
        lk_store_close(r->idle[i]);
    }
    lk_store_close(r->store);
    known_rows_release(&r->known);
    lk_original_release(&r->shared);
    pair_list_release(&r->pairs);
    mem_free(r->todo);
    mem_free(r->done);
    pthread_mutex_destroy(&r->lock);
}

enum exit_code verify_batch_run(const struct verify_batch *batch) {
    struct run r = {.b = batch, .lock = PTHREAD_MUTEX_INITIALIZER};
    lk_error err = {0};
    const char *output = batch->common->output;
    /* Before anything is looked at, or derived for the store. */
    lk_status status = output && strcmp(output, "-") != 0 ? file_can_write(output, &err) : LK_OK;
    status = status == LK_OK ? list_photos(&r, &err) : status;
    if (status == LK_OK && r.pairs.count == 0) {
        remark(batch->common, "%s: there is nothing to verify", batch->common->args.items[0]);
    }
    status = status == LK_OK ? open_output(&r, &err) : status;
    status = status == LK_OK ? list_todo(&r, &err) : status;
    status = status == LK_OK ? prepare(&r, &err) : status;
    status = status == LK_OK ? run_all(&r, &err) : status;
    status = close_output(&r, status, &err);
    if (status == LK_E_CANCELLED && !r.store) {
        r.code = EXIT_TROUBLE; /* it was said why */
    } else if (status != LK_OK) {
        if (r.out == stdout && status == LK_E_WRITE) {
            stop_if_unread();
        }
        r.code = report_error(batch->common, &err);
    }
    run_release(&r);
    return batch->common->exit_zero && r.code != EXIT_TROUBLE ? EXIT_YES : r.code;
}
