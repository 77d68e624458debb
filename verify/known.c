/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/known.h"

#include "base/error.h"
#include "base/mem.h"

struct lk_known {
    const lk_image *image; /* borrowed */
    struct derived derived;
};

lk_status lk_known_new(lk_known **out, const lk_image *image, lk_error *err) {
    lk_known *k = mem_calloc(1, sizeof *k);
    *out = NULL;
    if (!k) {
        return error_memory(err, sizeof *k);
    }
    k->image = image;
    lk_status status = derived_init(&k->derived, err);
    if (status != LK_OK) {
        mem_free(k);
        return status;
    }
    *out = k;
    return LK_OK;
}

void lk_known_free(lk_known *k) {
    if (k) {
        derived_release(&k->derived);
        mem_free(k);
    }
}

void known_lend(struct view *v, lk_known *k) {
    if (k && k->image == v->image) {
        view_share(v, &k->derived);
    }
}
