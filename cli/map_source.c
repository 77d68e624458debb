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
