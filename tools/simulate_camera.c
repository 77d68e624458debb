/* SPDX-License-Identifier: Apache-2.0 */
/* simulate_camera ORIGINAL PHOTO [--json FILE] [--seed N] [--difficulty 0..1] [--size WxH] [--SETTING VALUE]...
 *                 [--edit X,Y,W,H,remove|stamp|text]...
 *
 * Photographs a picture (tools/camera.h) and writes the photo and, as JSON, all that a test wants to know of it: the
 * settings, the edits, and the homography that maps pixels of the original to pixels of the photo. What is not set is drawn
 * from the seed. */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <likeness/likeness.h>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "image/colour.h"
#include "tools/camera.h"

enum { EDITS_MAX = 16 };

static const struct {
    const char *name;
    size_t offset;
} settings_table[] = {
#define SETTING(member)                                                                            \
    { #member, offsetof(struct camera_settings, member) }
    SETTING(tilt_deg),  SETTING(tilt_to_deg), SETTING(turn_deg), SETTING(cover),
    SETTING(offset_x),  SETTING(offset_y),    SETTING(light),    SETTING(light_to_deg),
    SETTING(exposure),  SETTING(warmth),      SETTING(glare),    SETTING(blur_px),
    SETTING(motion_px), SETTING(motion_deg),  SETTING(noise),
#undef SETTING
};
enum { SETTINGS = sizeof settings_table / sizeof *settings_table };

struct request {
    const char *original, *photo, *json;
    uint64_t seed;
    double difficulty;
    int32_t width, height;
    const char *values[SETTINGS]; /* NULL: drawn from the seed */
    int32_t quality;              /* 0: drawn from the seed */
    struct camera_edit edits[EDITS_MAX];
    int32_t edit_count;
};

static double *setting_at(struct camera_settings *s, size_t i) {
    return (double *)(void *)((char *)s + settings_table[i].offset);
}

static bool parse_edit(struct camera_edit *e, const char *text, uint64_t seed) {
    char kind[16];
    *e = (struct camera_edit){.seed = seed};
    if (sscanf(text, "%d,%d,%d,%d,%15s", &e->x, &e->y, &e->width, &e->height, kind) != 5) {
        return false;
    }
    for (int32_t i = 0; i < EDIT_KINDS; i++) {
        if (strcmp(kind, camera_edit_name((enum camera_edit_kind)i)) == 0) {
            e->kind = (enum camera_edit_kind)i;
            return true;
        }
    }
    return false;
}

static bool parse_setting(struct request *r, const char *name, const char *value) {
    for (size_t i = 0; i < SETTINGS; i++) {
        if (strcmp(settings_table[i].name, name) == 0) {
            r->values[i] = value;
            return true;
        }
    }
    return false;
}

static bool parse_pair(struct request *r, const char *name, const char *value) {
    if (strcmp(name, "json") == 0) {
        r->json = value;
    } else if (strcmp(name, "seed") == 0) {
        r->seed = strtoull(value, NULL, 10);
    } else if (strcmp(name, "difficulty") == 0) {
        r->difficulty = strtod(value, NULL);
    } else if (strcmp(name, "quality") == 0) {
        r->quality = (int32_t)strtol(value, NULL, 10);
    } else if (strcmp(name, "size") == 0) {
        return sscanf(value, "%dx%d", &r->width, &r->height) == 2;
    } else if (strcmp(name, "edit") == 0) {
        if (r->edit_count == EDITS_MAX) {
            return false;
        }
        uint64_t seed = r->seed + 1 + (uint64_t)r->edit_count;
        return parse_edit(&r->edits[r->edit_count++], value, seed);
    } else {
        return parse_setting(r, name, value);
    }
    return true;
}

static bool parse(struct request *r, int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], "--", 2) == 0) {
            if (i + 1 >= argc || !parse_pair(r, argv[i] + 2, argv[i + 1])) {
                fprintf(stderr, "simulate_camera: usage: %s\n", argv[i]);
                return false;
            }
            i++;
        } else if (!r->original) {
            r->original = argv[i];
        } else {
            r->photo = argv[i];
        }
    }
    return r->original && r->photo && r->width > 0 && r->height > 0;
}

static lk_status write_truth(const struct request *r, struct camera_settings *s,
                             const double homography[9], lk_error *err) {
    struct buf text;
    struct json j;
    buf_init(&text, 1 << 20);
    json_init(&j, &text, 2);
    json_object_begin(&j, NULL);
    json_int(&j, "seed", (int64_t)r->seed);
    json_int(&j, "width", s->width);
    json_int(&j, "height", s->height);
    json_numbers(&j, "homography", homography, 9);
    for (size_t i = 0; i < SETTINGS; i++) {
        json_number(&j, settings_table[i].name, *setting_at(s, i));
    }
    json_int(&j, "quality", s->quality);
    json_array_begin(&j, "edits");
    for (int32_t i = 0; i < r->edit_count; i++) {
        const struct camera_edit *e = &r->edits[i];
        json_object_begin(&j, NULL);
        json_text(&j, "kind", camera_edit_name(e->kind));
        json_numbers(&j, "box", (double[4]){e->x, e->y, e->width, e->height}, 4);
        json_object_end(&j);
    }
    json_array_end(&j);
    json_object_end(&j);
    buf_add_text(&text, "\n");
    lk_status status = buf_status(&text, err);
    status = status == LK_OK ? file_write(r->json, text.data, text.size, err) : status;
    buf_release(&text);
    return status;
}

static lk_status paint_edits(lk_image *picture, const struct request *r, lk_error *err) {
    for (int32_t i = 0; i < r->edit_count; i++) {
        const struct camera_edit *e = &r->edits[i];
        if (e->x < 0 || e->y < 0 || e->width < 1 || e->height < 1 ||
            e->width > picture->width - e->x || e->height > picture->height - e->y) {
            return error_set(err, LK_E_USAGE, "edit %d lies outside the picture", i + 1);
        }
        camera_edit_paint(picture, e);
    }
    return LK_OK;
}

static lk_status simulate(const struct request *r, lk_engine *engine, lk_error *err) {
    struct camera_settings s = camera_settings_random(r->seed, r->difficulty, r->width, r->height);
    for (size_t i = 0; i < SETTINGS; i++) {
        if (r->values[i]) {
            *setting_at(&s, i) = strtod(r->values[i], NULL);
        }
    }
    s.quality = r->quality > 0 ? r->quality : s.quality;
    lk_image loaded = {0}, picture = {0}, photo = {0};
    lk_bytes jpeg = {0};
    double homography[9];
    lk_status status = lk_image_load(&loaded, NULL, engine, r->original, NULL, err);
    status = status == LK_OK ? colour_to_rgb8(&picture, &loaded, err) : status;
    status = status == LK_OK ? paint_edits(&picture, r, err) : status;
    status = status == LK_OK ? camera_take(&photo, homography, &picture, &s, err) : status;
    status =
        status == LK_OK ? lk_image_encode(&jpeg, &photo, engine, "jpeg", s.quality, err) : status;
    status = status == LK_OK ? file_write(r->photo, jpeg.data, jpeg.size, err) : status;
    status = status == LK_OK && r->json ? write_truth(r, &s, homography, err) : status;
    lk_bytes_release(&jpeg);
    lk_image_release(&photo);
    lk_image_release(&picture);
    lk_image_release(&loaded);
    return status;
}

int main(int argc, char **argv) {
    struct request r = {.seed = 1, .difficulty = 0.3, .width = 1200, .height = 1600};
    lk_error err = {0};
    lk_engine *engine = NULL;
    if (!parse(&r, argc, argv)) {
        fprintf(stderr, "simulate_camera ORIGINAL PHOTO.jpg [--json FILE] [--seed N] [--size WxH] "
                        "[--edit X,Y,W,H,KIND]...\n");
        return 2;
    }
    lk_status status = lk_engine_new(&engine, NULL, &err);
    status = status == LK_OK ? simulate(&r, engine, &err) : status;
    lk_engine_free(engine);
    if (status != LK_OK) {
        char text[1200];
        lk_error_format(&err, text, sizeof text);
        fprintf(stderr, "simulate_camera: %s\n", text);
        return 2;
    }
    return 0;
}
