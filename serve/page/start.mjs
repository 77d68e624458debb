// SPDX-License-Identifier: Apache-2.0
// The start page: a picture that is dropped anywhere begins, two are compared; the last results of this tab; how the service is.
import { byId, call, node, preview, remembered, takeFiles, upload, verdictSymbol, wordsOf, when } from "/site.mjs";

const status = byId("status");
const address = (path, names) => `${path}?${new URLSearchParams(names)}`;

async function withUpload(files, then) {
  try {
    status.textContent = "Uploading.";
    const pictures = await Promise.all(files.map(upload));
    status.textContent = "";
    window.location.assign(then(pictures));
  } catch (error) {
    status.textContent = `That did not work: ${error.message}`;
  }
}

let one = null;
function take(files) {
  if (files.length > 1) {
    withUpload(files.slice(0, 2), ([a, b]) => address("/compare", { a: a.id, "a-name": a.name, b: b.id, "b-name": b.name }));
    return;
  }
  [one] = files;
  if (!one) return;
  byId("ask-name").textContent = one.name;
  preview(byId("thumb"), one);
  byId("ask").showModal();
}

function showLast() {
  const results = remembered();
  byId("none").hidden = results.length > 0;
  byId("last").replaceChildren(
    ...results.map(({ href, what, names, verdict, intact, at }) =>
      node(
        "li",
        { class: intact === "altered" ? "altered" : verdict },
        node(
          "a",
          { href },
          verdictSymbol(verdict),
          node("strong", {}, wordsOf({ verdict, intact })),
          node("span", {}, names),
          node("span", { class: "hint" }, `${what === "verify" ? "verified" : "compared"} ${when(at)}`),
        ),
      ),
    ),
  );
}

async function showHealth() {
  const health = byId("health");
  try {
    const [{ body: ready }, { body: version }] = await Promise.all([call("/readyz"), call("/version")]);
    health.textContent = `The service is ready: likeness ${version.version}; pictures are decoded under ${ready.sandbox}.`;
  } catch (error) {
    health.textContent = `The service is not ready: ${error.message}`;
    health.classList.add("problem");
  }
}

byId("files").addEventListener("change", (event) => take([...event.target.files]));
byId("begin").addEventListener("submit", (event) => event.preventDefault());
takeFiles(byId("begin"), take);
byId("do-verify").addEventListener("click", () =>
  withUpload([one], ([p]) => address("/verify", { photo: p.id, "photo-name": p.name })),
);
byId("do-compare").addEventListener("click", () =>
  withUpload([one], ([p]) => address("/compare", { a: p.id, "a-name": p.name })),
);
byId("do-nothing").addEventListener("click", () => byId("ask").close());
showLast();
showHealth();
