// Comfort only: the form works without this file. A second click does not send twice, chosen files are listed, and
// files over the limits are said before anything is uploaded.
"use strict";

{
  const readable = (size) => {
    const megabytes = size / 1048576;
    return megabytes >= 1 ? `${megabytes.toFixed(1)} MB` : `${Math.max(1, Math.round(size / 1024))} KB`;
  };

  const complaint = (input, files) => {
    const total = files.reduce((sum, file) => sum + file.size, 0);
    if (files.length > Number(input.dataset.maxFiles)) return input.dataset.tooMany;
    if (files.some((file) => file.size > Number(input.dataset.maxBytes))) return input.dataset.tooLarge;
    return total > Number(input.dataset.maxTotal) ? input.dataset.tooLargeTogether : "";
  };

  const item = (text, bad) => {
    const element = document.createElement("li");
    element.textContent = text;
    element.className = bad ? "bad" : "";
    return element;
  };

  const showFiles = (input) => {
    const files = Array.from(input.files);
    const wrong = complaint(input, files);
    input.setCustomValidity(wrong);
    const lines = files.map((file) => item(`${file.name} (${readable(file.size)})`, false));
    document.getElementById("chosen").replaceChildren(...(wrong ? [item(wrong, true)] : []), ...lines);
  };

  const start = () => {
    const form = document.querySelector("form[data-busy]");
    if (!form) return;
    const button = form.querySelector("button[type=submit]");
    const label = button.textContent;
    let sent = false;

    const rest = () => {
      sent = false;
      button.removeAttribute("aria-disabled");
      button.textContent = label;
    };

    form.addEventListener("submit", (event) => {
      if (sent) {
        event.preventDefault();
        return;
      }
      sent = true;
      button.setAttribute("aria-disabled", "true");
      button.textContent = form.dataset.busy;
    });
    form.addEventListener("regia:rest", rest);
    // Coming back with the browser's button finds the page as it was left: busy.
    window.addEventListener("pageshow", rest);

    const input = form.querySelector("input[type=file]");
    if (input) input.addEventListener("change", () => showFiles(input));
  };

  start();
  document.addEventListener("regia:page", start);
}
