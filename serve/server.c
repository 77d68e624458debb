/* SPDX-License-Identifier: Apache-2.0 */
/* The life of the service: the nursery of its keepers is forked, the store is opened, threads start, requests come, and it ends
 * without dropping what it has begun. */
#include "serve/camera_sources.h"
#include "serve/finders.h"
#include "serve/jobs.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "serve/changes.h"

/* Seconds: until the head of a request is there; nothing comes on a connection; one request computes; an end waits. */
enum { HEAD_S = 10, IDLE_S = 15, COMPUTE_S = 60, DRAIN_S = 20 };

/* How much benches give way to the thread that takes requests and answers. */
enum { BENCH_NICE = 5 };

/* -- The queue -- */

/* False when it is full. The connection rests until the answer is there. */
static bool enqueue(struct request *r) {
    struct server *s = r->server;
    pthread_mutex_lock(&s->lock);
    bool room = s->waiting < s->options->queue && !s->ends;
    if (room) {
        s->http.MHD_suspend_connection(r->connection); /* before a bench can have done it */
        r->next = NULL;
        *(s->last ? &s->last->next : &s->first) = r;
        s->last = r;
        s->waiting++;
        pthread_cond_signal(&s->work_came);
    } else {
        s->refused_busy++;
    }
    pthread_mutex_unlock(&s->lock);
    return room;
}

static struct request *dequeue(struct bench *b) {
    struct server *s = b->server;
    pthread_mutex_lock(&s->lock);
    while (!s->first && !s->ends) {
        pthread_cond_wait(&s->work_came, &s->lock);
    }
    struct request *r = s->first;
    if (r) {
        s->first = r->next;
        s->last = s->first ? s->last : NULL;
        s->waiting--;
        s->working++;
        b->busy_since_s = clock_s();
        __atomic_store_n(&b->stop, 0, __ATOMIC_RELAXED);
    }
    pthread_mutex_unlock(&s->lock);
    return r;
}

static void *bench_run(void *arg) {
    struct bench *b = arg;
    struct server *s = b->server;
    setpriority(PRIO_PROCESS, (id_t)gettid(), BENCH_NICE); /* of this thread: Linux's way */
    for (struct request *r = dequeue(b); r; r = dequeue(b)) {
        struct MHD_Connection *connection = r->connection;
        if (r->body < 0 || request_digest(r)) {
            r->route->handle(r, b);
        }
        pthread_mutex_lock(&s->lock);
        s->working--;
        b->busy_since_s = 0;
        pthread_mutex_unlock(&s->lock);
        s->http.MHD_resume_connection(connection);
    }
    return NULL;
}

/* -- Requests -- */

/* False when a bench has it now, and nobody else may look at it. */
static bool handle(struct request *r) {
    request_check_body(r);
    if (!r->is_ready && r->route->early) {
        r->route->early(r);
    }
    if (r->is_ready) {
        return true;
    }
    if (!r->route->computes) {
        r->route->handle(r, NULL);
    } else if (enqueue(r)) {
        return false;
    } else {
        r->retry_after_s = 2;
        answer_problem(r, 503, "busy", "%d requests wait already (--queue)",
                       r->server->options->queue);
    }
    return true;
}

/* The connection's socket may be shut by watch_over: not while it works on a request. */
static void enter_request(struct request *r) {
    const union MHD_ConnectionInfo *info =
        r->server->http.MHD_get_connection_info(r->connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    pthread_mutex_lock(&r->server->lock);
    r->place = info ? info->socket_context : NULL;
    if (r->place) {
        r->place->in_request = true;
    }
    r->server->open_requests++;
    pthread_mutex_unlock(&r->server->lock);
}

/* A client that sends without waiting sees an answer only once it has sent; what comes of a refused body is dropped, for some
 * seconds. */
static bool sends_body(const struct request *r) {
    const char *length = request_header(r, "Content-Length");
    return !request_header(r, "Expect") &&
           (request_header(r, "Transfer-Encoding") || (length && strtoll(length, NULL, 10) > 0));
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *data,
                                  size_t *size, void **state) {
    struct request *r = *state;
    (void)version;
    if (!r) {
        r = request_new(arg, connection);
        if (!r) {
            return MHD_NO;
        }
        *state = r;
        enter_request(r);
        request_check_head(r, method, url);
        return r->is_ready && !sends_body(r) ? answer_send(r) : MHD_YES;
    }
    if (*size > 0) {
        if (!r->is_ready) {
            request_take(r, data, *size);
        }
        *size = 0;
        /* Refused in the middle: a little is read on, so that the answer is seen, then no more. */
        return r->is_ready && clock_s() - r->since_s - uploads_rested(r) > HEAD_S ? MHD_NO
                                                                                  : MHD_YES;
    }
    return r->is_ready || handle(r) ? answer_send(r) : MHD_YES;
}

static void on_request_end(void *arg, struct MHD_Connection *connection, void **state,
                           enum MHD_RequestTerminationCode why) {
    struct server *s = arg;
    struct request *r = *state;
    (void)connection, (void)why;
    if (!r) {
        return;
    }
    pthread_mutex_lock(&s->lock);
    s->open_requests--;
    if (r->place) {
        r->place->in_request = false;
        r->place->since_s = clock_s();
    }
    pthread_mutex_unlock(&s->lock);
    request_free(r);
    *state = NULL;
}

static void shut(struct connection *c) {
    shutdown(c->socket, SHUT_RDWR);
    c->is_shut = true;
}

/* So that whoever comes finds room, of those without a request the one that has waited longest goes. */
static void make_room(struct server *s) {
    struct connection *longest = NULL;
    for (struct connection *c = s->connections; c; c = c->next) {
        if (!c->in_request && !c->is_shut && (!longest || c->since_s < longest->since_s)) {
            longest = c;
        }
    }
    if (longest) {
        shut(longest);
    }
}

static void add_connection(struct server *s, struct connection *c) {
    if (++s->connection_count > CONNECTIONS_MOST * 3 / 4) {
        make_room(s);
    }
    c->next = s->connections;
    c->link = &s->connections;
    if (c->next) {
        c->next->link = &c->next;
    }
    s->connections = c;
}

static void remove_connection(struct server *s, struct connection *c) {
    s->connection_count--;
    *c->link = c->next;
    if (c->next) {
        c->next->link = c->link;
    }
}

static void on_connection(void *arg, struct MHD_Connection *connection, void **context,
                          enum MHD_ConnectionNotificationCode what) {
    struct server *s = arg;
    struct connection *c = *context;
    pthread_mutex_lock(&s->lock);
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *info =
            s->http.MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        c = info ? mem_calloc(1, sizeof *c) : NULL;
        if (c) {
            *c = (struct connection){.socket = info->connect_fd, .since_s = clock_s()};
            add_connection(s, c);
        }
        *context = c;
    } else if (c) {
        remove_connection(s, c);
        *context = NULL;
        mem_free(c);
    }
    pthread_mutex_unlock(&s->lock);
}

/* Once a second or so: connections on which no whole head has come are shut, and what computes too long is stopped. */
static void watch_over(struct server *s) {
    double now = clock_s();
    pthread_mutex_lock(&s->lock);
    for (struct connection *c = s->connections; c; c = c->next) {
        if (!c->in_request && !c->is_shut && now - c->since_s > HEAD_S) {
            shut(c);
        }
    }
    for (int32_t i = 0; i < s->bench_count; i++) {
        if (s->benches[i].busy_since_s > 0 && now - s->benches[i].busy_since_s > COMPUTE_S) {
            __atomic_store_n(&s->benches[i].stop, 1, __ATOMIC_RELAXED);
        }
    }
    pthread_mutex_unlock(&s->lock);
    uploads_watch(s);
}

/* -- Start and end -- */

static bool is_loopback(const struct sockaddr *address) {
    if (address->sa_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, address, sizeof v4);
        return (ntohl(v4.sin_addr.s_addr) >> 24) == 127;
    }
    struct sockaddr_in6 v6;
    memcpy(&v6, address, sizeof v6);
    return IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr);
}

/* ADDRESS:PORT or [ADDRESS]:PORT, in numbers. */
static lk_status parse_listen(struct sockaddr_storage *out, const struct serve_options *o,
                              lk_error *err) {
    char host[64];
    const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
                                   .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    const char *colon = strrchr(o->listen, ':');
    size_t length = colon ? (size_t)(colon - o->listen) : 0;
    bool bracket = length > 1 && o->listen[0] == '[' && o->listen[length - 1] == ']';
    snprintf(host, sizeof host, "%.*s", (int)(bracket ? length - 2 : length),
             o->listen + (bracket ? 1 : 0));
    if (length == 0 || strlen(colon + 1) > 5 || atoi(colon + 1) > 65535 ||
        getaddrinfo(host, colon + 1, &hints, &found) != 0) {
        return error_set(err, LK_E_USAGE, "--listen takes ADDRESS:PORT in numbers, not %.100s",
                         o->listen);
    }
    memset(out, 0, sizeof *out);
    memcpy(out, found->ai_addr, found->ai_addrlen);
    freeaddrinfo(found);
    if (!o->behind_proxy && !is_loopback((const struct sockaddr *)out)) {
        return error_set(err, LK_E_USAGE,
                         "--listen %.100s can be reached from elsewhere, without encryption or "
                         "login: put a proxy in "
                         "front and say --behind-proxy",
                         o->listen);
    }
    return LK_OK;
}

static lk_status bench_open(struct bench *b, lk_error *err) {
    const struct serve_options *o = b->server->options;
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    lk_engine_options options = lk_engine_options_default();
    options.limits = *o->limits;
    options.cpu = o->cpu;
    options.stop = &b->stop;
    options.threads = (int32_t)(cores / o->workers) > 1 ? (int32_t)(cores / o->workers) : 1;
    lk_status status = lk_engine_new(&b->engine, &options, err);
    status =
        status == LK_OK ? lk_model_open(&b->model, b->engine, LK_MODEL_DEFAULT, NULL, err) : status;
    return status == LK_OK ? server_store(&b->store, b->server, err) : status;
}

static void bench_close(struct bench *b) {
    lk_contest_close(b->contest);
    finders_free(b->finders);
    lk_store_close(b->store);
    lk_model_free(b->classifier);
    lk_model_free(b->model);
    lk_engine_free(b->engine);
    keeper_stop(&b->keeper);
}

/* Before any thread of this process, and before the store is opened: keepers inherit neither. */
static lk_status start_nursery(struct server *s, lk_error *err) {
    lk_engine_options options = lk_engine_options_default();
    options.limits = *s->options->limits;
    options.cpu = s->options->cpu;
    options.threads = 1;
    s->decoder.limits = *s->options->limits;
    lk_status status = lk_engine_new(&s->decoder.engine, &options, err);
    const struct keeper_options keeper = decoder_options(&s->decoder);
    status = status == LK_OK ? nursery_start(&s->nursery, &keeper, err) : status;
    for (int32_t i = 0; i < s->options->workers; i++) {
        s->benches[i] =
            (struct bench){.server = s, .keeper = {.nursery = &s->nursery, .socket = -1}};
        s->bench_count = i + 1;
    }
    return status;
}

static lk_status start_daemon(struct server *s, lk_error *err) {
    struct sockaddr_storage address;
    lk_status status = parse_listen(&address, s->options, err);
    if (status != LK_OK) {
        return status;
    }
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME |
                     (address.ss_family == AF_INET6 ? (unsigned)MHD_USE_IPv6 : 0U);
    s->daemon = s->http.MHD_start_daemon(
        flags, 0, NULL, NULL, on_request, s, MHD_OPTION_SOCK_ADDR, &address,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MOST, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)IDLE_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)(48 << 10),
        MHD_OPTION_NOTIFY_COMPLETED, on_request_end, s, MHD_OPTION_NOTIFY_CONNECTION, on_connection,
        s, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
    if (!s->daemon) {
        status = error_set(err, LK_E_IO, "cannot listen: %s", strerror(errno));
        return error_input(err, status, s->options->listen);
    }
    return LK_OK;
}

static void say_ready(struct server *s) {
    const union MHD_DaemonInfo *info =
        s->http.MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_BIND_PORT);
    const char *colon = strrchr(s->options->listen, ':');
    char url[128];
    snprintf(url, sizeof url, "http://%.*s:%u/", (int)(colon - s->options->listen),
             s->options->listen, info ? (unsigned)info->port : 0U);
    s->options->ready(s->options->arg, url, s->sandbox);
}

/* No more connections; what has begun is answered. */
static void drain(struct server *s) {
    double until = clock_s() + DRAIN_S;
    int listening = s->http.MHD_quiesce_daemon(s->daemon);
    bool idle = false;
    jobs_drain(s->jobs);
    while (!idle && clock_s() < until) {
        pthread_mutex_lock(&s->lock);
        idle = s->open_requests == 0;
        pthread_mutex_unlock(&s->lock);
        usleep(20000);
        watch_over(s);
    }
    pthread_mutex_lock(&s->lock);
    s->ends = true;
    for (int32_t i = 0; i < s->bench_count; i++) {
        __atomic_store_n(&s->benches[i].stop, 1, __ATOMIC_RELAXED);
    }
    pthread_cond_broadcast(&s->work_came);
    pthread_mutex_unlock(&s->lock);
    uploads_wake_all(s);
    if (listening >= 0) {
        close(listening);
    }
}

static void raise_files(void) {
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max < 8192 ? files.rlim_max : 8192;
        setrlimit(RLIMIT_NOFILE, &files); /* fewer will do */
    }
}

static lk_status run(struct server *s, lk_error *err) {
    int32_t started = 0;
    lk_status status = LK_OK;
    for (int32_t i = 0; status == LK_OK && i < s->bench_count; i++) {
        status = bench_open(&s->benches[i], err);
    }
    for (int32_t i = 0; status == LK_OK && i < s->bench_count; i++) {
        if (pthread_create(&s->benches[i].thread, NULL, bench_run, &s->benches[i]) != 0) {
            status = error_memory(err, 0);
        } else {
            started++;
        }
    }
    if (status == LK_OK) {
        s->store_name = lk_store_folder(s->benches[0].store);
        const lk_store *of = s->options->auth ? s->benches[0].store : NULL;
        status = access_open(&s->access, of, s->options->rate, err);
    }
    status = status == LK_OK ? jobs_start(&s->jobs, s, err) : status;
    status = status == LK_OK ? changes_start(&s->changes, s, err) : status;
    if (status == LK_OK) {
        status = retention_start(&s->retention, s->benches[0].store, s->options->kept_bytes,
                                 s->options->kept_ms, err);
    }
    status = status == LK_OK ? start_daemon(s, err) : status;
    if (status == LK_OK) {
        say_ready(s);
        while (!__atomic_load_n(s->options->stop, __ATOMIC_RELAXED)) {
            usleep(200000); /* a signal ends it */
            watch_over(s);
            access_tend(&s->access);
        }
        drain(s);
    }
    pthread_mutex_lock(&s->lock);
    s->ends = true;
    pthread_cond_broadcast(&s->work_came);
    pthread_mutex_unlock(&s->lock);
    for (int32_t i = 0; i < started; i++) {
        pthread_join(s->benches[i].thread, NULL);
    }
    if (s->daemon) {
        s->http.MHD_stop_daemon(s->daemon);
    }
    changes_stop(s->changes);
    retention_stop(&s->retention);
    jobs_stop(s->jobs);
    s->jobs = NULL;
    access_close(&s->access);
    return status;
}

lk_status serve_run(const struct serve_options *options, lk_error *err) {
    void *library = NULL;
    struct server *s = mem_calloc(1, sizeof *s);
    if (!s) {
        return error_memory(err, sizeof *s);
    }
    s->options = options;
    s->started_s = clock_s();
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->work_came, NULL);
    uploads_init(&s->uploads, options->max_body);
    shelf_init(&s->images, options->keep_bytes);
    shelf_init(&s->pictures, options->keep_bytes);
    decoded_init(&s->decoded, options->decoded_bytes);
    s->route_count = routes_count();
    s->answered = mem_calloc((s->route_count + 1) * ANSWER_CODES, sizeof *s->answered);
    s->seconds = mem_calloc(s->route_count + 1, sizeof *s->seconds);
    sandbox_describe(s->sandbox, sizeof s->sandbox);
    raise_files();
    struct sockaddr_storage address;
    lk_status status = parse_listen(&address, options, err); /* early, before anything is made */
    status = status == LK_OK ? camera_sources_read(&s->camera_sources, options->camera_sources, err)
                             : status;
    status = status == LK_OK && !(s->answered && s->seconds) ? error_memory(err, 0) : status;
    status = status == LK_OK ? start_nursery(s, err) : status;
    status = status == LK_OK ? http_library_open(&library, &s->http, err) : status;
    status = status == LK_OK ? run(s, err) : status;
    for (int32_t i = 0; i < s->bench_count; i++) {
        bench_close(&s->benches[i]);
    }
    nursery_stop(&s->nursery);
    camera_sources_free(s->camera_sources);
    lk_engine_free(s->decoder.engine);
    if (library) {
        library_close(library);
    }
    shelf_release(&s->images);
    shelf_release(&s->pictures);
    decoded_release(&s->decoded);
    mem_free(s->answered);
    mem_free(s->seconds);
    mem_free(s);
    return status;
}
