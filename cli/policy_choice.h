/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LK_POLICY_CHOICE_H
#define LK_POLICY_CHOICE_H

#include "cli/command.h"

/* The policy called name, NAME or NAME@VERSION (NULL: photos),
 * or of the file at that path when the name has a slash or ends in .json. */
lk_status policy_choose(lk_policy *out, const char *name, lk_error *err);

#endif
