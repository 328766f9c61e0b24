// consumer.mjs: takes Regia's envelopes from RabbitMQ into PostgreSQL, each with exactly one effect.
// npm install amqplib pg; AMQP_URL, QUEUE and DATABASE_URL in the environment; node consumer.mjs
import { setTimeout as after } from "node:timers/promises";
import amqp from "amqplib";
import pg from "pg";

const { AMQP_URL, QUEUE, DATABASE_URL } = process.env;
const PREFETCH = 10; // deliveries in hand: each lost connection counts for all of them
const TRIES = 5; // of one message, before it becomes a dead letter
const HOLD_MS = 60_000; // how long messages are held while the database is away

class Poison extends Error {}

const pool = new pg.Pool({ connectionString: DATABASE_URL, connectionTimeoutMillis: 10_000, query_timeout: 30_000 });
pool.on("error", () => {}); // a connection was lost: the next query tells
pool.on("connect", (db) => db.on("error", () => {}));
const stop = new AbortController();
process.on("SIGTERM", () => stop.abort());
process.on("SIGINT", () => stop.abort());
const sleep = (ms) => after(ms, undefined, { signal: stop.signal }).catch(() => {});

// Your work. It uses the transaction it is given, and throws Poison for what can never succeed.
async function handle(envelope, db) {
  const { customer, text } = envelope.data;
  if (!customer) throw new Poison("no customer");
  await db.query("INSERT INTO tickets (customer, text) VALUES ($1, $2)", [customer.id, text]);
}

function read(message) {
  let envelope;
  try {
    envelope = JSON.parse(message.content.toString("utf8"));
  } catch {
    throw new Poison("the body is no JSON");
  }
  const told = message.properties.headers["envelope-id"];
  if (envelope?.specversion !== "1.0" || envelope.id !== told || !envelope.data) throw new Poison("no envelope");
  return envelope;
}

// The id and the work in one transaction: both or neither.
async function once(envelope) {
  const db = await pool.connect();
  let broken;
  try {
    await db.query("BEGIN");
    const claim = "INSERT INTO regia_done (queue, envelope_id) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    if ((await db.query(claim, [QUEUE, envelope.id])).rowCount) await handle(envelope, db);
    await db.query("COMMIT");
  } catch (error) {
    await db.query("ROLLBACK").catch((lost) => (broken = lost));
    throw error;
  } finally {
    db.release(broken); // with an error the pool throws the connection away
  }
}

// The server is away: no SQLSTATE at all, or one of the classes 08, 53, 57 (not 57014, a cancelled query).
function isAway(error) {
  const state = /^[0-9A-Z]{5}$/.test(error.code ?? "") ? error.code : "08000";
  return /^(08|53|57)/.test(state) && state !== "57014" && !(error instanceof TypeError);
}

// False when the message is to go back.
async function work(message, goOn) {
  const envelope = read(message);
  let failures = 0;
  for (const end = Date.now() + HOLD_MS; goOn() && Date.now() < end; ) {
    let wait = 2000;
    try {
      await once(envelope);
      return true;
    } catch (error) {
      if (error instanceof Poison) throw error;
      if (!isAway(error)) { // else it is not the message's fault: held, not counted
        if (++failures >= TRIES) throw new Poison(`failed ${failures} times, at last with ${error.code ?? error.name}`);
        wait = 500 * 2 ** failures;
      }
      console.error(`again in ${wait} ms: ${error.code ?? error.name}`);
    }
    await sleep(wait);
  }
  return false;
}

// Until a stop, the connection's end, the deletion of the queue, or a database that is away for too long.
async function serve() {
  const connection = await amqp.connect(AMQP_URL, { timeout: 10_000 });
  let over = false;
  let end;
  const ended = new Promise((resolve) => (end = () => ((over = true), resolve())));
  stop.signal.addEventListener("abort", end, { once: true });
  connection.on("error", end).on("close", end);
  let chain = Promise.resolve(); // one after the other: the order of the queue
  let channel;
  try {
    channel = await connection.createChannel();
    channel.on("error", end).on("close", end);
    await channel.prefetch(PREFETCH);
    const { consumerTag } = await channel.consume(QUEUE, (message) => {
      if (message === null) end(); // the queue was deleted
      else chain = chain.then(() => answer(channel, message, end, () => !over)).catch(end);
    });
    console.error(`consuming ${QUEUE}`);
    if (!stop.signal.aborted) await ended;
    await channel.cancel(consumerTag);
  } finally {
    end();
    await chain; // what is in work is finished, and acknowledged if the connection stands
    // First the channel, behind its acknowledgements: amqplib may send the end of the connection before them.
    await Promise.resolve().then(() => channel.close()).catch(() => {}); // what is not acknowledged goes back
    await Promise.resolve().then(() => connection.close()).catch(() => {});
  }
}

async function answer(channel, message, end, goOn) {
  if (!goOn()) return;
  try {
    if (await work(message, goOn)) channel.ack(message); // after the commit
    else end();
  } catch (error) {
    if (!(error instanceof Poison)) throw error; // the channel is closed: it comes again
    console.error(`a message goes to the dead letters: ${error.message}`);
    channel.reject(message, false);
  }
}

for (let wait = 500; !stop.signal.aborted; wait = Math.min(wait * 2, 10_000)) {
  const begun = Date.now();
  try {
    await serve();
  } catch (error) {
    console.error(`not consuming: ${error.code ?? error.name}`);
  }
  if (Date.now() - begun > 30_000) wait = 500;
  await sleep(wait * (0.5 + Math.random() / 2));
}
await pool.end();
