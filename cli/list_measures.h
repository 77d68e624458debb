/* SPDX-License-Identifier: Apache-2.0 */
/* `compare --list-measures`: the table of measures and of their options, for people and programs. */
#ifndef LK_LIST_MEASURES_H
#define LK_LIST_MEASURES_H

#include "cli/command.h"

enum exit_code list_measures(const struct common *common);

#endif
