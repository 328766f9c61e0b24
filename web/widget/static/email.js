// The address for an answer outside the opening hours: kept for this visitor, and told to the gateway once.

class Email {
  constructor(chat) {
    Object.assign(this, { chat, store: chat.store, changing: false });
  }

  /** The field that takes it, where the channel has one. */
  get field() {
    return this.chat.config.email_field;
  }

  get kept() {
    return this.store.read("email");
  }

  get wanted() {
    const { gateway, flow, isOpen } = this.chat;
    const known = gateway.user || this.kept || flow.state?.answers[this.field];
    return this.field && !isOpen && (this.changing || !known);
  }

  /** Whether it is another one. */
  keep(email) {
    this.changing = false;
    if (email === this.kept) return false;
    this.store.write("email", email);
    this.untell();
    return true;
  }

  /** It goes with the next message, also where it went with another one. */
  untell() {
    this.store.write("email told", undefined);
  }

  /** For a message with these fields: the address, where it is not told yet. */
  along(fields) {
    const { field } = this;
    if (!field) return {};
    if (fields[field]) this.keep(fields[field]);
    if (!this.kept || this.store.read("email told")) return {};
    this.store.write("email told", true);
    return { [field]: this.kept };
  }

  /** Typed into the notice: it goes with the next message; where all was said already, as one of its own. */
  typed(email) {
    const { chat } = this;
    const wrote = chat.outbox.all().length || chat.conversation.list().some(({ direction }) => direction === "in");
    if (this.keep(email) && wrote) chat.send(email, []);
    chat.show();
    chat.panel.composer.box.focus();
  }

  change() {
    this.changing = true;
    this.chat.show();
    this.chat.root.querySelector("#email").focus();
  }
}
