/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/map_source.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/mem.h"

/* So that a page stays below some 30 MB: a JPEG thumbnail takes about half a byte a pixel. */
static const struct {
    size_t pictures;
    int32_t tile;
} usual_tiles[] = {{1500, 128}, {4000, 96}, {10000, 64}, {SIZE_MAX, 48}};

static int32_t usual_tile(size_t pictures) {
    size_t i = 0;
    while (pictures > usual_tiles[i].pictures) {
        i++;
    }
    return usual_tiles[i].tile;
}

void map_source_release(struct map_source *s) {
    for (int32_t i = 0; i < s->count; i++) {
        mem_free(s->paths[i]);
    }
    for (size_t i = 0; i < s->skipped_count; i++) {
        mem_free(s->skipped[i].path);
        mem_free(s->skipped[i].reason);
    }
    mem_free(s->paths);
    mem_free(s->vectors);
    mem_free(s->times);
    mem_free(s->skipped);
    lk_atlas_free(s->atlas);
    *s = (struct map_source){0};
}

/* Room for the whole list, since that is known. */
static lk_status reserve(struct map_source *s, size_t count, lk_error *err) {
    s->room = (int32_t)count;
    s->paths = mem_calloc(count, sizeof *s->paths);
    s->vectors = mem_alloc(count, (size_t)s->dim * sizeof *s->vectors);
    s->times = mem_alloc(count, sizeof *s->times);
    s->skipped = mem_calloc(count, sizeof *s->skipped);
    return s->paths && s->vectors && s->times && s->skipped
               ? LK_OK
               : error_memory(err, count * (size_t)s->dim * sizeof *s->vectors);
}

static bool give(void *arg, const char *path, const lk_image *image, const float *vector) {
    struct map_source *s = arg;
    struct stat info;
    char *copy = mem_strdup(path);
    if (!copy) {
        error_memory(&s->err, strlen(path) + 1);
        return false;
    }
    if (lk_atlas_add(s->atlas, image, &s->err) != LK_OK) {
        mem_free(copy);
        return false;
    }
    s->paths[s->count] = copy;
    s->times[s->count] = stat(path, &info) == 0 ? (double)info.st_mtime : (double)NAN;
    memcpy(s->vectors + (size_t)s->count * (size_t)s->dim, vector, (size_t)s->dim * sizeof *vector);
    s->count++;
    return true;
}

/* model_run calls this with the picture, and then give_output with the vector. */
struct embedding {
    struct map_source *source;
    const lk_image *image;
};

static void see(void *arg, const lk_image *image) {
    struct embedding *e = arg;
    e->image = image;
}

static bool give_output(void *arg, const char *path, const lk_model_output *output) {
    struct embedding *e = arg;
    return give(e->source, path, e->image, output->embedding);
}

static void refuse(void *arg, const lk_error *bad) {
    struct embedding *e = arg;
    struct map_source *s = e->source;
    lk_map_skipped one = {mem_strdup(bad->input), mem_strdup(bad->text)};
    if (one.path && one.reason && (int32_t)s->skipped_count < s->room) {
        s->skipped[s->skipped_count++] = one;
        return;
    }
    mem_free(one.path);
    mem_free(one.reason);
    error_memory(&s->err, sizeof bad->text);
}

static lk_status embed_list(struct map_source *s, enum exit_code *code, const struct common *common,
                            lk_engine *engine, lk_model *model, const lk_picture_list *list,
                            lk_error *err) {
    struct embedding e = {.source = s};
    const struct model_job job = {.common = common,
                                  .engine = engine,
                                  .model = model,
                                  .list = list,
                                  .embed = true,
                                  .seen = see,
                                  .refused = refuse,
                                  .give = give_output,
                                  .arg = &e};
    *code = model_run(&job);
    if (s->err.status != LK_OK) {
        *err = s->err;
        return s->err.status;
    }
    if (s->count == 0) {
        return error_set(err, LK_E_USAGE, "no picture that can be read: there is nothing to map");
    }
    return lk_atlas_finish(s->atlas, err);
}

lk_status map_source_embed(struct map_source *s, enum exit_code *code, const struct common *common,
                           lk_engine *engine, const struct model_settings *settings, int32_t tile,
                           lk_error *err) {
    lk_picture_list list = {0};
    lk_model *model = NULL;
    *s = (struct map_source){0};
    lk_status status = lk_picture_list_find(&list, common->args.items, common->args.count, err);
    if (status == LK_OK && list.count == 0) {
        status = error_set(err, LK_E_USAGE, "no pictures: there is nothing to map");
    }
    if (status == LK_OK && list.count > LK_MAP_POINTS_MAX) {
        status = error_set(err, LK_E_LIMIT, "more than %d pictures", LK_MAP_POINTS_MAX);
    }
    status = status == LK_OK
                 ? lk_atlas_new(&s->atlas, engine, tile ? tile : usual_tile(list.count), err)
                 : status;
    status =
        status == LK_OK ? model_choose(&model, engine, settings, LK_WANT_EMBEDDING, err) : status;
    if (status == LK_OK) {
        s->dim = lk_model_dim(model);
        snprintf(s->model, sizeof s->model, "%s", lk_model_card_of(model)->name);
        status = reserve(s, list.count, err);
    }
    status = status == LK_OK ? embed_list(s, code, common, engine, model, &list, err) : status;
    lk_model_free(model);
    lk_picture_list_release(&list);
    return status;
}

/* -- From an index -- */

struct indexed {
    struct map_source *source;
    lk_engine *engine;
};

static bool skip_picture(struct map_source *s, const char *path, const char *why) {
    lk_map_skipped one = {mem_strdup(path), mem_strdup(why)};
    if (!one.path || !one.reason) {
        mem_free(one.path);
        mem_free(one.reason);
        error_memory(&s->err, strlen(path));
        return false;
    }
    s->skipped[s->skipped_count++] = one;
    return true;
}

static bool take_indexed(void *arg, const lk_collection_picture *p) {
    const struct indexed *x = arg;
    struct map_source *s = x->source;
    const lk_load_options plain = {.no_digest = true};
    lk_image thumb;
    if (s->count + (int32_t)s->skipped_count == s->room) {
        return false;
    }
    if (!p->embedding || p->dim != s->dim || !p->thumb.data) {
        return skip_picture(s, p->path, "no embedding in the index");
    }
    if (lk_image_decode(&thumb, NULL, x->engine, p->thumb.data, p->thumb.size, p->path, &plain,
                        &s->err) != LK_OK) {
        return false;
    }
    bool taken = give(s, p->path, &thumb, p->embedding);
    lk_image_release(&thumb);
    return taken;
}

/* The length of the first embedding there is. */
static bool find_dim(void *arg, const lk_collection_picture *p) {
    struct map_source *s = arg;
    s->dim = p->embedding ? p->dim : 0;
    return s->dim == 0;
}

static lk_status read_index(struct map_source *s, lk_collection *c, lk_engine *engine, int32_t tile,
                            lk_error *err) {
    struct indexed x = {s, engine};
    lk_collection_state state;
    lk_status status = lk_collection_look(&state, c, err);
    status = status == LK_OK ? lk_collection_visit(c, find_dim, s, err) : status;
    if (status == LK_OK && s->dim == 0) {
        status = error_set(err, LK_E_USAGE, "no embeddings in the index: there is nothing to map");
    }
    if (status == LK_OK && state.pictures > LK_MAP_POINTS_MAX) {
        status = error_set(err, LK_E_LIMIT, "more than %d pictures", LK_MAP_POINTS_MAX);
    }
    if (status == LK_OK) {
        snprintf(s->model, sizeof s->model, "%s", state.model);
        status = reserve(s, (size_t)state.pictures, err);
    }
    if (status == LK_OK) {
        status =
            lk_atlas_new(&s->atlas, engine, tile ? tile : usual_tile((size_t)state.pictures), err);
    }
    status = status == LK_OK ? lk_collection_visit(c, take_indexed, &x, err) : status;
    if (status == LK_OK && s->err.status != LK_OK) {
        *err = s->err;
        status = s->err.status;
    }
    return status == LK_OK ? lk_atlas_finish(s->atlas, err) : status;
}

lk_status map_source_index(struct map_source *s, enum exit_code *code, lk_engine *engine,
                           const char *path, int32_t tile, lk_error *err) {
    lk_collection *c;
    *s = (struct map_source){0};
    *code = EXIT_YES;
    lk_status status = lk_collection_open(&c, path, LK_COLLECTION_READ, err);
    if (status != LK_OK) {
        return status;
    }
    status = read_index(s, c, engine, tile, err);
    lk_collection_close(c);
    return error_input(err, status, path);
}

bool map_source_is_index(const char *path) {
    static const char magic[] = "SQLite format 3";
    char head[sizeof magic] = "";
    FILE *f = fopen(path, "rb");
    size_t n = f ? fread(head, 1, sizeof head, f) : 0;
    if (f) {
        fclose(f);
    }
    return n == sizeof head && memcmp(head, magic, sizeof head) == 0;
}
