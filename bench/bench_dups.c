/* SPDX-License-Identifier: Apache-2.0 */
/* Judges relation_find() apart from any search for candidates:
 *
 *   bench_dups facts FOLDER KEPT < NAMES    makes the facts of the files, appends them to the file KEPT (about 110 kB each, of this
 *                                           machine's layout) and prints a line a file: its eight PDQ hashes in hex, their
 *                                           quality, the number of keypoints and the milliseconds
 *   bench_dups relate FOLDER KEPT < PAIRS   two names a line with a tab between them: a line of evidence for each
 *
 * Names are below FOLDER. Facts that KEPT does not have are made when they are asked for. */
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "collection/relation.h"

struct bench {
    lk_engine *engine;
    const char *folder, *kept;
    void *tree; /* of struct known, by name */
    lk_error err;
};

struct known {
    char *name;
    struct facts facts;
    double ms;
    bool right;
};

/* Of this process: the machine may be shared. */
static double now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int compare_entries(const void *a, const void *b) {
    const struct known *p = a, *q = b;
    return strcmp(p->name, q->name);
}

static void make(struct known *e, struct bench *b) {
    char path[4096];
    lk_image picture;
    lk_image_info info;
    const lk_load_options size = {.max_side = FACTS_SIDE};
    snprintf(path, sizeof path, "%s/%s", b->folder, e->name);
    double began = now_ms();
    if (lk_image_load(&picture, &info, b->engine, path, &size, &b->err) == LK_OK) {
        e->right = facts_make(&e->facts, b->engine, &picture, &info, true, &b->err) == LK_OK;
        lk_image_release(&picture);
    }
    e->ms = now_ms() - began;
    if (!e->right) {
        fprintf(stderr, "%s: %s\n", path, b->err.text);
    }
}

/* The one of that name, empty if it is new. */
static struct known *entry_of(bool *is_new, struct bench *b, const char *name) {
    struct known *e = calloc(1, sizeof *e);
    if (!e || !(e->name = strdup(name))) {
        abort();
    }
    struct known **at = tsearch(e, &b->tree, compare_entries);
    if (!at) {
        abort();
    }
    *is_new = *at == e;
    if (!*is_new) {
        free(e->name);
        free(e);
    }
    return *at;
}

static struct known *made(struct bench *b, const char *name) {
    bool is_new;
    struct known *e = entry_of(&is_new, b, name);
    if (is_new) {
        make(e, b);
    }
    return e;
}

/* -- What is kept -- */

static bool keep(FILE *to, const struct known *e) {
    const struct facts *f = &e->facts;
    uint32_t length = (uint32_t)strlen(e->name);
    size_t n = f->sift.count, pixels = f->thumb.stride * (size_t)f->thumb.height;
    return fwrite(&length, sizeof length, 1, to) == 1 && fwrite(e->name, 1, length, to) == length &&
           fwrite(f, sizeof *f, 1, to) == 1 &&
           fwrite(f->sift.points, sizeof *f->sift.points, n, to) == n &&
           fwrite(f->sift.descriptors, SIFT_BYTES, n, to) == n &&
           fwrite(f->thumb.data, 1, pixels, to) == pixels;
}

static bool take(struct facts *f, FILE *from) {
    if (fread(f, sizeof *f, 1, from) != 1) {
        return false;
    }
    size_t n = f->sift.count, pixels = f->thumb.stride * (size_t)f->thumb.height;
    f->sift.points = malloc(n * sizeof *f->sift.points + 1);
    f->sift.descriptors = malloc(n * SIFT_BYTES + 1);
    f->thumb.data = malloc(pixels + 1);
    f->embedding = NULL;
    return f->sift.points && f->sift.descriptors && f->thumb.data &&
           fread(f->sift.points, sizeof *f->sift.points, n, from) == n &&
           fread(f->sift.descriptors, SIFT_BYTES, n, from) == n &&
           fread(f->thumb.data, 1, pixels, from) == pixels;
}

static void take_all(struct bench *b) {
    FILE *from = fopen(b->kept, "rb");
    uint32_t length;
    char name[4096];
    while (from && fread(&length, sizeof length, 1, from) == 1 && length < sizeof name &&
           fread(name, 1, length, from) == length) {
        bool is_new;
        name[length] = 0;
        struct known *e = entry_of(&is_new, b, name);
        e->right = take(&e->facts, from);
    }
    if (from) {
        fclose(from);
    }
}

/* -- What is asked -- */

static void tell_hashes(const struct known *e) {
    printf("%s\t", e->name);
    for (int t = 0; e->right && t < PDQ_TURNS; t++) {
        for (int i = 0; i < PDQ_BYTES; i++) {
            printf("%02x", e->facts.pdq[t][i]);
        }
    }
    printf("\t%d\t%zu\t%.2f\n", (int)e->facts.pdq_quality, e->facts.sift.count, e->ms);
}

static bool relate(struct bench *b, const char *first, const char *second) {
    struct known *p = made(b, first), *q = made(b, second);
    struct relation r;
    if (!p->right || !q->right) {
        return true;
    }
    double began = now_ms();
    if (relation_find(&r, b->engine, &p->facts, &q->facts, &b->err) != LK_OK) {
        fprintf(stderr, "%s %s: %s\n", first, second, b->err.text);
        return false;
    }
    double ms = now_ms() - began;
    const struct accord *c = &r.accord;
    printf(
        "%s\t%s\t%s\t%u\t%.4f\t%d\t%d\t%.3f\t%.4f\t%.4f\t%.4f\t%.2f\t%.4f\t%.4f\t%.4f\t%.2f\t%d\t"
        "%.2f\t%.4f\t%d\t%.3f\t%.3f\t%.3f\t%.3f\t%.4f\n",
        first, second, relation_row(r.class)->name, r.also, (double)r.hash_bits, (int)r.inliers,
        (int)r.keypoints, r.rms, c->agree, c->residual, c->broad, c->colour, c->changed,
        c->covers_a, c->covers_b, c->texture, (int)c->blocks, r.angle_deg, r.stretch, r.mirrored,
        ms, c->quiet, c->plain_a, c->plain_b, c->changed_open);
    return true;
}

static bool make_one(struct bench *b, FILE *to, const char *name) {
    bool is_new;
    struct known *e = entry_of(&is_new, b, name);
    if (is_new) {
        make(e, b);
        tell_hashes(e);
    }
    bool right = !is_new || !e->right || keep(to, e);
    if (is_new) {
        facts_release(&e->facts);
    }
    return right;
}

static bool run(struct bench *b, bool facts) {
    char line[8192];
    bool right = true;
    FILE *to = facts ? fopen(b->kept, "ab") : NULL;
    while (right && fgets(line, sizeof line, stdin)) {
        char *tab = strchr(line, '\t'), *end = strchr(line, '\n');
        if (end) {
            *end = 0;
        }
        if (facts) {
            right = to && make_one(b, to, line);
        } else if (tab) {
            *tab = 0;
            right = relate(b, line, tab + 1);
        }
    }
    return (!to || fclose(to) == 0) && right;
}

int main(int argc, char **argv) {
    struct bench b = {0};
    lk_engine_options options = lk_engine_options_default();
    options.threads = 1;
    if (argc != 4) {
        fputs("usage: bench_dups facts|relate FOLDER KEPT < NAMES|PAIRS\n", stderr);
        return 2;
    }
    b.folder = argv[2];
    b.kept = argv[3];
    if (lk_engine_new(&b.engine, &options, &b.err) != LK_OK) {
        return 2;
    }
    bool facts = strcmp(argv[1], "facts") == 0;
    take_all(&b);
    return run(&b, facts) ? 0 : 2;
}
