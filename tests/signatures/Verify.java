// Verifies webhooks as a receiver in Java does. Cases come as JSON on standard input; for each the
// answer is "verified", or the message of the error.
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.svix.Webhook;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.KeyFactory;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.EdECPoint;
import java.security.spec.EdECPublicKeySpec;
import java.security.spec.NamedParameterSpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

public class Verify {
  public static void main(String[] ignored) throws Exception {
    ObjectMapper json = new ObjectMapper();
    List<String> answers = new ArrayList<>();
    for (JsonNode asked : json.readTree(System.in)) {
      answers.add(judge(asked));
    }
    json.writeValue(System.out, answers);
  }

  static String judge(JsonNode asked) {
    try {
      if (asked.get("library").asText().equals("java.security")) {
        verifyEd25519(asked);
      } else {
        new Webhook(asked.get("key").asText()).verify(asked.get("body").asText(), headers(asked));
      }
      return "verified";
    } catch (Exception error) {
      return error.getMessage();
    }
  }

  static Map<String, List<String>> headers(JsonNode asked) {
    Map<String, List<String>> found = new TreeMap<>();
    asked.get("headers").properties().forEach(
        one -> found.put(one.getKey(), List.of(one.getValue().asText())));
    return found;
  }

  static void verifyEd25519(JsonNode asked) throws Exception {
    JsonNode headers = asked.get("headers");
    String content = headers.get("webhook-id").asText() + "."
        + headers.get("webhook-timestamp").asText() + "." + asked.get("body").asText();
    Signature verifier = Signature.getInstance("Ed25519");
    for (String one : headers.get("webhook-signature").asText().split(" ")) {
      if (one.startsWith("v1a,")) {
        verifier.initVerify(read(asked.get("key").get("x").asText()));
        verifier.update(content.getBytes(StandardCharsets.UTF_8));
        if (verifier.verify(Base64.getDecoder().decode(one.substring("v1a,".length())))) {
          return;
        }
      }
    }
    throw new Exception("no v1a signature matches");
  }

  // RFC 8032, section 5.1.2: little-endian y, with the sign of x in the highest bit.
  static PublicKey read(String x) throws Exception {
    byte[] raw = Base64.getUrlDecoder().decode(x);
    for (int low = 0, high = raw.length - 1; low < high; low++, high--) {
      byte held = raw[low];
      raw[low] = raw[high];
      raw[high] = held;
    }
    boolean isOdd = (raw[0] & 0x80) != 0;
    raw[0] &= 0x7f;
    EdECPoint point = new EdECPoint(isOdd, new BigInteger(1, raw));
    return KeyFactory.getInstance("Ed25519")
        .generatePublic(new EdECPublicKeySpec(NamedParameterSpec.ED25519, point));
  }
}
