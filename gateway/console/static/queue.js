// The queue: keys, selection, bulk actions, and a bar that says what came in.
import { call, named, sentence, tell } from "./api.js";

const list = document.getElementById("list");
const arrivals = document.getElementById("arrivals");
const filters = document.getElementById("filters");
const fresh = new Set();
let current = -1;

const rows = () => [...list.querySelectorAll("tr[data-alert]")];
const picked = () => rows().filter((row) => row.querySelector(".pick")?.checked);

function select(index) {
  const all = rows();
  if (!all.length) return;
  current = Math.max(0, Math.min(index, all.length - 1));
  all.forEach((row, place) => row.setAttribute("aria-selected", String(place === current)));
  all[current].querySelector(".open").focus({ preventScroll: true });
  all[current].scrollIntoView({ block: "nearest" });
}

function count() {
  const bar = document.getElementById("bulk");
  if (!bar) return;
  const chosen = picked().length;
  bar.hidden = chosen === 0;
  document.getElementById("selected").textContent = `${chosen} selected`;
}

function reload() {
  fresh.clear();
  arrivals.hidden = true;
  htmx.trigger(filters, "submit");
}

async function apply(action, items, extra = {}) {
  try {
    const { summary, data } = await call("POST", "/api/alerts/bulk", { action, alert_ids: items, ...named(), ...extra });
    tell(`${summary.changed} changed, ${summary.unchanged} as they were, ${summary.failed} refused`);
    for (const each of data.filter((one) => !one.ok).slice(0, 3)) tell(`${each.alert_id}: ${each.message}`, true);
    reload();
  } catch (error) {
    tell(sentence(error), true);
  }
}
const item = (row) => ({ alert_id: row.dataset.alert, expected_version: Number(row.dataset.version) });

list.addEventListener("change", (event) => {
  if (event.target.id === "select-all") for (const box of list.querySelectorAll(".pick")) box.checked = event.target.checked;
  count();
});
list.addEventListener("click", (event) => {
  const button = event.target.closest("[data-bulk]");
  if (!button) return;
  const chosen = picked();
  const { bulk, decision } = button.dataset;
  if (decision && !confirm(`Decide ${chosen.length} alerts as ${decision.toLowerCase()}?`)) return;
  apply(bulk, chosen.map(item), decision ? { decision } : {});
});
arrivals.addEventListener("click", reload);
filters.addEventListener("submit", (event) => event.preventDefault());
document.addEventListener("htmx:afterSwap", () => { current = -1; count(); });

document.getElementById("take-next")?.addEventListener("click", async () => {
  try {
    const { data } = await call("POST", "/api/queue/next", named());
    if (data) location.href = `/investigations/${encodeURIComponent(data.alert_id)}`;
    else tell("No alert waits.");
  } catch (error) {
    tell(sentence(error), true);
  }
});

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("textarea, select, dialog, input:not(.pick)")) return;
  const row = rows()[current];
  if (event.key === "j") select(current + 1);
  else if (event.key === "k") select(current - 1);
  else if (event.key === "Enter" && row && event.target === document.body) row.querySelector(".open").click();
  else if (event.key === "x" && row?.querySelector(".pick")) { row.querySelector(".pick").checked ^= true; count(); }
  else if (event.key === "c" && row) apply("claim", [item(row)]);
});

// Rows never move by themselves: what is shown is marked, what is new is counted.
document.addEventListener("alert", ({ detail: { alert } }) => {
  const row = rows().find((each) => each.dataset.alert === alert.alert_id);
  if (row) {
    row.dataset.version = alert.version;
    row.querySelector(".state .chip").textContent = alert.status.replaceAll("_", " ").toLowerCase();
    row.querySelector(".with").textContent = alert.assigned_to ?? "–";
    return;
  }
  if (alert.status !== "ACTIVE") return;
  fresh.add(alert.alert_id);
  arrivals.hidden = false;
  arrivals.textContent = `${fresh.size} new – show`;
});
