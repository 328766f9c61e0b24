// Draws figures over time with uPlot. Where there is no script, the table below each plot says the same.
"use strict";
(() => {
  const language = document.documentElement.lang || "it";
  const units = [[86400000, "d"], [3600000, "h"], [60000, "min"], [1000, "s"]];

  function lasting(ms) {
    const [size, name] = units.find(([unit]) => ms >= unit) || units[3];
    return `${(ms / size).toLocaleString(language, { maximumFractionDigits: 1 })} ${name}`;
  }
  const shown = (unit) => (value) => (unit === "ms" ? lasting(value) : value.toLocaleString(language));

  // Marks of an axis of durations lie on whole seconds, minutes, hours and days, and not on powers of ten of milliseconds.
  const steps = [1e3, 5e3, 15e3, 3e4, 6e4, 3e5, 9e5, 18e5, 36e5, 72e5, 216e5, 432e5, 864e5, 1728e5, 6048e5];

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
        { ...axis, size: 64, values: (_plot, marks) => marks.map(say), ...(unit === "ms" ? { incrs: steps } : { incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5] }) },
      ],
    }, data, box);
  }

  function moment(seconds, step, zone) {
    const form = step < 86400 ? { hour: "2-digit", minute: "2-digit" } : { day: "numeric", month: "short" };
    return new Date(seconds * 1000).toLocaleString(language, { ...form, timeZone: zone });
  }

  for (const box of document.querySelectorAll("[data-plot]")) {
    let plot = draw(box);
    new ResizeObserver(() => {
      if (plot.width !== box.clientWidth) plot.setSize({ width: box.clientWidth, height: 190 });
    }).observe(box);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { plot.destroy(); plot = draw(box); });
  }
})();
