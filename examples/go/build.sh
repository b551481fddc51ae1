#!/usr/bin/env bash
# build.sh PROTO_DIRECTORY: write the stubs below gen/, then build bin/client.
# PROTOC says how protoc is called; grpcio-tools has one.
set -euo pipefail
cd "$(dirname "$0")"
proto=$1
module=anomaly.example/client
GOBIN=$PWD/bin go install tool
options=()
for each in go go-grpc; do
  options+=("--${each}_out=." "--${each}_opt=module=$module")
  options+=("--${each}_opt=Mbuf/validate/validate.proto=$module/gen/buf/validate")
  options+=("--${each}_opt=Mgoogle/rpc/status.proto=google.golang.org/genproto/googleapis/rpc/status")
  for name in transaction scoring_service; do
    options+=("--${each}_opt=Manomaly/v1/$name.proto=$module/gen/anomaly/v1")
  done
done
# shellcheck disable=SC2086 # PROTOC may be several words
PATH=$PWD/bin:$PATH ${PROTOC:-protoc} "-I$proto/vendor" "-I$proto" "${options[@]}" \
  "$proto"/anomaly/v1/{transaction,scoring_service}.proto "$proto/vendor/buf/validate/validate.proto"
go build -o bin/client .
