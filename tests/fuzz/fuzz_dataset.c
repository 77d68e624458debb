/* SPDX-License-Identifier: Apache-2.0 */
/* Tables as data sets and as questions: what is read has places that exist, is divided without a sample lost, and can be
 * evaluated. The first byte chooses the share and whether each picture is its own class. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <likeness/evaluate.h>

#include "base/mem.h"
#include "learn/dataset.h"

enum { DIM = 2 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void need(bool holds) {
    if (!holds) {
        abort();
    }
}

static void check_dataset(const struct dataset *d) {
    int64_t members = 0;
    for (int32_t i = 0; i < d->count; i++) {
        need(d->labels[i] >= 0 && d->labels[i] < d->classes && d->paths[i][0]);
    }
    for (int32_t i = 0; i < d->classes; i++) {
        need(d->sizes[i] > 0 && d->names[i][0]);
        members += d->sizes[i];
    }
    need(members == d->count);
}

static void check_split(const struct dataset *d, double share, lk_error *err) {
    struct dataset_split s;
    if (dataset_split(&s, d, share, 1, err) != LK_OK) {
        need(err->text[0] && !s.train && !s.validation);
        return;
    }
    bool *seen = mem_calloc((size_t)d->count, sizeof *seen);
    need(seen && s.train_count > 0 && s.train_count + s.validation_count == d->count);
    for (int32_t i = 0; i < d->count; i++) {
        bool learns = i < s.train_count;
        int32_t sample = learns ? s.train[i] : s.validation[i - s.train_count];
        need(sample >= 0 && sample < d->count && !seen[sample]);
        seen[sample] = true;
    }
    mem_free(seen);
    dataset_split_release(&s);
}

static void try_dataset(const char *path, uint8_t choice) {
    struct dataset d = {0};
    lk_error err = {0};
    enum dataset_kind kind = choice & 1 ? DATASET_INSTANCES : DATASET_AUTO;
    if (dataset_add(&d, path, kind, &err) == LK_OK) {
        check_dataset(&d);
        check_split(&d, (choice >> 1) % 10 / 10.0, &err);
    } else {
        need(err.text[0] && err.input[0] && d.count == 0 && d.classes == 0);
    }
    dataset_release(&d);
}

static void try_questions(const char *path) {
    const lk_evaluate_options options = {3, 1};
    lk_eval_set set;
    lk_evaluation e;
    lk_error err = {0};
    lk_engine *engine;
    lk_engine_options single = lk_engine_options_default();
    single.threads = 1;
    if (lk_eval_set_read(&set, path, NULL, &err) != LK_OK) {
        need(err.text[0] && err.input[0] && !set.paths);
        return;
    }
    size_t count = (size_t)set.count;
    float *data = mem_alloc(count * DIM + 1, sizeof *data);
    need(data && lk_engine_new(&engine, &single, &err) == LK_OK);
    for (size_t i = 0; i < count * DIM; i++) {
        data[i] = (float)(i * 7 % 5) - 2;
    }
    const lk_vectors vectors = {data, set.count, DIM};
    lk_status status = count <= 200
                           ? lk_eval_set_evaluate(&e, engine, &set, &vectors, NULL, &options, &err)
                           : LK_E_LIMIT;
    if (status == LK_OK) {
        need(e.recall.queries > 0 && e.recall.at[0].value <= e.recall.at[1].value);
        need(e.recall.at[0].low <= e.recall.at[0].value && e.recall.at[0].high <= 1);
        need(e.roc.area.value >= 0 && e.roc.area.value <= 1);
    } else {
        need(count > 200 || err.text[0]);
    }
    lk_engine_free(engine);
    mem_free(data);
    lk_eval_set_release(&set);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    char path[64];
    if (size < 1) {
        return 0;
    }
    int fd = memfd_create("table", 0);
    need(fd >= 0 && write(fd, bytes + 1, size - 1) == (ssize_t)(size - 1));
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    try_dataset(path, bytes[0]);
    try_questions(path);
    close(fd);
    return 0;
}
