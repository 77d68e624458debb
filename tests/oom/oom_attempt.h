/* SPDX-License-Identifier: Apache-2.0 */
/* Each allocation of an operation failing in turn; test_oom.c says what must hold. A test defines its struct world. */
#ifndef LK_OOM_ATTEMPT_H
#define LK_OOM_ATTEMPT_H

#include "tests/unit/harness.h"

#include "base/mem.h"

/* Of the allocations behind the first 20, so many are tried; a test of what takes long says fewer. */
#ifndef OOM_STEPS
#define OOM_STEPS 60
#endif

struct world;

/* FNV-1a. */
static void mix(uint64_t *digest, const void *data, size_t size) {
    for (size_t i = 0; i < size; i++) {
        *digest = (*digest ^ ((const uint8_t *)data)[i]) * 0x100000001b3u;
    }
}

typedef lk_status (*operation)(struct world *w, uint64_t *digest, lk_error *err);

/* One run with allocation n failing (0: none; sticky: all after it too). */
static lk_status attempt(operation run, struct world *w, uint64_t n, bool sticky, uint64_t *digest,
                         uint64_t *count) {
    lk_error err = {0};
    *digest = 0xcbf29ce484222325u;
    mem_fault_set(n, sticky);
    lk_status status = run(w, digest, &err);
    *count = mem_fault_set(0, false);
    if (status == LK_E_MEMORY) {
        assert_int_equal(err.status, LK_E_MEMORY);
        assert_true(err.text[0] != '\0');
    }
    return status;
}

static void fail_each(const char *what, const char *which, operation run, struct world *w) {
    uint64_t expected, digest, count, unused;
    lk_status status = attempt(run, w, 0, false, &expected, &count);
    if (status != LK_OK) {
        print_message("%s %s: does not run here (%s)\n", what, which, lk_status_word(status));
        return;
    }
    uint64_t step = count > OOM_STEPS ? count / OOM_STEPS : 1;
    int32_t refused = 0, unharmed = 0;
    for (uint64_t n = 1; n <= count; n += n < 20 ? 1 : step) {
        for (int32_t sticky = 0; sticky < 2; sticky++) {
            status = attempt(run, w, n, sticky, &digest, &unused);
            if (status == LK_E_MEMORY) {
                refused++;
            } else if (status == LK_OK && digest == expected) {
                unharmed++; /* it could do without */
            } else {
                fail_msg("%s %s: with allocation %d of %d failing: %s", what, which, (int)n,
                         (int)count, status == LK_OK ? "another result" : lk_status_word(status));
            }
        }
    }
    status = attempt(run, w, 0, false, &digest, &unused);
    assert_int_equal(status, LK_OK);
    assert_true(digest == expected);
    print_message("%s %s: %d allocations, %d refused, %d done without\n", what, which, (int)count,
                  refused, unharmed);
}

#endif
