// The list of messages: what is shown in which order, and each as elements.

/** Entries of the list, each `{key, sign, make, update}`: made anew only where its sign changes, so that nothing is read out twice. */
function timeline(chat) {
  const items = chat.conversation.list();
  const { state } = chat.flow;
  const cut = state ? items.findIndex((item) => item.id === state.after) + 1 : items.length;
  const waiting = chat.outbox.all().filter((entry) => !chat.conversation.has(entry.id));
  const accepted = [...chat.sent.values()].filter((entry) => !chat.conversation.has(entry.id));
  const said = [
    ...items.slice(0, cut).map(itemView),
    ...(state ? state.log.map(flowView) : []),
    ...items.slice(cut).map(itemView),
    ...accepted.map((entry) => entryView(entry, "sent", chat)),
    ...waiting.map((entry) => entryView(entry, entry.failed ? "failed" : "sending", chat)),
  ];
  return withDays(said, chat).map((view, at, all) => view.day || bubble(view, all[at - 1], all[at + 1], chat));
}

function itemView(item) {
  const mine = item.direction === "in";
  const from = mine ? "me" : item.automatic ? "bot" : "agent";
  return { ...item, key: item.client_id || item.id, from, tick: mine ? item.state || "sent" : null };
}

function flowView({ id, from, text, at }) {
  return { key: id, from, text, at, files: [], tick: null };
}

function entryView({ id, message, files, failed }, tick, chat) {
  const share = chat.sender.progress.get(id);
  return { key: id, from: "me", text: message.text, at: message.at, files, tick, failed, share, id };
}

/** A line with the date before the first message of a day, but not where all is of today. */
function withDays(views, { format }) {
  const today = format.day(new Date());
  let last = today;
  return views.flatMap((view) => {
    const day = format.day(new Date(view.at));
    if (day === last) return [view];
    last = day;
    const make = () => el("p", { class: "day" }, day === today ? format.today : day);
    return [{ day: { key: `day ${day}`, sign: day, make } }, view];
  });
}

/** A message. The time is shown only where the next message has another one, or comes from somebody else who has ticks. */
function bubble(view, before, after, chat) {
  const follows = Boolean(before) && before.from === view.from && before.name === view.name;
  const time = (one) => chat.format.time(new Date(one.at));
  view.time = after?.at && time(after) === time(view) && !(view.tick && after.from !== "me") ? null : time(view);
  const { text, files, failed } = view;
  const sign = JSON.stringify([text, files.map((file) => file.url || file.name), failed, follows, view.from, view.name]);
  return { key: view.key, sign, make: () => row(view, follows, chat), update: (node) => tick(node, view, chat) };
}

function row(view, follows, chat) {
  const { words } = chat;
  const name = view.from === "me" ? words.you : view.from === "bot" ? chat.config.title : view.name || words.team;
  return el(
    "div",
    { class: `row ${view.from}${follows ? " follows" : ""}` },
    el("p", { class: view.from === "agent" && !follows ? "who" : "unseen" }, name),
    view.text ? el("div", { class: "bubble", dir: "auto" }, ...linked(view.text)) : null,
    ...view.files.map((file) => fileView(file, chat)),
    el(
      "p",
      { class: "meta", "aria-live": "off" },
      el("time", { datetime: view.at }),
      el("span", { class: "tick" }),
    ),
    view.failed ? problem(view, chat) : null,
  );
}

function fileView(file, chat) {
  const href = file.url ? webAddress(file.url, chat.gateway.base) : null;
  const own = href && new URL(href).origin === new URL(chat.gateway.base).origin;
  const shown = own && /^image\/(jpeg|png|gif|webp)$/.test(file.content_type || "");
  const name = file.name || chat.words.file;
  const inside = shown
    ? [el("img", { src: href, alt: name, onload: () => chat.panel.settle() })]
    : described({ ...file, name }, chat);
  const parts = { class: shown ? "file picture" : "file" };
  return href ? el("a", { ...parts, href, target: "_blank", rel: "noopener noreferrer" }, ...inside) : el("div", parts, ...inside);
}

function described({ name, size }, chat) {
  return [icon(...ICONS.file), el("span", { class: "name", dir: "auto" }, name), el("span", { class: "size" }, chat.format.size(size))];
}

function problem({ id, failed }, chat) {
  const { words } = chat;
  const lost = failed === "files_lost";
  return el(
    "div",
    { class: "problem" },
    el("p", null, lost ? words.files_lost : words.failed),
    !lost && button(words.again, () => chat.again(id), { class: "plain" }),
    button(words.discard, () => chat.discard(id), { class: "plain" }),
  );
}

/** The time of a message, the tick of an own one, and the progress of its files. */
function tick(node, { tick: state, share, id, files, time }, chat) {
  const shown = node.querySelector("time");
  if (shown.textContent !== (time || "")) shown.textContent = time || "";
  const place = node.querySelector(".tick");
  const uploading = state === "sending" && files.length > 0;
  if (place.dataset.state !== String(state)) {
    place.dataset.state = String(state);
    const marks = { sending: ICONS.clock, sent: ICONS.one, delivered: ICONS.two, read: ICONS.two }[state];
    place.replaceChildren(...(marks ? [icon(...marks), el("span", { class: "unseen" }, chat.words[state])] : []));
    node.querySelector(".upload")?.remove();
    if (uploading) node.append(upload(id, chat));
  }
  const bar = node.querySelector("progress");
  if (bar && share !== undefined) {
    bar.value = share;
    bar.nextSibling.textContent = `${Math.floor(share * 100)} %`;
  }
}

function upload(id, chat) {
  return el(
    "div",
    { class: "upload" },
    el("progress", { max: 1, value: 0, "aria-label": chat.words.upload }),
    el("span", null, "0 %"),
    button(chat.words.cancel, () => chat.discard(id), { class: "plain" }),
  );
}

/** Brings the children of `parent` in line with the entries; `nodes` remembers key → node and sign. */
function arrange(parent, entries, nodes) {
  const keys = new Set(entries.map(({ key }) => key));
  for (const [key, { node }] of nodes) {
    if (keys.has(key)) continue;
    node.remove();
    nodes.delete(key);
  }
  let at = parent.firstChild;
  for (const { key, sign, make, update } of entries) {
    const known = nodes.get(key);
    const same = known && known.sign === sign;
    const node = same ? known.node : make();
    if (known && !same) {
      if (at === known.node) at = node;
      known.node.replaceWith(node);
    }
    nodes.set(key, { node, sign });
    update?.(node);
    if (node === at) at = at.nextSibling;
    else parent.insertBefore(node, at);
  }
}
