/* SPDX-License-Identifier: Apache-2.0 */
/* A finder of a file and what was changed since: it answers as one made anew of everything does, to the last candidate, however the
 * store was changed in between; and what is wrong with the tail's file is made good. */
#include "tests/unit/finder_store.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "base/file.h"

enum { ORIGINALS = 240, PHOTOS = 12 };

static lk_finder *open_finder(struct world *w, lk_store *store) {
    lk_error err;
    lk_finder *f;
    assert_ok(lk_finder_open(&f, store, w->place->engine, w->model, NULL, &err));
    return f;
}

static void fill(struct world *w) {
    lk_error err;
    char id[32];
    assert_ok(lk_store_begin(w->store, &err));
    for (uint64_t seed = 0; seed < ORIGINALS; seed++) {
        snprintf(id, sizeof id, "made-%03d", (int)seed);
        made_add(w, id, seed);
    }
    assert_ok(lk_store_end(w->store, LK_OK, &err));
    lk_finder_close(open_finder(w, w->store));
}

/* A finder made anew of everything, without a file to be left by it or for it. */
static lk_finder *open_whole(struct world *w) {
    char path[2][128], aside[2][160];
    for (int i = 0; i < 2; i++) {
        file_of(path[i], w, i == 0 ? "likeness.finder" : "likeness.finder-tail");
        snprintf(aside[i], sizeof aside[i], "%s.aside", path[i]);
        rename(path[i], aside[i]);
    }
    lk_store *reader = open_place(w->place->store, LK_STORE_READ);
    lk_finder *f = open_finder(w, reader);
    assert_int_equal(f->part_count, 1);
    lk_store_close(reader);
    for (int i = 0; i < 2; i++) {
        rename(aside[i], path[i]);
    }
    return f;
}

/* Opens it and asks for photos of some originals, also of those that are gone or new. */
static void expect_as_whole(struct world *w, lk_store *store, int32_t parts) {
    lk_finder *f = open_finder(w, store), *whole = open_whole(w);
    assert_int_equal(f->part_count, parts);
    assert_int_equal(lk_finder_count(f), lk_finder_count(whole));
    assert_true(f->postings == whole->postings);
    for (uint32_t i = 0; i < f->count; i++) {
        assert_string_equal(f->names[i]->id, whole->names[i]->id);
        assert_int_equal(f->names[i]->version, whole->names[i]->version);
    }
    for (uint64_t i = 0; i < PHOTOS; i++) {
        struct made_answer got, wanted;
        made_ask(&got, w, f, i < 6 ? i : 995 + i);
        made_ask(&wanted, w, whole, i < 6 ? i : 995 + i);
        assert_true(wanted.count > 16);
        assert_memory_equal(&got, &wanted, sizeof got);
    }
    lk_finder_close(f);
    lk_finder_close(whole);
}

static void test_changes(void **state) {
    struct world *w = *state;
    lk_error err;
    const lk_reference_removal purge = {.purge = true};
    fill(w);
    expect_as_whole(w, w->store, 1);
    made_add(w, "made-0005", 1001); /* between others */
    expect_as_whole(w, w->store, 2);
    expect_as_whole(w, w->store, 2); /* from both files */
    made_add(w, "a", 1002);          /* before all, */
    made_add(w, "z", 1003);          /* behind all */
    expect_as_whole(w, w->store, 2);
    made_add(w, "made-001", 1004); /* another version */
    expect_as_whole(w, w->store, 2);
    assert_ok(lk_reference_remove(w->store, "made-000", NULL, &err));
    assert_ok(lk_reference_remove(w->store, "made-239", &purge, &err));
    assert_ok(lk_reference_remove(w->store, "a", &purge, &err)); /* of the tail */
    expect_as_whole(w, w->store, 2);
    made_add(w, "made-000", 1005); /* it comes back */
    lk_store *reader = open_place(w->place->store, LK_STORE_READ);
    expect_as_whole(w, reader, 2);
    lk_store_close(reader);
    expect_as_whole(w, w->store, 2);
    force(w->store, "UPDATE derived SET data = zeroblob(length(data)) WHERE reference = 'z' AND "
                    "kind = 'words'"); /* damaged: it cannot be derived again of 3 x 2 pixels */
    expect_as_whole(w, w->store, 2);
}

/* Many changes: the whole is made anew, and the tail goes. */
static void test_grown(void **state) {
    struct world *w = *state;
    char tail[128], id[32];
    struct rng rng;
    int wholes = 0;
    rng_init(&rng, 6);
    file_of(tail, w, "likeness.finder-tail");
    fill(w);
    for (int i = 0; i < 40; i++) {
        snprintf(id, sizeof id, "made-%03d%s", (int)rng_below(&rng, ORIGINALS), i % 2 ? "x" : "");
        made_add(w, id, 2000 + (uint64_t)i);
        lk_finder *f = open_finder(w, w->store);
        assert_int_equal(access(tail, F_OK), f->part_count == 2 ? 0 : -1);
        wholes += f->part_count == 1;
        lk_finder_close(f);
        if (i % 8 == 7) {
            f = open_finder(w, w->store);
            int32_t parts = f->part_count;
            lk_finder_close(f);
            expect_as_whole(w, w->store, parts);
        }
    }
    assert_in_range(wholes, 1, 6);
}

/* A tail that is damaged, of another state, or behind another whole is made anew; so are both when the whole is damaged. */
static void test_wrong_tail(void **state) {
    struct world *w = *state;
    lk_error err;
    lk_bytes old, now;
    char tail[128], whole[128];
    file_of(tail, w, "likeness.finder-tail");
    file_of(whole, w, "likeness.finder");
    fill(w);
    made_add(w, "b", 1001);
    lk_finder_close(open_finder(w, w->store));
    assert_ok(file_read(&old, tail, 1 << 26, NULL, &err));
    made_add(w, "c", 1002);
    lk_finder_close(open_finder(w, w->store));
    assert_ok(file_write(tail, old.data, old.size, &err));
    expect_as_whole(w, w->store, 2);
    assert_ok(file_read(&now, tail, 1 << 26, NULL, &err));
    for (size_t at = 8; at < now.size; at += 1 + at / 2) {
        now.data[at] ^= 0x10;
        assert_ok(file_write(tail, now.data, now.size, &err));
        now.data[at] ^= 0x10;
        expect_as_whole(w, w->store, 2);
    }
    assert_ok(file_write(whole, now.data, now.size, &err));
    expect_as_whole(w, w->store, 1);
    assert_int_equal(access(tail, F_OK), -1);
    assert_ok(file_write(tail, now.data, now.size, &err)); /* behind the whole that was */
    made_add(w, "d", 1003);
    expect_as_whole(w, w->store, 2);
    lk_bytes_release(&old);
    lk_bytes_release(&now);
}

/* A database brought back from a copy, with other changes since, though as many and more: the files are of what it never was. */
static void test_brought_back(void **state) {
    struct world *w = *state;
    char from[128], copy[128], command[300];
    file_of(from, w, "likeness.db");
    snprintf(copy, sizeof copy, "%s/copy.db", w->place->root);
    snprintf(command, sizeof command, "VACUUM INTO '%s'", copy);
    fill(w);
    force(w->store, command);
    made_add(w, "made-0001", 1001);
    lk_finder_close(open_finder(w, w->store));
    made_add(w, "made-0002", 1002);
    made_add(w, "made-0003", 1003);
    char path[128];
    file_of(path, w, "likeness.finder");
    assert_int_equal(unlink(path), 0);
    lk_finder_close(open_finder(w, w->store)); /* the whole, with all three */
    lk_store_close(w->store);
    assert_int_equal(rename(copy, from), 0);
    w->store = open_place(w->place->store, LK_STORE_WRITE);
    for (int i = 0; i < 5; i++) {
        char id[32];
        snprintf(id, sizeof id, "other-%d", i);
        made_add(w, id, 1500 + (uint64_t)i);
    }
    expect_as_whole(w, w->store, 1);
    expect_as_whole(w, w->store, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_changes, world_new, world_free),
        cmocka_unit_test_setup_teardown(test_grown, world_new, world_free),
        cmocka_unit_test_setup_teardown(test_brought_back, world_new, world_free),
        cmocka_unit_test_setup_teardown(test_wrong_tail, world_new, world_free),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
