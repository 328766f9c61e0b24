// What is typed into <form data-draft="…"> stays in this tab until it was accepted: a log-out, an error or a reload loses nothing.
// Who logs in as somebody else does not get it.
"use strict";
(() => {
  const key = (name) => `regia-draft-${name}`;
  const read = (name) => {
    try { return JSON.parse(sessionStorage.getItem(key(name))); } catch { return null; }
  };
  const done = document.querySelector("[data-draft-done]");
  if (done) sessionStorage.removeItem(key(done.dataset.draftDone));

  const form = document.querySelector("form[data-draft]");
  if (!form) return;
  const name = form.dataset.draft;

  const write = () => {
    const values = [...new FormData(form)].filter(([field, value]) => field !== "csrf" && typeof value === "string");
    try { sessionStorage.setItem(key(name), JSON.stringify({ who: form.dataset.who, values })); } catch { /* no room: the page has it */ }
  };
  const fill = (field, value) => {
    const found = [...form.elements].filter((one) => one.name === field);
    for (const one of found) {
      if (one.type === "radio" || one.type === "checkbox") one.checked = one.value === value;
      else if (one.type !== "submit") one.value = value;
    }
    if (!found.length && field === "link" && value) {
      // The customer who was chosen: their line is asked for again with the search.
      form.append(Object.assign(document.createElement("input"), { type: "hidden", name: "link", value }));
    }
  };

  const kept = read(name);
  if (kept && kept.who !== form.dataset.who) sessionStorage.removeItem(key(name));
  else if (kept && !("keep" in form.dataset) && !new URLSearchParams(location.search).has("call")) {
    for (const [field, value] of kept.values) fill(field, value);
  }
  form.addEventListener("input", write);
  form.addEventListener("change", write);
  form.addEventListener("submit", write);
  // A customer of the list takes the place of one that was kept.
  document.addEventListener("change", (event) => {
    if (event.target.name !== "link") return;
    for (const one of form.querySelectorAll('input[type="hidden"][name="link"]')) one.remove();
  });
})();
