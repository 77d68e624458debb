// SPDX-License-Identifier: Apache-2.0
// near_index.mjs VECTORS.npy ROWS...: what the index of vectors that a store has in a database (store/vectors.c) finds, and in how long.
// VECTORS.npy is of `likeness embed DIR --out`; up to ROWS of them are made by moving each number at random. Asked are 200 vectors, moved
// likewise; of the 16 nearest by an exact scan it is counted how many are among the 64 that the index tells, with ef_search 200 as there.
// pgvector runs as WebAssembly here (npm's pglite, tests/web): its times say how they grow, not how long a server takes.
import { readFileSync } from "node:fs";
import { PGlite } from "../tests/web/node_modules/@electric-sql/pglite/dist/index.js";
import { vector } from "../tests/web/node_modules/@electric-sql/pglite-pgvector/dist/index.js";

const QUERIES = 200, NEAREST = 16, ASKED = 64;

function readNpy(path) {
  const data = readFileSync(path), head = data.toString("latin1", 10, 10 + data.readUInt16LE(8));
  const [, count, dim] = /\((\d+), (\d+)\)/.exec(head).map(Number);
  const at = 10 + data.readUInt16LE(8);
  return { dim, rows: Array.from({ length: count }, (_, i) => new Float32Array(data.buffer.slice(data.byteOffset + at + 4 * dim * i, data.byteOffset + at + 4 * dim * (i + 1)))) };
}

let seed = 1;
const random = () => (seed = (seed * 48271) % 2147483647) / 2147483647;
const length = (v) => Math.sqrt(v.reduce((s, x) => s + x * x, 0));

function moved(v, share) {
  const reach = (share * length(v)) / Math.sqrt(v.length), out = v.map((x) => x + reach * 2 * (random() - 0.5) * Math.sqrt(3));
  const l = length(out);
  return out.map((x) => x / l);
}

function exact(rows, q) {
  const best = [];
  for (let i = 0; i < rows.length; i++) {
    let dot = 0;
    for (let k = 0; k < q.length; k++) dot += rows[i][k] * q[k];
    if (best.length < NEAREST || dot > best.at(-1)[0]) {
      best.push([dot, i]);
      best.sort((a, b) => b[0] - a[0]);
      best.length = Math.min(best.length, NEAREST);
    }
  }
  return best.map((b) => b[1]);
}

const text = (v) => `[${v.join(",")}]`;
const { dim, rows: given } = readNpy(process.argv[2]);
for (const wanted of process.argv.slice(3).map(Number)) {
  const rows = Array.from({ length: wanted }, (_, i) => moved(given[i % given.length], i < given.length ? 0 : 0.5));
  const db = await PGlite.create({ extensions: { vector } });
  await db.exec(`CREATE EXTENSION vector; CREATE TABLE t (id INT PRIMARY KEY, data vector(${dim}) NOT NULL); SET hnsw.ef_search = 200`);
  for (let i = 0; i < rows.length; i += 500) {
    await db.exec(`INSERT INTO t VALUES ${rows.slice(i, i + 500).map((v, k) => `(${i + k}, '${text(v)}')`).join(",")}`);
  }
  let began = performance.now();
  await db.exec("CREATE INDEX ON t USING hnsw (data vector_cosine_ops)");
  const build_s = (performance.now() - began) / 1000, ms = [];
  let found = 0, first = 0;
  for (let i = 0; i < QUERIES; i++) {
    const q = moved(rows[Math.floor(random() * rows.length)], 0.4), right = exact(rows, q);
    began = performance.now();
    const told = (await db.query(`SELECT id FROM t ORDER BY data <=> '${text(q)}' LIMIT ${ASKED}`)).rows.map((r) => r.id);
    ms.push(performance.now() - began);
    found += right.filter((r) => told.includes(r)).length;
    first += told.includes(right[0]);
  }
  ms.sort((a, b) => a - b);
  console.log(JSON.stringify({ rows: wanted, dim, build_s: +build_s.toFixed(1), recall: found / (NEAREST * QUERIES), nearest_found: first / QUERIES, ms: +ms[QUERIES / 2].toFixed(2) }));
  await db.close();
}
