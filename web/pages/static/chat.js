// The page of a chat: opens the widget as soon as it knows what to say; the button opens it again.
"use strict";

{
  const button = document.querySelector("[data-open]");
  const box = () => document.querySelector("regia-chat");
  const waiting = setInterval(() => {
    if (!box()?.chat?.panel) return;
    clearInterval(waiting);
    button.hidden = false;
    box().open();
  }, 100);
  button.addEventListener("click", () => box().open());
}
