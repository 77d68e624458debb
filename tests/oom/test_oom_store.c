/* SPDX-License-Identifier: Apache-2.0 */
/* The store with each allocation failing in turn, SQLite's too: the operation says that memory is short, and the store is as
 * before; or it can do without, and the store is as after. Never half, never damaged. (jansson's are left out: it calls a text
 * invalid when memory is short.) */
#include "tests/unit/store_files.h"

#include "base/mem.h"
#include "tests/oom/oom_sqlite.h"

/* -- Operations on a store of two references -- */

struct world {
    struct place *p;
    struct drawn drawn[3];
};

static lk_status open_store(lk_store **out, struct world *w, lk_error *err) {
    return lk_store_open(out, w->p->store, &(lk_store_options){.wait_ms = 200}, err);
}

static lk_status do_open(struct world *w, lk_error *err) {
    lk_store *s;
    lk_status status = open_store(&s, w, err);
    lk_store_close(s);
    return status;
}

static lk_status do_add(struct world *w, lk_error *err) {
    lk_store *s;
    lk_reference r = {0};
    const char *const tags[] = {"one", "two"}, *const words[] = {"0,0,1,1"};
    const lk_polygon area = {4, (double[]){0, 0, 1, 0, 1, 1, 0, 1}};
    const lk_derived derived = {{"embedding", 1, "none"}, w->drawn[2].bytes, w->drawn[2].size};
    lk_reference_draft draft = draft_of("a", &w->drawn[2]);
    draft.tags = tags;
    draft.tag_count = 2;
    draft.ignore = &area;
    draft.ignore_text = words;
    draft.ignore_count = 1;
    draft.derived = &derived;
    draft.derived_count = 1;
    lk_status status = open_store(&s, w, err);
    if (status == LK_OK) {
        status = lk_reference_add(&r, NULL, s, &draft, err);
    }
    lk_reference_release(&r);
    lk_store_close(s);
    return status;
}

static bool look(void *arg, const lk_reference *r) {
    (void)r;
    ++*(int *)arg;
    return true;
}

static lk_status do_read(struct world *w, lk_error *err) {
    lk_store *s;
    lk_reference r = {0};
    lk_bytes picture = {0}, data = {0};
    lk_audit_check check = {0};
    bool there;
    int count = 0;
    lk_status status = open_store(&s, w, err);
    if (status == LK_OK) {
        status = lk_reference_list(s, NULL, look, &count, err);
    }
    if (status == LK_OK) {
        status = lk_reference_find(&r, s, "a@1", err);
    }
    if (status == LK_OK) {
        status = lk_reference_picture(&picture, s, &r, err);
    }
    if (status == LK_OK) {
        status = lk_derived_get(&data, &there, s, "a", 1, &(lk_derived_key){"embedding", 1, "none"},
                                err);
    }
    if (status == LK_OK) {
        status = lk_audit_verify(&check, s, NULL, err);
        assert_true(status != LK_OK ||
                    (check.good && count == 2 && there && picture.size == data.size));
    }
    lk_bytes_release(&picture);
    lk_bytes_release(&data);
    lk_reference_release(&r);
    lk_store_close(s);
    return status;
}

static lk_status do_remove(struct world *w, lk_error *err) {
    lk_store *s;
    lk_status status = open_store(&s, w, err);
    if (status == LK_OK) {
        status = lk_reference_remove(s, "b", &(lk_reference_removal){.note = "why"}, err);
    }
    lk_store_close(s);
    return status;
}

static lk_status do_export(struct world *w, lk_error *err) {
    lk_store *s;
    lk_audit_check check;
    char log[128];
    snprintf(log, sizeof log, "%s/log", w->p->root);
    place_clear(w->p->other);
    lk_status status = open_store(&s, w, err);
    if (status == LK_OK) {
        status = lk_store_export(NULL, s, NULL, w->p->other, NULL, 0, err);
    }
    if (status == LK_OK) {
        status = lk_audit_export(NULL, s, log, err);
    }
    lk_store_close(s);
    if (status == LK_OK) {
        status = lk_audit_verify_file(&check, log, NULL, err);
        assert_true(status != LK_OK || check.good);
    }
    return status;
}

/* Of what do_export wrote, into an empty store. */
static lk_status do_import(struct world *w, lk_error *err) {
    lk_store *s;
    lk_status status = open_store(&s, w, err);
    if (status == LK_OK) {
        status = lk_store_import(NULL, s, w->p->engine, w->p->other, "tester", err);
    }
    lk_store_close(s);
    return status;
}

/* -- Failing each -- */

typedef lk_status (*store_operation)(struct world *w, lk_error *err);

static void fill(struct world *w, bool empty) {
    lk_error err;
    place_clear(w->p->store);
    lk_store *s = open_place(w->p->store, LK_STORE_WRITE);
    for (int i = 0; i < 2 && !empty; i++) {
        const lk_derived derived = {{"embedding", 1, "none"}, w->drawn[i].bytes, w->drawn[i].size};
        lk_reference_draft draft = draft_of(i == 0 ? "a" : "b", &w->drawn[i]);
        draft.derived = &derived;
        draft.derived_count = 1;
        assert_ok(lk_reference_add(NULL, NULL, s, &draft, &err));
    }
    lk_store_close(s);
}

/* How many versions and entries there are in a store that is sound. */
static void state_of(int64_t out[2], struct world *w) {
    lk_error err;
    lk_store_check_result result;
    lk_store *s = open_place(w->p->store, LK_STORE_WRITE);
    assert_ok(lk_store_check(&result, s, NULL, NULL, NULL, &err));
    assert_int_equal(result.problems, 0);
    assert_int_equal(result.pictures, result.versions);
    out[0] = result.versions;
    out[1] = result.entries;
    lk_store_close(s);
}

static lk_status with_fault(struct world *w, store_operation run, uint64_t n, bool sticky,
                            uint64_t *count) {
    lk_error err = {0};
    mem_fault_set(n, sticky);
    lk_status status = run(w, &err);
    *count = mem_fault_set(0, false);
    if (status != LK_OK && status != LK_E_MEMORY) {
        fail_msg("with allocation %d failing: %s: %s: %s", (int)n, lk_status_word(status),
                 err.input, err.text);
    }
    return status;
}

static void fail_each_of(struct world *w, const char *what, store_operation run, bool empty) {
    enum { STEPS = 150 };
    int64_t before[2], after[2], now[2];
    uint64_t count, unused;
    int refused = 0, passed = 0;
    fill(w, empty);
    state_of(before, w);
    assert_int_equal(with_fault(w, run, 0, false, &count), LK_OK);
    state_of(after, w);
    uint64_t step = count > STEPS ? count / STEPS : 1;
    for (uint64_t n = 1; n <= count; n += n < 30 ? 1 : step) {
        for (int sticky = 0; sticky < 2; sticky++) {
            fill(w, empty);
            lk_status status = with_fault(w, run, n, sticky, &unused);
            state_of(now, w);
            const int64_t *right = status == LK_OK ? after : before;
            refused += status != LK_OK;
            passed += status == LK_OK;
            if (now[0] != right[0] || now[1] != right[1]) {
                fail_msg("%s, allocation %d of %d: %lld versions, %lld entries after %s", what,
                         (int)n, (int)count, (long long)now[0], (long long)now[1],
                         lk_status_word(status));
            }
        }
    }
    print_message("store %s: %d allocations, %d refused, %d done without\n", what, (int)count,
                  refused, passed);
}

static void test_store(void **state) {
    struct world *w = *state;
    fail_each_of(w, "open", do_open, true);
    fail_each_of(w, "add", do_add, false);
    fail_each_of(w, "read", do_read, false);
    fail_each_of(w, "remove", do_remove, false);
    fail_each_of(w, "export", do_export, false);
    fill(w, false);
    lk_error err;
    assert_ok(do_export(w, &err));
    fail_each_of(w, "import", do_import, true);
}

static int make_world(void **state) {
    static struct world w;
    oom_sqlite_share();
    if (place_new((void **)&w.p) != 0) {
        return -1;
    }
    for (unsigned i = 0; i < 3; i++) {
        draw_picture(&w.drawn[i], w.p->engine, i);
    }
    *state = &w;
    return 0;
}

static int free_world(void **state) {
    struct world *w = *state;
    return place_free((void **)&w->p);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_store)};
    return cmocka_run_group_tests(tests, make_world, free_world);
}
