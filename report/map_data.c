/* SPDX-License-Identifier: Apache-2.0 */
/* A map for programs: the document that the page carries as well, and a table. */
#include <likeness/map_page.h>

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/compiler.h"
#include "base/error.h"
#include "base/json.h"
#include "base/mem.h"

#define DOCUMENT_MAX ((size_t)1 << 30)

static const char *label_of(const lk_map_page *p, int32_t i) {
    return p->labels && p->labels[i] >= 0 ? p->label_names[p->labels[i]] : NULL;
}

/* "2026-11-22T01:15:49Z"; LK_OK in any case: a year beyond what the calendar holds is left out. */
static void json_moment(struct json *j, const char *key, double seconds) {
    char text[64];
    struct tm parts;
    time_t moment = isfinite(seconds) && fabs(seconds) < 1e14 ? (time_t)seconds : 0;
    bool there = isfinite(seconds) && gmtime_r(&moment, &parts) &&
                 strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts) > 0;
    if (there) {
        json_text(j, key, text);
    }
}

static void add_picture(struct json *j, const lk_map_page *p, int32_t i) {
    const char *label = label_of(p, i);
    json_object_begin(j, NULL);
    json_text(j, "path", p->paths[i]);
    json_number(j, "x", (double)p->map->xy[2 * (size_t)i]);
    json_number(j, "y", (double)p->map->xy[2 * (size_t)i + 1]);
    json_int(j, "cluster", p->map->clusters[i] + 1);
    if (label) {
        json_text(j, "label", label);
    }
    if (p->scores && isfinite(p->scores[i])) {
        json_number(j, "score", p->scores[i]);
    }
    if (p->times) {
        json_moment(j, "time", p->times[i]);
    }
    json_object_end(j);
}

/* -- Names of clusters -- */

/* The two most frequent labels of a cluster, the more frequent first, ties by name; -1 for none, the second also where the first is
 * that of more than half. counts: room for label_count, all 0 before and after. members: its pictures. */
static void usual_labels(int32_t usual[2], const lk_map_page *p, const int32_t *members,
                         int32_t count, int32_t *counts) {
    int32_t all = 0;
    usual[0] = usual[1] = -1;
    for (int32_t m = 0; m < count; m++) {
        int32_t label = p->labels[members[m]];
        if (label >= 0) {
            counts[label]++;
            all++;
        }
    }
    for (int32_t m = 0; m < count; m++) {
        int32_t label = p->labels[members[m]];
        for (int32_t k = 0; k < 2 && label >= 0 && label != usual[0] && label != usual[1]; k++) {
            int32_t there = usual[k] < 0 ? 0 : counts[usual[k]];
            if (counts[label] > there || (counts[label] == there && label < usual[k])) {
                usual[1] = k == 0 ? usual[0] : usual[1];
                usual[k] = label;
            }
        }
    }
    usual[1] = usual[0] >= 0 && 2 * counts[usual[0]] > count ? -1 : usual[1];
    usual[0] = 2 * all > count ? usual[0] : -1;
    for (int32_t m = 0; m < count; m++) {
        if (p->labels[members[m]] >= 0) {
            counts[p->labels[members[m]]] = 0;
        }
    }
}

/* The file's name without folders and extension. */
static void add_stem(struct json *j, const char *path) {
    const char *slash = strrchr(path, '/'), *name = slash && slash[1] ? slash + 1 : path;
    const char *dot = strrchr(name, '.');
    char text[256];
    size_t length = dot && dot > name ? (size_t)(dot - name) : strlen(name);
    length = MIN(length, sizeof text - 1);
    memcpy(text, name, length);
    text[length] = '\0';
    json_text(j, "name", text);
}

static void add_cluster(struct json *j, const lk_map_page *p, int32_t c, const int32_t *members,
                        int32_t *counts) {
    const lk_map_cluster *k = &p->map->cluster[c];
    int32_t usual[2] = {-1, -1};
    if (p->labels) {
        usual_labels(usual, p, members, k->count, counts);
    }
    json_object_begin(j, NULL);
    json_int(j, "id", c + 1);
    json_int(j, "count", k->count);
    if (usual[0] >= 0) {
        char name[256];
        snprintf(name, sizeof name, "%.120s%s%.120s", p->label_names[usual[0]],
                 usual[1] >= 0 ? ", " : "", usual[1] >= 0 ? p->label_names[usual[1]] : "");
        json_text(j, "name", name);
    } else {
        add_stem(j, p->paths[k->medoid]);
    }
    json_text(j, "representative", p->paths[k->medoid]);
    json_number(j, "x", (double)k->x);
    json_number(j, "y", (double)k->y);
    json_object_end(j);
}

static lk_status add_clusters(struct json *j, const lk_map_page *p, lk_error *err) {
    const lk_similarity_map *m = p->map;
    int32_t *members = mem_alloc((size_t)m->count, sizeof *members);
    int32_t *end = mem_calloc((size_t)m->cluster_count + 1, sizeof *end);
    int32_t *counts = mem_calloc((size_t)p->label_count + 1, sizeof *counts);
    bool there = members && end && counts;
    if (there) {
        for (int32_t c = 1; c < m->cluster_count; c++) {
            end[c] = end[c - 1] + m->cluster[c - 1].count;
        }
        for (int32_t i = 0; i < m->count; i++) {
            members[end[m->clusters[i]]++] = i;
        }
        json_array_begin(j, "clusters");
        for (int32_t c = 0; c < m->cluster_count; c++) {
            add_cluster(j, p, c, members + end[c] - m->cluster[c].count, counts);
        }
        json_array_end(j);
    }
    mem_free(members);
    mem_free(end);
    mem_free(counts);
    return there ? LK_OK : error_memory(err, (size_t)m->count * sizeof *members);
}

/* -- Documents -- */

static void add_head(struct json *j, const lk_map_page *p) {
    json_text(j, "schema", "likeness/map/1");
    json_text(j, "title", p->title);
    json_text(j, "model", p->model);
    json_int(j, "dim", p->dim);
    json_text(j, "method", lk_map_method_name(p->options->method));
    json_int(j, "seed", (int64_t)p->options->seed);
    json_int(j, "neighbours", p->map->neighbours);
    json_text(j, "colour_by", p->colour_by);
}

lk_status lk_map_page_json(lk_bytes *out, const lk_map_page *page, lk_error *err) {
    struct buf b;
    struct json j;
    *out = (lk_bytes){0};
    buf_init(&b, DOCUMENT_MAX);
    json_init(&j, &b, 0);
    json_object_begin(&j, NULL);
    add_head(&j, page);
    json_array_begin(&j, "pictures");
    for (int32_t i = 0; i < page->map->count; i++) {
        add_picture(&j, page, i);
    }
    json_array_end(&j);
    lk_status status = add_clusters(&j, page, err);
    json_array_begin(&j, "skipped");
    for (size_t i = 0; i < page->skipped_count; i++) {
        json_object_begin(&j, NULL);
        json_text(&j, "path", page->skipped[i].path);
        json_text(&j, "reason", page->skipped[i].reason);
        json_object_end(&j);
    }
    json_array_end(&j);
    json_object_end(&j);
    buf_add_text(&b, "\n");
    if (status != LK_OK) {
        buf_release(&b);
        return status;
    }
    return buf_finish(&b, out, err);
}

static void add_cell(struct buf *b, const char *text) {
    for (const unsigned char *s = (const unsigned char *)text; *s; s++) {
        if (*s < 0x20 || *s == 0x7f) {
            buf_printf(b, "\\x%02x", *s);
        } else {
            buf_add(b, s, 1);
        }
    }
}

lk_status lk_map_page_plain(lk_bytes *out, const lk_map_page *page, lk_error *err) {
    struct buf b;
    buf_init(&b, DOCUMENT_MAX);
    for (int32_t i = 0; i < page->map->count; i++) {
        const char *label = label_of(page, i);
        const float *at = page->map->xy + 2 * (size_t)i;
        add_cell(&b, page->paths[i]);
        buf_printf(&b, "\t%.6g\t%.6g\t%d\t", (double)at[0], (double)at[1],
                   page->map->clusters[i] + 1);
        add_cell(&b, label ? label : "");
        buf_add_text(&b, "\n");
    }
    return buf_finish(&b, out, err);
}
