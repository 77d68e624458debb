/* SPDX-License-Identifier: Apache-2.0 */
/* Topics under the prefix, "likeness" unless the address names another:
 *
 *     available             online; offline by our last will or good-bye             retained
 *     CAMERA/state          ok, moved, ...                                           retained
 *     CAMERA/score          0..1, None without a picture                             retained
 *     CAMERA/snapshot       JPEG                                                     retained
 *     CAMERA/event          the JSON of an event, once for each
 *     CAMERA/ack/set        whatever comes acknowledges the alarm
 *     CAMERA/enabled/set    ON or OFF
 *     CAMERA/enabled/state  ON or OFF                                                retained
 *
 * What is retained is kept here too and published anew in each connection: a broker may have forgotten it. Of each only the newest
 * value waits, and only one is on its way, so that a slow connection costs no memory. */
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/clock.h"
#include "base/compiler.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "net/mqtt.h"
#include "watch/home_assistant.h"
#include "watch/notify_kind.h"

enum { PREFIX_MAX = 128, CAMERA_MAX = 128, TOPIC_MAX = 512, DOCUMENT_MAX = 1 << 16 };
static const double connect_s = 10, take_s = 20; /* what one try waits for */

enum { ENABLED, STATE, SCORE, SNAPSHOT, CELLS };
static const char *const cell_topics[] = {
    [ENABLED] = "enabled/state", [STATE] = "state", [SCORE] = "score", [SNAPSHOT] = "snapshot"};

/* A retained value. */
struct cell {
    lk_bytes value;
    bool fresh;     /* to be published */
    int32_t number; /* of the message on its way; 0 when there is none */
};

struct camera {
    struct camera *next;
    char name[CAMERA_MAX + 1];
    struct cell cells[CELLS];
};

struct mqtt_receiver {
    struct mqtt *client;
    struct credentials credentials;
    char prefix[PREFIX_MAX + 1];
    char available[TOPIC_MAX], ack[TOPIC_MAX], enabled[TOPIC_MAX]; /* what is subscribed to */
    const char *topics[3];
    struct notify_options options; /* whom to call, and what of */
    pthread_mutex_t lock;          /* of what follows; callers are called without it */
    pthread_cond_t change;
    bool connected;
    struct camera *cameras;
    int64_t event;        /* on its way */
    int32_t event_number; /* of its message; 0: lost or taken */
    bool event_taken;
};

static struct camera *camera_find(struct mqtt_receiver *k, const char *name) {
    struct camera *c = k->cameras;
    while (c && strcmp(c->name, name) != 0) {
        c = c->next;
    }
    return c;
}

static void publish_text(struct mqtt_receiver *k, const char *topic, const char *text,
                         lk_error *err) {
    int32_t number; /* lost: in the next connection it is published again */
    const struct mqtt_message message = {
        .topic = topic, .data = text, .size = strlen(text), .retained = true};
    lk_status unsaid = mqtt_publish(k->client, &number, &message, err);
    (void)unsaid;
}

static void publish_discovery(struct mqtt_receiver *k, const char *camera) {
    for (size_t i = 0; i < home_assistant_count(); i++) {
        struct buf topic, document;
        buf_init(&topic, TOPIC_MAX);
        buf_init(&document, DOCUMENT_MAX);
        home_assistant_topic(&topic, i, k->prefix, camera);
        home_assistant_document(&document, i, k->prefix, camera);
        if (topic.status == LK_OK && document.status == LK_OK) {
            publish_text(k, (const char *)topic.data, (const char *)document.data, NULL);
        }
        buf_release(&topic);
        buf_release(&document);
    }
}

static void publish_cell(struct mqtt_receiver *k, const struct camera *camera, int i,
                         struct cell *cell) {
    char topic[TOPIC_MAX];
    snprintf(topic, sizeof topic, "%s/%s/%s", k->prefix, camera->name, cell_topics[i]);
    const struct mqtt_message message = {
        .topic = topic, .data = cell->value.data, .size = cell->value.size, .retained = true};
    if (mqtt_publish(k->client, &cell->number, &message, NULL) == LK_OK) {
        cell->fresh = false;
    } else {
        cell->number = 0;
    }
}

/* Publishes what is fresh and has nothing older on its way. */
static void publish_cells(struct mqtt_receiver *k) {
    for (struct camera *c = k->cameras; c && k->connected; c = c->next) {
        for (int i = 0; i < CELLS; i++) {
            if (c->cells[i].fresh && !c->cells[i].number) {
                publish_cell(k, c, i, &c->cells[i]);
            }
        }
    }
}

/* Keeps the value where memory is short: the next one comes soon. A value that has not changed is not said again. */
static void set_cell(struct cell *cell, const void *value, size_t size) {
    if (cell->value.data && cell->value.size == size &&
        memcmp(cell->value.data, value, size) == 0) {
        return;
    }
    uint8_t *copy = mem_alloc(size + 1, 1);
    if (copy) {
        memcpy(copy, value, size);
        lk_bytes_release(&cell->value);
        cell->value = (lk_bytes){copy, size};
        cell->fresh = true;
    }
}

static void set_cell_text(struct cell *cell, const char *text) {
    set_cell(cell, text, strlen(text));
}

static void on_connected(void *context, bool connected) {
    struct mqtt_receiver *k = context;
    pthread_mutex_lock(&k->lock);
    k->connected = connected;
    k->event_number = 0;
    for (struct camera *c = k->cameras; c; c = c->next) {
        for (int i = 0; i < CELLS; i++) {
            c->cells[i].number = 0;
            c->cells[i].fresh = c->cells[i].value.data != NULL;
        }
    }
    if (connected) {
        publish_text(k, k->available, HOME_ASSISTANT_ONLINE, NULL);
        for (const struct camera *c = k->cameras; c && k->options.ha_discovery; c = c->next) {
            publish_discovery(k, c->name);
        }
        publish_cells(k);
    }
    pthread_cond_broadcast(&k->change);
    pthread_mutex_unlock(&k->lock);
}

static void on_taken(void *context, int32_t number) {
    struct mqtt_receiver *k = context;
    pthread_mutex_lock(&k->lock);
    if (number == k->event_number) {
        k->event_number = 0;
        k->event_taken = true;
    }
    for (struct camera *c = k->cameras; c; c = c->next) {
        for (int i = 0; i < CELLS; i++) {
            c->cells[i].number = c->cells[i].number == number ? 0 : c->cells[i].number;
        }
    }
    publish_cells(k);
    pthread_cond_broadcast(&k->change);
    pthread_mutex_unlock(&k->lock);
}

/* The camera that a topic "prefix/CAMERA/what" names, if we know it. */
static struct camera *addressed(struct mqtt_receiver *k, const char *topic, const char *what) {
    char name[CAMERA_MAX + 1];
    size_t prefix = strlen(k->prefix);
    if (strncmp(topic, k->prefix, prefix) != 0 || topic[prefix] != '/') {
        return NULL;
    }
    topic += prefix + 1;
    size_t length = strcspn(topic, "/");
    if (length > CAMERA_MAX || topic[length] != '/' || strcmp(topic + length + 1, what) != 0) {
        return NULL;
    }
    memcpy(name, topic, length);
    name[length] = '\0';
    pthread_mutex_lock(&k->lock);
    struct camera *c = camera_find(k, name);
    pthread_mutex_unlock(&k->lock);
    return c;
}

static bool says(const struct mqtt_message *message, const char *word) {
    return message->size == strlen(word) && strncasecmp(message->data, word, message->size) == 0;
}

static void on_enabled_set(struct mqtt_receiver *k, const char *camera,
                           const struct mqtt_message *message) {
    bool on = says(message, HOME_ASSISTANT_ON);
    if (k->options.enabled && (on || says(message, HOME_ASSISTANT_OFF))) {
        k->options.enabled(k->options.context, camera, on);
    }
}

/* A retained order is one of long ago, repeated in every connection: it is not obeyed. A camera lives as long as the receiver. */
static void on_received(void *context, const struct mqtt_message *message) {
    struct mqtt_receiver *k = context;
    if (strcmp(message->topic, k->available) == 0) {
        if (says(message, HOME_ASSISTANT_OFFLINE)) { /* the will of one that was here before us */
            pthread_mutex_lock(&k->lock);
            publish_text(k, k->available, HOME_ASSISTANT_ONLINE, NULL);
            pthread_mutex_unlock(&k->lock);
        }
        return;
    }
    const struct camera *ack = addressed(k, message->topic, "ack/set");
    const struct camera *enabled = addressed(k, message->topic, "enabled/set");
    if (ack && !message->retained && k->options.acknowledged) {
        k->options.acknowledged(k->options.context, ack->name);
    } else if (enabled && !message->retained) {
        on_enabled_set(k, enabled->name, message);
    }
}

static void receiver_close(void *receiver) {
    struct mqtt_receiver *k = receiver;
    mqtt_close(k->client);
    for (struct camera *c = k->cameras, *next; c; c = next) {
        next = c->next;
        for (int i = 0; i < CELLS; i++) {
            lk_bytes_release(&c->cells[i].value);
        }
        mem_free(c);
    }
    credentials_release(&k->credentials);
    pthread_cond_destroy(&k->change);
    pthread_mutex_destroy(&k->lock);
    mem_free(k);
}

/* Whether text can stand in a topic, as one level of it or as several. */
static bool is_level(const char *text, size_t max, bool several) {
    size_t n = 1;
    for (const unsigned char *c = (const unsigned char *)text; *c && n > 0; c += n) {
        n = *c < ' ' || *c == 0x7f || *c == '+' || *c == '#' || (*c == '/' && !several)
                ? 0
                : utf8_length(c);
    }
    return n > 0 && text[0] && text[0] != '/' && strlen(text) <= max && !strstr(text, "//");
}

static lk_status set_prefix(struct mqtt_receiver *k, const char *url, lk_error *err) {
    struct mqtt_address address;
    lk_status status = mqtt_address_read(&address, url, err);
    if (status != LK_OK) {
        return status;
    }
    const char *path = address.path[0] ? address.path : "likeness";
    size_t length = strlen(path);
    length -= path[length - 1] == '/';
    snprintf(k->prefix, sizeof k->prefix, "%.*s", (int)MIN(length, (size_t)PREFIX_MAX), path);
    if (length > PREFIX_MAX || !is_level(k->prefix, PREFIX_MAX, true)) {
        error_set(err, LK_E_USAGE, "the prefix of topics has no +, #, // and at most %d bytes",
                  PREFIX_MAX);
        return error_input(err, LK_E_USAGE, path);
    }
    snprintf(k->available, sizeof k->available, "%s/available", k->prefix);
    snprintf(k->ack, sizeof k->ack, "%s/+/ack/set", k->prefix);
    snprintf(k->enabled, sizeof k->enabled, "%s/+/enabled/set", k->prefix);
    return LK_OK;
}

static void receiver_init(struct mqtt_receiver *k, const struct notify_options *options) {
    k->options = *options;
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&k->change, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&k->lock, NULL);
}

/* The client's thread may call us before mqtt_open has said where the client is: it waits for the lock. */
static lk_status receiver_connect(struct mqtt_receiver *k, lk_error *err) {
    const char *topics[] = {k->available, k->ack, k->enabled};
    memcpy(k->topics, topics, sizeof topics);
    const struct mqtt_options options = {
        .url = k->options.mqtt,
        .credentials = k->credentials.kind != CREDENTIALS_NONE ? &k->credentials : NULL,
        .ca_file = k->options.mqtt_ca_file,
        .will = {.topic = k->available,
                 .data = HOME_ASSISTANT_OFFLINE,
                 .size = strlen(HOME_ASSISTANT_OFFLINE),
                 .retained = true},
        .topics = k->topics,
        .topic_count = ARRAY_COUNT(k->topics),
        .connected = on_connected,
        .received = on_received,
        .taken = on_taken,
        .context = k};
    pthread_mutex_lock(&k->lock);
    lk_status status = mqtt_open(&k->client, &options, err);
    pthread_mutex_unlock(&k->lock);
    return status;
}

static lk_status receiver_open(void **out, const struct notify_options *options, lk_error *err) {
    if (!options->mqtt) {
        return LK_OK;
    }
    struct mqtt_receiver *k = mem_calloc(1, sizeof *k);
    if (!k) {
        return error_memory(err, sizeof *k);
    }
    receiver_init(k, options);
    lk_status status = set_prefix(k, options->mqtt, err);
    if (status == LK_OK && options->mqtt_token_file) {
        status = credentials_read(&k->credentials, options->mqtt_token_file, err);
    }
    status = status == LK_OK ? receiver_connect(k, err) : status;
    if (status != LK_OK) {
        receiver_close(k);
        return status;
    }
    *out = k;
    return LK_OK;
}

static lk_status add_camera(struct mqtt_receiver *k, const char *name, lk_error *err) {
    struct camera *c = mem_calloc(1, sizeof *c), **end = &k->cameras;
    if (!c) {
        return error_memory(err, sizeof *c);
    }
    snprintf(c->name, sizeof c->name, "%s", name);
    while (*end) {
        end = &(*end)->next;
    }
    *end = c;
    if (k->options.ha_discovery && k->connected) {
        publish_discovery(k, name);
    }
    return LK_OK;
}

static lk_status receiver_camera(void *receiver, const char *name, bool enabled, lk_error *err) {
    struct mqtt_receiver *k = receiver;
    if (!is_level(name, CAMERA_MAX, false)) {
        error_set(err, LK_E_USAGE, "the name cannot stand in a topic: no /, +, #, at most %d bytes",
                  CAMERA_MAX);
        return error_input(err, LK_E_USAGE, name);
    }
    pthread_mutex_lock(&k->lock);
    lk_status status = camera_find(k, name) ? LK_OK : add_camera(k, name, err);
    if (status == LK_OK) {
        set_cell_text(&camera_find(k, name)->cells[ENABLED],
                      enabled ? HOME_ASSISTANT_ON : HOME_ASSISTANT_OFF);
        publish_cells(k);
    }
    pthread_mutex_unlock(&k->lock);
    return status;
}

/* Of a camera that nobody announced nothing is said between events. */
static void receiver_figures(void *receiver, const struct notice *notice) {
    struct mqtt_receiver *k = receiver;
    char score[32] = HOME_ASSISTANT_NONE;
    if (isfinite(notice->score)) {
        snprintf(score, sizeof score, "%.4f", notice->score);
    }
    pthread_mutex_lock(&k->lock);
    struct camera *c = camera_find(k, notice->camera);
    if (c) {
        set_cell_text(&c->cells[STATE], lk_view_state_name(notice->state));
        set_cell_text(&c->cells[SCORE], score);
        if (notice->snapshot) {
            set_cell(&c->cells[SNAPSHOT], notice->snapshot, notice->snapshot_size);
        }
        publish_cells(k);
    }
    pthread_mutex_unlock(&k->lock);
}

static void receiver_interrupt(void *receiver) {
    struct mqtt_receiver *k = receiver;
    pthread_mutex_lock(&k->lock);
    pthread_cond_broadcast(&k->change);
    pthread_mutex_unlock(&k->lock);
}

static void wait_change(struct mqtt_receiver *k, double until) {
    struct timespec moment = {.tv_sec = (time_t)until,
                              .tv_nsec = (long)((until - floor(until)) * 1e9)};
    pthread_cond_timedwait(&k->change, &k->lock, &moment);
}

static bool goes_on(const int *stop, double until) {
    return __atomic_load_n(stop, __ATOMIC_ACQUIRE) == 0 && clock_s() < until;
}

/* One that was published in this connection and not taken yet is on its way: it is only waited for again. One that was taken after
 * the try before had given up waiting has been told. */
static lk_status publish_event(struct mqtt_receiver *k, const struct notice *notice,
                               lk_error *err) {
    if (k->event == notice->event && (k->event_number || k->event_taken)) {
        return LK_OK;
    }
    char topic[TOPIC_MAX];
    snprintf(topic, sizeof topic, "%s/%s/event", k->prefix, notice->camera);
    const struct mqtt_message message = {
        .topic = topic, .data = notice->json, .size = strlen(notice->json)};
    k->event = notice->event;
    k->event_taken = false;
    lk_status status = mqtt_publish(k->client, &k->event_number, &message, err);
    if (status != LK_OK) {
        k->event_number = 0;
    }
    return status;
}

static enum told receiver_tell(void *receiver, struct telling *telling, lk_error *err) {
    struct mqtt_receiver *k = receiver;
    if (!is_level(telling->notice->camera, CAMERA_MAX, false)) {
        error_set(err, LK_E_USAGE, "the camera's name cannot stand in a topic");
        return TOLD_NEVER;
    }
    double until = clock_s() + connect_s;
    pthread_mutex_lock(&k->lock);
    while (!k->connected && mqtt_is_trying(k->client) && goes_on(telling->stop, until)) {
        wait_change(k, until);
    }
    lk_status status = publish_event(k, telling->notice, err);
    until = clock_s() + take_s;
    while (status == LK_OK && k->event_number && goes_on(telling->stop, until)) {
        wait_change(k, until);
    }
    bool taken = status == LK_OK && k->event_taken;
    if (status == LK_OK && !taken) {
        error_set(err, LK_E_IO, "%s",
                  k->event_number ? "the broker has not acknowledged it yet"
                                  : "the connection was lost before the broker "
                                    "acknowledged it");
    }
    pthread_mutex_unlock(&k->lock);
    return taken ? TOLD : TOLD_AGAIN;
}

static bool is_settled(const struct mqtt_receiver *k) {
    bool settled = k->connected;
    for (const struct camera *c = k->cameras; c; c = c->next) {
        for (int i = 0; i < CELLS; i++) {
            settled = settled && !c->cells[i].fresh && !c->cells[i].number;
        }
    }
    return settled;
}

static lk_status receiver_settle(void *receiver, double until, lk_error *err) {
    struct mqtt_receiver *k = receiver;
    pthread_mutex_lock(&k->lock);
    while (!is_settled(k) && clock_s() < until) {
        wait_change(k, until);
    }
    lk_status status = LK_OK;
    if (!is_settled(k) && k->connected) {
        status = error_set(err, LK_E_WRITE, "the broker has not acknowledged all figures yet");
    } else if (!is_settled(k)) { /* publishing says why it cannot be */
        status = error_set(err, LK_E_WRITE, "there is no connection yet");
        publish_text(k, k->available, HOME_ASSISTANT_ONLINE, err);
    }
    if (err && status != LK_OK) {
        err->status = LK_E_WRITE;
        error_input(err, LK_E_WRITE, notify_mqtt.name);
    }
    pthread_mutex_unlock(&k->lock);
    return status;
}

/* An event waits a day for its broker: as long as one may take to be noticed and mended. */
const struct notify_kind notify_mqtt = {
    .name = "mqtt",
    .give_up_s = 86400,
    .longest_wait_s = 5,
    .open = receiver_open,
    .tell = receiver_tell,
    .close = receiver_close,
    .camera = receiver_camera,
    .figures = receiver_figures,
    .interrupt = receiver_interrupt,
    .settle = receiver_settle,
};
