// What survives a reload: the storage of the site, or memory where that is blocked or full.

class Store {
  /** `scope` keeps the chats of one site apart: the address of the gateway and its connector.
   *  `place` is `localStorage`, or `sessionStorage` for what belongs to one tab. */
  constructor(scope, place) {
    this.prefix = `regia-chat ${scope} `;
    this.memory = new Map();
    try {
      this.disk = window[place];
      this.disk.getItem(this.prefix);
    } catch {
      this.disk = null;
    }
  }

  read(key) {
    if (this.memory.has(key)) return this.memory.get(key);
    try {
      return JSON.parse(this.disk.getItem(this.prefix + key)) ?? undefined;
    } catch {
      return undefined;
    }
  }

  /** Without a value the key is gone. */
  write(key, value) {
    this.memory.delete(key);
    try {
      if (value === undefined) this.disk.removeItem(this.prefix + key);
      else this.disk.setItem(this.prefix + key, JSON.stringify(value));
    } catch {
      if (value !== undefined) this.memory.set(key, value);
    }
  }

  keys(start) {
    const kept = this.disk ? Object.keys(this.disk).filter((key) => key.startsWith(this.prefix + start)) : [];
    const names = kept.map((key) => key.slice(this.prefix.length));
    return [...new Set([...names, ...[...this.memory.keys()].filter((key) => key.startsWith(start))])].sort();
  }

  /** Calls back with the key that another tab of the site has changed. */
  watch(changed) {
    window.addEventListener("storage", ({ key, storageArea }) => {
      if (storageArea === this.disk && key?.startsWith(this.prefix)) changed(key.slice(this.prefix.length));
    });
  }
}

function uuid() {
  // Not on pages without https.
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 15) | 64;
  bytes[8] = (bytes[8] & 63) | 128;
  return [...bytes].map((byte, at) => ([4, 6, 8, 10].includes(at) ? "-" : "") + byte.toString(16).padStart(2, "0")).join("");
}

/** Runs `work` while no other tab of the site does, where the browser has locks (not on pages without https). */
function alone(name, work) {
  return navigator.locks ? navigator.locks.request(name, work) : work();
}
