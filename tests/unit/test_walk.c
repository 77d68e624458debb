/* SPDX-License-Identifier: Apache-2.0 */
/* Bringing a collection up to date where folders cannot be read and files go meanwhile: each is told of, the rest is there. */
#include "tests/unit/scratch_folder.h"

#include <likeness/collection.h>

enum { PATH_ROOM = 512, SIDE = 48, FILES = 40, NOBODY = 65534, SKIPPED_MOST = 8 };

struct world {
    char root[SCRATCH_BYTES], index[PATH_ROOM];
    lk_engine *engine;
    lk_collection *collection;
    /* Of the last run. */
    size_t steps;
    const char *goes; /* removed at the first step */
    char skipped[SKIPPED_MOST][PATH_ROOM], why[SKIPPED_MOST][PATH_ROOM];
    size_t skipped_count;
};

static void place(char out[PATH_ROOM], const struct world *w, const char *below) {
    scratch_place(out, PATH_ROOM, w->root, below);
}

/* A gray picture that no other number has. */
static void draw(const struct world *w, const char *name, unsigned number) {
    char path[PATH_ROOM];
    place(path, w, name);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    fprintf(f, "P5 %d %d 255\n", SIDE, SIDE);
    for (unsigned i = 0; i < SIDE * SIDE; i++) {
        fputc((int)((i * (number + 3) + i / SIDE * 7 * number) % 251), f);
    }
    assert_int_equal(fclose(f), 0);
}

static int world_new(void **state) {
    lk_error err;
    struct world *w = calloc(1, sizeof *w);
    scratch_make(w->root, "walk");
    assert_int_equal(chmod(w->root, 0777), 0);
    place(w->index, w, "i.lki");
    assert_ok(lk_engine_new(&w->engine, NULL, &err));
    *state = w;
    return 0;
}

static int world_free(void **state) {
    struct world *w = *state;
    lk_engine_free(w->engine);
    scratch_remove(w->root);
    free(w);
    return 0;
}

static void step(void *arg, size_t total, const char *path) {
    struct world *w = arg;
    (void)total;
    (void)path;
    if (w->steps++ == 0 && w->goes) {
        char gone[PATH_ROOM];
        place(gone, w, w->goes);
        assert_int_equal(rename(gone, w->index) == 0 ? unlink(w->index) : -1, 0);
    }
}

static void note_skip(void *arg, const char *path, const char *why) {
    struct world *w = arg;
    assert_true(w->skipped_count < SKIPPED_MOST);
    snprintf(w->skipped[w->skipped_count], PATH_ROOM, "%s", path + strlen(w->root) + 1);
    snprintf(w->why[w->skipped_count++], PATH_ROOM, "%s", why);
}

static lk_collection_changes update(struct world *w, const char *below) {
    lk_collection_changes changes;
    lk_error err;
    char path[PATH_ROOM];
    const char *paths[] = {path};
    const lk_collection_options o = {.step = step, .skip = note_skip, .arg = w};
    snprintf(path, sizeof path, "%s/%s", w->root, below);
    w->steps = w->skipped_count = 0;
    assert_ok(
        lk_collection_update(&changes, w->collection, w->engine, paths, below ? 1 : 0, &o, &err));
    assert_int_equal(changes.skipped, w->skipped_count);
    return changes;
}

static void open_collection(struct world *w) {
    lk_error err;
    assert_ok(lk_collection_open(&w->collection, "", LK_COLLECTION_MEMORY, &err));
}

/* Root may read everything: such a test is somebody else. */
static bool become_nobody(void) {
    return geteuid() != 0 || (setegid(NOBODY) == 0 && seteuid(NOBODY) == 0);
}

static void become_root_again(void) {
    if (getuid() == 0) {
        assert_int_equal(seteuid(0), 0);
        assert_int_equal(setegid(0), 0);
    }
}

static void set_mode(const struct world *w, const char *name, mode_t mode) {
    char path[PATH_ROOM];
    snprintf(path, sizeof path, "%s/%s", w->root, name);
    assert_int_equal(chmod(path, mode), 0);
}

/* A folder without any right, one whose files cannot be asked, and a file without any right, each beside others that are fine. */
static void what_cannot_be_read_is_told_and_the_rest_is_there(void **state) {
    struct world *w = *state;
    draw(w, "d/a.pgm", 1);
    draw(w, "d/closed/b.pgm", 2);
    draw(w, "d/listed/c.pgm", 3);
    draw(w, "d/z/f.pgm", 4);
    draw(w, "d/z/g.pgm", 5);
    open_collection(w);
    assert_int_equal(update(w, "d").files, 5);
    draw(w, "d/a.pgm", 6);
    draw(w, "d/z/new.pgm", 7);
    set_mode(w, "d/closed", 0);
    set_mode(w, "d/listed", 0444);
    set_mode(w, "d/z/g.pgm", 0);
    draw(w, "d/z/h.pgm", 8);
    set_mode(w, "d/z/h.pgm", 0);
    if (!become_nobody()) {
        skip();
    }
    lk_collection_changes changes = update(w, "d");
    become_root_again();
    assert_int_equal(changes.added, 2);
    assert_int_equal(changes.changed, 1);
    assert_int_equal(changes.removed, 0); /* what nobody could look at is not gone */
    assert_int_equal(changes.files, 4);   /* g is unchanged, so that nobody opened it */
    assert_int_equal(w->skipped_count, 3);
    for (size_t i = 0; i < 3; i++) {
        bool known = strcmp(w->skipped[i], "d/closed") == 0 ||
                     strcmp(w->skipped[i], "d/listed/c.pgm") == 0 ||
                     strcmp(w->skipped[i], "d/z/h.pgm") == 0;
        assert_true(known);
        assert_string_equal(w->why[i], "cannot open: Permission denied");
    }
    set_mode(w, "d/closed", 0755);
    set_mode(w, "d/listed", 0755);
    set_mode(w, "d/z/h.pgm", 0644);
    changes = update(w, "d");
    assert_int_equal(w->skipped_count, 0);
    assert_int_equal(changes.files, 7);
    lk_collection_close(w->collection);
}

/* What is too deep is as if it could not be read. */
static void a_folder_too_deep_is_told(void **state) {
    struct world *w = *state;
    char name[PATH_ROOM] = "deep/";
    for (int i = 0; i < 66; i++) {
        strcat(name, "f/");
    }
    strcat(name, "lost.pgm");
    draw(w, name, 1);
    draw(w, "deep/found.pgm", 2);
    open_collection(w);
    assert_int_equal(update(w, "deep").files, 1);
    assert_int_equal(w->skipped_count, 1);
    assert_string_equal(w->why[0], "folders more than 64 levels deep");
    lk_collection_close(w->collection);
}

/* Files, and a folder, that go after they were listed. */
static void what_goes_meanwhile_is_told_and_the_rest_is_there(void **state) {
    struct world *w = *state;
    char name[64], path[PATH_ROOM];
    for (int i = 0; i < FILES; i++) {
        snprintf(name, sizeof name, "m/%02d.pgm", i);
        draw(w, name, (unsigned)i + 10);
    }
    open_collection(w);
    w->goes = "m/07.pgm"; /* of the batch in hand */
    lk_collection_changes changes = update(w, "m");
    assert_int_equal(changes.files, FILES - 1);
    assert_int_equal(w->skipped_count, 1);
    assert_string_equal(w->skipped[0], "m/07.pgm");
    assert_string_equal(w->why[0], "cannot open: No such file or directory");
    w->goes = NULL;
    changes = update(w, "m");
    assert_int_equal(changes.removed, 1);
    assert_int_equal(w->skipped_count, 0);
    for (int i = 0; i < FILES; i++) { /* all are changed, and one that comes late goes */
        snprintf(name, sizeof name, "m/%02d.pgm", i);
        draw(w, name, (unsigned)i + 100);
    }
    w->goes = "m/39.pgm";
    changes = update(w, "m");
    assert_int_equal(changes.files, FILES - 1);
    assert_int_equal(changes.changed, FILES - 1);
    assert_int_equal(changes.added, 1);
    assert_string_equal(w->skipped[0], "m/39.pgm");
    w->goes = NULL;
    snprintf(path, sizeof path, "%s/m/00.pgm", w->root); /* a folder, or nothing, in its place */
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkdir(path, 0777), 0);
    changes = update(w, "m");
    assert_int_equal(changes.removed, 2);
    assert_int_equal(changes.files, FILES - 2);
    assert_int_equal(w->skipped_count, 0);
    lk_collection_close(w->collection);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_cannot_be_read_is_told_and_the_rest_is_there),
        cmocka_unit_test(a_folder_too_deep_is_told),
        cmocka_unit_test(what_goes_meanwhile_is_told_and_the_rest_is_there),
    };
    return cmocka_run_group_tests(tests, world_new, world_free);
}
