// SPDX-License-Identifier: Apache-2.0
// Frames of a camera that looks at the sample package: the picture on a canvas of the browser, shifted, covered, with a little noise.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { folder, open } from "./page.mjs";
import { sample } from "./service.mjs";

const source = () => `data:image/png;base64,${readFileSync(sample("original.png")).toString("base64")}`;

// [{ name, right, covered }]: files in the test's folder, which are returned by name.
export async function drawFrames(wanted) {
  const page = await open("about:blank");
  const made = await page.evaluate(async ([address, list]) => {
    const picture = new Image();
    picture.src = address;
    await picture.decode();
    const canvas = document.createElement("canvas"), pen = canvas.getContext("2d");
    [canvas.width, canvas.height] = [640, 480];
    const frames = {};
    for (const [i, one] of list.entries()) {
      const width = 800, height = width * picture.height / picture.width;
      pen.drawImage(picture, -60 - (one.right ?? 0), -height / 3, width, height);
      if (one.covered) {
        pen.fillStyle = "#2b2622";
        pen.fillRect(0, 0, 640, 480);
      }
      for (let k = 0; k < 300; k++) {
        pen.fillStyle = `rgba(128, 128, 128, ${0.02 + (k * (i + 3)) % 7 / 300})`;
        pen.fillRect((k * 7919 * (i + 1)) % 640, (k * 104729) % 480, 3, 3);
      }
      frames[one.name] = canvas.toDataURL("image/jpeg", 0.92).split(",")[1];
    }
    return frames;
  }, [source(), wanted]);
  await page.context().close();
  return Object.fromEntries(Object.entries(made).map(([name, data]) => {
    const path = join(folder, name);
    writeFileSync(path, Buffer.from(data, "base64"));
    return [name, path];
  }));
}
