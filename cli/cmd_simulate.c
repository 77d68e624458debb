/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/json.h"
#include "cli/command.h"
#include "cli/progress.h"
#include "cli/stop.h"

struct simulate_settings {
    struct common common;
    int32_t seed, count;
    double difficulty;
    const char *size, *out, *background;
    bool list_settings;
    struct text_list set;
};

#define AT(member) offsetof(struct simulate_settings, member)

static const struct option simulate_options[] = {
    {"out", 'O', OPTION_TEXT, "FILE|DIR", NULL, NULL,
     "the photo, .jpg or .png; a folder for more than one", AT(out)},
    {"seed", 's', OPTION_INT, "N", NULL, NULL, "of the first photo; the next has N + 1 (1)",
     AT(seed)},
    {"count", 'c', OPTION_INT, "K", NULL, NULL, "photos of each picture (1)", AT(count)},
    {"difficulty", 'd', OPTION_NUMBER, "D", NULL, NULL, "0 good photos to 1 poor ones (0.3)",
     AT(difficulty)},
    {"size", 0, OPTION_TEXT, "WxH", NULL, NULL,
     "of the photo (1200x1600, or 1600x1200 of a wide picture)", AT(size)},
    {"background", 'b', OPTION_TEXT, "FILE", NULL, NULL, "a picture to lie on", AT(background)},
    {"set", 0, OPTION_LIST, "NAME=VALUE", NULL, NULL,
     "a setting that is not drawn (--list-settings names them); may be given again", AT(set)},
    {"list-settings", 0, OPTION_FLAG, NULL, NULL, NULL, "list the settings and what each does",
     AT(list_settings)},
    OPTION_END,
};

static void simulate_defaults(void *settings) {
    struct simulate_settings *s = settings;
    s->seed = 1;
    s->count = 1;
    s->difficulty = 0.3;
}

/* A run over all pictures. */
struct simulation {
    const struct simulate_settings *s;
    lk_engine *engine;
    lk_image background;   /* empty: the drawn ground */
    int32_t width, height; /* 0: by the picture's shape */
    int64_t taken;
    bool to_folder;
    struct buf b;
    struct json j;
};

static void list_row(struct buf *b, const lk_simulator_setting *row) {
    buf_printf(b, "%-14s ", row->name);
    if (row->kind == LK_CAMERA_CHOICE) {
        buf_printf(b, "%s: %s\n", row->choices, row->help);
    } else {
        buf_printf(b, "%g to %g%s%s: %s\n", row->min, row->max, *row->unit ? " " : "", row->unit,
                   row->help);
    }
}

static void choices_json(struct json *j, const char *choices) {
    json_array_begin(j, "choices");
    while (*choices) {
        char word[32];
        size_t length = strcspn(choices, "|");
        snprintf(word, sizeof word, "%.*s", (int)length, choices);
        json_text(j, NULL, word);
        choices += length + (choices[length] == '|');
    }
    json_array_end(j);
}

static void row_json(struct json *j, const lk_simulator_setting *row) {
    json_object_begin(j, NULL);
    json_text(j, "name", row->name);
    if (row->kind == LK_CAMERA_CHOICE) {
        choices_json(j, row->choices);
    } else {
        json_number(j, "min", row->min);
        json_number(j, "max", row->max);
        json_bool(j, "whole", row->kind == LK_CAMERA_WHOLE);
    }
    json_text(j, "unit", row->unit);
    json_text(j, "help", row->help);
    json_object_end(j);
}

static enum exit_code list_settings(const struct common *common) {
    struct buf b;
    struct json j;
    buf_init(&b, 1 << 16);
    json_init(&j, &b, 0);
    if (common->json) {
        json_object_begin(&j, NULL);
        json_text(&j, "schema", "likeness/camera-settings/1");
        json_array_begin(&j, "settings");
    }
    for (size_t i = 0; i < lk_simulator_setting_count(); i++) {
        if (common->json) {
            row_json(&j, lk_simulator_setting_at(i));
        } else {
            list_row(&b, lk_simulator_setting_at(i));
        }
    }
    if (common->json) {
        json_array_end(&j);
        json_object_end(&j);
        buf_add_text(&b, "\n");
    }
    return print_result(common, &b, EXIT_YES);
}

static void setting_json(struct json *j, const lk_simulator *camera,
                         const lk_simulator_setting *row) {
    double value = lk_simulator_get(camera, row);
    if (row->kind == LK_CAMERA_CHOICE) {
        const char *word = row->choices;
        char text[64];
        for (int32_t i = 0; i < (int32_t)value; i++) {
            word += strcspn(word, "|") + 1;
        }
        snprintf(text, sizeof text, "%.*s", (int)strcspn(word, "|"), word);
        json_text(j, row->name, text);
    } else {
        json_number(j, row->name, value);
    }
}

static void photo_json(struct simulation *run, const char *input, const char *output,
                       const lk_simulator *camera, const double homography[9]) {
    struct json *j = &run->j;
    json_object_begin(j, NULL);
    json_text(j, "input", input);
    json_text(j, "output", output);
    json_int(j, "width", camera->width);
    json_int(j, "height", camera->height);
    json_int(j, "seed", (int64_t)camera->seed);
    json_numbers(j, "homography", homography, 9);
    json_object_begin(j, "settings");
    for (size_t i = 0; i < lk_simulator_setting_count(); i++) {
        setting_json(j, camera, lk_simulator_setting_at(i));
    }
    json_object_end(j);
    json_object_end(j);
}

static void photo_text(struct simulation *run, const char *output, const lk_simulator *camera) {
    add_path(&run->b, &run->s->common, output);
    buf_printf(&run->b, "  %d x %d  seed %lld, tilt %.0f deg, turned %.0f deg\n", camera->width,
               camera->height, (long long)camera->seed, camera->tilt_deg, camera->turn_deg);
}

/* DIR/STEM-SEED.jpg, or the file that was asked for. */
static lk_status output_name(char *out, size_t size, const struct simulation *run,
                             const char *input, const lk_simulator *camera, lk_error *err) {
    const char *slash = strrchr(input, '/'), *stem = slash ? slash + 1 : input;
    const char *dot = strrchr(stem, '.'), *folder = run->s->out;
    int length = (int)(dot && dot > stem ? (size_t)(dot - stem) : strlen(stem));
    int n = run->to_folder ? snprintf(out, size, "%s%s%.*s-%lld.%s", folder,
                                      folder[strlen(folder) - 1] == '/' ? "" : "/", length, stem,
                                      (long long)camera->seed, camera->quality > 0 ? "jpg" : "png")
                           : snprintf(out, size, "%s", run->s->out);
    if (n < 0 || (size_t)n >= size) {
        *err = (lk_error){.status = LK_E_USAGE};
        snprintf(err->text, sizeof err->text, "--out: the name is too long");
        return LK_E_USAGE;
    }
    return LK_OK;
}

static lk_status draw_camera(lk_simulator *camera, const struct simulation *run,
                             const lk_image *picture, lk_error *err) {
    bool is_wide = picture->width > picture->height;
    int32_t width = run->width ? run->width
                    : is_wide  ? 1600
                               : 1200,
            height = run->height ? run->height
                     : is_wide   ? 1200
                                 : 1600;
    uint64_t seed = (uint64_t)run->s->seed + (uint64_t)run->taken;
    *camera = lk_simulator_draw(seed, run->s->difficulty, width, height);
    lk_status status = LK_OK;
    for (size_t i = 0; i < run->s->set.count && status == LK_OK; i++) {
        status = lk_simulator_set(camera, run->s->set.items[i], err);
    }
    return status;
}

/* A JPEG file gets its quality when it is written; any other has gone through one already. */
static lk_status write_photo(const struct simulation *run, const lk_image *picture,
                             const lk_simulator *camera, const char *path, double homography[9],
                             lk_error *err) {
    const lk_image *background = run->background.data ? &run->background : NULL;
    lk_simulator taken = *camera;
    lk_image photo = {0};
    lk_bytes bytes = {0};
    char extension[16];
    file_extension(extension, sizeof extension, path);
    bool is_jpeg = strcmp(extension, "jpg") == 0 || strcmp(extension, "jpeg") == 0;
    taken.quality = is_jpeg ? 0 : camera->quality;
    lk_status status =
        lk_simulate(&photo, homography, run->engine, picture, &taken, background, err);
    if (status == LK_OK && is_jpeg) {
        status = lk_image_encode(&bytes, &photo, run->engine, "jpeg", camera->quality, err);
        status = status == LK_OK ? file_write(path, bytes.data, bytes.size, err) : status;
    } else if (status == LK_OK) {
        status = lk_image_save(&photo, run->engine, path, err);
    }
    lk_bytes_release(&bytes);
    lk_image_release(&photo);
    return status;
}

static lk_status take_photo(struct simulation *run, const char *input, const lk_image *picture,
                            lk_error *err) {
    lk_simulator camera;
    double homography[9];
    char path[4096];
    lk_status status = draw_camera(&camera, run, picture, err);
    status = status == LK_OK ? output_name(path, sizeof path, run, input, &camera, err) : status;
    status = status == LK_OK ? write_photo(run, picture, &camera, path, homography, err) : status;
    if (status == LK_OK && run->s->common.json) {
        photo_json(run, input, path, &camera, homography);
    } else if (status == LK_OK) {
        photo_text(run, path, &camera);
    }
    return status;
}

/* Refused by its name when it is too small. */
static lk_status load_picture(lk_image *out, lk_engine *engine, const char *path, lk_error *err) {
    lk_status status = lk_image_load(out, NULL, engine, path, NULL, err);
    if (status == LK_OK &&
        (out->width < LK_SIMULATE_SIDE_LEAST || out->height < LK_SIMULATE_SIDE_LEAST)) {
        status = err->status = LK_E_FORMAT;
        snprintf(err->input, sizeof err->input, "%.500s", path);
        snprintf(err->text, sizeof err->text, "%d x %d pixels; %d x %d are the least", out->width,
                 out->height, LK_SIMULATE_SIDE_LEAST, LK_SIMULATE_SIDE_LEAST);
        lk_image_release(out);
    }
    return status;
}

static enum exit_code simulate_picture(struct simulation *run, const char *input) {
    lk_image picture = {0};
    lk_error err = {0};
    lk_status status = load_picture(&picture, run->engine, input, &err);
    for (int32_t k = 0; k < run->s->count && status == LK_OK && !stop_asked(); k++) {
        status = take_photo(run, input, &picture, &err);
        run->taken++;
    }
    lk_image_release(&picture);
    return status == LK_OK ? EXIT_YES : report_error(&run->s->common, &err);
}

static bool is_jpeg_name(const char *path) {
    char extension[16];
    file_extension(extension, sizeof extension, path);
    return strcmp(extension, "jpg") == 0 || strcmp(extension, "jpeg") == 0;
}

/* What is wrong with the arguments, or NULL. Finds out where photos go and tries the settings. */
static const char *argument_mistake(struct simulation *run, lk_error *err) {
    const struct simulate_settings *s = run->s;
    struct stat st;
    if (s->common.args.count == 0) {
        return "likeness simulate wants IMAGE...";
    }
    if (!s->out || !*s->out) {
        return "--out says where the photos go";
    }
    if (s->count < 1 || s->count > 1000000) {
        return "--count takes 1 to 1000000";
    }
    if (!(s->difficulty >= 0 && s->difficulty <= 1)) {
        return "--difficulty takes a number from 0 to 1";
    }
    char rest;
    if (s->size && (sscanf(s->size, "%5dx%5d%c", &run->width, &run->height, &rest) != 2 ||
                    run->width < 8 || run->height < 8)) {
        return "--size takes WxH, for example 1200x1600, each 8 or more";
    }
    bool is_folder = stat(s->out, &st) == 0 && S_ISDIR(st.st_mode);
    run->to_folder = is_folder || s->out[strlen(s->out) - 1] == '/';
    if (!run->to_folder && (s->count > 1 || s->common.args.count > 1)) {
        return "--out takes a folder for more than one photo (DIR/ is made)";
    }
    lk_simulator camera = lk_simulator_default(16, 16);
    camera.quality = 90;
    for (size_t i = 0; i < s->set.count; i++) {
        if (lk_simulator_set(&camera, s->set.items[i], err) != LK_OK) {
            return err->text;
        }
    }
    if (!run->to_folder && camera.quality == 0 && is_jpeg_name(s->out)) {
        return "quality=0 wants --out .png";
    }
    return NULL;
}

static lk_status prepare(struct simulation *run, lk_error *err) {
    const struct simulate_settings *s = run->s;
    if (run->to_folder && mkdir(s->out, 0777) != 0 && errno != EEXIST) {
        *err = (lk_error){.status = LK_E_WRITE};
        snprintf(err->input, sizeof err->input, "%s", s->out);
        snprintf(err->text, sizeof err->text, "cannot make the folder: %s", strerror(errno));
        return LK_E_WRITE;
    }
    return s->background ? load_picture(&run->background, run->engine, s->background, err) : LK_OK;
}

static enum exit_code simulate_all(struct simulation *run) {
    const struct text_list *args = &run->s->common.args;
    enum exit_code code = EXIT_YES;
    struct progress progress;
    progress_begin(&progress, &run->s->common, args->count);
    for (size_t i = 0; i < args->count && !stop_asked(); i++) {
        progress_step(&progress, args->items[i]);
        run->taken = (int64_t)i * run->s->count; /* a picture that fails keeps its seeds */
        if (simulate_picture(run, args->items[i]) != EXIT_YES) {
            code = EXIT_TROUBLE;
        }
    }
    progress_end(&progress);
    return code;
}

static enum exit_code simulate_run(void *settings, lk_engine *engine) {
    struct simulate_settings *s = settings;
    struct simulation run = {.s = s, .engine = engine};
    lk_error err = {0};
    if (s->list_settings) {
        return list_settings(&s->common);
    }
    const char *mistake = argument_mistake(&run, &err);
    if (mistake) {
        return report_usage(&s->common, &command_simulate, mistake);
    }
    if (prepare(&run, &err) != LK_OK) {
        return report_error(&s->common, &err);
    }
    buf_init(&run.b, (size_t)1 << 30);
    json_init(&run.j, &run.b, 0);
    if (s->common.json) {
        json_object_begin(&run.j, NULL);
        json_text(&run.j, "schema", "likeness/simulate/1");
        json_array_begin(&run.j, "photos");
    }
    enum exit_code code = simulate_all(&run);
    if (s->common.json) {
        json_array_end(&run.j);
        json_object_end(&run.j);
        buf_add_text(&run.b, "\n");
    }
    lk_image_release(&run.background);
    return print_result(&s->common, &run.b, code);
}

const struct command command_simulate = {
    .name = "simulate",
    .summary = "photos of a picture by a simulated camera, with their true settings",
    .arguments = "IMAGE...",
    .details =
        "The picture lies flat on something and is photographed by hand: perspective, light, "
        "shadow, reflection, blur,\n"
        "noise, JPEG. What --set does not say is drawn from the seed; the same seed gives the "
        "same photo on every\n"
        "machine. --json tells the settings and the homography, which maps pixels of the picture "
        "to pixels of the\n"
        "photo. Photos in a folder are named STEM-SEED.jpg, or .png with --set quality=0.",
    .examples = "  likeness simulate cover.png --seed 7 --out photo.jpg --json\n"
                "  likeness simulate *.png --count 20 --difficulty 0.6 --out photos/\n"
                "  likeness simulate cover.png --set tilt_deg=30 --set blur_px=2 --out photo.png\n",
    .least_args = 0,
    .most_args = 1000000,
    .options = simulate_options,
    .settings_size = sizeof(struct simulate_settings),
    .defaults = simulate_defaults,
    .run = simulate_run,
};
