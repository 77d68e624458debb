/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "cli/command.h"

enum { BUNDLE_MAX = 256 << 20 };

struct evidence_settings {
    struct common common;
};

static void add_json(struct buf *b, const char *path, const lk_bundle_check *c) {
    struct json j;
    json_init(&j, b, 0);
    json_object_begin(&j, NULL);
    json_text(&j, "schema", "likeness/evidence-check/1");
    json_text(&j, "path", path);
    json_bool(&j, "good", c->inputs_unchanged && c->reproduced);
    json_bool(&j, "inputs_unchanged", c->inputs_unchanged);
    json_bool(&j, "reproduced", c->reproduced);
    json_text(&j, "problem", c->problem);
    json_text(&j, "likeness", c->likeness);
    json_text(&j, "verdict", c->verdict);
    json_text(&j, "intact", c->intact);
    json_text(&j, "photo_sha256", c->photo_sha256);
    json_text(&j, "reference_sha256", c->reference_sha256);
    json_text(&j, "reference_id", c->reference_id);
    json_int(&j, "reference_version", c->reference_version);
    json_int(&j, "entry", c->entry);
    json_text(&j, "entry_hash", c->entry_hash);
    json_object_end(&j);
    buf_add_text(b, "\n");
}

static void add_text(struct buf *b, const lk_bundle_check *c) {
    bool good = c->inputs_unchanged && c->reproduced;
    if (good) {
        buf_printf(b, "ok: inputs unchanged, verdict reproduced bit for bit with likeness %s\n",
                   c->likeness);
    } else {
        buf_printf(b, "NOT GOOD: %s\n", c->problem);
    }
    if (c->verdict[0]) { /* it was made again */
        buf_printf(b, "  %s, %s\n", c->verdict, c->intact);
    }
    buf_printf(b, "  photo sha256 %s\n  reference sha256 %s\n", c->photo_sha256,
               c->reference_sha256);
    if (c->reference_id[0]) {
        buf_printf(b, "  reference %s@%d\n", c->reference_id, (int)c->reference_version);
    }
    if (c->entry > 0) {
        buf_printf(b, "  log entry %lld, %s\n", (long long)c->entry, c->entry_hash);
    }
}

static enum exit_code evidence_run(void *settings, lk_engine *engine) {
    const struct evidence_settings *s = settings;
    lk_bundle_check check;
    lk_bytes bytes = {0};
    lk_error err = {0};
    struct buf b;
    if (s->common.args.count != 2 || strcmp(s->common.args.items[0], "check") != 0) {
        return report_usage(&s->common, &command_evidence, "likeness evidence wants check FILE");
    }
    const char *path = s->common.args.items[1];
    lk_status status = file_read(&bytes, path, BUNDLE_MAX, NULL, &err);
    if (status == LK_OK) {
        status = lk_bundle_open(&check, engine, bytes.data, bytes.size, &err);
        status = status == LK_OK || err.input[0] ? status : error_input(&err, status, path);
    }
    lk_bytes_release(&bytes);
    if (status != LK_OK) {
        return report_error(&s->common, &err);
    }
    buf_init(&b, 1 << 16);
    if (s->common.json) {
        add_json(&b, path, &check);
    } else {
        add_text(&b, &check);
    }
    return print_result(&s->common, &b,
                        check.inputs_unchanged && check.reproduced ? EXIT_YES : EXIT_NO);
}

static void add_words(struct buf *b) {
    buf_add_text(b, "check");
}

const struct command command_evidence = {
    .name = "evidence",
    .summary = "make a verdict again from its bundle",
    .arguments = "check FILE.lkev",
    .details =
        "A bundle, written by verify --evidence, holds the photo, the original, the policy and the "
        "verdict. check holds each\n"
        "file against its SHA-256, verifies again, offline, and compares the result byte for byte. "
        "It is a tar archive.",
    .examples = "  likeness verify phone.jpg --reference original.png --evidence v.lkev\n"
                "  likeness evidence check v.lkev\n",
    .least_args = 1,
    .most_args = 2,
    .add_words = add_words,
    .settings_size = sizeof(struct evidence_settings),
    .run = evidence_run,
};
