/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs of a store: in order, one a subject, to one node each, also when several ask at once; leases that run out; results and
 * news. */
#include "tests/unit/store_files.h"

#include <likeness/jobs.h>
#include <pthread.h>

#include "store/news.h"

static lk_store *open_store(const struct place *p) {
    lk_error err;
    lk_store *s;
    assert_ok(lk_store_open(&s, p->store, NULL, &err));
    return s;
}

static int64_t add_job(lk_store *s, const char *kind, const char *subject) {
    lk_error err;
    int64_t id;
    const lk_job_draft draft = {kind, subject, "{\"keep\": \"best\"}", "anna"};
    assert_ok(lk_job_add(&id, s, &draft, &err));
    return id;
}

static int64_t take_job(lk_store *s, const char *node, const char *subject) {
    lk_error err;
    int64_t id;
    const lk_job_claim claim = {node, &subject, 1};
    assert_ok(lk_job_take(&id, s, &claim, &err));
    return id;
}

struct jobs_seen {
    int32_t count;
    int64_t ids[16];
    lk_job_state state;
    int32_t tries;
    char text[300];
};

static bool see_job(void *arg, const lk_job *job) {
    struct jobs_seen *seen = arg;
    seen->ids[seen->count++ % 16] = job->id;
    seen->state = job->state;
    seen->tries = job->tries;
    snprintf(seen->text, sizeof seen->text, "%s %s %s %s %s %s", job->kind, job->subject,
             job->settings, job->actor, job->progress, job->failure);
    return true;
}

static struct jobs_seen look_at(lk_store *s, int64_t id) {
    lk_error err;
    struct jobs_seen seen = {0};
    const lk_job_query query = {.id = id, .most = 10};
    assert_ok(lk_job_visit(s, &query, see_job, &seen, &err));
    return seen;
}

/* As though the node were gone for as long as a lease lasts. */
static void let_lease_run_out(lk_store *s) {
    lk_error err;
    assert_ok(sql_run(&s->at, "UPDATE job SET lease = 1 WHERE state = 'running'", &err));
}

static void test_order(void **state) {
    lk_store *s = open_store(*state);
    lk_error err;
    int64_t a = add_job(s, "index", "photos"), b = add_job(s, "map", "photos"),
            c = add_job(s, "index", "other");
    assert_int_equal(take_job(s, "n1", "photos"), a);
    assert_int_equal(take_job(s, "n1", "photos"), 0); /* one at a time on a subject */
    assert_int_equal(take_job(s, "n2", "other"), c);
    assert_int_equal(take_job(s, "n2", "unknown"), 0);
    assert_refused(LK_E_USAGE, lk_job_end(s, a, "n2", LK_JOB_DONE, NULL, NULL, 0, &err));
    assert_ok(lk_job_end(s, a, "n1", LK_JOB_DONE, NULL, NULL, 0, &err));
    assert_refused(LK_E_USAGE, lk_job_end(s, a, "n1", LK_JOB_DONE, NULL, NULL, 0, &err));
    assert_int_equal(take_job(s, "n2", "photos"), b);
    assert_int_equal(look_at(s, a).state, LK_JOB_DONE);
    struct jobs_seen all = look_at(s, 0);
    assert_int_equal(all.count, 3);
    assert_int_equal(all.ids[0], c); /* the newest first */
    assert_string_equal(look_at(s, b).text, "map photos {\"keep\": \"best\"} anna  ");
    lk_store_close(s);
}

static void test_leases(void **state) {
    lk_store *s = open_store(*state);
    lk_error err;
    lk_job_hold hold;
    int64_t id = add_job(s, "index", "photos");
    for (int32_t i = 1; i <= LK_JOB_TRIES; i++) {
        char node[8];
        snprintf(node, sizeof node, "n%d", (int)i);
        assert_int_equal(take_job(s, node, "photos"), id);
        assert_int_equal(look_at(s, id).tries, i);
        assert_int_equal(take_job(s, "other", "photos"), 0);
        let_lease_run_out(s);
    }
    assert_int_equal(take_job(s, "n9", "photos"), 0); /* often enough */
    assert_int_equal(look_at(s, id).state, LK_JOB_FAILED);
    assert_ok(lk_job_renew(&hold, s, id, "n1", NULL, &err));
    assert_int_equal(hold, LK_JOB_LOST);
    id = add_job(s, "index", "photos");
    assert_int_equal(take_job(s, "n1", "photos"), id);
    assert_ok(lk_job_release(s, id, "n1", &err));
    assert_int_equal(look_at(s, id).tries, 0); /* an end of the service is no fault of the job's */
    assert_int_equal(take_job(s, "n2", "photos"), id);
    lk_store_close(s);
}

static void test_cancel(void **state) {
    lk_store *s = open_store(*state);
    lk_error err;
    lk_job_hold hold;
    int64_t a = add_job(s, "index", "photos"), b = add_job(s, "index", "photos");
    assert_int_equal(take_job(s, "n1", "photos"), a);
    assert_ok(lk_job_cancel(s, b, &err));
    assert_int_equal(look_at(s, b).state, LK_JOB_CANCELLED);
    assert_refused(LK_E_USAGE, lk_job_cancel(s, b, &err));
    assert_refused(LK_E_IO, lk_job_cancel(s, 99, &err));
    assert_ok(lk_job_cancel(s, a, &err));
    assert_int_equal(look_at(s, a).state, LK_JOB_RUNNING);
    assert_ok(lk_job_renew(&hold, s, a, "n1", NULL, &err));
    assert_int_equal(hold, LK_JOB_TO_END);
    let_lease_run_out(s); /* its node is gone: nobody begins it again */
    assert_int_equal(take_job(s, "n2", "photos"), 0);
    assert_int_equal(look_at(s, a).state, LK_JOB_CANCELLED);
    lk_store_close(s);
}

struct heard {
    int32_t count;
    int64_t numbers[64];
    char types[1024];
};

static bool hear(void *arg, const lk_news *news) {
    struct heard *h = arg;
    assert_true(h->count == 0 || news->number > h->numbers[h->count - 1]);
    h->numbers[h->count++] = news->number;
    strncat(h->types, news->type + strlen("job."), 100);
    strcat(h->types, " ");
    return true;
}

static void test_news(void **state) {
    lk_store *s = open_store(*state);
    lk_error err;
    lk_job_hold hold;
    struct heard heard = {0}, later = {0};
    int64_t id = add_job(s, "train", "photos"), last;
    assert_int_equal(take_job(s, "n1", "photos"), id);
    for (int32_t i = 0; i < 3; i++) {
        assert_ok(lk_job_renew(&hold, s, id, "n1", "{\"share\": 0.5}", &err));
    }
    assert_ok(lk_news_last(&last, s, &err));
    assert_ok(lk_job_tell(s, id, "job.epoch", "{\"loss\": 1}", &err));
    assert_ok(lk_job_renew(&hold, s, id, "n1", "{\"share\": 0.9}", &err));
    assert_ok(lk_job_end(s, id, "n1", LK_JOB_FAILED, "no pictures", NULL, 0, &err));
    assert_ok(lk_news_visit(s, 0, id, 64, hear, &heard, &err));
    assert_string_equal(heard.types,
                        "state state epoch progress state "); /* one progress is kept */
    assert_ok(lk_news_visit(s, last, 0, 64, hear, &later, &err));
    assert_string_equal(later.types, "epoch progress state ");
    assert_non_null(strstr(look_at(s, id).text, "{\"share\": 0.9} no pictures"));
    lk_store_close(s);
}

struct told {
    int32_t count;
    int64_t first, last;
};

static bool count_news(void *arg, const lk_news *news) {
    struct told *t = arg;
    t->first = t->count++ == 0 ? news->number : t->first;
    t->last = news->number;
    assert_int_equal(news->job, 0);
    assert_string_equal(news->type, "camera.state");
    return true;
}

/* Years of news take no more room than the newest of them, and no number comes again. */
static void test_news_are_bounded(void **state) {
    enum { ADDED = LK_JOB_NEWS_KEPT + 350 };
    lk_store *s = open_store(*state);
    lk_error err;
    struct told told = {0};
    assert_ok(lk_store_begin(s, &err));
    for (int32_t i = 0; i < ADDED; i++) {
        assert_ok(news_add(s, "camera.state", 0, "{\"camera\": \"gate\"}", &err));
    }
    assert_ok(lk_store_end(s, LK_OK, &err));
    assert_ok(lk_news_visit(s, 0, 0, ADDED, count_news, &told, &err));
    assert_in_range(told.count, LK_JOB_NEWS_KEPT, LK_JOB_NEWS_KEPT + 99);
    assert_int_equal(told.last, ADDED);
    assert_int_equal(told.last - told.first, told.count - 1);
    lk_store_close(s);
}

static bool add_file(void *arg, const lk_job_file *f) {
    snprintf((char *)arg + strlen(arg), 100, "%s %s %zu;", f->name, f->type, f->size);
    return true;
}

static void test_files(void **state) {
    lk_store *s = open_store(*state);
    lk_error err;
    lk_bytes data;
    char type[64], names[300] = "";
    int64_t id = add_job(s, "map", "photos");
    const lk_job_file files[] = {{"map.json", "application/json", "{}\n", 3},
                                 {"b", "image/png", "", 0}};
    const lk_job_file bad = {"../x", "image/png", "", 0};
    assert_int_equal(take_job(s, "n1", "photos"), id);
    assert_refused(LK_E_LIMIT, lk_job_end(s, id, "n1", LK_JOB_DONE, NULL, &bad, 1, &err));
    assert_int_equal(look_at(s, id).state, LK_JOB_RUNNING); /* all or nothing */
    assert_ok(lk_job_end(s, id, "n1", LK_JOB_DONE, NULL, files, 2, &err));
    assert_ok(lk_job_files(s, id, add_file, names, &err));
    assert_string_equal(names, "b image/png 0;map.json application/json 3;");
    assert_ok(lk_job_file_get(&data, type, s, id, "map.json", &err));
    assert_string_equal((char *)data.data, "{}\n");
    lk_bytes_release(&data);
    assert_refused(LK_E_IO, lk_job_file_get(&data, type, s, id, "other", &err));
    lk_store_close(s);
}

static void test_bounds(void **state) {
    lk_store *s = open_store(*state);
    lk_error err;
    int64_t id;
    const lk_job_draft bad = {"index", "../photos", "{}", NULL};
    assert_refused(LK_E_USAGE, lk_job_add(&id, s, &bad, &err));
    for (int32_t i = 0; i < LK_JOB_WAITING_MAX; i++) {
        (void)add_job(s, "index", "photos");
    }
    const lk_job_draft more = {"index", "photos", "{}", NULL};
    assert_refused(LK_E_LIMIT, lk_job_add(&id, s, &more, &err));
    for (int32_t round = 0; round < LK_JOB_KEPT + 20; round++) { /* those that ended long ago go */
        id = take_job(s, "n1", "photos");
        assert_ok(lk_job_end(s, id, "n1", LK_JOB_DONE, NULL, NULL, 0, &err));
        (void)add_job(s, "index", "photos");
    }
    assert_int_equal(look_at(s, 1).count, 0);
    assert_int_equal(look_at(s, id).count, 1);
    lk_store_close(s);
}

struct racer {
    const struct place *place;
    char node[8];
    int32_t taken;
};

static void *race(void *arg) {
    struct racer *r = arg;
    lk_error err;
    lk_store *s = open_store(r->place);
    char subject[8];
    for (int32_t i = 0; i < 20; i++) {
        snprintf(subject, sizeof subject, "s%d", (int)i);
        if (take_job(s, r->node, subject) != 0) {
            r->taken++;
        }
    }
    (void)err;
    lk_store_close(s);
    return NULL;
}

static void test_race(void **state) {
    pthread_t threads[3];
    struct racer racers[3];
    char subject[8];
    int32_t taken = 0;
    lk_store *s = open_store(*state);
    for (int32_t i = 0; i < 20; i++) {
        snprintf(subject, sizeof subject, "s%d", (int)i);
        (void)add_job(s, "index", subject);
    }
    for (int32_t i = 0; i < 3; i++) {
        racers[i] = (struct racer){.place = *state};
        snprintf(racers[i].node, sizeof racers[i].node, "n%d", (int)i);
        assert_int_equal(pthread_create(&threads[i], NULL, race, &racers[i]), 0);
    }
    for (int32_t i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
        taken += racers[i].taken;
    }
    assert_int_equal(taken, 20);
    lk_store_close(s);
}

#define WITH_PLACE(test) cmocka_unit_test_setup_teardown(test, place_new, place_free)

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_PLACE(test_order),
        WITH_PLACE(test_leases),
        WITH_PLACE(test_cancel),
        WITH_PLACE(test_news),
        WITH_PLACE(test_news_are_bounded),
        WITH_PLACE(test_files),
        WITH_PLACE(test_bounds),
        WITH_PLACE(test_race),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
