// Where one writes: the text with its draft, files, and the button that sends.

class Composer {
  constructor(chat) {
    this.chat = chat;
    this.files = [];
    const { words, config } = chat;
    this.box = el("textarea", {
      rows: 1,
      id: "text",
      enterkeyhint: "send",
      autocomplete: "off",
      oninput: () => {
        this.typed();
        chat.typing();
      },
      onkeydown: (event) => this.key(event),
      onpaste: (event) => this.drop(event, event.clipboardData),
    });
    this.box.value = chat.store.read("draft") || "";
    this.label = el("label", { for: "text", class: "unseen" }, words.write);
    this.trouble = el("p", { class: "trouble", role: "alert", id: "trouble" });
    this.chosen = el("div", { class: "chosen" });
    this.picker = el("input", { type: "file", multiple: true, hidden: true, onchange: () => this.pick() });
    if (config.upload?.content_types) this.picker.accept = config.upload.content_types.join(",");
    const attach = button("", () => this.picker.click(), { class: "round", "aria-label": words.attach, title: words.attach }, icon(...ICONS.clip));
    const send = el("button", { type: "submit", class: "round send", "aria-label": words.send, title: words.send }, icon(...ICONS.send));
    const line = el("div", { class: "line" }, config.upload ? attach : null, this.label, this.box, send);
    this.node = el("form", { class: "composer", novalidate: true }, this.trouble, this.chosen, this.picker, line);
    this.node.addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
  }

  key(event) {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    this.submit();
  }

  typed() {
    this.chat.store.write("draft", this.box.value || undefined);
    this.complain(null);
    this.grow();
  }

  grow() {
    this.box.style.height = "auto";
    this.box.style.height = `${Math.min(this.box.scrollHeight + 2, 140)}px`;
  }

  /** Fits the box to what the flow asks for. */
  fit(asked) {
    const { words } = this.chat;
    const label = asked ? words.answer : words.write;
    const kinds = { email: ["email", "email"], phone: ["tel", "tel"], number: ["decimal", "off"] };
    const [mode, complete] = (asked && kinds[asked.type]) || ["text", "off"];
    this.label.textContent = label;
    this.box.placeholder = label;
    this.box.inputMode = mode;
    this.box.autocomplete = complete;
  }

  complain(text) {
    this.trouble.textContent = text || "";
    this.box.toggleAttribute("aria-invalid", Boolean(text));
    if (text) this.box.setAttribute("aria-describedby", "trouble");
    else this.box.removeAttribute("aria-describedby");
  }

  submit() {
    const text = this.box.value.trim();
    const { flow, config, words } = this.chat;
    if (!text && !this.files.length) return;
    if (text.length > config.longest_text) {
      this.complain(words.too_long.replace("{count}", config.longest_text));
      return;
    }
    if (flow.asked && !this.files.length) {
      const wrong = flow.answer(text);
      this.complain(wrong && words[wrong]);
      if (wrong) return;
      this.empty();
      this.chat.flowed();
      return;
    }
    const files = this.files;
    this.empty();
    this.chat.send(text, files);
  }

  empty() {
    this.box.value = "";
    this.files = [];
    this.typed();
    this.show();
    this.box.focus();
  }

  drop(event, data) {
    const files = [...(data?.files || [])];
    if (!files.length || !this.chat.config.upload) return;
    event.preventDefault();
    this.take(files);
  }

  pick() {
    this.take([...this.picker.files]);
    this.picker.value = "";
    this.box.focus();
  }

  take(files) {
    const { words, config } = this.chat;
    const { max_files: most, max_bytes: each, max_total: all } = config.upload;
    const together = [...this.files, ...files];
    const size = (bytes) => this.chat.format.size(bytes);
    const total = together.reduce((sum, file) => sum + file.size, 0);
    if (together.length > most) this.complain(words.too_many.replace("{count}", most));
    else if (files.some((file) => file.size > each)) this.complain(words.too_large.replace("{size}", size(each)));
    else if (total > all) this.complain(words.too_large_together.replace("{size}", size(all)));
    else {
      this.files = together;
      this.complain(null);
    }
    this.show();
  }

  show() {
    const chip = (file) => {
      const away = () => {
        this.files = this.files.filter((one) => one !== file);
        this.show();
        this.box.focus();
      };
      const label = this.chat.words.remove.replace("{name}", file.name);
      return el(
        "div",
        { class: "file" },
        ...described(file, this.chat),
        button("", away, { class: "plain", "aria-label": label, title: label }, icon(...ICONS.close)),
      );
    };
    this.chosen.replaceChildren(...this.files.map(chip));
  }
}
