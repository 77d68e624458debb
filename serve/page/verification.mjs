// SPDX-License-Identifier: Apache-2.0
// One verdict on record. What the log holds is always there; pictures and the whole result as long as the service keeps them.
import { byId, call, facts, node, send, svg, verdictSymbol, wordsOf, when } from "/site.mjs";
import { showCrops, showFigures, showViewer } from "/verification_pictures.mjs";

const entry = window.location.pathname.split("/").pop();
const path = `/api/v1/verifications/${encodeURIComponent(entry)}`;
const percent = (share) => `${(100 * share).toPrecision(2)} %`;

// Never certain.
const figure = (p) => (p > 0.999 ? "over 0.999" : p < 0.001 ? "under 0.001" : p.toFixed(3));

// ---- the verdict, in words ----
function sentence({ verdict, intact, reference }, changes) {
  const places = changes === 1 ? "one place differs" : `${changes} places differ`;
  if (verdict === "different" && !reference) return "The photo shows none of the stored originals.";
  if (verdict === "different") return "The photo does not show the stored original.";
  if (verdict === "cannot-tell") return "The photo does not carry an answer either way.";
  if (intact === "altered") return `The photo shows the stored original, but ${places}.`;
  return intact === "intact"
    ? "The photo shows the stored original, unchanged as far as the photo shows."
    : "The photo shows the stored original; whether it is unchanged cannot be told from this photo.";
}

function nextStep({ verdict, intact }, advice) {
  if (advice) return `What to do next: ${advice}.`;
  if (verdict === "same" && intact === "altered")
    return "What to do next: look at each numbered difference below, then accept or reject.";
  if (verdict === "same") return "What to do next: accept it, or look at the evidence below first.";
  if (verdict === "different") return "What to do next: check that the right original was chosen; else reject.";
  return "What to do next: take the photo again, sharp, straight on and without glare.";
}

function showVerdict(record, changes, advice) {
  const altered = record.verdict === "same" && record.intact === "altered";
  byId("head").className = `verdict ${altered ? "altered" : record.verdict}`;
  byId("verdict").replaceChildren(verdictSymbol(record.verdict), wordsOf(record));
  byId("meaning").textContent = sentence(record, changes);
  byId("next").textContent = nextStep(record, advice);
  byId("probability").textContent = figure(record.probability);
  const title = record.reference ? `${record.reference}@${record.version}` : "no original of the store";
  byId("title").textContent = `Verification ${record.entry}: ${title}`;
  document.title = `likeness: verification ${record.entry}, ${wordsOf(record)}`;
}

// ---- against the policy's limits ----
function limitBar(probability, low, high) {
  const text = (x, words, anchor) => svg("text", { x, y: 38, "text-anchor": anchor }, words),
    at = (p) => 10 + 580 * p;
  return svg(
    "svg",
    {
      class: "limits",
      viewBox: "0 0 600 44",
      role: "img",
      "aria-label": `probability ${figure(probability)}; different below ${low}, same from ${high}`,
    },
    svg("rect", { class: "zone-different", x: at(0), y: 8, width: at(low) - at(0), height: 12 }),
    svg("rect", { class: "zone-between", x: at(low), y: 8, width: at(high) - at(low), height: 12 }),
    svg("rect", { class: "zone-same", x: at(high), y: 8, width: at(1) - at(high), height: 12 }),
    svg("path", { class: "here", d: `M${at(probability)} 2v24m-6 -24h12` }),
    text(at(0), `different below ${low}`, "start"),
    text(at(0.5), "cannot tell", "middle"),
    text(at(1), `same from ${high}`, "end"),
  );
}

async function showConfidence(record) {
  const { body: policy } = await call(`/api/v1/policies/${encodeURIComponent(record.policy.split("@")[0])}`).catch(() => ({
    body: null,
  }));
  if (!policy || `${policy.name}@${policy.version}` !== record.policy) {
    byId("rates").textContent = `Policy ${record.policy}; this service does not have its limits.`;
    return;
  }
  const r = policy.record;
  byId("limits").replaceChildren(limitBar(record.probability, policy.different_below, policy.same_from));
  byId("rates").textContent = r?.genuine
    ? `Measured error rates of policy ${record.policy}, on pairs it was not fitted on: it wrongly said ` +
      `same of ${percent(r.same_of_impostors)} of ${r.impostors} pairs of different things, and wrongly said different of ` +
      `${percent(r.different_of_genuine)} of ${r.genuine} pairs of the same thing; of ` +
      `${percent(1 - r.same_of_genuine - r.different_of_genuine)} ` +
      "of these it could not tell."
    : `Policy ${record.policy} has no measured error rates.`;
}

// ---- what it is of ----
const code = (text) => node("code", {}, text);

function showIdentity(body, result) {
  const { record } = body,
    photo = record.photo ?? {},
    original = record.original ?? {};
  byId("identity").replaceChildren(
    facts([
      ["Original", body.reference ? `${body.reference}, version ${body.version}` : "none of the store"],
      ["SHA-256 of the original", original.sha256 && code(original.sha256)],
      ["Photo", result?.inputs[1].path],
      ["SHA-256 of the photo", code(body.photo_sha256)],
      ["Size of the photo", photo.width && `${photo.width} × ${photo.height} px, ${photo.bytes} bytes`],
      ["Policy", body.policy],
      ["SHA-256 of the policy", record.policy_sha256 && code(record.policy_sha256)],
      ["Engine", `likeness ${record.likeness}`],
      ["Measures", record.measures?.join(", ")],
      ["Verified by", body.actor],
      ["At", when(body.at)],
      ["Note", body.note],
    ]),
  );
}

// Following a chain of so many entries takes a worker of the service a tenth of a second; longer ones are followed when asked to.
const FOLLOWED_AT_ONCE = 100_000;

async function followChain(state) {
  state.textContent = "being checked";
  const { body } = await call("/api/v1/audit/verify").catch(() => ({ body: {} }));
  state.textContent = body.check?.good
    ? `whole, ${body.check.count} entries`
    : body.check
      ? `broken at entry ${body.check.first_bad}`
      : "not checked";
}

async function showTrail({ log }) {
  const state = node("span", {}, "not checked");
  byId("trail").replaceChildren(
    facts([
      ["Entry of the log", String(log.seq)],
      ["Its hash", code(log.hash)],
      ["Hash before it", code(log.prev)],
      ["Chain", state],
    ]),
  );
  const { body } = await call("/api/v1/audit/head").catch(() => ({ body: {} }));
  if (body.head?.count > FOLLOWED_AT_ONCE) {
    const button = node("button", { type: "button" }, `Follow all ${body.head.count.toLocaleString("en")} entries`);
    button.addEventListener("click", () => followChain(state));
    byId("trail").append(button);
    return;
  }
  await followChain(state);
}

function showDecisions(decisions) {
  byId("decided").hidden = decisions.length === 0;
  byId("decisions").replaceChildren(
    ...decisions.map((d) =>
      node(
        "li",
        {},
        node("strong", {}, d.decision),
        ` by ${d.actor}, ${when(d.at)}${d.reason ? `: ${d.reason}` : ""} (entry ${d.entry})`,
      ),
    ),
  );
}

async function decide(event) {
  event.preventDefault();
  const problem = byId("decision-problem"),
    reason = byId("reason").value.trim();
  try {
    await send("POST", `${path}/decision`, { decision: event.submitter?.value ?? "accept", ...(reason && { reason }) });
    problem.hidden = true;
    byId("reason").value = "";
    showDecisions((await call(path)).body.decisions);
    byId("decided").scrollIntoView({ block: "nearest" });
  } catch (error) {
    problem.textContent = error.message;
    problem.hidden = false;
    byId("reason").focus();
  }
}

// ---- all of it ----
function showBasis(result) {
  byId("reasons").replaceChildren(...result.reasons.map((text) => node("li", {}, text)));
  const q = result.quality;
  byId("quality").textContent =
    `The photo has ${q.stars} of 5 stars: sharpness ${q.sharpness.toFixed(2)}, brightness ` +
    `${q.brightness.toFixed(2)}, contrast ${q.contrast.toFixed(2)}. ${q.reasons.map((text) => `${text}.`).join(" ")}`;
}

async function begin() {
  const { body } = await call(path),
    { files, record } = body;
  const result = files["result.json"] ? (await call(files["result.json"])).body : null;
  showVerdict(body, record.changes ?? result?.changes ?? 0, result?.advice);
  showIdentity(body, result);
  showDecisions(body.decisions);
  byId("alarms").replaceChildren(
    ...(result?.warnings ?? record.warnings ?? []).map((w) => node("p", { class: "problem" }, w.text ?? String(w))),
  );
  for (const [id, name] of [
    ["report", "report.html"],
    ["evidence", "evidence.lkev"],
    ["json", "result.json"],
  ]) {
    byId(id).hidden = !files[name];
    if (files[name]) byId(id).href = files[name];
    if (files[name]) byId(id).download = `verification-${entry}-${name}`;
  }
  byId("curl").textContent = [
    `curl ${window.location.origin}${path}`,
    ...(files["report.html"] ? [`curl -O ${window.location.origin}${files["report.html"]}`] : []),
  ].join("\n");
  byId("status").textContent = "";
  byId("page").hidden = false;
  if (result) showBasis(result);
  if (result && files.reference) {
    byId("pictures").hidden = false;
    showViewer(byId("viewer"), result, files);
    showFigures(byId("figures"), result, files);
    showCrops(byId("crops"), byId("differences"), result, files);
  } else {
    byId("status").textContent = "No pictures of this verdict are kept, or none were asked for; its record is.";
  }
  await Promise.all([showConfidence(body), showTrail(body)]);
}

byId("decide").addEventListener("submit", decide);
byId("print").addEventListener("click", () => window.print());
begin().catch((error) => {
  byId("status").textContent = `That did not work: ${error.message}`;
});
