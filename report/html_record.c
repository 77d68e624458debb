/* SPDX-License-Identifier: Apache-2.0 */
/* What an auditor holds a verdict against: which files, which version of the original, which policy, which program, and the entry
 * of the log that says who, when and why. */
#include "report/html.h"

#include <stdio.h>

#include "base/digest.h"

static void add_row(struct buf *b, const char *name, const char *value, bool is_code) {
    if (value[0]) {
        buf_printf(b, "<tr><th scope=\"row\">%s</th><td>%s", name, is_code ? "<code>" : "");
        buf_add_html(b, value);
        buf_add_text(b, is_code ? "</code></td></tr>\n" : "</td></tr>\n");
    }
}

static void add_files(struct page *p) {
    const lk_verification *v = p->v;
    struct buf *b = &p->out;
    char text[sizeof v->reference_id + 32];
    if (v->reference_id[0]) {
        snprintf(text, sizeof text, "%s, version %d", v->reference_id, (int)v->reference_version);
        add_row(b, "Original", text, false);
    }
    if (v->nearest_id[0]) {
        snprintf(text, sizeof text, "%s, version %d", v->nearest_id, (int)v->nearest_version);
        add_row(b, "Original", "none of the store's", false);
        add_row(b, "the nearest", text, false);
    }
    add_row(b, "File of the original", html_file_name(&p->c->inputs[0]), false);
    add_row(b, "its SHA-256", p->c->inputs[0].sha256, true);
    add_row(b, "File of the photo", html_file_name(&p->c->inputs[1]), false);
    add_row(b, "its SHA-256", p->c->inputs[1].sha256, true);
}

static lk_status add_versions(struct page *p, lk_error *err) {
    lk_bytes policy;
    char text[96], digest[65];
    lk_status status = lk_policy_write(&policy, &p->v->policy, err);
    if (status != LK_OK) {
        return status;
    }
    digest_sha256_hex(digest, policy.data, policy.size);
    lk_bytes_release(&policy);
    snprintf(text, sizeof text, "%s, version %d", p->v->policy.name, (int)p->v->policy.version);
    add_row(&p->out, "Policy", text, false);
    add_row(&p->out, "its SHA-256", digest, true);
    snprintf(text, sizeof text, "likeness %s", lk_version());
    add_row(&p->out, "Program", text, false);
    return LK_OK;
}

static void add_entry(struct page *p) {
    const lk_verification *v = p->v;
    struct buf *b = &p->out;
    char text[32];
    if (v->log_entry <= 0) {
        add_row(b, "Log", "This verdict is in no log.", false);
        return;
    }
    snprintf(text, sizeof text, "%lld", (long long)v->log_entry);
    add_row(b, "Entry of the log", text, false);
    add_row(b, "SHA-256 of the log up to it", v->log_hash, true);
    add_row(b, "When", v->at, false);
    add_row(b, "Who", v->actor, false);
    add_row(b, "Why", v->note, false);
}

lk_status html_record(struct page *p, lk_error *err) {
    struct buf *b = &p->out;
    if (!p->v) {
        return LK_OK;
    }
    buf_add_text(b, "<section aria-labelledby=\"h-record\">\n<h2 id=\"h-record\">Record</h2>\n"
                    "<table class=\"record\"><tbody>\n");
    add_files(p);
    lk_status status = add_versions(p, err);
    add_entry(p);
    buf_add_text(b, "</tbody></table>\n</section>\n");
    return status;
}
