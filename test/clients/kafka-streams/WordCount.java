// A word count with two state stores, exactly once: BOOTSTRAP PREFIX STATE_DIRECTORY.
// Prints `updates N` while it works, so that it can be killed in the middle of something, and
// `replaced WHY` for each thread that gave up: Streams wants the application to decide, and what it
// recommends where errors pass is another thread, which starts from what was committed.

import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.AppInfoParser;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;

final class WordCount {
    static final int PROGRESS_MS = 50;
    static final int SESSION_MS = 6_000; // after a kill the group waits as long for who is gone

    static final AtomicLong updates = new AtomicLong();

    static List<String> words(String line) {
        return Arrays.stream(line.toLowerCase(Locale.ROOT).split("[^a-z]+"))
                .filter(word -> !word.isEmpty()).toList();
    }

    static StreamsBuilder topology(String prefix) {
        var builder = new StreamsBuilder();
        KTable<String, Long> words = builder
                .<String, String>stream(prefix + "-text")
                .flatMapValues(WordCount::words)
                .groupBy((key, word) -> word)
                .count(Materialized.as("words"));
        words.toStream().peek((word, count) -> updates.incrementAndGet())
                .to(prefix + "-words", Produced.with(Serdes.String(), Serdes.Long()));
        // How many words there are that occur so often: each update moves a word to another count.
        words.groupBy((word, count) -> KeyValue.pair(count, word),
                        Grouped.with(Serdes.Long(), Serdes.String()))
                .count(Materialized.as("times"))
                .toStream().to(prefix + "-times", Produced.with(Serdes.Long(), Serdes.Long()));
        return builder;
    }

    public static void main(String[] arguments) throws InterruptedException {
        var settings = new Properties();
        settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, arguments[0]);
        settings.put(StreamsConfig.APPLICATION_ID_CONFIG, arguments[1]);
        settings.put(StreamsConfig.STATE_DIR_CONFIG, arguments[2]);
        settings.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
        settings.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 2);
        settings.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, 0); // each update goes out
        settings.put(StreamsConfig.DEFAULT_KEY_SERDE_CLASS_CONFIG, Serdes.StringSerde.class);
        settings.put(StreamsConfig.DEFAULT_VALUE_SERDE_CLASS_CONFIG, Serdes.StringSerde.class);
        settings.put(StreamsConfig.consumerPrefix(ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG),
                SESSION_MS);
        settings.put(StreamsConfig.consumerPrefix(ConsumerConfig.HEARTBEAT_INTERVAL_MS_CONFIG),
                SESSION_MS / 4);
        System.out.println("client kafka-streams " + AppInfoParser.getVersion());

        var stopped = new CountDownLatch(1);
        var streams = new KafkaStreams(topology(arguments[1]).build(), settings);
        streams.setUncaughtExceptionHandler(error -> {
            System.out.println("replaced " + error + ", because of " + error.getCause());
            return StreamThreadExceptionResponse.REPLACE_THREAD;
        });
        streams.setStateListener((to, from) -> {
            System.out.println("state " + to);
            if (to.hasCompletedShutdown()) {
                stopped.countDown();
            }
        });
        Runtime.getRuntime().addShutdownHook(
                new Thread(() -> streams.close(Duration.ofSeconds(20))));
        streams.start();
        long shown = -1;
        do {
            if (updates.get() != shown) {
                shown = updates.get();
                System.out.println("updates " + shown);
            }
        } while (!stopped.await(PROGRESS_MS, TimeUnit.MILLISECONDS));
    }
}
