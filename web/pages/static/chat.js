// The page of a chat: opens the widget as soon as it knows what to say; the button opens it again. Says so where it does not come.
"use strict";

{
  const button = document.querySelector("[data-open]");
  const missing = document.querySelector("[data-missing]");
  const patience = setTimeout(() => { missing.hidden = false; }, 10_000);
  const box = () => document.querySelector("regia-chat");
  const waiting = setInterval(() => {
    if (!box()?.chat?.panel) return;
    clearInterval(waiting);
    clearTimeout(patience);
    missing.hidden = true;
    button.hidden = false;
    box().open();
  }, 100);
  button.addEventListener("click", () => box().open());
}
