// Comfort only: while a message is written, articles that may answer it are offered below it. Of what is written only
// words leave the page: nothing with a digit or an @ in it, and never more than a few.
"use strict";

{
  const WAIT = 500;
  const MOST = 10;
  const LETTERS = 4;

  const telling = (text) => {
    const words = text.split(/[^\p{L}\p{M}\d@.]+/u).filter((word) => /^[\p{L}\p{M}]+\.?$/u.test(word));
    return words.map((word) => word.replace(".", "")).filter((word) => word.length >= LETTERS).slice(-MOST).join(" ");
  };

  const line = (article, base, language, apart) => {
    const link = document.createElement("a");
    link.href = `${base}/articles/${encodeURIComponent(article.id)}?lang=${language}`;
    link.target = "_blank";
    link.rel = "noopener";
    link.textContent = article.title;
    const unseen = document.createElement("span");
    unseen.className = "unseen";
    unseen.textContent = ` (${apart})`;
    link.append(unseen);
    const summary = document.createElement("p");
    summary.className = "hint";
    summary.textContent = article.summary;
    const item = document.createElement("li");
    item.append(link, summary);
    return item;
  };

  const start = () => {
    const box = document.getElementById("maybe");
    const form = document.querySelector("form[data-busy]");
    if (!box || !form) return;
    const base = box.dataset.faq;
    const language = document.documentElement.lang;
    const list = box.querySelector("ul");
    const status = document.getElementById("maybe-said");
    const read = form.querySelector("[data-read]");
    let timer = 0;
    let asked = "";
    let closed = false;

    const ask = async () => {
      const text = Array.from(form.querySelectorAll("[data-asks]"), (one) => one.value).join(" ");
      const query = telling(text);
      if (closed || query === asked) return;
      asked = query;
      let articles = [];
      if (query) {
        try {
          const answer = await fetch(`${base}/search?lang=${language}&limit=3&q=${encodeURIComponent(query)}`);
          if (answer.ok) ({ articles } = await answer.json());
        } catch {
          return; // offered only: without an answer nothing is missing
        }
      }
      if (query !== asked || closed) return;
      list.replaceChildren(...articles.map((one) => line(one, base, language, box.dataset.apart)));
      for (const [number, link] of list.querySelectorAll("a").entries()) {
        link.addEventListener("click", () => {
          const ids = new Set([...read.value.split(","), articles[number].id].filter(Boolean));
          read.value = Array.from(ids).slice(0, 20).join(",");
        });
      }
      const was = box.hidden;
      box.hidden = articles.length === 0;
      if (was && !box.hidden) status.textContent = box.querySelector("h2").textContent;
      if (box.hidden) status.textContent = "";
    };

    for (const field of form.querySelectorAll("[data-asks]")) {
      field.addEventListener("input", () => {
        clearTimeout(timer);
        timer = setTimeout(ask, WAIT);
      });
    }
    box.querySelector("button").addEventListener("click", () => {
      closed = true;
      box.hidden = true;
      form.querySelector("textarea[data-asks], [data-asks]").focus();
    });
  };

  start();
  document.addEventListener("regia:page", start);
}
