/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/policy_choice.h"

#include <string.h>

#include "base/error.h"
#include "base/file.h"

enum { POLICY_BYTES_MAX = 1 << 20 };

lk_status policy_choose(lk_policy *out, const char *name, lk_error *err) {
    lk_bytes text = {0};
    size_t length = name ? strlen(name) : 0;
    bool is_file =
        name && (strchr(name, '/') || (length > 5 && strcmp(name + length - 5, ".json") == 0));
    if (!is_file) {
        return lk_policy_built_in(out, name ? name : "photos", err);
    }
    lk_status status = file_read(&text, name, POLICY_BYTES_MAX, NULL, err);
    if (status == LK_OK) {
        status = lk_policy_parse(out, text.data, text.size, err);
        lk_bytes_release(&text);
    }
    return status == LK_OK ? LK_OK : error_input(err, status, name);
}
