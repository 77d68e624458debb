/* SPDX-License-Identifier: Apache-2.0 */
/* What each code of a problem means, once: the title of the problem, and the page /problems that its type points to. */
#include <string.h>

#include "serve/server.h"

static const struct problem problems[] = {
    {"already-there", 409, "There is one already", "Something of that id is in use."},
    {"bad-field", 400, "A value that does not fit",
     "A key of the body has a value of another kind, out of its range, or that is none of its "
     "words. The detail names the key and what it takes; openapi.json has all of them."},
    {"bad-form", 400, "A form that cannot be read",
     "A multipart form must have one part, the picture."},
    {"bad-json", 400, "No JSON object",
     "The body must be one JSON object in UTF-8 with no key twice."},
    {"bad-query", 400, "A value in the query that does not fit",
     "As bad-field, of a name behind the question mark."},
    {"bad-request", 400, "A request that cannot be meant so",
     "The detail says what is wrong: a body where none is taken, an id that cannot be one, options "
     "that do not go together."},
    {"busy", 503, "Too much at once",
     "The queue, or the memory for uploads, is full. Nothing was done: ask again after Retry-After "
     "seconds."},
    {"corrupt-image", 422, "A damaged picture",
     "The file is cut off or its parts do not fit together."},
    {"decoder-stopped", 422, "A picture whose decoding was stopped",
     "Pictures are decoded in a process that can do nothing else and is held to limits of time and "
     "memory. This one broke them, or the process died of it."},
    {"digest-mismatch", 422, "Other bytes than were meant",
     "What came is not what the header Content-Digest says: it was changed or cut on the way. Send "
     "it again."},
    {"empty", 400, "Nothing was sent", "The body holds no picture."},
    {"failed", 500, "Work that failed", "The detail says why."},
    {"forbidden", 403, "Not with this token",
     "The token lacks the scope that the route wants; the detail names it. likeness token add "
     "--scope gives one."},
    {"gone", 410, "No longer kept",
     "What is made beside a verdict is kept for as long as --keep-verdicts of the service says. "
     "The "
     "record in the log stays."},
    {"has-ended", 409, "It has ended already", "A job that has ended cannot be cancelled."},
    {"idempotency-in-progress", 409, "Being answered",
     "Another request with the same Idempotency-Key is at it: ask again after Retry-After "
     "seconds."},
    {"idempotency-mismatch", 422, "Another request under the same key",
     "An Idempotency-Key stands for one request. Take a new key for a new request."},
    {"internal", 500, "A fault of the service", "It is not the request's: please report it."},
    {"missing-field", 400, "A key is missing", "The detail says which, and what it is for."},
    {"missing-query", 400, "A name is missing in the query",
     "The detail says which, and what it is for."},
    {"need-match", 428, "Say what is to be changed",
     "A change must name the state it was made from: send If-Match with the ETag of the answer you "
     "read, so that nobody's work is undone unseen."},
    {"no-collection", 404, "No collection of that name",
     "Folders that jobs work on are named when the service starts (--collection NAME=DIR)."},
    {"no-decoder", 503, "No process to decode with",
     "One is being started: ask again after Retry-After seconds."},
    {"no-model", 404, "No model for that",
     "No model that classifies is installed on the machine of the service: likeness model add."},
    {"no-result", 409, "No result",
     "The job runs still, failed, or was cancelled: the detail says which."},
    {"not-found", 404, "Nothing there",
     "There is no such path, picture, reference or entry. Uploads are kept in memory and go when "
     "room is short, or when the service ends."},
    {"not-indexed", 409, "Not looked at yet",
     "A collection is searched in its index: POST /api/v1/indexes makes it, and brings it up to "
     "date."},
    {"not-ready", 503, "Not ready", "The service is starting, ending, or lacks what it needs."},
    {"other-origin", 403, "A page of another place",
     "Browsers say which page asks. Pages of other places may not use this service."},
    {"over-limit", 422, "Beyond a limit", "The detail names the limit and how to raise it."},
    {"rate-limited", 429, "Too much in a minute",
     "Each token, or address, may do so much work a minute (--rate). Ask again after Retry-After "
     "seconds."},
    {"reason-required", 422, "Why?",
     "To decide against the verdict wants a reason, which the log keeps."},
    {"sizes-do-not-fit", 422, "Sizes that do not go together",
     "The two pictures cannot be held against each other as they are."},
    {"source-not-allowed", 403, "Not among the sources allowed here",
     "The operator says in a file (likeness serve --camera-sources) where cameras may look."},
    {"stale", 412, "It has changed since",
     "Somebody else changed it after you read it. Read it again, look, and send the change with "
     "the "
     "new ETag."},
    {"store-away", 503, "What the store needs does not answer",
     "Its pictures lie on another machine, which does not answer: nothing was written. Ask again "
     "after Retry-After seconds; the detail says which machine."},
    {"store-cannot-read", 503, "The store cannot be asked now",
     "Its disk or its database does not answer. Nothing is said of what was asked for: it may be "
     "there. Ask again after Retry-After seconds."},
    {"store-cannot-write", 507, "The store cannot be written to",
     "The disk is full, or another process holds the store. Nothing was acknowledged."},
    {"store-damaged", 500, "The store is damaged",
     "What it holds cannot be read. Whoever runs the service looks with likeness db check."},
    {"timed-out", 503, "It took too long",
     "A request may compute for 60 seconds. Make the picture smaller, or ask again when less is "
     "going on."},
    {"too-large", 413, "Too many bytes", "The detail names the limit (--max-body, --keep)."},
    {"too-many-pixels", 422, "Too many pixels",
     "A picture has at most 100 million pixels and 16,384 a side, unless the limits of the service "
     "are others. Its header said more: nothing was decoded."},
    {"too-slow", 408, "A body that comes too slowly",
     "After ten seconds a body must have come at 1 KiB a second at least."},
    {"unauthorized", 401, "Who are you?",
     "The service was started with --auth: send Authorization: Bearer lk_... (likeness token add), "
     "or log in at /login. The token is unknown, expired or revoked."},
    {"unknown-field", 400, "A key that is not known",
     "Keys are never guessed: the body has one that the route does not take."},
    {"unknown-host", 421, "Another name",
     "The service answers to localhost and to the names it was started with (--host NAME)."},
    {"unknown-method", 405, "Another method",
     "The header Allow says which methods the path takes."},
    {"unknown-query", 400, "A name in the query that is not known",
     "Names are never guessed: the query has one that the route does not take."},
    {"unsupported-format", 415, "Another kind of file",
     "Pictures are JPEG, PNG or WebP, whatever their name says."},
    {"unsupported-type", 415, "Another type of content",
     "The header Content-Type names what the route does not take."},
};

const struct problem *problem_at(size_t i) {
    return i < sizeof problems / sizeof *problems ? &problems[i] : NULL;
}

const struct problem *problem_of(const char *code) {
    for (size_t i = 0; problem_at(i); i++) {
        if (strcmp(problems[i].code, code) == 0) {
            return &problems[i];
        }
    }
    return NULL;
}

void problems_write(struct buf *out) {
    buf_add_text(out, "<h1>Problems</h1>\n<p>What is refused is answered as "
                      "<code>application/problem+json</code> (RFC 9457). Its <code>code</code> is "
                      "one of these.</p>\n<dl class=\"problems\">\n");
    for (size_t i = 0; problem_at(i); i++) {
        const struct problem *p = &problems[i];
        buf_printf(out, "<dt id=\"%s\"><code>%s</code> %d: %s</dt>\n<dd>%s</dd>\n", p->code,
                   p->code, (int)p->status, p->title, p->text);
    }
    buf_add_text(out, "</dl>\n");
}
