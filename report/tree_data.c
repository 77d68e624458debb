/* SPDX-License-Identifier: Apache-2.0 */
/* A diff of two folders for programs: JSON, and JUnit XML for CI servers. */
#include <likeness/report.h>

#include "base/buf.h"
#include "base/json.h"

enum { DOCUMENT_MAX = 256 << 20 };

static void add_file(struct json *j, const lk_tree_file *f) {
    json_object_begin(j, NULL);
    json_text(j, "path", f->path);
    json_text(j, "state", lk_tree_state_name(f->state));
    if (f->state == LK_TREE_OK || f->state == LK_TREE_CHANGED) {
        json_int(j, "diff_pixels", f->result.diff_pixels);
        json_number(j, "diff_ratio", f->result.diff_ratio);
        json_bool(j, "size_differs", f->result.size_differs);
        json_text(j, "limit", f->result.limit);
        json_array_begin(j, "regions");
        for (size_t i = 0; i < f->result.region_count; i++) {
            const lk_region *g = &f->result.regions[i];
            const double box[4] = {g->x, g->y, g->width, g->height};
            json_object_begin(j, NULL);
            json_int(j, "id", g->id);
            json_text(j, "kind", lk_region_kind_name(g->kind));
            json_numbers(j, "box", box, 4);
            json_int(j, "area_px", g->area_px);
            json_number(j, "severity", g->severity);
            if (g->kind == LK_REGION_MOVED) {
                const double by[2] = {g->moved_by[0], g->moved_by[1]};
                json_numbers(j, "moved_by", by, 2);
            }
            json_object_end(j);
        }
        json_array_end(j);
    }
    if (f->group) {
        json_int(j, "group", f->group);
    }
    if (f->state == LK_TREE_FAILED) {
        char text[1200];
        lk_error_format(&f->err, text, sizeof text);
        json_text(j, "error", text);
    }
    json_object_end(j);
}

lk_status lk_report_tree_json(lk_bytes *out, const lk_tree *tree, lk_error *err) {
    struct buf b;
    struct json j;
    buf_init(&b, DOCUMENT_MAX);
    json_init(&j, &b, 0);
    json_object_begin(&j, NULL);
    json_text(&j, "schema", "likeness/diff-tree/1");
    json_object_begin(&j, "counts");
    for (int s = 0; s < LK_TREE_STATES; s++) {
        json_int(&j, lk_tree_state_name((lk_tree_state)s), (int64_t)tree->counts[s]);
    }
    json_object_end(&j);
    json_array_begin(&j, "files");
    for (size_t i = 0; i < tree->count; i++) {
        add_file(&j, &tree->files[i]);
    }
    json_array_end(&j);
    json_object_end(&j);
    buf_add_text(&b, "\n");
    return buf_finish(&b, out, err);
}

/* The message of a test case that did not pass. */
static void add_case_result(struct buf *b, const lk_tree_file *f, bool fails) {
    char text[1200];
    switch (f->state) {
    case LK_TREE_CHANGED:
        if (f->result.size_differs && f->result.pixels == 0) {
            buf_printf(b, "<failure message=\"sizes %dx%d and %dx%d\"/>", f->result.sizes[0],
                       f->result.sizes[1], f->result.sizes[2], f->result.sizes[3]);
        } else {
            buf_printf(b, "<failure message=\"%lld px (%.2f %%) differ\"/>",
                       (long long)f->result.diff_pixels, f->result.diff_ratio * 100);
        }
        break;
    case LK_TREE_NEW:
    case LK_TREE_MISSING:
        buf_printf(b, fails ? "<failure message=\"%s\"/>" : "<skipped message=\"%s\"/>",
                   lk_tree_state_name(f->state));
        break;
    case LK_TREE_FAILED:
        lk_error_format(&f->err, text, sizeof text);
        buf_add_text(b, "<error message=\"");
        buf_add_html(b, text); /* the same five entities; control characters do not get through */
        buf_add_text(b, "\"/>");
        break;
    case LK_TREE_OK: break;
    }
}

lk_status lk_report_tree_junit(lk_bytes *out, const lk_tree *tree, bool fail_new, bool fail_missing,
                               lk_error *err) {
    struct buf b;
    const size_t *n = tree->counts;
    size_t fresh = n[LK_TREE_NEW], missing = n[LK_TREE_MISSING];
    buf_init(&b, DOCUMENT_MAX);
    buf_printf(&b,
               "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"likeness diff\" "
               "tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\">\n",
               tree->count,
               n[LK_TREE_CHANGED] + (fail_new ? fresh : 0) + (fail_missing ? missing : 0),
               n[LK_TREE_FAILED], (fail_new ? 0 : fresh) + (fail_missing ? 0 : missing));
    for (size_t i = 0; i < tree->count; i++) {
        const lk_tree_file *f = &tree->files[i];
        buf_add_text(&b, "  <testcase classname=\"likeness.diff\" name=\"");
        buf_add_html(&b, f->path);
        buf_add_text(&b, "\">");
        add_case_result(&b, f, f->state == LK_TREE_NEW ? fail_new : fail_missing);
        buf_add_text(&b, "</testcase>\n");
    }
    buf_add_text(&b, "</testsuite>\n");
    return buf_finish(&b, out, err);
}
