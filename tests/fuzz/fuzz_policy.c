/* SPDX-License-Identifier: Apache-2.0 */
/* Policies: a refusal says why; what is read gives a probability, and comes back from what is written of it. The first byte
 * chooses: the bytes as they are, or the built-in policy with the rest written over it, since no mutation finds all its keys. */
#include <stdlib.h>
#include <string.h>

#include <likeness/verify.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void need(bool holds) {
    if (!holds) {
        abort();
    }
}

static void check(const void *text, size_t size) {
    lk_policy policy, again;
    lk_bytes first, second;
    lk_error err = {0};
    if (lk_policy_parse(&policy, text, size, &err) != LK_OK) {
        need(err.text[0]);
        return;
    }
    for (int32_t i = -1; i < lk_evidence_count(); i++) {
        lk_evidence e = {{0}};
        if (i >= 0) {
            e.values[i] = 1;
        }
        double p = lk_policy_probability(&policy, &e);
        need(p >= 0 && p <= 1);
    }
    need(policy.different_below <= policy.same_from);
    need(lk_policy_write(&first, &policy, &err) == LK_OK);
    need(lk_policy_parse(&again, first.data, first.size, &err) == LK_OK);
    need(lk_policy_write(&second, &again, &err) == LK_OK);
    need(first.size == second.size && memcmp(first.data, second.data, first.size) == 0);
    lk_bytes_release(&first);
    lk_bytes_release(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    lk_policy photos;
    lk_bytes text;
    if (size < 3) {
        return 0;
    }
    if (bytes[0] % 2 == 0) {
        check(bytes + 1, size - 1);
        return 0;
    }
    need(lk_policy_built_in(&photos, "photos", NULL) == LK_OK &&
         lk_policy_write(&text, &photos, NULL) == LK_OK);
    size_t at = (size_t)(bytes[1] << 8 | bytes[2]) % text.size;
    size_t length = size - 3 < text.size - at ? size - 3 : text.size - at;
    memcpy(text.data + at, bytes + 3, length);
    check(text.data, text.size);
    lk_bytes_release(&text);
    return 0;
}
