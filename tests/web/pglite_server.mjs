// SPDX-License-Identifier: Apache-2.0
// pglite_server.mjs FOLDER: PostgreSQL as WebAssembly, with pgvector, in memory, on the socket of PostgreSQL's name in the folder. Says
// "ready" and ends with standard input. It is one session, whoever connects: a transaction of one keeps the others waiting.
import { PGlite } from "@electric-sql/pglite";
import { vector } from "@electric-sql/pglite-pgvector";
import { PGLiteSocketServer } from "@electric-sql/pglite-socket";

const db = await PGlite.create({ extensions: { vector } });
const server = new PGLiteSocketServer({ db, path: `${process.argv[2]}/.s.PGSQL.5432`, maxConnections: 20 });
await server.start();
console.log("ready");
process.stdin.on("end", () => process.exit(0)).resume();
