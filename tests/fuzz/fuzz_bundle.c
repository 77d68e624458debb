/* SPDX-License-Identifier: Apache-2.0 */
/* Evidence bundles. The first byte chooses: the bytes as they are; a right bundle with the rest written over it; or one whose
 * manifest, policy, photo or reference is the rest, with sums that are right, since no mutation would find a hash. Nothing but the
 * right bundle is found good. */
#include <stdlib.h>
#include <string.h>

#include <likeness/evidence.h>

#include "report/bundle.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

enum { SIDE = 24 };

struct right {
    lk_engine *engine;
    lk_bytes bundle;
};

static void need(bool holds) {
    if (!holds) {
        abort();
    }
}

static lk_bytes picture(lk_engine *engine, uint8_t level) {
    lk_image image;
    lk_bytes out;
    need(lk_image_new(&image, SIDE, SIDE, 1, 8, NULL) == LK_OK);
    memset(image.data, level, image.stride * SIDE);
    need(lk_image_encode(&out, &image, engine, "pnm", 0, NULL) == LK_OK);
    lk_image_release(&image);
    return out;
}

static struct right right_bundle(void) {
    struct right r;
    lk_engine_options options = lk_engine_options_default();
    options.threads = 1;
    options.limits.pixels = 4096;
    options.limits.cpu_s = 2;
    need(lk_engine_new(&r.engine, &options, NULL) == LK_OK);
    lk_bytes photo = picture(r.engine, 200), reference = picture(r.engine, 40);
    const lk_bundle b = {.photo = photo.data,
                         .photo_bytes = photo.size,
                         .photo_name = "p",
                         .reference = reference.data,
                         .reference_bytes = reference.size,
                         .reference_name = "r"};
    need(lk_bundle_write(&r.bundle, r.engine, &b, NULL) == LK_OK);
    lk_bytes_release(&photo);
    lk_bytes_release(&reference);
    return r;
}

static void check(const struct right *r, const void *bytes, size_t size) {
    lk_bundle_check found;
    lk_error err = {0};
    bool same = size == r->bundle.size && memcmp(bytes, r->bundle.data, size) == 0;
    if (lk_bundle_open(&found, r->engine, bytes, size, &err) != LK_OK) {
        need(err.text[0] && !same);
        return;
    }
    bool good = found.inputs_unchanged && found.reproduced;
    need(good == !found.problem[0] && (!same || good));
    need(found.inputs_unchanged || !found.verdict[0]);
}

/* The right bundle but for one file. */
static void check_with(const struct right *r, int which, const uint8_t *bytes, size_t size) {
    struct tar_member members[BUNDLE_MEMBERS];
    struct buf archive, sums;
    size_t count;
    need(tar_read(members, BUNDLE_MEMBERS, &count, r->bundle.data, r->bundle.size, NULL) == LK_OK);
    members[which].data = bytes;
    members[which].size = size;
    buf_init(&sums, 1 << 12);
    bundle_sums(&sums, members);
    buf_init(&archive, BUNDLE_BYTES_MAX);
    for (int i = 0; i < BUNDLE_SUMS; i++) {
        tar_add(&archive, bundle_members[i], members[i].data, members[i].size);
    }
    tar_add(&archive, bundle_members[BUNDLE_SUMS], sums.data, sums.size);
    tar_end(&archive);
    need(archive.status == LK_OK);
    check(r, archive.data, archive.size);
    buf_release(&sums);
    buf_release(&archive);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    static struct right r; /* a tenth of a second to make */
    if (!r.engine) {
        r = right_bundle();
    }
    if (size < 4) {
        return 0;
    }
    if (bytes[0] % 6 == 0) {
        check(&r, bytes + 1, size - 1);
    } else if (bytes[0] % 6 == 1) {
        uint8_t *copy = malloc(r.bundle.size);
        size_t at = (size_t)(bytes[1] << 8 | bytes[2]) % r.bundle.size,
               length = size - 3 < r.bundle.size - at ? size - 3 : r.bundle.size - at;
        need(copy != NULL);
        memcpy(copy, r.bundle.data, r.bundle.size);
        memcpy(copy + at, bytes + 3, length);
        check(&r, copy, r.bundle.size);
        free(copy);
    } else {
        check_with(&r, bytes[0] % 6 - 2, bytes + 1, size - 1); /* BUNDLE_MANIFEST and so on */
    }
    return 0;
}
