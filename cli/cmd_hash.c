/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "cli/command.h"
#include "cli/hash_rank.h"
#include "cli/progress.h"
#include "cli/stop.h"

struct hash_settings {
    struct common common;
    const char *algo;
    int32_t bits, top;
    bool compare, rank, exact;
};

#define AT(member) offsetof(struct hash_settings, member)

static const struct option hash_options[] = {
    {"algo", 'a', OPTION_TEXT, "LIST", NULL, NULL,
     "hashes with commas, or all; likeness hash -h lists them", AT(algo)},
    {"bits", 'b', OPTION_INT, "64|256|1024", NULL, NULL,
     "length of average, phash, dhash, whash (64)", AT(bits)},
    {"compare", 0, OPTION_FLAG, NULL, NULL, NULL,
     "two files: print the Hamming distance of each hash", AT(compare)},
    {"rank", 0, OPTION_FLAG, NULL, NULL, NULL,
     "the others by likeness to the first (wavelet signature), most alike first", AT(rank)},
    {"top", 'k', OPTION_INT, "N", NULL, NULL, "with --rank: the first N alone", AT(top)},
    {"exact", 0, OPTION_FLAG, NULL, NULL, NULL, "decode large JPEGs in full (see --help)",
     AT(exact)},
    OPTION_END,
};

/* A JPEG whose longer side is at least twice this is decoded at 1/2, 1/4 or 1/8 and in gray alone, when only hashes are wanted
 * whose grid is so coarse (32 of 1000 pixels) that they hardly notice: docs/algorithms/hash.md has the figures. */
enum { REDUCED_SIDE = 1000 };

/* Which hashes are wanted, in the order of the table. */
struct chosen {
    const lk_hash_info *items[16];
    size_t count;
    bool sha256;
    int32_t side;
    lk_load_options load;
};

/* Whether every hash reads nothing but a coarse gray grid, whatever the size of the picture. */
static bool all_coarse(const struct chosen *c) {
    static const char *const coarse[] = {"average", "phash", "dhash", "dhash_vertical"};
    for (size_t i = 0; i < c->count; i++) {
        bool found = false;
        for (size_t k = 0; k < sizeof coarse / sizeof *coarse; k++) {
            found = found || strcmp(c->items[i]->name, coarse[k]) == 0;
        }
        if (!found) {
            return false;
        }
    }
    return c->side <= 8;
}

static bool is_chosen(const struct chosen *c, const lk_hash_info *info) {
    for (size_t i = 0; i < c->count; i++) {
        if (c->items[i] == info) {
            return true;
        }
    }
    return false;
}

static bool choose(struct chosen *c, const struct hash_settings *s, char *message, size_t size) {
    c->side = s->bits == 0      ? 0
              : s->bits == 64   ? 8
              : s->bits == 256  ? 16
              : s->bits == 1024 ? 32
                                : -1;
    if (c->side < 0) {
        snprintf(message, size, "--bits takes 64, 256 or 1024");
        return false;
    }
    bool all = !s->algo || strcmp(s->algo, "all") == 0;
    c->sha256 = all && !s->compare; /* all: all that have a distance */
    for (size_t i = 0; all && i < lk_hash_count(); i++) {
        c->items[c->count++] = lk_hash_at(i);
    }
    for (const char *p = all ? "" : s->algo; *p;) {
        size_t length = strcspn(p, ",");
        char name[64];
        snprintf(name, sizeof name, "%.*s", (int)length, p);
        const lk_hash_info *info = lk_hash_find(name);
        if (strcmp(name, "sha256") == 0) {
            c->sha256 = true;
        } else if (!info) {
            snprintf(message, size, "there is no hash called %s", name);
            return false;
        } else if (!is_chosen(c, info)) {
            c->items[c->count++] = info;
        }
        p += length + (p[length] == ',');
    }
    if (c->count == 0 && !c->sha256) {
        snprintf(message, size, "--algo names no hash");
        return false;
    }
    if (s->compare && c->sha256) {
        snprintf(message, size, "--compare: sha256 has no distance");
        return false;
    }
    c->load.no_digest = !c->sha256;
    if (!s->exact && all_coarse(c)) {
        c->load.max_side = REDUCED_SIDE;
        c->load.gray = true;
    }
    return true;
}

/* The hashes of one file. */
struct hashed {
    lk_image_info info;
    lk_hash hashes[16];
};

static lk_status hash_file(struct hashed *out, lk_engine *engine, const char *path,
                           const struct chosen *c, lk_error *err) {
    lk_image image;
    lk_status status = lk_image_load(&image, &out->info, engine, path, &c->load, err);
    for (size_t i = 0; status == LK_OK && i < c->count; i++) {
        int32_t side = c->items[i]->sizes ? c->side : 0;
        status = lk_hash_compute(&out->hashes[i], engine, &image, c->items[i], side, err);
    }
    lk_image_release(&image);
    return status;
}

static void write_json(struct json *j, const char *path, const struct hashed *h,
                       const struct chosen *c) {
    char text[LK_HASH_TEXT_MAX];
    json_object_begin(j, NULL);
    json_text(j, "path", path);
    json_object_begin(j, "hashes");
    if (c->sha256) {
        json_text(j, "sha256", h->info.sha256);
    }
    for (size_t i = 0; i < c->count; i++) {
        lk_hash_text(text, sizeof text, &h->hashes[i]);
        json_text(j, c->items[i]->name, text);
        if (h->hashes[i].quality >= 0) {
            char key[80];
            snprintf(key, sizeof key, "%s_quality", c->items[i]->name);
            json_int(j, key, h->hashes[i].quality);
        }
    }
    json_object_end(j);
    json_object_end(j);
}

static void write_text(struct buf *b, const struct common *common, const char *path,
                       const struct hashed *h, const struct chosen *c) {
    char text[LK_HASH_TEXT_MAX];
    if (c->sha256) {
        buf_printf(b, "%-15s %s  ", "sha256", h->info.sha256);
        add_path(b, common, path);
        buf_add_text(b, "\n");
    }
    for (size_t i = 0; i < c->count; i++) {
        lk_hash_text(text, sizeof text, &h->hashes[i]);
        buf_printf(b, "%-15s %s  ", c->items[i]->name, text);
        add_path(b, common, path);
        if (h->hashes[i].quality >= 0) {
            buf_printf(b, "  quality %d", h->hashes[i].quality);
        }
        buf_add_text(b, "\n");
    }
}

static enum exit_code print_hashes(const struct hash_settings *s, lk_engine *engine,
                                   const struct chosen *c) {
    enum exit_code code = EXIT_YES;
    struct progress progress;
    struct buf b;
    struct json j;
    buf_init(&b, 256 << 20);
    json_init(&j, &b, 0);
    if (s->common.json) {
        json_object_begin(&j, NULL);
        json_text(&j, "schema", "likeness/hash/1");
        json_array_begin(&j, "files");
    }
    progress_begin(&progress, &s->common, s->common.args.count);
    for (size_t i = 0; i < s->common.args.count && !stop_asked(); i++) {
        const char *path = s->common.args.items[i];
        struct hashed h;
        lk_error err = {0};
        progress_step(&progress, path);
        if (hash_file(&h, engine, path, c, &err) != LK_OK) {
            progress_hide(&progress);
            code = report_error(&s->common, &err);
        } else if (s->common.json) {
            write_json(&j, path, &h, c);
        } else {
            write_text(&b, &s->common, path, &h, c);
        }
    }
    progress_end(&progress);
    if (s->common.json) {
        json_array_end(&j);
        json_object_end(&j);
        buf_add_text(&b, "\n");
    }
    return print_result(&s->common, &b, code);
}

/* 0 when every hash is within its match distance, 1 when one is not. */
static enum exit_code compare_two(const struct hash_settings *s, lk_engine *engine,
                                  const struct chosen *c) {
    struct hashed two[2];
    lk_error err = {0};
    for (int i = 0; i < 2; i++) {
        if (hash_file(&two[i], engine, s->common.args.items[i], c, &err) != LK_OK) {
            return report_error(&s->common, &err);
        }
    }
    enum exit_code code = EXIT_YES;
    struct buf b;
    struct json j;
    buf_init(&b, 1 << 20);
    json_init(&j, &b, 0);
    if (s->common.json) {
        json_object_begin(&j, NULL);
        json_text(&j, "schema", "likeness/hash/1");
        json_object_begin(&j, "distances");
    }
    for (size_t i = 0; i < c->count; i++) {
        int32_t distance;
        const lk_hash *first = &two[0].hashes[i];
        if (lk_hash_distance(&distance, first, &two[1].hashes[i], &err) != LK_OK) {
            buf_release(&b);
            return report_error(&s->common, &err);
        }
        bool near = lk_hash_is_near(first, distance);
        code = near ? code : EXIT_NO;
        if (s->common.json) {
            json_int(&j, c->items[i]->name, distance);
        } else {
            buf_printf(&b, "%-15s %4d of %d  %s\n", c->items[i]->name, distance,
                       lk_hash_distance_max(first), near ? "near" : "far");
        }
    }
    if (s->common.json) {
        json_object_end(&j);
        json_object_end(&j);
        buf_add_text(&b, "\n");
    }
    return print_result(&s->common, &b, code);
}

/* A wavelet signature is of 128 x 128 pixels: it hardly notices that a large JPEG is decoded at reduced size. */
static enum exit_code rank_all(const struct hash_settings *s, lk_engine *engine) {
    lk_load_options load = {.no_digest = true, .max_side = s->exact ? 0 : REDUCED_SIDE};
    const char *wrong = s->algo || s->bits ? "--rank has a signature of its own: no --algo, --bits"
                        : s->compare       ? "--rank and --compare exclude each other"
                        : s->common.args.count < 2 ? "--rank wants a picture and those to rank"
                                                   : NULL;
    return wrong ? report_usage(&s->common, &command_hash, wrong)
                 : hash_rank(&s->common, engine, s->top, &load);
}

static enum exit_code hash_command_run(void *settings, lk_engine *engine) {
    struct hash_settings *s = settings;
    struct chosen c = {0};
    char message[160];
    if (s->rank) {
        return rank_all(s, engine);
    }
    if (s->top) {
        return report_usage(&s->common, &command_hash, "--top goes with --rank");
    }
    if (!choose(&c, s, message, sizeof message)) {
        return report_usage(&s->common, &command_hash, message);
    }
    if (s->compare && s->common.args.count != 2) {
        return report_usage(&s->common, &command_hash, "--compare wants two files");
    }
    return s->compare ? compare_two(s, engine, &c) : print_hashes(s, engine, &c);
}

const struct command command_hash = {
    .name = "hash",
    .summary = "perceptual and exact hashes",
    .arguments = "FILE...",
    .details = "Hashes: sha256 (of the file), average (ahash), phash, dhash, dhash_vertical, "
               "whash, colorhash (color),\n"
               "crop_resistant, pdq. They equal ImageHash 4.3.2 and PDQ on the same pixels. "
               "--compare ends with 0 when every\n"
               "chosen hash is within its usual distance, else with 1. When only average, phash "
               "and dhash of 64 bits are asked\n"
               "for, a JPEG of 2000 pixels or more on its longer side is decoded at reduced size, "
               "in gray, which may change a\n"
               "bit; --exact decodes it in full. --rank prints score, distance and path of the "
               "files behind "
               "the first, by the\n"
               "distance of Jacobs, Finkelstein and Salesin's wavelet signatures: 0 is equal.",
    .examples = "  likeness hash photo.jpg\n"
                "  likeness hash --algo=phash,pdq *.jpg --json\n"
                "  likeness hash --algo=phash --compare a.jpg b.jpg\n"
                "  likeness hash --rank query.jpg photos/*.jpg --top 5\n",
    .least_args = 1,
    .most_args = 1000000,
    .options = hash_options,
    .settings_size = sizeof(struct hash_settings),
    .run = hash_command_run,
};
