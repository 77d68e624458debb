/* SPDX-License-Identifier: Apache-2.0 */
/* libmosquitto would connect again by itself and send again what was not acknowledged; but then nobody could say what of a
 * lost connection still lies in its queue. So each connection is a new client, driven by mosquitto_loop in our thread. */
#include "net/mqtt.h"

#include <errno.h>
#include <mosquitto.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/compiler.h"
#include "base/error.h"
#include "base/library.h"
#include "base/mem.h"
#include "base/rng.h"
#include "net/address.h"

#define MOSQUITTO_CALLS(X)                                                                         \
    X(mosquitto_lib_version)                                                                       \
    X(mosquitto_lib_init)                                                                          \
    X(mosquitto_lib_cleanup)                                                                       \
    X(mosquitto_new)                                                                               \
    X(mosquitto_destroy)                                                                           \
    X(mosquitto_threaded_set)                                                                      \
    X(mosquitto_will_set)                                                                          \
    X(mosquitto_username_pw_set)                                                                   \
    X(mosquitto_tls_set)                                                                           \
    X(mosquitto_int_option)                                                                        \
    X(mosquitto_connect_callback_set)                                                              \
    X(mosquitto_message_callback_set)                                                              \
    X(mosquitto_publish_callback_set)                                                              \
    X(mosquitto_log_callback_set)                                                                  \
    X(mosquitto_connect_async)                                                                     \
    X(mosquitto_disconnect)                                                                        \
    X(mosquitto_loop)                                                                              \
    X(mosquitto_subscribe)                                                                         \
    X(mosquitto_publish)                                                                           \
    X(mosquitto_strerror)                                                                          \
    X(mosquitto_connack_string)

struct mosquitto_calls {
    LIBRARY_POINTERS(MOSQUITTO_CALLS)
};

static const char *const mosquitto_names[] = {LIBRARY_NAMES(MOSQUITTO_CALLS)};

static lk_status version_of_mosquitto(char *out, size_t size, lk_error *err) {
    struct mosquitto_calls lib;
    void *handle;
    lk_status status = library_open(&handle, &lib, mosquitto_names, ARRAY_COUNT(mosquitto_names),
                                    library_mosquitto.soname, err);
    if (status == LK_OK) {
        int major, minor, revision;
        lib.mosquitto_lib_version(&major, &minor, &revision);
        snprintf(out, size, "%d.%d.%d", major, minor, revision);
        library_close(handle);
    }
    return status;
}

const struct library_row library_mosquitto = {
    .soname = "libmosquitto.so.1",
    .task = "telling a broker of MQTT",
    .version = version_of_mosquitto,
};

enum { KEEP_ALIVE_S = 30, LOOP_MS = 200, ID_SIZE = 24 };
static const double connect_s = 20, good_bye_s = 2, first_wait_s = 1, longest_wait_s = 60;
static const double good_s =
    5; /* a connection that lasted is no reason to wait longer for the next */

struct mqtt {
    struct mosquitto_calls lib;
    void *library;
    struct mqtt_options options;
    struct mqtt_address address;
    char id[ID_SIZE];
    struct rng rng;
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t change;
    struct mosquitto *client;      /* of this connection; NULL between two */
    bool connected, refused, stop; /* refused: the broker said itself why */
    char trouble[256];             /* why there is no connection; empty while nothing has failed */
    pthread_mutex_t
        log_lock;     /* its own: libmosquitto logs in calls that are made under the other */
    char detail[200]; /* the last error it logged */
    pthread_t thread;
    bool started;
};

lk_status mqtt_address_read(struct mqtt_address *out, const char *url, lk_error *err) {
    lk_status status = address_check(url, "mqtt mqtts", err);
    if (status != LK_OK) {
        return status;
    }
    *out = (struct mqtt_address){.tls = address_is(url, "mqtts")};
    const char *host = strstr(url, "://") + 3;
    bool literal = host[0] == '['; /* [::1]: a number of IPv6 */
    host += literal;
    size_t length = strcspn(host, literal ? "]" : ":/?#");
    const char *rest = host + length + (literal && host[length] == ']');
    char *end = NULL;
    long port = *rest == ':' ? strtol(rest + 1, &end, 10) : out->tls ? 8883 : 1883;
    rest = end ? end : rest;
    if (length == 0 || (literal && host[length] != ']') || length >= sizeof out->host || port < 1 ||
        port > 65535 || (*rest != '/' && *rest != '\0')) {
        char shown[ADDRESS_SHOWN];
        address_show(shown, sizeof shown, url);
        return error_input(err,
                           error_set(err, LK_E_USAGE, "wanted is %s://host[:port][/prefix]",
                                     out->tls ? "mqtts" : "mqtt"),
                           shown);
    }
    memcpy(out->host, host, length);
    out->port = (uint16_t)port;
    out->path = *rest == '/' ? rest + 1 : rest;
    return LK_OK;
}

static bool is_stopped(struct mqtt *m) {
    pthread_mutex_lock(&m->lock);
    bool stop = m->stop;
    pthread_mutex_unlock(&m->lock);
    return stop;
}

static bool is_connected(struct mqtt *m) {
    pthread_mutex_lock(&m->lock);
    bool connected = m->connected;
    pthread_mutex_unlock(&m->lock);
    return connected;
}

static void set_trouble(struct mqtt *m, const char *what, bool refused) {
    pthread_mutex_lock(&m->lock);
    m->refused = refused;
    snprintf(m->trouble, sizeof m->trouble, "%s", what);
    pthread_mutex_unlock(&m->lock);
}

static void on_connect(struct mosquitto *client, void *context, int code) {
    struct mqtt *m = context;
    if (code != 0) {
        char text[200];
        snprintf(text, sizeof text, "the broker refused: %s",
                 m->lib.mosquitto_connack_string(code));
        set_trouble(m, text, true);
        m->lib.mosquitto_disconnect(client);
        return;
    }
    for (size_t i = 0; i < m->options.topic_count; i++) {
        m->lib.mosquitto_subscribe(client, NULL, m->options.topics[i], 1);
    }
    pthread_mutex_lock(&m->lock);
    m->connected = true;
    m->trouble[0] = '\0';
    pthread_mutex_unlock(&m->lock);
    m->options.connected(m->options.context, true);
}

static void on_message(struct mosquitto *client, void *context,
                       const struct mosquitto_message *message) {
    (void)client;
    struct mqtt *m = context;
    const struct mqtt_message out = {.topic = message->topic,
                                     .data = message->payload,
                                     .size = (size_t)message->payloadlen,
                                     .retained = message->retain};
    m->options.received(m->options.context, &out);
}

static void on_publish(struct mosquitto *client, void *context, int number) {
    (void)client;
    struct mqtt *m = context;
    m->options.taken(m->options.context, number);
}

/* What OpenSSL says of a certificate comes no other way. */
static void on_log(struct mosquitto *client, void *context, int level, const char *text) {
    (void)client;
    struct mqtt *m = context;
    if (level == MOSQ_LOG_ERR) {
        pthread_mutex_lock(&m->log_lock);
        snprintf(m->detail, sizeof m->detail, "%s", text);
        pthread_mutex_unlock(&m->log_lock);
    }
}

static int prepare(struct mqtt *m, struct mosquitto *client) {
    const struct mqtt_options *o = &m->options;
    m->lib.mosquitto_threaded_set(client, true); /* others may publish while we are in the loop */
    m->lib.mosquitto_connect_callback_set(client, on_connect);
    m->lib.mosquitto_message_callback_set(client, on_message);
    m->lib.mosquitto_publish_callback_set(client, on_publish);
    m->lib.mosquitto_log_callback_set(client, on_log);
    int code = m->lib.mosquitto_will_set(client, o->will.topic, (int)o->will.size, o->will.data, 1,
                                         o->will.retained);
    if (code == 0 && o->credentials) {
        code =
            m->lib.mosquitto_username_pw_set(client, o->credentials->user, o->credentials->secret);
    }
    if (code == 0 && m->address.tls && o->ca_file) {
        code = m->lib.mosquitto_tls_set(client, o->ca_file, NULL, NULL, NULL, NULL);
    } else if (code == 0 && m->address.tls) {
        code = m->lib.mosquitto_int_option(client, MOSQ_OPT_TLS_USE_OS_CERTS, 1);
    }
    return code;
}

static void say_failed(struct mqtt *m, int code, int why) {
    char detail[sizeof m->detail];
    pthread_mutex_lock(&m->log_lock);
    memcpy(detail, m->detail, sizeof detail);
    pthread_mutex_unlock(&m->log_lock);
    const char *text = code == MOSQ_ERR_ERRNO ? strerror(why) : m->lib.mosquitto_strerror(code);
    const char *last = strrchr(detail, ':'); /* "...error:0A000086:SSL routines::what it is" */
    bool tls = code == MOSQ_ERR_TLS && last;
    pthread_mutex_lock(&m->lock);
    if (!m->refused) {
        snprintf(m->trouble, sizeof m->trouble, "%s%s", tls ? "TLS: " : "", tls ? last + 1 : text);
    }
    pthread_mutex_unlock(&m->lock);
}

/* Until the connection ends, cannot be made in connect_s, or we are told to stop. */
static int converse(struct mqtt *m, struct mosquitto *client) {
    double until = clock_s() + connect_s;
    int code = 0;
    while (code == 0 && !is_stopped(m)) {
        code = m->lib.mosquitto_loop(client, LOOP_MS, 1);
        if (!is_connected(m) && clock_s() > until) {
            errno = ETIMEDOUT;
            return MOSQ_ERR_ERRNO;
        }
    }
    return code;
}

/* Whoever leaves in good order has no last will: it is said here. */
static void say_good_bye(struct mqtt *m, struct mosquitto *client) {
    double until = clock_s() + good_bye_s;
    const struct mqtt_message *will = &m->options.will;
    if (m->lib.mosquitto_publish(client, NULL, will->topic, (int)will->size, will->data, 0,
                                 will->retained) != 0) {
        return;
    }
    int code = m->lib.mosquitto_disconnect(client);
    while (code == 0 && clock_s() < until) {
        code = m->lib.mosquitto_loop(client, LOOP_MS, 1);
    }
}

/* Whether there was a connection. */
static bool connect_once(struct mqtt *m, struct mosquitto *client) {
    int code = prepare(m, client);
    pthread_mutex_lock(&m->lock);
    m->client = client;
    m->refused = false;
    pthread_mutex_unlock(&m->lock);
    pthread_mutex_lock(&m->log_lock);
    m->detail[0] = '\0';
    pthread_mutex_unlock(&m->log_lock);
    code = code ? code
                : m->lib.mosquitto_connect_async(client, m->address.host, m->address.port,
                                                 KEEP_ALIVE_S);
    code = code ? code : converse(m, client);
    if (code) {
        say_failed(m, code, errno);
    } else if (is_connected(m)) {
        say_good_bye(m, client);
    }
    bool was = is_connected(m);
    pthread_mutex_lock(&m->lock);
    m->client = NULL;
    m->connected = false;
    pthread_mutex_unlock(&m->lock);
    m->lib.mosquitto_destroy(client);
    m->options.connected(m->options.context, false);
    return was;
}

static void pause_s(struct mqtt *m, double seconds) {
    double until = clock_s() + seconds * (1 - 0.5 * rng_unit(&m->rng));
    struct timespec moment = {.tv_sec = (time_t)until,
                              .tv_nsec = (long)((until - (double)(time_t)until) * 1e9)};
    pthread_mutex_lock(&m->lock);
    while (!m->stop && clock_s() < until) {
        pthread_cond_timedwait(&m->change, &m->lock, &moment);
    }
    pthread_mutex_unlock(&m->lock);
}

static void *mqtt_run(void *arg) {
    struct mqtt *m = arg;
    double wait_s = first_wait_s;
    while (!is_stopped(m)) {
        double begun = clock_s();
        bool was = false;
        struct mosquitto *client = m->lib.mosquitto_new(m->id, true, m);
        if (client) {
            was = connect_once(m, client);
        } else {
            set_trouble(m, strerror(errno), false);
        }
        if (was && clock_s() - begun > good_s) {
            wait_s = first_wait_s;
        }
        pause_s(m, wait_s);
        wait_s = MIN(2 * wait_s, longest_wait_s);
    }
    return NULL;
}

/* Signals are the program's own threads' to handle, and a broken connection is an error here, not the end. */
static lk_status mqtt_start(struct mqtt *m, lk_error *err) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(&m->thread, NULL, mqtt_run, m);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    m->started = failed == 0;
    return failed ? error_set(err, LK_E_MEMORY, "no thread to be had: %s", strerror(failed))
                  : LK_OK;
}

static lk_status check_options(const struct mqtt *m, lk_error *err) {
    const struct mqtt_options *o = &m->options;
    if (o->credentials && o->credentials->kind != CREDENTIALS_BASIC) {
        return error_set(err, LK_E_USAGE, "MQTT knows a user and a password only: \"basic ...\"");
    }
    if (o->ca_file && access(o->ca_file, R_OK) != 0) {
        error_set(err, LK_E_IO, "%s", strerror(errno));
        return error_input(err, LK_E_IO, o->ca_file);
    }
    return LK_OK;
}

static void mqtt_init(struct mqtt *m, const struct mqtt_options *options) {
    m->options = *options;
    rng_init(&m->rng, (uint64_t)(clock_s() * 1e9) ^ (uint64_t)getpid() << 32);
    snprintf(m->id, sizeof m->id, "likeness-%014llx", (unsigned long long)(rng_next(&m->rng) >> 8));
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&m->change, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&m->lock, NULL);
    pthread_mutex_init(&m->log_lock, NULL);
}

lk_status mqtt_open(struct mqtt **out, const struct mqtt_options *options, lk_error *err) {
    *out = NULL;
    struct mqtt *m = mem_calloc(1, sizeof *m);
    if (!m) {
        return error_memory(err, sizeof *m);
    }
    mqtt_init(m, options);
    lk_status status = mqtt_address_read(&m->address, options->url, err);
    status = status == LK_OK ? check_options(m, err) : status;
    if (status == LK_OK) {
        status = library_open(&m->library, &m->lib, mosquitto_names, ARRAY_COUNT(mosquitto_names),
                              library_mosquitto.soname, err);
    }
    if (status == LK_OK) {
        m->lib.mosquitto_lib_init();
        status = mqtt_start(m, err);
    }
    if (status != LK_OK) {
        mqtt_close(m);
        return status;
    }
    *out = m;
    return LK_OK;
}

void mqtt_close(struct mqtt *m) {
    if (!m) {
        return;
    }
    pthread_mutex_lock(&m->lock);
    m->stop = true;
    pthread_cond_broadcast(&m->change);
    pthread_mutex_unlock(&m->lock);
    if (m->started) {
        pthread_join(m->thread, NULL);
    }
    if (m->library) {
        m->lib.mosquitto_lib_cleanup();
        library_close(m->library);
    }
    pthread_cond_destroy(&m->change);
    pthread_mutex_destroy(&m->lock);
    pthread_mutex_destroy(&m->log_lock);
    mem_free(m);
}

bool mqtt_is_trying(struct mqtt *m) {
    pthread_mutex_lock(&m->lock);
    bool trying = !m->connected && !m->trouble[0];
    pthread_mutex_unlock(&m->lock);
    return trying;
}

lk_status mqtt_publish(struct mqtt *m, int32_t *number, const struct mqtt_message *message,
                       lk_error *err) {
    lk_status status = LK_OK;
    pthread_mutex_lock(&m->lock);
    int code = MOSQ_ERR_NO_CONN;
    if (m->client && m->connected) {
        code = m->lib.mosquitto_publish(m->client, number, message->topic, (int)message->size,
                                        message->data, 1, message->retained);
    }
    if (code != 0) {
        bool known = code == MOSQ_ERR_NO_CONN && m->trouble[0];
        status = error_set(err, code == MOSQ_ERR_NOMEM ? LK_E_MEMORY : LK_E_IO, "%s",
                           known ? m->trouble : m->lib.mosquitto_strerror(code));
        error_input(err, status, m->address.host);
    }
    pthread_mutex_unlock(&m->lock);
    return status;
}
