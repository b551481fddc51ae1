// Scores payments over gRPC as docs/clients.md says: a deadline on every call, retries by the
// service config, and repetition with the same id. Prints what it got as one line of JSON.
//
// Usage: client TARGET SERVICE_CONFIG_FILE TRANSACTION_ID
package main

import (
	"context"
	"encoding/json"
	"log"
	"os"
	"time"

	"google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	anomaly "anomaly.example/client/gen/anomaly/v1"
)

const account = "alice"

type answer struct {
	Decision string  `json:"decision,omitempty"`
	Score    float64 `json:"score"`
	Replayed bool    `json:"replayed"`
	Code     string  `json:"code"`
}

func main() {
	target, configFile, id := os.Args[1], os.Args[2], os.Args[3]
	config, err := os.ReadFile(configFile)
	if err != nil {
		log.Fatal(err)
	}
	connection, err := grpc.NewClient(
		target,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultServiceConfig(string(config)),
	)
	if err != nil {
		log.Fatal(err)
	}
	defer connection.Close()
	client := anomaly.NewScoringServiceClient(connection)

	// The first call may come before the server: it waits for it, up to its deadline.
	first := score(client, id, 1999, 60*time.Second)
	again := score(client, id, 1999, 2*time.Second)
	conflict := score(client, id, 2000, 2*time.Second)
	invalid := score(client, id+"-invalid", -1, 2*time.Second)
	late := score(client, id+"-late", 1999, time.Nanosecond)
	answers := map[string]answer{
		"first": first, "again": again, "conflict": conflict, "invalid": invalid, "late": late,
	}
	if err := json.NewEncoder(os.Stdout).Encode(answers); err != nil {
		log.Fatal(err)
	}
}

func score(client anomaly.ScoringServiceClient, id string, amount int64, wait time.Duration) answer {
	ctx, cancel := context.WithTimeout(context.Background(), wait)
	defer cancel()
	// Balancers keep an account at one server by it.
	ctx = metadata.AppendToOutgoingContext(ctx, "x-account-id", account)
	request := &anomaly.ScoreRequest{Transaction: &anomaly.Transaction{
		TransactionId: id,
		EventTime:     timestamppb.New(time.Unix(1770647538, 0)),
		Details: &anomaly.Transaction_Payment{Payment: &anomaly.Payment{
			AccountId:   account,
			TerminalId:  "t1",
			AmountMinor: amount,
			Currency:    "EUR",
		}},
	}}
	response, err := client.Score(ctx, request, grpc.WaitForReady(true))
	if err != nil {
		return answer{Code: code.Code_name[int32(status.Code(err))]}
	}
	result := response.GetResult()
	return answer{
		Decision: result.GetDecision().String(),
		Score:    result.GetRiskScore(),
		Replayed: result.GetReplayed(),
		Code:     "OK",
	}
}
