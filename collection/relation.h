/* SPDX-License-Identifier: Apache-2.0 */
/* What one picture is to another: the same file made anew, an edited copy, or nothing of the kind. */
#ifndef LK_RELATION_H
#define LK_RELATION_H

#include "collection/facts.h"

enum {
    RELATION_VERSION = 2
}; /* raised when other pairs come out: what is kept of them is found anew */

enum relation_class {
    RELATION_NONE,
    RELATION_SCENE, /* the same place or a burst, not the same pixels; a hint, no copy */
    RELATION_RESIZED,
    RELATION_COLOUR,
    RELATION_EDITED,
    RELATION_BORDER,
    RELATION_ASPECT,
    RELATION_CROPPED,
    RELATION_ANGLE,
    RELATION_QUARTER,
    RELATION_MIRRORED,
    RELATION_CLASSES
};

/* A row of the table of classes. */
struct relation_row {
    const char *name;  /* as in JSON's "class" */
    const char *kind;  /* as in JSON's "kind" and `dups --kind`; NULL where it is no copy */
    const char *words; /* for a person: "b is ... of a" */
};
const struct relation_row *relation_row(enum relation_class class);

/* How far the two agree under a map, on their thumbnails. */
struct accord {
    double agree; /* share of the texture that both show that is the same, 0..1 */
    double
        residual; /* of what both show, light taken out: rms as a share of the contrast there, 0..1 */
    double quiet;   /* levels of noise that a quarter of the texture stays below */
    double broad;   /* correlation of the levels of windows, -1..1 */
    double colour;  /* levels by which three quarters of what agrees differ in colour at most */
    double changed; /* share of the area both show that differs */
    double changed_open;       /* the same without what is black or white in one of both */
    double covers_a, covers_b; /* share of each that the other shows */
    double plain_a, plain_b; /* share of one level of what the other does not show; 1: all shown */
    double texture;          /* textured windows, counted by contrast */
    int32_t blocks;          /* windows that both show */
};

struct relation {
    enum relation_class class; /* the one to name first */
    uint32_t also;             /* 1 << class for each that holds, class among them */
    double score;              /* 0..1; of a copy 0.5 or more */
    double map[9];    /* b -> a, in pixels of the pictures, the centre of the first one at 0, 0 */
    bool mirrored;    /* b is mirrored left to right, and then */
    double angle_deg; /* turned by this, clockwise, -180..180, to lie as a does */
    double stretch;   /* b's width by its height, against a's: 1 is no change of the aspect */
    int32_t
        part; /* 1: b is a part of a; -1: a is a part of b; 0: neither, or each shows what the other does not */
    int32_t inliers;   /* keypoints that agree with map */
    int32_t keypoints; /* of the one with fewer that lie in what both show */
    double rms;        /* of the inliers' distances, in pixels of a at its working size */
    int32_t hash_bits; /* between the PDQ hashes, in the turn that brings them nearest */
    struct accord accord;
};

/* Decides from the facts alone; nothing is decoded. LK_E_MEMORY, LK_E_CANCELLED. */
LK_MUST_CHECK lk_status relation_find(struct relation *out, lk_engine *engine,
                                      const struct facts *a, const struct facts *b, lk_error *err);

#endif
