/* SPDX-License-Identifier: Apache-2.0 */
/* The first step of optical flow on one level of the pyramid: small patches look for themselves. */
#ifndef LK_FLOW_SEARCH_H
#define LK_FLOW_SEARCH_H

#include "image/engine.h"
#include "motion/padded.h"

/* Where a patch went. */
struct flow_match {
    float u, v;
    float cost;   /* sum of squared differences about their mean */
    float offset; /* that mean */
};

struct flow_search {
    lk_engine *engine;
    struct padded first, second;   /* this level of both pictures; at least FLOW_PATCH a side */
    struct padded u, v;            /* the flow: what the coarser level says, then what was found */
    struct padded dx, dy, weight;  /* scratch */
    struct flow_match *matches[2]; /* scratch: flow_search_matches of this level each */
};

/* How many patches a level of this size has. */
size_t flow_search_matches(int32_t width, int32_t height);

/* u and v get the flow of every pixel, rows extended to both sides. A match reaches patches up to `spreads` away. */
void flow_search(struct flow_search *s, int32_t spreads);

#endif
