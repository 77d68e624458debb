/* SPDX-License-Identifier: Apache-2.0 */
/* Following the chain: is each entry the one that was written, and which is the first that is not?
 *
 * An entry that was changed without its hash, or with it, shows at itself or at the entry behind it, which still holds the hash of
 * what it was chained to. What was written anew from some entry to the last one shows only against a head kept elsewhere. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "store/audit_log.h"

void audit_chain_begin(struct audit_chain *c, const lk_audit_head *kept) {
    *c = (struct audit_chain){.kept = kept, .check.good = true};
}

static PRINTF_LIKE(3, 4) bool bad(struct audit_chain *c, int64_t seq, const char *format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(c->check.text, sizeof c->check.text, format, args);
    va_end(args);
    c->check.good = false;
    c->check.first_bad = seq;
    return false;
}

static bool fits(const uint8_t *hash, const uint8_t *prev, int64_t seq, const lk_audit_entry *e) {
    uint8_t sum[LK_AUDIT_HASH_BYTES];
    audit_hash(sum, prev, seq, e);
    return memcmp(sum, hash, sizeof sum) == 0;
}

/* Entry e stands where number n is due, and is not it. */
static bool diagnose(struct audit_chain *c, int64_t n, const lk_audit_entry *e) {
    bool follows = memcmp(e->prev, c->check.head.hash, sizeof e->prev) == 0;
    if (e->seq > n) {
        return bad(c, n, "entry %lld is missing: the next one there is %lld", (long long)n,
                   (long long)e->seq);
    }
    if (e->seq < 1) {
        return bad(c, n, "entry %lld is numbered %lld", (long long)n, (long long)e->seq);
    }
    if (e->seq < n) {
        return bad(c, e->seq, "entry %lld is there more than once, or out of its order",
                   (long long)e->seq);
    }
    if (n > 1 && fits(e->hash, e->prev, n, e)) {
        return bad(c, n - 1,
                   "entry %lld is not the one that entry %lld was chained to: it, or some before "
                   "it, were changed",
                   (long long)n - 1, (long long)n);
    }
    if (n == 1 && fits(e->hash, e->prev, n, e)) {
        return bad(c, 1, "the log does not begin with entry 1: what stands there follows another");
    }
    if (fits(e->hash, e->prev, n + 1, e)) {
        return bad(c, n, "entry %lld is missing: what stands there was written as entry %lld",
                   (long long)n, (long long)n + 1);
    }
    if (n > 1 && memcmp(e->hash, c->check.head.hash, sizeof e->hash) == 0) {
        return bad(c, n, "entry %lld is a copy of the one before it", (long long)n);
    }
    if (n > 1 && fits(e->hash, e->prev, n - 1, e)) {
        return bad(c, n - 1,
                   "entry %lld was inserted: what stands behind it was written as entry %lld",
                   (long long)n - 1, (long long)n - 1);
    }
    return bad(c, n, "entry %lld was changed: its hash does not fit what it says%s", (long long)n,
               follows ? "" : ", nor the entry before it");
}

static bool same_hash(const lk_audit_head *a, const uint8_t *hash) {
    return memcmp(a->hash, hash, sizeof a->hash) == 0;
}

bool audit_chain_add(struct audit_chain *c, const lk_audit_entry *e) {
    int64_t n = c->check.head.count + 1, moment;
    c->check.count++;
    if (e->seq != n || memcmp(e->prev, c->check.head.hash, sizeof e->prev) != 0 ||
        !fits(e->hash, e->prev, n, e)) {
        return diagnose(c, n, e);
    }
    if (!moment_parse(&moment, e->at) ||
        (strcmp(e->at, c->at) < 0 && strcmp(e->kind, "log.clock") != 0)) {
        return bad(c, n, "entry %lld is of a time before that of the entry before it",
                   (long long)n);
    }
    if (c->kept && (c->kept->count == n || c->kept->count == 0) && same_hash(c->kept, e->hash)) {
        c->met = true;
    } else if (c->kept && c->kept->count == n) {
        return bad(
            c, n, "entry %lld is not the one of the kept head: it, or some before it, were changed",
            (long long)n);
    }
    c->check.head.count = n;
    memcpy(c->check.head.hash, e->hash, sizeof e->hash);
    snprintf(c->at, sizeof c->at, "%s", e->at);
    return true;
}

void audit_chain_unreadable(struct audit_chain *c, const char *why) {
    int64_t n = c->check.head.count + 1;
    c->check.count++;
    bad(c, n, "entry %lld cannot be read: %s", (long long)n, why);
}

void audit_chain_end(struct audit_chain *c, const lk_audit_head *claimed) {
    int64_t n = c->check.head.count + 1;
    if (!c->check.good) {
        return;
    }
    if (c->kept && c->kept->count >= n) {
        bad(c, n, "entry %lld is missing: the kept head is of %lld entries, the log ends before",
            (long long)n, (long long)c->kept->count);
    } else if (c->kept && !c->met) {
        bad(c, n,
            "no entry has the kept head's hash: the log was cut off before it, or is another's");
    } else if (claimed->count != c->check.head.count || !same_hash(claimed, c->check.head.hash)) {
        bad(c, n, "entry %lld is missing: the log says of itself that it has %lld", (long long)n,
            (long long)claimed->count);
    } else if (n == 1) {
        bad(c, 1, "entry 1 is missing: each log begins with one");
    }
}

static lk_status check_rows(struct audit_chain *c, lk_store *s, lk_error *err) {
    struct sql q;
    bool row, good = true;
    lk_status status;
    sql_begin(&q, &s->at, "SELECT " AUDIT_COLUMNS " FROM audit ORDER BY seq");
    while (good && (status = sql_step(&q, &row, err)) == LK_OK && row) {
        lk_audit_entry e;
        if (audit_row(&e, &q)) {
            good = audit_chain_add(c, &e);
        } else {
            audit_chain_unreadable(c, "a column is of another type");
            good = false;
        }
    }
    sql_end(&q);
    return status;
}

lk_status lk_audit_verify(lk_audit_check *out, lk_store *store, const lk_audit_head *kept,
                          lk_error *err) {
    struct audit_chain c;
    lk_audit_head claimed;
    int64_t damaged = 0;
    *out = (lk_audit_check){0};
    audit_chain_begin(&c, kept);
    lk_status status = store_read_begin(store, err);
    if (status != LK_OK) {
        return status;
    }
    status = check_rows(&c, store, err);
    if (status == LK_OK) {
        status = lk_audit_head_get(&claimed, store, err);
    }
    if (status == LK_OK && c.check.good) {
        status = submission_first_damaged(&damaged, store, err);
    }
    store_read_end(store);
    if (status == LK_OK) {
        audit_chain_end(&c, &claimed);
        if (c.check.good && damaged > 0) {
            bad(&c, damaged, "the photo kept with entry %lld is damaged or was changed",
                (long long)damaged);
        }
        *out = c.check;
    }
    return status;
}
