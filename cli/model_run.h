/* SPDX-License-Identifier: Apache-2.0 */
/* Running a model over many pictures, for embed and classify: the model's options, the list of pictures, decoding on all threads
 * while the network waits, progress, and pictures that cannot be read. */
#ifndef LK_MODEL_RUN_H
#define LK_MODEL_RUN_H

#include "cli/command.h"

struct model_settings {
    const char *model; /* name or path; NULL: the usual one */
    const char *folder;
    const char *card;
};

/* Rows of a command's table; `member` is its struct model_settings. */
#define MODEL_OPTIONS(settings, member)                                                            \
    {"model",                                                                                      \
     'm',                                                                                          \
     OPTION_TEXT,                                                                                  \
     "NAME|FILE",                                                                                  \
     NULL,                                                                                         \
     NULL,                                                                                         \
     "the model (" LK_MODEL_DEFAULT "; to classify, the one in the catalogue)",                    \
     offsetof(settings, member) + offsetof(struct model_settings, model)},                         \
        {"models",                                                                                 \
         0,                                                                                        \
         OPTION_TEXT,                                                                              \
         "DIR",                                                                                    \
         NULL,                                                                                     \
         NULL,                                                                                     \
         "the catalogue's folder (LIKENESS_MODELS, or below ~/.local/share)",                      \
         offsetof(settings, member) + offsetof(struct model_settings, folder)},                    \
    {                                                                                              \
        "card", 0, OPTION_TEXT, "FILE", NULL, NULL, "the card of a model given as a file",         \
            offsetof(settings, member) + offsetof(struct model_settings, card)                     \
    }

/* The catalogue's folder: what --models says, LIKENESS_MODELS, XDG_DATA_HOME/likeness/models, ~/.local/share/likeness/models;
 * empty when there is no home. */
void models_folder(char *out, size_t size, const char *chosen);

/* Opens the model that the settings choose: without a name LK_MODEL_DEFAULT, or where classes are wanted an installed classifier,
 * mobilenet-v2 among several. LK_E_USAGE when there is none. */
lk_status model_choose(lk_model **out, lk_engine *engine, const struct model_settings *s,
                       lk_model_want want, lk_error *err);

/* The same for measures: *out stays NULL, with LK_OK, when the list of measures (NULL is "default") asks for none that needs a
 * model. For "all", a classifier that is installed, else LK_MODEL_DEFAULT. */
lk_status model_for_measures(lk_model **out, lk_engine *engine, const struct model_settings *s,
                             const char *measures, lk_error *err);

/* One picture's result, in the order of the list. Returns false to stop. */
typedef bool model_result(void *arg, const char *path, const lk_model_output *output);

/* Runs the model over what the arguments name, or over paths, and calls give for each picture. top_count: classes wanted. skip: how
 * many of the list to pass over is asked of it, by path; NULL for none. A picture that cannot be read is reported, and to
 * refused where that is not NULL: EXIT_TROUBLE. */
struct model_job {
    const struct common *common;
    lk_engine *engine;
    lk_model *model; /* NULL: pictures of pixels x pixels are the vectors */
    int32_t pixels;
    const lk_picture_list *list; /* NULL: the arguments */
    void (*refused)(void *arg, const lk_error *err);
    void (*seen)(void *arg,
                 const lk_image *image); /* right before give, with its picture; or NULL */
    bool embed;
    int32_t top_count;
    bool (*skip)(void *arg, const char *path);
    model_result *give;
    void *arg;
};
enum exit_code model_run(const struct model_job *job);
/* Numbers of a vector. */
int32_t model_job_dim(const struct model_job *job);

#endif
