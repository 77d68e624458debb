/* SPDX-License-Identifier: Apache-2.0 */
/* A client of an MQTT broker (3.1.1), over libmosquitto, which is loaded when the first client is made. A thread of its own keeps
 * it connected: after a loss it tries again, at first within a second, then after twice as long each time up to a minute, shortened
 * at random by up to a half. Each connection begins anew: what the broker has not said to have taken is not sent again by
 * itself. */
#ifndef LK_MQTT_H
#define LK_MQTT_H

#include <stdbool.h>

#include <likeness/status.h>

#include "base/library.h"
#include "net/credentials.h"

struct mqtt;

struct mqtt_message {
    const char *topic;
    const void *data;
    size_t size;
    bool retained; /* the broker keeps it and gives it to whoever subscribes later */
};

struct mqtt_options {
    const char *url; /* mqtt://host[:port] or mqtts://host[:port]; what follows is not looked at */
    const struct credentials
        *credentials;          /* CREDENTIALS_BASIC, or NULL; borrowed until mqtt_close */
    const char *ca_file;       /* PEM: whom mqtts trusts; NULL: whom the system trusts */
    struct mqtt_message will;  /* published by the broker when we are lost, and by mqtt_close */
    const char *const *topics; /* subscribed to in each connection, QoS 1 */
    size_t topic_count;

    /* Called from the client's thread, which may publish in them but not close. */
    /* true: publish again what was not taken; false: the connection is lost, or could not be made. */
    void (*connected)(void *context, bool connected);
    void (*received)(void *context, const struct mqtt_message *message);
    void (*taken)(void *context, int32_t number); /* the broker has the message of that number */
    void *context;
};

enum { MQTT_HOST_MAX = 254 }; /* of a name (RFC 1035), with its zero */

/* What an address says. */
struct mqtt_address {
    char host[MQTT_HOST_MAX];
    uint16_t port; /* 1883, with TLS 8883, where none is named */
    bool tls;
    const char *path; /* behind the host, without the slash; points into the address */
};

/* LK_E_USAGE for what is no mqtt:// or mqtts:// address, or holds a user or password. */
LK_MUST_CHECK lk_status mqtt_address_read(struct mqtt_address *out, const char *url, lk_error *err);

/* Checks and begins to connect; does not wait for it. All that options points to must stay until mqtt_close. LK_E_USAGE,
 * LK_E_IO (ca_file cannot be read), LK_E_FORMAT when the machine lacks libmosquitto, LK_E_MEMORY. Not from two threads at once. */
LK_MUST_CHECK lk_status mqtt_open(struct mqtt **out, const struct mqtt_options *options,
                                  lk_error *err);

/* Hands a message to the connection with QoS 1: `taken` is called with *number (from 1) once the broker has it. LK_E_IO where there
 * is no connection: err says why there is none. */
LK_MUST_CHECK lk_status mqtt_publish(struct mqtt *m, int32_t *number,
                                     const struct mqtt_message *message, lk_error *err);

/* Whether the first connection is being made and nothing has failed so far. */
bool mqtt_is_trying(struct mqtt *m);

/* Publishes the will, says good-bye (for at most two seconds) and ends the thread. Accepts NULL. */
void mqtt_close(struct mqtt *m);

extern const struct library_row library_mosquitto;

#endif
