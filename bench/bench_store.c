/* SPDX-License-Identifier: Apache-2.0 */
/* Times the store in process: bench_store FOLDER [REFERENCES [WRITES]]. Fills a new store in FOLDER with REFERENCES (100,000)
 * in one transaction, each with an embedding of 128 floats and a hash of 32 bytes; then WRITES (100) references and entries of
 * the log, each acknowledged by itself. Prints JSON. Where FOLDER lies says what syncing costs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <likeness/likeness.h>

static double now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

struct bench {
    lk_store *store;
    lk_engine *engine;
    lk_error err;
    long seen;
    double sum;
};

static bool see(void *arg, const char *id, int32_t version, const void *data, size_t size) {
    struct bench *b = arg;
    float first;
    (void)id;
    (void)version;
    memcpy(&first, data, sizeof first);
    b->seen++;
    b->sum += (double)first + (double)size;
    return true;
}

static bool list(void *arg, const lk_reference *r) {
    struct bench *b = arg;
    b->seen += r->version;
    return true;
}

static bool add(struct bench *b, const char *prefix, long number) {
    uint8_t bytes[64];
    float embedding[128];
    char id[64];
    lk_image image;
    lk_image_info info;
    size_t size = (size_t)sprintf((char *)bytes, "P6 3 2 255\n%018ld", number);
    snprintf(id, sizeof id, "%s-%07ld", prefix, number);
    for (int i = 0; i < 128; i++) {
        embedding[i] = (float)(number * 31 + i * 17);
    }
    if (lk_image_decode(&image, &info, b->engine, bytes, size, id, NULL, &b->err) != LK_OK) {
        return false;
    }
    lk_image_release(&image);
    const lk_derived derived[] = {{{"embedding", 1, "compact-1"}, embedding, sizeof embedding},
                                  {{"pdq", 1, NULL}, embedding, 32}};
    const lk_reference_draft draft = {.id = id,
                                      .picture = bytes,
                                      .picture_bytes = size,
                                      .info = &info,
                                      .derived = derived,
                                      .derived_count = 2};
    return lk_reference_add(NULL, NULL, b->store, &draft, &b->err) == LK_OK;
}

static bool fill(struct bench *b, long count) {
    bool right = lk_store_begin(b->store, &b->err) == LK_OK;
    for (long i = 0; right && i < count; i++) {
        right = add(b, "fill", i);
    }
    return right && lk_store_end(b->store, LK_OK, &b->err) == LK_OK;
}

static bool append(struct bench *b) {
    const lk_audit_record r = {.kind = "verify",
                               .subject = "fill-0000001",
                               .payload = "{\"verdict\":\"same\",\"probability\":0.999}"};
    return lk_audit_append(NULL, b->store, &r, &b->err) == LK_OK;
}

static double visit_ms(struct bench *b, const lk_derived_key *key) {
    double best = 1e9;
    for (int i = 0; i < 5; i++) {
        double began = now_ms();
        if (lk_derived_visit(b->store, key, see, b, &b->err) != LK_OK) {
            return -1;
        }
        double took = now_ms() - began;
        best = took < best ? took : best;
    }
    return best;
}

static bool run(struct bench *b, long count, long writes) {
    lk_audit_check check;
    const lk_derived_key embedding = {"embedding", 1, "compact-1"}, hash = {"pdq", 1, NULL};
    double began = now_ms();
    bool right = fill(b, count);
    double filled = now_ms() - began;
    began = now_ms();
    for (long i = 0; right && i < writes; i++) {
        right = add(b, "one", i);
    }
    double added = (now_ms() - began) / (double)writes;
    began = now_ms();
    for (long i = 0; right && i < writes; i++) {
        right = append(b);
    }
    double appended = (now_ms() - began) / (double)writes;
    double embeddings = visit_ms(b, &embedding), hashes = visit_ms(b, &hash);
    began = now_ms();
    right = right && lk_reference_list(b->store, NULL, list, b, &b->err) == LK_OK;
    double listed = now_ms() - began;
    began = now_ms();
    right = right && lk_audit_verify(&check, b->store, NULL, &b->err) == LK_OK && check.good;
    double verified = now_ms() - began;
    if (right) {
        printf("{\"references\": %ld, \"fill_s\": %.1f, \"add_ms\": %.2f, \"append_ms\": %.2f, "
               "\"visit_embeddings_ms\": %.1f, "
               "\"visit_hashes_ms\": %.1f, \"list_ms\": %.1f, \"verify_log_ms\": %.1f}\n",
               count, filled / 1e3, added, appended, embeddings, hashes, listed, verified);
    }
    return right;
}

int main(int argc, char **argv) {
    struct bench b = {0};
    lk_engine_options options = lk_engine_options_default();
    options.threads = 1;
    if (argc < 2) {
        fputs("usage: bench_store FOLDER [REFERENCES [WRITES]]\n", stderr);
        return 2;
    }
    bool right = lk_engine_new(&b.engine, &options, &b.err) == LK_OK &&
                 lk_store_open(&b.store, argv[1], NULL, &b.err) == LK_OK &&
                 run(&b, argc > 2 ? atol(argv[2]) : 100000, argc > 3 ? atol(argv[3]) : 100);
    if (!right) {
        fprintf(stderr, "%s: %s\n", b.err.input, b.err.text);
    }
    lk_store_close(b.store);
    lk_engine_free(b.engine);
    return right ? 0 : 2;
}
