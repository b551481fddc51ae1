// One alert: claim, decide with time to think again, notes, and what somebody else did meanwhile.
import { call, named, sentence, tell } from "./api.js";
import { draw } from "./charts.js";

const UNDO_S = 6;
const article = document.getElementById("case");
const { alert: id } = article.dataset;
const path = encodeURIComponent(id);
const version = () => ({ expected_version: Number(article.dataset.version) });
const byId = (name) => document.getElementById(name);
const words = (text) => text.replaceAll("_", " ").toLowerCase();
let pending = null;

const scores = byId("scores");
if (scores) {
  const points = JSON.parse(scores.dataset.points);
  draw(scores, points.map((each) => Date.parse(each.date) / 1000), [{ label: "risk", values: points.map((each) => each.score) }]);
}

async function act(work, done) {
  try {
    await work();
    tell(done);
    location.reload();
  } catch (error) {
    await explain(error);
  }
}

// A refusal because somebody was faster says what he did, and keeps what was written.
async function explain(error) {
  if (error.status !== 409) {
    tell(sentence(error), true);
    return;
  }
  const { history } = await call("GET", `/api/investigations/${path}/history`);
  const last = history.at(-1);
  const notice = byId("stale");
  const link = document.createElement("button");
  link.type = "button";
  link.textContent = "Show the alert as it is now";
  link.addEventListener("click", () => location.reload());
  const who = last ? `${last.analyst_id} was faster: ${words(last.action)}, the alert is now ${words(last.new_status)}. ` : "";
  notice.replaceChildren(`${who}Nothing of yours was changed or lost. `, link);
  notice.hidden = false;
  notice.scrollIntoView({ block: "nearest" });
}

const decide = (decision, options) => call("POST", `/api/investigations/${path}/decision`, {
  decision, notes: byId("decision-notes").value || null, ...version(), ...named(),
}, options);

function propose(decision) {
  undo();
  const notice = byId("pending");
  let left = UNDO_S;
  const show = () => { notice.firstElementChild.textContent = `Will be decided as ${words(decision)} in ${left} s.`; };
  show();
  notice.hidden = false;
  const timer = setInterval(() => {
    left -= 1;
    if (left > 0) { show(); return; }
    undo();
    act(() => decide(decision), `Decided: ${words(decision)}.`);
  }, 1000);
  pending = { decision, timer };
}

function undo() {
  if (!pending) return;
  clearInterval(pending.timer);
  pending = null;
  byId("pending").hidden = true;
}
// Who leaves the page has decided.
addEventListener("pagehide", () => {
  if (pending) decide(pending.decision, { keepalive: true }).catch(() => {});
});

for (const button of document.querySelectorAll("[data-decide]")) {
  button.addEventListener("click", () => propose(button.dataset.decide));
}
byId("undo")?.addEventListener("click", undo);
byId("claim")?.addEventListener("click", () => act(() => call("POST", `/api/alerts/${path}/claim`, { ...version(), ...named() }), "The alert is yours."));
byId("release")?.addEventListener("click", () => act(() => call("POST", `/api/alerts/${path}/release`, { ...version(), ...named() }), "The alert is back in the queue."));
byId("reopen")?.addEventListener("click", () => act(() => call("PATCH", `/api/alerts/${path}/status`, { status: "ACTIVE", ...version(), ...named() }), "The alert is open again."));
byId("note")?.addEventListener("submit", (event) => {
  event.preventDefault();
  const content = new FormData(event.target).get("content");
  act(() => call("POST", `/api/investigations/${path}/notes`, { content, ...named() }), "The note was added.");
});

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select, dialog")) return;
  const decision = { f: "FRAUD", l: "LEGITIMATE", r: "REVIEW" }[event.key];
  if (decision && document.querySelector("[data-decide]")) propose(decision);
  else if (event.key === "u") undo();
  else if (event.key === "c") byId("claim")?.click();
  else if (event.key === "n") { event.preventDefault(); document.querySelector("#note textarea")?.focus(); }
});

document.addEventListener("alert", ({ detail: { alert } }) => {
  if (alert.alert_id !== id || alert.version <= Number(article.dataset.version)) return;
  const notice = byId("stale");
  notice.hidden = false;
  notice.textContent = `${alert.change.analyst_id}: ${words(alert.change.action)}; the alert is now ${words(alert.status)}. Reload to see it.`;
});
