// SPDX-License-Identifier: Apache-2.0
// ONNX Runtime for nn_onnxruntime.py, embed_folder.py and tests/oracle/train: reads commands as lines of JSON, answers each with a line of JSON.
//   {"open": FILE, "threads": T}             -> {"ms": from the file to a session}
//   {"run": BATCH, "runs": R}                -> {"ms": [R times]}  of random input BATCH x 3 x 224 x 224
//   {"embed": COUNT, "from": FILE}           -> {"ms": ...}        of COUNT x 3 x 224 x 224 float32 read from FILE, 1 at a time
//   {"output": NAME, "shape": [...], "from": FILE, "to": FILE} -> {"dims": [...]}  of the float32 in FILE, which go to the other
import fs from 'node:fs';
import readline from 'node:readline';
import ort from 'onnxruntime-node';

const SIZE = 3 * 224 * 224;
let session;

async function answer(command) {
  const start = performance.now();
  if (command.open) {
    session = await ort.InferenceSession.create(command.open, {
      intraOpNumThreads: command.threads, interOpNumThreads: 1, executionMode: 'sequential', graphOptimizationLevel: 'all',
    });
    return { ms: performance.now() - start };
  }
  if (command.output) {
    const bytes = fs.readFileSync(command.from);
    const input = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
    const feeds = { [session.inputNames[0]]: new ort.Tensor('float32', input, command.shape) };
    const made = (await session.run(feeds, [command.output]))[command.output];
    fs.writeFileSync(command.to, new Uint8Array(made.data.buffer, made.data.byteOffset, made.data.byteLength));
    return { dims: made.dims };
  }
  if (command.run) {
    const input = new Float32Array(command.run * SIZE).map(() => Math.random() * 2 - 1);
    const feeds = { image: new ort.Tensor('float32', input, [command.run, 3, 224, 224]) };
    const ms = [];
    for (let i = 0; i < command.runs; i++) {
      const begin = performance.now();
      await session.run(feeds);
      ms.push(performance.now() - begin);
    }
    return { ms };
  }
  const bytes = fs.readFileSync(command.from);
  const all = new Float32Array(bytes.buffer, bytes.byteOffset, command.embed * SIZE);
  for (let i = 0; i < command.embed; i++) {
    const input = all.subarray(i * SIZE, (i + 1) * SIZE);
    await session.run({ image: new ort.Tensor('float32', input, [1, 3, 224, 224]) }, ['embedding']);
  }
  return { ms: performance.now() - start };
}

for await (const line of readline.createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await answer(JSON.parse(line))));
}
process.exit(0);
