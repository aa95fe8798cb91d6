// kafka-clients: the calls of its Admin that the common steps do not make.

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.ListConfigResourcesOptions;
import org.apache.kafka.clients.admin.ListGroupsOptions;
import org.apache.kafka.clients.admin.ListTopicsOptions;
import org.apache.kafka.clients.admin.NewPartitionReassignment;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.admin.RemoveMembersFromConsumerGroupOptions;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.ElectionType;
import org.apache.kafka.common.GroupState;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.TopicPartitionReplica;
import org.apache.kafka.common.acl.AclBindingFilter;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.ElectionNotNeededException;
import org.apache.kafka.common.errors.InvalidConfigurationException;
import org.apache.kafka.common.errors.InvalidPartitionsException;
import org.apache.kafka.common.errors.InvalidReplicaAssignmentException;
import org.apache.kafka.common.errors.InvalidTopicException;
import org.apache.kafka.common.errors.LogDirNotFoundException;
import org.apache.kafka.common.errors.NoReassignmentInProgressException;
import org.apache.kafka.common.errors.OffsetOutOfRangeException;
import org.apache.kafka.common.errors.SecurityDisabledException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.errors.UnsupportedVersionException;
import org.apache.kafka.common.quota.ClientQuotaAlteration;
import org.apache.kafka.common.quota.ClientQuotaEntity;
import org.apache.kafka.common.quota.ClientQuotaFilter;
import org.apache.kafka.common.quota.ClientQuotaFilterComponent;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.common.utils.AppInfoParser;

final class Admin {
    static final int WAIT_SECONDS = 30;
    static final int RECORDS = 10;

    final String bootstrap;
    final String topic;
    final String group;
    final TopicPartition partition;
    final long baseMs = System.currentTimeMillis() - 60_000;
    final org.apache.kafka.clients.admin.Admin admin;

    Admin(String bootstrap, String prefix) {
        this.bootstrap = bootstrap;
        this.topic = prefix + "-admin";
        this.group = prefix + "-admin-group";
        this.partition = new TopicPartition(topic, 0);
        this.admin = org.apache.kafka.clients.admin.Admin.create(
                Map.of("bootstrap.servers", bootstrap));
    }

    static void expect(boolean condition, String message) {
        if (!condition) {
            throw new AssertionError(message);
        }
    }

    static <T> T get(Future<T> future) throws Exception {
        return future.get(WAIT_SECONDS, TimeUnit.SECONDS);
    }

    /** The broker must refuse with this error. */
    static void refused(Class<? extends Exception> error, Future<?> future) throws Exception {
        try {
            get(future);
        } catch (ExecutionException thrown) {
            expect(error.isInstance(thrown.getCause()), "refused with " + thrown.getCause());
            return;
        }
        throw new AssertionError("not refused with " + error.getSimpleName());
    }

    /** Ten records in partition 0; the fourth is the youngest. */
    String prepare() throws Exception {
        get(admin.createTopics(List.of(new NewTopic(topic, 1, (short) 1))).all());
        try (var producer = new KafkaProducer<>(Map.of("bootstrap.servers", bootstrap),
                new StringSerializer(), new StringSerializer())) {
            for (int i = 0; i < RECORDS; i++) {
                long timestampMs = baseMs + (i == 3 ? 1000 : i);
                get(producer.send(new ProducerRecord<>(topic, 0, timestampMs, "k", "v" + i)));
            }
        }
        return "1 topic, " + RECORDS + " records";
    }

    String describeCluster() throws Exception {
        var cluster = admin.describeCluster();
        expect(get(cluster.nodes()).size() == 1, "nodes " + get(cluster.nodes()));
        expect(!get(cluster.clusterId()).isEmpty(), "no cluster id");
        expect(get(cluster.controller()) != null, "no controller");
        return "cluster " + get(cluster.clusterId());
    }

    Map<String, ConfigEntry> configs(ConfigResource resource) throws Exception {
        var found = get(admin.describeConfigs(List.of(resource)).all()).get(resource);
        Map<String, ConfigEntry> entries = new HashMap<>();
        found.entries().forEach(entry -> entries.put(entry.name(), entry));
        return entries;
    }

    String describeConfigs() throws Exception {
        var ofTopic = configs(new ConfigResource(ConfigResource.Type.TOPIC, topic));
        var cleanup = ofTopic.get("cleanup.policy");
        expect(cleanup.value().equals("delete") && cleanup.isDefault(), "cleanup " + cleanup);
        for (String name : List.of("retention.ms", "retention.bytes", "segment.bytes",
                "max.message.bytes", "message.timestamp.type", "min.insync.replicas")) {
            expect(ofTopic.get(name) != null, name + " is not described");
        }
        String id = get(admin.describeCluster().nodes()).iterator().next().idString();
        var ofBroker = configs(new ConfigResource(ConfigResource.Type.BROKER, id));
        expect(!ofBroker.isEmpty(), "no settings of the broker");
        return ofTopic.size() + " of a topic, " + ofBroker.size() + " of the broker";
    }

    /** Waits until the setting is as wanted: Kafka's brokers learn of a change a little later. */
    void await(ConfigResource resource, String name, Predicate<ConfigEntry> wanted)
            throws Exception {
        long deadline = System.nanoTime() + WAIT_SECONDS * 1_000_000_000L;
        while (!wanted.test(configs(resource).get(name))) {
            expect(System.nanoTime() < deadline, "still " + configs(resource).get(name));
            Thread.sleep(20);
        }
    }

    String incrementalAlterConfigs() throws Exception {
        var resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
        alter(resource, new AlterConfigOp(new ConfigEntry("retention.ms", "123456"),
                AlterConfigOp.OpType.SET));
        await(resource, "retention.ms", e -> e.value().equals("123456") && !e.isDefault());
        alter(resource, new AlterConfigOp(new ConfigEntry("cleanup.policy", "compact"),
                AlterConfigOp.OpType.APPEND));
        await(resource, "cleanup.policy", e -> e.value().equals("delete,compact"));
        alter(resource, new AlterConfigOp(new ConfigEntry("cleanup.policy", "compact"),
                AlterConfigOp.OpType.SUBTRACT));
        await(resource, "cleanup.policy", e -> e.value().equals("delete"));
        alter(resource, new AlterConfigOp(new ConfigEntry("retention.ms", ""),
                AlterConfigOp.OpType.DELETE));
        await(resource, "retention.ms", e -> e.value().equals("604800000") && e.isDefault());
        refused(InvalidConfigurationException.class, admin.incrementalAlterConfigs(
                Map.of(resource, List.of(new AlterConfigOp(
                        new ConfigEntry("retention.ms", "soon"), AlterConfigOp.OpType.SET)))).all());
        return "set, append, subtract, delete; nonsense refused";
    }

    void alter(ConfigResource resource, AlterConfigOp operation) throws Exception {
        get(admin.incrementalAlterConfigs(Map.of(resource, List.of(operation))).all());
    }

    String createPartitions() throws Exception {
        get(admin.createPartitions(Map.of(topic, NewPartitions.increaseTo(3))).all());
        var described = get(admin.describeTopics(List.of(topic)).allTopicNames()).get(topic);
        expect(described.partitions().size() == 3, "described as " + described);
        refused(InvalidPartitionsException.class,
                admin.createPartitions(Map.of(topic, NewPartitions.increaseTo(2))).all());
        return "1 to 3; fewer refused";
    }

    long offset(OffsetSpec spec) throws Exception {
        return get(admin.listOffsets(Map.of(partition, spec)).partitionResult(partition)).offset();
    }

    String listOffsets() throws Exception {
        expect(offset(OffsetSpec.earliest()) == 0, "earliest");
        expect(offset(OffsetSpec.latest()) == RECORDS, "latest");
        expect(offset(OffsetSpec.earliestLocal()) == 0, "earliest local");
        expect(offset(OffsetSpec.forTimestamp(baseMs + 2)) == 2, "for a timestamp");
        expect(offset(OffsetSpec.forTimestamp(baseMs + 2000)) == -1, "after the last record");
        var youngest = get(admin.listOffsets(Map.of(partition, OffsetSpec.maxTimestamp()))
                .partitionResult(partition));
        expect(youngest.offset() == 3 && youngest.timestamp() == baseMs + 1000,
                "max timestamp " + youngest);
        return "earliest, latest, earliest local, timestamp, max timestamp";
    }

    String describeProducers() throws Exception {
        var producers = get(admin.describeProducers(List.of(partition)).partitionResult(partition))
                .activeProducers();
        expect(producers.size() == 1, "producers " + producers);
        var state = producers.get(0);
        expect(state.producerId() >= 0 && state.lastSequence() == RECORDS - 1, "state " + state);
        return "1 producer, last sequence " + state.lastSequence();
    }

    KafkaConsumer<String, String> join() {
        var consumer = new KafkaConsumer<>(Map.of("bootstrap.servers", bootstrap, "group.id", group,
                "enable.auto.commit", false, "auto.offset.reset", "earliest"),
                new StringDeserializer(), new StringDeserializer());
        consumer.subscribe(List.of(topic));
        long deadline = System.nanoTime() + WAIT_SECONDS * 1_000_000_000L;
        while (consumer.assignment().isEmpty()) {
            expect(System.nanoTime() < deadline, "no partitions");
            consumer.poll(Duration.ofMillis(100));
        }
        return consumer;
    }

    boolean lists(ListGroupsOptions options) throws Exception {
        return get(admin.listGroups(options).all()).stream()
                .anyMatch(listing -> listing.groupId().equals(group));
    }

    String listGroups() throws Exception {
        try (var consumer = join()) {
            consumer.commitSync(Map.of(partition, new OffsetAndMetadata(4)));
            expect(lists(new ListGroupsOptions()), "not listed");
            expect(lists(ListGroupsOptions.forConsumerGroups().inGroupStates(
                    Set.of(GroupState.STABLE))), "not listed as stable");
            expect(!lists(new ListGroupsOptions().inGroupStates(Set.of(GroupState.EMPTY))),
                    "listed as empty");
        }
        return "all, by type, by state";
    }

    String removeMembers() throws Exception {
        try (var consumer = join()) {
            get(admin.removeMembersFromConsumerGroup(group,
                    new RemoveMembersFromConsumerGroupOptions()).all());
            var left = get(admin.describeConsumerGroups(List.of(group)).all()).get(group);
            expect(left.members().isEmpty(), "members " + left.members());
        }
        return "all members of a group";
    }

    Map<TopicPartition, OffsetAndMetadata> committed() throws Exception {
        return get(admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata());
    }

    String alterGroupOffsets() throws Exception {
        var position = new OffsetAndMetadata(7, "by hand");
        get(admin.alterConsumerGroupOffsets(group, Map.of(partition, position)).all());
        expect(position.equals(committed().get(partition)), "committed " + committed());
        return "set to 7, with metadata";
    }

    String deleteConsumerGroupOffsets() throws Exception {
        get(admin.deleteConsumerGroupOffsets(group, Set.of(partition)).all());
        expect(committed().get(partition) == null, "committed " + committed());
        return "1 partition";
    }

    String deleteRecords() throws Exception {
        var deleted = get(admin.deleteRecords(Map.of(partition, RecordsToDelete.beforeOffset(4)))
                .lowWatermarks().get(partition));
        expect(deleted.lowWatermark() == 4, "low watermark " + deleted.lowWatermark());
        expect(offset(OffsetSpec.earliest()) == 4, "earliest");
        refused(OffsetOutOfRangeException.class,
                admin.deleteRecords(Map.of(partition, RecordsToDelete.beforeOffset(99))).all());
        return "4 of " + RECORDS + "; beyond the end refused";
    }

    String describeLogDirs() throws Exception {
        var ids = get(admin.describeCluster().nodes()).stream().map(node -> node.id()).toList();
        for (var directories : get(admin.describeLogDirs(ids).allDescriptions()).values()) {
            for (var entry : directories.entrySet()) {
                var replica = entry.getValue().replicaInfos().get(partition);
                if (replica != null) {
                    expect(replica.size() > 0, "no bytes in " + entry.getKey());
                    return replica.size() + " bytes in one directory";
                }
            }
        }
        throw new AssertionError("no directory has the partition");
    }

    int node() throws Exception {
        return get(admin.describeCluster().nodes()).iterator().next().id();
    }

    String alterReplicaLogDirs() throws Exception {
        var replica = new TopicPartitionReplica(topic, 0, node());
        var here = get(admin.describeReplicaLogDirs(List.of(replica)).all()).get(replica)
                .getCurrentReplicaLogDir();
        get(admin.alterReplicaLogDirs(Map.of(replica, here)).all());
        refused(LogDirNotFoundException.class,
                admin.alterReplicaLogDirs(Map.of(replica, "/elsewhere")).all());
        return "to where it is; elsewhere refused";
    }

    Future<Void> reassign(TopicPartition which, Integer... nodes) {
        var wanted = nodes.length == 0 ? Optional.<NewPartitionReassignment>empty()
                : Optional.of(new NewPartitionReassignment(List.of(nodes)));
        return admin.alterPartitionReassignments(Map.of(which, wanted)).all();
    }

    String partitionReassignments() throws Exception {
        get(reassign(partition, node()));
        expect(get(admin.listPartitionReassignments().reassignments()).isEmpty(), "under way");
        refused(InvalidReplicaAssignmentException.class, reassign(partition, 77));
        refused(NoReassignmentInProgressException.class, reassign(partition));
        refused(UnknownTopicOrPartitionException.class,
                reassign(new TopicPartition(topic + "-none", 0), node()));
        return "to where it is; elsewhere refused; none under way";
    }

    String electLeaders() throws Exception {
        var none = new TopicPartition(topic + "-none", 0);
        var results = get(admin.electLeaders(ElectionType.PREFERRED, Set.of(partition, none))
                .partitions());
        expect(results.get(partition).get() instanceof ElectionNotNeededException,
                "elected " + results);
        expect(results.get(none).get() instanceof UnknownTopicOrPartitionException,
                "elected " + results);
        expect(get(admin.electLeaders(ElectionType.PREFERRED, null).partitions()).isEmpty(),
                "elected of all");
        return "not needed";
    }

    String clientQuotas() throws Exception {
        expect(get(admin.describeClientQuotas(ClientQuotaFilter.all()).entities()).isEmpty(),
                "there are quotas");
        refused(UnsupportedVersionException.class, admin.describeClientQuotas(
                ClientQuotaFilter.contains(List.of(
                        ClientQuotaFilterComponent.ofEntity("nonsense", "u")))).entities());
        get(admin.alterClientQuotas(List.of(new ClientQuotaAlteration(
                new ClientQuotaEntity(Map.of("user", "u")),
                List.of(new ClientQuotaAlteration.Op("producer_byte_rate", null))))).all());
        return "none; one that is not there is removed";
    }

    String listConfigResources() throws Exception {
        var all = get(admin.listConfigResources().all());
        expect(all.contains(new ConfigResource(ConfigResource.Type.TOPIC, topic)), "all " + all);
        expect(all.contains(new ConfigResource(ConfigResource.Type.BROKER, "" + node())),
                "all " + all);
        var metrics = get(admin.listConfigResources(Set.of(ConfigResource.Type.CLIENT_METRICS),
                new ListConfigResourcesOptions()).all());
        expect(metrics.isEmpty(), "client metrics " + metrics);
        return "topics and the broker";
    }

    String describeAcls() throws Exception {
        refused(SecurityDisabledException.class,
                admin.describeAcls(AclBindingFilter.ANY).values());
        return "refused: there is no authorizer";
    }

    /** After a group was asked for: its coordinator has made the topic. */
    String internalTopics() throws Exception {
        String offsets = "__consumer_offsets";
        expect(!get(admin.listTopics().names()).contains(offsets), "listed unasked");
        expect(get(admin.listTopics(new ListTopicsOptions().listInternal(true)).names())
                .contains(offsets), "not listed");
        var described = get(admin.describeTopics(List.of(offsets)).allTopicNames()).get(offsets);
        expect(described.isInternal() && described.partitions().size() == 50,
                "described as " + described);
        var settings = configs(new ConfigResource(ConfigResource.Type.TOPIC, offsets));
        expect(settings.get("cleanup.policy").value().equals("compact"), "not compacted");
        try (var producer = new KafkaProducer<>(Map.of("bootstrap.servers", bootstrap),
                new StringSerializer(), new StringSerializer())) {
            refused(InvalidTopicException.class,
                    producer.send(new ProducerRecord<>(offsets, 0, "k", "v")));
        }
        return "50 partitions, not to be written to";
    }

    String features() throws Exception {
        var features = get(admin.describeFeatures().featureMetadata());
        return features.finalizedFeatures().size() + " finalized";
    }

    String clean() throws Exception {
        get(admin.deleteConsumerGroups(List.of(group)).all());
        get(admin.deleteTopics(List.of(topic)).all());
        return "group and topic";
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
        System.out.println("client Admin of kafka-clients " + AppInfoParser.getVersion());
        Admin steps = new Admin(args[0], args[1]);
        boolean ok = run("prepare", steps::prepare);
        ok &= run("describeCluster", steps::describeCluster);
        ok &= run("describeFeatures", steps::features);
        ok &= run("describeConfigs", steps::describeConfigs);
        ok &= run("incrementalAlterConfigs", steps::incrementalAlterConfigs);
        ok &= run("createPartitions", steps::createPartitions);
        ok &= run("listOffsets", steps::listOffsets);
        ok &= run("describeProducers", steps::describeProducers);
        ok &= run("describeLogDirs", steps::describeLogDirs);
        ok &= run("listGroups", steps::listGroups);
        ok &= run("removeMembersFromConsumerGroup", steps::removeMembers);
        ok &= run("alterConsumerGroupOffsets", steps::alterGroupOffsets);
        ok &= run("deleteConsumerGroupOffsets", steps::deleteConsumerGroupOffsets);
        ok &= run("deleteRecords", steps::deleteRecords);
        ok &= run("alterReplicaLogDirs", steps::alterReplicaLogDirs);
        ok &= run("partitionReassignments", steps::partitionReassignments);
        ok &= run("electLeaders", steps::electLeaders);
        ok &= run("clientQuotas", steps::clientQuotas);
        ok &= run("listConfigResources", steps::listConfigResources);
        ok &= run("describeAcls", steps::describeAcls);
        ok &= run("internalTopics", steps::internalTopics);
        ok &= run("clean", steps::clean);
        System.exit(ok ? 0 : 1);
    }
}
