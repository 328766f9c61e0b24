// Small things that the console does with a script, and does without where there is none.
"use strict";
(() => {
  const language = document.documentElement.lang || "it";
  const day = { year: "numeric", month: "2-digit", day: "2-digit" };
  const clock = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  const locale = (navigator.languages || []).find((one) => one.toLowerCase().startsWith(language)) || language;

  // Times come in UTC, exact in their attribute: they are shown in the reader's own zone, the day only where it is not today.
  function localise(root) {
    for (const time of root.querySelectorAll("time[datetime]:not([data-local])")) {
      const at = new Date(time.getAttribute("datetime"));
      if (Number.isNaN(at.getTime())) continue;
      const form = "seconds" in time.dataset ? { ...clock, second: "2-digit" } : clock;
      const today = at.toDateString() === new Date().toDateString();
      const options = today || time.dataset.only === "time" ? form : { ...day, ...form };
      time.title = `${at.toLocaleString(locale, { dateStyle: "full", timeStyle: "long" })} · ${at.toISOString().replace("T", " ").replace("Z", " UTC")}`;
      time.textContent = at.toLocaleString(locale, options);
      time.dataset.local = "";
    }
  }

  // Languages by their names; what is no code of one stays as it was written.
  const languages = new Intl.DisplayNames([language], { type: "language", fallback: "none" });
  function name(root) {
    for (const one of root.querySelectorAll("[data-language]")) {
      one.removeAttribute("data-language");
      try {
        one.textContent = languages.of(one.textContent.trim()) || one.textContent;
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
      }
    }
  }

  // Where the pages stand in a row, the present one is in sight. (`scrollIntoView` would also move where the keyboard begins.)
  const row = document.querySelector(".side nav");
  const present = row && row.querySelector('[aria-current="page"]');
  if (present) row.scrollLeft += present.getBoundingClientRect().right - row.getBoundingClientRect().right + row.clientWidth / 3;

  // A form that asks for nothing but a choice sends itself.
  document.addEventListener("change", (event) => {
    const form = event.target.closest("form[data-auto]");
    if (form) form.requestSubmit();
  });

  // What cannot be undone is asked about: <form data-sure="…">.
  document.addEventListener("submit", (event) => {
    const question = event.target.dataset ? event.target.dataset.sure : undefined;
    if (question && !window.confirm(question)) event.preventDefault();
  }, true);

  // htmx sends the token of the page with every change it makes.
  document.addEventListener("htmx:config:request", (event) => {
    const token = document.querySelector('meta[name="csrf"]');
    if (token) event.detail.ctx.request.headers["X-CSRF"] = token.content;
  });

  // A list that grows is cut at its end.
  function trim() {
    for (const list of document.querySelectorAll("[data-most]")) {
      while (list.children.length > Number(list.dataset.most)) list.lastElementChild.remove();
    }
  }

  // Whether a page that says it is live is so.
  function live(on) {
    const badge = document.getElementById("live");
    if (!badge) return;
    badge.textContent = on ? badge.dataset.on : badge.dataset.off;
    badge.classList.toggle("good", on);
    badge.classList.toggle("warn", !on);
  }
  document.addEventListener("htmx:sse:after:connection", () => live(true));
  document.addEventListener("htmx:sse:close", () => live(false));
  document.addEventListener("htmx:sse:error", (event) => {
    live(false);
    if (event.detail.status === 401) window.location.reload();
  });
  document.addEventListener("over", () => window.location.reload()); // nobody is logged in any more

  // What can be scrolled sideways must be so by the keyboard too.
  function reach() {
    for (const box of document.querySelectorAll(".scroll")) {
      if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
      else box.removeAttribute("tabindex");
    }
  }
  window.addEventListener("resize", reach);

  document.addEventListener("htmx:after:swap", () => { localise(document); name(document); trim(); reach(); });
  localise(document);
  name(document);
  reach();
})();
