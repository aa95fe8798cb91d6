// tools/ProtocolOracle.java - Kafka's own code judges the bytes that Klamm encodes.
//
//     build/tools/protocol_samples 1 | java -cp 'kafka/libs/*' tools/ProtocolOracle.java
//
// Reads lines `FetchRequest 12 <hex>`, decodes each with Kafka's class for that message, and encodes
// it again. Both must use every byte and agree on all of them. Exit 1 when one does not.

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Set;
import java.util.TreeSet;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.MessageUtil;

public class ProtocolOracle {
    public static void main(String[] arguments) throws Exception {
        var in = new BufferedReader(new InputStreamReader(System.in));
        Set<String> kinds = new TreeSet<>();
        int judged = 0;
        int wrong = 0;
        for (String line; (line = in.readLine()) != null; judged++) {
            var words = line.split(" ", 3);
            var problem = judge(words[0], Short.parseShort(words[1]), words[2]);
            kinds.add(words[0] + " " + words[1]);
            if (problem == null) continue;
            wrong++;
            System.out.println(words[0] + " v" + words[1] + ": " + problem + ": " + words[2]);
        }
        System.out.println(judged + " messages of " + kinds.size()
            + " kinds and versions judged, " + wrong + " wrong");
        System.exit(judged > 0 && wrong == 0 ? 0 : 1);
    }

    /** What is wrong with these bytes; null when nothing is. */
    static String judge(String name, short version, String hex) throws Exception {
        var type = Class.forName("org.apache.kafka.common.message." + name + "Data");
        var message = (ApiMessage) type.getDeclaredConstructor().newInstance();
        byte[] bytes = HexFormat.of().parseHex(hex);
        var buffer = ByteBuffer.wrap(bytes);
        try {
            message.read(new ByteBufferAccessor(buffer), version);
            if (buffer.hasRemaining()) return "Kafka leaves " + buffer.remaining() + " bytes";
            if (!message.unknownTaggedFields().isEmpty()) return "Kafka does not know a tag";
            ByteBuffer again = MessageUtil.toByteBufferAccessor(message, version).buffer();
            byte[] theirs = new byte[again.remaining()];
            again.get(theirs);
            if (!Arrays.equals(bytes, theirs)) return "Kafka says " + HexFormat.of().formatHex(theirs);
            return null;
        } catch (RuntimeException refused) {
            return "Kafka refuses: " + refused;
        }
    }
}
