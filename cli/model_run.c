/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/model_run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/progress.h"
#include "cli/stop.h"

/* Pictures decoded side by side before the network runs over them. */
enum { TOGETHER = 16, CLASSES_MOST = 1000 };

void models_folder(char *out, size_t size, const char *chosen) {
    const char *home = getenv("HOME"), *data = getenv("XDG_DATA_HOME");
    const char *set = chosen ? chosen : getenv("LIKENESS_MODELS");
    if (set) {
        snprintf(out, size, "%s", set);
    } else if (data && *data) {
        snprintf(out, size, "%s/likeness/models", data);
    } else {
        snprintf(out, size, "%s%s", home ? home : "", home ? "/.local/share/likeness/models" : "");
    }
}

lk_status model_choose(lk_model **out, lk_engine *engine, const struct model_settings *s,
                       lk_model_want want, lk_error *err) {
    char folder[4096], name[64] = LK_MODEL_DEFAULT;
    models_folder(folder, sizeof folder, s->folder);
    lk_model_options o = {.folder = folder, .card = s->card, .want = want};
    *out = NULL;
    if (s->model) {
        return lk_model_open(out, engine, s->model, &o, err);
    }
    lk_status status =
        want == LK_WANT_EMBEDDING ? LK_OK : lk_catalogue_classifier(name, folder, err);
    return status == LK_OK ? lk_model_open(out, engine, name, &o, err) : status;
}

/* Whether the list names the word. */
static bool names(const char *list, const char *word) {
    size_t length = strlen(word);
    for (const char *p = list ? list : ""; *p; p += p[strcspn(p, ",")] == ',' ? 1 : 0) {
        size_t here = strcspn(p, ",");
        bool version = here > length && p[length] == '@';
        if ((here == length || version) && strncmp(p, word, length) == 0) {
            return true;
        }
        p += here;
    }
    return false;
}

lk_status model_for_measures(lk_model **out, lk_engine *engine, const struct model_settings *s,
                             const char *measures, lk_error *err) {
    bool embedding = false, classes = false, all = names(measures, "all");
    *out = NULL;
    for (size_t i = 0; i < lk_measure_count(); i++) {
        const lk_measure_info *m = lk_measure_at(i);
        bool named = m->needs_model && names(measures, m->name);
        embedding = embedding || (named && !m->needs_classes);
        classes = classes || (named && m->needs_classes);
    }
    if (s->model || classes) {
        return model_choose(out, engine, s, LK_WANT_ALL, err);
    }
    if (all) { /* with a classifier it is more */
        lk_status status = model_choose(out, engine, s, LK_WANT_ALL, err);
        if (status != LK_E_USAGE) {
            return status;
        }
        *err = (lk_error){0};
    }
    return embedding || all ? model_choose(out, engine, s, LK_WANT_EMBEDDING, err) : LK_OK;
}

/* A group of pictures on their way through the network. */
struct group {
    const struct model_job *job;
    const char *paths[TOGETHER];
    lk_image images[TOGETHER];
    lk_status status[TOGETHER];
    lk_error err[TOGETHER];
    int32_t count;
    float *vectors;    /* TOGETHER x dim */
    lk_class *classes; /* TOGETHER x top_count */
    struct progress bar;
    enum exit_code code;
    bool stopped;
};

static void decode(void *arg, int32_t i) {
    struct group *g = arg;
    lk_load_options load = {.no_digest = true};
    g->status[i] =
        lk_image_load(&g->images[i], NULL, g->job->engine, g->paths[i], &load, &g->err[i]);
}

static void report_bad(struct group *g, const lk_error *err) {
    progress_hide(&g->bar);
    g->code = report_error(g->job->common, err);
    if (g->job->refused) {
        g->job->refused(g->job->arg, err);
    }
}

int32_t model_job_dim(const struct model_job *job) {
    return job->model ? lk_model_dim(job->model) : 3 * job->pixels * job->pixels;
}

static lk_status run_one(const struct model_job *job, lk_model_output *out, const lk_image *image,
                         lk_error *err) {
    return job->model ? lk_model_run(job->model, out, &image, 1, err)
                      : lk_pixels_embed(out->embedding, job->engine, image, job->pixels, err);
}

/* Runs the network over the pictures that could be read; one it cannot take is reported like one that cannot be read. */
static void run_group(struct group *g) {
    const struct model_job *job = g->job;
    int32_t dim = model_job_dim(job);
    for (int32_t i = 0; i < g->count && !g->stopped; i++) {
        const lk_image *image = &g->images[i];
        lk_model_output out = {.embedding = job->embed ? g->vectors + (int64_t)i * dim : NULL,
                               .top = job->top_count > 0 ? g->classes : NULL,
                               .top_count = job->top_count};
        if (g->status[i] == LK_OK) {
            g->status[i] = run_one(job, &out, image, &g->err[i]);
        }
        progress_step(&g->bar, g->paths[i]);
        if (g->status[i] == LK_E_CANCELLED) {
            g->stopped = true;
        } else if (g->status[i] != LK_OK) {
            if (!g->err[i].input[0]) {
                snprintf(g->err[i].input, sizeof g->err[i].input, "%.500s", g->paths[i]);
            }
            report_bad(g, &g->err[i]);
        } else {
            if (job->seen) {
                job->seen(job->arg, image);
            }
            g->stopped = !job->give(job->arg, g->paths[i], &out);
        }
    }
}

static void flush(struct group *g) {
    lk_engine_for(g->job->engine, g->count, decode, g);
    run_group(g);
    for (int32_t i = 0; i < g->count; i++) {
        lk_image_release(&g->images[i]);
        g->err[i] = (lk_error){0};
    }
    g->count = 0;
}

static enum exit_code run_list(struct group *g, const lk_picture_list *list) {
    const struct model_job *job = g->job;
    progress_begin(&g->bar, job->common, list->count);
    for (size_t i = 0; i < list->count && !stop_asked() && !g->stopped; i++) {
        if (job->skip && job->skip(job->arg, list->paths[i])) {
            progress_step(&g->bar, list->paths[i]);
            continue;
        }
        g->paths[g->count++] = list->paths[i];
        if (g->count == TOGETHER) {
            flush(g);
        }
    }
    if (g->count > 0 && !stop_asked() && !g->stopped) {
        flush(g);
    }
    progress_end(&g->bar);
    return g->stopped ? EXIT_TROUBLE : g->code;
}

static enum exit_code run_job(const struct model_job *job, const lk_picture_list *list) {
    size_t dim = (size_t)model_job_dim(job);
    struct group *g = mem_calloc(1, sizeof *g);
    enum exit_code code = EXIT_TROUBLE;
    if (g) {
        g->job = job;
        g->vectors = mem_alloc(TOGETHER * (dim + 1), sizeof *g->vectors);
        g->classes = mem_alloc((size_t)MAX(job->top_count, 1), sizeof *g->classes);
    }
    if (g && g->vectors && g->classes) {
        code = run_list(g, list);
    } else {
        lk_error err = {.status = LK_E_MEMORY, .text = "the results do not fit into memory"};
        code = report_error(job->common, &err);
    }
    if (g) {
        mem_free(g->vectors);
        mem_free(g->classes);
    }
    mem_free(g);
    return code;
}

enum exit_code model_run(const struct model_job *job) {
    lk_picture_list list;
    lk_error err = {0};
    if (job->list) {
        return run_job(job, job->list);
    }
    if (lk_picture_list_find(&list, job->common->args.items, job->common->args.count, &err) !=
        LK_OK) {
        return report_error(job->common, &err);
    }
    enum exit_code code = run_job(job, &list);
    lk_picture_list_release(&list);
    return code;
}
