// An analyst's session, from a payment that is scored to the figures that it ends up in.
// Usage: node built/session.js <url of the gateway> <id for the transactions of this run>

import { Client, Refused } from "./client.js";
import type * as contract from "./contract.js";

declare const process: { argv: string[]; exitCode: number };

const ALERT_ATTEMPTS = 40;

function require(condition: boolean, what: string): asserts condition {
  if (!condition) {
    throw new Error(`does not hold: ${what}`);
  }
}

function requireTime(text: string, what: string): void {
  const utc = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z$/;
  require(utc.test(text) && !Number.isNaN(Date.parse(text)), `${what} is RFC 3339 in UTC: ${text}`);
}

function requirePercent(value: number, what: string): void {
  require(value >= 0 && value <= 100, `${what} is 0..100: ${value}`);
}

async function requireRefusal(call: Promise<unknown>, status: number, code: string): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (error instanceof Refused) {
      require(error.status === status, `status ${error.status} is ${status}`);
      require(code === "" || error.body.error_code === code, `${error.body.error_code} is ${code}`);
      require(error.body.request_id === error.requestId, "the request id is that of the header");
      return;
    }
    throw error;
  }
  throw new Error(`was not refused with ${status}`);
}

/** Pay as usual for a while, then drain the account from elsewhere until that raises an alert. */
async function raiseAlert(client: Client, run: string): Promise<contract.Evaluation> {
  const account = `${run}-account`;
  const usual: contract.EvaluateRequest = {
    transaction_id: "",
    amount: 0,
    timestamp: "",
    source_account: account,
    destination_account: `${run}-shop`,
    entity_id: account,
    entity_type: "ACCOUNT",
    currency: "EUR",
    channel: "ECOM",
    ip_address: "203.0.113.7",
    device_fingerprint: `${run}-device`,
    geo_country: "DE",
  };
  const start = Date.now();
  for (let number = 0; number < ALERT_ATTEMPTS; number++) {
    const strange = number >= ALERT_ATTEMPTS / 2;
    const payment: contract.EvaluateRequest = {
      ...usual,
      transaction_id: `${run}-${number}`,
      amount: strange ? 9000 + number * 900.5 : 20 + (number % 5),
      timestamp: new Date(start + number * 1000).toISOString(),
      ...(strange && {
        destination_account: `${run}-drop-${number}`,
        device_fingerprint: `${run}-other-${number}`,
        geo_country: "BR",
        latitude: -23.5,
        longitude: -46.6,
      }),
    };
    const { body } = await client.call<contract.Envelope<contract.Evaluation>>(
      "POST",
      "/api/detection/evaluate",
      { body: payment },
    );
    const found = body.data;
    require(found.transaction_id === payment.transaction_id, "the answer is that of the payment");
    requirePercent(found.risk_score, "risk_score");
    requirePercent(found.detector_scores.statistical, "detector_scores.statistical");
    requirePercent(found.detector_scores.behavioral, "detector_scores.behavioral");
    require(found.should_alert === (found.alert_id !== null), "an alert has an id");
    require(found.processing_time_ms >= 0, "processing_time_ms");
    if (found.alert_id !== null) {
      require(found.explanations.length > 0, "an alert is explained");
      return found;
    }
  }
  throw new Error("no payment raised an alert");
}

async function findInList(client: Client, alertId: string): Promise<void> {
  let cursor = "";
  let found = false;
  do {
    const { body } = await client.call<contract.Page<contract.Alert>>("GET", "/api/alerts", {
      query: { status: "ACTIVE", severity: "ALL", sort: "priority", limit: 5, cursor },
    });
    for (const alert of body.data) {
      require(alert.status === "ACTIVE", "the filter holds");
      requireTime(alert.timestamp, "timestamp");
      requireTime(alert.sla_deadline, "sla_deadline");
      requirePercent(alert.risk_score, "risk_score");
      found ||= alert.alert_id === alertId;
    }
    require(body.pagination.total_records > 0, "there are records");
    cursor = body.pagination.next_cursor ?? "";
  } while (cursor !== "");
  require(found, "the alert is in the queue");
  const { body } = await client.call<contract.Page<contract.Alert>>("GET", "/api/alerts", {
    query: { search: alertId },
  });
  require(body.data.length === 1 && body.data[0]?.alert_id === alertId, "search finds the alert");
}

async function work(client: Client, alertId: string, analyst: string): Promise<void> {
  const seen = await client.call<contract.Envelope<contract.AlertDetail>>(
    "GET",
    `/api/alerts/${alertId}`,
  );
  const detail = seen.body.data;
  require(detail.description.length > 0, "the alert is described");
  require(detail.feature_deviations.length > 0, "the alert has deviations");
  require(detail.transaction.amount > 0, "the amount is shown");
  require(detail.transaction.currency === "EUR", "the currency is shown");
  requireTime(detail.transaction.timestamp, "transaction.timestamp");
  require(detail.historical_scores.length > 0, "the past is shown");
  require(seen.etag !== null, "the alert has an ETag");

  const claim = { status: "INVESTIGATING", analyst_id: analyst };
  const claimed = await client.call<contract.Moved>("PATCH", `/api/alerts/${alertId}/status`, {
    body: claim,
    ifMatch: seen.etag,
  });
  require(claimed.body.success && claimed.body.new_status === "INVESTIGATING", "it was claimed");
  const illegal = client.call("PUT", `/api/alerts/${alertId}`, { body: { status: "INVESTIGATING" } });
  await requireRefusal(illegal, 409, "");

  const note = { content: "The holder knows nothing of it.", analyst_id: analyst };
  const noted = await client.call<contract.NoteAdded>(
    "POST",
    `/api/investigations/${alertId}/notes`,
    { body: note },
  );
  require(noted.body.success, "the note was added");
  const opened = await client.call<contract.Envelope<contract.Investigation>>(
    "GET",
    `/api/investigations/${alertId}`,
  );
  const written = opened.body.data.notes.find((each) => each.note_id === noted.body.note_id);
  require(written?.content === note.content && written.analyst_id === analyst, "the note is there");
  require(opened.body.data.historical_behavior.length > 0, "behaviour is shown");
  require(opened.etag !== null, "the investigation has an ETag");

  const decision = { decision: "FRAUD", notes: "Card data stolen.", analyst_id: analyst };
  const path = `/api/investigations/${alertId}/decision`;
  const stale = client.call("POST", path, { body: decision, ifMatch: seen.etag });
  await requireRefusal(stale, 409, "");
  const decided = await client.call<contract.Decided>("POST", path, {
    body: decision,
    ifMatch: opened.etag,
  });
  require(decided.body.success && decided.body.updated_status === "RESOLVED", "it was resolved");
  await requireRefusal(client.call("POST", path, { body: decision }), 409, "");

  const told = await client.call<contract.History>("GET", `/api/investigations/${alertId}/history`);
  const statuses = told.body.history.map((each) => each.new_status);
  require(statuses.at(-1) === "RESOLVED" && statuses.includes("INVESTIGATING"), "history is whole");
  told.body.history.forEach((each) => requireTime(each.timestamp, "history.timestamp"));
}

async function readFeedback(client: Client, alertId: string, analyst: string): Promise<void> {
  const listed = await client.call<contract.FeedbackPage>("GET", "/api/feedback", {
    query: { decision: "FRAUD", analyst, range: "24h" },
  });
  const mine = listed.body.data.find((each) => each.alert_id === alertId);
  require(mine?.decision === "FRAUD" && mine.analyst === analyst, "the decision is in feedback");
  requireTime(mine.resolved_at, "resolved_at");
  require(listed.body.summary.confirmed_frauds >= 1, "the summary counts it");
  const one = await client.call<contract.Envelope<contract.Feedback>>(
    "GET",
    `/api/feedback/${mine.feedback_id}`,
  );
  require(one.body.data.alert_id === alertId, "the record names its alert");
  const own = await client.call<contract.Page<contract.Feedback>>(
    "GET",
    `/api/feedback/by-analyst/${analyst}`,
  );
  require(own.body.data.length === 1, "the analyst has one decision");
  const summary = await client.call<contract.Envelope<contract.FeedbackSummary>>(
    "GET",
    "/api/feedback/summary",
    { query: { range: "all" } },
  );
  requirePercent(summary.body.data.resolution_rate, "resolution_rate");
}

async function readAnalytics(client: Client): Promise<void> {
  const base = "/api/analytics";
  const get = async <T>(name: string, query: Record<string, string> = {}): Promise<T> =>
    (await client.call<contract.Envelope<T>>("GET", `${base}/${name}`, { query })).body.data;

  const metrics = await get<contract.AnalyticsMetrics>("metrics", { range: "30d" });
  requirePercent(metrics.precision, "precision");
  requirePercent(metrics.recall, "recall");
  requirePercent(metrics.f1_score, "f1_score");
  requirePercent(metrics.accuracy, "accuracy");
  require(metrics.auc_roc >= 0 && metrics.auc_roc <= 1, "auc_roc is 0..1");
  const models = await get<contract.ModelPerformance>("model-performance", { range: "30d" });
  const lists = [models.accuracy, models.timestamps, models.precision, models.recall];
  require(lists.every((each) => each.length === models.versions.length), "lists are parallel");
  const volume = await get<{ labels: string[]; alerts: number[]; frauds: number[] }>(
    "alert-volume",
    { range: "7d", group_by: "day" },
  );
  require(volume.alerts.reduce((sum, each) => sum + each, 0) >= 1, "the alert is in the volume");
  const matrix = await get<contract.ConfusionMatrix>("confusion-matrix");
  require(matrix.true_positives >= 1, "the fraud is a true positive");
  const rate = await get<{ labels: string[]; rates: number[]; average: number }>("detection-rate", {
    range: "7d",
  });
  require(rate.labels.length === rate.rates.length, "rates are parallel");
  requirePercent(rate.average, "average");
  const trends = await get<
    { date: string; alerts: number; resolved: number; false_positives: number }[]
  >("trends", { range: "7d" });
  require(trends.length > 0, "there are trends");
  const health = await client.call<{ uptime: number; last_sync: string; model_version: string }>(
    "GET",
    `${base}/health`,
  );
  require(health.body.uptime >= 0 && health.body.model_version.length > 0, "analytics is healthy");
}

async function readDashboard(client: Client): Promise<void> {
  const metrics = await client.call<contract.Envelope<contract.DashboardMetrics>>(
    "GET",
    "/api/dashboard/metrics",
  );
  require(metrics.body.data.total_transactions > 1, "transactions are counted");
  requirePercent(metrics.body.data.false_positive_rate, "false_positive_rate");
  requireTime(metrics.body.data.timestamp, "timestamp");
  const trend = await client.call<contract.Envelope<{ timestamps: string[]; values: number[] }>>(
    "GET",
    "/api/dashboard/alerts-trend",
    { query: { range: "24h" } },
  );
  const { timestamps, values } = trend.body.data;
  require(timestamps.length === values.length && values.length >= 24, "there is a point an hour");
  const shares = await client.call<
    contract.Envelope<{ name: contract.Severity; value: number; color: string }[]>
  >("GET", "/api/dashboard/severity-distribution");
  require(shares.body.data.length === 4, "every severity is there");
}

async function readExport(client: Client, alertId: string): Promise<void> {
  const { type, text } = await client.text("/api/alerts/export.csv");
  require(type.startsWith("text/csv"), "the export is CSV");
  const [header = "", ...rows] = text.trim().split("\r\n");
  require(header.split(",").includes("alert_id"), "the columns have names");
  require(rows.some((row) => row.includes(alertId)), "the alert is in the export");
}

async function session(url: string, run: string): Promise<void> {
  const client = new Client(url);
  const health = await client.call<{ status: string; app: string }>("GET", "/health");
  require(health.body.status === "healthy", "the gateway is healthy");
  const analyst = `${run}-analyst`;
  const evaluation = await raiseAlert(client, run);
  const alertId = evaluation.alert_id;
  require(alertId !== null, "there is an alert");
  await findInList(client, alertId);
  await work(client, alertId, analyst);
  await readFeedback(client, alertId, analyst);
  await readDashboard(client);
  await readExport(client, alertId);
  await readAnalytics(client);
  await requireRefusal(client.call("GET", "/api/alerts/no-such"), 404, "NOT_FOUND");
  const unknown = client.call("GET", "/api/alerts", { query: { severity: "SEVERE" } });
  await requireRefusal(unknown, 422, "VALIDATION_ERROR");
  console.log(JSON.stringify({ alert_id: alertId, risk_score: evaluation.risk_score }));
}

const [, , url, run] = process.argv;
if (url === undefined || run === undefined) {
  console.error("usage: node built/session.js URL RUN");
  process.exitCode = 2;
} else {
  await session(url, run);
}
