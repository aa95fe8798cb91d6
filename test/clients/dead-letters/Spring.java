import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.kafka.annotation.BackOff;
import org.springframework.kafka.annotation.DltHandler;
import org.springframework.kafka.annotation.EnableKafkaRetryTopic;
import org.springframework.kafka.annotation.KafkaListener;
import org.springframework.kafka.annotation.RetryableTopic;
import org.springframework.kafka.config.ConcurrentKafkaListenerContainerFactory;
import org.springframework.kafka.core.ConsumerFactory;
import org.springframework.kafka.core.DefaultKafkaConsumerFactory;
import org.springframework.kafka.core.DefaultKafkaProducerFactory;
import org.springframework.kafka.core.KafkaAdmin;
import org.springframework.kafka.core.KafkaTemplate;
import org.springframework.kafka.listener.ContainerProperties;
import org.springframework.kafka.listener.DeadLetterPublishingRecoverer;
import org.springframework.kafka.listener.DefaultErrorHandler;
import org.springframework.kafka.listener.KafkaMessageListenerContainer;
import org.springframework.kafka.listener.MessageListener;
import org.springframework.scheduling.TaskScheduler;
import org.springframework.scheduling.concurrent.ThreadPoolTaskScheduler;
import org.springframework.util.backoff.FixedBackOff;

/**
 * A listener of Spring Kafka that refuses poison, until it is mended: with DefaultErrorHandler and
 * DeadLetterPublishingRecoverer ("plain"), or with retry topics ("retry"). Prints what it handled.
 * Arguments: plain|retry BOOTSTRAP TOPIC GROUP [mended]. Ends with its standard input.
 */
public class Spring {
    static String bootstrap;
    static boolean mended;

    static class CardRefused extends RuntimeException {
        CardRefused(String what) {
            super(what);
        }
    }

    static void handle(ConsumerRecord<String, String> record) {
        if (record.value().startsWith("poison") && !mended)
            throw new CardRefused("the bank refused " + record.value());
        StringBuilder line = new StringBuilder("handled " + record.key() + "=" + record.value());
        record.headers().forEach(header -> line.append(' ').append(header.key()));
        System.out.println(line);
    }

    static Map<String, Object> consumer(String group) {
        Map<String, Object> settings = new HashMap<>();
        settings.put(ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrap);
        settings.put(ConsumerConfig.GROUP_ID_CONFIG, group);
        settings.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
        return settings;
    }

    static ConsumerFactory<String, String> consumers(String group) {
        return new DefaultKafkaConsumerFactory<>(consumer(group), new StringDeserializer(),
                                                 new StringDeserializer());
    }

    static KafkaTemplate<String, String> template() {
        Map<String, Object> settings = Map.of(ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrap);
        return new KafkaTemplate<>(new DefaultKafkaProducerFactory<>(
                settings, new StringSerializer(), new StringSerializer()));
    }

    static Runnable plain(String topic, String group) {
        ContainerProperties properties = new ContainerProperties(topic);
        properties.setMessageListener((MessageListener<String, String>) Spring::handle);
        var container = new KafkaMessageListenerContainer<>(consumers(group), properties);
        container.setCommonErrorHandler(new DefaultErrorHandler(
                new DeadLetterPublishingRecoverer(template()), new FixedBackOff(20, 2)));
        container.start();
        return container::stop;
    }

    @Configuration
    @EnableKafkaRetryTopic
    static class Retries {
        @Bean
        ConcurrentKafkaListenerContainerFactory<String, String> kafkaListenerContainerFactory() {
            var factory = new ConcurrentKafkaListenerContainerFactory<String, String>();
            factory.setConsumerFactory(consumers(System.getProperty("group")));
            return factory;
        }

        @Bean
        KafkaTemplate<String, String> defaultRetryTopicKafkaTemplate() {
            return template();
        }

        @Bean
        KafkaAdmin admin() {
            return new KafkaAdmin(Map.of("bootstrap.servers", bootstrap));
        }

        @Bean
        TaskScheduler scheduler() {
            return new ThreadPoolTaskScheduler();
        }

        @Bean
        Listener listener() {
            return new Listener();
        }
    }

    static class Listener {
        @RetryableTopic(attempts = "3", backOff = @BackOff(delay = 50), numPartitions = "2")
        @KafkaListener(topics = "#{systemProperties['topic']}",
                       groupId = "#{systemProperties['group']}")
        void on(ConsumerRecord<String, String> record) {
            handle(record);
        }

        @DltHandler
        void dead(ConsumerRecord<String, String> record) {}
    }

    static Runnable retry(String topic, String group) {
        System.setProperty("topic", topic);
        System.setProperty("group", group);
        var context = new AnnotationConfigApplicationContext(Retries.class);
        return context::close;
    }

    public static void main(String[] arguments) throws Exception {
        bootstrap = arguments[1];
        mended = arguments.length > 4;
        Runnable stop = arguments[0].equals("plain") ? plain(arguments[2], arguments[3])
                                                     : retry(arguments[2], arguments[3]);
        System.in.read();
        stop.run();
        System.exit(0);
    }
}
