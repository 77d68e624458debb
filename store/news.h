/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LK_NEWS_H
#define LK_NEWS_H

#include "store/store.h"

/* Adds a piece of news under the next number; inside lk_store_begin and lk_store_end. job 0: of none. */
MUST_CHECK lk_status news_add(lk_store *s, const char *type, int64_t job, const char *document,
                              lk_error *err);

#endif
