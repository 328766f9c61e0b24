// Elements without markup: whatever text is given stays text. Only an article of the FAQ is HTML, and is copied by an allow-list.

const SVG = "http://www.w3.org/2000/svg";
const LINK = /https?:\/\/[^\s<>"'`]+/gi;
const LEFT_OUT = new Set(["SCRIPT", "STYLE", "TEMPLATE", "IFRAME", "OBJECT", "EMBED", "NOSCRIPT", "TEXTAREA", "SELECT", "TITLE", "SVG", "MATH"]);
const COPIED = new Set(
  "P H2 H3 H4 H5 H6 UL OL LI STRONG B EM I S CODE PRE BLOCKQUOTE BR HR TABLE THEAD TBODY TR TH TD DL DT DD".split(" "),
);

function el(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (typeof value === "function") node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value != null) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child != null && child !== false && child !== ""));
  return node;
}

function icon(...paths) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  for (const d of paths) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", d);
    svg.append(path);
  }
  return svg;
}

const ICONS = {
  chat: ["M21 11.5a8.4 8.4 0 0 1-12.2 7.5L3 21l2-5.6A8.4 8.4 0 1 1 21 11.5Z"],
  close: ["M6 6l12 12", "M18 6L6 18"],
  down: ["M6 9l6 6 6-6"],
  back: ["M15 5l-7 7 7 7"],
  send: ["M12 19V5", "M5.5 11.5L12 5l6.5 6.5"],
  clip: ["M20 11.5l-8.2 8.2a5.3 5.3 0 0 1-7.5-7.5l8.6-8.6a3.5 3.5 0 0 1 5 5l-8.5 8.5a1.8 1.8 0 0 1-2.5-2.5l7.6-7.6"],
  file: ["M14 3H6v18h12V7z", "M14 3v4h4"],
  article: ["M6 4h12v16H6z", "M9 9h6", "M9 13h6"],
  person: ["M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8Z", "M4.5 20a7.5 7.5 0 0 1 15 0"],
  search: ["M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14Z", "M20 20l-4-4"],
  away: ["M3 3l18 18", "M5 12.5a10 10 0 0 1 14 0", "M8.5 16a5 5 0 0 1 7 0", "M12 20h.01"],
  clock: ["M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18Z", "M12 7.5V12l3 2"],
  one: ["M5 12.5l4.5 4.5L19 7.5"],
  two: ["M2 12.5L6.5 17 15 8", "M11 16l1 1L21 8"],
};

function button(label, onclick, attributes, ...children) {
  return el("button", { type: "button", onclick, ...attributes }, ...(children.length ? children : [label]));
}

/** The address as http or https, or null. */
function webAddress(text, base) {
  try {
    const url = new URL(text, base);
    return url.protocol === "https:" || url.protocol === "http:" ? url.href : null;
  } catch {
    return null;
  }
}

function outward(href, ...children) {
  return el("a", { href, target: "_blank", rel: "noopener noreferrer" }, ...children);
}

/** A text as nodes, its web addresses as links. */
function linked(text) {
  const nodes = [];
  let done = 0;
  for (const match of text.matchAll(LINK)) {
    const shown = match[0].replace(/[.,;:!?)\]}»”…]+$/, "");
    const href = webAddress(shown);
    if (!href) continue;
    nodes.push(text.slice(done, match.index), outward(href, shown));
    done = match.index + shown.length;
  }
  return [...nodes, text.slice(done)];
}

/** What the FAQ sent, made anew from known elements without their attributes. `base` is the gateway's address. */
function copied(html, base) {
  return copies(new DOMParser().parseFromString(trusted(html), "text/html").body, base);
}

// A page that demands Trusted Types lets this through where its policy names `trusted-types regia-chat`.
let policy;
function trusted(html) {
  if (!window.trustedTypes) return html;
  policy = policy || window.trustedTypes.createPolicy("regia-chat", { createHTML: (text) => text });
  return policy.createHTML(html);
}

function copies(parent, base) {
  return [...parent.childNodes].flatMap((node) => {
    if (node.nodeType === Node.TEXT_NODE) return [node.data];
    const tag = node.nodeName.toUpperCase();
    if (node.nodeType !== Node.ELEMENT_NODE || LEFT_OUT.has(tag)) return [];
    if (tag === "IMG") return picture(node, base);
    const children = copies(node, base);
    const href = tag === "A" && webAddress(node.getAttribute("href"), base);
    if (href) return [outward(href, ...children)];
    return COPIED.has(tag) ? [el(tag, null, ...children)] : children;
  });
}

function picture(node, base) {
  const src = webAddress(node.getAttribute("src"), base);
  const alt = node.getAttribute("alt") || "";
  return src && new URL(src).origin === new URL(base).origin ? [el("img", { src, alt, loading: "lazy" })] : [alt];
}
