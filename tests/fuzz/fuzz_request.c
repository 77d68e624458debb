/* SPDX-License-Identifier: Apache-2.0 */
/* Requests as they come from a socket: the real libmicrohttpd takes the bytes apart, and all that the service checks of them, and
 * its handlers, run as in the service, but in one thread, on an empty store and without processes that decode. The first byte says
 * in how large pieces the rest comes, and whether the length of the body is put right. An answer must be HTTP, and not 500. */
#include <likeness/store.h>

#include "serve/server.c" /* its parts are nobody else's business */

/* Turns in which nothing moves, before the client goes. */
enum { IDLE_TURNS = 8, REQUEST_MAX = 1 << 17, FIX_LENGTH = 0x80 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static enum MHD_Result (*add_to_daemon)(struct MHD_Daemon *daemon, int socket,
                                        const struct sockaddr *address, socklen_t size);
static enum MHD_Result (*run_daemon)(struct MHD_Daemon *daemon);

static const char *no_schema(const char *name) {
    return strcmp(name, "compare-1") == 0 ? "{}\n" : NULL;
}

/* What serve_run and run make, without threads and processes. */
static struct server *begin(void) {
    static const char *const names[] = {"MHD_add_connection", "MHD_run"};
    static struct { void *add, *run; } calls;
    static const char *const hosts[] = {"likeness.example"};
    static char folder[] = "/dev/shm/fuzz_request.XXXXXX";
    static lk_limits limits;
    static struct serve_options options = {.listen = "127.0.0.1:0",
                                           .db = folder,
                                           .hosts = hosts,
                                           .host_count = 1,
                                           .max_body = 16 << 10,
                                           .keep_bytes = 1 << 20,
                                           .workers = 1,
                                           .queue = 4,
                                           .limits = &limits,
                                           .schema = no_schema};
    static struct server server;
    struct server *s = &server;
    void *library;
    lk_store *store;
    limits = lk_limits_default();
    s->options = &options;
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->work_came, NULL);
    uploads_init(&s->uploads, options.max_body);
    shelf_init(&s->images, options.keep_bytes);
    shelf_init(&s->pictures, options.keep_bytes);
    s->answered = mem_calloc((routes_count() + 1) * ANSWER_CODES, sizeof *s->answered);
    s->seconds = mem_calloc(routes_count() + 1, sizeof *s->seconds);
    s->benches[0] = (struct bench){.server = s, .keeper = {.nursery = &s->nursery, .socket = -1}};
    s->nursery.socket = -1;
    s->bench_count = 1;
    if (!mkdtemp(folder) || lk_store_open(&store, folder, NULL, NULL) != LK_OK) {
        abort();
    }
    lk_store_close(store);
    if (http_library_open(&library, &s->http, NULL) != LK_OK ||
        library_open(&library, &calls, names, 2, "libmicrohttpd.so.12", NULL) != LK_OK ||
        bench_open(&s->benches[0], NULL) != LK_OK ||
        access_open(&s->access, NULL, 0, NULL) != LK_OK || jobs_start(&s->jobs, s, NULL) != LK_OK) {
        abort();
    }
    memcpy(&add_to_daemon, &calls.add, sizeof calls.add);
    memcpy(&run_daemon, &calls.run, sizeof calls.run);
    s->daemon = s->http.MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_NO_LISTEN_SOCKET, 0, NULL, NULL,
        on_request, s, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)(48 << 10),
        MHD_OPTION_NOTIFY_COMPLETED, on_request_end, s, MHD_OPTION_NOTIFY_CONNECTION, on_connection,
        s, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
    if (!s->daemon) {
        abort();
    }
    return s;
}

/* What a bench would do. */
static void work(struct server *s) {
    while (s->first) {
        struct request *r = dequeue(&s->benches[0]);
        if (r->is_ready || r->route == NULL || !r->route->computes) {
            abort();
        }
        if (r->body < 0 || request_digest(r)) {
            r->route->handle(r, &s->benches[0]);
        }
        if (!r->is_ready) {
            abort();
        }
        s->working--;
        s->http.MHD_resume_connection(r->connection);
    }
}

/* The request with the length of its body in the head. */
static size_t fix_length(char *out, size_t most, const uint8_t *bytes, size_t size) {
    const uint8_t *end = memmem(bytes, size, "\r\n\r\n", 4);
    size_t head = end ? (size_t)(end - bytes) + 2 : size;
    if (!end || size + 64 > most) {
        memcpy(out, bytes, size);
        return size;
    }
    memcpy(out, bytes, head);
    size_t n = head + (size_t)sprintf(out + head, "Content-Length: %zu\r\n", size - head - 2);
    memcpy(out + n, bytes + head, size - head);
    return n + size - head;
}

static void check_answer(const char *text, ssize_t size) {
    if (size >= 12 && (memcmp(text, "HTTP/1.", 7) != 0 || memcmp(text + 9, "500", 3) == 0)) {
        fprintf(stderr, "%.*s\n", (int)size, text);
        abort();
    }
}

/* Streams of events end with the service only. */
static bool asks_for_stream(const uint8_t *bytes, size_t size) {
    return memmem(bytes, size, "v1/events", 9) || memmem(bytes, size, "v1/jobs/", 8);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    static struct server *s;
    static char request[REQUEST_MAX + 1], answer[1 << 16];
    const struct sockaddr_in address = {.sin_family = AF_INET};
    int pair[2];
    s = s ? s : begin();
    if (size < 2 || size > REQUEST_MAX - 64 || asks_for_stream(bytes, size) ||
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) != 0) {
        return 0;
    }
    size_t piece = (size_t)(bytes[0] & 0x3f) * (bytes[0] & 0x3f) * 8 + 1, sent = 0;
    size_t n = fix_length(request, bytes[0] & FIX_LENGTH ? sizeof request : 0, bytes + 1, size - 1);
    if (add_to_daemon(s->daemon, pair[1], (const struct sockaddr *)&address, sizeof address) !=
        MHD_YES) {
        abort();
    }
    bool is_first = true, whole = false;
    for (int idle = 0; s->connections && idle < IDLE_TURNS; idle++) {
        size_t rest = n - sent < piece ? n - sent : piece;
        ssize_t more = rest > 0 ? send(pair[0], request + sent, rest, MSG_NOSIGNAL) : 0;
        sent += more > 0 ? (size_t)more : 0;
        if (!whole && sent == n) {
            whole = shutdown(pair[0], SHUT_WR) == 0;
        }
        run_daemon(s->daemon);
        work(s);
        ssize_t got = recv(pair[0], answer, sizeof answer, 0);
        if (got > 0 && is_first) {
            check_answer(answer, got);
            is_first = false;
        }
        idle = more > 0 || got > 0 ? 0 : idle;
    }
    close(pair[0]);
    for (int turn = 0; s->connections && turn < 100; turn++) {
        run_daemon(s->daemon);
        work(s);
    }
    if (s->connections || s->open_requests != 0 || s->uploads.bytes != 0 || s->uploads.first) {
        abort(); /* something of it is left */
    }
    return 0;
}
