/* SPDX-License-Identifier: Apache-2.0 */
/* Labelled pictures: folders or CSV files, divided into training and validation, and the near duplicates that lie in both.
 *
 *     struct dataset d = {0};
 *     status = dataset_add(&d, "photos", DATASET_AUTO, err);            more folders or files may follow
 *     status = dataset_split(&split, &d, 0.2, seed, err);
 *     status = dataset_leaks(&leaks, engine, &d, &split, err);
 *     ...
 *     dataset_leaks_release(&leaks), dataset_split_release(&split), dataset_release(&d) */
#ifndef LK_DATASET_H
#define LK_DATASET_H

#include <likeness/image.h>
#include <stdbool.h>

#include "base/compiler.h"

enum { DATASET_SAMPLES_MAX = 1000000 };

/* What the classes of a folder are. */
enum dataset_kind {
    DATASET_AUTO,      /* its folders, or each picture where there are none */
    DATASET_CLASSES,   /* its folders */
    DATASET_INSTANCES, /* each picture, whatever folder or label */
};

/* Samples lie in the order of their paths within each dataset_add, and labels in that of their names: the same files give the same
 * numbers. */
struct dataset {
    char **paths;    /* a sample each; owned */
    int32_t *labels; /* a sample each: a place in names */
    int32_t count, capacity;
    char **names; /* a class each: a folder, a label, or a picture's path below the folder; owned */
    int32_t *sizes; /* a class each: its samples */
    int32_t classes;
};

/* Adds what lies at path. A folder: the pictures below it (by their extension), whose classes are the folders in it; pictures
 * deeper down belong to the uppermost folder. Another file: a CSV table with a column `path` or `file` (relative to the table's
 * folder) and, unless each picture is its own class, a column `label` or `class`. Labels of several calls are kept apart, also
 * where their names are equal. Nothing is decoded: a file that is not there is found when it is read.
 *
 * LK_E_IO; LK_E_CORRUPT naming the line of a table (a field missing, a picture named twice); LK_E_USAGE where there is no
 * picture, or where some lie in folders and some beside them and DATASET_AUTO or _CLASSES is asked for; LK_E_LIMIT above
 * DATASET_SAMPLES_MAX; LK_E_MEMORY. err->input is path. d stays valid, and is the caller's to release, in any case. */
MUST_CHECK lk_status dataset_add(struct dataset *d, const char *path, enum dataset_kind kind,
                                 lk_error *err);
void dataset_release(struct dataset *d);

/* Places of samples in the data set, ascending. */
struct dataset_split {
    int32_t *train, *validation; /* owned */
    int32_t train_count, validation_count;
};

/* Divides by seed. A class of four pictures or more gives `share` of them (rounded, at least two, so that one can be found by the
 * other, and at most all but two) to validation. Smaller classes stay whole, and `share` of them (rounded, at least one where
 * there are two) go to validation: with one picture a class, what is learnt is tested on pictures never seen. share 0 leaves
 * validation empty. LK_E_USAGE for a share outside 0 to 0.9, or where nothing would be left for one side; LK_E_MEMORY. */
MUST_CHECK lk_status dataset_split(struct dataset_split *out, const struct dataset *d, double share,
                                   uint64_t seed, lk_error *err);
void dataset_split_release(struct dataset_split *split);

/* A pair of samples, one of each side, that show the same picture. */
struct dataset_leak {
    int32_t train, validation; /* samples */
    int32_t distance;          /* bits of PDQ that differ */
    bool identical;            /* the same bytes */
};

enum { DATASET_LEAKS_MAX = 100000 };

/* Samples that cannot be decoded are left out. leaked: a flag a sample, of those of validation that are in a pair, recorded or
 * not. Where a side is empty nothing is decoded: all is empty. */
struct dataset_leaks {
    struct dataset_leak *pairs; /* by validation, then by training sample; owned */
    int32_t count;              /* at most DATASET_LEAKS_MAX */
    int64_t found;              /* all of them */
    bool *leaked;               /* owned */
    int32_t unread;
};

/* Finds near duplicates across the split: the same bytes, or PDQ hashes of quality 50 or more within 31 of 256 bits (what PDQ's
 * authors recommend for both). Each sample is decoded once, on the engine's threads, JPEG files at a reduced size where their
 * longer side stays 512 or more; then all pairs are compared. LK_E_CANCELLED, LK_E_MEMORY. */
MUST_CHECK lk_status dataset_leaks(struct dataset_leaks *out, lk_engine *engine,
                                   const struct dataset *d, const struct dataset_split *split,
                                   lk_error *err);
void dataset_leaks_release(struct dataset_leaks *leaks);

#endif
