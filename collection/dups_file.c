/* SPDX-License-Identifier: Apache-2.0 */
#include "collection/dups_file.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"
#include "collection/walk.h"

enum {
    METADATA_HEAD = 1 << 20, /* of a file: where metadata lie */
    THUMB_QUALITY = 85,
};

/* -- Metadata -- */

static uint32_t big_endian(const uint8_t *p, int32_t n) {
    uint32_t value = 0;
    for (int32_t i = 0; i < n; i++) {
        value = value << 8 | p[i];
    }
    return value;
}

/* Segments APP1 (EXIF, XMP) and APP13 (IPTC), before the picture's data. */
static int64_t jpeg_metadata(const uint8_t *p, size_t size) {
    int64_t sum = 0;
    for (size_t at = 2; at + 4 <= size && p[at] == 0xff && p[at + 1] != 0xda;) {
        size_t length = big_endian(p + at + 2, 2);
        sum += p[at + 1] == 0xe1 || p[at + 1] == 0xed ? (int64_t)length : 0;
        at += 2 + MAX(length, (size_t)2);
    }
    return sum;
}

static int64_t png_metadata(const uint8_t *p, size_t size) {
    int64_t sum = 0;
    for (size_t at = 8; at + 12 <= size;) {
        size_t length = big_endian(p + at, 4);
        bool text = memcmp(p + at + 4, "eXIf", 4) == 0 || memcmp(p + at + 5, "TXt", 3) == 0;
        sum += text ? (int64_t)length : 0;
        at += 12 + length;
    }
    return sum;
}

/* 0 for other formats, and for what cannot be read. */
static int64_t metadata_of(const char *path) {
    lk_bytes head;
    int64_t total, sum = 0;
    if (file_read_head(&head, &total, path, METADATA_HEAD, NULL, NULL) != LK_OK) {
        return 0;
    }
    if (head.size > 2 && head.data[0] == 0xff && head.data[1] == 0xd8) {
        sum = jpeg_metadata(head.data, head.size);
    } else if (head.size > 8 && memcmp(head.data + 1, "PNG", 3) == 0) {
        sum = png_metadata(head.data, head.size);
    }
    lk_bytes_release(&head);
    return sum;
}

/* -- The list -- */

/* Folders without links and dots; those that are not there have no files. */
struct folders {
    char **paths;
    size_t count;
};

static lk_status resolve(struct folders *out, const char *const *paths, size_t count,
                         lk_error *err) {
    char whole[PATH_MAX];
    *out = (struct folders){.paths = mem_calloc(count, sizeof *out->paths)};
    if (!out->paths) {
        return error_memory(err, count * sizeof *out->paths);
    }
    for (size_t i = 0; i < count; i++) {
        if (realpath(paths[i], whole)) {
            out->paths[out->count] = mem_strdup(whole);
            if (!out->paths[out->count++]) {
                return error_memory(err, strlen(whole));
            }
        }
    }
    return LK_OK;
}

static void folders_release(struct folders *f) {
    for (size_t i = 0; i < f->count; i++) {
        mem_free(f->paths[i]);
    }
    mem_free(f->paths);
}

static bool is_in(const struct folders *f, const char *path) {
    bool in = false;
    for (size_t i = 0; i < f->count && !in; i++) {
        in = walk_is_below(f->paths[i], path);
    }
    return in;
}

/* Takes the row's path. */
static lk_status read_entry(struct dups_entry *out, struct sql *q, uint32_t item, lk_error *err) {
    struct facts facts = {0};
    size_t size, digest;
    const void *path = sql_blob(q, 0, &size);
    *out = (struct dups_entry){.item = item, .bytes = sql_int(q, 1), .modified_ns = sql_int(q, 2)};
    out->path = mem_calloc(size + 1, 1);
    if (!out->path) {
        return error_memory(err, size);
    }
    memcpy(out->path, path, size);
    const uint8_t *sum = sql_blob(q, 4, &digest);
    if (digest == DIGEST_BYTES) {
        digest_hex(out->sha256, sum);
    }
    if (content_facts(&facts, q, 5)) {
        out->width = facts.width;
        out->height = facts.height;
        memcpy(out->format, facts.format, sizeof out->format);
    }
    return LK_OK;
}

static lk_status add(struct dups_files *f, const struct dups_entry *e, lk_error *err) {
    if (f->count == f->room) {
        size_t room = 2 * f->room + 64;
        struct dups_entry *grown = mem_realloc(f->items, room, sizeof *grown);
        if (!grown) {
            return error_memory(err, room * sizeof *grown);
        }
        f->items = grown;
        f->room = room;
    }
    f->pictures += f->count == 0 || f->items[f->count - 1].item != e->item;
    f->items[f->count++] = *e;
    return LK_OK;
}

static lk_status read_rows(struct dups_files *out, lk_collection *c, const struct finding *g,
                           const struct folders *below, const struct folders *protect,
                           bool metadata, lk_error *err) {
    struct sql q;
    bool row;
    uint32_t item = 0;
    lk_status status;
    sql_begin(&q, &c->at,
              "SELECT path, bytes, modified_ns, content.id, sha256, facts FROM content "
              "JOIN file ON file.content = content.id ORDER BY content.id, path");
    while ((status = sql_step(&q, &row, err)) == LK_OK && row) {
        int64_t id = sql_int(&q, 3);
        struct dups_entry e;
        while (item < g->count && g->contents[item] < id) {
            item++;
        }
        if (item == g->count || g->contents[item] != id) {
            continue; /* came since */
        }
        status = read_entry(&e, &q, item, err);
        if (status != LK_OK) {
            break;
        }
        e.is_protected = is_in(protect, e.path);
        e.metadata = metadata ? metadata_of(e.path) : 0;
        if (below->count > 0 && !is_in(below, e.path)) {
            mem_free(e.path);
        } else if ((status = add(out, &e, err)) != LK_OK) {
            mem_free(e.path);
            break;
        }
    }
    sql_end(&q);
    return status;
}

lk_status dups_files_read(struct dups_files *out, lk_collection *c, const struct finding *g,
                          const char *const *paths, size_t count, const lk_dups_options *options,
                          lk_error *err) {
    struct folders below = {0}, protect = {0};
    *out = (struct dups_files){0};
    lk_status status = resolve(&below, paths, count, err);
    if (status == LK_OK) {
        status = resolve(&protect, options->protect, options->protect_count, err);
    }
    if (status == LK_OK && (count == 0 || below.count > 0)) {
        status = read_rows(out, c, g, &below, &protect, options->keep == LK_KEEP_METADATA, err);
    }
    folders_release(&below);
    folders_release(&protect);
    if (status != LK_OK) {
        dups_files_release(out);
    }
    return status;
}

void dups_files_release(struct dups_files *f) {
    for (size_t i = 0; i < f->count; i++) {
        mem_free(f->items[i].path);
    }
    mem_free(f->items);
    *f = (struct dups_files){0};
}

/* -- Of one content -- */

lk_status dups_thumb(lk_bytes *out, lk_collection *c, lk_engine *engine, int64_t id,
                     lk_error *err) {
    struct facts facts;
    *out = (lk_bytes){0};
    lk_status status = content_get(&facts, c, id, CONTENT_THUMB, engine, err);
    if (status == LK_OK && facts.thumb.data) {
        status = lk_image_encode(out, &facts.thumb, engine, "jpeg", THUMB_QUALITY, err);
    }
    facts_release(&facts);
    return status == LK_E_CORRUPT || status == LK_E_IO ? LK_OK : status;
}

/* Size and samples, not how a file writes them; all zeros of a file that cannot be read. */
static lk_status digest_pixels(uint8_t out[DIGEST_BYTES], lk_engine *engine, const char *path,
                               lk_error *err) {
    const lk_load_options plain = {.no_digest = true};
    lk_image image;
    struct digest d;
    memset(out, 0, DIGEST_BYTES);
    lk_status status = lk_image_load(&image, NULL, engine, path, &plain, err);
    if (status != LK_OK) {
        return status == LK_E_MEMORY || status == LK_E_CANCELLED ? status : LK_OK;
    }
    const int32_t head[4] = {image.width, image.height, image.channels, image.bit_depth};
    size_t row = (size_t)image.width * (size_t)image.channels * (size_t)(image.bit_depth / 8);
    digest_begin(&d);
    digest_add(&d, head, sizeof head);
    for (int32_t y = 0; y < image.height; y++) {
        digest_add(&d, image_row(&image, y), row);
    }
    digest_end(out, &d);
    lk_image_release(&image);
    return LK_OK;
}

/* Asked once of each content. */
static lk_status pixels_of(uint8_t out[DIGEST_BYTES], lk_collection *c, lk_engine *engine,
                           const struct dups_entry *e, lk_error *err) {
    struct sql q;
    bool row, known = false;
    uint8_t sum[DIGEST_BYTES];
    (void)digest_from_hex(sum, e->sha256);
    sql_begin(&q, &c->at, "SELECT pixels FROM content WHERE sha256 = ? AND pixels IS NOT NULL");
    sql_bind_blob(&q, sum, sizeof sum);
    lk_status status = sql_step(&q, &row, err);
    if (status == LK_OK && row) {
        size_t size;
        const void *kept = sql_blob(&q, 0, &size);
        known = size == DIGEST_BYTES;
        memcpy(out, known ? kept : sum, DIGEST_BYTES);
    }
    sql_end(&q);
    if (status != LK_OK || known) {
        return status;
    }
    status = digest_pixels(out, engine, e->path, err);
    if (status == LK_OK && !c->at.reads_only) {
        sql_begin(&q, &c->at, "UPDATE content SET pixels = ? WHERE sha256 = ?");
        sql_bind_blob(&q, out, DIGEST_BYTES);
        sql_bind_blob(&q, sum, sizeof sum);
        status = sql_finish(&q, err);
    }
    return status;
}

lk_status dups_same_pixels(bool *same, lk_collection *c, lk_engine *engine,
                           const struct dups_entry *a, const struct dups_entry *b, lk_error *err) {
    static const uint8_t none[DIGEST_BYTES];
    uint8_t of_a[DIGEST_BYTES], of_b[DIGEST_BYTES];
    lk_status status = pixels_of(of_a, c, engine, a, err);
    status = status == LK_OK ? pixels_of(of_b, c, engine, b, err) : status;
    *same = status == LK_OK && memcmp(of_a, none, sizeof none) != 0 &&
            memcmp(of_a, of_b, sizeof of_a) == 0;
    return status;
}
