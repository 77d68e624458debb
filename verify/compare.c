/* SPDX-License-Identifier: Apache-2.0 */
/* Compare: two views -> align -> the photo on the frame of the reference -> measures and difference map -> regions ->
 * verdict. This file only coordinates; each step is a module of its own. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "feature/refine.h"
#include "image/colour.h"
#include "image/resize.h"
#include "image/warp.h"
#include "measure/measure.h"
#include "measure/regions.h"
#include "verify/align.h"
#include "verify/aspect.h"
#include "verify/classify.h"
#include "verify/colour_agreement.h"
#include "verify/comparing.h"
#include "verify/decide.h"
#include "verify/difference.h"
#include "verify/features.h"
#include "verify/known.h"
#include "verify/mask.h"
#include "verify/mirror.h"

enum { EVIDENCE_SIDE = 1600 };

const char *lk_verdict_name(lk_verdict verdict) {
    static const char *const names[] = {"same", "different", "cannot-tell"};
    return names[verdict];
}

lk_compare_options lk_compare_options_default(void) {
    return (lk_compare_options){.measure = lk_measure_options_default()};
}

void lk_comparison_release(lk_comparison *c) {
    if (!c) {
        return;
    }
    for (size_t i = 0; i < c->measure_count; i++) {
        lk_measure_result_release(&c->measures[i]);
    }
    mem_free(c->measures);
    mem_free(c->regions);
    mem_free(c->alignment.pairs);
    lk_image_release(&c->reference);
    lk_image_release(&c->photo);
    lk_image_release(&c->aligned);
    mem_free(c->difference.data);
    *c = (lk_comparison){0};
}

void comparing_warn(lk_comparison *out, const char *code, const char *text) {
    if (out->warning_count < LK_WARNINGS_MAX) {
        lk_warning *w = &out->warnings[out->warning_count++];
        snprintf(w->code, sizeof w->code, "%.31s", code);
        snprintf(w->text, sizeof w->text, "%.199s", text);
    }
}

static lk_status find_alignment(struct comparing *c, lk_comparison *out, lk_error *err) {
    lk_align_mode mode = c->options->align;
    lk_status status = align_views(&c->align, &c->a, &c->b, mode, err);
    status = status == LK_OK ? mirror_check(&c->align, &c->a, &c->b, mode, err) : status;
    if (status == LK_OK && c->align.mirrored.blocks > 0) {
        comparing_warn(out, "mirrored", "the photo is mirrored: it was measured as it is");
    }
    return status;
}

/* out (width x height) holds as much of the top left of from as fits; the rest is black and not valid. */
static lk_status place(lk_image *out, lk_image *valid, const lk_image *from, int32_t width,
                       int32_t height, lk_error *err) {
    lk_status status = lk_image_new(out, width, height, 3, 8, err);
    status = status == LK_OK ? lk_image_new(valid, width, height, 1, 8, err) : status;
    for (int32_t y = 0; status == LK_OK && y < height; y++) {
        size_t common = y < from->height ? (size_t)MIN(width, from->width) : 0;
        memset(image_row(out, y), 0, out->stride);
        memset(image_row(valid, y), 0, valid->stride);
        if (common) {
            memcpy(image_row(out, y), image_row(from, y), 3 * common);
        }
        memset(image_row(valid, y), 255, common);
    }
    return status;
}

static lk_status all_valid(lk_image *valid, int32_t width, int32_t height, lk_error *err) {
    lk_status status = lk_image_new(valid, width, height, 1, 8, err);
    if (status == LK_OK) {
        memset(valid->data, 255, valid->stride * (size_t)height);
    }
    return status;
}

/* The photo on the reference's frame without an alignment: as it is, or as options->fit says. */
static lk_status fit_photo(struct comparing *c, lk_comparison *out, const lk_image *rgb,
                           lk_error *err) {
    int32_t width = c->a.image->width, height = c->a.image->height;
    char text[160];
    if (rgb->width == width && rgb->height == height) {
        lk_status status = image_clone(&c->aligned, rgb, err);
        return status == LK_OK ? all_valid(&c->valid, width, height, err) : status;
    }
    snprintf(text, sizeof text,
             "sizes differ (%d x %d and %d x %d) and no alignment was %s: the photo was %s",
             c->size_a.width, c->size_a.height, c->size_b.width, c->size_b.height,
             c->options->align == LK_ALIGN_NONE ? "asked for" : "found",
             c->options->fit == LK_FIT_SCALE ? "scaled to the reference"
             : c->options->fit == LK_FIT_PAD ? "padded to the reference"
                                             : "cropped to the common part");
    if (c->options->fit == LK_FIT_FAIL) {
        return error_set(err, LK_E_SIZE, "%d x %d and %d x %d (--fit=scale|pad|crop)", width,
                         height, rgb->width, rgb->height);
    }
    if (c->size_a.width != c->size_b.width || c->size_a.height != c->size_b.height) {
        comparing_warn(out, "size-differs", text);
    }
    if (c->options->fit == LK_FIT_SCALE) {
        lk_status status =
            image_resize(&c->aligned, c->engine, rgb, width, height, RESIZE_BICUBIC, err);
        return status == LK_OK ? all_valid(&c->valid, width, height, err) : status;
    }
    lk_status status = place(&c->aligned, &c->valid, rgb, width, height, err);
    if (status == LK_OK &&
        c->options->fit == LK_FIT_PAD) { /* what is missing counts as different */
        memset(c->valid.data, 255, c->valid.stride * (size_t)height);
    }
    return status;
}

static bool counts_whole(const uint8_t *row, size_t n) {
    return row[0] == 255 && memcmp(row, row + 1, n - 1) == 0;
}

/* What does not count is made equal to the reference, so that measures that know no masks do not see it. */
static lk_status hide_invalid(struct comparing *c, const lk_image *reference, lk_error *err) {
    lk_image counts = {0};
    lk_status status = mask_new(&counts, reference, &c->size_a, c->options, err);
    bool hidden = false, shown = false;
    for (int32_t y = 0; status == LK_OK && y < reference->height; y++) {
        uint8_t *valid = image_row(&c->valid, y);
        size_t width = (size_t)reference->width;
        if (counts_whole(valid, width) && counts_whole(image_row(&counts, y), width)) {
            shown = true;
            continue;
        }
        for (int32_t x = 0; x < reference->width; x++) {
            valid[x] = valid[x] == 255 && image_row(&counts, y)[x] ? 255 : 0;
            if (valid[x]) {
                shown = true;
            } else {
                hidden = true;
                memcpy(image_row(&c->aligned, y) + 3 * x, image_row(reference, y) + 3 * x, 3);
            }
        }
    }
    c->untouched =
        !hidden && c->align.outcome != ALIGN_FOUND && image_same_size(c->a.image, c->b.image);
    c->left_out = !shown;
    lk_image_release(&counts);
    return status;
}

/* The agreement of the pair as it lies on the frame, over what the fit left of both; areas left out are equal there. */
static lk_status agreement_on_frame(struct comparing *c, lk_error *err) {
    const lk_image *a, *b;
    lk_image part_a = {0}, part_b = {0};
    double h[9] = {1, 0, 0, 0, 1, 0, 0, 0, 1};
    lk_status status = view_gray(&a, &c->a, err);
    status = status == LK_OK ? view_gray(&b, &c->on_frame, err) : status;
    if (status == LK_OK) {
        bool crop = c->options->fit == LK_FIT_CROP;
        int32_t width = crop ? MIN(a->width, c->b.image->width) : a->width;
        int32_t height = crop ? MIN(a->height, c->b.image->height) : a->height;
        status = image_crop(&part_a, a, 0, 0, width, height, err);
        status = status == LK_OK ? image_crop(&part_b, b, 0, 0, width, height, err) : status;
    }
    if (status == LK_OK) {
        status = refine_homography(h, &c->align.agreement, c->engine, &part_a, &part_b, false, err);
    }
    lk_image_release(&part_a);
    lk_image_release(&part_b);
    return status;
}

/* Whether the measures, which alone are wanted, can take the photo as it came. */
static bool stays_as_it_is(const struct comparing *c) {
    const lk_compare_options *o = c->options;
    return o->measures_only && !o->want_evidence && !o->mask && o->ignore_count == 0 &&
           c->align.outcome != ALIGN_FOUND && image_same_size(c->a.image, c->b.image);
}

static lk_status bring_onto_frame(struct comparing *c, lk_comparison *out, lk_error *err) {
    const lk_image *reference, *rgb;
    if (stays_as_it_is(c)) {
        c->untouched = true;
        return LK_OK;
    }
    lk_status status = view_rgb(&reference, &c->a, err);
    status = status == LK_OK ? view_rgb(&rgb, &c->b, err) : status;
    if (status != LK_OK) {
        return status;
    }
    if (c->align.outcome == ALIGN_FOUND) {
        status = image_warp(&c->aligned, &c->valid, c->engine, rgb, c->align.alignment.homography,
                            reference->width, reference->height, err);
    } else {
        status = fit_photo(c, out, rgb, err);
    }
    status = status == LK_OK ? hide_invalid(c, reference, err) : status;
    if (status == LK_OK && !c->untouched) {
        status = view_init(&c->on_frame, c->engine, &c->aligned, err);
    }
    bool fitted = c->options->align == LK_ALIGN_NONE && !image_same_size(c->a.image, c->b.image);
    bool hidden = c->align.outcome == ALIGN_IN_PLACE && !c->untouched;
    if (status == LK_OK && (fitted || hidden) && !c->options->measures_only) {
        status = agreement_on_frame(c, err);
    }
    return status;
}

static lk_status compare_colours(struct comparing *c, lk_error *err) {
    const lk_image *reference;
    lk_alignment *m = &c->align.alignment;
    lk_status status = view_rgb(&reference, &c->a, err);
    m->colour = 1;
    if (status == LK_OK && c->align.outcome == ALIGN_FOUND) {
        status = colour_agreement(&m->colour, reference, &c->aligned, &c->valid, m->pairs,
                                  (size_t)m->matches, err);
    }
    return status;
}

static lk_status find_regions(struct comparing *c, lk_comparison *out, lk_error *err) {
    const lk_image *reference;
    lk_status status = view_rgb(&reference, &c->a, err);
    if (status != LK_OK ||
        (c->align.outcome == ALIGN_NOT_FOUND && c->options->align != LK_ALIGN_NONE)) {
        return status; /* two views of different things differ everywhere: no region says anything */
    }
    enum difference_kind kind = c->align.outcome == ALIGN_FOUND ? DIFFERENCE_ALIGNED
                                : c->align.mostly_equal         ? DIFFERENCE_EXACT
                                                                : DIFFERENCE_PHOTO;
    status =
        difference_map(&out->difference, c->engine, reference, &c->aligned, &c->valid, kind, err);
    if (status != LK_OK) {
        return status;
    }
    int64_t pixels = (int64_t)reference->width * reference->height, counted = 0, changed = 0;
    struct regions_options o = regions_options_default();
    o.floor = DIFFERENCE_FLOOR;
    o.otsu = false; /* the map's scale is calibrated: its middle is the decision */
    o.close_px =
        kind == DIFFERENCE_EXACT ? 8 : MAX(8, MAX(reference->width, reference->height) / 100);
    o.min_area_px =
        kind == DIFFERENCE_EXACT ? 1 : MAX((int64_t)(0.0004 * (double)pixels), (int64_t)16);
    status = regions_from_map(&out->regions, &out->region_count, &out->difference, &o, err);
    for (int64_t i = 0; i < pixels; i++) {
        counted += c->valid.data[i] != 0;
    }
    for (size_t i = 0; i < out->region_count; i++) {
        changed += out->regions[i].area_px;
    }
    c->changed_share = counted ? (double)changed / (double)counted : 0;
    return status;
}

/* Says what became of each region. */
static lk_status name_changes(struct comparing *c, lk_comparison *out, lk_error *err) {
    size_t pixels = (size_t)out->difference.width * (size_t)out->difference.height;
    uint8_t *differs = out->region_count ? mem_alloc(pixels, 1) : NULL;
    struct change change = {.engine = c->engine,
                            .b = &c->aligned,
                            .differs = differs,
                            .exact = c->align.mostly_equal && c->align.outcome != ALIGN_FOUND};
    if (out->region_count == 0) {
        return LK_OK;
    }
    if (!differs) {
        return error_memory(err, pixels);
    }
    for (size_t i = 0; i < pixels; i++) {
        differs[i] = out->difference.data[i] > DIFFERENCE_FLOOR;
    }
    lk_status status = view_rgb(&change.a, &c->a, err);
    status = status == LK_OK ? classify_regions(&out->regions, &out->region_count, &change, err)
                             : status;
    mem_free(differs);
    return status;
}

static double mean_difference(struct comparing *c) {
    struct pixel_sums sums = {0};
    const lk_image *reference;
    if (view_rgb(&reference, &c->a, NULL) != LK_OK) {
        return 1; /* it was derived before; cannot happen */
    }
    for (int32_t y = 0; y < reference->height; y++) {
        c->engine->kernels.pixel.sums_u8(&sums, image_row(reference, y), image_row(&c->aligned, y),
                                         reference->stride);
    }
    return (double)sums.absolute / (255.0 * (double)reference->stride * reference->height);
}

/* Equal pixels out of unequal files: another encoding, or other metadata. */
static bool files_differ(const lk_comparison *out) {
    const char *a = out->inputs[0].sha256, *b = out->inputs[1].sha256;
    return a[0] && b[0] && strcmp(a, b) != 0;
}

static void judge(struct comparing *c, lk_comparison *out) {
    struct evidence e = {.align = &c->align,
                         .aligned_wanted = c->options->align != LK_ALIGN_NONE,
                         .left_out = c->left_out,
                         .changed_share = c->changed_share,
                         .regions = out->region_count,
                         .mean_difference = mean_difference(c),
                         .min_score = c->options->min_score,
                         .identical = image_equal(c->a.image, c->b.image),
                         .files_differ = files_differ(out)};
    decide(out, &e);
}

static lk_status find_aspects(struct comparing *c, lk_comparison *out, lk_error *err) {
    struct aspect_input in = {.engine = c->engine,
                              .b = &c->aligned,
                              .valid = &c->valid,
                              .align = &c->align,
                              .size = &c->size_a,
                              .photo_size = &c->size_b,
                              .regions = out->regions,
                              .region_count = out->region_count};
    lk_status status = view_rgb(&in.a, &c->a, err);
    return status == LK_OK ? aspects_find(out, &in, err) : status;
}

/* Where the pair differs, and what that says. */
static lk_status judge_pair(struct comparing *c, lk_comparison *out, lk_error *err) {
    bool only = c->options->measures_only;
    lk_status status = only ? LK_OK : compare_colours(c, err);
    status = status == LK_OK && !only ? find_regions(c, out, err) : status;
    status = status == LK_OK && !only ? name_changes(c, out, err) : status;
    if (status != LK_OK) {
        return status;
    }
    full_size_alignment(&c->align.alignment, &c->size_a, &c->size_b);
    full_size_regions(out->regions, out->region_count, &c->size_a);
    if (only) {
        decide_nothing(out);
        return LK_OK;
    }
    judge(c, out);
    return c->options->no_aspects ? LK_OK : find_aspects(c, out, err);
}

/* Copies what a report shows, on the frame of the whole reference. The matched points stay in full pixels of the photo;
 * photo_scale brings them onto its copy. */
static lk_status keep_evidence(struct comparing *c, lk_comparison *out, lk_error *err) {
    const lk_image *reference, *rgb;
    int32_t frame_width = c->size_a.width, frame_height = c->size_a.height;
    lk_status status = view_rgb(&reference, &c->a, err);
    status = status == LK_OK ? view_rgb(&rgb, &c->b, err) : status;
    status = status == LK_OK ? image_resize(&out->reference, c->engine, reference, frame_width,
                                            frame_height, RESIZE_BICUBIC, err)
                             : status;
    if (status == LK_OK) {
        double scale = fmin(1, (double)EVIDENCE_SIDE / MAX(rgb->width, rgb->height));
        int32_t width = MAX((int32_t)lround(rgb->width * scale), 1),
                height = MAX((int32_t)lround(rgb->height * scale), 1);
        out->photo_scale = scale / c->size_b.step_x;
        status = image_resize(&out->photo, c->engine, rgb, width, height, RESIZE_BICUBIC, err);
    }
    return status == LK_OK ? image_resize(&out->aligned, c->engine, &c->aligned, frame_width,
                                          frame_height, RESIZE_BICUBIC, err)
                           : status;
}

static lk_status keep_maps(struct comparing *c, lk_comparison *out, lk_error *err) {
    lk_status status = full_size_map(&out->difference, &c->size_a, c->options->want_evidence, err);
    return status == LK_OK && c->options->want_evidence ? keep_evidence(c, out, err) : status;
}

static void comparing_release(struct comparing *c) {
    view_release(&c->on_frame);
    view_release(&c->unmoved);
    lk_image_release(&c->scaled);
    view_release(&c->a);
    view_release(&c->b);
    lk_image_release(&c->aligned);
    lk_image_release(&c->valid);
    mem_free(c->align.alignment.pairs);
}

static void take_alignment(struct comparing *c, lk_comparison *out) {
    out->alignment = c->align.alignment;
    out->alignment.blocks = c->align.agreement.blocks;
    out->alignment.agreement = c->align.agreement.share;
    out->alignment.correlation = c->align.agreement.mean;
    c->align.alignment.pairs = NULL;
    if (!c->options->want_evidence) {
        mem_free(out->alignment.pairs);
        out->alignment.pairs = NULL;
    }
}

lk_status lk_compare(lk_comparison *out, lk_engine *engine, const lk_image *a, const lk_image *b,
                     const lk_compare_options *options, lk_error *err) {
    lk_compare_options defaults = lk_compare_options_default();
    struct comparing c = {.engine = engine, .options = options ? options : &defaults};
    c.size_a = full_size_of(a, c.options->infos[0]);
    c.size_b = full_size_of(b, c.options->infos[1]);
    *out = (lk_comparison){0};
    for (int i = 0; i < 2; i++) {
        if (c.options->infos[i]) {
            out->inputs[i] = *c.options->infos[i];
        }
    }
    lk_status status = check_names(c.options->measures, c.options->measure.model, err);
    status = status == LK_OK ? view_init(&c.a, engine, a, err) : status;
    status = status == LK_OK ? view_init(&c.b, engine, b, err) : status;
    known_lend(&c.a, c.options->known[0]);
    known_lend(&c.b, c.options->known[1]);
    features_lend(&c.a, c.options->features[0], c.options->measure.model);
    features_lend(&c.b, c.options->features[1], c.options->measure.model);
    status = status == LK_OK ? find_alignment(&c, out, err) : status;
    status = status == LK_OK ? engine_check_stop(engine, err) : status;
    status = status == LK_OK ? bring_onto_frame(&c, out, err) : status;
    status = status == LK_OK ? run_measures(&c, out, err) : status;
    status = status == LK_OK ? engine_check_stop(engine, err) : status;
    status = status == LK_OK ? judge_pair(&c, out, err) : status;
    if (status == LK_OK) {
        take_alignment(&c, out);
        status = keep_maps(&c, out, err);
    }
    comparing_release(&c);
    if (status != LK_OK) {
        lk_comparison_release(out);
    }
    return status;
}
