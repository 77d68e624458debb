/* SPDX-License-Identifier: Apache-2.0 */
#include <likeness/report.h>

#include "base/json.h"
#include "cli/command.h"
#include "cli/progress.h"
#include "cli/stop.h"

struct info_settings {
    struct common common;
    bool header;
};

static const struct option info_options[] = {
    {.name = "header",
     .kind = OPTION_FLAG,
     .help = "read the header alone: nothing is decoded",
     .offset = offsetof(struct info_settings, header)},
    OPTION_END,
};

/* What is told of one file; quality without stars when its pixels were not looked at. */
struct told {
    lk_image_info info;
    lk_quality quality;
};

static void quality_json(struct json *j, const lk_quality *q) {
    lk_bytes text = {0};
    lk_status status = lk_report_quality(&text, q, NULL);
    json_document(j, "quality", status, &text);
}

static void info_json(struct json *j, const char *path, const struct told *t) {
    const lk_image_info *i = &t->info;
    json_object_begin(j, NULL);
    json_text(j, "path", path);
    json_text(j, "format", i->format);
    json_int(j, "width", i->width);
    json_int(j, "height", i->height);
    json_int(j, "stored_width", i->stored_width);
    json_int(j, "stored_height", i->stored_height);
    json_int(j, "orientation", i->orientation);
    json_int(j, "bit_depth", i->bit_depth);
    json_int(j, "channels", i->channels);
    json_bool(j, "has_alpha", i->has_alpha);
    json_bool(j, "has_icc", i->has_icc);
    json_text(j, "icc_name", i->icc_name);
    json_bool(j, "is_cmyk", i->is_cmyk);
    json_int(j, "frames", i->frames);
    json_int(j, "jpeg_quality", i->jpeg_quality);
    json_int(j, "file_bytes", i->file_bytes);
    json_int(j, "trailing_bytes", i->trailing_bytes);
    json_text(j, "sha256", i->sha256);
    json_text(j, "warning", i->warning);
    if (t->quality.stars > 0) {
        quality_json(j, &t->quality);
    }
    json_object_end(j);
}

static void info_text(struct buf *b, const struct common *common, const char *path,
                      const struct told *t) {
    const lk_image_info *i = &t->info;
    const lk_quality *q = &t->quality;
    add_path(b, common, path);
    buf_printf(b, "\n  %s  %d x %d  %d bits  %d channel%s%s%s  %lld bytes\n", i->format, i->width,
               i->height, i->bit_depth, i->channels, i->channels == 1 ? "" : "s",
               i->has_alpha ? " with alpha" : "", i->is_cmyk ? " (CMYK)" : "",
               (long long)i->file_bytes);
    if (i->frames > 1) {
        buf_printf(b, "  %d frames, the first is read\n", i->frames);
    }
    if (i->orientation != 1) {
        buf_printf(b, "  stored %d x %d, EXIF orientation %d\n", i->stored_width, i->stored_height,
                   i->orientation);
    }
    if (i->has_icc) {
        buf_printf(b, "  colour profile %s\n", i->icc_name[0] ? i->icc_name : "embedded");
    }
    if (i->jpeg_quality) {
        buf_printf(b, "  JPEG quality about %d\n", i->jpeg_quality);
    }
    if (i->sha256[0]) {
        buf_printf(b, "  sha256 %s\n", i->sha256);
    }
    if (i->trailing_bytes) {
        buf_printf(b, "  %lld byte%s after the end of the picture\n", (long long)i->trailing_bytes,
                   i->trailing_bytes == 1 ? "" : "s");
    }
    if (q->stars > 0) {
        buf_printf(b, "  quality %d of 5: sharpness %.2f, brightness %.2f, contrast %.2f\n",
                   (int)q->stars, q->sharpness, q->brightness, q->contrast);
    }
    for (int32_t k = 0; k < q->reason_count; k++) {
        buf_printf(b, "  %s\n", q->reasons[k]);
    }
    if (i->warning[0]) {
        buf_printf(b, "  warning: %s\n", i->warning);
    }
}

static lk_status describe(struct told *t, lk_engine *engine, const char *path, bool header,
                          lk_error *err) {
    lk_image image = {0};
    *t = (struct told){0};
    lk_status status = header ? lk_image_probe(&t->info, engine, path, err)
                              : lk_image_load(&image, &t->info, engine, path, NULL, err);
    if (status == LK_OK && !header) {
        status = lk_quality_measure(&t->quality, engine, &image, err);
    }
    lk_image_release(&image);
    return status;
}

static enum exit_code info_run(void *settings, lk_engine *engine) {
    struct info_settings *s = settings;
    enum exit_code code = EXIT_YES;
    struct progress progress;
    struct buf b;
    struct json j;
    buf_init(&b, 64 << 20);
    json_init(&j, &b, 0);
    if (s->common.json) {
        json_object_begin(&j, NULL);
        json_text(&j, "schema", "likeness/info/1");
        json_array_begin(&j, "files");
    }
    progress_begin(&progress, &s->common, s->common.args.count);
    for (size_t i = 0; i < s->common.args.count && !stop_asked(); i++) {
        const char *path = s->common.args.items[i];
        lk_error err = {0};
        struct told told;
        progress_step(&progress, path);
        if (describe(&told, engine, path, s->header, &err) != LK_OK) {
            progress_hide(&progress);
            code = report_error(&s->common, &err);
        } else if (s->common.json) {
            info_json(&j, path, &told);
        } else {
            info_text(&b, &s->common, path, &told);
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

const struct command command_info = {
    .name = "info",
    .summary = "what picture files say of themselves",
    .arguments = "FILE...",
    .details = "Size (upright and as stored), format, bits, channels, orientation, colour profile, "
               "frames, JPEG quality as the\n"
               "quantisation tables tell it, bytes after the end, and the SHA-256 of the file. "
               "Without --header the picture is\n"
               "decoded as well: a damaged one is found, and how well it was taken is told in "
               "stars and reasons. - is standard input.",
    .examples = "  likeness info photo.jpg\n  likeness info --header *.png --json\n",
    .least_args = 1,
    .most_args = 1000000,
    .options = info_options,
    .settings_size = sizeof(struct info_settings),
    .run = info_run,
};
