/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/hash_rank.h"

#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"
#include "cli/progress.h"
#include "cli/stop.h"

struct ranking {
    const struct common *common;
    lk_engine *engine;
    const lk_load_options *load;
    lk_wavelet query;
    lk_wavelet *items; /* of the arguments that could be read, `count` of them */
    const char **paths;
    lk_wavelet_hit *hits;
    size_t count, found;
};

static lk_status sign_file(lk_wavelet *out, const struct ranking *r, const char *path,
                           lk_error *err) {
    lk_image image;
    lk_status status = lk_image_load(&image, NULL, r->engine, path, r->load, err);
    status = status == LK_OK ? lk_wavelet_compute(out, r->engine, &image, NULL, err) : status;
    lk_image_release(&image);
    return status;
}

/* The signatures of all arguments behind the first; EXIT_TROUBLE when some cannot be read. */
static enum exit_code sign_files(struct ranking *r) {
    enum exit_code code = EXIT_YES;
    struct progress progress;
    progress_begin(&progress, r->common, r->common->args.count - 1);
    for (size_t i = 1; i < r->common->args.count && !stop_asked(); i++) {
        const char *path = r->common->args.items[i];
        lk_error err = {0};
        progress_step(&progress, path);
        if (sign_file(&r->items[r->count], r, path, &err) == LK_OK) {
            r->paths[r->count++] = path;
        } else {
            progress_hide(&progress);
            code = report_error(r->common, &err);
        }
    }
    progress_end(&progress);
    return code;
}

static lk_status order(struct ranking *r, size_t most, lk_error *err) {
    lk_wavelet_index *index;
    lk_status status = lk_wavelet_index_new(&index, r->items, r->count, err);
    status = status == LK_OK ? lk_wavelet_index_query(r->hits, &r->found, most, index, &r->query,
                                                      LK_WAVELET_SCANNED, err)
                             : status;
    lk_wavelet_index_free(index);
    return status;
}

static lk_status write_hits(struct buf *b, const struct ranking *r, lk_error *err) {
    struct json j;
    json_init(&j, b, 0);
    if (r->common->json) {
        json_object_begin(&j, NULL);
        json_text(&j, "schema", "likeness/hash/1");
        json_text(&j, "query", r->common->args.items[0]);
        json_array_begin(&j, "hits");
    }
    for (size_t i = 0; i < r->found; i++) {
        const lk_wavelet_hit *hit = &r->hits[i];
        lk_wavelet_match match;
        lk_status status =
            lk_wavelet_compare(&match, &r->query, &r->items[hit->item], LK_WAVELET_SCANNED, err);
        if (status != LK_OK) {
            return status;
        }
        if (r->common->json) {
            json_object_begin(&j, NULL);
            json_text(&j, "path", r->paths[hit->item]);
            json_number(&j, "score", match.score);
            json_number(&j, "distance", hit->distance);
            json_object_end(&j);
        } else {
            buf_printf(b, "%.3f %8.3f  ", match.score, hit->distance);
            add_path(b, r->common, r->paths[hit->item]);
            buf_add_text(b, "\n");
        }
    }
    if (r->common->json) {
        json_array_end(&j);
        json_object_end(&j);
        buf_add_text(b, "\n");
    }
    return LK_OK;
}

static enum exit_code rank_files(struct ranking *r, size_t most) {
    lk_error err = {0};
    struct buf b;
    if (sign_file(&r->query, r, r->common->args.items[0], &err) != LK_OK) {
        return report_error(r->common, &err);
    }
    enum exit_code code = sign_files(r);
    buf_init(&b, 256 << 20);
    if (order(r, most, &err) != LK_OK || write_hits(&b, r, &err) != LK_OK) {
        buf_release(&b);
        return report_error(r->common, &err);
    }
    return print_result(r->common, &b, code);
}

enum exit_code hash_rank(const struct common *common, lk_engine *engine, int32_t most,
                         const lk_load_options *load) {
    size_t files = common->args.count - 1;
    struct ranking r = {.common = common, .engine = engine, .load = load};
    r.items = mem_alloc(files, sizeof *r.items);
    r.paths = mem_alloc(files, sizeof *r.paths);
    r.hits = mem_alloc(files, sizeof *r.hits);
    enum exit_code code;
    if (r.items && r.paths && r.hits) {
        code = rank_files(&r, most > 0 ? (size_t)most : files);
    } else {
        lk_error err = {.status = LK_E_MEMORY, .text = "the signatures do not fit into memory"};
        code = report_error(common, &err);
    }
    mem_free(r.items);
    mem_free(r.paths);
    mem_free(r.hits);
    return code;
}
