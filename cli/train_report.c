/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/train_report.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "cli/progress.h"

static const double terminal_every_s = 0.2, log_every_s = 10;

void train_report_begin(struct train_report *r, const struct common *common, bool jsonl,
                        const char *out) {
    *r = (struct train_report){.common = common,
                               .out = out,
                               .jsonl = jsonl,
                               .terminal = isatty(STDERR_FILENO) == 1,
                               .drawn_s = clock_s()};
}

static void hide(struct train_report *r) {
    if (r->shown) {
        fputs("\r\x1b[K", stderr);
        r->shown = false;
    }
}

static void show_begin(struct train_report *r, const lk_train_state *s) {
    remark(r->common, "%d pictures of %d classes to learn from, %d held back; %.2f million weights",
           (int)s->pictures, (int)s->classes, (int)s->held_back, (double)s->parameters / 1e6);
    if (s->unread > 0) {
        remark(r->common, "%d cannot be used and are left out, the first: %s", (int)s->unread,
               s->first_unread);
    }
    if (s->leaks > 0) {
        remark(r->common, "%d near duplicates of pictures learnt from are not measured on",
               (int)s->leaks);
    }
}

static void show_step(struct train_report *r, const lk_train_state *s) {
    double now_s = clock_s();
    progress_tell_due(&r->told_s, r->common, "training", s->step, s->steps, s->left_s);
    if (!progress_is_shown(r->common) ||
        now_s - r->drawn_s < (r->terminal ? terminal_every_s : log_every_s)) {
        return;
    }
    long left = (long)(s->left_s + 0.5);
    r->drawn_s = now_s;
    fprintf(stderr, "%sepoch %d/%d  step %lld/%lld  loss %.4f  %.0f img/s  eta %ld:%02ld%s",
            r->terminal ? "\r" : "", (int)s->epoch + 1, (int)s->epochs, (long long)s->step,
            (long long)s->steps, s->loss, s->views_per_s, left / 60, left % 60,
            r->terminal ? "\x1b[K" : "\n");
    fflush(stderr);
    r->shown = r->terminal;
}

static void show_epoch(struct train_report *r, const lk_train_state *s) {
    char measured[160] = "";
    long left = (long)(s->left_s + 0.5);
    hide(r);
    if (s->validated) {
        int length = snprintf(measured, sizeof measured, "  val recall@1 %.3f",
                              s->validation.recall.at[0].value);
        if (s->validation_loss > 0) {
            snprintf(measured + length, sizeof measured - (size_t)length, "  error %.5f",
                     s->validation_loss);
        }
    }
    remark(r->common, "epoch %d/%d  loss %.4f%s  %.0f img/s  eta %ld:%02ld", (int)s->epoch,
           (int)s->epochs, s->loss, measured, s->views_per_s, left / 60, left % 60);
}

static void add_interval(struct json *j, const char *key, const lk_interval *v) {
    json_numbers(j, key, (double[3]){v->value, v->low, v->high}, 3);
}

static void add_state(struct json *j, const char *event, const lk_train_state *s) {
    json_object_begin(j, NULL);
    json_text(j, "schema", "likeness/train/1");
    json_text(j, "event", event);
    json_int(j, "epoch", s->epoch);
    json_int(j, "epochs", s->epochs);
    json_int(j, "step", s->step);
    json_int(j, "steps", s->steps);
    json_int(j, "pictures", s->pictures);
    json_int(j, "classes", s->classes);
    json_int(j, "held_back", s->held_back);
    json_int(j, "unread", s->unread);
    json_int(j, "leaks", s->leaks);
    json_int(j, "parameters", s->parameters);
    json_number(j, "loss", s->loss);
    json_number(j, "rate", s->rate);
    json_number(j, "images_per_second", s->views_per_s);
    json_number(j, "seconds_left", s->left_s);
    json_number(j, "waited", s->waited);
    if (s->validated) {
        const lk_evaluation *e = &s->validation;
        json_object_begin(j, "validation");
        json_number(j, "loss", s->validation_loss);
        add_interval(j, "recall_1", &e->recall.at[0]);
        add_interval(j, "recall_5", &e->recall.at[1]);
        add_interval(j, "recall_10", &e->recall.at[2]);
        add_interval(j, "true_match_rate_at_0.01", &e->roc.at[0].true_match_rate);
        add_interval(j, "true_match_rate_at_0.001", &e->roc.at[1].true_match_rate);
        json_object_end(j);
    }
    json_object_end(j);
}

static void print_line(const char *event, const lk_train_state *s) {
    struct buf b;
    struct json j;
    buf_init(&b, 1 << 16);
    json_init(&j, &b, 0);
    add_state(&j, event, s);
    if (b.status == LK_OK) {
        printf("%s\n", (const char *)b.data);
        fflush(stdout);
    }
    buf_release(&b);
}

void train_report_event(void *arg, const lk_train_state *s) {
    struct train_report *r = arg;
    if (s->event == LK_TRAIN_READ) {
        remark(r->common, "reading %d pictures", (int)s->pictures);
    } else if (s->event == LK_TRAIN_BEGIN) {
        show_begin(r, s);
    } else if (s->event == LK_TRAIN_STEP) {
        show_step(r, s);
    } else if (s->event == LK_TRAIN_EPOCH) {
        show_epoch(r, s);
    }
    if (r->jsonl && (s->event == LK_TRAIN_BEGIN || s->event == LK_TRAIN_EPOCH)) {
        print_line(s->event == LK_TRAIN_BEGIN ? "begin" : "epoch", s);
    }
}

static void add_done(struct buf *b, const struct train_report *r, const lk_train_state *s) {
    struct stat info;
    double bytes = stat(r->out, &info) == 0 ? (double)info.st_size : 0;
    const lk_evaluation *e = &s->validation;
    buf_printf(b, "done: %s (%.1f MB)", r->out, bytes / 1e6);
    if (s->validated) {
        buf_printf(b, "  recall@1 %.3f [%.3f-%.3f]", e->recall.at[0].value, e->recall.at[0].low,
                   e->recall.at[0].high);
    }
    if (s->validated && e->roc.impostors > 0) { /* of one class alone there are none */
        buf_printf(b, "  true matches %.3f at 0.1 %% false ones",
                   e->roc.at[1].true_match_rate.value);
    }
    buf_add_text(b, "\n");
}

/* After a disk that was full at the very end, say. */
static void say_what_is_kept(const struct train_report *r, const lk_train_state *s) {
    char path[4096];
    snprintf(path, sizeof path, "%s.checkpoint", r->out);
    if (s->steps > 0 && s->step == s->steps && access(path, F_OK) == 0) {
        remark(r->common, "what was learnt is kept in %s; --resume writes it again", path);
    }
}

enum exit_code train_report_end(struct train_report *r, lk_status status,
                                const lk_train_state *state, const lk_error *err) {
    struct buf b;
    struct json j;
    hide(r);
    bool kept = status == LK_E_CANCELLED && state->step > 0;
    if (kept && !r->common->json && !r->common->quiet) {
        remark(r->common, "stopped after step %lld of %lld; --resume goes on",
               (long long)state->step, (long long)state->steps);
        return EXIT_TROUBLE; /* which the signal's own code replaces */
    }
    if (status != LK_OK) {
        enum exit_code code = report_error(r->common, err);
        say_what_is_kept(r, state);
        return code;
    }
    buf_init(&b, 1 << 16);
    json_init(&j, &b, r->jsonl ? 0 : 2);
    if (r->jsonl || r->common->json) {
        add_state(&j, "end", state);
        buf_add_text(&b, "\n");
    } else {
        add_done(&b, r, state);
    }
    return print_result(r->common, &b, EXIT_YES);
}
