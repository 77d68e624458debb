/* SPDX-License-Identifier: Apache-2.0 */
#include "base/pool.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"

enum { THREADS_MOST = 256 }; /* more would only take what others on the machine need */

struct pool {
    int32_t threads; /* wanted, the caller included */
    int32_t started; /* helper threads running */
    pthread_t *ids;
    pthread_mutex_t lock;
    pthread_cond_t work_ready;
    pthread_cond_t work_done;
    uint64_t generation; /* of the loop; a helper joins each once */
    int32_t busy;        /* helpers inside the loop */
    bool running, stopping;
    int32_t count;
    atomic_int next;
    void (*run)(void *arg, int32_t i);
    void *arg;
};

static void take_items(struct pool *p) {
    for (;;) {
        int32_t i = atomic_fetch_add(&p->next, 1);
        if (i >= p->count) {
            return;
        }
        p->run(p->arg, i);
    }
}

static void *helper_main(void *arg) {
    struct pool *p = arg;
    uint64_t seen = 0;
    pthread_mutex_lock(&p->lock);
    for (;;) {
        while (!p->stopping && (!p->running || p->generation == seen)) {
            pthread_cond_wait(&p->work_ready, &p->lock);
        }
        if (p->stopping) {
            break;
        }
        seen = p->generation;
        p->busy++;
        pthread_mutex_unlock(&p->lock);
        take_items(p);
        pthread_mutex_lock(&p->lock);
        if (--p->busy == 0) {
            pthread_cond_signal(&p->work_done);
        }
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

lk_status pool_new(struct pool **out, int32_t threads, lk_error *err) {
    *out = NULL;
    if (threads <= 0) {
        long cores = sysconf(_SC_NPROCESSORS_ONLN);
        threads = cores < 1 ? 1 : (int32_t)MIN(cores, (long)THREADS_MOST);
    }
    threads = MIN(threads, (int32_t)THREADS_MOST);
    struct pool *p = mem_calloc(1, sizeof *p);
    pthread_t *ids = mem_calloc((size_t)threads, sizeof *ids);
    if (!p || !ids) {
        mem_free(p);
        mem_free(ids);
        return error_memory(err, sizeof *p);
    }
    p->threads = threads;
    p->ids = ids;
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->work_ready, NULL);
    pthread_cond_init(&p->work_done, NULL);
    *out = p;
    return LK_OK;
}

void pool_free(struct pool *p) {
    if (!p) {
        return;
    }
    pthread_mutex_lock(&p->lock);
    p->stopping = true;
    pthread_cond_broadcast(&p->work_ready);
    pthread_mutex_unlock(&p->lock);
    for (int32_t i = 0; i < p->started; i++) {
        pthread_join(p->ids[i], NULL);
    }
    pthread_cond_destroy(&p->work_done);
    pthread_cond_destroy(&p->work_ready);
    pthread_mutex_destroy(&p->lock);
    mem_free(p->ids);
    mem_free(p);
}

int32_t pool_threads(const struct pool *p) {
    return p ? p->threads : 1;
}

/* A thread that cannot be started is only a slower pool. Called with the lock held. */
static void start_helpers(struct pool *p) {
    while (p->started < p->threads - 1 &&
           pthread_create(&p->ids[p->started], NULL, helper_main, p) == 0) {
        p->started++;
    }
}

void pool_for(struct pool *p, int32_t count, void (*run)(void *arg, int32_t i), void *arg) {
    bool alone = !p || p->threads == 1 || count <= 1;
    if (!alone) {
        pthread_mutex_lock(&p->lock);
        /* A helper still in its last item may call while the caller of that loop already waits for it. */
        alone = p->running || p->busy > 0;
        if (!alone) {
            start_helpers(p);
            p->count = count;
            p->run = run;
            p->arg = arg;
            atomic_store(&p->next, 0);
            p->running = true;
            p->generation++;
            pthread_cond_broadcast(&p->work_ready);
        }
        pthread_mutex_unlock(&p->lock);
    }
    if (alone) {
        for (int32_t i = 0; i < count; i++) {
            run(arg, i);
        }
        return;
    }
    take_items(p);
    pthread_mutex_lock(&p->lock);
    p->running = false;
    while (p->busy > 0) {
        pthread_cond_wait(&p->work_done, &p->lock);
    }
    pthread_mutex_unlock(&p->lock);
}
