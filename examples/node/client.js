"use strict";
// Scores payments over gRPC as docs/clients.md says: a deadline on every call, retries by the
// service config, and repetition with the same id. Prints what it got as one line of JSON.
// The protocol files are all it needs of us.
//
// Usage: node client.js TARGET SERVICE_CONFIG_FILE TRANSACTION_ID PROTO_DIRECTORY

const fs = require("node:fs");
const grpc = require("@grpc/grpc-js");
const protoLoader = require("@grpc/proto-loader");

const ACCOUNT = "alice";

const [target, configFile, id, protoDirectory] = process.argv.slice(2);
const definition = protoLoader.loadSync("anomaly/v1/scoring_service.proto", {
  includeDirs: [protoDirectory, `${protoDirectory}/vendor`],
  keepCase: true,
  longs: String,
  enums: String,
  defaults: true,
  oneofs: true,
});
const { anomaly } = grpc.loadPackageDefinition(definition);
const client = new anomaly.v1.ScoringService(target, grpc.credentials.createInsecure(), {
  "grpc.service_config": fs.readFileSync(configFile, "utf8"),
});

function score(transactionId, amountMinor, millisecondsMax) {
  const metadata = new grpc.Metadata({ waitForReady: true });
  // Balancers keep an account at one server by it.
  metadata.set("x-account-id", ACCOUNT);
  const transaction = {
    transaction_id: transactionId,
    event_time: { seconds: "1770647538" },
    payment: {
      account_id: ACCOUNT,
      terminal_id: "t1",
      amount_minor: String(amountMinor),
      currency: "EUR",
    },
  };
  const deadline = Date.now() + millisecondsMax;
  return new Promise((resolve) => {
    client.Score({ transaction }, metadata, { deadline }, (error, response) => {
      if (error) {
        resolve({ code: grpc.status[error.code] });
        return;
      }
      const { decision, risk_score: riskScore, replayed } = response.result;
      resolve({ code: "OK", decision, score: riskScore, replayed });
    });
  });
}

async function main() {
  const answers = {
    // The first call may come before the server: it waits for it, up to its deadline.
    first: await score(id, 1999, 60_000),
    again: await score(id, 1999, 2_000),
    conflict: await score(id, 2000, 2_000),
    invalid: await score(`${id}-invalid`, -1, 2_000),
    late: await score(`${id}-late`, 1999, -1),
  };
  process.stdout.write(`${JSON.stringify(answers)}\n`);
  client.close();
}

main();
