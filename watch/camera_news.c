/* SPDX-License-Identifier: Apache-2.0 */
#include "watch/camera_news.h"

#include "base/json.h"
#include "store/news.h"

enum { NEWS_MAX = 4096 };

lk_status camera_news(lk_store *s, const char *id, const char *what,
                      const struct standing *standing, int64_t event, lk_error *err) {
    struct buf b;
    struct json j;
    buf_init(&b, NEWS_MAX);
    json_init(&j, &b, 0);
    json_object_begin(&j, NULL);
    json_text(&j, "camera", id);
    json_text(&j, "what", what);
    if (standing) {
        json_text(&j, "state", lk_view_state_name(standing->state));
        json_bool(&j, "latched", standing->latched);
    }
    if (event > 0) {
        json_int(&j, "event", event);
    }
    json_object_end(&j);
    lk_status status = buf_status(&b, err);
    status = status == LK_OK ? news_add(s, "camera.state", 0, (const char *)b.data, err) : status;
    buf_release(&b);
    return status;
}
