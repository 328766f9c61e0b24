// What is typed into <form data-draft="…"> stays in this tab until it was accepted: a log-out, an error or a reload loses nothing.
// Who logs in as somebody else does not get it. With data-draft-fields only those fields come back.
"use strict";
(() => {
  const key = (name) => `regia-draft-${name}`;
  const read = (name) => {
    try { return JSON.parse(sessionStorage.getItem(key(name))); } catch { return null; }
  };
  const done = document.querySelector("[data-draft-done]");
  if (done) sessionStorage.removeItem(key(done.dataset.draftDone));
  // Accepted by its key: what was typed since under another one stays.
  const accepted = document.querySelector("[data-draft-key]");
  for (const one of accepted ? Object.keys(sessionStorage) : []) {
    const draft = one.startsWith(key("")) && read(one.slice(key("").length));
    if (draft && draft.values.some(([field, value]) => field === "key" && value === accepted.dataset.draftKey)) sessionStorage.removeItem(one);
  }

  const form = document.querySelector("form[data-draft]");
  if (!form) return;
  const name = form.dataset.draft;
  const fields = form.dataset.draftFields && form.dataset.draftFields.split(" ");

  const write = () => {
    const values = [...new FormData(form)].filter(([field, value]) => field !== "csrf" && typeof value === "string");
    if (fields && !values.some(([field, value]) => fields.includes(field) && value)) return sessionStorage.removeItem(key(name));
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
    for (const [field, value] of kept.values) if (!fields || fields.includes(field)) fill(field, value);
    const back = document.querySelector("[data-draft-back]");
    if (back && fields.some((field) => form.elements[field])) back.hidden = false;
  }
  // The browser's back button fills the form in again: not with what was accepted.
  window.addEventListener("pageshow", (event) => {
    const [way] = performance.getEntriesByType("navigation");
    if (!(event.persisted || (way && way.type === "back_forward")) || read(name)) return;
    form.reset();
    if (event.persisted) window.location.reload(); // with a key of its own
  });
  form.addEventListener("input", write);
  form.addEventListener("change", write);
  form.addEventListener("submit", write);
  // A customer of the list takes the place of one that was kept.
  document.addEventListener("change", (event) => {
    if (event.target.name !== "link") return;
    for (const one of form.querySelectorAll('input[type="hidden"][name="link"]')) one.remove();
  });
})();
