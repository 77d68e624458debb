/* SPDX-License-Identifier: Apache-2.0 */
#include "report/parts.h"

void json_quality(struct json *j, const char *key, const lk_quality *q) {
    json_object_begin(j, key);
    json_int(j, "stars", q->stars);
    json_number(j, "sharpness", q->sharpness);
    json_number(j, "brightness", q->brightness);
    json_number(j, "contrast", q->contrast);
    json_number(j, "dark", q->dark);
    json_number(j, "light", q->light);
    json_number(j, "texture", q->texture);
    json_array_begin(j, "reasons");
    for (int32_t i = 0; i < q->reason_count; i++) {
        json_text(j, NULL, q->reasons[i]);
    }
    json_array_end(j);
    json_object_end(j);
}

lk_status lk_report_quality(lk_bytes *out, const lk_quality *q, lk_error *err) {
    struct buf b;
    struct json j;
    buf_init(&b, 1 << 16);
    json_init(&j, &b, 0);
    json_quality(&j, NULL, q);
    return buf_finish(&b, out, err);
}
