// kafka-clients: the steps of ../README.md.

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListGroupsOptions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.GroupState;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.utils.AppInfoParser;

final class Steps {
    static final int PARTITIONS = 4;
    static final int RECORDS_PER_CODEC = 250;
    static final int RECORDS_TOGETHER = 200;
    static final int LEFT_TO_RESUME = 5; // in each partition
    static final int WAIT_SECONDS = 30;

    final String bootstrap;
    final String topic;
    final String group;
    final long baseMs = System.currentTimeMillis() - 3_600_000;
    final Admin admin;
    int count;

    Steps(String bootstrap, String prefix) {
        this.bootstrap = bootstrap;
        this.topic = prefix + "-work";
        this.group = prefix + "-group";
        this.admin = Admin.create(Map.of("bootstrap.servers", bootstrap));
    }

    // Number, key, value, partition and timestamp of a record follow from each other.

    static String key(int number) {
        return "key-" + number % 17;
    }

    static String value(int number) {
        return String.format("%06d ", number) + "through the gorge ".repeat(8);
    }

    long timestampMs(int number) {
        return baseMs + number * 10L;
    }

    long endOffset(int partition) {
        return (count - partition + PARTITIONS - 1) / PARTITIONS;
    }

    /** The number of a record that was read: it must be what was sent, where it was sent. */
    int number(ConsumerRecord<String, String> read) {
        int number = Integer.parseInt(read.value().substring(0, 6));
        expect(read.partition() == number % PARTITIONS && read.offset() == number / PARTITIONS
                && read.timestamp() == timestampMs(number) && read.key().equals(key(number))
                && read.value().equals(value(number)), "record " + number + " came as " + read);
        return number;
    }

    static void expect(boolean condition, String message) {
        if (!condition) {
            throw new AssertionError(message);
        }
    }

    static <T> T get(Future<T> future) throws Exception {
        return future.get(WAIT_SECONDS, TimeUnit.SECONDS);
    }

    static void waitUntil(Callable<Boolean> condition, String what) throws Exception {
        long deadline = System.nanoTime() + WAIT_SECONDS * 1_000_000_000L;
        while (!condition.call()) {
            expect(System.nanoTime() < deadline, "after " + WAIT_SECONDS + " s: " + what);
            Thread.sleep(20);
        }
    }

    String create() throws Exception {
        NewTopic wanted = new NewTopic(topic, PARTITIONS, (short) 1)
                .configs(Map.of("retention.ms", "-1"));
        get(admin.createTopics(List.of(wanted)).all());
        try {
            get(admin.createTopics(List.of(wanted)).all());
        } catch (ExecutionException refused) {
            expect(refused.getCause() instanceof TopicExistsException, refused.toString());
            return PARTITIONS + " partitions; a second time refused";
        }
        throw new AssertionError("the same topic was created twice");
    }

    String produce(int wanted, String codec) throws Exception {
        Properties settings = new Properties();
        settings.put("bootstrap.servers", bootstrap);
        settings.put("enable.idempotence", "true");
        settings.put("acks", "all");
        settings.put("compression.type", codec);
        settings.put("linger.ms", "20");
        settings.put("key.serializer", "org.apache.kafka.common.serialization.StringSerializer");
        settings.put("value.serializer", "org.apache.kafka.common.serialization.StringSerializer");
        Map<Integer, Long> ends = new TreeMap<>();
        try (KafkaProducer<String, String> producer = new KafkaProducer<>(settings)) {
            List<Future<RecordMetadata>> sent = new ArrayList<>();
            for (int i = 0; i < wanted; i++, count++) {
                sent.add(producer.send(new ProducerRecord<>(topic, count % PARTITIONS,
                        timestampMs(count), key(count), value(count))));
            }
            for (Future<RecordMetadata> future : sent) {
                RecordMetadata stored = get(future);
                ends.put(stored.partition(), stored.offset() + 1);
            }
        }
        for (int p = 0; p < PARTITIONS; p++) {
            expect(ends.get(p) == endOffset(p), "partitions end at " + ends);
        }
        return wanted + " records";
    }

    KafkaConsumer<String, String> consumer(String inGroup, String clientId, boolean autoCommit) {
        Properties settings = new Properties();
        settings.put("bootstrap.servers", bootstrap);
        settings.put("group.id", inGroup);
        settings.put("client.id", clientId);
        settings.put("enable.auto.commit", autoCommit);
        settings.put("auto.offset.reset", "earliest");
        settings.put("heartbeat.interval.ms", "500");
        settings.put("key.deserializer",
                "org.apache.kafka.common.serialization.StringDeserializer");
        settings.put("value.deserializer",
                "org.apache.kafka.common.serialization.StringDeserializer");
        return new KafkaConsumer<>(settings);
    }

    /** Reads in a thread of its own until it is told to leave. */
    final class Member extends Thread {
        final Set<Integer> numbers = new ConcurrentSkipListSet<>();
        volatile Set<TopicPartition> assigned = Set.of();
        volatile boolean leaving;
        volatile Throwable failure;

        Member() {
            setDaemon(true);
            start();
        }

        @Override
        public void run() {
            try (KafkaConsumer<String, String> consumer = consumer(group, "steps", true)) {
                consumer.subscribe(List.of(topic));
                while (!leaving) {
                    for (ConsumerRecord<String, String> read : consumer.poll(Duration.ofMillis(100))) {
                        numbers.add(number(read));
                    }
                    assigned = Set.copyOf(consumer.assignment());
                }
            } catch (Throwable thrown) {
                failure = thrown;
            }
        }

        void leave() throws Exception {
            leaving = true;
            join(WAIT_SECONDS * 1000L);
            expect(!isAlive(), "a member did not leave");
            check();
        }

        void check() throws Exception {
            if (failure != null) {
                throw new Exception("a member failed", failure);
            }
        }
    }

    String group() throws Exception {
        List<Member> members = new ArrayList<>();
        try {
            return groupStory(members);
        } finally {
            members.forEach(member -> member.leaving = true);
        }
    }

    /** One member, a second one joins, both read, the second one leaves, the first reads on. */
    String groupStory(List<Member> members) throws Exception {
        Callable<Boolean> allRead = () -> {
            Set<Integer> numbers = new TreeSet<>();
            for (Member member : members) {
                member.check();
                numbers.addAll(member.numbers);
            }
            return numbers.size() == count;
        };
        Member first = new Member();
        members.add(first);
        waitUntil(allRead, "the first member has not read all");
        waitUntil(() -> first.assigned.size() == PARTITIONS, "the only member lacks partitions");

        Member second = new Member();
        members.add(second);
        waitUntil(() -> !first.assigned.isEmpty() && !second.assigned.isEmpty()
                && first.assigned.size() + second.assigned.size() == PARTITIONS
                && Collections.disjoint(first.assigned, second.assigned),
                "two members do not share the partitions");
        int before = first.numbers.size();
        // A client may still deliver what it was fetching when it gave partitions away, so that one
        // round may go to one member alone.
        waitUntil(() -> {
            produce(RECORDS_TOGETHER, "none");
            waitUntil(allRead, "two members have not read all");
            return first.numbers.size() > before && !second.numbers.isEmpty();
        }, "only one of two members reads");
        int byFirst = first.numbers.size() - before;
        int bySecond = second.numbers.size();

        second.leave();
        waitUntil(() -> first.assigned.size() == PARTITIONS, "the first did not get all back");
        produce(RECORDS_TOGETHER, "none");
        waitUntil(allRead, "not all was read after the second left");
        first.leave();
        return count + " records; together " + byFirst + " + " + bySecond;
    }

    /** Commits short of the end; another consumer goes on exactly there. */
    String commit() throws Exception {
        Map<TopicPartition, OffsetAndMetadata> positions = new HashMap<>();
        for (int p = 0; p < PARTITIONS; p++) {
            positions.put(new TopicPartition(topic, p),
                    new OffsetAndMetadata(endOffset(p) - LEFT_TO_RESUME, "left at " + p));
        }
        try (KafkaConsumer<String, String> consumer = consumer(group, "steps", false)) {
            consumer.subscribe(List.of(topic));
            waitUntil(() -> {
                consumer.poll(Duration.ofMillis(100));
                return consumer.assignment().size() == PARTITIONS;
            }, "no partitions");
            consumer.commitSync(positions);
        }
        Set<Integer> numbers = new TreeSet<>();
        int resumed = count - LEFT_TO_RESUME * PARTITIONS;
        try (KafkaConsumer<String, String> consumer = consumer(group, "steps", false)) {
            expect(consumer.committed(positions.keySet()).equals(positions), "committed differs");
            consumer.subscribe(List.of(topic));
            waitUntil(() -> {
                consumer.poll(Duration.ofMillis(100)).forEach(read -> numbers.add(number(read)));
                return numbers.size() >= count - resumed;
            }, "the rest did not arrive");
        }
        expect(Collections.min(numbers) == resumed, "resumed at " + Collections.min(numbers));
        return "resumed with " + numbers.size() + " records";
    }

    String times() throws Exception {
        int wanted = RECORDS_PER_CODEC * 2 + 1;
        TopicPartition partition = new TopicPartition(topic, wanted % PARTITIONS);
        try (KafkaConsumer<String, String> consumer = consumer(group + "-none", "steps", false)) {
            var found = consumer.offsetsForTimes(Map.of(partition, timestampMs(wanted) - 5));
            long offset = found.get(partition).offset();
            expect(offset == wanted / PARTITIONS, "offset " + offset + " for record " + wanted);
            var late = consumer.offsetsForTimes(Map.of(partition, timestampMs(count)));
            expect(late.get(partition) == null, late + " after the last record");
            consumer.assign(List.of(partition));
            consumer.seek(partition, offset);
            List<Integer> numbers = new ArrayList<>();
            waitUntil(() -> {
                consumer.poll(Duration.ofMillis(100)).forEach(read -> numbers.add(number(read)));
                return !numbers.isEmpty();
            }, "nothing after seeking");
            expect(numbers.get(0) == wanted, "record " + numbers.get(0) + " for " + wanted);
            return "offset " + offset;
        }
    }

    boolean listsGroup() throws Exception {
        return get(admin.listGroups(ListGroupsOptions.forConsumerGroups()).all()).stream()
                .anyMatch(listing -> listing.groupId().equals(group));
    }

    String list() throws Exception {
        expect(get(admin.listTopics().names()).contains(topic), "the topic is not listed");
        var described = get(admin.describeTopics(List.of(topic)).allTopicNames()).get(topic);
        expect(described.partitions().size() == PARTITIONS && described.partitions().stream()
                .allMatch(p -> p.leader() != null && p.isr().size() == 1), "topic " + described);
        ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
        var settings = get(admin.describeConfigs(List.of(resource)).all()).get(resource);
        expect("-1".equals(settings.get("retention.ms").value()), "settings " + settings);
        expect(listsGroup(), "the group is not listed");
        try (KafkaConsumer<String, String> consumer = consumer(group, "described", false)) {
            consumer.subscribe(List.of(topic));
            waitUntil(() -> {
                consumer.poll(Duration.ofMillis(100));
                return consumer.assignment().size() == PARTITIONS;
            }, "no partitions");
            var groups = get(admin.describeConsumerGroups(List.of(group)).all()).get(group);
            var members = List.copyOf(groups.members());
            expect(groups.groupState() == GroupState.STABLE && members.size() == 1
                    && members.get(0).clientId().equals("described")
                    && members.get(0).assignment().topicPartitions().size() == PARTITIONS,
                    "group " + groups);
        }
        return settings.entries().size() + " settings; group stable with 1 member";
    }

    String delete() throws Exception {
        get(admin.deleteConsumerGroups(List.of(group)).all());
        expect(!listsGroup(), "the group is still listed");
        get(admin.deleteTopics(List.of(topic)).all());
        waitUntil(() -> !get(admin.listTopics().names()).contains(topic), "the topic is listed");
        return "topic and group";
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
        Steps steps = new Steps(args[0], args[1]);
        boolean ok = run("create", steps::create);
        for (String codec : List.of("gzip", "snappy", "lz4", "zstd")) {
            ok &= run(codec, () -> steps.produce(RECORDS_PER_CODEC, codec));
        }
        ok &= run("group", steps::group);
        ok &= run("commit", steps::commit);
        ok &= run("times", steps::times);
        ok &= run("list", steps::list);
        ok &= run("delete", steps::delete);
        System.exit(ok ? 0 : 1);
    }
}
