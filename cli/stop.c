/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/stop.h"

#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <unistd.h>

static int
    stopped_by; /* the signal; 0 until one came. A handler has no argument of its own to write to. */

static void on_signal(int number) {
    __atomic_store_n(&stopped_by, number, __ATOMIC_RELAXED);
}

void stop_install(void) {
    /* SA_RESETHAND: the second signal finds the default action and ends the process. No SA_RESTART: waiting for a
     * pipe must end. */
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
}

const int *stop_flag(void) {
    return &stopped_by;
}

bool stop_asked(void) {
    return __atomic_load_n(&stopped_by, __ATOMIC_RELAXED) != 0;
}

int stop_exit_code(void) {
    int number = __atomic_load_n(&stopped_by, __ATOMIC_RELAXED);
    return number ? 128 + number : 0;
}

void stop_if_unread(void) {
    struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};
    if (poll(&out, 1, 0) > 0 && (out.revents & POLLERR)) {
        signal(SIGPIPE, SIG_DFL);
        raise(SIGPIPE);
    }
}
