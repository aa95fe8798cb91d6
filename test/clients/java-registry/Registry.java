// Confluent's registry client and KafkaAvroSerializer with Kafka's own producer and consumer.
// Both come inside other projects' jars (pom.xml), under the names that those gave them.

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.apache.flink.avro.registry.confluent.shaded.io.confluent.kafka.schemaregistry.avro.AvroSchema;
import org.apache.flink.avro.registry.confluent.shaded.io.confluent.kafka.schemaregistry.client.CachedSchemaRegistryClient;
import org.apache.flink.avro.registry.confluent.shaded.io.confluent.kafka.schemaregistry.client.SchemaMetadata;
import org.apache.flink.avro.registry.confluent.shaded.io.confluent.kafka.schemaregistry.client.SchemaRegistryClient;
import org.apache.flink.avro.registry.confluent.shaded.io.confluent.kafka.schemaregistry.client.rest.entities.Config;
import org.apache.flink.avro.registry.confluent.shaded.io.confluent.kafka.schemaregistry.client.rest.entities.Metadata;
import org.apache.flink.avro.registry.confluent.shaded.io.confluent.kafka.schemaregistry.client.rest.entities.Rule;
import org.apache.flink.avro.registry.confluent.shaded.io.confluent.kafka.schemaregistry.client.rest.entities.RuleKind;
import org.apache.flink.avro.registry.confluent.shaded.io.confluent.kafka.schemaregistry.client.rest.entities.RuleMode;
import org.apache.flink.avro.registry.confluent.shaded.io.confluent.kafka.schemaregistry.client.rest.entities.RuleSet;
import org.apache.flink.avro.registry.confluent.shaded.io.confluent.kafka.schemaregistry.client.rest.entities.SchemaReference;
import org.apache.flink.avro.registry.confluent.shaded.io.confluent.kafka.schemaregistry.client.rest.exceptions.RestClientException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.InvalidRecordException;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.common.utils.AppInfoParser;
import org.apache.pulsar.kafka.shade.avro.Schema;
import org.apache.pulsar.kafka.shade.avro.generic.GenericRecord;
import org.apache.pulsar.kafka.shade.avro.generic.GenericRecordBuilder;
import org.apache.pulsar.kafka.shade.io.confluent.kafka.serializers.KafkaAvroDeserializer;
import org.apache.pulsar.kafka.shade.io.confluent.kafka.serializers.KafkaAvroSerializer;

public class Registry {
    static final int WAIT_SECONDS = 30;
    static final String FLIGHT = "{\"name\":\"flight\",\"type\":\"string\"}";
    static final String HEIGHT = "{\"name\":\"height\",\"type\":\"int\"}";
    static final String HEIGHT_OR_ZERO = "{\"name\":\"height\",\"type\":\"int\",\"default\":0}";
    static final String FIRST = record("Sighting", FLIGHT);
    static final String SECOND = record("Sighting", FLIGHT + "," + HEIGHT_OR_ZERO);
    static final String INCOMPATIBLE = record("Sighting", FLIGHT + "," + HEIGHT);
    static final String WIDER = record("Sighting",
            FLIGHT + "," + HEIGHT_OR_ZERO + ",{\"name\":\"width\",\"type\":\"int\"}");

    final String bootstrap;
    final String prefix;
    final String url;
    final Admin admin;
    boolean failed = false;

    Registry(String bootstrap, String prefix, String url) {
        this.bootstrap = bootstrap;
        this.prefix = prefix;
        this.url = url;
        this.admin = Admin.create(Map.of("bootstrap.servers", bootstrap));
    }

    static String record(String name, String fields) {
        return "{\"type\":\"record\",\"name\":\"" + name + "\",\"namespace\":\"gorge\",\"fields\":["
                + fields + "]}";
    }

    static void expect(boolean condition, String message) {
        if (!condition) {
            throw new AssertionError(message);
        }
    }

    static void same(Object got, Object wanted, String what) {
        expect(wanted.equals(got), what + ": " + got + ", wanted " + wanted);
    }

    /** Runs what the registry must refuse; the result is the message. */
    static String refused(int status, int code, String text, Callable<?> action) throws Exception {
        Object got;
        try {
            got = action.call();
        } catch (RestClientException error) {
            same(error.getStatus() + " " + error.getErrorCode(), status + " " + code,
                    error.getMessage());
            expect(error.getMessage().contains(text), text + " is not in: " + error.getMessage());
            return error.getMessage();
        }
        throw new AssertionError("wanted " + status + " " + code + ", got " + got);
    }

    /** A new one each time: a client keeps what it has seen, and this asks the registry. */
    SchemaRegistryClient client() {
        return new CachedSchemaRegistryClient(url, 100);
    }

    String subject(String name) {
        return prefix + "/" + name + ":value";
    }

    String register() throws Exception {
        String subject = subject("register");
        int id = client().register(subject, new AvroSchema(FIRST));
        same(client().register(subject, new AvroSchema(FIRST)), id, "a second time");
        same(client().getSchemaById(id).canonicalString(), FIRST, "the text");
        same(client().getSchemaBySubjectAndId(subject, id).canonicalString(), FIRST, "by subject");
        same(client().getId(subject, new AvroSchema(FIRST)), id, "looked up");
        same(client().getVersion(subject, new AvroSchema(FIRST)), 1, "version");
        expect(client().getAllSubjectsById(id).contains(subject), "subjects of the id");
        expect(client().getAllSubjectsByPrefix(subject).contains(subject), "subjects by prefix");
        same(client().getSchemas(subject, false, true).size(), 1, "schemas of the subject");
        return "id " + id;
    }

    String evolve() throws Exception {
        String subject = subject("evolve");
        int first = client().register(subject, new AvroSchema(FIRST));
        expect(client().testCompatibility(subject, new AvroSchema(SECOND)), "not compatible");
        int second = client().registerWithResponse(subject, new AvroSchema(SECOND), true).getId();
        same(client().getAllVersions(subject), List.of(1, 2), "versions");
        SchemaMetadata latest = client().getLatestSchemaMetadata(subject);
        same(latest.getId() + " " + latest.getVersion(), second + " 2", "latest");
        same(client().getSchemaMetadata(subject, 1).getId(), first, "version 1");
        return "ids " + first + " and " + second;
    }

    String refuse() throws Exception {
        String subject = subject("refuse");
        refused(404, 40401, "Subject '" + subject + "' not found.",
                () -> client().getAllVersions(subject));
        client().register(subject, new AvroSchema(FIRST));
        AvroSchema bad = new AvroSchema(INCOMPATIBLE);
        List<String> findings = client().testCompatibilityVerbose(subject, bad);
        expect(String.join(" ", findings).contains("READER_FIELD_MISSING_DEFAULT_VALUE"),
                "findings " + findings);
        refused(404, 40403, "Schema not found",
                () -> client().getId(subject, new AvroSchema(SECOND)));
        refused(404, 40402, "Version 7 not found.", () -> client().getSchemaMetadata(subject, 7));
        return refused(409, 409, "incompatible with an earlier schema for subject \"" + subject,
                () -> client().register(subject, bad));
    }

    String references() throws Exception {
        String subject = subject("references");
        String inner = record("Position", HEIGHT);
        client().register(subject + "-inner", new AvroSchema(inner));
        AvroSchema outer = new AvroSchema(
                record("Sighting", FLIGHT + ",{\"name\":\"at\",\"type\":\"gorge.Position\"}"),
                List.of(new SchemaReference("gorge.Position", subject + "-inner", 1)),
                Map.of("gorge.Position", inner), null);
        int id = client().register(subject, outer);
        AvroSchema back = (AvroSchema) client().getSchemaById(id);
        same(back.references(), outer.references(), "references");
        same(back.rawSchema().getField("at").schema().getFullName(), "gorge.Position", "resolved");
        return refused(422, 42206, "One or more references exist",
                () -> client().deleteSubject(subject + "-inner"));
    }

    String contract() throws Exception {
        String subject = subject("contract");
        Rule rule = new Rule("tall", "none above the rim", RuleKind.CONDITION, RuleMode.WRITE,
                "CEL", Set.of("height"), Map.of("limit", "600"), "message.height < 600", null,
                "ERROR", false);
        AvroSchema schema = new AvroSchema(SECOND, List.of(), Map.of(),
                new Metadata(Map.of("height", Set.of("metre")), Map.of("owner", "hydrology"),
                        Set.of("owner")), new RuleSet(List.of(), List.of(rule)), null, false);
        int id = client().register(subject, schema);
        AvroSchema back = (AvroSchema) client().getSchemaBySubjectAndId(subject, id);
        same(back.metadata().getProperties().get("owner"), "hydrology", "property");
        same(back.metadata().getTags(), schema.metadata().getTags(), "tags");
        same(back.metadata().getSensitive(), Set.of("owner"), "sensitive");
        same(back.ruleSet(), schema.ruleSet(), "rules");
        SchemaMetadata found =
                client().getLatestWithMetadata(subject, Map.of("owner", "hydrology"), true);
        same(found.getId(), id, "by metadata");
        return "id " + id;
    }

    String config() throws Exception {
        String subject = subject("config");
        refused(404, 40408, "", () -> client().getConfig(subject));
        same(client().updateCompatibility(subject, "FULL"), "FULL", "set");
        same(client().getCompatibility(subject), "FULL", "got");
        client().updateConfig(subject, new Config("NONE"));
        same(client().getConfig(subject).getCompatibilityLevel(), "NONE", "config");
        String message = refused(422, 42203, "Invalid compatibility level. Valid values are none",
                () -> client().updateCompatibility(subject, "SIDEWAYS"));
        client().deleteConfig(subject);
        refused(404, 40408, "", () -> client().getConfig(subject));
        return message;
    }

    String mode() throws Exception {
        String subject = subject("mode");
        same(client().getMode(), "READWRITE", "of all");
        client().setMode("READONLY", subject);
        String message = refused(422, 42205, "",
                () -> client().register(subject, new AvroSchema(FIRST)));
        client().setMode("IMPORT", subject);
        same(client().register(subject, new AvroSchema(FIRST), 9, 990099), 990099, "imported id");
        same(client().getAllVersions(subject), List.of(9), "imported version");
        client().deleteMode(subject);
        refused(404, 40409, "", () -> client().getMode(subject));
        return message;
    }

    String delete() throws Exception {
        String subject = subject("delete");
        client().register(subject, new AvroSchema(FIRST));
        int second = client().register(subject, new AvroSchema(SECOND));
        refused(404, 40407, "", () -> client().deleteSchemaVersion(subject, "2", true));
        same(client().deleteSchemaVersion(subject, "2"), 2, "deleted");
        same(client().getAllVersions(subject), List.of(1), "left");
        same(client().getAllVersions(subject, true), List.of(1, 2), "with deleted ones");
        same(client().getSchemaById(second).canonicalString(), SECOND, "the text of the id");
        same(client().register(subject, new AvroSchema(SECOND)), second, "the id");
        same(client().getAllVersions(subject), List.of(1, 3), "versions");
        same(client().deleteSubject(subject), List.of(1, 3), "deleted");
        client().deleteSubject(subject, true);
        return refused(404, 40401, "", () -> client().getAllVersions(subject));
    }

    String topic(String name) throws Exception {
        String topic = prefix + "-" + name;
        admin.createTopics(List.of(new NewTopic(topic, 1, (short) 1))).all()
                .get(WAIT_SECONDS, TimeUnit.SECONDS);
        return topic;
    }

    /** Keys are strings in Avro, values are records, both by KafkaAvroSerializer. */
    void send(String topic, Map<String, Object> settings, GenericRecord... values)
            throws Exception {
        Map<String, Object> all = new HashMap<>(settings);
        all.put("schema.registry.url", url);
        KafkaAvroSerializer ofKeys = new KafkaAvroSerializer();
        KafkaAvroSerializer ofValues = new KafkaAvroSerializer();
        ofKeys.configure(Map.of("schema.registry.url", url), true);
        ofValues.configure(all, false);
        try (KafkaProducer<Object, Object> producer = new KafkaProducer<>(
                Map.of("bootstrap.servers", bootstrap), ofKeys, ofValues)) {
            for (GenericRecord value : values) {
                producer.send(new ProducerRecord<>(topic, "key", value))
                        .get(WAIT_SECONDS, TimeUnit.SECONDS);
            }
        }
    }

    <T> List<ConsumerRecord<T, T>> receive(String topic, Deserializer<T> ofKeys,
            Deserializer<T> ofValues) {
        try (KafkaConsumer<T, T> consumer = new KafkaConsumer<>(
                Map.of("bootstrap.servers", bootstrap), ofKeys, ofValues)) {
            TopicPartition partition = new TopicPartition(topic, 0);
            consumer.assign(List.of(partition));
            consumer.seekToBeginning(List.of(partition));
            return consumer.poll(Duration.ofSeconds(WAIT_SECONDS)).records(partition);
        }
    }

    List<Object> read(String topic) {
        KafkaAvroDeserializer ofKeys = new KafkaAvroDeserializer();
        KafkaAvroDeserializer ofValues = new KafkaAvroDeserializer();
        ofKeys.configure(Map.of("schema.registry.url", url), true);
        ofValues.configure(Map.of("schema.registry.url", url), false);
        return receive(topic, ofKeys, ofValues).stream().map(ConsumerRecord::value).toList();
    }

    static GenericRecord sighting(String schema, Object... fields) {
        GenericRecordBuilder builder = new GenericRecordBuilder(new Schema.Parser().parse(schema));
        for (int i = 0; i < fields.length; i += 2) {
            builder.set((String) fields[i], fields[i + 1]);
        }
        return builder.build();
    }

    String serializer() throws Exception {
        String topic = topic("serializer");
        send(topic, Map.of(), sighting(FIRST, "flight", "KL 1"));
        send(topic, Map.of("normalize.schemas", true), sighting(SECOND, "flight", "KL 2"));
        int first = client().getSchemaMetadata(topic + "-value", 1).getId();
        byte[] raw = receive(topic, new ByteArrayDeserializer(), new ByteArrayDeserializer())
                .get(0).value();
        same(raw[0] + " " + ByteBuffer.wrap(raw).getInt(1), "0 " + first, "the prefix");
        same(client().getAllVersions(topic + "-key"), List.of(1), "versions of the key");
        String got = read(topic).toString();
        same(got, "[{\"flight\": \"KL 1\"}, {\"flight\": \"KL 2\", \"height\": 0}]", "read");
        try {
            send(topic, Map.of(), sighting(WIDER, "flight", "KL 3", "width", 5));
        } catch (SerializationException error) {
            expect(error.getCause().getMessage().contains("READER_FIELD_MISSING_DEFAULT_VALUE"),
                    error.getCause().getMessage());
            return got;
        }
        throw new AssertionError("an incompatible schema was taken");
    }

    String latest() throws Exception {
        String topic = topic("latest");
        Map<String, Object> settings =
                Map.of("auto.register.schemas", false, "use.latest.version", true);
        client().register(topic + "-value", new AvroSchema(FIRST));
        client().register(topic + "-value", new AvroSchema(SECOND));
        send(topic, settings, sighting(SECOND, "flight", "KL 1", "height", 7));
        send(topic, Map.of("auto.register.schemas", false), sighting(FIRST, "flight", "KL 2"));
        same(client().getAllVersions(topic + "-value"), List.of(1, 2), "versions");
        return read(topic).toString();
    }

    /** Written with version 1, read as version 2. */
    String reader() throws Exception {
        String topic = topic("reader");
        send(topic, Map.of(), sighting(FIRST, "flight", "KL 1"));
        byte[] raw = receive(topic, new ByteArrayDeserializer(), new ByteArrayDeserializer())
                .get(0).value();
        KafkaAvroDeserializer deserializer = new KafkaAvroDeserializer();
        deserializer.configure(Map.of("schema.registry.url", url), false);
        Object read = deserializer.deserialize(topic, raw, new Schema.Parser().parse(SECOND));
        same(read.toString(), "{\"flight\": \"KL 1\", \"height\": 0}", "read");
        return read.toString();
    }

    /** The broker decodes what comes; a batch with a bad record is refused, and the record named. */
    String validation() throws Exception {
        String topic = prefix + "-validation";
        admin.createTopics(List.of(new NewTopic(topic, 1, (short) 1).configs(
                Map.of("klamm.schema.validation", "payload")))).all()
                .get(WAIT_SECONDS, TimeUnit.SECONDS);
        int id = client().register(topic + "-value", new AvroSchema(FIRST));
        byte[] good = ByteBuffer.allocate(10).put((byte) 0).putInt(id).put((byte) 8)
                .put("KL 1".getBytes()).array();
        byte[] bad = Arrays.copyOf(good, 9);
        List<Future<RecordMetadata>> sent = new ArrayList<>();
        try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(
                Map.of("bootstrap.servers", bootstrap, "linger.ms", 500),
                new ByteArraySerializer(), new ByteArraySerializer())) {
            for (byte[] value : List.of(good, bad, good)) {
                sent.add(producer.send(new ProducerRecord<>(topic, value)));
            }
        }
        String named = cause(sent.get(1), InvalidRecordException.class);
        expect(named.contains("flight"), "no path in: " + named);
        cause(sent.get(0), KafkaException.class);
        cause(sent.get(2), KafkaException.class);
        send(topic, Map.of(), sighting(FIRST, "flight", "KL 2"));
        same(read(topic).toString(), "[{\"flight\": \"KL 2\"}]", "stored");
        return named;
    }

    static String cause(Future<?> future, Class<?> kind) throws Exception {
        try {
            future.get(WAIT_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException error) {
            same(error.getCause().getClass(), kind, String.valueOf(error.getCause()));
            return error.getCause().getMessage();
        }
        throw new AssertionError("a record of a refused batch was stored");
    }

    void step(String name, Callable<String> action) {
        String outcome = "ok";
        String detail;
        try {
            detail = action.call();
        } catch (Exception | AssertionError error) {
            error.printStackTrace();
            outcome = "failed";
            detail = error.toString();
            failed = true;
        }
        System.out.println("step " + name + " " + outcome + " "
                + detail.strip().replaceAll("\\s+", " "));
    }

    public static void main(String[] arguments) {
        Registry registry = new Registry(arguments[0], arguments[1], arguments[2]);
        System.out.println("client java 7.5.3, 7.0.1; kafka-clients " + AppInfoParser.getVersion());
        registry.step("register", registry::register);
        registry.step("evolve", registry::evolve);
        registry.step("refuse", registry::refuse);
        registry.step("references", registry::references);
        registry.step("contract", registry::contract);
        registry.step("config", registry::config);
        registry.step("mode", registry::mode);
        registry.step("delete", registry::delete);
        registry.step("serializer", registry::serializer);
        registry.step("latest", registry::latest);
        registry.step("reader", registry::reader);
        registry.step("validation", registry::validation);
        System.exit(registry.failed ? 1 : 0);
    }
}
