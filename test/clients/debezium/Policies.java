// Prints the cleanup policy of topics: BOOTSTRAP TOPIC...

import java.util.Arrays;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.config.ConfigResource;

final class Policies {
    public static void main(String[] arguments) throws Exception {
        var topics = Arrays.stream(arguments).skip(1)
                .map(topic -> new ConfigResource(ConfigResource.Type.TOPIC, topic)).toList();
        try (var admin = Admin.create(Map.of("bootstrap.servers", arguments[0]))) {
            var configs = admin.describeConfigs(topics).all().get();
            for (var topic : topics) {
                System.out.println(configs.get(topic).get("cleanup.policy").value());
            }
        }
    }
}
