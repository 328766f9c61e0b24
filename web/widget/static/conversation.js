// What was said: the items of the gateway, kept so that they are there at once after a reload.

const KEPT = 100;
// The gateway takes 100 in one frame, and the size of a frame can be set.
const AT_ONCE = 50;
const RANK = { sent: 0, delivered: 1, read: 2 };

class Conversation {
  constructor(store) {
    this.store = store;
    this.told = new Map();
    this.load();
  }

  load() {
    const { items = [], cursor = null } = this.store.read("log") || {};
    this.items = new Map(items.map((item) => [item.id, item]));
    this.cursor = cursor;
  }

  forget() {
    this.store.write("log", undefined);
    this.load();
  }

  /** Takes items over, an item that comes again in its place. Gives back the agents' ones that were not known. */
  take(items, cursor) {
    const fresh = items.filter((item) => item.direction === "out" && !this.items.has(item.id));
    for (const item of items) this.items.set(item.id, { ...item, seen: this.items.get(item.id)?.seen });
    if (cursor != null) this.cursor = cursor;
    if (items.length || cursor != null) this.save();
    return fresh;
  }

  save() {
    this.store.write("log", { items: [...this.items.values()].slice(-KEPT), cursor: this.cursor });
  }

  list() {
    return [...this.items.values()];
  }

  get last() {
    return this.list().pop();
  }

  has(clientId) {
    return this.list().some((item) => item.client_id === clientId);
  }

  get unread() {
    return this.list().filter((item) => item.direction === "out" && rank(item) < RANK.read).length;
  }

  /** What is to be told to the gateway as `{ids, state}` each, where agents' messages are now `delivered` or `read`. */
  see(state) {
    const news = this.list().filter((item) => item.direction === "out" && rank(item) < RANK[state]);
    for (const item of news) item.seen = state;
    if (news.length) this.save();
    const told = [];
    for (const one of ["delivered", "read"]) {
      const ids = this.list()
        .filter((item) => item.seen === one && this.untold(item))
        .map((item) => item.id);
      for (const id of ids) this.told.set(id, one);
      while (ids.length) told.push({ ids: ids.splice(0, AT_ONCE), state: one });
    }
    return told;
  }

  untold(item) {
    return RANK[item.seen] > RANK[item.state] && this.told.get(item.id) !== item.seen;
  }

  /** Another tab has saved: what was read there is read here. */
  share() {
    for (const { id, seen } of this.store.read("log")?.items || []) {
      const item = this.items.get(id);
      if (item && seen && RANK[seen] > rank(item)) item.seen = seen;
    }
  }

  /** After the line was broken: what was told may not have arrived. */
  again() {
    this.told.clear();
  }
}

function rank(item) {
  return Math.max(RANK[item.state] || 0, RANK[item.seen] || 0);
}
