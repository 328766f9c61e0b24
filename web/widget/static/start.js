// The element, and its place on the page.

function sheet(text) {
  const made = new CSSStyleSheet();
  made.replaceSync(text);
  return made;
}

function colours(given) {
  const safe = (name) => (/^#[0-9a-f]{6}$/i.test(given[name]) ? given[name] : "#1f5f8b");
  const set = (start) => `--fill:${safe(start + "fill")};--on-fill:${safe(start + "on_fill")};--accent:${safe(start + "accent")}`;
  return `:host{${set("")}}@media(prefers-color-scheme:dark){:host{${set("dark_")}}}`;
}

function formats(language, words) {
  const format = (options) => new Intl.DateTimeFormat(language, options);
  const units = [["MB", 1048576], ["KB", 1024]];
  const formatOf = { time: format({ hour: "2-digit", minute: "2-digit" }), day: format({ weekday: "long", day: "numeric", month: "long" }) };
  const moment = format({ weekday: "long", hour: "2-digit", minute: "2-digit" });
  return {
    time: (date) => formatOf.time.format(date),
    day: (date) => formatOf.day.format(date),
    moment: (date) => moment.format(date),
    today: words.today,
    size: (bytes) => {
      const [unit, one] = units.find(([, least]) => bytes >= least) || units[1];
      return `${(bytes / one).toLocaleString(language, { maximumFractionDigits: 1 })} ${unit}`;
    },
  };
}

/** Two short notes, where the page asked for sound. */
function chime() {
  try {
    const audio = new AudioContext();
    const volume = audio.createGain();
    const note = audio.createOscillator();
    volume.gain.value = 0.05;
    note.frequency.setValueAtTime(660, 0);
    note.frequency.setValueAtTime(880, 0.12);
    note.connect(volume).connect(audio.destination);
    note.start();
    note.stop(0.25);
    note.onended = () => audio.close();
  } catch {
    // No sound is no fault.
  }
}

/** Fields have one value each. */
function scalars(fields) {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => /^(string|number|boolean)$/.test(typeof value)));
}

/** What the page says, read when it is needed: a shop's page may learn of its user and its cart later. */
function settingsOf(script) {
  const { dataset } = script;
  const current = (value) => (typeof value === "function" ? value() : value);
  const attributes = Object.entries(dataset).filter(([name]) => /^field./.test(name));
  const named = attributes.map(([name, value]) => [name.slice(5).replace(/^./, (first) => first.toLowerCase()), value]);
  return {
    base: new URL(".", script.src).href.replace(/\/$/, ""),
    side: dataset.position === "left" ? "left" : "right",
    sound: dataset.sound === "on",
    language: () => dataset.lang || document.documentElement.lang || navigator.language,
    user: async () => (await current(window.regiaUser)) || dataset.user,
    fields: () => {
      const own = Object.fromEntries(named);
      try {
        return scalars({ ...own, ...current(window.regiaFields) });
      } catch (error) {
        // A fault of the page costs no message.
        console.error("Regia chat: window.regiaFields has failed. The message goes without its fields.", error);
        return own;
      }
    },
  };
}

function start(settings) {
  class RegiaChat extends HTMLElement {
    connectedCallback() {
      if (this.chat) return;
      this.chat = new Chat(this.attachShadow({ mode: "open" }), settings);
      this.chat.begin();
    }

    open() {
      this.chat?.panel?.open();
    }

    close() {
      this.chat?.panel?.close();
    }
  }
  customElements.define("regia-chat", RegiaChat);
  const place = () => document.querySelector("regia-chat") || document.body.append(document.createElement("regia-chat"));
  if (document.body) place();
  else document.addEventListener("DOMContentLoaded", place);
}

if (document.currentScript && !customElements.get("regia-chat")) start(settingsOf(document.currentScript));
