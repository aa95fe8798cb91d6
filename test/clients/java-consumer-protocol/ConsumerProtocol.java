// kafka-clients with group.protocol=consumer: members come and go, expressions, static members,
// what administrators see, configs of groups, and a living group that changes its protocol.

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.ConsumerGroupDescription;
import org.apache.kafka.clients.admin.GroupListing;
import org.apache.kafka.clients.admin.ListConfigResourcesOptions;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.SubscriptionPattern;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.GroupState;
import org.apache.kafka.common.GroupType;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.InvalidConfigurationException;
import org.apache.kafka.common.errors.InvalidRegularExpression;
import org.apache.kafka.common.errors.UnreleasedInstanceIdException;
import org.apache.kafka.common.utils.AppInfoParser;

final class ConsumerProtocol {
    static final int PARTITIONS = 4;
    static final int WAIT_SECONDS = 60;
    static final int ROUNDS_MAX = 20;  // of 200 records, until each of two members has read

    final String bootstrap;
    final String prefix;
    final Admin admin;

    ConsumerProtocol(String bootstrap, String prefix) {
        this.bootstrap = bootstrap;
        this.prefix = prefix;
        this.admin = Admin.create(Map.of("bootstrap.servers", bootstrap));
    }

    static void expect(boolean condition, String message) {
        if (!condition) {
            throw new AssertionError(message);
        }
    }

    static <T> T get(Future<T> future) throws Exception {
        return future.get(WAIT_SECONDS, TimeUnit.SECONDS);
    }

    static void waitUntil(Callable<Boolean> condition, Callable<String> what) throws Exception {
        long deadline = System.nanoTime() + WAIT_SECONDS * 1_000_000_000L;
        while (!condition.call()) {
            expect(System.nanoTime() < deadline, "after " + WAIT_SECONDS + " s: " + what.call());
            Thread.sleep(50);
        }
    }

    String topic(String name, int partitions) throws Exception {
        String topic = prefix + "-" + name;
        get(admin.createTopics(List.of(new NewTopic(topic, partitions, (short) 1))).all());
        return topic;
    }

    void produce(String topic, int from, int count) throws Exception {
        Properties settings = new Properties();
        settings.put("bootstrap.servers", bootstrap);
        settings.put("linger.ms", "10");
        settings.put("key.serializer", "org.apache.kafka.common.serialization.StringSerializer");
        settings.put("value.serializer", "org.apache.kafka.common.serialization.StringSerializer");
        try (KafkaProducer<String, String> producer = new KafkaProducer<>(settings)) {
            List<Future<?>> sent = new ArrayList<>();
            for (int i = from; i < from + count; i++) {
                sent.add(producer.send(new ProducerRecord<>(topic, i % PARTITIONS, "k", "" + i)));
            }
            for (Future<?> one : sent) {
                get(one);
            }
        }
    }

    /** Reads in a thread of its own until it is told to leave. */
    final class Member extends Thread {
        final Set<Integer> numbers = new ConcurrentSkipListSet<>();
        final Properties settings = new Properties();
        final Consumer<KafkaConsumer<String, String>> subscribe;
        volatile Set<TopicPartition> assigned = Set.of();
        volatile boolean leaving;
        volatile Throwable failure;

        Member(String group, String protocol, Map<String, String> more,
                Consumer<KafkaConsumer<String, String>> subscribe) {
            this.subscribe = subscribe;
            settings.put("bootstrap.servers", bootstrap);
            settings.put("group.id", group);
            settings.put("group.protocol", protocol);
            settings.put("auto.offset.reset", "earliest");
            settings.put("auto.commit.interval.ms", "500");
            settings.put("metadata.max.age.ms", "2000");
            if (protocol.equals("classic")) {
                settings.put("heartbeat.interval.ms", "500");
                settings.put("session.timeout.ms", "10000");
                settings.put("partition.assignment.strategy",
                        CooperativeStickyAssignor.class.getName());
            }
            settings.put("key.deserializer",
                    "org.apache.kafka.common.serialization.StringDeserializer");
            settings.put("value.deserializer",
                    "org.apache.kafka.common.serialization.StringDeserializer");
            settings.putAll(more);
            setDaemon(true);
            start();
        }

        @Override
        public void run() {
            try (KafkaConsumer<String, String> consumer = new KafkaConsumer<>(settings)) {
                subscribe.accept(consumer);
                while (!leaving) {
                    consumer.poll(Duration.ofMillis(100))
                            .forEach(read -> numbers.add(Integer.parseInt(read.value())));
                    assigned = Set.copyOf(consumer.assignment());
                }
            } catch (Throwable thrown) {
                failure = thrown;
            }
            assigned = Set.of();
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

    final List<Member> members = new ArrayList<>();

    Member member(String group, String protocol, String topic) {
        return member(group, protocol, Map.of(), c -> c.subscribe(List.of(topic)));
    }

    Member member(String group, String protocol, Map<String, String> more,
            Consumer<KafkaConsumer<String, String>> subscribe) {
        Member made = new Member(group, protocol, more, subscribe);
        members.add(made);
        return made;
    }

    /** Everything belongs to somebody, nothing to two, and to each of them something. */
    void shared(int partitions, Member... among) throws Exception {
        waitUntil(() -> {
            Set<TopicPartition> all = new HashSet<>();
            int sum = 0;
            for (Member member : among) {
                member.check();
                if (member.assigned.isEmpty()) {
                    return false;
                }
                sum += member.assigned.size();
                all.addAll(member.assigned);
            }
            return sum == partitions && all.size() == partitions;
        }, () -> {
            StringBuilder text = new StringBuilder("shares are");
            for (Member member : among) {
                text.append(' ').append(member.assigned);
            }
            return text.toString();
        });
    }

    void allRead(int count, Member... among) throws Exception {
        Callable<Set<Integer>> read = () -> {
            Set<Integer> numbers = new TreeSet<>();
            for (Member member : among) {
                member.check();
                numbers.addAll(member.numbers);
            }
            return numbers;
        };
        waitUntil(() -> read.call().size() == count,
                () -> read.call().size() + " of " + count + " records were read");
    }

    String joinLeave() throws Exception {
        String topic = topic("join", PARTITIONS);
        String group = prefix + "-join";
        produce(topic, 0, 200);
        Member first = member(group, "consumer", topic);
        shared(PARTITIONS, first);
        allRead(200, first);
        Member second = member(group, "consumer", topic);
        shared(PARTITIONS, first, second);
        // The first may still deliver what it was fetching when it gave partitions away, so that one
        // round may go to it alone.
        int sent = 200;
        while (second.numbers.isEmpty()) {
            expect(sent < 200 * ROUNDS_MAX, "the second member read nothing");
            produce(topic, sent, 200);
            sent += 200;
            allRead(sent, first, second);
        }
        get(admin.createPartitions(Map.of(topic, NewPartitions.increaseTo(6))).all());
        shared(6, first, second);
        second.leave();
        shared(6, first);
        produce(topic, sent, 200);
        allRead(sent + 200, first, second);
        first.leave();
        return sent + 200 + " records, 4 and then 6 partitions";
    }

    String regex() throws Exception {
        topic("rx-a", 2);
        topic("ry-a", 2);
        String group = prefix + "-regex";
        Member member = member(group, "consumer", Map.of(),
                c -> c.subscribe(new SubscriptionPattern(prefix + "-rx-.*")));
        shared(2, member);
        Member wrong = member(group + "-wrong", "consumer", Map.of(),
                c -> c.subscribe(new SubscriptionPattern("rx-(")));
        waitUntil(() -> wrong.failure != null, () -> "a wrong expression was taken");
        expect(wrong.failure instanceof InvalidRegularExpression, "it failed with " + wrong.failure);
        member.leave();
        return wrong.failure.getMessage();
    }

    String staticMember() throws Exception {
        String topic = topic("static", PARTITIONS);
        String group = prefix + "-static";
        Consumer<KafkaConsumer<String, String>> subscribe = c -> c.subscribe(List.of(topic));
        Member one = member(group, "consumer", Map.of("group.instance.id", "one"), subscribe);
        Member two = member(group, "consumer", Map.of("group.instance.id", "two"), subscribe);
        shared(PARTITIONS, one, two);
        Set<TopicPartition> had = one.assigned;
        int epoch = describe(group).groupEpoch().get();
        Member same = member(group, "consumer", Map.of("group.instance.id", "one"), subscribe);
        waitUntil(() -> same.failure != null, () -> "an instance that lives was replaced");
        expect(same.failure instanceof UnreleasedInstanceIdException, "failed: " + same.failure);
        one.leave();
        Member again = member(group, "consumer", Map.of("group.instance.id", "one"), subscribe);
        waitUntil(() -> again.assigned.equals(had), () -> had + " became " + again.assigned);
        int now = describe(group).groupEpoch().get();
        expect(now == epoch, "the group went from epoch " + epoch + " to " + now);
        again.leave();
        two.leave();
        return "back to its partitions in epoch " + epoch;
    }

    ConsumerGroupDescription describe(String group) throws Exception {
        return get(admin.describeConsumerGroups(List.of(group)).all()).get(group);
    }

    GroupType listedType(String group) throws Exception {
        for (GroupListing listing : get(admin.listGroups().all())) {
            if (listing.groupId().equals(group)) {
                return listing.type().orElse(null);
            }
        }
        return null;
    }

    String describe() throws Exception {
        String topic = topic("described", PARTITIONS);
        String group = prefix + "-described";
        Member member = member(group, "consumer", Map.of("client.id", "seen",
                "group.remote.assignor", "range"), c -> c.subscribe(List.of(topic)));
        shared(PARTITIONS, member);
        waitUntil(() -> describe(group).groupState() == GroupState.STABLE,
                () -> "it is " + describe(group));
        ConsumerGroupDescription seen = describe(group);
        var one = seen.members().iterator().next();
        expect(seen.type() == GroupType.CONSUMER && seen.partitionAssignor().equals("range")
                && seen.groupEpoch().get() >= 1
                && seen.targetAssignmentEpoch().equals(seen.groupEpoch())
                && seen.members().size() == 1 && one.clientId().equals("seen")
                && one.memberEpoch().equals(seen.groupEpoch()) && one.upgraded().get()
                && one.assignment().topicPartitions().size() == PARTITIONS
                && one.targetAssignment().get().topicPartitions().size() == PARTITIONS,
                "described as " + seen);
        expect(listedType(group) == GroupType.CONSUMER, "listed as " + listedType(group));
        member.leave();
        waitUntil(() -> describe(group).groupState() == GroupState.EMPTY,
                () -> "it is " + describe(group));
        expect(!get(admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata())
                .containsValue(null), "an offset is null");
        get(admin.deleteConsumerGroups(List.of(group)).all());
        expect(listedType(group) == null, "it is still listed");
        return "stable, empty, deleted";
    }

    void alter(ConfigResource resource, String name, String value) throws Exception {
        get(admin.incrementalAlterConfigs(Map.of(resource, List.of(new AlterConfigOp(
                new ConfigEntry(name, value), AlterConfigOp.OpType.SET)))).all());
    }

    String configs() throws Exception {
        String group = prefix + "-configured";
        ConfigResource resource = new ConfigResource(ConfigResource.Type.GROUP, group);
        alter(resource, "consumer.session.timeout.ms", "50000");
        var read = get(admin.describeConfigs(List.of(resource)).all()).get(resource);
        expect(read.get("consumer.session.timeout.ms").value().equals("50000")
                && read.get("consumer.session.timeout.ms").source()
                        == ConfigEntry.ConfigSource.DYNAMIC_GROUP_CONFIG
                && read.get("consumer.heartbeat.interval.ms").value().equals("5000"),
                "configs " + read);
        expect(get(admin.listConfigResources(Set.of(ConfigResource.Type.GROUP),
                new ListConfigResourcesOptions()).all()).contains(resource), "it is not listed");
        try {
            alter(resource, "consumer.session.timeout.ms", "1");
        } catch (ExecutionException refused) {
            expect(refused.getCause() instanceof InvalidConfigurationException,
                    refused.toString());
            return refused.getCause().getMessage();
        }
        throw new AssertionError("a session timeout of 1 ms was taken");
    }

    Member classic;
    Member modern;
    String migrated;

    /** A classic group of two becomes one of the new protocol, member by member. */
    String upgrade() throws Exception {
        migrated = topic("migrated", PARTITIONS);
        String group = prefix + "-migrated";
        Member one = member(group, "classic", migrated);
        Member two = member(group, "classic", migrated);
        shared(PARTITIONS, one, two);
        produce(migrated, 0, 200);
        allRead(200, one, two);
        expect(listedType(group) == GroupType.CLASSIC, "at first " + listedType(group));
        modern = member(group, "consumer", migrated);
        shared(PARTITIONS, one, two, modern);
        expect(listedType(group) == GroupType.CONSUMER, "then " + listedType(group));
        var upgraded = describe(group).members().stream().filter(m -> m.upgraded().get()).count();
        expect(upgraded == 1, upgraded + " members of three have the new protocol");
        produce(migrated, 200, 200);
        allRead(400, one, two, modern);
        one.leave();
        shared(PARTITIONS, two, modern);
        two.leave();
        shared(PARTITIONS, modern);
        produce(migrated, 400, 200);
        allRead(600, one, two, modern);
        var all = new TreeSet<>(modern.numbers);
        expect(Collections.min(all) >= 200, "the new member read again from " + all.first());
        return "2 classic members, then 3, 2, 1";
    }

    /** And back. */
    String downgrade() throws Exception {
        String group = prefix + "-migrated";
        int before = modern.numbers.size();
        classic = member(group, "classic", migrated);
        shared(PARTITIONS, classic, modern);
        produce(migrated, 600, 200);
        waitUntil(() -> classic.numbers.size() + modern.numbers.size() >= before + 200,
                () -> "not all was read by both");
        expect(listedType(group) == GroupType.CONSUMER, "at first " + listedType(group));
        modern.leave();
        shared(PARTITIONS, classic);
        waitUntil(() -> listedType(group) == GroupType.CLASSIC, () -> "is " + listedType(group));
        produce(migrated, 800, 200);
        waitUntil(() -> classic.numbers.containsAll(range(800, 1000)), () -> "not all was read");
        classic.leave();
        return "classic again";
    }

    static Set<Integer> range(int from, int to) {
        Set<Integer> out = new TreeSet<>();
        for (int i = from; i < to; i++) {
            out.add(i);
        }
        return out;
    }

    boolean run(String name, Callable<String> step) {
        String outcome;
        boolean good = false;
        try {
            outcome = "ok " + step.call();
            good = true;
        } catch (Throwable failure) {
            failure.printStackTrace();
            outcome = "failed " + failure;
        }
        for (Member member : members) {
            member.leaving |= member != modern || !good;
        }
        System.out.println("step " + name + " " + outcome.replace('\n', ' '));
        return good;
    }

    public static void main(String[] arguments) {
        System.out.println("client kafka-clients " + AppInfoParser.getVersion());
        ConsumerProtocol steps = new ConsumerProtocol(arguments[0], arguments[1]);
        boolean good = steps.run("join-leave", steps::joinLeave);
        good &= steps.run("regex", steps::regex);
        good &= steps.run("static", steps::staticMember);
        good &= steps.run("describe", steps::describe);
        good &= steps.run("configs", steps::configs);
        good &= steps.run("upgrade", steps::upgrade);
        good &= steps.run("downgrade", steps::downgrade);
        System.exit(good ? 0 : 1);
    }
}
