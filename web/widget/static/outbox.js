// What was written and is not yet accepted. Each entry is a key of its own, so that two tabs never overwrite each other.

const OUT = "out ";
/** For so long a tab leaves an entry to the tab that made it. That one may be gone; if both send it, the gateway takes it once. */
const GRACE = 4000;

class Outbox {
  constructor(store, tab) {
    this.store = store;
    this.tab = tab;
    this.files = new Files(store.prefix);
    this.first = new Map();
  }

  /** In their order, without those of another user of this browser. */
  all() {
    const user = this.store.read("user");
    const mine = (entry) => entry.id && (!entry.user || entry.user === user);
    return this.store.keys(OUT).map((key) => ({ key, ...this.store.read(key) })).filter(mine);
  }

  /** Keeps a message until it is accepted. `files` are File objects, kept beside it where the browser can; `typed` are the
   *  names of the fields that the visitor has filled in. */
  async add(message, files, typed = []) {
    const last = this.store.keys(OUT).pop();
    const time = Math.max(Date.now(), last ? Number(last.split(" ")[1]) + 1 : 0);
    const described = files.map(({ name, size, type }) => ({ name, size, content_type: type }));
    const key = `${OUT}${String(time).padStart(15, "0")} ${message.id}`;
    const user = this.store.read("user");
    this.store.write(key, { id: message.id, user, tab: this.tab, message, typed, files: described, failed: null });
    if (files.length) await this.files.keep(message.id, files);
  }

  remove(id) {
    this.of(id, ({ key, files }) => {
      this.store.write(key, undefined);
      if (files.length) this.files.drop(id);
    });
  }

  /** Says why an entry was refused (a code), or with null lets it be sent again. */
  fail(id, code) {
    this.of(id, ({ key, ...entry }) => this.store.write(key, { ...entry, tab: this.tab, failed: code }));
  }

  /** Takes the fields out that the gateway refused, and what the visitor typed for them into the text. Whether there were any. */
  mend(id, problems) {
    let mended = false;
    this.of(id, ({ key, ...entry }) => {
      const { message } = entry;
      for (const name of Object.keys(message.fields).filter((one) => !problems || `fields.${one}` in problems)) {
        if (entry.typed.includes(name)) message.text = `${message.text}\n${name}: ${message.fields[name]}`.trim();
        delete message.fields[name];
        mended = true;
      }
      this.store.write(key, entry);
    });
    return mended;
  }

  /** The tab goes: whichever there is next may send at once. */
  release() {
    for (const { key, ...entry } of this.all()) if (entry.tab === this.tab) this.store.write(key, { ...entry, tab: null });
  }

  of(id, act) {
    this.all().filter((entry) => entry.id === id).forEach(act);
  }

  /** The entry that is to be sent now, and for how many milliseconds to leave it to the tab that made it. */
  next() {
    const entry = this.all().find(({ failed }) => !failed);
    if (!entry?.tab || entry.tab === this.tab) return { entry, wait: 0 };
    if (!this.first.has(entry.id)) this.first.set(entry.id, Date.now());
    return { entry, wait: Math.max(0, this.first.get(entry.id) + GRACE - Date.now()) };
  }
}

/** Files of entries: in memory, and in IndexedDB so that they survive a reload. */
class Files {
  constructor(name) {
    this.name = name;
    this.memory = new Map();
  }

  open() {
    return new Promise((resolve, reject) => {
      const opening = indexedDB.open(this.name, 1);
      opening.onupgradeneeded = () => opening.result.createObjectStore("files");
      opening.onsuccess = () => resolve(opening.result);
      opening.onerror = () => reject(opening.error);
    });
  }

  /** Undefined where the browser keeps nothing, as in some private windows. */
  async on(mode, act) {
    try {
      this.base = this.base || this.open();
      const transaction = (await this.base).transaction("files", mode);
      const request = act(transaction.objectStore("files"));
      return await new Promise((resolve) => {
        transaction.oncomplete = () => resolve(request.result);
        transaction.onabort = () => resolve(undefined);
      });
    } catch {
      return undefined;
    }
  }

  keep(id, files) {
    this.memory.set(id, files);
    return this.on("readwrite", (store) => store.put(files, id));
  }

  /** The files of an entry, undefined where they are lost. */
  async take(id) {
    return this.memory.get(id) || this.on("readonly", (store) => store.get(id));
  }

  drop(id) {
    this.memory.delete(id);
    return this.on("readwrite", (store) => store.delete(id));
  }
}
