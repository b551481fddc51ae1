package example;

import anomaly.v1.ScoringServiceGrpc;
import anomaly.v1.ScoringServiceOuterClass.ScoreRequest;
import anomaly.v1.ScoringServiceOuterClass.ScoreResult;
import anomaly.v1.TransactionOuterClass.Payment;
import anomaly.v1.TransactionOuterClass.Transaction;
import com.google.gson.Gson;
import com.google.protobuf.Timestamp;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.MetadataUtils;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Scores payments over gRPC as docs/clients.md says: a deadline on every call, retries by the
 * service config, and repetition with the same id. Prints what it got as one line of JSON.
 *
 * <p>Usage: Client TARGET SERVICE_CONFIG_FILE TRANSACTION_ID
 */
public final class Client {
  private static final String ACCOUNT = "alice";
  private static final Metadata.Key<String> ACCOUNT_KEY =
      Metadata.Key.of("x-account-id", Metadata.ASCII_STRING_MARSHALLER);

  private final ScoringServiceGrpc.ScoringServiceBlockingStub stub;

  private Client(ManagedChannel channel) {
    // Balancers keep an account at one server by it.
    Metadata account = new Metadata();
    account.put(ACCOUNT_KEY, ACCOUNT);
    stub =
        ScoringServiceGrpc.newBlockingStub(channel)
            .withWaitForReady()
            .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(account));
  }

  public static void main(String[] arguments) throws Exception {
    String target = arguments[0];
    Map<?, ?> config = new Gson().fromJson(Files.readString(Path.of(arguments[1])), Map.class);
    String id = arguments[2];
    @SuppressWarnings("unchecked")
    ManagedChannel channel =
        NettyChannelBuilder.forTarget(target)
            .usePlaintext()
            .defaultServiceConfig((Map<String, ?>) config)
            .enableRetry()
            .build();
    Client client = new Client(channel);
    Map<String, Object> answers = new LinkedHashMap<>();
    // The first call may come before the server: it waits for it, up to its deadline.
    answers.put("first", client.score(id, 1999, 60_000_000_000L));
    answers.put("again", client.score(id, 1999, 2_000_000_000L));
    answers.put("conflict", client.score(id, 2000, 2_000_000_000L));
    answers.put("invalid", client.score(id + "-invalid", -1, 2_000_000_000L));
    answers.put("late", client.score(id + "-late", 1999, 1));
    System.out.println(new Gson().toJson(answers));
    channel.shutdown().awaitTermination(5, TimeUnit.SECONDS);
  }

  private Map<String, Object> score(String id, long amountMinor, long nanosMax) {
    Payment payment =
        Payment.newBuilder()
            .setAccountId(ACCOUNT)
            .setTerminalId("t1")
            .setAmountMinor(amountMinor)
            .setCurrency("EUR")
            .build();
    Transaction transaction =
        Transaction.newBuilder()
            .setTransactionId(id)
            .setEventTime(Timestamp.newBuilder().setSeconds(1770647538))
            .setPayment(payment)
            .build();
    ScoreRequest request = ScoreRequest.newBuilder().setTransaction(transaction).build();
    Map<String, Object> answer = new LinkedHashMap<>();
    try {
      ScoreResult result =
          stub.withDeadlineAfter(nanosMax, TimeUnit.NANOSECONDS).score(request).getResult();
      answer.put("code", "OK");
      answer.put("decision", result.getDecision().name());
      answer.put("score", result.getRiskScore());
      answer.put("replayed", result.getReplayed());
    } catch (StatusRuntimeException error) {
      answer.put("code", error.getStatus().getCode().name());
    }
    return answer;
  }
}
