/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/csv.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/rng.h"
#include "cli/model_run.h"
#include "cli/pairs.h"
#include "cli/policy_choice.h"
#include "cli/progress.h"
#include "cli/stop.h"

struct policy_settings {
    struct common common;
    const char *name, *out, *notes, *evidence, *report;
    int32_t impostors, seed, number;
    double hold, ridge, same_from, different_below;
    struct model_settings model;
};

#define AT(member) offsetof(struct policy_settings, member)

static const struct option policy_options[] = {
    {"out", 'O', OPTION_TEXT, "FILE.json", NULL, NULL, "fit: where the policy goes", AT(out)},
    {"name", 0, OPTION_TEXT, "NAME", NULL, NULL, "fit: what it is called (mine)", AT(name)},
    {"version-number", 0, OPTION_INT, "N", NULL, NULL, "fit: its version (1)", AT(number)},
    {"notes", 0, OPTION_TEXT, "TEXT", NULL, NULL, "fit: what it was fitted on", AT(notes)},
    {"impostors", 0, OPTION_INT, "N", NULL, NULL,
     "fit: other references drawn for each photo (4; 0 where the table has a column same)",
     AT(impostors)},
    {"hold", 0, OPTION_NUMBER, "SHARE", NULL, NULL,
     "fit: of the references whose pairs are measured on, not fitted on (0.3)", AT(hold)},
    {"ridge", 0, OPTION_NUMBER, "F", NULL, NULL, "fit: the penalty on large weights (1)",
     AT(ridge)},
    {"same-from", 0, OPTION_NUMBER, "P", NULL, NULL, "fit: same from this probability (0.95)",
     AT(same_from)},
    {"different-below", 0, OPTION_NUMBER, "P", NULL, NULL,
     "fit: different below this probability (0.05)", AT(different_below)},
    {"seed", 0, OPTION_INT, "N", NULL, NULL, "fit: of what is drawn (1)", AT(seed)},
    {"evidence", 0, OPTION_TEXT, "FILE.csv", NULL, NULL,
     "fit: write the numbers of every pair here", AT(evidence)},
    {"report", 0, OPTION_TEXT, "FILE.html", NULL, NULL,
     "the policy as a page, with its reliability diagram", AT(report)},
    MODEL_OPTIONS(struct policy_settings, model),
    OPTION_END,
};

static void policy_defaults(void *settings) {
    struct policy_settings *s = settings;
    s->name = "mine";
    s->notes = "";
    s->number = s->seed = 1;
    s->impostors = 4;
    s->hold = 0.3;
    s->ridge = 1;
    s->same_from = 0.95;
    s->different_below = 0.05;
}

/* -- Pairs to rows -- */

struct fitting {
    const struct policy_settings *s;
    lk_engine *engine;
    lk_model *model;
    struct pairs pairs;
    lk_policy policy; /* that it begins as */
    lk_policy_row *rows;
    lk_error *errors;
    size_t from; /* of the pairs that are looked at now */
};

static void look_at(void *arg, int32_t i) {
    struct fitting *f = arg;
    size_t at = f->from + (size_t)i;
    const struct pair *p = &f->pairs.items[at];
    lk_error *err = &f->errors[at];
    lk_image reference = {0}, photo = {0};
    lk_verification v = {0};
    lk_verify_options o = lk_verify_options_default();
    o.policy = &f->policy;
    o.compare.measures = "ssim";
    o.compare.measure.model = f->model;
    lk_status status = lk_image_load(&reference, NULL, f->engine, p->reference, NULL, err);
    status = status == LK_OK ? lk_image_load(&photo, NULL, f->engine, p->photo, NULL, err) : status;
    status = status == LK_OK ? lk_verify(&v, f->engine, &reference, &photo, &o, err) : status;
    err->status = status;
    f->rows[at] = (lk_policy_row){
        .evidence = v.evidence, .stars = v.quality.stars, .is_genuine = p->is_genuine};
    lk_verification_release(&v);
    lk_image_release(&reference);
    lk_image_release(&photo);
}

/* A share of the groups, the same for the same seed. */
static void hold_back(struct fitting *f) {
    for (size_t i = 0; i < f->pairs.count; i++) {
        struct rng r;
        rng_init(&r, (uint64_t)f->s->seed + ((uint64_t)f->pairs.items[i].group << 20));
        f->rows[i].is_held = rng_unit(&r) < f->s->hold;
    }
}

/* Pairs that cannot be looked at are reported and left out. */
static enum exit_code drop_unread(struct fitting *f) {
    enum exit_code code = EXIT_YES;
    size_t left = 0;
    for (size_t i = 0; i < f->pairs.count; i++) {
        if (f->errors[i].status == LK_OK) {
            f->rows[left++] = f->rows[i];
        } else {
            code = report_error(&f->s->common, &f->errors[i]);
        }
    }
    f->from = left;
    return code;
}

static lk_status look_at_all(struct fitting *f, lk_error *err) {
    size_t count = f->pairs.count, many = 4 * (size_t)lk_engine_threads(f->engine);
    struct progress progress;
    f->rows = mem_calloc(count + 1, sizeof *f->rows);
    f->errors = mem_calloc(count + 1, sizeof *f->errors);
    if (!f->rows || !f->errors) {
        return error_memory(err, count * sizeof *f->errors);
    }
    progress_begin(&progress, &f->s->common, count);
    for (f->from = 0; f->from < count && !stop_asked(); f->from += many) {
        size_t now = MIN(many, count - f->from);
        for (size_t i = 0; i < now; i++) {
            progress_step(&progress, f->pairs.items[f->from + i].photo);
        }
        lk_engine_for(f->engine, (int32_t)now, look_at, f);
    }
    progress_end(&progress);
    if (stop_asked()) {
        return error_set(err, LK_E_CANCELLED, "stopped");
    }
    hold_back(f);
    return LK_OK;
}

/* -- Rows as they were written by --evidence -- */

static bool is_evidence(const struct csv *t) {
    return csv_column(t, "held") >= 0 && csv_column(t, lk_evidence_name(0)) >= 0;
}

static lk_status read_number(double *out, const struct csv *t, int32_t row, const char *name,
                             lk_error *err) {
    int32_t column = csv_column(t, name);
    const char *text = column >= 0 ? csv_at(t, row, column) : "";
    char *end;
    *out = strtod(text, &end);
    return end != text && !*end && isfinite(*out)
               ? LK_OK
               : error_set(err, LK_E_CORRUPT, "line %d: no number for %s", (int)t->lines[row],
                           name);
}

static lk_status read_row(lk_policy_row *out, const struct csv *t, int32_t row, lk_error *err) {
    double same, held, stars;
    lk_status status = read_number(&same, t, row, "same", err);
    status = status == LK_OK ? read_number(&held, t, row, "held", err) : status;
    status = status == LK_OK ? read_number(&stars, t, row, "stars", err) : status;
    for (int32_t k = 0; status == LK_OK && k < lk_evidence_count(); k++) {
        status = read_number(&out->evidence.values[k], t, row, lk_evidence_name(k), err);
    }
    out->is_genuine = status == LK_OK && same > 0;
    out->is_held = status == LK_OK && held > 0;
    out->stars = status == LK_OK ? (int32_t)fmin(fmax(stars, 0), 5) : 0;
    return status;
}

static lk_status read_evidence(struct fitting *f, const struct csv *t, lk_error *err) {
    lk_status status = LK_OK;
    f->rows = mem_calloc((size_t)t->rows + 1, sizeof *f->rows);
    if (!f->rows) {
        return error_memory(err, (size_t)t->rows * sizeof *f->rows);
    }
    for (int32_t i = 0; status == LK_OK && i < t->rows; i++) {
        status = read_row(&f->rows[i], t, i, err);
    }
    f->from = (size_t)t->rows;
    return status;
}

/* -- What is told -- */

/* Of the pairs held back: how often the probability was right, by tenths. */
static void add_reliability(struct buf *b, const lk_policy *p) {
    bool first = true;
    for (int32_t i = 0; i < LK_POLICY_BINS; i++) {
        const lk_policy_bin *bin = &p->record.reliability[i];
        if (bin->pairs > 0) {
            lk_interval share = lk_interval_of_share(bin->genuine, bin->pairs);
            buf_add_text(b, first ? "  probability   pairs   said   were genuine\n" : "");
            buf_printf(b, "  %.1f to %.1f   %6lld  %.3f   %.3f [%.3f-%.3f]\n",
                       i / (double)LK_POLICY_BINS, (i + 1) / (double)LK_POLICY_BINS,
                       (long long)bin->pairs, bin->said, share.value, share.low, share.high);
            first = false;
        }
    }
}

static void add_policy(struct buf *b, const lk_policy *p) {
    const lk_policy_record *r = &p->record;
    buf_printf(b, "%s@%d: same from %.3f, different below %.3f, %d stars at least for different\n",
               p->name, (int)p->version, p->same_from, p->different_below, (int)p->stars_least);
    if (p->notes[0]) {
        buf_printf(b, "  %s\n", p->notes);
    }
    for (int32_t i = 0; i < lk_evidence_count(); i++) {
        buf_printf(b, "  %-12s weight %6.3f, mean %6.3f, deviation %6.3f  %s\n",
                   lk_evidence_name(i), p->weights[i], p->means[i], p->scales[i],
                   lk_evidence_summary(i));
    }
    buf_printf(b, "  held back: %lld genuine pairs, same %.2f %%, different %.2f %%\n",
               (long long)r->genuine, 100 * r->same_of_genuine, 100 * r->different_of_genuine);
    buf_printf(b, "  held back: %lld other pairs, same %.2f %%, different %.2f %%; Brier %.5f\n",
               (long long)r->impostors, 100 * r->same_of_impostors, 100 * r->different_of_impostors,
               r->brier);
    add_reliability(b, p);
}

/* The page of --report, where one is asked for. */
static lk_status write_report(const struct policy_settings *s, const lk_policy *p, lk_error *err) {
    lk_bytes page;
    if (!s->report) {
        return LK_OK;
    }
    lk_status status = lk_report_policy_html(&page, p, err);
    if (status == LK_OK) {
        status = file_write(s->report, page.data, page.size, err);
        lk_bytes_release(&page);
    }
    return status;
}

static lk_status write_evidence(const struct fitting *f, lk_error *err) {
    struct buf b;
    lk_bytes bytes;
    buf_init(&b, 1 << 30);
    buf_add_text(&b, "same,held,stars");
    for (int32_t k = 0; k < lk_evidence_count(); k++) {
        buf_printf(&b, ",%s", lk_evidence_name(k));
    }
    buf_add_text(&b, ",probability\n");
    for (size_t i = 0; i < f->from; i++) {
        const lk_policy_row *row = &f->rows[i];
        buf_printf(&b, "%d,%d,%d", row->is_genuine, row->is_held, (int)row->stars);
        for (int32_t k = 0; k < lk_evidence_count(); k++) {
            buf_printf(&b, ",%.9g", row->evidence.values[k]);
        }
        buf_printf(&b, ",%.9g\n", lk_policy_probability(&f->policy, &row->evidence));
    }
    lk_status status = buf_finish(&b, &bytes, err);
    if (status == LK_OK) {
        status = file_write(f->s->evidence, bytes.data, bytes.size, err);
        lk_bytes_release(&bytes);
    }
    return status;
}

/* -- The actions -- */

/* The rows: measured of pairs, or as they stand in a table of --evidence. */
static lk_status take_rows(struct fitting *f, enum exit_code *code, lk_error *err) {
    const struct policy_settings *s = f->s;
    const char *path = s->common.args.items[1];
    struct csv table;
    lk_status status = csv_read(&table, path, err);
    if (status != LK_OK) {
        return status;
    }
    bool is_read = is_evidence(&table);
    status = is_read ? read_evidence(f, &table, err) : LK_OK;
    csv_release(&table);
    if (is_read || status != LK_OK) {
        return status == LK_OK ? LK_OK : error_input(err, status, path);
    }
    status = pairs_read(&f->pairs, path, s->impostors, (uint64_t)s->seed, err);
    if (status == LK_OK) {
        status = model_for_measures(&f->model, f->engine, &s->model, "latent", err);
    }
    status = status == LK_OK ? look_at_all(f, err) : status;
    *code = status == LK_OK ? drop_unread(f) : *code;
    return status;
}

static lk_status fit(struct fitting *f, enum exit_code *code, lk_error *err) {
    const struct policy_settings *s = f->s;
    lk_bytes text = {0};
    const char *const outputs[] = {s->out, s->evidence, s->report};
    lk_status status = lk_policy_built_in(&f->policy, "photos", err);
    for (size_t i = 0; status == LK_OK && i < ARRAY_COUNT(outputs); i++) {
        status = outputs[i] ? file_can_write(outputs[i], err) : LK_OK; /* before all pictures */
    }
    status = status == LK_OK ? take_rows(f, code, err) : status;
    if (status != LK_OK) {
        return status;
    }
    snprintf(f->policy.name, sizeof f->policy.name, "%s", s->name);
    snprintf(f->policy.notes, sizeof f->policy.notes, "%s", s->notes);
    f->policy.version = s->number;
    f->policy.same_from = s->same_from;
    f->policy.different_below = s->different_below;
    status = lk_policy_fit(&f->policy, f->rows, f->from, s->ridge, err);
    status = status == LK_OK ? lk_policy_write(&text, &f->policy, err) : status;
    status = status == LK_OK ? file_write(s->out, text.data, text.size, err) : status;
    status = status == LK_OK && s->evidence ? write_evidence(f, err) : status;
    status = status == LK_OK ? write_report(s, &f->policy, err) : status;
    lk_bytes_release(&text);
    return status;
}

static enum exit_code policy_fit(const struct policy_settings *s, lk_engine *engine) {
    struct fitting f = {.s = s, .engine = engine};
    enum exit_code code = EXIT_YES;
    lk_error err = {0};
    struct buf b;
    buf_init(&b, 1 << 20);
    lk_status status = fit(&f, &code, &err);
    if (status != LK_OK) {
        code = report_error(&s->common, &err);
        buf_release(&b);
    } else {
        add_policy(&b, &f.policy);
        buf_printf(&b, "wrote %s\n", s->out);
        code = print_result(&s->common, &b, code);
    }
    pair_list_release(&f.pairs);
    lk_model_free(f.model);
    mem_free(f.rows);
    mem_free(f.errors);
    return code;
}

static enum exit_code policy_show(const struct policy_settings *s) {
    lk_policy policy;
    lk_bytes text = {0};
    lk_error err = {0};
    struct buf b;
    const char *name = s->common.args.count > 1 ? s->common.args.items[1] : NULL;
    lk_status status = policy_choose(&policy, name, &err);
    if (status == LK_OK && s->common.json) {
        status = lk_policy_write(&text, &policy, &err);
    }
    if (status == LK_OK && (status = write_report(s, &policy, &err)) != LK_OK) {
        lk_bytes_release(&text);
    }
    if (status != LK_OK) {
        return report_error(&s->common, &err);
    }
    buf_init(&b, 1 << 20);
    if (s->common.json) {
        buf_add(&b, text.data, text.size);
        lk_bytes_release(&text);
    } else {
        add_policy(&b, &policy);
    }
    return print_result(&s->common, &b, EXIT_YES);
}

static const char *settings_mistake(const struct policy_settings *s) {
    if (s->common.args.count != 2 || !s->out) {
        return "likeness policy fit wants PAIRS.csv --out FILE.json";
    }
    if (!(s->hold >= 0 && s->hold < 1) || !(s->ridge >= 0)) {
        return "--hold takes a share below 1, --ridge a number that is not negative";
    }
    if (!(s->same_from > 0 && s->same_from < 1 && s->different_below > 0 &&
          s->different_below <= s->same_from)) {
        return "--different-below and --same-from are probabilities, the first the smaller";
    }
    if (s->impostors < 0 || s->impostors > 10000 || s->number < 1 || strlen(s->name) > 60) {
        return "--impostors is 0 to 10000, --version-number 1 or more, --name 60 bytes at most";
    }
    return NULL;
}

static enum exit_code policy_run(void *settings, lk_engine *engine) {
    const struct policy_settings *s = settings;
    const char *action = s->common.args.items[0];
    char extension[8];
    file_extension(extension, sizeof extension, s->report ? s->report : ".html");
    if (strcmp(extension, "html") != 0) {
        return report_usage(&s->common, &command_policy,
                            "--report takes a name that ends in .html");
    }
    if (strcmp(action, "show") == 0) {
        return policy_show(s);
    }
    if (strcmp(action, "fit") != 0) {
        return report_usage(&s->common, &command_policy, "the first argument is fit or show");
    }
    const char *mistake = settings_mistake(s);
    return mistake ? report_usage(&s->common, &command_policy, mistake) : policy_fit(s, engine);
}

static void add_words(struct buf *b) {
    buf_add_text(b, "fit show");
}

const struct command command_policy = {
    .name = "policy",
    .summary = "what decides a verification: fit one to labelled pairs, show one",
    .arguments = "fit PAIRS.csv | show [NAME|FILE]",
    .details =
        "A policy turns evidence (matched points, agreement after alignment, embedding, hash) into "
        "a probability by logistic\n"
        "regression, and that into a verdict. fit measures every pair of a table with the columns "
        "photo and reference, and\n"
        "maybe same (1 or 0); without it other references are drawn for each photo. The pairs of a "
        "share of the references are\n"
        "held back: the error rates in the policy are theirs. A table that --evidence wrote is "
        "fitted to without measuring again.",
    .examples = "  likeness policy fit pairs.csv --name packaging --out packaging.json\n"
                "  likeness policy show\n"
                "  likeness policy show packaging.json --json\n"
                "  likeness policy show --report photos.html\n",
    .least_args = 1,
    .most_args = 2,
    .add_words = add_words,
    .options = policy_options,
    .settings_size = sizeof(struct policy_settings),
    .defaults = policy_defaults,
    .run = policy_run,
};
