// Creates topics and sends each line of its input to the first: BOOTSTRAP PARTITIONS TOPIC...
// Idempotent, and more patient than the broker is ever down. Prints how many were acknowledged.

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;

final class Feed {
    public static void main(String[] arguments) throws Exception {
        Map<String, Object> settings = Map.of("bootstrap.servers", arguments[0],
                "delivery.timeout.ms", 600_000, "max.block.ms", 600_000, "acks", "all");
        var partitions = Optional.of(Integer.valueOf(arguments[1]));
        try (var admin = Admin.create(settings)) {
            admin.createTopics(Arrays.stream(arguments).skip(2)
                    .map(topic -> new NewTopic(topic, partitions, Optional.empty())).toList())
                    .all().get();
        }
        System.out.println("created");
        var acknowledged = new AtomicLong();
        var input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        try (var producer = new KafkaProducer<>(settings, new StringSerializer(),
                new StringSerializer())) {
            for (String line; (line = input.readLine()) != null;) {
                producer.send(new ProducerRecord<>(arguments[2], line), (where, error) -> {
                    if (error == null) {
                        acknowledged.incrementAndGet();
                    } else {
                        System.err.println("a line was not acknowledged: " + error);
                    }
                });
            }
        }
        System.out.println(acknowledged.get());
    }
}
