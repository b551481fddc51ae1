// Rules: text with line numbers, faults at their places, what it would have hit, and putting it into use.
import { call, sentence, tell } from "./api.js";

const byId = (id) => document.getElementById(id);
const form = byId("rules");
const area = document.querySelector(".editor textarea");
const plain = (value) => value.toLocaleString();
const percent = (value) => (value === null ? "not known" : `${value.toFixed(1)} %`);
const plural = (count, word) => `${plain(count)} ${word}${count === 1 ? "" : "s"}`;
const lively = (found) => `Rules and lists in all files: ${plain(found.rules)}, live: ${plain(found.live)}.`;

function number(faulty = new Set()) {
  const count = area.value.split("\n").length;
  byId("lines").replaceChildren(...Array.from({ length: count }, (_, index) => {
    const line = document.createElement(faulty.has(index + 1) ? "mark" : "span");
    line.textContent = `${index + 1}\n`;
    return line;
  }));
  byId("lines").scrollTop = area.scrollTop;
}

if (area) {
  number();
  area.addEventListener("input", () => number());
  area.addEventListener("scroll", () => { byId("lines").scrollTop = area.scrollTop; });
}

const saved = area?.value;
let leaving = false;
const changed = () => !leaving && area.value !== saved;
const body = () => ({ file: form.elements.file.value, text: area.value });
const put = (wanted) => call("PUT", "/api/rules", wanted, { headers: { "If-Match": `"${form.dataset.revision}"` } });

function goTo(line, column) {
  const before = area.value.split("\n").slice(0, line - 1).reduce((sum, each) => sum + each.length + 1, 0);
  const start = Math.min(before + column - 1, area.value.length);
  const end = area.value.indexOf("\n", start);
  area.focus();
  area.setSelectionRange(start, end < 0 ? area.value.length : end);
}

function show(faults, said) {
  const here = faults.filter((each) => each.file === form.elements.file.value);
  number(new Set(here.map((each) => each.line)));
  byId("said").textContent = said;
  byId("said").className = faults.length ? "problem" : "";
  byId("faults").hidden = !faults.length;
  byId("faults").replaceChildren(...faults.map((fault) => {
    const item = document.createElement("li");
    const place = fault.line ? `:${fault.line}:${fault.column}` : "";
    const text = `${fault.file}${place}: ${fault.message}`;
    if (here.includes(fault) && fault.line) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = text;
      button.addEventListener("click", () => goTo(fault.line, fault.column));
      item.append(button);
    } else {
      item.textContent = text;
    }
    return item;
  }));
}

function fail(error) {
  const faults = error.details?.faults;
  if (faults) show(faults, `Nothing was changed. ${plural(faults.length, "fault")}:`);
  else if (error.code === "RULES_STALE") show([], "Somebody changed the rules since you opened this page. Your text stays here: copy it, reload, and look at what changed.");
  else show([], sentence(error));
  byId("said").className = "problem";
}

async function busy(said, work) {
  const buttons = form.querySelectorAll("button");
  for (const each of buttons) each.disabled = true;
  show([], said);
  try {
    return await work();
  } catch (error) {
    fail(error);
    return null;
  } finally {
    for (const each of buttons) each.disabled = false;
  }
}

async function check() {
  const { data } = await call("POST", "/api/rules/check", body());
  if (data.faults.length) show(data.faults, `${plural(data.faults.length, "fault")}:`);
  else show([], `No fault. ${lively(data)}`);
  return data;
}

async function backtest() {
  const { data } = await call("POST", "/api/rules/backtest", body());
  show([], "Nothing was changed.");
  byId("totals").textContent = `${plural(data.transactions, "transaction")}, ${plural(data.frauds, "known fraud")}`
    + `${data.skipped ? `, ${plain(data.skipped)} left out (recorded under another catalogue)` : ""}; `
    + `${plural(data.alerts_without, "alert")} without rules, ${plain(data.alerts_with)} with the live ones.`;
  const rows = byId("backtested").querySelector("tbody");
  rows.replaceChildren(...data.rules.map((each) => {
    const row = document.createElement("tr");
    const cells = [each.rule, each.mode.toLowerCase(), plain(each.hits), plain(each.alerted), plain(each.frauds),
      plain(each.genuine), percent(each.precision), percent(each.recall)];
    cells.forEach((text, index) => {
      const cell = row.insertCell();
      cell.textContent = text;
      if (index > 1) cell.className = "num";
    });
    return row;
  }));
  byId("backtested").hidden = false;
}

async function activate() {
  const found = await check();
  if (found.faults.length) return;
  const wanted = body();
  const question = wanted.text.trim()
    ? `Put ${wanted.file} into use, from the next transaction on? ${lively(found)}`
    : `Remove ${wanted.file}? Its rules end with the next transaction.`;
  if (!confirm(question)) return;
  await put(wanted);
  leaving = true;
  location.href = wanted.text.trim() ? `/rules?file=${encodeURIComponent(wanted.file)}` : "/rules";
}

// The rule's own line in the text; TOML has a rule's keys between its header and the next one.
function withMode(text, line, mode) {
  const lines = text.split("\n");
  const next = lines.findIndex((each, index) => index >= line && /^\s*\[\[/.test(each));
  const end = next < 0 ? lines.length : next;
  const at = lines.findIndex((each, index) => index >= line && index < end && /^\s*mode\s*=/.test(each));
  if (at < 0) lines.splice(line, 0, `mode = "${mode}"`);
  else lines[at] = lines[at].replace(/=\s*("[a-z]*"|'[a-z]*')/, `= "${mode}"`);
  return lines.join("\n");
}

async function turn({ rule, file, line, mode }) {
  if (changed()) {
    tell("Put your text into use first, or reload the page.", true);
    return;
  }
  const question = mode === "live" ? `Activate ${rule}? It then decides, from the next transaction on.` : `Put ${rule} into the shadow? It is then only counted.`;
  if (!confirm(question)) return;
  try {
    const { data } = await call("GET", `/api/rules?file=${encodeURIComponent(file)}`);
    await put({ file, text: withMode(data.text, Number(line), mode) });
    leaving = true;
    location.reload();
  } catch (error) {
    fail(error);
    tell(sentence(error), true);
  }
}

if (form) {
  byId("check").addEventListener("click", () => busy("Checking…", check));
  byId("backtest").addEventListener("click", () => busy("Looking at all recorded transactions; this may take a minute…", backtest));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    busy("Checking…", activate);
  });
  // What another text would have hit says nothing of this one.
  area.addEventListener("input", () => { byId("backtested").hidden = true; });
  area.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    busy("Checking…", check);
  });
  for (const button of document.querySelectorAll("button[data-rule]")) {
    button.addEventListener("click", () => turn(button.dataset));
  }
  addEventListener("beforeunload", (event) => {
    if (changed()) event.preventDefault();
  });
}
