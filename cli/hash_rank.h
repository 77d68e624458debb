/* SPDX-License-Identifier: Apache-2.0 */
/* likeness hash --rank: one picture asked of many. */
#ifndef LK_HASH_RANK_H
#define LK_HASH_RANK_H

#include "cli/command.h"

/* Prints the other arguments by their likeness to the first, the most alike first, `most` of them (0: all). Files that cannot be
 * read are reported and left out. */
enum exit_code hash_rank(const struct common *common, lk_engine *engine, int32_t most,
                         const lk_load_options *load);

#endif
