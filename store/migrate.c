/* SPDX-License-Identifier: Apache-2.0 */
#include "store/migrate.h"

#include <string.h>

#include "base/error.h"
#include "store/audit_log.h"
#include "store/blob_kind.h"

/* One step a row. A record is the version as canonical JSON, of which the other columns are what is searched by; crc is its
 * CRC-32. The triggers keep mistakes out, not somebody who may write to the file: that is what the log is for. */
static const char *const steps[] = {
    "CREATE TABLE reference ("
    "  id TEXT NOT NULL PRIMARY KEY,"
    "  newest INTEGER NOT NULL CHECK (newest >= 1),"
    "  removed TEXT"
    ") STRICT, WITHOUT ROWID;"
    "CREATE TABLE version ("
    "  reference TEXT NOT NULL REFERENCES reference (id),"
    "  number INTEGER NOT NULL CHECK (number >= 1),"
    "  sha256 TEXT NOT NULL,"
    "  entry INTEGER NOT NULL,"
    "  record TEXT NOT NULL,"
    "  crc INTEGER NOT NULL,"
    "  purged TEXT,"
    "  PRIMARY KEY (reference, number)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE INDEX version_sha256 ON version (sha256);"
    "CREATE TRIGGER version_stays BEFORE DELETE ON version BEGIN"
    "  SELECT RAISE(ABORT, 'versions are never deleted'); END;"
    "CREATE TRIGGER version_unchanged BEFORE UPDATE OF reference, number, sha256, entry, record, "
    "crc"
    "  ON version BEGIN SELECT RAISE(ABORT, 'versions are never changed'); END;"
    "CREATE TABLE tag ("
    "  tag TEXT NOT NULL,"
    "  reference TEXT NOT NULL REFERENCES reference (id),"
    "  PRIMARY KEY (tag, reference)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE INDEX tag_reference ON tag (reference);"
    "CREATE TABLE derived ("
    "  kind TEXT NOT NULL,"
    "  algorithm INTEGER NOT NULL,"
    "  model TEXT NOT NULL,"
    "  reference TEXT NOT NULL,"
    "  number INTEGER NOT NULL,"
    "  crc INTEGER NOT NULL,"
    "  data BLOB NOT NULL,"
    "  PRIMARY KEY (kind, algorithm, model, reference, number),"
    "  FOREIGN KEY (reference, number) REFERENCES version (reference, number)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE INDEX derived_version ON derived (reference, number);"
    "CREATE TABLE audit ("
    "  seq INTEGER PRIMARY KEY CHECK (seq >= 1),"
    "  at TEXT NOT NULL,"
    "  kind TEXT NOT NULL,"
    "  actor TEXT NOT NULL,"
    "  subject TEXT NOT NULL,"
    "  payload TEXT NOT NULL,"
    "  prev BLOB NOT NULL,"
    "  hash BLOB NOT NULL"
    ") STRICT;"
    "CREATE INDEX audit_subject ON audit (subject, seq) WHERE subject <> '';"
    "CREATE TRIGGER audit_stays BEFORE DELETE ON audit BEGIN"
    "  SELECT RAISE(ABORT, 'entries of the log are never deleted'); END;"
    "CREATE TRIGGER audit_unchanged BEFORE UPDATE ON audit BEGIN"
    "  SELECT RAISE(ABORT, 'entries of the log are never changed'); END;"
    "CREATE TABLE audit_head ("
    "  one INTEGER PRIMARY KEY CHECK (one = 1),"
    "  count INTEGER NOT NULL,"
    "  hash BLOB NOT NULL"
    ") STRICT;"
    "CREATE TABLE submission ("
    "  entry INTEGER PRIMARY KEY REFERENCES audit (seq),"
    "  photo_sha256 TEXT NOT NULL,"
    "  fingerprint BLOB NOT NULL,"
    "  reference TEXT NOT NULL,"
    "  version INTEGER NOT NULL,"
    "  verdict TEXT NOT NULL,"
    "  crc INTEGER NOT NULL"
    ") STRICT;"
    "CREATE INDEX submission_photo ON submission (photo_sha256);",

    /* What is kept beside the database is held against this: another number, or another store's salt, and it is made anew. */
    "CREATE TABLE state ("
    "  one INTEGER PRIMARY KEY CHECK (one = 1),"
    "  changes INTEGER NOT NULL,"
    "  salt BLOB NOT NULL"
    ") STRICT;"
    "INSERT INTO state (one, changes, salt) VALUES (1, 0, randomblob(16));"
    "CREATE TRIGGER derived_added AFTER INSERT ON derived BEGIN"
    "  UPDATE state SET changes = changes + 1; END;"
    "CREATE TRIGGER derived_changed AFTER UPDATE ON derived BEGIN"
    "  UPDATE state SET changes = changes + 1; END;"
    "CREATE TRIGGER derived_gone AFTER DELETE ON derived BEGIN"
    "  UPDATE state SET changes = changes + 1; END;"
    "CREATE TRIGGER reference_added AFTER INSERT ON reference BEGIN"
    "  UPDATE state SET changes = changes + 1; END;"
    "CREATE TRIGGER reference_changed AFTER UPDATE ON reference BEGIN"
    "  UPDATE state SET changes = changes + 1; END;",

    /* With each reference the number of the last change of it or of what is derived from it: what is kept beside the database need
     * look at no others. */
    "ALTER TABLE reference ADD COLUMN changed INTEGER NOT NULL DEFAULT 0;"
    "CREATE INDEX reference_changed_at ON reference (changed);"
    "DROP TRIGGER derived_added; DROP TRIGGER derived_changed; DROP TRIGGER derived_gone;"
    "DROP TRIGGER reference_added; DROP TRIGGER reference_changed;"
    "CREATE TRIGGER derived_added AFTER INSERT ON derived BEGIN"
    "  UPDATE state SET changes = changes + 1;"
    "  UPDATE reference SET changed = (SELECT changes FROM state) WHERE id = NEW.reference; END;"
    "CREATE TRIGGER derived_changed AFTER UPDATE ON derived BEGIN"
    "  UPDATE state SET changes = changes + 1;"
    "  UPDATE reference SET changed = (SELECT changes FROM state)"
    "    WHERE id IN (OLD.reference, NEW.reference); END;"
    "CREATE TRIGGER derived_gone AFTER DELETE ON derived BEGIN"
    "  UPDATE state SET changes = changes + 1;"
    "  UPDATE reference SET changed = (SELECT changes FROM state) WHERE id = OLD.reference; END;"
    "CREATE TRIGGER reference_added AFTER INSERT ON reference BEGIN"
    "  UPDATE state SET changes = changes + 1;"
    "  UPDATE reference SET changed = (SELECT changes FROM state) WHERE id = NEW.id; END;"
    "CREATE TRIGGER reference_changed AFTER UPDATE OF id, newest, removed ON reference BEGIN"
    "  UPDATE state SET changes = changes + 1;"
    "  UPDATE reference SET changed = (SELECT changes FROM state) WHERE id = NEW.id; END;",

    /* Cameras. Every picture that something names is in picture_in_use. */
    "CREATE TABLE camera ("
    "  id TEXT NOT NULL PRIMARY KEY,"
    "  settings TEXT NOT NULL,"
    "  standing TEXT NOT NULL DEFAULT '',"
    "  removed TEXT"
    ") STRICT, WITHOUT ROWID;"
    "CREATE TABLE camera_view ("
    "  camera TEXT NOT NULL REFERENCES camera (id),"
    "  number INTEGER NOT NULL CHECK (number >= 1),"
    "  sha256 TEXT NOT NULL,"
    "  bytes INTEGER NOT NULL,"
    "  origin TEXT NOT NULL,"
    "  taken INTEGER NOT NULL,"
    "  retired INTEGER,"
    "  crc INTEGER NOT NULL,"
    "  data BLOB NOT NULL,"
    "  PRIMARY KEY (camera, number)"
    ") STRICT;"
    "CREATE INDEX camera_view_sha256 ON camera_view (sha256);"
    "CREATE TRIGGER camera_view_stays BEFORE DELETE ON camera_view BEGIN"
    "  SELECT RAISE(ABORT, 'reference views are never deleted'); END;"
    "CREATE TABLE camera_event ("
    "  id INTEGER PRIMARY KEY CHECK (id >= 1),"
    "  camera TEXT NOT NULL REFERENCES camera (id),"
    "  state TEXT NOT NULL,"
    "  time INTEGER NOT NULL,"
    "  before_sha256 TEXT NOT NULL,"
    "  after_sha256 TEXT NOT NULL,"
    "  told INTEGER NOT NULL,"
    "  acknowledged INTEGER,"
    "  document TEXT NOT NULL"
    ") STRICT;"
    "CREATE INDEX camera_event_camera ON camera_event (camera, id);"
    "CREATE INDEX camera_event_untold ON camera_event (id) WHERE told = 0;"
    "CREATE INDEX camera_event_before ON camera_event (before_sha256);"
    "CREATE INDEX camera_event_after ON camera_event (after_sha256);"
    "CREATE VIEW picture_in_use (sha256) AS"
    "  SELECT sha256 FROM version WHERE purged IS NULL UNION ALL SELECT sha256 FROM camera_view"
    "  UNION ALL SELECT before_sha256 FROM camera_event UNION ALL SELECT after_sha256 FROM "
    "camera_event;",

    /* Jobs: who holds one until when, and what happened, in its order. */
    "CREATE TABLE job ("
    "  id INTEGER PRIMARY KEY CHECK (id >= 1),"
    "  kind TEXT NOT NULL,"
    "  subject TEXT NOT NULL,"
    "  settings TEXT NOT NULL,"
    "  actor TEXT NOT NULL,"
    "  state TEXT NOT NULL,"
    "  created INTEGER NOT NULL,"
    "  begun INTEGER NOT NULL DEFAULT 0,"
    "  ended INTEGER NOT NULL DEFAULT 0,"
    "  progress TEXT NOT NULL DEFAULT '',"
    "  failure TEXT NOT NULL DEFAULT '',"
    "  node TEXT NOT NULL DEFAULT '',"
    "  lease INTEGER NOT NULL DEFAULT 0,"
    "  tries INTEGER NOT NULL DEFAULT 0,"
    "  cancelled INTEGER NOT NULL DEFAULT 0"
    ") STRICT;"
    "CREATE INDEX job_state ON job (state, id);"
    "CREATE TABLE job_file ("
    "  job INTEGER NOT NULL REFERENCES job (id),"
    "  name TEXT NOT NULL,"
    "  type TEXT NOT NULL,"
    "  bytes INTEGER NOT NULL,"
    "  data BLOB NOT NULL,"
    "  PRIMARY KEY (job, name)"
    ") STRICT;"
    "CREATE TABLE news ("
    "  id INTEGER PRIMARY KEY CHECK (id >= 1),"
    "  at INTEGER NOT NULL,"
    "  type TEXT NOT NULL,"
    "  job INTEGER NOT NULL,"
    "  document TEXT NOT NULL"
    ") STRICT;"
    "CREATE INDEX news_job ON news (job, id);",

    /* The service: who may ask (hash is the SHA-256 of a secret of 256 random bits), what was answered under a key of the client's,
     * and the newest decision of a person on a verdict, which the log has whole. */
    "CREATE TABLE token ("
    "  id TEXT NOT NULL PRIMARY KEY,"
    "  hash TEXT NOT NULL UNIQUE,"
    "  kind TEXT NOT NULL,"
    "  parent TEXT NOT NULL,"
    "  name TEXT NOT NULL,"
    "  scopes TEXT NOT NULL,"
    "  created INTEGER NOT NULL,"
    "  expires INTEGER NOT NULL,"
    "  used INTEGER NOT NULL DEFAULT 0,"
    "  revoked INTEGER NOT NULL DEFAULT 0"
    ") STRICT, WITHOUT ROWID;"
    "CREATE TABLE answered ("
    "  owner TEXT NOT NULL,"
    "  name TEXT NOT NULL,"
    "  digest TEXT NOT NULL,"
    "  holder TEXT NOT NULL,"
    "  at INTEGER NOT NULL,"
    "  status INTEGER NOT NULL DEFAULT 0,"
    "  place TEXT NOT NULL DEFAULT '',"
    "  body TEXT NOT NULL DEFAULT '',"
    "  PRIMARY KEY (owner, name)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE INDEX answered_at ON answered (at);"
    "CREATE TABLE decision ("
    "  verdict INTEGER PRIMARY KEY REFERENCES audit (seq),"
    "  entry INTEGER NOT NULL REFERENCES audit (seq),"
    "  word TEXT NOT NULL"
    ") STRICT;",

    /* Files made beside verdicts (store/kept.h). What kept_gone names is looked at: nothing may need it any more. */
    "CREATE TABLE kept ("
    "  entry INTEGER PRIMARY KEY REFERENCES audit (seq),"
    "  at INTEGER NOT NULL,"
    "  bytes INTEGER NOT NULL,"
    "  plain INTEGER NOT NULL,"
    "  data BLOB NOT NULL"
    ") STRICT;"
    "CREATE INDEX kept_at ON kept (at, bytes);"
    "CREATE TABLE kept_blob ("
    "  entry INTEGER NOT NULL REFERENCES kept (entry),"
    "  number INTEGER NOT NULL,"
    "  sha256 TEXT NOT NULL,"
    "  bytes INTEGER NOT NULL,"
    "  PRIMARY KEY (entry, number)"
    ") STRICT;"
    "CREATE INDEX kept_blob_sha256 ON kept_blob (sha256);"
    "CREATE TABLE kept_file ("
    "  entry INTEGER NOT NULL REFERENCES kept (entry),"
    "  name TEXT NOT NULL,"
    "  type TEXT NOT NULL,"
    "  bytes INTEGER NOT NULL,"
    "  sha256 TEXT NOT NULL,"
    "  parts TEXT NOT NULL,"
    "  PRIMARY KEY (entry, name)"
    ") STRICT;"
    "CREATE TABLE kept_gone (sha256 TEXT NOT NULL PRIMARY KEY) STRICT, WITHOUT ROWID;"
    "DROP VIEW picture_in_use;"
    "CREATE VIEW picture_in_use (sha256) AS"
    "  SELECT sha256 FROM version WHERE purged IS NULL UNION ALL SELECT sha256 FROM camera_view"
    "  UNION ALL SELECT before_sha256 FROM camera_event UNION ALL SELECT after_sha256 FROM "
    "camera_event UNION ALL SELECT sha256 FROM kept_blob;",

    /* Cameras' scores over time, in millionths: spans of so many seconds, each with what was seen in it. */
    "CREATE TABLE camera_score ("
    "  camera TEXT NOT NULL REFERENCES camera (id),"
    "  span INTEGER NOT NULL,"
    "  at INTEGER NOT NULL,"
    "  frames INTEGER NOT NULL,"
    "  missed INTEGER NOT NULL,"
    "  total INTEGER NOT NULL,"
    "  lowest INTEGER NOT NULL,"
    "  highest INTEGER NOT NULL,"
    "  baseline INTEGER NOT NULL,"
    "  state TEXT NOT NULL,"
    "  PRIMARY KEY (camera, span, at)"
    ") STRICT, WITHOUT ROWID;",

    /* Where pictures lie, of a store that was made with another place for them than its own. */
    "CREATE TABLE blob_place ("
    "  one INTEGER PRIMARY KEY CHECK (one = 1),"
    "  kind TEXT NOT NULL,"
    "  place TEXT NOT NULL"
    ") STRICT;",
};

int64_t schema_newest(void) {
    return (int64_t)ARRAY_COUNT(steps);
}

lk_status schema_check(int64_t *version, const lk_store *s, lk_error *err) {
    struct store_mark mark;
    lk_status status = s->kind->read_mark(&mark, s, err);
    *version = mark.version;
    if (status != LK_OK || (mark.application == 0 && mark.version == 0 && mark.tables == 0)) {
        return status;
    }
    if (mark.application != STORE_APPLICATION_ID || *version < 1) {
        status = error_set(err, LK_E_FORMAT, "a database, but no store of likeness");
    } else if (*version > schema_newest()) {
        status = error_set(err, LK_E_FORMAT,
                           "made by a newer likeness (store version %lld, this one knows %lld)",
                           (long long)*version, (long long)schema_newest());
    }
    return error_input(err, status, s->at.path);
}

const char *schema_step(int64_t from) {
    return steps[from];
}

lk_status schema_take(const lk_store *s, int64_t from, int64_t to, lk_error *err) {
    lk_status status = LK_OK;
    for (int64_t i = from; status == LK_OK && i < to; i++) {
        status = s->kind->take_step(s, steps[i], err);
    }
    return status;
}

static lk_status take_steps(lk_store *s, int64_t from, lk_error *err) {
    lk_status status = schema_take(s, from, schema_newest(), err);
    if (status == LK_OK) {
        status = s->kind->write_mark(s, schema_newest(), err);
    }
    if (status == LK_OK && from == 0) {
        status = audit_begin(s, err);
        status = status == LK_OK ? blob_remember(s, err) : status;
    }
    return status;
}

lk_status schema_migrate(lk_store *s, lk_error *err) {
    int64_t version;
    lk_status status = schema_check(&version, s, err);
    if (status != LK_OK || version == schema_newest()) {
        return status;
    }
    status = lk_store_begin(s, err); /* from here on alone: somebody else may have been first */
    if (status != LK_OK) {
        return status;
    }
    status = schema_check(&version, s, err);
    if (status == LK_OK && version < schema_newest()) {
        status = take_steps(s, version, err);
    }
    return lk_store_end(s, status, err);
}
