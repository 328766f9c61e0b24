// Comfort only: the page works without this file. Search as one types, and word of what was read: what a program that
// looks at pages loads is no reading, so the page itself counts nothing.
"use strict";

{
  const WAIT = 120;
  const SEEN = 1500;
  const AGAIN = 30 * 60 * 1000;

  const post = (url, data) =>
    fetch(url, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(data), keepalive: true });

  // One id for a visitor's reading of one article: to load it again within half an hour is the same reading.
  const reading = (key, fresh) => {
    try {
      const [id, at] = (window.sessionStorage.getItem(key) || "").split(" ");
      if (id && Date.now() - Number(at) < AGAIN) return id;
      window.sessionStorage.setItem(key, `${fresh} ${Date.now()}`);
    } catch {
      // storage is forbidden: every reading is one of its own
    }
    return fresh;
  };

  const search = (form) => {
    const input = form.querySelector("input[type=search]");
    const found = document.getElementById("found");
    const status = document.getElementById("said");
    const all = document.getElementById("all");
    let timer = 0;
    let last = input.value.trim();

    const line = (article) => {
      const link = document.createElement("a");
      link.href = `${form.dataset.articles}${encodeURIComponent(article.id)}?lang=${document.documentElement.lang}`;
      link.textContent = article.title;
      const summary = document.createElement("p");
      summary.className = "hint";
      summary.textContent = article.summary;
      const item = document.createElement("li");
      item.append(link, summary);
      return item;
    };

    const show = (articles, query) => {
      found.replaceChildren(...articles.map(line));
      found.hidden = articles.length === 0;
      all.hidden = Boolean(query) && articles.length > 0;
      for (const old of form.parentElement.querySelectorAll(".every, .search > .hint")) old.remove();
      const words = { 0: form.dataset.none, 1: form.dataset.one }[articles.length] || form.dataset.many;
      status.textContent = query ? words.replace("{count}", articles.length) : "";
    };

    const ask = async () => {
      const query = input.value.trim();
      if (query === last) return;
      last = query;
      const address = new URL(form.action);
      address.search = new URLSearchParams({ ...(query && { q: query }), lang: document.documentElement.lang });
      window.history.replaceState(null, "", address);
      if (!query) return show([], "");
      try {
        const answer = await fetch(`${form.dataset.search}?${address.searchParams}`);
        if (!answer.ok) return;
        const { articles } = await answer.json();
        if (query === last) show(articles, query);
      } catch {
        // the network is gone: the button still asks
      }
    };

    input.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(ask, WAIT);
    });
    const links = () => Array.from(found.querySelectorAll("a"));
    form.parentElement.addEventListener("keydown", (event) => {
      const places = [input, ...links()];
      const here = places.indexOf(document.activeElement);
      const to = here + { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (here < 0 || Number.isNaN(to) || !places[to]) return;
      event.preventDefault();
      places[to].focus();
    });
  };

  const article = (form) => {
    const view = form.querySelector("[name=view]");
    view.value = reading(`faq ${form.dataset.key}`, view.value);
    const seen = () => {
      if (document.visibilityState === "visible") post(form.dataset.viewed, { view: view.value }).catch(() => {});
    };
    setTimeout(seen, SEEN);
    const plainly = (helped) => {
      const input = document.createElement("input");
      input.type = "hidden";
      input.name = "helped";
      input.value = helped;
      form.append(input);
      form.submit();
    };
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const helped = event.submitter.value === "true";
      const said = document.createElement("p");
      said.setAttribute("role", "status");
      form.parentElement.append(said);
      try {
        const answer = await post(form.action, { view: view.value, helped });
        if (!answer.ok) return plainly(helped);
      } catch {
        return plainly(helped);
      }
      said.textContent = helped ? form.dataset.yes : form.dataset.no;
      const write = form.parentElement.querySelector(".write");
      if (write) write.hidden = helped;
      form.remove();
      said.tabIndex = -1;
      said.focus();
    });
  };

  const searching = document.querySelector("form[data-search]");
  if (searching) search(searching);
  const judging = document.querySelector("form[data-viewed]");
  if (judging) article(judging);
}
