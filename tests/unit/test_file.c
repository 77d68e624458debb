/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a file can be written, asked before there is anything to write. */
#include "tests/unit/harness.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

static int make_folder(void **state) {
    static char root[64];
    snprintf(root, sizeof root, "/tmp/likeness-file-XXXXXX");
    *state = mkdtemp(root);
    return *state ? 0 : -1;
}

static int remove_folder(void **state) {
    char path[128];
    snprintf(path, sizeof path, "%s/closed", (const char *)*state);
    chmod(path, 0700);
    rmdir(path);
    return rmdir(*state);
}

static const char *below(char out[128], void **state, const char *name) {
    snprintf(out, 128, "%s/%s", (const char *)*state, name);
    return out;
}

static void test_can_write(void **state) {
    lk_error err;
    char path[128];
    assert_ok(file_can_write(below(path, state, "new.onnx"), &err));
    assert_int_not_equal(access(path, F_OK), 0); /* nothing was made */
    assert_ok(file_can_write("new.onnx", &err));
    assert_ok(file_can_write("-", &err));
    assert_ok(file_can_write("/dev/null", &err));
}

static void test_cannot_write(void **state) {
    lk_error err;
    char path[128];
    assert_refused(LK_E_WRITE, file_can_write(below(path, state, "missing/new.onnx"), &err));
    assert_says(&err, "its folder: No such file or directory");
    assert_string_equal(err.input, path);
    assert_refused(LK_E_WRITE, file_can_write(*state, &err));
    assert_says(&err, "Is a directory");
    assert_refused(LK_E_WRITE, file_can_write(below(path, state, "missing/"), &err));
    assert_int_equal(mkdir(below(path, state, "closed"), 0500), 0);
    if (geteuid() != 0) { /* whom nothing is closed to */
        assert_refused(LK_E_WRITE, file_can_write(below(path, state, "closed/new.onnx"), &err));
        assert_says(&err, "Permission denied");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_can_write),
        cmocka_unit_test(test_cannot_write),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
