/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"
#include "cli/area.h"
#include "cli/command.h"

struct compare_settings {
    struct common common;
    const char *measures, *mask;
    bool list_measures;
    int32_t align, fit;
    double min_score, rtol, atol;
    struct text_list ignore, ignore_poly, report;
};

#define AT(member) offsetof(struct compare_settings, member)

/* The choices of --align and --fit stand in the order of lk_align_mode and lk_fit_mode. */
static const struct option compare_options[] = {
    {"measures", 'm', OPTION_TEXT, "LIST", NULL, NULL, "measures with commas, or default, or all",
     AT(measures)},
    {"list-measures", 0, OPTION_FLAG, NULL, NULL, NULL, "list the measures and what each tells",
     AT(list_measures)},
    {"align", 0, OPTION_CHOICE, "HOW", "auto|none|shift|affine|perspective", NULL,
     "how the photo may have been moved", AT(align)},
    {"fit", 0, OPTION_CHOICE, "HOW", "scale|fail|pad|crop", NULL,
     "when sizes differ and nothing aligns", AT(fit)},
    {"min-score", 0, OPTION_NUMBER, "F", NULL, NULL, "a lower score is different", AT(min_score)},
    {"mask", 0, OPTION_TEXT, "FILE", NULL, NULL, "picture of A's size; black is left out",
     AT(mask)},
    {"ignore", 'i', OPTION_LIST, "X,Y,W,H", NULL, NULL, "leave a rectangle of A out, px or %",
     AT(ignore)},
    {"ignore-poly", 0, OPTION_LIST, "'x,y x,y ...'", NULL, NULL, "leave a polygon of A out",
     AT(ignore_poly)},
    {"rtol", 0, OPTION_NUMBER, "F", NULL, NULL, "identity: relative tolerance of allclose",
     AT(rtol)},
    {"atol", 0, OPTION_NUMBER, "F", NULL, NULL, "identity: absolute tolerance of allclose",
     AT(atol)},
    {"report", 0, OPTION_LIST, "FILE", NULL, NULL,
     "write evidence: .html, .json, or .png (differences)", AT(report)},
    OPTION_END,
};

static void compare_defaults(void *settings) {
    struct compare_settings *s = settings;
    lk_measure_options o = lk_measure_options_default();
    s->rtol = o.rtol;
    s->atol = o.atol;
}

static enum exit_code list_measures(const struct compare_settings *s) {
    struct buf b;
    lk_bytes text;
    lk_error err;
    buf_init(&b, 1 << 16);
    for (size_t i = 0; i < lk_measure_count(); i++) {
        const lk_measure_info *m = lk_measure_at(i);
        buf_printf(&b, "%-16s %c  %s\n", m->name, m->is_default ? '*' : ' ', m->summary);
    }
    buf_add_text(&b, "(* is part of --measures default)\n");
    if (buf_finish(&b, &text, &err) != LK_OK) {
        return report_error(&s->common, &err);
    }
    enum exit_code code = write_result(&s->common, &text, EXIT_YES);
    lk_bytes_release(&text);
    return code;
}

/* What a run holds. */
struct comparing {
    lk_image a, b, mask;
    lk_image_info info[2];
    struct area_list areas;
    lk_comparison result;
};

static lk_status load_pictures(struct comparing *c, const struct compare_settings *s,
                               lk_engine *engine, lk_error *err) {
    const char *const *paths = s->common.args.items;
    lk_status status = lk_image_load(&c->a, &c->info[0], engine, paths[0], NULL, err);
    status =
        status == LK_OK ? lk_image_load(&c->b, &c->info[1], engine, paths[1], NULL, err) : status;
    if (status == LK_OK && s->mask) {
        const lk_load_options gray = {.gray = true, .no_digest = true};
        lk_image any;
        status = lk_image_load(&any, NULL, engine, s->mask, &gray, err);
        status = status == LK_OK ? lk_image_to_gray(&c->mask, &any, err) : status;
        lk_image_release(&any);
    }
    for (int i = 0; status == LK_OK && i < 2; i++) {
        if (c->info[i].warning[0]) {
            remark(&s->common, "%s: %s", c->info[i].path, c->info[i].warning);
        }
    }
    return status;
}

/* One file of evidence, by its extension. */
static lk_status write_report(const lk_comparison *c, lk_engine *engine, const char *path,
                              lk_error *err) {
    char extension[16];
    lk_bytes bytes = {0};
    lk_status status;
    file_extension(extension, sizeof extension, path);
    if (strcmp(extension, "html") == 0 || strcmp(extension, "htm") == 0) {
        status = lk_report_html(&bytes, engine, c, err);
    } else if (strcmp(extension, "json") == 0) {
        status = lk_report_json(&bytes, c, true, err);
    } else {
        lk_image picture;
        status = lk_report_picture(&picture, c, LK_PICTURE_DIFFERENCES, err);
        status =
            status == LK_OK ? lk_image_encode(&bytes, &picture, engine, "png", 0, err) : status;
        lk_image_release(&picture);
    }
    status = status == LK_OK ? file_write(path, bytes.data, bytes.size, err) : status;
    lk_bytes_release(&bytes);
    return status;
}

static bool report_name_ok(const char *path) {
    char extension[16];
    file_extension(extension, sizeof extension, path);
    return strcmp(extension, "html") == 0 || strcmp(extension, "htm") == 0 ||
           strcmp(extension, "json") == 0 || strcmp(extension, "png") == 0;
}

static lk_status compare_pictures(struct comparing *c, const struct compare_settings *s,
                                  lk_engine *engine, lk_error *err) {
    lk_compare_options o = lk_compare_options_default();
    o.measures = s->measures;
    o.align = (lk_align_mode)s->align;
    o.fit = (lk_fit_mode)s->fit;
    o.min_score = s->min_score;
    o.measure.rtol = s->rtol;
    o.measure.atol = s->atol;
    o.mask = s->mask ? &c->mask : NULL;
    o.ignore = c->areas.polygons;
    o.ignore_count = c->areas.count;
    o.want_evidence = s->report.count > 0;
    lk_status status = lk_compare(&c->result, engine, &c->a, &c->b, &o, err);
    if (status == LK_OK) {
        c->result.inputs[0] = c->info[0];
        c->result.inputs[1] = c->info[1];
    }
    return status;
}

static enum exit_code print_comparison(const struct comparing *c,
                                       const struct compare_settings *s) {
    static const enum exit_code codes[] = {
        [LK_SAME] = EXIT_YES, [LK_DIFFERENT] = EXIT_NO, [LK_CANNOT_TELL] = EXIT_INCONCLUSIVE};
    lk_bytes text;
    lk_error err;
    lk_status status = s->common.json
                           ? lk_report_json(&text, &c->result, false, &err)
                           : lk_report_text(&text, &c->result, wants_colour(&s->common), &err);
    if (status != LK_OK) {
        return report_error(&s->common, &err);
    }
    for (int32_t i = 0; i < c->result.warning_count; i++) {
        remark(&s->common, "%s", c->result.warnings[i].text);
    }
    enum exit_code code = write_result(&s->common, &text, codes[c->result.verdict]);
    lk_bytes_release(&text);
    return code;
}

static enum exit_code compare_run(void *settings, lk_engine *engine) {
    struct compare_settings *s = settings;
    struct comparing c = {0};
    lk_error err = {0};
    char message[256];
    if (s->list_measures) {
        return list_measures(s);
    }
    if (s->common.args.count != 2) {
        return report_usage(&s->common, &command_compare, "likeness compare wants A B");
    }
    for (size_t i = 0; i < s->report.count; i++) {
        if (!report_name_ok(s->report.items[i])) {
            return report_usage(&s->common, &command_compare,
                                "--report takes a name that ends in .html, .json or .png");
        }
    }
    lk_status status = load_pictures(&c, s, engine, &err);
    enum exit_code code = EXIT_TROUBLE;
    if (status == LK_OK && !areas_parse(&c.areas, &s->ignore, &s->ignore_poly, c.a.width,
                                        c.a.height, message, sizeof message)) {
        code = report_usage(&s->common, &command_compare, message);
    } else {
        status = status == LK_OK ? compare_pictures(&c, s, engine, &err) : status;
        for (size_t i = 0; status == LK_OK && i < s->report.count; i++) {
            status = write_report(&c.result, engine, s->report.items[i], &err);
        }
        code = status == LK_OK ? print_comparison(&c, s) : report_error(&s->common, &err);
    }
    lk_comparison_release(&c.result);
    areas_release(&c.areas);
    lk_image_release(&c.a);
    lk_image_release(&c.b);
    lk_image_release(&c.mask);
    return code;
}

const struct command command_compare = {
    .name = "compare",
    .summary = "do two pictures show the same thing, how alike are they, and where do they differ?",
    .arguments = "A B",
    .details = "A is the reference, B the photo. B is brought onto A first; measures and regions "
               "are those of the aligned pair,\n"
               "and coordinates are pixels of A after its EXIF orientation, origin top left. The "
               "verdict says whether the two\n"
               "show the same thing; the regions say where it differs.",
    .examples = "  likeness compare original.png photo.jpg\n"
                "  likeness compare original.png photo.jpg --report out.html\n"
                "  likeness compare a.png b.png --align=none --measures ssim,pixel --json\n"
                "  likeness compare a.png b.png --ignore 85%,90%,15%,10%\n",
    .most_args = 2,
    .options = compare_options,
    .settings_size = sizeof(struct compare_settings),
    .defaults = compare_defaults,
    .run = compare_run,
};
