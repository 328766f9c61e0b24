// Draws figures over time with uPlot, and says of a part that does not come that it did not. Where there is no script, the table
// below each plot says the same.
"use strict";
(() => {
  const language = document.documentElement.lang || "it";
  const units = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];

  // A mark of an axis has room for one unit; what is exact stands in the table.
  function lasting(seconds) {
    const [size, name] = units.find(([unit]) => seconds >= unit) || units[3];
    return `${(seconds / size).toLocaleString(language, { maximumFractionDigits: 1 })} ${name}`;
  }
  const shown = (unit) => (value) => (unit === "s" ? lasting(value) : value.toLocaleString(language));

  // Marks of an axis of durations lie on whole seconds, minutes, hours and days, and not on powers of ten of seconds.
  const steps = [1, 5, 15, 30, 60, 300, 900, 1800, 3600, 7200, 21600, 43200, 86400, 172800, 604800, 1209600, 2592000];

  function draw(box) {
    const { unit, zone } = box.dataset;
    const data = [JSON.parse(box.dataset.times), JSON.parse(box.dataset.values)];
    const style = getComputedStyle(box);
    const line = style.borderTopColor, ink = style.color, quiet = style.textDecorationColor;
    const say = shown(unit);
    const axis = { stroke: quiet, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 } };
    box.replaceChildren();
    return new uPlot({
      width: box.clientWidth,
      height: 190,
      legend: { show: false },
      cursor: { y: false, points: { size: 7 } },
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), zone),
      scales: { y: { range: (_plot, _least, most) => [0, (most || 1) * 1.1] } },
      series: [{}, { stroke: ink, fill: `color-mix(in srgb, ${ink} 14%, transparent)`, width: 2, points: { show: data[0].length < 40, size: 5 } }],
      axes: [
        { ...axis, values: (plot, marks, _axis, _space, step) => marks.map((at) => moment(at, step, zone)) },
        { ...axis, size: 64, values: (_plot, marks) => marks.map(say), ...(unit === "s" ? { incrs: steps } : { incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 2e5, 5e5, 1e6] }) },
      ],
    }, data, box);
  }

  function moment(seconds, step, zone) {
    const form = step < 86400 ? { hour: "2-digit", minute: "2-digit" } : { day: "numeric", month: "short" };
    return new Date(seconds * 1000).toLocaleString(language, { ...form, timeZone: zone });
  }

  const plots = new Map();

  function all() {
    for (const box of document.querySelectorAll("[data-plot]")) {
      if (plots.has(box)) continue;
      plots.set(box, draw(box));
      new ResizeObserver(() => {
        const plot = plots.get(box);
        if (plot.width !== box.clientWidth) plot.setSize({ width: box.clientWidth, height: 190 });
      }).observe(box);
    }
  }

  // Colours are those of the theme at the moment of drawing.
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    for (const [box, plot] of plots) {
      plot.destroy();
      plots.set(box, draw(box));
    }
  });

  // What was asked for in vain can be asked for again, by itself: the other parts are there.
  function failed(card) {
    const place = card.querySelector("[data-failed]");
    const { again, failed: words, title } = place.dataset;
    place.dataset.waiting ??= place.textContent;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "second small";
    button.textContent = again;
    button.setAttribute("aria-label", `${again}: ${title}`);
    button.addEventListener("click", () => {
      place.textContent = place.dataset.waiting;
      card.dispatchEvent(new Event("again"));
    });
    place.replaceChildren(words, " ", button);
  }
  const awaited = (event) => event.target.closest && event.target.closest(".awaited");
  document.addEventListener("htmx:error", (event) => {
    const card = awaited(event);
    if (card) failed(card);
  });
  document.addEventListener("htmx:response:error", (event) => {
    const card = awaited(event);
    if (!card) return;
    event.detail.ctx.swap = "none"; // a page about the problem has no place among figures
    failed(card);
  });

  document.addEventListener("htmx:after:swap", all);
  all();
})();
