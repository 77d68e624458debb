/* SPDX-License-Identifier: Apache-2.0 */
/* Whom to tell of a camera's event: a table of kinds (a command, MQTT, a webhook; watch/notify_kind.h). Each receiver has its own
 * thread and its own bounded queue, so that a slow or lost one holds up nothing. At least once: what not every receiver took is
 * never reported as delivered; the caller keeps it in its store and sends it again, after a restart too, under the same number. */
#ifndef LK_NOTIFY_H
#define LK_NOTIFY_H

#include <stdbool.h>

#include "likeness/watch.h"

struct notifier;

enum { NOTIFY_QUEUE_MAX = 1000, NOTIFY_KINDS_MAX = 8 };

struct notify_options {
    const char *webhook;             /* http:// or https://, or NULL */
    const char *webhook_secret_file; /* "hmac KEY" (net/credentials.h), or NULL: not signed */
    const char *webhook_ca_file;     /* PEM: whom https trusts; NULL: whom the system trusts */
    const char *mqtt;                /* mqtt://host[:port][/prefix], mqtts://..., or NULL */
    const char *mqtt_token_file;     /* "basic USER:PASSWORD", or NULL */
    const char *mqtt_ca_file;        /* PEM: whom mqtts trusts; NULL: whom the system trusts */
    bool ha_discovery;               /* announces every camera to Home Assistant */
    const char *exec;      /* a program and its arguments, split at spaces, no shell; or NULL */
    double exec_timeout_s; /* after which it is killed; 0: 30 */
    double
        retry_s; /* the first wait before a try is repeated, then twice as long each time; 0: 1 */

    /* All called from other threads; each may be NULL. */
    void (*acknowledged)(void *context, const char *camera);          /* by MQTT's /ack/set */
    void (*enabled)(void *context, const char *camera, bool enabled); /* by MQTT's /enabled/set */
    /* A try failed, otherwise than the one before; given_up: the last one. err names the receiver and the cause. */
    void (*trouble)(void *context, const lk_error *err, int64_t event, bool given_up);
    void *context;
};

struct notice {
    const char *camera;
    int64_t event;    /* number of the event in the store, above 0 */
    const char *json; /* the likeness/camera-event/1 document */
    lk_view_state state;
    double score;            /* NaN: none (no picture) */
    const uint8_t *snapshot; /* JPEG, or NULL */
    size_t snapshot_size;
};

/* Checks addresses and reads the files of keys; connects later. LK_E_USAGE, LK_E_IO, LK_E_FORMAT (a library is missing). */
LK_MUST_CHECK lk_status notifier_new(struct notifier **out, const struct notify_options *options,
                                     lk_error *err);

/* Tells MQTT of the cameras there are (discovery, availability, ack and enabled topics); again when `enabled` changes.
 * LK_E_USAGE where the name cannot stand in a topic. */
LK_MUST_CHECK lk_status notifier_camera(struct notifier *n, const char *camera, bool enabled,
                                        lk_error *err);

/* Queues an event for every receiver; copies what it needs. An event that is still known here goes only to the receivers that
 * gave it up: sending what was not delivered again now and then is right. LK_E_LIMIT names a receiver whose queue is full
 * (NOTIFY_QUEUE_MAX); the others are told all the same, and the event is not reported as delivered. */
LK_MUST_CHECK lk_status notifier_send(struct notifier *n, const struct notice *notice,
                                      lk_error *err);

/* State, score and snapshot between events (MQTT, retained): the newest counts, nobody minds when one is lost. event and json
 * are not looked at. */
void notifier_figures(struct notifier *n, const struct notice *notice);

/* Waits until all that is queued is delivered or given up and the newest figures are out, at most timeout_s.
 * delivered(context, event) has then been called for each event that every receiver took. LK_E_WRITE names a receiver that did not
 * take all. */
LK_MUST_CHECK lk_status notifier_flush(struct notifier *n, double timeout_s, lk_error *err);

/* Called from another thread, once for each event that every receiver took; set before the first notifier_send. */
void notifier_set_delivered(struct notifier *n, void (*delivered)(void *context, int64_t event),
                            void *context);

/* What became of all events so far, a row a receiver. */
struct notify_counts {
    const char *receiver; /* "exec", "mqtt", "webhook" */
    int64_t delivered, failures, given_up;
    int32_t waiting;
};
size_t notifier_counts(struct notifier *n, struct notify_counts out[NOTIFY_KINDS_MAX]);

/* Ends at once: what is queued is dropped and not reported. */
void notifier_free(struct notifier *n);

#endif
