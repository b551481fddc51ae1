// Requests to the REST API with the login that the browser keeps, and what to say when they fail.
const REOPEN_MS = 3000;
const OWN_PAGE = { "X-Console": "1" };

export class Refused extends Error {
  constructor(status, body) {
    super(body?.message ?? "the gateway cannot be reached");
    this.status = status;
    this.code = body?.error_code ?? "";
    this.details = body?.details ?? {};
  }
}

// Two tabs must not use one refresh token twice: that ends the session.
export function refresh() {
  const before = localStorage.getItem("anomaly.refreshed");
  // Browsers have locks over TLS and on this machine only.
  const alone = (work) => (navigator.locks ? navigator.locks.request("anomaly.refresh", work) : work());
  return alone(async () => {
    if (localStorage.getItem("anomaly.refreshed") !== before) return true;
    const answer = await fetch("/session/refresh", { method: "POST", headers: OWN_PAGE });
    if (answer.ok) localStorage.setItem("anomaly.refreshed", String(Date.now()));
    return answer.ok;
  });
}

export async function call(method, path, body, { headers = {}, ...options } = {}) {
  const type = body === undefined ? {} : { "Content-Type": "application/json" };
  const send = () => fetch(path, {
    method,
    headers: { ...OWN_PAGE, ...type, ...headers },
    body: body === undefined ? undefined : JSON.stringify(body),
    ...options,
  });
  let answer;
  try {
    answer = await send();
    if (answer.status === 401 && !path.startsWith("/session/") && await refresh()) answer = await send();
  } catch {
    throw new Refused(0, null);
  }
  const found = await answer.json().catch(() => null);
  if (!answer.ok) throw new Refused(answer.status, found);
  return found;
}

// A stream that was refused, unlike one that broke off, is not opened again by the browser.
export function follow(path, events, onState = () => {}) {
  let stream;
  const open = () => {
    stream = new EventSource(path());
    stream.addEventListener("open", () => onState(true));
    stream.addEventListener("error", () => {
      onState(false);
      if (stream.readyState !== EventSource.CLOSED) return;
      setTimeout(async () => {
        if (document.body.dataset.analyst) await refresh().catch(() => false);
        open();
      }, REOPEN_MS + Math.random() * REOPEN_MS);
    });
    for (const [name, take] of Object.entries(events)) stream.addEventListener(name, take);
  };
  open();
  addEventListener("pagehide", () => stream.close());
  return () => { stream.close(); open(); };
}

// Without a login the request says who acts; with one the token does.
export const named = () => {
  const name = document.body.dataset.analyst;
  return name ? {} : { analyst_id: "anonymous" };
};

export const may = (permission) => document.body.dataset.may.split(" ").includes(permission);

export function tell(text, bad = false) {
  const line = document.createElement("p");
  line.textContent = text;
  if (bad) line.className = "bad";
  document.getElementById("messages").append(line);
  setTimeout(() => line.remove(), bad ? 12000 : 6000);
}

export const sentence = (error) => error.message.charAt(0).toUpperCase() + error.message.slice(1) + ".";
