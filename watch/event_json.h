/* SPDX-License-Identifier: Apache-2.0 */
/* An event as the document likeness/camera-event/1: a line of `watch --jsonl`, the body of a webhook, the message of MQTT. */
#ifndef LK_EVENT_JSON_H
#define LK_EVENT_JSON_H

#include "base/buf.h"
#include "watch/event.h"

/* Appends one line without its end. Failures stay in the buffer (buf_status). The same event gives the same bytes. */
void event_json(struct buf *out, const struct camera_event *event);

#endif
