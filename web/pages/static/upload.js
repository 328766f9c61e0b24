// Comfort only: without this file the browser sends files by itself. Here it is seen how far they are, and they can be
// stopped; what the gateway answers is the same page.
"use strict";

{
  const made = (tag, name, text) => {
    const element = document.createElement(tag);
    element.className = name;
    if (text) element.textContent = text;
    return element;
  };

  const panel = (form) => {
    const box = made("div", "sending");
    const bar = made("progress", "", "");
    bar.max = 100;
    const said = made("p", "hint");
    said.id = "sent-part";
    bar.setAttribute("aria-labelledby", said.id);
    const cancel = made("button", "second", form.dataset.cancel);
    cancel.type = "button";
    box.append(said, bar, cancel);
    return { box, bar, said, cancel };
  };

  const told = (form, text, bad) => {
    const old = form.querySelector(".sent-told");
    if (old) old.remove();
    if (!text) return;
    const line = made("p", `${bad ? "error" : "hint"} sent-told`, text);
    line.setAttribute("role", bad ? "alert" : "status");
    form.append(line);
  };

  // The page that was answered takes the place of this one; files that were chosen stay chosen in a form to correct.
  const show = (html, files) => {
    const page = new DOMParser().parseFromString(html, "text/html");
    const main = page.querySelector("main");
    if (!main) return false;
    const first = main.querySelector("[autofocus]") || main.querySelector("h1");
    first.removeAttribute("autofocus");
    document.title = page.title;
    document.querySelector("main").replaceWith(document.adoptNode(main));
    document.dispatchEvent(new Event("regia:page"));
    const input = document.querySelector("form[data-busy] input[type=file]");
    if (input && files) {
      input.files = files;
      input.dispatchEvent(new Event("change"));
      const again = document.querySelector(".summary .again");
      if (again) again.remove();
    }
    if (!first.matches("input, select, textarea")) first.tabIndex = -1;
    first.focus();
    window.scrollTo(0, 0);
    return true;
  };

  const send = (form, input) => {
    const request = new XMLHttpRequest();
    const { box, bar, said, cancel } = panel(form);
    const percent = (value) => {
      bar.value = value;
      said.textContent = form.dataset.progress.replace("{percent}", value);
    };
    const end = (text, bad) => {
      box.remove();
      told(form, text, bad);
      form.dispatchEvent(new Event("regia:rest"));
    };
    told(form, "", false);
    percent(0);
    form.append(box);
    box.scrollIntoView({ block: "nearest" });
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) percent(Math.floor((100 * event.loaded) / event.total));
    });
    request.addEventListener("load", () => {
      const isPage = (request.getResponseHeader("Content-Type") || "").startsWith("text/html");
      if (!isPage || !show(request.responseText, input.files)) end(form.dataset.failed, true);
    });
    request.addEventListener("error", () => end(form.dataset.failed, true));
    request.addEventListener("abort", () => {
      end(form.dataset.cancelled, false);
      form.querySelector("button[type=submit]").focus();
    });
    cancel.addEventListener("click", () => request.abort());
    request.open("POST", form.action);
    request.setRequestHeader("Accept", "text/html");
    request.send(new FormData(form));
  };

  const start = () => {
    const form = document.querySelector("form[data-busy]");
    const input = form && form.querySelector("input[type=file]");
    if (!input) return;
    form.addEventListener("submit", (event) => {
      if (event.defaultPrevented || !input.files.length) return;
      event.preventDefault();
      send(form, input);
    });
  };

  start();
  document.addEventListener("regia:page", start);
}
