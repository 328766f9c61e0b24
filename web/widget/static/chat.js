// The chat: brings together what is kept, the line to the gateway and the panel.

// After so long without a word the welcome begins again.
const QUIET = 12 * 3600 * 1000;
// A short break of the line is not worth a word.
const PATIENCE = 3000;
const TYPING = 6000;
const TYPING_EVERY = 3000;

class Chat {
  constructor(root, settings) {
    Object.assign(this, { root, settings, isOpen: true, patient: false, sent: new Map(), typedAt: 0 });
    this.store = new Store(settings.base, "localStorage");
    this.tab = new Store(settings.base, "sessionStorage");
    if (!this.tab.read("tab")) this.tab.write("tab", uuid());
    this.gateway = new Gateway(settings.base);
    this.conversation = new Conversation(this.store);
    this.email = new Email(this);
    this.outbox = new Outbox(this.store, this.tab.read("tab"));
    this.visitor = new Visitor(this.store, this.gateway, settings, () => this.forget());
    const renew = (code) => {
      this.visitor.renew(code);
      this.line.drop();
    };
    this.line = new Line(this.gateway, {
      ready: () => this.visitor.ready(),
      hello: () => this.hello(),
      cursor: () => this.conversation.cursor,
      items: (frame) => this.heard(frame),
      typing: (name) => this.somebodyTypes(name),
      change: () => this.lineChanged(),
      token: (text) => this.visitor.keep(text),
      renew,
    });
    const hooks = { accepted: (entry) => this.accepted(entry), change: () => this.show(), renew };
    this.sender = new Sender(this.outbox, this.line, this.gateway, hooks);
    this.store.watch((key) => this.elsewhere(key));
    window.addEventListener("pagehide", () => this.leaving());
    document.addEventListener("visibilitychange", () => this.seen());
  }

  async begin() {
    this.language = this.store.read("language") || this.settings.language();
    await this.configure();
    if (this.tab.read("open") && !PHONE.matches) this.panel.open(false);
    if (this.store.read("token") || this.outbox.all().length) this.line.start();
  }

  /** What the gateway says about this channel; what it said the last time where it does not answer. */
  async configure() {
    for (let wait = 1000; ; wait = Math.min(wait * 2, 60000)) {
      const config = (await this.asked(this.language)) || this.store.read(`config ${this.language}`);
      if (config) return this.build(config);
      await pause(wait);
    }
  }

  async asked(language) {
    const fresh = await this.gateway.ask(`config?lang=${encodeURIComponent(language)}`, { bare: true }).catch(() => null);
    if (fresh) this.store.write(`config ${language}`, fresh);
    return fresh;
  }

  /** The line tells whether somebody is there, but not when again. */
  async turned(open) {
    this.isOpen = open;
    this.config.opens_at = open ? null : (await this.asked(this.language))?.opens_at;
    this.show();
  }

  build(config) {
    const shown = this.panel?.shown;
    this.config = config;
    this.words = config.texts;
    this.language = this.gateway.language = config.language;
    this.isOpen = config.open;
    this.format = formats(config.language, config.texts);
    this.flow = new Flow(config.flow, this.store, config.greeting || this.words.greeting, Boolean(config.faq));
    this.panel = new Panel(this);
    this.root.adoptedStyleSheets = [sheet(CSS), sheet(colours(config.colours))];
    this.frame = el("div", { class: `frame ${this.settings.side}`, lang: config.language }, this.panel.node, this.panel.launcher);
    this.root.replaceChildren(this.frame);
    if (shown) this.panel.open(false);
    else this.show();
  }

  async speak(language) {
    this.store.write("language", language);
    this.language = language;
    await this.configure();
    this.root.querySelector("select")?.focus();
  }

  forget() {
    this.conversation.forget();
    if (!this.panel) return;
    this.flow.load();
    this.panel.composer.box.value = this.store.read("draft") || "";
    if (!this.flow.state && this.panel.shown) this.opened();
  }

  hello() {
    this.conversation.again();
    const { token, user } = this.gateway;
    return { type: "hello", token, user, after: this.conversation.cursor, language: this.language };
  }

  heard({ items, cursor, open }) {
    const own = new Map([...this.outbox.all().map((entry) => [entry.id, entry]), ...this.sent]);
    // The gateway shows files only when it has stored them.
    for (const item of items) if (!item.files.length && own.has(item.client_id)) item.files = own.get(item.client_id).files;
    const fresh = this.conversation.take(items, cursor);
    for (const { client_id: id } of items) this.sent.delete(id);
    if (this.config && open != null && open !== this.isOpen) this.turned(open);
    if (fresh.length) {
      this.panel.typed(null);
      if (this.settings.sound && (document.hidden || !this.panel.shown)) chime();
    }
    this.seen();
  }

  /** Tells the gateway what has arrived, and what has been before somebody's eyes. */
  seen() {
    if (!this.panel) return;
    const looking = this.panel.shown && !document.hidden;
    for (const told of this.conversation.see(looking ? "read" : "delivered")) {
      if (this.line.socket) this.line.tell({ type: "seen", ...told });
      else if (this.gateway.token) this.gateway.ask("seen", { body: told }).catch(() => this.conversation.again());
      else this.conversation.again();
    }
    this.show();
  }

  lineChanged() {
    clearTimeout(this.patience);
    this.patient = false;
    const wait = () => {
      this.patient = true;
      this.show();
    };
    if (this.line.up) this.sender.pump();
    else this.patience = setTimeout(wait, PATIENCE);
    this.show();
  }

  show() {
    this.panel?.show();
  }

  opened() {
    this.tab.write("open", true);
    const { last } = this.conversation;
    const quiet = (at) => Date.now() - at > QUIET;
    const { state } = this.flow;
    if ((!last || quiet(new Date(last.at))) && (!state || (state.over && quiet(state.begun)))) this.flow.begin(last?.id);
    this.line.start();
    this.line.wake();
    this.seen();
  }

  closed() {
    this.tab.write("open", undefined);
    this.show();
  }

  /** A message to a person. `choice` is the button of an agent's message that was pressed. */
  async send(text, files, choice = null) {
    const { fields, faq } = this.flow.spend();
    const kept = this.outbox.add(this.message(text, fields, faq, choice), files, Object.keys(fields));
    this.panel.follows = true;
    this.panel.bottom();
    this.show();
    this.panel.bottom();
    await kept;
    this.push();
  }

  message(text, fields, faq, choice = null) {
    const page = { url: location.href.slice(0, 2000), title: document.title.slice(0, 300), referrer: document.referrer.slice(0, 2000) };
    const all = { ...this.settings.fields(), ...this.email.along(fields), ...fields };
    return { id: uuid(), text, page, fields: all, faq, choice, at: new Date().toISOString() };
  }

  push() {
    this.line.start();
    this.line.wake();
    this.sender.pump();
  }

  again(id) {
    this.outbox.fail(id, null);
    this.show();
    this.push();
  }

  discard(id) {
    this.outbox.of(id, ({ message }) => message.fields[this.email.field] && this.email.untell());
    this.sender.cancel(id);
  }

  accepted(entry) {
    if (!this.conversation.has(entry.id)) this.sent.set(entry.id, entry);
  }

  /** After a step of the flow. The buttons of the last one are gone: the focus goes on to what comes next. */
  flowed(step) {
    step?.();
    this.show();
    this.panel.bottom();
    const next = this.flow.asked || this.flow.step?.person ? null : this.root.querySelector(".options button, .library input");
    (next || this.panel.composer.box).focus();
  }

  toPerson() {
    if (this.panel.talk.hidden) this.panel.leaveArticle();
    this.flowed(() => this.flow.step && this.flow.person());
  }

  typing() {
    if (!this.line.socket || this.flow.asked || Date.now() - this.typedAt < TYPING_EVERY) return;
    this.typedAt = Date.now();
    this.line.tell({ type: "typing" });
  }

  somebodyTypes(name) {
    clearTimeout(this.typingEnds);
    this.panel.typed(name);
    this.typingEnds = setTimeout(() => this.panel.typed(null), TYPING);
  }

  /** Another tab of the site has changed what is kept. */
  elsewhere(key) {
    if (key === "flow") this.flow?.load();
    if (key === "log") this.conversation.share();
    if (key.startsWith(OUT)) this.sender.pump();
    if (key === "token") this.store.read("token") ? this.line.start() : this.line.drop();
    this.show();
  }

  /** Answers that were given in the flow, and not yet sent with a message, are not lost with the page. */
  leaving() {
    this.outbox.release();
    const left = this.flow?.left();
    if (!left) return;
    const message = this.message(left.text, left.fields, left.faq);
    this.outbox.add(message, [], Object.keys(left.fields));
    // Whatever comes of it, the entry stays until it is accepted; the gateway knows it again by its id.
    if (this.gateway.token) this.gateway.ask("messages", { body: message, keepalive: true }).catch(() => {});
  }
}
