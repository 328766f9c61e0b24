// The button on the page and the panel that it opens.

const PHONE = window.matchMedia("(max-width: 480px), (max-height: 480px)");

class Panel {
  constructor(chat) {
    this.chat = chat;
    this.nodes = new Map();
    this.notices = new Map();
    const { words, config } = chat;
    this.badge = el("span", { class: "badge", hidden: true });
    this.launcher = button("", () => this.toggle(), { class: "launcher", "aria-expanded": "false", "aria-controls": "panel" });
    this.launcher.append(icon(...ICONS.chat), icon(...ICONS.down), this.badge);
    this.status = el("p", { class: "status" });
    this.notice = el("div", { class: "notice", role: "status" });
    this.log = el("div", { class: "log", role: "log", tabindex: 0, "aria-label": words.log });
    this.typing = el("p", { class: "typing", role: "status" });
    this.composer = new Composer(chat);
    this.page = new Article(chat);
    this.talk = el("div", { class: "talk" }, this.notice, this.log, this.typing, this.composer.node);
    this.node = el(
      "section",
      { class: "panel", id: "panel", role: "dialog", "aria-labelledby": "title", hidden: true, onkeydown: (event) => this.key(event) },
      this.header(config, words),
      this.talk,
      this.page.node,
    );
    this.node.addEventListener("dragover", (event) => event.preventDefault());
    this.node.addEventListener("drop", (event) => this.composer.drop(event, event.dataTransfer));
    window.visualViewport?.addEventListener("resize", () => this.fit());
    window.visualViewport?.addEventListener("scroll", () => this.fit());
  }

  header(config, words) {
    const logo = config.logo && webAddress(config.logo, this.chat.gateway.base);
    const close = button("", () => this.close(), { class: "round", "aria-label": words.close, title: words.close }, icon(...ICONS.close));
    return el(
      "header",
      null,
      logo ? el("img", { class: "logo", src: logo, alt: "" }) : null,
      el("div", { class: "names" }, el("h1", { id: "title", tabindex: -1 }, config.title), this.status),
      this.languages(config, words),
      close,
    );
  }

  languages({ languages, language }, words) {
    if (!languages || languages.length < 2) return null;
    const changed = ({ target }) => this.chat.speak(target.value);
    const options = languages.map(([code, name]) => el("option", { value: code, selected: code === language }, name));
    return el("label", { class: "languages" }, el("span", { class: "unseen" }, words.language), el("select", { onchange: changed }, ...options));
  }

  get shown() {
    return !this.node.hidden;
  }

  toggle() {
    if (this.shown) this.close();
    else this.open();
  }

  open(focus = true) {
    this.node.hidden = false;
    this.launcher.setAttribute("aria-expanded", "true");
    this.node.setAttribute("aria-modal", String(PHONE.matches));
    this.chat.opened();
    this.fit();
    this.bottom();
    // On a phone the keyboard would cover what there is to read.
    if (focus) (PHONE.matches ? this.node.querySelector("h1") : this.composer.box).focus({ preventScroll: true });
  }

  close() {
    const inside = this.chat.root.activeElement;
    this.node.hidden = true;
    this.launcher.setAttribute("aria-expanded", "false");
    this.chat.closed();
    if (inside) this.launcher.focus();
  }

  key(event) {
    if (event.key === "Escape") {
      event.stopPropagation();
      if (this.page.node.hidden) this.close();
      else this.leaveArticle();
    }
    if (event.key === "Tab" && PHONE.matches) this.within(event);
  }

  /** On a phone the panel covers the page: Tab stays inside. */
  within(event) {
    const all = [...this.node.querySelectorAll("a[href], button, textarea, input:not([hidden]), select, [tabindex='0']")];
    const seen = all.filter((node) => node.getClientRects().length);
    const edge = event.shiftKey ? seen[0] : seen.at(-1);
    if (this.chat.root.activeElement !== edge) return;
    event.preventDefault();
    (event.shiftKey ? seen.at(-1) : seen[0]).focus();
  }

  /** On a phone: as high as what the keyboard leaves. */
  fit() {
    const view = window.visualViewport;
    if (!view || !PHONE.matches) return;
    this.node.style.setProperty("--height", `${view.height}px`);
    this.node.style.setProperty("--top", `${view.offsetTop}px`);
  }

  article(article, from) {
    this.from = from;
    this.talk.hidden = true;
    this.page.node.hidden = false;
    this.page.open(article);
  }

  leaveArticle() {
    this.page.node.hidden = true;
    this.talk.hidden = false;
    (this.from?.isConnected ? this.from : this.composer.box).focus();
  }

  get atBottom() {
    return this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight < 60;
  }

  bottom() {
    this.log.scrollTop = this.log.scrollHeight;
  }

  settle() {
    if (this.follows) this.bottom();
  }

  /** Draws what has changed. */
  show() {
    const { chat } = this;
    this.follows = this.atBottom;
    arrange(this.log, [...timeline(chat), ...offers(chat)], this.nodes);
    this.settle();
    this.composer.fit(chat.flow.asked);
    this.told();
    this.counted(chat.conversation.unread);
  }

  counted(unread) {
    const { words } = this.chat;
    const count = unread === 1 ? words.unread_one : words.unread_many.replace("{count}", unread);
    const label = this.shown ? words.close : words.open;
    this.badge.hidden = !unread || this.shown;
    this.badge.textContent = unread > 9 ? "9+" : unread;
    this.launcher.setAttribute("aria-label", this.badge.hidden ? label : `${label} (${count})`);
  }

  /** The state of the line and of the opening hours. */
  told() {
    const { chat } = this;
    const { words } = chat;
    const offline = chat.line.started && !chat.line.up && (chat.patient || chat.outbox.all()[0]);
    this.status.hidden = offline;
    this.status.textContent = chat.isOpen ? words.here : words.closed;
    this.status.classList.toggle("open", chat.isOpen);
    const sign = `${[chat.email.wanted, chat.email.kept, opening(chat)]}`;
    const away = () => el("p", { class: "offline" }, icon(...ICONS.away), words.offline);
    const entries = [
      ...(offline ? [{ key: "offline", sign: "", make: away }] : []),
      ...(chat.isOpen ? [] : [{ key: "closed", sign, make: () => closedNotice(chat) }]),
    ];
    // Whoever types their address while the line comes or goes goes on typing.
    arrange(this.notice, entries, this.notices);
  }

  /** Somebody writes, or with null nobody does. */
  typed(name) {
    const dots = el("span", { class: "dots", "aria-hidden": "true" }, el("i"), el("i"), el("i"));
    this.typing.replaceChildren(...(name === null ? [] : [dots, this.chat.words.typing.replace("{name}", name || this.chat.words.team)]));
    this.settle();
  }
}

/** When the hours come again; nothing where that has passed, as in a tab that was left open. */
function opening({ config, words, format }) {
  const time = new Date(config.opens_at);
  return config.opens_at && time > Date.now() ? ` ${words.opens.replace("{when}", format.moment(time))}` : "";
}

/** Outside the opening hours: when they come again, and where an answer may go. */
function closedNotice(chat) {
  const { words, config } = chat;
  const text = el("p", null, `${words.closed}.${opening(chat)}${config.email_field ? " " + words.by_email : ""}`);
  const { email } = chat;
  const kept = () => el("p", null, email.kept, button(words.change, () => email.change(), { class: "plain" }));
  if (!email.wanted) return el("div", null, text, email.kept && kept());
  const input = el("input", { type: "email", name: "email", autocomplete: "email", id: "email", required: true, value: email.kept });
  const wrong = el("p", { class: "trouble", role: "alert" });
  const form = el("form", { class: "email", novalidate: true }, el("label", { for: "email" }, words.email), input,
    el("button", { class: "choice" }, words.keep), wrong);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const fits = FORMS.email[0].test(input.value.trim());
    wrong.textContent = fits ? "" : words.wrong_email;
    if (fits) email.typed(input.value.trim());
  });
  return el("div", null, text, form);
}
