/* SPDX-License-Identifier: Apache-2.0 */
/* Checkpoints: what is read can be gone on with, shown as a curve and saved to the same bytes; what is refused says why and leaves
 * the network as it was. The first byte chooses: the bytes as they are, or as what stands between a right beginning and a right
 * checksum, which no mutation would find. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/digest.h"
#include "learn/checkpoint.h"
#include "learn/curve.h"
#include "nn/build.h"

enum { DIGEST = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void need(bool holds) {
    if (!holds) {
        abort();
    }
}

static lk_status no_loss(void *arg, double *loss, const struct tensor *outputs,
                         struct tensor *gradients, int32_t count, lk_error *err) {
    (void)arg;
    (void)loss;
    (void)outputs;
    (void)gradients;
    (void)count;
    (void)err;
    return LK_OK;
}

/* A convolution of 2 channels to 1 and its normalisation: few numbers. */
static struct learner *small_learner(void) {
    static struct learner l; /* global: made once, for speed; the fuzzer runs on one thread */
    static const char *const names[] = {"out"};
    struct builder b;
    struct graph g;
    lk_error err;
    if (l.trainer) {
        return &l;
    }
    const struct tensor shape = tensor_of(TENSOR_F32, 4, (const int64_t[]){2, 2, 1, 1});
    const struct trainer_options o = {
        .threads = 1, .memory_bytes = 1 << 20, .cpu = CPU_C, .loss = no_loss};
    const struct optimiser_options adam = {.kind = OPTIMISER_ADAMW, .average = 0.5};
    build_begin(&b, &g, 1, &err);
    int32_t x = build_conv(&b, "c", build_input(&b, "in", 2, 1, 1), &(struct build_conv){2, 1, 1});
    x = build_norm(&b, "n", x, 1);
    need(build_end(&b, names, &x, 1) == LK_OK);
    need(trainer_new(&l.trainer, &g, &shape, NULL, 0, &o, &err) == LK_OK);
    need(optimiser_new(&l.optimiser, l.trainer, &adam, &err) == LK_OK);
    return &l;
}

/* The checkpoint that the input stands for, as a file in memory. */
static int write_input(const uint8_t *bytes, size_t size, const char *settings) {
    struct buf b;
    char digest[DIGEST + 1];
    int fd = memfd_create("checkpoint", 0);
    buf_init(&b, (size_t)1 << 24);
    if (bytes[0] & 1) {
        buf_add_text(&b, "likeness checkpoint 1\n");
        buf_add(&b, settings, DIGEST);
    }
    buf_add(&b, bytes + 1, size - 1);
    if (bytes[0] & 1) {
        digest_sha256_hex(digest, b.data, b.size);
        buf_add(&b, digest, DIGEST);
    }
    need(fd >= 0 && b.status == LK_OK && write(fd, b.data, b.size) == (ssize_t)b.size);
    buf_release(&b);
    return fd;
}

static void go_on(const struct checkpoint *c, struct learner *l, const char *path) {
    const struct curve_page page = {
        .title = "t", .points = c->points, .point_count = (size_t)c->point_count};
    lk_bytes html = {0};
    lk_error err = {0};
    need(c->step >= 0 && *optimiser_steps(l->optimiser) == c->step);
    need(curve_html(&html, &page, &err) == LK_OK || err.text[0]);
    lk_bytes_release(&html);
    need(checkpoint_save(c, l, path, &err) == LK_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    struct learner *l = small_learner();
    struct checkpoint c = {.step = 0}, again = {.step = 0};
    lk_error err = {0};
    char path[64];
    int32_t count;
    const struct parameter *p = trainer_parameters(l->trainer, &count);
    if (size < 1) {
        return 0;
    }
    memset(c.settings, 'a', DIGEST);
    memset(again.settings, 'a', DIGEST);
    int fd = write_input(bytes, size, c.settings);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    p[0].data[0] = 7;
    if (checkpoint_load(&c, l, path, &err) == LK_OK) {
        char saved[] = "/tmp/likeness-fuzz-checkpoint-XXXXXX";
        int other = mkstemp(saved);
        need(other >= 0);
        go_on(&c, l, saved);
        need(checkpoint_load(&again, l, saved, &err) == LK_OK && again.step == c.step);
        close(other);
        unlink(saved);
    } else {
        need(err.text[0] && err.input[0] && p[0].data[0] >= 7 && p[0].data[0] <= 7);
    }
    checkpoint_release(&c);
    checkpoint_release(&again);
    close(fd);
    return 0;
}
