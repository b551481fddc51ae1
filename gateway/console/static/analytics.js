// The figures of a range, each part by itself so that one that fails leaves the others.
import { call, sentence } from "./api.js";
import { draw, seconds } from "./charts.js";
import { money } from "./reading.js";

const byId = (id) => document.getElementById(id);
const plain = (value) => value.toLocaleString(undefined, { maximumFractionDigits: 1 });

async function headline(range) {
  const { data } = await call("GET", `/api/analytics/metrics?range=${range}`);
  for (const place of document.querySelectorAll("[data-figure]")) {
    const { figure } = place.dataset;
    const known = !data.undefined.includes(figure);
    place.textContent = !known ? "not known" : figure === "auc_roc" ? data[figure].toFixed(3) : `${plain(data[figure])} %`;
  }
  for (const place of document.querySelectorAll("[data-corrected]")) {
    const corrected = data.corrected?.[place.dataset.corrected];
    place.textContent = corrected == null ? "as far as known by now" : `${plain(corrected)} % once all is known`;
  }
}

// Of several versions on one day, the one that scored most stands for it.
async function quality(range) {
  const span = { "24h": "7d", all: "90d" }[range] ?? range;
  const { data } = await call("GET", `/api/analytics/model-performance?range=${span}`);
  const days = new Map();
  data.timestamps.forEach((time, index) => {
    const before = days.get(time);
    if (before === undefined || data.transactions[before] < data.transactions[index]) days.set(time, index);
  });
  const chosen = [...days.values()];
  const of = (name) => chosen.map((index) => (data.undefined[index].includes(name) ? null : data[name][index]));
  draw(byId("quality"), seconds(chosen.map((index) => data.timestamps[index])), [
    { label: "precision", values: of("precision") }, { label: "recall", values: of("recall") },
  ], " %");
}

async function matrix(range) {
  const days = { "24h": 0, "7d": 6, "30d": 29, "90d": 89, all: 364 }[range];
  const day = (back) => new Date(Date.now() - back * 86400000).toISOString().slice(0, 10);
  // Without dates the API takes the last 30 days of what there is.
  const query = range === "30d" ? "" : `?start_date=${day(days)}&end_date=${day(0)}`;
  const { data } = await call("GET", `/api/analytics/confusion-matrix${query}`);
  for (const place of document.querySelectorAll("[data-count]")) place.textContent = plain(data[place.dataset.count]);
  byId("matrix-days").textContent = `${data.start_date} to ${data.end_date}`;
}

async function volume(range) {
  const { data } = await call("GET", `/api/analytics/alert-volume?range=${range}`);
  draw(byId("volume"), seconds(data.labels), [{ label: "alerts", values: data.alerts }, { label: "confirmed fraud", values: data.frauds }]);
}

async function workload(range) {
  const { data } = await call("GET", `/api/analytics/trends?range=${range}`);
  draw(byId("workload"), seconds(data.map((each) => each.date)), [
    { label: "raised", values: data.map((each) => each.alerts) },
    { label: "resolved", values: data.map((each) => each.resolved) },
    { label: "false positives", values: data.map((each) => each.false_positives) },
  ]);
}

function duration(seconds) {
  if (seconds === null) return "not known";
  if (seconds < 90) return `${Math.round(seconds)} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${plain(seconds / 3600)} h`;
}

async function analysts(range) {
  const { data, is_complete: complete } = await call("GET", `/api/analytics/analysts?range=${range}`);
  byId("analysts-note").textContent = complete ? "handling is from claim to decision" : "by the newest decisions of this time";
  byId("analysts-none").hidden = data.length > 0;
  byId("analysts").tBodies[0].replaceChildren(...data.map((each) => {
    const row = document.createElement("tr");
    const cells = [each.analyst_id, plain(each.decisions), plain(each.frauds), plain(each.legitimate), plain(each.reviews),
      duration(each.handling_seconds_median), plain(each.open_alerts)];
    cells.forEach((text, index) => {
      const cell = row.insertCell();
      cell.textContent = text;
      if (index) cell.className = "num";
    });
    return row;
  }));
}

async function thresholds(range) {
  const { data } = await call("GET", `/api/analytics/thresholds?range=${range}`);
  const { currency } = data;
  const places = currency ? new Intl.NumberFormat("en", { style: "currency", currency }).resolvedOptions().maximumFractionDigits : 2;
  const major = (minor) => minor / 10 ** places;
  byId("threshold-money").textContent = data.saving_minor
    ? `threshold ${data.best} would have saved ${money(major(data.saving_minor), currency)}` : currency;
  lossChart(data.thresholds.map((each) => each.threshold), data.thresholds.map((each) => major(each.expected_loss_minor)));
  const shown = data.thresholds.filter((each) => each.best || each.present || each.threshold % 10 === 0);
  byId("thresholds").tBodies[0].replaceChildren(...shown.map((each) => {
    const row = document.createElement("tr");
    const said = [each.best && "best", each.present && "present", !each.within_capacity && "too many alerts"].filter(Boolean).join(", ");
    const cells = [each.threshold, said, plain(each.alerts_daily), money(major(each.fraud_stopped_minor), currency),
      money(major(each.fraud_missed_minor), currency), plain(each.analyst_hours), money(major(each.expected_loss_minor), currency)];
    cells.forEach((text, index) => {
      const cell = row.insertCell();
      cell.textContent = text;
      if (index !== 1) cell.className = "num";
    });
    return row;
  }));
}

const lossChart = (marks, losses) => draw(byId("loss"), marks, [{ label: "expected loss", values: losses }], "", { isTime: false });

let wanted = 0;
async function show(range) {
  wanted += 1;
  const mine = wanted;
  byId("problem").hidden = true;
  const parts = await Promise.allSettled([headline, quality, matrix, volume, workload, analysts, thresholds].map((part) => part(range)));
  const failed = parts.find((part) => part.status === "rejected");
  if (failed && mine === wanted) {
    byId("problem").hidden = false;
    byId("problem").textContent = `A part could not be shown. ${sentence(failed.reason)}`;
  }
}

for (const button of document.querySelectorAll("[data-range]")) {
  button.addEventListener("click", () => {
    for (const each of document.querySelectorAll("[data-range]")) each.ariaPressed = String(each === button);
    show(button.dataset.range);
  });
}
show("30d");
