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
    made.push(button("", () => chat.flowed(() => flow.person()), { class: "choice person" }, icon(...ICONS.person), words.person));
  }
  return made;
}

/** The answers an agent offers with the last message, as buttons. */
function repliesOf(last, chat) {
  if (!last?.buttons?.length || last.direction !== "out" || chat.outbox.all().length) return [];
  const made = () => last.buttons.map(({ id, title }) => button(title, () => chat.send(title, [], { id, title }), { class: "choice" }));
  return [{ key: `replies ${last.id}`, sign: "", make: () => el("div", { class: "options" }, ...made()) }];
}

/** Articles of a step, and the search as one types. */
function library(step, chat) {
  const list = el("div", { class: "articles" });
  const count = el("p", { class: "unseen", role: "status" });
  const show = async (query, told) => {
    const mine = (list.asked = {});
    const articles = await search(query, chat);
    if (list.asked !== mine || !articles) return;
    list.replaceChildren(...articles.map((article) => articleButton(article, chat)));
    if (told) count.textContent = articles.length ? words.found.replace("{count}", articles.length) : words.none_found;
    if (told && !articles.length) list.append(el("p", { class: "hint" }, words.none_found));
    chat.panel.settle();
  };
  const { words } = chat;
  const fixed = () => (step.articles?.length ? show({ ids: step.articles.join(",") }) : list.replaceChildren());
  let timer;
  const typed = ({ target }) => {
    clearTimeout(timer);
    const q = target.value.trim();
    timer = setTimeout(() => (q.length > 1 ? show({ q }, true) : fixed()), 250);
  };
  fixed();
  const box = step.search
    ? el("label", { class: "search" }, icon(...ICONS.search), el("span", { class: "unseen" }, words.search),
        el("input", { type: "search", placeholder: words.search, autocomplete: "off", oninput: typed, onkeydown: stay }))
    : null;
  return el("div", { class: "library" }, box, count, list);
}

// Enter in the search is no reason to do anything, and Escape empties it before it closes the panel.
function stay(event) {
  if (event.key === "Enter") event.preventDefault();
  if (event.key === "Escape" && event.target.value) event.stopPropagation();
}

async function search(query, chat) {
  const url = new URL(chat.config.faq.search, chat.gateway.base);
  for (const [name, value] of Object.entries({ ...query, lang: chat.language })) url.searchParams.set(name, value);
  try {
    return (await chat.gateway.ask(url, { bare: true })).articles;
  } catch {
    return null;
  }
}

function articleButton(article, chat) {
  const open = (event) => chat.panel.article(article, event.currentTarget);
  const text = el("span", null, el("b", null, article.title), article.summary ? el("small", null, article.summary) : null);
  return button("", open, { class: "article-link" }, icon(...ICONS.article), text);
}

/** The page of one article inside the panel. */
class Article {
  constructor(chat) {
    this.chat = chat;
    this.node = el("div", { class: "article", hidden: true });
  }

  address(id, end = "") {
    const url = new URL(this.chat.config.faq.search, this.chat.gateway.base);
    url.pathname = url.pathname.replace(/[^/]*$/, `articles/${encodeURIComponent(id)}${end}`);
    url.search = "";
    return url;
  }

  async open({ id, title }) {
    const { chat } = this;
    const heading = el("h2", { tabindex: -1 }, title);
    const text = el("div", { class: "prose" }, el("p", { class: "hint" }, chat.words.loading));
    const back = button("", () => chat.panel.leaveArticle(), { class: "plain back" }, icon(...ICONS.back), chat.words.back);
    this.node.replaceChildren(back, heading, text);
    heading.focus();
    const url = this.address(id);
    url.searchParams.set("lang", chat.language);
    url.searchParams.set("view", uuid());
    try {
      const { html } = await chat.gateway.ask(url, { bare: true });
      text.replaceChildren(...copied(html, chat.gateway.base));
      chat.flow.read(id);
      this.node.append(this.question(id));
    } catch {
      text.replaceChildren(el("p", { class: "hint" }, chat.words.not_loaded));
    }
  }

  question(id) {
    const { words, flow, gateway } = this.chat;
    const answer = (helped) => () => {
      flow.helped(id, helped);
      gateway.ask(this.address(id, "/helped"), { bare: true, body: { helped } }).catch(() => {});
      const person = button("", () => this.chat.toPerson(), { class: "choice person" }, icon(...ICONS.person), words.person);
      box.replaceChildren(el("p", { tabindex: -1 }, helped ? words.glad : words.sorry), ...(helped ? [] : [person]));
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
