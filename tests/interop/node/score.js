"use strict";
// Scores one transaction through the protocol files alone and prints the answer as JSON.
// Usage: node score.js TARGET PROTO_DIRECTORY TRANSACTION_JSON

const grpc = require("@grpc/grpc-js");
const protoLoader = require("@grpc/proto-loader");

const CALL_TIMEOUT_MS = 10_000;

const [target, protoDirectory, transactionJson] = process.argv.slice(2);
const definition = protoLoader.loadSync("anomaly/v1/scoring_service.proto", {
  includeDirs: [protoDirectory, `${protoDirectory}/vendor`],
  keepCase: true,
  longs: String,
  enums: String,
  defaults: true,
  oneofs: true,
});
const { anomaly } = grpc.loadPackageDefinition(definition);
const client = new anomaly.v1.ScoringService(target, grpc.credentials.createInsecure());

client.Score(
  { transaction: JSON.parse(transactionJson) },
  { deadline: Date.now() + CALL_TIMEOUT_MS },
  (error, response) => {
    const answer = error
      ? { error: { code: grpc.status[error.code], message: error.details } }
      : response;
    process.stdout.write(`${JSON.stringify(answer)}\n`);
    client.close();
  },
);
