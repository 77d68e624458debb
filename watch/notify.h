/* SPDX-License-Identifier: Apache-2.0 */
/* Whom to tell of a camera's event: a table of kinds (webhook, MQTT, a command). Each keeps its own queue, so that a slow or
 * lost receiver holds up nothing; what is not delivered is said by notify_flush, and told again by the caller after a restart. */
#ifndef LK_NOTIFY_H
#define LK_NOTIFY_H

#include "likeness/status.h"
#include "likeness/watch.h"

struct notifier;

struct notify_options {
    const char *webhook;             /* URL, or NULL */
    const char *webhook_secret_file; /* key of the HMAC-SHA256 signature, or NULL */
    const char *mqtt;                /* mqtt://host[:port]/prefix, mqtts://..., or NULL */
    const char *mqtt_token_file;     /* "user:password", or NULL */
    bool ha_discovery;               /* announces every camera to Home Assistant */
    const char *
        exec; /* a program (argv, split at spaces, no shell), or NULL: the event's JSON on its standard input */
    void (*acknowledged)(void *context,
                         const char *camera); /* by MQTT's /ack/set, from another thread; or NULL */
    void (*enabled)(void *context, const char *camera,
                    bool enabled); /* by MQTT's /enabled/set; or NULL */
    void *context;
};

struct notice {
    const char *camera;
    int64_t
        event; /* number of the event in the store: the same event is told under the same number, also after a restart */
    const char *json; /* the likeness/camera-event/1 document */
    lk_view_state state;
    double score;
    const uint8_t *snapshot; /* JPEG, or NULL */
    size_t snapshot_size;
};

LK_MUST_CHECK lk_status notifier_new(struct notifier **out, const struct notify_options *options,
                                     lk_error *err);

/* Tells MQTT of the cameras there are (discovery, availability, ack and enabled topics). */
LK_MUST_CHECK lk_status notifier_camera(struct notifier *n, const char *camera, bool enabled,
                                        lk_error *err);

/* Queues an event for all receivers; copies what it needs. LK_E_LIMIT when a queue is full (1,000): nothing of it was queued. */
LK_MUST_CHECK lk_status notifier_send(struct notifier *n, const struct notice *notice,
                                      lk_error *err);

/* State, score and snapshot between events (MQTT, retained); nobody minds when one is lost. */
void notifier_figures(struct notifier *n, const struct notice *notice);

/* Waits until all that is queued is delivered or given up, at most timeout_s. delivered(context, event) has been called for
 * each event that every receiver took. err: the first receiver that did not. */
LK_MUST_CHECK lk_status notifier_flush(struct notifier *n, double timeout_s, lk_error *err);
void notifier_set_delivered(struct notifier *n, void (*delivered)(void *context, int64_t event),
                            void *context);
void notifier_free(struct notifier *n);

#endif
