// The way of a client through the board with the official TypeScript client 2.x: list, write, watch, read, orchestrate, give
// up. The argument and the report are those of `journey_py2.py`; the packages stand in the folder that PEER_MODULES names.

import { createRequire } from "node:module";
import { setTimeout as pause } from "node:timers/promises";

const require = createRequire(`${process.env.PEER_MODULES}/`);
const { Client, StreamableHTTPClientTransport } = require("@modelcontextprotocol/client");
const { StdioClientTransport } = require("@modelcontextprotocol/client/stdio");

const PATIENCE_MS = 60_000;
const order = JSON.parse(process.argv[2]);

function transport() {
  if (order.command) {
    const [command, ...args] = order.command;
    return new StdioClientTransport({ command, args, env: process.env });
  }
  const headers = { Authorization: `Bearer ${order.token}` };
  return new StreamableHTTPClientTransport(new URL(order.url), { requestInit: { headers } });
}

// What the promise gives, or a failure when it takes too long.
function soon(promise, what) {
  const late = pause(PATIENCE_MS, undefined, { ref: false }).then(() => Promise.reject(new Error(`${what}: too late`)));
  return Promise.race([promise, late]);
}

const mode = order.mode.startsWith("20") ? { pin: order.mode } : order.mode;
const client = new Client({ name: "peer-ts2", version: "1" }, { versionNegotiation: { mode } });

async function call(name, args, options) {
  const result = await client.callTool({ name, arguments: args }, options);
  if (result.isError) throw new Error(`${name}: ${JSON.stringify(result)}`);
  return result;
}

// Watches a memory, writes to it, and gives the address that was told of.
async function watched(memory, legacy) {
  const uri = `memory://${memory}`;
  const told = new Promise((resolve) => {
    client.setNotificationHandler("notifications/resources/updated", (notice) => resolve(notice.params.uri));
  });
  if (legacy) await client.subscribeResource({ uri });
  else await client.listen({ resourceSubscriptions: [uri] });
  await call("write_memory", { memory_name: memory, content: "second text" });
  return soon(told, "the update");
}

// Starts a task that never ends, gives the call up, and says what became of the task.
async function givenUp(name) {
  const stop = new AbortController();
  const order = { task: `Sleep for ${name}`, name, models: ["sleeper"], cancel_on_disconnect: true };
  let ended;
  await soon(
    new Promise((resolve, reject) => {
      ended = call("orchestrate", order, { signal: stop.signal, onprogress: resolve, timeout: PATIENCE_MS });
      ended.catch(reject);
    }),
    "progress of the sleeper",
  );
  stop.abort();
  await ended.catch(() => {});
  let state;
  for (let tries = 0; state !== "cancelled" && tries < 60; tries += 1) {
    state = (await call("task_status", { task: name, wait_s: 1 })).structuredContent.state;
  }
  return state;
}

async function journey() {
  const { memory } = order;
  await client.connect(transport());
  const protocol = client.getNegotiatedProtocolVersion();
  const tools = (await client.listTools()).tools.map((tool) => tool.name);
  await call("write_memory", { memory_name: memory, content: "first text" });
  const updated = await watched(memory, protocol < "2026");
  const read = (await call("read_memory", { memory_name: memory })).content[0].text;
  const listed = (await call("list_memories", {})).content[0].text.includes(memory);
  const progress = [];
  const task = { task: `Review the design of ${memory}`, models: ["first", "second"], kind: "code-review" };
  const onprogress = (step) => progress.push(step.progress);
  const decision = (await call("orchestrate", task, { onprogress, timeout: PATIENCE_MS })).structuredContent;
  const given_up = await givenUp(`sleep-${memory}`);
  await client.close();
  return { protocol, tools, updated, read, listed, decision, progress, given_up };
}

console.log(JSON.stringify(await soon(journey(), "the whole way")));
process.exit(0);
