// The line to the gateway: a WebSocket, or after two failures in a row long polling for a while. It comes back by itself.

const FIRST_WAIT = 500;
const LONGEST_WAIT = 30000;
// Milliseconds for an answer over the socket; after them the line counts as broken.
const ANSWER = 15000;
const PING = 25000;
// Seconds.
const POLL = 25;
// Then the WebSocket is tried again.
const POLLING = 60000;

class Line {
  /** `hooks`: ready() → the visitor's token is there, hello() → a frame, cursor(), items(frame), typing(name), change(),
   *  token(text): a newer one, renew(code): who is there is not taken any more. */
  constructor(gateway, hooks) {
    Object.assign(this, { gateway, hooks, failures: 0, tries: 0, socket: null, polls: false, waiting: new Map() });
    window.addEventListener("online", () => {
      // Another network may let sockets through.
      this.failures = Math.min(this.failures, 1);
      this.wake();
    });
    window.addEventListener("offline", () => this.drop());
    document.addEventListener("visibilitychange", () => document.hidden || this.wake());
  }

  /** Whether messages go through. */
  get up() {
    return this.socket !== null || this.polls;
  }

  start() {
    if (!this.started) this.run();
    this.started = true;
  }

  async run() {
    for (;;) {
      let wait = null;
      try {
        await this.hooks.ready();
        await (this.failures < 2 ? this.overSocket() : this.overPolls());
      } catch (error) {
        if (!(error instanceof Refusal)) console.error(error);
        wait = error.wait;
        if (error.unknown) this.hooks.renew(error.code);
      }
      this.down();
      await this.pause(wait);
    }
  }

  /** Rises to half a minute, with chance in it, so that a gateway that starts again is not stormed. */
  pause(seconds) {
    const longest = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** this.tries++);
    const time = seconds ? seconds * 1000 : longest * (0.5 + Math.random() / 2);
    return new Promise((resolve) => {
      this.resume = resolve;
      setTimeout(resolve, time);
    });
  }

  wake() {
    if (!this.up) this.resume?.();
  }

  drop() {
    this.closing?.();
  }

  down() {
    const was = this.up;
    this.socket = null;
    this.polls = false;
    for (const { reject } of this.waiting.values()) reject(new Refusal({}));
    this.waiting.clear();
    if (was) this.hooks.change();
  }

  rise() {
    this.tries = 0;
    this.hooks.change();
  }

  /** Resolves or throws when the socket has closed. */
  async overSocket() {
    const hello = await this.hooks.hello();
    let refused = null;
    const socket = new WebSocket(`${this.gateway.base.replace(/^http/, "ws")}/ws`);
    const event = await new Promise((resolve) => {
      this.closing = () => {
        resolve({});
        socket.close();
      };
      let alarm = setTimeout(this.closing, ANSWER);
      let beat;
      socket.onopen = () => socket.send(JSON.stringify(hello));
      socket.onmessage = ({ data }) => {
        clearTimeout(alarm);
        clearTimeout(beat);
        const frame = JSON.parse(data);
        if (frame.type === "refused" && !frame.id) refused = frame;
        else this.heard(frame, socket);
        beat = setTimeout(() => {
          if (socket.readyState === 1) socket.send('{"type":"ping"}');
          alarm = setTimeout(this.closing, ANSWER);
        }, PING);
      };
      socket.onclose = (closed) => {
        clearTimeout(alarm);
        clearTimeout(beat);
        resolve(closed);
      };
    });
    this.closed(event, refused);
  }

  closed({ code, reason }, refused) {
    if (code === 4401) throw new Refusal({ code: "token_unknown" });
    if (code === 4403) throw new Refusal({ code: "signature_wrong" });
    if (code === 4429) throw new Refusal({ wait: Number(reason) || refused?.retry_after || 10 });
    if (!this.socket && navigator.onLine) this.failures += 1;
  }

  heard(frame, socket) {
    if (frame.type === "welcome") {
      this.failures = 0;
      this.socket = socket;
      this.hooks.token(frame.token);
      this.hooks.items({ items: [], open: frame.open });
      this.rise();
    } else if (frame.type === "items") this.hooks.items(frame);
    else if (frame.type === "typing") this.hooks.typing(frame.name);
    else if (frame.type === "accepted") this.waiting.get(frame.id)?.resolve(frame);
    else if (frame.type === "refused") this.waiting.get(frame.id)?.reject(this.refusal(frame));
  }

  refusal({ code, fields, retry_after: wait }) {
    const passing = ["rate_limited", "too_many_asked", "unavailable", "internal", "too_slow"].includes(code);
    return new Refusal({ status: 400, code, fields, wait: wait || (passing ? 5 : null) });
  }

  async overPolls() {
    const until = Date.now() + POLLING;
    do {
      const stop = new AbortController();
      this.closing = () => stop.abort();
      const alarm = setTimeout(this.closing, POLL * 1000 + ANSWER);
      const after = this.hooks.cursor();
      const asked = new URLSearchParams({ wait: this.polls ? POLL : 0, ...(after == null ? {} : { after }) });
      try {
        const told = await this.gateway.ask(`items?${asked}`, { signal: stop.signal });
        this.hooks.token(told.token);
        this.hooks.items(told);
      } catch (refusal) {
        // Nobody is there: it may be the socket that comes back first.
        if (!refusal.status) this.failures = 1;
        throw refusal;
      } finally {
        clearTimeout(alarm);
      }
      if (!this.polls) {
        this.polls = true;
        this.rise();
      }
    } while (Date.now() < until);
    this.failures = 1;
  }

  /** Sends a frame that needs no answer. */
  tell(frame) {
    if (this.socket?.readyState === 1) this.socket.send(JSON.stringify(frame));
  }

  /** Sends a message and waits until it is accepted. Throws `Refusal`. */
  request(message) {
    if (!this.socket) return this.gateway.ask(`messages?lang=${this.gateway.language}`, { body: message });
    const { socket } = this;
    return new Promise((resolve, reject) => {
      const alarm = setTimeout(() => socket === this.socket && this.drop(), ANSWER);
      const done = (act) => (value) => {
        clearTimeout(alarm);
        this.waiting.delete(message.id);
        act(value);
      };
      this.waiting.set(message.id, { resolve: done(resolve), reject: done(reject) });
      this.tell({ type: "message", ...message });
    });
  }
}
