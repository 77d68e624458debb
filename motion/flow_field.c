/* SPDX-License-Identifier: Apache-2.0 */
#include <likeness/motion.h>

#include <math.h>

#include "base/error.h"
#include "base/mem.h"
#include "image/image.h"
#include "motion/optical_flow.h"

void lk_flow_release(lk_flow *flow) {
    if (flow) {
        mem_free(flow->data);
        *flow = (lk_flow){0};
    }
}

lk_status lk_flow_compute(lk_flow *out, lk_engine *engine, const lk_image *a, const lk_image *b,
                          lk_error *err) {
    lk_image gray_a = {0}, gray_b = {0};
    *out = (lk_flow){0};
    lk_status status = lk_image_to_gray(&gray_a, a, err);
    status = status == LK_OK ? lk_image_to_gray(&gray_b, b, err) : status;
    status = status == LK_OK ? optical_flow(out, engine, &gray_a, &gray_b, err) : status;
    lk_image_release(&gray_a);
    lk_image_release(&gray_b);
    return status;
}

lk_status lk_flow_error(double *out, const lk_flow *flow, const lk_flow *truth, lk_error *err) {
    double sum = 0;
    size_t known = 0;
    *out = 0;
    if (flow->width != truth->width || flow->height != truth->height) {
        return error_set(err, LK_E_SIZE, "fields of %d x %d and %d x %d", flow->width, flow->height,
                         truth->width, truth->height);
    }
    for (size_t i = 0; i < (size_t)flow->width * (size_t)flow->height; i++) {
        const float *a = flow->data + 2 * i, *b = truth->data + 2 * i;
        if (flow_is_known(a) && flow_is_known(b)) {
            double du = (double)a[0] - b[0], dv = (double)a[1] - b[1];
            sum += sqrt(du * du + dv * dv);
            known++;
        }
    }
    if (known == 0) {
        return error_set(err, LK_E_USAGE, "no pixel is known to both fields");
    }
    *out = sum / (double)known;
    return LK_OK;
}
