/* SPDX-License-Identifier: Apache-2.0 */
/* Ctrl-C and SIGTERM: the first asks the work in progress to end cleanly, the second ends the process at once. */
#ifndef LK_STOP_H
#define LK_STOP_H

#include <stdbool.h>

/* From now on SIGINT and SIGTERM set the flag; a write to a closed pipe, or beyond the largest file
 * allowed, fails instead of killing. */
void stop_install(void);

/* For lk_engine_options.stop, and for loops over files. */
const int *stop_flag(void);
bool stop_asked(void);

/* 130 after SIGINT, 143 after SIGTERM; 0 when nobody asked. */
int stop_exit_code(void);

/* Ends the process by SIGPIPE, silently, as git and grep end, where nobody reads standard output any more (`| head`). */
void stop_if_unread(void);

#endif
