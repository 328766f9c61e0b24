// The welcome flow: says, asks, offers articles, step by step. What it has said and heard is kept, so that a reload goes on.

const FORMS = {
  email: [/^[^\s@]+@[^\s@]+\.[^\s@.]+$/, "wrong_email"],
  number: [/^[-+]?\d+([.,]\d+)?$/, "wrong_number"],
  phone: [/^\+?[\d\s()./-]{6,25}$/, "wrong_phone"],
  text: [/./s, "wrong_text"],
};

class Flow {
  /** `definition` as in the channel's config, or null for a greeting only. */
  constructor(definition, store, greeting, faq) {
    this.store = store;
    this.definition = definition || { start: "hello", steps: { hello: { say: [greeting], search: faq, person: true } } };
    this.load();
  }

  load() {
    this.state = this.store.read("flow");
    if (this.state && !this.definition.steps[this.state.step]) this.state = undefined;
  }

  save() {
    this.store.write("flow", this.state);
  }

  /** Starts anew behind the item `after`. */
  begin(after = null) {
    const kept = this.state?.faq || [];
    this.state = { after, begun: Date.now(), log: [], answers: {}, lines: [], faq: kept, typed: false, over: false };
    this.enter(this.definition.start);
  }

  get step() {
    return this.state && !this.state.over ? this.definition.steps[this.state.step] : null;
  }

  /** The field that waits for an answer, or null. */
  get asked() {
    return this.step?.ask || null;
  }

  enter(name) {
    this.state.step = name;
    for (const text of this.definition.steps[name].say) this.add("bot", text);
    this.save();
  }

  add(from, text) {
    this.state.log.push({ from, text, id: uuid(), at: new Date().toISOString() });
  }

  choose(choice) {
    this.add("me", choice.label);
    if (choice.category) this.state.answers.topic = choice.category;
    this.state.lines.push(choice.label);
    this.go(choice.next);
  }

  /** Takes what was typed. Gives back the name of the text that says what is wrong, or null. */
  answer(text) {
    const { field, type } = this.asked;
    const [form, problem] = FORMS[type] || FORMS.text;
    if (!form.test(text)) return problem;
    this.add("me", text);
    this.state.answers[field] = type === "number" ? Number(text.replace(",", ".")) : text;
    this.state.lines.push(`${this.step.say.at(-1) || field} ${text}`);
    this.state.typed = true;
    this.go(this.step.next);
    return null;
  }

  go(next) {
    if (next) this.enter(next);
    else this.save();
  }

  /** To the step where a person is written to. */
  person() {
    const found = Object.entries(this.definition.steps).find(([, step]) => step.person);
    if (found) this.enter(found[0]);
  }

  read(id) {
    if (!this.state.faq.some((one) => one.id === id)) this.state.faq.push({ id, helped: null });
    this.save();
  }

  helped(id, helped) {
    for (const one of this.state.faq) if (one.id === id) one.helped = helped;
    this.save();
  }

  /** What goes along with a message to a person. The flow is over then. */
  spend() {
    if (!this.state) return { fields: {}, faq: [] };
    const { answers, faq } = this.state;
    Object.assign(this.state, { over: true, typed: false, faq: [], answers: {} });
    this.save();
    return { fields: answers, faq };
  }

  /** The answers as a message of their own, where somebody leaves in the middle; null where nothing was typed. */
  left() {
    if (!this.state?.typed || this.state.over) return null;
    const { answers, faq, lines } = this.state;
    this.state.typed = false;
    this.save();
    return { text: lines.join("\n"), fields: { ...answers }, faq: [...faq] };
  }
}
