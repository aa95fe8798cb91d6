// kafka-clients: topics that have a compression.type of their own. Each codec that a producer can
// use is written to a topic of each type and read back; how the batches are stored is what Kafka's
// own reader of them says of a fetch response taken from the socket.

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.record.internal.CompressionType;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.common.record.internal.Records;
import org.apache.kafka.common.requests.AbstractResponse;
import org.apache.kafka.common.requests.FetchRequest;
import org.apache.kafka.common.requests.FetchResponse;
import org.apache.kafka.common.requests.RequestHeader;
import org.apache.kafka.common.utils.AppInfoParser;

final class Compression {
    static final List<String> CODECS = List.of("none", "gzip", "snappy", "lz4", "zstd");
    static final int RECORDS = 300;
    static final int WAIT_SECONDS = 30;
    static final short FETCH_VERSION = 12; // the last that names topics

    final String bootstrap;
    final String prefix;
    final Admin admin;

    Compression(String bootstrap, String prefix) {
        this.bootstrap = bootstrap;
        this.prefix = prefix;
        this.admin = Admin.create(Map.of("bootstrap.servers", bootstrap));
    }

    static void expect(boolean condition, String message) {
        if (!condition) {
            throw new AssertionError(message);
        }
    }

    String topic(String name, Map<String, String> configs) throws Exception {
        String topic = prefix + "-" + name;
        admin.createTopics(List.of(new NewTopic(topic, 1, (short) 1).configs(configs))).all()
                .get(WAIT_SECONDS, TimeUnit.SECONDS);
        return topic;
    }

    KafkaProducer<String, String> producer(String codec, Map<String, Object> more) {
        Map<String, Object> settings = new HashMap<>(Map.of(
                "bootstrap.servers", bootstrap, "compression.type", codec, "linger.ms", 20,
                "key.serializer", "org.apache.kafka.common.serialization.StringSerializer",
                "value.serializer", "org.apache.kafka.common.serialization.StringSerializer"));
        settings.putAll(more);
        return new KafkaProducer<>(settings);
    }

    static String value(String codec, int n) {
        return codec + " " + n + " " + "through the gorge ".repeat(1 + n % 9);
    }

    void write(String topic, String codec) throws Exception {
        try (KafkaProducer<String, String> producer = producer(codec, Map.of())) {
            for (int n = 0; n < RECORDS; n++) {
                ProducerRecord<String, String> record =
                        new ProducerRecord<>(topic, 0, 1_000_000L + n, "k" + n, value(codec, n));
                record.headers().add("codec", codec.getBytes());
                producer.send(record);
            }
            producer.flush();
        }
    }

    /** What each producer wrote comes back, in its order, nothing else. */
    void readBack(String topic) {
        TopicPartition partition = new TopicPartition(topic, 0);
        long expected = 0;
        try (KafkaConsumer<String, String> consumer = new KafkaConsumer<>(Map.of(
                "bootstrap.servers", bootstrap,
                "key.deserializer", "org.apache.kafka.common.serialization.StringDeserializer",
                "value.deserializer",
                "org.apache.kafka.common.serialization.StringDeserializer"))) {
            consumer.assign(List.of(partition));
            consumer.seekToBeginning(List.of(partition));
            long end = consumer.endOffsets(List.of(partition)).get(partition);
            expect(end == (long) RECORDS * CODECS.size(), topic + " ends at " + end);
            long deadline = System.nanoTime() + WAIT_SECONDS * 1_000_000_000L;
            while (expected < end) {
                expect(System.nanoTime() < deadline, "the end was not reached: " + expected);
                for (ConsumerRecord<String, String> r : consumer.poll(Duration.ofMillis(200))) {
                    String codec = CODECS.get((int) expected / RECORDS);
                    int n = (int) expected % RECORDS;
                    expect(r.offset() == expected && r.timestamp() == 1_000_000L + n
                            && r.key().equals("k" + n) && r.value().equals(value(codec, n))
                            && new String(r.headers().lastHeader("codec").value()).equals(codec),
                            topic + " at " + expected + ": " + r);
                    expected++;
                }
            }
        }
    }

    /** The batches of a partition as they are stored. */
    List<RecordBatch> stored(String topic) throws IOException {
        List<RecordBatch> batches = new ArrayList<>();
        TopicPartition partition = new TopicPartition(topic, 0);
        int colon = bootstrap.lastIndexOf(':');
        String host = bootstrap.substring(0, colon);
        int port = Integer.parseInt(bootstrap.substring(colon + 1));
        long offset = 0;
        try (Socket socket = new Socket(host, port)) {
            DataOutputStream out = new DataOutputStream(socket.getOutputStream());
            DataInputStream in = new DataInputStream(socket.getInputStream());
            while (true) {
                Map<TopicPartition, FetchRequest.PartitionData> wanted = new LinkedHashMap<>();
                wanted.put(partition, new FetchRequest.PartitionData(
                        Uuid.ZERO_UUID, offset, -1L, 1 << 20, java.util.Optional.empty()));
                FetchRequest request = FetchRequest.Builder
                        .forConsumer(FETCH_VERSION, 0, 0, wanted).build(FETCH_VERSION);
                RequestHeader header =
                        new RequestHeader(ApiKeys.FETCH, FETCH_VERSION, "compression", 1);
                ByteBuffer bytes = request.serializeWithHeader(header);
                out.writeInt(bytes.remaining());
                out.write(bytes.array(), bytes.arrayOffset() + bytes.position(),
                        bytes.remaining());
                out.flush();
                byte[] answer = new byte[in.readInt()];
                in.readFully(answer);
                FetchResponse response = (FetchResponse) AbstractResponse.parseResponse(
                        ByteBuffer.wrap(answer), header);
                Records records = FetchResponse.recordsOrFail(
                        response.data().responses().get(0).partitions().get(0));
                long next = offset;
                for (RecordBatch batch : records.batches()) {
                    batch.ensureValid();
                    batches.add(batch);
                    next = batch.nextOffset();
                }
                if (next == offset) {
                    return batches;
                }
                offset = next;
            }
        }
    }

    long size(String topic) throws IOException {
        return stored(topic).stream().mapToLong(RecordBatch::sizeInBytes).sum();
    }

    String type(String type) throws Exception {
        String topic = topic(type, Map.of("compression.type", type));
        for (String codec : CODECS) {
            write(topic, codec);
        }
        readBack(topic);
        int count = 0;
        long next = 0;
        for (RecordBatch batch : stored(topic)) {
            String sent = CODECS.get((int) batch.baseOffset() / RECORDS);
            CompressionType wanted = CompressionType.forName(
                    type.equals("producer") ? sent : type.equals("uncompressed") ? "none" : type);
            expect(batch.compressionType() == wanted, topic + " at " + batch.baseOffset()
                    + " is stored with " + batch.compressionType());
            expect(batch.baseOffset() == next, "a batch starts at " + batch.baseOffset());
            expect(batch.hasProducerId() && batch.baseSequence() == next % RECORDS,
                    "the producer's numbers have changed: " + batch);
            expect(batch.countOrNull() == batch.lastOffset() - next + 1,
                    "the count has changed: " + batch);
            next = batch.nextOffset();
            count++;
        }
        expect(next == (long) RECORDS * CODECS.size(), "the batches end at " + next);
        return CODECS.size() + " codecs in, " + count + " batches";
    }

    String levels() throws Exception {
        Map<String, Long> sizes = new LinkedHashMap<>();
        for (String[] level : new String[][] {{"gzip", "1"}, {"gzip", "9"}, {"zstd", "-50"},
                {"zstd", "19"}, {"lz4", "9"}, {"lz4", "17"}}) {
            String name = level[0] + level[1];
            String topic = topic(name, Map.of("compression.type", level[0],
                    "compression." + level[0] + ".level", level[1]));
            write(topic, "none");
            sizes.put(name, size(topic));
        }
        expect(sizes.get("gzip9") < sizes.get("gzip1"), "gzip: " + sizes);
        expect(sizes.get("zstd19") < sizes.get("zstd-50"), "zstd: " + sizes);
        expect(sizes.get("lz417") < sizes.get("lz49"), "lz4: " + sizes); // 9 is the fast one
        try {
            topic("gzip0", Map.of("compression.gzip.level", "0"));
        } catch (ExecutionException e) {
            return "bytes " + sizes;
        }
        throw new AssertionError("compression.gzip.level=0 was accepted");
    }

    String transactions() throws Exception {
        String topic = topic("transactions", Map.of("compression.type", "zstd"));
        try (KafkaProducer<String, String> producer =
                producer("gzip", Map.of("transactional.id", prefix + "-id"))) {
            producer.initTransactions();
            producer.beginTransaction();
            producer.send(new ProducerRecord<>(topic, "k", "v"));
            producer.commitTransaction();
        }
        long deadline = System.nanoTime() + WAIT_SECONDS * 1_000_000_000L;
        while (stored(topic).size() < 2) { // Kafka writes the marker after it has answered
            expect(System.nanoTime() < deadline, "there is no marker");
            Thread.sleep(50);
        }
        List<RecordBatch> batches = stored(topic);
        expect(batches.get(0).compressionType() == CompressionType.ZSTD
                && batches.get(0).isTransactional(), "the batch: " + batches.get(0));
        expect(batches.get(1).isControlBatch()
                && batches.get(1).compressionType() == CompressionType.NONE,
                "the marker: " + batches.get(1));
        return "";
    }

    String tooLarge() throws Exception {
        String topic = topic("small",
                Map.of("compression.type", "uncompressed", "max.message.bytes", "2000"));
        try (KafkaProducer<String, String> producer = producer("gzip", Map.of())) {
            producer.send(new ProducerRecord<>(topic, "k", "x".repeat(1000))).get();
            try {
                producer.send(new ProducerRecord<>(topic, "k", "x".repeat(3000))).get();
            } catch (ExecutionException e) {
                expect(e.getCause() instanceof RecordTooLargeException, "refused: " + e);
                expect(stored(topic).size() == 1, "it was stored nevertheless");
                return "";
            }
        }
        throw new AssertionError("a batch that grew above max.message.bytes was accepted");
    }

    static void step(String name, Callable<String> work) {
        try {
            System.out.println("step " + name + " ok " + work.call());
        } catch (AssertionError | Exception e) {
            System.out.println("step " + name + " failed " + e);
            e.printStackTrace();
        }
    }

    public static void main(String[] arguments) throws KafkaException {
        Compression all = new Compression(arguments[0], arguments[1]);
        System.out.println("client Java kafka-clients " + AppInfoParser.getVersion());
        for (String type : List.of("producer", "uncompressed", "gzip", "snappy", "lz4", "zstd")) {
            step(type, () -> all.type(type));
        }
        step("levels", all::levels);
        step("transactions", all::transactions);
        step("too-large", all::tooLarge);
        all.admin.close();
    }
}
