/* SPDX-License-Identifier: Apache-2.0 */
/* Figures of watched cameras for Prometheus, in its text format 0.0.4: served over HTTP, or written to a file that
 * node_exporter's textfile collector reads. */
#ifndef LK_FIGURES_H
#define LK_FIGURES_H

#include "base/buf.h"
#include "watch/notify.h"

struct camera_figures {
    const char *camera; /* borrowed */
    lk_view_state state;
    double score; /* of the newest frame; NaN: there was none */
    bool enabled, latched;
    int64_t frames;        /* looked at */
    int64_t failures;      /* times no picture came */
    int64_t alarms;        /* events whose state is not ok */
    double look_seconds;   /* spent on all frames */
    int64_t last_frame_ms; /* since 1970 when the newest frame was taken; 0: there was none */
};

/* Appends all of it. Failures stay in the buffer (buf_status). */
void figures_write(struct buf *out, const struct camera_figures *cameras, size_t camera_count,
                   const struct notify_counts *receivers, size_t receiver_count);

#endif
