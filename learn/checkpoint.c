/* SPDX-License-Identifier: Apache-2.0 */
#include "learn/checkpoint.h"

#include <string.h>

#include "base/buf.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"

static const char magic[] = "likeness checkpoint 1\n";
enum { DIGEST = 64, POINTS_MAX = 1000000 };

#define STEPS_MAX ((int64_t)1 << 50)

void checkpoint_release(struct checkpoint *c) {
    mem_free(c->points);
    c->points = NULL;
    c->point_count = 0;
}

/* One block of numbers: what is saved, and where it is read to. */
typedef void block_function(void *arg, void *data, size_t bytes);

/* All blocks in their order: parameters, statistics, the optimiser's memory. */
static void each_block(struct learner *l, block_function *visit, void *arg) {
    int32_t count;
    const struct parameter *p = trainer_parameters(l->trainer, &count);
    for (int32_t i = 0; i < count; i++) {
        visit(arg, p[i].data, (size_t)p[i].count * sizeof(float));
    }
    p = trainer_statistics(l->trainer, &count);
    for (int32_t i = 0; i < count; i++) {
        visit(arg, p[i].data, (size_t)p[i].count * sizeof(float));
    }
    for (int32_t i = 0; i < optimiser_items(l->optimiser); i++) {
        struct optimiser_item item = optimiser_item(l->optimiser, i);
        visit(arg, item.data, (size_t)item.count * sizeof(float));
    }
    visit(arg, optimiser_steps(l->optimiser), sizeof(int64_t));
}

static void append(void *arg, void *data, size_t bytes) {
    buf_add(arg, data, bytes);
}

lk_status checkpoint_save(const struct checkpoint *c, struct learner *l, const char *path,
                          lk_error *err) {
    struct buf b;
    char digest[DIGEST + 1];
    buf_init(&b, (size_t)8 << 30);
    buf_add_text(&b, magic);
    buf_add(&b, c->settings, DIGEST);
    buf_add(&b, &c->step, sizeof c->step);
    buf_add(&b, &c->epoch_loss, sizeof c->epoch_loss);
    buf_add(&b, &c->epoch_losses, sizeof c->epoch_losses);
    buf_add(&b, &c->point_count, sizeof c->point_count);
    buf_add(&b, c->points, (size_t)c->point_count * sizeof *c->points);
    each_block(l, append, &b);
    lk_status status = buf_status(&b, err);
    if (status == LK_OK) {
        digest_sha256_hex(digest, b.data, b.size);
        buf_add(&b, digest, DIGEST);
        status = buf_status(&b, err);
    }
    if (status == LK_OK) {
        status = file_write(path, b.data, b.size, err);
    }
    buf_release(&b);
    return status;
}

/* Reads from the front of what is left. */
struct taking {
    const uint8_t *at;
    size_t left;
    bool cut;
};

static void take(void *arg, void *data, size_t bytes) {
    struct taking *t = arg;
    if (t->left < bytes) {
        t->cut = true;
    } else if (bytes > 0) {
        memcpy(data, t->at, bytes);
        t->at += bytes;
        t->left -= bytes;
    }
}

static void measure(void *arg, void *data, size_t bytes) {
    (void)data;
    *(size_t *)arg += bytes;
}

/* Everything is checked before the learner is touched. */
static lk_status parse(struct checkpoint *c, struct learner *l, const lk_bytes *bytes,
                       lk_error *err) {
    static const char damaged[] = "the checkpoint is damaged or cut off";
    char digest[DIGEST + 1], settings[DIGEST + 1] = {0}, start[sizeof magic - 1] = {0};
    size_t head = sizeof start + DIGEST + sizeof c->step + sizeof c->epoch_loss +
                  sizeof c->epoch_losses + sizeof c->point_count;
    if (bytes->size < head + DIGEST) {
        return error_set(err, LK_E_CORRUPT, "%s", damaged);
    }
    digest_sha256_hex(digest, bytes->data, bytes->size - DIGEST);
    struct taking t = {.at = bytes->data, .left = bytes->size - DIGEST};
    take(&t, start, sizeof start);
    take(&t, settings, DIGEST);
    take(&t, &c->step, sizeof c->step);
    take(&t, &c->epoch_loss, sizeof c->epoch_loss);
    take(&t, &c->epoch_losses, sizeof c->epoch_losses);
    take(&t, &c->point_count, sizeof c->point_count);
    if (memcmp(start, magic, sizeof start) != 0 ||
        memcmp(digest, bytes->data + bytes->size - DIGEST, DIGEST) != 0 || c->step < 0 ||
        c->step > STEPS_MAX || c->epoch_losses < 0 || c->point_count < 0 ||
        c->point_count > POINTS_MAX) {
        c->point_count = 0;
        return error_set(err, LK_E_CORRUPT, "%s", damaged);
    }
    if (memcmp(settings, c->settings, DIGEST) != 0) {
        return error_set(err, LK_E_USAGE,
                         "the checkpoint is of a run with other settings or pictures");
    }
    size_t wanted = (size_t)c->point_count * sizeof *c->points;
    c->points = mem_alloc(wanted + 1, 1);
    if (!c->points) {
        return error_memory(err, wanted);
    }
    take(&t, c->points, wanted);
    size_t numbers = 0;
    each_block(l, measure, &numbers);
    if (t.cut || t.left != numbers) {
        return error_set(err, LK_E_CORRUPT, "the checkpoint is of another network");
    }
    int64_t steps; /* the optimiser's: the last block */
    memcpy(&steps, t.at + t.left - sizeof steps, sizeof steps);
    if (steps != c->step) {
        return error_set(err, LK_E_CORRUPT, "%s", damaged);
    }
    each_block(l, take, &t);
    return LK_OK;
}

lk_status checkpoint_load(struct checkpoint *c, struct learner *l, const char *path,
                          lk_error *err) {
    lk_bytes bytes;
    lk_status status = file_read(&bytes, path, (int64_t)8 << 30, NULL, err);
    if (status != LK_OK) {
        return status;
    }
    status = parse(c, l, &bytes, err);
    lk_bytes_release(&bytes);
    return status == LK_OK ? LK_OK : error_input(err, status, path);
}
