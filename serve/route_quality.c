/* SPDX-License-Identifier: Apache-2.0 */
/* Is this a good picture to compare others with? */
#include <string.h>

#include "serve/server.h"

static void get_quality(struct request *r, struct bench *bench) {
    lk_image picture;
    lk_image_info info;
    lk_quality quality;
    lk_bytes text = {0};
    lk_error err = {0};
    if (!session_picture(&picture, &info, r, bench, r->parameters[0], 0)) {
        return;
    }
    lk_status status = lk_quality_measure(&quality, bench->engine, &picture, &err);
    status = status == LK_OK ? lk_report_quality(&text, &quality, &err) : status;
    lk_image_release(&picture);
    if (status != LK_OK) {
        answer_error(r, &err);
        return;
    }
    buf_add(&r->out, text.data, text.size);
    buf_add_text(&r->out, "\n");
    lk_bytes_release(&text);
    answer_written(r, 200);
}

const struct route quality_routes[] = {
    {.method = "GET",
     .path = "/api/v1/images/{image}/quality",
     .summary = "how well a picture was taken: 1 to 5 stars with reasons; \"quality\" of likeness "
                "info --json",
     .computes = true,
     .handle = get_quality},
    ROUTE_END,
};
