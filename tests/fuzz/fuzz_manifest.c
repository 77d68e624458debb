/* SPDX-License-Identifier: Apache-2.0 */
/* Manifests and records: what is refused says why; what can be read comes back the same from what is written of it, as a manifest
 * and each version as a record. */
#include <stdlib.h>
#include <string.h>

#include "store/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void need(bool holds) {
    if (!holds) {
        abort();
    }
}

static void write_manifest(struct buf *b, const struct manifest *m) {
    buf_init(b, (size_t)1 << 28);
    manifest_begin(b);
    for (size_t i = 0; i < m->count; i++) {
        manifest_add(b, &m->versions[i], i == 0);
    }
    manifest_end(b);
    need(b->status == LK_OK);
}

static void check_record(const lk_reference *r) {
    struct buf b, again;
    lk_reference read;
    lk_error err;
    buf_init(&b, (size_t)1 << 28);
    buf_init(&again, (size_t)1 << 28);
    record_write(&b, r);
    need(record_read(&read, (const char *)b.data, b.size, &err) == LK_OK);
    record_write(&again, &read);
    need(b.size == again.size && memcmp(b.data, again.data, b.size) == 0 && record_same(r, &read));
    need(lk_reference_id_is_valid(r->id) && strchr(record_extension(r), '/') == NULL);
    lk_reference_release(&read);
    buf_release(&b);
    buf_release(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    struct manifest m, again;
    struct buf first, second;
    lk_error err = {0};
    if (manifest_read(&m, (const char *)bytes, size, &err) != LK_OK) {
        need(err.text[0] && m.count == 0);
        return 0;
    }
    for (size_t i = 0; i < m.count; i++) {
        check_record(&m.versions[i]);
    }
    write_manifest(&first, &m);
    need(manifest_read(&again, (const char *)first.data, first.size, &err) == LK_OK &&
         again.count == m.count);
    write_manifest(&second, &again);
    need(first.size == second.size && memcmp(first.data, second.data, first.size) == 0);
    buf_release(&first);
    buf_release(&second);
    manifest_release(&m);
    manifest_release(&again);
    return 0;
}
