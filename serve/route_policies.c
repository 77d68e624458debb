/* SPDX-License-Identifier: Apache-2.0 */
/* What decides verifications: limits, and how often they were wrong. */
#include "serve/server.h"

static void get_policy(struct request *r, struct bench *bench) {
    lk_policy policy;
    lk_bytes text = {0};
    lk_error err = {0};
    (void)bench;
    lk_status status = lk_policy_built_in(&policy, r->parameters[0], &err);
    if (status != LK_OK) {
        answer_problem(r, 404, "not-found", "no policy is called %.60s", r->parameters[0]);
        return;
    }
    status = lk_policy_write(&text, &policy, &err);
    if (status == LK_OK) {
        answer_bytes(r, 200, &text);
    } else {
        answer_error(r, &err);
    }
}

const struct route policy_routes[] = {
    {.method = "GET",
     .path = "/api/v1/policies/{policy}",
     .summary =
         "what decides a verification: limits, weights and measured error rates; as likeness "
         "policy show --json",
     .handle = get_policy},
    ROUTE_END,
};
