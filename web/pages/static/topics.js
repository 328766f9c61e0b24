// Comfort only: without this file the button beside the topic leads to the form that belongs to it. Here the fields come
// and go at once, and what was written stays.
"use strict";

{
  const start = () => {
    const step = document.getElementById("topic");
    const form = document.querySelector("form[data-busy]");
    if (!step || !form) return;
    const select = step.querySelector("select");
    const chosen = form.querySelector("[data-topic]");

    const show = () => {
      const topic = select.value;
      chosen.value = topic;
      form.hidden = select.required && !topic;
      for (const field of form.querySelectorAll("[data-topics]")) {
        const fits = field.dataset.topics.split(" ").includes(topic);
        field.hidden = !fits;
        for (const control of field.querySelectorAll("input, select, textarea")) control.disabled = !fits;
      }
      for (const control of form.querySelectorAll("[data-needed]")) {
        const needed = control.dataset.needed.split(" ").includes(topic);
        control.required = needed;
        const left = control.closest(".field").querySelector(".optional");
        if (left) left.hidden = needed;
      }
    };

    step.querySelector("button").hidden = true;
    step.addEventListener("submit", (event) => event.preventDefault());
    select.addEventListener("change", show);
    // A browser that comes back, or loads again, may have put another topic there.
    window.addEventListener("pageshow", show);
    show();
  };

  start();
  document.addEventListener("regia:page", start);
}
