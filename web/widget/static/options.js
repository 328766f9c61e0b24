// What the welcome flow offers at its present step: answers to choose, articles and their search, a person.

/** The entries behind the messages. */
function offers(chat) {
  const { flow, conversation } = chat;
  const { step, state } = flow;
  if (!step) return repliesOf(conversation.last, chat);
  const key = `${state.begun} ${state.step} ${state.log.length}`;
  const entries = [];
  if (chat.config.faq && (step.articles?.length || step.search)) {
    entries.push({ key: `faq ${key}`, sign: "", make: () => library(step, chat) });
  }
  const buttons = choices(step, chat);
  if (buttons.length) entries.push({ key: `options ${key}`, sign: "", make: () => el("div", { class: "options" }, ...choices(step, chat)) });
  return entries;
}

function choices(step, chat) {
  const { words, flow } = chat;
  const made = (step.choices || []).map((choice) => button(choice.label, () => chat.flowed(() => flow.choose(choice)), { class: "choice" }));
  const { next } = step;
  if (step.ask?.optional) made.push(button(words.skip, () => chat.flowed(() => flow.go(next)), { class: "choice" }));
  if (next && !step.ask && !step.choices?.length) {
    const label = step.articles?.length || step.search ? words.go_on : words.next;
    made.push(button(label, () => chat.flowed(() => flow.go(next)), { class: "choice" }));
  }
  const ends = !next && !step.ask && !step.choices?.length && !step.person;
  if (ends) made.push(button(words.restart, () => chat.flowed(() => flow.begin(flow.state.after)), { class: "choice" }));
  if (!step.person) {
    made.push(personButton(chat));
  }
  return made;
}

function personButton(chat) {
  return button("", () => chat.toPerson(), { class: "choice person" }, icon(...ICONS.person), chat.words.person);
}

/** The answers an agent offers with the last message, as buttons. */
function repliesOf(last, chat) {
  if (!last?.buttons?.length || last.direction !== "out" || chat.outbox.all().length) return [];
  const made = () => last.buttons.map(({ id, title }) => button(title, () => chat.send(title, [], { id, title }), { class: "choice" }));
  return [{ key: `replies ${last.id}`, sign: "", make: () => el("div", { class: "options" }, ...made()) }];
}

/** Articles of a step, and the search as one types. */
function library(step, chat) {
  const { words } = chat;
  const list = el("div", { class: "articles" });
  const count = el("p", { class: "unseen", role: "status" });
  let asked = 0;
  const show = async (finding, told) => {
    const mine = ++asked;
    const articles = await finding.catch(() => null);
    if (asked !== mine || !articles) return;
    list.replaceChildren(...articles.map((article) => articleButton(article, chat)));
    if (told) count.textContent = articles.length ? words.found.replace("{count}", articles.length) : words.none_found;
    if (told && !articles.length) list.append(el("p", { class: "hint" }, words.none_found));
    chat.panel.settle();
  };
  const fixed = () => show(Promise.all((step.articles || []).map((id) => article(id, chat))), false);
  let timer;
  const typed = ({ target }) => {
    clearTimeout(timer);
    const q = target.value.trim();
    timer = setTimeout(() => (q.length > 1 ? show(search(q, chat), true) : fixed()), 250);
  };
  fixed();
  const input = () =>
    el("input", { type: "search", placeholder: words.search, autocomplete: "off", oninput: typed, onkeydown: stay });
  const box = () => el("label", { class: "search" }, icon(...ICONS.search), el("span", { class: "unseen" }, words.search), input());
  return el("div", { class: "library" }, step.search && box(), count, list);
}

// Enter in the search is no reason to do anything, and Escape empties it before it closes the panel.
function stay(event) {
  if (event.key === "Enter") event.preventDefault();
  if (event.key === "Escape" && event.target.value) event.stopPropagation();
}

async function search(q, chat) {
  return (await chat.gateway.ask(faqAddress(chat, "search", { q }), { bare: true })).articles;
}

/** An article; with the id of a reading it counts as read. */
function article(id, chat, reading) {
  return chat.gateway.ask(faqAddress(chat, `articles/${encodeURIComponent(id)}`, reading), { bare: true });
}

function faqAddress(chat, end, query = {}) {
  const url = new URL(chat.config.faq.search, chat.gateway.base);
  url.pathname = url.pathname.replace(/[^/]*$/, end);
  url.search = new URLSearchParams({ ...query, lang: chat.language });
  return url;
}

function articleButton(found, chat) {
  const open = (event) => chat.panel.article(found, event.currentTarget);
  const text = el("span", null, el("b", null, found.title), found.summary && el("small", null, found.summary));
  return button("", open, { class: "article-link" }, icon(...ICONS.article), text);
}

/** The page of one article inside the panel. */
class Article {
  constructor(chat) {
    this.chat = chat;
    this.node = el("div", { class: "article", hidden: true });
  }

  async open({ id, title }) {
    const { chat } = this;
    const heading = el("h2", { tabindex: -1 }, title);
    const text = el("div", { class: "prose" }, el("p", { class: "hint" }, chat.words.loading));
    const back = button("", () => chat.panel.leaveArticle(), { class: "plain back" }, icon(...ICONS.back), chat.words.back);
    this.node.replaceChildren(back, heading, text);
    heading.focus();
    const view = uuid();
    try {
      const { html } = await article(id, chat, { view });
      text.replaceChildren(...copied(html, chat.gateway.base));
      chat.flow.read(id);
      this.node.append(this.question(id, view));
    } catch {
      text.replaceChildren(el("p", { class: "hint" }, chat.words.not_loaded));
    }
  }

  question(id, view) {
    const { words, flow, gateway, language: lang } = this.chat;
    const answer = (helped) => () => {
      flow.helped(id, helped);
      const url = faqAddress(this.chat, `articles/${encodeURIComponent(id)}/helped`);
      gateway.ask(url, { bare: true, body: { helped, view, lang } }).catch(() => {});
      box.replaceChildren(el("p", { tabindex: -1 }, helped ? words.glad : words.sorry), ...(helped ? [] : [personButton(this.chat)]));
      box.querySelector(helped ? "p" : "button").focus();
    };
    const box = el(
      "div",
      { class: "helped" },
      el("p", null, words.helped),
      button(words.yes, answer(true), { class: "choice" }),
      button(words.no, answer(false), { class: "choice" }),
    );
    return box;
  }
}
