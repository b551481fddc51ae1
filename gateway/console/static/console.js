// What every page does: login, theme, times, keys, and the state of the live connection.
import { call, follow, refresh, sentence, tell } from "./api.js";
import { draw, redraw, seconds } from "./charts.js";
import { localise } from "./reading.js";

const byId = (id) => document.getElementById(id);
const REFRESH_MS = 10 * 60 * 1000;
const BURST_MS = 2000;

localise();
setInterval(() => localise(), 30000);
document.addEventListener("htmx:afterSettle", (event) => localise(event.target));
document.addEventListener("htmx:responseError", async (event) => {
  if (event.detail.xhr.status === 401 && await refresh()) location.reload();
  else tell("The page could not be brought up to date.", true);
});
document.addEventListener("htmx:sendError", () => tell("The gateway cannot be reached; trying again.", true));

byId("theme").addEventListener("click", () => {
  const root = document.documentElement;
  const dark = root.dataset.theme
    ? root.dataset.theme === "dark"
    : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  localStorage.setItem("anomaly.theme", root.dataset.theme);
  redraw();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
addEventListener("resize", redraw);
byId("help").addEventListener("click", () => byId("shortcuts").showModal());
addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select, dialog")) return;
  if (event.key === "?") byId("shortcuts").showModal();
  else if (event.key === "g") location.href = "/queue";
  else if (event.key === "/" && byId("search")) { event.preventDefault(); byId("search").focus(); }
});

byId("logout")?.addEventListener("click", async () => {
  try {
    await call("POST", "/api/auth/logout");
  } catch { /* the session may be over already */ }
  await call("POST", "/session/forget");
  location.href = "/";
});
if (byId("logout")) setInterval(refresh, REFRESH_MS);

const login = byId("login");
if (login) {
  if (localStorage.getItem("anomaly.refreshed") && await refresh()) location.reload();
  login.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      await call("POST", "/session/login", Object.fromEntries(new FormData(login)));
      localStorage.setItem("anomaly.refreshed", String(Date.now()));
      location.reload();
    } catch (error) {
      byId("login-problem").hidden = false;
      byId("login-problem").textContent = sentence(error);
    }
  });
}
byId("password")?.addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    await call("PUT", "/api/auth/password", Object.fromEntries(new FormData(event.target)));
    await call("POST", "/session/forget");
    location.href = "/";
  } catch (error) {
    tell(sentence(error), true);
  }
});

async function trend(range) {
  try {
    const { data } = await call("GET", `/api/dashboard/alerts-trend?range=${range}`);
    draw(byId("trend"), seconds(data.timestamps), [{ label: "alerts", values: data.values }]);
  } catch (error) {
    tell(sentence(error), true);
  }
}
if (byId("trend")) {
  let range = "24h";
  trend(range);
  for (const button of document.querySelectorAll("[data-trend]")) {
    button.addEventListener("click", () => {
      for (const each of document.querySelectorAll("[data-trend]")) each.ariaPressed = String(each === button);
      range = button.dataset.trend;
      trend(range);
    });
  }
  setInterval(() => trend(range), 60000);
}

// One stream a page, only where the page is of somebody who may look.
if (byId("connection")) {
  let waiting = 0;
  // Many changes in a burst are one look; not all pages look in the same moment.
  const look = () => {
    if (!byId("figures") || waiting) return;
    waiting = setTimeout(() => { waiting = 0; htmx.trigger("#figures", "refresh"); }, BURST_MS * (1 + Math.random()));
  };
  const changed = (event) => {
    document.dispatchEvent(new CustomEvent("alert", { detail: { kind: event.type, alert: JSON.parse(event.data) } }));
    look();
  };
  const missed = () => {
    look();
    tell("Some changes were missed; reload the page to see them all.");
  };
  const events = { "alert.raised": changed, "alert.changed": changed, "alert.closed": changed, resync: missed };
  follow(() => "/api/live/alerts", events, (open) => {
    byId("connection").textContent = open ? "live" : "reconnecting";
    byId("connection").dataset.state = open ? "open" : "lost";
  });
}
