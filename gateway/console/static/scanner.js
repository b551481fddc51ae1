// Transactions as they are scored. They come faster than anybody reads: the newest stay, pausing holds the page.
import { follow } from "./api.js";
import { money } from "./reading.js";

const ROWS_MAX = 60;
const byId = (id) => document.getElementById(id);
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
let waiting = [];
let count = 0;
let paused = false;

function link(path, text) {
  const made = document.createElement("a");
  made.href = path;
  made.textContent = text;
  return made;
}

function chip(severity) {
  const made = document.createElement("span");
  made.className = `chip severity-${severity.toLowerCase()}`;
  made.textContent = severity.toLowerCase();
  return made;
}

function line(each) {
  const row = document.createElement("tr");
  const cells = [
    clock.format(new Date(each.ingested_at)), chip(each.severity), each.risk_score.toFixed(1),
    link(`/entities/ACCOUNT/${encodeURIComponent(each.source_account)}`, each.source_account),
    each.destination_account ?? each.instrument_id ?? "–",
    each.amount === null ? "–" : money(each.amount, each.currency), each.channel ?? "–", each.geo_country ?? "–",
    each.decision.toLowerCase(),
    each.alert_id ? link(`/investigations/${encodeURIComponent(each.alert_id)}`, "alert") : "–",
  ];
  cells.forEach((content, index) => {
    const cell = row.insertCell();
    cell.append(content);
    if (index === 2 || index === 5) cell.className = "num";
  });
  return row;
}

function show() {
  const held = byId("held");
  held.hidden = !paused;
  held.textContent = `Paused; ${waiting.length} wait.`;
  if (paused || !waiting.length) return;
  byId("silence").hidden = true;
  const body = byId("scans");
  body.prepend(...waiting.reverse().slice(0, ROWS_MAX).map(line));
  waiting = [];
  while (body.rows.length > ROWS_MAX) body.deleteRow(-1);
}

function take(event) {
  count += 1;
  waiting.push(JSON.parse(event.data));
  if (waiting.length > ROWS_MAX) waiting.shift();
}
const path = () => `/api/live/transactions?min_risk=${Number(byId("min-risk").value) || 0}`;
const reopen = follow(path, { transaction: take }, (open) => { document.body.dataset.scanning = open; });

setInterval(show, 250);
setInterval(() => { byId("rate").textContent = count; count = 0; }, 1000);
byId("min-risk").addEventListener("change", reopen);
byId("pause").addEventListener("click", ({ target }) => {
  paused = !paused;
  target.ariaPressed = String(paused);
  target.textContent = paused ? "Go on" : "Pause";
});
