/* SPDX-License-Identifier: Apache-2.0 */
/* store_writer refs|log|fill FOLDER PREFIX COUNT: writes into a store, for tests that kill it and for timing.
 *
 *   refs  adds COUNT references PREFIX-0, PREFIX-1 ..., each with its picture, something derived and an entry of the log, and every
 *         tenth a second version; prints "ID@VERSION SHA256" once the call has returned, so that what was printed was acknowledged
 *   log   appends COUNT entries to the log, and prints "SEQ HASH" after each
 *   fill  appends COUNT entries in one transaction, and prints the last
 *
 * Stops at the first error, prints it to standard error and ends with 2. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <likeness/likeness.h>

static int fail(const lk_error *err) {
    char text[1200];
    lk_error_format(err, text, sizeof text);
    fprintf(stderr, "%s\n", text);
    return 2;
}

/* A picture of 3 x 2 pixels that begin with the number and the name. */
static size_t draw(uint8_t *out, const char *prefix, long number) {
    size_t n = (size_t)sprintf((char *)out, "P6 3 2 255\n"), i = n;
    for (; i < n + 18; i++) {
        out[i] = (uint8_t)(i < n + 4 ? number >> (8 * (i - n)) : prefix[(i - n) % strlen(prefix)]);
    }
    return i;
}

static lk_status add(lk_store *s, lk_engine *engine, const char *prefix, const char *id,
                     long number, lk_error *err) {
    uint8_t bytes[64];
    size_t size = draw(bytes, prefix, number);
    lk_image image;
    lk_image_info info;
    lk_reference r;
    lk_status status = lk_image_decode(&image, &info, engine, bytes, size, id, NULL, err);
    if (status != LK_OK) {
        return status;
    }
    lk_image_release(&image);
    const lk_derived derived = {{"embedding", 1, "none"}, bytes, size};
    const lk_reference_draft draft = {.id = id,
                                      .picture = bytes,
                                      .picture_bytes = size,
                                      .info = &info,
                                      .actor = prefix,
                                      .derived = &derived,
                                      .derived_count = 1};
    status = lk_reference_add(&r, NULL, s, &draft, err);
    if (status == LK_OK) {
        printf("%s@%d %s\n", r.id, r.version, r.sha256);
        fflush(stdout);
        lk_reference_release(&r);
    }
    return status;
}

static lk_status write_refs(lk_store *s, const char *prefix, long count, lk_error *err) {
    lk_engine *engine;
    lk_engine_options options = lk_engine_options_default();
    options.threads = 1;
    lk_status status = lk_engine_new(&engine, &options, err);
    for (long i = 0; status == LK_OK && i < count; i++) {
        char id[LK_REFERENCE_ID_MAX + 1];
        snprintf(id, sizeof id, "%s-%ld", prefix, i);
        status = add(s, engine, prefix, id, i, err);
        if (status == LK_OK && i % 10 == 9) {
            status = add(s, engine, prefix, id, i + 1000000000, err);
        }
    }
    lk_engine_free(engine);
    return status;
}

static lk_status write_log(lk_store *s, const char *prefix, long count, bool at_once,
                           lk_error *err) {
    lk_audit_head head = {0};
    char text[100];
    lk_status status = at_once ? lk_store_begin(s, err) : LK_OK;
    bool begun = at_once && status == LK_OK;
    for (long i = 0; status == LK_OK && i < count; i++) {
        char payload[400];
        snprintf(payload, sizeof payload,
                 "{\"verdict\":\"same\",\"probability\":0.%06ld,\"photo\":\"%064ld\",\"reference\":"
                 "\"cap-%ld\","
                 "\"reasons\":[\"540 of 647 matched points agree on one view: turned -9 deg, scale "
                 "0.96, tilt 17 deg\"]}",
                 i % 1000000, i * 7919, i % 100);
        const lk_audit_record r = {
            .kind = "verify", .actor = prefix, .subject = prefix, .payload = payload};
        status = lk_audit_append(&head, s, &r, err);
        if (status == LK_OK && !at_once) {
            lk_audit_head_text(text, sizeof text, &head);
            puts(text);
            fflush(stdout);
        }
    }
    if (begun) {
        status = lk_store_end(s, status, err);
        lk_audit_head_text(text, sizeof text, &head);
        puts(text);
    }
    return status;
}

int main(int argc, char **argv) {
    lk_store *s;
    lk_error err = {0};
    if (argc != 5) {
        fputs("usage: store_writer refs|log|fill FOLDER PREFIX COUNT\n", stderr);
        return 2;
    }
    signal(
        SIGXFSZ,
        SIG_IGN); /* as the command does: a limit on the size of files is an error, not the end */
    if (lk_store_open(&s, argv[2], NULL, &err) != LK_OK) {
        return fail(&err);
    }
    long count = strtol(argv[4], NULL, 10);
    lk_status status = strcmp(argv[1], "refs") == 0
                           ? write_refs(s, argv[3], count, &err)
                           : write_log(s, argv[3], count, strcmp(argv[1], "fill") == 0, &err);
    lk_store_close(s);
    return status == LK_OK ? 0 : fail(&err);
}
