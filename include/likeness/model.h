/* SPDX-License-Identifier: Apache-2.0 */
/* Neural models: a catalogue of cards and ONNX files, embeddings of pictures, classification. */
#ifndef LIKENESS_MODEL_H
#define LIKENESS_MODEL_H

#include <likeness/image.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How a picture is brought to the size of a network's input. */
typedef enum lk_model_resize {
    LK_RESIZE_CROP,    /* the shorter side to `side`, then the middle */
    LK_RESIZE_STRETCH, /* to the input's size, whatever the shape */
} lk_model_resize;

typedef enum lk_model_colour { LK_MODEL_RGB, LK_MODEL_BGR, LK_MODEL_GRAY } lk_model_colour;

/* What a model ships with. Texts are empty where the card says nothing. A card is JSON; docs/formats/model-card.md. */
typedef struct lk_model_card {
    char name[64];         /* "mobilenet-v2" */
    char title[160];       /* "MobileNet V2 1.0 224, ImageNet" */
    char file[256];        /* the ONNX file's name, without folders */
    char sha256[65];       /* of the file, hex */
    int64_t bytes;         /* of the file; 0 unknown */
    char licence[64];      /* SPDX */
    char source[512];      /* where the file is to be had */
    char input[128];       /* name of the input; empty: the first */
    int32_t width, height; /* of the input, pixels */
    lk_model_colour colour;
    double mean[3], scale[3]; /* input = (level - mean) / scale, level 0..255, a channel */
    lk_model_resize resize;
    int32_t side;            /* LK_RESIZE_CROP: the shorter side before the cut */
    char embedding[128];     /* name of the output that is the embedding */
    char probabilities[128]; /* of the class probabilities; empty when the model has none */
    char logits[128];        /* or of their logarithms before the softmax */
    char labels[256]; /* file of the labels, a line a class from 0; empty when there is none */
    char labels_sha256[65];
    int32_t classes; /* outputs of the classifier; 0 when there is none */
    int32_t
        background; /* 1 when class 0 is "background" and the others stand one higher (TensorFlow); else 0 */
    char notes[512];
    char training[1024]; /* how it was made: data, seed, settings */
    char figures[512];   /* what was measured of it then */
} lk_model_card;

/* A network made ready to run: weights packed, memory planned. Runs from several threads wait for one another.
 *
 * It runs on the engine's number of threads, which are OpenMP's: on a machine with other work, a program sets GOMP_SPINCOUNT=1000
 * in its environment before it opens the first model. */
typedef struct lk_model lk_model;

/* What of a model's outputs will be asked for: what is not wanted is not computed. */
typedef enum lk_model_want { LK_WANT_ALL, LK_WANT_EMBEDDING, LK_WANT_CLASSES } lk_model_want;

enum { LK_MODEL_BATCH_MAX = 64 };

typedef struct lk_model_options {
    const char *folder; /* the catalogue's folder of models; NULL: only files can be opened */
    const char *card;   /* path of a card to use instead of the one found; NULL */
    lk_model_want want;
    int32_t
        batch; /* pictures run at once, at most LK_MODEL_BATCH_MAX; 0: 1, which is the fastest where feature maps are large */
} lk_model_options;

/* The network that is part of the library: photos of things seen before, 128 numbers. docs/algorithms/train.md. */
#define LK_MODEL_DEFAULT "compact-1"

/* Opens the model called name in the catalogue, or the ONNX file at that path, whose card is the one beside it (FILE.json) or
 * the shipped one with its checksum or, when that knows none, its name. LK_E_IO when there is none of that name, LK_E_CORRUPT when
 * the file's checksum is not the card's or the network is damaged, LK_E_FORMAT naming the operator and the node that cannot be
 * run, LK_E_SIZE when the network's input is not the card's, LK_E_LIMIT. err->input is the file. */
LK_API LK_MUST_CHECK lk_status lk_model_open(lk_model **out, lk_engine *engine, const char *name,
                                             const lk_model_options *options, lk_error *err);
LK_API void lk_model_free(lk_model *model);

LK_API const lk_model_card *lk_model_card_of(const lk_model *model);
/* Which network it is, whatever it is called: the card's name (its first 46 bytes), '-', and 16 hex digits of a SHA-256 of all that
 * decides on its embeddings: the file's checksum, and what the card says of output, input and preprocessing. */
LK_API const char *lk_model_identity(const lk_model *model);
/* Length of the embedding; 0 when the model has none. */
LK_API int32_t lk_model_dim(const lk_model *model);
/* The label of a class; "" where the model has none. */
LK_API const char *lk_model_label(const lk_model *model, int32_t index);

/* One class of a picture. */
typedef struct lk_class {
    int32_t index;
    double probability; /* 0..1 */
} lk_class;

/* What a model says of one picture. Arrays are the caller's; NULL where not wanted. */
typedef struct lk_model_output {
    float *embedding; /* lk_model_dim floats, as the network gives them, not normalised */
    lk_class *top;    /* top_count classes, the most probable first; ties by index */
    int32_t top_count;
} lk_model_output;

/* Runs the model on count pictures, in batches. LK_E_USAGE when it has no embedding or no classes and they are asked for. */
LK_API LK_MUST_CHECK lk_status lk_model_run(lk_model *model, lk_model_output *outputs,
                                            const lk_image *const *images, int32_t count,
                                            lk_error *err);

/* Cosine of the angle between two vectors, -1..1 (0 when one is zero), and their Euclidean distance; sums in double. */
LK_API double lk_embedding_cosine(const float *a, const float *b, int32_t dim);
LK_API double lk_embedding_distance(const float *a, const float *b, int32_t dim);

/* -- The catalogue: a folder with a card (NAME.json), an ONNX file and a file of labels for each model. -- */

typedef struct lk_catalogue_entry {
    lk_model_card card;
    bool shipped;   /* the card comes with likeness */
    bool installed; /* its file is in the folder */
    bool built_in;  /* its file is part of the library */
} lk_catalogue_entry;

typedef struct lk_catalogue {
    lk_catalogue_entry *entries; /* by name */
    size_t count;
} lk_catalogue;

/* All cards: those in folder (may be NULL or not exist) and those that come with likeness. A damaged card is an error that
 * names it. */
LK_API LK_MUST_CHECK lk_status lk_catalogue_read(lk_catalogue *out, const char *folder,
                                                 lk_error *err);
LK_API void lk_catalogue_release(lk_catalogue *catalogue);
/* NULL when there is none of that name. */
LK_API const lk_catalogue_entry *lk_catalogue_find(const lk_catalogue *catalogue, const char *name);
/* The model that is meant where none is named and one that classifies is wanted: the only such that is installed, or mobilenet-v2
 * among several. LK_E_USAGE when there is none, and as lk_catalogue_read. */
LK_API LK_MUST_CHECK lk_status lk_catalogue_classifier(char name[64], const char *folder,
                                                       lk_error *err);

typedef struct lk_catalogue_added {
    lk_model_card card; /* as it stands in the catalogue, with the file's checksum and size */
    bool compared;      /* the card that came with the file named a checksum, and the file has it */
} lk_catalogue_added;

/* Copies the ONNX file at path (or the only ONNX file in the folder at path), its card and its labels into folder, which is
 * made when it is not there. card_path may be NULL: then the folder's only card (.json), FILE.json beside the file, or a
 * shipped card with its checksum or, when that card knows none, its name. The file's checksum must be the card's, and the
 * network must load. Another file of the same name is not replaced: LK_E_WRITE, and nothing was written. */
LK_API LK_MUST_CHECK lk_status lk_catalogue_add(lk_catalogue_added *out, lk_engine *engine,
                                                const char *folder, const char *path,
                                                const char *card_path, lk_error *err);
/* Reads an installed model again: checksums, and that its network can be run. */
LK_API LK_MUST_CHECK lk_status lk_catalogue_check(lk_engine *engine, const char *folder,
                                                  const char *name, lk_error *err);
/* Writes the network of an installed model, or of the ONNX file at that path, as an ONNX file to path, with the embedding (or, of a
 * model without one, the classes) as its only output: what only other outputs need is left out. */
LK_API LK_MUST_CHECK lk_status lk_model_export(lk_engine *engine, const char *folder,
                                               const char *name, const char *path, lk_error *err);
/* Removes card, file and labels (unless another model uses them) from folder, where the card is; the file may be missing. */
LK_API LK_MUST_CHECK lk_status lk_catalogue_remove(const char *folder, const char *name,
                                                   lk_error *err);

#ifdef __cplusplus
}
#endif
#endif
