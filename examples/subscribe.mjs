// The same in JavaScript.    npm install --prefix examples && node examples/subscribe.mjs [ENDPOINT]
import { Subscriber } from "zeromq";

const socket = new Subscriber({ ipv6: true }); // also reads tcp://[::1]:5599
socket.connect(process.argv[2] ?? "tcp://127.0.0.1:5599");
socket.subscribe("utterance");

for await (const [, payload] of socket) {
  const event = JSON.parse(payload);
  const words = event.transcript?.text ?? "(no words)";
  console.log(`${event.source}: ${event.emotion.label} (${event.sentiment.label}): ${words}`);
}
