// Who is there: a visitor by a token of the gateway, a user by a token of the site.

class Visitor {
  /** `forget` is called where what was said is not this person's. */
  constructor(store, gateway, settings, forget) {
    Object.assign(this, { store, gateway, settings, forget, refused: null });
  }

  /** Has the gateway know who is there. Throws `Refusal`. */
  async ready() {
    const before = this.store.read("user") ?? null;
    const user = (await this.settings.user().catch((error) => this.failed(error, before))) || null;
    this.gateway.user = user === this.refused ? null : user;
    const subject = subjectOf(user);
    if (before !== subject) {
      // Somebody else's chat is not shown, nor continued.
      if (before !== null) for (const key of ["token", "draft", "flow", "email", "email told"]) this.store.write(key, undefined);
      this.forget();
      this.store.write("user", subject ?? undefined);
    }
    this.gateway.token = await this.token();
  }

  /** The page cannot say who is there. Where that was a user, they are not taken for somebody else: what they wrote waits. */
  failed(error, before) {
    const then = before === null ? "The visitor stays anonymous." : "The chat waits until it works.";
    console.error("Regia chat: window.regiaUser has failed.", then, error);
    if (before !== null) throw new Refusal({});
  }

  async token() {
    const known = () => this.store.read("token");
    const ask = async () => {
      if (known()) return known();
      const { token } = await this.gateway.ask("visitor", { bare: true, body: {} });
      if (!known()) this.store.write("token", token);
      return known();
    };
    return known() || alone(`${this.store.prefix}visitor`, ask);
  }

  /** A newer token of the same visitor, in the place of the one that is in use. */
  keep(token) {
    if (!token || this.store.read("token") !== this.gateway.token) return;
    this.store.write("token", token);
    this.gateway.token = token;
  }

  /** The gateway does not take the site's word for a user, or the visitor's token. */
  renew(code) {
    if (/^signature/.test(code)) this.refused = this.gateway.user;
    else if (this.store.read("token") === this.gateway.token) {
      for (const key of ["token", "email", "email told"]) this.store.write(key, undefined);
      this.forget();
    }
  }
}

/** Whom a JWT is about, null where it tells nobody. The gateway proves it; here it only keeps chats apart. */
function subjectOf(jwt) {
  try {
    return String(JSON.parse(atob(jwt.split(".")[1].replace(/-/g, "+").replace(/_/g, "/"))).sub);
  } catch {
    return jwt;
  }
}
