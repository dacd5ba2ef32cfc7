// Calls endpoints with @gradio/client: `node call.mjs ADDRESS`, and on standard input a JSON list of [endpoint, arguments].
// An argument {"file": PATH}, wherever it stands, is the file itself. Prints a JSON list of the outputs.
import { Client, handle_file } from "@gradio/client";

function withFiles(value) {
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map(withFiles);
  if (typeof value.file === "string") return handle_file(value.file);
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, withFiles(part)]));
}

let sent = "";
for await (const chunk of process.stdin) sent += chunk;
const client = await Client.connect(process.argv[2]);
const outputs = [];
for (const [endpoint, given] of JSON.parse(sent)) outputs.push((await client.predict(endpoint, withFiles(given))).data);
console.log(JSON.stringify(outputs));
process.exit(0); // the client's open stream would keep Node waiting
