/* SPDX-License-Identifier: Apache-2.0 */
/* https://www.home-assistant.io/integrations/mqtt/#mqtt-discovery: a retained document under
 * homeassistant/COMPONENT/NODE/OBJECT/config for each entity; those whose `device` has the same identifier are one device. */
#include "watch/home_assistant.h"

#include <string.h>

#include "base/json.h"
#include "watch/event.h"

/* A key with a text, or with one of the camera's topics. */
struct field {
    const char *key, *text, *topic;
};

enum { FIELDS_MAX = 4 };

struct entity {
    const char *component, *object, *name;
    struct field fields[FIELDS_MAX];
    bool of_states; /* its values are the names of states */
};

static const struct entity entities[] = {
    {.component = "binary_sensor",
     .object = "tamper",
     .name = "Tamper",
     .fields = {{.key = "device_class", .text = "tamper"},
                {.key = "state_topic", .topic = "state"},
                {.key = "value_template", .text = "{{ 'OFF' if value == 'ok' else 'ON' }}"},
                {.key = "json_attributes_topic", .topic = "event"}}},
    {.component = "sensor",
     .object = "state",
     .name = "View",
     .fields = {{.key = "device_class", .text = "enum"}, {.key = "state_topic", .topic = "state"}},
     .of_states = true},
    {.component = "sensor",
     .object = "score",
     .name = "Score",
     .fields = {{.key = "state_class", .text = "measurement"},
                {.key = "state_topic", .topic = "score"}}},
    {.component = "camera",
     .object = "snapshot",
     .name = "Snapshot",
     .fields = {{.key = "topic", .topic = "snapshot"}}},
    {.component = "button",
     .object = "ack",
     .name = "Acknowledge",
     .fields = {{.key = "command_topic", .topic = "ack/set"}}},
    {.component = "switch",
     .object = "enabled",
     .name = "Watched",
     .fields = {{.key = "command_topic", .topic = "enabled/set"},
                {.key = "state_topic", .topic = "enabled/state"}}},
};

size_t home_assistant_count(void) {
    return ARRAY_COUNT(entities);
}

/* Home Assistant takes letters, digits, _ and - in an id; of anything else its hexadecimal code. */
static void add_id(struct buf *out, const char *text) {
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
        if (strchr(plain, *c)) {
            buf_add(out, c, 1);
        } else {
            buf_printf(out, "_%02x", *c);
        }
    }
}

/* likeness_gate; for two that watch under two prefixes, two. */
static void add_node(struct buf *out, const char *prefix, const char *camera) {
    add_id(out, prefix);
    buf_add_text(out, "_");
    add_id(out, camera);
}

void home_assistant_topic(struct buf *out, size_t i, const char *prefix, const char *camera) {
    buf_printf(out, "homeassistant/%s/", entities[i].component);
    add_node(out, prefix, camera);
    buf_printf(out, "/%s/config", entities[i].object);
}

static void text_of(struct json *j, const char *key, struct buf *scratch) {
    json_text(j, key, scratch->data ? (const char *)scratch->data : "");
    if (scratch->status != LK_OK) {
        j->out->status = scratch->status;
    }
    buf_release(scratch);
}

static void node_text(struct json *j, const char *key, const char *prefix, const char *camera,
                      const char *object) {
    struct buf id;
    buf_init(&id, 4096);
    add_node(&id, prefix, camera);
    buf_printf(&id, "%s%s", object ? "_" : "", object ? object : "");
    text_of(j, key, &id);
}

static void topic_text(struct json *j, const char *key, const char *prefix, const char *camera,
                       const char *topic) {
    struct buf text;
    buf_init(&text, 4096);
    buf_printf(&text, "%s/%s/%s", prefix, camera, topic);
    text_of(j, key, &text);
}

static void add_device(struct json *j, const char *prefix, const char *camera) {
    json_object_begin(j, "device");
    json_array_begin(j, "identifiers");
    node_text(j, NULL, prefix, camera, NULL);
    json_array_end(j);
    json_text(j, "name", camera);
    json_text(j, "manufacturer", "likeness");
    json_text(j, "model", "watched camera");
    json_text(j, "sw_version", lk_version());
    json_object_end(j);
}

static void add_states(struct json *j) {
    json_array_begin(j, "options");
    for (int i = 0; i < LK_VIEW_STATES; i++) {
        json_text(j, NULL, lk_view_state_name((lk_view_state)i));
    }
    json_array_end(j);
}

void home_assistant_document(struct buf *out, size_t i, const char *prefix, const char *camera) {
    const struct entity *e = &entities[i];
    struct json j;
    struct buf available;
    json_init(&j, out, 0);
    json_object_begin(&j, NULL);
    json_text(&j, "name", e->name);
    node_text(&j, "unique_id", prefix, camera, e->object);
    for (size_t k = 0; k < FIELDS_MAX && e->fields[k].key; k++) {
        const struct field *f = &e->fields[k];
        if (f->topic) {
            topic_text(&j, f->key, prefix, camera, f->topic);
        } else {
            json_text(&j, f->key, f->text);
        }
    }
    if (e->of_states) {
        add_states(&j);
    }
    buf_init(&available, 4096);
    buf_printf(&available, "%s/available", prefix);
    text_of(&j, "availability_topic", &available);
    add_device(&j, prefix, camera);
    json_object_begin(&j, "origin");
    json_text(&j, "name", "likeness");
    json_text(&j, "sw_version", lk_version());
    json_object_end(&j);
    json_object_end(&j);
}
