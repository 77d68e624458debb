/* SPDX-License-Identifier: Apache-2.0 */
/* Each call to the system that opens, writes, syncs, names or removes a file fails once, with each of several errors, while a
 * version is added: the call ends with an error that names a file, or well; either way the store is sound afterwards, and what
 * was acknowledged is there.
 *
 * The functions below stand before the C library's, also for SQLite: a program's own definition is found first. Files are of
 * 64 bits: open is the C library's open64. */
#include "tests/unit/store_files.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/stat.h>

static struct {
    int64_t at, count; /* the call that fails, from 1; calls so far */
    int error;
} fault;

static bool fails(void) {
    fault.count++;
    if (fault.at > 0 && fault.count == fault.at) {
        errno = fault.error;
        return true;
    }
    return false;
}

/* The C library's own function of that name. */
#define REAL(name) ((__typeof__(name) *)dlsym(RTLD_NEXT, #name))

LK_API ssize_t write(int fd, const void *data, size_t size) {
    return fails() ? -1 : REAL(write)(fd, data, size);
}

LK_API ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at) {
    return fails() ? -1 : REAL(pwrite64)(fd, data, size, at);
}

LK_API int fsync(int fd) {
    (void)fd;
    return fails() ? -1 : 0; /* nobody pulls the plug here */
}

LK_API int fdatasync(int fd) {
    (void)fd;
    return fails() ? -1 : 0;
}

LK_API int ftruncate64(int fd, off64_t size) {
    return fails() ? -1 : REAL(ftruncate64)(fd, size);
}

LK_API int renameat(int from_fd, const char *from, int to_fd, const char *to) {
    return fails() ? -1 : REAL(renameat)(from_fd, from, to_fd, to);
}

LK_API int mkdirat(int fd, const char *path, mode_t mode) {
    return fails() ? -1 : REAL(mkdirat)(fd, path, mode);
}

LK_API int unlinkat(int fd, const char *path, int flags) {
    return fails() ? -1 : REAL(unlinkat)(fd, path, flags);
}

static mode_t mode_of(va_list args, int flags) {
    return flags & O_CREAT ? (mode_t)va_arg(args, int) : 0;
}

LK_API int open(const char *path, int flags, ...) {
    va_list args;
    va_start(args, flags);
    mode_t mode = mode_of(args, flags);
    va_end(args);
    return fails() ? -1 : REAL(open)(path, flags, mode);
}

LK_API int openat(int fd, const char *path, int flags, ...) {
    va_list args;
    va_start(args, flags);
    mode_t mode = mode_of(args, flags);
    va_end(args);
    return fails() ? -1 : REAL(openat)(fd, path, flags, mode);
}

/* -- The test -- */

struct outcome {
    lk_status opened, added;
    lk_error err;
};

/* Opens the store and adds version `number` of "a", with the call number `at` failing; 0: none. */
static struct outcome attempt(struct place *p, unsigned number, int64_t at, int error) {
    struct outcome o = {0};
    struct drawn d;
    lk_store *s;
    const lk_store_options options = {.wait_ms = 50};
    draw_picture(&d, p->engine, number);
    const lk_derived derived = {{"embedding", 1, "none"}, d.bytes, d.size};
    lk_reference_draft draft = draft_of("a", &d);
    draft.derived = &derived;
    draft.derived_count = 1;
    fault.count = 0;
    fault.error = error;
    fault.at = at;
    o.opened = lk_store_open(&s, p->store, &options, &o.err);
    o.added = o.opened == LK_OK ? lk_reference_add(NULL, NULL, s, &draft, &o.err) : o.opened;
    lk_store_close(s);
    fault.at = 0;
    return o;
}

static void print_problem(void *arg, const char *text) {
    (void)arg;
    print_message("problem: %s\n", text);
}

/* The newest version; 0 when there is none. */
static int32_t newest(struct place *p) {
    lk_error err;
    lk_reference r;
    lk_store_check_result result;
    lk_store *s = open_place(p->store, LK_STORE_WRITE);
    assert_ok(lk_store_check(&result, s, p->engine, print_problem, NULL, &err));
    assert_int_equal(result.problems, 0);
    assert_int_equal(result.pictures, result.versions);
    assert_int_equal(result.derived, result.versions);
    lk_status status = lk_reference_get(&r, s, "a", 0, &err);
    int32_t version = status == LK_OK ? r.version : 0;
    assert_int_equal(version, result.versions);
    lk_reference_release(&r);
    lk_store_close(s);
    return version;
}

static void fail_each_call(struct place *p, int error, bool anew) {
    unsigned number = 0;
    int64_t calls = 1;
    int32_t refused = 0, passed = 0;
    for (int64_t at = 0; at <= calls; at++) {
        if (anew) {
            place_clear(p->store);
        }
        int32_t before = anew ? 0 : newest(p);
        struct outcome o = attempt(p, ++number, at, error);
        calls = at == 0 ? fault.count + 3 : calls; /* a failure may mean more calls */
        int32_t after = newest(p);
        if (o.added == LK_OK) {
            passed++;
            assert_int_equal(after, before + 1);
        } else {
            refused++;
            if (o.err.input[0] == '\0' || o.err.text[0] == '\0' || o.added == LK_E_CORRUPT ||
                o.added == LK_E_USAGE) {
                fail_msg("call %lld, %s: %s: %s: %s", (long long)at, strerror(error),
                         lk_status_word(o.added), o.err.input, o.err.text);
            }
            assert_true(after == before ||
                        after == before + 1); /* a failed sync may have synced all the same */
        }
    }
    print_message("%s, %s: %d calls, %d refused, %d done all the same\n", strerror(error),
                  anew ? "a new store" : "a store in use", (int)calls - 3, refused, passed);
    assert_true(refused > 5);
}

static void test_calls(void **state) {
    static const int errors[] = {ENOSPC, EIO, EROFS, EMFILE, EDQUOT};
    struct place *p = *state;
    for (size_t i = 0; i < ARRAY_COUNT(errors); i++) {
        fail_each_call(p, errors[i], true);
        fail_each_call(p, errors[i], false);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_calls, place_new, place_free),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
