// Requests to the gateway. None may wait for ever: everything behind it would.

// Milliseconds for a whole answer.
const LONGEST = 30000;
// For an upload of which nothing moves any more; large files over a slow network take as long as they take.
const STALLED = 120000;

/** An answer that is not what was asked for. `code` is the gateway's, `wait` the seconds it asks for, `fields` say what is wrong. */
class Refusal extends Error {
  constructor({ status = 0, code = "", wait = null, fields = null }) {
    super(code || `HTTP ${status}`);
    Object.assign(this, { status, code, wait, fields });
  }

  /** Whether who is there is not taken. */
  get unknown() {
    return /^(token|signature)_/.test(this.code);
  }

  /** Whether the same may be taken later. */
  get passing() {
    return this.wait != null || this.status === 0 || this.status === 408 || this.status === 429 || this.status >= 500;
  }
}

function refusalOf(status, text, wait) {
  let said = {};
  try {
    said = JSON.parse(text) || {};
  } catch {
    // A proxy's own page.
  }
  return new Refusal({ status, code: said.error, fields: said.fields, wait: Number(wait) || null });
}

class Gateway {
  /** `base` is the address of the channel: `https://gw.example/chat/shop`. `token` and `user` are set by who knows them. */
  constructor(base) {
    this.base = base;
  }

  headers() {
    const headers = this.token ? { Authorization: `Bearer ${this.token}` } : {};
    return this.user ? { ...headers, "X-Regia-User": this.user } : headers;
  }

  /** What the gateway answers as JSON, null where it says nothing. Throws `Refusal`. */
  async ask(path, { body, bare = false, ...options } = {}) {
    const json = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
    const headers = { Accept: "application/json", ...(bare ? {} : this.headers()), ...(body === undefined ? {} : { "Content-Type": "application/json" }) };
    let response;
    let text;
    try {
      const signal = AbortSignal.timeout(LONGEST);
      response = await fetch(new URL(path, `${this.base}/`), { credentials: "omit", headers, signal, ...json, ...options });
      text = await response.text();
    } catch {
      throw new Refusal({});
    }
    if (!response.ok) throw refusalOf(response.status, text, response.headers.get("Retry-After"));
    try {
      return text ? JSON.parse(text) : null;
    } catch {
      throw new Refusal({});
    }
  }

  /** Sends a message with files; `progress` hears a share from 0 to 1, `stopping` gets a function that cancels. */
  upload(message, files, progress, stopping) {
    const form = new FormData();
    form.append("message", JSON.stringify(message));
    for (const file of files) form.append("files", file, file.name);
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      request.open("POST", `${this.base}/messages?lang=${this.language}`);
      for (const [name, value] of Object.entries(this.headers())) request.setRequestHeader(name, value);
      let alarm;
      const moves = () => {
        clearTimeout(alarm);
        alarm = setTimeout(() => request.abort(), STALLED);
      };
      request.upload.onprogress = ({ loaded, total }) => {
        moves();
        progress(total ? loaded / total : 0);
      };
      request.onloadend = () => clearTimeout(alarm);
      request.onerror = request.onabort = () => reject(new Refusal({}));
      request.onload = () => {
        if (request.status < 300) resolve();
        else reject(refusalOf(request.status, request.responseText, request.getResponseHeader("Retry-After")));
      };
      stopping(() => request.abort());
      request.send(form);
      moves();
    });
  }
}
