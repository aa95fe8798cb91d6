// kafka-clients: transactions as an application sees them.

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.AbortTransactionSpec;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.ListTransactionsOptions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.ProducerState;
import org.apache.kafka.clients.admin.TransactionDescription;
import org.apache.kafka.clients.admin.TransactionListing;
import org.apache.kafka.clients.admin.TransactionState;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.utils.AppInfoParser;

final class Transactions {
    static final int PARTITIONS = 2;
    static final int RECORDS = 20;
    static final int WAIT_SECONDS = 30;

    final String bootstrap;
    final String prefix;
    final Admin admin;

    Transactions(String bootstrap, String prefix) {
        this.bootstrap = bootstrap;
        this.prefix = prefix;
        this.admin = Admin.create(Map.of("bootstrap.servers", bootstrap));
    }

    static void expect(boolean condition, String message) {
        if (!condition) {
            throw new AssertionError(message);
        }
    }

    static void waitUntil(Callable<Boolean> condition, String what) throws Exception {
        long deadline = System.nanoTime() + WAIT_SECONDS * 1_000_000_000L;
        while (!condition.call()) {
            expect(System.nanoTime() < deadline, "after " + WAIT_SECONDS + " s: " + what);
            Thread.sleep(50);
        }
    }

    String topic(String name) throws Exception {
        String topic = prefix + "-" + name;
        admin.createTopics(List.of(new NewTopic(topic, PARTITIONS, (short) 1))).all()
                .get(WAIT_SECONDS, TimeUnit.SECONDS);
        return topic;
    }

    KafkaProducer<String, String> producer(String id, int timeoutMs) {
        KafkaProducer<String, String> producer = new KafkaProducer<>(Map.of(
                "bootstrap.servers", bootstrap, "transactional.id", prefix + "-" + id,
                "transaction.timeout.ms", timeoutMs, "linger.ms", 5,
                "key.serializer", "org.apache.kafka.common.serialization.StringSerializer",
                "value.serializer", "org.apache.kafka.common.serialization.StringSerializer"));
        producer.initTransactions();
        return producer;
    }

    KafkaConsumer<String, String> consumer(String group, boolean committed) {
        return new KafkaConsumer<>(Map.of(
                "bootstrap.servers", bootstrap, "group.id", prefix + "-" + group,
                "isolation.level", committed ? "read_committed" : "read_uncommitted",
                "auto.offset.reset", "earliest", "enable.auto.commit", "false",
                "key.deserializer", "org.apache.kafka.common.serialization.StringDeserializer",
                "value.deserializer",
                "org.apache.kafka.common.serialization.StringDeserializer"));
    }

    void send(KafkaProducer<String, String> producer, String topic, String what) {
        for (int n = 0; n < RECORDS; n++) {
            producer.send(new ProducerRecord<>(topic, n % PARTITIONS, "k" + n, what + n));
        }
    }

    /** How many records of each kind (their value without the number) are seen up to the end. */
    Map<String, Integer> read(String topic, boolean committed) {
        List<TopicPartition> all = new ArrayList<>();
        for (int p = 0; p < PARTITIONS; p++) {
            all.add(new TopicPartition(topic, p));
        }
        Map<String, Integer> kinds = new HashMap<>();
        try (KafkaConsumer<String, String> consumer = consumer("reader", committed)) {
            consumer.assign(all);
            consumer.seekToBeginning(all);
            Map<TopicPartition, Long> ends = consumer.endOffsets(all);
            long deadline = System.nanoTime() + WAIT_SECONDS * 1_000_000_000L;
            while (all.stream().anyMatch(p -> consumer.position(p) < ends.get(p))) {
                expect(System.nanoTime() < deadline, "the end was not reached: " + ends);
                for (ConsumerRecord<String, String> r : consumer.poll(Duration.ofMillis(200))) {
                    kinds.merge(r.value().replaceAll("[0-9]+$", ""), 1, Integer::sum);
                }
            }
        }
        return kinds;
    }

    /** Waits for it: Apache Kafka may answer before all markers are written. */
    void expectRead(String topic, boolean committed, Map<String, Integer> wanted)
            throws Exception {
        waitUntil(() -> read(topic, committed).equals(wanted),
                "readers, committed " + committed + ", do not see " + wanted);
    }

    String commit() throws Exception {
        String topic = topic("commit");
        try (KafkaProducer<String, String> producer = producer("commit", 60_000)) {
            Map<String, Integer> sent = new HashMap<>();
            for (String what : List.of("one", "two", "three")) {
                producer.beginTransaction();
                send(producer, topic, what);
                producer.flush();
                expectRead(topic, true, sent);
                sent.put(what, RECORDS);
                expectRead(topic, false, sent);
                producer.commitTransaction();
                expectRead(topic, true, sent);
            }
        }
        return "3 transactions of " + RECORDS + " records";
    }

    String abort() throws Exception {
        String topic = topic("abort");
        try (KafkaProducer<String, String> a = producer("abort-a", 60_000);
                KafkaProducer<String, String> b = producer("abort-b", 60_000)) {
            for (int round = 0; round < 3; round++) {
                a.beginTransaction();
                b.beginTransaction();
                send(a, topic, "aborted");
                send(b, topic, "committed");
                a.flush();
                b.flush();
                a.abortTransaction();
                b.commitTransaction();
            }
        }
        expectRead(topic, true, Map.of("committed", 3 * RECORDS));
        expectRead(topic, false, Map.of("committed", 3 * RECORDS, "aborted", 3 * RECORDS));
        return "3 aborted beside 3 committed";
    }

    /** Consume, process, produce: outputs and offsets are one. */
    String offsets() throws Exception {
        String in = topic("in");
        String out = topic("out");
        try (KafkaProducer<String, String> filler = producer("filler", 60_000)) {
            filler.beginTransaction();
            send(filler, in, "in");
            filler.commitTransaction();
        }
        TopicPartition first = new TopicPartition(in, 0);
        boolean aborted = false;
        try (KafkaProducer<String, String> producer = producer("process", 60_000);
                KafkaConsumer<String, String> consumer = consumer("process", true)) {
            consumer.subscribe(List.of(in));
            int processed = 0;
            long deadline = System.nanoTime() + WAIT_SECONDS * 1_000_000_000L;
            while (processed < RECORDS) {
                expect(System.nanoTime() < deadline, "only " + processed + " processed");
                Map<TopicPartition, OffsetAndMetadata> next = new HashMap<>();
                var records = consumer.poll(Duration.ofMillis(200));
                if (records.isEmpty()) {
                    continue;
                }
                producer.beginTransaction();
                for (ConsumerRecord<String, String> r : records) {
                    producer.send(new ProducerRecord<>(out, r.partition(), r.key(), "out"));
                    next.put(new TopicPartition(in, r.partition()),
                            new OffsetAndMetadata(r.offset() + 1));
                }
                producer.sendOffsetsToTransaction(next, consumer.groupMetadata());
                if (!aborted) {
                    aborted = true;
                    producer.abortTransaction();
                    expect(consumer.committed(java.util.Set.of(first)).get(first) == null,
                            "offsets of an aborted transaction are committed");
                    for (TopicPartition p : next.keySet()) {
                        consumer.seekToBeginning(List.of(p));
                    }
                } else {
                    producer.commitTransaction();
                    processed += records.count();
                }
            }
            long committed = consumer.committed(java.util.Set.of(first)).get(first).offset();
            expect(committed == RECORDS / PARTITIONS, "committed at " + committed);
            @SuppressWarnings("removal")
            ConsumerGroupMetadata stranger = new ConsumerGroupMetadata(
                    consumer.groupMetadata().groupId(), 77, "nobody", java.util.Optional.empty());
            producer.beginTransaction();
            try {
                producer.sendOffsetsToTransaction(
                        Map.of(first, new OffsetAndMetadata(1)), stranger);
                throw new AssertionError("offsets were taken from one who is no member");
            } catch (KafkaException refused) {
                producer.abortTransaction();
            }
        }
        expectRead(out, true, Map.of("out", RECORDS));
        return RECORDS + " in, " + RECORDS + " out; aborted offsets are none";
    }

    String fencing() throws Exception {
        String topic = topic("fencing");
        KafkaProducer<String, String> old = producer("fencing", 60_000);
        old.beginTransaction();
        send(old, topic, "old");
        old.flush();
        try (KafkaProducer<String, String> fresh = producer("fencing", 60_000)) {
            try {
                old.commitTransaction();
                throw new AssertionError("a fenced producer has committed");
            } catch (KafkaException fenced) {
                old.close(Duration.ZERO);
            }
            fresh.beginTransaction();
            send(fresh, topic, "fresh");
            fresh.commitTransaction();
        }
        expectRead(topic, true, Map.of("fresh", RECORDS));
        return "the older one was fenced and aborted";
    }

    String timeout() throws Exception {
        String topic = topic("timeout");
        KafkaProducer<String, String> slow = producer("timeout", 1_000);
        slow.beginTransaction();
        send(slow, topic, "slow");
        slow.flush();
        waitUntil(() -> admin.describeTransactions(List.of(prefix + "-timeout"))
                .description(prefix + "-timeout").get().state() == TransactionState.COMPLETE_ABORT,
                "the transaction is not aborted");
        try {
            slow.commitTransaction();
            throw new AssertionError("it was committed after its time");
        } catch (KafkaException late) {
            slow.close(Duration.ZERO);
        }
        expect(read(topic, true).isEmpty(), "read_committed sees some of it");
        return "aborted after 1 s";
    }

    String admin() throws Exception {
        String topic = topic("admin");
        String id = prefix + "-admin";
        TopicPartition first = new TopicPartition(topic, 0);
        try (KafkaProducer<String, String> producer = producer("admin", 60_000)) {
            producer.beginTransaction();
            producer.send(new ProducerRecord<>(topic, 0, "k", "hanging"));
            producer.flush();
            TransactionDescription described = admin.describeTransactions(List.of(id))
                    .description(id).get();
            expect(described.state() == TransactionState.ONGOING
                    && described.topicPartitions().contains(first), described.toString());
            List<TransactionListing> listed = new ArrayList<>(admin.listTransactions(
                    new ListTransactionsOptions()
                            .filterStates(java.util.Set.of(TransactionState.ONGOING))
                            .filterOnTransactionalIdPattern(prefix + "-adm.*")).all().get());
            expect(listed.size() == 1 && listed.get(0).producerId() == described.producerId(),
                    listed.toString());
            ProducerState state = admin.describeProducers(List.of(first)).partitionResult(first)
                    .get().activeProducers().get(0);
            expect(state.currentTransactionStartOffset().getAsLong() == 0, state.toString());
            admin.abortTransaction(new AbortTransactionSpec(first, state.producerId(),
                    (short) state.producerEpoch(), state.coordinatorEpoch().orElse(0)))
                    .all().get();
            waitUntil(() -> admin.listOffsets(Map.of(first, OffsetSpec.latest()),
                    new ListOffsetsOptions(IsolationLevel.READ_COMMITTED))
                    .partitionResult(first).get().offset() == 2, "the abort is not stable");
            admin.fenceProducers(List.of(id)).all().get();
        }
        return "listed, described, aborted, fenced";
    }

    static boolean run(String name, Callable<String> step) {
        String outcome;
        boolean ok = false;
        try {
            outcome = "ok " + step.call();
            ok = true;
        } catch (Throwable thrown) {
            thrown.printStackTrace();
            outcome = "failed " + String.valueOf(thrown).replaceAll("\\s+", " ");
        }
        System.out.println("step " + name + " " + outcome);
        return ok;
    }

    public static void main(String[] args) {
        System.out.println("client kafka-clients " + AppInfoParser.getVersion());
        Transactions steps = new Transactions(args[0], args[1]);
        boolean ok = run("commit", steps::commit);
        ok &= run("abort", steps::abort);
        ok &= run("offsets", steps::offsets);
        ok &= run("fencing", steps::fencing);
        ok &= run("timeout", steps::timeout);
        ok &= run("admin", steps::admin);
        System.exit(ok ? 0 : 1);
    }
}
