/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/json.h"
#include "cli/area.h"
#include "cli/command.h"
#include "cli/explain.h"
#include "cli/list_measures.h"
#include "cli/model_run.h"

struct compare_settings {
    struct common common;
    const char *measures, *mask, *flow_out, *pictures;
    bool list_measures, measures_only, explain;
    int32_t align, fit;
    double min_score;
    struct model_settings model;
    lk_measure_options measure; /* as `set`, `rtol` and `atol` say */
    struct text_list set, ignore, ignore_poly, report;
};

#define AT(member) offsetof(struct compare_settings, member)

/* The choices of --align and --fit stand in the order of lk_align_mode and lk_fit_mode. */
static const struct option compare_options[] = {
    {"measures", 'm', OPTION_TEXT, "LIST", NULL, NULL,
     "measures with commas between, default or all (default)", AT(measures)},
    {"list-measures", 0, OPTION_FLAG, NULL, NULL, NULL, "list the measures and what each tells",
     AT(list_measures)},
    {"measures-only", 0, OPTION_FLAG, NULL, NULL, NULL,
     "numbers alone, which is faster: no verdict, no regions, no aspects; ends with 0",
     AT(measures_only)},
    {"no-details", 0, OPTION_FLAG, NULL, NULL, NULL,
     "leave out details of measures that cost more than the measure", AT(measure.no_details)},
    {"set", 0, OPTION_LIST, "MEASURE.NAME=VALUE", NULL, NULL,
     "set an option of a measure (--list-measures names them); may be given again", AT(set)},
    MODEL_OPTIONS(struct compare_settings, model),
    {"align", 0, OPTION_CHOICE, "HOW", "auto|none|shift|affine|perspective", NULL,
     "how the photo may have been moved (auto)", AT(align)},
    {"fit", 0, OPTION_CHOICE, "HOW", "scale|fail|pad|crop", NULL,
     "what to do when sizes differ and nothing aligns (scale)", AT(fit)},
    {"min-score", 0, OPTION_NUMBER, "F", NULL, NULL, "a lower score is different, 0..1 (none)",
     AT(min_score)},
    {"mask", 0, OPTION_TEXT, "FILE", NULL, NULL, "picture of A's size; black is left out",
     AT(mask)},
    {"ignore", 'i', OPTION_LIST, "X,Y,W,H", NULL, NULL,
     "leave a rectangle of A out, px or %; may be given again", AT(ignore)},
    {"ignore-poly", 0, OPTION_LIST, "'x,y x,y ...'", NULL, NULL,
     "leave a polygon of A out; may be given again", AT(ignore_poly)},
    {"rtol", 0, OPTION_NUMBER, "F", NULL, NULL, "identity: relative tolerance of allclose (1e-5)",
     AT(measure.rtol)},
    {"atol", 0, OPTION_NUMBER, "F", NULL, NULL, "identity: absolute tolerance of allclose (1e-8)",
     AT(measure.atol)},
    {"report", 0, OPTION_LIST, "FILE", NULL, NULL,
     "write evidence: .html, .json or .png (the differences)", AT(report)},
    {"pictures", 0, OPTION_TEXT, "DIR", NULL, NULL,
     "write what the measures see into this folder, NAME.png each (those of --measures)",
     AT(pictures)},
    {"flow-out", 0, OPTION_TEXT, "FILE.flo", NULL, NULL,
     "write the optical flow from A to B as it came, of one size with A", AT(flow_out)},
    {"explain", 0, OPTION_FLAG, NULL, NULL, NULL, "say what each piece of evidence tells",
     AT(explain)},
    OPTION_END,
};

static void compare_defaults(void *settings) {
    struct compare_settings *s = settings;
    s->measure = lk_measure_options_default();
}

/* What a run holds. */
struct comparing {
    lk_image a, b, mask;
    lk_image_info info[2];
    struct area_list areas;
    lk_comparison result;
};

/* A and B are decoded at once where the engine has threads for it. */
struct loading {
    struct comparing *into;
    lk_engine *engine;
    const char *const *paths;
    lk_status status[2];
    lk_error err[2];
};

static void load_one(void *arg, int32_t i) {
    struct loading *l = arg;
    lk_image *image = i == 0 ? &l->into->a : &l->into->b;
    l->status[i] =
        lk_image_load(image, &l->into->info[i], l->engine, l->paths[i], NULL, &l->err[i]);
}

static lk_status load_pictures(struct comparing *c, const struct compare_settings *s,
                               lk_engine *engine, lk_error *err) {
    struct loading l = {.into = c, .engine = engine, .paths = s->common.args.items};
    lk_status status = LK_OK;
    lk_engine_for(engine, 2, load_one, &l);
    for (int i = 1; i >= 0; i--) { /* of two errors the one of A is told */
        if (l.status[i] != LK_OK) {
            *err = l.err[i];
            status = l.status[i];
        }
    }
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

static lk_status write_flow(const struct comparing *c, lk_engine *engine, const char *path,
                            lk_error *err) {
    lk_flow flow;
    lk_status status = lk_flow_compute(&flow, engine, &c->a, &c->b, err);
    status = status == LK_OK ? lk_flow_save(&flow, path, err) : status;
    lk_flow_release(&flow);
    return status;
}

static bool report_name_ok(const char *path) {
    char extension[16];
    file_extension(extension, sizeof extension, path);
    return strcmp(extension, "html") == 0 || strcmp(extension, "htm") == 0 ||
           strcmp(extension, "json") == 0 || strcmp(extension, "png") == 0;
}

/* What the files themselves gave cause to say belongs into the document as well. */
static void add_file_warnings(lk_comparison *c) {
    for (int i = 0; i < 2; i++) {
        if (c->inputs[i].warning[0] && c->warning_count < LK_WARNINGS_MAX) {
            lk_warning *w = &c->warnings[c->warning_count++];
            snprintf(w->code, sizeof w->code, "file-%c", "ab"[i]);
            snprintf(w->text, sizeof w->text, "%s", c->inputs[i].warning);
        }
    }
}

/* A model is given to be asked, even where no measure is named. */
static const char *measures_of(const struct compare_settings *s) {
    const lk_model_card *card = s->measure.model ? lk_model_card_of(s->measure.model) : NULL;
    if (s->measures || !card) {
        return s->measures;
    }
    return card->probabilities[0] || card->logits[0] ? "default,latent,category" : "default,latent";
}

static lk_status compare_pictures(struct comparing *c, const struct compare_settings *s,
                                  lk_engine *engine, lk_error *err) {
    lk_compare_options o = lk_compare_options_default();
    o.measures = measures_of(s);
    o.align = (lk_align_mode)s->align;
    o.fit = (lk_fit_mode)s->fit;
    o.min_score = s->min_score;
    o.measure = s->measure;
    o.mask = s->mask ? &c->mask : NULL;
    o.ignore = c->areas.polygons;
    o.ignore_count = c->areas.count;
    o.infos[0] = &c->info[0];
    o.infos[1] = &c->info[1];
    o.measures_only = s->measures_only;
    o.want_evidence = s->report.count > 0 || s->pictures;
    lk_status status = lk_compare(&c->result, engine, &c->a, &c->b, &o, err);
    if (status == LK_OK) {
        add_file_warnings(&c->result);
    }
    return status;
}

static lk_status text_of(lk_bytes *out, const struct comparing *c, const struct compare_settings *s,
                         lk_engine *engine, lk_error *err) {
    struct buf b;
    lk_bytes text;
    lk_status status = lk_report_text(&text, &c->result, wants_colour(&s->common), err);
    if (status != LK_OK || !s->explain) {
        *out = text;
        return status;
    }
    buf_init(&b, 1 << 20);
    const uint8_t *end =
        memchr(text.data, '\n', text.size); /* the verdict; reasons follow in full */
    buf_add(&b, text.data, end ? (size_t)(end - text.data) + 1 : text.size);
    status = explain(&b, engine, &c->result, &c->a, &c->b, err);
    lk_bytes_release(&text);
    if (status != LK_OK) {
        buf_release(&b);
        return status;
    }
    return buf_finish(&b, out, err);
}

static enum exit_code print_comparison(const struct comparing *c, const struct compare_settings *s,
                                       lk_engine *engine) {
    static const enum exit_code codes[] = {
        [LK_SAME] = EXIT_YES, [LK_DIFFERENT] = EXIT_NO, [LK_CANNOT_TELL] = EXIT_INCONCLUSIVE};
    lk_bytes text = {0};
    lk_error err = {0};
    lk_status status = s->common.json ? lk_report_json(&text, &c->result, false, &err)
                                      : text_of(&text, c, s, engine, &err);
    if (status != LK_OK) {
        return report_error(&s->common, &err);
    }
    for (int32_t i = 0; i < c->result.warning_count; i++) {
        if (strncmp(c->result.warnings[i].code, "file-", 5) != 0) { /* said when it was read */
            remark(&s->common, "%s", c->result.warnings[i].text);
        }
    }
    enum exit_code code =
        write_result(&s->common, &text, s->measures_only ? EXIT_YES : codes[c->result.verdict]);
    lk_bytes_release(&text);
    return code;
}

/* The folder of --pictures must be there; it is not made, as the folder of any other file is not. */
static bool is_folder(const char *path) {
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* What is wrong with the arguments; NULL when nothing is. */
static const char *argument_mistake(const struct compare_settings *s) {
    int from_stdin = s->mask && strcmp(s->mask, "-") == 0;
    if (s->common.args.count != 2) {
        return "likeness compare wants A B";
    }
    for (int i = 0; i < 2; i++) {
        from_stdin += strcmp(s->common.args.items[i], "-") == 0;
    }
    if (from_stdin > 1) {
        return "standard input (-) can be one picture only";
    }
    if (!(s->min_score >= 0 && s->min_score <= 1)) {
        return "--min-score takes a number from 0 to 1";
    }
    if (!(s->measure.rtol >= 0 && s->measure.atol >= 0)) {
        return "--rtol and --atol take numbers that are not negative";
    }
    if (s->pictures && (!is_folder(s->pictures) || strlen(s->pictures) > 4000)) {
        return "--pictures takes a folder that is there";
    }
    if (s->measures_only && (s->explain || s->min_score > 0 || s->report.count)) {
        return "--measures-only judges nothing: no --explain, --min-score or --report";
    }
    for (size_t i = 0; i < s->report.count; i++) {
        if (!report_name_ok(s->report.items[i])) {
            return "--report takes a name that ends in .html, .json or .png";
        }
    }
    return NULL;
}

static lk_status set_options(struct compare_settings *s, lk_error *err) {
    lk_status status = LK_OK;
    for (size_t i = 0; status == LK_OK && i < s->set.count; i++) {
        status = lk_measure_options_set(&s->measure, s->set.items[i], err);
    }
    return status;
}

/* The pictures that measures drew, each under the name of its measure. */
static lk_status write_pictures(const lk_comparison *c, lk_engine *engine, const char *folder,
                                lk_error *err) {
    lk_status status = LK_OK;
    for (size_t i = 0; status == LK_OK && i < c->measure_count; i++) {
        const lk_measure_result *m = &c->measures[i];
        char path[4096];
        if (m->picture.data) {
            int length = snprintf(path, sizeof path, "%s/%s.png", folder, m->info->name);
            status = length < (int)sizeof path ? lk_image_save(&m->picture, engine, path, err)
                                               : LK_E_USAGE;
        }
    }
    return status;
}

static enum exit_code compare_run(void *settings, lk_engine *engine) {
    struct compare_settings *s = settings;
    struct comparing c = {0};
    lk_error err = {0};
    char message[256];
    if (s->list_measures) {
        return list_measures(&s->common);
    }
    const char *mistake = argument_mistake(s);
    if (!mistake && set_options(s, &err) != LK_OK) {
        mistake = err.text;
    }
    if (mistake) {
        return report_usage(&s->common, &command_compare, mistake);
    }
    lk_status status = model_for_measures(&s->measure.model, engine, &s->model, s->measures, &err);
    status = status == LK_OK ? load_pictures(&c, s, engine, &err) : status;
    enum exit_code code = EXIT_TROUBLE;
    if (status == LK_OK && !areas_parse(&c.areas, &s->ignore, &s->ignore_poly, c.a.width,
                                        c.a.height, message, sizeof message)) {
        code = report_usage(&s->common, &command_compare, message);
    } else {
        status = status == LK_OK ? compare_pictures(&c, s, engine, &err) : status;
        for (size_t i = 0; status == LK_OK && i < s->report.count; i++) {
            status = write_report(&c.result, engine, s->report.items[i], &err);
        }
        if (status == LK_OK && s->pictures) {
            status = write_pictures(&c.result, engine, s->pictures, &err);
        }
        if (status == LK_OK && s->flow_out) {
            status = write_flow(&c, engine, s->flow_out, &err);
        }
        code = status == LK_OK ? print_comparison(&c, s, engine) : report_error(&s->common, &err);
    }
    lk_comparison_release(&c.result);
    areas_release(&c.areas);
    lk_image_release(&c.a);
    lk_image_release(&c.b);
    lk_image_release(&c.mask);
    lk_model_free(s->measure.model);
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
                "  likeness compare a.jpg b.jpg --model mobilenet-v2\n"
                "  likeness compare a.png b.png --ignore 85%,90%,15%,10% --explain\n",
    .most_args = 2,
    .options = compare_options,
    .settings_size = sizeof(struct compare_settings),
    .defaults = compare_defaults,
    .run = compare_run,
};
