/* SPDX-License-Identifier: Apache-2.0 */
/* The other originals of a store that a photo may show instead of the one it was held beside. */
#ifndef LK_RIVALS_H
#define LK_RIVALS_H

#include "cli/verifier.h"

/* Only what would be called the same is worth asking others about: a photo that does not show this original is different whatever
 * it shows. */
bool rivals_matter(const lk_verification *result);

/* Holds the photo beside those of the candidates whose keypoints agree a good part as well as the best one's, and answers again in
 * their light: lk_verification_weigh. own: what result is of. Pictures of the same thing as own's are no rivals. Errors as reading
 * and verifying them. */
MUST_CHECK lk_status rivals_ask(lk_verification *result, const struct verifier *v, lk_store *store,
                                const struct original *own, const lk_candidate *candidates,
                                int32_t count, const struct sought *photo, lk_error *err);

#endif
