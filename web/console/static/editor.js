// Editing rules: line numbers, indenting, and the way from a message about a line to that line. Without it the fields are plain.
"use strict";
(() => {
  const INDENT = "  ";

  function number(area, gutter) {
    const lines = area.value.split("\n").length;
    if (gutter.childElementCount === lines) return;
    gutter.replaceChildren(...Array.from({ length: lines }, (_, index) => {
      const line = document.createElement("span");
      line.textContent = String(index + 1);
      return line;
    }));
  }

  // execCommand keeps the browser's own undo.
  function put(area, text) {
    if (!document.execCommand("insertText", false, text)) {
      area.setRangeText(text, area.selectionStart, area.selectionEnd, "end");
      area.dispatchEvent(new Event("input", { bubbles: true }));
    }
  }

  function indent(area, back) {
    const { selectionStart: start, selectionEnd: end, value } = area;
    const first = value.lastIndexOf("\n", start - 1) + 1;
    if (!back && start === end) return put(area, INDENT.slice(0, 2 - ((start - first) % 2)));
    const before = value.slice(first, end).split("\n");
    const after = before.map((line) => (back ? line.replace(/^ {1,2}/, "") : line && INDENT + line));
    area.setSelectionRange(first, end);
    put(area, after.join("\n"));
    const moved = after[0].length - before[0].length;
    const whole = after.join("\n").length;
    area.setSelectionRange(Math.max(first, start + moved), start === end ? Math.max(first, start + moved) : first + whole);
  }

  function newLine(area) {
    const line = area.value.slice(area.value.lastIndexOf("\n", area.selectionStart - 1) + 1, area.selectionStart);
    const own = line.match(/^ *(- )?/)[0].replace("-", " ");
    put(area, `\n${own}${/:\s*$/.test(line) ? INDENT : ""}`);
  }

  function onKey(event) {
    const area = event.target;
    if (event.key === "Escape") {
      area.dataset.leave = "";
      return;
    }
    if (event.key === "Tab" && !("leave" in area.dataset)) {
      event.preventDefault();
      indent(area, event.shiftKey);
    } else if (event.key === "Enter" && !event.isComposing && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      newLine(area);
    }
    if (event.key !== "Shift") delete area.dataset.leave;
  }

  function make(area) {
    const gutter = document.createElement("div");
    gutter.className = "gutter";
    gutter.setAttribute("aria-hidden", "true");
    area.before(gutter);
    number(area, gutter);
    area.addEventListener("input", () => number(area, gutter));
    area.addEventListener("scroll", () => { gutter.scrollTop = area.scrollTop; });
    area.addEventListener("keydown", onKey);
    area.addEventListener("blur", () => { delete area.dataset.leave; });
  }

  function go(area, line, column) {
    const lines = area.value.split("\n");
    const wanted = Math.min(line, lines.length);
    const start = lines.slice(0, wanted - 1).reduce((sum, one) => sum + one.length + 1, 0);
    const at = start + Math.min(column - 1, lines[wanted - 1].length);
    const details = area.closest("details");
    if (details) details.open = true;
    area.focus();
    area.setSelectionRange(at, at);
    const height = parseFloat(getComputedStyle(area).lineHeight);
    area.scrollTop = Math.max(0, (wanted - 1) * height - area.clientHeight / 3);
    area.scrollIntoView({ block: "nearest" });
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-goto]");
    const area = link && document.getElementById(link.hash.slice(1));
    if (!area) return;
    event.preventDefault();
    const [line, column] = link.dataset.goto.split(":").map(Number);
    go(area, line, column);
  });

  // A button of a form asks before what cannot be undone.
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-sure]");
    if (button && !window.confirm(button.dataset.sure)) event.preventDefault();
  }, true);

  document.querySelectorAll("textarea[data-editor]").forEach(make);
  const wanted = /^#line-(\d+)-(\d+)$/.exec(window.location.hash);
  const first = wanted && document.getElementById(`source-${wanted[1]}`);
  if (first) go(first, Number(wanted[2]), 1);

  // What was tried is kept in this window, so that a reload loses nothing: the rules are kept by the gateway.
  const form = document.getElementById("playground");
  const names = ["channel", "subject", "text", "facts"];
  const key = "regia-playground-message";
  if (form) {
    try {
      const kept = JSON.parse(window.sessionStorage.getItem(key) || "{}");
      if (names.every((name) => !form.elements[name].value)) {
        for (const name of names) form.elements[name].value = kept[name] || "";
      }
      form.addEventListener("input", () => {
        const now = Object.fromEntries(names.map((name) => [name, form.elements[name].value]));
        window.sessionStorage.setItem(key, JSON.stringify(now));
      });
    } catch { /* a browser that keeps nothing */ }
    window.addEventListener("load", () => {
      if (names.some((name) => form.elements[name].value)) form.dispatchEvent(new Event("input", { bubbles: true }));
    });
  }
})();
