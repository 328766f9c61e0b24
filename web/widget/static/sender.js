// Takes the outbox to the gateway: one message at a time, in order, each until it is accepted.

class Sender {
  /** `hooks`: accepted(entry), change(), renew(code). */
  constructor(outbox, line, gateway, hooks) {
    Object.assign(this, { outbox, line, gateway, hooks, busy: false, progress: new Map(), stops: new Map() });
  }

  async pump() {
    if (this.busy) return;
    this.busy = true;
    try {
      while (this.line.up && (await this.step()));
    } finally {
      this.busy = false;
    }
  }

  /** Whether there may be more to send. */
  async step() {
    const { entry, wait } = this.outbox.next();
    if (!entry) return false;
    if (wait) {
      await pause(wait);
      return true;
    }
    try {
      await this.send(entry);
      this.outbox.remove(entry.id);
      this.hooks.accepted(entry);
    } catch (refusal) {
      await this.refused(entry, refusal);
    } finally {
      this.progress.delete(entry.id);
      this.stops.delete(entry.id);
    }
    this.hooks.change();
    return true;
  }

  async send({ id, message, files }) {
    if (!files.length) return this.line.request(message);
    const kept = await this.outbox.files.take(id);
    if (!kept) throw new Refusal({ status: 400, code: "files_lost" });
    const heard = (share) => {
      this.progress.set(id, share);
      this.hooks.change();
    };
    return this.gateway.upload(message, kept, heard, (stop) => this.stops.set(id, stop));
  }

  async refused({ id }, refusal) {
    if (refusal.unknown) {
      this.hooks.renew(refusal.code);
      await pause(FIRST_WAIT);
    } else if (refusal.code === "invalid_fields" && this.outbox.mend(id, refusal.fields)) return;
    else if (!refusal.passing) this.outbox.fail(id, refusal.code);
    else if (this.line.up) await pause(refusal.wait ? refusal.wait * 1000 : 2000 + Math.random() * 2000);
  }

  /** Takes a message back that is not accepted yet. */
  cancel(id) {
    this.outbox.remove(id);
    this.stops.get(id)?.();
    this.hooks.change();
  }
}

function pause(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
