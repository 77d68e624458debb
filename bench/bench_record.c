/* SPDX-License-Identifier: Apache-2.0 */
/* Times the record of a verdict: bench_record FOLDER [SUBMISSIONS [WRITES [GROUP]]]. Fills a new store in FOLDER with SUBMISSIONS
 * (100,000) photos, then records GROUP (256) verdicts in one commit, as a batch does, when the store was just opened and once more:
 * so long others wait. Then WRITES (50) verdicts on photos that are near none of them, each acknowledged by itself, and as
 * many on one that was there before. Prints JSON. Where FOLDER lies says what syncing costs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <likeness/likeness.h>

#include "base/rng.h"

enum { HASH_BYTES = 32 };

static double now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int by_value(const void *a, const void *b) {
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static void random_hash(uint8_t out[HASH_BYTES], struct rng *r) {
    for (int i = 0; i < HASH_BYTES; i++) {
        out[i] = (uint8_t)rng_below(r, 256);
    }
}

static lk_status fill(lk_store *store, long count, struct rng *r, lk_error *err) {
    lk_status status = lk_store_begin(store, err);
    if (status != LK_OK) {
        return status;
    }
    for (long i = 0; status == LK_OK && i < count; i++) {
        uint8_t hash[HASH_BYTES];
        lk_submission photo = {.fingerprint = hash,
                               .fingerprint_size = sizeof hash,
                               .reference = "some-product-1234",
                               .version = 1,
                               .verdict = "same"};
        random_hash(hash, r);
        snprintf(photo.photo_sha256, sizeof photo.photo_sha256, "%064lx", i);
        const lk_audit_record record = {
            .kind = "verify", .actor = "bench", .payload = "{}", .submission = &photo};
        status = lk_audit_append(NULL, store, &record, err);
    }
    return lk_store_end(store, status, err);
}

static lk_status record_one(lk_store *store, lk_verification *v, long number, struct rng *r,
                            lk_error *err) {
    lk_recorded recorded;
    lk_hash mark = {.quality = 100};
    random_hash(mark.data, r);
    snprintf(v->comparison.inputs[1].sha256, sizeof v->comparison.inputs[1].sha256, "%064lx",
             number);
    return lk_verification_record(&recorded, store, v, NULL, &mark, "bench", NULL, err);
}

/* Milliseconds between the begin and the end of a commit of `count`; -1 when it failed. */
static double time_group(lk_store *store, long count, long first, struct rng *r, lk_error *err) {
    lk_verification v = {.verdict = LK_SAME};
    lk_status status = lk_policy_built_in(&v.policy, "photos", err);
    status = status == LK_OK ? lk_store_begin(store, err) : status;
    if (status != LK_OK) {
        return -1;
    }
    double began = now_ms();
    for (long i = 0; status == LK_OK && i < count; i++) {
        status = record_one(store, &v, first + i, r, err);
    }
    return lk_store_end(store, status, err) == LK_OK ? now_ms() - began : -1;
}

/* Median of the milliseconds; -1 when it failed. */
static double time_records(lk_store *store, const char *sha256, long writes, struct rng *r,
                           lk_error *err) {
    double *took = calloc((size_t)writes, sizeof *took), median = -1;
    lk_verification v = {.verdict = LK_SAME};
    lk_status status = lk_policy_built_in(&v.policy, "photos", err);
    for (long i = 0; took && status == LK_OK && i < writes; i++) {
        lk_recorded recorded;
        lk_hash mark = {.quality = 100};
        random_hash(mark.data, r);
        snprintf(v.comparison.inputs[1].sha256, sizeof v.comparison.inputs[1].sha256, "%s%lx",
                 sha256, sha256[60] ? 0 : 4096 + i);
        v.comparison.inputs[1].sha256[64] = '\0';
        double began = now_ms();
        status = lk_verification_record(&recorded, store, &v, NULL, &mark, "bench", NULL, err);
        took[i] = now_ms() - began;
    }
    if (took && status == LK_OK) {
        qsort(took, (size_t)writes, sizeof *took, by_value);
        median = took[writes / 2];
    }
    free(took);
    return median;
}

int main(int argc, char **argv) {
    long submissions = argc > 2 ? atol(argv[2]) : 100000, writes = argc > 3 ? atol(argv[3]) : 50,
         group = argc > 4 ? atol(argv[4]) : 256;
    char fresh[65], seen[65];
    struct rng r;
    lk_store *store;
    lk_error err = {0};
    rng_init(&r, 1);
    memset(fresh, 'f', 60);
    fresh[60] = '\0';
    snprintf(seen, sizeof seen, "%064lx", submissions / 2);
    if (argc < 2 || lk_store_open(&store, argv[1], NULL, &err) != LK_OK) {
        fprintf(stderr, "bench_record FOLDER [SUBMISSIONS [WRITES [GROUP]]]: %s\n", err.text);
        return 2;
    }
    enum { FIRST = 1 << 30 };
    double new_ms = -1, again_ms = -1, group_ms[2] = {-1, -1};
    if (fill(store, submissions, &r, &err) == LK_OK) {
        lk_store_close(store); /* so that the group's is the handle's first look at them */
        if (lk_store_open(&store, argv[1], NULL, &err) != LK_OK) {
            return 2;
        }
        group_ms[0] = time_group(store, group, FIRST, &r, &err);
        group_ms[1] = time_group(store, group, FIRST + group, &r, &err);
        new_ms = time_records(store, fresh, writes, &r, &err);
        again_ms = new_ms >= 0 ? time_records(store, seen, writes, &r, &err) : -1;
    }
    lk_store_close(store);
    if (again_ms < 0 || group_ms[1] < 0) {
        fprintf(stderr, "bench_record: %s\n", err.text);
        return 2;
    }
    printf("{\"submissions\":%ld,\"record_ms\":%.2f,\"record_of_one_seen_before_ms\":%.2f,"
           "\"group\":%ld,\"first_group_ms\":%.1f,\"next_group_ms\":%.1f}\n",
           submissions, new_ms, again_ms, group, group_ms[0], group_ms[1]);
    return 0;
}
