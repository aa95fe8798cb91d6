// Transactions as fast as they go: so many producers at once, each in a thread of its own, each transaction a few
// records. Kafka's ProducerPerformance ends transactions by the clock and does not say how long an end takes.
//
//   java -cp 'LIBS/*' Transactions.java BOOTSTRAP TOPIC PRODUCERS RECORDS WARMUP_SECONDS SECONDS
//
// Prints one line: transactions N in S seconds, commit p50 A p99 B ms, whole p50 C p99 D ms

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;

final class Transactions {
    static final int RECORD_BYTES = 100;

    /** Times of one producer's transactions, in nanoseconds. */
    record Times(List<Long> commit, List<Long> whole) { }

    static Times run(String bootstrap, String topic, int number, int records, long warmup, long seconds,
            CyclicBarrier ready) throws Exception {
        byte[] value = new byte[RECORD_BYTES];
        Arrays.fill(value, (byte) 'x');
        Times times = new Times(new ArrayList<>(), new ArrayList<>());
        try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(Map.of(
                "bootstrap.servers", bootstrap, "transactional.id", topic + "-" + number,
                "key.serializer", "org.apache.kafka.common.serialization.ByteArraySerializer",
                "value.serializer", "org.apache.kafka.common.serialization.ByteArraySerializer"))) {
            producer.initTransactions();
            ready.await();
            long counted = System.nanoTime() + warmup * 1_000_000_000L;
            long end = counted + seconds * 1_000_000_000L;
            while (true) {
                long begin = System.nanoTime();
                producer.beginTransaction();
                for (int n = 0; n < records; n++) {
                    producer.send(new ProducerRecord<>(topic, value));
                }
                producer.flush();
                long written = System.nanoTime();
                producer.commitTransaction();
                long done = System.nanoTime();
                if (done > end) {
                    return times;
                }
                if (begin >= counted) {
                    times.commit.add(done - written);
                    times.whole.add(done - begin);
                }
            }
        }
    }

    static double percentile(List<Long> times, double part) {
        return times.get((int) Math.min(times.size() - 1, (long) (times.size() * part))) / 1e6;
    }

    public static void main(String[] arguments) throws Exception {
        int producers = Integer.parseInt(arguments[2]);
        int records = Integer.parseInt(arguments[3]);
        long warmup = Long.parseLong(arguments[4]);
        long seconds = Long.parseLong(arguments[5]);
        CyclicBarrier ready = new CyclicBarrier(producers);
        ExecutorService threads = Executors.newFixedThreadPool(producers);
        List<Future<Times>> running = new ArrayList<>();
        for (int n = 0; n < producers; n++) {
            int number = n;
            Callable<Times> work =
                    () -> run(arguments[0], arguments[1], number, records, warmup, seconds, ready);
            running.add(threads.submit(work));
        }
        List<Long> commit = new ArrayList<>();
        List<Long> whole = new ArrayList<>();
        for (Future<Times> one : running) {
            commit.addAll(one.get().commit);
            whole.addAll(one.get().whole);
        }
        threads.shutdown();
        commit.sort(null);
        whole.sort(null);
        if (commit.isEmpty()) {
            throw new IllegalStateException("no transaction was committed in time");
        }
        System.out.printf(Locale.ROOT, "transactions %d in %d seconds, commit p50 %.3f p99 %.3f ms, whole p50 %.3f p99 %.3f ms%n",
                commit.size(), seconds, percentile(commit, 0.5), percentile(commit, 0.99),
                percentile(whole, 0.5), percentile(whole, 0.99));
    }
}
