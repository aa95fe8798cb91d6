import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.FeatureUpdate;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.UpdateFeaturesOptions;
import org.apache.kafka.clients.consumer.AcknowledgeType;
import org.apache.kafka.clients.consumer.KafkaShareConsumer;
import org.apache.kafka.common.config.ConfigResource;

/**
 * A share group whose consumer rejects poison, so that the broker writes dead letters (KIP-1191).
 * "setup BOOTSTRAP TOPIC GROUP DEAD_LETTERS" prepares topics and group; "work BOOTSTRAP TOPIC GROUP
 * [mended]" prints what it accepted, and ends with its standard input.
 */
public class Share {
    static void setup(Admin admin, String topic, String group, String letters) throws Exception {
        admin.updateFeatures(
                     Map.of("share.version",
                            new FeatureUpdate((short) 2, FeatureUpdate.UpgradeType.UPGRADE)),
                     new UpdateFeaturesOptions())
                .all()
                .get();
        admin.createTopics(List.of(
                     new NewTopic(topic, 2, (short) 1),
                     new NewTopic(letters, 2, (short) 1)
                             .configs(Map.of("errors.deadletterqueue.group.enable", "true"))))
                .all()
                .get();
        var changes = new ArrayList<AlterConfigOp>();
        Map.of("share.auto.offset.reset", "earliest", "errors.deadletterqueue.topic.name", letters)
                .forEach((name, value) -> changes.add(new AlterConfigOp(
                        new ConfigEntry(name, value), AlterConfigOp.OpType.SET)));
        admin.incrementalAlterConfigs(
                     Map.of(new ConfigResource(ConfigResource.Type.GROUP, group), changes))
                .all()
                .get();
    }

    static void work(Map<String, Object> settings, String topic, boolean mended) throws Exception {
        try (var consumer = new KafkaShareConsumer<String, String>(settings)) {
            consumer.subscribe(List.of(topic));
            while (System.in.available() == 0) {
                for (var record : consumer.poll(Duration.ofMillis(200))) {
                    boolean poison = record.value().startsWith("poison") && !mended;
                    consumer.acknowledge(record,
                                         poison ? AcknowledgeType.REJECT : AcknowledgeType.ACCEPT);
                    if (poison) continue;
                    StringBuilder line =
                            new StringBuilder("handled " + record.key() + "=" + record.value());
                    record.headers().forEach(header -> line.append(' ').append(header.key()));
                    System.out.println(line);
                }
                consumer.commitSync();
            }
        }
    }

    public static void main(String[] arguments) throws Exception {
        if (arguments[0].equals("setup")) {
            try (var admin = Admin.create(Map.of("bootstrap.servers", arguments[1]))) {
                setup(admin, arguments[2], arguments[3], arguments[4]);
            }
            return;
        }
        String strings = "org.apache.kafka.common.serialization.StringDeserializer";
        work(Map.of("bootstrap.servers", arguments[1], "group.id", arguments[3],
                    "share.acknowledgement.mode", "explicit", "key.deserializer", strings,
                    "value.deserializer", strings),
             arguments[2], arguments.length > 4);
        System.exit(0);
    }
}
