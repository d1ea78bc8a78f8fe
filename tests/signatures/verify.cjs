// Verifies webhooks as a receiver in JavaScript does. Cases come as JSON on standard input; for
// each the answer is "verified", or the message of the error.
const crypto = require("node:crypto");
const fs = require("node:fs");

function verifyEd25519({ key, headers, body }) {
  const content = `${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`;
  const publicKey = crypto.createPublicKey({ key, format: "jwk" });
  const offered = headers["webhook-signature"].split(" ").filter((one) => one.startsWith("v1a,"));
  const signatures = offered.map((one) => Buffer.from(one.slice("v1a,".length), "base64"));
  if (!signatures.some((one) => crypto.verify(null, Buffer.from(content), publicKey, one))) {
    throw new Error("no v1a signature matches");
  }
}

function verify(asked) {
  if (asked.library === "crypto") {
    verifyEd25519(asked);
  } else {
    const { Webhook } = require(asked.library);
    new Webhook(asked.key).verify(asked.body, asked.headers);
  }
}

function judge(asked) {
  try {
    verify(asked);
    return "verified";
  } catch (error) {
    return error.message;
  }
}

process.stdout.write(JSON.stringify(JSON.parse(fs.readFileSync(0, "utf8")).map(judge)));
