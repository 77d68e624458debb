/* SPDX-License-Identifier: Apache-2.0 */
/* store_inspect FOLDER: looks at everything in a store (lk_store_check), reads each version and what store_writer derived from it,
 * prints "ID@VERSION SHA256" for each, problems to standard error, and a line of counts. Ends with 1 when anything is wrong. */
#include <stdio.h>
#include <string.h>

#include <likeness/likeness.h>

struct inspection {
    lk_store *store;
    int wrong;
};

static void say(void *arg, const char *problem) {
    struct inspection *n = arg;
    fprintf(stderr, "%s\n", problem);
    n->wrong++;
}

static void check_version(struct inspection *n, const lk_reference *r) {
    lk_error err;
    lk_bytes picture = {0}, data = {0};
    bool there = false;
    const lk_derived_key key = {"embedding", 1, "none"};
    printf("%s@%d %s\n", r->id, r->version, r->sha256);
    if (lk_reference_picture(&picture, n->store, r, &err) != LK_OK ||
        lk_derived_get(&data, &there, n->store, r->id, r->version, &key, &err) != LK_OK) {
        say(n, err.text);
    } else if (!there || data.size != picture.size ||
               memcmp(data.data, picture.data, data.size) != 0) {
        say(n, "what was derived is missing, or of another picture");
    }
    lk_bytes_release(&picture);
    lk_bytes_release(&data);
}

static bool see_version(void *arg, const lk_reference *r) {
    check_version(arg, r);
    return true;
}

static bool see_newest(void *arg, const lk_reference *r) {
    struct inspection *n = arg;
    lk_error err;
    if (r->version == 1) {
        check_version(n, r);
    } else if (lk_reference_history(n->store, r->id, see_version, n, &err) != LK_OK) {
        say(n, err.text);
    }
    return true;
}

int main(int argc, char **argv) {
    const lk_store_options options = {.mode = LK_STORE_READ};
    struct inspection n = {0};
    lk_store_check_result result;
    lk_error err = {0};
    char text[1200];
    if (argc != 2 || lk_store_open(&n.store, argv[1], &options, &err) != LK_OK ||
        lk_store_check(&result, n.store, NULL, say, &n, &err) != LK_OK ||
        lk_reference_list(n.store, NULL, see_newest, &n, &err) != LK_OK) {
        lk_error_format(&err, text, sizeof text);
        fprintf(stderr, "%s\n", text);
        return 1;
    }
    lk_store_close(n.store);
    printf(
        "%lld references, %lld versions, %lld pictures, %lld unused, %lld derived, %lld entries\n",
        (long long)result.references, (long long)result.versions, (long long)result.pictures,
        (long long)result.unused_pictures, (long long)result.derived, (long long)result.entries);
    return n.wrong > 0;
}
