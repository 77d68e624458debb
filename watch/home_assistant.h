/* SPDX-License-Identifier: Apache-2.0 */
/* What Home Assistant is told of a camera so that it shows it by itself (its MQTT discovery): a device with a sensor of
 * tampering, the state, the score, the picture, a button to acknowledge and a switch. */
#ifndef LK_HOME_ASSISTANT_H
#define LK_HOME_ASSISTANT_H

#include "base/buf.h"

#define HOME_ASSISTANT_ONLINE "online"
#define HOME_ASSISTANT_OFFLINE "offline"
#define HOME_ASSISTANT_ON "ON"
#define HOME_ASSISTANT_OFF "OFF"
#define HOME_ASSISTANT_NONE "None" /* a number that is not known */

/* How many things a camera is made of there. */
size_t home_assistant_count(void);
/* The topic and the document of one of them, appended; prefix is that of our own topics. */
void home_assistant_topic(struct buf *out, size_t i, const char *prefix, const char *camera);
void home_assistant_document(struct buf *out, size_t i, const char *prefix, const char *camera);

#endif
