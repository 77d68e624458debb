/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "base/csv.h"
#include "base/file.h"
#include "base/json.h"
#include "cli/embed_files.h"
#include "cli/model_run.h"

struct embed_settings {
    struct common common;
    struct model_settings model;
    const char *out;
    bool resume, normalize;
};

#define AT(member) offsetof(struct embed_settings, member)

static const struct option embed_options[] = {
    MODEL_OPTIONS(struct embed_settings, model),
    {"out", 'O', OPTION_TEXT, "X.npy|X.csv", NULL, NULL,
     "where the vectors go (standard output, as CSV)", AT(out)},
    {"resume", 0, OPTION_FLAG, NULL, NULL, NULL, "go on with X.npy: pictures in it are passed over",
     AT(resume)},
    {"normalize", 0, OPTION_FLAG, NULL, NULL, NULL, "vectors of length 1", AT(normalize)},
    OPTION_END,
};

struct embedding {
    const struct embed_settings *s;
    int32_t dim;
    struct npy npy;
    bool to_npy;
    struct buf b; /* CSV or JSON */
    struct json j;
    lk_error err;  /* of writing */
    bool left_out; /* pictures that X.npy.paths cannot name */
};

/* To length 1; a vector of zeros stays. */
static void normalize(float *vector, int32_t dim) {
    double squares = 0;
    for (int32_t i = 0; i < dim; i++) {
        squares += (double)vector[i] * (double)vector[i];
    }
    double length = sqrt(squares);
    for (int32_t i = 0; i < dim && length > 0; i++) {
        vector[i] = (float)((double)vector[i] / length);
    }
}

static void add_csv(struct embedding *e, const char *path, const float *vector) {
    csv_add_field(&e->b, path);
    for (int32_t i = 0; i < e->dim; i++) {
        buf_printf(&e->b, ",%.9g", (double)vector[i]); /* nine digits give the float back */
    }
    buf_add_text(&e->b, "\n");
}

static void add_json(struct embedding *e, const char *path, const float *vector) {
    json_object_begin(&e->j, NULL);
    json_text(&e->j, "path", path);
    json_array_begin(&e->j, "vector");
    for (int32_t i = 0; i < e->dim; i++) {
        json_number(&e->j, NULL, (double)vector[i]);
    }
    json_array_end(&e->j);
    json_object_end(&e->j);
}

/* A list of a path a line cannot hold one with a line's end. */
static void leave_out(struct embedding *e, const char *path) {
    lk_error err = {.status = LK_E_FORMAT,
                    .text = "a line's end in its name: --out X.csv takes it"};
    snprintf(err.input, sizeof err.input, "%.500s", path);
    report_error(&e->s->common, &err);
    e->left_out = true;
}

static bool give(void *arg, const char *path, const lk_model_output *out) {
    struct embedding *e = arg;
    float *vector = out->embedding;
    if (e->to_npy && strchr(path, '\n')) {
        leave_out(e, path);
        return true;
    }
    if (e->s->normalize) {
        normalize(vector, e->dim);
    }
    if (e->to_npy) {
        return npy_add(&e->npy, path, vector, &e->err) == LK_OK;
    }
    if (e->s->common.json) {
        add_json(e, path, vector);
    } else {
        add_csv(e, path, vector);
    }
    return e->b.status == LK_OK;
}

static bool skip(void *arg, const char *path) {
    const struct embedding *e = arg;
    return npy_has(&e->npy, path);
}

static enum exit_code run_model(struct embedding *e, lk_engine *engine, lk_model *model) {
    const struct common *common = &e->s->common;
    if (common->json && !e->to_npy) {
        json_object_begin(&e->j, NULL);
        json_text(&e->j, "schema", "likeness/embed/1");
        json_text(&e->j, "model", lk_model_card_of(model)->name);
        json_int(&e->j, "dim", e->dim);
        json_array_begin(&e->j, "vectors");
    }
    const struct model_job job = {.common = common,
                                  .engine = engine,
                                  .model = model,
                                  .embed = true,
                                  .skip = e->to_npy ? skip : NULL,
                                  .give = give,
                                  .arg = e};
    enum exit_code code = model_run(&job);
    if (e->err.status != LK_OK) {
        return report_error(common, &e->err);
    }
    if (e->left_out && code == EXIT_YES) {
        code = EXIT_TROUBLE;
    }
    if (common->json && !e->to_npy) {
        json_array_end(&e->j);
        json_object_end(&e->j);
        buf_add_text(&e->b, "\n");
    }
    return code;
}

/* What goes to standard output, or into X.csv. */
static enum exit_code finish(struct embedding *e, enum exit_code code) {
    const struct embed_settings *s = e->s;
    if (e->to_npy) {
        lk_error err = {0};
        int64_t count = e->npy.count;
        if (npy_close(&e->npy, &err) != LK_OK && code == EXIT_YES) {
            code = report_error(&s->common, &err);
        }
        remark(&s->common, "%lld vectors of %d numbers in %s", (long long)count, e->dim, s->out);
        return code;
    }
    if (!s->out) {
        return print_result(&s->common, &e->b, code);
    }
    lk_error err = {0};
    lk_bytes bytes = {0};
    lk_status status = buf_finish(&e->b, &bytes, &err);
    if (status == LK_OK) {
        status = file_write(s->out, bytes.data, bytes.size, &err);
    }
    lk_bytes_release(&bytes);
    return status == LK_OK ? code : report_error(&s->common, &err);
}

static enum exit_code embed_run(void *settings, lk_engine *engine) {
    struct embed_settings *s = settings;
    struct embedding e = {.s = s};
    char extension[16] = "";
    lk_error err = {0};
    lk_model *model;
    if (s->out) {
        file_extension(extension, sizeof extension, s->out);
    }
    e.to_npy = strcmp(extension, "npy") == 0;
    if (s->out && !e.to_npy && strcmp(extension, "csv") != 0) {
        return report_usage(&s->common, &command_embed, "--out takes a file .npy or .csv");
    }
    if (s->resume && !e.to_npy) {
        return report_usage(&s->common, &command_embed, "--resume goes with --out X.npy");
    }
    if (s->out && s->common.json) {
        return report_usage(&s->common, &command_embed, "--json and --out exclude each other");
    }
    if (s->out && file_can_write(s->out, &err) != LK_OK) { /* before hours of work, not after */
        return report_error(&s->common, &err);
    }
    if (model_choose(&model, engine, &s->model, LK_WANT_EMBEDDING, &err) != LK_OK) {
        return report_error(&s->common, &err);
    }
    e.dim = lk_model_dim(model);
    buf_init(&e.b, (size_t)4 << 30);
    json_init(&e.j, &e.b, 0);
    enum exit_code code = EXIT_TROUBLE;
    const struct npy_options files = {.resume = s->resume, .normalized = s->normalize};
    if (e.to_npy && npy_open(&e.npy, s->out, model, &files, &err) != LK_OK) {
        report_error(&s->common, &err);
        buf_release(&e.b);
        lk_error ignored;
        (void)npy_close(&e.npy, &ignored);
    } else {
        code = finish(&e, run_model(&e, engine, model));
    }
    lk_model_free(model);
    return code;
}

const struct command command_embed = {
    .name = "embed",
    .summary = "vectors of pictures by a trained network",
    .arguments = "FILE|DIR...",
    .details =
        "Each picture becomes a vector; pictures of like things get vectors of small angle. "
        "X.npy is a NumPy array of\n"
        "float32, a row a picture; X.npy.paths names the pictures, a line each, and X.npy.model "
        "the model. An\n"
        "interrupted run keeps what is done, and --resume goes on with it. A picture that cannot "
        "be read is reported\n"
        "and passed over; the command then ends with 2.",
    .examples = "  likeness embed photos/ --out photos.npy\n"
                "  likeness embed photos/ --out photos.npy --resume\n"
                "  likeness embed a.jpg b.jpg --model mobilenet-v2 --json\n",
    .least_args = 1,
    .most_args = 1000000,
    .options = embed_options,
    .settings_size = sizeof(struct embed_settings),
    .run = embed_run,
};
