// Consume, process, produce, exactly once, with Kafka's own library; and the load around it.
//
//   java -cp 'LIBS/*' Handlers.java feed BOOTSTRAP TOPIC RECORDS ids|plain   records of JSON, with 1,000 keys
//   java -cp 'LIBS/*' Handlers.java streams BOOTSTRAP IN OUT FOLDER    Kafka Streams, until it is killed
//   java -cp 'LIBS/*' Handlers.java await BOOTSTRAP OUT RECORDS        until so many are committed
//
// The topology: each reading of a sensor, if it is above a limit or not, becomes an alert with the difference. Both
// sides read and write JSON by declared types.

import com.fasterxml.jackson.databind.ObjectMapper;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Produced;

final class Handlers {
    static final int KEYS = 1_000;
    static final ObjectMapper JSON = new ObjectMapper();

    public static final class Reading {
        public String sensor;
        public long number;
        public double value;
        public double limit;
        public String place;
    }

    public static final class Alert {
        public String sensor;
        public long number;
        public double above;
        public String text;
    }

    static <T> Serde<T> json(Class<T> type) {
        return Serdes.serdeFrom((topic, value) -> {
            try {
                return JSON.writeValueAsBytes(value);
            } catch (java.io.IOException failure) {
                throw new IllegalStateException(failure);
            }
        }, (topic, bytes) -> {
            try {
                return JSON.readValue(bytes, type);
            } catch (java.io.IOException failure) {
                throw new IllegalStateException(failure);
            }
        });
    }

    static void feed(String bootstrap, String topic, long records, boolean ids) throws Exception {
        try (KafkaProducer<String, String> producer = new KafkaProducer<>(Map.of(
                "bootstrap.servers", bootstrap, "linger.ms", 5, "batch.size", 131072,
                "key.serializer", "org.apache.kafka.common.serialization.StringSerializer",
                "value.serializer", "org.apache.kafka.common.serialization.StringSerializer"))) {
            for (long n = 0; n < records; n++) {
                Reading reading = new Reading();
                reading.sensor = "sensor-" + n % KEYS;
                reading.number = n;
                reading.value = 20 + n % 97 / 7.0;
                reading.limit = 25;
                reading.place = "hall " + n % 13 + ", row " + n % 31 + ", the third from the left";
                ProducerRecord<String, String> record =
                        new ProducerRecord<>(topic, reading.sensor, JSON.writeValueAsString(reading));
                if (ids) {
                    record.headers().add("ce_specversion", "1.0".getBytes());
                    record.headers().add("ce_id", Long.toString(n).getBytes());
                    record.headers().add("ce_source", "/feed".getBytes());
                    record.headers().add("ce_type", "bench.reading".getBytes());
                    record.headers().add("content-type", "application/json".getBytes());
                }
                producer.send(record, (place, failure) -> {
                    if (failure != null) {
                        System.err.println(failure);
                        Runtime.getRuntime().halt(1);
                    }
                });
            }
        }
    }

    static void streams(String bootstrap, String in, String out, String folder) throws Exception {
        StreamsBuilder builder = new StreamsBuilder();
        builder.stream(in, Consumed.with(Serdes.String(), json(Reading.class))).mapValues(reading -> {
            Alert alert = new Alert();
            alert.sensor = reading.sensor;
            alert.number = reading.number;
            alert.above = reading.value - reading.limit;
            alert.text = reading.place;
            return alert;
        }).to(out, Produced.with(Serdes.String(), json(Alert.class)));
        Properties properties = new Properties();
        properties.put("application.id", "bench-" + in);
        properties.put("bootstrap.servers", bootstrap);
        properties.put("processing.guarantee", "exactly_once_v2");
        properties.put("commit.interval.ms", 100);
        properties.put("state.dir", folder);
        properties.put("auto.offset.reset", "earliest");
        KafkaStreams streams = new KafkaStreams(builder.build(), properties);
        streams.start();
        new CountDownLatch(1).await();
    }

    static void await(String bootstrap, String topic, long records) throws Exception {
        try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(Map.of(
                "bootstrap.servers", bootstrap, "isolation.level", "read_committed",
                "auto.offset.reset", "earliest", "fetch.max.wait.ms", 100,
                "key.deserializer", "org.apache.kafka.common.serialization.ByteArrayDeserializer",
                "value.deserializer", "org.apache.kafka.common.serialization.ByteArrayDeserializer"))) {
            List<TopicPartition> partitions = consumer.partitionsFor(topic).stream()
                    .map(each -> new TopicPartition(topic, each.partition())).toList();
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            long seen = 0;
            while (seen < records) {
                seen += consumer.poll(Duration.ofMillis(200)).count();
            }
            System.out.println("committed " + seen);
        }
    }

    public static void main(String[] arguments) throws Exception {
        switch (arguments[0]) {
            case "feed" -> feed(arguments[1], arguments[2], Long.parseLong(arguments[3]),
                    arguments[4].equals("ids"));
            case "streams" -> streams(arguments[1], arguments[2], arguments[3], arguments[4]);
            case "await" -> await(arguments[1], arguments[2], Long.parseLong(arguments[3]));
            default -> throw new IllegalArgumentException(arguments[0]);
        }
    }
}
