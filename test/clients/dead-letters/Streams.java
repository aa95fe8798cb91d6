import java.util.Properties;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.errors.LogAndContinueProcessingExceptionHandler;

/**
 * Kafka Streams with a dead letter queue (KIP-1034): refuses poison, until it is mended; the rest
 * goes to another topic. Arguments: BOOTSTRAP IN OUT DEAD_LETTERS [mended].
 */
public class Streams {
    static class CardRefused extends RuntimeException {
        CardRefused(String what) {
            super(what);
        }
    }

    public static void main(String[] arguments) throws Exception {
        boolean mended = arguments.length > 4;
        Properties settings = new Properties();
        settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, arguments[0]);
        settings.put(StreamsConfig.APPLICATION_ID_CONFIG, arguments[1] + "-streams");
        settings.put(StreamsConfig.STATE_DIR_CONFIG, "state");
        settings.put(StreamsConfig.DEFAULT_KEY_SERDE_CLASS_CONFIG, Serdes.StringSerde.class);
        settings.put(StreamsConfig.DEFAULT_VALUE_SERDE_CLASS_CONFIG, Serdes.StringSerde.class);
        settings.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 100);
        settings.put("auto.offset.reset", "earliest");
        settings.put("errors.dead.letter.queue.topic.name", arguments[3]);
        settings.put("processing.exception.handler",
                     LogAndContinueProcessingExceptionHandler.class);
        StreamsBuilder builder = new StreamsBuilder();
        builder.<String, String>stream(arguments[1])
                .mapValues(value -> {
                    if (value.startsWith("poison") && !mended)
                        throw new CardRefused("the bank refused " + value);
                    return value;
                })
                .to(arguments[2]);
        KafkaStreams streams = new KafkaStreams(builder.build(), settings);
        streams.start();
        System.in.read();
        streams.close();
        System.exit(0);
    }
}
