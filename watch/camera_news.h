/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LK_CAMERA_NEWS_H
#define LK_CAMERA_NEWS_H

#include "store/store.h"
#include "watch/standing.h"

/* Adds "camera.state" to the news of the store: what changed about a camera other than that it looked once more; inside
 * lk_store_begin and lk_store_end. what: "state", "acknowledged", "view", "settings", "removed". standing (NULL: not said) is where
 * it stands now, event the event that it is (0: none). */
MUST_CHECK lk_status camera_news(lk_store *s, const char *id, const char *what,
                                 const struct standing *standing, int64_t event, lk_error *err);

#endif
