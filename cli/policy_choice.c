/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/policy_choice.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"

enum { POLICY_BYTES_MAX = 1 << 20 };

/* NAME, or NAME@VERSION as verdicts say it. */
static lk_status built_in(lk_policy *out, const char *name, lk_error *err) {
    char bare[sizeof out->name], version[16];
    const char *at = strchr(name, '@');
    snprintf(bare, sizeof bare, "%.*s", at ? (int)(at - name) : (int)strlen(name), name);
    lk_status status = lk_policy_built_in(out, bare, err);
    if (status != LK_OK) {
        return error_set(err, status, "no policy is called %.64s; part of likeness is photos",
                         bare);
    }
    snprintf(version, sizeof version, "%d", (int)out->version);
    if (at && strcmp(at + 1, version) != 0) {
        return error_set(err, LK_E_USAGE, "%.64s is here in version %s alone, not %.64s", bare,
                         version, at + 1);
    }
    return LK_OK;
}

lk_status policy_choose(lk_policy *out, const char *name, lk_error *err) {
    lk_bytes text = {0};
    size_t length = name ? strlen(name) : 0;
    bool is_file =
        name && (strchr(name, '/') || (length > 5 && strcmp(name + length - 5, ".json") == 0));
    if (!is_file) {
        return built_in(out, name ? name : "photos", err);
    }
    lk_status status = file_read(&text, name, POLICY_BYTES_MAX, NULL, err);
    if (status == LK_OK) {
        status = lk_policy_parse(out, text.data, text.size, err);
        lk_bytes_release(&text);
    }
    return status == LK_OK ? LK_OK : error_input(err, status, name);
}
