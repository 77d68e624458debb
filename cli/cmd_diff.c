/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/json.h"
#include "cli/diff.h"

#define AT(member) offsetof(struct diff_settings, member)

/* The choices of --like and --style stand in the order of lk_diff_like and lk_diff_style. */
static const struct option diff_options[] = {
    {"threshold", 't', OPTION_NUMBER, "F", NULL, NULL, "colour tolerance of a pixel, 0..1 (0.1)",
     AT(threshold)},
    {"max-diff-pixels", 0, OPTION_INT, "N", NULL, NULL, "this many pixels may differ (0)",
     AT(max_pixels)},
    {"max-diff-ratio", 0, OPTION_NUMBER, "F", NULL, NULL, "this share of the pixels may differ",
     AT(max_ratio)},
    {"aa", 0, OPTION_FLAG, NULL, NULL, "antialiasing",
     "leave anti-aliased pixels out (pixelmatch's default)", AT(aa)},
    {"no-aa", 0, OPTION_FLAG, NULL, NULL, NULL, "count anti-aliased pixels (odiff's default)",
     AT(no_aa)},
    {"like", 0, OPTION_CHOICE, "WHOM", "pixelmatch|odiff", NULL,
     "count as pixelmatch 7.2.0 or odiff 4.5", AT(like)},
    {"shift", 0, OPTION_INT, "N", NULL, NULL, "forgive pixels that moved by up to N (0)",
     AT(shift)},
    {"fail-on-size", 0, OPTION_FLAG, NULL, NULL, "fail-on-layout",
     "other sizes are different (on; --no-fail-on-size)", AT(fail_on_size)},
    {"ignore", 'i', OPTION_LIST, "X,Y,W,H", NULL, NULL,
     "leave a rectangle out, px or %, or x1:y1-x2:y2", AT(ignore)},
    {"mask", 0, OPTION_TEXT, "FILE", NULL, NULL, "picture of A's size; black is left out",
     AT(mask)},
    {"style", 0, OPTION_CHOICE, "HOW", "box|heat|overlay|mask|side", NULL,
     "how OUT shows the difference", AT(style)},
    {"diff-color", 0, OPTION_TEXT, "RRGGBB", NULL, "diff-colour",
     "colour of differing pixels in OUT (e60000)", AT(colour)},
    {"diff-mask", 0, OPTION_FLAG, NULL, NULL, NULL, "odiff's name for --style=mask", AT(diff_mask)},
    {"html", 0, OPTION_TEXT, "FILE", NULL, NULL, "folders: write a page, changed files first",
     AT(html)},
    {"junit", 0, OPTION_TEXT, "FILE", NULL, NULL, "folders: write JUnit XML", AT(junit)},
    {"github", 0, OPTION_FLAG, NULL, NULL, NULL,
     "folders: annotations and step summary (on when GITHUB_ACTIONS=true)", AT(github)},
    {"fail-on-new", 0, OPTION_FLAG, NULL, NULL, NULL, "folders: a file only in B ends with 1",
     AT(fail_on_new)},
    {"fail-on-missing", 0, OPTION_FLAG, NULL, NULL, NULL, "folders: a file only in A ends with 1",
     AT(fail_on_missing)},
    {"only", 0, OPTION_LIST, "PATTERN", NULL, NULL, "folders: paths to look at, with * and ?",
     AT(only)},
    {"update", 0, OPTION_FLAG, NULL, NULL, NULL,
     "folders: copy changed and new files into A (asks; dry run without a terminal)", AT(update)},
    {"yes", 0, OPTION_FLAG, NULL, NULL, NULL, "--update without asking", AT(yes)},
    OPTION_END,
};

static void diff_defaults(void *settings) {
    struct diff_settings *s = settings;
    s->threshold = 0.1;
    s->fail_on_size = true;
    s->colour = "e60000";
}

/* One run. */
struct diffing {
    lk_image a, b, mask;
    struct area_list areas;
    lk_diff_result result;
};

static void write_json(struct buf *b, const lk_diff_result *r, const struct diff_settings *s) {
    struct json j;
    json_init(&j, b, 0);
    json_object_begin(&j, NULL);
    json_text(&j, "schema", "likeness/diff/1");
    json_text(&j, "verdict", lk_verdict_name(r->verdict));
    json_int(&j, "diff_pixels", r->diff_pixels);
    json_number(&j, "diff_ratio", r->diff_ratio);
    json_int(&j, "antialiased_pixels", r->antialiased_pixels);
    json_bool(&j, "size_differs", r->size_differs);
    json_array_begin(&j, "regions");
    for (size_t i = 0; i < r->region_count; i++) {
        const lk_region *g = &r->regions[i];
        const double box[4] = {g->x, g->y, g->width, g->height};
        json_object_begin(&j, NULL);
        json_int(&j, "id", g->id);
        json_text(&j, "kind", lk_region_kind_name(g->kind));
        json_numbers(&j, "box", box, 4);
        json_int(&j, "area_px", g->area_px);
        json_number(&j, "severity", g->severity);
        if (g->kind == LK_REGION_MOVED) {
            const double by[2] = {g->moved_by[0], g->moved_by[1]};
            json_numbers(&j, "moved_by", by, 2);
        }
        json_object_end(&j);
    }
    json_array_end(&j);
    json_object_begin(&j, "limit");
    json_text(&j, "name", r->limit);
    json_int(&j, "max_diff_pixels", s->max_pixels);
    json_number(&j, "max_diff_ratio", s->max_ratio);
    json_text(&j, "origin", s->max_pixels > 0 || s->max_ratio > 0 ? "flag" : "built-in");
    json_object_end(&j);
    json_object_end(&j);
    buf_add_text(b, "\n");
}

static void write_text(struct buf *b, const lk_diff_result *r, const struct diff_settings *s) {
    const char *origin = s->max_pixels > 0 || s->max_ratio > 0 ? "flag" : "built-in";
    if (strcmp(r->limit, "size") == 0) {
        buf_printf(b, "DIFFERENT  sizes %dx%d and %dx%d   (--no-fail-on-size compares the rest)\n",
                   r->sizes[0], r->sizes[1], r->sizes[2], r->sizes[3]);
        return;
    }
    buf_printf(b, "%s  %lld px (%.2f %%)", r->verdict == LK_SAME ? "SAME" : "DIFFERENT",
               (long long)r->diff_pixels, r->diff_ratio * 100);
    if (r->region_count) {
        const lk_region *g = &r->regions[0];
        char words[160];
        buf_printf(b, "  %zu region%s  #1 %s %dx%d at %d,%d", r->region_count,
                   r->region_count == 1 ? "" : "s", lk_region_words(words, sizeof words, g),
                   g->width, g->height, g->x, g->y);
        if (*lk_moves_words(words, sizeof words, r->regions, r->region_count)) {
            buf_printf(b, "   %s", words);
        }
    }
    if (r->verdict == LK_DIFFERENT) {
        if (strcmp(r->limit, "max_diff_ratio") == 0) {
            buf_printf(b, "   limit: --max-diff-ratio %g (%s)", s->max_ratio, origin);
        } else {
            buf_printf(b, "   limit: --max-diff-pixels %d (%s)", s->max_pixels, origin);
        }
    }
    buf_add_text(b, "\n");
}

/* Two pictures at once where the engine has threads for it. */
struct loading {
    lk_engine *engine;
    const char *const *paths;
    lk_image *images[2];
    lk_status status[2];
    lk_error err[2];
};

static void load_one(void *arg, int32_t i) {
    struct loading *l = arg;
    const lk_load_options options = {.no_digest = true};
    l->status[i] = lk_image_load(l->images[i], NULL, l->engine, l->paths[i], &options, &l->err[i]);
}

static lk_status load_pictures(struct diffing *d, const struct diff_settings *s, lk_engine *engine,
                               lk_error *err) {
    struct loading l = {.engine = engine, .paths = s->common.args.items, .images = {&d->a, &d->b}};
    lk_engine_for(engine, 2, load_one, &l);
    for (int i = 0; i < 2; i++) {
        if (l.status[i] != LK_OK) {
            *err = l.err[i];
            return l.status[i];
        }
    }
    if (!s->mask) {
        return LK_OK;
    }
    lk_image any;
    lk_status status = lk_image_load(&any, NULL, engine, s->mask, NULL, err);
    status = status == LK_OK ? lk_image_to_gray(&d->mask, &any, err) : status;
    lk_image_release(&any);
    return status;
}

/* RRGGBB, a # in front allowed. */
static bool parse_colour(uint32_t *out, const char *text) {
    text += *text == '#';
    *out = (uint32_t)strtoul(text, NULL, 16);
    return strlen(text) == 6 && strspn(text, "0123456789abcdefABCDEF") == 6;
}

/* What is wrong with the arguments; NULL when nothing is. */
static const char *argument_mistake(const struct diff_settings *s) {
    int from_stdin = s->mask && strcmp(s->mask, "-") == 0;
    uint32_t colour;
    for (int i = 0; i < 2; i++) {
        from_stdin += strcmp(s->common.args.items[i], "-") == 0;
    }
    if (from_stdin > 1) {
        return "standard input (-) can be one picture only";
    }
    if (!(s->max_ratio >= 0 && s->max_ratio <= 1)) {
        return "--max-diff-ratio takes a number from 0 to 1";
    }
    return parse_colour(&colour, s->colour) ? NULL
                                            : "--diff-color takes RRGGBB, for example e60000";
}

lk_diff_options diff_options_of(const struct diff_settings *s) {
    lk_diff_options o = lk_diff_options_default();
    o.like = (lk_diff_like)s->like;
    o.threshold = s->threshold;
    o.skip_antialiased = s->aa ? 1 : s->no_aa ? 0 : -1;
    o.shift = s->shift;
    o.max_pixels = s->max_pixels;
    o.max_ratio = s->max_ratio;
    o.common_area = !s->fail_on_size;
    return o;
}

static bool is_folder(const char *path) {
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static lk_status run_diff(struct diffing *d, const struct diff_settings *s, lk_engine *engine,
                          lk_error *err) {
    lk_diff_options o = diff_options_of(s);
    o.mask = s->mask ? &d->mask : NULL;
    o.ignore = d->areas.polygons;
    o.ignore_count = d->areas.count;
    lk_status status = lk_diff(&d->result, engine, &d->a, &d->b, &o, err);
    if (status != LK_OK || s->common.args.count < 3) {
        return status;
    }
    if (d->result.size_differs) {
        remark(&s->common, "%s: not written, for the sizes differ", s->common.args.items[2]);
    } else {
        lk_image picture;
        uint32_t colour = 0;
        (void)parse_colour(&colour, s->colour); /* argument_mistake looked at it */
        status =
            lk_diff_picture(&picture, &d->result, &d->a, &d->b,
                            s->diff_mask ? LK_DIFF_MASK : (lk_diff_style)s->style, colour, err);
        status = status == LK_OK ? lk_image_save(&picture, engine, s->common.args.items[2], err)
                                 : status;
        lk_image_release(&picture);
    }
    return status;
}

static enum exit_code print_diff(const struct diffing *d, const struct diff_settings *s) {
    struct buf b;
    buf_init(&b, 64 << 20);
    if (s->common.json) {
        write_json(&b, &d->result, s);
    } else {
        write_text(&b, &d->result, s);
    }
    return print_result(&s->common, &b, d->result.verdict == LK_SAME ? EXIT_YES : EXIT_NO);
}

/* A folder and something else: the something else is at fault, missing or no folder. */
static enum exit_code one_folder(const struct diff_settings *s) {
    const char *other = s->common.args.items[is_folder(s->common.args.items[0]) ? 1 : 0];
    lk_error err = {.status = LK_E_IO};
    snprintf(err.input, sizeof err.input, "%s", other);
    snprintf(err.text, sizeof err.text,
             access(other, F_OK) == 0 ? "is no folder, the other argument is"
                                      : "cannot open: No such file or directory");
    return report_error(&s->common, &err);
}

static enum exit_code diff_run(void *settings, lk_engine *engine) {
    static const struct text_list none = {0};
    struct diff_settings *s = settings;
    struct diffing d = {0};
    lk_error err = {0};
    char message[256];
    const char *mistake = argument_mistake(s);
    if (mistake) {
        return report_usage(&s->common, &command_diff, mistake);
    }
    if (is_folder(s->common.args.items[0]) && is_folder(s->common.args.items[1])) {
        return diff_folders(s, engine);
    }
    if (is_folder(s->common.args.items[0]) != is_folder(s->common.args.items[1])) {
        return one_folder(s);
    }
    lk_status status = load_pictures(&d, s, engine, &err);
    enum exit_code code;
    if (status == LK_OK &&
        !areas_parse(&d.areas, &s->ignore, &none, d.a.width, d.a.height, message, sizeof message)) {
        code = report_usage(&s->common, &command_diff, message);
    } else {
        status = status == LK_OK ? run_diff(&d, s, engine, &err) : status;
        code = status == LK_OK ? print_diff(&d, s) : report_error(&s->common, &err);
    }
    lk_diff_result_release(&d.result);
    areas_release(&d.areas);
    lk_image_release(&d.a);
    lk_image_release(&d.b);
    lk_image_release(&d.mask);
    return code;
}

const struct command command_diff = {
    .name = "diff",
    .summary = "strict pixel diff of two renderings, or of two folders of them, for CI",
    .arguments = "A B [OUT]",
    .details = "Counts the pixels that differ as pixelmatch 7.2.0 does by default, or as odiff 4.5 "
               "does with --like=odiff. OUT\n"
               "gets a picture of the difference. Ends with 0 when no more pixels differ than the "
               "limits allow, else with 1.\n"
               "Two folders: pictures are matched by their path below each.",
    .examples = "  likeness diff expected.png actual.png out.png\n"
                "  likeness diff a.png b.png --max-diff-ratio 0.001 --json\n"
                "  likeness diff a.png b.png --like=odiff -t 0.2 -i 0,0,100%,40\n"
                "  likeness diff expected/ actual/ --html report.html --junit junit.xml\n"
                "  likeness diff expected/ actual/ --update --only 'home/*.png'\n",
    .least_args = 2,
    .most_args = 3,
    .options = diff_options,
    .settings_size = sizeof(struct diff_settings),
    .defaults = diff_defaults,
    .run = diff_run,
};
