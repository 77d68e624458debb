/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/passing.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

union file_space {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(PASSING_FILES_MAX * sizeof(int))];
};

bool passing_send(int socket, const void *data, size_t size, const int *files, int32_t count) {
    union file_space space = {0};
    uint8_t copy[PASSING_SIZE_MAX];
    size_t bytes = (size_t)count * sizeof(int);
    struct iovec part = {copy, size};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (size == 0 || size > sizeof copy || count > PASSING_FILES_MAX) {
        return false;
    }
    memcpy(copy, data, size);
    if (count > 0) {
        message.msg_control = &space;
        message.msg_controllen = CMSG_SPACE(bytes);
        struct cmsghdr *c = CMSG_FIRSTHDR(&message);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(bytes);
        memcpy(CMSG_DATA(c), files, bytes);
    }
    ssize_t sent;
    do {
        sent = sendmsg(socket, &message, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    return sent == (ssize_t)size;
}

static bool wait_for(int socket, int32_t wait_ms) {
    struct pollfd one = {.fd = socket, .events = POLLIN};
    int ready;
    do {
        ready = poll(&one, 1, wait_ms);
    } while (ready < 0 && errno == EINTR);
    return ready > 0;
}

int32_t passing_receive(int socket, void *data, size_t size, int *files, int32_t count,
                        int32_t wait_ms) {
    union file_space space;
    struct iovec part = {data, size};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &space, .msg_controllen = sizeof space};
    ssize_t got;
    if (!wait_for(socket, wait_ms)) {
        return -1;
    }
    do {
        got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    } while (got < 0 && errno == EINTR);
    int32_t came = 0;
    int all[PASSING_FILES_MAX];
    const struct cmsghdr *c = got > 0 ? CMSG_FIRSTHDR(&message) : NULL;
    if (c && c->cmsg_type == SCM_RIGHTS) {
        came = (int32_t)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
        memcpy(all, CMSG_DATA(c), (size_t)came * sizeof(int));
    }
    if (got <= 0 || came != count) {
        for (int32_t i = 0; i < came; i++) {
            close(all[i]);
        }
        return -1;
    }
    if (count > 0) {
        memcpy(files, all, (size_t)count * sizeof(int));
    }
    return (int32_t)got;
}

bool passing_is_open(int socket) {
    struct pollfd one = {.fd = socket, .events = 0};
    return socket >= 0 && poll(&one, 1, 0) >= 0 && !(one.revents & (POLLHUP | POLLERR | POLLNVAL));
}
